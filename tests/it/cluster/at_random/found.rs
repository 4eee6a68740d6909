//! What runs have found to be wrong, or to be said without a reason, each by itself.

use super::*;

/// What comes of one pair, and how it was told.
async fn check(
    environment: &Environment,
    applier: Option<Applier>,
    world: &World,
    pair: Pair,
) -> Option<String> {
    let count = round(world, environment, &mut applier?, &[pair]).await;
    assert!(count.wrong.is_empty(), "{count}\n{}", count.wrong.join("\n"));
    Some(count.to_string())
}

fn changed(base: Value, change: impl FnOnce(&mut Value)) -> Pair {
    let mut head = base.clone();
    change(&mut head);
    Pair { base: Some(base), head, meanwhile: None }
}

#[tokio::test]
async fn flux_keeps_the_labels_that_a_job_is_given() {
    let Some(world) = World::new().await else { return };
    let pod =
        json!({ "restartPolicy": "Never", "containers": [{ "name": "web", "image": "example.org/web:1" }] });
    let job = |name: &str, template: Value| {
        let spec = json!({ "ttlSecondsAfterFinished": 60, "template": template });
        world.object("batch/v1", "Job", name, json!({ "spec": spec }))
    };
    let environment = applied(ApplyMode::ServerSide, "kustomize-controller");
    for (name, template) in [
        ("bare", json!({ "spec": pod })),
        ("labelled", json!({ "metadata": { "labels": { "a": "b" } }, "spec": pod })),
    ] {
        let pair = changed(job(name, template), |head| head["spec"]["ttlSecondsAfterFinished"] = json!(61));
        let Some(came) = check(&environment, Applier::flux().await, &world, pair).await else { return };
        assert!(came.starts_with("1 pairs: 1 settled and true (0 without effect)"), "{name}: {came}");
    }
}

#[tokio::test]
async fn flux_takes_an_annotation_that_is_null_for_a_text() {
    let Some(world) = World::new().await else { return };
    world.define(&kinds::definition(), GROUP).await;
    let environment = applied(ApplyMode::ServerSide, "kustomize-controller");
    let mut base = world.object("made.example.org/v1", "Widget", "noted", json!({ "spec": { "size": 2 } }));
    base["metadata"]["annotations"] = json!({ "example.org/b": "1" });
    let pair = changed(base, |head| head["metadata"]["annotations"] = json!({ "example.org/b": null }));
    let Some(came) = check(&environment, Applier::flux().await, &world, pair).await else { return };
    assert!(came.contains("some text to its applier"), "{came}");
}

#[tokio::test]
async fn what_is_being_deleted_is_not_settled() {
    let Some(world) = World::new().await else { return };
    let mut map = world.config_map(json!({ "a": "1" }));
    map["metadata"]["finalizers"] = json!(["example.org/one"]);
    let server_side: &'static [&'static str] = &["apply", "--server-side", "--force-conflicts"];
    for (verb, apply) in [(server_side, ApplyMode::ServerSide), (&["apply"], ApplyMode::ClientSide)] {
        map["metadata"]["name"] = json!(format!("{apply:?}").to_lowercase());
        let leaving = |change: fn(&mut Value)| {
            let mut pair = changed(map.clone(), change);
            pair.meanwhile = Some(Meanwhile::deleted());
            pair
        };
        // With its last finalizer it goes, and whatever was written to it.
        let pair = leaving(|head| drop(head["metadata"].as_object_mut().unwrap().remove("finalizers")));
        let environment = applied(apply, "kubectl");
        let Some(came) = check(&environment, Applier::kubectl(verb), &world, pair).await else { return };
        let why = "1 unsettled: predicted by rendering: it is being deleted in the cluster";
        assert!(came.contains(why), "{came}");
    }
}

#[tokio::test]
async fn a_change_of_version_is_settled_or_says_why_not() {
    let Some(world) = World::new().await else { return };
    let target = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" });
    let scaler = |version: &str, name: &str, most: u32| {
        let spec = json!({ "scaleTargetRef": target, "maxReplicas": most });
        let version = format!("autoscaling/{version}");
        world.object(&version, "HorizontalPodAutoscaler", name, json!({ "spec": spec }))
    };
    let environment = applied(ApplyMode::ServerSide, "kubectl");
    let verb = &["apply", "--server-side", "--force-conflicts"];
    // What both versions say alike stands where it stood.
    let same = Pair { base: Some(scaler("v1", "same", 4)), head: scaler("v2", "same", 5), meanwhile: None };
    let Some(came) = check(&environment, Applier::kubectl(verb), &world, same).await else { return };
    assert!(came.starts_with("1 pairs: 1 settled and true (0 without effect)"), "{came}");
    let mut base = scaler("v1", "other", 4);
    base["spec"]["targetCPUUtilizationPercentage"] = json!(80);
    let other = Pair { base: Some(base), head: scaler("v2", "other", 5), meanwhile: None };
    let Some(came) = check(&environment, Applier::kubectl(verb), &world, other).await else { return };
    let why = "1 unsettled: unsettled: it goes from `autoscaling/v1` to `autoscaling/v2`, and what becomes of base in \
               that version is not known";
    assert!(came.contains(why), "{came}");
}

#[tokio::test]
async fn argo_cd_fails_at_a_label_that_is_null() {
    let Some(world) = World::new().await else { return };
    let mut map = world.config_map(json!({ "a": "1" }));
    map["metadata"]["labels"] = json!({ "tier": "web", "team": "shop" });
    let pair = changed(map, |head| head["metadata"]["labels"]["tier"] = Value::Null);
    let environment = applied(ApplyMode::ServerSide, "argocd-controller");
    let applier = Applier::argo(&world, &["ServerSideApply=true"]).await;
    let Some(came) = check(&environment, applier, &world, pair).await else { return };
    assert!(came.contains("1 unsettled: predicted by rendering: its applier fails at a label"), "{came}");
}

#[tokio::test]
async fn what_flux_takes_over_is_said_to_be_overwritten() {
    let Some(world) = World::new().await else { return };
    let mut map = world.config_map(json!({ "a": "1" }));
    map["metadata"]["labels"] = json!({ "app": "shop", "team": "shop" });
    // The label that somebody changed leaves the manifest: Flux takes it from them.
    let mut pair = changed(map, |head| head["metadata"]["labels"] = json!({ "team": "shopx" }));
    pair.meanwhile = Some(Meanwhile::labelled("theirs"));
    let environment = applied(ApplyMode::ServerSide, "kustomize-controller");
    let Some(came) = check(&environment, Applier::flux().await, &world, pair).await else { return };
    assert!(came.contains("0 wrong; 1 fields that drifted"), "{came}");
}

#[tokio::test]
async fn helm_leaves_a_custom_resource_whose_manifest_stays() {
    let Some(world) = World::new().await else { return };
    world.define(&kinds::definition(), GROUP).await;
    let environment = applied(ApplyMode::Helm, "helm");
    for (name, size, outcome) in [("same", 3, "overwrites nothing"), ("other", 4, "writes what changes")] {
        let mut widget =
            world.object(&format!("{GROUP}/v1"), "Widget", name, json!({ "spec": { "size": 3 } }));
        widget["metadata"]["labels"] = json!({ "app": "shop" });
        let mut pair = changed(widget, |head| head["spec"]["size"] = json!(size));
        pair.meanwhile = Some(Meanwhile::labelled("theirs"));
        let Some(came) = check(&environment, Applier::helm(), &world, pair).await else { return };
        assert!(
            came.contains("1 unsettled: unsettled: what is live is not what base says"),
            "{outcome}: {came}"
        );
    }
}
