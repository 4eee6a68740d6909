//! The requests that are put to both servers.

use serde_json::{Value, json};

/// A request; `NS` stands for the namespace.
pub(super) struct Step {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) content_type: &'static str,
    pub(super) body: Value,
}

pub(super) fn get(path: &'static str) -> Step {
    Step { method: "GET", path, content_type: "application/json", body: Value::Null }
}

fn delete(path: &'static str) -> Step {
    Step { method: "DELETE", ..get(path) }
}

fn apply(path: &'static str, body: Value) -> Step {
    Step { method: "PATCH", path, content_type: "application/apply-patch+yaml", body }
}

fn edit(path: &'static str, body: Value) -> Step {
    Step { method: "PATCH", path, content_type: "application/merge-patch+json", body }
}

fn amend(path: &'static str, body: Value) -> Step {
    Step { method: "PATCH", path, content_type: "application/json-patch+json", body }
}

/// A path with a query that is known when this is built.
macro_rules! path {
    ($path:literal, dry) => {
        concat!($path, "?dryRun=All&force=true&fieldManager=flux&fieldValidation=Ignore")
    };
    ($path:literal, real) => {
        concat!($path, "?force=true&fieldManager=flux&fieldValidation=Strict")
    };
    ($path:literal, $manager:literal) => {
        concat!($path, "?fieldManager=", $manager)
    };
}

fn object(api_version: &str, kind: &str, name: &str, rest: Value) -> Value {
    let mut object = json!({
        "apiVersion": api_version, "kind": kind, "metadata": { "name": name, "namespace": "NS" },
    });
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

fn template(image: &str, label: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": label } },
        "spec": {
            "containers": [{
                "name": "web", "image": image, "args": ["serve"],
                "env": [{ "name": "A", "value": "1" }],
                "ports": [{ "containerPort": 80 }],
                "resources": { "requests": { "cpu": "1" } },
                "volumeMounts": [{ "name": "tmp", "mountPath": "/tmp" }],
            }],
            "volumes": [{ "name": "tmp", "emptyDir": {} }, { "name": "c", "configMap": { "name": "c" } }],
        },
    })
}

fn deployment(rest: Value) -> Value {
    let mut deployment = object(
        "apps/v1",
        "Deployment",
        "web",
        json!({ "spec": {
            "selector": { "matchLabels": { "app": "web" } }, "template": template("web:1", "web"),
        }}),
    );
    deployment["spec"].as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    deployment
}

fn with(mut object: Value, path: &str, value: Value) -> Value {
    *object.pointer_mut(path).unwrap() = value;
    object
}

