//! Policies that people have for their clusters, held to what judges them there: a real API server for
//! ValidatingAdmissionPolicies, Gatekeeper's own command for its constraints.

mod gator;
mod policies;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use countersign_core::config::{Check, Judge, Policy, Severity};
use countersign_core::effect::{Effect, Operation, RenderOperation, Tier};
use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use countersign_core::evaluation::{
    EnvironmentEvaluation, Evaluation, Inventory, InventoryObject, SideState, UnitEvaluation,
};
use countersign_core::library::{Library, LibraryFile};
use countersign_core::object::ObjectRef;
use countersign_core::policy::{Finding, run_checks};
use countersign_core::revision::{Diff, Digest};
use reqwest::Method;
use serde_json::{Value, json};

use crate::parts::{ApiServer, apiserver};

const TABLE: &str = include_str!("../../src/core/policy/tests/expressions.txt");
const OBJECT: &str = include_str!("../../src/core/policy/tests/expressions.json");
const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";

/// What one check of ours finds where an object appears.
fn ours(judge: Judge, files: &[(&str, String)], object: &Value) -> Vec<Finding> {
    ours_beside(judge, files, object, &[])
}

fn reference(object: &Value) -> ObjectRef {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let api_version = text("/apiVersion");
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    ObjectRef {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: text("/kind"),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
    }
}

/// An object that appears.
fn created(object: &Value) -> Effect {
    Effect {
        object: reference(object),
        operation: Operation::Create,
        rendered: RenderOperation::Add,
        tier: Tier::Render,
        settled: None,
        risks: BTreeSet::new(),
        reason: None,
        source: None,
        changes: Vec::new(),
        before: None,
        after: Some(object.into()),
        made: None,
        moved_from: None,
    }
}

/// The same, where others stand beside it.
fn ours_beside(judge: Judge, files: &[(&str, String)], object: &Value, beside: &[Value]) -> Vec<Finding> {
    found(judge, files, vec![created(object)], beside)
}

/// What one check of ours finds in a change.
fn found(judge: Judge, files: &[(&str, String)], effects: Vec<Effect>, beside: &[Value]) -> Vec<Finding> {
    let known = |object: &Value| InventoryObject { object: reference(object), body: object.into() };
    let inventory = Inventory { objects: beside.iter().map(known).collect(), unknown: Vec::new() };
    let unit = UnitEvaluation {
        name: "unit".to_owned(),
        path: "unit".to_owned(),
        renderer: "yaml".to_owned(),
        inputs: Diff::default(),
        sides: Diff { base: SideState::Rendered, head: SideState::Rendered },
        errors: Vec::new(),
        objects: Diff { base: 0, head: 1 },
        stable: true,
        input_digest: Digest::of(b""),
        already_broken: false,
        effects,
    };
    let environment = EnvironmentEvaluation {
        environment: Environment {
            name: "production".to_owned(),
            source: EnvironmentSource::Yaml(vec!["unit".to_owned()]),
            cluster: None,
            apply: ApplyMode::ServerSide,
            field_manager: "test".to_owned(),
            prune: true,
            on_unreachable: OnUnreachable::Hold,
            default_namespace: None,
            destinations: Vec::new(),
            unforced: false,
            kubernetes: None,
        },
        cluster_identity: None,
        tier: Tier::Render,
        units: vec![unit],
        drift: Vec::new(),
        errors: Vec::new(),
        inventory: Some(inventory),
    };
    let mut library = Library::default();
    for (path, text) in files {
        let blob = "1".repeat(40).parse().unwrap();
        library.insert((*path).to_owned(), LibraryFile { blob, text: text.clone() });
    }
    let check = Check {
        name: "check".to_owned(),
        judge,
        severity: Severity::Error,
        environments: Vec::new(),
        kinds: Vec::new(),
    };
    let policy = Policy { checks: vec![check], ..Policy::builtin() };
    let evaluation = Evaluation { environments: vec![environment], outside: Vec::new(), discovered: false };
    run_checks(&policy, &library, &evaluation)
}

