//! What a reader sees first: may it land, what is missing, what would change and how that is known.

use super::View;
use super::dress::{Cuts, bullets};
use super::fit::Detail;
use crate::change::ChangeState;
use crate::effect::Tier;
use crate::report::escape::{code_span, inert, prose};
use crate::report::model::*;
use crate::report::summary::{Counts, NO_POLICY, count, cut, known_by, missing, names, number, untold};
use crate::verdict::Reason;

/// Reasons named in the title.
const IN_TITLE: usize = 4;
/// Environments named in a sentence.
const NAMED: usize = 6;

/// The title, and the reasons that no section below tells.
pub(super) fn title(view: &View<'_>, detail: &Detail, cuts: &mut Cuts) -> (String, Option<String>) {
    let verdict = &view.report.verdict;
    let has = |code: &str| verdict.reasons.iter().any(|reason| reason.code == code);
    if has("merged") {
        return ("### Merged".to_owned(), None);
    }
    if has("closed") {
        return ("### Closed without landing".to_owned(), None);
    }
    // A note says as which commit.
    if let ("allow", Some(ChangeState::Merged { .. })) = (verdict.outcome.as_str(), view.state) {
        return ("### ✅ Landed".to_owned(), None);
    }
    let missing = missing(view.report);
    let named: Vec<String> = missing.iter().take(IN_TITLE).map(|words| prose(&cut(words, 120))).collect();
    let more = missing.len().saturating_sub(IN_TITLE);
    let mut said = named.join(", ");
    if more > 0 {
        said.push_str(&format!(" and {more} more"));
    }
    let opening = match verdict.outcome.as_str() {
        "allow" if view.report.discovered => return (format!("### {NO_POLICY}"), None),
        "allow" if view.commands.iter().any(|command| command == "/merge") => {
            return ("### ✅ Ready: say `/merge`".to_owned(), None);
        }
        "allow" => return ("### ✅ Ready".to_owned(), None),
        "hold" => "⏳ Not yet",
        "block" => "⛔ Cannot land yet",
        _ => "❔ Cannot tell yet",
    };
    let title = if said.is_empty() { format!("### {opening}") } else { format!("### {opening}: {said}") };
    let untold: Vec<String> = verdict
        .reasons
        .iter()
        .filter(|reason| !told_below(view, reason))
        .map(|reason| prose(&cut(&reason.message, 600)))
        .collect();
    let others = (!untold.is_empty()).then(|| bullets(&untold, detail.items, "reason", cuts));
    (title, others)
}

/// Whether a section further down says the same with more detail.
fn told_below(view: &View<'_>, reason: &Reason) -> bool {
    let report = view.report;
    match reason.code.as_str() {
        "policy" | "check-errored" => {
            report.findings.iter().any(|finding| Some(&finding.check) == reason.rule.as_ref())
        }
        "approval-missing" | "approval-unknown" => {
            report.requirements.iter().any(|rule| Some(&rule.rule) == reason.rule.as_ref())
        }
        "render-failed" | "cluster" => {
            report.errors.iter().any(|error| error.undecided && error.environment == reason.environment)
        }
        // The note quotes the file.
        "policy-invalid" | "policy-unreadable" | "policy-floor" => !view.notes.is_empty(),
        "policy-test" => report.proposed_policy.is_some(),
        _ => false,
    }
}

/// Notes as they are; they may be several lines long, so none is cut in half.
pub(super) fn notes(view: &View<'_>, detail: &Detail, cuts: &mut Cuts) -> Vec<String> {
    cuts.leave_out(view.notes.len().saturating_sub(detail.items), "note");
    view.notes.iter().take(detail.items).cloned().collect()
}

/// What would change where, how that is known, and what was judged.
pub(super) fn what_changes(view: &View<'_>) -> String {
    let report = view.report;
    let head: String = report.head.commit.chars().take(7).collect();
    let judged = match view.target {
        Some(target) => format!("erge of {} into {}", code_span(&head), code_span(target)),
        None => format!("erge of {}", code_span(&head)),
    };
    if report.merged.is_none() && report.environments.iter().all(|environment| environment.units.is_empty()) {
        return "There is no merge result, so nothing was compared.".to_owned();
    }
    if report.environments.is_empty() {
        return format!("No environment was found whose objects could change. M{judged}.");
    }
    let touched: Vec<&EnvironmentReport> = report.environments.iter().filter(|e| changes(e) > 0).collect();
    if !touched.is_empty() {
        let known = capital(&known(&touched));
        return format!("{} {known}; m{judged}.", something_changes(report, &touched));
    }
    let compared: Vec<&EnvironmentReport> =
        report.environments.iter().filter(|e| !e.units.is_empty()).collect();
    let known = if compared.is_empty() {
        "no file that one of them reads is touched".into()
    } else {
        known(&compared)
    };
    format!("{} {}; m{judged}.", nothing_changes(report), capital(&known))
}

