//! Manifests as people write them: of each kind, fields that are there or not, in one spelling or another.

mod rarer;
mod widget;
mod workloads;

use serde_json::{Map, Value, json};

use rarer::{
    CLAIM, JOB, LONE_POD, NAMESPACE, PRIORITY_CLASS, ROLE, SECRET, STORAGE_CLASS, claim, job, lone_pod,
    priority_class, storage_class,
};
use widget::WIDGET;
pub(super) use widget::definition;
use workloads::{CRON_JOB, DAEMON_SET, DEPLOYMENT, STATEFUL_SET, cron_job, stateful, workload};

use crate::rego::dice::Dice;

/// The group of the custom kind `Widget`.
pub(super) const GROUP: &str = "made.example.org";

/// A field, and what it is this time; nothing where it is not said.
type Field = (&'static str, fn(&mut Dice) -> Option<Value>);

/// A kind and what it is made of.
pub(super) struct Kind {
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    pub(super) plural: &'static str,
    /// What has to be there.
    least: fn() -> Value,
    fields: &'static [Field],
}

pub(super) const KINDS: &[Kind] = &[
    Kind {
        api_version: "apps/v1",
        kind: "Deployment",
        plural: "deployments",
        least: workload,
        fields: DEPLOYMENT,
    },
    Kind {
        api_version: "apps/v1",
        kind: "StatefulSet",
        plural: "statefulsets",
        least: stateful,
        fields: STATEFUL_SET,
    },
    Kind {
        api_version: "apps/v1",
        kind: "DaemonSet",
        plural: "daemonsets",
        least: workload,
        fields: DAEMON_SET,
    },
    Kind { api_version: "batch/v1", kind: "CronJob", plural: "cronjobs", least: cron_job, fields: CRON_JOB },
    Kind { api_version: "v1", kind: "Service", plural: "services", least: service, fields: SERVICE },
    Kind {
        api_version: "v1",
        kind: "ConfigMap",
        plural: "configmaps",
        least: || json!({}),
        fields: CONFIG_MAP,
    },
    Kind {
        api_version: "v1",
        kind: "ServiceAccount",
        plural: "serviceaccounts",
        least: || json!({}),
        fields: ACCOUNT,
    },
    Kind {
        api_version: "networking.k8s.io/v1",
        kind: "Ingress",
        plural: "ingresses",
        least: ingress,
        fields: INGRESS,
    },
    Kind {
        api_version: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        plural: "networkpolicies",
        least: || json!({ "spec": { "podSelector": {} } }),
        fields: NETWORK_POLICY,
    },
    Kind {
        api_version: "policy/v1",
        kind: "PodDisruptionBudget",
        plural: "poddisruptionbudgets",
        least: budget,
        fields: BUDGET,
    },
    Kind {
        api_version: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        plural: "horizontalpodautoscalers",
        least: autoscaler,
        fields: AUTOSCALER,
    },
    Kind { api_version: "batch/v1", kind: "Job", plural: "jobs", least: job, fields: JOB },
    Kind { api_version: "v1", kind: "Pod", plural: "pods", least: lone_pod, fields: LONE_POD },
    Kind {
        api_version: "v1",
        kind: "PersistentVolumeClaim",
        plural: "persistentvolumeclaims",
        least: claim,
        fields: CLAIM,
    },
    Kind { api_version: "v1", kind: "Secret", plural: "secrets", least: || json!({}), fields: SECRET },
    Kind {
        api_version: "v1",
        kind: "Namespace",
        plural: "namespaces",
        least: || json!({}),
        fields: NAMESPACE,
    },
    Kind {
        api_version: "storage.k8s.io/v1",
        kind: "StorageClass",
        plural: "storageclasses",
        least: storage_class,
        fields: STORAGE_CLASS,
    },
    Kind {
        api_version: "scheduling.k8s.io/v1",
        kind: "PriorityClass",
        plural: "priorityclasses",
        least: priority_class,
        fields: PRIORITY_CLASS,
    },
    Kind {
        api_version: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        plural: "clusterroles",
        least: || json!({ "rules": [] }),
        fields: ROLE,
    },
    Kind {
        api_version: "made.example.org/v1",
        kind: "Widget",
        plural: "widgets",
        least: || json!({ "spec": { "size": 1 } }),
        fields: WIDGET,
    },
];

impl Kind {
    /// The kind of a manifest.
    pub(super) fn of(manifest: &Value) -> &'static Self {
        Self::named(manifest["kind"].as_str().unwrap())
    }

    pub(super) fn named(name: &str) -> &'static Self {
        KINDS.iter().find(|kind| kind.kind == name).unwrap()
    }

    pub(super) fn is_namespaced(&self) -> bool {
        !matches!(self.kind, "Namespace" | "StorageClass" | "PriorityClass" | "ClusterRole")
    }

    /// Whether the cluster is asked about it: never about secrets and rights.
    pub(super) fn is_asked(&self) -> bool {
        !matches!(self.kind, "Secret" | "ClusterRole")
    }

    /// One that is called `name`.
    pub(super) fn make(&self, dice: &mut Dice, namespace: &str, name: &str) -> Value {
        let metadata = if self.is_namespaced() {
            json!({ "name": name, "namespace": namespace })
        } else {
            // No other test has one of that name.
            json!({ "name": format!("{namespace}-{name}") })
        };
        let mut object = json!({ "apiVersion": self.api_version, "kind": self.kind, "metadata": metadata });
        object.as_object_mut().unwrap().extend((self.least)().as_object().unwrap().clone());
        for (path, make) in METADATA.iter().chain(self.fields) {
            if let Some(value) = make(dice) {
                set(&mut object, path, value);
            }
        }
        object
    }
}

