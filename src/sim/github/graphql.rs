//! The questions that GraphQL answers here. Anything else is refused and complained of, so that nobody relies on what is
//! not there.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Body, ok};
use super::caller::Need;
use super::{Caller, Refusal, changes};
use crate::world::World;

/// Which reviews were edited, in GitHub's published schema, blanks aside.
const EDITED_REVIEWS: &str = "query($owner:String!,$name:String!,$number:Int!,$after:String){\
    repository(owner:$owner,name:$name){pullRequest(number:$number){reviews(first:100,after:$after){\
    pageInfo{hasNextPage endCursor}nodes{databaseId lastEditedAt}}}}}";

/// Whose signature each commit carries, and by which key.
const SIGNERS: &str = "query($owner:String!,$name:String!,$number:Int!,$after:String){\
    repository(owner:$owner,name:$name){pullRequest(number:$number){headRefOid commits(first:100,after:$after){\
    totalCount pageInfo{hasNextPage endCursor}nodes{commit{oid committedViaWeb signature{__typename isValid state \
    wasSignedByGitHub signer{databaseId login}... on GpgSignature{keyId}... on SshSignature{keyFingerprint}}}}}}}}";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    query: String,
    variables: Variables,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variables {
    owner: String,
    name: String,
    number: u64,
    after: Option<String>,
}

pub(super) async fn ask(State(world): State<Arc<World>>, caller: Caller, Body(asked): Body<Asked>) -> Answer {
    if caller == Caller::Anonymous {
        return Err(Refusal::new(
            http::StatusCode::UNAUTHORIZED,
            "This endpoint requires you to be authenticated.",
        ));
    }
    let query = words(&asked.query);
    let pull = if query == words(EDITED_REVIEWS) {
        edited_reviews(&world, caller, &asked.variables)
    } else if query == words(SIGNERS) {
        signers(&world, caller, &asked.variables).await
    } else {
        world.record.complain(format!("GraphQL was asked another question: {}", asked.query));
        return Err(Refusal::invalid("the stand-in answers another question"));
    };
    match pull {
        Ok(pull) => ok(&json!({ "data": { "repository": { "pullRequest": pull } } })),
        Err(refusal) => objected(refusal),
    }
}

/// A refusal as GraphQL tells it: with a status of success.
fn objected(refusal: Refusal) -> Answer {
    let kind = match refusal.status.as_u16() {
        403 => "FORBIDDEN",
        404 => "NOT_FOUND",
        _ => return Err(refusal),
    };
    let error = json!({ "type": kind, "path": ["repository"], "message": refusal.message });
    ok(&json!({ "data": { "repository": null }, "errors": [error] }))
}

fn edited_reviews(world: &World, caller: Caller, asked: &Variables) -> Result<Value, Refusal> {
    let state = world.state();
    let repo = caller.repo(&state, &asked.owner, &asked.name, Need::ReadPulls)?;
    let reviews = &state.change(repo, asked.number)?.reviews;
    let node = |review: &crate::state::Review| {
        let edited = review.edited.map(|at| at.to_string());
        json!({ "databaseId": review.id, "lastEditedAt": edited })
    };
    let (nodes, page) = asked.page(world, reviews.iter().map(node).collect())?;
    Ok(json!({ "reviews": { "pageInfo": page, "nodes": nodes } }))
}

/// Commits are contents: whoever may not read those is not told of them.
async fn signers(world: &World, caller: Caller, asked: &Variables) -> Result<Value, Refusal> {
    let (owner, name) = (&asked.owner, &asked.name);
    caller.repo(&world.state(), owner, name, Need::ReadContents)?;
    let (repo, base, head) = changes::ends(world, caller, owner, name, asked.number)?;
    let commits = world.bare(repo).commits(&[&format!("{base}..{head}")]).await?;
    let state = world.state();
    let shape = world.shape(&state);
    let node = |commit: &crate::git::log::Commit| {
        json!({ "commit": {
            "oid": commit.sha, "committedViaWeb": shape.via_web(commit), "signature": shape.signature(commit),
        } })
    };
    let listed = commits.iter().take(changes::COMMIT_LIMIT).map(node).collect();
    let (nodes, page) = asked.page(world, listed)?;
    let commits = json!({ "totalCount": commits.len(), "pageInfo": page, "nodes": nodes });
    Ok(json!({ "headRefOid": head, "commits": commits }))
}

impl Variables {
    /// What comes after the cursor, and where that ends.
    fn page(&self, world: &World, all: Vec<Value>) -> Result<(Vec<Value>, Value), Refusal> {
        let after = self.after.as_deref().map_or(Ok(0), str::parse::<usize>);
        let after = after.map_err(|_| Refusal::invalid("the cursor is none of ours"))?;
        let total = all.len();
        let nodes: Vec<Value> = all.into_iter().skip(after).take(world.config.page_cap.min(100)).collect();
        let end = after + nodes.len();
        let cursor = (!nodes.is_empty()).then(|| end.to_string());
        Ok((nodes, json!({ "hasNextPage": end < total, "endCursor": cursor })))
    }
}

/// A query without what GraphQL does not mind.
fn words(query: &str) -> Vec<String> {
    let spaced = |c: char| if c.is_whitespace() || c == ',' { " ".to_owned() } else { c.to_string() };
    let marked = |c: char| if "{}():!$".contains(c) { format!(" {c} ") } else { spaced(c) };
    let spaced: String = query.chars().map(marked).collect();
    spaced.split_whitespace().map(str::to_owned).collect()
}
