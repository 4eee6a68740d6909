//! What makes a finding one that base has too.
use serde_json::{Value, json};

use super::super::told::Told;

fn existing(base: &Value, head: &Value) -> bool {
    Told::read(head).unwrap().is_no_worse_than(&Told::read(base).unwrap())
}

#[test]
fn words_and_details_are_the_same_or_it_is_another_finding() {
    let said = |details: Value| json!({ "msg": "m", "details": details });
    for (base, head, expected) in [
        (json!("m"), json!("m"), true),
        (json!("m"), json!("n"), false),
        (json!("m"), json!({ "msg": "m" }), true),
        (json!("m"), said(json!({})), false),
        (said(json!({ "a": [1, 2] })), said(json!({ "a": [1, 2] })), true),
        (said(json!({ "a": [1, 2] })), said(json!({ "a": [1] })), false),
    ] {
        assert_eq!(existing(&base, &head), expected, "{base} then {head}");
    }
}

#[test]
fn how_bad_it_is_counts_in_place_of_the_words() {
    let said = |message: &str, worse: &Value| json!({ "msg": message, "worse": worse });
    for (base, head, expected) in [
        (json!(2), json!(2), true),
        (json!(2), json!(1.5), true),
        (json!(2), json!(3), false),
        (json!("a"), json!("a"), true),
        (json!("a"), json!("b"), false),
        (json!("2"), json!(2), false),
        (json!(true), json!({ "a": ["b"] }), true),
        (json!(["b"]), json!(true), false),
        (json!("a"), json!(false), true),
        (json!(false), json!("a"), false),
        (json!(["a", "b"]), json!(["b"]), true),
        (json!(["b"]), json!(["a", "b"]), false),
        (json!(["a"]), json!([]), true),
        (json!({ "a": 2, "b": "x" }), json!({ "a": 1 }), true),
        (json!({ "a": 2 }), json!({ "a": 2, "b": "x" }), false),
        (json!({ "var": true }), json!({ "var": { "log": true } }), true),
        (json!({ "var": { "log": true } }), json!({ "var": true }), false),
        (json!([{ "verb": "get", "names": true }]), json!([{ "verb": "get", "names": ["a"] }]), true),
        (json!(null), json!(null), true),
        (json!(null), json!(1), false),
    ] {
        assert_eq!(existing(&said("m", &base), &said("n", &head)), expected, "{base} then {head}");
    }
    assert!(!existing(&json!("m"), &said("m", &json!(false))));
}

#[test]
fn what_a_rule_may_not_give_is_said() {
    assert_eq!(Told::read(&json!(1)), Err("gives what is neither a text nor an object"));
    assert_eq!(Told::read(&json!({ "message": "m" })), Err("gives an object without a text called `msg`"));
}
