//! Rules: when they apply, whom they ask, who does not count.

use std::fmt::Write as _;

use super::conditions::{Condition, Place, condition};
use super::people::{People, people};
use super::words::{comment, text};
use super::{Departure, Kind, SOME_RULE, Writer, methods};
use crate::approval::{DEFAULT_RULE, FIRST_POLICY, REPAIRED_POLICY};
use crate::config::{MOST_REQUESTS, valid_title};
use crate::policybot::model::{Actors, Options, Policy, Requires, Rule};

/// The most people that a rule may ask for here.
const MOST_PEOPLE: i64 = 100;

/// A rule that asks for somebody and names nobody.
pub(super) fn nobody() -> Rule {
    Rule { requires: Requires { count: 1, ..Requires::default() }, ..Rule::default() }
}

/// What rules are called here, beside what policy-bot calls them: one line without quotes, and no name of a built-in
/// rule.
pub(super) fn names(own: &[String]) -> Vec<(String, String)> {
    let taken = [DEFAULT_RULE, FIRST_POLICY, REPAIRED_POLICY, SOME_RULE];
    let mut names: Vec<(String, String)> = Vec::new();
    for name in own {
        let clean: String = name
            .chars()
            .map(|c| if c.is_control() || valid_title(&format!("a{c}a")).is_err() { '\'' } else { c })
            .take(70)
            .collect();
        let clean = match clean.trim() {
            "" => "rule".to_owned(),
            clean => clean.to_owned(),
        };
        let is_free = |wanted: &str| {
            let used = names.iter().any(|(_, here)| here == wanted) || taken.contains(&wanted);
            // A rule that has this very name keeps it.
            let others = own.iter().any(|other| other != name && other == wanted);
            !used && !others
        };
        let numbered = (2..).map(|number| format!("{clean} ({number})"));
        let here = std::iter::once(clean.clone()).chain(numbered).find(|wanted| is_free(wanted));
        names.push((name.clone(), here.unwrap_or(clean)));
    }
    names
}

impl Writer {
    /// Writes a rule; gives when it applies.
    pub(super) fn rule(&mut self, rule: &Rule, here: &str, policy: &Policy) -> Condition {
        let mut departures = Vec::new();
        let mut depart = |kind, what: String| departures.push(Departure { kind, line: rule.line, what });
        if here != rule.name {
            depart(Kind::Harmless, format!("the name `{}`; it is `{here}` here", rule.name.escape_debug()));
        }
        let applies = rule.predicates.iter();
        let applies = applies.map(|each| condition(each, Place::If, &mut departures)).collect();
        let applies = Condition::all(applies);
        let conditions = rule.requires.conditions.iter();
        let mut conditions: Vec<Condition> = conditions
            .map(|each| condition(each, Place::Conditions, &mut departures))
            .filter(|each| *each != Condition::Always)
            .collect();
        let options = rule.options.in_force(policy);
        let mut asked = Asked { from: None, lines: Vec::new() };
        let count = rule.requires.count.clamp(0, MOST_PEOPLE);
        if count > 0 {
            asked = asks(rule, &options, &mut conditions, &mut departures);
        }
        if count == 0 && conditions.is_empty() && applies == Condition::Always {
            conditions.push(Condition::Always);
        }
        self.text.push('\n');
        if !rule.description.is_empty() {
            comment(&mut self.text, &rule.description);
        }
        self.departs(departures);
        let _ = writeln!(self.text, "[[rule]]\nname = {}", text(here));
        if applies != Condition::Always {
            let _ = writeln!(self.text, "when = {}", applies.lines());
        }
        let mut require = format!("count = {count}");
        if let Some(from) = &asked.from {
            require.push_str(&format!(", from = {from}"));
        }
        if !conditions.is_empty() {
            let tables: Vec<String> = conditions.iter().map(Condition::table).collect();
            require.push_str(&format!(", conditions = [{}]", tables.join(", ")));
        }
        let _ = writeln!(self.text, "require = {{ {require} }}");
        for line in asked.lines {
            let _ = writeln!(self.text, "{line}");
        }
        applies
    }
}

/// Whom a rule asks.
struct Asked {
    from: Option<String>,
    /// `options` and `methods`.
    lines: Vec<String>,
}

