//! One request at a time over the wire: bounded in number, time and size, with bounded patience for a busy server.

use std::io;
use std::time::Duration;

use ::kube::Client;
use ::kube::client::Body;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::answer::{self, Answer, Reply};
use super::patience::Patience;
use super::warning;
use crate::ports::{BoxError, ClusterError};

/// More requests at once only open more connections.
const AT_ONCE: usize = 32;
/// How often a busy server is asked.
const TRIES: u32 = 4;
/// Far above the largest object that etcd takes, and enough for the discovery of thousands of kinds.
const LARGEST_BODY: usize = 32 << 20;

/// The connection to one cluster.
pub(super) struct Link {
    client: Client,
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

/// No answer, and why, in words without values.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NoAnswer(String);

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

pub(super) fn unreachable(why: impl Into<String>) -> ClusterError {
    ClusterError::Unreachable { source: Box::new(NoAnswer(why.into())) }
}

impl Link {
    pub(super) fn new(client: Client, patience: Patience) -> Self {
        Self { client, patience, at_once: Semaphore::new(AT_ONCE) }
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
        let _turn = self.at_once.acquire().await.map_err(|closed| failed(closed.into()))?;
        let twice = async {
            match self.exchange(question).await {
                Err(source) if broke_off(&source) => self.exchange(question).await,
                replied @ (Ok(_) | Err(_)) => replied,
            }
        };
        match timeout(self.patience.answer, twice).await {
            Ok(exchanged) => exchanged.map_err(failed),
            Err(_) => {
                let seconds = self.patience.answer.as_secs_f32();
                Err(ClusterError::Unreachable { source: Box::new(Late { seconds }) })
            }
        }
    }

    async fn exchange(&self, question: &Question<'_>) -> Result<Reply, BoxError> {
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
        let (head, body) = self.client.send(request).await?.into_parts();
        let body = Limited::new(body, LARGEST_BODY).collect().await?.to_bytes().to_vec();
        let head = Response::from_parts(head, ());
        let text = |name| head.headers().get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let retry_after =
            text(http::header::RETRY_AFTER).next().and_then(|seconds| seconds.trim().parse().ok());
        // Not all of them are ASCII.
        let warnings = head.headers().get_all(http::header::WARNING).into_iter();
        let warnings: Vec<_> = warnings.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        Ok(Reply {
            status: head.status().as_u16(),
            warnings: warnings.iter().flat_map(|line| warning::texts(line)).collect(),
            retry_after: retry_after.map(Duration::from_secs),
            body,
        })
    }
}

/// Why nothing came back, in words that carry no credentials: a plugin that should obtain them may have printed them.
fn failed(source: BoxError) -> ClusterError {
    for error in chain(&source) {
        if let Some(::kube::Error::Auth(_)) = error.downcast_ref() {
            return unreachable("credentials for it could not be obtained");
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return unreachable(error.to_string());
        }
    }
    unreachable("the connection failed")
}

/// Whether there was a connection: one that does not come about, in time or at all, is not tried again.
fn broke_off(source: &BoxError) -> bool {
    !chain(source).any(|error| {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(kind, Some(io::ErrorKind::TimedOut | io::ErrorKind::ConnectionRefused))
            || matches!(error.downcast_ref(), Some(::kube::Error::Auth(_)))
    })
}

fn chain(source: &BoxError) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let first: &(dyn std::error::Error + 'static) = source.as_ref();
    std::iter::successors(Some(first), |error| error.source())
}
