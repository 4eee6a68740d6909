//! What becomes of an object if its applier writes base once more, where that can be told without asking: nothing at all.
//! That spares the API server every other dry run. Pure.

use countersign_core::diff;
use countersign_core::effect::FieldChange;
use countersign_core::live::{Manifests, are_written, essence};
use serde_json::{Map, Value};

use super::ownership::{UNOWNED_METADATA, entries, fields, has_keys};

/// Whether a server-side apply of this manifest by this manager finds nothing to do: the manager applied these very
/// fields, no other ones, and they still have these values. Says no where that is not certain.
pub(super) fn stands(live: &Value, manager: &str, manifest: &Value) -> bool {
    let mut entries = entries(live, manager);
    let (Some(entry), None) = (entries.next(), entries.next()) else { return false };
    let same_version = entry.get("apiVersion") == manifest.get("apiVersion");
    let own = same_version.then(|| fields(entry)).flatten();
    own.is_some_and(|own| holds(own, &without_names(manifest), live))
}

/// What head makes of what is live, both without what the server keeps about them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Made {
    pub(super) live: Value,
    pub(super) head: Value,
    pub(super) changes: Vec<FieldChange>,
}

/// What head makes of what is live, where that is what the change writes, value by value, and nothing else. Then nobody on the
/// way, such as a webhook, adds anything to what is written, and what was foreseen of base stands. Paths alone do not tell:
/// below a map that appears, or in an order that changes, somebody else may have a hand in it.
pub(super) fn explained(sides: &Manifests<'_>, live: &Value, head: &Value) -> Option<Made> {
    let (live, head) = (essence(live), essence(head));
    let changes = diff::fields(&live, &head);
    are_written(&changes, sides).then_some(Made { live, head, changes })
}

/// Whether a path is another one, or leads to something below it.
pub(super) fn is_within(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Without what says which object it is, which no apply owns.
pub(super) fn without_names(manifest: &Value) -> Value {
    let mut manifest = manifest.clone();
    let Some(all) = manifest.as_object_mut() else { return manifest };
    all.retain(|key, _| !matches!(key.as_str(), "apiVersion" | "kind"));
    if let Some(metadata) = all.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| !UNOWNED_METADATA.contains(&key.as_str()));
        if metadata.is_empty() {
            all.remove("metadata");
        }
    }
    manifest
}

/// Whether this field set is exactly that of a value, which is what is live.
fn holds(own: &Map<String, Value>, value: &Value, live: &Value) -> bool {
    match (value, live) {
        _ if is_leaf(own) => value == live,
        (Value::Object(value), Value::Object(live)) => holds_fields(own, value, live),
        (Value::Array(items), Value::Array(live)) => holds_items(own, items, live),
        _ => false,
    }
}

/// Whether nothing is below a set: it stands for a scalar, or for a list or map that is owned as one.
pub(super) fn is_leaf(own: &Map<String, Value>) -> bool {
    own.keys().all(|key| key == ".")
}

fn holds_fields(own: &Map<String, Value>, value: &Map<String, Value>, live: &Map<String, Value>) -> bool {
    let is_held = |(key, value): (&String, &Value)| {
        let below = own.get(&format!("f:{key}")).and_then(Value::as_object);
        below.zip(live.get(key)).is_some_and(|(own, live)| holds(own, value, live))
    };
    elements(own) == value.len() && value.iter().all(is_held)
}

/// In the order of the live ones too: an apply moves items.
fn holds_items(own: &Map<String, Value>, items: &[Value], live: &[Value]) -> bool {
    let mut rest = live.iter();
    let mut is_held = |item: &Value| {
        let mut fitting = own.iter().filter(|(element, _)| names(element, item, has_keys));
        let (Some((element, below)), None) = (fitting.next(), fitting.next()) else { return false };
        let is_it = |live: &&Value| names(element, live, has_exactly);
        let only = live.iter().filter(is_it).count() == 1;
        let found = rest.find(is_it).filter(|_| only);
        below.as_object().zip(found).is_some_and(|(own, live)| holds(own, item, live))
    };
    elements(own) == items.len() && items.iter().all(&mut is_held)
}

/// How many fields or items a set has.
pub(super) fn elements(own: &Map<String, Value>) -> usize {
    own.keys().filter(|key| *key != ".").count()
}

/// Whether an element of a field set stands for this item.
pub(super) fn names(element: &str, item: &Value, has: fn(&Value, &Map<String, Value>) -> bool) -> bool {
    if let Some(keys) = element.strip_prefix("k:") {
        serde_json::from_str(keys).is_ok_and(|keys: Map<String, Value>| has(item, &keys))
    } else {
        let member = element.strip_prefix("v:").map(serde_json::from_str);
        member.is_some_and(|member: Result<Value, _>| member.is_ok_and(|member| member == *item))
    }
}

pub(super) fn has_exactly(item: &Value, keys: &Map<String, Value>) -> bool {
    keys.iter().all(|(key, value)| item.get(key) == Some(value))
}
