//! Reading GitHub. Every list is read to its last page; what GitHub cuts short is read another way or is an error.

use std::collections::BTreeSet;

use async_trait::async_trait;
use countersign_core::actor::{Actor, ActorKind, Permission};
use countersign_core::change::{ChangeId, ChangeRequest, Comment, RepoPath, Review, Reviewer};
use countersign_core::details::{Outcome, WorkflowRun};
use countersign_core::revision::{BranchName, CommitSha};
use countersign_core::snapshot::{CommitStatus, LandCapability};

use super::auth::{Access, App};
use super::call::Api;
use super::details::{Requested, WorkflowRuns};
use super::graphql::Graph;
use super::wire::{
    AppInfo, CollaboratorPermission, Comparison, IssueComment, Pull, PullCommit, PullLine, PullReview,
    PushActivity, Repositories, Repository, User,
};
use super::{GitHub, edits, repo_route, signers};
use crate::forge::answer::Ask;
use crate::forge::route::Segment;
use crate::ports::{CommitSeal, ForgeError, ForgeReader, GHOST, GitRemote, OpenChange, SealDepth};

/// GitHub lists no more commits of a pull request than this, and does not say so.
const LISTED_COMMITS: usize = 250;

#[async_trait]
impl ForgeReader for GitHub {
    async fn me(&self) -> Result<Actor, ForgeError> {
        self.me.get_or_try_init(|| self.who_am_i()).await.cloned()
    }

    async fn repositories(&self) -> Result<Vec<RepoPath>, ForgeError> {
        let ask = Ask::Read("listing repositories");
        let seen = match &self.access {
            Access::Token { api, .. } => api.list(ask, "/user/repos", |page: Vec<Repository>| page).await?,
            Access::App(app) => {
                let mut seen = Vec::new();
                for installation in app.installations().await? {
                    let api = installation.ready().await?;
                    let page = |page: Repositories| page.repositories;
                    seen.extend(api.list(ask, "/installation/repositories", page).await?);
                }
                seen
            }
        };
        let paths =
            seen.into_iter().filter(|repo| !repo.archived).filter_map(|repo| repo.full_name.parse().ok());
        Ok(paths.filter(|path| self.allowed.allows(path)).collect::<BTreeSet<_>>().into_iter().collect())
    }

    async fn open_changes(&self, repo: &RepoPath) -> Result<Vec<OpenChange>, ForgeError> {
        let ask = Ask::Read("listing open pull requests");
        self.permit(ask, repo)?;
        let route = format!("{}/pulls?state=open", repo_route(repo));
        let pulls = self.access.repo(repo).await?.list(ask, &route, |page: Vec<PullLine>| page).await?;
        let line = |pull: PullLine| OpenChange {
            number: pull.number,
            head: pull.head.sha,
            updated: pull.updated_at,
        };
        Ok(pulls.into_iter().map(line).collect())
    }

    async fn change(&self, id: &ChangeId) -> Result<ChangeRequest, ForgeError> {
        Ok(self.pull(Ask::Read("reading the pull request"), id).await?.change(id))
    }

    async fn comments(&self, id: &ChangeId) -> Result<Vec<Comment>, ForgeError> {
        let ask = Ask::Read("reading comments");
        let repo = self.repo_of(ask, id)?;
        let route = format!("{}/issues/{}/comments", repo_route(repo), id.number);
        let comments =
            self.access.repo(repo).await?.list(ask, &route, |page: Vec<IssueComment>| page).await?;
        let mut comments: Vec<_> = comments.into_iter().map(IssueComment::comment).collect();
        comments.sort_by_key(|comment| (comment.created_at, comment.id));
        Ok(comments)
    }

