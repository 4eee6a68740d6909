//! What only some policies look at: signatures of commits, runs of workflows.

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
}

/// The account by which GitHub commits what people do on its pages.
const WEB_FLOW: &str = "web-flow";

impl PullCommit {
    /// Nothing where GitHub does not say whether the signature holds. Whose key it is its REST API never says.
    pub(super) fn seal(self) -> Option<CommitSeal> {
        let verified = self.commit?.verification?.verified;
        let web = self.committer.and_then(User::actor).is_some_and(|committer| committer.login == WEB_FLOW);
        let signature = Signature { verified, signer: None, key: None };
        Some(CommitSeal { commit: self.sha, signature, via_web: Some(web && verified) })
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
