//! What every form of the report says in the same words: counts, names, values, what stands in the way. Sentences
//! quote names in backticks; each form makes of them what it can.

use serde_json::Value;

use super::escape::{code_span, prose};
use super::model::*;
use crate::config::Severity;
use crate::effect::{FieldChange, Operation, Tier};
use crate::evaluation::SideState;
use crate::object::ObjectRef;
use crate::policy::{Finding, FindingPlace};

/// Characters of a field's value in a sentence.
const VALUE_LENGTH: usize = 60;

/// How many objects meet what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) create: usize,
    pub(super) change: usize,
    pub(super) replace: usize,
    pub(super) delete: usize,
    pub(super) orphan: usize,
    pub(super) refused: usize,
    /// The manifest changes, the cluster does not.
    pub(super) without_effect: usize,
}

impl Counts {
    pub(super) fn of<'a>(effects: impl IntoIterator<Item = &'a EffectReport>) -> Self {
        let mut counts = Self::default();
        for effect in effects {
            *match effect.operation {
                Operation::Create => &mut counts.create,
                Operation::Update => &mut counts.change,
                Operation::Replace => &mut counts.replace,
                Operation::Delete => &mut counts.delete,
                Operation::Orphan => &mut counts.orphan,
                Operation::Fail => &mut counts.refused,
                Operation::None => &mut counts.without_effect,
            } += 1;
        }
        counts
    }

    pub(super) fn of_environment(environment: &EnvironmentReport) -> Self {
        Self::of(environment.units.iter().flat_map(|unit| &unit.effects))
    }

    /// Objects of the cluster that meet something.
    pub(super) fn total(&self) -> usize {
        let Self { create, change, replace, delete, orphan, refused, without_effect: _ } = self;
        create + change + replace + delete + orphan + refused
    }

    pub(super) fn add(&mut self, other: &Self) {
        let Self { create, change, replace, delete, orphan, refused, without_effect } = other;
        self.create += create;
        self.change += change;
        self.replace += replace;
        self.delete += delete;
        self.orphan += orphan;
        self.refused += refused;
        self.without_effect += without_effect;
    }
}

/// `1 object`, `4 objects`, `10,000 objects`.
pub(super) fn count(n: usize, one: &str) -> String {
    let many = match one.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{one}s"),
    };
    if n == 1 { format!("1 {one}") } else { format!("{} {many}", number(n)) }
}

