//! What stands below the objects: what could not be told, what was different before, policy, people, other files.

use std::collections::{BTreeMap, BTreeSet};

use super::View;
use super::dress::{Cuts, bullets, link, more_of, section};
use super::fit::Detail;
use crate::approval::RequirementState;
use crate::config::Severity;
use crate::evaluation::{Drift, PathOperation};
use crate::policy::{Finding, FindingPlace};
use crate::report::escape::{code_span, inert, inert_html, prose};
use crate::report::failure::{Failure, failures};
use crate::report::model::*;
use crate::report::summary::{blocks, count, cut, names, object_words, place, quote, value_words};
use crate::report::whom;

/// Fields named for an object that was already different.
const FIELDS: usize = 3;
/// Environments named for one finding.
const NAMED: usize = 4;
/// Characters of somebody else's message.
const MESSAGE: usize = 600;

/// What could not be told. A unit that failed is never a deletion; units that failed of one cause are one line.
pub(super) fn errors(view: &View<'_>) -> Vec<String> {
    let (failures, others) = failures(view.report);
    let failures = failures.iter().map(|failure| failure_line(view, failure));
    failures.chain(others.into_iter().map(error_line)).collect()
}

fn failure_line(view: &View<'_>, failure: &Failure<'_>) -> String {
    let at = failure.at.map(|at| format!(" · {}", place(at))).unwrap_or_default();
    let units: Vec<String> = failure
        .units
        .iter()
        .map(|(environment, unit)| format!("{} / {}", inert(environment), inert(unit)))
        .collect();
    let units: Vec<&str> = units.iter().map(String::as_str).collect();
    let subject = match units.as_slice() {
        [unit] => (*unit).to_owned(),
        _ => failure.subject(),
    };
    let message = prose(&cut(failure.message, MESSAGE));
    format!("{subject} {}: {message}{at}{}", failure.verb(&view.base_words()), failure.rest(&units))
}

fn error_line(error: &ErrorReport) -> String {
    let environment = error.environment.as_ref().map(|name| inert(name)).unwrap_or_default();
    let message = prose(&cut(&error.message, MESSAGE));
    let at = error.place().map(|at| format!(" · {}", place(at)));
    let object = error.object.as_ref().map(|object| format!("{}: ", prose(&object_words(object))));
    format!("{environment}: {}{message}{}", object.unwrap_or_default(), at.unwrap_or_default())
}

/// What differed in one environment before this change, apart from it.
pub(super) struct Drifted {
    title: String,
    items: Vec<String>,
}

impl Drifted {
    pub(super) fn render(&self, detail: &Detail, cuts: &mut Cuts) -> String {
        let items = bullets(&self.items, detail.items, "drifted object", cuts);
        format!("<details><summary>{}</summary>\n\n{items}\n\n</details>", self.title)
    }
}

pub(super) fn drift(view: &View<'_>) -> Vec<Drifted> {
    let base = view.base_words();
    let drifted = view.report.environments.iter().filter(|environment| !environment.drift.is_empty());
    let drawn = drifted.map(|environment| {
        let all = environment.drift.iter().all(|drift| drift.overwritten.len() == drift.changes.len());
        let said = if all { "and would be overwritten" } else { "not by this change" };
        Drifted {
            title: format!(
                "Already different in the cluster, {said}: {} ({})",
                inert_html(&environment.name),
                count(environment.drift.len(), "object")
            ),
            items: environment.drift.iter().map(|drift| drift_line(drift, &base, !all)).collect(),
        }
    });
    drawn.collect()
}

