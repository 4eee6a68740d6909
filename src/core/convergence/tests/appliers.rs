//! What applies others: Argo CD and Flux.

use serde_json::{Value, json};

use super::{COMMIT, EARLIER, LATER, told};

fn application(edit: impl FnOnce(&mut Value)) -> String {
    let mut live = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": "shop" },
        "spec": { "syncPolicy": { "automated": { "prune": true } } },
        "status": {
            "sync": { "status": "Synced", "revision": COMMIT }, "health": { "status": "Healthy" },
            "operationState": { "phase": "Succeeded", "syncResult": { "revision": COMMIT } },
        },
    });
    edit(&mut live);
    told(&live)
}

/// Edits at pointers: what is not there is made.
pub(super) fn set(live: &mut Value, edits: &[(&str, Value)]) {
    for (place, value) in edits {
        let mut at = &mut *live;
        for part in place.split('.') {
            at = match part.parse::<usize>() {
                Ok(index) => &mut at[index],
                Err(_) => &mut at[part],
            };
        }
        *at = value.clone();
    }
}

#[test]
fn applications_of_argo_cd() {
    for (edits, expected) in [
        (vec![], "reached: it is synced and healthy"),
        (vec![("status.sync.revision", json!(LATER))], "reached: it is synced and healthy"),
        (vec![("status.sync.revision", json!(EARLIER))], "in-progress: it has not seen the commit yet"),
        (
            vec![("status.sync.revision", json!(EARLIER)), ("spec.syncPolicy", Value::Null)],
            "out-of-date: it has not seen the commit, and waits to be synced by hand",
        ),
        (
            vec![
                ("status.sync.revision", json!(EARLIER)),
                ("spec.syncPolicy.automated.enabled", json!(false)),
            ],
            "out-of-date: it has not seen the commit, and waits to be synced by hand",
        ),
        (vec![("status.sync.revision", json!("1.2.3"))], "unknown: it does not say which commit it is at"),
        (vec![("status.sync.revision", Value::Null)], "unknown: it does not say which commit it is at"),
        (
            vec![("status.sync.revision", json!("")), ("status.sync.revisions", json!(["1.2.3", COMMIT]))],
            "reached: it is synced and healthy",
        ),
        (
            vec![("status.sync.status", json!("OutOfSync"))],
            "in-progress: the cluster differs from the commit",
        ),
        (
            vec![("status.sync.status", json!("OutOfSync")), ("spec.syncPolicy", Value::Null)],
            "out-of-date: the cluster differs from the commit, and it waits to be synced by hand",
        ),
        (
            vec![
                ("status.sync.status", json!("OutOfSync")),
                ("status.operationState.phase", json!("Failed")),
                (
                    "status.operationState.message",
                    json!("one or more objects failed to apply\nreason: quota"),
                ),
            ],
            "failed: its sync failed: one or more objects failed to apply reason: quota",
        ),
        (
            vec![
                ("status.sync.status", json!("OutOfSync")),
                ("status.operationState.phase", json!("Failed")),
                ("status.operationState.syncResult.revision", json!(EARLIER)),
            ],
            "in-progress: the cluster differs from the commit",
        ),
        (
            vec![("status.sync.status", json!("Unknown"))],
            "unknown: it does not say whether the cluster is as the commit has it",
        ),
        (vec![("status.operationState.phase", json!("Running"))], "in-progress: it syncs"),
        (vec![("operation", json!({ "sync": {} }))], "in-progress: it syncs"),
        (vec![("status.health.status", json!("Progressing"))], "in-progress: its objects are on their way"),
        (vec![("status.health.status", json!("Missing"))], "in-progress: its objects are on their way"),
        (
            vec![("status.health.status", json!("Degraded")), ("status.health.message", json!("crash"))],
            "degraded: it is synced, and its objects are not well: crash",
        ),
        (
            vec![("status.health.status", json!("Suspended"))],
            "suspended: it is synced, and objects are suspended",
        ),
        (
            vec![("status.health", Value::Null)],
            "unknown: it is synced, and does not say whether its objects are well",
        ),
        (
            vec![("status.conditions", json!([{ "type": "ComparisonError", "message": "no such path" }]))],
            "failed: ComparisonError: no such path",
        ),
        (
            vec![("status.conditions", json!([{ "type": "OrphanedResourceWarning", "message": "1" }]))],
            "reached: it is synced and healthy",
        ),
        (vec![("metadata.deletionTimestamp", json!("t"))], "in-progress: it is being deleted"),
        (vec![("status", Value::Null)], "unknown: it does not say which commit it is at"),
    ] {
        assert_eq!(application(|live| set(live, &edits)), expected, "{edits:?}");
    }
}