/// With a comma between thousands.
pub(super) fn number(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A name in a sentence.
pub(super) fn quote(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

/// `shop/web`, or `shop-reader` where there is no namespace.
pub(super) fn object_name(object: &ObjectRef) -> String {
    if object.namespace.is_empty() {
        object.name.clone()
    } else {
        format!("{}/{}", object.namespace, object.name)
    }
}

/// `Deployment `shop/web``
pub(super) fn object_words(object: &ObjectRef) -> String {
    format!("{} {}", object.kind, quote(&object_name(object)))
}

/// A place in Markdown: `apps/shop/deployment.yaml:14` as code, a line of a render in words.
pub(super) fn place(at: FindingPlace<'_>) -> String {
    match at {
        FindingPlace::Source { .. } => code_span(&at.to_string()),
        FindingPlace::Rendered { .. } => prose(&at.to_string()),
    }
}

/// A value in a sentence, not longer than it should be there.
pub(super) fn value_words(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    if text.is_empty() { "\"\"".to_owned() } else { cut(&text, VALUE_LENGTH) }
}

/// At most `limit` characters.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// One field, in a sentence.
pub(super) fn field_words(change: &FieldChange) -> String {
    let path = quote(&cut(&change.path, 120));
    if change.masked {
        return format!("{path} changes (secret)");
    }
    match (&change.before, &change.after) {
        (Some(Value::Array(before)), Some(Value::Array(after))) => list_words(&path, before, after),
        (Some(before), Some(after)) => {
            format!("{path} {} → {}", quote(&value_words(before)), quote(&value_words(after)))
        }
        (None, Some(after)) => format!("{path} is added: {}", quote(&value_words(after))),
        (Some(before), None) => format!("{path} is removed, was {}", quote(&value_words(before))),
        (None, None) => format!("{path} changes"),
    }
}

/// What a list gains and loses.
fn list_words(path: &str, before: &[Value], after: &[Value]) -> String {
    let only = |these: &[Value], those: &[Value]| {
        let items: Vec<String> =
            these.iter().filter(|item| !those.contains(item)).map(|item| quote(&value_words(item))).collect();
        items.join(", ")
    };
    match (only(after, before), only(before, after)) {
        (gained, lost) if gained.is_empty() && lost.is_empty() => format!("{path} changes its order"),
        (gained, lost) if lost.is_empty() => format!("{path} gains {gained}"),
        (gained, lost) if gained.is_empty() => format!("{path} loses {lost}"),
        (gained, lost) => format!("{path} gains {gained} and loses {lost}"),
    }
}

/// Whether a finding stops the change.
pub(super) fn blocks(finding: &Finding) -> bool {
    finding.waived.is_none() && (finding.errored || finding.severity == Severity::Error && !finding.existing)
}

/// Whether a unit could not be judged.
pub(super) fn untold(unit: &UnitReport) -> bool {
    !unit.already_broken && (unit.head == SideState::Failed || unit.base == SideState::Failed)
}

/// What is said instead of a verdict where no rule was applied.
pub(super) const NO_POLICY: &str = "There is no policy: this is what merging would do";

/// Whether nothing was held to any rule: then nothing missing is no merit.
pub(super) fn unjudged(report: &Report) -> bool {
    report.discovered && report.verdict.outcome == "allow"
}

/// What stands in the way, a few words each, the heaviest first.
pub(super) fn missing(report: &Report) -> Vec<String> {
    missing_of(&report.verdict, &report.findings, &report.requirements)
}

/// The same for a verdict that is not the report's own.
pub(super) fn missing_of(
    verdict: &VerdictReport,
    findings: &[Finding],
    requirements: &[RequirementReport],
) -> Vec<String> {
    let told = Told { verdict, findings, requirements };
    let mut words: Vec<String> = Vec::new();
    for reason in &verdict.reasons {
        let said = label(&told, reason);
        if !words.contains(&said) {
            words.push(said);
        }
    }
    words
}

/// A verdict, and what it came of.
struct Told<'a> {
    verdict: &'a VerdictReport,
    findings: &'a [Finding],
    requirements: &'a [RequirementReport],
}

fn label(report: &Told<'_>, reason: &crate::verdict::Reason) -> String {
    let same = || report.verdict.reasons.iter().filter(|other| other.code == reason.code).count();
    match reason.code.as_str() {
        "policy" => {
            count(report.findings.iter().filter(|f| blocks(f) && !f.errored).count().max(1), "policy error")
        }
        "check-errored" => format!("{} could not run", count(same(), "check")),
        "approval-missing" => approvals_label(report, same()),
        "approval-unknown" => format!("{} could not be judged", count(same(), "rule")),
        "render-failed" if same() == 1 => "1 unit does not render".to_owned(),
        "render-failed" => format!("{} do not render", count(same(), "unit")),
        "cluster" => match &reason.environment {
            Some(name) => format!("{} could not be asked", quote(name)),
            None => "a cluster could not be asked".to_owned(),
        },
        "conflict" => "merge conflict".to_owned(),
        "held" => "on hold".to_owned(),
        "changes-requested" => "changes requested".to_owned(),
        "draft" => "draft".to_owned(),
        "nothing" => "nothing to merge".to_owned(),
        "policy-unreadable" => "the policy cannot be read".to_owned(),
        "policy-invalid" => "the proposed policy is wrong".to_owned(),
        "policy-defect" => "the proposed policy could not judge".to_owned(),
        "policy-test" => format!("the proposed policy fails {} of its own", count(same(), "case")),
        "policy-floor" => "the policy is at odds with the server's floor".to_owned(),
        "floor-unreadable" => "the server's floor cannot be read".to_owned(),
        "no-policy" => "there is no policy".to_owned(),
        "capability-unknown" => "the branch's protection could not be read".to_owned(),
        "cannot-land" => "the bot may not land it".to_owned(),
        "status-missing" => format!("{} not passed", count(same(), "required check")),
        _ => cut(reason.message.split(": ").next().unwrap_or(&reason.message), 80),
    }
}

fn approvals_label(report: &Told<'_>, rules: usize) -> String {
    let mut pending =
        report.requirements.iter().filter(|rule| rule.state == crate::approval::RequirementState::Pending);
    match (pending.next(), pending.next()) {
        (Some(one), None) => format!("{} of {}", one.by.len(), count(one.needed as usize, "approval")),
        (Some(_), Some(_)) | (None, _) => format!("{} waiting for approvals", count(rules.max(1), "rule")),
    }
}

/// How the answers of some environments are known: each way with its environments, in the report's order.
pub(super) fn known_by<'a>(environments: &[&'a EnvironmentReport]) -> Vec<(Tier, Vec<&'a str>)> {
    let mut ways: Vec<(Tier, Vec<&str>)> = Vec::new();
    for environment in environments {
        match ways.iter_mut().find(|(tier, _)| *tier == environment.tier) {
            Some((_, names)) => names.push(&environment.name),
            None => ways.push((environment.tier, vec![&environment.name])),
        }
    }
    ways
}

/// `production, staging and 3 more`
pub(super) fn names(items: &[&str], limit: usize) -> String {
    let shown: Vec<&str> = items.iter().take(limit).copied().collect();
    let more = items.len().saturating_sub(limit);
    if more == 0 { shown.join(", ") } else { format!("{} and {} more", shown.join(", "), number(more)) }
}

/// Where lines are left out of a diff.
pub(super) const GAP: &str = " …";

/// The lines of a diff as people read them: without file names and line numbers, with gaps and notices kept.
pub(super) fn diff_lines(diff: &str) -> Vec<String> {
    let named = |at: usize, sign: &str| diff.lines().nth(at).is_some_and(|line| line.starts_with(sign));
    let skip = if named(0, "--- ") && named(1, "+++ ") { 2 } else { 0 };
    let mut lines: Vec<String> = Vec::new();
    for line in diff.lines().skip(skip) {
        match line.strip_prefix("@@ ") {
            None => lines.push(line.to_owned()),
            Some(numbers) if numbers.starts_with('-') => {
                if !lines.is_empty() {
                    lines.push(GAP.to_owned());
                }
            }
            Some(notice) => lines.push(format!("{GAP} {}", notice.trim_end_matches(" @@"))),
        }
    }
    lines
}