pub(super) fn deployments() -> Vec<Step> {
    const DRY: &str = path!("/apis/apps/v1/namespaces/NS/deployments/web", dry);
    const AMENDED: &str =
        "/apis/apps/v1/namespaces/NS/deployments/web?dryRun=All&fieldManager=flux&fieldValidation=Ignore";
    const REAL: &str = path!("/apis/apps/v1/namespaces/NS/deployments/web", real);
    const PLAIN: &str = "/apis/apps/v1/namespaces/NS/deployments/web";
    let rich = deployment(json!({
        "replicas": 3, "minReadySeconds": 5, "paused": true, "revisionHistoryLimit": 4,
        "strategy": { "type": "Recreate" },
    }));
    let labelled = with(
        rich.clone(),
        "/metadata",
        json!({
            "name": "web", "namespace": "NS", "labels": { "a": "b" }, "finalizers": ["example.org/x"],
        }),
    );
    let sidecar = with(
        deployment(json!({})),
        "/spec/template/spec/containers",
        json!([
            { "name": "web", "image": "web:1" }, { "name": "log", "image": "log" },
        ]),
    );
    vec![
        get(PLAIN),
        apply(DRY, rich.clone()),
        get(PLAIN),
        apply(REAL, rich.clone()),
        apply(REAL, rich.clone()),
        apply(DRY, deployment(json!({}))),
        apply(REAL, labelled.clone()),
        apply(DRY, rich.clone()),
        apply(
            path!("/apis/apps/v1/namespaces/NS/deployments/web", "other"),
            deployment(json!({ "replicas": 4 })),
        ),
        apply(
            path!("/apis/apps/v1/namespaces/NS/deployments/web", "other"),
            deployment(json!({ "replicas": 3 })),
        ),
        apply(REAL, deployment(json!({}))),
        edit(
            path!("/apis/apps/v1/namespaces/NS/deployments/web", "kubectl-edit"),
            json!({
                "metadata": { "annotations": { "note": "x" } }, "spec": { "replicas": 5 },
            }),
        ),
        apply(DRY, deployment(json!({ "replicas": 2 }))),
        apply(DRY, sidecar.clone()),
        apply(REAL, sidecar),
        apply(REAL, deployment(json!({}))),
        get(PLAIN),
        amend(
            AMENDED,
            json!([{ "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:9" }]),
        ),
        amend(AMENDED, json!([{ "op": "replace", "path": "/spec/replicas", "value": 7 }])),
        get(PLAIN),
        // What is refused.
        amend(AMENDED, json!([{ "op": "replace", "path": "/spec/replicas", "value": -1 }])),
        amend(
            AMENDED,
            json!([{ "op": "replace", "path": "/spec/template/spec/containers/9/image", "value": "web:9" }]),
        ),
        amend(AMENDED, json!({ "op": "replace" })),
        apply(DRY, deployment(json!({ "replicaz": 1 }))),
        apply(DRY, deployment(json!({ "replicas": "one" }))),
        apply(DRY, deployment(json!({ "replicas": -1 }))),
        apply(DRY, deployment(json!({ "template": "none" }))),
        apply(
            DRY,
            deployment(
                json!({ "selector": { "matchLabels": { "app": "x" } }, "template": template("web:1", "x") }),
            ),
        ),
        apply(DRY, deployment(json!({ "template": template("web:1", "x") }))),
        apply(DRY, deployment(json!({ "strategy": { "type": "Recreate" } }))),
        apply(
            DRY,
            with(
                deployment(json!({})),
                "/spec/template/spec/containers/0/env",
                json!([
                    { "name": "A", "value": "1" }, { "name": "A", "value": "2" },
                ]),
            ),
        ),
        apply(DRY, with(deployment(json!({})), "/metadata/name", json!("other"))),
        apply(DRY, with(deployment(json!({})), "/metadata/namespace", json!("other"))),
        apply(DRY, with(deployment(json!({})), "/kind", json!("Job"))),
        apply(
            path!("/apis/apps/v1/namespaces/NS/deployments/Web", dry),
            with(deployment(json!({})), "/metadata/name", json!("Web")),
        ),
        apply("/apis/apps/v1/namespaces/NS/deployments/web?force=true", deployment(json!({}))),
        apply(
            DRY,
            with(
                deployment(json!({})),
                "/metadata",
                json!({ "name": "web", "namespace": "NS", "resourceVersion": "1" }),
            ),
        ),
        delete("/apis/apps/v1/namespaces/NS/deployments/web?dryRun=All"),
        delete(PLAIN),
        delete(PLAIN),
    ]
}

