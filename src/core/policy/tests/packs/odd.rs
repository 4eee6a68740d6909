//! Rules over objects with values that nobody would write.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::super::packs;
use super::{Body, Effect, cases, effect_of, found, using};

/// The object with one of its values replaced, for each of its values.
fn replaced(object: &Value, by: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match object {
        Value::Object(entries) => {
            for (key, value) in entries {
                for inner in replaced(value, by).into_iter().chain([by.clone()]) {
                    let mut entries = entries.clone();
                    entries.insert(key.clone(), inner);
                    all.push(Value::Object(entries));
                }
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                for inner in replaced(value, by).into_iter().chain([by.clone()]) {
                    let mut items = items.clone();
                    items[index] = inner;
                    all.push(Value::Array(items));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all
}

#[test]
fn a_value_of_another_kind_or_a_masked_one_stops_no_rule() {
    let odd = [Value::Null, json!(7), json!({ "$sealed": "ab".repeat(32) })];
    let mut wrong = BTreeSet::new();
    for rule in packs::rules().unwrap() {
        let mut effects = Vec::new();
        for case in cases(rule, "bad") {
            let whole = effect_of(&case);
            let bodies = |side: &Option<Body>| -> Vec<Value> {
                let side = side.as_ref().map(Body::value);
                side.iter().flat_map(|body| odd.iter().flat_map(|odd| replaced(body, odd))).collect()
            };
            for after in bodies(&whole.after) {
                effects.push(Effect { after: Some(after.into()), ..whole.clone() });
            }
            for before in bodies(&whole.before) {
                effects.push(Effect { before: Some(before.into()), ..whole.clone() });
            }
        }
        for finding in found(using(&[rule.id]), effects).into_iter().filter(|finding| finding.errored) {
            wrong.insert(format!("{}: {}", rule.id, finding.message));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}
