//! What the server refuses, and in which words that is said.

use super::client_side::widgets;
use super::faults::between::{Between, Fault};
use super::*;

#[tokio::test]
async fn a_refusal_says_what_and_where_and_no_value() {
    let Some(world) = World::new().await else { return };
    let check = async |base: &Value, head: &Value| {
        let predicted = world.predict(&environment(), vec![input(Some(base), Some(head))]).await;
        assert!(!words(&predicted).contains("hunter2"));
        world.check(&predicted)
    };
    let base = world.deployment(json!({}));
    world.apply(&base, MANAGER).await;
    let unknown = world.deployment(json!({ "replicaz": "hunter2" }));
    assert_snapshot!(check(&base, &unknown).await, @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.replicaz` is not a field of its kind
    ");
    let mut misplaced = base.clone();
    misplaced["metadata"]["lables"] = json!({ "a": "hunter2" });
    assert_snapshot!(check(&base, &misplaced).await, @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `metadata.lables` is not a field of its kind
    ");
    let container = json!({
        "name": "web",
        "image": "registry.example.org/web:1",
        "env": [{ "name": "A", "value": "1" }, { "name": "A", "value": "hunter2" }],
    });
    let mut twice = base.clone();
    twice["spec"]["template"]["spec"]["containers"] = json!([container]);
    assert_snapshot!(check(&base, &twice).await, @r#"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.template.spec.containers[name="web"].env` has two entries with the same key
    "#);
    assert_snapshot!(check(&base, &world.deployment(json!({ "replicas": -1 }))).await, @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.replicas` has an invalid value: must be greater than or equal to 0
    ");
    assert_snapshot!(check(&unknown, &world.deployment(json!({ "replicaz": 3, "paused": true }))).await, @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.replicaz` is not a field of its kind; base is refused as well
    ");
}

#[tokio::test]
async fn an_immutable_field_fails_where_nobody_forces_it() {
    let Some(world) = World::new().await else { return };
    let base = world.deployment(json!({}));
    let mut head = world.deployment(json!({ "selector": { "matchLabels": { "app": "hunter2" } } }));
    head["spec"]["template"]["metadata"]["labels"] = json!({ "app": "hunter2" });
    let claim = |size: &str, class: &str| {
        let spec = json!({
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": class,
            "resources": { "requests": { "storage": size } },
        });
        world.object("v1", "PersistentVolumeClaim", "db", json!({ "spec": spec }))
    };
    let (claimed, moved) = (claim("1Gi", "slow"), claim("1Gi", "hunter2"));
    let fixed = |value: &str| {
        world.object("v1", "ConfigMap", "fixed", json!({ "immutable": true, "data": { "a": value } }))
    };
    for applied in [&base, &claimed, &fixed("1")] {
        world.apply(applied, MANAGER).await;
    }
    let inputs = vec![
        input(Some(&base), Some(&head)),
        input(Some(&claimed), Some(&moved)),
        input(Some(&fixed("1")), Some(&fixed("hunter2"))),
    ];
    let predicted = world.predict(&environment(), inputs).await;
    assert_eq!(predicted.effects[1].risks, [Risk::Replace, Risk::DataLoss, Risk::Image].into());
    assert_snapshot!(world.check(&predicted), @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.selector` cannot be changed once it is set; it would have to be deleted and made anew
    Fail PersistentVolumeClaim (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.storageClassName` cannot be changed once it is set; it would have to be deleted and made anew
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: `data` cannot be changed once it is set; it would have to be deleted and made anew
    ");
}

#[tokio::test]
async fn a_value_that_only_the_definition_at_head_allows_is_refused_by_the_live_one() {
    let Some(world) = World::new().await else { return };
    let group = widgets(&world).await;
    let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{group}");
    let mut definition = world.server.call(reqwest::Method::GET, &path, None).await;
    let color = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/color/enum";
    let with = |definition: &Value, colors: Value| {
        let mut other = definition.clone();
        other.pointer_mut(color.trim_end_matches("/enum")).unwrap()["enum"] = colors;
        other
    };
    definition = with(&definition, json!(["red"]));
    world.server.call(reqwest::Method::PUT, &path, Some(definition.clone())).await;
    let widget = |name: &str, color: &str| {
        world.object(&format!("{group}/v1"), "Widget", name, json!({ "spec": { "size": 1, "color": color } }))
    };
    let (base, head) = (widget("w", "red"), widget("w", "hunter2"));
    world.apply(&base, MANAGER).await;
    let mut said = String::new();
    for _ in 0..200 {
        let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
        said = world.check(&predicted);
        if predicted.effects[0].operation == Operation::Fail {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // With the definition that allows it, nobody can tell before that is there.
    let allows = with(&definition, json!(["red", "hunter2"]));
    let inputs = vec![input(Some(&definition), Some(&allows)), input(Some(&base), Some(&head))];
    let predicted = world.predict(&environment(), inputs).await;
    let with_definition = predicted.effects[1].reason.as_ref().unwrap();
    assert_eq!(predicted.effects[1].operation, Operation::Update);
    assert_snapshot!([&said, with_definition].map(String::as_str).join("\n"), @r"
    Fail Widget (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.color` has a value that is not one of those supported
    predicted by rendering: the same change touches its custom resource definition
    ");
}

/// A server that only warns of it answers with the object as it is: that is not the same as no effect.
#[tokio::test]
async fn an_object_that_is_made_with_a_field_that_its_kind_does_not_have_is_refused() {
    let Some(world) = World::new().await else { return };
    let group = widgets(&world).await;
    let spec = json!({ "size": 1, "sise": "hunter2" });
    let head = world.object(&format!("{group}/v1"), "Widget", "w", json!({ "spec": spec }));
    let want = "Fail Widget (DryRun, settled Some(false))\n  reason: the cluster refuses it: `spec.sise` is not a field of its kind";
    for apply in [ApplyMode::ServerSide, ApplyMode::ClientSide, ApplyMode::Replace] {
        let environment = Environment { apply, ..environment() };
        let said = world.predict(&environment, vec![input(None, Some(&head))]).await;
        assert_eq!(world.check(&said).trim(), want, "{apply:?}");
    }
}

#[tokio::test]
async fn a_patch_with_a_field_that_the_kind_does_not_have_is_never_no_effect() {
    let Some(world) = World::new().await else { return };
    let group = widgets(&world).await;
    let widget = |spec: Value| world.object(&format!("{group}/v1"), "Widget", "w", json!({ "spec": spec }));
    let (base, head) = (widget(json!({ "size": 1 })), widget(json!({ "size": 1, "sise": "hunter2" })));
    world.apply_client_side(&base).await;
    let mut all = Vec::new();
    for fault in [Fault::None, Fault::Lenient] {
        let between = Between::start(world.server, move |_| fault).await;
        let cluster = connect(&between.kubeconfig(world.server, world.server.admin_token())).await;
        for apply in [ApplyMode::ServerSide, ApplyMode::ClientSide, ApplyMode::Helm, ApplyMode::Replace] {
            let environment = Environment { apply, ..environment() };
            let mut predicted = predict(&cluster, &environment, vec![input(Some(&base), Some(&head))]).await;
            assert_ne!(predicted.effects[0].operation, Operation::None, "{fault:?} {apply:?}");
            predicted.errors.clear();
            all.push(format!("{fault:?} {apply:?}: {}", world.check(&predicted)));
        }
    }
    assert!(!all.join("\n").contains("hunter2"));
    assert_snapshot!(all.join("\n"), @r#"
    None ServerSide: Fail Widget (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.sise` is not a field of its kind
    None ClientSide: Fail Widget (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.sise` is not a field of its kind
    None Helm: Update Widget (Render, settled None)
      reason: predicted by rendering: `spec.sise` is not a field of its kind, which its applier does not tell the server
    None Replace: Fail Widget (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.sise` is not a field of its kind
    Lenient ServerSide: Fail Widget (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.sise` is not a field of its kind
    Lenient ClientSide: Fail Widget (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.sise` is not a field of its kind; the cluster warns: `unknown field "spec.sise"`
    Lenient Helm: Update Widget (Render, settled None)
      reason: predicted by rendering: `spec.sise` is not a field of its kind, which its applier does not tell the server; the cluster warns: `unknown field "spec.sise"`
    Lenient Replace: Fail Widget (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.sise` is not a field of its kind; the cluster warns: `unknown field "spec.sise"`
    "#);
}

#[tokio::test]
async fn a_variable_that_stands_twice_is_taken_client_side_and_refused_server_side() {
    let Some(world) = World::new().await else { return };
    let base = world.deployment(json!({}));
    let mut head = base.clone();
    head["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{ "name": "A", "value": "1" }, { "name": "A", "value": "2" }]);
    world.apply_client_side(&base).await;
    let mut new = head.clone();
    new["metadata"]["name"] = json!("new");
    let mut all = Vec::new();
    for apply in [ApplyMode::ServerSide, ApplyMode::ClientSide, ApplyMode::Helm, ApplyMode::Replace] {
        let environment = Environment { apply, ..environment() };
        let inputs = vec![input(Some(&base), Some(&head)), input(None, Some(&new))];
        let mut predicted = world.predict(&environment, inputs).await;
        predicted.errors.retain(|error| error.undecided);
        for effect in &mut predicted.effects {
            effect.changes.clear();
        }
        all.push(format!("{apply:?}:\n{}", world.check(&predicted)));
    }
    assert_snapshot!(all.join("\n"), @r#"
    ServerSide:
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.template.spec.containers[name="web"].env` has two entries with the same key
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.template.spec.containers[name="web"].env` has two entries with the same key
    ClientSide:
    Update Deployment (DryRun, settled Some(true))
      reason: the cluster warns: `spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply`
    Create Deployment (DryRun, settled Some(true))
      reason: the cluster warns: `spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply`
    Helm:
    Update Deployment (DryRun, settled Some(false))
      reason: unsettled: it does not say that a Helm release owns it; the cluster warns: `spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply`
    Create Deployment (DryRun, settled Some(true))
      reason: the cluster warns: `spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply`
    Replace:
    Update Deployment (DryRun, settled Some(true))
      reason: the cluster warns: `spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply`
    Create Deployment (DryRun, settled Some(true))
      reason: the cluster warns: `spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply`
    "#);
}
