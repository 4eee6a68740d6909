//! Reading Gitea. Every list is read to its last page.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use countersign_core::actor::{Actor, ActorKind, Permission};
use countersign_core::change::{ChangeId, ChangeRequest, Comment, RepoPath, Review, Reviewer};
use countersign_core::details::{Outcome, WorkflowRun};
use countersign_core::revision::{BranchName, CommitSha};
use countersign_core::snapshot::{CommitStatus, LandCapability, StatusState};
use url::Url;

use super::wire::{
    Activity, Branch, CollaboratorPermission, CombinedStatus, FoundUsers, IssueComment, Pull, PullCommit,
    PullReview, Pushed, Repository, ReviewEntry, Status, Team, User,
};
use super::{Gitea, pull_route, repo_route};
use crate::forge::answer::Ask;
use crate::forge::route::Segment;
use crate::ports::{CommitSeal, ForgeError, ForgeReader, GHOST, GitRemote, OpenChange, SealDepth};

#[async_trait]
impl ForgeReader for Gitea {
    async fn me(&self) -> Result<Actor, ForgeError> {
        let ask = Ask::Read("asking for the bot's own account");
        let who = || async {
            let user: User = self.api.get(ask, "/user").await?;
            let actor = user.actor(None).ok_or_else(|| ask.unexpected("an account that is nobody's"))?;
            // Whatever the account is, it is ours that acts through it.
            Ok(Actor { kind: ActorKind::Bot, ..actor })
        };
        self.me.get_or_try_init(who).await.cloned()
    }

    async fn repositories(&self) -> Result<Vec<RepoPath>, ForgeError> {
        let ask = Ask::Read("listing repositories");
        let seen = self.api.list(ask, "/user/repos", |page: Vec<Repository>| page).await?;
        let paths =
            seen.into_iter().filter(|repo| !repo.archived).filter_map(|repo| repo.full_name.parse().ok());
        Ok(paths.filter(|path| self.allowed.allows(path)).collect::<BTreeSet<_>>().into_iter().collect())
    }

    async fn open_changes(&self, repo: &RepoPath) -> Result<Vec<OpenChange>, ForgeError> {
        let ask = Ask::Read("listing open pull requests");
        self.permit(ask, repo)?;
        let route = format!("{}/pulls?state=open", repo_route(repo));
        let pulls = self.api.list(ask, &route, |page: Vec<Pull>| page).await?;
        // A request that lost its head shows none; one of them must not hide the others.
        let line = |pull: Pull| {
            Some(OpenChange {
                number: pull.number,
                head: pull.head.sha.parse().ok()?,
                updated: pull.updated_at,
            })
        };
        Ok(pulls.into_iter().filter_map(line).collect())
    }

    async fn change(&self, id: &ChangeId) -> Result<ChangeRequest, ForgeError> {
        let ask = Ask::Read("reading the pull request");
        let me = self.me().await?;
        self.pull(ask, id).await?.change(id, &me).map_err(|why| ask.unexpected(why))
    }

    async fn comments(&self, id: &ChangeId) -> Result<Vec<Comment>, ForgeError> {
        let ask = Ask::Read("reading comments");
        let repo = self.repo_of(ask, id)?;
        let me = self.me().await?;
        let route = format!("{}/issues/{}/comments", repo_route(repo), id.number);
        let comments = self.api.list(ask, &route, |page: Vec<IssueComment>| page).await?;
        let mut comments: Vec<_> = comments.into_iter().map(|comment| comment.comment(&me)).collect();
        comments.sort_by_key(|comment| (comment.created_at, comment.id));
        Ok(comments)
    }

    async fn reviews(&self, id: &ChangeId) -> Result<Vec<Review>, ForgeError> {
        let ask = Ask::Read("reading reviews");
        self.repo_of(ask, id)?;
        let me = self.me().await?;
        let route = format!("{}/reviews", pull_route(id));
        let reviews = self.api.list(ask, &route, |page: Vec<PullReview>| page).await?;
        let mut reviews: Vec<_> = reviews.into_iter().filter_map(|review| review.review(&me)).collect();
        reviews.sort_by_key(|review| (review.submitted_at, review.id));
        Ok(reviews)
    }

