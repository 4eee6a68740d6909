//! Commit statuses and check runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use http::{StatusCode, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::answer::{Answer, Body, created, ok};
use super::caller::Need;
use super::paging::{Page, Query};
use super::repositories::resolve;
use super::{Caller, Refusal};
use crate::state::{CheckRun, Status};
use crate::world::World;

/// No description is longer, in characters.
const DESCRIPTION_LIMIT: usize = 140;
/// No call carries more annotations.
const ANNOTATION_LIMIT: usize = 50;
/// No commit has more statuses of one name.
const STATUS_LIMIT: usize = 1_000;

#[derive(Deserialize)]
pub(super) struct NewStatus {
    state: String,
    target_url: Option<String>,
    description: Option<String>,
    context: Option<String>,
}

pub(super) async fn set_status(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, sha)): Path<(String, String, String)>,
    Body(new): Body<NewStatus>,
) -> Answer {
    let (repo, creator) = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::WriteStatuses)?;
        (repo, caller.account(&state).ok_or_else(Refusal::not_found)?)
    };
    if new.description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION_LIMIT) {
        return Err(Refusal::invalid("description is too long (maximum is 140 characters)"));
    }
    if world.bare(repo).resolve(&sha).await.as_deref() != Some(&sha) {
        return Err(Refusal::invalid(format!("No commit found for SHA: {sha}")));
    }
    let mut state = world.state();
    let (id, now) = (state.id(), state.now());
    let status = Status {
        id,
        sha,
        context: new.context.unwrap_or_else(|| "default".to_owned()),
        state: new.state,
        description: new.description,
        target_url: new.target_url,
        creator,
        created: now,
    };
    let statuses = &mut state.repo_mut(repo)?.statuses;
    let same = statuses.iter().filter(|old| old.sha == status.sha && old.context == status.context).count();
    if same >= STATUS_LIMIT {
        return Err(Refusal::invalid("This SHA and context has reached the maximum number of statuses."));
    }
    statuses.push(status.clone());
    created(&world.shape(&state).status(repo, &status))
}

pub(super) async fn statuses(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo, name)): Path<(String, String, String)>,
) -> Answer {
    let repo = caller.repo(&world.state(), &owner, &repo, Need::ReadStatuses)?;
    let sha = resolve(&world, repo, &name).await?;
    let items: Vec<Value> = {
        let state = world.state();
        let shape = world.shape(&state);
        let all = state.repo(repo)?.statuses.iter().rev().filter(|status| status.sha == sha);
        all.map(|status| shape.status(repo, status)).collect()
    };
    Page::cut(&world, &uri, items).answer()
}

pub(super) async fn summary(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo, name)): Path<(String, String, String)>,
) -> Answer {
    let repo = caller.repo(&world.state(), &owner, &repo, Need::ReadStatuses)?;
    let sha = resolve(&world, repo, &name).await?;
    let (verdict, items) = {
        let state = world.state();
        let all = state.repo(repo)?.statuses.iter().filter(|status| status.sha == sha);
        let newest: BTreeMap<&str, &Status> = all.map(|status| (status.context.as_str(), status)).collect();
        let any = |word: &str| newest.values().any(|status| status.state == word);
        let verdict = match (any("failure") || any("error"), any("pending") || newest.is_empty()) {
            (true, _) => "failure",
            (false, true) => "pending",
            (false, false) => "success",
        };
        let mut list: Vec<&Status> = newest.into_values().collect();
        world.shuffle(&mut list, |status| status.id);
        let shape = world.shape(&state);
        (verdict, list.into_iter().map(|status| shape.status_in_summary(repo, status)).collect())
    };
    let page = Page::cut(&world, &uri, items);
    let state = world.state();
    page.within(|total, items| world.shape(&state).summary(repo, &sha, verdict, total, items))
}

pub(super) async fn runs(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo, name)): Path<(String, String, String)>,
) -> Answer {
    let repo = caller.repo(&world.state(), &owner, &repo, Need::ReadChecks)?;
    let sha = resolve(&world, repo, &name).await?;
    let items: Vec<Value> = {
        let state = world.state();
        let query = Query::of(&uri);
        let wanted = |run: &&CheckRun| {
            run.sha == sha
                && query.get("check_name").is_none_or(|name| run.name == name)
                && query.get("status").is_none_or(|status| run.status == status)
                && query.get("app_id").is_none_or(|app| app.parse() == Ok(run.app))
        };
        let found: Vec<&CheckRun> = state.repo(repo)?.checks.iter().filter(wanted).collect();
        let mut list: Vec<&CheckRun> = if query.get("filter") == Some("all") {
            found
        } else {
            let newest: BTreeMap<(u64, &str), &CheckRun> =
                found.into_iter().map(|run| ((run.app, run.name.as_str()), run)).collect();
            newest.into_values().collect()
        };
        world.shuffle(&mut list, |run| run.id);
        let shape = world.shape(&state);
        list.into_iter().map(|run| shape.check_run(repo, run)).collect()
    };
    Page::cut(&world, &uri, items).counted("check_runs")
}

