//! What octocrab's errors mean. octocrab says only "GitHub" of most, so they are taken apart here.

use bytes::Bytes;

use crate::forge::answer::{Answer, Ask};
use crate::ports::ForgeError;

/// Only for calls that octocrab answers itself, such as minting a token; others come as an [`Answer`].
pub(super) fn of(ask: Ask, error: octocrab::Error) -> ForgeError {
    use octocrab::Error::{GitHub, JWT, Json, Serde, Uri, UriParse};
    if let GitHub { source, .. } = &error {
        let answer = Answer {
            status: source.status_code,
            headers: source.headers.clone().unwrap_or_default(),
            body: Bytes::from(serde_json::json!({ "message": source.message }).to_string()),
        };
        if let Err(meant) = answer.settle(ask) {
            return meant;
        }
    }
    if matches!(error, JWT { .. }) {
        return ask
            .refused("the app's private key cannot sign; is it the RSA key that GitHub gave for this app?");
    }
    if matches!(error, Uri { .. } | UriParse { .. } | Json { .. } | Serde { .. }) {
        return ask.unexpected(error.to_string());
    }
    ask.failed(Box::new(error))
}
