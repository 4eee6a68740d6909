//! Checks in Rego against the engine that conftest has: they find the same, or say that they cannot.

mod ask;
mod compare;

use compare::{Count, Outcome, compare};

use crate::parts;

/// The test fails where anything differs silently; the rest is counted.
#[track_caller]
fn agree(tool: &std::path::Path, questions: &[ask::Question]) -> Count {
    let (count, differences) = compare(questions, &ask::ours(questions), &ask::theirs(tool, questions));
    let silent: Vec<String> = differences
        .iter()
        .filter(|difference| difference.outcome == Outcome::Differs)
        .map(|difference| {
            let question = serde_json::to_string(difference.question).unwrap();
            format!("{question}\n  ours:   {}\n  theirs: {}", difference.ours, difference.theirs)
        })
        .collect();
    assert!(silent.is_empty(), "{count}\n{}", silent.join("\n"));
    count
}

#[test]
fn no_case_of_opas_own_tests_differs_silently() {
    let Some(tool) = parts::tools::opa() else { return };
    let count = agree(&tool, &ask::cases_of_opa(&tool));
    eprintln!("OPA's own cases: {count}");
    assert!(count.agree > 1_700, "{count}");
}