/// A kind that holds anything.
async fn define_things(server: &ApiServer) {
    let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let names = json!({ "plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList" });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "things.test.countersign.example.org" },
        "spec": {
            "group": "test.countersign.example.org", "scope": "Namespaced", "names": names,
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }],
        },
    });
    // Another test of this process may have been first.
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let made = send(server, Method::POST, definitions, &definition).await;
    assert!([201, 409].contains(&made.0), "{made:?}");
    let began = Instant::now();
    while send(server, Method::GET, "/apis/test.countersign.example.org/v1/things", &Value::Null).await.0
        != 200
    {
        assert!(began.elapsed() < Duration::from_secs(60), "the definition is not served");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A call as the administrator: status, warnings, body.
async fn send(server: &ApiServer, method: Method, path: &str, body: &Value) -> (u16, Vec<String>, String) {
    let request =
        server.http().request(method, format!("{}{path}", server.url())).bearer_auth(server.admin_token());
    let answer = request.json(body).send().await.expect("an answer");
    let warnings = answer.headers().get_all("warning").iter().map(|value| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let quoted =
            value.split_once('"').map_or(value.clone(), |(_, rest)| rest.trim_end_matches('"').to_owned());
        quoted.replace("\\\"", "\"").replace("\\\\", "\\")
    });
    let warnings = warnings.collect();
    (answer.status().as_u16(), warnings, answer.text().await.unwrap_or_default())
}

/// What policies warn of where an object would be created, once the policy with this marker is in force.
async fn warnings(server: &ApiServer, object: &Value, marker: &str) -> Vec<String> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap();
    let path = format!("/apis/test.countersign.example.org/v1/namespaces/{namespace}/things?dryRun=All");
    let began = Instant::now();
    loop {
        let (status, warnings, body) = send(server, Method::POST, &path, object).await;
        assert_eq!(status, 201, "{body}");
        if warnings.iter().any(|warning| warning.ends_with(marker)) {
            return warnings;
        }
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "the policy with {marker} is not in force: {warnings:?}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn policy(name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": { "name": name }, "spec": spec })
}

fn binding(name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": { "name": name }, "spec": spec })
}

fn rules() -> Value {
    json!([{ "apiGroups": ["test.countersign.example.org"], "apiVersions": ["*"], "resources": ["things"], "operations": ["CREATE"] }])
}

