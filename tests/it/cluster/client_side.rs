//! Appliers that patch from the client: kubectl without `--server-side`, and Argo CD.

use super::comes_true::{Applier, Edit, command, hold, list, run};
use super::*;
use crate::parts::tools;

fn environment() -> Environment {
    Environment {
        apply: ApplyMode::ClientSide,
        field_manager: "kubectl-client-side-apply".to_owned(),
        ..super::environment()
    }
}

struct Kubectl(std::path::PathBuf);

impl Applier for Kubectl {
    fn apply(&self, world: &World, manifests: &[&Value], _again: bool) {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("all.json"), list(manifests)).unwrap();
        run(command(&self.0, world, home.path()).args(["apply", "-f", "all.json"]));
    }
}

/// A deployment that says much.
pub(super) fn rich(world: &World) -> Value {
    let mut rich = world.deployment(json!({ "strategy": { "type": "RollingUpdate" } }));
    rich["metadata"]["labels"] = json!({ "app": "web", "team": "shop" });
    rich["metadata"]["annotations"] = json!({ "example.org/a": "1", "example.org/b": "2" });
    rich["spec"]["template"]["spec"] = json!({
        "containers": [
            {
                "name": "web",
                "image": "registry.example.org/web:1",
                "command": ["web"],
                "args": ["--one", "--two"],
                "env": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }, { "name": "C", "value": "3" }],
                "ports": [{ "containerPort": 80, "name": "http" }, { "containerPort": 443, "name": "https" }],
                "resources": { "limits": { "cpu": "1", "memory": "1Gi" }, "requests": { "cpu": "500m" } },
                "livenessProbe": { "httpGet": { "path": "/", "port": 80 }, "periodSeconds": 5 },
            },
            { "name": "logs", "image": "registry.example.org/logs:1" },
        ],
        "imagePullSecrets": [{ "name": "one" }, { "name": "two" }],
        "tolerations": [{ "key": "a", "operator": "Exists" }, { "key": "b", "operator": "Exists" }],
        "volumes": [{ "name": "tmp", "emptyDir": { "medium": "Memory" } }, { "name": "cache", "emptyDir": {} }],
    });
    rich
}

fn pod(deployment: &mut Value) -> &mut Value {
    &mut deployment["spec"]["template"]["spec"]
}

fn web(deployment: &mut Value) -> &mut Value {
    &mut pod(deployment)["containers"][0]
}

fn remove(value: &mut Value, key: &str) {
    value.as_object_mut().unwrap().remove(key).unwrap();
}

fn items(value: &mut Value) -> &mut Vec<Value> {
    value.as_array_mut().unwrap()
}

/// Edits of what a container, a pod and a deployment say.
pub(super) fn edits_of_deployments(rich: &Value) -> Vec<Edit> {
    let with = |change: fn(&mut Value)| {
        let mut base = rich.clone();
        change(&mut base);
        base
    };
    let three = with(|base| base["spec"]["replicas"] = json!(3));
    let recreate = with(|base| base["spec"]["strategy"] = json!({ "type": "Recreate" }));
    vec![
        Edit::new("image", rich, |head| web(head)["image"] = json!("registry.example.org/web:2")),
        Edit::new("replicas changed", &three, |head| head["spec"]["replicas"] = json!(4)),
        Edit::new("replicas no longer said", &three, |head| remove(&mut head["spec"], "replicas")),
        Edit::new("variable added", rich, |head| {
            items(&mut web(head)["env"]).insert(1, json!({ "name": "N", "value": "9" }));
        }),
        Edit::new("variable changed", rich, |head| web(head)["env"][1]["value"] = json!("x")),
        Edit::new("variable removed", rich, |head| drop(items(&mut web(head)["env"]).remove(0))),
        Edit::new("variables removed", rich, |head| remove(web(head), "env")),
        Edit::new("no variables", rich, |head| web(head)["env"] = json!([])),
        Edit::new("variables in another order", rich, |head| items(&mut web(head)["env"]).reverse()),
        Edit::new("variable from elsewhere", rich, |head| {
            web(head)["env"][0] =
                json!({ "name": "A", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } });
        }),
        Edit::new("container added", rich, |head| {
            items(&mut pod(head)["containers"])
                .insert(0, json!({ "name": "new", "image": "registry.example.org/new:1" }));
        }),
        Edit::new("container removed", rich, |head| drop(items(&mut pod(head)["containers"]).remove(1))),
        Edit::new("container renamed", rich, |head| web(head)["name"] = json!("shop")),
        Edit::new("containers in another order", rich, |head| items(&mut pod(head)["containers"]).reverse()),
        Edit::new("port added", rich, |head| {
            items(&mut web(head)["ports"]).push(json!({ "containerPort": 9090, "name": "metrics" }));
        }),
        Edit::new("port changed", rich, |head| web(head)["ports"][0]["containerPort"] = json!(8080)),
        Edit::new("port removed", rich, |head| drop(items(&mut web(head)["ports"]).remove(1))),
        Edit::new("port for both protocols", rich, |head| {
            items(&mut web(head)["ports"])
                .push(json!({ "containerPort": 443, "protocol": "UDP", "name": "quic" }));
        }),
        Edit::new("annotation added", rich, |head| {
            head["metadata"]["annotations"]["example.org/c"] = json!("3");
        }),
        Edit::new("annotations removed", rich, |head| remove(&mut head["metadata"], "annotations")),
        Edit::new("label removed", rich, |head| remove(&mut head["metadata"]["labels"], "team")),
        Edit::new("arguments", rich, |head| web(head)["args"] = json!(["--two"])),
        Edit::new("command removed", rich, |head| remove(web(head), "command")),
        Edit::new("recreated", rich, |head| head["spec"]["strategy"] = json!({ "type": "Recreate" })),
        Edit::new("rolled again", &recreate, |head| remove(&mut head["spec"], "strategy")),
        Edit::new("volume of another sort", rich, |head| {
            pod(head)["volumes"][0] = json!({ "name": "tmp", "configMap": { "name": "tmp" } });
        }),
        Edit::new("limit removed", rich, |head| remove(&mut web(head)["resources"]["limits"], "cpu")),
        Edit::new("resources removed", rich, |head| remove(web(head), "resources")),
        Edit::new("probe of another sort", rich, |head| {
            web(head)["livenessProbe"] = json!({ "tcpSocket": { "port": 80 } });
        }),
        Edit::new("pull secret removed", rich, |head| {
            drop(items(&mut pod(head)["imagePullSecrets"]).remove(0));
        }),
        Edit::new("toleration removed", rich, |head| drop(items(&mut pod(head)["tolerations"]).remove(0))),
        Edit::new("what is default", rich, |head| head["spec"]["revisionHistoryLimit"] = json!(10)),
    ]
}

