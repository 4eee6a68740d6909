//! Formats of texts, as far as the API server checks them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;

use crate::diff::is_quantity;

/// Whether a text has a format; `None` where that cannot be told here.
pub(super) fn fits(format: &str, text: &str) -> Option<bool> {
    Some(match format.replace('-', "").as_str() {
        "byte" => STANDARD.decode(text.replace(['\n', '\r'], "")).is_ok(),
        "datetime" => is_date_time(text),
        "date" => text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10,
        "duration" => matches(&DURATION, text)?,
        "quantity" => is_quantity(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_cidr(text),
        "mac" => matches(&MAC, text)?,
        "uuid" | "uuid3" | "uuid4" | "uuid5" => matches(&UUID, text)?,
        "email" => matches(&EMAIL, text)?,
        "hostname" => text.len() <= 253 && matches(&HOST, text)?,
        "uri" => matches(&URI, text)?,
        "hexcolor" => matches(&COLOR, text)?,
        "k8sshortname" => text.len() <= 63 && matches(&LABEL, text)?,
        "k8slongname" => text.len() <= 253 && matches(&SUBDOMAIN, text)?,
        "password" | "int32" | "int64" | "float" | "double" => true,
        _ => return None,
    })
}

/// Formats that the API server checks and this program does not.
pub(super) fn is_beyond(format: &str) -> bool {
    let known = ["isbn", "isbn10", "isbn13", "creditcard", "ssn", "rgbcolor", "bsonobjectid"];
    known.contains(&format.replace('-', "").as_str())
}

type Pattern = LazyLock<Option<Regex>>;

static DURATION: Pattern = LazyLock::new(|| {
    Regex::new(
        r"^(?:[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)|\d+ ?(?:nanoseconds?|ns|nanos?|microseconds?|us|micros?|milliseconds?|ms|millis?|seconds?|sec|s|minutes?|min|m|hours?|hr?|h|days?|d|weeks?|wk|w))$",
    )
    .ok()
});
static MAC: Pattern = LazyLock::new(|| {
    Regex::new(
        r"^(?i:[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?:(?:[:-][0-9a-f]{2}){2})?|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2,3})$",
    )
    .ok()
});
static UUID: Pattern = LazyLock::new(|| {
    Regex::new(r"^(?i:[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})$").ok()
});
static EMAIL: Pattern = LazyLock::new(|| Regex::new(r"^[^@]*<?[^\s@<>]+@[^\s@<>]+>?$").ok());
static HOST: Pattern = LazyLock::new(|| {
    Regex::new(r"^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?$").ok()
});
static URI: Pattern =
    LazyLock::new(|| Regex::new(r"^(?:/[^\x00-\x20\x7f]*|[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f]+)$").ok());
static COLOR: Pattern = LazyLock::new(|| Regex::new(r"^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$").ok());
static LABEL: Pattern = LazyLock::new(|| Regex::new(r"^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$").ok());
static SUBDOMAIN: Pattern = LazyLock::new(|| {
    Regex::new(r"^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$").ok()
});
static DATE_TIME: Pattern = LazyLock::new(|| {
    Regex::new(r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$").ok()
});

fn matches(pattern: &Pattern, text: &str) -> Option<bool> {
    pattern.as_ref().map(|pattern| pattern.is_match(text))
}

fn is_date_time(text: &str) -> bool {
    matches(&DATE_TIME, text).unwrap_or(true) && text.parse::<jiff::Timestamp>().is_ok()
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.bytes().all(|b| b.is_ascii_digit()) && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}
