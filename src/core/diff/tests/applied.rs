//! The fields that are told are all that there are: put into base, they give head.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::diff::fields;
use crate::object::keys::item_key;

/// One part of a path.
#[derive(Debug)]
enum Step {
    Key(String),
    Item(String),
}

fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let end = match inner.strip_prefix('"') {
                Some(quoted) => quoted.find("\"]").unwrap() + 2,
                None => inner.find(']').unwrap(),
            };
            let text = &inner[..end];
            steps.push(match serde_json::from_str::<String>(text) {
                Ok(key) => Step::Key(key),
                Err(_) => Step::Item(text.to_owned()),
            });
            rest = &inner[end + 1..];
        } else {
            let bare = rest.strip_prefix('.').unwrap_or(rest);
            let end = bare.find(['.', '[']).unwrap_or(bare.len());
            steps.push(Step::Key(bare[..end].to_owned()));
            rest = &bare[end..];
        }
    }
    steps
}

/// Puts a value, or its absence, where a path leads.
fn put(field: &str, value: &mut Value, steps: &[Step], new: Option<&Value>) {
    let [step, rest @ ..] = steps else {
        *value = new.unwrap().clone();
        return;
    };
    match step {
        Step::Key(key) => {
            let entries = value.as_object_mut().unwrap();
            match (rest, new) {
                ([], None) => drop(entries.remove(key).unwrap()),
                ([], Some(new)) => drop(entries.insert(key.clone(), new.clone())),
                _ => put(key, entries.get_mut(key).unwrap(), rest, new),
            }
        }
        Step::Item(key) => {
            let items = value.as_array_mut().unwrap();
            let place = items.iter().position(|item| item_key(field, item).as_deref() == Some(key));
            match (place, rest, new) {
                (Some(place), [], None) => drop(items.remove(place)),
                (Some(place), _, _) => put(field, &mut items[place], rest, new),
                (None, [], Some(new)) => items.push(new.clone()),
                (None, _, _) => panic!("no item {key}"),
            }
        }
    }
}

/// Lists of keyed items in the order of their keys.
fn in_order(field: &str, value: &Value) -> Value {
    match value {
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), in_order(key, value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| in_order(field, item)).collect();
            items.sort_by_key(|item| item_key(field, item));
            items.into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0..9_i64).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from)
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 5, |inner| {
        let keyed = prop::collection::btree_map("[a-d]|[a-c]/[a-c]", inner.clone(), 1..4).prop_map(|items| {
            Value::from(
                items
                    .into_iter()
                    .map(|(name, value)| json!({"name": name, "value": value}))
                    .collect::<Vec<_>>(),
            )
        });
        // Under one key, always the same kind of list: items of different kinds are told by their place.
        let entries =
            (prop::collection::btree_map("[a-c]|[a-c]\\.[a-c]/x", inner, 0..4), prop::option::of(keyed));
        let map = entries.prop_map(|(entries, keyed)| {
            let mut map: Map<String, Value> = entries.into_iter().collect();
            map.extend(keyed.map(|items| ("containers".to_owned(), items)));
            Value::Object(map)
        });
        prop_oneof![prop::collection::vec(scalar(), 0..4).prop_map(Value::from), map]
    })
}

proptest! {
    #[test]
    fn the_fields_put_into_base_give_head(base in tree(), head in tree()) {
        let body = |spec: &Value| json!({"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec});
        let (base, head) = (body(&base), body(&head));
        let mut applied = base.clone();
        for change in fields(&base, &head) {
            prop_assert!(!change.masked);
            put("", &mut applied, &steps(&change.path), change.after.as_ref());
        }
        prop_assert_eq!(in_order("", &applied), in_order("", &head), "{:?}", fields(&base, &head));
    }
}
