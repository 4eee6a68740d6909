//! Custom resource definitions: what of an API goes away.

use std::collections::BTreeSet;

use serde_json::Value;

use super::risks::at;
use crate::object::ObjectRef;

/// Why objects of a definition's kind may be refused: a version that is served no more.
pub(super) fn dropped(object: &ObjectRef, before: &Value, after: &Value) -> Option<String> {
    if object.group != "apiextensions.k8s.io" || object.kind != "CustomResourceDefinition" {
        return None;
    }
    let (old, new) = (served(before), served(after));
    let gone: Vec<&str> = old.difference(&new).copied().collect();
    (!gone.is_empty())
        .then(|| format!("{} is served no more: objects of that version are refused", gone.join(", ")))
}

fn served(body: &Value) -> BTreeSet<&str> {
    let versions = at(body, "spec.versions").and_then(Value::as_array).into_iter().flatten();
    versions
        .filter(|version| version.get("served") == Some(&Value::Bool(true)))
        .filter_map(|version| version.get("name")?.as_str())
        .collect()
}
