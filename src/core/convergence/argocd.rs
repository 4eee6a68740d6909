//! Applications of Argo CD.

use serde_json::Value;

use super::{Contains, Progress, Standing, text};

/// How far an Application has come. `status.sync.revision` is what it compares with the cluster, not what it applied:
/// only where both agree has it arrived.
pub(super) fn application(live: &Value, contains: &Contains<'_>) -> Standing {
    if live.pointer("/metadata/deletionTimestamp").is_some_and(|at| !at.is_null()) {
        return Standing::new(Progress::InProgress, "it is being deleted");
    }
    if let Some((kind, message)) = error(live) {
        return Standing::quoting(Progress::Failed, kind, message);
    }
    let running = matches!(text(live, "/status/operationState/phase"), "Running" | "Terminating");
    if running || live.get("operation").is_some_and(|operation| !operation.is_null()) {
        return Standing::new(Progress::InProgress, "it syncs");
    }
    match compared(live, contains) {
        Some(true) => at_the_commit(live, contains),
        Some(false) if follows(live) => Standing::new(Progress::InProgress, "it has not seen the commit yet"),
        Some(false) => {
            Standing::new(Progress::OutOfDate, "it has not seen the commit, and waits to be synced by hand")
        }
        None => Standing::new(Progress::Unknown, "it does not say which commit it is at"),
    }
}

/// Conditions whose type ends so are errors; others are warnings.
fn error(live: &Value) -> Option<(&str, Option<&str>)> {
    let all = live.pointer("/status/conditions").and_then(Value::as_array)?;
    let found = all.iter().find(|condition| text(condition, "/type").ends_with("Error"))?;
    Some((text(found, "/type"), found.pointer("/message").and_then(Value::as_str)))
}

/// Whether it syncs by itself.
fn follows(live: &Value) -> bool {
    let automated = live.pointer("/spec/syncPolicy/automated").filter(|automated| !automated.is_null());
    automated.is_some_and(|automated| automated.get("enabled") != Some(&Value::Bool(false)))
}

/// Whether one of the revisions that it compares with contains the commit. Of a chart from elsewhere the revision is a
/// version, which contains none.
fn compared(live: &Value, contains: &Contains<'_>) -> Option<bool> {
    revisions(live, "/status/sync", contains)
}

fn revisions(live: &Value, below: &str, contains: &Contains<'_>) -> Option<bool> {
    let many = live.pointer(&format!("{below}/revisions")).and_then(Value::as_array).into_iter().flatten();
    let one = live.pointer(&format!("{below}/revision"));
    let told = many.chain(one).filter_map(Value::as_str).filter(|revision| !revision.is_empty());
    let answers: Vec<Option<bool>> = told.map(contains).collect();
    let known = answers.iter().flatten();
    if known.clone().any(|answer| *answer) { Some(true) } else { known.copied().next() }
}

fn at_the_commit(live: &Value, contains: &Contains<'_>) -> Standing {
    let failed = matches!(text(live, "/status/operationState/phase"), "Failed" | "Error");
    let failed_at_it = failed && revisions(live, "/status/operationState/syncResult", contains) == Some(true);
    let message = live.pointer("/status/operationState/message").and_then(Value::as_str);
    match text(live, "/status/sync/status") {
        "Synced" => health(live),
        "OutOfSync" if failed_at_it => Standing::quoting(Progress::Failed, "its sync failed", message),
        "OutOfSync" if follows(live) => {
            Standing::new(Progress::InProgress, "the cluster differs from the commit")
        }
        "OutOfSync" => Standing::new(
            Progress::OutOfDate,
            "the cluster differs from the commit, and it waits to be synced by hand",
        ),
        _ => Standing::new(Progress::Unknown, "it does not say whether the cluster is as the commit has it"),
    }
}

fn health(live: &Value) -> Standing {
    let message = live.pointer("/status/health/message").and_then(Value::as_str);
    match text(live, "/status/health/status") {
        "Healthy" => Standing::new(Progress::Reached, "it is synced and healthy"),
        "Progressing" | "Missing" => {
            Standing::quoting(Progress::InProgress, "its objects are on their way", message)
        }
        "Degraded" => {
            Standing::quoting(Progress::Degraded, "it is synced, and its objects are not well", message)
        }
        "Suspended" => {
            Standing::quoting(Progress::Suspended, "it is synced, and objects are suspended", message)
        }
        _ => Standing::new(Progress::Unknown, "it is synced, and does not say whether its objects are well"),
    }
}
