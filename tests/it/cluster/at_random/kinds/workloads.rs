//! What runs pods.

use serde_json::{Value, json};

use super::{Field, always, one_of, set, some_of};
use crate::rego::dice::Dice;

pub(super) fn workload() -> Value {
    let labels = json!({ "app": "web" });
    json!({ "spec": {
        "selector": { "matchLabels": labels }, "template": { "metadata": { "labels": labels } },
    }})
}

pub(super) fn stateful() -> Value {
    let mut object = workload();
    object["spec"]["serviceName"] = json!("web");
    object
}

pub(super) const DEPLOYMENT: &[Field] = &[
    ("spec.replicas", |dice| one_of(dice, json!([0, 1, 3, 5, null]))),
    ("spec.strategy", |dice| {
        one_of(
            dice,
            json!([
                { "type": "Recreate" },
                { "type": "RollingUpdate" },
                { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 1, "maxUnavailable": "25%" } },
                { "rollingUpdate": { "maxSurge": "50%" } },
            ]),
        )
    }),
    ("spec.minReadySeconds", |dice| one_of(dice, json!([0, 5]))),
    ("spec.paused", |dice| one_of(dice, json!([false, true]))),
    ("spec.revisionHistoryLimit", |dice| one_of(dice, json!([10, 2, 0]))),
    ("spec.progressDeadlineSeconds", |dice| one_of(dice, json!([600, 100]))),
    ("spec.template.metadata.annotations", |dice| {
        one_of(dice, json!([{ "a": "1" }, { "a": "2", "b": "" }, {}]))
    }),
    ("spec.template.spec", |dice| Some(pod(dice))),
];

pub(super) const STATEFUL_SET: &[Field] = &[
    ("spec.replicas", |dice| one_of(dice, json!([0, 1, 3]))),
    ("spec.podManagementPolicy", |dice| one_of(dice, json!(["OrderedReady"]))),
    ("spec.updateStrategy", |dice| {
        one_of(
            dice,
            json!([
                { "type": "OnDelete" }, { "type": "RollingUpdate", "rollingUpdate": { "partition": 2 } },
            ]),
        )
    }),
    ("spec.persistentVolumeClaimRetentionPolicy", |dice| one_of(dice, json!([{ "whenScaled": "Delete" }]))),
    ("spec.template.spec", |dice| Some(pod(dice))),
];

pub(super) const DAEMON_SET: &[Field] = &[
    ("spec.updateStrategy", |dice| {
        one_of(
            dice,
            json!([
                { "type": "OnDelete" }, { "rollingUpdate": { "maxUnavailable": "10%" } },
            ]),
        )
    }),
    ("spec.minReadySeconds", |dice| one_of(dice, json!([0, 3]))),
    ("spec.template.spec", |dice| Some(pod(dice))),
];

pub(super) fn cron_job() -> Value {
    json!({ "spec": { "schedule": "0 3 * * *", "jobTemplate": { "spec": { "template": {} } } } })
}

pub(super) const CRON_JOB: &[Field] = &[
    ("spec.schedule", |dice| one_of(dice, json!(["*/5 * * * *", "0 4 * * 1"]))),
    ("spec.suspend", |dice| one_of(dice, json!([true, false]))),
    ("spec.concurrencyPolicy", |dice| one_of(dice, json!(["Allow", "Forbid"]))),
    ("spec.successfulJobsHistoryLimit", |dice| one_of(dice, json!([3, 1, 0]))),
    ("spec.jobTemplate.spec.backoffLimit", |dice| one_of(dice, json!([0, 2]))),
    ("spec.jobTemplate.spec.template.spec", |dice| {
        let mut pod = pod(dice);
        pod["restartPolicy"] = json!("OnFailure");
        Some(pod)
    }),
];

