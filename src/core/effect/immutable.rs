//! Fields that the API server refuses to change in place.

use serde_json::Value;

use crate::diff;
use crate::object::ObjectRef;

/// What cannot change.
enum Fixed {
    /// These fields.
    Fields(&'static [&'static str]),
    /// Everything in `spec` but these fields.
    SpecBut(&'static [&'static str]),
}

const RULES: &[(&str, &str, Fixed)] = &[
    ("apps", "Deployment", Fixed::Fields(&["spec.selector"])),
    ("apps", "DaemonSet", Fixed::Fields(&["spec.selector"])),
    ("apps", "ReplicaSet", Fixed::Fields(&["spec.selector"])),
    (
        "apps",
        "StatefulSet",
        Fixed::SpecBut(&[
            "minReadySeconds",
            "ordinals",
            "persistentVolumeClaimRetentionPolicy",
            "replicas",
            "revisionHistoryLimit",
            "template",
            "updateStrategy",
        ]),
    ),
    (
        "batch",
        "Job",
        Fixed::Fields(&[
            "spec.template",
            "spec.selector",
            "spec.completions",
            "spec.completionMode",
            "spec.manualSelector",
            "spec.podFailurePolicy",
            "spec.backoffLimitPerIndex",
            "spec.managedBy",
        ]),
    ),
    ("", "PersistentVolumeClaim", Fixed::SpecBut(&["resources", "volumeAttributesClassName"])),
    (
        "",
        "PersistentVolume",
        Fixed::SpecBut(&[
            "accessModes",
            "capacity",
            "claimRef",
            "mountOptions",
            "nodeAffinity",
            "persistentVolumeReclaimPolicy",
            "storageClassName",
            "volumeAttributesClassName",
        ]),
    ),
    ("", "Pod", Fixed::SpecBut(&["activeDeadlineSeconds", "containers", "initContainers", "tolerations"])),
    ("rbac.authorization.k8s.io", "RoleBinding", Fixed::Fields(&["roleRef"])),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", Fixed::Fields(&["roleRef"])),
    (
        "storage.k8s.io",
        "StorageClass",
        Fixed::Fields(&["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"]),
    ),
    ("scheduling.k8s.io", "PriorityClass", Fixed::Fields(&["value", "preemptionPolicy"])),
    ("networking.k8s.io", "IngressClass", Fixed::Fields(&["spec.controller"])),
    ("node.k8s.io", "RuntimeClass", Fixed::Fields(&["handler"])),
    ("discovery.k8s.io", "EndpointSlice", Fixed::Fields(&["addressType"])),
    (
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        Fixed::Fields(&["spec.scope", "spec.group", "spec.names.kind", "spec.names.plural"]),
    ),
];

/// The first immutable field that differs, as people read it.
pub(super) fn changed(object: &ObjectRef, before: &Value, after: &Value) -> Option<String> {
    let rules = RULES.iter().filter(|(group, kind, _)| *group == object.group && *kind == object.kind);
    let by_rule = rules.into_iter().find_map(|(_, _, fixed)| match fixed {
        Fixed::Fields(paths) => {
            paths.iter().find(|path| differ(before, after, path)).map(|path| (*path).to_owned())
        }
        Fixed::SpecBut(free) => spec_but(free, before, after),
    });
    by_rule.or_else(|| match (object.group.as_str(), object.kind.as_str()) {
        ("", "Service") => cluster_ip(before, after),
        ("", "PersistentVolumeClaim") => shrinks(before, after),
        ("", "ConfigMap" | "Secret") => frozen(before, after),
        ("", "Pod") => pod(before, after),
        _ => None,
    })
}

fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, key| value.get(key))
}

/// Compares as fields do, so that another spelling of a quantity is no difference.
fn differ(before: &Value, after: &Value, path: &str) -> bool {
    if at(before, path) == at(after, path) {
        return false;
    }
    let (inside, item) = (format!("{path}."), format!("{path}["));
    diff::fields(before, after).iter().any(|change| {
        change.path == path || change.path.starts_with(&inside) || change.path.starts_with(&item)
    }) || at(before, path).is_none() != at(after, path).is_none()
}

fn spec_but(free: &[&str], before: &Value, after: &Value) -> Option<String> {
    let (Some(old), Some(new)) = (before.get("spec")?.as_object(), after.get("spec")?.as_object()) else {
        return None;
    };
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let fixed = names.into_iter().filter(|name| !free.contains(&name.as_str()));
    fixed.map(|name| format!("spec.{name}")).find(|path| differ(before, after, path))
}

fn cluster_ip(before: &Value, after: &Value) -> Option<String> {
    let path = "spec.clusterIP";
    let (old, new) = (at(before, path)?.as_str()?, at(after, path)?.as_str()?);
    let external = at(after, "spec.type").and_then(Value::as_str) == Some("ExternalName");
    (old != new && !old.is_empty() && !new.is_empty() && !external).then(|| path.to_owned())
}

fn shrinks(before: &Value, after: &Value) -> Option<String> {
    let path = "spec.resources.requests.storage";
    diff::less(at(before, path)?, at(after, path)?).then(|| path.to_owned())
}

fn frozen(before: &Value, after: &Value) -> Option<String> {
    let frozen = before.get("immutable")?.as_bool()?;
    frozen
        .then(|| ["immutable", "data", "binaryData"].into_iter().find(|path| differ(before, after, path)))
        .flatten()
        .map(str::to_owned)
}

/// Of a running pod's containers only the images may change.
fn pod(before: &Value, after: &Value) -> Option<String> {
    let containers =
        |path: &str| path.starts_with("spec.containers") || path.starts_with("spec.initContainers");
    let change = diff::fields(before, after)
        .into_iter()
        .find(|change| containers(&change.path) && !change.path.ends_with(".image"))?;
    Some(change.path)
}
