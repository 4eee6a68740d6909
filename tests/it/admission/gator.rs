//! Templates and constraints, held to Gatekeeper's own command.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use countersign_core::config::{Judge, Severity};
use serde_json::{Value, json};

use super::ours_beside;
use crate::parts::tools;

/// Messages of `gator test` over files, for one object, with others beside it.
fn theirs(program: &Path, policies: &str, object: &Value, beside: &[Value]) -> BTreeSet<String> {
    let said = run(program, policies, object, beside).unwrap_or_else(|why| panic!("{why}"));
    said.into_iter().map(|(_, message)| message).collect()
}

/// The same with what follows from each; what it says where it fails.
fn run(
    program: &Path,
    policies: &str,
    object: &Value,
    beside: &[Value],
) -> Result<BTreeSet<(String, String)>, String> {
    let folder = tempfile::tempdir().unwrap();
    let (policy, manifest) = (folder.path().join("policy.yaml"), folder.path().join("objects.yaml"));
    std::fs::write(&policy, policies).unwrap();
    let manifests: Vec<String> = beside.iter().chain([object]).map(Value::to_string).collect();
    std::fs::write(&manifest, manifests.join("\n---\n")).unwrap();
    let mut command = Command::new(program);
    command.args(["test", "--output=json"]);
    let done = command.arg("--filename").arg(&policy).arg("--filename").arg(&manifest).output().unwrap();
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    let read: Value = serde_json::from_str(&told)
        .map_err(|_| format!("{told}{}", String::from_utf8_lossy(&done.stderr)))?;
    let all = read.as_array().cloned().unwrap_or_default();
    let of_it =
        all.iter().filter(|one| one["violatingObject"]["metadata"]["name"] == object["metadata"]["name"]);
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    Ok(of_it.map(|one| (text(one, "enforcementAction"), text(one, "msg"))).collect())
}

fn check(program: &Path, policies: &str, object: &Value, beside: &[Value]) {
    let files = [("p.yaml", policies.to_owned())];
    let found = ours_beside(Judge::Gatekeeper(vec!["p.yaml".to_owned()]), &files, object, beside);
    assert!(found.iter().all(|finding| !finding.errored), "{found:?}");
    let found: BTreeSet<String> = found.into_iter().map(|finding| finding.message).collect();
    assert_eq!(found, theirs(program, policies, object, beside), "{policies}\n{object}");
}

fn template(kind: &str, schema: &Value, target: Value) -> String {
    let mut target = target;
    target["target"] = json!("admission.k8s.gatekeeper.sh");
    let template = json!({
        "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate",
        "metadata": { "name": kind.to_lowercase() },
        "spec": { "crd": { "spec": { "names": { "kind": kind }, "validation": { "openAPIV3Schema": schema } } }, "targets": [target] },
    });
    format!("{template}\n---\n")
}

fn constraint(kind: &str, spec: &Value) -> String {
    let constraint = json!({ "apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": kind, "metadata": { "name": "it" }, "spec": spec });
    format!("{constraint}\n")
}

/// Objects that each policy below is asked about.
fn objects() -> Vec<Value> {
    let pod = |name: &str, labels: Value, containers: Value| json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": "shop-eu", "labels": labels }, "spec": { "containers": containers } });
    vec![
        pod(
            "web",
            json!({ "app": "web", "owner": "ana" }),
            json!([{ "name": "web", "image": "registry.example.org/web:1", "resources": { "limits": { "memory": "2Gi" } } }]),
        ),
        pod(
            "log",
            json!({}),
            json!([{ "name": "log", "image": "nginx:latest", "securityContext": { "privileged": true }, "ports": [{ "hostPort": 80 }] }]),
        ),
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "few", "namespace": "shop" }, "spec": { "replicas": 1 } }),
        json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "open", "namespace": "shop" }, "spec": { "type": "NodePort" } }),
        json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "all" }, "rules": [] }),
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop-eu", "labels": { "team": "a" } } }),
    ]
}

