//! All that was seen of one change request at one moment. A snapshot can be saved as JSON and decided again, offline.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actor::{Actor, ActorId, Known, Permission};
use crate::change::{ChangeRequest, Comment, Review};
use crate::details::Details;
use crate::evaluation::Evaluation;
use crate::fact::Fact;
use crate::library::Library;
use crate::policy::FieldPlace;
use crate::revision::{CommitSha, Digest, ObjectId};

/// The form that snapshots are saved in.
pub const SCHEMA: &str = "countersign.snapshot/v1";

/// What came of merging head into base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "merge")]
pub enum MergeOutcome {
    /// It merges cleanly.
    Clean {
        /// The tree that is judged, and lands.
        tree: ObjectId,
    },
    /// It does not.
    Conflict {
        /// The files in conflict.
        paths: Vec<String>,
    },
    /// Head is already part of base.
    Nothing,
}

/// Everybody who had a hand in the commits of B..H, on any parent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Contributors {
    /// Accounts that the forge ties to an author or committer of a commit.
    pub known: Vec<Actor>,
    /// Git identities (`Name <address>`) that no account answers to.
    pub unknown: Vec<String>,
    /// Who pushed this head; `None` where nobody told.
    pub pusher: Option<Actor>,
}

/// A policy file on one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PolicyFile {
    /// Its blob.
    pub blob: ObjectId,
    /// Its text.
    pub text: String,
}

/// The server's floor, as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FloorFile {
    /// What errors call it: the name of its file.
    pub file: String,
    /// Its text.
    pub text: String,
    /// The files on the server that its checks are written in.
    #[serde(default)]
    pub library: Library,
}

impl FloorFile {
    /// SHA-256 over all of it.
    pub fn digest(&self) -> Digest {
        let mut all = format!("{}:{}", self.text.len(), self.text);
        for (path, file) in self.library.files() {
            all.push_str(&format!("{}:{path}{}:{}", path.len(), file.text.len(), file.text));
        }
        Digest::of(all.as_bytes())
    }
}

/// What was learnt about people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Directory {
    /// Permission of everybody who commented or reviewed.
    pub permissions: BTreeMap<ActorId, Known<Permission>>,
    /// Members of the teams that the policy names.
    pub teams: BTreeMap<String, Known<Vec<Actor>>>,
    /// Members of the groups that it names.
    #[serde(default)]
    pub groups: BTreeMap<String, Known<Vec<Actor>>>,
    /// Members of the organizations that it names.
    #[serde(default)]
    pub organizations: BTreeMap<String, Known<Vec<Actor>>>,
}

/// What the forge and its protection rules let the bot do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LandCapability {
    /// Whether it can land.
    pub can: bool,
    /// Whether nobody else can update the target branch. Only then may a passing status be published.
    pub exclusive: bool,
    /// What is missing, each in a sentence with what to do.
    pub missing: Vec<String>,
}

/// Whether a status that must be there before landing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StatusState {
    /// Passing.
    Success,
    /// Not there or not finished.
    Pending,
    /// Not passing.
    Failure,
}

/// A status on the head commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CommitStatus {
    /// Its name.
    pub context: String,
    /// Its state.
    pub state: StatusState,
    /// Its text.
    pub description: String,
    /// Its author, where the forge tells.
    pub author: Option<ActorId>,
    /// Whether protection of the target branch asks for it.
    pub required: bool,
    /// Where it is the bot's own and can carry annotations: the digest of what it carries
    /// ([`crate::plan::Annotations::digest`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotated: Option<String>,
}

/// All that was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Snapshot {
    /// [`SCHEMA`].
    pub schema: String,
    /// When, by the bot's clock.
    #[schemars(with = "String")]
    pub now: Timestamp,
    /// The bot's own account.
    pub bot: Actor,
    /// The change request.
    pub change: ChangeRequest,
    /// Whether there is none, since a clone is looked at: then `change` says nothing, and conditions on it are unknown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unrequested: bool,
    /// The target's tip (B).
    pub base_tip: CommitSha,
    /// The merge of B and H.
    pub merge: MergeOutcome,
    /// Who made it.
    pub contributors: Contributors,
    /// The policy at B, which decides.
    pub policy: Option<PolicyFile>,
    /// The files at B that the policy's checks are written in.
    #[serde(default)]
    pub library: Library,
    /// The policy at the merge result, where it differs.
    pub proposed_policy: Option<PolicyFile>,
    /// The files of the policy at the merge result, where it or any of them differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_library: Option<Known<Library>>,
    /// What no repository of this server can weaken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<FloorFile>,
    /// What the change does.
    pub evaluation: Evaluation,
    /// Files with objects of the change that stand otherwise at head than in the judged tree.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub shifted: BTreeSet<String>,
    /// Where fields stand that findings are about, as far as somebody looked. They decide nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldPlace>,
    /// SHA-256 over `evaluation` as designed; see [`crate::effect::change_digest`].
    pub digest: Digest,
    /// What only some conditions look at, as far as it was asked for.
    #[serde(default)]
    pub details: Details,
    /// People.
    pub directory: Directory,
    /// Every comment, oldest first.
    pub comments: Vec<Comment>,
    /// Every review, oldest first.
    pub reviews: Vec<Review>,
    /// The ledger of this change, oldest first.
    pub facts: Vec<Fact>,
    /// Statuses on H.
    pub statuses: Vec<CommitStatus>,
    /// May it land here at all?
    pub capability: Known<LandCapability>,
    /// The bot's own page of this change, where it has pages.
    pub page: Option<String>,
}
