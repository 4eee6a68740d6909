//! HelmReleases of Flux.
//!
//! A HelmRelease knows no commit. That it is as the commit has it, its generation says, but only of what it holds itself:
//! its chart and some of its values come from elsewhere. Where it does not say which of them it has released, it is
//! unknown whether it has reached the commit, however well it is.

use serde_json::Value;

use super::flux::{commit_of, not_ready, refused, suspended, unseen};
use super::{Condition, Contains, Progress, Standing, condition, generic, number, object, text};

/// Reasons for not being ready that an action of Helm gave.
const OF_HELM: [&str; 7] = [
    "InstallFailed",
    "UpgradeFailed",
    "TestFailed",
    "RollbackSucceeded",
    "RollbackFailed",
    "UninstallSucceeded",
    "UninstallFailed",
];

/// The object that a HelmRelease takes its chart from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartSource {
    /// Its kind, of the group `source.toolkit.fluxcd.io`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Where a HelmRelease takes its chart from, as far as it says so: the HelmChart that its controller made for it, or what
/// it names itself.
pub fn chart_source(live: &Value) -> Option<ChartSource> {
    let own = text(live, "/metadata/namespace");
    let (kind, namespace, name) = match live.pointer("/spec/chartRef").filter(|named| !named.is_null()) {
        Some(named) => (text(named, "/kind"), text(named, "/namespace"), text(named, "/name")),
        None => {
            let (namespace, name) = text(live, "/status/helmChart").split_once('/')?;
            ("HelmChart", namespace, name)
        }
    };
    let namespace = if namespace.is_empty() { own } else { namespace };
    let is_named = !kind.is_empty() && !name.is_empty();
    is_named.then(|| ChartSource {
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}

/// How far a HelmRelease has come; `source` is what [`chart_source`] names, where somebody has looked. What can be told
/// without it is told.
pub fn release(live: &Value, source: Option<&Value>, contains: &Contains<'_>) -> Standing {
    if let Some(standing) = suspended(live) {
        return standing;
    }
    if live.pointer("/metadata/deletionTimestamp").is_some_and(|at| !at.is_null()) {
        return generic(live).unwrap_or_else(unseen);
    }
    // Until it is through with a generation, its controller does not say that it has seen it: after failures it never
    // does. But each condition says which generation it is about.
    let written = number(live, "/metadata/generation");
    let ready =
        condition(live, "Ready").filter(|ready| ready.generation.is_none_or(|of| Some(of) == written));
    match ready {
        Some(ready) if ready.status == "True" => {
            generic(live).unwrap_or_else(|| released(live, source, contains))
        }
        Some(ready) if refused(&ready) => failed(live, &ready, source, contains),
        Some(ready) if ready.status == "False" => source.and_then(stuck).unwrap_or_else(|| not_ready(&ready)),
        Some(ready) => not_ready(&ready),
        None => generic(live).unwrap_or_else(unseen),
    }
}

/// What did not work: it goes on by itself, or gave up, or does the same again without end.
fn failed(live: &Value, ready: &Condition<'_>, source: Option<&Value>, contains: &Contains<'_>) -> Standing {
    let told = |kind| condition(live, kind).filter(|found| found.status == "True");
    let count = |field| number(live, &format!("/status/{field}")).unwrap_or(0);
    let released = condition(live, "Released").and_then(|released| released.message).or(ready.message);
    if let Some(reconciling) = told("Reconciling") {
        // A failure that left something to remedy is counted by what it happened to, a moment after it is told, and then
        // remedied and tried again as often as the spec allows. Any other is tried again as it is.
        let counted = count("installFailures").saturating_add(count("upgradeFailures"));
        let again = OF_HELM.contains(&ready.reason) && (counted > 0 || count("failures") == 0);
        if again || reconciling.reason == "ProgressingWithRetry" {
            return Standing::quoting(Progress::InProgress, "its controller goes on", released);
        }
    }
    // As long as it has not tried what there is now, it does not say how that ends.
    let attempted = text(live, "/status/lastAttemptedRevision");
    let newer =
        source.and_then(|source| newer(source, attempted, text(live, "/status/lastAttemptedRevisionDigest")));
    let is_another = newer.is_some() || commit_in(attempted).and_then(contains) == Some(false);
    if OF_HELM.contains(&ready.reason) && is_another {
        let why = "what it failed at is another chart";
        return source
            .and_then(stuck)
            .unwrap_or_else(|| Standing::quoting(Progress::InProgress, why, released));
    }
    let remedied = told("Remediated").filter(|remedied| remedied.generation == ready.generation);
    match remedied {
        Some(remedied) if remedied.reason.starts_with("Rollback") => {
            Standing::quoting(Progress::Failed, "it failed and was rolled back", released)
        }
        Some(_) => Standing::quoting(Progress::Failed, "it failed and was uninstalled", released),
        None if waited(live, ready) => Standing::quoting(Progress::Degraded, ready.reason, ready.message),
        None => not_ready(ready),
    }
}

/// Whether all was applied and then did not become well in time. Helm tells this from other failures in words alone, and
/// those of a hook or of one request that ran out of time have more words before them.
fn waited(live: &Value, ready: &Condition<'_>) -> bool {
    let chart = format!("@{}: ", text(live, "/status/history/0/chartVersion"));
    let words = ready.message.and_then(|message| Some(message.split_once(&chart)?.1));
    let in_time = matches!(words, Some("context deadline exceeded" | "timed out waiting for the condition"));
    in_time && text(live, "/status/history/0/status") == "failed"
}

/// What it has released, and whether that is what the commit asks for.
fn released(live: &Value, source: Option<&Value>, contains: &Contains<'_>) -> Standing {
    let version = text(live, "/status/history/0/chartVersion");
    if version.is_empty() {
        return Standing::new(Progress::Unknown, "it does not say what it has released");
    }
    // What its source has since is another commit's affair.
    let is_there = commit_in(version).and_then(contains);
    let standing = match is_there {
        Some(true) => Standing::new(Progress::Reached, "it has released the commit and is ready"),
        Some(false) | None => source
            .and_then(|source| behind(live, version, source))
            .unwrap_or_else(|| as_asked(live, version, source, is_there, contains)),
    };
    match values_from(live) {
        Some(name) if standing.progress == Progress::Reached => Standing::new(
            Progress::Unknown,
            format!("it takes values from {name}, and does not say whether it has seen the latest"),
        ),
        Some(_) | None => standing,
    }
}

/// Whether what it has released is right, by where its chart comes from; `is_there` says whether the version names a
/// commit that contains the one in question.
fn as_asked(
    live: &Value,
    version: &str,
    source: Option<&Value>,
    is_there: Option<bool>,
    contains: &Contains<'_>,
) -> Standing {
    let from = source.map(|source| (text(source, "/kind"), text(source, "/spec/sourceRef/kind")));
    match (text(live, "/spec/chart/spec/sourceRef/kind"), from) {
        ("HelmRepository", _) => of_repository(live, version),
        ("", Some(("OCIRepository", _) | ("HelmChart", "HelmRepository"))) => {
            Standing::new(Progress::Reached, "it has released what its source has, and is ready")
        }
        ("", None) if is_there.is_none() => Standing::new(
            Progress::Unknown,
            "it has released a chart of which only its source says whether it is right",
        ),
        ("", Some((kind, _))) if kind != "HelmChart" => {
            Standing::new(Progress::Unknown, "its source does not say which commit its chart is of")
        }
        (_, _) => of_files(live, source, is_there, contains),
    }
}

/// Why it waits for its source in vain, if it does.
fn stuck(source: &Value) -> Option<Standing> {
    let its = suspended(source).unwrap_or_else(|| object(source));
    match its.progress {
        Progress::Suspended | Progress::Degraded | Progress::Failed => Some(of_its_source(&its)),
        Progress::Reached | Progress::InProgress | Progress::OutOfDate | Progress::Unknown => None,
    }
}

fn of_its_source(its: &Standing) -> Standing {
    Standing::new(its.progress, format!("the source of its chart: {}", its.why))
}

/// What its source has that it has not released, or why its source has nothing new.
fn behind(live: &Value, version: &str, source: &Value) -> Option<Standing> {
    if suspended(source).is_none() {
        let its = object(source);
        if its.progress != Progress::Reached {
            return Some(of_its_source(&its));
        }
    }
    let (has, released) = newer(source, version, text(live, "/status/history/0/ociDigest"))?;
    let why = format!("its source has {has}, and it has released {released}");
    Some(Standing::new(Progress::InProgress, why))
}

/// What a source has instead of a chart of this version and digest, if it has another, beside what it has it instead of.
fn newer<'v>(source: &'v Value, version: &'v str, digest: &'v str) -> Option<(&'v str, &'v str)> {
    let revision = text(source, "/status/artifact/revision");
    let (has, known) = match revision.contains(':') {
        true => (digest_of(revision), digest_of(digest)),
        false => (revision, version),
    };
    (has != known).then_some((has, known))
}

/// The digest in `1.2.3@sha256:…` or `latest@sha256:…`.
fn digest_of(revision: &str) -> &str {
    revision.rsplit_once('@').map_or(revision, |(_, digest)| digest)
}

/// A chart out of a repository of charts: all that a commit has of it is its version.
fn of_repository(live: &Value, version: &str) -> Standing {
    let asked = plain(text(live, "/spec/chart/spec/version"));
    if is_exact(asked) && asked != plain(version) {
        let why = format!("it has released version {version} of its chart, not yet {asked}");
        return Standing::new(Progress::InProgress, why);
    }
    Standing::new(Progress::Reached, "it is released and ready")
}

fn plain(version: &str) -> &str {
    let version = version.strip_prefix('v').unwrap_or(version);
    version.split_once('+').map_or(version, |(version, _)| version)
}

/// Whether it is one version rather than a range of them.
fn is_exact(version: &str) -> bool {
    let numbers = version.split_once('-').map_or(version, |(numbers, _)| numbers);
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    numbers.split('.').count() == 3 && numbers.split('.').all(is_number)
}

/// A chart out of files, which change with or without its version.
fn of_files(
    live: &Value,
    source: Option<&Value>,
    is_there: Option<bool>,
    contains: &Contains<'_>,
) -> Standing {
    let strategy = |object: &Value, field: &str| text(object, field) == "Revision";
    let by_revision = strategy(live, "/spec/chart/spec/reconcileStrategy")
        || source.is_some_and(|source| strategy(source, "/spec/reconcileStrategy"));
    let seen = source.and_then(|source| commit_of(text(source, "/status/observedSourceArtifactRevision")));
    let is_seen = if by_revision { None } else { seen.and_then(contains) };
    match (is_there, is_seen) {
        (Some(false), _) | (_, Some(false)) => not_there(source),
        (Some(true) | None, Some(true) | None) => Standing::new(
            Progress::Unknown,
            match by_revision {
                true => "it does not say which commit it has released",
                false => {
                    "its chart is released again only under another version, so that it may be older than the commit"
                }
            },
        ),
    }
}

/// The commit in `1.2.3+<its first 12 digits>`, behind which there may be `.<more>`.
fn commit_in(version: &str) -> Option<&str> {
    let (_, build) = version.split_once('+')?;
    let commit = build.split('.').next()?;
    let is_commit = commit.len() == 12 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then_some(commit)
}

fn not_there(source: Option<&Value>) -> Standing {
    if source.is_some_and(|source| suspended(source).is_some()) {
        return Standing::new(
            Progress::OutOfDate,
            "it is at another commit, and the source of its chart is suspended",
        );
    }
    Standing::new(Progress::InProgress, "it has not released the commit yet")
}

/// What it takes values from that may change while it stays the same, if there is any. A name that kustomize made from
/// what it names changes with it.
fn values_from(live: &Value) -> Option<String> {
    let all = live.pointer("/spec/valuesFrom").and_then(Value::as_array)?;
    let found = all.iter().find(|from| !is_hashed(text(from, "/name")))?;
    Some(format!("{} {}", text(found, "/kind"), text(found, "/name")))
}

/// Whether a name ends in a hash of kustomize: hexadecimal digits, some of them replaced so that they spell no words.
fn is_hashed(name: &str) -> bool {
    let hash = name.rsplit_once('-').map(|(_, hash)| hash);
    hash.is_some_and(|hash| hash.len() == 10 && hash.bytes().all(|byte| b"gh2k456789mbcdtf".contains(&byte)))
}
