//! A forge: change requests, conversations, statuses, people, protection.

use std::fmt;

use async_trait::async_trait;
use countersign_core::actor::{Actor, ActorId, Permission};
use countersign_core::change::{ChangeId, ChangeRequest, Comment, CommentId, RepoPath, Review, Reviewer};
use countersign_core::details::{Outcome, Signature, WorkflowRun};
use countersign_core::plan::{Annotations, Reaction};
use countersign_core::revision::{BranchName, CommitSha};
use countersign_core::snapshot::{CommitStatus, LandCapability, StatusState};

use super::BoxError;

/// Why a forge did not do what was asked. The variants are the caller's choices.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// Too many requests.
    #[error("rate limited by the forge; wait {seconds} s")]
    RateLimited {
        /// How long to wait.
        seconds: u64,
    },
    /// It is not there, or the token may not see it.
    #[error("{action}: not found, or the token may not see it")]
    NotFound {
        /// What was asked.
        action: &'static str,
    },
    /// The forge understood and refused.
    #[error("{action} was refused by the forge: {why}")]
    Refused {
        /// What was asked.
        action: &'static str,
        /// In the forge's words, without secrets.
        why: String,
    },
    /// A read failed, or a write certainly did not happen: it may be repeated.
    #[error("{action}: the forge did not answer")]
    Unavailable {
        /// What was asked.
        action: &'static str,
        /// Beneath.
        #[source]
        source: BoxError,
    },
    /// A write may have happened: look before it is repeated.
    #[error("{action} may have happened: the forge's answer was lost")]
    Ambiguous {
        /// What was asked.
        action: &'static str,
        /// Beneath.
        #[source]
        source: BoxError,
    },
    /// An answer that makes no sense.
    #[error("{action}: the forge answered something unexpected: {why}")]
    Unexpected {
        /// What was asked.
        action: &'static str,
        /// What was wrong with it.
        why: String,
    },
}

/// A token. It has no `Display`, and its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself. Only for a header, a MAC or a child's environment.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where to fetch from and push to over HTTP, and as whom. `url` carries no credentials.
#[derive(Debug, Clone)]
pub struct GitRemote {
    /// `https://…/owner/name.git`
    pub url: String,
    /// User and token for basic authentication.
    pub credentials: Option<(String, Secret)>,
    /// The ref on the remote that holds a change's head, e.g. `refs/pull/7/head`.
    pub head_ref: String,
}

/// A line of the list of open change requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenChange {
    /// Number.
    pub number: u64,
    /// Head.
    pub head: CommitSha,
    /// The forge's time of last change, as text, compared and never parsed.
    pub updated: String,
}

/// A status to publish.
#[derive(Debug, Clone, Copy)]
pub struct StatusUpdate<'a> {
    /// On which commit.
    pub head: &'a CommitSha,
    /// Its name.
    pub context: &'a str,
    /// Passing or not.
    pub state: StatusState,
    /// At most 140 characters.
    pub description: &'a str,
    /// Where to read more.
    pub url: Option<&'a str>,
    /// Findings beside their lines and who has to agree, for a forge that can show them there; `None` leaves what is
    /// there.
    pub annotations: Option<&'a Annotations>,
}

/// How much is asked of signatures. A forge may tell the one and not the other, or at another price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealDepth {
    /// Whether they hold, and whether the forge made the commit.
    Holds,
    /// Whose they are and by which key, too.
    Whose,
}

/// What a forge says of how a commit was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitSeal {
    /// Which.
    pub commit: CommitSha,
    /// Its signature.
    pub signature: Signature,
    /// Whether the forge itself made it for its author, and signed it; `None` where it does not tell.
    pub via_web: Option<bool>,
}

