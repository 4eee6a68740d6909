//! Reading Gitea's deliveries. They are hints: what is not understood is nothing to look at, never an error.

use countersign_core::actor::Actor;
use countersign_core::change::RepoPath;
use countersign_core::decide::is_status_context;
use countersign_core::revision::{BranchName, CommitSha};
use serde::Deserialize;

use super::Gitea;
use super::wire::User;
use crate::ports::{DeliveryError, DeliveryId, Hint, WebhookReader};

impl WebhookReader for Gitea {
    fn read(
        &self,
        header: &dyn Fn(&str) -> Option<String>,
        body: &[u8],
    ) -> Result<(DeliveryId, Hint), DeliveryError> {
        self.webhook.verify(body, header("x-gitea-signature").as_deref())?;
        let needed = |name: &str| {
            header(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| DeliveryError::Malformed(format!("no {name} header")))
        };
        let (id, event) = (needed("x-gitea-delivery")?, needed("x-gitea-event")?);
        let json: serde_json::Value = serde_json::from_slice(body).map_err(|error| {
            let form = body.starts_with(b"payload=");
            let advice = if form { "; set the webhook's content type to application/json" } else { "" };
            DeliveryError::Malformed(format!("{error}{advice}"))
        })?;
        if !json.is_object() {
            return Err(DeliveryError::Malformed("not a JSON object".to_owned()));
        }
        // A payload of another shape than documented tells nothing; the poll finds what it would have told.
        let hint = serde_json::from_value(json).map_or(Hint::Nothing, |payload| self.hint(&event, payload));
        Ok((DeliveryId(id), hint))
    }
}

impl Gitea {
    fn hint(&self, event: &str, payload: Payload) -> Hint {
        let Some(repo) = payload.repository.as_ref().and_then(|repo| repo.full_name.parse::<RepoPath>().ok())
        else {
            return Hint::Nothing;
        };
        if !self.allowed.allows(&repo) {
            return Hint::Nothing;
        }
        match event {
            "pull_request" | "pull_request_approved" | "pull_request_rejected" | "pull_request_comment" => {
                let pushed = payload.pushed();
                change(repo, payload.number.or_else(|| payload.pull_request?.number), pushed)
            }
            "issue_comment" => match payload.issue {
                Some(Issue { number, pull_request }) if payload.is_pull || pull_request.is_some() => {
                    change(repo, number, None)
                }
                Some(_) | None => Hint::Nothing,
            },
            "push" => match payload.name.as_deref().and_then(|name| name.strip_prefix("refs/heads/")) {
                Some(name) => branch(repo, name),
                None => Hint::Nothing,
            },
            "status" => {
                let finished = payload.state.as_deref().is_some_and(|state| state != "pending");
                if !finished || payload.context.as_deref().is_none_or(is_status_context) {
                    return Hint::Nothing;
                }
                // It does not say which request the commit belongs to.
                branch(repo, &payload.repository.and_then(|repo| repo.default_branch).unwrap_or_default())
            }
            _ => Hint::Nothing,
        }
    }
}

fn change(repo: RepoPath, number: Option<u64>, pushed: Option<(Actor, CommitSha)>) -> Hint {
    number.map_or(Hint::Nothing, |number| Hint::Change { repo, number, pushed })
}

fn branch(repo: RepoPath, name: &str) -> Hint {
    name.parse::<BranchName>().map_or(Hint::Nothing, |branch| Hint::Branch { repo, branch })
}

#[derive(Deserialize)]
struct Payload {
    action: Option<String>,
    number: Option<u64>,
    repository: Option<Repository>,
    sender: Option<User>,
    pull_request: Option<PullRequest>,
    issue: Option<Issue>,
    #[serde(default)]
    is_pull: bool,
    #[serde(rename = "ref")]
    name: Option<String>,
    context: Option<String>,
    state: Option<String>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
    default_branch: Option<String>,
}

#[derive(Deserialize)]
struct PullRequest {
    number: Option<u64>,
    head: Option<Tip>,
}

#[derive(Deserialize)]
struct Tip {
    sha: String,
}

#[derive(Deserialize)]
struct Issue {
    number: Option<u64>,
    pull_request: Option<serde::de::IgnoredAny>,
}

impl Payload {
    /// Whoever sends a `synchronized` pushed. Whoever opens a request need not have.
    fn pushed(&self) -> Option<(Actor, CommitSha)> {
        if self.action.as_deref() != Some("synchronized") {
            return None;
        }
        let head = self.pull_request.as_ref()?.head.as_ref()?.sha.parse().ok()?;
        Some((self.sender.clone()?.actor(None)?, head))
    }
}
