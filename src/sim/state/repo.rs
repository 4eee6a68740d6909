//! A repository: who may do what, what was pushed, what is asked of it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Change, CheckRun, Protection, Role, Ruleset, Status, WorkflowRun};

/// How a branch moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityKind {
    /// Forward.
    Push,
    /// Somewhere that does not contain where it was.
    ForcePush,
    /// It came to be.
    Creation,
    /// It went.
    Deletion,
    /// By the forge's merge button.
    Merge,
}

impl ActivityKind {
    /// The API's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::ForcePush => "force_push",
            Self::Creation => "branch_creation",
            Self::Deletion => "branch_deletion",
            Self::Merge => "pr_merge",
        }
    }
}

/// One move of one branch.
#[derive(Debug, Clone)]
pub struct Activity {
    /// Its id.
    pub id: u64,
    /// The full name of the ref.
    pub reference: String,
    /// Where it was; zeros for nowhere.
    pub before: String,
    /// Where it is; zeros for nowhere.
    pub after: String,
    /// How.
    pub kind: ActivityKind,
    /// By whom.
    pub actor: u64,
    /// When.
    pub at: Timestamp,
}

/// A repository.
#[derive(Debug, Clone)]
pub(crate) struct Repo {
    pub(crate) id: u64,
    pub(crate) owner: u64,
    pub(crate) name: String,
    pub(crate) private: bool,
    pub(crate) default_branch: String,
    pub(crate) fork_of: Option<u64>,
    pub(crate) created: Timestamp,
    pub(crate) pushed: Timestamp,
    pub(crate) next_number: u64,
    pub(crate) collaborators: BTreeMap<u64, Role>,
    pub(crate) teams: BTreeMap<u64, Role>,
    /// Branches as of the last push: name → commit.
    pub(crate) branches: BTreeMap<String, String>,
    pub(crate) changes: BTreeMap<u64, Change>,
    pub(crate) statuses: Vec<Status>,
    pub(crate) checks: Vec<CheckRun>,
    pub(crate) workflows: Vec<WorkflowRun>,
    pub(crate) protection: BTreeMap<String, Protection>,
    pub(crate) rulesets: Vec<Ruleset>,
    pub(crate) activity: Vec<Activity>,
}