/// `each`: fields that merging will overwrite are marked.
fn drift_line(drift: &Drift, base: &str, each: bool) -> String {
    let fields: Vec<String> = drift
        .changes
        .iter()
        .take(FIELDS)
        .map(|change| {
            let path = prose(&quote(&cut(&change.path, 120)));
            let value = |value: &Option<serde_json::Value>| match value {
                Some(value) => prose(&quote(&value_words(value))),
                None => "absent".to_owned(),
            };
            let will =
                if each && drift.overwrites(&change.path) { ": merging will overwrite this" } else { "" };
            if change.masked {
                format!("{path} differs (secret){will}")
            } else {
                format!("{path} is {}, {base} says {}{will}", value(&change.before), value(&change.after))
            }
        })
        .collect();
    let more = drift.changes.len().saturating_sub(FIELDS);
    let more = if more == 0 { String::new() } else { format!("; {}", more_of(more, "field")) };
    format!("{}: {}{more}", prose(&object_words(&drift.object)), fields.join("; "))
}

/// What checks saw, what blocks first; the same in several environments once.
pub(super) fn policy(view: &View<'_>) -> Vec<String> {
    let mut grouped: Vec<(&Finding, Vec<&str>)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for finding in &view.report.findings {
        let mut anywhere = Finding { environment: String::new(), ..finding.clone() };
        if let Some(FindingPlace::Rendered { .. }) = finding.place() {
            (anywhere.unit, anywhere.line) = (None, None);
        }
        let at = *known.entry(format!("{anywhere:?}")).or_insert(grouped.len());
        match grouped.get_mut(at) {
            Some((_, environments)) if environments.contains(&finding.environment.as_str()) => {}
            Some((_, environments)) => environments.push(&finding.environment),
            None => grouped.push((finding, vec![&finding.environment])),
        }
    }
    grouped.sort_by_key(|(finding, _)| weight(finding));
    grouped.iter().map(|(finding, environments)| finding_line(view, finding, environments)).collect()
}

/// Whether a place holds in so many environments: each renders to a text of its own.
fn is_same_in_all(place: FindingPlace<'_>, environments: usize) -> bool {
    match place {
        FindingPlace::Source { .. } => true,
        FindingPlace::Rendered { .. } => environments <= 1,
    }
}

fn weight(finding: &Finding) -> u8 {
    match (blocks(finding), finding.waived.is_some(), finding.severity) {
        (true, _, _) => 0,
        (false, false, Severity::Error | Severity::Warning) => 1,
        (false, false, Severity::Info) => 2,
        (false, true, _) => 3,
    }
}

fn finding_line(view: &View<'_>, finding: &Finding, environments: &[&str]) -> String {
    let sign = match weight(finding) {
        0 => "⛔ ",
        1 => "⚠ ",
        _ => "",
    };
    let mut head = format!("{sign}{}", code_span(&finding.check));
    if let Some(rule) = &finding.rule {
        head.push_str(&format!(" / {}", code_span(rule)));
    }
    let environments: Vec<String> =
        environments.iter().filter(|name| !name.is_empty()).map(|name| inert(name)).collect();
    let environments: Vec<&str> = environments.iter().map(String::as_str).collect();
    if !environments.is_empty() {
        head.push_str(&format!(" in {}", names(&environments, NAMED)));
    }
    if let Some(object) = &finding.object {
        head.push_str(&format!(", {}", prose(&object_words(object))));
    }
    let failed = if finding.errored { "the check itself failed, which blocks: " } else { "" };
    let mut line = format!("{head}: {failed}{}", prose(&cut(&finding.told(), MESSAGE)));
    if let Some(at) = finding.place().filter(|at| is_same_in_all(*at, environments.len())) {
        line.push_str(&format!(" · {}", place(at)));
    }
    if let Some(waived) = &finding.waived {
        line.push_str(&format!(
            " · waived by {} until {}: {}",
            inert(&waived.by),
            inert(&waived.until),
            inert(&cut(&waived.reason, MESSAGE))
        ));
    } else if finding.existing && !finding.errored {
        line.push_str(&format!(" · {} has it too, so it does not block", view.base_words()));
    }
    line
}

/// Who must agree, who did, who is missing.
pub(super) fn rules(report: &Report) -> Vec<String> {
    asked(report).map(rule_line).collect()
}

