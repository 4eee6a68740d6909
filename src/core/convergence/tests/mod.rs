//! Objects as controllers leave them, and how far each has come.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod appliers;
mod objects;
mod releases;

use serde_json::{Value, json};

use super::{Progress, Standing, standing, together};

const COMMIT: &str = "1111111111111111111111111111111111111111";
const LATER: &str = "2222222222222222222222222222222222222222";
const EARLIER: &str = "3333333333333333333333333333333333333333";

/// A history in which one commit came before ours and one after it, and no other is known.
fn contains(revision: &str) -> Option<bool> {
    [(COMMIT, true), (LATER, true), (EARLIER, false)]
        .into_iter()
        .find(|(commit, _)| commit.starts_with(revision))
        .map(|(_, contains)| contains)
}

/// One line: how far, and why.
fn told(live: &Value) -> String {
    line(&standing(Some(live), &contains))
}

fn line(standing: &Standing) -> String {
    let progress = serde_json::to_value(standing.progress).unwrap();
    format!("{}: {}", progress.as_str().unwrap(), standing.why)
}

#[test]
fn what_is_not_there_is_waited_for() {
    assert_eq!(line(&standing(None, &contains)), "in-progress: it is not there yet");
}

#[test]
fn together_they_are_as_far_as_the_worst() {
    let of = |progress: Progress| Standing { progress, why: "so".to_owned() };
    assert_eq!(line(&together([])), "reached: there is nothing to wait for");
    assert_eq!(
        line(&together([("a", of(Progress::Reached)), ("b", of(Progress::Reached))])),
        "reached: everything has arrived and is well"
    );
    let all = [
        ("a", of(Progress::Reached)),
        ("b", of(Progress::Degraded)),
        ("c", of(Progress::InProgress)),
        ("d", of(Progress::Degraded)),
    ];
    assert_eq!(line(&together(all)), "degraded: b: so");
}

#[test]
fn words_of_controllers_are_one_line_of_bounded_length() {
    let long = "x ".repeat(1000);
    let said = Standing::quoting(Progress::Failed, "why", Some(&format!("a\n\tb {long}")));
    assert!(said.why.starts_with("why: a b x x"), "{}", said.why);
    assert!(said.why.chars().count() < 320 && said.why.ends_with('…'), "{}", said.why);
    assert_eq!(Standing::quoting(Progress::Failed, "why", Some(" \n ")).why, "why");
    assert_eq!(told(&json!({})), "reached: it is there");
    assert_eq!(told(&json!(null)), "reached: it is there");
}
