//! The evidence bundle: everything that a landing was decided on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::message::{MergeMessage, parse_trailers};
use crate::decide::decide;
use crate::plan::Action;
use crate::report::Report;
use crate::revision::Digest;
use crate::snapshot::Snapshot;

/// The form of a bundle.
pub const SCHEMA: &str = "countersign.evidence/v1";

/// Everything a landing was decided on. It is written before the merge commit exists, and the commit names its digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// [`SCHEMA`].
    pub schema: String,
    /// What was seen.
    pub snapshot: Snapshot,
    /// What was made of it.
    pub report: Report,
    /// Versions and digests of every tool that was used, by name.
    pub tools: BTreeMap<String, String>,
}

impl Evidence {
    /// A bundle.
    pub fn new(snapshot: Snapshot, report: Report, tools: BTreeMap<String, String>) -> Self {
        Self { schema: SCHEMA.to_owned(), snapshot, report, tools }
    }

    /// The bytes that are stored and hashed.
    pub fn bytes(&self) -> Vec<u8> {
        // Every map in it has text for keys, so that there is no value which JSON could not write.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The digest of [`Evidence::bytes`].
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes())
    }
}

/// The message that the evidence, decided again, gives its commit (without the `Evidence` trailer).
fn expected(evidence: &Evidence) -> Option<MergeMessage> {
    decide(&evidence.snapshot).actions.into_iter().find_map(|action| match action {
        Action::Land(order) => Some(order.message),
        Action::React { .. } | Action::Reply { .. } | Action::Display { .. } | Action::Status { .. } => None,
    })
}

/// Compares a commit's message with what its evidence gives: every difference in a sentence.
pub fn check_message(message: &str, evidence: &Evidence) -> Vec<String> {
    let Some(expected) = expected(evidence) else {
        return vec!["decided again, the evidence orders no landing".to_owned()];
    };
    let mut problems = Vec::new();
    let title = message.lines().next().unwrap_or_default();
    if title != expected.title {
        problems.push(format!("its title is “{title}”, the evidence says “{}”", expected.title));
    }
    let found: Vec<_> = parse_trailers(message).into_iter().filter(|trailer| trailer.key != "Evidence").collect();
    for trailer in found.iter().filter(|trailer| !expected.trailers.contains(trailer)) {
        problems.push(format!("the evidence does not say “{}: {}”", trailer.key, trailer.value));
    }
    for trailer in expected.trailers.iter().filter(|trailer| !found.contains(trailer)) {
        problems.push(format!("the evidence says “{}: {}”, the commit does not", trailer.key, trailer.value));
    }
    problems
}
