//! What cannot be asked, may not be asked, or is not answered.

use super::faults::between::{Between, Fault};
use super::*;

#[tokio::test]
async fn what_is_not_there_yet_leaves_the_render() {
    let Some(world) = World::new().await else { return };
    let mut elsewhere = world.config_map(json!({ "a": "1" }));
    elsewhere["metadata"]["namespace"] = json!("not-yet");
    let custom = world.object("example.org/v1", "Widget", "w", json!({ "spec": {} }));
    let unserved = world.object("apps/v1beta1", "Deployment", "w", json!({ "spec": {} }));
    let inputs = [&elsewhere, &custom, &unserved].map(|head| input(None, Some(head))).to_vec();
    let predicted = world.predict(&environment(), inputs).await;
    assert_eq!(predicted.tier, Tier::Render);
    assert_snapshot!(world.check(&predicted), @r"
    Create ConfigMap (Render, settled None)
      reason: predicted by rendering: namespace `not-yet` is not in the cluster yet
    Create Widget (Render, settled None)
      reason: predicted by rendering: kind `Widget` of `example.org/v1` is not in the cluster yet
    Create Deployment (Render, settled None)
      reason: predicted by rendering: version `v1beta1` of `Deployment` (it has v1) is not in the cluster yet
    ");
    assert_eq!(world.cluster.namespaced(&reference(&custom)).await.unwrap(), None);
    assert_eq!(world.cluster.namespaced(&reference(&elsewhere)).await.unwrap(), Some(true));
    assert_eq!(world.cluster.read(&reference(&custom)).await.unwrap(), None);
}

#[tokio::test]
async fn an_object_whose_surroundings_the_change_touches_is_not_tried() {
    let Some(world) = World::new().await else { return };
    let map = world.config_map(json!({ "a": "1" }));
    let namespace = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": world.namespace,
            "labels": { "pod-security.kubernetes.io/enforce": "restricted" },
        },
    });
    let pod = world.object("v1", "Pod", "p", json!({ "spec": { "hostNetwork": true, "containers": [] } }));
    let inputs = [&namespace, &pod, &map].map(|head| input(None, Some(head))).to_vec();
    let predicted = world.predict(&environment(), inputs).await;
    assert_eq!(predicted.effects[0].tier, Tier::DryRun, "the namespace itself is tried");
    let quota =
        world.object("v1", "ResourceQuota", "q", json!({ "spec": { "hard": { "configmaps": "1" } } }));
    let limited =
        world.predict(&environment(), vec![input(None, Some(&quota)), input(None, Some(&map))]).await;
    let all = [world.check(&predicted), world.check(&limited)].join("\n");
    assert_snapshot!(all, @r#"
    Update Namespace (DryRun, settled Some(false))
      reason: it is in the cluster already, and would be changed
    Create Pod (Render, settled None)
      reason: predicted by rendering: the same change touches its namespace `NS`
    Create ConfigMap (Render, settled None)
      reason: predicted by rendering: the same change touches its namespace `NS`
    Create ResourceQuota (DryRun, settled Some(true))
      : null → {"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q","namespace":"NS"},"spec":{"hard":{"configmaps":"1"}}}
    Create ConfigMap (Render, settled None)
      reason: predicted by rendering: the same change touches the limits of its namespace `NS`
    "#);
}

