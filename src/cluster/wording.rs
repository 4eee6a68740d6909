//! The API server's words, without values: it quotes what it was sent, and what is live, and both may be secret. What
//! is kept: field paths, the class of the error, and the names of webhooks and permissions.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::ports::{NO_SUCH_FIELD, REQUIRED};

const MOST_CAUSES: usize = 5;

/// Details of validation that are fixed texts of the server.
const PLAIN: [&str; 7] = [
    "must be greater than or equal to 0",
    "must be greater than 0",
    "must be non-negative",
    "must be specified",
    "may not be specified",
    "must be unique",
    "field can not be less than status.capacity",
];

/// What stands before a list of the fields that can be changed where their whole cannot.
const EXCEPT: [&str; 3] = [
    "updates to statefulset spec for fields other than ",
    "pod updates may not change fields other than ",
    "spec is immutable after creation except ",
];

/// The body of a refusal.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    pub(super) details: Details,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) causes: Vec<Cause>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cause {
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) field: String,
}

impl Status {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        // Where it gives up on a request itself, a server forgets to say what its answer is.
        let is_one =
            |status: &Self| status.kind == "Status" || (status.kind.is_empty() && status.reason == "Timeout");
        serde_json::from_slice(body).ok().filter(is_one)
    }
}

pub(super) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

/// "may not patch deployments.apps in namespace shop", where that is what is missing.
pub(super) fn missing_permission(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(" is forbidden: User ")?;
    let verb = between(rest, " cannot ", " resource ")?;
    let resource = between(rest, " resource \"", "\"")?;
    let group = between(rest, " in API group \"", "\"").unwrap_or_default();
    let dot = if group.is_empty() { "" } else { "." };
    let place = match between(rest, " in the namespace \"", "\"") {
        Some(namespace) => format!("in namespace `{namespace}`"),
        None => "in the whole cluster".to_owned(),
    };
    Some(format!("the account may not {verb} `{resource}{dot}{group}` {place}"))
}

/// Whether this is what an authorizer says, which names whom it is about.
pub(super) fn is_authorizers(message: &str) -> bool {
    let Some((_, said)) = message.split_once("forbidden: ") else { return false };
    said.starts_with("User \"") || said.starts_with("user \"")
}

pub(super) fn quoted<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.strip_prefix(before)?.split_once(after)?.0)
}

/// The webhook that cannot be asked for a dry run, where that is what is wrong.
pub(super) fn no_dry_run(message: &str) -> Option<String> {
    let webhook = quoted(message, "admission webhook \"", "\" does not support dry run")?;
    Some(format!("admission webhook `{webhook}` does not support dry run"))
}

/// The webhook that gives no answer, where that is what is wrong.
pub(super) fn failed_webhook(message: &str) -> Option<String> {
    let webhook = quoted(message, "Internal error occurred: failed calling webhook \"", "\"")?;
    Some(format!("its admission webhook `{webhook}` does not answer"))
}

/// Whether every error that counts is a field that cannot be changed once it is set.
pub(super) fn immutable(status: &Status) -> bool {
    let mut causes = status.details.causes.iter().filter(|cause| cause.counts()).peekable();
    causes.peek().is_some() && causes.all(Cause::immutable)
}

/// Field and class of each error.
pub(super) fn causes(status: &Status) -> String {
    let mut all: Vec<String> =
        status.details.causes.iter().filter(|cause| cause.counts()).map(Cause::words).collect();
    all.dedup();
    if all.is_empty() {
        return match between(&status.message, "unknown field \"", "\"") {
            Some(field) => format!("`{field}` {NO_SUCH_FIELD}"),
            None => "it is not a valid object of its kind".to_owned(),
        };
    }
    joined(&all)
}

