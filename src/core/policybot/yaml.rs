//! The text of a `.policy.yml` as nodes with their places. Scalars keep their spelling: what `on`, `010` or `1_000`
//! mean depends on what a key takes, and to policy-bot it is what YAML 1.1 says.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

/// The most nodes that are read, aliases expanded.
const MOST_NODES: usize = 50_000;

/// How deep nodes may nest.
const DEEPEST: usize = 60;

/// A node, and the bytes that it stands in.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A word without quotes, as it is spelled.
    Plain(String),
    /// A text in quotes, or a block.
    Quoted(String),
    /// A list.
    List(Vec<Node>),
    /// Keys with their values, in the file's order; keys may come twice.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// What it is called in an error.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Plain(text) if number(text).is_some() => "a number",
            Value::Plain(text) if boolean(text).is_some() => "yes or no",
            Value::Plain(_) | Value::Quoted(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// What YAML 1.1 takes for a truth value.
pub(super) fn boolean(plain: &str) -> Option<bool> {
    match plain {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// What YAML 1.1 takes for a number, cut to a whole one.
pub(super) fn number(plain: &str) -> Option<i64> {
    let plain = plain.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.strip_prefix('+').unwrap_or(&plain)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let radix = |prefix: &str| digits.to_ascii_lowercase().strip_prefix(prefix).map(str::to_owned);
    let whole = |digits: &str, radix| i64::from_str_radix(&format!("{sign}{digits}"), radix).ok();
    if let Some(digits) = radix("0x") {
        return whole(&digits, 16);
    }
    if let Some(digits) = radix("0o") {
        return whole(&digits, 8);
    }
    if let Some(digits) = radix("0b") {
        return whole(&digits, 2);
    }
    let octal =
        digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
    if octal {
        return whole(digits, 8);
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0')) {
        return whole(digits, 10);
    }
    let float: f64 = plain.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "fractions are cut, as they are there")]
    let cut = (float.is_finite() && float.abs() < 9e15).then_some(float as i64);
    cut
}

/// Why a text is not YAML, and where.
#[derive(Debug)]
pub(super) struct NotYaml {
    pub(super) at: Range<usize>,
    pub(super) message: String,
}

/// The one document of a text; `None` where it holds nothing.
pub(super) fn read(text: &str) -> Result<Option<Node>, NotYaml> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_nodes: MOST_NODES,
            max_events: MOST_NODES * 3,
            max_depth: DEEPEST,
            enforce_alias_anchor_ratio: false,
        },
    };
    let read: Vec<Spanned<Raw>> =
        serde_saphyr::from_multiple_with_options(text, options).map_err(|error| refuse(text, &error))?;
    let mut documents = read.into_iter();
    let first = documents.next().map(|raw| node(text, raw));
    match documents.next() {
        Some(second) => Err(NotYaml {
            at: span(&second.defined),
            message: "a policy is one document, and here begins another".to_owned(),
        }),
        None => Ok(first),
    }
}

fn refuse(text: &str, error: &serde_saphyr::Error) -> NotYaml {
    let at = error.location().map_or(0..0, |location| span(&location));
    let all = error.without_snippet().to_string();
    // The place is said in our own way.
    let message =
        all.split(" at line ").next().unwrap_or_default().lines().next().unwrap_or_default().to_owned();
    NotYaml { at: at.start.min(text.len())..at.end, message: format!("not valid YAML: {message}") }
}

fn span(location: &Location) -> Range<usize> {
    let number = |value: Option<u64>| value.and_then(|value| usize::try_from(value).ok());
    let start = number(location.span().byte_offset()).unwrap_or_default();
    start..start + number(location.span().byte_len()).unwrap_or_default()
}

enum Raw {
    Null,
    Scalar(Option<String>),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

/// A scalar's spelling is read from the text itself, since what it was taken for does not tell.
fn node(text: &str, raw: Spanned<Raw>) -> Node {
    let span = span(&raw.defined);
    let spelled = text.get(span.clone()).unwrap_or_default().trim();
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Scalar(read) => {
            let quoted = spelled.starts_with(['"', '\'', '|', '>', '!', '&']);
            match read {
                Some(read) if quoted || spelled.is_empty() => Value::Quoted(read),
                Some(read) if spelled.contains('\n') => Value::Plain(read),
                Some(_) | None if matches!(spelled, "~" | "null" | "Null" | "NULL") => Value::Null,
                Some(_) | None => Value::Plain(spelled.to_owned()),
            }
        }
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(text, item)).collect()),
        Raw::Map(entries) => {
            Value::Map(entries.into_iter().map(|(key, value)| (node(text, key), node(text, value))).collect())
        }
    };
    Node { span, value }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(None))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Some(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}