    async fn reviews(&self, id: &ChangeId) -> Result<Vec<Review>, ForgeError> {
        let ask = Ask::Read("reading reviews");
        let repo = self.repo_of(ask, id)?;
        let route = format!("{}/reviews", pull_route(id));
        let reviews = self.access.repo(repo).await?.list(ask, &route, |page: Vec<PullReview>| page).await?;
        let mut reviews: Vec<_> = reviews.into_iter().filter_map(PullReview::review).collect();
        reviews.sort_by_key(|review| (review.submitted_at, review.id));
        if reviews.iter().any(edits::matter) {
            let api = self.access.repo(repo).await?;
            let graph = Graph { api: &api, base: &self.base };
            let edited = edits::edited(&graph, repo, id.number).await?;
            for review in &mut reviews {
                review.edited = edited.get(&review.id).copied();
            }
        }
        Ok(reviews)
    }

    async fn statuses(
        &self,
        repo: &RepoPath,
        head: &CommitSha,
        target: &BranchName,
    ) -> Result<Vec<CommitStatus>, ForgeError> {
        self.permit(Ask::Read("reading statuses"), repo)?;
        self.read_statuses(repo, head, target).await
    }

    async fn permission(&self, repo: &RepoPath, actor: &Actor) -> Result<Permission, ForgeError> {
        let ask = Ask::Read("reading a permission");
        self.permit(ask, repo)?;
        if actor.id == GHOST {
            return Ok(Permission::None);
        }
        let api = self.access.repo(repo).await?;
        let (permission, user) = permission_of(&api, ask, repo, &actor.login).await?;
        if user.as_ref().is_some_and(|user| user.id == actor.id) {
            return Ok(permission);
        }
        // The name has changed hands since; the number has not.
        let named: User = api.get(ask, &format!("/user/{}", actor.id)).await?;
        let login = named.actor().filter(|named| named.id == actor.id).map(|named| named.login);
        let login = login.ok_or_else(|| ask.unexpected("another account than the one that was asked for"))?;
        match permission_of(&api, ask, repo, &login).await? {
            (permission, Some(user)) if user.id == actor.id => Ok(permission),
            (_, Some(_) | None) => Err(ask.unexpected("the permission of another account")),
        }
    }

    async fn team_members(&self, team: &str) -> Result<Vec<Actor>, ForgeError> {
        let ask = Ask::Read("reading a team");
        let Some((organization, slug)) = team.split_once('/').filter(|(_, slug)| !slug.contains('/')) else {
            return Err(ask.refused(format!("`{team}` is not a team like organisation/team")));
        };
        let route = format!("/orgs/{}/teams/{}/members", Segment(organization), Segment(slug));
        let members = self.access.organization(organization).await?;
        let members = members.list(ask, &route, |page: Vec<User>| page).await?;
        Ok(members.into_iter().filter_map(User::actor).collect())
    }

    async fn organization_members(&self, organization: &str) -> Result<Vec<Actor>, ForgeError> {
        let ask = Ask::Read("reading an organization");
        let route = format!("/orgs/{}/members", Segment(organization));
        let members = self.access.organization(organization).await?;
        let members = members.list(ask, &route, |page: Vec<User>| page).await?;
        Ok(members.into_iter().filter_map(User::actor).collect())
    }

    async fn review_requests(&self, id: &ChangeId) -> Result<Vec<Reviewer>, ForgeError> {
        let ask = Ask::Read("reading who is asked for a review");
        let repo = self.repo_of(ask, id)?;
        let route = format!("{}/requested_reviewers", pull_route(id));
        let asked: Requested = self.access.repo(repo).await?.get(ask, &route).await?;
        Ok(asked.reviewers(repo.owner()))
    }

    async fn labels(&self, id: &ChangeId) -> Result<Vec<String>, ForgeError> {
        let ask = Ask::Read("reading labels");
        let labels = self.pull(ask, id).await?.labels;
        let labels = labels.ok_or_else(|| ask.unexpected("a pull request without a list of labels"))?;
        Ok(labels.into_iter().map(|label| label.name).collect())
    }

    async fn outcomes(&self, repo: &RepoPath, head: &CommitSha) -> Result<Vec<Outcome>, ForgeError> {
        self.permit(Ask::Read("reading what checks ended with"), repo)?;
        self.read_outcomes(repo, head).await
    }

