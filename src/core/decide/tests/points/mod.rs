//! policy-bot's model, point by point: what policy-bot makes of it, as `policybot` evaluates it (another test holds that
//! to policy-bot itself), and what a policy of ours makes of the same, mostly as a case of that policy. The name of a
//! test begins with its point.

mod disapproval;
mod engine;
mod files;
mod methods;
mod options;
mod people;
mod predicates;
mod structure;

use serde_json::{Value, json};

use super::fixture::{redigest, shown, snapshot};
use crate::actor::Actor;
use crate::change::{Review, ReviewId, ReviewState};
use crate::decide::{decide, rehearse};
use crate::library::Library;
use crate::plan::Plan;
use crate::policybot::{Change, CommitStatus, Outcome, Status, evaluate, read};
use crate::snapshot::{PolicyFile, Snapshot};

/// What a change of policy-bot's starts from: ana's two commits, pushed at two and three o'clock; bo approves at four.
fn change(patch: &Value) -> Change {
    let mut change = json!({
        "repository": "acme/env", "author": "ana", "target": "main", "source": "topic", "head": "c2", "title": "fix: it",
        "commits": [{ "sha": "c1", "parents": ["b0"], "author": "ana", "committer": "ana" },
                    { "sha": "c2", "parents": ["c1"], "author": "ana", "committer": "ana" }],
        "pushed_at": { "c1": at(2), "c2": at(3) },
        "files": [{ "path": "src/a.go", "status": "modified", "additions": 5, "deletions": 3 }],
        "permissions": { "ana": "admin", "bo": "write", "cy": "read" },
        "teams": { "acme/sre": ["bo", "ana"] }, "organizations": { "acme": ["bo", "cy"] },
        "reviews": [{ "author": "bo", "state": "approved", "created_at": at(4) }]
    });
    change.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
    serde_json::from_value(change).unwrap()
}

fn at(hour: u32) -> String {
    format!("2026-05-01T{hour:02}:00:00Z")
}

fn said(author: &str, text: &str, hour: u32) -> Value {
    json!({ "author": author, "text": text, "created_at": at(hour) })
}

fn reviewed(author: &str, state: &str, hour: u32) -> Value {
    json!({ "author": author, "state": state, "created_at": at(hour) })
}

/// policy-bot's outcome.
fn theirs(policy: &str, patch: &Value) -> Outcome {
    let policy = read(policy, ".policy.yml").unwrap_or_else(|errors| panic!("{errors:#?}\n{policy}"));
    evaluate(&policy, &change(patch))
}

/// The status that policy-bot sets.
#[track_caller]
fn their_status(policy: &str, patch: &Value, wanted: CommitStatus) {
    let outcome = theirs(policy, patch);
    assert_eq!(outcome.commit_status(), wanted, "{}", outcome.render());
}

/// A policy of policy-bot's with one rule `r`, given without its name.
fn only(rule: &str) -> String {
    format!("policy:\n  approval: [r]\napproval_rules:\n- name: r\n  {rule}\n")
}

fn state_of(outcome: &Outcome) -> &'static str {
    match (&outcome.error, outcome.status) {
        (Some(_), _) => "error",
        (None, Status::Skipped) => "skipped",
        (None, Status::Pending) => "pending",
        (None, Status::Approved) => "approved",
        (None, Status::Disapproved) => "disapproved",
    }
}

/// What becomes of a rule of policy-bot's.
fn their_rule(rule: &str, patch: &Value) -> Outcome {
    theirs(&only(rule), patch).children[0].children[0].clone()
}

#[track_caller]
fn they(rule: &str, patch: &Value, wanted: &str) {
    let outcome = their_rule(rule, patch);
    assert_eq!(state_of(&outcome), wanted, "{rule} {patch}\n{}", outcome.render());
}

/// What policy-bot refuses to read, and with which words we say so.
#[track_caller]
fn they_refuse(policy: &str, words: &str) {
    let errors = read(policy, ".policy.yml").expect_err(policy);
    assert!(errors.iter().any(|error| error.message.contains(words)), "{policy}: {errors:#?}");
}

const HEAD: &str = "version = 1\n[environment.production]\nsource = { yaml = \"production\" }\n";

fn policy(rules: &str) -> String {
    // `approval` stands before every table.
    let (tree, rules) = match rules.strip_prefix("approval") {
        Some(rest) => {
            let (tree, rules) = rest.split_once('\n').unwrap();
            (format!("approval{tree}\n"), rules)
        }
        None => (String::new(), rules),
    };
    format!("{}{tree}{}\n{rules}\n", &HEAD[..12], &HEAD[12..])
}

/// A rule of ours named `r`.
fn rule(inside: &str) -> String {
    format!("[[rule]]\nname = \"r\"\n{inside}")
}

/// A case of a policy of ours comes out as expected.
#[track_caller]
fn ours(rules: &str, given: &str, expect: &str) {
    let text = format!(
        "{}[[policy_test]]\nname = \"case\"\ngiven = {{ {given} }}\nexpect = {{ {expect} }}\n",
        policy(rules)
    );
    let parsed = crate::config::parse(&text, "p").unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
    let differs = &rehearse(&parsed, &file(&text), &Library::default())[0].differs;
    assert_eq!(differs, &[""; 0], "{rules}\n{given}");
}

/// What becomes of the rule `r` in a case.
#[track_caller]
fn our_rule(inside: &str, given: &str, state: &str) {
    ours(&rule(inside), given, &format!("rules = {{ r = '{state}' }}"));
}

#[track_caller]
fn we_refuse(rules: &str, words: &str) {
    let errors = crate::config::parse(&policy(rules), "p").expect_err(rules);
    let said: Vec<String> = errors
        .iter()
        .map(|error| format!("{} ({})", error.message, error.hint.clone().unwrap_or_default()))
        .collect();
    assert!(said.iter().any(|said| said.contains(words)), "{rules}: {said:#?}");
}

fn file(text: &str) -> PolicyFile {
    PolicyFile { blob: "d".repeat(40).parse().unwrap(), text: text.to_owned() }
}

/// ana's change under a policy of ours, on display since second 100.
fn displayed(rules: &str) -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.policy = Some(file(&policy(rules)));
    redigest(&mut snapshot);
    shown(&mut snapshot, 100);
    snapshot
}

fn review(snapshot: &mut Snapshot, id: u64, who: Actor, state: ReviewState, body: &str, at: i64) {
    snapshot.reviews.push(Review {
        id: ReviewId(id),
        author: who,
        state,
        body: body.to_owned(),
        head: Some(snapshot.change.head.clone()),
        submitted_at: super::fixture::time(at),
        edited: None,
    });
}

#[track_caller]
fn verdict(snapshot: &Snapshot, wanted: &str) {
    drop(judged(snapshot, wanted));
}

#[track_caller]
fn judged(snapshot: &Snapshot, wanted: &str) -> Plan {
    let plan = decide(snapshot);
    assert_eq!(plan.verdict.word(), wanted, "{:#?}", plan.verdict);
    plan
}
