//! What Gatekeeper makes of objects and reviews with them, and what of its own it would heed and is not known here.
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::gatekeeper::{constraint, found, pod, template};

const DEPLOYED: &str = "package it
violation[{\"msg\": msg}] { c := input.review.object.spec.containers[_]; c.privileged; msg := sprintf(\"%v runs %v privileged\", [input.review.name, c.name]) }";

fn deployment(containers: &[&str]) -> Value {
    let containers: Vec<Value> =
        containers.iter().map(|name| json!({ "name": name, "privileged": true })).collect();
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "shop" },
            "spec": { "template": { "metadata": { "labels": { "app": "web" } }, "spec": { "containers": containers } } } })
}

#[test]
fn what_an_object_generates_is_reviewed_too() {
    let rule = template("It", "{type: object}", DEPLOYED);
    let pods = |more: &str| {
        format!(
            "apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {{name: pods}}\nspec: {{applyTo: [{{groups: [apps], versions: [v1], kinds: [Deployment]}}], templateSource: spec.template, generatedGVK: {{version: v1, kind: Pod}}{more}}}\n"
        )
    };
    let judged = |files: &[&str], before: Option<Value>, after: Value| {
        let files: Vec<&str> = std::iter::once(rule.as_str()).chain(files.iter().copied()).collect();
        found(&files, "apps/Deployment shop/web", before, Some(after))
    };
    let all = constraint("It", "{}");
    assert_eq!(judged(&[&all], None, deployment(&["a"])), "");
    assert_snapshot!(judged(&[&all, &pods("")], None, deployment(&["a"])), @"error it: [Implied by pods] web-pod runs a privileged");
    assert_snapshot!(judged(&[&all, &pods(", enforcementAction: warn")], None, deployment(&["a"])), @"warning it: [Implied by pods] web-pod runs a privileged");
    assert_snapshot!(judged(&[&all, &pods("")], Some(deployment(&["a"])), deployment(&["a", "b"])), @r"
    error it: [Implied by pods] web-pod runs a privileged (existing)
    error it: [Implied by pods] web-pod runs b privileged
    ");
    let original = constraint("It", "{match: {source: Original}}");
    assert_eq!(judged(&[&original, &pods("")], None, deployment(&["a"])), "");
    assert_snapshot!(judged(&[&all, &pods("")], None, json!({ "spec": {} })), @"error: check `c` could not judge Deployment shop/web: `pods` makes something of `spec.template`, which is not there (errored)");
    assert_snapshot!(judged(&[&all, &pods(", enforcementAction: stop")], None, deployment(&["a"])), @"error: check `c` could not be run: policies/2.yaml:1: ExpansionTemplate `pods`: the enforcement action `stop` is not known (errored)");
    let back = "apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: back}\nspec: {applyTo: [{groups: [''], versions: [v1], kinds: [Pod]}], templateSource: spec, generatedGVK: {group: apps, version: v1, kind: Deployment}}\n";
    assert_snapshot!(judged(&[&all, &pods(""), back], None, deployment(&["a"])), @"error: check `c` could not be run: the ExpansionTemplate `pods` applies to what comes of what it generates, and Gatekeeper uses none that does (errored)");
}

#[test]
fn nothing_of_gatekeepers_is_passed_over() {
    let rule = template("It", "{type: object}", DEPLOYED);
    let with = |text: &str| {
        found(&[&rule, &constraint("It", "{}"), text], "/Pod shop/web", None, pod("web", json!({})))
    };
    let of = |version: &str, kind: &str, name: &str| {
        format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{}}\n")
    };
    assert_snapshot!(with(&of("mutations.gatekeeper.sh/v1", "Assign", "a")), @"error: check `c` could not be run: policies/2.yaml:1: Assign `a`: mutators are not carried out here, so objects would be judged that no cluster gets to see; leave its file out of this check (errored)");
    assert!(with(&of("mutations.gatekeeper.sh/v1", "ModifySet", "a")).contains("mutators"));
    assert!(with(&of("mutations.gatekeeper.sh/v1alpha1", "AssignImage", "a")).contains("mutators"));
    assert_snapshot!(with(&of("config.gatekeeper.sh/v1alpha1", "Config", "mine")), @"error: check `c` could not be run: policies/2.yaml:1: Config `mine`: Gatekeeper takes no `Config` but the one called `config` (errored)");
    assert_snapshot!(with(&of("new.gatekeeper.sh/v1", "Thing", "a")), @"error: check `c` could not be run: policies/2.yaml:1: Thing `a`: this kind of Gatekeeper's is not supported; leave its file out of this check (errored)");
    assert_eq!(with(&of("config.gatekeeper.sh/v1alpha1", "Config", "config")), "");
    assert_eq!(with(&of("externaldata.gatekeeper.sh/v1beta1", "Provider", "a")), "");
    let config = |matching: &str| {
        format!(
            "apiVersion: config.gatekeeper.sh/v1alpha1\nkind: Config\nmetadata: {{name: config}}\nspec: {{match: [{matching}], validation: {{traces: []}}, readiness: {{statsEnabled: true}}}}\n"
        )
    };
    assert_eq!(with(&config("{excludedNamespaces: [kube-*], processes: [audit]}")), "");
    for wrong in
        ["{excludedNamespaces: [shop], processes: [webhok]}", "{excludeNamespaces: [shop], processes: ['*']}"]
    {
        assert!(with(&config(wrong)).contains("could not be run"), "{wrong}");
    }
    let source = found(
        &[&rule, &constraint("It", "{match: {source: Genrated}}")],
        "/Pod shop/web",
        None,
        pod("web", json!({})),
    );
    assert!(source.contains("could not be run"), "{source}");
}
