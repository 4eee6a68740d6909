//! What is sealed, what is not, and what a handle tells.

use std::collections::BTreeSet;

use base64::Engine as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{KEY, SEALER, read};
use crate::object::{Sealer, is_sealed, parse_manifests};

/// The paths of sealed leaves, dotted.
fn sealed(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, String::new(), &mut found);
    found
}

fn collect(value: &Value, path: String, found: &mut Vec<String>) {
    if is_sealed(value) {
        found.push(path.trim_start_matches('.').to_owned());
        return;
    }
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, v)| collect(v, format!("{path}.{key}"), found))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| collect(v, format!("{path}.{i}"), found))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[track_caller]
fn check(text: &str, want: &[&str]) {
    let objects = read(text);
    assert_eq!(sealed(&objects[0].body.value()), want, "{text}\n{:#}", objects[0].body.value());
    assert_eq!(objects[0].sealed, !want.is_empty(), "{text}");
}

#[track_caller]
fn check_settings(settings: &str, want: &[&str]) {
    check(&format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{settings}\n"), want);
}

#[test]
fn secrets_by_kind() {
    check(
        "{apiVersion: v1, kind: Secret, metadata: {name: a}, type: Opaque, immutable: true, data: {k: aHVudGVyMg==}, stringData: {l: b}}",
        &["data.k", "data.l"],
    );
    check(
        "{apiVersion: v1, kind: secret, metadata: {name: a}, Data: {k: b}, data: {k: 1}}",
        &["Data.k", "data.k"],
    );
    check("{apiVersion: v1, kind: Secret, metadata: {name: a}, data: hunter2}", &["data."]);
    check("{apiVersion: v1, kind: ' Secret', metadata: {name: a}, data: {k: b}}", &["data.k"]);
    check("{apiVersion: odd.example.org/v1, kind: SECRET, metadata: {name: a}, data: {k: b}}", &["data.k"]);
    check(
        "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: a}, spec: {encryptedData: {k: AgB, l: AgC}, template: {stringData: {m: n}}}}",
        &["spec.encryptedData.k", "spec.encryptedData.l", "spec.template.stringData.m"],
    );
    check("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, stringData: {k: b}}", &["stringData.k"]);
    check(
        "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: a}, spec: {secretStoreRef: {name: vault}, data: [{secretKey: password, remoteRef: {key: shop/db, property: password}}]}}",
        &[],
    );
}

#[test]
fn sops_shows_keys_and_no_cipher() {
    check(
        "\
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data:
  user: ENC[AES256_GCM,data:abc=,iv:def=,tag:ghi=,type:str]
sops:
  age: [{recipient: age1, enc: x}]
  lastmodified: '2026-01-01T00:00:00Z'
  mac: ENC[AES256_GCM,data:abc=,iv:def=,tag:ghi=,type:str]
",
        &["data.user", "sops.age", "sops.lastmodified", "sops.mac"],
    );
}

#[test]
fn the_last_applied_annotation_is_sealed_whole() {
    check(
        r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"kind":"Secret"}', note: x}}}"#,
        &["metadata.annotations.kubectl.kubernetes.io/last-applied-configuration"],
    );
}

#[test]
fn settings_by_the_name_they_go_by() {
    check_settings(
        "  password: hunter2\n  DB_PASSWORD: b\n  dbPass: c\n  API_KEY: d\n  token: 12",
        &["data.API_KEY", "data.DB_PASSWORD", "data.dbPass", "data.password", "data.token"],
    );
    check_settings(
        "  SECRET_KEY_BASE: a\n  TOKEN_GITHUB: b\n  clientSecret: c",
        &["data.SECRET_KEY_BASE", "data.TOKEN_GITHUB", "data.clientSecret"],
    );
    check_settings(
        "  secretName: a\n  secretRef: b\n  existingSecret: c\n  tokenTtl: 5m\n  passwordFile: d\n  author: e\n  tokenizer: f\n  password: ''\n  other-password: ${DB_PASSWORD}\n  third-password: $(FROM_ENV)\n  use-token: \"true\"\n  auth-token: /var/run/secrets/token",
        &[],
    );
}

