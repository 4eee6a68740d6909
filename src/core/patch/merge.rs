//! JSON merge patches: a null removes, a map is merged, everything else is set.

use serde_json::{Map, Value};

pub(super) fn three_way(original: &Value, modified: &Value, current: &Value) -> Value {
    let removals = only_nulls(between(original, modified)).unwrap_or_else(|| Value::Object(Map::new()));
    let changes = without_nulls(between(current, modified)).unwrap_or_else(|| Value::Object(Map::new()));
    both(removals, changes)
}

/// What makes `after` of `before`.
pub(super) fn between(before: &Value, after: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (before, after) else { return after.clone() };
    let mut patch = Map::new();
    for (key, value) in new {
        match (old.get(key), value) {
            (Some(before), after) if before == after => {}
            (Some(before @ Value::Object(_)), Value::Object(_)) => {
                patch.insert(key.clone(), between(before, value));
            }
            _ => drop(patch.insert(key.clone(), value.clone())),
        }
    }
    patch.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null)));
    Value::Object(patch)
}

fn only_nulls(patch: Value) -> Option<Value> {
    match patch {
        Value::Null => Some(Value::Null),
        Value::Object(fields) => {
            let fields: Map<String, Value> =
                fields.into_iter().filter_map(|(key, value)| Some((key, only_nulls(value)?))).collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

/// A map that was empty is a wish for an empty map; one that becomes empty is none.
fn without_nulls(patch: Value) -> Option<Value> {
    match patch {
        Value::Null => None,
        Value::Object(fields) if !fields.is_empty() => {
            let fields: Map<String, Value> =
                fields.into_iter().filter_map(|(key, value)| Some((key, without_nulls(value)?))).collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        other @ (Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_)) => Some(other),
    }
}

fn both(removals: Value, changes: Value) -> Value {
    match (removals, changes) {
        (Value::Object(mut removals), Value::Object(changes)) => {
            for (key, change) in changes {
                let value = match removals.remove(&key) {
                    Some(removed) => both(removed, change),
                    None => change,
                };
                removals.insert(key, value);
            }
            Value::Object(removals)
        }
        (_, change) => change,
    }
}