/// Edits of what others write too.
fn edits_beside_others(rich: &Value) -> Vec<Edit> {
    let mut three = rich.clone();
    three["spec"]["replicas"] = json!(3);
    let scaled = || json!({ "spec": { "replicas": 5 } });
    let sidecar = || {
        json!({ "spec": { "template": { "spec": { "containers": [
            { "name": "mesh", "image": "registry.example.org/mesh:1" },
        ]}}}})
    };
    vec![
        Edit::new("scaled by another", rich, |head| web(head)["image"] = json!("registry.example.org/web:2"))
            .meanwhile(scaled()),
        Edit::new("scaled by another, then said", rich, |head| head["spec"]["replicas"] = json!(2))
            .meanwhile(scaled()),
        Edit::new("said, scaled by another", &three, |head| head["spec"]["replicas"] = json!(4))
            .meanwhile(scaled())
            .unsettled(),
        Edit::new("sidecar of another", rich, |head| drop(items(&mut web(head)["env"]).remove(2)))
            .meanwhile(sidecar()),
        Edit::new("sidecar of another, container removed", rich, |head| {
            drop(items(&mut pod(head)["containers"]).remove(1));
        })
        .meanwhile(sidecar()),
        Edit::new("annotation of another", rich, |head| remove(&mut head["metadata"], "annotations"))
            .meanwhile(json!({ "metadata": { "annotations": { "example.org/theirs": "1" } } })),
        Edit::new("image changed by another", rich, |head| head["spec"]["paused"] = json!(true))
            .meanwhile(json!({ "spec": { "template": { "spec": { "containers": [
                { "name": "web", "image": "registry.example.org/web:hot" },
            ]}}}}))
            .unsettled(),
    ]
}