#[tokio::test]
async fn the_api_server_answers_every_expression_of_the_table_as_it_says() {
    let Some(server) = apiserver().await else { return };
    define_things(server).await;
    let namespace = server.create_namespace().await;
    let rows = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows: Vec<(&str, &str)> = rows.map(|row| row.split_once('\t').unwrap()).collect();
    let mut wrong = Vec::new();
    let spec = |validations: Value, chunk: usize| {
        json!({ "matchConstraints": {
                    "resourceRules": rules(),
                    "objectSelector": { "matchLabels": { "chunk": chunk.to_string() } },
                    "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } } },
                "validations": validations })
    };
    let (refused, answered): (Vec<_>, Vec<_>) = rows.iter().partition(|(wanted, _)| *wanted == "refused");
    for (_, expression) in refused {
        let body = policy("refused", &spec(json!([{ "expression": expression }]), 0));
        let (status, _, body) = send(server, Method::POST, &format!("{POLICIES}?dryRun=All"), &body).await;
        if status != 422 {
            wrong.push(format!("{expression}: {status} {body}"));
        }
    }
    let chunks: Vec<_> = answered.chunks(6).enumerate().collect();
    for (at, rows) in &chunks {
        let name = format!("{namespace}-{at}");
        let validations = rows.iter().enumerate().map(
            |(index, (_, expression))| json!({ "expression": expression, "message": format!("#{index}") }),
        );
        let mut validations: Vec<Value> = validations.collect();
        validations.push(json!({ "expression": "false", "message": "#marker" }));
        let (status, _, body) =
            send(server, Method::POST, POLICIES, &policy(&name, &spec(json!(validations), *at))).await;
        if status != 201 {
            wrong.push(body);
            continue;
        }
        let bound = binding(&name, &json!({ "policyName": name, "validationActions": ["Warn"] }));
        server.call(Method::POST, BINDINGS, Some(bound)).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (at, rows) in &chunks {
        let mut object: Value = serde_json::from_str(&OBJECT.replace("NAMESPACE", &namespace)).unwrap();
        object["metadata"]["labels"]["chunk"] = json!(at.to_string());
        let warnings = warnings(server, &object, "#marker").await;
        for (index, (wanted, expression)) in rows.iter().enumerate() {
            let denied = warnings.iter().any(|warning| warning.ends_with(&format!(": #{index}")));
            let failed = warnings
                .iter()
                .find(|warning| warning.contains(&format!("'{expression}' resulted in error")));
            let answer = if denied {
                "false"
            } else if failed.is_some() {
                "error"
            } else {
                "true"
            };
            if answer != *wanted {
                wrong.push(format!(
                    "{expression}: {answer}, not {wanted} {}",
                    failed.map_or("", String::as_str)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whole policies: what is in them beside `matchConstraints`, what is in the binding, and what of the matching.
fn whole() -> Vec<(Value, Value, Value)> {
    let two = json!([{ "expression": "object.spec.replicas >= 4", "message": "few" }]);
    let with = |validations: &Value, more: Value| {
        let mut spec = json!({ "validations": validations });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    let none = json!({});
    let mut cases = vec![
        (with(&two, json!({})), none.clone(), none.clone()),
        (
            with(
                &two,
                json!({ "matchConditions": [{ "name": "a", "expression": "object.spec.replicas == 7" }] }),
            ),
            none.clone(),
            none.clone(),
        ),
        (
            with(
                &two,
                json!({ "matchConditions": [{ "name": "a", "expression": "object.spec.missing == 1" }, { "name": "b", "expression": "false" }] }),
            ),
            none.clone(),
            none.clone(),
        ),
        (
            with(
                &two,
                json!({ "matchConditions": [{ "name": "a", "expression": "object.spec.missing == 1" }] }),
            ),
            none.clone(),
            none.clone(),
        ),
        (
            with(
                &two,
                json!({ "failurePolicy": "Ignore", "matchConditions": [{ "name": "a", "expression": "object.spec.missing == 1" }] }),
            ),
            none.clone(),
            none.clone(),
        ),
        (
            with(
                &json!([{ "expression": "!variables.tags.exists(t, t == 'latest')", "messageExpression": "'tags: ' + variables.tags.join(', ')" },
                      { "expression": "variables.tags.size() == 2 || variables.broken" }]),
                json!({ "variables": [{ "name": "images", "expression": "object.spec.containers.map(c, c.image)" },
                                    { "name": "tags", "expression": "variables.images.map(i, i.split(':')[1])" },
                                    { "name": "broken", "expression": "object.spec.missing == 1" }] }),
            ),
            none.clone(),
            none.clone(),
        ),
        (
            with(
                &json!([{ "expression": " false ", "message": " trimmed " }, { "expression": " false " },
                      { "expression": "false", "message": "text", "messageExpression": "string(object.spec.missing)" },
                      { "expression": "false", "message": "lines", "messageExpression": "'a\\nb'" },
                      { "expression": "false", "message": "blank", "messageExpression": "'  '" }]),
                json!({}),
            ),
            none.clone(),
            none.clone(),
        ),
    ];
    for matching in [
        json!({ "objectSelector": { "matchLabels": { "app.example.org/name": "web" } } }),
        json!({ "objectSelector": { "matchLabels": { "app.example.org/name": "api" } } }),
        json!({ "objectSelector": { "matchExpressions": [{ "key": "absent", "operator": "DoesNotExist" }] } }),
        json!({ "objectSelector": { "matchExpressions": [{ "key": "absent", "operator": "NotIn", "values": ["x"] }] } }),
        json!({ "namespaceSelector": { "matchLabels": { "team": "a" } } }),
        json!({ "namespaceSelector": { "matchExpressions": [{ "key": "team", "operator": "In", "values": ["b"] }] } }),
        json!({ "excludeResourceRules": [{ "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["things"], "operations": ["*"] }] }),
        json!({ "excludeResourceRules": [{ "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["things"], "operations": ["UPDATE"] }] }),
        json!({ "resourceRules": [{ "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["things"], "operations": ["*"], "resourceNames": ["api"] }] }),
        json!({ "resourceRules": [{ "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["things/*"], "operations": ["*"], "scope": "Namespaced" }] }),
        json!({ "resourceRules": [{ "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["things/status"], "operations": ["*"] }] }),
        json!({ "resourceRules": [{ "apiGroups": ["*"], "apiVersions": ["v9"], "resources": ["things"], "operations": ["*"] }], "matchPolicy": "Exact" }),
    ] {
        cases.push((with(&two, json!({})), none.clone(), matching.clone()));
        cases.push((with(&two, json!({})), json!({ "matchResources": matching }), none.clone()));
    }
    cases
}

#[tokio::test]
async fn whole_policies_say_of_an_object_what_the_api_server_says() {
    let Some(server) = apiserver().await else { return };
    define_things(server).await;
    let namespace = server.create_namespace().await;
    let labels = json!({ "metadata": { "labels": { "team": "a" } } });
    let path = format!("{}/api/v1/namespaces/{namespace}", server.url());
    let patch = server.http().patch(path).bearer_auth(server.admin_token());
    let patch = patch.header("content-type", "application/merge-patch+json").body(labels.to_string());
    assert!(patch.send().await.expect("an answer").status().is_success());
    let mut object: Value = serde_json::from_str(&OBJECT.replace("NAMESPACE", &namespace)).unwrap();
    object["metadata"]["labels"]["chunk"] = json!("whole");
    let mut names = Vec::new();
    let mut files = Vec::new();
    for (at, (mut spec, more, matching)) in whole().into_iter().enumerate() {
        let name = format!("{namespace}-whole-{at}");
        let mut constraints = json!({ "resourceRules": rules(), "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } } });
        constraints.as_object_mut().unwrap().extend(matching.as_object().unwrap().clone());
        spec["matchConstraints"] = constraints;
        let mut bound = json!({ "policyName": name, "validationActions": ["Warn"] });
        bound.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (policy, bound) = (policy(&name, &spec), binding(&name, &bound));
        server.call(Method::POST, POLICIES, Some(policy.clone())).await;
        server.call(Method::POST, BINDINGS, Some(bound.clone())).await;
        let home = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace, "labels": { "team": "a" } } });
        files.push(json!({ "apiVersion": "v1", "kind": "List", "items": [policy, bound, home] }).to_string());
        names.push(name);
    }
    // The last one to come into force says that all are.
    let name = format!("{namespace}-marker");
    let spec = json!({ "matchConstraints": { "resourceRules": rules(), "objectSelector": { "matchLabels": { "chunk": "whole" } } },
                       "validations": [{ "expression": "false", "message": "#whole" }] });
    server.call(Method::POST, POLICIES, Some(policy(&name, &spec))).await;
    let bound = binding(&name, &json!({ "policyName": name, "validationActions": ["Warn"] }));
    server.call(Method::POST, BINDINGS, Some(bound)).await;
    let theirs = warnings(server, &object, "#whole").await;
    let mut wrong = Vec::new();
    for (name, file) in names.iter().zip(files) {
        let start =
            format!("Validation failed for ValidatingAdmissionPolicy '{name}' with binding '{name}': ");
        let theirs: BTreeSet<&str> =
            theirs.iter().filter_map(|warning| warning.strip_prefix(&start)).collect();
        let theirs: BTreeSet<&str> = theirs
            .into_iter()
            .map(|said| if said.contains("resulted in error") { "(error)" } else { said })
            .collect();
        let found = ours(Judge::Admission(vec!["p.json".to_owned()]), &[("p.json", file.clone())], &object);
        let ours: BTreeSet<&str> = found
            .iter()
            .filter(|finding| finding.errored || !finding.message.starts_with("it could not be told"))
            .map(|finding| if finding.errored { "(error)" } else { finding.message.as_str() })
            .collect();
        if ours != theirs {
            wrong.push(format!("{file}\n  ours: {ours:?}\n  theirs: {theirs:?}\n  {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