#[tokio::test]
async fn a_permission_that_is_missing_is_an_error_and_never_no_change() {
    let Some(world) = World::new().await else { return };
    let map = world.config_map(json!({ "a": "1" }));
    world.apply(&map, MANAGER).await;
    let account = world.server.token_for(&world.namespace, "bot").await;
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"] }]);
    world.server.allow(&account, rules).await;
    let cluster = connect(&world.server.kubeconfig_for(&world.namespace, &account.token)).await;
    let head = world.config_map(json!({ "a": "2" }));
    let inputs = vec![input(Some(&map), Some(&head)), input(Some(&map), None)];
    let predicted = predict(&cluster, &environment(), inputs.clone()).await;
    assert_snapshot!(world.check(&predicted), @r"
    Update ConfigMap (Render, settled None)
    Delete ConfigMap (Live, settled None)
    undecided: ConfigMap NS/settings: cluster `test`: the cluster refused to tell (patch configmaps): the account may not patch `configmaps` in namespace `NS`
    ");
    let lenient = Environment { on_unreachable: OnUnreachable::Render, ..environment() };
    let predicted = predict(&cluster, &lenient, inputs).await;
    assert!(predicted.errors.iter().all(|error| !error.undecided));
    let refused = cluster.identity().await.unwrap_err();
    assert!(matches!(refused, ClusterError::Forbidden { verb: "get", .. }), "{refused}");
}

#[tokio::test]
async fn credentials_that_are_not_accepted_are_an_error() {
    let Some(world) = World::new().await else { return };
    let cluster = connect(&world.server.kubeconfig_for(&world.namespace, "not-a-token")).await;
    let map = world.config_map(json!({ "a": "1" }));
    let predicted = predict(&cluster, &environment(), vec![input(None, Some(&map))]).await;
    assert_snapshot!(world.check(&predicted), @r"
    Create ConfigMap (Render, settled None)
    undecided: ConfigMap NS/settings: cluster `test`: the cluster refused to tell (list the kinds that are served): the credentials are not accepted
    ");
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_is_an_error_and_nobody_waits() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let closed = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "c", "cluster": { "server": "http://127.0.0.1:9" } }],
        "users": [{ "name": "u", "user": {} }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
        "current-context": "c",
    });
    std::fs::write(&kubeconfig, closed.to_string()).unwrap();
    let cluster = connect(&kubeconfig).await;
    let map = |number: usize| {
        let metadata = json!({ "name": format!("m-{number}"), "namespace": "shop" });
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {} })
    };
    let inputs = (0..200).map(|number| input(None, Some(&map(number)))).collect();
    let started = std::time::Instant::now();
    let predicted = predict(&cluster, &environment(), inputs).await;
    assert!(started.elapsed() < std::time::Duration::from_secs(5));
    assert_eq!(predicted.effects.len(), 200);
    assert!(
        predicted
            .effects
            .iter()
            .all(|effect| effect.operation == Operation::Create && effect.settled.is_none())
    );
    assert!(predicted.errors.iter().all(|error| error.undecided));
    assert_snapshot!(predicted.errors[0].message, @"cluster `test` does not answer (Connection refused (os error 111)): 198 more objects were not asked about");
    assert_snapshot!(predicted.errors[1].message, @"ConfigMap shop/m-0: cluster `test`: the cluster did not answer: it did not answer a moment ago");
}

#[tokio::test]
async fn what_is_outside_of_the_destinations_is_not_asked_about() {
    let Some(world) = World::new().await else { return };
    let Some(other) = World::new().await else { return };
    let data = |world: &World, value: &str| world.config_map(json!({ "a": value }));
    let mut inputs = Vec::new();
    for world in [&world, &other] {
        world.apply(&data(world, "1"), MANAGER).await;
        inputs.push(input(Some(&data(world, "1")), Some(&data(world, "2"))));
    }
    let class = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": "fast" }, "provisioner": "a/b",
    });
    inputs.push(input(None, Some(&class)));
    let between = Between::start(world.server, |_| Fault::None).await;
    let cluster = connect(&between.kubeconfig(world.server, world.server.admin_token())).await;
    let environment = Environment { destinations: vec![world.namespace.clone()], ..environment() };
    let predicted = predict(&cluster, &environment, inputs).await;
    assert_snapshot!(world.check(&predicted), @r#"
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → "2"
    Update ConfigMap (Render, settled None)
      reason: predicted by rendering: it is in none of the environment's `destinations`
    Create StorageClass (Render, settled None)
      reason: predicted by rendering: it is in none of the environment's `destinations`
    "#);
    let elsewhere = |path: &str| path.contains(&other.namespace) || path.contains("storageclasses");
    assert_eq!(between.asked(elsewhere), 0);
}

#[tokio::test]
async fn a_secret_is_never_read_nor_sent() {
    let Some(world) = World::new().await else { return };
    let secret = world.object("v1", "Secret", "s", json!({ "stringData": { "a": "hunter2" } }));
    let object = reference(&secret);
    world.apply(&secret, MANAGER).await;
    world.cluster.read(&object).await.unwrap_err();
    let sent = world.cluster.dry_run(&object, &Write::Apply(secret.clone()), MANAGER).await.unwrap();
    assert!(matches!(sent.prediction, Prediction::Unpredictable { .. }));
    // Nor under a name that hides it.
    let disguised = ObjectRef { kind: "ConfigMap".to_owned(), ..object };
    world.cluster.dry_run(&disguised, &Write::Apply(secret.clone()), MANAGER).await.unwrap_err();
    let mut head = secret.clone();
    head["stringData"]["a"] = json!("hunter3");
    let predicted = world.predict(&environment(), vec![input(Some(&secret), Some(&head))]).await;
    assert_eq!(world.check(&predicted), "Update Secret (Render, settled None)");
}

#[tokio::test]
async fn identity_is_the_uid_of_kube_system() {
    let Some(world) = World::new().await else { return };
    let system = world.server.call(reqwest::Method::GET, "/api/v1/namespaces/kube-system", None).await;
    assert_eq!(world.cluster.identity().await.unwrap(), system["metadata"]["uid"].as_str().unwrap());
}
