//! What a rule says is wrong, and whether base has as much of it. Words alone do not tell: under one message much can get
//! worse, so a rule may say beside them what counts.

use serde_json::{Map, Value};

use crate::object::path::given;

/// One message of a rule, with what it says about it. The rest is compared and never shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    pub(super) message: String,
    /// `details`, as JSON: has to be the same as in base, like the message.
    details: Option<String>,
    /// `worse`, as JSON: counts in place of message and details, and may be less than in base.
    worse: Option<String>,
    /// `path`, as JSON: where it is. It is never compared, since the same may stand elsewhere than in base.
    path: Option<String>,
}

impl Told {
    /// A message and nothing beside it.
    pub(super) fn message(message: String) -> Self {
        Self { message, ..Self::default() }
    }

    /// The same words said by another part of a policy are another finding.
    pub(super) fn by(self, part: usize) -> Self {
        Self { details: Some(part.to_string()), ..self }
    }

    /// Reads what a rule gives: a text, or an object with a text called `msg`.
    ///
    /// # Errors
    ///
    /// What it gives instead, to follow the rule's name.
    pub(super) fn read(item: &Value) -> Result<Self, &'static str> {
        match (item.as_str(), item.as_object()) {
            (Some(message), _) => Ok(Self::message(message.to_owned())),
            (None, Some(object)) => {
                let message = object.get("msg").and_then(Value::as_str);
                let message = message.ok_or("gives an object without a text called `msg`")?;
                let beside = |key: &str| object.get(key).map(Value::to_string);
                Ok(Self {
                    message: message.to_owned(),
                    details: beside("details"),
                    worse: beside("worse"),
                    path: beside("path"),
                })
            }
            (None, None) => Err("gives what is neither a text nor an object"),
        }
    }

    /// Which field of the object it is about, as people read it, where the rule says.
    pub(super) fn path(&self, object: Option<&Value>) -> Option<String> {
        given(object?, &serde_json::from_str(self.path.as_deref()?).ok()?)
    }

    /// Whether what base has is as bad as this.
    pub(super) fn is_no_worse_than(&self, base: &Self) -> bool {
        let read = |text: &Option<String>| -> Option<Value> { serde_json::from_str(text.as_deref()?).ok() };
        match (read(&self.worse), read(&base.worse)) {
            (Some(head), Some(base)) => covers(&base, &head),
            (None, None) => (&self.message, &self.details) == (&base.message, &base.details),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

/// Whether one extent holds another: `true` holds everything and anything holds `false`; a number holds what is no greater;
/// a list holds each of the other's items, a mapping each of its keys; texts are the same or are not.
fn covers(base: &Value, head: &Value) -> bool {
    match (base, head) {
        (Value::Bool(true), _) | (_, Value::Bool(false)) => true,
        (Value::Number(base), Value::Number(head)) => base.as_f64() >= head.as_f64(),
        (Value::Array(base), Value::Array(head)) => {
            head.iter().all(|head| base.iter().any(|base| covers(base, head)))
        }
        (Value::Object(base), Value::Object(head)) => covers_each(base, head),
        (
            Value::Null
            | Value::Bool(false)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
            _,
        ) => base == head,
    }
}

fn covers_each(base: &Map<String, Value>, head: &Map<String, Value>) -> bool {
    head.iter().all(|(key, head)| base.get(key).is_some_and(|base| covers(base, head)))
}
