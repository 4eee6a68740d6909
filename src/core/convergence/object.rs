//! Objects by themselves.

use serde_json::Value;

use super::{Progress, Standing, condition, generic, group, text, workload};

/// How far an object has come by itself: whether its controller is through with what is written, and it is well.
pub fn object(live: &Value) -> Standing {
    if let Some(standing) = generic(live) {
        return standing;
    }
    match (group(live), text(live, "/kind")) {
        ("apps", "Deployment") => workload::deployment(live),
        ("apps", "StatefulSet") => workload::stateful_set(live),
        ("apps", "DaemonSet") => workload::daemon_set(live),
        ("apps", "ReplicaSet") => workload::replica_set(live),
        ("batch", "Job") => workload::job(live),
        ("", "Pod") => workload::pod(live),
        ("", "PersistentVolumeClaim") => claim(live),
        ("", "Service") => service(live),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(live),
        ("batch", "CronJob") if live.pointer("/spec/suspend") == Some(&Value::Bool(true)) => {
            Standing::new(Progress::Suspended, "it is suspended")
        }
        _ => ready(live),
    }
}

fn reached(why: &str) -> Standing {
    Standing::new(Progress::Reached, why)
}

fn waits(why: &str) -> Standing {
    Standing::new(Progress::InProgress, why)
}

/// What says nothing of being ready is there as soon as it is written.
fn ready(live: &Value) -> Standing {
    match condition(live, "Ready") {
        None => reached("it is there"),
        Some(ready) if ready.status == "True" => reached("it is ready"),
        Some(ready) => Standing::quoting(Progress::InProgress, "it is not ready", ready.message),
    }
}

fn claim(live: &Value) -> Standing {
    match text(live, "/status/phase") {
        "Bound" => reached("it is bound"),
        "Lost" => Standing::new(Progress::Failed, "its volume is lost"),
        _ => waits("it is not bound to a volume"),
    }
}

fn service(live: &Value) -> Standing {
    let waiting = text(live, "/spec/type") == "LoadBalancer" && text(live, "/spec/clusterIP").is_empty();
    if waiting { waits("it has no address in the cluster") } else { reached("it is there") }
}

fn definition(live: &Value) -> Standing {
    if let Some(names) = condition(live, "NamesAccepted").filter(|condition| condition.status == "False") {
        return Standing::quoting(Progress::Failed, "its names are taken", names.message);
    }
    match condition(live, "Established") {
        Some(established) if established.status == "True" => reached("it is established"),
        Some(established) if established.status == "False" && established.reason != "Installing" => {
            Standing::quoting(Progress::Failed, "it is not established", established.message)
        }
        Some(_) | None => waits("it is not established yet"),
    }
}
