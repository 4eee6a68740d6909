//! Fields that cannot be changed once they are set: the object would have to be replaced, and for which field is said.

use super::*;

fn template(image: &str, policy: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": "web" } },
        "spec": { "restartPolicy": policy, "containers": [{ "name": "web", "image": image }] },
    })
}

fn stateful_set(world: &World, name: &str, spec: Value) -> Value {
    let claim = |size: &str| {
        json!([{ "metadata": { "name": "data" }, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": size } },
        }}])
    };
    let mut set = world.object(
        "apps/v1",
        "StatefulSet",
        name,
        json!({ "spec": {
            "serviceName": "db", "selector": { "matchLabels": { "app": "web" } },
            "template": template("registry.example.org/db:1", "Always"), "volumeClaimTemplates": claim("1Gi"),
        }}),
    );
    let spec: Vec<(String, Value)> = spec.as_object().unwrap().clone().into_iter().collect();
    for (key, value) in spec {
        let value = if key == "volumeClaimTemplates" { claim(value.as_str().unwrap()) } else { value };
        set["spec"][key] = value;
    }
    set
}

/// Manifests at base and head.
fn pairs(world: &World) -> Vec<[Value; 2]> {
    let set =
        |name: &str, spec: Value| [stateful_set(world, name, json!({})), stateful_set(world, name, spec)];
    let service = |rest: Value| {
        let mut service =
            world.object("v1", "Service", "web", json!({ "spec": { "ports": [{ "port": 80 }] } }));
        service["spec"].as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        service
    };
    let job = |name: &str, image: &str, completions: u32| {
        let spec = json!({ "template": template(image, "Never"), "completions": completions });
        world.object("batch/v1", "Job", name, json!({ "spec": spec }))
    };
    let claim = |class: &str| {
        let spec = json!({
            "accessModes": ["ReadWriteOnce"], "storageClassName": class,
            "resources": { "requests": { "storage": "1Gi" } },
        });
        world.object("v1", "PersistentVolumeClaim", "db", json!({ "spec": spec }))
    };
    let selecting = |kind: &str, app: &str| {
        let mut template = template("registry.example.org/web:1", "Always");
        template["metadata"]["labels"]["app"] = json!(app);
        let spec = json!({ "selector": { "matchLabels": { "app": app } }, "template": template });
        world.object("apps/v1", kind, "web", json!({ "spec": spec }))
    };
    let map = |value: &str| {
        world.object("v1", "ConfigMap", "fixed", json!({ "immutable": true, "data": { "a": value } }))
    };
    let pod = |host: bool| {
        let spec = json!({ "hostNetwork": host, "containers": [{ "name": "web", "image": "registry.example.org/web:1" }] });
        world.object("v1", "Pod", "web", json!({ "spec": spec }))
    };
    vec![
        set("claims", json!({ "volumeClaimTemplates": "2Gi" })),
        set("served", json!({ "serviceName": "other" })),
        [service(json!({})), service(json!({ "clusterIP": "None" }))],
        [job("image", "registry.example.org/m:1", 1), job("image", "registry.example.org/m:2", 1)],
        [job("count", "registry.example.org/m:1", 1), job("count", "registry.example.org/m:1", 3)],
        [claim("slow"), claim("fast")],
        [selecting("Deployment", "web"), selecting("Deployment", "shop")],
        [selecting("DaemonSet", "web"), selecting("DaemonSet", "shop")],
        [map("1"), map("2")],
        [pod(false), pod(true)],
    ]
}

#[tokio::test]
async fn what_would_have_to_be_replaced_says_for_which_field() {
    let Some(world) = World::new().await else { return };
    let pairs = pairs(&world);
    for [base, _] in &pairs {
        world.apply(base, MANAGER).await;
    }
    let inputs = pairs.iter().map(|[base, head]| input(Some(base), Some(head))).collect();
    let predicted = world.predict(&environment(), inputs).await;
    for effect in &predicted.effects {
        assert!(effect.risks.contains(&Risk::Replace), "{}", effect.object);
        let data = effect.object.kind == "PersistentVolumeClaim";
        assert_eq!(effect.risks.contains(&Risk::DataLoss), data, "{}", effect.object);
    }
    let paths: Vec<String> = predicted
        .effects
        .iter()
        .flat_map(|effect| &effect.changes)
        .map(|change| change.path.clone())
        .collect();
    assert!(paths.iter().any(|path| path.starts_with("spec.volumeClaimTemplates")), "{paths:?}");
    assert_snapshot!(world.check(&predicted), @r"
    Fail StatefulSet (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec` cannot be changed once it is set, except `replicas`, `ordinals`, `template`, `updateStrategy`, `revisionHistoryLimit`, `persistentVolumeClaimRetentionPolicy`, `minReadySeconds`; it would have to be deleted and made anew
    Fail StatefulSet (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec` cannot be changed once it is set, except `replicas`, `ordinals`, `template`, `updateStrategy`, `revisionHistoryLimit`, `persistentVolumeClaimRetentionPolicy`, `minReadySeconds`; it would have to be deleted and made anew
    Fail Service (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.clusterIPs[0]` cannot be changed once it is set; it would have to be deleted and made anew
    Fail Job (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.template` cannot be changed once it is set; it would have to be deleted and made anew
    Fail Job (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.completions` cannot be changed once it is set; it would have to be deleted and made anew
    Fail PersistentVolumeClaim (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.storageClassName` cannot be changed once it is set; it would have to be deleted and made anew
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.selector` cannot be changed once it is set; it would have to be deleted and made anew
    Fail DaemonSet (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.selector` cannot be changed once it is set; it would have to be deleted and made anew
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: `data` cannot be changed once it is set; it would have to be deleted and made anew
    Fail Pod (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec` cannot be changed once it is set, except `spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations`, `spec.terminationGracePeriodSeconds`; it would have to be deleted and made anew
    ");
}

/// A field that is immutable among some that are wrong: replacing would not help.
#[tokio::test]
async fn what_would_be_refused_anyway_is_not_told_as_a_replacement() {
    let Some(world) = World::new().await else { return };
    let base = stateful_set(&world, "db", json!({}));
    world.apply(&base, MANAGER).await;
    let head = stateful_set(&world, "db", json!({ "volumeClaimTemplates": "2Gi", "replicas": -1 }));
    let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
    assert_snapshot!(world.check(&predicted), @r"
    Fail StatefulSet (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.replicas` has an invalid value: must be greater than or equal to 0; `spec` cannot be changed once it is set, except `replicas`, `ordinals`, `template`, `updateStrategy`, `revisionHistoryLimit`, `persistentVolumeClaimRetentionPolicy`, `minReadySeconds`
    ");
}
