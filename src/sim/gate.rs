//! What every request goes through, whatever it asks for.

use std::sync::{Arc, Weak};

use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{AUTHORIZATION, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};

use crate::faults::Fault;
use crate::git::bridge::{self, GitRequest};
use crate::github::{Caller, GRAPHQL, Refusal};
use crate::record;
use crate::server::Line;
use crate::sim::Inner;
use crate::world::World;
use crate::{Sim, pages};

/// One request that passes.
struct Visit {
    method: Method,
    uri: Uri,
    route: Option<String>,
    headers: HeaderMap,
    body: Bytes,
}

/// The way through the gate.
pub(crate) async fn pass(
    State(inner): State<Weak<Inner>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let Some(sim) = Sim::again(&inner) else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let world = Arc::clone(sim.world());
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let route = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let visit = Visit {
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        route: route.filter(|route| !pages::owns(route)),
        headers: parts.headers.clone(),
        body: body.clone(),
    };
    let path = visit.uri.path().to_owned();
    if let Some(action) = world.faults.take_action(visit.method.as_str(), &path) {
        action(sim).await;
    }
    let fault = world.faults.take(visit.method.as_str(), &path);
    let limit = visit.route.is_some().then(|| Limit::count(&world, &visit));
    if let Some(limit) = limit.as_ref().filter(|limit| limit.is_exceeded()) {
        let mut refusal = Refusal::new(StatusCode::FORBIDDEN, "API rate limit exceeded").into_response();
        limit.write(refusal.headers_mut());
        remember(&world, &visit, Some(refusal.status()));
        return refusal;
    }
    let serve = async {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        finish(&world, &visit, limit.as_ref(), response).await
    };
    let response = match fault {
        Some(Fault::Status(code)) => failure(code),
        Some(Fault::Drop) => {
            line.cut();
            StatusCode::BAD_GATEWAY.into_response()
        }
        Some(Fault::RateLimit { seconds }) => slow_down(seconds),
        Some(Fault::StatusAfterEffect(code)) => {
            drop(serve.await);
            failure(code)
        }
        Some(Fault::DropAfterEffect) => {
            drop(serve.await);
            line.cut();
            StatusCode::BAD_GATEWAY.into_response()
        }
        Some(Fault::Slow(time)) => {
            tokio::time::sleep(time).await;
            serve.await
        }
        None => serve.await,
    };
    let broken = matches!(fault, Some(Fault::Drop | Fault::DropAfterEffect));
    remember(&world, &visit, (!broken).then(|| response.status()));
    response
}

/// Requests that no route of the API and no page knows: git's, or nobody's.
pub(crate) async fn elsewhere(
    State(world): State<Arc<World>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(git) = GitRequest::of(uri.path()) {
        return bridge::serve(&world, &git, &method, &uri, &headers, body).await;
    }
    if uri.path() != "/favicon.ico" {
        world.record.complain(format!("nobody serves {method} {uri}"));
    }
    Refusal::not_found().into_response()
}

/// Holds the answer to the contract, adds what all answers have, and leaves it out where the caller has it already.
async fn finish(world: &World, visit: &Visit, limit: Option<&Limit>, response: Response) -> Response {
    let (Some(route), Some(limit)) = (&visit.route, limit) else { return response };
    let (mut parts, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if parts.status == StatusCode::METHOD_NOT_ALLOWED && body.is_empty() {
        world.record.complain(format!("nobody serves {} {}", visit.method, visit.uri));
        return Refusal::not_found().into_response();
    }
    let contract = world.config.contract.as_ref();
    if let Some(contract) = contract.filter(|_| route == GRAPHQL && parts.status.is_success()) {
        for complaint in contract.question(&visit.body, &body) {
            world.record.complain(complaint);
        }
    }
    if let Some(contract) = contract.filter(|_| route != GRAPHQL) {
        let query = visit.uri.query().unwrap_or_default();
        let complaints = contract
            .request(visit.method.as_str(), route, query, &visit.body)
            .into_iter()
            // What was refused need not have been right.
            .filter(|_| parts.status.is_success() || parts.status == StatusCode::UNPROCESSABLE_ENTITY)
            .chain(contract.response(visit.method.as_str(), route, parts.status.as_u16(), &body));
        for complaint in complaints {
            world.record.complain(complaint);
        }
    }
    limit.write(&mut parts.headers);
    if visit.method == Method::GET && parts.status == StatusCode::OK {
        let tag = tag(&body, parts.headers.get("link"));
        let same = visit.headers.get(IF_NONE_MATCH).is_some_and(|known| {
            known
                .to_str()
                .is_ok_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag))
        });
        if let Ok(value) = HeaderValue::from_str(&format!("W/{tag}")) {
            parts.headers.insert(ETAG, value);
        }
        if same {
            limit.give_back(world);
            parts.status = StatusCode::NOT_MODIFIED;
            return Response::from_parts(parts, Body::empty());
        }
    }
    Response::from_parts(parts, Body::from(body))
}

fn tag(body: &[u8], link: Option<&HeaderValue>) -> String {
    let mut hasher = Sha256::new();
    hasher.update(body);
    hasher.update(link.map_or(&b""[..], HeaderValue::as_bytes));
    let digest: String = hasher.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digest}\"")
}

/// How much of its budget a token has used.
struct Limit {
    token: String,
    used: u64,
    budget: u64,
    reset: i64,
}

impl Limit {
    fn count(world: &World, visit: &Visit) -> Self {
        let token =
            visit.headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok()).unwrap_or_default();
        let used = world.record.count(token);
        let hour = jiff::Timestamp::now().as_second() / 3600;
        Self { token: token.to_owned(), used, budget: world.config.budget, reset: (hour + 1) * 3600 }
    }

    fn is_exceeded(&self) -> bool {
        self.used > self.budget
    }

    fn give_back(&self, world: &World) {
        world.record.uncount(&self.token);
    }

    fn write(&self, headers: &mut HeaderMap) {
        headers.insert("x-ratelimit-limit", self.budget.into());
        headers.insert("x-ratelimit-remaining", self.budget.saturating_sub(self.used).into());
        headers.insert("x-ratelimit-used", self.used.into());
        headers.insert("x-ratelimit-reset", self.reset.into());
        headers.insert("x-ratelimit-resource", HeaderValue::from_static("core"));
    }
}

fn failure(code: u16) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // As GitHub does when it is down: a page for people, not JSON.
    (status, [("content-type", "text/html")], "<html><body>Unicorn! · GitHub</body></html>").into_response()
}

fn slow_down(seconds: u64) -> Response {
    let why = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let mut refusal = Refusal::new(StatusCode::FORBIDDEN, why);
    refusal.retry_after = Some(seconds);
    refusal.into_response()
}

fn remember(world: &World, visit: &Visit, status: Option<StatusCode>) {
    let header = visit.headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let token = header.and_then(|header| header.split_once(' ')).map(|(_, token)| token.to_owned());
    let caller = token.and_then(|token| Caller::of_token(world, &token).ok());
    world.record.request(record::Request {
        method: visit.method.to_string(),
        target: visit.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        route: visit.route.clone(),
        caller: caller.map(|caller| caller.label(&world.state())).unwrap_or_default(),
        status: status.map(|status| status.as_u16()),
        conditional: status == Some(StatusCode::NOT_MODIFIED),
    });
}
