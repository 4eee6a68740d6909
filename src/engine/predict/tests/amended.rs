//! An apply is asked about as an amendment where it comes to nothing else, and as itself wherever it may.

use super::super::amended;
use super::foreseen::{live, manifest, with};
use super::*;

/// Of a kind of the server's own.
fn of(live: &Value, manager: &str, base: &Value, head: &Value) -> Option<Value> {
    amended::of("apps", live, manager, base, head)
}

fn amended(live: &Value, head: &Value) -> Option<Value> {
    of(live, "flux", &manifest(), head)
}

#[test]
fn other_values_of_what_is_owned_are_put_where_they_are_live() {
    let becomes = |path: &str, value: Value, place: &str| {
        let head = with(manifest(), path, value.clone());
        let want = json!([{ "op": "replace", "path": place, "value": value }]);
        assert_eq!(amended(&live(), &head), Some(want), "{path} {value}");
    };
    becomes("/metadata/labels/app", json!("b"), "/metadata/labels/app");
    becomes("/spec/containers/0/image", json!("j"), "/spec/containers/0/image");
    // By its name, it is the third there.
    let logged = |value: &str| with(manifest(), "/spec/containers/1/image", json!(value));
    let mut own = live();
    own["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:containers"]["k:{\"name\":\"log\"}"]["f:image"] =
        json!({});
    own["spec"]["containers"][2]["image"] = json!("1");
    assert_eq!(
        of(&own, "flux", &logged("1"), &logged("2")),
        Some(json!([{ "op": "replace", "path": "/spec/containers/2/image", "value": "2" }]))
    );
    let both =
        with(with(manifest(), "/metadata/labels/app", json!("b")), "/spec/containers/0/image", json!("j"));
    assert_eq!(amended(&live(), &both).unwrap().as_array().unwrap().len(), 2);
}

#[test]
fn keys_are_written_as_pointers_want_them() {
    let side = |value: &str| json!({ "apiVersion": "v1", "kind": "X", "metadata": { "annotations": { "a.b/c~d": value } } });
    let own = json!({ "f:metadata": { "f:annotations": { "f:a.b/c~d": {} } } });
    let mut live = side("1");
    live["metadata"]["managedFields"] =
        json!([{ "manager": "flux", "operation": "Apply", "apiVersion": "v1", "fieldsV1": own }]);
    let want = json!([{ "op": "replace", "path": "/metadata/annotations/a.b~1c~0d", "value": "2" }]);
    assert_eq!(of(&live, "flux", &side("1"), &side("2")), Some(want));
}

#[test]
fn whatever_else_an_apply_does_is_no_amendment() {
    assert_eq!(amended(&live(), &manifest()), None, "nothing");
    // Beside a value that could be put in the place of another.
    let valued = || with(manifest(), "/metadata/labels/app", json!("b"));
    assert!(amended(&live(), &valued()).is_some());
    let does_more = |path: &str, value: Value| {
        let head = with(valued(), path, value.clone());
        assert_eq!(amended(&live(), &head), None, "{path} {value}");
    };
    does_more("/apiVersion", json!("v2"));
    does_more("/metadata/name", json!("other"));
    does_more("/metadata/namespace", json!("other"));
    does_more("/metadata/resourceVersion", json!("1"));
    does_more("/metadata/labels", json!({}));
    does_more("/metadata/labels/theirs", json!("2"));
    does_more("/metadata/labels/app", json!(1));
    does_more("/metadata/labels/app", json!(null));
    does_more("/metadata/annotations", json!({ "a": "b" }));
    does_more("/metadata/finalizers", json!(["x", "w"]));
    does_more("/metadata/finalizers", json!(["y", "x"]));
    does_more("/metadata/finalizers", json!(["x"]));
    does_more("/spec/replicas", json!(2));
    does_more("/spec/selector", json!({ "matchLabels": { "a": "c" } }));
    does_more("/spec/containers/0/name", json!("other"));
    does_more("/spec/containers/0/name", json!("log"));
    does_more("/spec/containers/0/ports/0/containerPort", json!(81));
    does_more("/spec/containers/0/ports/0/protocol", json!("TCP"));
    does_more("/spec/containers/0/ports", json!([]));
    does_more("/spec/containers/0/tty", json!(true));
    let turned: Vec<Value> =
        manifest()["spec"]["containers"].as_array().unwrap().iter().rev().cloned().collect();
    does_more("/spec/containers", json!(turned));
    let mut without = valued();
    without["spec"].as_object_mut().unwrap().remove("selector");
    assert_eq!(amended(&live(), &without), None, "a field less");
}

