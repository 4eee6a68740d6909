//! What an answer of an API server means. It is read by its body, never by its status alone: one status stands for an
//! outage, a refusal and a gap alike. Pure; what leaves here in words carries no value of a field.

use std::time::Duration;

use serde_json::Value;

use super::denial::{self, Denial};
use super::wording::{self, Status};

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// The texts of its warnings.
    pub(super) warnings: Vec<String>,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// What an answer says.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// The object.
    Object(Box<Value>),
    /// Something is not there.
    Absent(Absence),
    /// The object cannot be made like that; `words` are those of whoever wrote a policy or a webhook, and may quote values.
    Refused { why: String, immutable: bool, words: Option<String> },
    /// The server does not predict it; a real apply might pass.
    Unpredictable { why: String },
    /// No answer to the question.
    Trouble(Trouble),
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Somebody wrote in between: ask again.
    Conflict,
    /// Too many requests: ask again after this.
    Throttled { after: Duration },
    /// The question may not be asked.
    Forbidden { why: String },
    /// The server is out of order.
    Failed { why: String },
    /// The server is, or whoever it passes requests of this kind on to: it does not say which.
    Unavailable { why: String },
    /// Somebody whom the server has to ask first is.
    OutOfOrder { why: String },
    /// Nothing that an API server says.
    Odd { why: String },
}

/// What is not there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// The kind is not served.
    Kind,
    /// The namespace of this name.
    Namespace(String),
    /// The object itself.
    Object,
}

/// Where an answer names no time to wait.
const THROTTLED: Duration = Duration::from_secs(1);

/// How long to wait before the same question is worth asking again, where it is.
pub(super) fn again_after(reply: &Reply) -> Option<Duration> {
    if !matches!(reply.status, 409 | 429 | 503) {
        return None;
    }
    match read(reply) {
        Answer::Trouble(Trouble::Conflict) => Some(Duration::ZERO),
        Answer::Trouble(Trouble::Throttled { after }) => Some(after),
        // It says itself that it will be back.
        Answer::Trouble(Trouble::Failed { .. } | Trouble::Unavailable { .. }) => reply.retry_after,
        Answer::Trouble(Trouble::Forbidden { .. } | Trouble::OutOfOrder { .. } | Trouble::Odd { .. })
        | Answer::Object(_)
        | Answer::Absent(_)
        | Answer::Refused { .. }
        | Answer::Unpredictable { .. } => None,
    }
}

const EXPIRED: &str = "the list expired while it was read: try again";

pub(super) fn read(reply: &Reply) -> Answer {
    let status = Status::read(&reply.body);
    let refusal = status.as_ref().filter(|_| reply.status >= 400);
    if let Some(denial) = refusal.and_then(|status| denial::read(status, reply.status)) {
        return denied(denial);
    }
    match (reply.status, status) {
        (200..=299, None) => object(reply),
        (401, _) => {
            Answer::Trouble(Trouble::Forbidden { why: "the credentials are not accepted".to_owned() })
        }
        (403, Some(status)) => forbidden(&status),
        (404, Some(status)) => Answer::Absent(absence(&status)),
        // The API server itself says so of a path that it does not serve; a proxy in front says something else.
        (404, None) if reply.body.trim_ascii() == b"404 page not found" => Answer::Absent(Absence::Kind),
        (405 | 415, Some(_)) => {
            Answer::Unpredictable { why: "its API does not take such a write".to_owned() }
        }
        (409, Some(status)) => match owned_by_others(&status) {
            Some(why) => refused(why),
            None => Answer::Trouble(Trouble::Conflict),
        },
        (400 | 413 | 422, Some(status)) => invalid(&status),
        (410, Some(_)) => Answer::Trouble(Trouble::Odd { why: EXPIRED.to_owned() }),
        (429, _) => Answer::Trouble(Trouble::Throttled { after: reply.retry_after.unwrap_or(THROTTLED) }),
        (500, Some(status)) => internal(&status),
        // The server answers; what this one request takes of others does not come about in time.
        (504, Some(_)) => {
            Answer::Trouble(Trouble::OutOfOrder { why: "it did not finish in time".to_owned() })
        }
        (503, Some(_)) => unavailable(),
        (503, None) if is_passed_on(&reply.body) => unavailable(),
        (code @ 500..=599, _) => {
            Answer::Trouble(Trouble::Failed { why: format!("it answered with status {code}") })
        }
        (code, _) => Answer::Trouble(Trouble::Odd {
            why: format!("status {code} with a body that is not the API server's"),
        }),
    }
}

