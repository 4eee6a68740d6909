//! The evidence bundle and the signed statement.
use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::revision::{CommitSha, Digest, ObjectId};
use crate::snapshot::Snapshot;

/// Everything a landing was decided on. Written before the merge commit exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// `countersign.evidence/v1`.
    pub schema: String,
    /// What was seen.
    pub snapshot: Snapshot,
    /// What was made of it.
    pub report: Report,
    /// Versions and digests of every tool that was used, by name.
    pub tools: std::collections::BTreeMap<String, String>,
}

/// An in-toto statement over a merge commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// `https://in-toto.io/Statement/v1`
    #[serde(rename = "_type")]
    pub kind: String,
    /// The merge commit as `gitCommit` digest.
    pub subject: serde_json::Value,
    /// `https://countersign.dev/landing/v1`
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is stated.
    pub predicate: Landed,
}

/// What is stated of a landing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Landed {
    /// Parents B and H.
    pub parents: Vec<CommitSha>,
    /// Tree.
    pub tree: ObjectId,
    /// Change digest.
    pub effect_digest: Digest,
    /// SHA-256 of the evidence bundle.
    pub evidence: Digest,
    /// Page of the change request.
    pub change_request: String,
    /// Target branch.
    pub branch: String,
}

/// DSSE's pre-authentication encoding: what is signed.
pub fn pre_authentication(_payload_type: &str, _payload: &[u8]) -> Vec<u8> {
    todo!()
}
