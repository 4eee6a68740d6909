//! The fields that we read of Gitea's answers, and nothing else.

use countersign_core::actor::{Actor, ActorId, ActorKind};
use countersign_core::change::{
    ChangeId, ChangeRequest, ChangeState, Comment, CommentId, Review, ReviewId, ReviewState, Reviewer,
};
use countersign_core::revision::{BranchName, CommitSha};
use jiff::Timestamp;
use serde::Deserialize;

use crate::ports::GHOST;

/// An account. Deleted accounts and Gitea's own have numbers below one.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    id: i64,
    login: String,
}

impl User {
    /// Nothing for an account that is nobody's.
    pub(super) fn actor(self, me: Option<&Actor>) -> Option<Actor> {
        let id = ActorId::new(u64::try_from(self.id).ok().filter(|id| *id > 0)?);
        let kind = if me.is_some_and(|me| me.id == id) { ActorKind::Bot } else { ActorKind::Human };
        Some(Actor { id, login: self.login, kind })
    }
}

/// The account, or the one that stands for deleted accounts.
pub(super) fn actor_or_ghost(user: Option<User>, me: &Actor) -> Actor {
    // Minus two is the account that Gitea's own jobs act as.
    let kind =
        if user.as_ref().is_some_and(|user| user.id == -2) { ActorKind::Bot } else { ActorKind::Human };
    let login = user.as_ref().map_or_else(|| "ghost".to_owned(), |user| user.login.clone());
    user.and_then(|user| user.actor(Some(me))).unwrap_or(Actor { id: GHOST, login, kind })
}