/// Rego in the shapes that people have, with parameters.
fn policies() -> Vec<(&'static str, Value)> {
    vec![
        (
            "package a\nviolation[{\"msg\": msg, \"details\": {\"missing\": missing}}] {\n  given := {label | input.review.object.metadata.labels[label]}\n  wanted := {label | label := input.parameters.labels[_]}\n  missing := wanted - given\n  count(missing) > 0\n  msg := sprintf(\"missing: %v\", [missing])\n}",
            json!({ "labels": ["app", "owner"] }),
        ),
        (
            "package a\nviolation[{\"msg\": msg}] {\n  c := input.review.object.spec.containers[_]\n  fits := [ok | repo := input.parameters.repos[_]; ok := startswith(c.image, repo)]\n  not any(fits)\n  msg := sprintf(\"<%v> of <%v>\", [c.name, c.image])\n}",
            json!({ "repos": ["registry.example.org/"] }),
        ),
        (
            "package a\nviolation[{\"msg\": msg}] { value := input.review.object.metadata.labels[key]; not re_match(input.parameters.pattern, value); msg := sprintf(\"%v=%v\", [key, value]) }",
            json!({ "pattern": "^w" }),
        ),
        (
            "package a\nviolation[{\"msg\": msg}] { c := input.review.object.spec.containers[_]; c.securityContext.privileged; msg := sprintf(\"privileged: %v, %v\", [c.name, c.securityContext]) }",
            json!({}),
        ),
        (
            "package a\nimport future.keywords.in\nimport future.keywords.if\nimport future.keywords.contains\nviolation contains {\"msg\": msg} if { some c in input.review.object.spec.containers; endswith(c.image, \":latest\"); msg := c.image }",
            json!({}),
        ),
        (
            "package a\nviolation[{\"msg\": msg}] { n := input.review.object.spec.replicas; n < input.parameters.least; msg := sprintf(\"%d < %v\", [n, input.parameters.least]) }",
            json!({ "least": 2 }),
        ),
        (
            "package a\nviolation[{\"msg\": msg}] { input.review.kind.kind != \"Namespace\"; msg := sprintf(\"%v %v %v\", [input.review.kind, input.review.name, object.get(input.review, \"namespace\", \"none\")]) }",
            json!({}),
        ),
    ]
}

#[test]
fn rego_says_what_gatekeeper_says() {
    let Some(program) = tools::gator() else { return };
    let open = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    for (rego, parameters) in policies() {
        let policies = template("It", &open, json!({ "rego": rego }))
            + &constraint("It", &json!({ "parameters": parameters }));
        for object in objects() {
            check(&program, &policies, &object, &[]);
        }
    }
}

/// Rego that looks at what else is there.
fn inventories() -> [&'static str; 4] {
    [
        "package a\nviolation[{\"msg\": msg}] { host := input.review.object.spec.rules[_].host; other := data.inventory.namespace[ns][version][\"Ingress\"][name]; re_match(\"^networking.k8s.io/.+$\", version); other.spec.rules[_].host == host; not self(other); msg := sprintf(\"%v: %v/%v %v\", [host, ns, name, version]) }\nself(other) { other.metadata.name == input.review.object.metadata.name; other.metadata.namespace == input.review.object.metadata.namespace }",
        "package a\nviolation[{\"msg\": msg}] { input.review.kind.kind == \"Ingress\"; ns := input.review.namespace; not data.inventory.namespace[ns][\"networking.k8s.io/v1\"][\"NetworkPolicy\"]; msg := sprintf(\"%v has no policy\", [ns]) }",
        "package a\nviolation[{\"msg\": msg}] { object.get(data.inventory.cluster[\"v1\"][\"Namespace\"][input.review.namespace].metadata, \"labels\", {}).tier == \"open\"; msg := \"open\" }",
        "package a\nviolation[{\"msg\": msg}] { names := [name | data.inventory.namespace[_][_][_][name]]; msg := sprintf(\"%v\", [sort(names)]) }",
    ]
}

#[test]
fn rego_sees_what_gatekeeper_sees_beside_an_object() {
    let Some(program) = tools::gator() else { return };
    let meta = |name: &str, namespace: &str| json!({ "name": name, "namespace": namespace });
    let ingress = |name: &str, namespace: &str, host: &str| json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta(name, namespace), "spec": { "rules": [{ "host": host }] } });
    let beside = [
        ingress("old", "shop", "old.example.org"),
        ingress("same", "pay", "new.example.org"),
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta("all", "pay"), "spec": {} }),
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "pay", "labels": { "tier": "open" } } }),
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } }),
    ];
    for rego in inventories() {
        let policies = template("It", &json!({ "type": "object" }), json!({ "rego": rego }))
            + &constraint("It", &json!({}));
        for object in [
            ingress("web", "shop", "web.example.org"),
            ingress("web", "shop", "old.example.org"),
            ingress("web", "pay", "new.example.org"),
            ingress("alone", "elsewhere", "x.example.org"),
        ] {
            check(&program, &policies, &object, &beside);
        }
    }
}

