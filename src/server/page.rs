//! The HTML of the pages. Everything is escaped by the template; there is no script.

use countersign_core::change::ChangeId;
use countersign_core::decide::explain;
use countersign_core::effect::Operation;
use countersign_core::explanation::{Explanation, Outcome};
use countersign_core::fact::{Fact, FactKind, LandingOutcome};
use countersign_core::policy::FindingPlace;
use countersign_core::report::{
    self, EffectReport, EnvironmentReport, Report, RequirementReport, UnitReport,
};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::pages::{Saved, View};
use crate::engine::change_path;
use crate::ports::LandingRow;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --add: #2da44e; --cut: #d1242f; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } nav a { margin-right: 1rem; }
table { border-collapse: collapse; } th, td { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; }
td.n { text-align: right; } pre { background: var(--soft); padding: .7rem; overflow-x: auto; font-size: 13px; }
summary { cursor: pointer; padding: .2rem 0; } .allow { color: var(--add); } .block, .undecided { color: var(--cut); }
.add { color: var(--add); } .cut { color: var(--cut); } .quiet { opacity: .7; } li { margin: .2rem 0; }
.why, .why ul { list-style: none; padding-left: 1.2rem; } .why > li { margin-left: -1.2rem; }
";

fn layout(title: &str, nav: Markup, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Countersign" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body { nav { (nav) } h1 { (title) } (body) }
        }
    }
}

fn main_nav(key: &str) -> Markup {
    html! { a href={ "/?key=" (key) } { "Changes" } a href={ "/audit?key=" (key) } { "Landings" } }
}

/// What waits, and every change.
pub(super) fn queue(pending: &[(ChangeId, u32, Timestamp)], changes: &[ChangeId], key: &str) -> Markup {
    layout(
        "Changes",
        main_nav(key),
        html! {
            @if pending.is_empty() { p.quiet { "Nothing waits." } } @else {
                h2 { "Waiting" }
                table {
                    tr { th { "change" } th { "tries" } th { "due" } }
                    @for (id, attempts, due) in pending {
                        tr { td { (id) } td.n { (attempts) } td { (due) } }
                    }
                }
            }
            h2 { "Known" }
            @if changes.is_empty() { p.quiet { "No change was seen yet." } }
            ul { @for id in changes { li { a href={ (change_path(id)) "?key=" (key) } { (id) } } } }
        },
    )
}

/// Every landing.
pub(super) fn landings(rows: &[LandingRow], key: &str) -> Markup {
    layout(
        "Landings",
        main_nav(key),
        html! {
            @if rows.is_empty() { p.quiet { "Nothing landed yet." } } @else {
                table {
                    tr { th { "change" } th { "branch" } th { "base" } th { "head" } th { "merge commit" } th { "state" } }
                    @for row in rows {
                        tr {
                            td { a href={ (change_path(&row.change)) "?key=" (key) } { (row.change) } }
                            td { (row.branch) }
                            td { code { (row.base.short()) } } td { code { (row.head.short()) } }
                            td { code { (row.commit.short()) } } td { (format!("{:?}", row.state).to_lowercase()) }
                        }
                    }
                }
            }
        },
    )
}

/// One change.
pub(super) fn change(id: &ChangeId, view: View, saved: &Saved, key: &str) -> Markup {
    let path = change_path(id);
    let title = format!("{} #{}: {}", id.repo.path, id.number, saved.snapshot.change.title);
    let nav = html! {
        a href={ (path) "?key=" (key) } { "Effect" }
        a href={ (path) "/policy?key=" (key) } { "Policy" }
        a href={ (path) "/history?key=" (key) } { "History" }
        a href=(saved.snapshot.change.url) rel="noreferrer" { "On the forge" }
    };
    let body = match view {
        View::Change => effect(&saved.report),
        View::Policy => policy(saved),
        View::History => history(&saved.snapshot.facts),
    };
    layout(&title, nav, body)
}

