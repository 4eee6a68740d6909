//! Checks in Rego against the engine that conftest has: they find the same, or say that they cannot.

mod ask;
mod compare;
pub(crate) mod dice;
mod functions;
mod limits;
mod made;
mod modules;
mod pools;
mod safety;
mod table;

use compare::{Count, Outcome, compare};

use crate::parts;

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
const MADE: usize = 600;

/// The test fails where anything differs silently; the rest is counted.
#[track_caller]
fn agree(what: &str, tool: &std::path::Path, questions: &[ask::Question]) -> Count {
    let (count, differences) = compare(questions, &ask::ours(questions), &ask::theirs(tool, questions));
    let silent: Vec<String> = differences
        .iter()
        .filter(|difference| difference.outcome == Outcome::Differs)
        .map(|difference| {
            let policy = &difference.question.modules[0];
            format!(
                "{policy}\n{}\n  ours:   {}\n  theirs: {}",
                difference.input, difference.ours, difference.theirs
            )
        })
        .collect();
    assert!(silent.is_empty(), "{what}: {count}\n{}", silent.join("\n"));
    eprintln!("{what}: {count}");
    count
}

#[test]
fn no_case_of_opas_own_tests_differs_silently() {
    let Some(tool) = parts::tools::opa() else { return };
    let count = agree("OPA's own cases", &tool, &ask::cases_of_opa(&tool));
    assert!(count.agree > 2_300, "{count}");
}

#[test]
fn every_construct_means_the_same() {
    let Some(tool) = parts::tools::opa() else { return };
    let count = agree("constructs", &tool, &table::questions());
    assert!(count.agree > 4_500 && count.refused + count.blocked < 200, "{count}");
}

#[test]
fn every_function_answers_the_same() {
    let Some(tool) = parts::tools::opa() else { return };
    let count = agree("functions", &tool, &functions::questions(SEED));
    assert!(count.agree > 30_000 && count.refused == 0, "{count}");
}

#[test]
fn made_up_policies_find_the_same() {
    let Some(tool) = parts::tools::opa() else { return };
    let count = agree("made up policies", &tool, &made::questions(SEED, MADE));
    assert!(count.agree > MADE * 3, "{count}");
}
