//! What all pages have.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, html};

use crate::state::{Change, ChangeState};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// A whole page.
pub(super) fn page(status: StatusCode, title: &str, body: &Markup) -> Response {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/style.css";
            }
            body {
                header.bar { a href="/" { b { "The stand-in forge" } } span.quiet { " everything here is made up" } }
                main { (body) }
            }
        }
    };
    let mut response = (status, axum::response::Html(markup.into_string())).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What state a change request is in, as a coloured word.
pub(super) fn badge(change: &Change) -> Markup {
    let (class, word) = match change.state() {
        ChangeState::Open if change.draft => ("badge draft", "Draft"),
        ChangeState::Open => ("badge open", "Open"),
        ChangeState::Closed => ("badge closed", "Closed"),
        ChangeState::Merged => ("badge merged", "Merged"),
    };
    html! { span class=(class) { (word) } }
}

/// A commit, short, with a link.
pub(super) fn commit(full_name: &str, sha: &str) -> Markup {
    html! { a.sha href=(format!("/{full_name}/commit/{sha}")) { (sha.get(..7).unwrap_or(sha)) } }
}

/// A time, without its seconds' fractions and letters.
pub(super) fn time(at: jiff::Timestamp) -> Markup {
    let text = at.to_string();
    let plain = text.replace('T', " ").trim_end_matches('Z').to_owned();
    html! { time.quiet datetime=(text) { (plain) } }
}
