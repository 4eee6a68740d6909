//! What runs pods.

use serde_json::Value;

use super::{Progress, Standing, condition, number, text};

/// A deadline that stands for none; then the controller does not say whether it makes progress.
const NO_DEADLINE: i64 = i32::MAX as i64;

fn reached(why: &str) -> Standing {
    Standing::new(Progress::Reached, why)
}

/// The first count that is short of another, as what people wait for.
fn short(counts: &[(i64, i64, &str)]) -> Option<Standing> {
    let (have, want, what) = counts.iter().find(|(have, want, _)| have < want)?;
    Some(Standing::new(Progress::InProgress, format!("{have} of {want} pods are {what}")))
}

/// Pods of an old version, or too many, that have yet to go.
fn surplus(have: i64, want: i64) -> Option<Standing> {
    let why = || format!("{} pods have yet to end", have.saturating_sub(want));
    (have > want).then(|| Standing::new(Progress::InProgress, why()))
}

fn count(live: &Value, field: &str) -> i64 {
    number(live, &format!("/status/{field}")).unwrap_or(0)
}

fn wanted(live: &Value) -> i64 {
    number(live, "/spec/replicas").unwrap_or(1)
}

pub(super) fn deployment(live: &Value) -> Standing {
    let progressing = condition(live, "Progressing");
    if let Some(late) = progressing.as_ref().filter(|found| found.reason == "ProgressDeadlineExceeded") {
        return Standing::quoting(Progress::Failed, "it makes no progress", late.message);
    }
    let (want, updated) = (wanted(live), count(live, "updatedReplicas"));
    let missing = short(&[(count(live, "replicas"), want, "there"), (updated, want, "of the new version")]);
    let missing = missing.or_else(|| surplus(count(live, "replicas"), want)).or_else(|| {
        short(&[
            (count(live, "availableReplicas"), updated, "available"),
            (count(live, "readyReplicas"), want, "ready"),
        ])
    });
    if let Some(standing) = missing {
        return standing;
    }
    let unbounded = number(live, "/spec/progressDeadlineSeconds") == Some(NO_DEADLINE);
    let through =
        progressing.is_some_and(|found| found.status == "True" && found.reason == "NewReplicaSetAvailable");
    match condition(live, "Available") {
        Some(available) if available.status == "True" && (through || unbounded) => {
            reached("all pods are ready")
        }
        Some(available) if available.status != "True" => {
            Standing::quoting(Progress::InProgress, "it is not available", available.message)
        }
        Some(_) => Standing::new(Progress::InProgress, "the new version is not through"),
        None => Standing::new(Progress::InProgress, "it does not say that it is available"),
    }
}

pub(super) fn stateful_set(live: &Value) -> Standing {
    if text(live, "/spec/updateStrategy/type") == "OnDelete" {
        return reached("its pods are replaced when somebody deletes them");
    }
    let (want, replicas) = (wanted(live), count(live, "replicas"));
    let missing = short(&[(replicas, want, "there"), (count(live, "readyReplicas"), want, "ready")]);
    if let Some(standing) = missing.or_else(|| surplus(replicas, want)) {
        return standing;
    }
    let partition = number(live, "/spec/updateStrategy/rollingUpdate/partition").filter(|first| *first > 0);
    if let Some(first) = partition {
        let updated = want.saturating_sub(first);
        let missing = short(&[(count(live, "updatedReplicas"), updated, "of the new version")]);
        return missing.unwrap_or_else(|| reached("the pods of its partition are of the new version"));
    }
    let (current, update) = (text(live, "/status/currentRevision"), text(live, "/status/updateRevision"));
    if current != update {
        let why = "not all pods are of the new version";
        return short(&[(count(live, "updatedReplicas"), want, "of the new version")])
            .unwrap_or_else(|| Standing::new(Progress::InProgress, why));
    }
    reached("all pods are ready")
}

pub(super) fn daemon_set(live: &Value) -> Standing {
    let Some(want) = number(live, "/status/desiredNumberScheduled") else {
        return Standing::new(Progress::InProgress, "its controller has not counted nodes yet");
    };
    // Of pods that are replaced when somebody deletes them, the old ones are right.
    let on_delete = text(live, "/spec/updateStrategy/type") == "OnDelete";
    let updated = if on_delete { want } else { count(live, "updatedNumberScheduled") };
    let missing = short(&[
        (count(live, "currentNumberScheduled"), want, "there"),
        (updated, want, "of the new version"),
        (count(live, "numberAvailable"), want, "available"),
        (count(live, "numberReady"), want, "ready"),
    ]);
    missing.unwrap_or_else(|| reached("all pods are ready"))
}

pub(super) fn replica_set(live: &Value) -> Standing {
    if let Some(failure) = condition(live, "ReplicaFailure").filter(|found| found.status == "True") {
        return Standing::quoting(Progress::InProgress, "it cannot make pods", failure.message);
    }
    let want = wanted(live);
    let missing = short(&[
        (count(live, "fullyLabeledReplicas"), want, "there"),
        (count(live, "availableReplicas"), want, "available"),
        (count(live, "readyReplicas"), want, "ready"),
    ]);
    let missing = missing.or_else(|| surplus(count(live, "replicas"), want));
    missing.unwrap_or_else(|| reached("all pods are ready"))
}

/// A job that runs has arrived: when it ends is its own affair.
pub(super) fn job(live: &Value) -> Standing {
    let is = |kind: &str| condition(live, kind).filter(|found| found.status == "True");
    if let Some(failed) = is("Failed") {
        return Standing::quoting(Progress::Failed, "it failed", failed.message);
    }
    if is("Complete").is_some() {
        return reached("it is complete");
    }
    if live.pointer("/spec/suspend") == Some(&Value::Bool(true)) || is("Suspended").is_some() {
        return Standing::new(Progress::Suspended, "it is suspended");
    }
    match live.pointer("/status/startTime") {
        Some(_) => reached("it runs"),
        None => Standing::new(Progress::InProgress, "it has not begun"),
    }
}

pub(super) fn pod(live: &Value) -> Standing {
    match text(live, "/status/phase") {
        "Succeeded" => reached("it is complete"),
        "Failed" => Standing::quoting(
            Progress::Failed,
            "it failed",
            live.pointer("/status/message").and_then(Value::as_str),
        ),
        "Running" if condition(live, "Ready").is_some_and(|ready| ready.status == "True") => {
            reached("it is ready")
        }
        "Running" | "Pending" => match crashing(live) {
            Some(name) => {
                Standing::new(Progress::Failed, format!("container {name} crashes again and again"))
            }
            None => {
                let scheduled = condition(live, "PodScheduled").filter(|found| found.status == "False");
                let message = scheduled.and_then(|found| found.message);
                Standing::quoting(Progress::InProgress, "it is not ready", message)
            }
        },
        _ => Standing::new(Progress::InProgress, "it has not begun"),
    }
}

fn crashing(live: &Value) -> Option<&str> {
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"].into_iter();
    let mut all = statuses.filter_map(|field| live.pointer(field)?.as_array()).flatten();
    let crashes = |status: &&Value| text(status, "/state/waiting/reason") == "CrashLoopBackOff";
    all.find(crashes).map(|status| text(status, "/name"))
}
