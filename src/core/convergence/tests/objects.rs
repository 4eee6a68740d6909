//! Built-in kinds, and what every kind has.

use serde_json::{Value, json};

use super::told;

fn of(api: &str, kind: &str, spec: Value, status: Value) -> Value {
    json!({ "apiVersion": api, "kind": kind, "metadata": { "name": "x", "generation": 2 }, "spec": spec, "status": status })
}

#[track_caller]
fn check(api: &str, kind: &str, rows: &[(Value, Value, &str)]) {
    for (spec, status, expected) in rows {
        assert_eq!(told(&of(api, kind, spec.clone(), status.clone())), *expected, "{spec} {status}");
    }
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({ "type": kind, "status": status, "reason": reason, "message": message })
}

#[test]
fn what_is_true_of_every_object() {
    let with = |status: Value| of("example.org/v1", "Widget", json!({}), status);
    let mut leaving = with(json!({}));
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(told(&leaving), "in-progress: it is being deleted");
    for (status, expected) in [
        (json!({}), "reached: it is there"),
        (json!({ "observedGeneration": 1 }), "in-progress: its controller has seen generation 1, not yet 2"),
        (json!({ "conditions": [condition("Ready", "True", "", "")] }), "reached: it is ready"),
        (
            json!({ "conditions": [condition("Ready", "False", "X", "no luck")] }),
            "in-progress: it is not ready: no luck",
        ),
        (json!({ "conditions": [condition("Ready", "Unknown", "X", "")] }), "in-progress: it is not ready"),
        (
            json!({ "conditions": [condition("Stalled", "True", "X", "gave up")] }),
            "failed: it is stalled: gave up",
        ),
        (
            json!({ "conditions": [condition("Reconciling", "True", "X", "going"), condition("Ready", "True", "", "")] }),
            "in-progress: its controller is at work: going",
        ),
        (json!({ "conditions": "odd" }), "reached: it is there"),
    ] {
        assert_eq!(told(&with(status.clone())), expected, "{status}");
    }
}

#[test]
fn deployments() {
    let status = |replicas: i64, updated: i64, available: i64, ready: i64, conditions: Value| {
        json!({ "observedGeneration": 2, "replicas": replicas, "updatedReplicas": updated,
            "availableReplicas": available, "readyReplicas": ready, "conditions": conditions })
    };
    let available = || condition("Available", "True", "MinimumReplicasAvailable", "");
    let through = || json!([condition("Progressing", "True", "NewReplicaSetAvailable", ""), available()]);
    let under_way = || json!([condition("Progressing", "True", "ReplicaSetUpdated", ""), available()]);
    let three = || json!({ "replicas": 3 });
    check(
        "apps/v1",
        "Deployment",
        &[
            (three(), status(3, 3, 3, 3, through()), "reached: all pods are ready"),
            (json!({}), status(1, 1, 1, 1, through()), "reached: all pods are ready"),
            (json!({ "replicas": 0 }), status(0, 0, 0, 0, through()), "reached: all pods are ready"),
            (three(), status(2, 3, 3, 3, through()), "in-progress: 2 of 3 pods are there"),
            (three(), status(4, 1, 3, 3, through()), "in-progress: 1 of 3 pods are of the new version"),
            (three(), status(4, 3, 3, 3, through()), "in-progress: 1 pods have yet to end"),
            (three(), status(3, 3, 2, 3, through()), "in-progress: 2 of 3 pods are available"),
            (three(), status(3, 3, 3, 2, through()), "in-progress: 2 of 3 pods are ready"),
            (three(), status(3, 3, 3, 3, under_way()), "in-progress: the new version is not through"),
            (
                json!({ "replicas": 3, "progressDeadlineSeconds": i32::MAX }),
                status(3, 3, 3, 3, json!([available()])),
                "reached: all pods are ready",
            ),
            (three(), status(3, 3, 3, 3, json!([])), "in-progress: it does not say that it is available"),
            (
                three(),
                status(3, 3, 3, 3, json!([condition("Available", "False", "X", "too few")])),
                "in-progress: it is not available: too few",
            ),
            (
                three(),
                status(
                    3,
                    1,
                    1,
                    1,
                    json!([condition("Progressing", "False", "ProgressDeadlineExceeded", "too long")]),
                ),
                "failed: it makes no progress: too long",
            ),
            (
                three(),
                json!({ "observedGeneration": 1 }),
                "in-progress: its controller has seen generation 1, not yet 2",
            ),
            (three(), json!({}), "in-progress: 0 of 3 pods are there"),
        ],
    );
}

