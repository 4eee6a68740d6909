//! Plain pages for people: read a change request and its conversation, comment and review as one of the people here.
//! No scripts, nothing from elsewhere. A visitor is whoever they say: this is a stage, on loopback.

mod act;
mod change;
mod diff;
mod frame;
mod list;
mod markdown;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode, Uri};

use crate::github::Refusal;
use crate::world::World;

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/", get(list::all))
        .route("/style.css", get(style))
        .route("/{owner}/{name}", get(list::one))
        .route("/{owner}/{name}/pull/{number}", get(change::show))
        .route("/{owner}/{name}/pull/{number}/comments", post(act::comment))
        .route("/{owner}/{name}/pull/{number}/reviews", post(act::review))
        .route("/{owner}/{name}/commit/{sha}", get(diff::commit))
}

/// Whether a route is a page and not the API.
pub(crate) fn owns(route: &str) -> bool {
    route == "/" || route == "/style.css" || route.starts_with("/{owner}")
}

async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css")).into_response()
}

/// A page that is not there. Who asked may have meant the API, so it is written down.
fn nowhere(world: &World, uri: &Uri) -> Response {
    world.record.complain(format!("nobody serves {} {uri}", Method::GET));
    Refusal::new(StatusCode::NOT_FOUND, "Not Found").into_response()
}
