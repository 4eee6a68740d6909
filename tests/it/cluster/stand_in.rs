//! The stand-in cluster is held to a real API server: the same requests, the same answers.

mod requests;

use countersign::cluster::{Access, KubeCluster, Patience};
use countersign::ports::{Cluster as _, ClusterError, Prediction, Write};
use countersign_core::object::ObjectRef;
use countersign_sim::cluster::Cluster;
use serde_json::{Value, json};

use self::requests::{Step, deployments, get, others};
use crate::parts::apiserver;

/// One server and one namespace of it.
struct Target {
    http: reqwest::Client,
    url: String,
    token: String,
    namespace: String,
}

impl Target {
    async fn ask(&self, step: &Step) -> (u16, Value) {
        let own = |text: &str| text.replace("NS", &self.namespace);
        let url = format!("{}{}", self.url, own(step.path));
        let request = self.http.request(step.method.parse().unwrap(), url).bearer_auth(&self.token);
        let request = request.header("content-type", step.content_type).header("accept", "application/json");
        let request = if step.body.is_null() { request } else { request.body(own(&step.body.to_string())) };
        let answer = request.send().await.unwrap();
        let code = answer.status().as_u16();
        let text = answer.text().await.unwrap().replace(&self.namespace, "NS");
        let body = serde_json::from_str(&text).unwrap_or(Value::from(text));
        (code, scrubbed(body, ""))
    }
}

/// Without what no two servers have in common: ids, times, addresses, and the tail of some messages.
fn scrubbed(value: Value, key: &str) -> Value {
    match value {
        Value::Object(fields) => {
            let update = fields.get("operation") == Some(&json!("Update"));
            let fields = fields.into_iter().map(|(key, value)| {
                let value = if update && key == "fieldsV1" { without_dots(value) } else { value };
                let value = scrubbed(value, &key);
                (key, value)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) if key == "clusterIPs" => json!(items.len()),
        Value::Array(mut items) if key == "managedFields" => {
            // Their order and their times say nothing.
            items.sort_by_key(|entry| (entry["operation"].to_string(), entry["manager"].to_string()));
            items.iter_mut().filter_map(Value::as_object_mut).for_each(|entry| drop(entry.remove("time")));
            items.into_iter().map(|item| scrubbed(item, "")).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| scrubbed(item, "")).collect(),
        Value::String(text) => match key {
            "uid" | "resourceVersion" | "creationTimestamp" | "clusterIP" | "continue" => json!("…"),
            "message" => {
                let line = text.lines().next().unwrap_or_default();
                json!(line.split(", got").next().unwrap_or_default())
            }
            _ => json!(text),
        },
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

/// A real server notes that an edit made a map; the stand-in notes only what is in it.
fn without_dots(set: Value) -> Value {
    let Value::Object(fields) = set else { return set };
    let kept = fields.into_iter().filter(|(element, _)| element != ".");
    Value::Object(kept.map(|(element, below)| (element, without_dots(below))).collect())
}

async fn simulated() -> (Cluster, Target) {
    let cluster = Cluster::start().await.unwrap();
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } });
    cluster.apply(&namespace, "setup").unwrap();
    let target = Target {
        http: reqwest::Client::new(),
        url: cluster.url(),
        token: cluster.token().to_owned(),
        namespace: "shop".to_owned(),
    };
    (cluster, target)
}

fn compare(path: &str, want: &Value, got: &Value, differ: &mut Vec<String>) {
    match (want, got) {
        (Value::Object(one), Value::Object(other)) => {
            for key in one.keys().chain(other.keys().filter(|key| !one.contains_key(*key))) {
                compare(&format!("{path}/{key}"), &want[key], &got[key], differ);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{path}/{index}"), one, other, differ);
            }
        }
        _ if want == got => {}
        _ => differ.push(format!("  {path}: real {want}, stand-in {got}")),
    }
}

#[tokio::test]
async fn the_stand_in_answers_as_a_real_server_does() {
    let Some(server) = apiserver().await else { return };
    let real = Target {
        http: server.http().clone(),
        url: server.url().to_owned(),
        token: server.admin_token().to_owned(),
        namespace: server.create_namespace().await,
    };
    let (_cluster, sim) = simulated().await;
    let mut differences = Vec::new();
    for step in deployments().iter().chain(&others()) {
        let (want, got) = (real.ask(step).await, sim.ask(step).await);
        let mut differ = Vec::new();
        if want.0 != got.0 {
            differ.push(format!("  status: {} and {}", want.0, got.0));
        }
        compare("", &want.1, &got.1, &mut differ);
        if !differ.is_empty() {
            differences.push(format!("{} {} {}\n{}", step.method, step.path, step.body, differ.join("\n")));
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
async fn the_product_reads_the_stand_in() {
    let (cluster, target) = simulated().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kubeconfig");
    std::fs::write(&file, cluster.kubeconfig("demo")).unwrap();
    let access = Access::Kubeconfig { file: Some(file), context: Some("demo".to_owned()) };
    let product = KubeCluster::connect("demo".to_owned(), &access, Patience::USUAL).await.unwrap();
    let reference = |group: &str, kind: &str| ObjectRef {
        group: group.to_owned(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        namespace: "shop".to_owned(),
        name: "map".to_owned(),
    };
    let (object, kind) = (reference("", "ConfigMap"), reference("", "Namespace"));
    let mut map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "map", "namespace": "shop" }, "data": { "a": "1" } });
    assert!(!product.identity().await.unwrap().is_empty());
    assert_eq!(product.namespaced(&object).await.unwrap(), Some(true));
    assert_eq!(product.namespaced(&kind).await.unwrap(), Some(false));
    assert_eq!(product.namespaced(&reference("example.org", "Widget")).await.unwrap(), None);
    assert_eq!(product.read(&object).await.unwrap(), None);
    cluster.apply(&map, "flux").unwrap();
    cluster.edit(&map, &json!({ "data": { "a": "2" } }), "kubectl-edit").unwrap();
    assert_eq!(product.read(&object).await.unwrap().unwrap(), cluster.get(&map).unwrap());
    let Prediction::Object(predicted) =
        product.dry_run(&object, &Write::Apply(map.clone()), "flux").await.unwrap().prediction
    else {
        panic!()
    };
    assert_eq!(predicted["data"], json!({ "a": "1" }));
    assert_eq!(cluster.get(&map).unwrap()["data"], json!({ "a": "2" }), "a dry run writes nothing");
    map["dat"] = json!({});
    let refused = product.dry_run(&object, &Write::Apply(map.clone()), "flux").await.unwrap();
    let why = "`dat` is not a field of its kind".to_owned();
    assert_eq!(refused.prediction, Prediction::Refused { why, immutable: false, words: None });
    cluster.delete(&map).unwrap();
    assert_eq!(product.read(&object).await.unwrap(), None);

    let stranger = Target { token: "another".to_owned(), ..target };
    assert_eq!(stranger.ask(&get("/api/v1/namespaces/NS")).await.0, 401);
    let file = folder.path().join("stranger");
    std::fs::write(&file, cluster.kubeconfig("demo").replace(cluster.token(), "another")).unwrap();
    let access = Access::Kubeconfig { file: Some(file), context: None };
    let product = KubeCluster::connect("demo".to_owned(), &access, Patience::USUAL).await.unwrap();
    let refused = product.read(&object).await.unwrap_err();
    assert!(matches!(refused, ClusterError::Forbidden { .. }), "{refused}");
}
