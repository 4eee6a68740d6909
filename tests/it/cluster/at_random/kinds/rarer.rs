//! Kinds of which little can change, those that are in no namespace, and those of which no cluster is asked.

use serde_json::{Value, json};

use super::workloads::pod;
use super::{Field, always, map_of, one_of, some_of};

pub(super) fn job() -> Value {
    json!({ "spec": { "template": { "spec": {
        "restartPolicy": "Never", "containers": [{ "name": "web", "image": "example.org/web:1" }],
    } } } })
}

pub(super) const JOB: &[Field] = &[
    ("spec.parallelism", |dice| one_of(dice, json!([0, 1, 2]))),
    ("spec.backoffLimit", |dice| one_of(dice, json!([0, 2, 6]))),
    ("spec.suspend", |dice| one_of(dice, json!([true, false]))),
    ("spec.ttlSecondsAfterFinished", |dice| one_of(dice, json!([0, 60]))),
    ("spec.activeDeadlineSeconds", |dice| one_of(dice, json!([100, 200]))),
    ("spec.template.metadata", |dice| dice.often(1).then(|| json!({ "labels": { "app": "web" } }))),
];

pub(super) fn lone_pod() -> Value {
    json!({})
}

pub(super) const LONE_POD: &[Field] = &[("spec", |dice| {
    let mut spec = pod(dice);
    if !dice.often(5) {
        spec["containers"] = json!([{ "name": "web", "image": "example.org/web:1" }]);
        spec["containers"][0]["image"] = always(dice, json!(["example.org/web:1", "example.org/web:2"]));
    }
    Some(spec)
})];

pub(super) fn claim() -> Value {
    json!({ "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } } })
}

pub(super) const CLAIM: &[Field] = &[
    ("spec.storageClassName", |dice| one_of(dice, json!(["", "fast"]))),
    ("spec.volumeMode", |dice| one_of(dice, json!(["Filesystem"]))),
    ("spec.resources.requests.storage", |dice| one_of(dice, json!(["1024Mi", "2Gi"]))),
];

/// The sorts that a server holds to nothing else.
pub(super) const SECRET: &[Field] = &[
    ("type", |dice| one_of(dice, json!(["Opaque", "example.org/own"]))),
    ("data", |dice| dice.often(5).then(|| map_of(dice, &["a", "b"], &json!(["MQ==", "Mg==", ""])))),
    ("stringData", |dice| dice.often(4).then(|| map_of(dice, &["a", "c"], &json!(["1", "2", ""])))),
    ("immutable", |dice| one_of(dice, json!([true])).filter(|_| dice.often(2))),
];

pub(super) const NAMESPACE: &[Field] = &[("metadata.labels", |dice| {
    dice.often(6).then(|| {
        map_of(dice, &["team", "pod-security.kubernetes.io/warn"], &json!(["baseline", "restricted"]))
    })
})];

pub(super) fn storage_class() -> Value {
    json!({ "provisioner": "example.org/disks" })
}

pub(super) const STORAGE_CLASS: &[Field] = &[
    ("allowVolumeExpansion", |dice| one_of(dice, json!([true, false]))),
    ("reclaimPolicy", |dice| one_of(dice, json!(["Delete"]))),
    ("volumeBindingMode", |dice| one_of(dice, json!(["Immediate", "WaitForFirstConsumer"]))),
    ("parameters", |dice| one_of(dice, json!([{ "kind": "ssd" }, {}]))),
    ("mountOptions", |dice| dice.often(3).then(|| some_of(dice, json!(["ro", "noatime"]), 0).into())),
];

pub(super) fn priority_class() -> Value {
    json!({ "value": 1000 })
}

/// Never one for all Pods that name none: those of other tests are among them.
pub(super) const PRIORITY_CLASS: &[Field] = &[
    ("description", |dice| one_of(dice, json!(["for the web", "for what waits", ""]))),
    ("preemptionPolicy", |dice| one_of(dice, json!(["PreemptLowerPriority", "Never"]))),
];

pub(super) const ROLE: &[Field] = &[("rules", |dice| {
    Some(
        some_of(
            dice,
            json!([
                { "apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"] },
                { "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["*"] },
                { "nonResourceURLs": ["/healthz"], "verbs": ["get"] },
            ]),
            0,
        )
        .into(),
    )
})];
