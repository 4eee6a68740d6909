//! What is known of a write of base without asking is certain, and asked where it is not.

use super::super::foreseen::{explained, stands};
use super::*;
use countersign_core::live::Manifests;

fn own() -> Value {
    json!({
        "f:metadata": { "f:labels": { "f:app": {} }, "f:finalizers": { ".": {}, "v:\"x\"": {}, "v:\"y\"": {} } },
        "f:spec": {
            "f:selector": {},
            "f:containers": {
                "k:{\"name\":\"web\"}": {
                    ".": {}, "f:name": {}, "f:image": {},
                    "f:ports": { "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:containerPort": {} } },
                },
                "k:{\"name\":\"log\"}": { ".": {}, "f:name": {} },
            },
        },
    })
}

/// What was applied.
pub(super) fn manifest() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "X",
        "metadata": { "name": "web", "labels": { "app": "a" }, "finalizers": ["x", "y"] },
        "spec": {
            "selector": { "matchLabels": { "a": "b" } },
            "containers": [
                { "name": "web", "image": "i", "ports": [{ "containerPort": 80 }] },
                { "name": "log" },
            ],
        },
    })
}

/// What became of it: with defaults, and with what others wrote.
pub(super) fn live() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "X",
        "metadata": {
            "name": "web",
            "labels": { "app": "a", "theirs": "1" },
            "finalizers": ["z", "x", "y"],
            "managedFields": [
                { "manager": "flux", "operation": "Apply", "apiVersion": "v1", "fieldsV1": own() },
                { "manager": "other", "operation": "Apply", "apiVersion": "v1", "fieldsV1": { "f:spec": {} } },
            ],
        },
        "spec": {
            "replicas": 1,
            "selector": { "matchLabels": { "a": "b" } },
            "containers": [
                { "name": "web", "image": "i", "ports": [{ "containerPort": 80, "protocol": "TCP" }] },
                { "name": "sidecar" },
                { "name": "log", "tty": false },
            ],
        },
    })
}

/// With another value at a path.
pub(super) fn with(mut value: Value, path: &str, other: Value) -> Value {
    let (parent, key) = path.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.insert(key.to_owned(), other)),
        list => list[key.parse::<usize>().unwrap()] = other,
    }
    value
}

#[test]
fn what_was_applied_and_is_as_it_was_stands() {
    assert!(stands(&live(), "flux", &manifest()));
    assert!(!stands(&live(), "argo", &manifest()));
    let wants = |path: &str, other: Value| {
        assert!(!stands(&live(), "flux", &with(manifest(), path, other.clone())), "{path} {other}");
    };
    wants("/apiVersion", json!("v2"));
    wants("/metadata/labels/app", json!("b"));
    wants("/metadata/labels/theirs", json!("1"));
    wants("/metadata/labels", json!({}));
    wants("/metadata/annotations", json!({}));
    wants("/metadata/finalizers", json!(["x"]));
    wants("/metadata/finalizers", json!(["y", "x"]));
    wants("/metadata/finalizers", json!(["x", "x"]));
    wants("/spec/replicas", json!(1));
    wants("/spec/replicas", json!(null));
    wants("/spec/selector", json!({}));
    wants("/spec/containers/0/image", json!("j"));
    wants("/spec/containers/0/ports", json!([]));
    wants("/spec/containers/0/ports/0/protocol", json!("TCP"));
    wants("/spec/containers/0/ports/0/protocol", json!("UDP"));
    wants("/spec/containers/1", json!({ "name": "sidecar" }));
    wants("/spec/containers/1", json!({ "name": "web" }));
    wants("/spec/containers", json!([{ "name": "web", "image": "i", "ports": [{ "containerPort": 80 }] }]));
    wants("/spec/containers", json!("web"));
    wants("/status", json!({}));
    let turned: Vec<Value> =
        manifest()["spec"]["containers"].as_array().unwrap().iter().rev().cloned().collect();
    wants("/spec/containers", json!(turned));
}

#[test]
fn what_is_not_as_it_was_does_not_stand() {
    let drifted = |path: &str, other: Value| {
        assert!(!stands(&with(live(), path, other.clone()), "flux", &manifest()), "{path} {other}");
    };
    drifted("/metadata/labels", json!({ "theirs": "1" }));
    drifted("/metadata/finalizers", json!(["y", "x"]));
    drifted("/spec/containers/0/image", json!("j"));
    drifted("/spec/containers/0/ports/0/containerPort", json!(81));
    drifted("/spec/containers/2/name", json!("other"));
    drifted("/spec/containers/1/name", json!("web"));
    drifted("/spec/selector", json!({ "matchLabels": { "a": "b" }, "matchExpressions": [] }));
    let entry = "/metadata/managedFields/0";
    drifted(&format!("{entry}/apiVersion"), json!("v2"));
    drifted(&format!("{entry}/operation"), json!("Update"));
    drifted(&format!("{entry}/subresource"), json!("scale"));
    drifted(&format!("{entry}/fieldsV1/f:data"), json!({ "f:a": {} }));
    drifted(&format!("{entry}/fieldsV1/f:spec/f:paused"), json!({}));
    let twice = live()["metadata"]["managedFields"][0].clone();
    drifted("/metadata/managedFields/1", twice);
    drifted("/metadata/managedFields", json!([]));
}