#[derive(Debug, Deserialize)]
pub(super) struct Repository {
    pub(super) full_name: String,
    #[serde(default)]
    pub(super) clone_url: String,
    #[serde(default)]
    pub(super) archived: bool,
    #[serde(default)]
    pub(super) allow_manual_merge: bool,
    #[serde(default)]
    pub(super) autodetect_manual_merge: bool,
    pub(super) permissions: Option<Permissions>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Permissions {
    #[serde(default)]
    pub(super) push: bool,
    #[serde(default)]
    pub(super) admin: bool,
}

#[derive(Debug, Deserialize)]
struct RepositoryRef {
    id: i64,
    default_branch: Option<String>,
    owner: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Side {
    #[serde(rename = "ref")]
    pub(super) name: String,
    pub(super) sha: String,
    repo: Option<RepositoryRef>,
}

impl Side {
    fn is_default(&self) -> bool {
        self.repo.as_ref().is_some_and(|repo| repo.default_branch.as_ref() == Some(&self.name))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Pull {
    pub(super) number: u64,
    title: String,
    html_url: String,
    user: Option<User>,
    state: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    merged: bool,
    merge_commit_sha: Option<String>,
    pub(super) updated_at: String,
    pub(super) head: Side,
    base: Side,
    pub(super) labels: Option<Vec<Label>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Label {
    pub(super) name: String,
}

impl Pull {
    /// The login of whoever owns the repository of the head, if it is still there.
    pub(super) fn source_owner(self) -> Option<String> {
        Some(self.head.repo?.owner?.login)
    }

    pub(super) fn fork(&self) -> bool {
        match (&self.head.repo, &self.base.repo) {
            (Some(head), Some(base)) => head.id != base.id,
            (None, Some(_)) | (Some(_), None) | (None, None) => true,
        }
    }

    pub(super) fn state(&self) -> ChangeState {
        match self.state.as_str() {
            _ if self.merged => ChangeState::Merged {
                commit: self.merge_commit_sha.as_ref().and_then(|sha| sha.parse().ok()),
            },
            "open" => ChangeState::Open,
            _ => ChangeState::Closed,
        }
    }

    /// An error says which field makes no sense.
    pub(super) fn change(self, id: &ChangeId, me: &Actor) -> Result<ChangeRequest, String> {
        let target: BranchName = self.base.name.parse().map_err(|error| format!("base: {error}"))?;
        let head: CommitSha = self.head.sha.parse().map_err(|error| format!("head: {error}"))?;
        Ok(ChangeRequest {
            state: self.state(),
            fork: self.fork(),
            into_default: self.base.is_default(),
            id: id.clone(),
            title: self.title,
            url: self.html_url,
            author: actor_or_ghost(self.user, me),
            target,
            source: self.head.name,
            head,
            draft: self.draft,
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct IssueComment {
    id: u64,
    user: Option<User>,
    #[serde(default)]
    body: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl IssueComment {
    pub(super) fn comment(self, me: &Actor) -> Comment {
        Comment {
            id: CommentId(self.id),
            author: actor_or_ghost(self.user, me),
            body: self.body,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct PullReview {
    id: u64,
    user: Option<User>,
    state: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    commit_id: String,
    #[serde(default)]
    dismissed: bool,
    submitted_at: Timestamp,
}

impl PullReview {
    /// Nothing for a review that is still being written, and for a request for one.
    pub(super) fn review(self, me: &Actor) -> Option<Review> {
        let state = match self.state.as_str() {
            "PENDING" | "REQUEST_REVIEW" | "" => return None,
            _ if self.dismissed => ReviewState::Dismissed,
            "APPROVED" => ReviewState::Approved,
            "REQUEST_CHANGES" => ReviewState::ChangesRequested,
            // What is new says neither yes nor no to us.
            _ => ReviewState::Commented,
        };
        Some(Review {
            id: ReviewId(self.id),
            author: actor_or_ghost(self.user, me),
            state,
            body: self.body,
            head: self.commit_id.parse().ok(),
            submitted_at: self.submitted_at,
            // What it shows here is what was submitted: an edit goes to the comment beside it.
            edited: None,
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct PullCommit {
    pub(super) sha: CommitSha,
    pub(super) author: Option<User>,
    pub(super) committer: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Activity {
    pub(super) op_type: String,
    #[serde(default)]
    pub(super) ref_name: String,
    pub(super) act_user: Option<User>,
    /// JSON in a string, where it is a push.
    #[serde(default)]
    pub(super) content: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Pushed {
    pub(super) head_commit: Option<PushedCommit>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PushedCommit {
    pub(super) sha1: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct CollaboratorPermission {
    pub(super) permission: String,
    pub(super) user: Option<User>,
}

/// An entry of the list of reviews, looked at for who is asked for one. What a request itself lists has those in it who
/// have reviewed since.
#[derive(Debug, Deserialize)]
pub(super) struct ReviewEntry {
    state: String,
    user: Option<User>,
    team: Option<Team>,
}

impl ReviewEntry {
    /// Whom it asks. Only teams of the repository's own organization can be asked.
    pub(super) fn asked(self, organization: &str) -> Option<Reviewer> {
        let team = || self.team.map(|team| Reviewer::Team(format!("{organization}/{}", team.name)));
        match self.state.as_str() {
            "REQUEST_REVIEW" => self.user.map(|user| Reviewer::User(user.login)).or_else(team),
            _ => None,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct FoundUsers {
    pub(super) data: Vec<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Team {
    pub(super) id: i64,
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct CombinedStatus {
    pub(super) statuses: Option<Vec<Status>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    pub(super) id: u64,
    #[serde(rename = "status")]
    pub(super) state: String,
    #[serde(default)]
    pub(super) description: String,
    pub(super) context: String,
    pub(super) creator: Option<User>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the shape is Gitea's")]
pub(super) struct Branch {
    pub(super) protected: bool,
    pub(super) enable_status_check: bool,
    pub(super) status_check_contexts: Option<Vec<String>>,
    pub(super) user_can_push: bool,
    pub(super) user_can_merge: bool,
    /// Told to administrators of the repository alone.
    pub(super) effective_branch_protection_name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the shape is Gitea's")]
pub(super) struct Protection {
    pub(super) rule_name: String,
    pub(super) enable_push: bool,
    pub(super) enable_push_whitelist: bool,
    pub(super) push_whitelist_usernames: Option<Vec<String>>,
    pub(super) push_whitelist_teams: Option<Vec<String>>,
    pub(super) push_whitelist_deploy_keys: bool,
    pub(super) enable_merge_whitelist: bool,
    pub(super) merge_whitelist_usernames: Option<Vec<String>>,
    pub(super) merge_whitelist_teams: Option<Vec<String>>,
    pub(super) require_signed_commits: bool,
}