/// Edits of other kinds.
fn edits_of_other_kinds(world: &World, group: &str) -> Vec<Edit> {
    let mut map = world.config_map(json!({ "a": "1", "b": "2" }));
    map["metadata"]["finalizers"] = json!(["example.org/one", "example.org/two"]);
    let service = world.object(
        "v1",
        "Service",
        "web",
        json!({ "spec": { "selector": { "app": "web" }, "ports": [
            { "name": "http", "port": 80, "targetPort": 8080 },
            { "name": "https", "port": 443 },
        ]}}),
    );
    let custom = world.object(
        &format!("{group}/v1"),
        "Widget",
        "widget",
        json!({ "spec": {
            "size": 1,
            "color": "red",
            "parts": [{ "name": "a", "weight": 1 }, { "name": "b", "weight": 2 }],
            "limits": { "low": 1, "high": 2 },
        }}),
    );
    vec![
        Edit::new("key changed and removed", &map, |head| head["data"] = json!({ "a": "x" })),
        Edit::new("key of another", &map, |head| head["data"] = json!({ "c": "3" }))
            .meanwhile(json!({ "data": { "theirs": "1" } })),
        Edit::new("finalizer removed", &map, |head| {
            head["metadata"]["finalizers"] = json!(["example.org/two"])
        }),
        Edit::new("service port changed", &service, |head| head["spec"]["ports"][0]["targetPort"] = json!(9)),
        Edit::new("service port moved", &service, |head| head["spec"]["ports"][0]["port"] = json!(81)),
        Edit::new("service port removed", &service, |head| drop(items(&mut head["spec"]["ports"]).remove(1))),
        Edit::new("selector replaced", &service, |head| head["spec"]["selector"] = json!({ "tier": "web" })),
        Edit::new("custom: field changed", &custom, |head| head["spec"]["size"] = json!(2)),
        Edit::new("custom: field removed", &custom, |head| remove(&mut head["spec"], "color")),
        Edit::new("custom: list replaced", &custom, |head| {
            head["spec"]["parts"] = json!([{ "name": "b", "weight": 3 }, { "name": "c" }]);
        }),
        Edit::new("custom: field of another", &custom, |head| remove(&mut head["spec"]["limits"], "low"))
            .meanwhile(json!({ "spec": { "limits": { "theirs": 7 } } })),
        Edit::new("custom: part of another", &custom, |head| head["spec"]["size"] = json!(3))
            .meanwhile(json!({ "spec": { "parts": [{ "name": "theirs" }] } }))
            .unsettled(),
    ]
}

/// A custom kind `Widget`, in a group that this world has for itself.
pub(super) async fn widgets(world: &World) -> String {
    let group = format!("{}.example.org", world.namespace);
    let spec = json!({ "type": "object", "properties": {
        "size": { "type": "integer" },
        "color": { "type": "string" },
        "parts": { "type": "array", "items": { "type": "object", "properties": {
            "name": { "type": "string" }, "weight": { "type": "integer" },
        }}},
        "limits": { "type": "object", "additionalProperties": { "type": "integer" } },
    }});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("widgets.{group}") },
        "spec": {
            "group": group,
            "names": { "kind": "Widget", "plural": "widgets" },
            "scope": "Namespaced",
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": { "type": "object", "properties": { "spec": spec } },
            }}],
        },
    });
    world.define(&definition, &group).await;
    group
}

#[tokio::test]
async fn what_kubectl_would_make_of_a_change_is_what_it_makes() {
    let (Some(world), Some(kubectl)) = (World::new().await, tools::kubectl()) else { return };
    let group = widgets(&world).await;
    let rich = rich(&world);
    let mut edits = edits_of_deployments(&rich);
    edits.extend(edits_beside_others(&rich));
    edits.extend(edits_of_other_kinds(&world, &group));
    let predicted = hold(&world, &environment(), &Kubectl(kubectl), edits).await;
    assert_eq!(predicted.tier, Tier::DryRun);
    assert_eq!(predicted.drift.len(), 3, "{:?}", predicted.drift);
}

