//! Accounts, teams, permissions.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::{StatusCode, Uri};

use super::answer::{Answer, ok};
use super::caller::Need;
use super::paging::Page;
use super::{Caller, Refusal};
use crate::world::World;

pub(super) async fn me(State(world): State<Arc<World>>, caller: Caller) -> Answer {
    let state = world.state();
    match caller {
        Caller::Account(id) => ok(&world.shape(&state).private_user(id)),
        Caller::Anonymous => Err(Refusal::new(StatusCode::UNAUTHORIZED, "Requires authentication")),
        Caller::App(_) | Caller::Installation(_) => {
            Err(Refusal::new(StatusCode::FORBIDDEN, "Resource not accessible by integration"))
        }
    }
}

pub(super) async fn user(State(world): State<Arc<World>>, _: Caller, Path(login): Path<String>) -> Answer {
    let state = world.state();
    let id = state.account_id(&login)?;
    ok(&world.shape(&state).public_user(id))
}

/// By number, which stays when a login changes hands.
pub(super) async fn numbered(State(world): State<Arc<World>>, _: Caller, Path(id): Path<u64>) -> Answer {
    let state = world.state();
    if !state.accounts.contains_key(&id) {
        return Err(Refusal::not_found());
    }
    ok(&world.shape(&state).public_user(id))
}

pub(super) async fn members(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((org, slug)): Path<(String, String)>,
) -> Answer {
    let items = {
        let state = world.state();
        let org = state.account_id(&org)?;
        let team = state.teams.values().find(|team| team.org == org && team.slug == slug);
        let team = team.ok_or_else(Refusal::not_found)?;
        if !sees_members(&state, caller, org) {
            // Who is not of the organisation is not told that the team exists.
            return Err(Refusal::not_found());
        }
        let mut members: Vec<u64> = team.members.iter().copied().collect();
        world.shuffle(&mut members, |id| *id);
        members.into_iter().map(|id| world.shape(&state).user(id)).collect()
    };
    Page::cut(&world, &uri, items).answer()
}

fn sees_members(state: &crate::state::State, caller: Caller, org: u64) -> bool {
    match caller {
        Caller::Anonymous | Caller::App(_) => false,
        Caller::Account(id) => {
            id == org
                || state.teams.values().any(|team| team.org == org && team.members.contains(&id))
                || state.repos.values().any(|repo| repo.owner == org && repo.collaborators.contains_key(&id))
        }
        Caller::Installation(id) => {
            let found = state.installation(id);
            found.is_some_and(|found| found.account == org && found.permissions.contains_key("members"))
        }
    }
}

pub(super) async fn permission(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, login)): Path<(String, String, String)>,
) -> Answer {
    let state = world.state();
    let repo = caller.repo(&state, &owner, &repo, Need::Metadata)?;
    let id = state.account_id(&login)?;
    ok(&world.shape(&state).permission(repo, id))
}
