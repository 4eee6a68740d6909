//! Reviews.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::Uri;
use serde::Deserialize;
use serde_json::Value;

use super::answer::{Answer, Body, ok};
use super::caller::Need;
use super::paging::Page;
use super::{Caller, Refusal};
use crate::acts::NewReview;
use crate::state::ReviewState;
use crate::world::World;

pub(super) async fn list(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo, number)): Path<(String, String, u64)>,
) -> Answer {
    let items: Vec<Value> = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::ReadPulls)?;
        let shape = world.shape(&state);
        let reviews = &state.change(repo, number)?.reviews;
        reviews.iter().map(|review| shape.review(repo, number, review)).collect()
    };
    Page::cut(&world, &uri, items).answer()
}

#[derive(Deserialize)]
pub(super) struct Given {
    commit_id: Option<String>,
    #[serde(default)]
    body: String,
    event: Option<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Event {
    Approve,
    RequestChanges,
    Comment,
}

pub(super) async fn create(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, number)): Path<(String, String, u64)>,
    Body(given): Body<Given>,
) -> Answer {
    let (repo, author) = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::WritePulls)?;
        (repo, caller.account(&state).ok_or_else(Refusal::not_found)?)
    };
    let state = match given.event {
        Some(Event::Approve) => ReviewState::Approved,
        Some(Event::RequestChanges) => ReviewState::ChangesRequested,
        Some(Event::Comment) => ReviewState::Commented,
        None => return Err(Refusal::invalid("the stand-in keeps no pending reviews: say which event it is")),
    };
    let new = NewReview { author, state, body: &given.body, commit: given.commit_id.as_deref() };
    let review = world.give_review(repo, number, new)?;
    let state = world.state();
    ok(&world.shape(&state).review(repo, number, &review))
}
