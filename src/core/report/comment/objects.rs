//! A fold for each unit, a line for each object, a fence for each diff.

use super::dress::{Cuts, more_of};
use super::fit::{Context, Detail};
use super::table::CALLED_OUT;
use crate::effect::Operation;
use crate::report::danger::{danger_label, dangers};
use crate::report::escape::{code_span, fence, inert, inert_html, prose};
use crate::report::model::*;
use crate::report::summary::{Counts, GAP, count, cut, diff_lines, field_words, number, object_name};

/// Every object, drawn once for all lengths.
pub(super) struct Folds<'a> {
    folds: Vec<Fold<'a>>,
}

struct Fold<'a> {
    environment: &'a str,
    unit: &'a UnitReport,
    objects: Vec<Object>,
}

struct Object {
    line: String,
    dangerous: bool,
    full: Option<String>,
    one: Option<String>,
    nothing: Option<String>,
}

impl<'a> Folds<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        let called: Vec<&EffectReport> =
            dangers(report).into_iter().take(CALLED_OUT).map(|d| d.effect).collect();
        let folds = report.environments.iter().flat_map(|environment| {
            let called = &called;
            environment.units.iter().filter(|unit| !unit.effects.is_empty()).map(move |unit| Fold {
                environment: &environment.name,
                unit,
                objects: unit
                    .effects
                    .iter()
                    .map(|effect| {
                        let told = called.iter().any(|other| {
                            other.object == effect.object
                                && other.operation == effect.operation
                                && other.risks == effect.risks
                        });
                        object(environment, effect, told)
                    })
                    .collect(),
            })
        });
        Self { folds: folds.collect() }
    }

    /// How many objects there are.
    pub(super) fn objects(&self) -> usize {
        self.folds.iter().map(|fold| fold.objects.len()).sum()
    }

    pub(super) fn render(&self, detail: &Detail, cuts: &mut Cuts) -> Vec<String> {
        let mut diffs = detail.diffs;
        let mut shortened = false;
        let mut parts = Vec::new();
        for fold in &self.folds {
            if detail.objects == 0 {
                cuts.leave_out(fold.objects.len(), "object");
                continue;
            }
            parts.push(fold.render(detail, &mut diffs, &mut shortened, cuts));
        }
        if shortened {
            cuts.say("the unchanged lines around changes");
        }
        parts
    }
}

impl Fold<'_> {
    fn render(&self, detail: &Detail, diffs: &mut usize, shortened: &mut bool, cuts: &mut Cuts) -> String {
        let counts = Counts::of(&self.unit.effects);
        let title = match (counts.total(), counts.without_effect) {
            (total, 0) => count(total, "object"),
            (0, without) => format!("{} without effect", count(without, "manifest")),
            (total, without) => {
                format!("{}, {} more without effect", count(total, "object"), number(without))
            }
        };
        let mut text = format!(
            "<details><summary><b>{} / {}</b> · {title}</summary>\n",
            inert_html(self.environment),
            inert_html(&self.unit.name)
        );
        for object in self.chosen(detail.objects) {
            text.push('\n');
            text.push_str(&object.line);
            text.push('\n');
            let (Some(full), Some(body)) = (&object.full, object.body(detail.context)) else { continue };
            if *diffs == 0 {
                cuts.leave_out(1, "diff");
                continue;
            }
            *diffs -= 1;
            *shortened |= body.len() < full.len();
            text.push_str(body);
            text.push('\n');
        }
        let more = self.objects.len().saturating_sub(detail.objects);
        if more > 0 {
            text.push_str(&format!("\n… and {}\n", more_of(more, "object")));
            cuts.leave_out(more, "object");
        }
        text.push_str("\n</details>");
        text
    }
}

impl Fold<'_> {
    /// So many objects, in their order; where not all are, the dangerous ones are kept first.
    fn chosen(&self, limit: usize) -> impl Iterator<Item = &Object> {
        let dangerous = self.objects.iter().filter(|object| object.dangerous).count();
        let mut dangers = dangerous.min(limit);
        let mut others = limit - dangers;
        self.objects.iter().filter(move |object| {
            let room = if object.dangerous { &mut dangers } else { &mut others };
            let kept = *room > 0;
            *room = room.saturating_sub(1);
            kept
        })
    }
}

impl Object {
    fn body(&self, context: Context) -> Option<&String> {
        match context {
            Context::Full => self.full.as_ref(),
            Context::One => self.one.as_ref(),
            Context::Nothing => self.nothing.as_ref(),
        }
    }
}