#[test]
fn labels_and_annotations() {
    check(
        "{apiVersion: v1, kind: Thing, metadata: {name: a, labels: {example.org/token: a}, annotations: {nginx.ingress.kubernetes.io/auth-secret: basic, example.org/token-service: b, example.org/password: c}}}",
        &["metadata.annotations.example.org/password", "metadata.labels.example.org/token"],
    );
}

#[test]
fn environment_and_arguments() {
    check(
        "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      serviceAccountName: token-service
      imagePullSecrets: [{name: registry-password}]
      automountServiceAccountToken: true
      containers:
      - name: web
        image: registry.example.org/token-service@sha256:9f1c0a3be5d04f5b9a6b3c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5
        args: [--port, '80', --db-password, hunter2, --token=abcdef, --verbose, '--token-file=/x']
        env:
        - {name: DB_PASSWORD, value: hunter2}
        - {name: DB_USER, value: shop}
        - {name: TOKEN, valueFrom: {secretKeyRef: {name: shop-token, key: token}}}
        - {name: URL, value: 'postgres://shop:hunter2@db:5432/shop'}
        - {name: PLAIN_URL, value: 'https://example.org/a?b=c'}
        - {name: SESSION, value: 0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978}
",
        &[
            "spec.template.spec.containers.0.args.3",
            "spec.template.spec.containers.0.args.4",
            "spec.template.spec.containers.0.env.0.value",
            "spec.template.spec.containers.0.env.3.value",
            "spec.template.spec.containers.0.env.5.value",
        ],
    );
}

#[test]
fn texts_that_are_credentials_by_their_form() {
    for (secret, key) in [
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", "a"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "a"),
        ("AGE-SECRET-KEY-1QQPQQ", "a"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "a"),
        ("see glpat-0123456789abcdefghij", "a"),
        ("xoxb-123456789012-abcdefghijkl", "a"),
        ("AKIAIOSFODNN7EXAMPLE", "a"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N", "a"),
        ("https://shop:hunter2@example.org/x", "a"),
        ("Bearer abcdefghijklmnop", "a"),
        ("# settings\ndb.user=shop\ndb.password=hunter2\n", "application.properties"),
        ("db:\n  user: shop\n  password: hunter2\n", "config.yaml"),
        ("{\n  \"apiKey\": \"abc123\",\n  \"x\": 1\n}", "config.json"),
        ("Server=db;User=shop;Password=hunter2;", "connection"),
        ("db:\n  password: \"correct horse\"\n", "config.yaml"),
        ("db:\n  password: correct horse\n", "config.yaml"),
        ("db:\n  password: |\n    hunter2\n", "config.yaml"),
        ("{\"user\":\"shop\",\"password\":\"hunter2\"}", "config.json"),
        ("x: \"{\\\"password\\\":\\\"hunter2\\\"}\"", "a"),
        ("--user=a --password='b c'", "a"),
        ("$ecret1", "password"),
        ("hunter2", "PGPASSWORD"),
        ("postgres://shop:%24ecret@db/shop", "a"),
        ("postgres://shop:$ecret@db/shop", "a"),
        ("shop:hunter2@tcp(db:3306)/shop", "a"),
        ("{\"auths\": {\"registry\": {\"auth\": \"c2hvcDpodW50ZXIy\"}}}", "a"),
        ("q83vEjRWeJqrze8SNFZ4mqvN7xI0VniaE8qvze8SNFY", "a"),
    ] {
        let text = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {key: secret}});
        let objects = read(&text.to_string());
        assert!(is_sealed(&objects[0].body.value()["data"][key]), "{secret}");
    }
    let key = base64::engine::general_purpose::STANDARD.encode("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n");
    check_settings(&format!("  a: {key}"), &["data.a"]);
}

