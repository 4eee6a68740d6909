//! Requests for reviews.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::answer::{Answer, Body, created, ok};
use super::caller::Need;
use super::{Caller, Refusal};
use crate::state::Role;
use crate::world::World;

pub(super) async fn list(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, number)): Path<(String, String, u64)>,
) -> Answer {
    let state = world.state();
    let repo = caller.repo(&state, &owner, &repo, Need::ReadPulls)?;
    let (shape, change) = (world.shape(&state), state.change(repo, number)?);
    ok(&json!({ "users": shape.requested(change), "teams": shape.requested_teams(change) }))
}

#[derive(Deserialize)]
pub(super) struct Given {
    #[serde(default)]
    reviewers: Vec<String>,
    #[serde(default)]
    team_reviewers: Vec<String>,
}

pub(super) async fn create(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, number)): Path<(String, String, u64)>,
    Body(given): Body<Given>,
) -> Answer {
    let (repo, sender) = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::WritePulls)?;
        if matches!(caller, Caller::Account(_)) && caller.role(&state, repo) < Role::Triage {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "Must have push access to request reviews"));
        }
        (repo, caller.account(&state).ok_or_else(Refusal::not_found)?)
    };
    world.request_reviews((repo, number), sender, &given.reviewers, &given.team_reviewers)?;
    let state = world.state();
    created(&world.shape(&state).pull_simple(repo, state.change(repo, number)?))
}
