//! Patches, held to a plain reading of what applying one means.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// A kind with one field of each sort.
fn schema() -> PatchSchema {
    let text = json!({ "type": "string" });
    let plain = json!({ "type": "array", "items": text });
    let keyed = |key: &str, of: &str, strategy: &str| {
        json!({
            "type": "array", "items": { "allOf": [{ "$ref": format!("#/components/schemas/{of}") }] },
            "x-kubernetes-patch-merge-key": key, "x-kubernetes-patch-strategy": strategy,
        })
    };
    let gvk = json!({ "group": "apps", "version": "v1", "kind": "Thing" });
    let document = json!({
        "paths": { "/apis/apps/v1/things/{name}": { "patch": {
            "requestBody": { "content": { "application/strategic-merge-patch+json": {} } },
            "x-kubernetes-group-version-kind": gvk,
        }}, "/apis/apps/v1/others/{name}": { "patch": {
            "requestBody": { "content": { "application/merge-patch+json": {} } },
            "x-kubernetes-group-version-kind": { "group": "apps", "version": "v1", "kind": "Other" },
        }}},
        "components": { "schemas": {
            "other": { "x-kubernetes-group-version-kind": [{ "group": "apps", "version": "v1", "kind": "Other" }] },
            "thing": { "x-kubernetes-group-version-kind": [gvk], "properties": {
                "replicas": { "type": "integer" },
                "labels": { "type": "object", "additionalProperties": text },
                "strategy": {
                    "allOf": [{ "$ref": "#/components/schemas/strategy" }],
                    "x-kubernetes-patch-strategy": "retainKeys",
                },
                "finalizers": { "type": "array", "items": text, "x-kubernetes-patch-strategy": "merge" },
                "containers": keyed("name", "container", "merge"),
                "volumes": keyed("name", "volume", "merge,retainKeys"),
            }},
            "strategy": { "properties": { "type": text, "rolling": { "type": "object" } } },
            "volume": { "properties": { "name": text, "empty": text, "host": text } },
            "container": { "properties": {
                "name": text, "image": text, "args": plain, "env": keyed("name", "variable", "merge"),
            }},
            "variable": { "properties": { "name": text, "value": text } },
        }},
    });
    Arc::new(PatchDocument::read(document).unwrap()).kind("Thing").unwrap()
}

fn strategic(original: &Value, modified: &Value, current: &Value) -> Value {
    match three_way(original, modified, current, Some(&schema())).unwrap() {
        Patch::Strategic(patch) => patch,
        Patch::Merge(_) => panic!("a strategic merge patch was asked for"),
    }
}

fn merged(original: &Value, modified: &Value, current: &Value) -> Value {
    match three_way(original, modified, current, None).unwrap() {
        Patch::Merge(patch) => patch,
        Patch::Strategic(_) => panic!("a JSON merge patch was asked for"),
    }
}

/// The name by which items of a list are merged, where they are; `""` for plain values.
fn merge_key(field: &str) -> Option<&'static str> {
    match field {
        "containers" | "env" | "volumes" => Some("name"),
        "finalizers" => Some(""),
        _ => None,
    }
}

/// What a server makes of an object and a patch, without regard for order.
fn apply(object: &mut Value, patch: &Value, lists_merge: bool) {
    let Value::Object(patch) = patch else { return *object = patch.clone() };
    if !object.is_object() {
        *object = json!({});
    }
    let fields = object.as_object_mut().unwrap();
    for (key, value) in patch {
        if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/") {
            let gone = value.as_array().unwrap();
            if let Some(Value::Array(items)) = fields.get_mut(list) {
                items.retain(|item| !gone.contains(item));
            }
        }
    }
    if let Some(Value::Array(kept)) = patch.get("$retainKeys") {
        fields.retain(|key, _| kept.contains(&json!(key)));
    }
    for (key, value) in patch.iter().filter(|(key, _)| !key.starts_with('$')) {
        match (value, merge_key(key).filter(|_| lists_merge)) {
            (Value::Null, _) => drop(fields.remove(key)),
            (Value::Array(items), Some(by)) => {
                let list = fields.entry(key.clone()).or_insert_with(|| json!([])).as_array_mut().unwrap();
                items.iter().for_each(|item| apply_item(list, item, by));
            }
            _ => apply(fields.entry(key.clone()).or_insert(Value::Null), value, lists_merge),
        }
    }
}

fn apply_item(list: &mut Vec<Value>, item: &Value, by: &str) {
    if by.is_empty() {
        if !list.contains(item) {
            list.push(item.clone());
        }
    } else if item.get("$patch").is_some() {
        list.retain(|own| own[by] != item[by]);
    } else if let Some(own) = list.iter_mut().find(|own| own[by] == item[by]) {
        apply(own, item, true);
    } else {
        let mut new = Value::Null;
        apply(&mut new, item, true);
        list.push(new);
    }
}