/// Puts a value where a dotted path leads, and makes what is missing on the way.
fn set(object: &mut Value, path: &str, value: Value) {
    let mut place = object;
    for key in path.split('.') {
        if !place.is_object() {
            *place = json!({});
        }
        place = place.as_object_mut().unwrap().entry(key).or_insert(Value::Null);
    }
    *place = value;
}

fn one_of(dice: &mut Dice, choices: Value) -> Option<Value> {
    let choices = choices.as_array().unwrap();
    let chosen = dice.below(choices.len() * 2);
    choices.get(chosen).cloned()
}

fn always(dice: &mut Dice, choices: Value) -> Value {
    let choices = choices.as_array().unwrap();
    choices[dice.below(choices.len())].clone()
}

/// Some of them, in some order; at least `least`.
fn some_of(dice: &mut Dice, choices: Value, least: usize) -> Vec<Value> {
    let mut left = choices.as_array().unwrap().clone();
    let count = least + dice.below(left.len() + 1 - least);
    (0..count).map(|_| left.swap_remove(dice.below(left.len()))).collect()
}

fn map_of(dice: &mut Dice, keys: &[&str], values: &Value) -> Value {
    let mut map = Map::new();
    for key in keys {
        if dice.often(5) {
            map.insert((*key).to_owned(), always(dice, values.clone()));
        }
    }
    Value::Object(map)
}

const METADATA: &[Field] = &[
    ("metadata.labels", |dice| {
        dice.often(5).then(|| map_of(dice, &["app", "team", "example.org/tier"], &json!(["web", "shop", ""])))
    }),
    ("metadata.annotations", |dice| {
        dice.often(5).then(|| map_of(dice, &["example.org/a", "example.org/b"], &json!(["1", "2", "true"])))
    }),
    ("metadata.finalizers", |dice| {
        dice.often(1).then(|| some_of(dice, json!(["example.org/one", "example.org/two"]), 1).into())
    }),
];

fn service() -> Value {
    json!({ "spec": { "ports": [{ "port": 80 }] } })
}

const SERVICE: &[Field] = &[
    ("spec.selector", |dice| one_of(dice, json!([{ "app": "web" }, { "app": "web", "tier": "front" }]))),
    ("spec.type", |dice| one_of(dice, json!(["ClusterIP", "NodePort", "LoadBalancer"]))),
    ("spec.ports", |dice| {
        dice.often(8).then(|| some_of(dice, json!([
        { "name": "http", "port": 80, "targetPort": 8080 }, { "name": "https", "port": 443, "targetPort": "https" },
        { "name": "dns", "port": 53, "protocol": "UDP" }, { "name": "dns-tcp", "port": 53, "protocol": "TCP" },
        { "name": "metrics", "port": 9090, "targetPort": 9090, "protocol": "TCP", "appProtocol": "http" },
    ]), 1).into())
    }),
    ("spec.sessionAffinity", |dice| one_of(dice, json!(["None", "ClientIP"]))),
    ("spec.publishNotReadyAddresses", |dice| one_of(dice, json!([true, false]))),
    ("spec.externalTrafficPolicy", |dice| dice.often(1).then(|| json!("Local"))),
    ("spec.internalTrafficPolicy", |dice| one_of(dice, json!(["Cluster", "Local"]))),
    ("spec.externalIPs", |dice| {
        dice.often(1).then(|| some_of(dice, json!(["192.0.2.1", "192.0.2.2"]), 0).into())
    }),
    ("spec.clusterIP", |dice| dice.often(1).then(|| json!("None"))),
];

const CONFIG_MAP: &[Field] = &[
    ("data", |dice| {
        dice.often(8).then(|| map_of(dice, &["a", "b", "c.yaml"], &json!(["1", "", "x: 1\ny: 2\n", "true"])))
    }),
    ("binaryData", |dice| dice.often(1).then(|| json!({ "bin": "AAEC" }))),
    ("immutable", |dice| dice.often(1).then(|| json!(dice.often(5)))),
];

