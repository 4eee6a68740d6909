//! One request, one answer. Reads are repeated a little and pages are followed; writes are sent once.

use http::{HeaderValue, Method};
use reqwest::RequestBuilder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::forge::SetupError;
use crate::forge::answer::{Answer, Ask, client, patiently};
use crate::ports::{ForgeError, Secret};

/// Gitea gives fifty at most, unless it is told otherwise.
const PAGE: usize = 50;
/// No list of a forge that we read has this many pages.
const MOST_PAGES: usize = 2_000;

/// A client that is signed in.
pub(super) struct Api {
    http: reqwest::Client,
    /// Ends in `/api/v1`.
    root: String,
    authorization: HeaderValue,
}

impl Api {
    pub(super) fn new(name: &str, base: &Url, token: &Secret) -> Result<Self, SetupError> {
        let refused = |source: crate::ports::BoxError| SetupError::Credential {
            name: name.to_owned(),
            what: "the token",
            advice: "give it alone, without blanks and line breaks",
            source,
        };
        if token.expose().is_empty() || !token.expose().chars().all(|c| c.is_ascii_graphic()) {
            return Err(refused("it is empty or has characters that no token has".into()));
        }
        let mut authorization = HeaderValue::try_from(format!("token {}", token.expose()))
            .map_err(|_| refused("it is no value of a header".into()))?;
        authorization.set_sensitive(true);
        let root = format!("{}/api/v1", base.as_str().trim_end_matches('/'));
        Ok(Self { http: client(name, base)?, root, authorization })
    }

    fn request(&self, method: Method, route: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{route}", self.root));
        request.header(http::header::AUTHORIZATION, self.authorization.clone())
    }

    async fn send(ask: Ask, request: RequestBuilder) -> Result<Answer, ForgeError> {
        let response = request.send().await.map_err(|error| ask.failed(error.into()))?;
        Answer::receive(ask, http::Response::from(response)).await
    }

    /// One answer, a success.
    async fn look(&self, ask: Ask, route: &str) -> Result<Answer, ForgeError> {
        patiently(|| async { Self::send(ask, self.request(Method::GET, route)).await?.settle(ask) }).await
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, ask: Ask, route: &str) -> Result<T, ForgeError> {
        self.look(ask, route).await?.json(ask)
    }

    /// All pages of a list, each as `page` reads it. Some lists ignore the page that is asked for and give everything at
    /// once: the count that Gitea sends along tells.
    pub(super) async fn list<P: DeserializeOwned, T>(
        &self,
        ask: Ask,
        route: &str,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, ForgeError> {
        let joint = if route.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let answer = self.look(ask, &format!("{route}{joint}limit={PAGE}&page={page}")).await?;
            let found = items(answer.json(ask)?);
            let (empty, next) = (found.is_empty(), answer.next().is_some());
            all.extend(found);
            let whole = match answer.number("x-total-count") {
                Some(total) => usize::try_from(total).is_ok_and(|total| all.len() >= total),
                None => !next,
            };
            if empty || whole {
                return Ok(all);
            }
        }
        Err(ask.unexpected("a list without end"))
    }

    pub(super) async fn write(
        &self,
        ask: Ask,
        method: Method,
        route: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Answer, ForgeError> {
        Self::send(ask, self.request(method, route).json(body)).await?.settle(ask)
    }
}
