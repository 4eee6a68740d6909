//! The fields that we read of GitHub's answers, and nothing else, so that a field that comes or goes breaks nothing.

use countersign_core::actor::{Actor, ActorId, ActorKind};
use countersign_core::change::{
    ChangeId, ChangeRequest, ChangeState, Comment, CommentId, Review, ReviewId, ReviewState,
};
use countersign_core::revision::{BranchName, CommitSha};
use jiff::Timestamp;
use serde::Deserialize;

use super::details::CommitBody;
use crate::ports::GHOST;

/// An account; every part may be missing, since GitHub sends `null` for deleted ones and `{}` for unknown ones.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    id: Option<u64>,
    login: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl User {
    pub(super) fn actor(self) -> Option<Actor> {
        let (id, login) = (self.id?, self.login?);
        let human = self.kind.as_deref() == Some("User") && !login.ends_with("[bot]");
        let kind = if human { ActorKind::Human } else { ActorKind::Bot };
        Some(Actor { id: ActorId::new(id), login, kind })
    }
}

/// The account, or the one that stands for deleted accounts.
pub(super) fn actor_or_ghost(user: Option<User>) -> Actor {
    user.and_then(User::actor).unwrap_or_else(|| Actor {
        id: GHOST,
        login: "ghost".to_owned(),
        kind: ActorKind::Human,
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Repository {
    pub(super) full_name: String,
    #[serde(default)]
    pub(super) clone_url: String,
    #[serde(default)]
    pub(super) archived: bool,
    pub(super) permissions: Option<Permissions>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Permissions {
    #[serde(default)]
    pub(super) push: bool,
    #[serde(default)]
    pub(super) admin: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Repositories {
    pub(super) repositories: Vec<Repository>,
}

#[derive(Debug, Deserialize)]
struct RepositoryRef {
    id: u64,
    default_branch: Option<String>,
    owner: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Head {
    #[serde(rename = "ref")]
    pub(super) name: String,
    pub(super) sha: CommitSha,
    repo: Option<RepositoryRef>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Base {
    #[serde(rename = "ref")]
    name: BranchName,
    pub(super) sha: CommitSha,
    repo: RepositoryRef,
}

impl Base {
    fn is_default(&self) -> bool {
        self.repo.default_branch.as_deref() == Some(self.name.as_str())
    }
}

/// A pull request as the list of them shows it.
#[derive(Debug, Deserialize)]
pub(super) struct PullLine {
    pub(super) number: u64,
    pub(super) head: HeadLine,
    pub(super) updated_at: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct HeadLine {
    pub(super) sha: CommitSha,
}

/// A pull request, whole.
#[derive(Debug, Deserialize)]
pub(super) struct Pull {
    title: String,
    html_url: String,
    user: Option<User>,
    state: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    merged: bool,
    merge_commit_sha: Option<CommitSha>,
    pub(super) head: Head,
    pub(super) base: Base,
    #[serde(default)]
    pub(super) commits: usize,
    pub(super) labels: Option<Vec<Label>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Label {
    pub(super) name: String,
}

impl Pull {
    /// The login of whoever owns the repository of the head, if it is still there.
    pub(super) fn source_owner(self) -> Option<String> {
        Some(self.head.repo?.owner?.actor()?.login)
    }

    pub(super) fn fork(&self) -> bool {
        self.head.repo.as_ref().is_none_or(|head| head.id != self.base.repo.id)
    }

    /// While a request is open, `merge_commit_sha` is a trial of GitHub's own.
    pub(super) fn state(&self) -> ChangeState {
        match self.state.as_str() {
            _ if self.merged => ChangeState::Merged { commit: self.merge_commit_sha.clone() },
            "open" => ChangeState::Open,
            _ => ChangeState::Closed,
        }
    }

    pub(super) fn change(self, id: &ChangeId) -> ChangeRequest {
        ChangeRequest {
            state: self.state(),
            fork: self.fork(),
            into_default: self.base.is_default(),
            id: id.clone(),
            title: self.title,
            url: self.html_url,
            author: actor_or_ghost(self.user),
            target: self.base.name,
            source: self.head.name,
            head: self.head.sha,
            draft: self.draft,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct IssueComment {
    id: u64,
    user: Option<User>,
    #[serde(default)]
    body: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl IssueComment {
    pub(super) fn comment(self) -> Comment {
        Comment {
            id: CommentId(self.id),
            author: actor_or_ghost(self.user),
            body: self.body.unwrap_or_default(),
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
    body: Option<String>,
    commit_id: Option<String>,
    submitted_at: Option<Timestamp>,
}

impl PullReview {
    /// Nothing for a review that is still being written.
    pub(super) fn review(self) -> Option<Review> {
        let state = match self.state.as_str() {
            "APPROVED" => ReviewState::Approved,
            "CHANGES_REQUESTED" => ReviewState::ChangesRequested,
            "DISMISSED" => ReviewState::Dismissed,
            "PENDING" => return None,
            // What is new says neither yes nor no to us.
            _ => ReviewState::Commented,
        };
        Some(Review {
            id: ReviewId(self.id),
            author: actor_or_ghost(self.user),
            state,
            body: self.body.unwrap_or_default(),
            head: self.commit_id.and_then(|id| id.parse().ok()),
            submitted_at: self.submitted_at?,
            edited: None,
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct PullCommit {
    pub(super) sha: CommitSha,
    author: Option<User>,
    pub(super) committer: Option<User>,
    pub(super) commit: Option<CommitBody>,
}

impl PullCommit {
    pub(super) fn accounts(self) -> (CommitSha, Option<Actor>, Option<Actor>) {
        (self.sha, self.author.and_then(User::actor), self.committer.and_then(User::actor))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Comparison {
    pub(super) total_commits: usize,
    pub(super) commits: Vec<PullCommit>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PushActivity {
    pub(super) after: String,
    #[serde(rename = "ref")]
    pub(super) name: String,
    pub(super) actor: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CollaboratorPermission {
    pub(super) permission: String,
    pub(super) role_name: Option<String>,
    pub(super) user: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AppInfo {
    pub(super) id: u64,
    pub(super) slug: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Status {
    pub(super) context: String,
    pub(super) state: String,
    pub(super) description: Option<String>,
    pub(super) creator: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CheckRuns {
    pub(super) check_runs: Vec<CheckRun>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CheckRun {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) details_url: Option<String>,
    pub(super) output: Option<CheckOutput>,
    pub(super) app: Option<CheckApp>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CheckOutput {
    pub(super) title: Option<String>,
    pub(super) summary: Option<String>,
    #[serde(default)]
    pub(super) annotations_count: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CheckApp {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) slug: Option<String>,
}

/// A branch, with the part of its protection that everybody may see.
#[derive(Debug, Deserialize)]
pub(super) struct Branch {
    #[serde(default)]
    pub(super) protected: bool,
    pub(super) protection: Option<BranchProtection>,
}

#[derive(Debug, Deserialize)]
pub(super) struct BranchProtection {
    pub(super) required_status_checks: Option<RequiredChecks>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct RequiredChecks {
    #[serde(default)]
    pub(super) contexts: Vec<String>,
    #[serde(default)]
    pub(super) checks: Vec<RequiredCheck>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct RequiredCheck {
    pub(super) context: String,
    #[serde(alias = "integration_id")]
    pub(super) app_id: Option<i64>,
}

/// A rule that holds on a branch, whichever ruleset it comes from.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Rule {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) ruleset_id: Option<u64>,
    #[serde(default)]
    pub(super) parameters: Option<RuleParameters>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct RuleParameters {
    #[serde(default)]
    pub(super) required_status_checks: Vec<RequiredCheck>,
    #[serde(default)]
    pub(super) update_allows_fetch_and_merge: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Ruleset {
    #[serde(default)]
    pub(super) name: String,
    /// Only administrators are told.
    pub(super) bypass_actors: Option<Vec<BypassActor>>,
    pub(super) current_user_can_bypass: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct BypassActor {
    pub(super) actor_id: Option<u64>,
    pub(super) actor_type: String,
    pub(super) bypass_mode: Option<String>,
}

/// Classic protection of a branch, as administrators are told.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Protection {
    pub(super) restrictions: Option<Restrictions>,
    pub(super) enforce_admins: Option<Switch>,
    pub(super) required_pull_request_reviews: Option<RequiredReviews>,
    pub(super) required_linear_history: Option<Switch>,
    pub(super) required_signatures: Option<Switch>,
    pub(super) lock_branch: Option<Switch>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Switch {
    #[serde(default)]
    pub(super) enabled: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct RequiredReviews {
    pub(super) bypass_pull_request_allowances: Option<Restrictions>,
}

/// Who may, by name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Restrictions {
    pub(super) users: Vec<User>,
    pub(super) teams: Vec<serde::de::IgnoredAny>,
    pub(super) apps: Vec<CheckApp>,
}
