//! Writing to Gitea. Each write is sent once; what may have happened is said so and looked up by the caller.

use async_trait::async_trait;
use countersign_core::change::{ChangeId, ChangeState, Comment, CommentId, RepoPath, Reviewer};
use countersign_core::plan::Reaction;
use countersign_core::revision::CommitSha;
use countersign_core::snapshot::StatusState;
use http::Method;
use serde_json::json;

use super::wire::IssueComment;
use super::{Gitea, pull_route, repo_route};
use crate::forge::answer::Ask;
use crate::forge::review_request::requested;
use crate::ports::{ForgeError, ForgeReader as _, ForgeWriter, StatusUpdate};

#[async_trait]
impl ForgeWriter for Gitea {
    async fn create_comment(&self, id: &ChangeId, body: &str) -> Result<Comment, ForgeError> {
        let ask = Ask::Write("posting a comment");
        let repo = self.repo_of(ask, id)?;
        let route = format!("{}/issues/{}/comments", repo_route(repo), id.number);
        self.put_comment(ask, Method::POST, &route, body).await
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
        self.put_comment(ask, Method::PATCH, &route, body).await
    }

    async fn react(&self, id: &ChangeId, comment: CommentId, reaction: Reaction) -> Result<(), ForgeError> {
        let ask = Ask::Write("reacting to a comment");
        let repo = self.repo_of(ask, id)?;
        let route = format!("{}/issues/comments/{}/reactions", repo_route(repo), comment.0);
        let content = match reaction {
            Reaction::Eyes => "eyes",
        };
        self.api.write(ask, Method::POST, &route, &json!({ "content": content })).await.map(drop)
    }

    async fn request_review(&self, id: &ChangeId, whom: &Reviewer) -> Result<(), ForgeError> {
        let ask = Ask::Write("asking for a review");
        let repo = self.repo_of(ask, id)?;
        let body = requested(ask, repo, whom)?;
        let route = format!("{}/requested_reviewers", pull_route(id));
        self.api.write(ask, Method::POST, &route, &body).await.map(drop)
    }

    async fn set_status(&self, repo: &RepoPath, update: StatusUpdate<'_>) -> Result<(), ForgeError> {
        let ask = Ask::Write("publishing a status");
        self.permit(ask, repo)?;
        let body = json!({
            "state": match update.state {
                StatusState::Success => "success",
                StatusState::Pending => "pending",
                StatusState::Failure => "failure",
            },
            "context": update.context,
            "description": update.description,
            "target_url": update.url.unwrap_or_default(),
        });
        let route = format!("{}/statuses/{}", repo_route(repo), update.head);
        self.api.write(ask, Method::POST, &route, &body).await.map(drop)
    }

    async fn mark_merged(&self, id: &ChangeId, commit: &CommitSha) -> Result<(), ForgeError> {
        let ask = Ask::Write("marking the pull request as merged");
        if self.is_merged(id).await? {
            return Ok(());
        }
        let body = json!({ "Do": "manually-merged", "MergeCommitID": commit.as_str() });
        let route = format!("{}/merge", pull_route(id));
        match self.api.write(ask, Method::POST, &route, &body).await {
            Ok(_) => Ok(()),
            // Gitea may have seen it by itself meanwhile, or done what it lost the answer to.
            Err(error) => match self.is_merged(id).await {
                Ok(true) => Ok(()),
                Ok(false) | Err(_) => Err(error),
            },
        }
    }
}

impl Gitea {
    async fn put_comment(
        &self,
        ask: Ask,
        method: Method,
        route: &str,
        body: &str,
    ) -> Result<Comment, ForgeError> {
        let me = self.me().await?;
        let answer = self.api.write(ask, method, route, &json!({ "body": body })).await?;
        answer.json::<IssueComment>(ask).map(|comment| comment.comment(&me))
    }

    async fn is_merged(&self, id: &ChangeId) -> Result<bool, ForgeError> {
        let ask = Ask::Read("seeing whether the pull request is merged");
        Ok(matches!(self.pull(ask, id).await?.state(), ChangeState::Merged { .. }))
    }
}