fn asks(
    rule: &Rule,
    options: &Options,
    conditions: &mut Vec<Condition>,
    departures: &mut Vec<Departure>,
) -> Asked {
    let mut depart = |kind, what: &str| {
        departures.push(Departure { kind, line: rule.line, what: what.to_owned() });
    };
    if rule.requires.count > MOST_PEOPLE {
        depart(Kind::Missing, "`requires.count` is more than 100 people; the rule waits forever");
        conditions.push(Condition::Never);
    }
    let from = match people(&rule.requires.actors) {
        Ok(People::These(table)) => Some(table),
        Ok(People::Nobody) => {
            depart(
                Kind::Harmless,
                "`requires` names nobody who could approve; the rule waits forever, as it did",
            );
            conditions.push(Condition::Never);
            None
        }
        Err(why) => {
            depart(Kind::Missing, &format!("`requires`: {why}; the rule waits forever"));
            conditions.push(Condition::Never);
            None
        }
    };
    let request = from.as_ref().and_then(|_| request_review(rule, options, departures));
    let mut lines = vec![written(options, request, rule.line, departures)];
    lines.push(methods::approval(options, rule.line, conditions, departures));
    Asked { from, lines }
}

/// `request_review`, where there is somebody who can be asked here.
fn request_review(rule: &Rule, options: &Options, departures: &mut Vec<Departure>) -> Option<String> {
    let request = options.request_review.as_ref().filter(|request| request.enabled)?;
    let mut depart = |kind, what: &str| {
        departures.push(Departure { kind, line: rule.line, what: format!("`request_review`: {what}") });
    };
    let Actors { users, teams, organizations, permissions } = &rule.requires.actors;
    let nobody = users.is_empty() && teams.is_empty() && organizations.is_empty();
    match request.mode.as_str() {
        "teams" if teams.is_empty() => {
            depart(Kind::Missing, "the rule names no teams; nobody is asked for a review");
            None
        }
        "teams" => Some("{ mode = \"teams\" }".to_owned()),
        "" | "random-users" | "all-users" if nobody => {
            depart(Kind::Missing, "nobody lists who has a permission; nobody is asked for a review");
            None
        }
        mode @ ("" | "random-users" | "all-users") => {
            if !permissions.is_empty() {
                depart(Kind::Differs, "who counts by a permission alone is not asked for a review");
            }
            let count = u32::try_from(request.count.max(0)).unwrap_or(MOST_REQUESTS).min(MOST_REQUESTS);
            let wanted = if count > 0 { request.count } else { rule.requires.count };
            if mode != "all-users" && wanted > i64::from(MOST_REQUESTS) {
                let what = format!("{wanted} people would be asked, and no more than {MOST_REQUESTS} are");
                depart(Kind::Differs, &what);
            }
            Some(match (mode, count) {
                ("all-users", _) => "{ mode = \"all-users\" }".to_owned(),
                (_, 0) => "{ mode = \"random-users\" }".to_owned(),
                (_, count) => format!("{{ count = {count} }}"),
            })
        }
        _ => {
            depart(Kind::Harmless, "policy-bot does not know this mode; nobody is asked for a review");
            None
        }
    }
}

/// `options`.
fn written(options: &Options, request: Option<String>, line: u32, departures: &mut Vec<Departure>) -> String {
    let is_set = |option: Option<bool>| option == Some(true);
    let mut depart = |kind, what: String| departures.push(Departure { kind, line, what });
    // Who pushed is nothing to policy-bot.
    let mut parts = vec!["allow_pusher = true".to_owned()];
    if is_set(options.allow_author) || is_set(options.allow_contributor) {
        parts.push("allow_author = true".to_owned());
    }
    let committers = is_set(options.allow_contributor) || is_set(options.allow_non_author_contributor);
    if committers {
        parts.push("allow_committers = true".to_owned());
    }
    let ignored = options.ignore_commits_by.as_ref().map(people);
    match &ignored {
        Some(Ok(People::These(table))) => parts.push(format!("ignore_commits_by = {table}")),
        Some(Err(why)) => {
            depart(Kind::Stricter, format!("`ignore_commits_by`: {why}; no commit is left out"));
        }
        Some(Ok(People::Nobody)) | None => {}
    }
    if is_set(options.invalidate_on_push) {
        parts.push("on_push = \"head\"".to_owned());
        let leaves_out =
            is_set(options.ignore_update_merges) || !matches!(ignored, None | Some(Ok(People::Nobody)));
        if leaves_out {
            let what = "`invalidate_on_push`: every push ends approvals, that of a commit that policy-bot ignores too";
            depart(Kind::Stricter, what.to_owned());
        }
    }
    if is_set(options.ignore_update_merges) && !committers {
        let what =
            "`ignore_update_merges`: whoever merged the target branch into the change counts as a committer";
        depart(Kind::Stricter, what.to_owned());
    }
    parts.extend(request.map(|request| format!("request_review = {request}")));
    format!("options = {{ {} }}", parts.join(", "))
}
