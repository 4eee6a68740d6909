use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn only_what_the_change_names_is_shown_of_live() {
    let base = json!({ "spec": { "containers": [{ "name": "web", "args": ["a"] }] } });
    let live = |secret: &str| {
        json!({ "spec": {
            "replicas": 5,
            "containers": [
                { "name": "web", "image": "web:1", "args": ["a", secret], "env": [{ "name": "T", "value": secret }] },
                { "name": "sidecar", "image": "sidecar:1", "command": [secret] },
            ],
        }})
    };
    let sides = Manifests { base: Some(&base), head: None };
    let (before, after) = shown(&live("hunter2"), &live("hunter3"), &sides);
    insta::assert_json_snapshot!(before, @r#"
    {
      "spec": {
        "containers": [
          {
            "args": [
              "a",
              "‹live›"
            ],
            "env": [
              {
                "name": "T",
                "value": "‹live›"
              }
            ],
            "image": "web:1",
            "name": "web"
          },
          {
            "command": [
              "‹live›"
            ],
            "image": "sidecar:1",
            "name": "sidecar"
          }
        ],
        "replicas": 5
      }
    }
    "#);
    assert_ne!(before, after);
    assert!(!after.to_string().contains("hunter"));
    let (before, after) = shown(&live("hunter2"), &live("hunter2"), &sides);
    assert_eq!(before, after);
}

#[test]
fn what_the_server_and_its_controllers_note_is_no_part_of_an_object() {
    let metadata = json!({
        "name": "a", "uid": "u", "resourceVersion": "1", "generation": 2, "creationTimestamp": "now", "selfLink": "/",
        "managedFields": [{ "manager": "m" }], "labels": { "app": "a" },
        "annotations": { LAST_APPLIED: "{}", "deployment.kubernetes.io/revision": "7" },
    });
    let mut live =
        json!({ "kind": "Deployment", "metadata": metadata, "spec": { "replicas": 1 }, "status": {} });
    let mut own = json!({ "kind": "Deployment", "metadata": { "name": "a", "labels": { "app": "a" } }, "spec": { "replicas": 1 } });
    assert_eq!(essence(&live), own);
    live["metadata"]["annotations"]["theirs"] = json!("1");
    own["metadata"]["annotations"] = json!({ "theirs": "1" });
    assert_eq!(essence(&live), own);
    assert_eq!(essence(&json!("text")), json!("text"));
}

/// Somebody wrote a secret where the manifests have none: where it is says nothing about what it is.
#[test]
fn a_secret_in_a_field_that_both_sides_name_is_not_shown() {
    let url = |url: &str| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" }, "data": { "url": url, "mode": "fast" } });
    let plain = url("postgres://db/shop");
    let sides = Manifests { base: Some(&plain), head: Some(&plain) };
    for (live, predicted) in [
        (url("postgres://shop:hunter2-S3cr3t@db/shop"), plain.clone()),
        (plain.clone(), url("postgres://shop:hunter2-S3cr3t@db/shop")),
        (url("postgres://shop:hunter2-S3cr3t@db/shop"), url("postgres://shop:hunter3-S3cr3t@db/shop")),
    ] {
        let changes = changes(&live, &predicted, &sides);
        let told = serde_json::to_string(&changes).unwrap();
        assert_eq!(changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(), ["data.url"]);
        assert_ne!(changes[0].before, changes[0].after, "{told}");
        assert!(!told.contains("hunter"), "{told}");
    }
    let told = serde_json::to_string(&changes(&url("postgres://db/other"), &plain, &sides)).unwrap();
    assert!(told.contains("postgres://db/other"), "{told}");
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!("plain")), Just(json!("hunter2")), Just(json!(7)), Just(Value::Null)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]|name|key", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn scalars(value: &Value, into: &mut Vec<Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| scalars(item, into)),
        Value::Object(fields) => fields.values().for_each(|item| scalars(item, into)),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => into.push(value.clone()),
    }
}

proptest! {
    /// Whatever the shapes, an object that the change does not name at all gives nothing away but names of items.
    #[test]
    fn nothing_unnamed_is_ever_shown(live in value(), other in value()) {
        let sides = Manifests { base: None, head: None };
        let (before, after) = shown(&live, &other, &sides);
        let mut leaves = Vec::new();
        scalars(&without_item_names(before), &mut leaves);
        scalars(&without_item_names(after), &mut leaves);
        prop_assert!(leaves.iter().all(|leaf| leaf.as_str().is_some_and(|text| text.starts_with("‹live"))));
    }

    /// An object that the change names whole is shown whole.
    #[test]
    fn everything_named_is_shown(live in value()) {
        let sides = Manifests { base: Some(&live), head: None };
        let (before, _) = shown(&live, &live, &sides);
        let count = |value: &Value| { let mut all = Vec::new(); scalars(value, &mut all); all.len() };
        prop_assert_eq!(count(&before), count(&live));
    }
}

fn without_item_names(value: Value) -> Value {
    match value {
        Value::Array(items) => items
            .into_iter()
            .map(|mut item| {
                if let Value::Object(fields) = &mut item {
                    let is_name = |key: &String| matches!(key.as_str(), "name" | "key");
                    fields.retain(|key, value| value.is_object() || value.is_array() || !is_name(key));
                }
                without_item_names(item)
            })
            .collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(key, value)| (key, without_item_names(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}
