//! One request, one answer. Reads are repeated a little and pages are followed; writes are sent once.

use std::sync::Arc;

use http::{HeaderMap, Method, Request, Uri};
use octocrab::Octocrab;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error;
use crate::forge::answer::{Answer, Ask, patiently};
use crate::ports::ForgeError;

/// No list of a forge that we read has this many pages of a hundred.
const MOST_PAGES: usize = 1_000;

/// A client that is signed in for what it is used for.
#[derive(Clone)]
pub(super) struct Api(pub(super) Arc<Octocrab>);

impl Api {
    /// One answer, whatever its status.
    pub(super) async fn look(
        &self,
        ask: Ask,
        route: &str,
        headers: Option<HeaderMap>,
    ) -> Result<Answer, ForgeError> {
        patiently(|| async {
            let response = self.0._get_with_headers(route, headers.clone()).await;
            let answer = Answer::receive(ask, response.map_err(|error| error::of(ask, error))?).await?;
            if answer.status.is_server_error() { answer.settle(ask) } else { Ok(answer) }
        })
        .await
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, ask: Ask, route: &str) -> Result<T, ForgeError> {
        self.look(ask, route, None).await?.settle(ask)?.json(ask)
    }

    /// All pages of a list, each as `page` reads it.
    pub(super) async fn list<P: DeserializeOwned, T>(
        &self,
        ask: Ask,
        route: &str,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, ForgeError> {
        let joint = if route.contains('?') { '&' } else { '?' };
        let mut route = format!("{route}{joint}per_page=100");
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let answer = self.look(ask, &route, None).await?.settle(ask)?;
            all.extend(items(answer.json(ask)?));
            match answer.next() {
                Some(next) => route = relative(ask, next)?,
                None => return Ok(all),
            }
        }
        Err(ask.unexpected("a list without end"))
    }

    /// A question that goes as a POST: a read, which may be asked again.
    pub(super) async fn question(
        &self,
        ask: Ask,
        route: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Answer, ForgeError> {
        patiently(|| self.write(ask, Method::POST, route, body)).await
    }

    pub(super) async fn write(
        &self,
        ask: Ask,
        method: Method,
        route: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Answer, ForgeError> {
        let request = Request::builder().method(method).uri(route);
        let request = self.0.build_request(request, Some(body)).map_err(|error| error::of(ask, error))?;
        let response = self.0.execute(request).await.map_err(|error| error::of(ask, error))?;
        Answer::receive(ask, response).await?.settle(ask)
    }
}

/// Only path and query: octocrab signs in only to the host that it was set up with, and to that host alone we go.
pub(super) fn relative(ask: Ask, link: &str) -> Result<String, ForgeError> {
    let uri: Uri = link.parse().map_err(|_| ask.unexpected("a link to the next page that is no URL"))?;
    let path = uri.path_and_query().map(ToString::to_string);
    path.ok_or_else(|| ask.unexpected("a link to the next page without a path"))
}