fn kustomization(edits: &[(&str, Value)]) -> String {
    let mut live = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": { "name": "shop", "generation": 2 }, "spec": {},
        "status": {
            "observedGeneration": 2, "conditions": [ready("True", "ReconciliationSucceeded", "ok")],
            "lastAppliedRevision": format!("main@sha1:{COMMIT}"), "lastAttemptedRevision": format!("main@sha1:{COMMIT}"),
        },
    });
    set(&mut live, edits);
    told(&live)
}

fn ready(status: &str, reason: &str, message: &str) -> Value {
    json!({ "type": "Ready", "status": status, "reason": reason, "message": message })
}

#[test]
fn kustomizations_of_flux() {
    let said = |status: &str, reason: &str| ("status.conditions", json!([ready(status, reason, "m")]));
    let applied = |commit: &str| ("status.lastAppliedRevision", json!(format!("main@sha1:{commit}")));
    let attempted = |commit: &str| ("status.lastAttemptedRevision", json!(format!("main@sha1:{commit}")));
    for (edits, expected) in [
        (vec![], "reached: it has applied the commit and is ready"),
        (vec![applied(LATER)], "reached: it has applied the commit and is ready"),
        (
            vec![("status.lastAppliedRevision", json!(format!("main/{COMMIT}")))],
            "reached: it has applied the commit and is ready",
        ),
        (vec![applied(EARLIER), attempted(EARLIER)], "in-progress: it has not seen the commit yet"),
        (
            vec![("status.lastAppliedRevision", json!("latest@sha256:abc"))],
            "unknown: it does not say which commit it has applied",
        ),
        (
            vec![("status.lastAppliedRevision", Value::Null)],
            "unknown: it does not say which commit it has applied",
        ),
        (vec![("spec.suspend", json!(true))], "suspended: it is suspended"),
        (
            vec![("metadata.generation", json!(3))],
            "in-progress: its controller has seen generation 2, not yet 3",
        ),
        (vec![applied(EARLIER), said("False", "BuildFailed")], "failed: BuildFailed: m"),
        (vec![applied(EARLIER), said("False", "ReconciliationFailed")], "failed: ReconciliationFailed: m"),
        (vec![said("False", "HealthCheckFailed")], "degraded: HealthCheckFailed: m"),
        (
            vec![applied(EARLIER), attempted(EARLIER), said("False", "BuildFailed")],
            "in-progress: it has not tried the commit yet: m",
        ),
        (vec![applied(EARLIER), said("False", "DependencyNotReady")], "in-progress: DependencyNotReady: m"),
        (vec![applied(EARLIER), said("Unknown", "Progressing")], "in-progress: Progressing: m"),
        (
            vec![(
                "status.conditions",
                json!([{ "type": "Reconciling", "status": "True", "message": "building" }, ready("Unknown", "Progressing", "m")]),
            )],
            "in-progress: its controller is at work: building",
        ),
        (
            vec![(
                "status.conditions",
                json!([{ "type": "Stalled", "status": "True", "message": "bad spec" }, ready("False", "Stalled", "m")]),
            )],
            "failed: Stalled: m",
        ),
        (vec![("status.conditions", json!([]))], "in-progress: its controller has not seen it yet"),
    ] {
        assert_eq!(kustomization(&edits), expected, "{edits:?}");
    }
}
