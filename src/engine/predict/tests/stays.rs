//! What leaves the manifest and not the cluster.

use countersign_core::diff;
use serde_json::json;

use super::super::stays::sentence;
use super::*;

/// What is said where a manifest goes from one to another, and the cluster makes these of them.
fn check(base: Value, head: Value, made: [Value; 2]) -> Option<String> {
    let [of_base, of_head] = made;
    sentence(&diff::fields(&base, &head), &diff::fields(&of_base, &of_head), (&head, &of_head))
}

#[test]
fn only_what_is_still_there_stays() {
    let both = || json!({ "data": { "a": "1", "b": "1" } });
    let one = || json!({ "data": { "a": "1" } });
    let said = |what: &str| Some(format!("not in the manifest any more, and stays in the cluster: {what}"));
    assert_eq!(check(both(), one(), [both(), both()]), said("`data.b`"));
    assert_eq!(check(both(), one(), [both(), one()]), None);
    // Another value comes in its place: that is shown.
    assert_eq!(check(both(), one(), [both(), json!({ "data": { "a": "1", "b": "default" } })]), None);
    assert_eq!(check(both(), json!({}), [both(), one()]), None);
    assert_eq!(check(one(), both(), [both(), both()]), None);
    let empty = json!({ "data": { "a": "1" }, "labels": {} });
    let marked = || json!({ "data": { "a": "1" }, "labels": { "owner": "helm" } });
    assert_eq!(check(empty, one(), [marked(), marked()]), None);
    let many = |count: usize| Value::Object((0..count).map(|key| (format!("k{key}"), json!(1))).collect());
    let all = "`k0`, `k1`, `k2`, `k3`, `k4` and 2 more";
    assert_eq!(check(many(7), json!({}), [many(7), many(7)]), said(all));
}