    async fn commit_accounts(
        &self,
        id: &ChangeId,
    ) -> Result<Vec<(CommitSha, Option<Actor>, Option<Actor>)>, ForgeError> {
        let commits = self.commits(Ask::Read("reading the accounts of commits"), id).await?;
        Ok(commits.into_iter().map(PullCommit::accounts).collect())
    }

    async fn commit_seals(&self, id: &ChangeId, depth: SealDepth) -> Result<Vec<CommitSeal>, ForgeError> {
        let ask = Ask::Read("reading the signatures of commits");
        match depth {
            SealDepth::Holds => {
                Ok(self.commits(ask, id).await?.into_iter().filter_map(PullCommit::seal).collect())
            }
            SealDepth::Whose => {
                let repo = self.repo_of(ask, id)?;
                let api = self.access.repo(repo).await?;
                signers::seals(&Graph { api: &api, base: &self.base }, ask, repo, id.number).await
            }
        }
    }

    async fn source_owner(&self, id: &ChangeId) -> Result<Option<String>, ForgeError> {
        Ok(self.pull(Ask::Read("reading whose repository it comes from"), id).await?.source_owner())
    }

    async fn workflow_runs(&self, repo: &RepoPath, head: &CommitSha) -> Result<Vec<WorkflowRun>, ForgeError> {
        let ask = Ask::Read("reading runs of workflows");
        self.permit(ask, repo)?;
        let route = format!("{}/actions/runs?head_sha={head}", repo_route(repo));
        let api = self.access.repo(repo).await?;
        let runs = api.list(ask, &route, |page: WorkflowRuns| page.workflow_runs).await?;
        Ok(runs.into_iter().filter_map(|run| run.of(head)).collect())
    }

    async fn pusher(&self, id: &ChangeId, head: &CommitSha) -> Result<Option<Actor>, ForgeError> {
        let ask = Ask::Read("reading who pushed");
        let repo = self.repo_of(ask, id)?;
        let pull = self.pull(ask, id).await?;
        if pull.fork() {
            return Ok(None);
        }
        let name = format!("refs/heads/{}", pull.head.name);
        let route = format!("{}/activity?ref={}&per_page=100", repo_route(repo), Segment(&name));
        let pushes: Vec<PushActivity> = match self.access.repo(repo).await?.get(ask, &route).await {
            // GitHub does not tell everybody. The rest of the answer to "who pushed" is "unknown", which is safe.
            Err(ForgeError::NotFound { .. } | ForgeError::Refused { .. }) => return Ok(None),
            answered => answered?,
        };
        let push = pushes.into_iter().find(|push| push.after == head.as_str() && push.name == name);
        Ok(push.and_then(|push| push.actor).and_then(User::actor))
    }

    async fn capability(&self, repo: &RepoPath, target: &BranchName) -> Result<LandCapability, ForgeError> {
        self.permit(Ask::Read("reading the protection of the branch"), repo)?;
        self.read_capability(repo, target).await
    }

    async fn remote(&self, id: &ChangeId) -> Result<GitRemote, ForgeError> {
        let ask = Ask::Read("reading where to fetch from");
        let repo = self.repo_of(ask, id)?;
        let found: Repository = self.access.repo(repo).await?.get(ask, &repo_route(repo)).await?;
        // The token goes where this points, in clear only if the API itself is asked in clear.
        let in_clear = self.base.scheme() == "http" && found.clone_url.starts_with("http://");
        if !in_clear && !found.clone_url.starts_with("https://") {
            return Err(ask.unexpected("a clone URL that is not https"));
        }
        let token = self.access.git_token(repo).await?;
        Ok(GitRemote {
            url: found.clone_url,
            credentials: Some(("x-access-token".to_owned(), token)),
            head_ref: format!("refs/pull/{}/head", id.number),
        })
    }
}

