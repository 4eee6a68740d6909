//! Every route there is.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use super::{health, pages, webhook};
use crate::engine::{Engine, Wake};

/// What every handler reaches.
#[derive(Clone)]
pub struct Desk {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Wakes the workers.
    pub wake: Wake,
}

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// All routes.
pub fn router(desk: Desk) -> Router {
    let webhooks = Router::new().route("/webhooks/{forge}", post(webhook::receive));
    let pages = Router::new()
        .route("/", get(pages::queue))
        .route("/audit", get(pages::landings))
        .route("/{forge}/{*path}", get(pages::change))
        .layer(axum::middleware::map_response(guarded));
    Router::new()
        .merge(webhooks)
        .merge(pages)
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .layer(
            ServiceBuilder::new()
                .layer(CatchPanicLayer::new())
                .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT)),
        )
        .with_state(desk)
}

/// No script, no frame, no request to anywhere else, no cache, and no link's key in a referrer.
async fn guarded(mut response: axum::response::Response) -> axum::response::Response {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
