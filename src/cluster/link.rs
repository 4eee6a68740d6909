//! One request at a time over the wire: bounded in number, time and size, with bounded patience for a busy server.

use std::time::Duration;

use ::kube::Client;
use ::kube::client::Body;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::answer::{self, Answer, Reply};
use crate::ports::{BoxError, ClusterError};

/// More requests at once only open more connections.
const AT_ONCE: usize = 32;
const DEADLINE: Duration = Duration::from_secs(30);
const TRIES: u32 = 4;
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Far above the largest object that etcd takes, and enough for the discovery of thousands of kinds.
const LARGEST_BODY: usize = 32 << 20;

/// The connection to one cluster.
pub(super) struct Link {
    client: Client,
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

pub(super) fn unreachable(why: impl Into<String>) -> ClusterError {
    ClusterError::Unreachable { source: Box::new(NoAnswer(why.into())) }
}

impl Link {
    pub(super) fn new(client: Client) -> Self {
        Self { client, at_once: Semaphore::new(AT_ONCE) }
    }

    /// The answer; waits as long as a busy server asks, within bounds.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Answer, ClusterError> {
        for _ in 1..TRIES {
            let answer = answer::read(&self.raw(question).await?);
            match answer.again_after() {
                Some(wait) => sleep(wait.min(LONGEST_WAIT)).await,
                None => return Ok(answer),
            }
        }
        Ok(answer::read(&self.raw(question).await?))
    }

    /// The answer as it came.
    pub(super) async fn raw(&self, question: &Question<'_>) -> Result<Reply, ClusterError> {
        let _turn = self.at_once.acquire().await.map_err(|closed| failed(closed.into()))?;
        match timeout(DEADLINE, self.exchange(question)).await {
            Ok(exchanged) => exchanged.map_err(failed),
            Err(_) => Err(unreachable(format!("no answer within {} seconds", DEADLINE.as_secs()))),
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
        Ok(Reply {
            status: head.status().as_u16(),
            warnings: text(http::header::WARNING).map(str::to_owned).collect(),
            retry_after: retry_after.map(Duration::from_secs),
            body,
        })
    }
}

/// Why nothing came back, in words that carry no credentials: a plugin that should obtain them may have printed them.
fn failed(source: BoxError) -> ClusterError {
    let mut beneath: Option<&(dyn std::error::Error + 'static)> = Some(source.as_ref());
    while let Some(error) = beneath {
        if let Some(::kube::Error::Auth(_)) = error.downcast_ref() {
            return unreachable("credentials for it could not be obtained");
        }
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return unreachable(error.to_string());
        }
        beneath = error.source();
    }
    unreachable("the connection failed")
}
