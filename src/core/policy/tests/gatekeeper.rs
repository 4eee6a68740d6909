//! Gatekeeper's templates and constraints as they are, in the shapes that people have.
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{effect, environment, lines, lines_in, unrendered};
use crate::config::{Judge, Policy, parse};
use crate::evaluation::{Inventory, InventoryObject};
use crate::policy::inventory_wanted;

pub(super) fn found(files: &[&str], object: &str, before: Option<Value>, after: Option<Value>) -> String {
    let names: Vec<String> = (0..files.len()).map(|at| format!("policies/{at}.yaml")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(files.iter().copied()).collect();
    lines(Judge::Gatekeeper(vec!["policies".into()]), &files, vec![effect(object, before, after)])
}

pub(super) fn pod(name: &str, spec: Value) -> Option<Value> {
    Some(
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": "shop", "labels": { "app": name } }, "spec": spec }),
    )
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}

/// A template in Rego with the schema of its parameters, in YAML's flow style.
pub(super) fn template(kind: &str, schema: &str, rego: &str) -> String {
    format!(
        "apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {{name: {}}}
spec:
  crd:
    spec:
      names: {{kind: {kind}}}
      validation:
        openAPIV3Schema: {schema}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
{}",
        kind.to_lowercase(),
        indented(rego, 8)
    )
}

pub(super) fn constraint(kind: &str, spec: &str) -> String {
    format!(
        "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: {kind}\nmetadata: {{name: it}}\nspec: {spec}\n"
    )
}

const LABELS: &str = r#"package needlabels
missing[key] {
  key := input.parameters.labels[_].key
  not input.review.object.metadata.labels[key]
}
violation[{"msg": msg, "details": {"missing": missing}}] {
  count(missing) > 0
  msg := sprintf("%v has not the labels %v", [input.review.object.metadata.name, missing])
}
violation[{"msg": msg}] {
  wanted := input.parameters.labels[_]
  value := input.review.object.metadata.labels[wanted.key]
  wanted.pattern != ""
  not re_match(wanted.pattern, value)
  msg := sprintf("the label %v is %v and not like %v", [wanted.key, value, wanted.pattern])
}"#;
const LABELS_SCHEMA: &str = "{type: object, properties: {labels: {type: array, items: {type: object, required: [key], properties: {key: {type: string}, pattern: {type: string, default: ''}}}}}}";

#[test]
fn required_labels() {
    let template = template("NeedLabels", LABELS_SCHEMA, LABELS);
    let with = |spec: &str| {
        found(&[&template, &constraint("NeedLabels", spec)], "/Pod shop/web", None, pod("web", json!({})))
    };
    assert_snapshot!(with("{parameters: {labels: [{key: app}]}}"), @"");
    assert_snapshot!(with("{parameters: {labels: [{key: owner}]}}"), @r#"error it: web has not the labels {"owner"}"#);
    assert_snapshot!(with("{parameters: {labels: [{key: app, pattern: '^a'}]}}"), @"error it: the label app is web and not like ^a");
    assert_snapshot!(with("{enforcementAction: warn, parameters: {labels: [{key: app, pattern: '^a'}]}}"), @"warning it: the label app is web and not like ^a");
    assert_snapshot!(with("{enforcementAction: dryrun, parameters: {labels: [{key: app, pattern: '^a'}]}}"), @"info it: the label app is web and not like ^a");
    assert_snapshot!(with("{enforcementAction: scoped, scopedEnforcementActions: [{action: warn, enforcementPoints: [{name: '*'}]}, {action: deny, enforcementPoints: [{name: audit.gatekeeper.sh}]}], parameters: {labels: [{key: app, pattern: '^a'}]}}"), @"warning it: the label app is web and not like ^a");
    assert_snapshot!(with("{parameters: {lables: []}}"), @"error: check `c` could not be run: policies/1.yaml:1: NeedLabels `it`: the template has no parameter `spec.parameters.lables` (errored)");
    assert_snapshot!(with("{parameters: {labels: [{pattern: x}]}}"), @"error: check `c` could not be run: policies/1.yaml:1: NeedLabels `it`: `spec.parameters.labels[0]` has no `key` (errored)");
    assert_snapshot!(with("{parameters: {labels: owner}}"), @"error: check `c` could not be run: policies/1.yaml:1: NeedLabels `it`: `spec.parameters.labels` has to be of the type array (errored)");
    assert_snapshot!(with("{enforcementAction: refuse}"), @"error: check `c` could not be run: policies/1.yaml:1: NeedLabels `it`: the enforcement action `refuse` is not known (errored)");
}

#[test]
fn a_constraint_that_says_what_nobody_reads_is_no_constraint() {
    let template = template("NeedLabels", LABELS_SCHEMA, LABELS);
    for (spec, word) in [
        ("{paramaters: {labels: [{key: owner}]}}", "paramaters"),
        ("{enforcementActon: warn}", "enforcementActon"),
        (
            "{enforcementAction: scoped, scopedEnforcementActions: [{acton: warn, enforcementPoints: []}]}",
            "acton",
        ),
    ] {
        let files = [template.as_str(), &constraint("NeedLabels", spec)];
        let said = found(&files, "/Pod shop/web", None, pod("web", json!({})));
        assert!(said.contains("could not be run") && said.contains(word), "{said}");
    }
}

#[test]
fn what_base_violates_too_is_existing() {
    let files = [
        template("NeedLabels", LABELS_SCHEMA, LABELS),
        constraint("NeedLabels", "{parameters: {labels: [{key: owner}]}}"),
    ];
    let files = [files[0].as_str(), files[1].as_str()];
    assert_snapshot!(found(&files, "/Pod shop/web", pod("web", json!({})), pod("web", json!({"a": 1}))), @r#"error it: web has not the labels {"owner"} (existing)"#);
    assert_snapshot!(found(&files, "/Pod shop/web", pod("web", json!({})), None), @"");
}

const CONTAINERS: &str = "package lib.containers
every_one[c] { c := input.review.object.spec.containers[_] }
every_one[c] { c := input.review.object.spec.initContainers[_] }
exempt(c) { pattern := input.parameters.exemptImages[_]; not endswith(pattern, \"*\"); pattern == c.image }
exempt(c) { pattern := input.parameters.exemptImages[_]; endswith(pattern, \"*\"); startswith(c.image, trim_suffix(pattern, \"*\")) }";

/// What a rule over containers says of a Pod with these, with libraries in the older and the newer place.
fn of_containers(rego: &str, parameters: &str, spec: Value) -> String {
    let older = template("Containers", "{type: object, x-kubernetes-preserve-unknown-fields: true}", rego)
        + &format!("      libs:\n        - |\n{}", indented(CONTAINERS, 10));
    let newer = format!(
        "apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {{name: containers}}
spec:
  crd: {{spec: {{names: {{kind: Containers}}}}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      code:
        - engine: Rego
          source:
            rego: |
{}            libs:
              - |
{}",
        indented(rego, 14),
        indented(CONTAINERS, 16)
    );
    let constraint = constraint(
        "Containers",
        &format!("{{match: {{kinds: [{{apiGroups: [''], kinds: [Pod]}}]}}, parameters: {parameters}}}"),
    );
    let said =
        |template: &str| found(&[template, &constraint], "/Pod shop/web", None, pod("web", spec.clone()));
    let (older, newer) = (said(&older), said(&newer));
    assert_eq!(older, newer);
    newer
}

#[test]
fn containers_in_the_shapes_of_the_library() {
    let repos = "package repos\nimport data.lib.containers\nviolation[{\"msg\": msg}] {\n  c := containers.every_one[_]\n  not allowed(c)\n  msg := sprintf(\"%v comes from %v\", [c.name, c.image])\n}\nallowed(c) { startswith(c.image, input.parameters.repos[_]) }";
    let one = |image: &str| json!({ "containers": [{ "name": "web", "image": image }] });
    assert_snapshot!(of_containers(repos, "{repos: ['registry.example.org/']}", one("registry.example.org/web:1")), @"");
    assert_snapshot!(of_containers(repos, "{repos: ['registry.example.org/']}", one("nginx:1")), @"error it: web comes from nginx:1");

    let limits = "package limits\nimport data.lib.containers\nviolation[{\"msg\": msg}] {\n  c := containers.every_one[_]\n  not c.resources.limits.memory\n  not containers.exempt(c)\n  msg := sprintf(\"%v has no limit of memory\", [c.name])\n}\nviolation[{\"msg\": msg}] {\n  c := containers.every_one[_]\n  units.parse_bytes(c.resources.limits.memory) > units.parse_bytes(input.parameters.memory)\n  msg := sprintf(\"%v may have %v\", [c.name, c.resources.limits.memory])\n}";
    assert_snapshot!(of_containers(limits, "{memory: 1Gi}", one("nginx:1")), @"error it: web has no limit of memory");
    assert_snapshot!(of_containers(limits, "{memory: 1Gi, exemptImages: ['nginx:*']}", one("nginx:1")), @"");
    let limited = |memory: &str| json!({ "containers": [{ "name": "web", "image": "nginx:1", "resources": { "limits": { "memory": memory } } }] });
    assert_snapshot!(of_containers(limits, "{memory: 1Gi}", limited("2Gi")), @"error it: web may have 2Gi");
    assert_snapshot!(of_containers(limits, "{memory: 1Gi}", limited("512Mi")), @"");

    let privileged = "package privileged\nimport data.lib.containers\nviolation[{\"msg\": msg}] {\n  c := containers.every_one[_]\n  c.securityContext.privileged\n  msg := sprintf(\"%v is privileged\", [c.name])\n}";
    let spec = json!({ "containers": [], "initContainers": [{ "name": "set-up", "image": "a", "securityContext": { "privileged": true } }] });
    assert_snapshot!(of_containers(privileged, "{}", spec), @"error it: set-up is privileged");

    let ports = "package ports\nimport data.lib.containers\nviolation[{\"msg\": msg}] {\n  port := containers.every_one[_].ports[_].hostPort\n  bad(port)\n  msg := sprintf(\"the port %v of the host\", [port])\n}\nbad(port) { port < input.parameters.min }\nbad(port) { port > input.parameters.max }\nviolation[{\"msg\": \"the host's network\"}] { input.review.object.spec.hostNetwork; not input.parameters.hostNetwork }";
    let spec = json!({ "hostNetwork": true, "containers": [{ "name": "a", "image": "a", "ports": [{ "hostPort": 80 }, { "hostPort": 8080 }] }] });
    assert_snapshot!(of_containers(ports, "{min: 1000, max: 9000}", spec), @r"
    error it: the host's network
    error it: the port 80 of the host
    ");

    let probes = "package probes\nimport data.lib.containers\nviolation[{\"msg\": msg}] {\n  c := containers.every_one[_]\n  probe := input.parameters.probes[_]\n  object.get(c, probe, {}) == {}\n  msg := sprintf(\"%v has no %v\", [c.name, probe])\n}";
    let spec =
        json!({ "containers": [{ "name": "web", "image": "a", "readinessProbe": { "httpGet": {} } }] });
    assert_snapshot!(of_containers(probes, "{probes: [readinessProbe, livenessProbe]}", spec), @"error it: web has no livenessProbe");
}

#[test]
fn other_shapes_of_the_library() {
    let judged = |rego: &str, parameters: &str, object: &str, body: Value| {
        let template = template("Other", "{type: object, x-kubernetes-preserve-unknown-fields: true}", rego);
        found(
            &[&template, &constraint("Other", &format!("{{parameters: {parameters}}}"))],
            object,
            None,
            Some(body),
        )
    };
    let replicas = "package replicas\nviolation[{\"msg\": msg}] {\n  n := input.review.object.spec.replicas\n  not within(n)\n  msg := sprintf(\"%v: %d replicas\", [input.review.kind.kind, n])\n}\nwithin(n) { r := input.parameters.ranges[_]; r.min_replicas <= n; r.max_replicas >= n }";
    let deployment =
        |replicas: i64| json!({ "metadata": { "name": "web" }, "spec": { "replicas": replicas } });
    assert_snapshot!(judged(replicas, "{ranges: [{min_replicas: 2, max_replicas: 9}]}", "apps/Deployment shop/web", deployment(1)), @"error it: Deployment: 1 replicas");
    assert_snapshot!(judged(replicas, "{ranges: [{min_replicas: 2, max_replicas: 9}]}", "apps/Deployment shop/web", deployment(2)), @"");
    let node_port = "package nodeport\nviolation[{\"msg\": msg}] {\n  input.review.kind.kind == \"Service\"\n  input.review.object.spec.type == \"NodePort\"\n  msg := sprintf(\"%v opens a port of each node\", [input.review.name])\n}";
    assert_snapshot!(judged(node_port, "{}", "/Service shop/web", json!({ "spec": { "type": "NodePort" } })), @"error it: web opens a port of each node");
    assert_snapshot!(judged(node_port, "{}", "/Service shop/web", json!({ "spec": { "type": "ClusterIP" } })), @"");
    let https = "package https\nviolation[{\"msg\": msg}] {\n  input.review.object.kind == \"Ingress\"\n  ingress := input.review.object\n  not complete(ingress)\n  msg := sprintf(\"%v is not for HTTPS alone\", [ingress.metadata.name])\n}\ncomplete(ingress) {\n  ingress.spec.tls\n  count(ingress.spec.tls) > 0\n  ingress.metadata.annotations[\"kubernetes.io/ingress.allow-http\"] == \"false\"\n}";
    let ingress = |allow: &str| json!({ "kind": "Ingress", "metadata": { "name": "web", "annotations": { "kubernetes.io/ingress.allow-http": allow } }, "spec": { "tls": [{}] } });
    assert_snapshot!(judged(https, "{}", "networking.k8s.io/Ingress shop/web", ingress("true")), @"error it: web is not for HTTPS alone");
    assert_snapshot!(judged(https, "{}", "networking.k8s.io/Ingress shop/web", ingress("false")), @"");
    let unique = "package unique\nviolation[{\"msg\": \"taken\"}] {\n  host := input.review.object.spec.rules[_].host\n  other := data.inventory.namespace[_][_][\"Ingress\"][_]\n  other.spec.rules[_].host == host\n}";
    assert_snapshot!(judged(unique, "{}", "networking.k8s.io/Ingress shop/web", ingress("true")), @"error: check `c` could not judge Ingress shop/web: `it`: it reads `data.inventory`, and what stands beside the change is not at hand (errored)");
    let user = "package user\nviolation[{\"msg\": \"not you\"}] { input.review.userInfo.username == \"x\" }";
    assert_snapshot!(judged(user, "{}", "/Pod shop/web", json!({})), @"error: check `c` could not judge Pod shop/web: `it`: it reads `userInfo`, and who will ask the cluster is not known before it is asked (errored)");
    let update = "package update\nviolation[{\"msg\": msg}] { input.review.operation == \"CREATE\"; not input.review.oldObject.spec; msg := sprintf(\"%v in %v\", [input.review.operation, input.review.namespace]) }";
    assert_snapshot!(judged(update, "{}", "/Pod shop/web", json!({})), @"error it: CREATE in shop");
}

const CEL: &str = "apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: replicas}
spec:
  crd: {spec: {names: {kind: Replicas}, validation: {openAPIV3Schema: {type: object, properties: {least: {type: integer, default: 3}}}}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package other
        violation[{\"msg\": \"never\"}] { true }
      code:
        - engine: K8sNativeValidation
          source:
            failurePolicy: Fail
            variables:
              - {name: replicas, expression: 'variables.anyObject.spec.replicas'}
            validations:
              - expression: 'variables.replicas >= variables.params.least'
                messageExpression: '\"at least %d, not %d\".format([variables.params.least, variables.replicas])'
";

#[test]
fn validations_in_cel_come_before_rego() {
    let with = |spec: &str, replicas: i64| {
        let object = json!({ "metadata": { "name": "web" }, "spec": { "replicas": replicas } });
        found(&[CEL, &constraint("Replicas", spec)], "apps/Deployment shop/web", None, Some(object))
    };
    assert_snapshot!(with("{parameters: {least: 2}}", 1), @"error it: at least 2, not 1");
    assert_snapshot!(with("{parameters: {least: 2}}", 2), @"");
    assert_snapshot!(with("{parameters: {}}", 2), @"error it: at least 3, not 2");
    let object = Some(json!({ "metadata": { "name": "web" } }));
    let params = CEL.replace("'variables.anyObject.spec.replicas'", "'params.spec.replicas'");
    assert_snapshot!(found(&[&params, &constraint("Replicas", "{}")], "apps/Deployment shop/web", None, object), @"error: check `c` could not be run: policies/0.yaml:1: ConstraintTemplate `replicas`: source: variables[0] `replicas`: at `params`: there is no variable `params` (expected `object`, `oldObject`, `request` or `namespaceObject`) (errored)");
}

#[test]
fn a_constraint_is_for_what_it_matches() {
    let any = template("Never", "{type: object}", "package never\nviolation[{\"msg\": \"no\"}] { true }");
    let matches = |matching: &str| {
        let files = [any.as_str(), &constraint("Never", &format!("{{match: {matching}}}"))];
        !found(&files, "/Pod shop-eu/web", None, pod("web", json!({}))).is_empty()
    };
    for (wanted, matching) in [
        (true, "{}"),
        (true, "{kinds: [{apiGroups: ['*'], kinds: ['*']}]}"),
        (true, "{kinds: [{apiGroups: [''], kinds: [Pod]}]}"),
        (true, "{kinds: [{kinds: [Pod]}]}"),
        (false, "{kinds: [{apiGroups: [apps], kinds: [Pod]}]}"),
        (true, "{scope: Namespaced}"),
        (false, "{scope: Cluster}"),
        (true, "{namespaces: ['shop-*']}"),
        (true, "{namespaces: ['*-eu']}"),
        (false, "{namespaces: [shop]}"),
        (false, "{excludedNamespaces: ['shop-*']}"),
        (true, "{excludedNamespaces: [kube-system]}"),
        (true, "{labelSelector: {matchLabels: {app: web}}}"),
        (false, "{labelSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}"),
        (true, "{name: 'w*'}"),
        (false, "{name: 'x*'}"),
        (false, "{source: Generated}"),
        (false, "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}"),
    ] {
        assert_eq!(matches(matching), wanted, "{matching}");
    }
    let unknown = constraint("Never", "{match: {namespaceSelector: {matchLabels: {team: a}}}}");
    assert_snapshot!(found(&[&any, &unknown], "/Pod shop/web", None, pod("web", json!({}))), @"error: check `c` could not judge Pod shop/web: `it`: whether it is for this object cannot be told, since the labels of the Namespace `shop` are neither in the change nor in the files of this check (errored)");
    let config = "apiVersion: config.gatekeeper.sh/v1alpha1\nkind: Config\nmetadata: {name: config}\nspec: {match: [{excludedNamespaces: ['shop*'], processes: ['*']}]}\n";
    assert_snapshot!(found(&[&any, &constraint("Never", "{}"), config], "/Pod shop/web", None, pod("web", json!({}))), @"");
}

#[test]
fn what_is_not_sound_is_refused_where_it_is_read() {
    let said = |files: &[&str]| found(files, "/Pod shop/web", None, pod("web", json!({})));
    let rego = |rego: &str| said(&[&template("It", "{type: object}", rego), &constraint("It", "{}")]);
    assert_snapshot!(said(&[&constraint("It", "{}")]), @"error: check `c` could not be run: policies/0.yaml:1: It `it`: its template is not in the files of this check (errored)");
    assert_snapshot!(said(&[&template("It", "{type: object}", "package it\nviolation[{\"msg\": \"x\"}] { true }")]), @"error: check `c` could not be run: no constraint of Gatekeeper is in `policies`, so that nothing would be in force (errored)");
    assert_snapshot!(rego("package it\ndeny[msg] { msg := \"x\" }"), @"error: check `c` could not be run: policies/0.yaml:1: ConstraintTemplate `it`: its Rego has no rule called `violation` (errored)");
    assert_snapshot!(rego("package it\nviolation[{\"msg\": msg}] { msg := external_data({}) }"), @"error: check `c` could not be run: policies/0.yaml:1: ConstraintTemplate `it`: `external_data` gives another answer every time; a decision has to stay one (errored)");
    let broken = rego("package it\nviolation[{\"msg\": msg}] { msg := }");
    assert!(broken.contains("ConstraintTemplate `it`") && broken.contains("(errored)"), "{broken}");
    let endless = rego(
        "package it\nviolation[{\"msg\": \"x\"}] { a := numbers.range(1, 3000)[_]; b := numbers.range(1, 3000)[_]; c := numbers.range(1, 3000)[_]; a * b * c == -1 }",
    );
    assert!(endless.contains("(errored)"), "{endless}");
    let huge = rego(&format!(
        "package it\nviolation[{{\"msg\": \"x\"}}] {{ input.review.name == \"web\" }}\n{}",
        (0..20_000).map(|at| format!("f{at}(x) = x {{ true }}\n")).collect::<String>()
    ));
    assert!(huge.contains("error"), "{huge}");
}

const UNIQUE: &str = "package unique
same(other) { other.metadata.namespace == input.review.object.metadata.namespace; other.metadata.name == input.review.object.metadata.name }
violation[{\"msg\": msg}] {
  host := input.review.object.spec.rules[_].host
  other := data.inventory.namespace[ns][\"networking.k8s.io/v1\"][\"Ingress\"][name]
  other.spec.rules[_].host == host
  not same(other)
  msg := sprintf(\"%v is taken by %v/%v\", [host, ns, name])
}";

fn ingress(name: &str, host: &str) -> Value {
    json!({ "metadata": { "name": name, "namespace": "shop" }, "spec": { "rules": [{ "host": host }] } })
}

fn beside(objects: &[(&str, Value)]) -> Inventory {
    let object = |(object, body): &(&str, Value)| InventoryObject {
        object: effect(object, None, Some(body.clone())).object,
        body: body.into(),
    };
    Inventory { objects: objects.iter().map(object).collect(), unknown: Vec::new() }
}

#[test]
fn a_template_sees_what_else_the_environment_holds() {
    let template = template("Unique", "{type: object}", UNIQUE);
    let judged = |more: &str, before: Option<Value>, after: Value, inventory: Option<Inventory>| {
        let policies = format!("{template}\n---\n{}\n---\n{more}", constraint("Unique", "{}"));
        let effects = vec![
            effect("networking.k8s.io/Ingress shop/web", before, Some(after)),
            effect("networking.k8s.io/Ingress shop/new", None, Some(ingress("new", "new.example.org"))),
        ];
        let mut environment = environment("production", effects);
        environment.inventory = inventory;
        lines_in(Judge::Gatekeeper(vec!["p.yaml".into()]), &[("p.yaml", &policies)], environment)
    };
    let other = || Some(beside(&[("networking.k8s.io/Ingress shop/old", ingress("old", "old.example.org"))]));
    assert_snapshot!(judged("", None, ingress("web", "web.example.org"), other()), @"");
    assert_snapshot!(judged("", None, ingress("web", "old.example.org"), other()), @"error it: old.example.org is taken by shop/old");
    // Two of one change see each other.
    assert_snapshot!(judged("", None, ingress("web", "new.example.org"), other()), @r"
    error it: new.example.org is taken by shop/new
    error it: new.example.org is taken by shop/web
    ");
    // At base it was taken as well, but what is new at head was not there.
    let before = Some(ingress("web", "old.example.org"));
    assert_snapshot!(judged("", before.clone(), ingress("web", "old.example.org"), other()), @"error it: old.example.org is taken by shop/old (existing)");
    assert_snapshot!(judged("", Some(ingress("web", "new.example.org")), ingress("web", "new.example.org"), Some(Inventory::default())), @r"
    error it: new.example.org is taken by shop/new
    error it: new.example.org is taken by shop/web
    ");
    // Gatekeeper knows what it is told to sync.
    let sync = |kind: &str| {
        format!(
            "apiVersion: config.gatekeeper.sh/v1alpha1\nkind: Config\nmetadata: {{name: config}}\nspec: {{sync: {{syncOnly: [{{group: networking.k8s.io, version: v1, kind: {kind}}}]}}}}\n"
        )
    };
    assert_snapshot!(judged(&sync("Ingress"), None, ingress("web", "old.example.org"), other()), @"error it: old.example.org is taken by shop/old");
    assert_snapshot!(judged(&sync("NetworkPolicy"), None, ingress("web", "old.example.org"), other()), @"");
    let set = "apiVersion: syncset.gatekeeper.sh/v1alpha1\nkind: SyncSet\nmetadata: {name: it}\nspec: {gvks: [{group: networking.k8s.io, version: v1, kind: NetworkPolicy}]}\n";
    assert_snapshot!(judged(set, None, ingress("web", "old.example.org"), other()), @"");
    let exempt = "apiVersion: config.gatekeeper.sh/v1alpha1\nkind: Config\nmetadata: {name: config}\nspec: {match: [{excludedNamespaces: [shop], processes: [sync]}]}\n";
    assert_snapshot!(judged(exempt, None, ingress("web", "old.example.org"), other()), @"");
    // What is not known is not taken for absent.
    let unknown = Some(Inventory { unknown: vec!["payments".to_owned()], ..Inventory::default() });
    assert_snapshot!(judged("", None, ingress("web", "a.example.org"), unknown), @r#"
    error: check `c` could not judge Ingress shop/web: `it`: it reads `data.inventory`, and what `payments` makes cannot be told (errored)
    error: check `c` could not judge Ingress shop/new: `it`: it reads `data.inventory`, and what `payments` makes cannot be told (errored)
    "#);
    assert_snapshot!(judged("", None, ingress("web", "a.example.org"), None), @r#"
    error: check `c` could not judge Ingress shop/web: `it`: it reads `data.inventory`, and what stands beside the change is not at hand (errored)
    error: check `c` could not judge Ingress shop/new: `it`: it reads `data.inventory`, and what stands beside the change is not at hand (errored)
    "#);
    let mut broken = unrendered(
        "production",
        vec![effect("networking.k8s.io/Ingress shop/web", None, Some(ingress("web", "a")))],
    );
    broken.inventory = other();
    let policies = format!("{template}\n---\n{}", constraint("Unique", "{}"));
    assert_snapshot!(lines_in(Judge::Gatekeeper(vec!["p.yaml".into()]), &[("p.yaml", &policies)], broken), @"error: check `c` could not judge Ingress shop/web: `it`: it reads `data.inventory`, and what `shop` makes cannot be told (errored)");
}

#[test]
fn only_what_a_check_asks_about_is_wanted() {
    let wanted = |rego: &str, more: &str, environments: &str| {
        let policies = format!(
            "{}\n---\n{}\n---\n{more}",
            template("It", "{type: object}", rego),
            constraint("It", "{}")
        );
        let text = format!(
            "version = 1\n[environment.production]\nsource = {{ yaml = \"p\" }}\n[environment.staging]\nsource = {{ yaml = \"s\" }}\n[[check]]\nname = \"c\"\ngatekeeper = \"p.yaml\"\n{environments}"
        );
        let policy: Policy = parse(&text, ".countersign.toml").unwrap();
        let wanted = inventory_wanted(&policy, &super::library(&[("p.yaml", &policies)]));
        let of = |object: &str| wanted.takes("production", &effect(object, None, None).object);
        (wanted.asks("production"), of("networking.k8s.io/Ingress shop/web"), of("/Pod shop/web"))
    };
    assert_eq!(wanted(UNIQUE, "", ""), (true, true, true));
    assert_eq!(wanted(UNIQUE, "", "environments = [\"staging\"]"), (false, false, false));
    assert_eq!(
        wanted("package it\n# data.inventory\nviolation[{\"msg\": \"x\"}] { true }", "", ""),
        (false, false, false)
    );
    let set = "apiVersion: syncset.gatekeeper.sh/v1alpha1\nkind: SyncSet\nmetadata: {name: it}\nspec: {gvks: [{group: '', version: v1, kind: Pod}]}\n";
    assert_eq!(wanted(UNIQUE, set, ""), (true, false, true));
}