#[test]
fn what_kubectl_notes_of_its_applies_is_left_to_kubectl() {
    let head = with(manifest(), "/metadata/labels/app", json!("b"));
    let note = json!({ "kubectl.kubernetes.io/last-applied-configuration": "{}" });
    assert_eq!(amended(&with(live(), "/metadata/annotations", note), &head), None);
    assert_eq!(of(&live(), "argo", &manifest(), &head), None, "another's");
}

#[test]
fn a_kind_whose_definition_may_have_changed_is_asked_about_as_it_is_applied() {
    let head = with(manifest(), "/metadata/labels/app", json!("b"));
    let made = |group| amended::of(group, &live(), "flux", &manifest(), &head).is_some();
    for group in ["", "apps", "batch", "networking.k8s.io"] {
        assert!(made(group), "{group}");
    }
    for group in ["example.org", "autoscaling.k8s.io", "gateway.networking.k8s.io", "metrics.k8s.io"] {
        assert!(!made(group), "{group}");
    }
}

#[test]
fn a_text_that_yaml_reads_otherwise_is_left_to_an_apply() {
    let made =
        |text: &str| amended(&live(), &with(manifest(), "/metadata/labels/app", json!(text))).is_some();
    assert!(made("a\tb\n\u{1}\u{a0}\u{e9}\u{1f600}"));
    for one in ['\u{7f}', '\u{80}', '\u{85}', '\u{9f}', '\u{2028}', '\u{2029}', '\u{feff}', '\u{ffff}'] {
        assert!(!made(&format!("a{one}b")), "{one:?}");
    }
}

/// What is asked, and what is said then.
async fn asked(unforced: bool, answers: &[Prediction]) -> (String, Option<bool>, Operation) {
    let script = Script::default();
    let live = with(
        at("1", json!({ "a": "1", "theirs": "1" })),
        "/metadata/managedFields/0/manager",
        json!("keeper"),
    );
    script.reads.lock().unwrap().push_back(Ok(Some(live)));
    script.dry_runs.lock().unwrap().extend(answers.iter().cloned().map(Ok));
    let input = input("", "ConfigMap", map(json!({ "a": "1" })), map(json!({ "a": "2" })));
    let environment =
        Environment { unforced, field_manager: "keeper".to_owned(), ..environment(ApplyMode::ServerSide) };
    let said = predict(&script, &environment, vec![input]).await;
    assert!(script.dry_runs.lock().unwrap().is_empty(), "as many as were expected");
    let asked = script.asked.lock().unwrap();
    let verbs: Vec<&str> = asked.iter().filter_map(|asked| asked.split(' ').next()).collect();
    (verbs.join(" "), said.effects[0].settled, said.effects[0].operation)
}

#[tokio::test]
async fn only_an_amendment_that_comes_to_itself_counts() {
    let made = |data: Value| predicted("1", data);
    let plain = || made(json!({ "a": "2", "theirs": "1" }));
    let check = async |unforced, answers: &[Prediction], want: &str, settled, operation| {
        assert_eq!(asked(unforced, answers).await, (want.to_owned(), Some(settled), operation));
    };
    check(false, &[plain()], "read amend", true, Operation::Update).await;
    // An apply that is not forced minds who else owns it.
    check(true, &[plain()], "read apply", true, Operation::Update).await;
    let refused = || Prediction::Refused { why: "no".to_owned(), immutable: false, words: None };
    let refusals = [refused(), refused(), refused()];
    check(false, &refusals, "read amend apply apply", false, Operation::Fail).await;
    let unknown = Prediction::Unpredictable { why: "no such patch".to_owned() };
    check(false, &[unknown, plain()], "read amend apply", true, Operation::Update).await;
    let more = || made(json!({ "a": "2", "theirs": "2" }));
    let base = made(json!({ "a": "1", "theirs": "1" }));
    check(false, &[more(), more(), base], "read amend apply apply", true, Operation::Update).await;
}
