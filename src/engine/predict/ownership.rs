//! Who owns which fields of a live object, by its `managedFields`. An apply removes only what its manager owns, so a
//! dry run under a manager that owns nothing predicts no removals at all.

use countersign_core::effect::Applier;
use serde_json::{Map, Value};

use super::foreseen::is_leaf;
use countersign_core::live::LAST_APPLIED;

/// Metadata that no apply owns.
pub(super) const UNOWNED_METADATA: [&str; 9] = [
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

/// What the server notes of this manager's applies.
pub(super) fn entries<'a>(live: &'a Value, manager: &str) -> impl Iterator<Item = &'a Value> {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    entries.into_iter().flatten().filter(move |entry| {
        let is = |key, value| entry.get(key).and_then(Value::as_str) == Some(value);
        is("manager", manager) && is("operation", "Apply") && entry.get("subresource").is_none()
    })
}

/// The field sets that this manager applied.
fn applied<'a>(live: &'a Value, manager: &str) -> Vec<&'a Map<String, Value>> {
    entries(live, manager).filter_map(fields).collect()
}

/// The field set of an entry.
pub(super) fn fields(entry: &Value) -> Option<&Map<String, Value>> {
    entry.get("fieldsV1")?.as_object()
}

/// Whether this manager ever applied the object.
pub(super) fn applies(live: &Value, manager: &str) -> bool {
    !applied(live, manager).is_empty()
}

/// The first field of the manifest, in its own order, that this manager does not own by apply. One that names no field is
/// owned by whoever asks: the server keeps no entry for it, and there is nothing to remove.
pub(super) fn first_unowned(live: &Value, manager: &str, manifest: &Value) -> Option<String> {
    let sets = applied(live, manager);
    let fields = manifest.as_object()?.iter();
    let mut unowned = fields.filter_map(|(key, value)| match (key.as_str(), value) {
        ("apiVersion" | "kind" | "status", _) => None,
        ("metadata", Value::Object(metadata)) => {
            let own = metadata.iter().filter(|(key, _)| !UNOWNED_METADATA.contains(&key.as_str()));
            own.filter_map(|(key, value)| unowned_at(&below(&sets, "f:metadata"), "metadata", key, value))
                .next()
        }
        (key, value) => unowned_at(&sets, "", key, value),
    });
    unowned.next()
}

/// Whether this manager applied a label or an annotation.
pub(super) fn owns_entry(live: &Value, manager: &str, place: &str, key: &str) -> bool {
    let entries = below(&below(&applied(live, manager), "f:metadata"), &format!("f:{place}"));
    entries.iter().any(|set| set.contains_key(&format!("f:{key}")))
}

/// Who else wrote fields that the next server-side apply takes over, whereupon it removes those that the manifest does not
/// name. A dry run tells nothing of that.
pub(super) fn taken_over(live: &Value, applier: Applier) -> Option<&str> {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    let Some(entries) = entries.filter(|entries| !entries.is_empty()) else {
        return holds_something(live).then_some(BEFORE);
    };
    let taken = entries.iter().find(|entry| match applier {
        Applier::Flux => undone_by_flux(entry),
        Applier::Argo | Applier::Helm | Applier::Other => applied_client_side(entry),
    })?;
    taken.get("manager")?.as_str()
}

/// To whom the server gives, at the next apply, whatever was written while it kept no account.
const BEFORE: &str = "before-first-apply";

/// Whether an object has anything but a name, besides what the server keeps about it.
fn holds_something(live: &Value) -> bool {
    let metadata = live.get("metadata").and_then(Value::as_object);
    let mut metadata = metadata.into_iter().flatten().map(|(key, _)| key.as_str());
    let mut fields = live.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    metadata.any(|key| !UNOWNED_METADATA.contains(&key))
        || fields.any(|key| !["apiVersion", "kind", "metadata", "status"].contains(&key))
}

fn operation(entry: &Value) -> &str {
    entry.get("operation").and_then(Value::as_str).unwrap_or_default()
}

/// kubectl, which Argo CD applies with too, makes its own what was last written client-side.
fn applied_client_side(entry: &Value) -> bool {
    let annotations = entry.pointer("/fieldsV1/f:metadata/f:annotations");
    let notes_it = annotations.is_some_and(|own| own.get(format!("f:{LAST_APPLIED}")).is_some());
    notes_it && operation(entry) == "Update"
}

/// The kustomize-controller undoes what was written by kubectl, in whatever way.
fn undone_by_flux(entry: &Value) -> bool {
    let manager = entry.get("manager").and_then(Value::as_str).unwrap_or_default();
    let is_updated = operation(entry) == "Update";
    let by_kubectl = manager.starts_with("kubectl");
    let before = manager.starts_with(BEFORE) || manager.starts_with("kustomize-controller");
    entry.get("subresource").is_none() && (by_kubectl || (is_updated && before))
}

/// The sets below one path element.
fn below<'a>(sets: &[&'a Map<String, Value>], element: &str) -> Vec<&'a Map<String, Value>> {
    sets.iter().filter_map(|set| set.get(element)?.as_object()).collect()
}

fn unowned_at(sets: &[&Map<String, Value>], at: &str, key: &str, value: &Value) -> Option<String> {
    let at = if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    // A null is no wish for a value.
    if value.is_null() { None } else { unowned(&below(sets, &format!("f:{key}")), &at, value) }
}

/// What is not owned of the value `at` a path, whose own sets are these.
fn unowned(sets: &[&Map<String, Value>], at: &str, value: &Value) -> Option<String> {
    if sets.is_empty() {
        // Of a list or map that is merged, nothing is owned while it is empty.
        let is_empty =
            value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
        return (!is_empty).then(|| at.to_owned());
    }
    if sets.iter().any(|set| is_leaf(set)) {
        return None;
    }
    match value {
        Value::Object(fields) => fields.iter().find_map(|(key, value)| unowned_at(sets, at, key, value)),
        Value::Array(items) => items.iter().find_map(|item| unowned_item(sets, at, item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(at.to_owned()),
    }
}

fn unowned_item(sets: &[&Map<String, Value>], at: &str, item: &Value) -> Option<String> {
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
    unowned(&own, &format!("{at}[]"), item)
}

/// Whether an item has these keys. One that it does not name has the schema's default, which the manifest cannot tell
/// (`protocol: TCP`).
pub(super) fn has_keys(item: &Value, keys: &Map<String, Value>) -> bool {
    let named = |key: &String| item.get(key).is_some();
    keys.keys().any(named) && keys.iter().all(|(key, value)| item.get(key).is_none_or(|own| own == value))
}
