//! That checks by schemas agree with a real API server: `tests/fixtures/schemas/changed.yaml` says what the server answers
//! to each object, the core's own tests say that ours is the same, and here the server is asked.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::parts::{ApiServer, apiserver};

/// Objects and how they are altered, as the core's tests read them too.
const GOOD: &str = include_str!("../fixtures/schemas/good.yaml");
const CHANGED: &str = include_str!("../fixtures/schemas/changed.yaml");
/// A definition with rules in CEL, and objects of it.
const RULES: &str = include_str!("../fixtures/schemas/rules.yaml");
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

fn good() -> Vec<Value> {
    serde_saphyr::from_multiple(GOOD).expect("objects")
}

/// The object that a row is about.
fn altered(row: &Value) -> Value {
    let text = |key: &str| row[key].as_str().unwrap_or_default();
    let named = |object: &&Value| {
        object["metadata"]["name"].as_str() == Some(text("of"))
            && object["kind"].as_str() == Some(text("kind"))
    };
    let mut object = good().iter().find(named).unwrap_or_else(|| panic!("no object for {row}")).clone();
    let (parent, last) = text("at").rsplit_once('/').expect("a pointer");
    let last = &last.replace("~1", "/").replace("~0", "~");
    let place = object.pointer_mut(parent).unwrap_or_else(|| panic!("no place for {row}"));
    match (place, row.get("to")) {
        (Value::Object(map), Some(to)) => _ = map.insert(last.to_owned(), to.clone()),
        (Value::Object(map), None) => _ = map.remove(last),
        (Value::Array(items), to) => {
            let index: usize = last.parse().expect("an index");
            match to {
                Some(to) if index < items.len() => items[index] = to.clone(),
                Some(to) => items.push(to.clone()),
                None => _ = items.remove(index),
            }
        }
        (other, _) => panic!("{other} has no parts"),
    }
    object
}

/// Whether the server takes an object, and its words where it does not.
async fn asked(server: &ApiServer, object: &Value) -> Result<(), String> {
    let api = object["apiVersion"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
    let plural = match kind.as_str() {
        "endpoints" => kind,
        "networkpolicy" | "validatingadmissionpolicy" => kind.trim_end_matches('y').to_owned() + "ies",
        _ if kind.ends_with('s') => kind + "es",
        _ => kind + "s",
    };
    let root = if api.contains('/') { format!("/apis/{api}") } else { format!("/api/{api}") };
    let namespace = object["metadata"]["namespace"].as_str().map(|name| format!("/namespaces/{name}"));
    let path = format!("{root}{}/{plural}?dryRun=All&fieldValidation=Strict", namespace.unwrap_or_default());
    let request = server.http().post(format!("{}{path}", server.url())).bearer_auth(server.admin_token());
    let answer = request.json(object).send().await.expect("an answer");
    let status = answer.status();
    let words = answer.text().await.unwrap_or_default();
    assert_ne!(status.as_u16(), 404, "{path}: {words}");
    // What is there already passed every check.
    if status.is_success() || status.as_u16() == 409 { Ok(()) } else { Err(words) }
}

async fn served(server: &ApiServer, plural: &str) {
    let asked = async || {
        let request = server.http().get(format!("{}/apis/example.org/v1/{plural}", server.url()));
        let answer = request.bearer_auth(server.admin_token()).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while !asked().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    waited.await.expect("the definition is served");
}

#[tokio::test]
async fn a_real_api_server_answers_as_the_table_says() {
    let Some(server) = apiserver().await else { return };
    let definition = good().into_iter().find(|object| object["kind"] == "CustomResourceDefinition");
    server.call(Method::POST, DEFINITIONS, definition).await;
    served(server, "widgets").await;
    for object in good() {
        assert_eq!(asked(server, &object).await, Ok(()), "{}", object["metadata"]["name"]);
    }
    let rows: Vec<Value> = serde_saphyr::from_str(CHANGED).expect("rows");
    let mut wrong = Vec::new();
    for row in &rows {
        let answer = asked(server, &altered(row)).await;
        let accepted = matches!(row["server"].as_str(), Some("accepts" | "accepts too much"));
        if answer.is_ok() != accepted {
            wrong.push(format!("{row}\n  {answer:?}"));
        }
    }
    assert!(
        rows.len() >= 100 && wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

/// What the server answers to one row: an object is really there before it is updated.
async fn ruled(server: &ApiServer, namespace: &str, row: &Value) -> Result<(), String> {
    let pools = format!("/apis/example.org/v1/namespaces/{namespace}/pools");
    let name = row["name"].as_str().unwrap_or("web");
    let pool = |spec: &Value| json!({ "apiVersion": "example.org/v1", "kind": "Pool", "metadata": { "name": name }, "spec": spec });
    let mut after = pool(&row["after"]);
    let path = match row.get("before") {
        None => pools.clone(),
        Some(before) => {
            let made = server.call(Method::POST, &pools, Some(pool(before))).await;
            after["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"].clone();
            format!("{pools}/{name}")
        }
    };
    let method = if row.get("before").is_some() { Method::PUT } else { Method::POST };
    let url = format!("{}{path}?dryRun=All&fieldValidation=Strict", server.url());
    let request = server.http().request(method, url).bearer_auth(server.admin_token());
    let answer = request.json(&after).send().await.expect("an answer");
    let status = answer.status();
    let words: Value = answer.json().await.expect("JSON");
    let words = words["message"].as_str().unwrap_or_default().to_owned();
    if row.get("before").is_some() {
        server.call(Method::DELETE, &path, None).await;
    }
    assert!(status.is_success() || status.as_u16() == 422, "{row}: {words}");
    if status.is_success() { Ok(()) } else { Err(words) }
}

#[tokio::test]
async fn a_real_api_server_answers_to_rules_as_the_table_says() {
    let Some(server) = apiserver().await else { return };
    let table: Value = serde_saphyr::from_str(RULES).expect("a table");
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "pools.example.org" },
        "spec": {
            "group": "example.org", "names": { "kind": "Pool", "plural": "pools" }, "scope": "Namespaced",
            "versions": [{
                "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": table["schema"] },
            }],
        },
    });
    server.call(Method::POST, DEFINITIONS, Some(definition)).await;
    served(server, "pools").await;
    let namespace = server.create_namespace().await;
    let mut wrong = Vec::new();
    for row in table["rows"].as_array().expect("rows") {
        let answer = ruled(server, &namespace, row).await;
        let says = row["says"].as_str().unwrap_or_default();
        let right = match &answer {
            Ok(()) => row["server"] == "accepts",
            Err(words) => row["server"] == "refuses" && words.contains(says),
        };
        if !right {
            wrong.push(format!("{row}\n  {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
