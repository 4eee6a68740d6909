//! What admission policies refuse: in the words of whoever wrote them, without live values.

use reqwest::Method;

use super::*;

const API: &str = "/apis/admissionregistration.k8s.io/v1";

/// Puts a policy of this kind, and this rest of its spec, in force for the Deployments of one namespace.
async fn policy(world: &World, kind: &str, name: &str, rest: Value, binding: Value) {
    let rule = json!({
        "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"],
    });
    let mut policy = json!({ "metadata": { "name": name }, "spec": {
        "failurePolicy": "Fail", "matchConstraints": { "resourceRules": [rule] },
    }});
    policy["spec"].as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    let mut bound = json!({ "metadata": { "name": name }, "spec": {
        "policyName": name,
        "matchResources": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": world.namespace } } },
    }});
    bound["spec"].as_object_mut().unwrap().extend(binding.as_object().unwrap().clone());
    world.server.call(Method::POST, &format!("{API}/{kind}admissionpolicies"), Some(policy)).await;
    world.server.call(Method::POST, &format!("{API}/{kind}admissionpolicybindings"), Some(bound)).await;
}

/// What is said once the server acts on a policy, which takes it a moment.
async fn refused(world: &World, base: &Value, head: &Value) -> String {
    let mut said = String::new();
    for _ in 0..200 {
        let predicted = world.predict(&environment(), vec![input(Some(base), Some(head))]).await;
        said = world.check(&predicted);
        if predicted.effects[0].operation == Operation::Fail {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    said
}

/// A Deployment with a note that only the cluster has.
async fn noted(world: &World) -> Value {
    let base = world.deployment(json!({ "replicas": 3 }));
    world.apply(&base, MANAGER).await;
    world.edit(&base, json!({ "metadata": { "annotations": { "note": "hunter2" } } })).await;
    base
}

#[tokio::test]
async fn a_policy_that_validates_refuses_in_its_words() {
    let Some(world) = World::new().await else { return };
    let base = noted(&world).await;
    let name = format!("five-{}", world.namespace);
    let says = r#"'ask the `platform` team first: ' + string(object.spec.replicas) + ' are many, and live says '
        + (oldObject == null ? '' : oldObject.metadata.annotations.note)"#;
    let validation = json!({ "expression": "object.spec.replicas <= 5", "messageExpression": says });
    let deny = json!({ "validationActions": ["Deny"] });
    policy(&world, "validating", &name, json!({ "validations": [validation] }), deny).await;
    let head = world.deployment(json!({ "replicas": 6 }));
    assert_snapshot!(refused(&world, &base, &head).await, @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: ValidatingAdmissionPolicy `five-NS` denies it: `ask the 'platform' team first: 6 are many, and live says ‹live›`
    ");
}

#[tokio::test]
async fn a_policy_that_mutates_refuses_what_it_cannot_change() {
    let Some(world) = World::new().await else { return };
    let base = noted(&world).await;
    let name = format!("adds-{}", world.namespace);
    let patch =
        r#"[JSONPatch{ op: "add", path: "/metadata/labels", value: {"team": object.metadata.labels.team} }]"#;
    let spec = json!({
        "reinvocationPolicy": "Never",
        "mutations": [{ "patchType": "JSONPatch", "jsonPatch": { "expression": patch } }],
    });
    policy(&world, "mutating", &name, spec, json!({})).await;
    let head = world.deployment(json!({ "replicas": 6 }));
    assert_snapshot!(refused(&world, &base, &head).await, @r#"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: MutatingAdmissionPolicy `adds-NS` denies it: `expression '[JSONPatch{ op: "add", path: "/metadata/labels", value: {"team": object.metadata.labels.team} }]' resulted in error: no such key: labels`; base is refused as well
    "#);
}

/// What stands in a map that the change brings is not the change's for that.
#[tokio::test]
async fn what_a_policy_adds_to_a_map_that_appears_is_no_part_of_the_change() {
    let Some(world) = World::new().await else { return };
    let base = world.deployment(json!({ "replicas": 3 }));
    world.apply(&base, MANAGER).await;
    let name = format!("notes-{}", world.namespace);
    let patch = r#"has(object.metadata.annotations)
        ? [JSONPatch{ op: "add", path: "/metadata/annotations/injected", value: "yes" }]
        : [JSONPatch{ op: "add", path: "/metadata/annotations", value: {"injected": "yes"} }]"#;
    let spec = json!({
        "reinvocationPolicy": "Never",
        "mutations": [{ "patchType": "JSONPatch", "jsonPatch": { "expression": patch } }],
    });
    policy(&world, "mutating", &name, spec, json!({})).await;
    let mut head = base.clone();
    head["metadata"]["annotations"] = json!({ "foo": "bar" });
    for _ in 0..200 {
        let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
        let said = world.check(&predicted);
        if predicted.effects[0].settled == Some(false) {
            assert!(said.contains("unsettled: what is live is not what base says"), "{said}");
            return;
        }
        assert!(!said.contains("injected"), "{said}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the policy is never in force");
}
