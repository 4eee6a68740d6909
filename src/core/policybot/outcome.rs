//! What policy-bot makes of a pull request.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// Where a rule or a branch stands, in the order of policy-bot's statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It does not apply.
    Skipped,
    /// Somebody or something is missing.
    Pending,
    /// It is met.
    Approved,
    /// Somebody or something stops the change.
    Disapproved,
}

/// What became of a node of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// `policy`, `approval`, `and`, `or`, `disapproval`, or the name of a rule.
    pub name: String,
    /// Where it stands. Beside an error this says what the rest of it came to.
    pub status: Status,
    /// What could not be told; the status of the commit is then an error, whatever `status` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why, in words.
    pub why: String,
    /// Who counts, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// Whose word no longer stands, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dismissed: Vec<Dismissed>,
    /// Which conditions of `requires` hold, in policy-bot's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<bool>,
    /// What it consists of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Outcome>,
}

/// A word that no longer stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismissed {
    /// Whose.
    pub user: String,
    /// Why.
    pub reason: Reason,
}

/// Why a word no longer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It was edited.
    Edited,
    /// Something was pushed since.
    Pushed,
}

/// The status that policy-bot sets on the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommitStatus {
    /// It may be merged.
    Success,
    /// Not yet.
    Pending,
    /// No.
    Failure,
    /// It cannot be told, or no rule applies.
    Error,
}

impl Outcome {
    pub(super) fn new(name: &str, status: Status, why: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            status,
            error: None,
            why: why.into(),
            approvers: Vec::new(),
            dismissed: Vec::new(),
            conditions: Vec::new(),
            children: Vec::new(),
        }
    }

    /// The status of the commit that comes of it.
    pub const fn commit_status(&self) -> CommitStatus {
        match (&self.error, self.status) {
            (Some(_), _) | (None, Status::Skipped) => CommitStatus::Error,
            (None, Status::Pending) => CommitStatus::Pending,
            (None, Status::Approved) => CommitStatus::Success,
            (None, Status::Disapproved) => CommitStatus::Failure,
        }
    }

    /// Whether something in it could not be told, be it that an `or` dropped it. What policy-bot comes to all the same
    /// may then be another thing where more is known, unless it is success.
    pub fn has_gap(&self) -> bool {
        self.error.is_some() || self.children.iter().any(Self::has_gap)
    }

    /// The tree as people read it, a line for each node; ends with a line break.
    pub fn render(&self) -> String {
        let mut text = String::new();
        self.line(0, &mut text);
        text
    }

    fn line(&self, depth: usize, text: &mut String) {
        let status = match (&self.error, self.status) {
            (Some(_), _) => "error",
            (None, Status::Skipped) => "skipped",
            (None, Status::Pending) => "pending",
            (None, Status::Approved) => "approved",
            (None, Status::Disapproved) => "disapproved",
        };
        let why = self.error.as_ref().unwrap_or(&self.why);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:indent$}{} · {status} · {why}", "", self.name, indent = depth * 2);
        for child in &self.children {
            child.line(depth + 1, text);
        }
    }
}
