//! Commits and differences.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::{StatusCode, Uri};
use maud::{Markup, html};

use super::frame::page;
use crate::world::World;

/// A page shows no more lines.
const LINE_LIMIT: usize = 3_000;

pub(super) async fn commit(
    State(world): State<Arc<World>>,
    uri: Uri,
    Path((owner, name, sha)): Path<(String, String, String)>,
) -> Response {
    let repo = world.state().repo_named(&owner, &name).map(|repo| repo.id);
    let whole = sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some(repo) = repo.filter(|_| whole) else { return super::nowhere(&world, &uri) };
    let bare = world.bare(repo);
    let Ok(commit) = bare.commit(&sha).await else { return super::nowhere(&world, &uri) };
    let text = match commit.parents.first() {
        Some(parent) => bare.diff(&format!("{parent}..{sha}")).await.unwrap_or_default(),
        None => String::new(),
    };
    let subject = commit.message.lines().next().unwrap_or_default();
    let body = html! {
        p.quiet { a href=(format!("/{owner}/{name}")) { (owner) "/" (name) } }
        h1 { "Commit " code { (sha.get(..12).unwrap_or(&sha)) } }
        p { "by " b { (commit.author.0) } @if commit.signed { " · signed" } " · parents: "
            @for parent in &commit.parents { (super::frame::commit(&format!("{owner}/{name}"), parent)) " " }
        }
        pre.message { (commit.message) }
        section { h2 { "Changes" } (coloured(&text)) }
    };
    page(StatusCode::OK, subject, &body)
}

/// A unified diff with its additions and removals told apart.
pub(super) fn coloured(text: &str) -> Markup {
    let more = text.lines().count().saturating_sub(LINE_LIMIT);
    html! {
        @if text.is_empty() { p.quiet { "Nothing to show." } } @else {
            pre.diff { @for line in text.lines().take(LINE_LIMIT) { span class=(class(line)) { (line) "\n" } } }
        }
        @if more > 0 { p.quiet { (more) " more lines" } }
    }
}

/// How a line of a diff is coloured.
pub(super) fn class(line: &str) -> &'static str {
    match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] | [b'd', b'i', b'f', b'f', ..] => "file",
        [b'+', ..] => "added",
        [b'-', ..] => "removed",
        [b'@', ..] => "hunk",
        _ => "same",
    }
}
