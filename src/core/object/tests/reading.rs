//! Documents as kubectl reads them.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{SEALER, read, refused, summary};
use crate::object::{CustomScopes, parse_manifests};

#[track_caller]
fn check_body(text: &str, want: &Value) {
    let yaml = format!("apiVersion: v1\nkind: Thing\nmetadata: {{name: a}}\nspec:\n{text}\n");
    let objects = read(&yaml);
    assert_eq!(objects.len(), 1, "{text}");
    assert_eq!(&objects[0].body.value()["spec"], want, "{text}");
}

#[test]
fn scalars_are_read_as_kubectl_reads_them() {
    check_body("  a: yes", &json!({ "a": true }));
    check_body("  a: off", &json!({ "a": false }));
    check_body("  a: 0755", &json!({ "a": 493 }));
    check_body("  a: 0o755", &json!({ "a": 493 }));
    check_body("  a: 12000.0", &json!({ "a": 12000 }));
    check_body("  a: 1e3", &json!({ "a": 1000 }));
    check_body("  a: 0.5", &json!({ "a": 0.5 }));
    check_body("  a: '0755'", &json!({ "a": "0755" }));
    check_body("  a: 1.33.0", &json!({ "a": "1.33.0" }));
    check_body("  a: 18446744073709551615", &json!({ "a": 18_446_744_073_709_551_615_u64 }));
}

#[test]
fn keys_are_texts_whatever_they_look_like() {
    check_body("  on: 1", &json!({ "true": 1 }));
    check_body("  1: a", &json!({ "1": "a" }));
    check_body("  \"on\": 1", &json!({ "on": 1 }));
}

#[test]
fn null_is_the_absence_of_a_field() {
    check_body("  a: null\n  b: ~\n  c:\n  d: {e: null}\n  f: [null]", &json!({ "d": {}, "f": [null] }));
    check_body("  a: 'null'", &json!({ "a": "null" }));
}

#[test]
fn merge_keys_and_aliases_are_expanded() {
    check_body(
        "  a: &a {x: 1, z: 2}\n  b:\n    <<: *a\n    z: 3",
        &json!({ "a": { "x": 1, "z": 2 }, "b": { "x": 1, "z": 3 } }),
    );
}

#[test]
fn three_dashes_inside_a_text_part_nothing() {
    check_body("  a: |\n    one\n    ---\n    two", &json!({ "a": "one\n---\ntwo\n" }));
}

#[test]
fn windows_lines_and_byte_order_marks_are_no_difference() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: |\n    one\n    two\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n";
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(read(text), read(&windows));
}

#[test]
fn documents_have_the_place_of_their_first_key() {
    let text = "\
# a comment
---
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: shop}
---
# only a comment
---

# about the next
apiVersion: apps/v1
kind: Deployment
metadata:
  name: two
";
    assert_snapshot!(summary(&read(text)), @r"
    app.yaml:4 ConfigMap shop/one (/v1)
    app.yaml:12 Deployment two (apps/v1)
    ");
}

#[test]
fn lists_are_opened() {
    let text = "\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Namespace
  metadata: {name: one}
- apiVersion: v1
  kind: ConfigMapList
  items:
  - metadata: {name: two}
  - metadata: {name: three}
---
kind: List
apiVersion: v1
items: []
---
kind: AccessList
apiVersion: example.org/v1
metadata: {name: no-list}
";
    assert_snapshot!(summary(&read(text)), @r"
    app.yaml:4 Namespace one (/v1)
    app.yaml:10 ConfigMap two (/v1)
    app.yaml:11 ConfigMap three (/v1)
    app.yaml:17 AccessList no-list (example.org/v1)
    ");
}

#[test]
fn json_is_read_with_its_places() {
    let text = "{\"apiVersion\":\"v1\",\n\t\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"\\ud83d\\ude00 \\/\"}}\n\n{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"b\"}}";
    let objects = read(text);
    assert_snapshot!(summary(&objects), @r"
    app.yaml:1 ConfigMap a (/v1)
    app.yaml:4 Namespace b (/v1)
    ");
    assert_eq!(objects[0].body.value()["data"]["k"], "😀 /");
    assert_eq!(
        read("{apiVersion: v1, kind: Namespace, metadata: {name: b}}").len(),
        1,
        "flow style is not JSON"
    );
}

#[test]
fn json_cannot_speak_in_the_readers_own_tongue() {
    let text = r#"{"apiVersion":"v1","kind":"List","items":[{"__serde_saphyr_private_spanned":true,
        "value":{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"harmless"}},
        "apiVersion":"v1","kind":"Node","metadata":{"name":"real"}}]}"#;
    assert_snapshot!(summary(&read(text)), @"app.yaml:1 Node real (/v1)");
    let yaml = text.replacen('{', "---\n{", 1);
    assert_snapshot!(summary(&read(&yaml)), @"app.yaml:2 Node real (/v1)");
}

