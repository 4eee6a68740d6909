//! Alive, ready, and how much is waiting.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Desk;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// The store answers too.
pub(super) async fn ready(State(desk): State<Desk>) -> (StatusCode, &'static str) {
    match desk.engine.store.pending().await {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
    }
}

/// What is waiting, in Prometheus' text form.
pub(super) async fn metrics(State(desk): State<Desk>) -> impl IntoResponse {
    let store = &desk.engine.store;
    let (pending, open) = (store.pending().await, store.open().await);
    let (Ok(pending), Ok(open)) = (pending, open) else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response();
    };
    let mut registry = Registry::with_prefix("countersign");
    let looks: Gauge = Gauge::default();
    looks.set(i64::try_from(pending.len()).unwrap_or(i64::MAX));
    registry.register("queue_depth", "Looks that wait or are under way", looks);
    let failing: Gauge = Gauge::default();
    let failed = pending.iter().filter(|(_, attempts, _)| *attempts > 1).count();
    failing.set(i64::try_from(failed).unwrap_or(i64::MAX));
    registry.register("queue_failing", "Looks that failed at least once", failing);
    let landings: Gauge = Gauge::default();
    landings.set(i64::try_from(open.len()).unwrap_or(i64::MAX));
    registry.register("landings_open", "Landings under way", landings);
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
