//! Field sets as `managedFields` writes them, and the merge that server-side apply is.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::schema::{Shape, item_keys};

/// A set of fields: `f:name`, `k:{…}` for an item, `v:…` for a member, `.` for the thing itself. Nothing below: a leaf.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Set(BTreeMap<String, Set>);

impl Set {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn to_json(&self) -> Value {
        Value::Object(self.0.iter().map(|(element, below)| (element.clone(), below.to_json())).collect())
    }

    pub(super) fn from_json(value: &Value) -> Self {
        let fields = value.as_object().into_iter().flatten();
        Self(fields.map(|(element, below)| (element.clone(), Self::from_json(below))).collect())
    }

    /// Everything of this set that the other does not have.
    pub(super) fn minus(&self, other: &Self) -> Self {
        let left = self.0.iter().filter_map(|(element, below)| match other.0.get(element) {
            None => Some((element.clone(), below.clone())),
            Some(_) if below.is_empty() => None,
            Some(theirs) => {
                let left = below.minus(theirs);
                (!left.is_empty()).then(|| (element.clone(), left))
            }
        });
        Self(left.collect())
    }

    /// Everything that both have.
    pub(super) fn and(&self, other: &Self) -> Self {
        let both = self.0.iter().filter_map(|(element, below)| {
            let theirs = other.0.get(element)?;
            let common = below.and(theirs);
            (below.is_empty() || theirs.is_empty() || !common.is_empty()).then(|| (element.clone(), common))
        });
        Self(both.collect())
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (element, below) in &other.0 {
            let own = all.0.entry(element.clone()).or_default();
            *own = own.or(below);
        }
        all
    }

    /// Each leaf as `.spec.containers[name="web"].image`.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for (element, below) in &self.0 {
            let part = if let Some(name) = element.strip_prefix("f:") {
                format!(".{name}")
            } else if let Some(Ok(keys)) =
                element.strip_prefix("k:").map(serde_json::from_str::<Map<String, Value>>)
            {
                let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("[{}]", keys.join(","))
            } else if let Some(member) = element.strip_prefix("v:") {
                format!("[={member}]")
            } else {
                continue;
            };
            let below = below.paths();
            match below.is_empty() {
                true => paths.push(part),
                false => paths.extend(below.iter().map(|below| format!("{part}{below}"))),
            }
        }
        paths
    }

    fn put(&mut self, element: String, below: Self) {
        self.0.insert(element, below);
    }
}

/// Metadata and parts that nobody owns.
const UNOWNED: [&str; 11] = [
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "selfLink",
    "managedFields",
    "apiVersion",
    "kind",
];

/// The fields that a manifest names.
pub(super) fn named(shape: &Shape, manifest: &Value) -> Set {
    let mut manifest = manifest.clone();
    if let Some(fields) = manifest.as_object_mut() {
        fields.retain(|key, _| !UNOWNED.contains(&key.as_str()) && key != "status");
        if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|key, _| !UNOWNED.contains(&key.as_str()));
            if metadata.is_empty() {
                fields.remove("metadata");
            }
        }
    }
    set_of(shape, &manifest)
}

fn set_of(shape: &Shape, value: &Value) -> Set {
    let mut set = Set::default();
    match (shape, value) {
        (Shape::Fields(_) | Shape::Map(_), Value::Object(fields)) => {
            for (key, value) in fields {
                if let Some(shape) = below(shape, key).filter(|_| !value.is_null()) {
                    set.put(format!("f:{key}"), set_of(shape, value));
                }
            }
        }
        (Shape::Items(inner, keys), Value::Array(items)) => {
            for item in items {
                let mut fields = set_of(inner, item);
                fields.put(".".to_owned(), Set::default());
                set.put(element(item, keys), fields);
            }
        }
        (Shape::Set, Value::Array(members)) => {
            for member in members {
                set.put(format!("v:{member}"), Set::default());
            }
        }
        _ => {}
    }
    set
}

fn below<'a>(shape: &'a Shape, key: &str) -> Option<&'a Shape> {
    match shape {
        Shape::Fields(fields) => fields.get(key),
        Shape::Map(inner) => Some(inner),
        Shape::String
        | Shape::Number
        | Shape::Bool
        | Shape::Any
        | Shape::Atomic(_)
        | Shape::Items(..)
        | Shape::Set => None,
    }
}

