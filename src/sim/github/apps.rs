//! Apps and their installations.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use http::{StatusCode, Uri};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::answer::{Answer, Body, created, ok};
use super::paging::Page;
use super::{Caller, Refusal};
use crate::state::{Holder, Installation, State as Forge, Token};
use crate::world::World;

fn only_apps(caller: Caller) -> Result<u64, Refusal> {
    match caller {
        Caller::App(id) => Ok(id),
        Caller::Anonymous | Caller::Account(_) | Caller::Installation(_) => {
            Err(Refusal::new(StatusCode::UNAUTHORIZED, "A JSON web token could not be decoded"))
        }
    }
}

pub(super) async fn app(State(world): State<Arc<World>>, caller: Caller) -> Answer {
    let id = only_apps(caller)?;
    let state = world.state();
    let app = state.apps.get(&id).ok_or_else(Refusal::not_found)?;
    ok(&world.shape(&state).app(app))
}

pub(super) async fn installation(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo)): Path<(String, String)>,
) -> Answer {
    let id = only_apps(caller)?;
    let state = world.state();
    let repo = state.repo_named(&owner, &repo).ok_or_else(Refusal::not_found)?.id;
    let installation =
        state.installations.values().find(|found| found.app == id && found.repos.contains(&repo));
    let installation = installation.ok_or_else(Refusal::not_found)?;
    let app = state.apps.get(&id).ok_or_else(Refusal::not_found)?;
    ok(&world.shape(&state).installation(installation, app))
}

/// The installation on an organisation or a user.
pub(super) async fn installation_of(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(login): Path<String>,
) -> Answer {
    let id = only_apps(caller)?;
    let state = world.state();
    let account = state.account_id(&login)?;
    let installation = state.installations.values().find(|found| found.app == id && found.account == account);
    let app = state.apps.get(&id).ok_or_else(Refusal::not_found)?;
    ok(&world.shape(&state).installation(installation.ok_or_else(Refusal::not_found)?, app))
}

pub(super) async fn installations(State(world): State<Arc<World>>, caller: Caller, uri: Uri) -> Answer {
    let id = only_apps(caller)?;
    let items = {
        let state = world.state();
        let app = state.apps.get(&id).ok_or_else(Refusal::not_found)?;
        let mut found: Vec<&Installation> =
            state.installations.values().filter(|found| found.app == id).collect();
        world.shuffle(&mut found, |found| found.id);
        let shape = world.shape(&state);
        found.into_iter().map(|found| shape.installation(found, app)).collect()
    };
    Page::cut(&world, &uri, items).answer()
}

/// An App as anybody sees it.
pub(super) async fn named(State(world): State<Arc<World>>, _: Caller, Path(slug): Path<String>) -> Answer {
    let state = world.state();
    let app = state.apps.values().find(|app| app.slug == slug).ok_or_else(Refusal::not_found)?;
    ok(&world.shape(&state).app(app))
}

/// What of an installation a token is asked for; nothing for all of it.
#[derive(Deserialize)]
pub(super) struct Narrowed {
    #[serde(default)]
    repositories: Vec<String>,
    #[serde(default)]
    repository_ids: Vec<u64>,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
}

impl Narrowed {
    fn of(self, state: &Forge, whole: &Installation) -> Result<Installation, Refusal> {
        let beyond = || {
            let why = "There is at least one repository that does not exist or is not accessible to the parent installation.";
            Refusal::invalid(why)
        };
        let mut part = whole.clone();
        if !self.repositories.is_empty() || !self.repository_ids.is_empty() {
            let owner = state.login(whole.account);
            let named =
                self.repositories.iter().map(|name| state.repo_named(owner, name).map(|repo| repo.id));
            let numbered = self.repository_ids.iter().copied().map(Some);
            part.repos = named.chain(numbered).collect::<Option<_>>().ok_or_else(beyond)?;
            if !part.repos.is_subset(&whole.repos) {
                return Err(beyond());
            }
        }
        if !self.permissions.is_empty() {
            let given = |name: &str| whole.permissions.get(name).map(String::as_str);
            let fits = |(name, level): (&String, &String)| {
                given(name) == Some("write") || given(name) == Some(level)
            };
            if !self.permissions.iter().all(fits) {
                return Err(Refusal::invalid(
                    "The permissions requested are not granted to this installation.",
                ));
            }
            part.permissions = self.permissions;
        }
        Ok(part)
    }
}

pub(super) async fn access_token(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path(id): Path<u64>,
    Body(narrowed): Body<Narrowed>,
) -> Answer {
    let app = only_apps(caller)?;
    let mut state = world.state();
    let whole = state.installations.get(&id).filter(|found| found.app == app);
    let whole = whole.ok_or_else(Refusal::not_found)?.clone();
    let mut part = narrowed.of(&state, &whole)?;
    part.id = state.id();
    let number = part.id;
    let hour = SignedDuration::from_hours(1);
    let expires = Timestamp::now().saturating_add(hour).unwrap_or(Timestamp::MAX);
    let expires = Timestamp::from_second(expires.as_second()).unwrap_or(expires);
    let token =
        format!("ghs_sim{number:06}{:016x}", world.config.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let permissions = part.permissions.clone();
    let selection = if part.repos == whole.repos { "all" } else { "selected" };
    state.narrowed.insert(number, part);
    state
        .tokens
        .insert(token.clone(), Token { holder: Holder::Installation(number), expires: Some(expires) });
    created(&json!({
        "token": token, "expires_at": expires.to_string(), "permissions": permissions,
        "repository_selection": selection,
    }))
}

pub(super) async fn repositories(State(world): State<Arc<World>>, caller: Caller, uri: Uri) -> Answer {
    let items = {
        let state = world.state();
        let Caller::Installation(id) = caller else {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "You must authenticate with an installation access token",
            ));
        };
        let installation = state.installation(id).ok_or_else(Refusal::not_found)?;
        let mut repos: Vec<u64> = installation.repos.iter().copied().collect();
        world.shuffle(&mut repos, |id| *id);
        let shape = world.shape(&state);
        repos.into_iter().map(|repo| shape.repository_for(repo, caller.role(&state, repo))).collect()
    };
    Page::cut(&world, &uri, items).counted("repositories")
}
