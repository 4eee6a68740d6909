//! Who owns what, and who takes it from whom.

use countersign_core::effect::Applier;
use serde_json::{Value, json};

use super::super::ownership::{first_unowned, taken_over};

#[test]
fn ownership_is_read_from_managed_fields() {
    let live = |manager: &str, operation: &str, fields: Value| {
        json!({ "metadata": { "managedFields": [
            { "manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": fields },
        ]}})
    };
    let fields = json!({
        "f:metadata": { "f:labels": { "f:app": {} }, "f:finalizers": { ".": {}, "v:\"x\"": {} } },
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:containers": { "k:{\"name\":\"web\"}": {
                ".": {}, "f:name": {}, "f:image": {},
                "f:ports": { "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:containerPort": {} } },
            }},
            "f:volumes": { ".": {}, "f:tmp": { ".": {} } },
        },
    });
    let own = live("flux", "Apply", fields.clone());
    let owns_all = |live: &Value, manifest: &Value| first_unowned(live, "flux", manifest).is_none();
    let check = |manifest: Value, want: bool| assert_eq!(owns_all(&own, &manifest), want, "{manifest}");
    check(json!({ "apiVersion": "v1", "kind": "X", "metadata": { "name": "n", "namespace": "s" } }), true);
    check(json!({ "metadata": { "labels": { "app": "a" } }, "status": { "a": 1 } }), true);
    check(json!({ "metadata": { "labels": { "app": "a", "team": "b" } } }), false);
    check(json!({ "metadata": { "finalizers": ["x"] } }), true);
    check(json!({ "metadata": { "finalizers": ["x", "y"] } }), false);
    check(json!({ "spec": { "replicas": 3, "selector": { "matchLabels": { "a": "b" } } } }), true);
    check(json!({ "spec": { "replicas": 3, "paused": null } }), true);
    check(json!({ "spec": { "paused": true } }), false);
    check(json!({ "spec": { "containers": [{ "name": "web", "image": "i" }] } }), true);
    check(json!({ "spec": { "containers": [{ "name": "web", "ports": [{ "containerPort": 80 }] }] } }), true);
    check(
        json!({ "spec": { "containers": [{ "name": "web", "ports": [{ "containerPort": 81 }] }] } }),
        false,
    );
    check(json!({ "spec": { "containers": [{ "name": "web", "command": ["x"] }] } }), false);
    check(json!({ "spec": { "containers": [{ "name": "web" }, { "name": "sidecar" }] } }), false);
    check(json!({ "spec": { "volumes": { "tmp": {} } } }), true);
    check(json!({ "data": { "a": "b" } }), false);
    let empty = json!({ "spec": { "replicas": 3 } });
    assert!(!owns_all(&live("flux", "Update", fields.clone()), &empty));
    assert!(!owns_all(&live("argo", "Apply", fields), &empty));
    assert!(!owns_all(&json!({}), &empty));
    assert!(owns_all(&json!({}), &json!({ "kind": "ServiceAccount", "metadata": { "name": "n" } })));
    // Of lists and maps that are merged, the server says nothing while they are empty.
    check(json!({ "metadata": { "annotations": {} }, "spec": { "args": [] } }), true);
    let said = |manifest: Value| first_unowned(&own, "flux", &manifest);
    assert_eq!(said(json!({ "spec": { "replicas": 1, "paused": true } })).as_deref(), Some("spec.paused"));
    let port = json!({ "spec": { "containers": [{ "name": "web", "ports": [{ "containerPort": 81 }] }] } });
    assert_eq!(said(port).as_deref(), Some("spec.containers[].ports[]"));
}

#[test]
fn what_an_apply_takes_over_is_known() {
    let live = |manager: &str, operation: &str, fields: Value| {
        json!({ "metadata": { "managedFields": [
            { "manager": "argocd-controller", "operation": "Apply", "fieldsV1": { "f:data": { "f:a": {} } } },
            { "manager": manager, "operation": operation, "fieldsV1": fields },
        ]}})
    };
    let annotated = json!({ "f:metadata": { "f:annotations": {
        "f:kubectl.kubernetes.io/last-applied-configuration": {}, "f:theirs": {},
    }}});
    let data = json!({ "f:data": { "f:theirs": {} } });
    let cases = [
        (live("kubectl-client-side-apply", "Update", annotated.clone()), true, true),
        (live("a-script", "Update", annotated.clone()), true, false),
        (live("kubectl-last-applied", "Apply", annotated), false, true),
        (live("kubectl-edit", "Update", data.clone()), false, true),
        (live("kubectl", "Apply", data.clone()), false, true),
        (live("before-first-apply", "Update", data.clone()), false, true),
        (live("kustomize-controller", "Update", data.clone()), false, true),
        (live("autoscaler", "Update", data.clone()), false, false),
        (live("autoscaler", "Apply", data), false, false),
        // Nobody is known to have written what is there.
        (json!({ "data": { "theirs": "1" } }), true, true),
        (json!({ "metadata": { "name": "n" } }), false, false),
    ];
    for (live, by_kubectl, by_flux) in cases {
        for (applier, taken) in
            [(Applier::Other, by_kubectl), (Applier::Argo, by_kubectl), (Applier::Flux, by_flux)]
        {
            assert_eq!(taken_over(&live, applier).is_some(), taken, "{applier:?} {live}");
        }
    }
    let mut scaled = live("kubectl", "Update", json!({ "f:spec": { "f:replicas": {} } }));
    scaled["metadata"]["managedFields"][1]["subresource"] = json!("scale");
    assert_eq!(taken_over(&scaled, Applier::Flux), None);
}