fn object(environment: &EnvironmentReport, effect: &EffectReport, called_out: bool) -> Object {
    let diff = shown_diff(effect);
    let language = if effect.diff.trim().is_empty() { "text" } else { "diff" };
    let fenced = |text: String| (!text.is_empty()).then(|| fence(language, &text));
    Object {
        line: line(environment, effect, called_out),
        dangerous: danger_label(effect).is_some(),
        full: fenced(diff.clone()),
        one: fenced(narrowed(&diff, 1)),
        nothing: fenced(narrowed(&diff, 0)),
    }
}

/// The sign of what happens, as it stands before an object.
pub(in crate::report) fn sign(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "+",
        Operation::Update => "~",
        Operation::Replace => "±",
        Operation::Delete => "–",
        Operation::Orphan => "○",
        Operation::Fail => "✗",
        Operation::None => "=",
    }
}

/// `~ Deployment `shop/web` · `apps/shop/deployment.yaml:14` · remarks`
fn line(environment: &EnvironmentReport, effect: &EffectReport, called_out: bool) -> String {
    // `+` and `=` would begin a list or a heading.
    let escape = if matches!(effect.operation, Operation::Create | Operation::None) { "\\" } else { "" };
    let mut parts = vec![format!(
        "{escape}{} {} {}",
        sign(effect.operation),
        inert(&effect.object.kind),
        code_span(&object_name(&effect.object))
    )];
    parts.extend(effect.source_words().map(|place| code_span(&place)));
    if let Some((_, label)) = danger_label(effect).filter(|_| !called_out) {
        parts.push(format!("⚠ {label}"));
    }
    if let Some(from) = &effect.moved_from {
        parts.push(format!("moves here from {}", inert(from)));
    }
    let told =
        called_out && matches!(effect.operation, Operation::Fail | Operation::Replace | Operation::Delete);
    parts.extend(remark(effect, told));
    if effect.tier < environment.tier {
        parts.push(match effect.tier {
            crate::effect::Tier::Render => "as rendered, not asked of the cluster".to_owned(),
            crate::effect::Tier::Live | crate::effect::Tier::DryRun => {
                "not predicted by the cluster".to_owned()
            }
        });
    }
    if effect.settled == Some(false) {
        parts.push(
            "unsettled: another applier holds some of its fields, so removals stand as rendered".to_owned(),
        );
    }
    parts.join(" · ")
}

/// What the sign does not say.
fn remark(effect: &EffectReport, told: bool) -> Option<String> {
    let reason = effect.reason.as_ref().filter(|_| !told).map(|reason| prose(&cut(reason, 300)));
    let words = match effect.operation {
        Operation::Orphan => Some("stays in the cluster, owned by nobody"),
        Operation::Fail => Some("the cluster will refuse it"),
        Operation::Replace => Some("deleted and made anew"),
        Operation::None => Some("no effect"),
        Operation::Create | Operation::Update | Operation::Delete => None,
    };
    match (words, reason) {
        (Some(words), Some(reason)) => Some(format!("{words}: {reason}")),
        (Some(words), None) => Some(words.to_owned()),
        (None, reason) => reason,
    }
}

/// The diff; the fields where there is none.
fn shown_diff(effect: &EffectReport) -> String {
    let lines = if effect.diff.trim().is_empty() {
        effect.changes.iter().map(|change| field_words(change).replace('`', "")).collect()
    } else {
        diff_lines(&effect.diff)
    };
    lines.iter().fold(String::new(), |text, line| text + line + "\n")
}

/// The diff with at most so many unchanged lines on each side of a change.
fn narrowed(diff: &str, context: usize) -> String {
    let lines: Vec<&str> = diff.lines().collect();
    // A gap that says something is a notice, and stays.
    let changed = |line: &&str| line.starts_with(['+', '-']) || line.starts_with(GAP) && *line != GAP;
    if !lines.iter().any(changed) {
        return diff.to_owned();
    }
    let mut keep = vec![false; lines.len()];
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| changed(line)) {
        let from = at.saturating_sub(context);
        for kept in keep.iter_mut().skip(from).take(at - from + context + 1) {
            *kept = true;
        }
    }
    let mut text = String::new();
    let mut gap = false;
    for (line, kept) in lines.iter().zip(keep) {
        if kept && *line != GAP {
            text.push_str(line);
            text.push('\n');
            gap = false;
        } else if !gap && !text.is_empty() {
            text.push_str(GAP);
            text.push('\n');
            gap = true;
        }
    }
    text.strip_suffix(&format!("{GAP}\n")).map(str::to_owned).unwrap_or(text)
}