/// Whose fields an apply would have to take over, which it was not told to.
fn owned_by_others(status: &Status) -> Option<String> {
    let causes = status.details.causes.iter().filter(|cause| cause.reason == "FieldManagerConflict");
    let told = causes.map(|cause| {
        let owner = wording::between(&cause.message, "\"", "\"").unwrap_or("somebody else");
        let field = cause.field.trim_start_matches('.');
        format!("`{field}` is owned by `{owner}`, and its applier is not told to take it over")
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn refused(why: impl Into<String>) -> Answer {
    Answer::Refused { why: why.into(), immutable: false, words: None }
}

fn denied(denial: Denial) -> Answer {
    match denial {
        Denial::Refuses(why) => refused(why),
        Denial::Denies { why, words } => Answer::Refused { why, immutable: false, words },
        Denial::NotReady(why) => Answer::Trouble(Trouble::OutOfOrder { why }),
        Denial::WantsRight(why) => Answer::Trouble(Trouble::Forbidden { why }),
    }
}

fn unavailable() -> Answer {
    Answer::Trouble(Trouble::Unavailable { why: "it answered with status 503".to_owned() })
}

/// Whether the API server speaks for whom it passed a request on to. It does not put that into a `Status`.
fn is_passed_on(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    body == b"service unavailable" || body.starts_with(b"error trying to reach service: ")
}

fn object(reply: &Reply) -> Answer {
    let unknown = wording::unknown_fields(&reply.warnings);
    if !unknown.is_empty() {
        // The server would drop them and say nothing more: never "no effect".
        return refused(unknown);
    }
    match serde_json::from_slice::<Value>(&reply.body) {
        Ok(object) if object.get("kind").is_some_and(Value::is_string) => Answer::Object(Box::new(object)),
        Ok(_) | Err(_) => {
            Answer::Trouble(Trouble::Odd { why: "a success whose body is no object".to_owned() })
        }
    }
}

fn absence(status: &Status) -> Absence {
    match (status.details.kind.as_str(), status.details.name.as_str()) {
        // The group and version are served, the kind is not.
        ("", "") => Absence::Kind,
        ("namespaces", name) => Absence::Namespace(name.to_owned()),
        _ => Absence::Object,
    }
}

fn forbidden(status: &Status) -> Answer {
    if let Some(why) = wording::missing_permission(&status.message) {
        return Answer::Trouble(Trouble::Forbidden { why });
    }
    let why = if wording::is_authorizers(&status.message) {
        "it does not say which permission is missing"
    } else {
        "it does not say why in words that are known"
    };
    Answer::Trouble(Trouble::Forbidden { why: why.to_owned() })
}

fn invalid(status: &Status) -> Answer {
    if let Some(why) = wording::no_dry_run(&status.message) {
        return Answer::Unpredictable { why };
    }
    Answer::Refused { why: wording::causes(status), immutable: wording::immutable(status), words: None }
}

fn internal(status: &Status) -> Answer {
    let message = &status.message;
    if message.contains("failed to create typed patch object")
        || message.contains("field not declared in schema")
    {
        return refused(wording::typed(message));
    }
    if message.contains("illegal base64 data") {
        return refused("a value is not base64");
    }
    // What it kept of the ports before goes by their names.
    if message.starts_with("duplicate nodePort: ") {
        let why = "two of its ports have the same name, and would get the same node port";
        return refused(why);
    }
    if message.starts_with("The order in patch list:") {
        let why = "a list has two entries with the same key, which cannot be put in order";
        return refused(why);
    }
    if message.contains("quantities must match the regular expression") {
        return refused("a value is not a quantity");
    }
    if message.contains("failed to create typed live object") {
        return Answer::Unpredictable {
            why: "the live object does not fit the schema of its kind".to_owned(),
        };
    }
    let why = "it answered with status 500".to_owned();
    Answer::Trouble(match wording::failed_webhook(message) {
        Some(why) => Trouble::OutOfOrder { why },
        // About this one request, like a webhook's patch that does not fit; others may fare better.
        None if message.starts_with("Internal error occurred: ") => Trouble::OutOfOrder { why },
        None if message.starts_with("conversion webhook for ") => {
            Trouble::OutOfOrder { why: "the conversion webhook of its kind fails".to_owned() }
        }
        None => Trouble::Unavailable { why },
    })
}
