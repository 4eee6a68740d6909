//! Repositories and their change requests.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::{StatusCode, Uri};
use maud::{Markup, html};

use super::frame::{badge, commit, page, time};
use crate::state::{Change, Repo, State as Forge};
use crate::world::World;

pub(super) async fn all(State(world): State<Arc<World>>) -> Response {
    let state = world.state();
    let body = html! {
        h1 { "Repositories" }
        @if state.repos.is_empty() { p.quiet { "There is none yet." } }
        @for repo in state.repos.values() { (section(&state, repo)) }
    };
    page(StatusCode::OK, "Repositories", &body)
}

pub(super) async fn one(
    State(world): State<Arc<World>>,
    uri: Uri,
    Path((owner, name)): Path<(String, String)>,
) -> Response {
    let state = world.state();
    let Some(repo) = state.repo_named(&owner, &name) else {
        drop(state);
        return super::nowhere(&world, &uri);
    };
    let full = state.full_name(repo.id);
    let body = html! {
        (section(&state, repo))
        h3 { "Branches" }
        ul { @for (branch, sha) in &repo.branches { li { code { (branch) } " " (commit(&full, sha)) } } }
    };
    page(StatusCode::OK, &full, &body)
}

fn section(state: &Forge, repo: &Repo) -> Markup {
    let full = state.full_name(repo.id);
    let mut changes: Vec<&Change> = repo.changes.values().collect();
    changes.sort_by_key(|change| (!change.is_open(), std::cmp::Reverse(change.number)));
    html! {
        section {
            h2 { a href=(format!("/{full}")) { (full) } }
            @if changes.is_empty() { p.quiet { "No change requests." } }
            table.list {
                @for change in changes {
                    tr {
                        td { (badge(change)) }
                        td {
                            a.title href=(format!("/{full}/pull/{}", change.number)) { (change.title) }
                            div.quiet {
                                "#" (change.number) " by " (state.login(change.author)) ", "
                                code { (change.head.branch) } " into " code { (change.base.branch) }
                            }
                        }
                        td.right {
                            @match change.comments.len() {
                                0 => "",
                                1 => "1 comment ",
                                count => { (count) " comments " }
                            }
                            (time(change.updated))
                        }
                    }
                }
            }
        }
    }
}
