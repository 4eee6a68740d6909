//! Who owns which fields of a live object, by its `managedFields`. An apply removes only what its manager owns, so a
//! dry run under a manager that owns nothing predicts no removals at all.

use serde_json::{Map, Value};

/// Metadata that no apply owns.
const UNOWNED_METADATA: [&str; 9] = [
    "name",
    "namespace",
    "generateName",
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// The field sets that this manager applied.
fn applied<'a>(live: &'a Value, manager: &str) -> Vec<&'a Map<String, Value>> {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    let own = |entry: &&Value| {
        let is = |key, value| entry.get(key).and_then(Value::as_str) == Some(value);
        is("manager", manager) && is("operation", "Apply") && entry.get("subresource").is_none()
    };
    let fields = |entry: &'a Value| entry.get("fieldsV1").and_then(Value::as_object);
    entries.into_iter().flatten().filter(own).filter_map(fields).collect()
}

/// Whether this manager ever applied the object.
pub(super) fn applies(live: &Value, manager: &str) -> bool {
    !applied(live, manager).is_empty()
}

/// Whether this manager owns, by apply, every field of the manifest. One that names no field is owned by whoever asks:
/// the server keeps no entry for it, and there is nothing to remove.
pub(super) fn owns_all(live: &Value, manager: &str, manifest: &Value) -> bool {
    let sets = applied(live, manager);
    let Some(manifest) = manifest.as_object() else { return false };
    manifest.iter().all(|(key, value)| match (key.as_str(), value) {
        ("apiVersion" | "kind" | "status", _) => true,
        ("metadata", Value::Object(metadata)) => metadata
            .iter()
            .filter(|(key, _)| !UNOWNED_METADATA.contains(&key.as_str()))
            .all(|(key, value)| owned_at(&below(&sets, "f:metadata"), key, value)),
        (key, value) => owned_at(&sets, key, value),
    })
}

/// The sets below one path element.
fn below<'a>(sets: &[&'a Map<String, Value>], element: &str) -> Vec<&'a Map<String, Value>> {
    sets.iter().filter_map(|set| set.get(element)?.as_object()).collect()
}

fn owned_at(sets: &[&Map<String, Value>], key: &str, value: &Value) -> bool {
    // A null is no wish for a value.
    value.is_null() || owned(&below(sets, &format!("f:{key}")), value)
}

/// Whether a value is owned whose own sets are these.
fn owned(sets: &[&Map<String, Value>], value: &Value) -> bool {
    if sets.is_empty() {
        return false;
    }
    // A set without anything below it is a leaf: a scalar, or a list or map that is owned as one.
    if sets.iter().any(|set| set.keys().all(|key| key == ".")) {
        return true;
    }
    match value {
        Value::Object(fields) => fields.iter().all(|(key, value)| owned_at(sets, key, value)),
        Value::Array(items) => items.iter().all(|item| owned_item(sets, item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn owned_item(sets: &[&Map<String, Value>], item: &Value) -> bool {
    let mut own: Vec<&Map<String, Value>> = Vec::new();
    for (element, below) in sets.iter().flat_map(|set| set.iter()) {
        let is_item = if let Some(keys) = element.strip_prefix("k:") {
            serde_json::from_str(keys).is_ok_and(|keys: Map<String, Value>| has_keys(item, &keys))
        } else if let Some(member) = element.strip_prefix("v:") {
            serde_json::from_str(member).is_ok_and(|member: Value| member == *item)
        } else {
            false
        };
        if let (true, Some(below)) = (is_item, below.as_object()) {
            own.push(below);
        }
    }
    owned(&own, item)
}

/// Whether an item has these keys. One that it does not name has the schema's default, which the manifest cannot tell
/// (`protocol: TCP`).
fn has_keys(item: &Value, keys: &Map<String, Value>) -> bool {
    let named = |key: &String| item.get(key).is_some();
    keys.keys().any(named) && keys.iter().all(|(key, value)| item.get(key).is_none_or(|own| own == value))
}
