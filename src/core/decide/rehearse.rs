//! Trying a policy on its own cases: each becomes a snapshot, which is decided as any other.

use std::collections::BTreeSet;

use super::stage::stage;
use super::{PolicyInForce, decide_under};
use crate::approval::RequirementState;
use crate::config::{From, GivenEffect, Policy, PolicyTest};
use crate::library::Library;
use crate::plan::{Action, Plan};
use crate::report::RequirementReport;
use crate::snapshot::{PolicyFile, Snapshot};

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The case.
    pub name: String,
    /// Its line in the policy file.
    pub line: u32,
    /// What is not as expected, in sentences; nothing where all is.
    pub differs: Vec<String>,
}

/// Tries a policy on all of its cases, in the file's order. `library` has the files that the policy and its cases name.
pub fn rehearse(policy: &Policy, file: &PolicyFile, library: &Library) -> Vec<Outcome> {
    let one = |test: &PolicyTest| {
        let differs = match stage(policy, file, library, test) {
            Ok(snapshot) => compare(policy, test, &snapshot),
            Err(why) => vec![why],
        };
        Outcome { name: test.name.clone(), line: test.line, differs }
    };
    policy.tests.iter().map(one).collect()
}

fn compare(policy: &Policy, test: &PolicyTest, snapshot: &Snapshot) -> Vec<String> {
    let mut policy = policy.clone();
    // Without manifests there is nothing that checks could look at.
    let bodied = |effect: &GivenEffect| effect.before.is_some() || effect.after.is_some();
    if test.given.snapshot.is_none() && !test.given.effects.iter().any(bodied) {
        policy.checks.clear();
    }
    let plan = decide_under(snapshot, &PolicyInForce::Declared(Box::new(policy.clone())));
    let mut differs = Vec::new();
    let found = plan.verdict.word();
    if let Some(wanted) = test.expect.verdict.as_ref().filter(|wanted| *wanted != found) {
        let reasons: Vec<&str> =
            plan.verdict.reasons().iter().map(|reason| reason.message.as_str()).collect();
        let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
        differs.push(format!("the verdict is {found}, not {wanted}{why}"));
    }
    for (rule, wanted) in &test.expect.rules {
        let found = plan.report.requirements.iter().find(|requirement| requirement.rule == *rule);
        let state = found.map_or(RequirementState::Skipped, |found| found.state);
        if state != *wanted {
            let note = found.and_then(|found| found.note.as_ref()).map(|note| format!(" ({note})"));
            let (state, wanted) = (word(state), word(*wanted));
            differs.push(format!("rule `{rule}` is {state}, not {wanted}{}", note.unwrap_or_default()));
        }
    }
    if let Some(wanted) = &test.expect.waiting_for {
        let wanted: BTreeSet<String> = wanted.iter().cloned().collect();
        let found = waiting(&policy, &plan.report.requirements);
        if found != wanted {
            differs.push(format!("it waits for {}, not for {}", listed(&found), listed(&wanted)));
        }
    }
    if let Some(wanted) = &test.expect.findings {
        differs.extend(unlike(wanted, &plan));
    }
    if let Some(wanted) = &test.expect.asked {
        let wanted: BTreeSet<String> = wanted.iter().cloned().collect();
        let found = asked(&plan);
        if found != wanted {
            let (found, wanted) = (listed(&found), listed(&wanted));
            differs.push(format!("{found} would be asked for a review, not {wanted}"));
        }
    }
    differs
}

/// Findings that nothing waives, held against those that are expected: a check by its name, or `check/rule`.
fn unlike(wanted: &[String], plan: &Plan) -> Vec<String> {
    let standing = plan.report.findings.iter().filter(|finding| finding.waived.is_none());
    let found: BTreeSet<(String, Option<String>)> = standing
        .map(|finding| {
            let rule = finding.rule.as_ref().map(|rule| format!("{}/{rule}", finding.check));
            (finding.check.clone(), rule)
        })
        .collect();
    let names = |wanted: &String, (check, rule): &(String, Option<String>)| {
        check == wanted || rule.as_ref() == Some(wanted)
    };
    let missing = wanted.iter().filter(|wanted| !found.iter().any(|found| names(wanted, found)));
    let missing = missing.map(|wanted| format!("`{wanted}` finds nothing"));
    let more = found.iter().filter(|found| !wanted.iter().any(|wanted| names(wanted, found)));
    let more = more.map(|(check, rule)| format!("`{}` finds something", rule.as_ref().unwrap_or(check)));
    missing.chain(more).collect()
}

/// Who would be asked for a review.
fn asked(plan: &Plan) -> BTreeSet<String> {
    let whom = plan.actions.iter().filter_map(|action| {
        if let Action::RequestReview { whom } = action { Some(whom.name().to_owned()) } else { None }
    });
    whom.collect()
}

fn word(state: RequirementState) -> &'static str {
    match state {
        RequirementState::Met => "met",
        RequirementState::Pending => "pending",
        RequirementState::Skipped => "skipped",
        RequirementState::Unknown => "unknown",
    }
}

fn listed(words: &BTreeSet<String>) -> String {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.is_empty() { "nobody".to_owned() } else { words.join(", ") }
}

/// Whom the rules that wait ask.
fn waiting(policy: &Policy, requirements: &[RequirementReport]) -> BTreeSet<String> {
    let waits = |requirement: &&RequirementReport| match requirement.state {
        RequirementState::Pending | RequirementState::Unknown => true,
        RequirementState::Met | RequirementState::Skipped => false,
    };
    let asked = requirements.iter().filter(waits).flat_map(|requirement| {
        let rule = policy.rules.iter().find(|rule| rule.name == requirement.rule);
        rule.map_or_else(|| asked_of(&From::default()), |rule| asked_of(&rule.require.from))
    });
    asked.collect()
}

fn asked_of(from: &From) -> Vec<String> {
    let permissions = from.permissions.iter().filter_map(|permission| {
        serde_json::to_value(permission).ok().and_then(|word| word.as_str().map(str::to_owned))
    });
    let sets = from.teams.iter().chain(&from.groups).chain(&from.organizations);
    let mut named: Vec<String> = from.users.iter().chain(sets).cloned().chain(permissions).collect();
    named.extend(from.codeowners.then(|| "codeowners".to_owned()));
    named.extend(from.owners.then(|| "owners".to_owned()));
    if named.is_empty() { vec!["write".to_owned()] } else { named }
}
