//! GitHub's API on its own addresses.

mod answer;
mod apps;
mod caller;
mod changes;
mod checks;
mod comments;
mod graphql;
mod jwt;
mod paging;
mod people;
mod protection;
mod repositories;
mod requests;
mod reviews;
mod workflows;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, patch, post, put};

pub(crate) use answer::Refusal;
pub(crate) use caller::{Caller, Need};

use crate::world::World;

/// Where GraphQL is answered. It has a description of its own.
pub(crate) const GRAPHQL: &str = "/graphql";

/// Every route under the name that GitHub's description gives it.
pub(crate) fn routes() -> Router<Arc<World>> {
    let repo = "/repos/{owner}/{repo}";
    let at = |tail: &str| format!("{repo}{tail}");
    Router::new()
        .route(GRAPHQL, post(graphql::ask))
        .route("/user", get(people::me))
        .route("/user/repos", get(repositories::mine))
        .route("/user/{account_id}", get(people::numbered))
        .route("/users/{username}", get(people::user))
        .route("/users/{username}/installation", get(apps::installation_of))
        .route("/orgs/{org}/installation", get(apps::installation_of))
        .route("/app", get(apps::app))
        .route("/app/installations", get(apps::installations))
        .route("/apps/{app_slug}", get(apps::named))
        .route("/app/installations/{installation_id}/access_tokens", post(apps::access_token))
        .route("/installation/repositories", get(apps::repositories))
        .route("/orgs/{org}/teams/{team_slug}/members", get(people::members))
        .route(repo, get(repositories::one))
        .route(&at("/installation"), get(apps::installation))
        .route(&at("/compare/{basehead}"), get(repositories::compare))
        .route(&at("/activity"), get(repositories::activity))
        .route(&at("/branches/{branch}"), get(repositories::branch))
        .route(&at("/branches/{branch}/protection"), get(protection::classic))
        .route(&at("/rules/branches/{branch}"), get(protection::rules))
        .route(&at("/rulesets"), get(protection::rulesets))
        .route(&at("/rulesets/{ruleset_id}"), get(protection::ruleset))
        .route(&at("/collaborators/{username}/permission"), get(people::permission))
        .route(&at("/commits/{ref}"), get(repositories::commit))
        .route(&at("/commits/{ref}/status"), get(checks::summary))
        .route(&at("/commits/{ref}/statuses"), get(checks::statuses))
        .route(&at("/commits/{ref}/check-runs"), get(checks::runs))
        .route(&at("/actions/runs"), get(workflows::runs))
        .route(&at("/statuses/{sha}"), post(checks::set_status))
        .route(&at("/check-runs"), post(checks::create_run))
        .route(&at("/check-runs/{check_run_id}"), patch(checks::update_run))
        .route(&at("/issues/{issue_number}/comments"), get(comments::list).post(comments::create))
        .route(
            &at("/issues/comments/{comment_id}"),
            // GitHub takes a POST here as well, and at least one client library sends it.
            get(comments::one).patch(comments::update).post(comments::update).delete(comments::remove),
        )
        .route(&at("/issues/comments/{comment_id}/reactions"), get(comments::reactions).post(comments::react))
        .route(&at("/pulls"), get(changes::list))
        .route(&at("/pulls/{pull_number}"), get(changes::one))
        .route(&at("/pulls/{pull_number}/commits"), get(changes::commits))
        .route(&at("/pulls/{pull_number}/files"), get(changes::files))
        .route(&at("/pulls/{pull_number}/reviews"), get(reviews::list).post(reviews::create))
        .route(&at("/pulls/{pull_number}/requested_reviewers"), get(requests::list).post(requests::create))
        .route(&at("/pulls/{pull_number}/merge"), put(changes::merge))
}
