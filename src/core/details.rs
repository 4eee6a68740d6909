//! What only some conditions of a policy look at: files and their lines, commits and their signatures, labels, checks
//! by others, runs of workflows. Each part is read only where the policy asks for it; what was not read is unknown,
//! never empty.

use serde::{Deserialize, Serialize};

use crate::actor::{Actor, Known};
use crate::change::Reviewer;
use crate::evaluation::PathOperation;
use crate::revision::CommitSha;

/// What a snapshot says of a part that nobody asked for, and of every part where it is older than that part.
const NOT_READ: &str = "not read";

/// Particulars of a change request. A part that a snapshot does not have was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Details {
    /// Every path that differs between base and the merge result, whatever reads it.
    pub files: Known<Vec<ChangedFile>>,
    /// The commits of B..H, on any parent.
    pub commits: Known<Vec<Commit>>,
    /// Its labels.
    pub labels: Known<Vec<String>>,
    /// Statuses and checks on the head, with what they ended with and who set them.
    pub outcomes: Known<Vec<Outcome>>,
    /// Runs of the forge's own workflows for the head.
    pub workflows: Known<Vec<WorkflowRun>>,
    /// Who owns the repository that the head comes from.
    pub source_owner: Known<String>,
    /// Who is asked for a review and has not given one.
    pub requested: Known<Vec<Reviewer>>,
}

fn not_read<T>() -> Known<T> {
    Known::Unknown(NOT_READ.to_owned())
}

impl Default for Details {
    fn default() -> Self {
        Self {
            files: not_read(),
            commits: not_read(),
            labels: not_read(),
            outcomes: not_read(),
            workflows: not_read(),
            source_owner: not_read(),
            requested: not_read(),
        }
    }
}

/// A path that differs. A rename is a removal and an addition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChangedFile {
    /// From the root of the tree.
    pub path: String,
    /// What happened to it.
    pub operation: PathOperation,
    /// How many of its lines changed; `None` where it has no lines, or nobody counted them.
    pub lines: Option<Lines>,
}

/// Changed lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Lines {
    /// New ones.
    pub added: u64,
    /// Those that are gone.
    pub removed: u64,
}

/// A name in a commit, and the account that answers to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Signatory {
    /// `Name <address>`; free text.
    pub identity: String,
    /// Whose it is, as the forge sees it.
    pub account: Option<Actor>,
}

/// What the forge says of a commit's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Signature {
    /// Whether it is there and holds.
    pub verified: bool,
    /// Whose key it is, where the forge tells.
    pub signer: Option<Actor>,
    /// The key, where the forge tells: the long id of an OpenPGP key in upper case, or `SHA256:` and the fingerprint of an
    /// SSH key.
    pub key: Option<String>,
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Commit {
    /// Which.
    pub sha: CommitSha,
    /// Who wrote it.
    pub author: Signatory,
    /// Who made it.
    pub committer: Signatory,
    /// Whether the forge itself made it for its author, and signed it; `None` where that cannot be told.
    pub via_web: Option<bool>,
    /// Its signature.
    pub signature: Known<Signature>,
}

/// What a status or check ended with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// `success`, `failure`, …; `None` while it runs.
    pub conclusion: Option<String>,
    /// The app, or the account, that set it, by name; `None` where the forge does not tell.
    pub by: Option<String>,
}

/// A run of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WorkflowRun {
    /// The file of the workflow, as `.github/workflows/build.yml`; its bare name where the forge tells no more.
    pub workflow: String,
    /// What set it off.
    pub event: String,
    /// Its number; later ones have higher ones.
    pub number: u64,
    /// `success`, `failure`, …; `None` while it runs.
    pub conclusion: Option<String>,
}