/// A pod's `spec`.
pub(super) fn pod(dice: &mut Dice) -> Value {
    let mut pod = json!({});
    let names = some_of(dice, json!(["web", "logs", "mesh"]), 1);
    pod["containers"] = names.iter().map(|name| container(dice, name)).collect();
    let fields: &[Field] = &[
        ("initContainers", |dice| dice.often(2).then(|| json!([container(dice, &json!("setup"))]))),
        ("volumes", |dice| dice.often(4).then(|| volumes(dice))),
        ("tolerations", |dice| {
            dice.often(3).then(|| {
                some_of(dice, json!([
            { "key": "a", "operator": "Exists" }, { "key": "b", "value": "1", "effect": "NoSchedule" },
            { "key": "c", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30 },
        ]), 0).into()
            })
        }),
        ("nodeSelector", |dice| one_of(dice, json!([{ "disk": "ssd" }, { "disk": "hdd", "zone": "a" }]))),
        ("imagePullSecrets", |dice| {
            dice.often(3).then(|| some_of(dice, json!([{ "name": "one" }, { "name": "two" }]), 0).into())
        }),
        ("terminationGracePeriodSeconds", |dice| one_of(dice, json!([30, 60, 0]))),
        ("hostNetwork", |dice| one_of(dice, json!([false]))),
        ("dnsPolicy", |dice| one_of(dice, json!(["ClusterFirst", "Default"]))),
        ("securityContext", |dice| one_of(dice, json!([{}, { "runAsNonRoot": true, "runAsUser": 1000 }]))),
        ("serviceAccountName", |dice| one_of(dice, json!(["web", ""]))),
        ("hostAliases", |dice| {
            dice.often(2).then(|| {
                some_of(dice, json!([
            { "ip": "10.1.2.3", "hostnames": ["a", "b"] }, { "ip": "10.1.2.4", "hostnames": ["c"] },
        ]), 0).into()
            })
        }),
        ("topologySpreadConstraints", |dice| {
            dice.often(2).then(|| {
                some_of(
                    dice,
                    json!([
                        { "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway" },
                        { "maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule" },
                        { "maxSkew": 1, "topologyKey": "host", "whenUnsatisfiable": "ScheduleAnyway" },
                    ]),
                    0,
                )
                .into()
            })
        }),
    ];
    for (path, make) in fields {
        if let Some(value) = make(dice) {
            set(&mut pod, path, value);
        }
    }
    pod
}

fn volumes(dice: &mut Dice) -> Value {
    let kinds = json!([
        { "emptyDir": {} }, { "emptyDir": { "medium": "Memory", "sizeLimit": "1Gi" } },
        { "configMap": { "name": "settings" } }, { "configMap": { "name": "settings", "defaultMode": 420 } },
        { "secret": { "secretName": "keys", "items": [{ "key": "a", "path": "a" }] } },
    ]);
    let names = some_of(dice, json!(["tmp", "cache", "data"]), 0);
    let named = names.into_iter().map(|name| {
        let mut volume = always(dice, kinds.clone());
        volume["name"] = name;
        volume
    });
    named.collect()
}

fn container(dice: &mut Dice, name: &Value) -> Value {
    let mut container = json!({ "name": name });
    let fields: &[Field] = &[
        ("image", |dice| {
            Some(always(
                dice,
                json!([
                    "example.org/web:1",
                    "example.org/web:2",
                    "web@sha256:0000000000000000000000000000000000000000000000000000000000000000"
                ]),
            ))
        }),
        ("imagePullPolicy", |dice| one_of(dice, json!(["Always", "IfNotPresent"]))),
        ("command", |dice| one_of(dice, json!([["web"], ["sh", "-c", "web"], []]))),
        ("args", |dice| dice.often(3).then(|| some_of(dice, json!(["--one", "--two", "--three"]), 0).into())),
        ("env", |dice| {
            dice.often(5).then(|| some_of(dice, json!([
            { "name": "A", "value": "1" }, { "name": "B", "value": "" }, { "name": "C" },
            { "name": "D", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
            { "name": "E", "valueFrom": { "configMapKeyRef": { "name": "settings", "key": "e", "optional": false } } },
        ]), 0).into())
        }),
        ("ports", |dice| {
            dice.often(5).then(|| some_of(dice, json!([
            { "containerPort": 80, "name": "http" }, { "containerPort": 443, "name": "https", "protocol": "TCP" },
            { "containerPort": 53, "name": "dns", "protocol": "UDP" }, { "containerPort": 53, "name": "dns-tcp", "protocol": "TCP" },
        ]), 0).into())
        }),
        ("resources", |dice| {
            one_of(
                dice,
                json!([
                    {}, { "limits": { "cpu": "1", "memory": "1Gi" }, "requests": { "cpu": "500m" } },
                    { "limits": { "cpu": "1000m", "memory": "1024Mi" } }, { "requests": { "cpu": 0.5, "memory": "128974848" } },
                    { "limits": { "cpu": 2 }, "requests": {} },
                ]),
            )
        }),
        ("livenessProbe", |dice| {
            one_of(
                dice,
                json!([
                    { "httpGet": { "path": "/", "port": 80 }, "periodSeconds": 5 },
                    { "httpGet": { "port": "http" }, "periodSeconds": 10 },
                    { "tcpSocket": { "port": 80 }, "failureThreshold": 3 }, { "exec": { "command": ["true"] } },
                ]),
            )
        }),
        ("securityContext", |dice| {
            one_of(
                dice,
                json!([
                    { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
                    { "readOnlyRootFilesystem": true, "capabilities": { "add": ["NET_ADMIN"], "drop": [] } }, {},
                ]),
            )
        }),
        ("terminationMessagePath", |dice| one_of(dice, json!(["/dev/termination-log"]))),
        ("stdin", |dice| one_of(dice, json!([false]))),
        ("lifecycle", |dice| one_of(dice, json!([{ "preStop": { "sleep": { "seconds": 5 } } }]))),
    ];
    for (path, make) in fields {
        if let Some(value) = make(dice) {
            set(&mut container, path, value);
        }
    }
    container
}