#[test]
fn texts_that_only_look_the_part_stay_readable() {
    let certificate = base64::engine::general_purpose::STANDARD
        .encode("-----BEGIN CERTIFICATE-----\nMIIDazCCAlOgAwIBAgIUX\n");
    for plain in [
        "-----BEGIN CERTIFICATE-----\nMIIDazCCAlOgAwIBAgIUXq83vEjRWeJqrze8SNFZ4mqvN7xI0VniaE8qvze8SNFY\n",
        certificate.as_str(),
        "registry.example.org/shop:1.5.0",
        "3f2c91a0-1b2c-4d5e-8f90-a1b2c3d4e5f6",
        "com.example.shop.configuration.TheLongestFactoryBeanNameInTheWorld2",
        "shop-frontend-production-europe-west-1-internal",
        "db.user=shop\ndb.password=${DB_PASSWORD}\ntoken.ttl=5m\n",
        "password:\n  rotate: true\n",
        "password: \"\"\npassword2: ''\ntoken: null\n",
        "maxTokens: 4096\nmin-password-length=8\n",
        "{\"passwordPolicy\": {\"length\": 8}, \"secretName\": \"a\"}",
        "postgres://shop:${PASSWORD}@db/shop",
        "postgres://shop:$(PASSWORD)@db/shop",
        "postgres://{{ .user }}:{{ .password }}@db/shop",
        "volumes:\n- name: a\n  secret: {secretName: b}\n",
        "rotate the token: it is old",
        "https://example.org/login?next=/a&lang=en",
    ] {
        let text =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": plain}});
        let objects = read(&text.to_string());
        assert_eq!(objects[0].body.value()["data"]["a"], plain);
    }
    check(
        "{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: a, annotations: {checksum/config: 9f1c0a3be5d04f5b9a6b3c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5}}, spec: {source: {targetRevision: 3f2c91a03f2c91a03f2c91a03f2c91a03f2c91a0}}}",
        &[],
    );
    check(
        "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: {versions: [{name: v1, schema: {openAPIV3Schema: {properties: {password: {type: string, description: \"the password\\npassword: hunter2\\n\"}}}}}]}}",
        &[],
    );
}

#[test]
fn masks_of_the_policy() {
    let text = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: a, annotations: {example.org/note: x}}
data: {app.properties: a, other: b, third: c}
list: [{name: one, value: d}, {name: two, value: e}]
";
    for (mask, want) in [
        ("data.other", vec!["data.other"]),
        ("ConfigMap:data.other", vec!["data.other"]),
        ("configmap:data.other", vec!["data.other"]),
        ("Deployment:data.other", vec![]),
        ("data.app.properties", vec!["data.app.properties"]),
        (r#"data["app.properties"]"#, vec!["data.app.properties"]),
        ("metadata.annotations[example.org/note]", vec!["metadata.annotations.example.org/note"]),
        ("data", vec!["data"]),
        ("data.*", vec!["data.app.properties", "data.other", "data.third"]),
        ("data.oth", vec![]),
        ("list[name=two].value", vec!["list.1.value"]),
        ("list[0].value", vec!["list.0.value"]),
        ("list[*].value", vec!["list.0.value", "list.1.value"]),
        ("list[name=two]", vec!["list.1"]),
        ("list", vec!["list"]),
    ] {
        let masks = [mask.to_owned()];
        let objects = parse_manifests(text, None, None, &Sealer { mask: &masks, ..SEALER }).unwrap();
        assert_eq!(sealed(&objects[0].body.value()), want, "{mask}");
    }
}

fn secret(data: &Value) -> Value {
    let text = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}});
    let mut text = text;
    text.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    read(&text.to_string()).remove(0).body.value()
}

#[test]
fn plain_and_encoded_spelling_are_one() {
    let plain = secret(&json!({"stringData": {"k": "hunter2"}}));
    assert_eq!(plain, secret(&json!({"data": {"k": "aHVudGVyMg=="}})));
    assert_eq!(plain, secret(&json!({"data": {"k": "aHVu\n dGVyMg=="}})));
    assert_eq!(
        plain,
        secret(&json!({"data": {"k": "b2xk"}, "stringData": {"k": "hunter2"}})),
        "stringData wins"
    );
    assert_ne!(plain, secret(&json!({"stringData": {"k": "aHVudGVyMg=="}})));
    assert_ne!(plain, secret(&json!({"data": {"k": "hunter2"}})), "what does not decode is another value");
}

#[test]
fn a_handle_cannot_be_forged() {
    let real = secret(&json!({"stringData": {"k": "hunter2"}}));
    let handle = real["data"]["k"].clone();
    assert!(is_sealed(&handle));
    let forged = secret(&json!({"data": {"k": handle.clone()}}));
    assert_ne!(forged, real);
    assert!(is_sealed(&forged["data"]["k"]));
    let text = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": handle, "l": {"$sealed": "changed"}, "m": {"$sealed": 1, "x": 2}}});
    let body = read(&text.to_string())[0].body.value();
    assert_eq!(sealed(&body), ["data.k", "data.l", "data.m"]);
    assert_ne!(body["data"]["k"], handle);
}