#[derive(Deserialize)]
pub(super) struct RunFields {
    name: Option<String>,
    head_sha: Option<String>,
    details_url: Option<String>,
    external_id: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    started_at: Option<String>,
    completed_at: Option<String>,
    output: Option<Output>,
}

#[derive(Deserialize)]
struct Output {
    title: Option<String>,
    summary: Option<String>,
    text: Option<String>,
    #[serde(default)]
    annotations: Vec<Value>,
}

impl RunFields {
    fn write(self, run: &mut CheckRun, now: Timestamp) -> Result<(), Refusal> {
        if let Some(name) = self.name {
            run.name = name;
        }
        if let Some(external_id) = self.external_id {
            run.external_id = external_id;
        }
        run.details_url = self.details_url.or(run.details_url.take());
        if let Some(status) = self.status {
            run.status = status;
        }
        if let Some(conclusion) = self.conclusion {
            // A conclusion completes a run, whatever status came with it.
            "completed".clone_into(&mut run.status);
            run.conclusion = Some(conclusion);
            run.completed = Some(time(self.completed_at.as_deref())?.unwrap_or(now));
        } else if run.status == "completed" && run.conclusion.is_none() {
            return Err(Refusal::invalid("Missing required parameter: conclusion"));
        } else if run.status != "completed" {
            run.conclusion = None;
            run.completed = None;
        }
        if let Some(started) = time(self.started_at.as_deref())? {
            run.started = started;
        }
        if let Some(output) = self.output {
            if output.annotations.len() > ANNOTATION_LIMIT {
                return Err(Refusal::invalid("annotations is too long (maximum is 50 elements)"));
            }
            for (part, text) in [("summary", &output.summary), ("text", &output.text)] {
                if text.as_ref().is_some_and(|text| text.len() > 65_535) {
                    return Err(Refusal::invalid(format!("{part} exceeds a maximum bytesize of 65535")));
                }
            }
            run.title = output.title.or(run.title.take());
            run.summary = output.summary.or(run.summary.take());
            run.text = output.text.or(run.text.take());
            run.annotations.extend(output.annotations);
        }
        Ok(())
    }
}

fn time(text: Option<&str>) -> Result<Option<Timestamp>, Refusal> {
    text.map(str::parse).transpose().map_err(|_| Refusal::invalid("a time is not in ISO 8601"))
}

pub(super) async fn create_run(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo)): Path<(String, String)>,
    Body(fields): Body<RunFields>,
) -> Answer {
    let (repo, app) = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::WriteChecks)?;
        (repo, caller.app(&state).ok_or_else(Refusal::not_found)?)
    };
    let (Some(name), Some(sha)) = (fields.name.clone(), fields.head_sha.clone()) else {
        return Err(Refusal::invalid("name and head_sha weren't supplied"));
    };
    if world.bare(repo).resolve(&sha).await.as_deref() != Some(&sha) {
        return Err(Refusal::invalid(format!("No commit found for SHA: {sha}")));
    }
    let mut state = world.state();
    let (id, suite, now) = (state.id(), state.id(), state.now());
    let mut run = CheckRun {
        id,
        suite,
        app,
        sha,
        name,
        external_id: String::new(),
        details_url: None,
        status: "queued".to_owned(),
        conclusion: None,
        title: None,
        summary: None,
        text: None,
        annotations: Vec::new(),
        started: now,
        completed: None,
    };
    fields.write(&mut run, now)?;
    state.repo_mut(repo)?.checks.push(run.clone());
    created(&world.shape(&state).check_run(repo, &run))
}

pub(super) async fn update_run(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, id)): Path<(String, String, u64)>,
    Body(fields): Body<RunFields>,
) -> Answer {
    let mut state = world.state();
    let repo = caller.repo(&state, &owner, &repo, Need::WriteChecks)?;
    let app = caller.app(&state);
    let now = state.now();
    let run =
        state.repo_mut(repo)?.checks.iter_mut().find(|run| run.id == id).ok_or_else(Refusal::not_found)?;
    if Some(run.app) != app {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "Invalid app_id `check_run.app_id`"));
    }
    fields.write(run, now)?;
    let run = run.clone();
    ok(&world.shape(&state).check_run(repo, &run))
}
