//! A change request: what a forge calls a pull or merge request, in our words.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::revision::{BranchName, CommitSha};

/// A repository on a configured forge: the forge's name in the settings and `owner/name` on it.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct RepoId {
    /// The name of the forge in the settings.
    pub forge: String,
    /// `owner/name`; nested groups have more parts.
    pub path: RepoPath,
}

/// `owner/name`, or `group/subgroup/name`: at least two parts, each safe in a URL path and as a folder name.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct RepoPath(String);

/// A text that is not a repository path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a repository path like owner/name")]
pub struct InvalidRepoPath(String);

impl RepoPath {
    /// The whole path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Everything before the last slash.
    pub fn owner(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(owner, _)| owner)
    }

    /// The part after the last slash.
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }
}

impl FromStr for RepoPath {
    type Err = InvalidRepoPath;

    fn from_str(text: &str) -> Result<Self, InvalidRepoPath> {
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let part = |part: &str| !part.is_empty() && !part.starts_with(['-', '.']) && part.chars().all(safe);
        if text.len() <= 255 && text.contains('/') && text.split('/').all(part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRepoPath(text.chars().take(200).collect()))
        }
    }
}

impl TryFrom<String> for RepoPath {
    type Error = InvalidRepoPath;

    fn try_from(text: String) -> Result<Self, InvalidRepoPath> {
        text.parse()
    }
}

impl From<RepoPath> for String {
    fn from(path: RepoPath) -> Self {
        path.0
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.forge, self.path)
    }
}

/// One change request of one repository.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct ChangeId {
    /// Where it was opened (its target, not a fork).
    pub repo: RepoId,
    /// Its number there.
    pub number: u64,
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repo, self.number)
    }
}

/// Where a change request is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum ChangeState {
    /// It can still land.
    Open,
    /// The forge says that it is merged, by this commit where it says so.
    Merged {
        /// The merge commit.
        commit: Option<CommitSha>,
    },
    /// Closed without landing.
    Closed,
}

/// A change request as the forge shows it at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChangeRequest {
    /// Identity.
    pub id: ChangeId,
    /// Its title; free text by its author.
    pub title: String,
    /// Its page on the forge.
    pub url: String,
    /// Who opened it.
    pub author: Actor,
    /// Open, merged, closed.
    pub state: ChangeState,
    /// The branch that it wants to change.
    pub target: BranchName,
    /// Whether that is the repository's default branch; `false` where the forge does not tell.
    #[serde(default)]
    pub into_default: bool,
    /// The branch that it comes from, as text: a fork's branch may carry any name. For display only.
    pub source: String,
    /// Its head (H).
    pub head: CommitSha,
    /// A draft never lands.
    pub draft: bool,
    /// Whether the head lives in another repository (by repository id; a deleted one counts as another).
    pub fork: bool,
}

/// The forge's number of a comment. Reviews have numbers of their own, see [`ReviewId`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct CommentId(pub u64);

/// The forge's number of a review.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct ReviewId(pub u64);

/// A comment in the conversation of a change request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Comment {
    /// Identity.
    pub id: CommentId,
    /// Who wrote it.
    pub author: Actor,
    /// Its text as it is now.
    pub body: String,
    /// When it was written, by the forge's clock.
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// When it was last changed, by the forge's clock. Some forges do not move it within a second of creation.
    #[schemars(with = "String")]
    pub updated_at: Timestamp,
}

/// What a review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewState {
    /// Yes.
    Approved,
    /// No, until changed.
    ChangesRequested,
    /// Neither.
    Commented,
    /// Withdrawn by somebody.
    Dismissed,
}

/// Whom a review may be asked of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reviewer {
    /// Somebody, by login: policies name people so. Nobody gains anything by being asked.
    User(String),
    /// A team, `org/team`.
    Team(String),
}

impl Reviewer {
    /// Whether both mean the same, however they are written.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::User(one), Self::User(other)) | (Self::Team(one), Self::Team(other)) => {
                one.eq_ignore_ascii_case(other)
            }
            (Self::User(_), Self::Team(_)) | (Self::Team(_), Self::User(_)) => false,
        }
    }

    /// Their name.
    pub fn name(&self) -> &str {
        match self {
            Self::User(name) | Self::Team(name) => name,
        }
    }
}

/// A review through the forge's own buttons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Review {
    /// Identity.
    pub id: ReviewId,
    /// Who reviewed.
    pub author: Actor,
    /// Yes, no or neither.
    pub state: ReviewState,
    /// Its text.
    pub body: String,
    /// The head that the forge had recorded for it.
    pub head: Option<CommitSha>,
    /// When, by the forge's clock.
    #[schemars(with = "String")]
    pub submitted_at: Timestamp,
    /// Whether its text was changed since; `None` where the forge does not tell, or nobody asked because it cannot hold
    /// a command.
    #[serde(default)]
    pub edited: Option<bool>,
}
