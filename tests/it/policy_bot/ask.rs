//! One question to both.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use countersign_core::policybot::{Change, CommitStatus, Outcome, evaluate, read};
use serde_json::{Value, json};

/// What policy-bot says to all the questions, in their order.
pub(super) fn theirs(tool: &Path, questions: &[Value]) -> Vec<Value> {
    let lines: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let mut child = Command::new(tool).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let done = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(done.status.success());
    let replies = String::from_utf8(done.stdout).unwrap();
    let replies: Vec<Value> = replies.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(replies.len(), questions.len());
    replies
}

/// What the cases come to.
#[derive(Debug, Default)]
pub(super) struct Count {
    pub(super) approved: usize,
    pub(super) pending: usize,
    pub(super) disapproved: usize,
    pub(super) skipped: usize,
    pub(super) failed: usize,
}

/// Without words: those are ours.
fn bare(outcome: &Outcome) -> Outcome {
    let error = outcome.error.as_ref().map(|_| "error".to_owned());
    let children = outcome.children.iter().map(bare).collect();
    Outcome { why: String::new(), error, children, ..outcome.clone() }
}

/// The test fails where anything differs.
#[track_caller]
pub(super) fn agree(tool: &Path, cases: &[(String, Change)]) -> Count {
    let questions: Vec<Value> =
        cases.iter().map(|(policy, change)| json!({ "policy": policy, "change": change })).collect();
    let mut count = Count::default();
    for ((policy, change), reply) in cases.iter().zip(theirs(tool, &questions)) {
        let case = || format!("{policy}\n{}", serde_json::to_string(change).unwrap());
        let read = read(policy, "p").unwrap_or_else(|errors| panic!("{errors:?}\n{}\n{reply}", case()));
        assert!(reply.get("outcome").is_some(), "{}\nwe read it, policy-bot says {reply}", case());
        let theirs: Outcome = serde_json::from_value(reply["outcome"].clone()).unwrap();
        let ours = evaluate(&read, change);
        assert_eq!(
            bare(&ours),
            bare(&theirs),
            "{}\nours:\n{}theirs:\n{}",
            case(),
            ours.render(),
            theirs.render()
        );
        match (&ours.error, ours.commit_status()) {
            (_, CommitStatus::Success) => count.approved += 1,
            (_, CommitStatus::Pending) => count.pending += 1,
            (_, CommitStatus::Failure) => count.disapproved += 1,
            (None, CommitStatus::Error) => count.skipped += 1,
            (Some(_), CommitStatus::Error) => count.failed += 1,
        }
    }
    count
}

/// Of each text, both take it or neither does.
#[track_caller]
pub(super) fn read_alike(tool: &Path, policies: &[String]) {
    let change = json!({ "repository": "acme/env", "author": "ana", "target": "main", "head": "c1" });
    let questions: Vec<Value> =
        policies.iter().map(|policy| json!({ "policy": policy, "change": change })).collect();
    let mut differences = Vec::new();
    for (policy, reply) in policies.iter().zip(theirs(tool, &questions)) {
        let refused = reply.get("refused");
        match (read(policy, "p"), refused) {
            (Ok(_), None) | (Err(_), Some(_)) => {}
            (Ok(_), Some(why)) => differences.push(format!("{policy}we read it, policy-bot says {why}")),
            (Err(errors), None) => {
                differences.push(format!("{policy}policy-bot reads it, we say {errors:?}"))
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}
