//! What HTTP answers mean to a caller. Knows no forge; sends nothing itself.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::SetupError;
use crate::ports::{BoxError, ForgeError};

/// An answer may have this many bytes.
pub(super) const MOST_BYTES: usize = 32 << 20;
/// What forges ask clients to wait where they name no time.
const WAIT: u64 = 60;
/// How the product names itself to a forge. On GitHub octocrab names itself instead.
const AGENT: &str = concat!("countersign/", env!("CARGO_PKG_VERSION"));

/// What is asked of the forge. It decides what a lost answer means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask {
    /// May be asked again.
    Read(&'static str),
    /// May have happened when no answer comes.
    Write(&'static str),
}

impl Ask {
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Read(action) | Self::Write(action) => action,
        }
    }

    /// The request left, the answer did not come whole.
    pub(super) fn lost(self, source: BoxError) -> ForgeError {
        match self {
            Self::Read(action) => ForgeError::Unavailable { action, source },
            Self::Write(action) => ForgeError::Ambiguous { action, source },
        }
    }

    /// The request never left.
    pub(super) fn unsent(self, source: BoxError) -> ForgeError {
        ForgeError::Unavailable { action: self.action(), source }
    }

    pub(super) fn refused(self, why: impl Into<String>) -> ForgeError {
        ForgeError::Refused { action: self.action(), why: why.into() }
    }

    pub(super) fn unexpected(self, why: impl Into<String>) -> ForgeError {
        ForgeError::Unexpected { action: self.action(), why: why.into() }
    }

    /// Tells a request that never left from one whose answer was lost.
    pub(super) fn failed(self, source: BoxError) -> ForgeError {
        let mut beneath: Option<&(dyn std::error::Error + 'static)> = Some(source.as_ref());
        while let Some(error) = beneath {
            if let Some(error) = error.downcast_ref::<reqwest::Error>()
                && (error.is_connect() || error.is_builder())
            {
                return self.unsent(source);
            }
            beneath = error.source();
        }
        self.lost(source)
    }
}

/// The status, as the error beneath an error.
#[derive(Debug, thiserror::Error)]
#[error("HTTP {status}: {said}")]
struct Failure {
    status: StatusCode,
    said: String,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// Takes the body in, up to [`MOST_BYTES`].
    pub(super) async fn receive<B>(ask: Ask, response: Response<B>) -> Result<Self, ForgeError>
    where
        B: BodyExt<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = response.into_parts();
        match Limited::new(body, MOST_BYTES).collect().await {
            Ok(body) => Ok(Self { status: parts.status, headers: parts.headers, body: body.to_bytes() }),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(ask.unexpected(format!("an answer of more than {} MB", MOST_BYTES >> 20)))
            }
            Err(error) => Err(ask.lost(error)),
        }
    }

    /// Success, or what the status means.
    pub(super) fn settle(self, ask: Ask) -> Result<Self, ForgeError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let said = self.said();
        Err(match self.status.as_u16() {
            429 => ForgeError::RateLimited { seconds: self.wait() },
            403 if self.throttled(&said) => ForgeError::RateLimited { seconds: self.wait() },
            404 | 410 => ForgeError::NotFound { action: ask.action() },
            408 | 500.. => ask.lost(Box::new(Failure { status: self.status, said })),
            300..400 => ask.unexpected(format!(
                "a redirect ({}), which is not followed: has the repository been renamed? Name it as it is now in the \
                 settings",
                self.status
            )),
            _ => ask.refused(said),
        })
    }

    /// The body as JSON. A write that reaches this has happened.
    pub(super) fn json<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, ForgeError> {
        serde_json::from_slice(&self.body).map_err(|error| ask.unexpected(error.to_string()))
    }

    /// The forge's own words, in one short line.
    pub(super) fn said(&self) -> String {
        #[derive(Deserialize)]
        struct Body {
            message: String,
            #[serde(default)]
            errors: Option<serde_json::Value>,
        }
        let text = match serde_json::from_slice::<Body>(&self.body) {
            Ok(Body { message, errors: None }) => message,
            Ok(Body { message, errors: Some(errors) }) => format!("{message} {errors}"),
            Err(_) => String::from_utf8_lossy(&self.body).into_owned(),
        };
        let line = one_line(&text);
        if line.is_empty() { self.status.to_string() } else { line }
    }

    pub(super) fn throttled(&self, said: &str) -> bool {
        self.headers.contains_key(header::RETRY_AFTER)
            || self.number("x-ratelimit-remaining") == Some(0)
            || said.to_ascii_lowercase().contains("rate limit")
    }

    /// Seconds to wait, by the forge's own clock: nothing here asks ours.
    pub(super) fn wait(&self) -> u64 {
        let moment =
            |name| self.headers.get(name).and_then(|value: &HeaderValue| moment(value.to_str().ok()?));
        let now = moment(header::DATE);
        let until = |then: i64| now.and_then(|now| u64::try_from(then - now.as_second()).ok());
        let after = self.number("retry-after").or_else(|| until(moment(header::RETRY_AFTER)?.as_second()));
        let reset = || until(i64::try_from(self.number("x-ratelimit-reset")?).ok()?);
        after.or_else(reset).unwrap_or(WAIT).clamp(1, 24 * 3600)
    }

    /// A header that is a number.
    pub(super) fn number(&self, header: &str) -> Option<u64> {
        self.headers.get(header)?.to_str().ok()?.trim().parse().ok()
    }

    /// Where the next page is, from the `Link` header.
    pub(super) fn next(&self) -> Option<&str> {
        let links = self.headers.get(header::LINK)?.to_str().ok()?;
        links.split('<').skip(1).find_map(|link| {
            let (url, parameters) = link.split_once('>')?;
            parameters.contains("rel=\"next\"").then_some(url)
        })
    }
}

/// A forge's words as one short line.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

fn moment(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// Asks again, twice at most, when a read got no answer. Never for writes.
pub(super) async fn patiently<T, F>(attempt: impl FnMut() -> F) -> Result<T, ForgeError>
where
    F: Future<Output = Result<T, ForgeError>>,
{
    let pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(150))
        .with_factor(4.0)
        .with_max_times(2)
        .with_jitter();
    attempt.retry(pauses).when(|error| matches!(error, ForgeError::Unavailable { .. })).await
}

/// A forge's URL, as the settings give it.
pub(super) fn base(name: &str, url: &str) -> Result<Url, SetupError> {
    let refused = |shown: &str| SetupError::Url { name: name.to_owned(), url: shown.to_owned() };
    // A URL that does not parse may hide a password anywhere: it is not repeated.
    let mut parsed = Url::parse(url).map_err(|_| refused("…"))?;
    let clean = parsed.username().is_empty()
        && parsed.password().is_none()
        && parsed.query().is_none()
        && parsed.fragment().is_none()
        && parsed.has_host();
    if !clean || !matches!(parsed.scheme(), "http" | "https") {
        return Err(refused(&format!("{}://{}/…", parsed.scheme(), parsed.host_str().unwrap_or_default())));
    }
    let path = parsed.path().trim_end_matches('/').to_owned();
    parsed.set_path(&path);
    Ok(parsed)
}

/// One client a forge: time limits, no redirects, a proxy only for what is not this machine.
pub(super) fn client(name: &str, base: &Url) -> Result<reqwest::Client, SetupError> {
    let builder = reqwest::Client::builder()
        .user_agent(AGENT)
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(20))
        .redirect(reqwest::redirect::Policy::none());
    let builder = if is_loopback(base) { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| SetupError::Client { name: name.to_owned(), source: error.into() })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests;
