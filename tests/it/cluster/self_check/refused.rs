//! A real write that is refused by somebody else than our policy: whether ours is in force is not known then.

use super::super::webhooks::hook::Hook;
use super::*;

const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

#[tokio::test]
async fn a_refusal_by_somebody_else_is_no_proof() {
    let Some(deployed) = Deployed::new().await else { return };
    let server = &deployed.server;
    let rule = json!({
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"],
    });
    let refused = "a write that is no dry run was refused";

    // A policy that forbids everybody to make what the probe would make.
    let policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
    let policy = json!({ "metadata": { "name": "no-maps" }, "spec": {
        "matchConstraints": { "resourceRules": [rule] },
        "validations": [{ "expression": "request.dryRun" }],
    }});
    let binding = json!({ "metadata": { "name": "no-maps" }, "spec": { "policyName": "no-maps", "validationActions": ["Deny"] } });
    server.call(Method::POST, policies, Some(policy)).await;
    server.call(Method::POST, ADMISSION, Some(binding)).await;
    let ours = server.call(Method::GET, &format!("{ADMISSION}/{POLICY}"), None).await;
    server.call(Method::DELETE, &format!("{ADMISSION}/{POLICY}"), None).await;
    assert_snapshot!(deployed.until(refused).await, @"a write that is no dry run was refused by somebody else than `countersign-dry-run-only` (ValidatingAdmissionPolicy `no-maps` denies it): whether that is in force cannot be told; let the account's write of a ConfigMap `countersign-probe` get as far as that");

    // A webhook that does.
    let hook = Hook::start(server).await;
    let webhook = |path: &str| {
        json!({ "metadata": { "name": "no-maps" }, "webhooks": [{
            "name": "no-maps.example.org", "clientConfig": hook.client(path), "rules": [rule],
            "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 1,
        }]})
    };
    server.call(Method::POST, WEBHOOKS, Some(webhook("mute"))).await;
    server.call(Method::DELETE, &format!("{ADMISSION}/no-maps"), None).await;
    assert_snapshot!(deployed.until("a write that is no dry run was refused by somebody else than `countersign-dry-run-only` (admission").await, @"a write that is no dry run was refused by somebody else than `countersign-dry-run-only` (admission webhook `no-maps.example.org` denies it): whether that is in force cannot be told; let the account's write of a ConfigMap `countersign-probe` get as far as that");

    // One that does not answer is no answer either.
    server.call(Method::DELETE, &format!("{WEBHOOKS}/no-maps"), None).await;
    server.call(Method::POST, WEBHOOKS, Some(webhook("sleeps"))).await;
    let mut said = String::new();
    for _ in 0..60 {
        match deployed.bot().await.dry_runs(&BTreeSet::new()).await {
            Err(error) => {
                said = error.to_string();
                break;
            }
            Ok(DryRuns::Off { .. }) => {}
            Ok(DryRuns::On) => panic!("dry runs are on without the policy"),
        }
    }
    assert_snapshot!(said, @"the cluster cannot tell now: its admission webhook `no-maps.example.org` does not answer");

    // With ours it is known again.
    server.call(Method::DELETE, &format!("{WEBHOOKS}/no-maps"), None).await;
    let binding = json!({ "metadata": { "name": POLICY }, "spec": ours["spec"] });
    server.call(Method::POST, ADMISSION, Some(binding)).await;
    deployed.until("On").await;
}
