//! What only some policies look at: signatures of commits, runs of workflows, who is asked for a review.

use countersign_core::change::Reviewer;
use countersign_core::details::{Signature, WorkflowRun};
use countersign_core::revision::CommitSha;
use serde::Deserialize;

use super::wire::{PullCommit, User};
use crate::ports::CommitSeal;

#[derive(Debug, Deserialize)]
pub(super) struct CommitBody {
    verification: Option<Verification>,
}

#[derive(Debug, Deserialize)]
struct Verification {
    verified: bool,
    reason: Option<String>,
}

/// The account by which GitHub commits what people do on its pages.
pub(super) const WEB_FLOW: &str = "web-flow";

/// Reasons of GitHub's that are no answer: what verifies did not answer it, or has not finished.
const UNSETTLED: [&str; 4] = ["gpgverify_error", "gpgverify_unavailable", "ocsp_error", "ocsp_pending"];

/// Whether a signature holds. Nothing where GitHub could not tell yet, or contradicts itself.
pub(super) fn verdict(verified: bool, reason: &str) -> Option<bool> {
    let reason = reason.to_ascii_lowercase();
    let settled = !UNSETTLED.contains(&reason.as_str()) && verified == (reason == "valid");
    settled.then_some(verified)
}

impl PullCommit {
    /// Nothing where GitHub does not say whether the signature holds. Whose key it is its REST API never says; see
    /// `signers`.
    pub(super) fn seal(self) -> Option<CommitSeal> {
        let Verification { verified, reason } = self.commit?.verification?;
        let verified = verdict(verified, reason.as_deref().unwrap_or_default())?;
        let web = self.committer.and_then(User::actor).is_some_and(|committer| committer.login == WEB_FLOW);
        let signature = Signature { verified, signer: None, key: None };
        Some(CommitSeal { commit: self.sha, signature, via_web: Some(web && verified) })
    }
}

/// Who is asked for a review.
#[derive(Debug, Deserialize)]
pub(super) struct Requested {
    #[serde(default)]
    users: Vec<User>,
    #[serde(default)]
    teams: Vec<Team>,
}

#[derive(Debug, Deserialize)]
struct Team {
    slug: String,
}

impl Requested {
    /// Only teams of the repository's own organization can be asked.
    pub(super) fn reviewers(self, organization: &str) -> Vec<Reviewer> {
        let users = self.users.into_iter().filter_map(User::actor).map(|actor| Reviewer::User(actor.login));
        let teams =
            self.teams.into_iter().map(|team| Reviewer::Team(format!("{organization}/{}", team.slug)));
        users.chain(teams).collect()
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct WorkflowRuns {
    pub(super) workflow_runs: Vec<Run>,
}

/// A run of a workflow; `path` is `.github/workflows/build.yml`, perhaps with `@` and a branch behind it.
#[derive(Debug, Deserialize)]
pub(super) struct Run {
    head_sha: CommitSha,
    path: String,
    event: String,
    run_number: u64,
    status: Option<String>,
    conclusion: Option<String>,
}

impl Run {
    /// Nothing where it ran for another commit than the one that was asked for.
    pub(super) fn of(self, head: &CommitSha) -> Option<WorkflowRun> {
        let ended = self.status.as_deref() == Some("completed");
        let workflow = self.path.split_once('@').map_or(self.path.as_str(), |(path, _)| path).to_owned();
        let conclusion = self.conclusion.filter(|_| ended);
        let run = WorkflowRun { workflow, event: self.event, number: self.run_number, conclusion };
        (self.head_sha == *head).then_some(run)
    }
}