impl GitHub {
    pub(super) async fn pull(&self, ask: Ask, id: &ChangeId) -> Result<Pull, ForgeError> {
        let repo = self.repo_of(ask, id)?;
        self.access.repo(repo).await?.get(ask, &pull_route(id)).await
    }

    async fn who_am_i(&self) -> Result<Actor, ForgeError> {
        let ask = Ask::Read("asking for the bot's own account");
        let user: User = match &self.access {
            Access::Token { api, .. } => api.get(ask, "/user").await?,
            Access::App(app) => app_account(app, ask).await?,
        };
        let actor = user.actor().ok_or_else(|| ask.unexpected("an account without number and name"))?;
        // Whatever the account is, it is ours that acts through it.
        Ok(Actor { kind: ActorKind::Bot, ..actor })
    }

    /// The comparison lists every commit, and says how many there are.
    async fn commits(&self, ask: Ask, id: &ChangeId) -> Result<Vec<PullCommit>, ForgeError> {
        let api = self.access.repo(self.repo_of(ask, id)?).await?;
        let route = format!("{}/commits", pull_route(id));
        let commits = api.list(ask, &route, |page: Vec<PullCommit>| page).await?;
        if commits.len() >= LISTED_COMMITS { self.all_commits(&api, ask, id).await } else { Ok(commits) }
    }

    async fn all_commits(&self, api: &Api, ask: Ask, id: &ChangeId) -> Result<Vec<PullCommit>, ForgeError> {
        let pull = self.pull(ask, id).await?;
        let (base, head) = (pull.base.sha.as_str(), pull.head.sha.as_str());
        let route = format!("{}/compare/{base}...{head}", repo_route(&id.repo.path));
        let pages = api.list(ask, &route, |page: Comparison| vec![page]).await?;
        let expected = pages.iter().map(|page| page.total_commits).max().unwrap_or_default();
        let commits: Vec<_> = pages.into_iter().flat_map(|page| page.commits).collect();
        if commits.len() < expected.max(pull.commits) {
            let expected = expected.max(pull.commits);
            return Err(ask.unexpected(format!("{} commits of {expected}", commits.len())));
        }
        Ok(commits)
    }
}

/// An app acts as the account `slug[bot]`, which only a token of an installation may look up.
async fn app_account(app: &App, ask: Ask) -> Result<User, ForgeError> {
    let info: AppInfo = app.api.get(ask, "/app").await?;
    let slug = info.slug.ok_or_else(|| ask.unexpected("an app without a name"))?;
    let installations = app.installations().await?;
    let Some(first) = installations.first() else {
        return Err(
            ask.refused(format!("the app `{slug}` is installed nowhere: install it where it is to work"))
        );
    };
    first.ready().await?.get(ask, &format!("/users/{}", Segment(&format!("{slug}[bot]")))).await
}

async fn permission_of(
    api: &Api,
    ask: Ask,
    repo: &RepoPath,
    login: &str,
) -> Result<(Permission, Option<Actor>), ForgeError> {
    let route = format!("{}/collaborators/{}/permission", repo_route(repo), Segment(login));
    let found: CollaboratorPermission = api.get(ask, &route).await?;
    // Custom roles have names of their own; `permission` is then the role that they build upon.
    let named = found.role_name.as_deref().and_then(permission_named);
    let permission = named.or_else(|| permission_named(&found.permission));
    let permission = permission
        .ok_or_else(|| ask.unexpected(format!("a permission that is called `{}`", found.permission)))?;
    Ok((permission, found.user.and_then(User::actor)))
}

fn permission_named(name: &str) -> Option<Permission> {
    Some(match name {
        "admin" => Permission::Admin,
        "maintain" => Permission::Maintain,
        "write" | "push" => Permission::Write,
        "triage" => Permission::Triage,
        "read" | "pull" => Permission::Read,
        "none" => Permission::None,
        _ => return None,
    })
}

/// `/repos/owner/name/pulls/7`
pub(super) fn pull_route(id: &ChangeId) -> String {
    format!("{}/pulls/{}", repo_route(&id.repo.path), id.number)
}
