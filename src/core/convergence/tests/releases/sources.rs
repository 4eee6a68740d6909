//! What HelmReleases of Flux have released of charts and values that come from elsewhere.

use serde_json::{Value, json};

use super::super::super::{ChartSource, chart_source, release};
use super::super::appliers::set;
use super::super::{COMMIT, EARLIER, LATER, contains, line};
use super::{Edits, check, conditions, edited, said, snapshot, working};

/// Out of a GitRepository.
fn of_git(strategy: &str, released: &str) -> Edits {
    vec![
        ("spec.chart.spec.sourceRef.kind", json!("GitRepository")),
        ("spec.chart.spec.version", json!("*")),
        ("spec.chart.spec.reconcileStrategy", json!(strategy)),
        ("status.history", json!([snapshot(released, "deployed")])),
    ]
}

fn short(commit: &str) -> String {
    format!("0.1.0+{}", &commit[..12])
}

fn and(mut edits: Edits, more: Edits) -> Edits {
    edits.extend(more);
    edits
}

#[test]
fn whose_chart_or_values_come_from_elsewhere() {
    let values = |names: &[&str]| {
        let all: Vec<Value> = names.iter().map(|name| json!({ "kind": "ConfigMap", "name": name })).collect();
        ("spec.valuesFrom", json!(all))
    };
    let untold = "unknown: it does not say which commit it has released";
    let by_version = "unknown: its chart is released again only under another version, so that it may be older than \
                      the commit";
    check([
        (
            vec![("spec.chart.spec.version", json!("v0.3.0"))],
            "in-progress: it has released version 0.2.0 of its chart, not yet 0.3.0",
        ),
        (vec![("spec.chart.spec.version", json!("v0.2.0"))], "reached: it is released and ready"),
        (vec![("spec.chart.spec.version", json!("0.x"))], "reached: it is released and ready"),
        (
            vec![("status.history", json!([snapshot("0.2.0+2", "deployed")]))],
            "reached: it is released and ready",
        ),
        (vec![("status.history", Value::Null)], "unknown: it does not say what it has released"),
        (of_git("Revision", &short(COMMIT)), "reached: it has released the commit and is ready"),
        (
            of_git("Revision", &format!("{}.3", short(LATER))),
            "reached: it has released the commit and is ready",
        ),
        (of_git("Revision", &short(EARLIER)), "in-progress: it has not released the commit yet"),
        (of_git("Revision", "0.1.0+aaaaaaaaaaaa"), untold),
        (
            and(
                of_git("Revision", &short(EARLIER)),
                vec![
                    ("status.lastAttemptedRevision", json!(short(EARLIER))),
                    conditions([said("Ready", "False", "UpgradeFailed", "refused")]),
                ],
            ),
            "in-progress: what it failed at is another chart: refused",
        ),
        (of_git("Revision", "0.1.0"), untold),
        (of_git("ChartVersion", "0.1.0"), by_version),
        (
            vec![
                ("spec.chart", Value::Null),
                ("spec.chartRef", json!({ "kind": "OCIRepository", "name": "charts" })),
            ],
            "unknown: it has released a chart of which only its source says whether it is right",
        ),
        (
            vec![values(&["shop-values"])],
            "unknown: it takes values from ConfigMap shop-values, and does not say whether it has seen the latest",
        ),
        (
            vec![values(&["shop-values-5m2tc8hkg6", "more"])],
            "unknown: it takes values from ConfigMap more, and does not say whether it has seen the latest",
        ),
        (vec![values(&["shop-values-5m2tc8hkg6"])], "reached: it is released and ready"),
        (
            and(of_git("Revision", &short(EARLIER)), vec![values(&["shop-values"])]),
            "in-progress: it has not released the commit yet",
        ),
    ]);
}

/// A source that has made what is asked of it.
fn source(kind: &str, revision: &str) -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind,
        "metadata": { "name": "charts", "namespace": "flux-system", "generation": 1 }, "spec": {},
        "status": {
            "artifact": { "revision": revision }, "observedGeneration": 1,
            "conditions": [{ "type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored" }],
        },
    })
}

