//! Pages for people, and the same as JSON for programs that ask for it. Each needs a link's key.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use countersign_core::change::{ChangeId, RepoId};
use countersign_core::report::Report;
use countersign_core::snapshot::Snapshot;
use maud::Markup;
use serde::{Deserialize, Serialize};

use super::{Desk, page};
use crate::engine::change_path;
use crate::ports::StoreError;

/// The key of a link.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Key {
    #[serde(default)]
    key: String,
}

/// What was decided last about a change, as the engine saved it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) snapshot: Snapshot,
    pub(super) report: Report,
}

/// Which view of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Change,
    History,
    Policy,
}

fn locked() -> Response {
    let text = "This page needs the link from the change's comment, or the one that the server printed when it started.\n";
    (StatusCode::UNAUTHORIZED, text).into_response()
}

fn broken(error: &StoreError) -> Response {
    tracing::error!(error = %error, "a page could not be made");
    (StatusCode::SERVICE_UNAVAILABLE, "The store does not answer; try again.\n").into_response()
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.starts_with("application/json"))
}

fn answer(headers: &HeaderMap, html: impl FnOnce() -> Markup, json: impl Serialize) -> Response {
    if wants_json(headers) { Json(json).into_response() } else { Html(html().into_string()).into_response() }
}

/// `/`: what waits, and every change that the bot knows.
pub(super) async fn queue(
    State(desk): State<Desk>,
    Query(Key { key }): Query<Key>,
    headers: HeaderMap,
) -> Response {
    if !desk.engine.links.opens(&key, "/") {
        return locked();
    }
    let read = async { Ok((desk.engine.store.pending().await?, desk.engine.store.changes().await?)) };
    match read.await {
        Err(error) => broken(&error),
        Ok((pending, changes)) => {
            let json = serde_json::json!({
                "waiting": pending.iter().map(|(id, attempts, due)| serde_json::json!({
                    "change": id, "attempts": attempts, "due": due })).collect::<Vec<_>>(),
                "changes": changes,
            });
            answer(&headers, || page::queue(&pending, &changes, &key), json)
        }
    }
}

/// `/audit`: every landing, newest first.
pub(super) async fn landings(
    State(desk): State<Desk>,
    Query(Key { key }): Query<Key>,
    headers: HeaderMap,
) -> Response {
    if !desk.engine.links.opens(&key, "/") {
        return locked();
    }
    match desk.engine.store.history(None).await {
        Err(error) => broken(&error),
        Ok(rows) => {
            let json: Vec<_> = rows
                .iter()
                .map(|row| {
                    serde_json::json!({ "landing": row.id, "change": row.change, "branch": row.branch, "base": row.base,
                        "head": row.head, "commit": row.commit, "state": format!("{:?}", row.state).to_lowercase() })
                })
                .collect();
            answer(&headers, || page::landings(&rows, &key), json)
        }
    }
}

/// `/{forge}/{owner}/{repo}/{number}`, with `/history` or `/policy` after it.
pub(super) async fn change(
    State(desk): State<Desk>,
    Path((forge, path)): Path<(String, String)>,
    Query(Key { key }): Query<Key>,
    headers: HeaderMap,
) -> Response {
    let Some((id, view)) = which(&forge, &path) else {
        return (StatusCode::NOT_FOUND, "There is no such page.\n").into_response();
    };
    if !desk.engine.links.opens(&key, &change_path(&id)) {
        return locked();
    }
    let saved = match desk.engine.store.page(&id).await {
        Err(error) => return broken(&error),
        Ok(saved) => saved,
    };
    let saved = saved.and_then(|json| serde_json::from_str::<Saved>(&json).ok());
    let Some(saved) = saved else {
        return (StatusCode::NOT_FOUND, "Nothing was seen of this change yet.\n").into_response();
    };
    let json = match view {
        View::Change => serde_json::to_value(&saved.report),
        View::History => serde_json::to_value(&saved.snapshot.facts),
        View::Policy => serde_json::to_value(&saved.snapshot),
    };
    match json {
        Ok(json) => answer(&headers, || page::change(&id, view, &saved, &key), json),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Which change and which view a path means.
fn which(forge: &str, path: &str) -> Option<(ChangeId, View)> {
    let (path, view) = match path.rsplit_once('/') {
        Some((rest, "history")) => (rest, View::History),
        Some((rest, "policy")) => (rest, View::Policy),
        _ => (path, View::Change),
    };
    let (repo, number) = path.rsplit_once('/')?;
    let repo = RepoId { forge: forge.to_owned(), path: repo.parse().ok()? };
    Some((ChangeId { repo, number: number.parse().ok()? }, view))
}
