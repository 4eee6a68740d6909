//! Live objects as they may be compared and shown. A live value at a path that neither side of the change names is
//! never shown, because it may be anything: its path is, with a mark in its place.

mod destinations;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

pub use self::destinations::Destinations;

use crate::diff;
use crate::effect::FieldChange;
use crate::object::{ObjectRef, Sealer, SealingKey, is_sealed};

/// Stands for a live value that is not shown.
pub const LIVE: &str = "‹live›";
/// Stands for one that differs from the one before it, also not shown.
const OTHER: &str = "‹live, changed›";

/// Where a client-side applier keeps what it applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Annotations in which controllers of Kubernetes keep account of an object: they write them again if anybody takes them away.
const BOOKKEEPING: [&str; 6] = [
    "deployment.kubernetes.io/revision",
    "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller",
    "volume.beta.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/selected-node",
    "volume.kubernetes.io/storage-provisioner",
];

/// The manifests of both sides.
#[derive(Debug, Clone, Copy)]
pub struct Manifests<'a> {
    /// As the target branch has it.
    pub base: Option<&'a Value>,
    /// As it will be.
    pub head: Option<&'a Value>,
}

/// An object without what the server keeps about it.
pub fn essence(object: &Value) -> Value {
    // Half of a live object is the account of who wrote what: it is not even copied.
    let Some(fields) = object.as_object() else { return object.clone() };
    let kept = fields.iter().filter(|(key, _)| *key != "status");
    let kept = kept.map(|(key, value)| {
        let value = match (key.as_str(), value) {
            ("metadata", Value::Object(metadata)) => Value::Object(own_metadata(metadata)),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(kept.collect())
}

fn own_metadata(metadata: &Map<String, Value>) -> Map<String, Value> {
    const KEPT: [&str; 6] =
        ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];
    let own = metadata.iter().filter(|(key, _)| !KEPT.contains(&key.as_str()));
    let mut own: Map<String, Value> = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    if let Some(annotations) = own.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|key, _| key != LAST_APPLIED && !BOOKKEEPING.contains(&key.as_str()));
        if annotations.is_empty() {
            own.remove("annotations");
        }
    }
    own
}

/// How many replicas an object asks for.
pub fn replicas(object: &Value) -> Option<u64> {
    object.pointer("/spec/replicas").and_then(Value::as_u64)
}

/// Whether deleting an object of this kind deletes data.
pub fn holds_data(object: &ObjectRef) -> bool {
    matches!(
        (object.group.as_str(), object.kind.as_str()),
        ("", "PersistentVolumeClaim" | "PersistentVolume" | "Namespace")
            | ("apiextensions.k8s.io", "CustomResourceDefinition")
    )
}

/// What differs between two objects of the cluster, as it may be shown.
pub fn changes(before: &Value, after: &Value, sides: &Manifests<'_>) -> Vec<FieldChange> {
    showable(&diff::fields(before, after), before, after, sides)
}

/// The same, where it is known already what differs.
pub fn showable(
    changes: &[FieldChange],
    before: &Value,
    after: &Value,
    sides: &Manifests<'_>,
) -> Vec<FieldChange> {
    if are_written(changes, sides) {
        return changes.to_vec();
    }
    let (shown_before, shown_after) = shown(before, after, sides);
    let shown = diff::fields(&shown_before, &shown_after);
    // Where items are told apart by values that are not shown, a change can be missing there, or stand at another path.
    let showable = changes.iter().map(|change| match shown.iter().find(|shown| shown.path == change.path) {
        Some(shown) => shown.clone(),
        None => FieldChange {
            before: change.before.as_ref().map(|value| hidden(value, LIVE)),
            after: change.after.as_ref().map(|value| hidden(value, OTHER)),
            ..change.clone()
        },
    });
    showable.collect()
}

/// Whether the manifests differ in all of this in the same way, value by value: nothing is told then that they do not say in
/// clear, and nobody had a hand in it.
pub fn are_written(changes: &[FieldChange], sides: &Manifests<'_>) -> bool {
    let written = sides.base.zip(sides.head).map(|(base, head)| diff::fields(base, head));
    changes.iter().all(|change| written.iter().flatten().any(|written| written == change))
}

/// A value with a mark in the place of everything in it.
fn hidden(value: &Value, mark: &str) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), hidden(value, mark))).collect())
        }
        Value::Array(items) => items.iter().map(|item| hidden(item, mark)).collect(),
        Value::Null => Value::Null,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::from(mark),
    }
}

/// Two objects of the cluster as they may be shown. They differ where the objects do.
pub fn shown(before: &Value, after: &Value, sides: &Manifests<'_>) -> (Value, Value) {
    let named: Vec<&Value> = [sides.base, sides.head].into_iter().flatten().collect();
    let (mut shown, mut other) = (mask(before, &named, None, ""), mask(after, &named, Some(before), ""));
    let mut known = BTreeSet::new();
    named.iter().for_each(|side| texts(side, &mut known));
    for (object, mark, shown) in [(before, LIVE, &mut shown), (after, OTHER, &mut other)] {
        // What the manifests say in clear is no secret.
        let mut own = BTreeSet::new();
        texts(shown, &mut own);
        if own.difference(&known).any(|text| !text.starts_with('‹')) {
            conceal(&sealed(object), mark, shown);
        }
    }
    liken(before, &shown, after, &mut other);
    (shown, other)
}

