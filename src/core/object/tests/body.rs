//! What is put by comes back as it was.

use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

use super::read;
use crate::object::Body;

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["", "\u{0}", "\"\\", "\u{2028}", "$sealed"]).prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,6}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_reads_as_it_was_written(value in value()) {
        let body = Body::from(&value);
        prop_assert_eq!(body.value(), value.clone());
        prop_assert_eq!(body.text(), value.to_string());
        let told = serde_json::to_string(&body).unwrap();
        prop_assert_eq!(&told, body.text());
        prop_assert_eq!(serde_json::from_str::<Body>(&told).unwrap(), body);
    }
}

#[test]
fn so_does_the_deepest_manifest() {
    let nested = |depth: usize, leaf: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"a"}},"data":{}"{leaf}"{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    for text in [nested(99, "x"), nested(99, "ghp_0123456789abcdefghij"), format!("---\n{}", nested(99, "x"))]
    {
        let body = read(&text).remove(0).body;
        assert_eq!(body.value()["kind"], json!("ConfigMap"), "{text}");
    }
}