/// Reading a forge. Every list is complete: all pages, or an error.
#[async_trait]
pub trait ForgeReader: Send + Sync {
    /// The bot's own account.
    async fn me(&self) -> Result<Actor, ForgeError>;
    /// Repositories that the token sees and the settings allow.
    async fn repositories(&self) -> Result<Vec<RepoPath>, ForgeError>;
    /// Open change requests.
    async fn open_changes(&self, repo: &RepoPath) -> Result<Vec<OpenChange>, ForgeError>;
    /// One change request.
    async fn change(&self, id: &ChangeId) -> Result<ChangeRequest, ForgeError>;
    /// Its conversation, oldest first.
    async fn comments(&self, id: &ChangeId) -> Result<Vec<Comment>, ForgeError>;
    /// Its reviews, oldest first.
    async fn reviews(&self, id: &ChangeId) -> Result<Vec<Review>, ForgeError>;
    /// Who is asked for a review and has not given one since.
    async fn review_requests(&self, id: &ChangeId) -> Result<Vec<Reviewer>, ForgeError>;
    /// Statuses and checks on a commit, newest of each name; with those that protection of `target` asks for.
    async fn statuses(
        &self,
        repo: &RepoPath,
        head: &CommitSha,
        target: &BranchName,
    ) -> Result<Vec<CommitStatus>, ForgeError>;
    /// What somebody may do.
    async fn permission(&self, repo: &RepoPath, actor: &Actor) -> Result<Permission, ForgeError>;
    /// Members of `org/team`.
    async fn team_members(&self, team: &str) -> Result<Vec<Actor>, ForgeError>;
    /// The account that answers to a commit's author or committer address on this change, for each commit of it:
    /// `(commit, author, committer)`.
    async fn commit_accounts(
        &self,
        id: &ChangeId,
    ) -> Result<Vec<(CommitSha, Option<Actor>, Option<Actor>)>, ForgeError>;
    /// The signatures of a change's commits, as the forge verified them. A commit of which it says nothing is left out.
    async fn commit_seals(&self, id: &ChangeId, depth: SealDepth) -> Result<Vec<CommitSeal>, ForgeError>;
    /// Who owns the repository that a change comes from; `None` where it is gone.
    async fn source_owner(&self, id: &ChangeId) -> Result<Option<String>, ForgeError>;
    /// Runs of the forge's own workflows for a commit.
    async fn workflow_runs(&self, repo: &RepoPath, head: &CommitSha) -> Result<Vec<WorkflowRun>, ForgeError>;
    /// Members of an organization.
    async fn organization_members(&self, organization: &str) -> Result<Vec<Actor>, ForgeError>;
    /// The labels of a change request.
    async fn labels(&self, id: &ChangeId) -> Result<Vec<String>, ForgeError>;
    /// Statuses and checks on a commit, newest of each name and setter, with what they ended with.
    async fn outcomes(&self, repo: &RepoPath, head: &CommitSha) -> Result<Vec<Outcome>, ForgeError>;
    /// Who pushed this head, where the forge tells.
    async fn pusher(&self, id: &ChangeId, head: &CommitSha) -> Result<Option<Actor>, ForgeError>;
    /// May the bot land on this branch, and may anybody else?
    async fn capability(&self, repo: &RepoPath, target: &BranchName) -> Result<LandCapability, ForgeError>;
    /// Where to fetch and push, with fresh credentials.
    async fn remote(&self, id: &ChangeId) -> Result<GitRemote, ForgeError>;
}

/// Writing to a forge. Nothing here repeats a write by itself.
#[async_trait]
pub trait ForgeWriter: Send + Sync {
    /// Posts a comment.
    async fn create_comment(&self, id: &ChangeId, body: &str) -> Result<Comment, ForgeError>;
    /// Replaces a comment's text.
    async fn update_comment(
        &self,
        id: &ChangeId,
        comment: CommentId,
        body: &str,
    ) -> Result<Comment, ForgeError>;
    /// Reacts to a comment.
    async fn react(&self, id: &ChangeId, comment: CommentId, reaction: Reaction) -> Result<(), ForgeError>;
    /// Asks for a review. Fine when they are asked already; refused where they cannot be asked.
    async fn request_review(&self, id: &ChangeId, whom: &Reviewer) -> Result<(), ForgeError>;
    /// Publishes a status or check.
    async fn set_status(&self, repo: &RepoPath, update: StatusUpdate<'_>) -> Result<(), ForgeError>;
    /// Tells the forge that a change request is merged by this commit, where the forge does not see it by itself.
    /// Fine when it is already marked.
    async fn mark_merged(&self, id: &ChangeId, commit: &CommitSha) -> Result<(), ForgeError>;
}

/// What a delivery says: look there. Everything else is read afresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Look at this change request.
    Change {
        /// Where.
        repo: RepoPath,
        /// Which.
        number: u64,
        /// Who pushed, when it is a push to the change request.
        pushed: Option<(Actor, CommitSha)>,
    },
    /// A branch moved: look at every open change request that targets it.
    Branch {
        /// Where.
        repo: RepoPath,
        /// Which.
        branch: BranchName,
    },
    /// Nothing to look at.
    Nothing,
}

/// Why a delivery is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Missing or wrong.
    #[error("the signature is missing or wrong")]
    Signature,
    /// Not JSON, or not what the forge documents.
    #[error("the body is not a delivery: {0}")]
    Malformed(String),
}

/// Verifies and reads deliveries; knows nothing of the network.
pub trait WebhookReader: Send + Sync {
    /// Verifies the signature over the raw bytes, in constant time, then reads. Header names are lower case.
    fn read(
        &self,
        header: &dyn Fn(&str) -> Option<String>,
        body: &[u8],
    ) -> Result<(DeliveryId, Hint), DeliveryError>;
}

/// The forge's id of a delivery; a forge that repeats one repeats the id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryId(pub String);

/// A configured forge, whole.
pub trait Forge: ForgeReader + ForgeWriter + WebhookReader {
    /// Its name in the settings.
    fn name(&self) -> &str;
    /// How many bytes a comment may have.
    fn comment_budget(&self) -> usize;
    /// Whether the settings allow this repository. Everything else refuses to touch others.
    fn allows(&self, repo: &RepoPath) -> bool;
}

/// An account id that cannot exist, for authors of deleted accounts.
pub const GHOST: ActorId = ActorId::new(0);
