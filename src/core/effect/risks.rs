//! Dangers that a reviewer must not miss, as far as the two manifests show them.
//!
//! Each is named rather once too often: a change that cannot be shown to be harmless counts as dangerous.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Effect, Operation, Risk, applier, exposure, pods, rbac};

/// The dangers of an effect that takes an object from one manifest to another.
pub(super) fn of(effect: &Effect, before: Option<&Value>, after: Option<&Value>) -> BTreeSet<Risk> {
    let mut risks = BTreeSet::new();
    by_operation(effect, &mut risks);
    by_kind(effect, &mut risks);
    if destroys_data(effect, before, after) {
        risks.insert(Risk::DataLoss);
    }
    let Some(after) = after else {
        if effect.operation == Operation::Delete && exposure::shields(&effect.object) {
            risks.insert(Risk::Exposure);
        }
        if effect.operation == Operation::Delete && rbac::guards(&effect.object) {
            risks.insert(Risk::Privilege);
        }
        return risks;
    };
    if pods::gains_privilege(before, after) || rbac::gains_privilege(&effect.object, before, after) {
        risks.insert(Risk::Privilege);
    }
    if exposure::widens(&effect.object, before, after) || pods::opens_host_port(before, after) {
        risks.insert(Risk::Exposure);
    }
    if let Some(before) = before {
        if pods::changes_image(before, after) || effect.changes.iter().any(|change| names_image(&change.path))
        {
            risks.insert(Risk::Image);
        }
        if scales_to_zero(before, after) {
            risks.insert(Risk::ScaleToZero);
        }
        if charts(before) != charts(after) {
            risks.insert(Risk::Chart);
        }
    }
    if applier::is_suspended(&effect.object.group, before, after) {
        risks.insert(Risk::Suspended);
    }
    risks
}

fn by_operation(effect: &Effect, risks: &mut BTreeSet<Risk>) {
    match effect.operation {
        Operation::Replace => risks.extend([Risk::Replace]),
        Operation::Delete => risks.extend([Risk::Prune]),
        Operation::Orphan => risks.extend([Risk::Orphan]),
        Operation::Create | Operation::Update | Operation::Fail | Operation::None => {}
    }
}

fn by_kind(effect: &Effect, risks: &mut BTreeSet<Risk>) {
    match (effect.object.group.as_str(), effect.object.kind.as_str()) {
        ("apiextensions.k8s.io", "CustomResourceDefinition") => risks.extend([Risk::Crd]),
        ("", "Namespace") => risks.extend([Risk::Namespace]),
        _ => {}
    }
    let secret = effect.object.kind.to_ascii_lowercase().ends_with("secret");
    if secret || effect.changes.iter().any(|change| change.masked) {
        risks.insert(Risk::Secret);
    }
}

/// Stored data goes with the object, or with what it owns.
fn destroys_data(effect: &Effect, before: Option<&Value>, after: Option<&Value>) -> bool {
    let claims = |body: Option<&Value>| {
        let templates = body.and_then(|body| at(body, "spec.volumeClaimTemplates")).and_then(Value::as_array);
        templates.map_or(0, Vec::len)
    };
    let deleted_with = |body: &Value| {
        at(body, "spec.persistentVolumeClaimRetentionPolicy.whenDeleted").and_then(Value::as_str)
            == Some("Delete")
    };
    let gone = effect.operation == Operation::Delete;
    let remade = effect.operation == Operation::Replace;
    match (effect.object.group.as_str(), effect.object.kind.as_str()) {
        ("", "PersistentVolumeClaim" | "PersistentVolume" | "Namespace")
        | ("apiextensions.k8s.io", "CustomResourceDefinition") => gone || remade,
        ("apps", "StatefulSet") => {
            let (old, new) = (claims(before), claims(after));
            let dropped = remade && (new < old || before.is_some_and(deleted_with));
            (gone && old > 0) || dropped
        }
        _ => false,
    }
}

fn names_image(path: &str) -> bool {
    path.ends_with(".image") || path.ends_with(".image.tag") || path.ends_with(".image.repository")
}

fn scales_to_zero(before: &Value, after: &Value) -> bool {
    let replicas = |body: &Value| match at(body, "spec.replicas") {
        Some(replicas) => replicas.as_i64(),
        None => at(body, "spec.template").map(|_| 1),
    };
    // A Job or CronJob that is suspended runs nothing.
    let stopped = |body: &Value| {
        body.get("apiVersion").and_then(Value::as_str).is_some_and(|version| version.starts_with("batch/"))
            && at(body, "spec.suspend") == Some(&Value::Bool(true))
    };
    (replicas(before).is_some_and(|count| count > 0) && replicas(after) == Some(0))
        || (!stopped(before) && stopped(after))
}

/// Every chart that a source object names, with its version.
fn charts(body: &Value) -> Vec<Option<&Value>> {
    let of_argo = |source: &'_ Value| source.get("chart").is_some();
    // What a chart rendered carries its version as a label.
    let label = at(body, "metadata.labels").and_then(|labels| labels.get("helm.sh/chart"));
    let mut charts = vec![label];
    for path in
        ["spec.chart.spec.chart", "spec.chart.spec.version", "spec.chartRef", "spec.chart.spec.sourceRef"]
    {
        charts.push(at(body, path));
    }
    let sources = at(body, "spec.sources").and_then(Value::as_array).into_iter().flatten();
    for source in at(body, "spec.source").into_iter().chain(sources).filter(|source| of_argo(source)) {
        charts.extend([source.get("repoURL"), source.get("chart"), source.get("targetRevision")]);
    }
    charts
}

/// The value at a dotted path.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, key| value.get(key))
}