fn changes(environment: &EnvironmentReport) -> usize {
    Counts::of_environment(environment).total()
}

fn something_changes(report: &Report, touched: &[&EnvironmentReport]) -> String {
    let mut parts: Vec<String> = touched
        .iter()
        .take(NAMED)
        .enumerate()
        .map(|(at, environment)| {
            let n = changes(environment);
            let objects = if at == 0 { count(n, "object") } else { number(n) };
            let least = if incomplete(report, environment) { "at least " } else { "" };
            format!("{least}{objects} in {}", inert(&environment.name))
        })
        .collect();
    let rest = touched.get(NAMED..).unwrap_or_default();
    if !rest.is_empty() {
        let objects = rest.iter().map(|environment| changes(environment)).sum();
        parts.push(format!("{} in {}", number(objects), count(rest.len(), "more environment")));
    }
    let quiet: Vec<&EnvironmentReport> = report.environments.iter().filter(|e| changes(e) == 0).collect();
    let (unknown, none): (Vec<&EnvironmentReport>, Vec<_>) =
        quiet.into_iter().partition(|e| incomplete(report, e));
    if !none.is_empty() {
        // Where there are many, a few names would say nothing.
        parts.push(match none.len() {
            0..=NAMED => format!("none in {}", named(&none)),
            many => format!("none in {}", count(many, "other environment")),
        });
    }
    let unknown = match unknown.as_slice() {
        [] => String::new(),
        unknown => format!(" What would change in {} could not be told.", named(unknown)),
    };
    format!("**Would change {}.**{unknown}{}", parts.join(", "), without_effect(report, " more"))
}

fn nothing_changes(report: &Report) -> String {
    let (unknown, none): (Vec<&EnvironmentReport>, Vec<_>) =
        report.environments.iter().partition(|environment| incomplete(report, environment));
    let unchanged = match (none.is_empty(), unknown.is_empty()) {
        (false, true) => format!("No objects change in any environment (looked at: {}).", named(&none)),
        (false, false) => {
            format!("No objects change in {}; {} could not be told.", named(&none), named(&unknown))
        }
        (true, _) => format!("What would change in {} could not be told.", named(&unknown)),
    };
    format!("{unchanged}{}", without_effect(report, ""))
}

/// Manifests that change and do nothing, where there are any.
fn without_effect(report: &Report, more: &str) -> String {
    let total: usize = report.environments.iter().map(|e| Counts::of_environment(e).without_effect).sum();
    match total {
        0 => String::new(),
        1 => format!(" 1{more} manifest changes without effect."),
        n => format!(" {}{more} manifests change without effect.", number(n)),
    }
}

/// Whether something of an environment could not be told.
fn incomplete(report: &Report, environment: &EnvironmentReport) -> bool {
    environment.units.iter().any(untold)
        || report
            .errors
            .iter()
            .any(|error| error.undecided && error.environment.as_ref() == Some(&environment.name))
}

fn named(environments: &[&EnvironmentReport]) -> String {
    let all: Vec<String> = environments.iter().map(|environment| inert(&environment.name)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    names(&all, NAMED)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// How the answers are known. Every claim about a cluster says it.
fn known(environments: &[&EnvironmentReport]) -> String {
    let ways = known_by(environments);
    let one = environments.len() == 1;
    let words = |tier: Tier| match (tier, one) {
        (Tier::DryRun, true) => "predicted by the cluster itself (dry run)",
        (Tier::DryRun, false) => "predicted by the clusters themselves (dry run)",
        (Tier::Live, _) => "compared with what runs now",
        (Tier::Render, _) => "from the rendered manifests alone, no cluster was asked",
    };
    let mut known = match ways.as_slice() {
        [(tier, _)] => words(*tier).to_owned(),
        several => several
            .iter()
            .map(|(tier, environments)| {
                let environments: Vec<String> = environments.iter().map(|name| inert(name)).collect();
                let environments: Vec<&str> = environments.iter().map(String::as_str).collect();
                format!("{}: {}", names(&environments, NAMED), words(*tier))
            })
            .collect::<Vec<_>>()
            .join("; "),
    };
    let weaker = environments
        .iter()
        .flat_map(|environment| environment.units.iter().map(move |unit| (environment, unit)))
        .flat_map(|(environment, unit)| {
            unit.effects.iter().filter(move |effect| effect.tier < environment.tier)
        })
        .count();
    if weaker > 0 {
        known.push_str(&format!("; {} less surely, marked below", count(weaker, "object")));
    }
    known
}