#[test]
fn with_the_sources_of_their_charts() {
    let chart = |revision: &str| source("HelmChart", revision);
    let with = |mut source: Value, edits: &Edits| {
        set(&mut source, edits);
        source
    };
    let stalled = json!([
        { "type": "Stalled", "status": "True", "reason": "ChartPackageError", "message": "no such folder" },
        { "type": "Ready", "status": "False", "reason": "ChartPackageError", "message": "no such folder" },
    ]);
    let broken = vec![("status.conditions", stalled)];
    let suspended = vec![("spec.suspend", json!(true)), ("metadata.generation", json!(2))];
    let waits = conditions([
        working("Fulfilling prerequisites"),
        said("Ready", "False", "SourceNotReady", "HelmChart is not ready"),
    ]);
    let gave_up = vec![conditions([
        said("Stalled", "True", "RetriesExceeded", "Failed to upgrade after 1 attempt(s)"),
        said("Ready", "False", "UpgradeFailed", "refused"),
    ])];
    let named = |digest: &str| {
        vec![
            ("spec.chart", Value::Null),
            ("spec.chartRef", json!({ "kind": "OCIRepository", "name": "charts" })),
            ("status.history.0.ociDigest", json!(digest)),
        ]
    };
    let seen = |commit: &str| {
        let revision = format!("main@sha1:{commit}");
        vec![("status.observedSourceArtifactRevision", json!(revision))]
    };
    let oci = |revision: &str| source("OCIRepository", revision);
    let of_chart = vec![
        ("spec.chart", Value::Null),
        ("spec.chartRef", json!({ "kind": "HelmChart", "name": "charts" })),
    ];
    for (edits, source, expected) in [
        (vec![], chart("0.2.0"), "reached: it is released and ready"),
        (vec![], chart("0.2.1"), "in-progress: its source has 0.2.1, and it has released 0.2.0"),
        // It is ready with what its source had before.
        (
            vec![],
            with(chart("0.2.0"), &broken),
            "failed: the source of its chart: it is stalled: no such folder",
        ),
        (
            vec![],
            with(chart("0.2.0"), &vec![("metadata.generation", json!(2))]),
            "in-progress: the source of its chart: its controller has seen generation 1, not yet 2",
        ),
        (
            vec![waits.clone()],
            with(chart("0.2.0"), &broken),
            "failed: the source of its chart: it is stalled: no such folder",
        ),
        (vec![waits.clone()], chart("0.2.0"), "in-progress: SourceNotReady: HelmChart is not ready"),
        (
            vec![waits],
            with(chart("0.2.0"), &suspended),
            "suspended: the source of its chart: it is suspended",
        ),
        (
            of_git("Revision", &short(EARLIER)),
            with(chart(&short(EARLIER)), &suspended),
            "out-of-date: it is at another commit, and the source of its chart is suspended",
        ),
        // It gave up a chart that its source had before.
        (gave_up.clone(), chart("0.2.1"), "in-progress: what it failed at is another chart: refused"),
        (
            gave_up.clone(),
            with(chart("0.2.1"), &broken),
            "failed: the source of its chart: it is stalled: no such folder",
        ),
        (gave_up, chart("0.2.0"), "failed: UpgradeFailed: refused"),
        (
            of_git("Revision", &short(COMMIT)),
            with(chart(&short(COMMIT)), &suspended),
            "reached: it has released the commit and is ready",
        ),
        (
            of_git("Revision", &short(EARLIER)),
            chart(&short(COMMIT)),
            "in-progress: its source has 0.1.0+111111111111, and it has released 0.1.0+333333333333",
        ),
        (
            of_git("ChartVersion", "0.1.0"),
            with(chart("0.1.0"), &seen(EARLIER)),
            "in-progress: it has not released the commit yet",
        ),
        (
            of_git("ChartVersion", "0.1.0"),
            with(chart("0.1.0"), &seen(COMMIT)),
            "unknown: its chart is released again only under another version, so that it may be older than the commit",
        ),
        (
            named("sha256:aa"),
            oci("0.2.0@sha256:aa"),
            "reached: it has released what its source has, and is ready",
        ),
        (
            named("latest@sha256:aa"),
            oci("latest@sha256:aa"),
            "reached: it has released what its source has, and is ready",
        ),
        (
            named("sha256:aa"),
            source("ExternalArtifact", "latest@sha256:aa"),
            "unknown: its source does not say which commit its chart is of",
        ),
        (
            named("sha256:aa"),
            oci("0.2.0@sha256:bb"),
            "in-progress: its source has sha256:bb, and it has released sha256:aa",
        ),
        (
            of_chart.clone(),
            with(chart("0.2.0"), &vec![("spec.sourceRef.kind", json!("HelmRepository"))]),
            "reached: it has released what its source has, and is ready",
        ),
        (
            and(of_chart, vec![("status.history", json!([snapshot(&short(COMMIT), "deployed")]))]),
            with(
                chart(&short(COMMIT)),
                &vec![
                    ("spec.sourceRef.kind", json!("GitRepository")),
                    ("spec.reconcileStrategy", json!("Revision")),
                ],
            ),
            "reached: it has released the commit and is ready",
        ),
    ] {
        let standing = release(&edited(&edits), Some(&source), &contains);
        assert_eq!(line(&standing), expected, "{edits:?} {source}");
    }
}

#[test]
fn say_what_they_take_their_charts_from() {
    let named = |kind: &str, namespace: &str, name: &str| {
        Some(ChartSource { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() })
    };
    let by = |reference: Value| vec![("spec.chart", Value::Null), ("spec.chartRef", reference)];
    for (edits, expected) in [
        (vec![], named("HelmChart", "flux-system", "flux-system-shop")),
        (vec![("status", Value::Null)], None),
        (
            by(json!({ "kind": "OCIRepository", "name": "charts" })),
            named("OCIRepository", "flux-system", "charts"),
        ),
        (
            by(json!({ "kind": "HelmChart", "name": "charts", "namespace": "shop" })),
            named("HelmChart", "shop", "charts"),
        ),
        (by(json!({ "kind": "HelmChart" })), None),
    ] {
        assert_eq!(chart_source(&edited(&edits)), expected, "{edits:?}");
    }
}
