//! Which reviews were edited. The REST API does not tell; GraphQL does, so it is asked where it matters: when a review
//! may hold a command, or approves with words that a policy may look at.

use std::collections::BTreeMap;

use countersign_core::change::{Review, ReviewId, ReviewState};
use http::Method;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::call::Api;
use crate::forge::answer::Ask;
use crate::ports::ForgeError;

/// No request has this many pages of a hundred reviews.
const MOST_PAGES: usize = 100;

const QUERY: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviews(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { databaseId lastEditedAt }
      }
    }
  }
}";

#[derive(Deserialize)]
struct Answered {
    data: Option<Data>,
    #[serde(default)]
    errors: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    message: String,
}

#[derive(Deserialize)]
struct Data {
    repository: Option<Repository>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    pull_request: Option<PullRequest>,
}

#[derive(Deserialize)]
struct PullRequest {
    reviews: Reviews,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reviews {
    page_info: PageInfo,
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    database_id: Option<u64>,
    last_edited_at: Option<String>,
}

/// Whether edits of a review matter: it may hold a command, or it approves and says something.
pub(super) fn matter(review: &Review) -> bool {
    let approves = review.state == ReviewState::Approved && !review.body.trim().is_empty();
    approves || review.body.lines().any(|line| line.trim_start().starts_with(['/', '@']))
}

/// Where a GitHub answers GraphQL, from the base of its REST API: on Enterprise (`/api/v3`) it is one folder up. The
/// client signs only what is below its base as it is written, so the way up is left to the URL's own reading.
fn route(base: &Url) -> &'static str {
    if base.path().trim_end_matches('/').ends_with("/v3") { "/../graphql" } else { "/graphql" }
}

/// For each review whether it was edited. Empty where there is no GraphQL.
pub(super) async fn edited(
    api: &Api,
    base: &Url,
    (owner, name): (&str, &str),
    number: u64,
) -> Result<BTreeMap<ReviewId, bool>, ForgeError> {
    let ask = Ask::Read("asking which reviews were edited");
    let mut found = BTreeMap::new();
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let variables = json!({ "owner": owner, "name": name, "number": number, "after": after });
        let body = json!({ "query": QUERY, "variables": variables });
        let answered: Answered = match api.write(ask, Method::POST, route(base), &body).await {
            Err(ForgeError::NotFound { .. }) => return Ok(BTreeMap::new()),
            answer => answer?.json(ask)?,
        };
        if let Some(error) = answered.errors.first() {
            return Err(ask.unexpected(&error.message));
        }
        let pull = answered.data.and_then(|data| data.repository).and_then(|repo| repo.pull_request);
        let Reviews { page_info, nodes } =
            pull.ok_or_else(|| ask.unexpected("no such pull request"))?.reviews;
        let of = |node: Node| Some((ReviewId(node.database_id?), node.last_edited_at.is_some()));
        found.extend(nodes.into_iter().filter_map(of));
        if !page_info.has_next_page {
            return Ok(found);
        }
        after = page_info.end_cursor;
    }
    Err(ask.unexpected("a list without end"))
}
