//! Which field findings are about, and how they come to the line of it.

use serde_json::{Value, json};

use super::super::*;
use super::gatekeeper::{constraint, template};
use super::{effect, environment, evaluation, library};
use crate::config::{Check, Judge, Policy, RegoCheck, SchemaCheck};
use crate::object::{ObjectRef, Origin};

fn web(body: Value) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "shop" },
    });
    object["spec"] = body;
    object
}

fn containers(all: Value) -> Value {
    web(json!({
        "selector": { "matchLabels": { "app": "web" } },
        "template": { "metadata": { "labels": { "app": "web" } }, "spec": { "containers": all } },
    }))
}

fn found(judge: Judge, files: &[(&str, &str)], before: Option<Value>, after: Value) -> Vec<Finding> {
    let check = Check {
        name: "c".into(),
        judge,
        severity: Severity::Error,
        environments: Vec::new(),
        kinds: Vec::new(),
    };
    let policy = Policy { checks: vec![check], ..Policy::builtin() };
    let mut effect = effect("apps/Deployment shop/web", before, Some(after));
    effect.source = Some(Origin { file: "web.yaml".into(), line: 3 });
    run_checks(&policy, &library(files), &evaluation(vec![environment("production", vec![effect])], &[]))
}

/// Each finding's path and words.
fn paths(findings: &[Finding]) -> Vec<(String, String)> {
    assert!(findings.iter().all(|finding| !finding.errored), "{findings:?}");
    let path = |finding: &'_ Finding| finding.path.as_deref().unwrap_or("-").to_owned();
    findings.iter().map(|finding| (path(finding), finding.message.clone())).collect()
}

fn told(paths: &[(&str, &str)]) -> Vec<(String, String)> {
    paths.iter().map(|(path, message)| ((*path).to_owned(), (*message).to_owned())).collect()
}

fn rego(policy: &str, before: Option<Value>, after: Value) -> Vec<Finding> {
    let check = RegoCheck { files: vec!["policy".into()], data: Vec::new(), parameters: None };
    found(Judge::Rego(check), &[("policy/p.rego", policy)], before, after)
}

#[test]
fn schemas_say_which_field_they_mean() {
    let check = Judge::Schema(SchemaCheck { builtin: true, files: Vec::new() });
    let mut object = containers(json!([{ "name": "web", "image": 1, "prots": [] }, { "image": "b" }]));
    object["spec"]["replicas"] = json!("2");
    let findings = found(check, &[], None, object);
    let told: Vec<String> = paths(&findings).into_iter().map(|(path, _)| path).collect();
    let pod = "spec.template.spec";
    assert_eq!(
        told,
        [
            "spec.replicas".to_owned(),
            format!("{pod}.containers[name=web].image"),
            format!("{pod}.containers[name=web].prots"),
            format!("{pod}.containers[1].name"),
        ]
    );
    let gone = json!({ "apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": { "name": "web" } });
    let check = Judge::Schema(SchemaCheck { builtin: true, files: Vec::new() });
    assert_eq!(found(check, &[], None, gone)[0].path.as_deref(), Some("apiVersion"));
}

#[test]
fn a_rule_in_rego_may_say_where() {
    let policy = r#"package main
import rego.v1
at(index, field) := ["spec", "template", "spec", "containers", index, field]
deny contains {"msg": "latest", "path": at(index, "image")} if {
  some index, container in input.spec.template.spec.containers
  endswith(container.image, ":latest")
}
deny contains {"msg": "replicas", "path": "spec.replicas"} if not input.spec.replicas
warn contains {"msg": "elsewhere", "path": "/etc/passwd"} if true
warn contains {"msg": "odd", "path": [{}]} if true
warn contains "nowhere" if true
"#;
    let object =
        containers(json!([{ "name": "log", "image": "b:1" }, { "name": "web", "image": "a:latest" }]));
    let findings = rego(policy, None, object);
    let image = "spec.template.spec.containers[name=web].image";
    let wanted = [
        (image, "latest"),
        ("spec.replicas", "replicas"),
        ("-", "elsewhere"),
        ("-", "nowhere"),
        ("-", "odd"),
    ];
    assert_eq!(paths(&findings), told(&wanted));
}

