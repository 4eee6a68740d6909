//! Commit statuses and check runs.

use serde_json::{Value, json};

use super::{Shape, node};
use crate::git::log::Commit;
use crate::state::{CheckRun, Status, WorkflowRun};

impl Shape<'_> {
    /// A status.
    pub(crate) fn status(&self, repo: u64, status: &Status) -> Value {
        let mut found = self.status_in_summary(repo, status);
        if let Value::Object(found) = &mut found {
            found.insert("creator".to_owned(), self.user(status.creator));
        }
        found
    }

    /// A status within the summary of a commit.
    pub(crate) fn status_in_summary(&self, repo: u64, status: &Status) -> Value {
        json!({
            "id": status.id, "node_id": node("SC", status.id),
            "url": format!("{}/statuses/{}", self.repo_url(repo), status.sha),
            "avatar_url": format!("{}/avatars/u/{}?v=4", self.base, status.creator),
            "state": status.state, "description": status.description, "target_url": status.target_url,
            "context": status.context, "created_at": status.created.to_string(),
            "updated_at": status.created.to_string(),
        })
    }

    /// What all newest statuses of a commit come to.
    pub(crate) fn summary(&self, repo: u64, sha: &str, state: &str, total: usize, page: Vec<Value>) -> Value {
        let url = format!("{}/commits/{sha}", self.repo_url(repo));
        json!({
            "state": state, "statuses": page, "sha": sha, "total_count": total,
            "repository": self.repository(repo), "commit_url": url, "url": format!("{url}/status"),
        })
    }

    /// A check run.
    pub(crate) fn check_run(&self, repo: u64, run: &CheckRun) -> Value {
        let url = format!("{}/check-runs/{}", self.repo_url(repo), run.id);
        let html = format!("{}/runs/{}", self.page(repo), run.id);
        json!({
            "id": run.id, "node_id": node("CR", run.id), "head_sha": run.sha, "external_id": run.external_id,
            "url": url, "html_url": html, "details_url": run.details_url.as_ref().unwrap_or(&html),
            "status": run.status, "conclusion": run.conclusion, "started_at": run.started.to_string(),
            "completed_at": run.completed.map(|at| at.to_string()), "name": run.name,
            "output": {
                "title": run.title, "summary": run.summary, "text": run.text, "annotations_count": run.annotations.len(),
                "annotations_url": format!("{url}/annotations"),
            },
            "check_suite": { "id": run.suite }, "pull_requests": [],
            "app": self.state.apps.get(&run.app).map_or(Value::Null, |app| self.app(app)),
        })
    }

    /// A run of a workflow, with the commit that it ran for.
    pub(crate) fn workflow_run(&self, repo: u64, run: &WorkflowRun, commit: &Commit) -> Value {
        let url = format!("{}/actions/runs/{}", self.repo_url(repo), run.id);
        let (workflow, at) = (run.id + 1, run.at.to_string());
        json!({
            "id": run.id, "node_id": node("WFR", run.id), "name": run.file, "head_branch": run.branch,
            "head_sha": run.sha, "path": run.file, "display_title": commit.message, "run_number": run.number,
            "run_attempt": 1, "event": run.event,
            "status": if run.conclusion.is_some() { "completed" } else { "in_progress" },
            "conclusion": run.conclusion, "workflow_id": workflow, "url": url,
            "html_url": format!("{}/actions/runs/{}", self.page(repo), run.id), "pull_requests": [],
            "created_at": at, "updated_at": at, "run_started_at": at, "actor": self.user(run.actor),
            "triggering_actor": self.user(run.actor), "jobs_url": format!("{url}/jobs"),
            "logs_url": format!("{url}/logs"), "artifacts_url": format!("{url}/artifacts"),
            "cancel_url": format!("{url}/cancel"), "rerun_url": format!("{url}/rerun"),
            "check_suite_url": format!("{}/check-suites/{}", self.repo_url(repo), run.id),
            "workflow_url": format!("{}/actions/workflows/{workflow}", self.repo_url(repo)),
            "head_commit": self.head_commit(commit), "repository": self.repository(repo),
            "head_repository": self.repository(repo),
        })
    }
}
