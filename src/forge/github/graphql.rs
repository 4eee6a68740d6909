//! GitHub's other door, GraphQL, for what its REST API does not tell. An answer that is not whole is none.

use countersign_core::change::RepoPath;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use url::Url;

use super::call::Api;
use crate::forge::answer::{Answer, Ask, one_line};
use crate::ports::ForgeError;

/// No list of a pull request has this many pages of a hundred.
const MOST_PAGES: usize = 100;

/// What says that a question was understood and is not answered to this token.
const REFUSALS: [&str; 3] = ["FORBIDDEN", "INSUFFICIENT_SCOPES", "NOT_FOUND"];

/// The door of one GitHub, signed in.
pub(super) struct Graph<'a> {
    pub(super) api: &'a Api,
    pub(super) base: &'a Url,
}

#[derive(Deserialize)]
struct Objections {
    errors: Option<Vec<Objection>>,
}

#[derive(Deserialize)]
struct Objection {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Answered<P> {
    data: Option<Data<P>>,
}

#[derive(Deserialize)]
struct Data<P> {
    repository: Option<Repository<P>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository<P> {
    pull_request: Option<P>,
}

/// A page of a list, as every list of GitHub's has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl Graph<'_> {
    /// All pages of a list of a pull request: `page` takes each in and says where it ends.
    pub(super) async fn pages<P: DeserializeOwned>(
        &self,
        ask: Ask,
        query: &str,
        (repo, number): (&RepoPath, u64),
        mut page: impl FnMut(P) -> Result<PageInfo, ForgeError>,
    ) -> Result<(), ForgeError> {
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let variables =
                json!({ "owner": repo.owner(), "name": repo.name(), "number": number, "after": after });
            let body = json!({ "query": query, "variables": variables });
            let answer = self.api.question(ask, route(self.base), &body).await?;
            unobjected(ask, &answer)?;
            let answered: Answered<P> = answer.json(ask)?;
            let pull = answered.data.and_then(|data| data.repository).and_then(|repo| repo.pull_request);
            let end = page(pull.ok_or_else(|| ask.unexpected("no such pull request"))?)?;
            if !end.has_next_page {
                return Ok(());
            }
            if end.end_cursor.is_none() || end.end_cursor == after {
                return Err(ask.unexpected("a list that goes on nowhere"));
            }
            after = end.end_cursor;
        }
        Err(ask.unexpected("a list without end"))
    }
}

/// GitHub objects with a status of success, and perhaps beside half an answer, which is then no answer.
fn unobjected(ask: Ask, answer: &Answer) -> Result<(), ForgeError> {
    let Objections { errors } = answer.json(ask)?;
    let errors = errors.unwrap_or_default();
    let Some(first) = errors.first() else { return Ok(()) };
    let said = one_line(&first.message);
    let is = |wanted: &[&str]| {
        let mut kinds = errors.iter().filter_map(|error| error.kind.as_deref());
        kinds.any(|kind| wanted.contains(&kind))
    };
    if is(&["RATE_LIMITED"]) || answer.throttled(&said) {
        return Err(ForgeError::RateLimited { seconds: answer.wait() });
    }
    Err(if is(&REFUSALS) { ask.refused(said) } else { ask.unexpected(said) })
}

/// Where a GitHub answers GraphQL, from the base of its REST API: on Enterprise (`/api/v3`) it is one folder up. The
/// client signs only what is below its base as it is written, so the way up is left to the URL's own reading.
fn route(base: &Url) -> &'static str {
    if base.path().trim_end_matches('/').ends_with("/v3") { "/../graphql" } else { "/graphql" }
}