pub(super) fn others() -> Vec<Step> {
    let claim = |modes: &str| {
        object(
            "v1",
            "PersistentVolumeClaim",
            "db",
            json!({ "spec": {
                "accessModes": [modes], "resources": { "requests": { "storage": "1Gi" } },
            }}),
        )
    };
    let set = |service: &str| {
        object(
            "apps/v1",
            "StatefulSet",
            "db",
            json!({ "spec": {
                "serviceName": service, "selector": { "matchLabels": { "app": "db" } }, "template": template("db", "db"),
                "volumeClaimTemplates": [{ "metadata": { "name": "d" }, "spec": {
                    "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } },
                }}],
            }}),
        )
    };
    let service = |ports: Value| {
        object("v1", "Service", "web", json!({ "spec": { "selector": { "app": "web" }, "ports": ports } }))
    };
    let fixed = |value: &str| {
        object("v1", "ConfigMap", "fixed", json!({ "immutable": true, "data": { "a": value } }))
    };
    let map = |data: Value| object("v1", "ConfigMap", "map", json!({ "data": data }));
    let ingress = object(
        "networking.k8s.io/v1",
        "Ingress",
        "web",
        json!({ "spec": { "rules": [{
            "host": "a.example.org",
            "http": { "paths": [{ "path": "/", "pathType": "Prefix", "backend": { "service": { "name": "web", "port": { "number": 80 } } } }] },
        }]}}),
    );
    vec![
        apply(path!("/api/v1/namespaces/NS/persistentvolumeclaims/db", real), claim("ReadWriteOnce")),
        apply(path!("/api/v1/namespaces/NS/persistentvolumeclaims/db", dry), claim("ReadWriteMany")),
        apply(path!("/apis/apps/v1/namespaces/NS/statefulsets/db", real), set("db")),
        apply(path!("/apis/apps/v1/namespaces/NS/statefulsets/db", dry), set("other")),
        apply(
            path!("/api/v1/namespaces/NS/services/web", real),
            service(json!([{ "name": "a", "port": 80 }, { "name": "b", "port": 81, "targetPort": "x" }])),
        ),
        apply(
            path!("/api/v1/namespaces/NS/services/web", real),
            service(json!([{ "name": "a", "port": 80 }])),
        ),
        apply(path!("/api/v1/namespaces/NS/configmaps/fixed", real), fixed("1")),
        apply(path!("/api/v1/namespaces/NS/configmaps/fixed", dry), fixed("2")),
        apply(path!("/api/v1/namespaces/NS/configmaps/map", real), map(json!({ "a": "1", "b": "2" }))),
        apply(path!("/api/v1/namespaces/NS/configmaps/map", real), map(json!({ "a": "1" }))),
        edit(
            path!("/api/v1/namespaces/NS/configmaps/map", "kubectl-edit"),
            json!({ "data": { "a": "9", "c": "3" } }),
        ),
        apply(path!("/api/v1/namespaces/NS/configmaps/map", dry), map(json!({ "a": "1" }))),
        apply(path!("/api/v1/namespaces/NS/configmaps/map", real), map(json!({}))),
        apply(path!("/api/v1/namespaces/NS/configmaps/map", dry), map(json!({ "a": 1 }))),
        apply(path!("/apis/networking.k8s.io/v1/namespaces/NS/ingresses/web", real), ingress),
        apply(
            path!("/api/v1/namespaces/NS/secrets/s", real),
            object("v1", "Secret", "s", json!({ "stringData": { "a": "b" } })),
        ),
        apply(
            path!("/api/v1/namespaces/NS/serviceaccounts/s", real),
            object("v1", "ServiceAccount", "s", json!({})),
        ),
        apply(
            path!("/api/v1/namespaces/NS-b", real),
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "NS-b", "labels": { "a": "b" } } }),
        ),
        get("/apis/networking.k8s.io/v1/namespaces/NS/ingresses"),
        get("/api/v1/namespaces/NS/configmaps?limit=1"),
        get("/api/v1/namespaces/NS/configmaps?limit=2"),
        get("/api/v1/namespaces/NS/configmaps?limit=0"),
        // What is not there.
        get("/api/v1/namespaces/NS/configmaps/none"),
        apply(
            path!("/api/v1/namespaces/absent/configmaps/a", dry),
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "absent" } }),
        ),
        get("/apis/example.org/v1/namespaces/NS/widgets/w"),
        apply(
            path!("/apis/example.org/v1/namespaces/NS/widgets/w", dry),
            object("example.org/v1", "Widget", "w", json!({})),
        ),
        get("/apis/apps/v1/namespaces/NS/widgets/w"),
    ]
}