fn element(item: &Value, keys: &[String]) -> String {
    format!("k:{}", Value::Object(item_keys(item, keys)))
}

/// The leaves of `new` that `old` has with another value.
pub(super) fn differing(shape: &Shape, old: &Value, new: &Value) -> Set {
    let mut set = Set::default();
    match (shape, old, new) {
        (Shape::Fields(_) | Shape::Map(_), Value::Object(old), Value::Object(new)) => {
            for (key, value) in new.iter().filter(|(_, value)| !value.is_null()) {
                let (Some(shape), Some(before)) = (below(shape, key), old.get(key)) else { continue };
                let changed = differing(shape, before, value);
                if !changed.is_empty() || is_other_leaf(shape, before, value) {
                    set.put(format!("f:{key}"), changed);
                }
            }
        }
        (Shape::Items(inner, keys), Value::Array(old), Value::Array(new)) => {
            for item in new {
                let before = old.iter().find(|other| item_keys(other, keys) == item_keys(item, keys));
                let changed = before.map(|before| differing(inner, before, item)).unwrap_or_default();
                if !changed.is_empty() {
                    set.put(element(item, keys), changed);
                }
            }
        }
        _ => {}
    }
    set
}

/// Whether two values differ that have no fields of their own.
fn is_other_leaf(shape: &Shape, old: &Value, new: &Value) -> bool {
    let leaf = matches!(shape, Shape::String | Shape::Number | Shape::Bool | Shape::Any | Shape::Atomic(_));
    leaf && old != new
}

/// Puts what a manifest names into an object.
pub(super) fn merge(shape: &Shape, live: &mut Value, manifest: &Value) {
    match (shape, live, manifest) {
        (Shape::Fields(_) | Shape::Map(_), Value::Object(live), Value::Object(manifest)) => {
            for (key, value) in manifest.iter().filter(|(_, value)| !value.is_null()) {
                match (below(shape, key), live.get_mut(key)) {
                    (Some(shape), Some(own)) => merge(shape, own, value),
                    _ => drop(live.insert(key.clone(), without_nulls(value))),
                }
            }
        }
        (Shape::Items(inner, keys), Value::Array(live), Value::Array(manifest)) => {
            let mut rest = std::mem::take(live);
            for item in manifest {
                let own = rest.iter().position(|other| item_keys(other, keys) == item_keys(item, keys));
                let mut merged = own.map_or_else(|| json!({}), |index| rest.remove(index));
                merge(inner, &mut merged, item);
                live.push(merged);
            }
            live.append(&mut rest);
        }
        (Shape::Set, Value::Array(live), Value::Array(manifest)) => {
            for member in manifest.iter().filter(|member| !live.contains(member)).cloned().collect::<Vec<_>>()
            {
                live.push(member);
            }
        }
        (_, live, manifest) => *live = without_nulls(manifest),
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Takes fields out of an object, and what is empty without them.
pub(super) fn remove(shape: &Shape, live: &mut Value, gone: &Set) {
    match (shape, live) {
        (Shape::Fields(_) | Shape::Map(_), Value::Object(fields)) => {
            for (name, set) in gone.0.iter().filter_map(|(name, set)| Some((name.strip_prefix("f:")?, set))) {
                if let (Some(shape), Some(value), false) =
                    (below(shape, name), fields.get_mut(name), set.is_empty())
                {
                    remove(shape, value, set);
                    if !is_void(value) {
                        continue;
                    }
                }
                fields.remove(name);
            }
        }
        (Shape::Items(inner, keys), Value::Array(items)) => {
            items.retain_mut(|item| match gone.0.get(&element(item, keys)) {
                Some(set) if set.0.contains_key(".") => false,
                Some(set) => {
                    remove(inner, item, set);
                    true
                }
                None => true,
            });
        }
        (Shape::Set, Value::Array(members)) => {
            members.retain(|member| !gone.0.contains_key(&format!("v:{member}")));
        }
        _ => {}
    }
}

fn is_void(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}