/// All texts in a value.
fn texts<'a>(value: &'a Value, into: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => drop(into.insert(text)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// An object with its secrets sealed, as they are in a manifest: somebody may have put one where none was before.
fn sealed(object: &Value) -> Value {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let reference = ObjectRef {
        group: text("/apiVersion").rsplit_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default(),
        version: String::new(),
        kind: text("/kind"),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
    };
    // Where secrets are is all that is wanted of it: what stands for them goes nowhere.
    let sealer = Sealer { key: &SealingKey::new([0; 32]), environment: "", mask: &[] };
    let mut object = object.clone();
    sealer.seal(&reference, &mut object);
    object
}

/// Puts a mark in the place of what is sealed.
fn conceal(sealed: &Value, mark: &str, shown: &mut Value) {
    match (sealed, shown) {
        (sealed, shown) if is_sealed(sealed) => *shown = Value::from(mark),
        (Value::Object(sealed), Value::Object(shown)) => {
            for (key, shown) in shown {
                if let Some(sealed) = sealed.get(key) {
                    conceal(sealed, mark, shown);
                }
            }
        }
        (Value::Array(sealed), Value::Array(shown)) => {
            sealed.iter().zip(shown).for_each(|(sealed, shown)| conceal(sealed, mark, shown));
        }
        _ => {}
    }
}

/// Shows what did not change as it is shown before, lest it looks like a change.
fn liken(before: &Value, shown: &Value, after: &Value, masked: &mut Value) {
    match (before, shown, after, masked) {
        (Value::Object(before), Value::Object(shown), Value::Object(after), Value::Object(masked)) => {
            for (key, masked) in masked {
                let both = before.get(key).zip(shown.get(key));
                if let Some(((before, shown), after)) = both.zip(after.get(key)) {
                    liken(before, shown, after, masked);
                }
            }
        }
        (Value::Array(before), Value::Array(shown), Value::Array(after), Value::Array(masked)) => {
            let same_length = before.len() == after.len();
            for (place, (item, masked)) in after.iter().zip(masked).enumerate() {
                if let Some(at) = position(item, place, before, same_length)
                    && let Some((before, shown)) = before.get(at).zip(shown.get(at))
                {
                    liken(before, shown, item, masked);
                }
            }
        }
        (before, shown, after, masked) if before == after => *masked = shown.clone(),
        _ => {}
    }
}

/// `named`: the values at the same path of the manifests; `other`: the one at the same path of the other object.
fn mask(value: &Value, named: &[&Value], other: Option<&Value>, key: &str) -> Value {
    match value {
        Value::Object(fields) => {
            let masked = fields.iter().map(|(key, value)| {
                let named: Vec<&Value> = named.iter().filter_map(|side| side.get(key)).collect();
                let other = other.and_then(|other| other.get(key));
                // The names of items are what their paths are made of.
                (key.clone(), mask(value, &named, other, key))
            });
            Value::Object(masked.collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            let masked = items.iter().enumerate().map(|(place, item)| {
                let same = |list: &&'_ Value| -> Option<Value> {
                    let list = list.as_array()?;
                    list.get(position(item, place, list, list.len() == items.len())?).cloned()
                };
                let sides: Vec<Value> = named.iter().filter_map(same).collect();
                let other = other.as_ref().and_then(same);
                let mut masked = mask(item, &sides.iter().collect::<Vec<_>>(), other.as_ref(), "");
                restore_keys(item, &mut masked);
                masked
            });
            Value::Array(masked.collect())
        }
        Value::Null => Value::Null,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let is_named = named.iter().any(|side| is_scalar(side));
            // A protocol is one of three, and names a port.
            let is_protocol = key == "protocol" && matches!(value.as_str(), Some("TCP" | "UDP" | "SCTP"));
            let is_safe =
                is_protocol || (key == "replicas" && value.is_u64()) || (key == "image" && value.is_string());
            if is_named || is_safe {
                value.clone()
            } else if other.is_some_and(|other| other != value) {
                Value::from(OTHER)
            } else {
                Value::from(LIVE)
            }
        }
    }
}

/// What names an item within a list, most telling first.
const KEYS: [&[&str]; 10] = [
    &["name"],
    &["containerPort", "protocol"],
    &["port", "protocol"],
    &["mountPath"],
    &["devicePath"],
    &["topologyKey", "whenUnsatisfiable"],
    &["key"],
    &["type"],
    &["ip"],
    &["uid"],
];

/// Where in `list` the item is that is the same as `item`, which is at `place`: by key, else by value, else, where the
/// lists are as long as each other, by place.
fn position(item: &Value, place: usize, list: &[Value], same_length: bool) -> Option<usize> {
    if let Some(keys) = keys_of(item) {
        let value = |of: &Value, key: &str| match (of.get(key), key) {
            (None, "protocol") => Some(Value::from("TCP")),
            (value, _) => value.cloned(),
        };
        let is_same = |other: &Value| keys.iter().all(|key| value(item, key) == value(other, key));
        let here = same_length && list.get(place).is_some_and(is_same);
        return if here { Some(place) } else { list.iter().position(is_same) };
    }
    let equal = list.iter().position(|other| other == item);
    equal.or_else(|| (same_length && item.is_object()).then_some(place))
}

fn keys_of(item: &Value) -> Option<&'static [&'static str]> {
    let has = |keys: &&&[&str]| keys.first().is_some_and(|key| item.get(*key).is_some_and(is_scalar));
    KEYS.iter().find(has).copied()
}

fn is_scalar(value: &Value) -> bool {
    !(value.is_object() || value.is_array() || value.is_null())
}

/// Names are part of the path, which is shown.
fn restore_keys(item: &Value, masked: &mut Value) {
    for key in keys_of(item).unwrap_or_default() {
        if let (Some(own), Some(fields)) =
            (item.get(*key).filter(|own| is_scalar(own)), masked.as_object_mut())
        {
            fields.insert((*key).to_owned(), own.clone());
        }
    }
}

#[cfg(test)]
mod tests;
