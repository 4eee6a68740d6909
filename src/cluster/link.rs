//! One request at a time over the wire: bounded in number, time and size, with bounded patience for a busy server.

use std::time::Duration;

use ::kube::client::Body;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::answer::{self, Answer, Reply};
use super::connect::Way;
use super::failure::{broke_off, failed};
use super::patience::Patience;
use super::warning;
use crate::ports::{BoxError, ClusterError};

/// More requests at once only open more connections.
const AT_ONCE: usize = 32;
/// How often a busy server is asked.
const TRIES: u32 = 4;
/// Far above the largest object that etcd takes, and enough for the discovery of thousands of kinds.
pub(super) const LARGEST_BODY: usize = 32 << 20;

/// The connection to one cluster.
pub(super) struct Link {
    way: Way,
    patience: Patience,
    at_once: Semaphore,
}

/// What is sent.
pub(super) struct Question<'a> {
    pub(super) verb: Verb,
    pub(super) path: &'a str,
    pub(super) accept: &'static str,
}

/// What is ever asked.
pub(super) enum Verb {
    /// Read.
    Get,
    /// Write this JSON, as a dry run.
    DryRun { method: Method, content_type: &'static str, json: Vec<u8> },
    /// Write this for real, which has to be refused.
    Probe(Value),
    /// Take away again what a probe made.
    RemoveProbe,
}

/// There was a connection, and no answer in time.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {seconds} seconds")]
struct Late {
    seconds: f32,
}

/// The server answered that it, or whom it asks, is not to be had.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unavailable(String);

/// Whether a connection stayed without an answer.
pub(super) fn is_late(error: &ClusterError) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<Late>())
}

/// Whether the server said so itself.
pub(super) fn is_unavailable(error: &ClusterError) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<Unavailable>())
}

pub(super) fn unavailable(why: String) -> ClusterError {
    ClusterError::Unreachable { source: Box::new(Unavailable(why)) }
}

impl Link {
    pub(super) fn new(way: Way, patience: Patience) -> Self {
        Self { way, patience, at_once: Semaphore::new(AT_ONCE) }
    }

    /// The answer; waits as long as a busy server asks, within bounds.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Answer, ClusterError> {
        Ok(answer::read(&self.reply(question).await?))
    }

    /// The answer as it came, after as much patience as in [`Self::ask`].
    pub(super) async fn reply(&self, question: &Question<'_>) -> Result<Reply, ClusterError> {
        for _ in 1..TRIES {
            let reply = self.raw(question).await?;
            match answer::again_after(&reply) {
                Some(wait) => sleep(wait.min(self.patience.again)).await,
                None => return Ok(reply),
            }
        }
        self.raw(question).await
    }

    /// One answer. A connection that breaks off is made once more: the server, or what is in between, may have closed one
    /// that rested, and nothing that is asked does more when it is asked twice.
    async fn raw(&self, question: &Question<'_>) -> Result<Reply, ClusterError> {
        let _turn = self.at_once.acquire().await.map_err(|closed| self.failed(closed.into()))?;
        let twice = async {
            match self.admitted(question).await {
                Err(source) if broke_off(&source) => self.admitted(question).await,
                replied @ (Ok(_) | Err(_)) => replied,
            }
        };
        match timeout(self.patience.answer, twice).await {
            Ok(exchanged) => exchanged.map_err(|source| self.failed(source)),
            Err(_) => {
                let seconds = self.patience.answer.as_secs_f32();
                Err(ClusterError::Unreachable { source: Box::new(Late { seconds }) })
            }
        }
    }

    fn failed(&self, source: BoxError) -> ClusterError {
        failed(&source, self.way.proxy)
    }

    /// One answer, to credentials that hold: those that a server refuses may have been taken back before their time, and
    /// whoever gave them may give others.
    async fn admitted(&self, question: &Question<'_>) -> Result<Reply, BoxError> {
        let (reply, answer) = self.exchange(question).await?;
        let refused = reply.status == http::StatusCode::UNAUTHORIZED;
        if refused && self.way.credentials.others_than(answer).await {
            return Ok(self.exchange(question).await?.0);
        }
        Ok(reply)
    }

    /// One answer, and which of a plugin's credentials it is to.
    async fn exchange(&self, question: &Question<'_>) -> Result<(Reply, u64), BoxError> {
        let pass = self.way.credentials.pass(&self.way.client).await?;
        let request = Request::builder().uri(question.path).header(http::header::ACCEPT, question.accept);
        let request = match &question.verb {
            Verb::Get => request.method(Method::GET).body(Body::empty()),
            Verb::DryRun { method, content_type, json } => request
                .method(method.clone())
                .header(http::header::CONTENT_TYPE, *content_type)
                .body(Body::from(json.clone())),
            Verb::Probe(object) => request
                .method(Method::POST)
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(Body::from(object.to_string().into_bytes())),
            Verb::RemoveProbe => request.method(Method::DELETE).body(Body::empty()),
        }?;
        let request = with(request, pass.authorization);
        let (head, body) = pass.client.send(request).await?.into_parts();
        let body = Limited::new(body, LARGEST_BODY).collect().await?.to_bytes().to_vec();
        let head = Response::from_parts(head, ());
        let text = |name| head.headers().get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let retry_after =
            text(http::header::RETRY_AFTER).next().and_then(|seconds| seconds.trim().parse().ok());
        // Not all of them are ASCII.
        let warnings = head.headers().get_all(http::header::WARNING).into_iter();
        let warnings: Vec<_> = warnings.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        let reply = Reply {
            status: head.status().as_u16(),
            warnings: warnings.iter().flat_map(|line| warning::texts(line)).collect(),
            retry_after: retry_after.map(Duration::from_secs),
            body,
        };
        Ok((reply, pass.answer))
    }
}

fn with(mut request: Request<Body>, authorization: Option<HeaderValue>) -> Request<Body> {
    if let Some(authorization) = authorization {
        request.headers_mut().insert(http::header::AUTHORIZATION, authorization);
    }
    request
}