const ACCOUNT: &[Field] = &[
    ("automountServiceAccountToken", |dice| one_of(dice, json!([true, false]))),
    ("imagePullSecrets", |dice| {
        dice.often(6).then(|| {
            some_of(dice, json!([{ "name": "one" }, { "name": "two" }, { "name": "three" }]), 0).into()
        })
    }),
    ("secrets", |dice| {
        dice.often(3).then(|| some_of(dice, json!([{ "name": "a" }, { "name": "b" }]), 0).into())
    }),
];

fn ingress() -> Value {
    json!({ "spec": { "defaultBackend": { "service": { "name": "web", "port": { "number": 80 } } } } })
}

const INGRESS: &[Field] = &[
    ("spec.ingressClassName", |dice| one_of(dice, json!(["nginx", "public"]))),
    ("spec.tls", |dice| {
        dice.often(4).then(|| {
            some_of(dice, json!([
        { "hosts": ["a.example.org"], "secretName": "a" }, { "hosts": ["b.example.org", "c.example.org"] },
    ]), 0).into()
        })
    }),
    ("spec.rules", |dice| {
        dice.often(6).then(|| some_of(dice, json!([
        { "host": "a.example.org" },
        { "host": "b.example.org", "http": { "paths": [
            { "path": "/", "pathType": "Prefix", "backend": { "service": { "name": "web", "port": { "name": "http" } } } },
        ]}},
        { "http": { "paths": [
            { "pathType": "ImplementationSpecific", "backend": { "service": { "name": "api", "port": { "number": 8080 } } } },
            { "path": "/x", "pathType": "Exact", "backend": { "service": { "name": "x", "port": { "number": 80 } } } },
        ]}},
    ]), 0).into())
    }),
];

const NETWORK_POLICY: &[Field] = &[
    ("spec.podSelector", |dice| one_of(dice, json!([{ "matchLabels": { "app": "web" } }, {}]))),
    ("spec.policyTypes", |dice| {
        one_of(dice, json!([["Ingress"], ["Ingress", "Egress"], ["Egress", "Ingress"]]))
    }),
    ("spec.ingress", |dice| {
        dice.often(6).then(|| {
            some_of(dice, json!([
        {}, { "ports": [{ "port": 80 }, { "port": "dns", "protocol": "UDP" }] },
        { "from": [{ "podSelector": {} }, { "namespaceSelector": { "matchLabels": { "a": "b" } } }] },
        { "from": [{ "ipBlock": { "cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"] } }] },
    ]), 0).into()
        })
    }),
    ("spec.egress", |dice| one_of(dice, json!([[], [{}], [{ "to": [{ "podSelector": {} }] }]]))),
];

fn budget() -> Value {
    json!({ "spec": { "selector": { "matchLabels": { "app": "web" } } } })
}

const BUDGET: &[Field] = &[
    ("spec.minAvailable", |dice| one_of(dice, json!([1, "50%"]))),
    ("spec.unhealthyPodEvictionPolicy", |dice| one_of(dice, json!(["AlwaysAllow"]))),
    ("spec.selector", |dice| {
        one_of(
            dice,
            json!([
                { "matchLabels": { "app": "api" } }, { "matchExpressions": [{ "key": "app", "operator": "In", "values": ["a", "b"] }] },
            ]),
        )
    }),
];

/// An autoscaler as the version before has it.
pub(super) fn older_autoscaler(mut object: Value, dice: &mut Dice) -> Value {
    object["apiVersion"] = json!("autoscaling/v1");
    let spec = object["spec"].as_object_mut().unwrap();
    spec.retain(|key, _| !matches!(key.as_str(), "metrics" | "behavior"));
    if dice.often(5) {
        spec.insert("targetCPUUtilizationPercentage".to_owned(), json!(80));
    }
    object
}

fn autoscaler() -> Value {
    let target = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" });
    json!({ "spec": { "scaleTargetRef": target, "maxReplicas": 4 } })
}

const AUTOSCALER: &[Field] = &[
    ("spec.minReplicas", |dice| one_of(dice, json!([1, 2]))),
    ("spec.maxReplicas", |dice| one_of(dice, json!([5, 10]))),
    ("spec.metrics", |dice| {
        dice.often(6).then(|| some_of(dice, json!([
        { "type": "Resource", "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 80 } } },
        { "type": "Resource", "resource": { "name": "memory", "target": { "type": "AverageValue", "averageValue": "1024Mi" } } },
    ]), 1).into())
    }),
    ("spec.behavior", |dice| {
        one_of(
            dice,
            json!([
                { "scaleDown": { "stabilizationWindowSeconds": 60 } },
                { "scaleUp": { "policies": [{ "type": "Pods", "value": 4, "periodSeconds": 60 }], "selectPolicy": "Max" } },
            ]),
        )
    }),
];
