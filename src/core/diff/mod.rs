//! Differences between two manifests: fields as people read them, and unified text.
use crate::effect::FieldChange;
use serde_json::Value;

/// Fields that differ, in path order; lists are keyed (`containers[name=web]`), quantities compared as quantities,
/// sealed leaves masked.
pub fn fields(_before: &Value, _after: &Value) -> Vec<FieldChange> {
    todo!()
}

/// Unified text of two manifests as YAML, sealed leaves as `‹sealed›`, `‹changed›`; three lines of context.
pub fn unified(_before: Option<&Value>, _after: Option<&Value>) -> String {
    todo!()
}
