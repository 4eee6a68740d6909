//! What differs in spelling alone, what stays for others, what a list is keyed by: sentences about diffs of live objects,
//! each told and then really done.

use super::*;

/// What is said of a change that its manager then makes, and what is live at last.
async fn said(world: &World, base: &Value, head: &Value) -> (String, Value) {
    let predicted = world.predict(&environment(), vec![input(Some(base), Some(head))]).await;
    world.apply(head, MANAGER).await;
    (world.check(&predicted), world.live(head).await.unwrap())
}

fn container(world: &World, container: Value) -> Value {
    let mut deployment = world.deployment(json!({}));
    let own = &mut deployment["spec"]["template"]["spec"]["containers"][0];
    own.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    deployment
}

const NO_EFFECT: &str = "None Deployment (DryRun, settled Some(true))\n  reason: no effect on the cluster: it makes the \
    same object of both";

#[tokio::test]
async fn a_quantity_or_a_protocol_that_is_spelt_otherwise_has_no_effect() {
    let Some(world) = World::new().await else { return };
    let of = |cpu: &str, memory: &str, port: Value| {
        container(
            &world,
            json!({ "resources": { "limits": { "cpu": cpu, "memory": memory } }, "ports": [port] }),
        )
    };
    let base = of("1000m", "1024Mi", json!({ "containerPort": 80 }));
    world.apply(&base, MANAGER).await;
    let before = world.live(&base).await.unwrap();
    let (said, after) =
        said(&world, &base, &of("1", "1Gi", json!({ "containerPort": 80, "protocol": "TCP" }))).await;
    assert_eq!(said, NO_EFFECT);
    assert_eq!(before["metadata"]["generation"], after["metadata"]["generation"]);
}

#[tokio::test]
async fn ports_of_one_number_are_told_apart_by_their_protocol() {
    let Some(world) = World::new().await else { return };
    let of = |name: &str| {
        container(
            &world,
            json!({ "ports": [
            { "containerPort": 53, "protocol": "UDP", "name": "dns" },
            { "containerPort": 53, "protocol": "TCP", "name": name },
        ] }),
        )
    };
    let base = of("dns-tcp");
    world.apply(&base, MANAGER).await;
    let (said, after) = said(&world, &base, &of("other")).await;
    assert_snapshot!(said, @r#"
    Update Deployment (DryRun, settled Some(true))
      spec.template.spec.containers[name=web].ports[containerPort=53].name: "dns-tcp" → "other"
    "#);
    let names = ["/0", "/1"].map(|at| {
        after["spec"]["template"]["spec"]["containers"][0]["ports"].pointer(&format!("{at}/name")).cloned()
    });
    assert_eq!(names, [Some(json!("dns")), Some(json!("other"))]);
}

#[tokio::test]
async fn a_field_that_another_manager_wants_too_stays() {
    let Some(world) = World::new().await else { return };
    let map = |data: Value| world.config_map(data);
    let base = map(json!({ "a": "1", "b": "1" }));
    world.apply(&base, MANAGER).await;
    world.apply(&map(json!({ "b": "1" })), "somebody").await;
    let (said, after) = said(&world, &base, &map(json!({ "a": "2" }))).await;
    assert_snapshot!(said, @r#"
    Update ConfigMap (DryRun, settled Some(true))
      reason: not in the manifest any more, and stays in the cluster: `data.b`
      data.a: "1" → "2"
    "#);
    assert_eq!(after["data"], json!({ "a": "2", "b": "1" }));
}

#[tokio::test]
async fn a_null_takes_away() {
    let Some(world) = World::new().await else { return };
    let base = world.deployment(json!({ "minReadySeconds": 5 }));
    world.apply(&base, MANAGER).await;
    let (said, after) = said(&world, &base, &world.deployment(json!({ "minReadySeconds": null }))).await;
    assert_snapshot!(said, @r"
    Update Deployment (DryRun, settled Some(true))
      spec.minReadySeconds: 5 → –
    ");
    assert_eq!(after["spec"].get("minReadySeconds"), None);
}

#[tokio::test]
async fn fields_that_no_schema_names_are_compared_as_all_others() {
    let Some(world) = World::new().await else { return };
    let group = format!("{}.example.org", world.namespace);
    let free = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("widgets.{group}") },
        "spec": {
            "group": group, "scope": "Namespaced", "names": { "kind": "Widget", "plural": "widgets" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": { "type": "object", "properties": { "spec": free } },
            }}],
        },
    });
    world.define(&definition, &group).await;
    let widget = |spec: Value| world.object(&format!("{group}/v1"), "Widget", "w", json!({ "spec": spec }));
    let base = widget(json!({ "deep": { "list": [{ "name": "a", "x": 1 }], "kept": true } }));
    world.apply(&base, MANAGER).await;
    let head = widget(json!({ "deep": { "list": [{ "name": "a", "x": 2 }], "kept": true } }));
    let (said, after) = said(&world, &base, &head).await;
    assert_snapshot!(said, @r"
    Update Widget (DryRun, settled Some(true))
      spec.deep.list[name=a].x: 1 → 2
    ");
    assert_eq!(after["spec"], head["spec"]);
}

#[tokio::test]
async fn an_object_that_gets_a_new_name_each_time_is_not_tried() {
    let Some(world) = World::new().await else { return };
    let mut job = world.object("batch/v1", "Job", "", json!({ "spec": {} }));
    job["metadata"] = json!({ "namespace": world.namespace, "generateName": "run-" });
    let predicted = world.predict(&environment(), vec![input(None, Some(&job))]).await;
    assert_snapshot!(world.check(&predicted), @r"
    Create Job (Render, settled None)
      reason: predicted by rendering: it gets a new name at each apply
    ");
}
