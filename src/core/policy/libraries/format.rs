//! `format.dns1123Label().validate(text)`: names and other texts that the API has rules for.

use std::sync::LazyLock;

use cel::common::types::{CelList, CelOptional, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};
use regex::Regex;

use super::{arg, opaque, text_of, texts, url};

pub(super) const FUNCTIONS: &[&str] = &[
    "format.byte",
    "format.date",
    "format.datetime",
    "format.dns1035Label",
    "format.dns1035LabelPrefix",
    "format.dns1123Label",
    "format.dns1123LabelPrefix",
    "format.dns1123Subdomain",
    "format.dns1123SubdomainPrefix",
    "format.labelValue",
    "format.named",
    "format.qualifiedName",
    "format.uri",
    "format.uuid",
    "validate",
];

/// A rule for texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Byte,
    Date,
    Datetime,
    Dns1035Label,
    Dns1035LabelPrefix,
    Dns1123Label,
    Dns1123LabelPrefix,
    Dns1123Subdomain,
    Dns1123SubdomainPrefix,
    LabelValue,
    QualifiedName,
    Uri,
    Uuid,
}

opaque!(Format, "kubernetes.NamedFormat", FORMAT);

const ALL: [(&str, Format); 13] = [
    ("byte", Format::Byte),
    ("date", Format::Date),
    ("datetime", Format::Datetime),
    ("dns1035Label", Format::Dns1035Label),
    ("dns1035LabelPrefix", Format::Dns1035LabelPrefix),
    ("dns1123Label", Format::Dns1123Label),
    ("dns1123LabelPrefix", Format::Dns1123LabelPrefix),
    ("dns1123Subdomain", Format::Dns1123Subdomain),
    ("dns1123SubdomainPrefix", Format::Dns1123SubdomainPrefix),
    ("labelValue", Format::LabelValue),
    ("qualifiedName", Format::QualifiedName),
    ("uri", Format::Uri),
    ("uuid", Format::Uuid),
];

macro_rules! pattern {
    ($text:expr) => {{
        static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($text).ok());
        PATTERN.as_ref()
    }};
}

/// What is wrong where a text does not match, or is too long.
fn matching(text: &str, pattern: Option<&Regex>, most: usize, what: &str) -> Vec<String> {
    let long = (text.len() > most).then(|| format!("must be no more than {most} characters"));
    let odd = (!pattern.is_some_and(|pattern| pattern.is_match(text))).then(|| what.to_owned());
    long.into_iter().chain(odd).collect()
}

fn label_1123(text: &str) -> Vec<String> {
    let what = "must be lower case letters, digits and `-`, and begin and end with a letter or digit";
    matching(text, pattern!("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"), 63, what)
}

fn label_1035(text: &str) -> Vec<String> {
    let what =
        "must be lower case letters, digits and `-`, begin with a letter and end with a letter or digit";
    matching(text, pattern!("^[a-z]([-a-z0-9]*[a-z0-9])?$"), 63, what)
}

