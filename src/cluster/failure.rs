//! Why nothing came back, in words that carry no values, and that say what to do where something can be done.

use std::io;

use http_body_util::LengthLimitError;
use rustls::CertificateError;

use super::credentials::NoCredentials;
use super::link::LARGEST_BODY;
use super::socks::NoWay;
use crate::ports::{BoxError, ClusterError};

/// No answer, and why, in words without values.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NoAnswer(String);

pub(super) fn unreachable(why: impl Into<String>) -> ClusterError {
    ClusterError::Unreachable { source: Box::new(NoAnswer(why.into())) }
}

/// Why nothing came back; `proxy` is who names the proxy on the way, where there is one.
pub(super) fn failed(source: &BoxError, proxy: Option<&'static str>) -> ClusterError {
    for error in chain(source) {
        if error.is::<LengthLimitError>() {
            return ClusterError::TooLarge { megabytes: LARGEST_BODY >> 20 };
        }
        if let Some(error) = error.downcast_ref::<NoCredentials>() {
            return unreachable(error.to_string());
        }
        if let (Some(named_by), Some(said)) = (proxy, of_proxy(error)) {
            return unreachable(proxy_words(named_by, &said, beneath(error)));
        }
        if let (Some(named_by), Some(no_way)) = (proxy, of_socks(error)) {
            return unreachable(socks_words(named_by, no_way));
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return unreachable(io_words(error, proxy));
        }
    }
    unreachable("the connection failed")
}

/// Whether there was a connection that did not last: one that does not come about, in time or at all, is not tried again, and
/// an answer that is too large comes as large again.
pub(super) fn broke_off(source: &BoxError) -> bool {
    !chain(source).any(|error| {
        let error_of_io = error.downcast_ref::<io::Error>();
        matches!(
            error_of_io.map(io::Error::kind),
            Some(io::ErrorKind::TimedOut | io::ErrorKind::ConnectionRefused)
        ) || error_of_io.and_then(within::<rustls::Error>).is_some()
            || error.is::<NoCredentials>()
            || error.is::<LengthLimitError>()
            || of_proxy(error).is_some()
            || of_socks(error).is_some()
    })
}

fn chain(source: &BoxError) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let first: &(dyn std::error::Error + 'static) = source.as_ref();
    std::iter::successors(Some(first), |error| error.source())
}

/// What TLS says, or a proxy; an error of the system's may be about another one, which its `source` leaves out.
fn within<E: std::error::Error + 'static>(error: &io::Error) -> Option<&E> {
    let mut within = error.get_ref();
    while let Some(error) = within {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        within = error.downcast_ref().and_then(io::Error::get_ref);
    }
    None
}

fn io_words(error: &io::Error, proxy: Option<&'static str>) -> String {
    if let Some(words) = within(error).and_then(tls_words) {
        return words.to_owned();
    }
    match (error.to_string(), proxy) {
        (text, None) if text == NO_CONNECTION => "no connection came about in time".to_owned(),
        (text, Some(named_by)) if text == NO_CONNECTION => {
            format!("no connection came about in time through the proxy that {named_by} names")
        }
        (text, None | Some(_)) => text,
    }
}

/// How a connection that took too long says so.
const NO_CONNECTION: &str = "deadline has elapsed";

/// What stands beneath an error, as the system says it.
fn beneath<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    let mut below = error.source();
    while let Some(error) = below {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        below = error.source();
    }
    None
}

/// What a connector through a proxy by CONNECT says; its types have no names outside of their crate.
fn of_proxy(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    error.to_string().strip_prefix("tunnel error: ").map(str::to_owned)
}

/// What the one through a proxy of SOCKS says.
fn of_socks<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a NoWay> {
    error.downcast_ref().or_else(|| within(error.downcast_ref::<io::Error>()?))
}

fn socks_words(named_by: &str, no_way: &NoWay) -> String {
    match beneath(no_way) {
        Some(error) if matches!(no_way, NoWay::Unreachable(_)) => {
            format!("the proxy that {named_by} names {no_way} ({error})")
        }
        Some(_) | None => format!("the proxy that {named_by} names {no_way}"),
    }
}

fn proxy_words(named_by: &str, said: &str, beneath: Option<&io::Error>) -> String {
    let proxy = format!("the proxy that {named_by} names");
    match said {
        "proxy authorization required" => {
            format!(
                "{proxy} asks for credentials, or for others than that URL has (407): put them there, as http://USER:PASSWORD@HOST:PORT"
            )
        }
        "failed to create underlying connection" => match beneath {
            Some(error) => format!("{proxy} cannot be reached ({error})"),
            None => format!("{proxy} cannot be reached"),
        },
        "unsuccessful" => format!("{proxy} does not let through to it: is it allowed to go there?"),
        said => format!("{proxy} does not let through to it ({said})"),
    }
}

/// What is wrong with TLS, where something can be done about it.
fn tls_words(error: &rustls::Error) -> Option<&'static str> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the library's own words do for the rest")]
    match error {
        rustls::Error::InvalidCertificate(certificate) => certificate_words(certificate),
        rustls::Error::InvalidMessage(_) => Some(
            "it does not speak TLS: are the port and the `https://` of `server` in its kubeconfig right?",
        ),
        rustls::Error::AlertReceived(_) => Some(
            "it broke off the handshake of TLS: does it take the client certificate of its kubeconfig, and is it the API \
             server?",
        ),
        _ => None,
    }
}

fn certificate_words(error: &CertificateError) -> Option<&'static str> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the library's own words do for the rest")]
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Some(
            "nobody who is trusted has signed its certificate: put the certificate of its authority into the \
             `certificate-authority` of its kubeconfig",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Some(
            "its certificate is for another name than the `server` of its kubeconfig: set `tls-server-name` there to one \
             that it is for",
        ),
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            Some("its certificate does not hold at this time: renew it, or set the clock")
        }
        _ => None,
    }
}