#[test]
fn namespaces_are_those_of_the_scope() {
    let text = "\
{apiVersion: apps/v1, kind: Deployment, metadata: {name: own, namespace: shop}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: given}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: none, namespace: ignored}}
---
{apiVersion: example.org/v1, kind: Planet, metadata: {name: declared}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: planets.example.org}
spec: {group: example.org, scope: Cluster, names: {kind: Planet, plural: planets}}
";
    let objects = parse_manifests(text, None, Some("team"), &SEALER).unwrap();
    assert_snapshot!(summary(&objects), @r"
    - Deployment shop/own (apps/v1)
    - Deployment team/given (apps/v1)
    - ClusterRole none (rbac.authorization.k8s.io/v1)
    - Planet declared (example.org/v1)
    - CustomResourceDefinition planets.example.org (apiextensions.k8s.io/v1)
    ");
    let mut apart = parse_manifests(
        "{apiVersion: example.org/v1, kind: Planet, metadata: {name: later}}",
        None,
        Some("team"),
        &SEALER,
    )
    .unwrap();
    assert_eq!(apart[0].reference.namespace, "team");
    let bodies: Vec<Value> = objects.iter().map(|object| object.body.value()).collect();
    CustomScopes::of(&bodies).apply(&mut apart);
    assert_eq!(apart[0].reference.namespace, "");
}

#[test]
fn names_may_be_left_to_the_server() {
    assert_snapshot!(summary(&read("{apiVersion: batch/v1, kind: Job, metadata: {generateName: migrate-}}")), @"app.yaml:1 Job migrate-* (batch/v1)");
}

#[track_caller]
fn check_refusal(text: &str, want: (&str, Option<u32>)) {
    let error = refused(text);
    assert_eq!((error.message.as_str(), error.line), want, "{text}");
}

#[test]
fn what_is_no_manifest_is_refused_with_its_line() {
    let missing_kind = "not a manifest: `kind` is missing or not a text";
    let good = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n";
    check_refusal(&format!("{good}apiVersion: v1\nmetadata: {{name: a}}"), (missing_kind, Some(5)));
    check_refusal("kind: A\n", ("not a manifest: `apiVersion` is missing or not a text", Some(1)));
    check_refusal(
        "apiVersion: v1\nkind: A\nmetadata: {}",
        ("not a manifest: `metadata.name` is missing or not a text", Some(1)),
    );
    check_refusal(
        &format!("{good}- a\n- b"),
        ("not a manifest: a mapping with apiVersion, kind and metadata is expected", Some(5)),
    );
    check_refusal(
        "apiVersion: v1\nkind: List\nitems: [1]",
        ("not a manifest: a mapping with apiVersion, kind and metadata is expected", Some(3)),
    );
}

#[test]
fn a_key_that_comes_twice_is_refused_with_its_place() {
    let error = refused("apiVersion: v1\nkind: A\nmetadata:\n  name: a\n  name: b\n");
    assert_eq!(error.message, "the key `name` comes twice in one mapping: remove one");
    assert_eq!((error.line, error.column), (Some(5), Some(3)));
    let error = refused("apiVersion: v1\nkind: A\nmetadata: {name: a}\nspec:\n  on: 1\n  \"true\": 2\n");
    assert_eq!(error.message, "the key `true` comes twice in one mapping: remove one");
    let error = refused("{\"apiVersion\":\"v1\",\n\"apiVersion\":\"v2\"}");
    assert_eq!(error.message, "the key `apiVersion` comes twice in one mapping: remove one");
    assert_eq!(error.line, Some(2));
}

#[test]
fn an_error_never_quotes_the_text() {
    for text in [
        "apiVersion: v1\nkind: Secret\nstringData:\n  a: hunter2\n  b: [hunter2\n",
        "apiVersion: v1\nkind: Secret\n\tstringData: hunter2\n",
        "apiVersion: v1\nhunter2: 1\nhunter2 and more: 1\nhunter2 and more: 2\n",
        "a: *hunter2\n",
        "a: !hunter2 b\n",
        "a: !!int hunter2\n",
        "? {hunter2: b}\n: c\n",
        "hunter2",
        "'hunter2\n",
        "a: \"\\hunter2\"\n",
        "a: %hunter2\n@hunter2: a",
        "%hunter2\n---\na: b",
    ] {
        let error = refused(text);
        assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn tabs_are_refused_with_their_place() {
    let error = refused("apiVersion: v1\nkind: A\nmetadata:\n\tname: a\n");
    assert_eq!(error.line, Some(4), "{error:?}");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = parse_manifests(&text, None, None, &SEALER);
    }

    #[test]
    fn yaml_like_text_is_read_or_refused(parts in prop::collection::vec(
        prop::sample::select(vec!["a", ": ", "- ", "\n", "  ", "---\n", "&x ", "*x", "|\n", "[", "]", "{", "}", "'", "\"", "<<", "? ", "!!int ", "#", "\t", "\u{feff}", "...\n", "%YAML 1.1\n"]), 0..60)) {
        let _ = parse_manifests(&parts.concat(), None, None, &SEALER);
    }
}