#[tokio::test]
async fn what_was_last_applied_decides_whether_it_is_settled() {
    let Some(world) = World::new().await else { return };
    let (base, head) = (world.deployment(json!({ "replicas": 3 })), world.deployment(json!({})));
    world.apply(&base, MANAGER).await;
    let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
    assert_snapshot!(world.check(&predicted), @r"
    Update Deployment (DryRun, settled Some(false))
      reason: unsettled: it has no last-applied annotation: it was not applied client-side
    ");
    let older = world.config_map(json!({ "a": "0" }));
    world.apply_client_side(&older).await;
    let (base, head) = (world.config_map(json!({ "a": "1" })), world.config_map(json!({ "a": "2" })));
    let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
    assert_snapshot!(world.check(&predicted), @r#"
    Update ConfigMap (DryRun, settled Some(false))
      reason: unsettled: its last-applied annotation does not say what base says: it lags behind
    drift ConfigMap
      data.a: "0" → "1"
    "#);
}

#[tokio::test]
async fn the_marks_of_argo_cd_are_not_taken_for_a_difference() {
    let Some(world) = World::new().await else { return };
    let base = world.config_map(json!({ "a": "1", "b": "2" }));
    let mut tracked = base.clone();
    tracked["metadata"]["annotations"] =
        json!({ "argocd.argoproj.io/tracking-id": "shop:/ConfigMap:shop/settings" });
    world.apply_client_side(&tracked).await;
    world.edit(&base, json!({ "metadata": { "annotations": tracked["metadata"]["annotations"] } })).await;
    let environment = Environment { field_manager: "argocd-controller".to_owned(), ..environment() };
    let inputs = vec![input(Some(&base), Some(&world.config_map(json!({ "a": "1" }))))];
    let predicted = world.predict(&environment, inputs).await;
    assert_snapshot!(world.check(&predicted), @r#"
    Update ConfigMap (DryRun, settled Some(true))
      data.b: "2" → –
    noted: what Applications say in `ignoreDifferences` is not known: Argo CD may leave such fields as they are (`RespectIgnoreDifferences=true`), and does not sync by itself what differs in nothing else
    "#);
}

#[tokio::test]
async fn what_the_server_refuses_of_a_patch_is_said() {
    let Some(world) = World::new().await else { return };
    let base = world.deployment(json!({}));
    world.apply_client_side(&base).await;
    let mut moved = world.deployment(json!({ "selector": { "matchLabels": { "app": "hunter2" } } }));
    moved["spec"]["template"]["metadata"]["labels"] = json!({ "app": "hunter2" });
    let unknown = world.deployment(json!({ "replicaz": "hunter2" }));
    let negative = world.deployment(json!({ "replicas": -1 }));
    let mut nameless = base.clone();
    remove(web(&mut nameless), "name");
    let mut said = Vec::new();
    for head in [moved, unknown, negative, nameless] {
        let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
        said.push(world.check(&predicted));
    }
    assert_snapshot!(said.join("\n"), @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.selector` cannot be changed once it is set; it would have to be deleted and made anew
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.replicaz` is not a field of its kind
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.replicas` has an invalid value: must be greater than or equal to 0
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: no patch can be made of it: an item of `containers` has no `name`, by which its items are told apart
    ");
}

#[tokio::test]
async fn a_new_object_is_tried_and_one_that_is_there_is_patched() {
    let Some(world) = World::new().await else { return };
    let new = world.config_map(json!({ "a": "1" }));
    let mut bad = world.deployment(json!({ "replicas": -1 }));
    bad["metadata"]["name"] = json!("bad");
    let inputs = vec![input(None, Some(&new)), input(None, Some(&bad))];
    let predicted = world.predict(&environment(), inputs).await;
    assert_eq!(world.live(&new).await, None);
    assert_snapshot!(world.check(&predicted), @r#"
    Create ConfigMap (DryRun, settled Some(true))
      : null → {"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"name":"settings","namespace":"NS"}}
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.replicas` has an invalid value: must be greater than or equal to 0
    "#);
    world.apply(&world.config_map(json!({ "a": "0", "b": "hunter2" })), "somebody-else").await;
    let predicted = world.predict(&environment(), vec![input(None, Some(&new))]).await;
    let changes: Vec<_> = predicted.effects[0].changes.iter().map(change).collect();
    assert_eq!(changes, [r#"  data.a: "0" → "1""#]);
    // A manifest that is too large for the annotation cannot be applied like this.
    let large = world.config_map(json!({ "a": "x".repeat(300_000) }));
    let predicted = world.predict(&environment(), vec![input(Some(&new), Some(&large))]).await;
    assert_snapshot!(world.check(&predicted), @r"
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: `metadata.annotations` is too long
    ");
    let predicted = world.predict(&environment(), vec![input(Some(&new), None)]).await;
    assert_eq!(world.check(&predicted), "Delete ConfigMap (Live, settled None)");
}

#[tokio::test]
async fn an_account_that_may_patch_one_kind_needs_nothing_else() {
    let Some(world) = World::new().await else { return };
    let base = world.config_map(json!({ "a": "1" }));
    world.apply_client_side(&base).await;
    let account = world.server.token_for(&world.namespace, "bot").await;
    let rules =
        json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch"] }]);
    world.server.allow(&account, rules).await;
    let cluster = connect(&world.server.kubeconfig_for(&world.namespace, &account.token)).await;
    let mut new = base.clone();
    new["metadata"]["name"] = json!("new");
    let inputs =
        vec![input(Some(&base), Some(&world.config_map(json!({ "b": "2" })))), input(None, Some(&new))];
    // The server takes a moment to act on a binding.
    let mut predicted = predict(&cluster, &environment(), inputs.clone()).await;
    for _ in 0..100 {
        if predicted.errors.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        predicted = predict(&cluster, &environment(), inputs.clone()).await;
    }
    let replacing = Environment { apply: ApplyMode::Replace, ..environment() };
    let replaced = predict(&cluster, &replacing, inputs).await;
    let cannot: Vec<_> = replaced.errors.iter().map(|error| (error.undecided, &error.message)).collect();
    assert_eq!(cannot.len(), 1, "{cannot:?}");
    assert!(cannot[0].0 && cannot[0].1.contains("the account may not update `configmaps`"), "{cannot:?}");
    assert_snapshot!(world.check(&predicted), @r#"
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → –
      data.b: – → "2"
    Create ConfigMap (DryRun, settled Some(true))
      : null → {"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"name":"new","namespace":"NS"}}
    "#);
}
