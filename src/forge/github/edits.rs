//! Which reviews were edited. The REST API does not tell; GraphQL does, so it is asked where it matters: when a review
//! may hold a command, or approves with words that a policy may look at.

use std::collections::BTreeMap;

use countersign_core::change::{RepoPath, Review, ReviewId, ReviewState};
use serde::Deserialize;

use super::graphql::{Graph, PageInfo};
use crate::forge::answer::Ask;
use crate::ports::ForgeError;

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
struct Node {
    database_id: Option<u64>,
    last_edited_at: Option<String>,
}

/// Whether edits of a review matter: it may hold a command, or it approves and says something.
pub(super) fn matter(review: &Review) -> bool {
    let approves = review.state == ReviewState::Approved && !review.body.trim().is_empty();
    approves || review.body.lines().any(|line| line.trim_start().starts_with(['/', '@']))
}

/// For each review whether it was edited. Empty where there is no GraphQL.
pub(super) async fn edited(
    graph: &Graph<'_>,
    repo: &RepoPath,
    number: u64,
) -> Result<BTreeMap<ReviewId, bool>, ForgeError> {
    let ask = Ask::Read("asking which reviews were edited");
    let mut found = BTreeMap::new();
    let take = |PullRequest { reviews }: PullRequest| {
        let of = |node: Node| Some((ReviewId(node.database_id?), node.last_edited_at.is_some()));
        found.extend(reviews.nodes.into_iter().filter_map(of));
        Ok(reviews.page_info)
    };
    match graph.pages(ask, QUERY, (repo, number), take).await {
        Err(ForgeError::NotFound { .. }) => Ok(BTreeMap::new()),
        read => read.map(|()| found),
    }
}