#[test]
fn a_handle_belongs_to_its_place() {
    let text = |name: &str| {
        format!("{{apiVersion: v1, kind: Secret, metadata: {{name: {name}}}, stringData: {{k: x, l: x}}}}")
    };
    let mut handles = BTreeSet::new();
    for (name, sealer) in [
        ("a", SEALER),
        ("b", SEALER),
        ("a", Sealer { environment: "staging", ..SEALER }),
        ("a", Sealer { key: &crate::object::SealingKey::new([8; 32]), ..SEALER }),
    ] {
        let objects = parse_manifests(&text(name), None, None, &sealer).unwrap();
        handles.insert(objects[0].body.value()["data"]["k"].to_string());
        handles.insert(objects[0].body.value()["data"]["l"].to_string());
    }
    assert_eq!(handles.len(), 8);
}

#[test]
fn moving_an_item_does_not_change_its_secrets() {
    let pod = |env: &str| {
        let text = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{containers: [{{name: c, env: {env}}}]}}}}"
        );
        read(&text).remove(0).body.value()["spec"]["containers"][0]["env"].clone()
    };
    let one = pod("[{name: A_TOKEN, value: x}, {name: B_TOKEN, value: y}]");
    let two = pod("[{name: B_TOKEN, value: y}, {name: NEW, value: z}, {name: A_TOKEN, value: x}]");
    assert_eq!(one[0], two[2]);
    assert_eq!(one[1], two[0]);
}

#[test]
fn the_hash_in_a_generated_secrets_name_is_veiled() {
    let text = "\
{apiVersion: v1, kind: Secret, metadata: {name: db-7h2k9m4tgb}, stringData: {k: x}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {volumes: [{name: v, secret: {secretName: db-7h2k9m4tgb}}]}}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: app-7h2k9m4tgb}}
";
    let objects = read(text);
    let shown = format!("{objects:?}");
    assert!(!shown.contains("db-7h2k9m4tgb"), "{shown}");
    let name = objects[0].reference.name.clone();
    assert!(name.starts_with("db-‹") && name.ends_with('›'), "{name}");
    assert_eq!(objects[0].body.value()["metadata"]["name"], name.as_str());
    assert_eq!(
        objects[1].body.value()["spec"]["template"]["spec"]["volumes"][0]["secret"]["secretName"],
        name.as_str()
    );
    assert!(objects[1].sealed, "it cannot be sent to a cluster as it is");
    assert_eq!(objects[2].reference.name, "app-7h2k9m4tgb", "a ConfigMap's content is no secret");
    let next = read(&text.replace("db-7h2k9m4tgb", "db-2bcdfghkm4"));
    assert_ne!(next[0].reference.name, name);
    assert_eq!(
        next[0].body.value()["data"],
        objects[0].body.value()["data"],
        "the same values under a new name"
    );
}

#[test]
fn the_key_is_never_printed() {
    assert_eq!(format!("{KEY:?}"), "SealingKey(…)");
}

proptest! {
    #[test]
    fn different_values_differ_and_equal_ones_do_not(a in ".{0,40}", b in ".{0,40}") {
        let plain = |text: &str| secret(&json!({"stringData": {"k": text}}))["data"]["k"].clone();
        let coded = |text: &str| {
            let coded = base64::engine::general_purpose::STANDARD.encode(text);
            secret(&json!({"data": {"k": coded}}))["data"]["k"].clone()
        };
        prop_assert_eq!(plain(&a) == plain(&b), a == b);
        prop_assert_eq!(plain(&a), coded(&a));
        prop_assert_eq!(plain(&a).to_string().len(), plain("").to_string().len());
    }

    #[test]
    fn no_secret_byte_is_left(key in "[a-z]{1,8}", value in "[A-Za-z0-9!#%+]{8,40}") {
        let coded = base64::engine::general_purpose::STANDARD.encode(&value);
        for data in [json!({"stringData": {&key: value}}), json!({"data": {&key: coded}}), json!({"data": {&key: value}})] {
            let body = secret(&data).to_string();
            prop_assert!(!body.contains(&value) && !body.contains(&coded), "{}", body);
        }
    }
}
