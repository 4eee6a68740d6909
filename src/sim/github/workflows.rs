//! Runs of workflows.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::Uri;
use serde_json::Value;

use super::Caller;
use super::answer::Answer;
use super::caller::Need;
use super::paging::{Page, Query};
use crate::state::WorkflowRun;
use crate::world::World;

pub(super) async fn runs(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo)): Path<(String, String)>,
) -> Answer {
    let repo = caller.repo(&world.state(), &owner, &repo, Need::ReadActions)?;
    let mut found = Vec::new();
    let all: Vec<WorkflowRun> = world.state().repo(repo)?.workflows.clone();
    let query = Query::of(&uri);
    let wanted = |run: &&WorkflowRun| {
        query.get("head_sha").is_none_or(|sha| run.sha == sha)
            && query.get("event").is_none_or(|event| run.event == event)
            && query.get("branch").is_none_or(|branch| run.branch == branch)
    };
    // Newest first.
    for run in all.iter().rev().filter(wanted) {
        found.push((run.clone(), world.bare(repo).commit(&run.sha).await?));
    }
    let items: Vec<Value> = {
        let state = world.state();
        let shape = world.shape(&state);
        found.iter().map(|(run, commit)| shape.workflow_run(repo, run, commit)).collect()
    };
    Page::cut(&world, &uri, items).counted("workflow_runs")
}
