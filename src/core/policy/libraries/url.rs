//! `url('https://…')`: addresses as Go reads those of requests, which is what the API server does.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use cel::common::types::{CelBool, CelList, CelMap, CelMapKey, CelString};
use cel::common::value::Val;
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};

use super::{opaque, texts};

pub(super) const FUNCTIONS: &[&str] =
    &["getEscapedPath", "getHost", "getHostname", "getPort", "getQuery", "getScheme", "isURL", "url"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    scheme: String,
    host: String,
    path: String,
    query: String,
}

opaque!(Url, "kubernetes.URL", URL);

/// Whether a text is an address that a request may name.
pub(super) fn is_sound(text: &str) -> bool {
    read(text, Whence::Request).is_some()
}

/// Where an address comes from: one of a request has no fragment and begins with a scheme or a slash.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whence {
    Request,
    Text,
}

fn parse(text: &str) -> Option<Url> {
    read(text, Whence::Request)?;
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    unescape(fragment, false)?;
    read(text, Whence::Text)
}

fn read(text: &str, whence: Whence) -> Option<Url> {
    if text.is_empty() && whence == Whence::Request || text.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return None;
    }
    let empty =
        || Url { scheme: String::new(), host: String::new(), path: String::new(), query: String::new() };
    if text == "*" {
        return Some(Url { path: "*".to_owned(), ..empty() });
    }
    let (scheme, rest) = scheme(text)?;
    let scheme = scheme.to_ascii_lowercase();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let query = query.to_owned();
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            return Some(Url { scheme, query, ..empty() });
        }
        let first = rest.split('/').next().unwrap_or_default();
        if whence == Whence::Request || first.contains(':') {
            return None;
        }
    }
    let may_have_host = !scheme.is_empty() || whence == Whence::Text && !rest.starts_with("///");
    let (host, path) = match rest.strip_prefix("//").filter(|_| may_have_host) {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (authority_host(authority)?, path)
        }
        None => (String::new(), rest),
    };
    unescape(path, false)?;
    Some(Url { scheme, host, path: path.to_owned(), query })
}

/// The scheme and what follows it; `None` where a colon comes first.
fn scheme(text: &str) -> Option<(&str, &str)> {
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return None,
            b':' => return text.split_once(':'),
            _ => break,
        }
    }
    Some(("", text))
}

fn authority_host(authority: &str) -> Option<String> {
    let (user, host) = authority.rsplit_once('@').map_or(("", authority), |(user, host)| (user, host));
    let of_user = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(of_user) || unescape(user, false).is_none() {
        return None;
    }
    let port = |text: &str| {
        text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
    };
    if let Some(rest) = host.strip_prefix('[') {
        let (address, after) = rest.rsplit_once(']')?;
        let (address, zone) = address.split_once("%25").unwrap_or((address, ""));
        let sound = address.parse::<Ipv6Addr>().is_ok() && port(after);
        return sound.then(|| match zone {
            "" => host.to_owned(),
            zone => format!("[{address}%{zone}]{after}"),
        });
    }
    let colon = host.rfind(':').unwrap_or(host.len());
    let of_host =
        |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "!$&'()*+,;=:[]<>\"-_.~%".contains(c);
    let plain = host.chars().all(of_host) && port(host.get(colon..)?);
    // Only what is no ASCII may be escaped in a host.
    let escapes =
        host.split('%').skip(1).all(|rest| rest.starts_with(|c: char| "89abcdefABCDEF".contains(c)));
    (plain && escapes).then(|| unescape(host, false))?
}

/// The text that `%41` and the like stand for; `None` where what follows a `%` is no number.
fn unescape(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        bytes.push(match b {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            b'+' if plus_is_space => b' ',
            b => b,
        });
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

impl Url {
    fn hostname_and_port(&self) -> (&str, &str) {
        let (host, port) = match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
            Some(_) | None => (self.host.as_str(), ""),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        (bare.unwrap_or(host), port)
    }

    fn escaped_path(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~$&+,/:;=@".contains(c);
        if self.path.chars().all(|c| plain(c) || "!'()*[]%".contains(c)) {
            return self.path.clone();
        }
        let mut escaped = String::new();
        for b in unescape(&self.path, false).unwrap_or_default().bytes() {
            match char::from(b) {
                c if plain(c) => escaped.push(c),
                _ => escaped.push_str(&format!("%{b:02X}")),
            }
        }
        escaped
    }

    fn pairs(&self) -> BTreeMap<String, Vec<String>> {
        let mut pairs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for part in self.query.split('&').filter(|part| !part.is_empty() && !part.contains(';')) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            if let Some((key, value)) = unescape(key, true).zip(unescape(value, true)) {
                pairs.entry(key).or_default().push(value);
            }
        }
        pairs
    }
}

pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    add_overload!(env, fn url: (CelString) -> Result<Url>)?;
    add_overload!(env, fn is_url: (CelString) -> CelBool, name = "isURL")?;
    add_member_overload!(env, fn get_scheme: (Url) -> CelString)?;
    add_member_overload!(env, fn get_host: (Url) -> CelString)?;
    add_member_overload!(env, fn get_hostname: (Url) -> CelString)?;
    add_member_overload!(env, fn get_port: (Url) -> CelString)?;
    add_member_overload!(env, fn get_escaped_path: (Url) -> CelString)?;
    add_member_overload!(env, fn get_query: (Url) -> CelMap)
}

fn url(text: &CelString<'_>) -> Result<Url, ExecutionError> {
    parse(text.inner()).ok_or_else(|| ExecutionError::function_error("url", "this text is no absolute URL"))
}

fn is_url(text: &CelString<'_>) -> CelBool {
    is_sound(text.inner()).into()
}

fn get_scheme(url: &Url) -> CelString<'static> {
    url.scheme.clone().into()
}

fn get_host(url: &Url) -> CelString<'static> {
    url.host.clone().into()
}

fn get_hostname(url: &Url) -> CelString<'static> {
    url.hostname_and_port().0.to_owned().into()
}

fn get_port(url: &Url) -> CelString<'static> {
    url.hostname_and_port().1.to_owned().into()
}

fn get_escaped_path(url: &Url) -> CelString<'static> {
    url.escaped_path().into()
}

fn get_query(url: &Url) -> CelMap<'static> {
    let entry = |(key, values): (String, Vec<String>)| {
        let values: Box<dyn Val> = Box::new(CelList::from(texts(values)));
        (CelMapKey::from(key), values)
    };
    CelMap::from(url.pairs().into_iter().map(entry).collect::<std::collections::HashMap<_, _>>())
}