pub(super) fn joined(all: &[String]) -> String {
    let shown = all.iter().take(MOST_CAUSES).cloned().collect::<Vec<_>>().join("; ");
    match all.len().saturating_sub(MOST_CAUSES) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

impl Cause {
    /// The server adds a cause without a field that only says that it stopped looking.
    fn counts(&self) -> bool {
        !(self.field.is_empty() || self.field == "<nil>")
    }

    /// What follows the quoted value on the first line; the other lines are differences, with values.
    fn detail(&self) -> &str {
        let line = self.message.lines().next().unwrap_or_default();
        line.rsplit_once(": ").map_or(line, |(_, detail)| detail)
    }

    /// What of a patch does not fit: the field is the whole patch, with its values, and only the end says where.
    fn undecoded(&self) -> Option<String> {
        if self.field != "patch" {
            return None;
        }
        let (patch, errors) = self.message.rsplit_once("\": strict decoding error: ")?;
        if patch.ends_with('\\') {
            // Part of a value.
            return None;
        }
        let each = errors.split(", ").filter_map(|error| {
            let (kind, field) = error.split_once(" field ")?;
            let field = without_values(field.trim_matches('"'));
            match kind {
                "unknown" => Some(format!("`{field}` {NO_SUCH_FIELD}")),
                "duplicate" => Some(format!("`{field}` is there twice")),
                _ => None,
            }
        });
        let each: Vec<String> = each.collect();
        (!each.is_empty()).then(|| joined(&each))
    }

    fn immutable(&self) -> bool {
        let detail = self.detail();
        detail.contains("immutable")
            || detail.contains("may not change")
            || detail.contains("may not be changed")
            || detail.contains("cannot be changed")
            || (detail.contains("updates to ") && detail.ends_with("are forbidden"))
    }

    /// The fields that differ, where the server shows a difference below its message: of what it dumps, those that are
    /// right below the field of this error. Their names are the server's own.
    fn changed(&self) -> impl Iterator<Item = String> {
        let names = self.message.lines().skip(1).filter_map(|line| {
            let (name, _) = line.strip_prefix(['-', '+'])?.strip_prefix(" \"")?.split_once("\": ")?;
            name.bytes().all(|b| b.is_ascii_alphanumeric()).then(|| as_in_json(name))
        });
        names.collect::<BTreeSet<String>>().into_iter()
    }

    /// Of a whole that cannot be changed, what can: the server's own list, by its own words.
    fn exceptions(&self) -> Vec<&str> {
        let detail = self.detail();
        let Some(listed) = EXCEPT.iter().find_map(|before| detail.strip_prefix(before)) else {
            return Vec::new();
        };
        let quote = |c: char| matches!(c, '\'' | '`');
        if listed.contains(quote) {
            return listed.split(quote).skip(1).step_by(2).collect();
        }
        listed.split(" for ").next().unwrap_or_default().split(" and ").collect()
    }

    fn fixed(&self, field: &str) -> String {
        let list = |all: Vec<String>| all.join(", ");
        let changed: Vec<String> = self.changed().map(|one| format!("`{field}.{one}`")).collect();
        if !changed.is_empty() {
            return format!("{} cannot be changed once it is set", list(changed));
        }
        let free: Vec<String> = self.exceptions().into_iter().map(|one| format!("`{one}`")).collect();
        let except = if free.is_empty() { String::new() } else { format!(", except {}", list(free)) };
        format!("`{field}` cannot be changed once it is set{except}")
    }

    fn words(&self) -> String {
        if let Some(undecoded) = self.undecoded() {
            return undecoded;
        }
        let field = without_values(&self.field);
        if self.immutable() {
            return self.fixed(&field);
        }
        let class = match self.reason.as_str() {
            "FieldValueRequired" => REQUIRED,
            "FieldValueDuplicate" => "is there twice",
            "FieldValueNotFound" => "names something that is not there",
            "FieldValueNotSupported" => "has a value that is not one of those supported",
            "FieldValueForbidden" => "is forbidden here",
            "FieldValueTooLong" => "is too long",
            "FieldValueTooMany" => "has too many entries",
            "FieldValueTypeInvalid" => "has a value of the wrong type",
            _ => "has an invalid value",
        };
        match PLAIN.iter().find(|plain| **plain == self.detail()) {
            Some(plain) => format!("`{field}` {class}: {plain}"),
            None => format!("`{field}` {class}"),
        }
    }
}

/// The errors of server-side apply's own schema check: a path and a text for each.
pub(super) fn typed(message: &str) -> String {
    let from = message.find("): ").map_or(0, |at| at.saturating_add(3));
    let rest = message.get(from..).unwrap_or_default();
    let errors: Vec<String> = rest.lines().filter_map(typed_error).collect();
    if errors.is_empty() {
        return "it does not fit the schema of its kind".to_owned();
    }
    joined(&errors)
}

fn typed_error(line: &str) -> Option<String> {
    let (path, text) = line.trim().strip_prefix('.')?.split_once(": ")?;
    let path = without_values(path);
    Some(if text.starts_with("field not declared in schema") {
        format!("`{path}` {NO_SUCH_FIELD}")
    } else if text.starts_with("duplicate entries for key") {
        format!("`{path}` has two entries with the same key")
    } else if let Some(wanted) = between(text, "expected ", ", got") {
        format!("`{path}` has a value of the wrong type: {wanted} is expected")
    } else {
        format!("`{path}` does not fit the schema of its kind")
    })
}

/// Fields that the server would drop, as its warnings name them; empty where it drops none.
pub(super) fn unknown_fields(warnings: &[String]) -> String {
    let unknown = warnings.iter().filter_map(|warning| {
        let field = quoted(warning, "unknown field \"", "\"")?;
        Some(format!("`{}` {NO_SUCH_FIELD}", without_values(field)))
    });
    joined(&unknown.collect::<Vec<_>>())
}

/// The name of a field of the server's own code, as manifests have it: `DNSPolicy` is `dnsPolicy`.
fn as_in_json(name: &str) -> String {
    let upper = name.bytes().take_while(u8::is_ascii_uppercase).count();
    let first = if upper > 1 && upper < name.len() { upper.saturating_sub(1) } else { upper };
    let (start, rest) = name.split_at_checked(first).unwrap_or((name, ""));
    format!("{}{rest}", start.to_ascii_lowercase())
}

/// A path without the values that name the entries of a set: `finalizers[="x"]`.
fn without_values(path: &str) -> String {
    let mut clean = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("[=") {
        clean.push_str(before);
        clean.push_str("[…]");
        rest = after.split_once(']').map_or("", |(_, rest)| rest);
    }
    clean.push_str(rest);
    clean
}
