//! What only some policies look at: signatures of commits, runs of workflows.

use std::collections::BTreeMap;

use countersign_core::actor::Actor;
use countersign_core::change::{ChangeId, RepoPath};
use countersign_core::details::{Signature, WorkflowRun};
use countersign_core::revision::CommitSha;
use serde::Deserialize;

use super::wire::User;
use super::{Gitea, pull_route, repo_route};
use crate::forge::answer::Ask;
use crate::forge::route::Segment;
use crate::ports::{CommitSeal, ForgeError, ForgeReader as _};

#[derive(Debug, Deserialize)]
struct SealedCommit {
    sha: CommitSha,
    commit: CommitBody,
}

#[derive(Debug, Deserialize)]
struct CommitBody {
    verification: Option<Verification>,
}

/// `reason` is `account / key` where the signature holds.
#[derive(Debug, Deserialize)]
struct Verification {
    verified: bool,
    #[serde(default)]
    reason: String,
    signer: Option<Signer>,
}

#[derive(Debug, Deserialize)]
struct Signer {
    #[serde(default)]
    username: String,
}

impl Verification {
    /// The long id of an OpenPGP key, or the fingerprint of an SSH key.
    fn key(&self) -> Option<String> {
        let (_, key) = self.reason.rsplit_once(" / ").filter(|_| self.verified)?;
        if key.strip_prefix("SHA256:").is_some_and(|print| !print.is_empty()) {
            return Some(key.to_owned());
        }
        let long = key.len() == 16 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        long.then(|| key.to_ascii_uppercase())
    }
}

#[derive(Debug, Deserialize)]
struct WorkflowRuns {
    workflow_runs: Option<Vec<Run>>,
}

/// A run of a workflow; `path` is the file's bare name, `@` and the ref.
#[derive(Debug, Deserialize)]
struct Run {
    head_sha: CommitSha,
    path: String,
    event: String,
    run_number: u64,
    status: String,
    conclusion: Option<String>,
}

impl Gitea {
    pub(super) async fn read_seals(&self, id: &ChangeId) -> Result<Vec<CommitSeal>, ForgeError> {
        let ask = Ask::Read("reading the signatures of commits");
        self.repo_of(ask, id)?;
        let me = self.me().await?;
        let route = format!("{}/commits?verification=true&files=false", pull_route(id));
        let commits = self.api.list(ask, &route, |page: Vec<SealedCommit>| page).await?;
        let mut signers: BTreeMap<String, Option<Actor>> = BTreeMap::new();
        let mut seals = Vec::new();
        for SealedCommit { sha, commit } in commits {
            let Some(verification) = commit.verification else { continue };
            let login =
                verification.signer.as_ref().map(|signer| signer.username.clone()).unwrap_or_default();
            if !login.is_empty() && !signers.contains_key(&login) {
                let user: User = self.api.get(ask, &format!("/users/{}", Segment(&login))).await?;
                signers.insert(login.clone(), user.actor(Some(&me)));
            }
            let signer = signers.get(&login).cloned().flatten();
            let signature = Signature { verified: verification.verified, key: verification.key(), signer };
            seals.push(CommitSeal { commit: sha, signature, via_web: None });
        }
        Ok(seals)
    }

    pub(super) async fn read_workflow_runs(
        &self,
        repo: &RepoPath,
        head: &CommitSha,
    ) -> Result<Vec<WorkflowRun>, ForgeError> {
        let ask = Ask::Read("reading runs of workflows");
        self.permit(ask, repo)?;
        let route = format!("{}/actions/runs?head_sha={head}", repo_route(repo));
        let page = |page: WorkflowRuns| page.workflow_runs.unwrap_or_default();
        let runs = self.api.list(ask, &route, page).await?;
        Ok(runs.into_iter().filter(|run| run.head_sha == *head).map(Run::run).collect())
    }
}

impl Run {
    fn run(self) -> WorkflowRun {
        let ended = self.status == "completed";
        let workflow = self.path.split_once('@').map_or(self.path.as_str(), |(path, _)| path).to_owned();
        let conclusion = self.conclusion.filter(|conclusion| ended && !conclusion.is_empty());
        WorkflowRun { workflow, event: self.event, number: self.run_number, conclusion }
    }
}
