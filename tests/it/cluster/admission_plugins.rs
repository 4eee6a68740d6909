//! What the server's own admission plugins refuse: quotas, limits, Pod Security, classes and accounts that are not there.
//! The applier would be refused as well, so each is a refusal in words, and no missing permission.

use std::time::Duration;

use reqwest::Method;

use super::*;

fn pod(world: &World, name: &str, spec: Value) -> Value {
    let container = json!({ "name": "web", "image": "registry.example.org/web:1" });
    let mut pod = world.object("v1", "Pod", name, json!({ "spec": { "containers": [container] } }));
    pod["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    pod
}

fn resources(limits: Value, requests: Value) -> Value {
    let resources = json!({ "limits": limits, "requests": requests });
    json!({ "containers": [{ "name": "web", "image": "registry.example.org/web:1", "resources": resources }] })
}

fn claim(world: &World, size: &str, class: &str) -> Value {
    let spec = json!({
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": class,
        "resources": { "requests": { "storage": size } },
    });
    world.object("v1", "PersistentVolumeClaim", "db", json!({ "spec": spec }))
}

fn cluster_scoped(api_version: &str, kind: &str, name: &str, rest: Value) -> Value {
    let mut object = json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name } });
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

/// What is said of a new object, once the server acts on what was just set up, which takes it a moment.
async fn refused(world: &World, head: &Value) -> String {
    let mut said = String::new();
    for _ in 0..200 {
        let predicted = world.predict(&environment(), vec![input(None, Some(head))]).await;
        said = world.check(&predicted);
        if predicted.effects[0].operation == Operation::Fail {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    said
}

#[tokio::test]
async fn a_quota_refuses() {
    let Some(world) = World::new().await else { return };
    let hard = json!({ "configmaps": "1", "limits.cpu": "1", "requests.memory": "1Gi" });
    let quota = world.object("v1", "ResourceQuota", "few", json!({ "spec": { "hard": hard } }));
    world.make(&quota).await;
    let used = json!({ "configmaps": "1", "limits.cpu": "0", "requests.memory": "0" });
    world.status(&quota, json!({ "hard": hard, "used": used })).await;
    assert_snapshot!(refused(&world, &world.config_map(json!({ "a": "hunter2" }))).await, @r"
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: it exceeds the quota `few`: `configmaps`
    ");
    assert_snapshot!(refused(&world, &pod(&world, "silent", json!({}))).await, @r"
    Fail Pod (DryRun, settled Some(false))
      reason: the cluster refuses it: the quota `few` wants it to say its resources: `limits.cpu`
    ");
    let large = resources(json!({ "cpu": "3" }), json!({ "memory": "1Mi" }));
    assert_snapshot!(refused(&world, &pod(&world, "large", large)).await, @r"
    Fail Pod (DryRun, settled Some(false))
      reason: the cluster refuses it: it exceeds the quota `few`: `limits.cpu`
    ");
    // What fits passes.
    let small = resources(json!({ "cpu": "1" }), json!({ "memory": "1Mi" }));
    let predicted =
        world.predict(&environment(), vec![input(None, Some(&pod(&world, "small", small)))]).await;
    assert_eq!(predicted.effects[0].settled, Some(true), "{}", world.check(&predicted));
}

#[tokio::test]
async fn a_limit_range_refuses() {
    let Some(world) = World::new().await else { return };
    let limits = json!([
        { "type": "Container", "max": { "cpu": "1" }, "maxLimitRequestRatio": { "memory": "2" } },
        { "type": "Pod", "max": { "cpu": "1" } },
        { "type": "PersistentVolumeClaim", "max": { "storage": "1Gi" } },
    ]);
    world.make(&world.object("v1", "LimitRange", "some", json!({ "spec": { "limits": limits } }))).await;
    let ratio = resources(json!({ "cpu": "1", "memory": "9Mi" }), json!({ "memory": "2Mi" }));
    assert_snapshot!(refused(&world, &pod(&world, "ratio", ratio)).await, @r"
    Fail Pod (DryRun, settled Some(false))
      reason: the cluster refuses it: it is outside the LimitRange of its namespace: `memory max limit to request ratio per Container`
    ");
    let large = resources(json!({ "cpu": "3" }), json!({}));
    assert_snapshot!(refused(&world, &pod(&world, "large", large)).await, @r"
    Fail Pod (DryRun, settled Some(false))
      reason: the cluster refuses it: it is outside the LimitRange of its namespace: `maximum cpu usage per Container`; `memory max limit to request ratio per Container`; `maximum cpu usage per Pod`
    ");
    assert_snapshot!(refused(&world, &claim(&world, "5Gi", "slow")).await, @r"
    Fail PersistentVolumeClaim (DryRun, settled Some(false))
      reason: the cluster refuses it: it is outside the LimitRange of its namespace: `maximum storage usage per PersistentVolumeClaim`
    ");
}

#[tokio::test]
async fn pod_security_refuses_pods_and_warns_of_those_who_make_them() {
    let Some(world) = World::new().await else { return };
    let level = async |level: &str| {
        let labels = json!({
            "pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/warn": level,
        });
        let path = format!("/api/v1/namespaces/{}", world.namespace);
        let labels = json!({ "metadata": { "labels": labels } });
        world.server.patch(&path, "application/merge-patch+json", &labels).await;
    };
    level("baseline").await;
    assert_snapshot!(refused(&world, &pod(&world, "host", json!({ "hostNetwork": true }))).await, @r"
    Fail Pod (DryRun, settled Some(false))
      reason: the cluster refuses it: it violates PodSecurity `baseline:latest`: `host namespaces`
    ");
    level("restricted").await;
    assert_snapshot!(refused(&world, &pod(&world, "plain", json!({}))).await, @r"
    Fail Pod (DryRun, settled Some(false))
      reason: the cluster refuses it: it violates PodSecurity `restricted:latest`: `allowPrivilegeEscalation != false`; `runAsNonRoot != true`; `seccompProfile`; `unrestricted capabilities`
    ");
    let deployment = world.deployment(json!({}));
    let predicted = world.predict(&environment(), vec![input(None, Some(&deployment))]).await;
    assert_eq!(predicted.effects[0].settled, Some(true), "{}", world.check(&predicted));
    assert_snapshot!(predicted.effects[0].reason.as_ref().unwrap(), @r#"the cluster warns: `would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "web" must set securityContext.capabilities.dro…`"#);
}

#[tokio::test]
async fn a_claim_grows_only_where_its_class_lets_it() {
    let Some(world) = World::new().await else { return };
    let class = |name: &str, grows: bool| {
        let rest = json!({ "provisioner": "example.org/disks", "allowVolumeExpansion": grows });
        cluster_scoped("storage.k8s.io/v1", "StorageClass", &format!("{name}-{}", world.namespace), rest)
    };
    let mut said = Vec::new();
    for grows in [false, true] {
        let class = class(if grows { "elastic" } else { "rigid" }, grows);
        let classes = "/apis/storage.k8s.io/v1/storageclasses";
        world.server.call(Method::POST, classes, Some(class.clone())).await;
        let name = class["metadata"]["name"].as_str().unwrap();
        let of_size = |size: &str| {
            let mut claim = claim(&world, size, name);
            claim["metadata"]["name"] = json!(name);
            claim
        };
        let (base, head) = (of_size("1Gi"), of_size("2Gi"));
        world.apply(&base, MANAGER).await;
        world.status(&base, json!({ "phase": "Bound", "capacity": { "storage": "1Gi" } })).await;
        let mut one = String::new();
        for _ in 0..200 {
            let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
            one = world.check(&predicted);
            if grows == (predicted.effects[0].settled == Some(true)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        said.push(one);
        // The class lets it grow at head alone.
        let mut elastic = class.clone();
        elastic["allowVolumeExpansion"] = json!(true);
        let inputs = vec![input(Some(&class), Some(&elastic)), input(Some(&base), Some(&head))];
        let predicted = world.predict(&environment(), inputs).await;
        said.push(predicted.effects[1].reason.clone().unwrap().replace(&world.namespace, "NS"));
    }
    assert_snapshot!(said.join("\n"), @r#"
    Fail PersistentVolumeClaim (DryRun, settled Some(false))
      reason: the cluster refuses it: only a claim whose StorageClass allows it (`allowVolumeExpansion`) can grow
    predicted by rendering: the same change touches its StorageClass `rigid-NS`
    Update PersistentVolumeClaim (DryRun, settled Some(true))
      spec.resources.requests.storage: "1Gi" → "2Gi"
    predicted by rendering: the same change touches its StorageClass `elastic-NS`
    "#);
}

#[tokio::test]
async fn a_class_that_a_pod_names_and_nobody_made_is_missing() {
    let Some(world) = World::new().await else { return };
    let named = |field: &str| pod(&world, field, json!({ field: format!("none-{}", world.namespace) }));
    let [priority, runtime] = ["priorityClassName", "runtimeClassName"].map(named);
    let said = [refused(&world, &priority).await, refused(&world, &runtime).await].join("\n");
    assert_snapshot!(said, @r"
    Fail Pod (DryRun, settled Some(false))
      reason: the cluster refuses it: its PriorityClass `none-NS` is not in the cluster
    Fail Pod (DryRun, settled Some(false))
      reason: the cluster refuses it: its RuntimeClass `none-NS` is not in the cluster
    ");
    // Where they come with the same change, they are there by then.
    let name = format!("none-{}", world.namespace);
    let classes = [
        cluster_scoped("scheduling.k8s.io/v1", "PriorityClass", &name, json!({ "value": 7 })),
        cluster_scoped("node.k8s.io/v1", "RuntimeClass", &name, json!({ "handler": "other" })),
    ];
    let inputs = classes.iter().chain([&priority, &runtime]).map(|head| input(None, Some(head)));
    let predicted = world.predict(&environment(), inputs.collect()).await;
    let said: Vec<String> = predicted.effects.iter().map(|effect| format!("{:?}", effect.settled)).collect();
    assert_eq!(said, ["Some(true)", "Some(true)", "None", "None"]);
    let reasons: Vec<&str> = predicted.effects.iter().filter_map(|effect| effect.reason.as_deref()).collect();
    assert_snapshot!(reasons.join("\n").replace(&world.namespace, "NS"), @r"
    predicted by rendering: the same change touches its PriorityClass `none-NS`
    predicted by rendering: the same change touches its RuntimeClass `none-NS`
    ");
    // A class for all who name none is one for this Pod.
    let default = cluster_scoped(
        "scheduling.k8s.io/v1",
        "PriorityClass",
        &name,
        json!({ "value": 7, "globalDefault": true }),
    );
    let inputs = [default, pod(&world, "plain", json!({}))].map(|head| input(None, Some(&head))).to_vec();
    let predicted = world.predict(&environment(), inputs).await;
    assert_snapshot!(predicted.effects[1].reason.as_ref().unwrap(), @"predicted by rendering: the same change touches the default PriorityClass");
}

#[tokio::test]
async fn a_service_account_that_a_pod_names_and_nobody_made_is_missing() {
    let Some(world) = World::with_all_plugins().await else { return };
    let account = |name: &str| world.object("v1", "ServiceAccount", name, json!({}));
    let of = |name: &str| pod(&world, name, json!({ "serviceAccountName": name }));
    assert_snapshot!(refused(&world, &of("shop")).await, @r"
    Fail Pod (DryRun, settled Some(false))
      reason: the cluster refuses it: its ServiceAccount `shop` is not in the cluster
    ");
    let inputs = [account("shop"), of("shop")].map(|head| input(None, Some(&head))).to_vec();
    let predicted = world.predict(&environment(), inputs).await;
    assert_snapshot!(world.check(&predicted), @r#"
    Create ServiceAccount (DryRun, settled Some(true))
      : null → {"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"shop","namespace":"NS"}}
    Create Pod (Render, settled None)
      reason: predicted by rendering: the same change touches its ServiceAccount `shop`
    "#);
    world.make(&account("shop")).await;
    let predicted = world.predict(&environment(), vec![input(None, Some(&of("shop")))]).await;
    assert_eq!(predicted.effects[0].settled, Some(true), "{}", world.check(&predicted));
}

#[tokio::test]
async fn a_namespace_that_is_being_deleted_takes_nothing_new() {
    let Some(world) = World::new().await else { return };
    let (base, head) = (world.config_map(json!({ "a": "1" })), world.config_map(json!({ "a": "2" })));
    world.apply(&base, MANAGER).await;
    world.server.call(Method::DELETE, &format!("/api/v1/namespaces/{}", world.namespace), None).await;
    let new = world.object("v1", "ConfigMap", "new", json!({ "data": {} }));
    let said = refused(&world, &new).await;
    // What is there may still be changed.
    let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
    assert_snapshot!([said, world.check(&predicted)].join("\n"), @r#"
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: its namespace is being deleted
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → "2"
    "#);
}

/// What a plugin says of the account, and not of the object, is no refusal.
#[tokio::test]
async fn an_owner_that_the_account_may_not_finalize_is_a_missing_right() {
    let flags = ["--enable-admission-plugins=OwnerReferencesPermissionEnforcement"];
    let Some(server) = crate::parts::apiserver_with(&flags).await else { return };
    let namespace = server.create_namespace().await;
    let account = server.token_for(&namespace, "bot").await;
    let verbs = json!(["get", "create", "patch"]);
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": verbs }]);
    server.allow(&account, rules).await;
    let cluster = connect(&server.kubeconfig_for(&namespace, &account.token)).await;
    let owner = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "0b0e4f3c", "blockOwnerDeletion": true,
    });
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": { "a": "1" },
        "metadata": { "name": "owned", "namespace": namespace, "ownerReferences": [owner] },
    });
    let predicted = predict(&cluster, &environment(), vec![input(None, Some(&map))]).await;
    assert_snapshot!(words(&predicted).replace(&namespace, "NS"), @r"
    Create ConfigMap (Render, settled None)
    undecided: ConfigMap NS/owned: cluster `test`: the cluster refused to tell (patch configmaps): the account may not set finalizers of the object's owners (`blockOwnerDeletion`)
    ");
}
