//! What somebody does to a manifest between one commit and the next.

use serde_json::{Map, Value, json};

use super::kinds::Kind;
use crate::rego::dice::Dice;

/// What head says, where base says `base`.
pub(super) fn edited(dice: &mut Dice, kind: &Kind, base: &Value) -> Value {
    let text = |key: &str| base["metadata"][key].as_str().unwrap_or_default();
    let mut head = base.clone();
    for _ in 0..=dice.below(3) {
        match dice.below(10) {
            // As if somebody else had written this part.
            0..5 => {
                let mut other = kind.make(dice, text("namespace"), text("name"));
                other["metadata"]["name"] = base["metadata"]["name"].clone();
                graft(dice, &mut head, &other);
            }
            5..9 => change(dice, &mut head),
            _ => respelled(&mut head),
        }
    }
    head
}

/// What head says where nothing but values differ: plain ones, each of the kind that it was.
pub(super) fn revalued(dice: &mut Dice, kind: &Kind, base: &Value) -> Value {
    let text = |key: &str| base["metadata"][key].as_str().unwrap_or_default();
    let other = kind.make(dice, text("namespace"), text("name"));
    let mut head = base.clone();
    let mut all = places(&head);
    all.retain(|place| {
        !matches!(head.pointer(place), None | Some(Value::Null | Value::Array(_) | Value::Object(_)))
    });
    for _ in 0..=dice.below(3) {
        let Some(place) = all.get(dice.below(all.len().max(1))) else { break };
        let mut value = head.pointer(place).unwrap().clone();
        match (&mut value, other.pointer(place)) {
            (Value::String(text), Some(Value::String(new))) if text != new => text.clone_from(new),
            (Value::Number(_), Some(new @ Value::Number(_))) if dice.often(2) => value = new.clone(),
            (Value::Bool(on), _) => *on = !*on,
            (Value::Number(number), _) => value = json!(number.as_i64().unwrap_or_default() + 1),
            (Value::String(text), _) => text.push('x'),
            (Value::Null | Value::Array(_) | Value::Object(_), _) => {}
        }
        *head.pointer_mut(place).unwrap() = value;
    }
    head
}

/// The places of a manifest, as JSON pointers, without what says which object it is.
fn places(object: &Value) -> Vec<String> {
    fn below(value: &Value, at: &str, all: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                    all.push(at.clone());
                    below(value, &at, all);
                }
            }
            Value::Array(items) => {
                for (place, value) in items.iter().enumerate() {
                    let at = format!("{at}/{place}");
                    all.push(at.clone());
                    below(value, &at, all);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut all = Vec::new();
    below(object, "", &mut all);
    let identity = ["/apiVersion", "/kind", "/metadata", "/metadata/name", "/metadata/namespace", "/spec"];
    all.retain(|place| !identity.contains(&place.as_str()));
    all
}

/// Takes one part of `other`, or drops it where the other does not have it.
fn graft(dice: &mut Dice, head: &mut Value, other: &Value) {
    let mut all = places(head);
    all.extend(places(other));
    // Most of what is immutable stays, or little else would come to pass.
    all.retain(|place| dice.often(1) || !place.starts_with("/spec/selector"));
    let Some(place) = all.get(dice.below(all.len().max(1))) else { return };
    let (parent, key) = place.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    let new = other.pointer(place).cloned();
    match (head.pointer_mut(parent), new) {
        (Some(Value::Object(fields)), Some(new)) => drop(fields.insert(key, new)),
        (Some(Value::Object(fields)), None) => drop(fields.remove(&key)),
        (Some(Value::Array(items)), Some(new)) => items.push(new),
        _ => {}
    }
}

/// One small change of one place.
fn change(dice: &mut Dice, head: &mut Value) {
    let all = places(head);
    if all.is_empty() {
        return;
    }
    let place = &all[dice.below(all.len())];
    if place.starts_with("/spec/selector") && !dice.often(2) {
        return;
    }
    let (parent, key) = place.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    let what = dice.below(10);
    match head.pointer_mut(place).unwrap() {
        Value::Array(items) if !items.is_empty() && what < 6 => {
            let (one, other) = (dice.below(items.len()), dice.below(items.len()));
            match what {
                0..3 => items.swap(one, other),
                3..5 => drop(items.remove(one)),
                _ => items.push(items[one].clone()),
            }
            return;
        }
        Value::Object(fields) if what < 1 => {
            fields.insert("colour".to_owned(), json!("green"));
            return;
        }
        scalar if what < 6 => {
            match scalar {
                Value::Bool(on) => *on = !*on,
                Value::Number(number) => *scalar = json!(number.as_f64().unwrap() as i64 + 1),
                Value::String(text) => text.push('x'),
                Value::Null | Value::Array(_) | Value::Object(_) => {}
            }
            return;
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {}
    }
    match head.pointer_mut(parent) {
        Some(Value::Object(fields)) if what == 9 => drop(fields.insert(key, Value::Null)),
        Some(Value::Object(fields)) => drop(fields.remove(&key)),
        Some(Value::Array(items)) => drop(items.remove(key.parse::<usize>().unwrap())),
        _ => {}
    }
}

/// The same, written differently.
fn respelled(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let mut turned: Vec<(String, Value)> = std::mem::take(fields).into_iter().collect();
            turned.reverse();
            turned.iter_mut().for_each(|(_, value)| respelled(value));
            *fields = turned.into_iter().collect::<Map<_, _>>();
        }
        Value::Array(items) => items.iter_mut().for_each(respelled),
        Value::String(text) => {
            let other = match text.as_str() {
                "1" => "1000m",
                "1000m" => "1",
                "500m" => "0.5",
                "1Gi" => "1024Mi",
                "1024Mi" => "1Gi",
                _ => return,
            };
            // A label or an environment value of 1 is another one when it is 1000m, which is as good an edit.
            *text = other.to_owned();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