#[test]
fn stateful_sets() {
    let status = |replicas: i64, ready: i64, updated: i64, current: &str, update: &str| {
        json!({ "replicas": replicas, "readyReplicas": ready, "updatedReplicas": updated, "currentRevision": current,
            "updateRevision": update })
    };
    let spec = |strategy: Value| json!({ "replicas": 3, "updateStrategy": strategy });
    let from = |partition: i64| {
        spec(json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": partition } }))
    };
    let rolling = || spec(json!({ "type": "RollingUpdate" }));
    check(
        "apps/v1",
        "StatefulSet",
        &[
            (rolling(), status(3, 3, 3, "b", "b"), "reached: all pods are ready"),
            (rolling(), status(2, 2, 2, "b", "b"), "in-progress: 2 of 3 pods are there"),
            (rolling(), status(3, 2, 3, "b", "b"), "in-progress: 2 of 3 pods are ready"),
            (rolling(), status(4, 3, 3, "b", "b"), "in-progress: 1 pods have yet to end"),
            (rolling(), status(3, 3, 1, "a", "b"), "in-progress: 1 of 3 pods are of the new version"),
            (rolling(), status(3, 3, 3, "a", "b"), "in-progress: not all pods are of the new version"),
            (from(2), status(3, 3, 0, "a", "b"), "in-progress: 0 of 1 pods are of the new version"),
            (from(2), status(3, 3, 1, "a", "b"), "reached: the pods of its partition are of the new version"),
            (from(0), status(3, 3, 1, "a", "b"), "in-progress: 1 of 3 pods are of the new version"),
            (
                spec(json!({ "type": "OnDelete" })),
                status(3, 3, 0, "a", "b"),
                "reached: its pods are replaced when somebody deletes them",
            ),
        ],
    );
}

#[test]
fn daemon_sets_and_replica_sets() {
    let status = |desired: i64, current: i64, updated: i64, available: i64, ready: i64| {
        json!({ "observedGeneration": 2, "desiredNumberScheduled": desired, "currentNumberScheduled": current,
            "updatedNumberScheduled": updated, "numberAvailable": available, "numberReady": ready })
    };
    check(
        "apps/v1",
        "DaemonSet",
        &[
            (json!({}), status(2, 2, 2, 2, 2), "reached: all pods are ready"),
            (json!({}), status(0, 0, 0, 0, 0), "reached: all pods are ready"),
            (json!({}), json!({}), "in-progress: its controller has not counted nodes yet"),
            (json!({}), status(2, 1, 2, 2, 2), "in-progress: 1 of 2 pods are there"),
            (json!({}), status(2, 2, 1, 2, 2), "in-progress: 1 of 2 pods are of the new version"),
            (json!({}), status(2, 2, 2, 0, 2), "in-progress: 0 of 2 pods are available"),
            (json!({}), status(2, 2, 2, 2, 1), "in-progress: 1 of 2 pods are ready"),
            (
                json!({ "updateStrategy": { "type": "OnDelete" } }),
                status(2, 2, 0, 2, 2),
                "reached: all pods are ready",
            ),
        ],
    );
    let status = |replicas: i64, labeled: i64, available: i64, ready: i64| json!({ "replicas": replicas, "fullyLabeledReplicas": labeled, "availableReplicas": available, "readyReplicas": ready });
    let failure = json!({ "conditions": [condition("ReplicaFailure", "True", "X", "quota")] });
    check(
        "apps/v1",
        "ReplicaSet",
        &[
            (json!({ "replicas": 2 }), status(2, 2, 2, 2), "reached: all pods are ready"),
            (json!({ "replicas": 2 }), status(2, 1, 2, 2), "in-progress: 1 of 2 pods are there"),
            (json!({ "replicas": 2 }), status(2, 2, 1, 2), "in-progress: 1 of 2 pods are available"),
            (json!({ "replicas": 2 }), status(2, 2, 2, 1), "in-progress: 1 of 2 pods are ready"),
            (json!({ "replicas": 2 }), status(3, 2, 2, 2), "in-progress: 1 pods have yet to end"),
            (json!({ "replicas": 2 }), failure, "in-progress: it cannot make pods: quota"),
        ],
    );
}

#[test]
fn jobs_and_pods() {
    let ended = |kind: &str| json!({ "startTime": "t", "conditions": [condition(kind, "True", "X", "why")] });
    check(
        "batch/v1",
        "Job",
        &[
            (json!({}), json!({}), "in-progress: it has not begun"),
            (json!({}), json!({ "startTime": "t", "active": 1 }), "reached: it runs"),
            (json!({}), ended("Complete"), "reached: it is complete"),
            (json!({}), ended("Failed"), "failed: it failed: why"),
            (json!({ "suspend": true }), json!({}), "suspended: it is suspended"),
            (json!({}), ended("Suspended"), "suspended: it is suspended"),
        ],
    );
    check(
        "batch/v1",
        "CronJob",
        &[
            (json!({}), json!({}), "reached: it is there"),
            (json!({ "suspend": true }), json!({}), "suspended: it is suspended"),
        ],
    );
    let crashing = json!({ "phase": "Running", "conditions": [condition("Ready", "False", "", "")],
        "containerStatuses": [{ "name": "web", "state": { "waiting": { "reason": "CrashLoopBackOff" } } }] });
    let nowhere = json!({ "phase": "Pending", "conditions": [condition("PodScheduled", "False", "Unschedulable", "no node")] });
    check(
        "v1",
        "Pod",
        &[
            (json!({}), json!({}), "in-progress: it has not begun"),
            (json!({}), json!({ "phase": "Succeeded" }), "reached: it is complete"),
            (json!({}), json!({ "phase": "Failed", "message": "evicted" }), "failed: it failed: evicted"),
            (
                json!({}),
                json!({ "phase": "Running", "conditions": [condition("Ready", "True", "", "")] }),
                "reached: it is ready",
            ),
            (json!({}), json!({ "phase": "Running" }), "in-progress: it is not ready"),
            (json!({}), crashing, "failed: container web crashes again and again"),
            (json!({}), nowhere, "in-progress: it is not ready: no node"),
        ],
    );
}

#[test]
fn claims_services_and_definitions() {
    check(
        "v1",
        "PersistentVolumeClaim",
        &[
            (json!({}), json!({ "phase": "Bound" }), "reached: it is bound"),
            (json!({}), json!({ "phase": "Pending" }), "in-progress: it is not bound to a volume"),
            (json!({}), json!({ "phase": "Lost" }), "failed: its volume is lost"),
        ],
    );
    check(
        "v1",
        "Service",
        &[
            (json!({ "type": "ClusterIP" }), json!({}), "reached: it is there"),
            (json!({ "type": "LoadBalancer" }), json!({}), "in-progress: it has no address in the cluster"),
            (json!({ "type": "LoadBalancer", "clusterIP": "10.0.0.1" }), json!({}), "reached: it is there"),
        ],
    );
    let said = |kind: &str, status: &str, reason: &str| json!({ "conditions": [condition(kind, status, reason, "m")] });
    check(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        &[
            (json!({}), said("Established", "True", "InitialNamesAccepted"), "reached: it is established"),
            (json!({}), said("Established", "False", "Installing"), "in-progress: it is not established yet"),
            (json!({}), said("Established", "False", "X"), "failed: it is not established: m"),
            (json!({}), said("NamesAccepted", "False", "X"), "failed: its names are taken: m"),
            (json!({}), json!({}), "in-progress: it is not established yet"),
        ],
    );
}
