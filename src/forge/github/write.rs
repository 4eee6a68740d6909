//! Writing to GitHub. Each write is sent once; what may have happened is said so and looked up by the caller.

use std::time::Duration;

use async_trait::async_trait;
use countersign_core::change::{ChangeId, ChangeState, Comment, CommentId, RepoPath, Reviewer};
use countersign_core::plan::Reaction;
use countersign_core::revision::CommitSha;
use countersign_core::snapshot::StatusState;
use http::Method;
use serde_json::{Value, json};

use super::auth::Access;
use super::call::Api;
use super::check_run::set_check_run;
use super::wire::IssueComment;
use super::{GitHub, repo_route};
use crate::forge::answer::Ask;
use crate::forge::review_request::requested;
use crate::ports::{ForgeError, ForgeWriter, StatusUpdate};

/// GitHub refuses longer descriptions.
const DESCRIPTION: usize = 140;
/// GitHub sees a moment after a push that a request is merged by it.
const NOTICES_AFTER: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_millis(600), Duration::from_secs(1), Duration::from_secs(2)];

#[async_trait]
impl ForgeWriter for GitHub {
    async fn create_comment(&self, id: &ChangeId, body: &str) -> Result<Comment, ForgeError> {
        let ask = Ask::Write("posting a comment");
        let repo = self.repo_of(ask, id)?;
        let route = format!("{}/issues/{}/comments", repo_route(repo), id.number);
        self.put_comment(ask, repo, Method::POST, &route, body).await
    }

    async fn update_comment(
        &self,
        id: &ChangeId,
        comment: CommentId,
        body: &str,
    ) -> Result<Comment, ForgeError> {
        let ask = Ask::Write("editing a comment");
        let repo = self.repo_of(ask, id)?;
        let route = format!("{}/issues/comments/{}", repo_route(repo), comment.0);
        self.put_comment(ask, repo, Method::PATCH, &route, body).await
    }

    async fn react(&self, id: &ChangeId, comment: CommentId, reaction: Reaction) -> Result<(), ForgeError> {
        let ask = Ask::Write("reacting to a comment");
        let repo = self.repo_of(ask, id)?;
        let route = format!("{}/issues/comments/{}/reactions", repo_route(repo), comment.0);
        let content = match reaction {
            Reaction::Eyes => "eyes",
        };
        let api = self.access.repo(repo).await?;
        api.write(ask, Method::POST, &route, &json!({ "content": content })).await.map(drop)
    }

    async fn request_review(&self, id: &ChangeId, whom: &Reviewer) -> Result<(), ForgeError> {
        let ask = Ask::Write("asking for a review");
        let repo = self.repo_of(ask, id)?;
        let body = requested(ask, repo, whom)?;
        let route = format!("{}/pulls/{}/requested_reviewers", repo_route(repo), id.number);
        self.access.repo(repo).await?.write(ask, Method::POST, &route, &body).await.map(drop)
    }

    async fn set_status(&self, repo: &RepoPath, update: StatusUpdate<'_>) -> Result<(), ForgeError> {
        let ask = Ask::Write("publishing a status");
        self.permit(ask, repo)?;
        let api = self.access.repo(repo).await?;
        match &self.access {
            Access::App(app) => set_check_run(&api, ask, repo, app.id, update).await,
            Access::Token { .. } => set_commit_status(&api, ask, repo, update).await,
        }
    }

    async fn mark_merged(&self, id: &ChangeId, _commit: &CommitSha) -> Result<(), ForgeError> {
        let ask = Ask::Read("seeing that the pull request is merged");
        for pause in NOTICES_AFTER.into_iter().map(Some).chain([None]) {
            match (self.pull(ask, id).await?.state(), pause) {
                (ChangeState::Merged { .. }, _) => return Ok(()),
                (ChangeState::Closed, _) => {
                    return Err(ask.refused("the request was closed without being merged"));
                }
                (ChangeState::Open, Some(pause)) => tokio::time::sleep(pause).await,
                (ChangeState::Open, None) => {}
            }
        }
        Err(ask.refused(
            "GitHub shows the request as open: its head is not part of the branch, or GitHub has yet to notice",
        ))
    }
}

impl GitHub {
    async fn put_comment(
        &self,
        ask: Ask,
        repo: &RepoPath,
        method: Method,
        route: &str,
        body: &str,
    ) -> Result<Comment, ForgeError> {
        let api = self.access.repo(repo).await?;
        let answer = api.write(ask, method, route, &json!({ "body": body })).await?;
        answer.json(ask).map(IssueComment::comment)
    }
}

async fn set_commit_status(
    api: &Api,
    ask: Ask,
    repo: &RepoPath,
    update: StatusUpdate<'_>,
) -> Result<(), ForgeError> {
    let state = match update.state {
        StatusState::Success => "success",
        StatusState::Pending => "pending",
        StatusState::Failure => "failure",
    };
    let mut body = json!({
        "state": state,
        "context": update.context,
        "description": cut(update.description),
    });
    add(&mut body, "target_url", update.url);
    let route = format!("{}/statuses/{}", repo_route(repo), update.head);
    api.write(ask, Method::POST, &route, &body).await.map(drop)
}

pub(super) fn add(body: &mut Value, field: &str, value: Option<&str>) {
    if let (Some(body), Some(value)) = (body.as_object_mut(), value) {
        body.insert(field.to_owned(), value.into());
    }
}

pub(super) fn cut(text: &str) -> String {
    if text.chars().count() <= DESCRIPTION {
        return text.to_owned();
    }
    text.chars().take(DESCRIPTION - 1).chain(['…']).collect()
}
