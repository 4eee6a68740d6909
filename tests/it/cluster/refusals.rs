//! What the server refuses, and in which words that is said.

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
      reason: the cluster refuses it: `spec` cannot be changed once it is set; it would have to be deleted and made anew
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: `data` cannot be changed once it is set; it would have to be deleted and made anew
    ");
}

#[tokio::test]
async fn an_admission_policy_is_named() {
    let Some(world) = World::new().await else { return };
    let name = format!("five-{}", world.namespace);
    let rule = json!({
        "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"],
    });
    let policy = json!({ "metadata": { "name": name }, "spec": {
        "failurePolicy": "Fail",
        "matchConstraints": { "resourceRules": [rule] },
        "validations": [{ "expression": "object.spec.replicas <= 5", "messageExpression": "'has hunter2'" }],
    }});
    let binding = json!({ "metadata": { "name": name }, "spec": {
        "policyName": name,
        "validationActions": ["Deny"],
        "matchResources": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": world.namespace } } },
    }});
    let api = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic";
    world.server.call(reqwest::Method::POST, &format!("{api}ies"), Some(policy)).await;
    world.server.call(reqwest::Method::POST, &format!("{api}ybindings"), Some(binding)).await;
    let head = world.deployment(json!({ "replicas": 6 }));
    // The server takes a moment to act on a policy.
    let mut said = String::new();
    for _ in 0..100 {
        let predicted = world.predict(&environment(), vec![input(None, Some(&head))]).await;
        said = world.check(&predicted);
        if predicted.effects[0].operation == Operation::Fail {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_snapshot!(said, @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: ValidatingAdmissionPolicy `five-NS` denies it
    ");
}
