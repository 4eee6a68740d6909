//! What the server adds to what it is given.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// Fills in what an object of this kind leaves open.
pub(super) fn fill(kind: &str, object: &mut Value) {
    match kind {
        "Namespace" => namespace(object),
        "Secret" => secret(object),
        "Service" => service(object),
        "PersistentVolumeClaim" => claim(object),
        "Deployment" => deployment(object),
        "StatefulSet" => stateful_set(object),
        "Ingress" => or(object, "status", json!({ "loadBalancer": {} })),
        _ => {}
    }
}

fn or(object: &mut Value, key: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.entry(key).or_insert(value);
    }
}

fn with(object: &mut Value, key: &str, change: impl FnOnce(&mut Value)) {
    if let Some(inner) = object.get_mut(key) {
        change(inner);
    }
}

fn each(object: &mut Value, key: &str, change: impl Fn(&mut Value)) {
    object.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().for_each(change);
}

fn namespace(object: &mut Value) {
    let name = object.pointer("/metadata/name").cloned().unwrap_or_default();
    with(object, "metadata", |metadata| {
        or(metadata, "labels", json!({}));
        with(metadata, "labels", |labels| or(labels, "kubernetes.io/metadata.name", name));
    });
    or(object, "spec", json!({ "finalizers": ["kubernetes"] }));
    or(object, "status", json!({ "phase": "Active" }));
}

fn secret(object: &mut Value) {
    or(object, "type", json!("Opaque"));
    let clear = object.as_object_mut().and_then(|fields| fields.remove("stringData"));
    let Some(Value::Object(clear)) = clear else { return };
    or(object, "data", json!({}));
    let encode = |(key, value): (String, Value)| {
        let text = value.as_str().map(|text| BASE64_STANDARD.encode(text)).unwrap_or_default();
        (key, Value::from(text))
    };
    if let Some(data) = object.get_mut("data").and_then(Value::as_object_mut) {
        data.extend(clear.into_iter().map(encode).collect::<Map<_, _>>());
    }
}

fn service(object: &mut Value) {
    with(object, "spec", |spec| {
        or(spec, "type", json!("ClusterIP"));
        or(spec, "clusterIP", json!("10.0.0.10"));
        let ip = spec.get("clusterIP").cloned().unwrap_or_default();
        or(spec, "clusterIPs", json!([ip]));
        or(spec, "internalTrafficPolicy", json!("Cluster"));
        or(spec, "ipFamilies", json!(["IPv4"]));
        or(spec, "ipFamilyPolicy", json!("SingleStack"));
        or(spec, "sessionAffinity", json!("None"));
        each(spec, "ports", |port| {
            or(port, "protocol", json!("TCP"));
            let target = port.get("port").cloned().unwrap_or_default();
            or(port, "targetPort", target);
        });
    });
    or(object, "status", json!({ "loadBalancer": {} }));
}

fn claim(object: &mut Value) {
    with(object, "metadata", |metadata| or(metadata, "finalizers", json!(["kubernetes.io/pvc-protection"])));
    with(object, "spec", |spec| or(spec, "volumeMode", json!("Filesystem")));
    or(object, "status", json!({ "phase": "Pending" }));
}

fn deployment(object: &mut Value) {
    with(object, "spec", |spec| {
        or(spec, "replicas", json!(1));
        or(spec, "revisionHistoryLimit", json!(10));
        or(spec, "progressDeadlineSeconds", json!(600));
        or(spec, "strategy", json!({}));
        with(spec, "strategy", |strategy| {
            or(strategy, "type", json!("RollingUpdate"));
            if strategy.get("type") == Some(&json!("RollingUpdate")) {
                or(strategy, "rollingUpdate", json!({}));
                with(strategy, "rollingUpdate", |rolling| {
                    or(rolling, "maxSurge", json!("25%"));
                    or(rolling, "maxUnavailable", json!("25%"));
                });
            }
        });
        with(spec, "template", template);
    });
    or(object, "status", json!({}));
}

fn stateful_set(object: &mut Value) {
    with(object, "spec", |spec| {
        or(spec, "replicas", json!(1));
        or(spec, "revisionHistoryLimit", json!(10));
        or(spec, "podManagementPolicy", json!("OrderedReady"));
        or(spec, "updateStrategy", json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } }));
        let retain = json!({ "whenDeleted": "Retain", "whenScaled": "Retain" });
        or(spec, "persistentVolumeClaimRetentionPolicy", retain);
        with(spec, "template", template);
        each(spec, "volumeClaimTemplates", |claim| {
            or(claim, "apiVersion", json!("v1"));
            or(claim, "kind", json!("PersistentVolumeClaim"));
            with(claim, "spec", |spec| or(spec, "volumeMode", json!("Filesystem")));
            or(claim, "status", json!({ "phase": "Pending" }));
        });
    });
    or(object, "status", json!({ "replicas": 0, "availableReplicas": 0 }));
}

fn template(template: &mut Value) {
    with(template, "spec", |pod| {
        or(pod, "restartPolicy", json!("Always"));
        or(pod, "terminationGracePeriodSeconds", json!(30));
        or(pod, "dnsPolicy", json!("ClusterFirst"));
        or(pod, "securityContext", json!({}));
        or(pod, "schedulerName", json!("default-scheduler"));
        if let Some(account) = pod.get("serviceAccountName").cloned() {
            or(pod, "serviceAccount", account);
        }
        each(pod, "containers", container);
        each(pod, "initContainers", container);
        each(pod, "volumes", |volume| {
            with(volume, "configMap", |source| or(source, "defaultMode", json!(420)));
            with(volume, "secret", |source| or(source, "defaultMode", json!(420)));
            with(volume, "hostPath", |source| or(source, "type", json!("")));
        });
    });
}

fn container(container: &mut Value) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    let newest = !image.contains('@') && (!name.contains(':') || name.ends_with(":latest"));
    or(container, "imagePullPolicy", json!(if newest { "Always" } else { "IfNotPresent" }));
    or(container, "resources", json!({}));
    or(container, "terminationMessagePath", json!("/dev/termination-log"));
    or(container, "terminationMessagePolicy", json!("File"));
    each(container, "ports", |port| or(port, "protocol", json!("TCP")));
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        with(container, probe, |probe| {
            let numbers = [
                ("timeoutSeconds", 1),
                ("periodSeconds", 10),
                ("successThreshold", 1),
                ("failureThreshold", 3),
            ];
            numbers.into_iter().for_each(|(key, number)| or(probe, key, json!(number)));
        });
    }
}
