//! Kustomizations of Flux, and what they have in common with its HelmReleases.

use serde_json::Value;

use super::{Condition, Contains, Progress, Standing, condition, generic, text};

/// Reasons for not being ready that end by themselves.
const PASSING: [&str; 5] =
    ["Progressing", "ProgressingWithRetry", "DependencyNotReady", "ArtifactFailed", "SourceNotReady"];
/// Reasons for which what is applied is not well.
const UNWELL: [&str; 3] = ["HealthCheckFailed", "TestFailed", "PruneFailed"];

pub(super) fn suspended(live: &Value) -> Option<Standing> {
    let suspended = live.pointer("/spec/suspend") == Some(&Value::Bool(true));
    suspended.then(|| Standing::new(Progress::Suspended, "it is suspended"))
}

/// How far a Kustomization has come. Revisions read `main@sha1:<commit>`, or `main/<commit>` in old versions.
pub(super) fn kustomization(live: &Value, contains: &Contains<'_>) -> Standing {
    if let Some(standing) = suspended(live) {
        return standing;
    }
    let [applied, attempted] = ["lastAppliedRevision", "lastAttemptedRevision"]
        .map(|field| commit_of(text(live, &format!("/status/{field}"))).and_then(contains));
    match condition(live, "Ready") {
        Some(ready) if ready.status == "True" && generic(live).is_none() => match applied {
            Some(true) => Standing::new(Progress::Reached, "it has applied the commit and is ready"),
            Some(false) => Standing::new(Progress::InProgress, "it has not seen the commit yet"),
            None => Standing::new(Progress::Unknown, "it does not say which commit it has applied"),
        },
        // What it failed at was another commit.
        Some(ready) if attempted == Some(false) => {
            Standing::quoting(Progress::InProgress, "it has not tried the commit yet", ready.message)
        }
        Some(ready) if refused(&ready) => not_ready(&ready),
        Some(ready) => generic(live).unwrap_or_else(|| not_ready(&ready)),
        None => generic(live).unwrap_or_else(unseen),
    }
}

pub(super) fn unseen() -> Standing {
    Standing::new(Progress::InProgress, "its controller has not seen it yet")
}

pub(super) fn refused(ready: &Condition<'_>) -> bool {
    ready.status == "False" && !PASSING.contains(&ready.reason)
}

pub(super) fn not_ready(ready: &Condition<'_>) -> Standing {
    let progress = match (refused(ready), UNWELL.contains(&ready.reason)) {
        (false, _) => Progress::InProgress,
        (true, true) => Progress::Degraded,
        (true, false) => Progress::Failed,
    };
    let why = if ready.reason.is_empty() { "it is not ready" } else { ready.reason };
    Standing::quoting(progress, why, ready.message)
}

/// The commit in a revision; `None` where it names none.
pub(super) fn commit_of(revision: &str) -> Option<&str> {
    let tail = revision.rsplit(['/', ':']).next().unwrap_or(revision);
    let is_commit = matches!(tail.len(), 40 | 64) && tail.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then_some(tail)
}
