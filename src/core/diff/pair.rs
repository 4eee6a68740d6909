//! Which item of a list became which, and a manifest respelled so that only real differences are left.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::quantity;
use crate::object::keys::{DEFAULT_PROTOCOL, item_key};
use crate::object::{is_sealed, is_unstable};

/// An item on both sides, or on one.
pub(super) struct Pair {
    /// `[name=web]` or `[3]`.
    pub(super) segment: String,
    pub(super) before: Option<usize>,
    pub(super) after: Option<usize>,
}

/// How two lists correspond.
pub(super) struct Pairing {
    /// Items of the first list in its order, then those that are new.
    pub(super) pairs: Vec<Pair>,
    /// The keys of the items that both have, in the order of each, where those differ.
    pub(super) order: Option<(Vec<String>, Vec<String>)>,
}

/// Pairs items by what tells them apart; where that is not there or not unique, equal items at both ends stay together
/// and the rest is paired by place.
pub(super) fn pair(field: &str, before: &[Value], after: &[Value]) -> Pairing {
    match (keyed(field, before), keyed(field, after)) {
        (Some(old), Some(new)) => by_key(&old, &new),
        _ => Pairing { pairs: by_place(before, after), order: None },
    }
}

/// The key of each item, if all have one and it is theirs alone.
fn keyed(field: &str, items: &[Value]) -> Option<Vec<String>> {
    let keys: Vec<String> = items.iter().map(|item| item_key(field, item)).collect::<Option<_>>()?;
    let unique: BTreeSet<&String> = keys.iter().collect();
    (unique.len() == keys.len()).then_some(keys)
}

fn by_key(before: &[String], after: &[String]) -> Pairing {
    let places: BTreeMap<&String, usize> =
        after.iter().enumerate().map(|(index, key)| (key, index)).collect();
    let known: BTreeSet<&String> = before.iter().collect();
    let segment = |key: &String| format!("[{key}]");
    let mut pairs: Vec<Pair> = before
        .iter()
        .enumerate()
        .map(|(index, key)| Pair {
            segment: segment(key),
            before: Some(index),
            after: places.get(key).copied(),
        })
        .collect();
    let new = after.iter().enumerate().filter(|(_, key)| !known.contains(key));
    pairs.extend(new.map(|(index, key)| Pair { segment: segment(key), before: None, after: Some(index) }));
    let shared = |keys: &[String], other: &dyn Fn(&String) -> bool| -> Vec<String> {
        keys.iter().filter(|key| other(key)).cloned().collect()
    };
    let old = shared(before, &|key| places.contains_key(key));
    let new = shared(after, &|key| known.contains(key));
    Pairing { pairs, order: (old != new).then_some((old, new)) }
}

fn by_place(before: &[Value], after: &[Value]) -> Vec<Pair> {
    let head = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (before.len() - head, after.len() - head);
    let tail = before
        .iter()
        .rev()
        .zip(after.iter().rev())
        .take(old_rest.min(new_rest))
        .take_while(|(old, new)| old == new)
        .count();
    let (old_middle, new_middle) = (old_rest - tail, new_rest - tail);
    let whole = |index| Pair { segment: format!("[{index}]"), before: Some(index), after: Some(index) };
    let mut pairs: Vec<Pair> = (0..head).map(whole).collect();
    pairs.extend((0..old_middle.max(new_middle)).map(|offset| Pair {
        segment: format!("[{}]", head + offset),
        before: (offset < old_middle).then_some(head + offset),
        after: (offset < new_middle).then_some(head + offset),
    }));
    pairs.extend((0..tail).map(|offset| Pair {
        segment: format!("[{}]", head + new_middle + offset),
        before: Some(head + old_middle + offset),
        after: Some(head + new_middle + offset),
    }));
    pairs
}

/// Marks a sealed leaf that is another one than before; a manifest cannot contain it.
pub(super) fn changed_mark() -> Value {
    Value::Object(Map::from_iter([("$sealed".to_owned(), Value::from("changed"))]))
}

/// The second manifest, with quantities and default protocols that only read differently as the first has them, and
/// sealed leaves that changed marked.
pub(super) fn aligned(before: &Value, after: &Value) -> Value {
    let kind = after.get("kind").and_then(Value::as_str).unwrap_or_default();
    align(kind, &mut Vec::new(), before, after)
}

fn align<'a>(kind: &str, keys: &mut Vec<&'a str>, before: &'a Value, after: &'a Value) -> Value {
    if before == after {
        return after.clone();
    }
    if is_sealed(before) && is_sealed(after) {
        return if is_unstable(after) { after.clone() } else { changed_mark() };
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let mut entries = Map::new();
            for (key, value) in new {
                keys.push(key);
                let value =
                    old.get(key).map_or_else(|| value.clone(), |before| align(kind, keys, before, value));
                keys.pop();
                entries.insert(key.clone(), value);
            }
            if is_port(keys) {
                align_protocol(old, &mut entries);
            }
            Value::Object(entries)
        }
        (Value::Array(old), Value::Array(new)) => {
            let field = keys.last().copied().unwrap_or_default();
            let mut items = new.clone();
            for pair in pair(field, old, new).pairs {
                let (Some(before), Some(place)) = (pair.before, pair.after) else { continue };
                if let (Some(before), Some(after), Some(item)) =
                    (old.get(before), new.get(place), items.get_mut(place))
                {
                    *item = align(kind, keys, before, after);
                }
            }
            Value::Array(items)
        }
        _ if quantity::equal(kind, keys, before, after) => before.clone(),
        _ => after.clone(),
    }
}

/// Whether these keys lead to an item of a list of ports.
pub(super) fn is_port(keys: &[&str]) -> bool {
    keys.last() == Some(&"ports")
}

/// Whether two protocols of a port are one, absent meaning TCP.
pub(super) fn same_protocol(before: Option<&Value>, after: Option<&Value>) -> bool {
    let name = |value: Option<&Value>| {
        value.map_or(Some(DEFAULT_PROTOCOL.to_owned()), |v| v.as_str().map(str::to_owned))
    };
    name(before).is_some_and(|before| name(after) == Some(before))
}

fn align_protocol(before: &Map<String, Value>, after: &mut Map<String, Value>) {
    if same_protocol(before.get("protocol"), after.get("protocol")) {
        match before.get("protocol") {
            Some(protocol) => drop(after.insert("protocol".to_owned(), protocol.clone())),
            None => drop(after.remove("protocol")),
        }
    }
}
