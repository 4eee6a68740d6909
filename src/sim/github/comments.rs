//! Comments and reactions.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::Value;

use super::answer::{Answer, Body, created, ok};
use super::caller::Need;
use super::paging::{Page, Query};
use super::{Caller, Refusal};
use crate::acts::NewComment;
use crate::state::{Reaction, Role};
use crate::world::World;

#[derive(Deserialize)]
pub(super) struct Text {
    body: String,
}

pub(super) async fn list(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo, number)): Path<(String, String, u64)>,
) -> Answer {
    let items = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::ReadConversation)?;
        let change = state.change(repo, number)?;
        let since = Query::of(&uri).get("since").map(str::parse::<jiff::Timestamp>).transpose();
        let since = since.map_err(|_| Refusal::invalid("since is not a time"))?;
        let shape = world.shape(&state);
        let wanted =
            change.comments.iter().filter(|comment| since.is_none_or(|since| comment.updated >= since));
        wanted.map(|comment| shape.comment(repo, number, comment)).collect()
    };
    Page::cut(&world, &uri, items).answer()
}

pub(super) async fn create(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, number)): Path<(String, String, u64)>,
    Body(text): Body<Text>,
) -> Answer {
    let (repo, author, via_app) = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::WriteConversation)?;
        (repo, caller.account(&state).ok_or_else(Refusal::not_found)?, caller.app(&state))
    };
    let comment = world.write_comment(repo, number, NewComment { author, via_app, body: &text.body })?;
    let state = world.state();
    created(&world.shape(&state).comment(repo, number, &comment))
}

pub(super) async fn one(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, id)): Path<(String, String, u64)>,
) -> Answer {
    let state = world.state();
    let repo = caller.repo(&state, &owner, &repo, Need::ReadConversation)?;
    let (number, comment) = state.comment_at(repo, id).ok_or_else(Refusal::not_found)?;
    ok(&world.shape(&state).comment(repo, number, comment))
}

/// The repository and the account, if it may change this comment: its author, or who may write here.
fn may_change(
    world: &World,
    caller: Caller,
    owner: &str,
    repo: &str,
    id: u64,
) -> Result<(u64, u64), Refusal> {
    let state = world.state();
    let repo = caller.repo(&state, owner, repo, Need::WriteConversation)?;
    let (_, comment) = state.comment_at(repo, id).ok_or_else(Refusal::not_found)?;
    let actor = caller.account(&state).ok_or_else(Refusal::not_found)?;
    if comment.author == actor || caller.role(&state, repo) >= Role::Write {
        return Ok((repo, actor));
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, "Must have admin rights to Repository."))
}

pub(super) async fn update(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, id)): Path<(String, String, u64)>,
    Body(text): Body<Text>,
) -> Answer {
    let (repo, actor) = may_change(&world, caller, &owner, &repo, id)?;
    let (number, comment) = world.change_comment(repo, id, actor, &text.body)?;
    let state = world.state();
    ok(&world.shape(&state).comment(repo, number, &comment))
}

pub(super) async fn remove(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, id)): Path<(String, String, u64)>,
) -> Answer {
    let (repo, actor) = may_change(&world, caller, &owner, &repo, id)?;
    world.remove_comment(repo, id, actor)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn reactions(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo, id)): Path<(String, String, u64)>,
) -> Answer {
    let items: Vec<Value> = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::ReadConversation)?;
        let (_, comment) = state.comment_at(repo, id).ok_or_else(Refusal::not_found)?;
        let query = Query::of(&uri);
        let wanted = |found: &&Reaction| query.get("content").is_none_or(|content| found.content == content);
        let mut found: Vec<&Reaction> = comment.reactions.iter().filter(wanted).collect();
        world.shuffle(&mut found, |reaction| reaction.id);
        let shape = world.shape(&state);
        found.into_iter().map(|reaction| shape.reaction(reaction)).collect()
    };
    Page::cut(&world, &uri, items).answer()
}

#[derive(Deserialize)]
pub(super) struct Content {
    content: String,
}

pub(super) async fn react(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, id)): Path<(String, String, u64)>,
    Body(asked): Body<Content>,
) -> Answer {
    let (repo, user) = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::WriteConversation)?;
        (repo, caller.account(&state).ok_or_else(Refusal::not_found)?)
    };
    let (reaction, new) = world.react(repo, id, user, &asked.content)?;
    let state = world.state();
    let body = world.shape(&state).reaction(&reaction);
    if new { created(&body) } else { ok(&body) }
}