#[test]
fn what_stands_elsewhere_than_in_base_is_not_new() {
    let policy = r#"package main
import rego.v1
deny contains {"msg": sprintf("%s: latest", [container.name]), "path": ["spec", "template", "spec", "containers", index]} if {
  some index, container in input.spec.template.spec.containers
  endswith(container.image, ":latest")
}
"#;
    let (web, new) =
        (json!({ "name": "web", "image": "a:latest" }), json!({ "name": "new", "image": "b:1" }));
    let before = containers(json!([web]));
    let findings = rego(policy, Some(before), containers(json!([new, web])));
    assert_eq!(findings.iter().map(|finding| finding.existing).collect::<Vec<_>>(), [true]);
    assert_eq!(findings[0].path.as_deref(), Some("spec.template.spec.containers[name=web]"));
}

#[test]
fn of_several_fields_under_the_same_words_the_new_one_is_told() {
    let policy = r#"package main
import rego.v1
deny contains {"msg": "latest", "details": container.name, "path": ["spec", "template", "spec", "containers", index]} if {
  some index, container in input.spec.template.spec.containers
  endswith(container.image, ":latest")
}
"#;
    let of = |name: &str| json!({ "name": name, "image": "a:latest" });
    let before = containers(json!([of("a")]));
    let findings = rego(policy, Some(before), containers(json!([of("a"), of("b")])));
    assert_eq!(findings.len(), 1);
    assert!(!findings[0].existing);
    assert_eq!(findings[0].path.as_deref(), Some("spec.template.spec.containers[name=b]"));
}

#[test]
fn a_template_of_gatekeepers_may_say_where() {
    let rego = r#"package p
violation[{"msg": msg, "path": ["spec", "replicas"]}] { input.review.object.spec.replicas < 2; msg := "few" }
violation[{"msg": "none"}] { true }"#;
    let files = [template("Few", "{type: object}", rego), constraint("Few", "{}")];
    let files = [("policies/0.yaml", files[0].as_str()), ("policies/1.yaml", files[1].as_str())];
    let check = Judge::Gatekeeper(vec!["policies".into()]);
    let findings = found(check, &files, None, web(json!({ "replicas": 1 })));
    assert_eq!(paths(&findings), told(&[("spec.replicas", "few"), ("-", "none")]));
}

fn place(path: &str, file: &str, line: u32) -> FieldPlace {
    let object = ObjectRef {
        group: "apps".into(),
        version: "v1".into(),
        kind: "Deployment".into(),
        namespace: "shop".into(),
        name: "web".into(),
    };
    let field = Field {
        environment: "production".into(),
        object,
        file: Some(file.into()),
        unit: None,
        from: 3,
        path: path.into(),
    };
    FieldPlace { field, line, column: 5 }
}

#[test]
fn a_finding_stands_at_its_field_where_that_is_known_and_else_at_its_object() {
    let policy = r#"package main
import rego.v1
deny contains {"msg": "a", "path": ["spec", "replicas"]} if true
deny contains {"msg": "b", "path": ["spec", "paused"]} if true
deny contains "c" if true
"#;
    let mut findings = rego(policy, None, web(json!({ "replicas": 1 })));
    assert_eq!(Field::of(&findings[0]), Some(place("spec.replicas", "web.yaml", 0).field));
    assert_eq!(Field::of(&findings[2]), None);
    locate(&[place("spec.replicas", "web.yaml", 9), place("spec.paused", "other.yaml", 7)], &mut findings);
    let lines: Vec<_> = findings.iter().map(|finding| (finding.line, finding.column)).collect();
    assert_eq!(lines, [(Some(9), Some(5)), (Some(3), None), (Some(3), None)]);
    assert_eq!(findings[0].place().unwrap().to_string(), "web.yaml:9");
}
