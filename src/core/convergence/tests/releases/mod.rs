//! HelmReleases of Flux, as the real helm-controller leaves them.

mod sources;

use serde_json::{Value, json};

use super::super::release;
use super::appliers::set;
use super::{contains, line};

/// After an upgrade to a chart of a repository of charts.
fn upgraded() -> Value {
    json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": { "name": "shop", "namespace": "flux-system", "generation": 2 },
        "spec": {
            "chart": { "spec": {
                "chart": "web", "version": "0.2.0", "sourceRef": { "kind": "HelmRepository", "name": "charts" },
            } },
            "interval": "1h", "releaseName": "web",
        },
        "status": {
            "conditions": [
                said("Ready", "True", "UpgradeSucceeded", "upgraded"),
                said("Released", "True", "UpgradeSucceeded", "upgraded"),
            ],
            "helmChart": "flux-system/flux-system-shop",
            "history": [snapshot("0.2.0", "deployed"), snapshot("0.1.0", "superseded")],
            "lastAttemptedConfigDigest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "lastAttemptedGeneration": 2, "lastAttemptedReleaseAction": "upgrade",
            "lastAttemptedRevision": "0.2.0", "observedGeneration": 2, "storageNamespace": "flux-system",
        },
    })
}

fn snapshot(version: &str, status: &str) -> Value {
    json!({ "chartName": "web", "chartVersion": version, "name": "web", "namespace": "flux-system", "status": status, "version": 1 })
}

/// A condition about generation 2.
fn said(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({ "type": kind, "status": status, "reason": reason, "message": message, "observedGeneration": 2 })
}

fn conditions<const N: usize>(all: [Value; N]) -> (&'static str, Value) {
    ("status.conditions", Value::Array(all.into()))
}

