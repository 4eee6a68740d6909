//! Repositories, branches, commits and who moved what.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::{StatusCode, Uri};

use super::answer::{Answer, ok};
use super::caller::Need;
use super::paging::{Page, Query, by_cursor};
use super::{Caller, Refusal};
use crate::shape::Comparison;
use crate::state::Role;
use crate::world::World;

pub(super) async fn mine(State(world): State<Arc<World>>, caller: Caller, uri: Uri) -> Answer {
    let items = {
        let state = world.state();
        let Caller::Account(id) = caller else {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "Resource not accessible by integration"));
        };
        let mine = |repo: &&crate::state::Repo| {
            repo.owner == id
                || repo.collaborators.contains_key(&id)
                || (repo.private && state.role(repo.id, id) > Role::None)
        };
        let mut repos: Vec<u64> = state.repos.values().filter(mine).map(|repo| repo.id).collect();
        repos.sort_by_key(|id| state.full_name(*id));
        let shape = world.shape(&state);
        repos.into_iter().map(|repo| shape.repository_for(repo, state.role(repo, id))).collect()
    };
    Page::cut(&world, &uri, items).answer()
}

pub(super) async fn one(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo)): Path<(String, String)>,
) -> Answer {
    let state = world.state();
    let repo = caller.repo(&state, &owner, &repo, Need::Metadata)?;
    ok(&world.shape(&state).full_repository(repo, caller.role(&state, repo)))
}

pub(super) async fn activity(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo)): Path<(String, String)>,
) -> Answer {
    let items = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::ReadContents)?;
        let query = Query::of(&uri);
        let wanted = query.get("ref").map(|name| {
            if name.starts_with("refs/") { name.to_owned() } else { format!("refs/heads/{name}") }
        });
        let shape = world.shape(&state);
        let all = state.repo(repo)?.activity.iter().rev();
        all.filter(|entry| wanted.as_ref().is_none_or(|wanted| entry.reference == *wanted))
            .map(|entry| (entry.id, shape.activity(entry)))
            .collect()
    };
    by_cursor(&world, &uri, items)
}

pub(super) async fn branch(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, branch)): Path<(String, String, String)>,
) -> Answer {
    let (repo, tip) = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::ReadContents)?;
        let tip = state.repo(repo)?.branches.get(&branch).cloned();
        (repo, tip.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "Branch not found"))?)
    };
    let commit = world.bare(repo).commit(&tip).await?;
    let state = world.state();
    ok(&world.shape(&state).branch(repo, &branch, &commit))
}

pub(super) async fn commit(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, name)): Path<(String, String, String)>,
) -> Answer {
    let repo = caller.repo(&world.state(), &owner, &repo, Need::ReadContents)?;
    let sha = resolve(&world, repo, &name).await?;
    let commit = world.bare(repo).commit(&sha).await?;
    let state = world.state();
    ok(&world.shape(&state).commit(repo, &commit))
}

/// `base...head`: the commits that the head has and the base has not.
pub(super) async fn compare(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo, ends)): Path<(String, String, String)>,
) -> Answer {
    let repo = caller.repo(&world.state(), &owner, &repo, Need::ReadContents)?;
    let (base, head) = ends.split_once("...").ok_or_else(Refusal::not_found)?;
    let found = (resolve(&world, repo, base).await, resolve(&world, repo, head).await);
    let (Ok(base), Ok(head)) = found else { return Err(Refusal::not_found()) };
    let bare = world.bare(repo);
    let found = Comparison {
        fork: bare.commit(&bare.run(&["merge-base", &base, &head]).await?).await?,
        base: bare.commit(&base).await?,
        ahead: bare.commits(&[&format!("{base}..{head}")]).await?,
        behind: bare.commits(&[&format!("{head}..{base}")]).await?.len(),
        files: bare.files(&base, &head).await?,
        head,
    };
    let items = {
        let state = world.state();
        let shape = world.shape(&state);
        found.ahead.iter().map(|commit| shape.commit(repo, commit)).collect()
    };
    let page = Page::cut(&world, &uri, items);
    let state = world.state();
    page.within(|_, commits| world.shape(&state).comparison(repo, &found, commits))
}

/// The commit that a ref in an address stands for: a whole sha, a branch, or `heads/branch`.
pub(super) async fn resolve(world: &World, repo: u64, name: &str) -> Result<String, Refusal> {
    let none = || Refusal::invalid(format!("No commit found for SHA: {name}"));
    let branch = {
        let state = world.state();
        let branches = &state.repo(repo)?.branches;
        let short = name.strip_prefix("refs/").unwrap_or(name);
        let short = short.strip_prefix("heads/").unwrap_or(short);
        branches.get(short).cloned()
    };
    if let Some(sha) = branch {
        return Ok(sha);
    }
    let whole = name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !whole {
        return Err(none());
    }
    world.bare(repo).resolve(name).await.ok_or_else(none)
}
