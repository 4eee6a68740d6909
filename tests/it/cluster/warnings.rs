//! What the server warns of without refusing it: it stands in words at the object that it is about, once, and harmless.

use reqwest::Method;

use super::webhooks::hook::Hook;
use super::webhooks::{API as WEBHOOKS, configuration, labelled, webhook};
use super::*;

const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic";

/// A policy that warns of each object with this label, in these words.
async fn policy(world: &World, label: &str, expression: &str) {
    let name = format!("{label}-{}", world.namespace);
    let policy = json!({ "metadata": { "name": name }, "spec": {
        "failurePolicy": "Fail",
        "matchConstraints": { "resourceRules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"],
        }]},
        "validations": [{ "expression": "false", "messageExpression": expression }],
    }});
    let binding = json!({ "metadata": { "name": name }, "spec": {
        "policyName": name,
        "validationActions": ["Warn"],
        "matchResources": {
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": world.namespace } },
            "objectSelector": { "matchLabels": { "webhook": label } },
        },
    }});
    world.server.call(Method::POST, &format!("{ADMISSION}ies"), Some(policy)).await;
    world.server.call(Method::POST, &format!("{ADMISSION}ybindings"), Some(binding)).await;
}

/// Waits until this is warned of, which takes the server a moment.
async fn in_force(world: &World, label: &str) {
    let probe = labelled(world, label, "probe", "1");
    for _ in 0..600 {
        let tried = world.predict(&environment(), vec![input(None, Some(&probe))]).await;
        if tried.effects[0].reason.as_ref().is_some_and(|reason| reason.contains("the cluster warns")) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nothing ever warns of `{label}`");
}

#[tokio::test]
async fn warnings_stand_at_their_object_in_words_and_once() {
    let Some(world) = World::new().await else { return };
    let hook = Hook::start(world.server).await;
    let webhooks = [
        webhook(&world, "warns", hook.client("warns"), "Fail"),
        webhook(&world, "warns-and-refuses", hook.client("warns-and-refuses"), "Fail"),
        webhook(&world, "warns-much", hook.client("warns-much"), "Fail"),
    ];
    world.server.call(Method::POST, WEBHOOKS, Some(configuration(&world, &webhooks))).await;
    policy(
        &world,
        "policy",
        r#"'a is ' + object.data.a + ', live says ' + (oldObject == null ? "" : oldObject.data.theirs)"#,
    )
    .await;
    let endpoints = |ip: &str| {
        let subsets = json!([{ "addresses": [{ "ip": ip }], "ports": [{ "port": 80 }] }]);
        let mut endpoints = world.object("v1", "Endpoints", "old", json!({ "subsets": subsets }));
        endpoints["kind"] = json!("Endpoints");
        endpoints
    };
    let labels = ["warns", "warns-and-refuses", "warns-much", "policy", "quiet"];
    let pairs = labels.map(|label| ["1", "2"].map(|value| labelled(&world, label, label, value)));
    for label in ["warns", "warns-much", "policy"] {
        in_force(&world, label).await;
    }
    for [base, _] in pairs.iter().filter(|[base, _]| base["metadata"]["name"] != "warns-and-refuses") {
        world.apply(base, MANAGER).await;
    }
    world.edit(&pairs[3][0], json!({ "data": { "theirs": "hunter2" } })).await;
    let mut inputs: Vec<_> = pairs.iter().map(|[base, head]| input(Some(base), Some(head))).collect();
    inputs.push(input(None, Some(&endpoints("192.0.2.1"))));
    // Nothing changes, so nothing is warned of.
    inputs.push(input(Some(&pairs[0][0]), Some(&pairs[0][0])));
    let predicted = world.predict(&environment(), inputs).await;
    let shown = countersign_core::report::prose(predicted.effects[0].reason.as_ref().unwrap());
    // A span of code that it cannot leave.
    assert_snapshot!(shown, @r##"the cluster warns: `'code' <b>bold</b> @acme/sre #1 ![x](https://example.org/x.png)`, `quotes " and \ and unknown field "hunter3"`, `ümläut und 漢字`"##);
    let said = world.check(&predicted);
    assert!(!said.contains("hunter2"), "{said}");
    assert_snapshot!(said, @r##"
    Update ConfigMap (DryRun, settled Some(true))
      reason: the cluster warns: `'code' <b>bold</b> @acme/sre #1 ![x](https://example.org/x.png)`, `quotes " and \ and unknown field "hunter3"`, `ümläut und 漢字`
      data.a: "1" → "2"
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: admission webhook `warns-and-refuses.example.org` denies it: `ask us first`; base is refused as well; the cluster warns: `it will be refused`
    Update ConfigMap (DryRun, settled Some(true))
      reason: the cluster warns: `00 long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long lo…`, `01 long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long lo…`, `02 long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long lo…`, `03 long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long lo…`, `04 long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long lo…`, and 11 more
      data.a: "1" → "2"
    Update ConfigMap (DryRun, settled Some(true))
      reason: the cluster warns: `Validation failed for ValidatingAdmissionPolicy 'policy-NS' with binding 'policy-NS': a is 2, live says ‹live›`
      data.a: "1" → "2"
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → "2"
    Create Endpoints (DryRun, settled Some(true))
      reason: the cluster warns: `v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice`
      : null → {"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"old","namespace":"NS"},"subsets":[{"addresses":[{"ip":"192.0.2.1"}],"ports":[{"port":80}]}]}
    None ConfigMap (DryRun, settled Some(true))
      reason: no effect on the cluster: it makes the same object of both
    "##);
}
