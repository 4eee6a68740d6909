//! A pull request as policy-bot sees it, recorded.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actor::Permission;

/// All that policy-bot asks the forge about a pull request. What is left out is empty; what could not be had stands
/// under `failed`. Times are RFC 3339.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// `owner/name` of the repository that it targets.
    pub repository: String,
    /// Who opened it.
    pub author: String,
    /// Its title.
    #[serde(default)]
    pub title: String,
    /// The branch that it wants to change.
    pub target: String,
    /// The branch that it comes from; `owner:branch` where that is in a fork.
    #[serde(default)]
    pub source: String,
    /// Its head commit.
    pub head: String,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// What changes.
    #[serde(default)]
    pub files: Vec<File>,
    /// Its commits, on any parent, in any order.
    #[serde(default)]
    pub commits: Vec<Commit>,
    /// When commits were pushed, by id.
    #[serde(default)]
    pub pushed_at: BTreeMap<String, Timestamp>,
    /// Comments, and the texts of reviews that neither approve nor ask for changes.
    #[serde(default)]
    pub comments: Vec<Comment>,
    /// Reviews.
    #[serde(default)]
    pub reviews: Vec<Review>,
    /// The members of teams, by `org/team`.
    #[serde(default)]
    pub teams: BTreeMap<String, Vec<String>>,
    /// The members of organizations.
    #[serde(default)]
    pub organizations: BTreeMap<String, Vec<String>>,
    /// What people may do in the repository.
    #[serde(default)]
    pub permissions: BTreeMap<String, Permission>,
    /// What statuses and checks on the head ended with, the newest of each name.
    #[serde(default)]
    pub statuses: BTreeMap<String, String>,
    /// What the newest finished run of each workflow ended with, one for each event, by the workflow's file.
    #[serde(default)]
    pub workflows: BTreeMap<String, Vec<String>>,
    /// Labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Custom properties of the repository: those that are set.
    #[serde(default)]
    pub properties: BTreeMap<String, Property>,
    /// What could not be had, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failed: BTreeMap<Part, String>,
}

/// A part of a pull request that has to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Its text.
    Body,
    /// The branch that it comes from.
    Source,
    /// Its files.
    Files,
    /// Its commits.
    Commits,
    /// How its commits are signed.
    Signatures,
    /// Its comments.
    Comments,
    /// Its reviews.
    Reviews,
    /// Who is in teams.
    Teams,
    /// Who is in organizations.
    Organizations,
    /// Who may do what.
    Permissions,
    /// Statuses.
    Statuses,
    /// Workflows.
    Workflows,
    /// Labels.
    Labels,
    /// Custom properties.
    Properties,
}

impl Part {
    /// What it is called in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Body => "its text",
            Self::Source => "the branch that it comes from",
            Self::Files => "the changed files",
            Self::Commits => "the commits",
            Self::Signatures => "the signatures",
            Self::Comments => "the comments",
            Self::Reviews => "the reviews",
            Self::Teams => "who is in a team",
            Self::Organizations => "who is in an organization",
            Self::Permissions => "who may do what",
            Self::Statuses => "the statuses",
            Self::Workflows => "the workflows",
            Self::Labels => "the labels",
            Self::Properties => "the custom properties",
        }
    }
}

/// The text of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Who wrote it, or changed it last.
    pub author: String,
    /// What it says.
    pub text: String,
    /// When the request was opened.
    pub created_at: Timestamp,
    /// When it was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileStatus {
    /// It has other content.
    Modified,
    /// It is new.
    Added,
    /// It is gone.
    Deleted,
}

/// A file that changes. A rename is one that goes and one that is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// From the root of the tree.
    pub path: String,
    /// What happened to it.
    pub status: FileStatus,
    /// How many lines are new.
    #[serde(default)]
    pub additions: u32,
    /// How many are gone.
    #[serde(default)]
    pub deletions: u32,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// Its id.
    pub sha: String,
    /// Its parents' ids.
    #[serde(default)]
    pub parents: Vec<String>,
    /// The account that wrote it; empty where there is none.
    #[serde(default)]
    pub author: String,
    /// The account that made it, likewise.
    #[serde(default)]
    pub committer: String,
    /// Whether the forge made it, for somebody on its pages.
    #[serde(default)]
    pub via_web: bool,
    /// Its signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

impl Commit {
    /// The accounts behind it.
    pub(super) fn users(&self) -> impl Iterator<Item = &str> {
        [self.author.as_str(), self.committer.as_str()].into_iter().filter(|user| !user.is_empty())
    }
}

/// How a commit is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureKind {
    /// With an OpenPGP key.
    Gpg,
    /// With a certificate.
    Smime,
    /// With an SSH key.
    Ssh,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// How.
    pub kind: SignatureKind,
    /// Whether it holds.
    pub valid: bool,
    /// The long id of an OpenPGP key.
    #[serde(default)]
    pub key: String,
    /// The account that signed.
    #[serde(default)]
    pub signer: String,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Who wrote it.
    pub author: String,
    /// What it says.
    pub text: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
}

/// What a review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewState {
    /// Yes.
    Approved,
    /// No.
    ChangesRequested,
    /// Neither.
    Commented,
    /// Withdrawn.
    Dismissed,
    /// Not sent yet.
    Pending,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Who reviewed.
    pub author: String,
    /// What it says.
    pub state: ReviewState,
    /// Its text.
    #[serde(default)]
    pub text: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
}

/// A custom property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Property {
    /// A text.
    Text(String),
    /// Several.
    List(Vec<String>),
}
