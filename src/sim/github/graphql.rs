//! The one question that GraphQL answers here. Anything else is refused, so that nobody relies on what is not there.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Body, ok};
use super::caller::Need;
use super::{Caller, Refusal};
use crate::world::World;

/// Which reviews were edited, in GitHub's published schema, blanks aside.
const EDITED_REVIEWS: &str = "query($owner:String!,$name:String!,$number:Int!,$after:String){\
    repository(owner:$owner,name:$name){pullRequest(number:$number){reviews(first:100,after:$after){\
    pageInfo{hasNextPage endCursor}nodes{databaseId lastEditedAt}}}}}";

#[derive(Deserialize)]
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
    if words(&asked.query) != words(EDITED_REVIEWS) {
        return Err(Refusal::invalid("the stand-in answers another question"));
    }
    let Variables { owner, name, number, after } = asked.variables;
    let state = world.state();
    let repo = caller.repo(&state, &owner, &name, Need::ReadPulls)?;
    let after = match after.as_deref().map(str::parse::<usize>) {
        None => 0,
        Some(Ok(after)) => after,
        Some(Err(_)) => return Err(Refusal::invalid("the cursor is none of ours")),
    };
    let reviews = &state.change(repo, number)?.reviews;
    let node = |review: &crate::state::Review| {
        let edited = review.edited.map(|at| at.to_string());
        json!({ "databaseId": review.id, "lastEditedAt": edited })
    };
    let nodes: Vec<Value> = reviews.iter().skip(after).take(100).map(node).collect();
    let end = after + nodes.len();
    let page = json!({ "hasNextPage": end < reviews.len(), "endCursor": end.to_string() });
    let reviews = json!({ "pageInfo": page, "nodes": nodes });
    ok(&json!({ "data": { "repository": { "pullRequest": { "reviews": reviews } } } }))
}

/// A query without what GraphQL does not mind.
fn words(query: &str) -> Vec<String> {
    let spaced = |c: char| if c.is_whitespace() || c == ',' { " ".to_owned() } else { c.to_string() };
    let marked = |c: char| if "{}():!$".contains(c) { format!(" {c} ") } else { spaced(c) };
    let spaced: String = query.chars().map(marked).collect();
    spaced.split_whitespace().map(str::to_owned).collect()
}
