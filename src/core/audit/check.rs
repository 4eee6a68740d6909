//! Holding a commit's message against its evidence: the evidence is decided again, and every trailer that follows is
//! compared. Who signed what is not asked here.

use super::evidence::Evidence;
use super::message::{EVIDENCE, MergeMessage, Trailer, parse_trailers};
use crate::decide::decide;
use crate::plan::Action;

/// The message that the evidence, decided again, gives its commit (without the `Evidence` trailer).
fn expected(evidence: &Evidence) -> Option<MergeMessage> {
    decide(&evidence.snapshot).actions.into_iter().find_map(|action| match action {
        Action::Land(order) => Some(order.message),
        Action::React { .. }
        | Action::Reply { .. }
        | Action::Display { .. }
        | Action::Status { .. }
        | Action::RequestReview { .. } => None,
    })
}

/// Compares a commit's message with what its evidence gives: every difference in a sentence. That the `Evidence`
/// trailer names this evidence is known to whoever found it by its digest; here it must stand exactly once.
pub fn check_message(message: &str, evidence: &Evidence) -> Vec<String> {
    match expected(evidence) {
        Some(expected) => differences(message, &expected),
        None => vec!["decided again, the evidence orders no landing".to_owned()],
    }
}

/// Every trailer of one side that the other lacks, each as often as it stands there; of two with the same key, one is
/// said to have become the other.
pub(super) fn differences(message: &str, expected: &MergeMessage) -> Vec<String> {
    let mut wrong = Vec::new();
    let title = message.lines().next().unwrap_or_default();
    if title != expected.title {
        wrong.push(format!("its title is “{title}”, the evidence says “{}”", expected.title));
    }
    let (named, found): (Vec<Trailer>, Vec<Trailer>) =
        parse_trailers(message).into_iter().partition(|trailer| trailer.key == EVIDENCE);
    if named.len() != 1 {
        wrong.push(format!("it names {} bundles of evidence instead of one", named.len()));
    }
    let mut missing = expected.trailers.clone();
    let mut extra = Vec::new();
    for trailer in found {
        match missing.iter().position(|other| *other == trailer) {
            Some(at) => drop(missing.remove(at)),
            None => extra.push(trailer),
        }
    }
    for trailer in extra {
        match missing.iter().position(|other| other.key == trailer.key).map(|at| missing.remove(at)) {
            Some(other) => wrong.push(format!("it says “{trailer}”, the evidence “{}”", other.value)),
            None => wrong.push(format!("the evidence does not say “{trailer}”")),
        }
    }
    wrong.extend(missing.iter().map(|trailer| format!("the evidence says “{trailer}”, the commit does not")));
    wrong
}