#[test]
fn a_hand_in_between_is_seen() {
    let check = |live: Value, made: Value, want: bool| {
        let side =
            |version: &str| json!({ "spec": { "image": version, "list": [{ "name": "a", "v": version }] } });
        let (base, head) = (side("1"), side("2"));
        let sides = Manifests { base: Some(&base), head: Some(&head) };
        assert_eq!(explained(&sides, &live, &made).is_some(), want, "{live} {made}");
    };
    let live = json!({ "metadata": { "generation": 1 }, "spec": { "image": "1", "list": [{ "name": "a", "v": "1" }, { "name": "b", "v": "1" }] } });
    check(live.clone(), with(live.clone(), "/spec/image", json!("2")), true);
    check(live.clone(), with(live.clone(), "/spec/list/0/v", json!("2")), true);
    check(live.clone(), with(live.clone(), "/metadata", json!({ "generation": 2 })), true);
    check(live.clone(), with(live.clone(), "/spec/list/1/v", json!("2")), false);
    check(live.clone(), with(live.clone(), "/spec/injected", json!("x")), false);
    check(live.clone(), with(live, "/metadata", json!({ "annotations": { "seen": "2" } })), false);
}

#[test]
fn a_hand_in_what_is_written_as_a_whole_is_seen() {
    let check = |sides: [Value; 2], live: Value, made: Value, want: bool| {
        let sides = Manifests { base: Some(&sides[0]), head: Some(&sides[1]) };
        assert_eq!(explained(&sides, &live, &made).is_some(), want, "{live} {made}");
    };
    let noted = |annotations: Value| json!({ "metadata": { "annotations": annotations } });
    let notes = || [json!({ "metadata": {} }), noted(json!({ "ours": "1" }))];
    check(notes(), json!({ "metadata": {} }), noted(json!({ "ours": "1" })), true);
    check(notes(), json!({ "metadata": {} }), noted(json!({ "ours": "1", "injected": "1" })), false);
    let listed = |names: &[&str]| {
        let items: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        json!({ "spec": { "containers": items } })
    };
    let turned = || [listed(&["a", "b"]), listed(&["b", "a"])];
    check(turned(), listed(&["a", "b"]), listed(&["b", "a"]), true);
    check(turned(), listed(&["a", "b"]), listed(&["b", "a", "sidecar"]), false);
}

/// How many dry runs it takes, and what is said then.
async fn asked(answers: &[Prediction]) -> (usize, Option<bool>, Operation) {
    let script = Script::default();
    script.reads.lock().unwrap().push_back(Ok(Some(at("1", json!({ "a": "1", "theirs": "1" })))));
    script.dry_runs.lock().unwrap().extend(answers.iter().cloned().map(Ok));
    // One value more is no amendment.
    let input = input("", "ConfigMap", map(json!({ "a": "1" })), map(json!({ "a": "2", "b": "1" })));
    let said = predict(&script, &environment(ApplyMode::ServerSide), vec![input]).await;
    assert!(script.dry_runs.lock().unwrap().is_empty(), "as many as were expected");
    let dry_runs = script.asked.lock().unwrap().iter().filter(|asked| asked.starts_with("apply ")).count();
    (dry_runs, said.effects[0].settled, said.effects[0].operation)
}

#[tokio::test]
async fn base_is_asked_about_only_where_it_is_not_known() {
    let made = |data: Value| predicted("1", data);
    let plain = made(json!({ "a": "2", "b": "1", "theirs": "1" }));
    assert_eq!(asked(&[plain]).await, (1, Some(true), Operation::Update));
    // A webhook writes more than was asked for: whatever is written, or at head alone.
    let (more, base) =
        (made(json!({ "a": "2", "b": "1", "theirs": "2" })), made(json!({ "a": "1", "theirs": "1" })));
    assert_eq!(asked(&[more.clone(), base]).await, (2, Some(true), Operation::Update));
    assert_eq!(
        asked(&[more, made(json!({ "a": "1", "theirs": "2" }))]).await,
        (2, Some(false), Operation::Update)
    );
    let refused = || Prediction::Refused { why: "no".to_owned(), immutable: false, words: None };
    assert_eq!(asked(&[refused(), refused()]).await, (2, Some(false), Operation::Fail));
}
