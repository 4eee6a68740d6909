//! Differences between two manifests: fields as people read them, and unified text.
//!
//! Both say the same: the text is empty exactly where there are no fields. What the API server keeps for itself
//! (status, managed fields, versions, the last-applied annotation) is in neither, and no sealed value is ever shown.

mod fields;
mod pair;
mod quantity;
mod server;
#[cfg(test)]
mod tests;
mod text;
mod yaml;

use serde_json::Value;

use crate::effect::FieldChange;
use crate::object::Body;

pub use quantity::nano;
pub(crate) use quantity::{is_quantity, less};
pub(crate) use server::{without_metadata, without_status};

/// Fields that differ, in path order; lists are keyed (`containers[name=web]`), quantities compared as quantities,
/// sealed leaves masked.
///
/// A field that appears or vanishes is one change with all that is below it, unless a sealed leaf is in there. A list
/// of plain values is one change. Where keyed items only change their order, the change is the order of their keys.
pub fn fields(before: &Value, after: &Value) -> Vec<FieldChange> {
    fields::between(&server::visible(before), &server::visible(after))
}

/// Unified text of two manifests as YAML, sealed leaves as `‹sealed›`, `‹changed›`; three lines of context.
///
/// Empty where nothing differs. A text that would be too long ends in a line that counts what is left out.
pub fn unified(before: Option<&Body>, after: Option<&Body>) -> String {
    let (before, after) = (before.map(Body::value), after.map(Body::value));
    let before = before.as_ref().map(server::visible);
    let after = after.as_ref().map(server::visible);
    let lines = |value: &Value| yaml::lines(value);
    match (before, after) {
        (None, None) => String::new(),
        (Some(before), None) => text::unified(&lines(&before), &[]),
        (None, Some(after)) => text::unified(&[], &lines(&after)),
        (Some(before), Some(after)) => {
            text::unified(&lines(&before), &lines(&pair::aligned(&before, &after)))
        }
    }
}