/// Who does not count and why, each once.
pub(in crate::report) fn ignored(report: &Report) -> Vec<String> {
    let mut known = BTreeSet::new();
    let all = asked(report).flat_map(|rule| &rule.ignored);
    let words = all.map(|one| format!("{} ({})", inert(&one.who), prose(&cut(&one.reason, 200))));
    words.filter(|words| known.insert(words.clone())).collect()
}

/// Rules that apply.
fn asked(report: &Report) -> impl Iterator<Item = &RequirementReport> {
    report.requirements.iter().filter(|rule| rule.state != RequirementState::Skipped)
}

/// The rules, then everybody who does not count.
pub(super) fn approvals(
    rules: &[String],
    ignored: &[String],
    detail: &Detail,
    cuts: &mut Cuts,
) -> Option<String> {
    let mut items = rules.to_vec();
    let limit = detail.items.max(1);
    if !ignored.is_empty() {
        let more = ignored.len().saturating_sub(limit);
        let shown: Vec<&str> = ignored.iter().map(String::as_str).collect();
        items.truncate(limit);
        items.push(format!("not counted: {}", names(&shown, limit)));
        cuts.leave_out(more, "ignored approval");
        cuts.leave_out(rules.len().saturating_sub(limit), "rule");
        return section("Approvals", &items, items.len(), "rule", cuts);
    }
    section("Approvals", &items, limit, "rule", cuts)
}

fn rule_line(rule: &RequirementReport) -> String {
    let mut given: Vec<String> = rule.by.iter().take(20).map(|who| format!("{} ✓", inert(who))).collect();
    if rule.by.len() > 20 {
        given.push(format!("and {} more ✓", rule.by.len() - 20));
    }
    let missing = (rule.needed as usize).saturating_sub(rule.by.len());
    let from = inert(&whom(&rule.from, &rule.could));
    let mut parts = Vec::new();
    if !given.is_empty() {
        parts.push(given.join(", "));
    }
    match rule.state {
        RequirementState::Met | RequirementState::Skipped => {}
        RequirementState::Pending if missing > 0 => {
            let more = if rule.by.is_empty() { String::new() } else { " more".to_owned() };
            parts.push(format!("needs {missing}{more} of {from}"));
        }
        RequirementState::Pending => parts.push("not enough yet".to_owned()),
        RequirementState::Unknown => {
            parts.push(format!("could not be judged (asks for {} of {from})", rule.needed))
        }
    }
    if let Some(note) = &rule.note {
        parts.push(prose(&cut(note, MESSAGE)));
    }
    if let (RequirementState::Pending | RequirementState::Unknown, Some(about)) = (rule.state, &rule.about) {
        parts.push(format!("because of {}", inert(&cut(about, MESSAGE))));
    }
    if parts.is_empty() {
        parts.push("met".to_owned());
    }
    format!("{}: {}", code_span(&rule.rule), parts.join(" — "))
}

/// Changed files that no environment reads.
pub(super) fn outside(report: &Report) -> Vec<String> {
    let paths = report.outside.iter().map(|changed| {
        let what = match changed.change {
            PathOperation::Add => " (new)",
            PathOperation::Change => "",
            PathOperation::Remove => " (removed)",
        };
        format!("{}{what}", code_span(&cut(&changed.path, 300)))
    });
    paths.collect()
}

pub(super) fn other_files(paths: &[String], detail: &Detail, cuts: &mut Cuts) -> Option<String> {
    let shown: Vec<&str> = paths.iter().map(String::as_str).collect();
    let limit = detail.items.max(1);
    cuts.leave_out(paths.len().saturating_sub(limit), "file");
    (!paths.is_empty()).then(|| format!("**Also changed, read by no environment:** {}", names(&shown, limit)))
}

/// What can be said now, ready to copy, and where more stands.
pub(super) fn commands(view: &View<'_>) -> Option<String> {
    let mut parts: Vec<String> = view.commands.iter().map(|command| code_span(command)).collect();
    let lead = if parts.is_empty() { "" } else { "You can: " };
    parts.extend(view.page.map(|page| link("full diff and history", page)));
    (!parts.is_empty()).then(|| format!("{lead}{}", parts.join(" · ")))
}
