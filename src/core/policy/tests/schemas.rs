//! What checks by schemas find in a change.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::super::*;
use super::{effect, environment, evaluation};
use crate::config::{Check, Judge, Policy, SchemaCheck};
use crate::effect::Effect;
use crate::library::{Library, LibraryFile};
use crate::object::Body;

fn library(files: &[(&str, &str)]) -> Library {
    let mut library = Library::default();
    for (path, text) in files {
        let blob = "1".repeat(40).parse().unwrap();
        library.insert((*path).to_owned(), LibraryFile { blob, text: (*text).to_owned() });
    }
    library
}

/// Findings of a check by the shipped schemas and these files, in words.
pub(super) fn found(files: &[(&str, &str)], version: Option<&str>, effects: Vec<Effect>) -> String {
    let check = Check {
        name: "schemas".into(),
        judge: Judge::Schema(SchemaCheck {
            builtin: true,
            files: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
        }),
        severity: Severity::Error,
        environments: Vec::new(),
        kinds: Vec::new(),
    };
    let policy = Policy { checks: vec![check], ..Policy::builtin() };
    let mut production = environment("production", effects);
    production.environment.kubernetes = version.map(str::to_owned);
    let findings = run_checks(&policy, &library(files), &evaluation(vec![production], &[]));
    let words = |finding: &Finding| {
        let Finding { severity, rule, message, existing, errored, .. } = finding;
        let rule = rule.as_deref().unwrap_or("-");
        let more = if *errored {
            " (errored)"
        } else if *existing {
            " (existing)"
        } else {
            ""
        };
        format!("{severity:?} {rule}: {message}{more}")
    };
    findings.iter().map(words).collect::<Vec<_>>().join("\n")
}

fn added(object: &str, body: Value) -> Effect {
    changed(object, None, Some(body))
}

pub(super) fn changed(object: &str, before: Option<Value>, after: Option<Value>) -> Effect {
    let mut effect = effect(object, before, after);
    let body = effect.after.as_ref().or(effect.before.as_ref()).map(Body::value);
    let api = body.as_ref().and_then(|body| body["apiVersion"].as_str()).unwrap_or("v1").to_owned();
    effect.object.version = api.rsplit('/').next().unwrap_or_default().to_owned();
    effect
}

fn config_map(data: Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" }, "data": data })
}

fn definition(size: &str, version: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": "widgets.example.org" },
        "spec": {
            "group": "example.org",
            "names": { "kind": "Widget", "plural": "widgets" },
            "scope": "Namespaced",
            "versions": [{ "name": version, "served": true, "storage": true, "schema": { "openAPIV3Schema": {
                "type": "object",
                "properties": { "spec": { "type": "object", "properties": { "size": { "type": size } } } },
                "x-kubernetes-validations": [{ "rule": "self.spec.size > 0" }],
            } } }],
        },
    })
}

fn widget(spec: Value) -> Value {
    json!({ "apiVersion": "example.org/v1", "kind": "Widget", "metadata": { "name": "w" }, "spec": spec })
}

#[test]
fn mistakes_are_told_by_path_with_what_was_meant() {
    let body = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "lables": {} },
        "spec": { "replicas": "3", "template": { "spec": { "containers": [
            { "name": "web", "imag": "web:1", "ports": [{ "containerPort": 3_000_000_000_u64 }],
              "resources": { "limits": { "memory": "1 Gi" } }, "env": [{ "name": "A", "value": 1 }] },
        ] } } },
    });
    assert_snapshot!(found(&[], None, vec![added("apps/Deployment shop/web", body)]), @r#"
    Error unknown-field: `metadata.lables` is an unknown field: did you mean `labels`?
    Error required: `spec.selector` is missing
    Error type: `spec.replicas` must be a whole number, not a text
    Error type: `spec.template.spec.containers[name=web].env[name=A].value` must be a text, not a number: put it in quotes
    Error unknown-field: `spec.template.spec.containers[name=web].imag` is an unknown field: did you mean `image`?
    Error range: `spec.template.spec.containers[name=web].ports[containerPort=3000000000].containerPort` does not fit into 32 bits
    Error format: `spec.template.spec.containers[name=web].resources.limits.memory` is no quantity, like `500m` or `1Gi`
    "#);
}

