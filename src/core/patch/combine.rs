//! One patch of two: what is removed, and what is set.

use serde_json::{Map, Value};

use super::schema::Node;
use super::strategic::{ORDER, PATCH};

/// Both in one; where they meet, what is set wins.
pub(super) fn combine(
    removals: Map<String, Value>,
    changes: Map<String, Value>,
    node: Node<'_>,
) -> Map<String, Value> {
    let mut patch = removals;
    let mut lists = Vec::new();
    for (name, change) in changes {
        let field = node.field(&name);
        let value = match (patch.remove(&name), change) {
            (Some(Value::Object(removed)), Value::Object(change)) => {
                Value::Object(combine(removed, change, field.node))
            }
            (Some(Value::Array(removed)), Value::Array(change)) => match field.key {
                Some(key) if field.merges => {
                    lists.push((name.clone(), key));
                    Value::from(items(key, removed, change, field.node))
                }
                Some(_) | None => Value::from(change),
            },
            (_, change) => change,
        };
        patch.insert(name, value);
    }
    for (name, key) in lists {
        let order = patch.get(&format!("{ORDER}{name}")).and_then(Value::as_array).cloned();
        if let (Some(order), Some(Value::Array(items))) = (order, patch.get_mut(&name)) {
            arrange(key, &order, items);
        }
    }
    patch
}

fn items(key: &str, removed: Vec<Value>, changed: Vec<Value>, node: Node<'_>) -> Vec<Value> {
    let (mut gone, mut kept): (Vec<Value>, Vec<Value>) =
        removed.into_iter().partition(|item| item.get(PATCH).is_some());
    let mut all: Vec<Value> = Vec::new();
    for change in changed {
        let same = kept.iter().position(|item| item.get(key) == change.get(key));
        let removed = same.map(|place| kept.remove(place));
        all.push(match (removed, change) {
            (Some(Value::Object(removed)), Value::Object(change)) => {
                Value::Object(combine(removed, change, node))
            }
            (_, change) => change,
        });
    }
    all.append(&mut kept);
    all.append(&mut gone);
    all
}

/// Sorts items as `order` names them, since the server refuses a patch whose items stand in another order; those that
/// it does not name come last.
pub(super) fn arrange(key: &str, order: &[Value], items: &mut [Value]) {
    let place = |item: &Value| {
        let named =
            item.get(PATCH).is_none().then(|| order.iter().position(|one| one.get(key) == item.get(key)));
        named.flatten().unwrap_or(usize::MAX)
    };
    items.sort_by_key(place);
}
