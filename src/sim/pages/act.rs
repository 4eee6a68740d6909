//! Forms: a visitor comments or reviews as one of the people.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{HOST, LOCATION, ORIGIN};
use http::{HeaderMap, StatusCode};
use maud::html;

use super::frame::page;
use crate::acts::{NewComment, NewReview};
use crate::config::Pages;
use crate::error::SimError;
use crate::state::{AccountKind, ReviewState, Role};
use crate::urlencoded;
use crate::world::World;

type Place = Path<(String, String, u64)>;

pub(super) async fn comment(
    State(world): State<Arc<World>>,
    Path((owner, name, number)): Place,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let done = admit(&world, &headers, &owner, &name, &body).and_then(|form| {
        let new = NewComment { author: form.who, via_app: None, body: &form.body };
        let comment = world.write_comment(form.repo, number, new)?;
        Ok((form.login, format!("issuecomment-{}", comment.id)))
    });
    back(&owner, &name, number, done)
}

pub(super) async fn review(
    State(world): State<Arc<World>>,
    Path((owner, name, number)): Place,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let done = admit(&world, &headers, &owner, &name, &body).and_then(|form| {
        let state = match form.verdict.as_str() {
            "approve" => ReviewState::Approved,
            "request_changes" => ReviewState::ChangesRequested,
            _ => return Err(SimError::refused("say yes or no")),
        };
        let new = NewReview { author: form.who, state, body: &form.body, commit: None };
        let review = world.give_review(form.repo, number, new)?;
        Ok((form.login, format!("pullrequestreview-{}", review.id)))
    });
    back(&owner, &name, number, done)
}

struct Form {
    repo: u64,
    who: u64,
    login: String,
    body: String,
    verdict: String,
}

fn admit(world: &World, headers: &HeaderMap, owner: &str, name: &str, body: &[u8]) -> Result<Form, SimError> {
    if world.config.pages != Pages::ActAsAnybody {
        return Err(SimError::refused("these pages are for reading"));
    }
    if !comes_from_here(headers) {
        return Err(SimError::refused("the form was not sent from these pages"));
    }
    let mut fields = urlencoded::read(&String::from_utf8_lossy(body));
    let mut take = |name: &str| fields.remove(name).unwrap_or_default();
    let (login, body, verdict) = (take("who"), take("body"), take("verdict"));
    let state = world.state();
    let repo = state.repo_id(&format!("{owner}/{name}"))?;
    let account = state.account(&login)?;
    if account.kind != AccountKind::User || state.role(repo, account.id) < Role::Read {
        return Err(SimError::refused(format!("{login} may not speak here")));
    }
    Ok(Form { repo, who: account.id, login: account.login.clone(), body, verdict })
}

/// A page of somebody else cannot send our forms: a browser says where a form comes from.
fn comes_from_here(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(host) = text(HOST) else { return false };
    let machine = host.split(':').next().unwrap_or_default();
    let loopback = machine == "127.0.0.1" || machine == "localhost";
    loopback && text(ORIGIN).is_none_or(|origin| origin == format!("http://{host}"))
}

fn back(owner: &str, name: &str, number: u64, done: Result<(String, String), SimError>) -> Response {
    let here = format!("/{owner}/{name}/pull/{number}");
    match done {
        Ok((login, anchor)) => {
            let target = format!("{here}?as={login}#{anchor}");
            (StatusCode::SEE_OTHER, [(LOCATION, target)]).into_response()
        }
        Err(error) => {
            let body = html! {
                h1 { "That did not work" }
                p { (error.to_string()) }
                p { a href=(here) { "Back to the change request" } }
            };
            page(StatusCode::UNPROCESSABLE_ENTITY, "That did not work", &body)
        }
    }
}
