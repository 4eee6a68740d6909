//! Reading GitHub's deliveries. They are hints: what is not understood is nothing to look at, never an error.

use countersign_core::actor::Actor;
use countersign_core::change::RepoPath;
use countersign_core::decide::is_status_context;
use countersign_core::revision::{BranchName, CommitSha};
use serde::Deserialize;

use super::GitHub;
use super::auth::Access;
use super::wire::User;
use crate::ports::{DeliveryError, DeliveryId, Hint, WebhookReader};

impl WebhookReader for GitHub {
    fn read(
        &self,
        header: &dyn Fn(&str) -> Option<String>,
        body: &[u8],
    ) -> Result<(DeliveryId, Hint), DeliveryError> {
        let signature = header("x-hub-signature-256");
        let hex = signature.as_deref().and_then(|signature| signature.strip_prefix("sha256="));
        self.webhook.verify(body, hex)?;
        let needed = |name: &str| {
            header(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| DeliveryError::Malformed(format!("no {name} header")))
        };
        let (id, event) = (needed("x-github-delivery")?, needed("x-github-event")?);
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

impl GitHub {
    fn hint(&self, event: &str, payload: Payload) -> Hint {
        let Some(repo) = payload.repository.as_ref().and_then(|repo| repo.full_name.parse::<RepoPath>().ok())
        else {
            return Hint::Nothing;
        };
        if !self.allowed.allows(&repo) {
            return Hint::Nothing;
        }
        match event {
            "pull_request" | "pull_request_target" => {
                let pushed = payload.pushed();
                change(repo, payload.number.or_else(|| payload.pull_request?.number), pushed)
            }
            "pull_request_review" | "pull_request_review_comment" | "pull_request_review_thread" => {
                change(repo, payload.pull_request.and_then(|pull| pull.number), None)
            }
            "issue_comment" => match payload.issue {
                Some(Issue { number, pull_request: Some(_) }) => change(repo, number, None),
                Some(_) | None => Hint::Nothing,
            },
            "push" => match payload.name.as_deref().and_then(|name| name.strip_prefix("refs/heads/")) {
                Some(name) => branch(repo, name),
                None => Hint::Nothing,
            },
            "check_run" => self.checked(repo, payload.action, payload.repository, payload.check_run),
            "check_suite" => self.checked(repo, payload.action, payload.repository, payload.check_suite),
            "status" => {
                let finished = payload.state.as_deref().is_some_and(|state| state != "pending");
                if !finished || payload.context.as_deref().is_none_or(is_status_context) {
                    return Hint::Nothing;
                }
                // It says which branches hold the commit, not where they are to go.
                branch(repo, &payload.repository.and_then(|repo| repo.default_branch).unwrap_or_default())
            }
            _ => Hint::Nothing,
        }
    }

    /// A check that ended. GitHub names the pull requests only when they come from the repository itself.
    fn checked(
        &self,
        repo: RepoPath,
        action: Option<String>,
        repository: Option<Repository>,
        check: Option<Check>,
    ) -> Hint {
        let Some(check) = check.filter(|_| action.as_deref() == Some("completed")) else {
            return Hint::Nothing;
        };
        let ours = match &self.access {
            Access::App(app) => check.app.as_ref().is_some_and(|by| by.id == Some(app.id)),
            Access::Token { .. } => check.name.as_deref().is_some_and(is_status_context),
        };
        if ours {
            return Hint::Nothing;
        }
        match check.pull_requests.as_slice() {
            [only] => change(repo, only.number, None),
            [first, ..] => branch(repo, first.base.as_ref().map_or("", |base| &base.name)),
            [] if check.branch().is_some() => Hint::Nothing,
            [] => branch(repo, &repository.and_then(|repo| repo.default_branch).unwrap_or_default()),
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
    #[serde(rename = "ref")]
    name: Option<String>,
    check_run: Option<Check>,
    check_suite: Option<Check>,
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

#[derive(Deserialize)]
struct Check {
    name: Option<String>,
    head_branch: Option<String>,
    app: Option<CheckedBy>,
    check_suite: Option<Suite>,
    #[serde(default)]
    pull_requests: Vec<CheckedPull>,
}

#[derive(Deserialize)]
struct Suite {
    head_branch: Option<String>,
}

#[derive(Deserialize)]
struct CheckedBy {
    id: Option<u64>,
}

#[derive(Deserialize)]
struct CheckedPull {
    number: Option<u64>,
    base: Option<CheckedBase>,
}

#[derive(Deserialize)]
struct CheckedBase {
    #[serde(rename = "ref")]
    name: String,
}

impl Check {
    /// The branch that was checked; a fork's is not told.
    fn branch(&self) -> Option<&str> {
        let suite = self.check_suite.as_ref().and_then(|suite| suite.head_branch.as_deref());
        self.head_branch.as_deref().or(suite)
    }
}

impl Payload {
    /// Whoever sends a `synchronize` pushed. Whoever opens a request need not have.
    fn pushed(&self) -> Option<(Actor, CommitSha)> {
        if self.action.as_deref() != Some("synchronize") {
            return None;
        }
        let head = self.pull_request.as_ref()?.head.as_ref()?.sha.parse().ok()?;
        Some((self.sender.clone()?.actor()?, head))
    }
}