    async fn statuses(
        &self,
        repo: &RepoPath,
        head: &CommitSha,
        target: &BranchName,
    ) -> Result<Vec<CommitStatus>, ForgeError> {
        let ask = Ask::Read("reading statuses");
        self.permit(ask, repo)?;
        let route = format!("{}/commits/{head}/status", repo_route(repo));
        let statuses =
            self.api.list(ask, &route, |page: CombinedStatus| page.statuses.unwrap_or_default()).await?;
        let branch = self.branch(ask, repo, target).await?;
        Ok(merged(statuses, &branch))
    }

    async fn permission(&self, repo: &RepoPath, actor: &Actor) -> Result<Permission, ForgeError> {
        let ask = Ask::Read("reading a permission");
        self.permit(ask, repo)?;
        if actor.id == GHOST {
            return Ok(Permission::None);
        }
        match self.permission_of(ask, repo, &actor.login).await {
            Ok((permission, Some(user))) if user.id == actor.id => return Ok(permission),
            // The name has changed hands, or is gone; the number has not.
            Ok(_) | Err(ForgeError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let route = format!("/users/search?uid={}", actor.id);
        let found: FoundUsers = self.api.get(ask, &route).await?;
        let mut found = found.data.into_iter().filter_map(|user| user.actor(None));
        let named =
            found.find(|user| user.id == actor.id).ok_or(ForgeError::NotFound { action: ask.action() })?;
        match self.permission_of(ask, repo, &named.login).await? {
            (permission, Some(user)) if user.id == actor.id => Ok(permission),
            (_, Some(_) | None) => Err(ask.unexpected("the permission of another account")),
        }
    }

    async fn team_members(&self, team: &str) -> Result<Vec<Actor>, ForgeError> {
        let ask = Ask::Read("reading a team");
        let Some((organization, name)) = team.split_once('/').filter(|(_, name)| !name.contains('/')) else {
            return Err(ask.refused(format!("`{team}` is not a team like organisation/team")));
        };
        let me = self.me().await?;
        let route = format!("/orgs/{}/teams", Segment(organization));
        let teams = self.api.list(ask, &route, |page: Vec<Team>| page).await?;
        let found = teams.into_iter().find(|team| team.name.eq_ignore_ascii_case(name));
        let found = found.ok_or(ForgeError::NotFound { action: ask.action() })?;
        let route = format!("/teams/{}/members", found.id);
        let members = self.api.list(ask, &route, |page: Vec<User>| page).await?;
        Ok(members.into_iter().filter_map(|user| user.actor(Some(&me))).collect())
    }

    async fn organization_members(&self, organization: &str) -> Result<Vec<Actor>, ForgeError> {
        let ask = Ask::Read("reading an organization");
        let me = self.me().await?;
        let route = format!("/orgs/{}/members", Segment(organization));
        let members = self.api.list(ask, &route, |page: Vec<User>| page).await?;
        Ok(members.into_iter().filter_map(|user| user.actor(Some(&me))).collect())
    }

    async fn review_requests(&self, id: &ChangeId) -> Result<Vec<Reviewer>, ForgeError> {
        let ask = Ask::Read("reading who is asked for a review");
        let repo = self.repo_of(ask, id)?;
        let route = format!("{}/reviews", pull_route(id));
        let entries = self.api.list(ask, &route, |page: Vec<ReviewEntry>| page).await?;
        Ok(entries.into_iter().filter_map(|entry| entry.asked(repo.owner())).collect())
    }

    async fn labels(&self, id: &ChangeId) -> Result<Vec<String>, ForgeError> {
        let ask = Ask::Read("reading labels");
        let labels = self.pull(ask, id).await?.labels;
        let labels = labels.ok_or_else(|| ask.unexpected("a pull request without a list of labels"))?;
        Ok(labels.into_iter().map(|label| label.name).collect())
    }

    async fn outcomes(&self, repo: &RepoPath, head: &CommitSha) -> Result<Vec<Outcome>, ForgeError> {
        let ask = Ask::Read("reading what checks ended with");
        self.permit(ask, repo)?;
        let route = format!("{}/commits/{head}/statuses", repo_route(repo));
        let mut statuses = self.api.list(ask, &route, |page: Vec<Status>| page).await?;
        statuses.sort_by_key(|status| status.id);
        let mut newest = BTreeMap::new();
        for status in statuses {
            let by = status.creator.and_then(|user| user.actor(None)).map(|actor| actor.login);
            let conclusion = (status.state != "pending").then_some(status.state);
            newest.insert((status.context, by), conclusion);
        }
        let outcome = |((name, by), conclusion)| Outcome { name, conclusion, by };
        Ok(newest.into_iter().map(outcome).collect())
    }

    async fn commit_accounts(
        &self,
        id: &ChangeId,
    ) -> Result<Vec<(CommitSha, Option<Actor>, Option<Actor>)>, ForgeError> {
        let ask = Ask::Read("reading the accounts of commits");
        self.repo_of(ask, id)?;
        let me = self.me().await?;
        let route = format!("{}/commits?verification=false&files=false", pull_route(id));
        let commits = self.api.list(ask, &route, |page: Vec<PullCommit>| page).await?;
        let account = |user: Option<User>| user.and_then(|user| user.actor(Some(&me)));
        Ok(commits
            .into_iter()
            .map(|commit| (commit.sha, account(commit.author), account(commit.committer)))
            .collect())
    }

    async fn commit_seals(&self, id: &ChangeId, _depth: SealDepth) -> Result<Vec<CommitSeal>, ForgeError> {
        self.read_seals(id).await
    }

    async fn source_owner(&self, id: &ChangeId) -> Result<Option<String>, ForgeError> {
        Ok(self.pull(Ask::Read("reading whose repository it comes from"), id).await?.source_owner())
    }

    async fn workflow_runs(&self, repo: &RepoPath, head: &CommitSha) -> Result<Vec<WorkflowRun>, ForgeError> {
        self.read_workflow_runs(repo, head).await
    }

    async fn pusher(&self, id: &ChangeId, head: &CommitSha) -> Result<Option<Actor>, ForgeError> {
        let ask = Ask::Read("reading who pushed");
        let repo = self.repo_of(ask, id)?;
        let me = self.me().await?;
        let pull = self.pull(ask, id).await?;
        if pull.fork() {
            return Ok(None);
        }
        // Newest first. What lies beyond a page is "unknown", which is safe.
        let route = format!("{}/activities/feeds?limit=50", repo_route(repo));
        let feed: Vec<Activity> = match self.api.get(ask, &route).await {
            Err(ForgeError::NotFound { .. } | ForgeError::Refused { .. }) => return Ok(None),
            answered => answered?,
        };
        let push = feed.into_iter().find(|entry| pushed(entry, &pull.head.name, head));
        Ok(push.and_then(|push| push.act_user).and_then(|user| user.actor(Some(&me))))
    }

    async fn capability(&self, repo: &RepoPath, target: &BranchName) -> Result<LandCapability, ForgeError> {
        self.permit(Ask::Read("reading the protection of the branch"), repo)?;
        self.read_capability(repo, target).await
    }

    async fn remote(&self, id: &ChangeId) -> Result<GitRemote, ForgeError> {
        let ask = Ask::Read("reading where to fetch from");
        let repo = self.repo_of(ask, id)?;
        let found: Repository = self.api.get(ask, &repo_route(repo)).await?;
        let url = on_base(&self.base, &found.clone_url)
            .ok_or_else(|| ask.unexpected("a clone URL that is no URL"))?;
        Ok(GitRemote {
            url,
            credentials: Some((self.me().await?.login, self.token.clone())),
            head_ref: format!("refs/pull/{}/head", id.number),
        })
    }
}

impl Gitea {
    pub(super) async fn pull(&self, ask: Ask, id: &ChangeId) -> Result<Pull, ForgeError> {
        self.repo_of(ask, id)?;
        self.api.get(ask, &pull_route(id)).await
    }

    pub(super) async fn branch(
        &self,
        ask: Ask,
        repo: &RepoPath,
        target: &BranchName,
    ) -> Result<Branch, ForgeError> {
        self.api.get(ask, &format!("{}/branches/{}", repo_route(repo), Segment(target.as_str()))).await
    }

    async fn permission_of(
        &self,
        ask: Ask,
        repo: &RepoPath,
        login: &str,
    ) -> Result<(Permission, Option<Actor>), ForgeError> {
        let route = format!("{}/collaborators/{}/permission", repo_route(repo), Segment(login));
        let found: CollaboratorPermission = self.api.get(ask, &route).await?;
        let permission = match found.permission.as_str() {
            "owner" | "admin" => Permission::Admin,
            "write" => Permission::Write,
            "read" => Permission::Read,
            "none" | "" => Permission::None,
            other => return Err(ask.unexpected(format!("a permission that is called `{other}`"))),
        };
        Ok((permission, found.user.and_then(|user| user.actor(None))))
    }
}

fn pushed(entry: &Activity, branch: &str, head: &CommitSha) -> bool {
    let name = entry.ref_name.strip_prefix("refs/heads/").unwrap_or(&entry.ref_name);
    let tip = || {
        let pushed: Pushed = serde_json::from_str(&entry.content).ok()?;
        Some(pushed.head_commit?.sha1)
    };
    entry.op_type == "commit_repo" && name == branch && tip().is_some_and(|tip| tip == head.as_str())
}

/// One line per name, the newest, and one for each pattern of protection that nothing reported matches.
pub(super) fn merged(statuses: Vec<Status>, branch: &Branch) -> Vec<CommitStatus> {
    let mut newest: BTreeMap<String, Status> = BTreeMap::new();
    for status in statuses {
        let known = newest.get(&status.context);
        if known.is_none_or(|known| known.id < status.id) {
            newest.insert(status.context.clone(), status);
        }
    }
    let patterns = branch.status_check_contexts.as_deref().unwrap_or_default();
    let patterns: Vec<_> = patterns.iter().map(|pattern| (pattern, matcher(pattern))).collect();
    let asked = |name: &str| {
        // Without patterns, Gitea asks for all that there are.
        let any = patterns.is_empty() || patterns.iter().any(|(_, matches)| matches(name));
        branch.enable_status_check && any
    };
    let unmet = patterns
        .iter()
        .filter(|(_, matches)| branch.enable_status_check && !newest.keys().any(|name| matches(name)));
    let unmet = unmet.map(|(pattern, _)| CommitStatus {
        context: (*pattern).clone(),
        state: StatusState::Pending,
        description: "required, not reported yet".to_owned(),
        author: None,
        required: true,
        annotated: None,
    });
    let lines = newest.values().map(|status| CommitStatus {
        context: status.context.clone(),
        state: match status.state.as_str() {
            // What Gitea itself counts as passing; a warning does not.
            "success" | "skipped" => StatusState::Success,
            "pending" => StatusState::Pending,
            _ => StatusState::Failure,
        },
        description: status.description.clone(),
        author: status.creator.clone().and_then(|user| user.actor(None)).map(|actor| actor.id),
        required: asked(&status.context),
        annotated: None,
    });
    lines.chain(unmet).collect()
}

/// Gitea takes its patterns for names as globs in which `*` stands for a slash too; what is no glob names itself.
fn matcher(pattern: &str) -> impl Fn(&str) -> bool {
    let glob = globset::Glob::new(pattern).map(|glob| glob.compile_matcher());
    let pattern = pattern.to_owned();
    move |name| name == pattern || glob.as_ref().is_ok_and(|glob| glob.is_match(name))
}

/// The path that Gitea says, on the host that the settings say: the token goes nowhere else.
fn on_base(base: &Url, clone: &str) -> Option<String> {
    let clone = Url::parse(clone).ok()?;
    let (path, root) = (clone.path(), base.path().trim_end_matches('/'));
    let mut url = base.clone();
    let beneath =
        if path.starts_with(&format!("{root}/")) { path.to_owned() } else { format!("{root}{path}") };
    url.set_path(&beneath);
    Some(url.into())
}