#[test]
fn expressions_say_what_gatekeeper_says() {
    let Some(program) = tools::gator() else { return };
    let schema = json!({ "type": "object", "properties": { "least": { "type": "integer" } } });
    let source = json!({
        "variables": [{ "name": "replicas", "expression": "variables.anyObject.?spec.?replicas.orValue(5)" }],
        "validations": [
            { "expression": "variables.replicas >= variables.params.least", "messageExpression": "'at least ' + string(variables.params.least) + ', not ' + string(variables.replicas)" },
            { "expression": "object.metadata.name != 'open' || oldObject != null", "message": "open" },
        ],
    });
    let target = json!({ "code": [{ "engine": "K8sNativeValidation", "source": source }] });
    let policies =
        template("It", &schema, target) + &constraint("It", &json!({ "parameters": { "least": 2 } }));
    for object in objects() {
        check(&program, &policies, &object, &[]);
    }
}

#[test]
fn constraints_match_what_gatekeeper_matches() {
    let Some(program) = tools::gator() else { return };
    let any = template(
        "It",
        &json!({ "type": "object" }),
        json!({ "rego": "package a\nviolation[{\"msg\": \"no\"}] { true }" }),
    );
    for matching in [
        json!({}),
        json!({ "kinds": [{ "apiGroups": ["*"], "kinds": ["*"] }] }),
        json!({ "kinds": [{ "apiGroups": ["apps"], "kinds": ["Deployment"] }, { "apiGroups": [""], "kinds": ["Pod"] }] }),
        json!({ "kinds": [{ "kinds": ["Namespace"] }] }),
        json!({ "scope": "Namespaced" }),
        json!({ "scope": "Cluster" }),
        json!({ "namespaces": ["shop"] }),
        json!({ "namespaces": ["shop*"] }),
        json!({ "namespaces": ["*-eu"] }),
        json!({ "excludedNamespaces": ["*-eu"] }),
        json!({ "labelSelector": { "matchLabels": { "app": "web" } } }),
        json!({ "labelSelector": { "matchExpressions": [{ "key": "app", "operator": "NotIn", "values": ["web"] }] } }),
        json!({ "labelSelector": { "matchExpressions": [{ "key": "app", "operator": "Exists" }] } }),
        json!({ "name": "*e*" }),
        json!({ "name": "web" }),
        json!({ "source": "Original" }),
    ] {
        let policies = any.clone() + &constraint("It", &json!({ "match": matching }));
        // The command takes what names no namespace to be in `default`; a cluster does not.
        let placed = |object: &Value| {
            !["scope", "namespaces", "excludedNamespaces"].iter().any(|key| matching.get(key).is_some())
                || object["metadata"]["namespace"].is_string()
                || object["kind"] == "Namespace"
        };
        for object in objects().into_iter().filter(placed) {
            check(&program, &policies, &object, &[]);
        }
    }
}

/// Workloads, with what is made of them.
fn workloads() -> Vec<Value> {
    let pod = |privileged: bool| json!({ "metadata": { "labels": { "app": "web" } }, "spec": { "containers": [{ "name": "web", "image": "web:1", "securityContext": { "privileged": privileged } }] } });
    let meta = |name: &str| json!({ "name": name, "namespace": "shop" });
    let workload = |kind: &str, name: &str, template: Value| json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": meta(name), "spec": { "replicas": 1, "template": template } });
    vec![
        workload("Deployment", "bad", pod(true)),
        workload("Deployment", "Good", pod(false)),
        workload("StatefulSet", "none", pod(true)),
        json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta("nightly"), "spec": { "schedule": "@daily", "jobTemplate": { "spec": { "template": pod(true) } } } }),
        json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "once", "namespace": "pay", "labels": { "app": "web" } }, "spec": { "template": pod(true) } }),
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "bare", "namespace": "shop" }, "spec": pod(true)["spec"] }),
    ]
}

fn expansion(
    name: &str,
    group: &str,
    kinds: &Value,
    source: &str,
    (into, kind): (&str, &str),
    action: &str,
) -> String {
    let template = json!({
        "apiVersion": "expansion.gatekeeper.sh/v1beta1", "kind": "ExpansionTemplate", "metadata": { "name": name },
        "spec": { "applyTo": [{ "groups": [group], "versions": ["v1"], "kinds": kinds }], "templateSource": source,
                  "generatedGVK": { "group": into, "version": "v1", "kind": kind }, "enforcementAction": action },
    });
    format!("---\n{template}\n")
}

