//! What two renders of one input do not agree on: random passwords, certificates, names with a random end.
//!
//! A value that differs becomes a mark, which no manifest can contain. A name that differs becomes what the two have in
//! common and a `*`, as for a name that the server makes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::keys::{item_key, push_key};
use super::seal::HANDLE;
use super::{Body, ObjectRef, RenderedObject};

/// What the mark holds in place of a handle.
pub(super) const MARK: &str = "unstable";

/// Whether a value stands for one that differs at each render.
pub(crate) fn is_unstable(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.len() == 1 && map.get(HANDLE).is_some_and(|mark| mark == MARK))
}

/// Whether any value in a manifest differs at each render.
pub(crate) fn holds_unstable(body: &Body) -> bool {
    // In a text of a manifest the quotes would be escaped.
    body.text().contains(&mark().to_string())
}

/// The paths of what differs at each render, as people read them.
pub(crate) fn unstable_paths(body: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    collect(body, "", &mut String::new(), &mut paths);
    paths
}

fn collect(value: &Value, field: &str, path: &mut String, paths: &mut Vec<String>) {
    let length = path.len();
    match value {
        Value::Object(_) if is_unstable(value) => paths.push(path.clone()),
        Value::Object(entries) => {
            for (key, inner) in entries {
                push_key(path, key);
                collect(inner, key, path, paths);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                let segment = item_key(field, inner).unwrap_or_else(|| index.to_string());
                path.push_str(&format!("[{segment}]"));
                collect(inner, field, path, paths);
                path.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn mark() -> Value {
    Value::Object(Map::from_iter([(HANDLE.to_owned(), Value::from(MARK))]))
}

/// Marks in `objects` what differs in `again`, a second render of the same input, and says whose name does. An object
/// that holds a mark counts as sealed, since it cannot be sent to a cluster as it is.
pub fn mark_unstable(objects: &mut [RenderedObject], again: &[RenderedObject]) -> Vec<ObjectRef> {
    let mut twins: BTreeMap<_, Vec<&RenderedObject>> = BTreeMap::new();
    for twin in again.iter().rev() {
        twins.entry(own(&twin.reference)).or_default().push(twin);
    }
    let mut alone = Vec::new();
    for object in objects.iter_mut() {
        match twins.get_mut(&own(&object.reference)).and_then(Vec::pop) {
            Some(twin) => compare(object, twin),
            None => alone.push(object),
        }
    }
    // What is left has another name there: paired in order, kind by kind.
    let mut rest: Vec<&RenderedObject> = twins.into_values().flatten().collect();
    let mut renamed = Vec::new();
    for object in alone {
        let [group, kind, namespace, _] = own(&object.reference);
        let place = rest.iter().position(|twin| {
            let other = &twin.reference;
            (&other.group, &other.kind, &other.namespace) == (&group, &kind, &namespace)
        });
        let twin = place.map(|place| rest.remove(place));
        let shared = twin.map_or(0, |twin| shared(&object.reference.name, &twin.reference.name));
        let stem = object.reference.name.get(..shared).unwrap_or_default();
        object.reference.name = format!("{stem}*");
        if let Some(twin) = twin {
            compare(object, twin);
        }
        object.sealed = true;
        renamed.push(object.reference.clone());
    }
    renamed
}

fn own(reference: &ObjectRef) -> [String; 4] {
    let (group, kind, namespace, name) = reference.identity();
    [group, kind, namespace, name].map(str::to_owned)
}

/// How many bytes two names begin with alike.
fn shared(one: &str, other: &str) -> usize {
    one.char_indices()
        .zip(other.chars())
        .take_while(|((_, a), b)| a == b)
        .map(|((_, a), _)| a.len_utf8())
        .sum()
}

fn compare(object: &mut RenderedObject, twin: &RenderedObject) {
    if object.body != twin.body {
        let mut body = object.body.value();
        settle("", &mut body, &twin.body.value());
        object.body = body.into();
        object.sealed = true;
    }
}

/// Marks what differs between two values; what only one of them has differs as a whole.
fn settle(field: &str, value: &mut Value, twin: &Value) {
    if value == twin {
        return;
    }
    match (&mut *value, twin) {
        (Value::Object(own), Value::Object(other))
            if !own.contains_key(HANDLE) && !other.contains_key(HANDLE) =>
        {
            for (key, value) in own.iter_mut() {
                match other.get(key) {
                    Some(twin) => settle(key, value, twin),
                    None => *value = mark(),
                }
            }
            for key in other.keys() {
                own.entry(key).or_insert_with(mark);
            }
        }
        (Value::Array(own), Value::Array(other))
            if own.len() == other.len()
                && own.iter().zip(other).all(|(a, b)| item_key(field, a) == item_key(field, b)) =>
        {
            own.iter_mut().zip(other).for_each(|(value, twin)| settle(field, value, twin));
        }
        _ => *value = mark(),
    }
}
