//! Change requests: lists, one, its commits and files, and the merge button.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Body, ok};
use super::caller::Need;
use super::paging::{Page, Query};
use super::{Caller, Refusal};
use crate::acts::{Landing, MergeMethod, NotLanded};
use crate::config::Mergeability;
use crate::shape::Mergeable;
use crate::state::Change;
use crate::world::World;

/// The forge lists no more commits than this.
pub(super) const COMMIT_LIMIT: usize = 250;

pub(super) async fn list(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo)): Path<(String, String)>,
) -> Answer {
    let items = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::ReadPulls)?;
        let query = Query::of(&uri);
        let wanted = |change: &&Change| {
            let state_fits = match query.get("state").unwrap_or("open") {
                "open" => change.is_open(),
                "closed" => !change.is_open(),
                _ => true,
            };
            let owner = state.repos.get(&change.head.repo).map_or("", |repo| state.login(repo.owner));
            let label = format!("{owner}:{}", change.head.branch);
            state_fits
                && query.get("base").is_none_or(|base| change.base.branch == base)
                && query.get("head").is_none_or(|head| label == head)
        };
        let mut found: Vec<&Change> = state.repo(repo)?.changes.values().filter(wanted).collect();
        let by_update = query.get("sort") == Some("updated");
        found.sort_by_key(|change| {
            if by_update { (change.updated, change.number) } else { (change.created, change.number) }
        });
        let ascending =
            query.get("direction").unwrap_or(if query.get("sort").is_some() { "asc" } else { "desc" });
        if ascending != "asc" {
            found.reverse();
        }
        let shape = world.shape(&state);
        found.into_iter().map(|change| shape.pull_simple(repo, change)).collect()
    };
    Page::cut(&world, &uri, items).answer()
}

pub(super) async fn one(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, number)): Path<(String, String, u64)>,
) -> Answer {
    let repo = caller.repo(&world.state(), &owner, &repo, Need::ReadPulls)?;
    let known = world.knows(repo, number)?;
    if !known {
        world.learn(repo, number).await?;
    }
    let at_once = known || world.config.mergeability == Mergeability::AtOnce;
    let state = world.state();
    let change = state.change(repo, number)?;
    let mergeable = match &change.facts {
        Some(facts) if at_once => Mergeable::Known(facts),
        Some(_) | None => Mergeable::Unknown,
    };
    ok(&world.shape(&state).pull(repo, change, mergeable))
}

/// Where the change left its target, and where it is.
pub(super) fn ends(
    world: &World,
    caller: Caller,
    owner: &str,
    repo: &str,
    number: u64,
) -> Result<(u64, String, String), Refusal> {
    let state = world.state();
    let repo = caller.repo(&state, owner, repo, Need::ReadPulls)?;
    let change = state.change(repo, number)?;
    let base = change.facts.as_ref().map_or(&change.base.sha, |facts| &facts.base_tip);
    Ok((repo, base.clone(), change.head.sha.clone()))
}

pub(super) async fn commits(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo, number)): Path<(String, String, u64)>,
) -> Answer {
    let (repo, base, head) = ends(&world, caller, &owner, &repo, number)?;
    let commits = world.bare(repo).commits(&[&format!("{base}..{head}")]).await?;
    let items: Vec<Value> = {
        let state = world.state();
        let shape = world.shape(&state);
        commits.iter().take(COMMIT_LIMIT).map(|commit| shape.commit(repo, commit)).collect()
    };
    Page::cut(&world, &uri, items).answer()
}

pub(super) async fn files(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo, number)): Path<(String, String, u64)>,
) -> Answer {
    let (repo, base, head) = ends(&world, caller, &owner, &repo, number)?;
    let files = world.bare(repo).files(&base, &head).await?;
    let items: Vec<Value> = {
        let state = world.state();
        let shape = world.shape(&state);
        files.iter().map(|file| shape.file(repo, &head, file)).collect()
    };
    Page::cut(&world, &uri, items).answer()
}

#[derive(Deserialize)]
pub(super) struct Merge {
    commit_title: Option<String>,
    commit_message: Option<String>,
    sha: Option<String>,
    merge_method: Option<Method>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Method {
    Merge,
    Squash,
    Rebase,
}

pub(super) async fn merge(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, number)): Path<(String, String, u64)>,
    Body(asked): Body<Merge>,
) -> Answer {
    let _turn = world.turn.lock().await;
    let (repo, actor) = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::WriteContents)?;
        state.change(repo, number)?;
        (repo, caller.account(&state).ok_or_else(Refusal::not_found)?)
    };
    let method = match asked.merge_method {
        None | Some(Method::Merge) => MergeMethod::Merge,
        Some(Method::Squash) => MergeMethod::Squash,
        Some(Method::Rebase) => MergeMethod::Rebase,
    };
    let landing = Landing {
        actor,
        method,
        expected: asked.sha.as_deref(),
        title: asked.commit_title.as_deref(),
        message: asked.commit_message.as_deref(),
    };
    match world.land(repo, number, landing).await {
        Ok(sha) => ok(&json!({ "sha": sha, "merged": true, "message": "Pull Request successfully merged" })),
        Err(NotLanded::HeadMoved) => Err(Refusal::new(
            StatusCode::CONFLICT,
            "Head branch was modified. Review and try the merge again.",
        )),
        Err(NotLanded::NotMergeable(why)) => Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, why)),
        Err(NotLanded::Broken(error)) => Err(error.into()),
    }
}