fn is_said(modified: &Value, result: &Value, field: &str, lists_merge: bool) -> bool {
    match (modified, result, merge_key(field).filter(|_| lists_merge)) {
        (Value::Object(wanted), Value::Object(_), _) => wanted
            .iter()
            .all(|(key, value)| result.get(key).is_some_and(|own| is_said(value, own, key, lists_merge))),
        (Value::Array(wanted), Value::Array(own), Some("")) => wanted.iter().all(|item| own.contains(item)),
        (Value::Array(wanted), Value::Array(own), Some(by)) => wanted.iter().all(|item| {
            own.iter().any(|other| other[by] == item[by] && is_said(item, other, "", lists_merge))
        }),
        (wanted, own, _) => wanted == own,
    }
}

/// Whether everything is gone that `original` said and `modified` does not.
fn is_gone(original: &Value, modified: &Value, result: &Value, field: &str, lists_merge: bool) -> bool {
    match (original, modified, merge_key(field).filter(|_| lists_merge)) {
        (Value::Object(old), Value::Object(new), _) => old.iter().all(|(key, value)| match new.get(key) {
            None => result.get(key).is_none(),
            Some(new) => is_gone(value, new, result.get(key).unwrap_or(&Value::Null), key, lists_merge),
        }),
        (Value::Array(old), Value::Array(new), Some("")) => {
            old.iter().all(|item| new.contains(item) || !result.as_array().unwrap().contains(item))
        }
        (Value::Array(old), Value::Array(new), Some(by)) => old.iter().all(|item| {
            let find = |list: &[Value]| list.iter().find(|own| own[by] == item[by]).cloned();
            let own = result.as_array().and_then(|list| find(list));
            match find(new) {
                None => own.is_none(),
                Some(new) => is_gone(item, &new, &own.unwrap_or_default(), "", lists_merge),
            }
        }),
        _ => true,
    }
}

fn some<T: Strategy>(of: T) -> impl Strategy<Value = Option<T::Value>> {
    prop::option::of(of)
}

fn map(fields: Vec<(&str, Option<Value>)>) -> Value {
    Value::Object(fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
}

fn text() -> impl Strategy<Value = Value> {
    "[ab]".prop_map(Value::from)
}

fn named(of: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[xyz]", of, 0..3).prop_flat_map(|items| {
        let items: Vec<Value> = items
            .into_iter()
            .map(|(name, mut item)| {
                item["name"] = name.into();
                item
            })
            .collect();
        Just(items).prop_shuffle().prop_map(Value::from)
    })
}

fn thing() -> impl Strategy<Value = Value> {
    let variable = some(text()).prop_map(|value| map(vec![("value", value)]));
    let args = prop::collection::vec(text(), 0..3).prop_map(Value::from);
    let container = (some(text()), some(args), some(named(variable)))
        .prop_map(|(image, args, env)| map(vec![("image", image), ("args", args), ("env", env)]));
    let volume =
        (some(text()), some(text())).prop_map(|(empty, host)| map(vec![("empty", empty), ("host", host)]));
    let labels = prop::collection::btree_map("[pqr]", text(), 0..3)
        .prop_map(|labels| Value::Object(labels.into_iter().collect::<Map<_, _>>()));
    let strategy = (some(text()), some(Just(json!({ "surge": 1 }))))
        .prop_map(|(kind, rolling)| map(vec![("type", kind), ("rolling", rolling)]));
    let finalizers = prop::collection::btree_set("[fgh]", 0..3)
        .prop_map(|all| Value::from(all.into_iter().collect::<Vec<String>>()));
    let replicas = (0..3).prop_map(Value::from);
    (
        some(replicas),
        some(labels),
        some(strategy),
        some(finalizers),
        some(named(container)),
        some(named(volume)),
    )
        .prop_map(|(replicas, labels, strategy, finalizers, containers, volumes)| {
            map(vec![
                ("replicas", replicas),
                ("labels", labels),
                ("strategy", strategy),
                ("finalizers", finalizers),
                ("containers", containers),
                ("volumes", volumes),
            ])
        })
}