fn verdict(report: &Report) -> Markup {
    let word = match report.verdict.outcome.as_str() {
        "allow" => "Nothing is missing",
        "hold" => "On hold",
        "block" => "Blocked",
        _ => "It cannot be told",
    };
    html! {
        p { strong class=(report.verdict.outcome) { (word) } " · head " code { (short(&report.head.commit)) }
            " · digest " code { (report.change_digest) } }
        @if !report.verdict.reasons.is_empty() {
            ul { @for reason in &report.verdict.reasons { li { (sentence(&reason.message)) } } }
        }
    }
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

fn effect(report: &Report) -> Markup {
    html! {
        (verdict(report))
        @for environment in &report.environments { (environment_section(environment)) }
        @if !report.findings.is_empty() {
            h2 { "Policy findings" }
            ul { @for finding in &report.findings {
                li { strong { (finding.check) } ": " (finding.message)
                    @if let Some(object) = &finding.object { " · " (object) }
                    @if let Some(at) = finding.place() { " · " (place(at)) }
                    @if let Some(waived) = &finding.waived {
                        span.quiet { " · waived by " (waived.by) " until " (waived.until) ": " (waived.reason) } }
                    @else if finding.existing { span.quiet { " · the target branch has it too" } } }
            } }
        }
        (sentences("Waivers", &report::waiver_words(report)))
        (sentences("If the proposed policy were in force", &report::proposed_words(report)))
        @if !report.outside.is_empty() {
            h2 { "Changed, read by no environment" }
            ul { @for path in &report.outside { li { code { (path.path) } } } }
        }
        @if !report.errors.is_empty() {
            h2 { "What could not be told" }
            ul { @for error in &report.errors { li { (error.message) } } }
        }
    }
}

fn sentences(title: &str, said: &[String]) -> Markup {
    html! {
        @if !said.is_empty() {
            h2 { (title) }
            ul { @for said in said { li { (sentence(said)) } } }
        }
    }
}

fn environment_section(environment: &EnvironmentReport) -> Markup {
    html! {
        h2 { (environment.name) @if let Some(cluster) = &environment.cluster { span.quiet { " · cluster " (cluster) } } }
        @if environment.units.is_empty() { p.quiet { "Not touched." } }
        @for unit in &environment.units { (unit_section(unit)) }
        @if !environment.drift.is_empty() {
            h3 { "Already different in the cluster" }
            ul { @for drift in &environment.drift { li { (drift.object) ": "
                @for change in &drift.changes { code { (change.path) } " " } } } }
        }
    }
}

fn unit_section(unit: &UnitReport) -> Markup {
    html! {
        h3 { (unit.name) " " span.quiet { (unit.renderer) " · " code { (unit.path) } } }
        @if let Some(error) = &unit.error { p.cut { (error.message)
            @if let Some(at) = unit.error_place() { " · " (place(at)) } } }
        @if unit.effects.is_empty() && unit.error.is_none() { p.quiet { "No object changes." } }
        @for effect in &unit.effects { (effect_fold(effect)) }
    }
}

/// A file with its line, or a line of a render in words.
fn place(at: FindingPlace<'_>) -> Markup {
    match at {
        FindingPlace::Source { .. } => html! { code { (at) } },
        FindingPlace::Rendered { .. } => sentence(&at.to_string()),
    }
}

fn effect_fold(effect: &EffectReport) -> Markup {
    let (class, sign) = match effect.operation {
        Operation::Create => ("add", "+"),
        Operation::Update | Operation::None => ("", "~"),
        Operation::Replace | Operation::Fail => ("cut", "±"),
        Operation::Delete | Operation::Orphan => ("cut", "−"),
    };
    html! {
        details open {
            summary { span class=(class) { (sign) " " (effect.object) }
                @for risk in &effect.risks { " · " strong.cut { (word(risk)) } }
                @if let Some(place) = effect.source_words() { " · " code { (place) } } }
            @if let Some(reason) = &effect.reason { p.quiet { (reason) } }
            pre { @for line in effect.diff.lines() { (diff_line(line)) } }
        }
    }
}

/// A sentence of ours, with its code in code.
fn sentence(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn diff_line(line: &str) -> Markup {
    let class = match line.chars().next() {
        Some('+') => "add",
        Some('-') => "cut",
        Some(_) | None => "",
    };
    html! { span class=(class) { (line) "\n" } }
}

/// The word of the report for a value of a closed list.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn policy(saved: &Saved) -> Markup {
    html! {
        (verdict(&saved.report))
        h2 { "Who must agree" }
        @for requirement in &saved.report.requirements { (requirement_section(requirement)) }
        h2 { "Why" }
        ul.why { (explanation(&explain(&saved.snapshot))) }
        h2 { "The policy that decides" }
        @match &saved.snapshot.policy {
            Some(file) => pre { (file.text) },
            None => p.quiet { "The target branch has none." },
        }
        @if let Some(floor) = &saved.snapshot.floor {
            h2 { "The server's floor, which no repository can weaken" }
            pre { (floor.text) }
        }
        (sentences("If the proposed policy were in force", &report::proposed_words(&saved.report)))
    }
}

/// A tree of sentences; what holds is folded.
fn explanation(told: &Explanation) -> Markup {
    let class = match told.outcome {
        Outcome::Yes => "add",
        Outcome::No | Outcome::Unknown => "cut",
        Outcome::Waiting | Outcome::Aside => "quiet",
    };
    let said = html! { span class=(class) { (told.outcome.sign()) } " " (sentence(&told.text)) };
    let fine = matches!(told.outcome, Outcome::Yes | Outcome::Aside);
    html! {
        li {
            @if told.parts.is_empty() { (said) } @else {
                details open[!fine] { summary { (said) } ul { @for part in &told.parts { (explanation(part)) } } }
            }
        }
    }
}

fn requirement_section(requirement: &RequirementReport) -> Markup {
    html! {
        h3 { (requirement.rule) span.quiet { " · " (word(&requirement.state)) } }
        p { (requirement.by.len()) " of " (requirement.needed) " from " (requirement.from)
            @if !requirement.by.is_empty() { ": " (requirement.by.join(", ")) } }
        @if !requirement.could.is_empty() { p { "Could say yes: " (requirement.could.join(", ")) } }
        @if let Some(note) = &requirement.note { p { (note) } }
        @if let Some(about) = &requirement.about { p.quiet { "Because of " (about) } }
        ul { @for ignored in &requirement.ignored { li.quiet { (ignored.who) " does not count: " (ignored.reason) } } }
    }
}

fn history(facts: &[Fact]) -> Markup {
    html! {
        table {
            tr { th { "when" } th { "what" } }
            @for fact in facts { tr { td { (fact.at) } td { (line(&fact.kind)) } } }
        }
    }
}

/// One fact in words.
fn line(kind: &FactKind) -> String {
    match kind {
        FactKind::Handled { actor, reply, .. } => match reply {
            Some(reply) => format!("answered {}: {reply}", actor.login),
            None => format!("read a comment by {}", actor.login),
        },
        FactKind::Approved(approval) => {
            format!("{} approved {}", approval.actor.login, approval.digest.short())
        }
        FactKind::Unapproved { actor, .. } => format!("{} took the approval back", actor.login),
        FactKind::Held { actor, .. } => format!("held by {}", actor.login),
        FactKind::ChangesRequested { actor, .. } => format!("{} asked for changes", actor.login),
        FactKind::HoldLifted { actor, .. } => format!("hold lifted by {}", actor.login),
        FactKind::MergeRequested { actor, .. } => format!("{} asked for the merge", actor.login),
        FactKind::MergeCancelled { actor, why } => format!("merge cancelled by {}: {why}", actor.login),
        FactKind::DisplayPlanned(display) => {
            format!("about to show {} at {}", display.digest.short(), display.head.short())
        }
        FactKind::DisplayPosted { display, .. } => {
            format!("showed {} at {}", display.digest.short(), display.head.short())
        }
        FactKind::DisplayTampered { .. } => "somebody edited the bot's comment".to_owned(),
        FactKind::LandingBegun { commit, .. } => format!("began to land as {commit}"),
        FactKind::LandingEnded { outcome, .. } => match outcome {
            LandingOutcome::Landed { commit } => format!("landed as {commit}"),
            LandingOutcome::LandedOpen { commit } => {
                format!("landed as {commit}; the request stays open with newer commits")
            }
            LandingOutcome::Aborted { why } => format!("landing given up: {why}"),
        },
        FactKind::ReviewRequested { whom, refused: None, .. } => {
            format!("asked {} for a review", whom.name())
        }
        FactKind::ReviewRequested { whom, refused: Some(why), .. } => {
            format!("{} could not be asked for a review: {why}", whom.name())
        }
        FactKind::Pushed { actor, head } => format!("{} pushed {}", actor.login, head.short()),
    }
}