fn subdomain(text: &str) -> Vec<String> {
    let what = "must be labels of lower case letters, digits and `-`, with `.` between them";
    let pattern = pattern!(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$");
    matching(text, pattern, 253, what)
}

fn qualified(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split('/').collect();
    let (prefix, name) = match parts.as_slice() {
        [name] => (None, *name),
        [prefix, name] => (Some(*prefix), *name),
        _ => return vec!["must be a name, or a subdomain, `/` and a name".to_owned()],
    };
    let what = "its name must be letters, digits, `-`, `_` and `.`, and begin and end with a letter or digit";
    let mut wrong = match prefix {
        Some("") => vec!["its prefix must not be empty".to_owned()],
        Some(prefix) => subdomain(prefix),
        None => Vec::new(),
    };
    wrong.extend(matching(name, pattern!("^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"), 63, what));
    wrong
}

fn label_value(text: &str) -> Vec<String> {
    let what =
        "must be empty, or letters, digits, `-`, `_` and `.`, and begin and end with a letter or digit";
    matching(text, pattern!("^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"), 63, what)
}

/// A prefix of a name may end with a dash, since something will follow it.
fn completed(text: &str) -> String {
    let stem = text.strip_suffix('-').filter(|stem| !stem.is_empty());
    let cut = stem.and_then(|stem| stem.char_indices().next_back().and_then(|(at, _)| stem.get(..at)));
    cut.map_or_else(|| text.to_owned(), |cut| format!("{cut}a"))
}

fn one(sound: bool, what: &str) -> Vec<String> {
    if sound { Vec::new() } else { vec![what.to_owned()] }
}

impl Format {
    fn wrong(self, text: &str) -> Vec<String> {
        match self {
            Self::Dns1123Label => label_1123(text),
            Self::Dns1123LabelPrefix => label_1123(&completed(text)),
            Self::Dns1123Subdomain => subdomain(text),
            Self::Dns1123SubdomainPrefix => subdomain(&completed(text)),
            Self::Dns1035Label => label_1035(text),
            Self::Dns1035LabelPrefix => label_1035(&completed(text)),
            Self::QualifiedName => qualified(text),
            Self::LabelValue => label_value(text),
            Self::Uri => one(url::is_sound(text), "must be an absolute URI"),
            Self::Uuid => {
                let pattern =
                    pattern!("(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$");
                matching(text, pattern, usize::MAX, "must be a UUID")
            }
            Self::Byte => {
                let pattern = pattern!(
                    "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$"
                );
                matching(text, pattern, usize::MAX, "must be base64")
            }
            Self::Date => one(is_date(text), "must be a date like 2026-01-31"),
            Self::Datetime => one(is_datetime(text), "must be a date and time like 2026-01-31T12:00:00Z"),
        }
    }
}

fn is_date(text: &str) -> bool {
    let shape = pattern!("^[0-9]{4}-[0-9]{2}-[0-9]{2}$").is_some_and(|shape| shape.is_match(text));
    shape && text.parse::<jiff::civil::Date>().is_ok()
}

fn is_datetime(text: &str) -> bool {
    let shape = pattern!(
        r"(?i)^[0-9]{4}-[0-9]{2}-[0-9]{2}t([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
    );
    shape.is_some_and(|shape| shape.is_match(text)) && text.get(..10).is_some_and(is_date)
}

macro_rules! makers {
    ($env:ident, $($name:literal => $format:expr),* $(,)?) => {
        $($env.add_overload($name, $name, Vec::new(), |_| Ok(CowVal::owned($format)))?;)*
    };
}

pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    makers!(env,
        "format.byte" => Format::Byte,
        "format.date" => Format::Date,
        "format.datetime" => Format::Datetime,
        "format.dns1035Label" => Format::Dns1035Label,
        "format.dns1035LabelPrefix" => Format::Dns1035LabelPrefix,
        "format.dns1123Label" => Format::Dns1123Label,
        "format.dns1123LabelPrefix" => Format::Dns1123LabelPrefix,
        "format.dns1123Subdomain" => Format::Dns1123Subdomain,
        "format.dns1123SubdomainPrefix" => Format::Dns1123SubdomainPrefix,
        "format.labelValue" => Format::LabelValue,
        "format.qualifiedName" => Format::QualifiedName,
        "format.uri" => Format::Uri,
        "format.uuid" => Format::Uuid,
    );
    env.add_overload("format.named", "format.named(string)", vec![STRING_TYPE], named)?;
    let format = <Format as Val>::cel_type().to_owned();
    env.add_member_overload("validate", "format.validate(string)", format, vec![STRING_TYPE], validate)
}

fn named<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [name] = args.as_slice() else { return Err(ExecutionError::missing_argument_or_target()) };
    let name = text_of(name)?;
    let found = ALL.iter().find(|(known, _)| *known == name);
    let found = found.map(|(_, format)| Box::new(*format) as Box<dyn Val + 'v>);
    Ok(CowVal::owned(CelOptional::from(found)))
}

fn validate<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [format, text] = args.as_slice() else { return Err(ExecutionError::missing_argument_or_target()) };
    let wrong = arg::<Format>(format)?.wrong(text_of(text)?);
    let wrong = (!wrong.is_empty()).then(|| Box::new(CelList::from(texts(wrong))) as Box<dyn Val + 'v>);
    Ok(CowVal::owned(CelOptional::from(wrong)))
}