proptest! {
    #[test]
    fn a_patch_says_what_modified_says_and_drops_what_it_no_longer_says(
        original in thing(), modified in thing(), current in thing(),
    ) {
        for (patch, lists_merge) in [
            (strategic(&original, &modified, &current), true),
            (merged(&original, &modified, &current), false),
        ] {
            let mut result = current.clone();
            apply(&mut result, &patch, lists_merge);
            prop_assert!(is_said(&modified, &result, "", lists_merge), "{patch} made {result}");
            prop_assert!(is_gone(&original, &modified, &result, "", lists_merge), "{patch} made {result}");
            for (key, value) in current.as_object().unwrap() {
                if original.get(key).is_none() && modified.get(key).is_none() {
                    prop_assert_eq!(result.get(key), Some(value), "nobody asked for it");
                }
            }
        }
    }

    #[test]
    fn what_is_there_already_needs_no_patch(thing in thing()) {
        prop_assert_eq!(strategic(&thing, &thing, &thing), json!({}));
        prop_assert_eq!(merged(&thing, &thing, &thing), json!({}));
    }

    #[test]
    fn two_manifests_make_a_patch_from_one_to_the_other(old in thing(), new in thing()) {
        let Patch::Merge(patch) = two_way(&old, &new) else { panic!("a JSON merge patch") };
        let mut result = old;
        apply(&mut result, &patch, false);
        prop_assert_eq!(result, new);
    }
}

#[test]
fn lists_of_a_strategic_patch_name_what_goes_and_their_order() {
    let original =
        json!({ "containers": [{ "name": "a", "image": "1" }, { "name": "b" }], "finalizers": ["x", "y"] });
    let modified = json!({ "containers": [{ "name": "c" }, { "name": "a" }], "finalizers": ["y"] });
    assert_eq!(
        strategic(&original, &modified, &original),
        json!({
            "containers": [{ "name": "c" }, { "name": "a", "image": null }, { "name": "b", "$patch": "delete" }],
            "$setElementOrder/containers": [{ "name": "c" }, { "name": "a" }],
            "$deleteFromPrimitiveList/finalizers": ["x"],
            "$setElementOrder/finalizers": ["y"],
        })
    );
}

#[test]
fn of_fields_that_exclude_each_other_those_that_are_not_named_are_cleared() {
    let live = json!({ "strategy": { "type": "a", "rolling": { "surge": 1 } } });
    let modified = json!({ "strategy": { "type": "b" } });
    assert_eq!(
        strategic(&json!({}), &modified, &live),
        json!({ "strategy": { "type": "b", "$retainKeys": ["type"] } })
    );
}

#[test]
fn what_cannot_be_merged_is_said() {
    let bare = json!({ "containers": [{ "image": "a" }] });
    let error = three_way(&json!({}), &bare, &bare, Some(&schema())).unwrap_err();
    assert_eq!(error.to_string(), "an item of `containers` has no `name`, by which its items are told apart");
    let mixed = json!({ "containers": ["a"] });
    let error = three_way(&json!({}), &mixed, &bare, Some(&schema())).unwrap_err();
    assert_eq!(error.to_string(), "the items of `containers` are not all objects, or not all plain values");
    assert_eq!(three_way(&json!({}), &json!("text"), &bare, Some(&schema())), Err(PatchError::NoObject));
}

#[test]
fn what_becomes_of_items_with_one_key_is_not_foretold() {
    let thing = |names: &[&str], image: &str| {
        let items: Vec<Value> = names.iter().map(|name| json!({ "name": name, "image": image })).collect();
        json!({ "containers": items })
    };
    let patch = |live: &Value, wanted: &Value| three_way(wanted, wanted, live, Some(&schema()));
    let twice = thing(&["a", "a"], "1");
    let same = Err(PatchError::SameKey { list: "containers".to_owned(), key: "name".to_owned() });
    assert_eq!(patch(&twice, &thing(&["a", "b"], "1")), same);
    assert_eq!(patch(&twice, &thing(&["a", "a"], "2")), same);
    // Where nothing of the list changes there is nothing to foretell.
    assert_eq!(patch(&twice, &twice), Ok(Patch::Strategic(json!({}))));
    assert!(patch(&thing(&["a", "b"], "1"), &thing(&["a", "b"], "2")).is_ok());
    // Flat items that come to have one key are merged as kubectl does it, deep ones by accident.
    assert!(patch(&thing(&["a"], "1"), &thing(&["a", "a"], "1")).is_ok());
    let mut deep = thing(&["a", "a"], "1");
    deep["containers"][1]["env"] = json!([{ "name": "x" }]);
    assert_eq!(patch(&thing(&["a"], "1"), &deep), same);
}

#[test]
fn only_kinds_that_take_strategic_patches_have_a_schema() {
    let document = json!({ "paths": {}, "components": { "schemas": {} } });
    assert_eq!(Arc::new(PatchDocument::read(document).unwrap()).kind("Thing"), None);
    assert_eq!(PatchDocument::read(json!({ "kind": "Status" })), None);
    let document = Arc::clone(&schema().document);
    assert!(document.kind("Thing").is_some());
    assert_eq!(document.kind("Other"), None);
}