#[test]
fn what_base_has_too_is_existing_and_what_is_masked_is_never_wrong() {
    let sealed = json!({ "$sealed": "ab".repeat(32) });
    let check = |before: Option<Value>, after: Value| {
        found(&[], None, vec![changed("/ConfigMap shop/a", before, Some(after))])
    };
    assert_snapshot!(check(Some(config_map(json!({ "a": 1 }))), config_map(json!({ "a": 1, "b": true }))), @r#"
    Error type: `data.a` must be a text, not a number: put it in quotes (existing)
    Error type: `data.b` must be a text, not true or false: put it in quotes
    "#);
    assert_eq!(check(None, config_map(json!({ "a": sealed }))), "");
    let masked = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a" }, "data": { "a": sealed }, "type": sealed });
    assert_eq!(found(&[], None, vec![added("/Secret shop/a", masked)]), "");
}

#[test]
fn a_kind_without_a_schema_is_told_once() {
    let other = json!({ "apiVersion": "example.org/v1", "kind": "Gadget", "metadata": { "name": "a" } });
    let effects = vec![
        added("example.org/Gadget shop/a", other.clone()),
        added("example.org/Gadget shop/b", other),
        added("/ConfigMap shop/c", config_map(json!({}))),
    ];
    assert_snapshot!(found(&[], None, effects), @"Warning no-schema: not checked: no schema for example.org/v1 Gadget");
}

#[test]
fn what_a_version_does_not_serve_is_told_with_what_to_do() {
    let check = |version: &str, api: &str, kind: &str| {
        let group = api.split_once('/').map_or("", |(group, _)| group);
        let body = json!({ "apiVersion": api, "kind": kind, "metadata": { "name": "a" } });
        found(&[], Some(version), vec![added(&format!("{group}/{kind} shop/a"), body)])
    };
    assert_snapshot!(check("1.36", "batch/v1beta1", "CronJob"), @"Error not-served: Kubernetes 1.36 does not serve batch/v1beta1 CronJob: it was removed in 1.25; use batch/v1 CronJob");
    assert_snapshot!(check("1.35", "extensions/v1beta1", "Ingress"), @"Error not-served: Kubernetes 1.35 does not serve extensions/v1beta1 Ingress: it was removed in 1.22; use networking.k8s.io/v1 Ingress");
    assert_snapshot!(check("1.36", "apps/v1", "Deploymnt"), @"Error not-served: Kubernetes 1.36 does not serve apps/v1 Deploymnt: there is no such kind; did you mean `Deployment`?");
    assert_snapshot!(check("1.36", "apps/v2", "Deployment"), @"Error not-served: Kubernetes 1.36 does not serve apps/v2 Deployment: there is no version `v2` of its group; use apps/v1 Deployment");
    assert_snapshot!(check("1.34", "scheduling.k8s.io/v1alpha2", "Workload"), @"Error not-served: Kubernetes 1.34 does not serve scheduling.k8s.io/v1alpha2 Workload: Kubernetes 1.36 has it");
    assert_snapshot!(check("1.21", "apps/v1", "Deployment"), @"Error -: check `schemas` could not judge Deployment shop/a: the schemas of its version of Kubernetes are not shipped (errored)");
}

#[test]
fn definitions_come_from_the_target_branch_and_from_the_change() {
    let crd = |size: &str| serde_json::to_string(&definition(size, "v1")).unwrap();
    let file = crd("integer");
    let of_base = [("crds/widget.yaml", file.as_str())];
    let wrong = || added("example.org/Widget shop/w", widget(json!({ "size": "big", "sise": 1 })));
    assert_snapshot!(found(&of_base, None, vec![wrong()]), @r#"
    Error unknown-field: `spec.sise` is an unknown field: did you mean `size`?
    Error type: `spec.size` must be a whole number, not a text
    "#);
    let brings = |size: &str, version: &str| {
        changed(
            "apiextensions.k8s.io/CustomResourceDefinition /widgets.example.org",
            Some(definition("integer", "v1")),
            Some(definition(size, version)),
        )
    };
    assert_snapshot!(found(&of_base, None, vec![brings("string", "v1"), wrong()]), @"Error unknown-field: `spec.sise` is an unknown field: did you mean `size`?");
    assert_snapshot!(found(&[], None, vec![brings("string", "v2"), wrong()]), @"Error not-served: its definition does not serve example.org/v1 Widget; use `v2`");
}

#[test]
fn json_schemas_judge_their_kind_or_everything() {
    let named = r#"{ "properties": { "kind": { "const": "ConfigMap" }, "data": { "maxProperties": 1 } } }"#;
    let any = r#"{ "$schema": "x", "properties": { "metadata": { "required": ["labels"] } } }"#;
    let files = [("schemas/a.json", named), ("schemas/b.json", any)];
    let check = |files: &[(&str, &str)]| {
        let body = config_map(json!({ "a": "1", "b": "2" }));
        found(files, None, vec![added("/ConfigMap shop/a", body)])
    };
    assert_snapshot!(check(&files), @r#"
    Error range: `data` must not have more fields than 1
    Error required: `metadata.labels` is missing
    "#);
    assert_eq!(
        check(&[("schemas/a.json", r#"{ "properties": { "kind": { "const": "Secret" }, "data": false } }"#)]),
        ""
    );
    let other = [("example.org/gadget_v1.json", r#"{ "type": "object", "required": ["spec"] }"#)];
    assert_eq!(check(&other), "");
}

#[test]
fn hostile_schemas_are_named_and_end() {
    let check = |schema: &str| {
        let body = config_map(json!({ "a": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }));
        found(&[("schemas/a.json", schema)], None, vec![added("/ConfigMap shop/a", body)])
    };
    let told = [
        r##"{ "$ref": "#" }"##,
        r##"{ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] }"##,
        r#"{ "$ref": "https://example.org/schema.json" }"#,
        r#"{ "$ref": "other.json#/definitions/a" }"#,
        r#"{ "properties": { "a": { "pattern": "(((a{1,999}){1,999}){1,999})" } } }"#,
        r#"{ "properties": { "a": { "pattern": "(?=a)" } } }"#,
        r#"{ "properties": { "a": { "unevaluatedProperties": false } } }"#,
        r#"{ "properties": { "a": { "type": "sting" } } }"#,
        r#"{ "properties": "#,
        r#"{ "a": 1 }"#,
    ]
    .map(check);
    assert_snapshot!(told.join("\n"), @r#"
    Error -: check `schemas` could not judge ConfigMap shop/a: its schema goes round in circles, or it nests too deeply (errored)
    Error -: check `schemas` could not judge ConfigMap shop/a: its schema goes round in circles, or it nests too deeply (errored)
    Error -: check `schemas` could not be run: schemas/a.json: the schema cannot be used: it refers to `https://example.org/schema.json`, which is not in the file; nothing is fetched: write it out there (errored)
    Error -: check `schemas` could not be run: schemas/a.json: the schema cannot be used: it refers to `other.json#/definitions/a`, which is not in the file; nothing is fetched: write it out there (errored)
    Error -: check `schemas` could not be run: schemas/a.json: the schema cannot be used: a pattern is too large (errored)
    Error -: check `schemas` could not be run: schemas/a.json: the schema cannot be used: a pattern cannot be used: `(?=a)` (errored)
    Error -: check `schemas` could not be run: schemas/a.json: the schema cannot be used: it uses `unevaluatedProperties`, which is not supported: say it in other words (errored)
    Error -: check `schemas` could not be run: schemas/a.json: the schema cannot be used: it has a type `sting`, which does not exist (errored)
    Error -: check `schemas` could not be run: schemas/a.json: EOF while parsing a value at line 1 column 16 (errored)
    Error -: check `schemas` could not be run: there is no CustomResourceDefinition and no JSON Schema at `schemas/a.json` (errored)
    "#);
    let slow = r#"{ "additionalProperties": { "additionalProperties": { "pattern": "^(a+)+$" } } }"#;
    assert_eq!(check(slow), "");
    let branches = r##"{ "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/b" }, { "$ref": "#/$defs/b" }] }, "b": { "anyOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#/$defs/a" }] } }, "$ref": "#/$defs/a" }"##;
    assert_snapshot!(check(branches), @"Error -: check `schemas` could not judge ConfigMap shop/a: its schema goes round in circles, or it nests too deeply (errored)");
}

/// A definition of a kind with rules beside a part of its schema.
pub(super) fn with_rules(schema: Value) -> String {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": "pools.example.org" },
        "spec": {
            "group": "example.org", "names": { "kind": "Pool", "plural": "pools" }, "scope": "Namespaced",
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }],
        },
    })
    .to_string()
}

fn pool(spec: Value) -> Value {
    json!({ "apiVersion": "example.org/v1", "kind": "Pool", "metadata": { "name": "web", "labels": { "a": "b" } }, "spec": spec })
}

#[test]
fn rules_in_cel_of_a_definition() {
    let schema = json!({
        "type": "object",
        "x-kubernetes-validations": [{ "rule": "self.metadata.name != 'forbidden'", "message": "not that name" }],
        "properties": { "spec": {
            "type": "object",
            "x-kubernetes-validations": [
                { "rule": "self.least <= self.most", "messageExpression": "'at least ' + string(self.least)", "fieldPath": ".least" },
                { "rule": "!has(self.x__dash__class) || self.x__dash__class in ['a', 'b']" },
                { "rule": "self.zones == oldSelf.zones", "message": "zones stay" },
            ],
            "properties": {
                "least": { "type": "integer", "default": 2 },
                "most": { "type": "integer" },
                "x-class": { "type": "string" },
                "zones": { "type": "array", "x-kubernetes-list-type": "set", "items": { "type": "string" } },
                "share": { "type": "number", "x-kubernetes-validations": [{ "rule": "self / 2.0 < 1.0" }] },
                "at": { "type": "string", "format": "date-time", "x-kubernetes-validations": [{ "rule": "self.getFullYear() > 2000" }] },
                "ports": {
                    "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object", "required": ["name"],
                        "properties": { "name": { "type": "string" }, "port": { "type": "integer" } },
                        "x-kubernetes-validations": [{ "rule": "self.port >= oldSelf.port", "message": "ports only grow" }],
                    },
                },
                "once": { "type": "string", "x-kubernetes-validations": [
                    { "rule": "!oldSelf.hasValue() || oldSelf.value() == self", "optionalOldSelf": true, "message": "it stays" },
                ] },
            },
        } },
    });
    let text = with_rules(schema);
    let judged = |before: Option<Value>, after: Value| {
        found(
            &[("crds/pool.json", &text)],
            None,
            vec![changed("example.org/Pool shop/web", before.map(pool), Some(pool(after)))],
        )
    };
    assert_snapshot!(judged(None, json!({ "most": 3, "zones": ["a"], "share": 1 })), @"");
    // A default counts as what is written.
    assert_snapshot!(judged(None, json!({ "most": 1 })), @"Error rule: `spec.least` breaks a rule of its definition: at least 2");
    assert_snapshot!(judged(None, json!({ "most": 3, "x-class": "c", "share": 4 })), @r#"
    Error rule: `spec` breaks a rule of its definition: failed rule: !has(self.x__dash__class) || self.x__dash__class in ['a', 'b']
    Error rule: `spec.share` breaks a rule of its definition: failed rule: self / 2.0 < 1.0
    "#);
    // Sets are equal in any order; what changes is judged against what was.
    let zones = |zones: Value| json!({ "most": 3, "zones": zones });
    assert_snapshot!(judged(Some(zones(json!(["a", "b"]))), zones(json!(["b", "a"]))), @"");
    assert_snapshot!(judged(Some(zones(json!(["a", "b"]))), zones(json!(["b"]))), @"Error rule: `spec` breaks a rule of its definition: zones stay");
    let ports = |a: i64, b: i64| json!({ "most": 3, "zones": [], "ports": [{ "name": "b", "port": b }, { "name": "a", "port": a }] });
    let before =
        json!({ "most": 3, "zones": [], "ports": [{ "name": "a", "port": 5 }, { "name": "b", "port": 5 }] });
    assert_snapshot!(judged(Some(before.clone()), ports(5, 6)), @"");
    assert_snapshot!(judged(Some(before), ports(4, 6)), @"Error rule: `spec.ports[port=4]` breaks a rule of its definition: ports only grow");
    let once = |once: &str| json!({ "most": 3, "zones": [], "once": once });
    assert_snapshot!(judged(None, once("a")), @"");
    assert_snapshot!(judged(Some(once("a")), once("b")), @"Error rule: `spec.once` breaks a rule of its definition: it stays");
    // What base violates is told as existing, what cannot be seen here as not evaluated.
    assert_snapshot!(judged(Some(json!({ "most": 1, "zones": [] })), json!({ "most": 1, "zones": [], "share": 1 })), @"Error rule: `spec.least` breaks a rule of its definition: at least 2 (existing)");
    assert_snapshot!(judged(None, json!({ "most": 3, "at": "2026-01-01T00:00:00Z" })), @r#"
    Info not-evaluated: not evaluated: the rule in CEL `!has(self.x__dash__class) || self.x__dash__class in ['a', 'b']` (over times, durations and bytes) in the schema of example.org/v1 Pool
    Info not-evaluated: not evaluated: the rule in CEL `self.getFullYear() > 2000` (over times, durations and bytes) in the schema of example.org/v1 Pool
    Info not-evaluated: not evaluated: the rule in CEL `self.least <= self.most` (over times, durations and bytes) in the schema of example.org/v1 Pool
    Info not-evaluated: not evaluated: the rule in CEL `self.metadata.name != 'forbidden'` (over times, durations and bytes) in the schema of example.org/v1 Pool
    "#);
    // An absent field is an error, as for a server.
    assert_snapshot!(judged(None, json!({})), @"Error rule: `spec.least` breaks a rule of its definition: the rule `self.least <= self.most` cannot be evaluated: there is no `most`; where it may be absent, write `has(…)` or `.?most.orValue(…)`");
    let broken = with_rules(
        json!({ "type": "object", "properties": { "spec": { "type": "object" } }, "x-kubernetes-validations": [{ "rule": "self.(" }] }),
    );
    let web = changed("example.org/Pool shop/web", None, Some(pool(json!({}))));
    assert_snapshot!(found(&[("crds/pool.json", &broken)], None, vec![web]), @"Info not-evaluated: not evaluated: the rule in CEL `self.(` (`(` cannot stand here) in the schema of example.org/v1 Pool");
}