#[test]
fn what_objects_generate_is_reviewed_as_gatekeeper_does() {
    let Some(program) = tools::gator() else { return };
    let rego = "package a\nviolation[{\"msg\": msg}] { c := input.review.object.spec.containers[_]; c.securityContext.privileged; msg := sprintf(\"%v %v %v %v\", [input.review.name, object.get(input.review, \"namespace\", \"none\"), input.review.kind, input.review.object.metadata]) }\nviolation[{\"msg\": msg}] { input.review.kind.kind == \"Job\"; msg := sprintf(\"job %v\", [input.review.name]) }";
    let source = json!({ "validations": [{ "expression": "!has(variables.anyObject.spec.containers) || !variables.anyObject.spec.containers.exists(c, c.securityContext.privileged)", "messageExpression": "'privileged: ' + object.metadata.name" }] });
    let expansions =
        expansion(
            "pods-of-deployments",
            "apps",
            &json!(["Deployment", "ReplicaSet"]),
            "spec.template",
            ("", "Pod"),
            "",
        ) + &expansion("pods-of-jobs", "batch", &json!(["Job"]), "spec.template", ("", "Pod"), "warn")
            + &expansion(
                "jobs",
                "batch",
                &json!(["CronJob"]),
                "spec.jobTemplate",
                ("batch", "Job"),
                "dryrun",
            );
    let targets =
        [json!({ "rego": rego }), json!({ "code": [{ "engine": "K8sNativeValidation", "source": source }] })];
    for target in targets {
        for matching in [
            json!({}),
            json!({ "source": "All" }),
            json!({ "source": "Original" }),
            json!({ "source": "Generated" }),
            json!({ "kinds": [{ "apiGroups": [""], "kinds": ["Pod"] }] }),
            json!({ "kinds": [{ "apiGroups": ["batch"], "kinds": ["Job"] }], "source": "Generated" }),
            json!({ "labelSelector": { "matchLabels": { "app": "web" } } }),
            json!({ "namespaces": ["pay"] }),
            json!({ "name": "*-pod" }),
        ] {
            let policies = template("It", &json!({ "type": "object" }), target.clone())
                + &constraint("It", &json!({ "match": matching }))
                + &expansions;
            for object in workloads() {
                let files = [("p.yaml", policies.clone())];
                let found = ours_beside(Judge::Gatekeeper(vec!["p.yaml".to_owned()]), &files, &object, &[]);
                let ours: BTreeSet<(String, String)> = found
                    .into_iter()
                    .map(|finding| {
                        assert!(!finding.errored, "{finding:?}");
                        let action = match finding.severity {
                            Severity::Error => "deny",
                            Severity::Warning => "warn",
                            Severity::Info => "dryrun",
                        };
                        (action.to_owned(), finding.message)
                    })
                    .collect();
                let theirs = run(&program, &policies, &object, &[]).unwrap_or_else(|why| panic!("{why}"));
                assert_eq!(ours, theirs, "{matching} {object}");
            }
        }
    }
}

#[test]
fn what_gatekeeper_cannot_expand_is_refused() {
    let Some(program) = tools::gator() else { return };
    let any = template(
        "It",
        &json!({ "type": "object" }),
        json!({ "rego": "package a\nviolation[{\"msg\": \"no\"}] { false }" }),
    ) + &constraint("It", &json!({}));
    let pods = |source: &str| expansion("pods", "apps", &json!(["Deployment"]), source, ("", "Pod"), "");
    let itself =
        expansion("same", "apps", &json!(["Deployment"]), "spec.template", ("apps", "Deployment"), "");
    for (expansions, refused) in
        [(pods("spec.template"), false), (pods("spec.missing"), true), (pods(""), true), (itself, true)]
    {
        let policies = any.clone() + &expansions;
        let object = &workloads()[0];
        let found = ours_beside(
            Judge::Gatekeeper(vec!["p.yaml".to_owned()]),
            &[("p.yaml", policies.clone())],
            object,
            &[],
        );
        assert_eq!(found.iter().any(|finding| finding.errored), refused, "{policies} {found:?}");
        assert_eq!(run(&program, &policies, object, &[]).is_err(), refused, "{policies}");
    }
}
