//! What belongs to the API server and is no part of a manifest's meaning.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Fields of `metadata` that the API server sets.
const METADATA: &[&str] =
    &["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

fn belongs_to_an_applier(annotation: &str) -> bool {
    annotation == "kubectl.kubernetes.io/last-applied-configuration"
}

/// The manifest without anything that the API server keeps for itself.
pub(super) fn visible(body: &Value) -> Cow<'_, Value> {
    match without_metadata(body) {
        Cow::Owned(mut owned) => {
            remove(&mut owned, "status");
            Cow::Owned(owned)
        }
        Cow::Borrowed(body) => without_status(body),
    }
}

/// The manifest without `status`.
pub(crate) fn without_status(body: &Value) -> Cow<'_, Value> {
    if body.get("status").is_none() {
        return Cow::Borrowed(body);
    }
    let mut owned = body.clone();
    remove(&mut owned, "status");
    Cow::Owned(owned)
}

/// The manifest without the parts of `metadata` that the API server sets, and without the last-applied annotation.
pub(crate) fn without_metadata(body: &Value) -> Cow<'_, Value> {
    let Some(metadata) = body.get("metadata").and_then(Value::as_object) else { return Cow::Borrowed(body) };
    let annotations = metadata.get("annotations").and_then(Value::as_object);
    let applied = annotations.is_some_and(|map| map.keys().any(|key| belongs_to_an_applier(key)));
    if !applied && !METADATA.iter().any(|key| metadata.contains_key(*key)) {
        return Cow::Borrowed(body);
    }
    let mut owned = body.clone();
    if let Some(metadata) = owned.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| !METADATA.contains(&key.as_str()));
        if applied {
            strip_annotations(metadata);
        }
    }
    Cow::Owned(owned)
}

fn strip_annotations(metadata: &mut Map<String, Value>) {
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|key, _| !belongs_to_an_applier(key));
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
}

fn remove(body: &mut Value, key: &str) {
    if let Some(map) = body.as_object_mut() {
        map.remove(key);
    }
}