type Edits = Vec<(&'static str, Value)>;

fn edited(edits: &Edits) -> Value {
    let mut live = upgraded();
    set(&mut live, edits);
    live
}

fn check<const N: usize>(cases: [(Edits, &str); N]) {
    for (edits, expected) in cases {
        assert_eq!(line(&release(&edited(&edits), None, &contains)), expected, "{edits:?}");
    }
}

const DEADLINE: &str =
    "Helm upgrade failed for release flux-system/web with chart web@0.2.0: context deadline exceeded";

fn failed(message: &str) -> [Value; 2] {
    ["Ready", "Released"].map(|kind| said(kind, "False", "UpgradeFailed", message))
}

fn working(message: &str) -> Value {
    said("Reconciling", "True", "Progressing", message)
}

#[test]
fn on_their_way() {
    let seen = |generation: i64| ("status.observedGeneration", json!(generation));
    let waits = said("Ready", "False", "SourceNotReady", "HelmChart is not ready: not reconciled");
    let depends = said("Ready", "False", "DependencyNotReady", "dependency 'b' is not ready");
    let runs = said("Ready", "Unknown", "Progressing", "Running 'upgrade' action with timeout of 4s");
    let [not_ready, released] = failed(DEADLINE);
    check([
        (vec![], "reached: it is released and ready"),
        (
            vec![("status", json!({ "observedGeneration": -1 }))],
            "in-progress: its controller is not through with it yet",
        ),
        (vec![("status", Value::Null)], "in-progress: its controller has not seen it yet"),
        // Its conditions are still those of what was asked before.
        (
            vec![("metadata.generation", json!(3))],
            "in-progress: its controller has seen generation 2, not yet 3",
        ),
        (
            vec![seen(1), conditions([working("Fulfilling prerequisites"), waits.clone()])],
            "in-progress: SourceNotReady: HelmChart is not ready: not reconciled",
        ),
        (
            vec![seen(-1), conditions([working("Fulfilling prerequisites"), depends])],
            "in-progress: DependencyNotReady: dependency 'b' is not ready",
        ),
        (
            vec![seen(1), conditions([working("Running 'upgrade' action"), runs.clone()])],
            "in-progress: Progressing: Running 'upgrade' action with timeout of 4s",
        ),
        (
            vec![conditions([working("Running 'upgrade' action"), runs])],
            "in-progress: Progressing: Running 'upgrade' action with timeout of 4s",
        ),
        // Conditions are written before what they are about: what has failed here is counted in the next moment.
        (
            vec![
                seen(1),
                conditions([working("Running 'upgrade' action"), not_ready.clone(), released.clone()]),
            ],
            "in-progress: its controller goes on: Helm upgrade failed for release flux-system/web with chart \
             web@0.2.0: context deadline exceeded",
        ),
        (
            vec![
                seen(1),
                ("status.failures", json!(1)),
                ("status.upgradeFailures", json!(1)),
                conditions([working("Running 'rollback' action"), not_ready.clone(), released.clone()]),
            ],
            "in-progress: its controller goes on: Helm upgrade failed for release flux-system/web with chart \
             web@0.2.0: context deadline exceeded",
        ),
        (
            vec![conditions([
                said("Reconciling", "True", "ProgressingWithRetry", "retrying after 3s"),
                not_ready,
                released,
            ])],
            "in-progress: its controller goes on: Helm upgrade failed for release flux-system/web with chart \
             web@0.2.0: context deadline exceeded",
        ),
        // It was renamed: what there was is gone before there is anything else.
        (
            vec![
                seen(1),
                conditions([
                    working("Fulfilling prerequisites"),
                    said("Ready", "False", "UninstallSucceeded", "uninstalled"),
                    said("Released", "False", "UninstallSucceeded", "uninstalled"),
                ]),
            ],
            "in-progress: its controller goes on: uninstalled",
        ),
        (
            vec![
                ("metadata.deletionTimestamp", json!("t")),
                conditions([said("Ready", "False", "UninstallSucceeded", "uninstalled")]),
            ],
            "in-progress: it is being deleted",
        ),
        (vec![("spec.suspend", json!(true))], "suspended: it is suspended"),
        (
            vec![("spec.suspend", json!(true)), conditions([working("Fulfilling prerequisites"), waits])],
            "suspended: it is suspended",
        ),
    ]);
}

#[test]
fn that_failed() {
    let stalled = || said("Stalled", "True", "RetriesExceeded", "Failed to upgrade after 1 attempt(s)");
    let history = |status: &str| ("status.history", json!([snapshot("0.2.0", status)]));
    let gave_up = |message: &str| {
        let [ready, released] = failed(message);
        conditions([stalled(), ready, released])
    };
    let hook = "Helm upgrade failed for release flux-system/web with chart web@0.2.0: failed pre-upgrade: 1 error \
                occurred: * timed out waiting for the condition";
    let refused =
        "Helm upgrade failed for release flux-system/web with chart web@0.2.0: cannot patch \"web\"";
    let rendered =
        "Helm upgrade failed for release flux-system/web with chart web@0.2.0: execution error: no";
    let [not_rendered, not_released] = failed(rendered);
    let [_, timed_out] = failed(DEADLINE);
    check([
        (
            vec![history("failed"), gave_up(DEADLINE)],
            "degraded: UpgradeFailed: Helm upgrade failed for release flux-system/web with chart web@0.2.0: \
             context deadline exceeded",
        ),
        // The words alone are not enough: nothing of it may be there.
        (
            vec![history("uninstalling"), gave_up(DEADLINE)],
            "failed: UpgradeFailed: Helm upgrade failed for release flux-system/web with chart web@0.2.0: context \
             deadline exceeded",
        ),
        (
            vec![history("failed"), gave_up(hook)],
            "failed: UpgradeFailed: Helm upgrade failed for release flux-system/web with chart web@0.2.0: failed \
             pre-upgrade: 1 error occurred: * timed out waiting for the condition",
        ),
        (
            vec![history("failed"), gave_up(refused)],
            "failed: UpgradeFailed: Helm upgrade failed for release flux-system/web with chart web@0.2.0: cannot \
             patch \"web\"",
        ),
        // It left nothing behind, is not counted, and tried without end; no generation is ever said to be seen.
        (
            vec![
                ("status.observedGeneration", json!(1)),
                ("status.failures", json!(4)),
                conditions([working("Running 'upgrade' action"), not_rendered, not_released]),
            ],
            "failed: UpgradeFailed: Helm upgrade failed for release flux-system/web with chart web@0.2.0: execution \
             error: no",
        ),
        (
            vec![
                ("status.observedGeneration", json!(-1)),
                conditions([
                    working("Fulfilling prerequisites"),
                    said("Ready", "False", "ValuesError", "configmaps \"none\" not found"),
                ]),
            ],
            "failed: ValuesError: configmaps \"none\" not found",
        ),
        (
            vec![conditions([
                stalled(),
                said("Ready", "False", "TestFailed", "timed out waiting for the condition"),
                said("Released", "True", "UpgradeSucceeded", "upgraded"),
            ])],
            "degraded: TestFailed: timed out waiting for the condition",
        ),
        (
            vec![
                ("status.history", json!([snapshot("0.1.0", "deployed"), snapshot("0.2.0", "failed")])),
                conditions([
                    stalled(),
                    said("Ready", "False", "RollbackSucceeded", "rolled back"),
                    timed_out.clone(),
                    said("Remediated", "True", "RollbackSucceeded", "rolled back"),
                ]),
            ],
            "failed: it failed and was rolled back: Helm upgrade failed for release flux-system/web with chart \
             web@0.2.0: context deadline exceeded",
        ),
        (
            vec![conditions([
                stalled(),
                said("Ready", "False", "InstallFailed", DEADLINE),
                timed_out,
                said("Remediated", "True", "UninstallSucceeded", "uninstalled"),
            ])],
            "failed: it failed and was uninstalled: Helm upgrade failed for release flux-system/web with chart \
             web@0.2.0: context deadline exceeded",
        ),
        (
            vec![conditions([
                said("Stalled", "True", "AccessDenied", "cross-namespace references"),
                said("Ready", "False", "AccessDenied", "cross-namespace references"),
            ])],
            "failed: AccessDenied: cross-namespace references",
        ),
    ]);
}
