//! The quotas of one namespace, read together, and the names under which they count objects.

use std::collections::HashMap;

use countersign_core::object::ObjectRef;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::discovery::Resource;
use crate::ports::Quotas;

/// Where the quotas of a namespace are listed.
pub(super) fn path_of(namespace: &str) -> String {
    let namespace = utf8_percent_encode(namespace, NON_ALPHANUMERIC);
    format!("/api/v1/namespaces/{namespace}/resourcequotas")
}

/// How a kind is counted: `deployments.apps`.
pub(super) fn counted(object: &ObjectRef, resource: &Resource) -> String {
    let dot = if object.group.is_empty() { "" } else { "." };
    format!("{}{dot}{}", resource.plural, object.group)
}

/// From their list.
pub(super) fn of(list: &Value, counted: HashMap<ObjectRef, String>) -> Quotas {
    let all = list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    Quotas { all, counted }
}
