//! Branch protection and rulesets.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::{StatusCode, Uri};

use super::answer::{Answer, ok};
use super::caller::Need;
use super::paging::Page;
use super::{Caller, Refusal};
use crate::shape::Detail;
use crate::state::BranchRules;
use crate::world::World;

pub(super) async fn classic(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, repo, branch)): Path<(String, String, String)>,
) -> Answer {
    let state = world.state();
    let repo = caller.repo(&state, &owner, &repo, Need::ReadAdministration)?;
    if !state.repo(repo)?.branches.contains_key(&branch) {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "Branch not found"));
    }
    let rules = BranchRules::of(&state, repo, &branch);
    let classic =
        rules.classic().ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "Branch not protected"))?;
    ok(&world.shape(&state).protection(repo, &branch, classic))
}

pub(super) async fn rules(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo, branch)): Path<(String, String, String)>,
) -> Answer {
    let items = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::Metadata)?;
        let shape = world.shape(&state);
        let rules = BranchRules::of(&state, repo, &branch);
        let mut all: Vec<(u64, _)> = (0..).zip(rules.active()).collect();
        world.shuffle(&mut all, |(at, _)| *at);
        all.into_iter().map(|(_, (set, rule))| shape.rule_in_force(repo, set, rule)).collect()
    };
    Page::cut(&world, &uri, items).answer()
}

pub(super) async fn rulesets(
    State(world): State<Arc<World>>,
    caller: Caller,
    uri: Uri,
    Path((owner, repo)): Path<(String, String)>,
) -> Answer {
    let items = {
        let state = world.state();
        let repo = caller.repo(&state, &owner, &repo, Need::Metadata)?;
        let mut sets: Vec<_> = state.repo(repo)?.rulesets.iter().collect();
        world.shuffle(&mut sets, |set| set.id);
        sets.into_iter().map(|set| world.shape(&state).ruleset(repo, set, Detail::Short)).collect()
    };
    Page::cut(&world, &uri, items).answer()
}

pub(super) async fn ruleset(
    State(world): State<Arc<World>>,
    caller: Caller,
    Path((owner, name, id)): Path<(String, String, u64)>,
) -> Answer {
    let state = world.state();
    let repo = caller.repo(&state, &owner, &name, Need::Metadata)?;
    let detail = match caller.repo(&state, &owner, &name, Need::WriteAdministration) {
        Ok(_) => Detail::WithBypass,
        Err(_) => Detail::Whole,
    };
    let set = state.repo(repo)?.rulesets.iter().find(|set| set.id == id);
    ok(&world.shape(&state).ruleset(repo, set.ok_or_else(Refusal::not_found)?, detail))
}
