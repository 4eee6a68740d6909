//! Whole ValidatingAdmissionPolicies with their parameters, on requests that create, update and delete: a table of cases,
//! asked of a real API server and of checks by `admission`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use countersign_core::config::Judge;
use countersign_core::effect::{Effect, Operation, RenderOperation};
use countersign_core::policy::Finding;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{BINDINGS, POLICIES, binding, created, define_things, found, policy, reference, send};
use crate::parts::{ApiServer, apiserver};

const TABLE: &str = include_str!("../../fixtures/admission/policies.yaml");

/// One case, with names of its own in a namespace.
struct Case {
    title: String,
    name: String,
    policy: Value,
    binding: Value,
    params: Vec<Value>,
    before: Option<Value>,
    after: Option<Value>,
    /// What comes of it; `None` where the server does not take it.
    says: Option<BTreeSet<String>>,
}

fn cases(namespace: &str) -> Vec<Case> {
    let read: Vec<Value> = serde_saphyr::from_str(TABLE).expect("a list of cases");
    let read = read.into_iter().enumerate();
    read.map(|(at, row)| {
        let text = row.to_string().replace("HERE", namespace).replace("CASE", &format!("case-{at}"));
        case(namespace, at, &serde_json::from_str(&text).expect("a case"))
    })
    .collect()
}

fn case(namespace: &str, at: usize, row: &Value) -> Case {
    let name = format!("{namespace}-case-{at}");
    let with = |defaults: Value, more: &Value| {
        let mut all = defaults.as_object().cloned().unwrap_or_default();
        all.extend(more.as_object().cloned().unwrap_or_default());
        Value::Object(all)
    };
    let constraints = json!({
        "resourceRules": [
            { "apiGroups": ["test.countersign.example.org"], "apiVersions": ["*"], "resources": ["things"], "operations": ["*"] },
            { "apiGroups": ["rbac.authorization.k8s.io"], "apiVersions": ["*"], "resources": ["clusterroles"], "operations": ["*"] }],
        "objectSelector": { "matchLabels": { "case": name } },
    });
    let metadata = json!({ "name": format!("case-{at}"), "labels": { "case": name } });
    let object = |spec: &Value| match spec.get("kind") {
        Some(_) => with(json!({ "metadata": { "name": name, "labels": { "case": name } } }), spec),
        None => json!({ "apiVersion": "test.countersign.example.org/v1", "kind": "Thing",
                        "metadata": with(metadata.clone(), &json!({ "namespace": namespace })), "spec": spec }),
    };
    let params = row["params"].as_array().into_iter().flatten().enumerate().map(|(index, param)| {
        let own = param["name"].as_str().expect("a name");
        assert!(row["binding"].to_string().contains("selector") || index == 0, "{row}");
        json!({ "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": { "name": format!("case-{at}-{own}"), "namespace": namespace, "labels": param["labels"] },
                "data": param["data"] })
    });
    let mut bound = with(json!({ "policyName": name, "validationActions": ["Deny"] }), &row["binding"]);
    if let Some(named) = bound.pointer("/paramRef/name").and_then(Value::as_str).map(str::to_owned) {
        bound["paramRef"]["name"] = json!(format!("case-{at}-{named}"));
    }
    let says: BTreeSet<String> = row["says"].as_str().map(str::to_owned).into_iter().collect();
    Case {
        title: row["case"].as_str().expect("a title").to_owned(),
        policy: policy(&name, &with(json!({ "matchConstraints": constraints }), &row["policy"])),
        binding: binding(&name, &bound),
        params: params.collect(),
        before: row.get("old").map(object),
        after: row.get("object").map(object),
        says: (row["refused"] != true).then_some(says),
        name,
    }
}

/// What a check makes of a case; the parameters stand in its files, beside the change or in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Files,
    Beside,
    Change,
}

fn ours(case: &Case, stand: Stand) -> Option<BTreeSet<String>> {
    let mut items = vec![case.policy.clone(), case.binding.clone()];
    let (mut beside, mut effects) = (Vec::new(), Vec::new());
    match stand {
        Stand::Files => items.extend(case.params.iter().cloned()),
        Stand::Beside => beside.clone_from(&case.params),
        Stand::Change => effects.extend(case.params.iter().map(created)),
    }
    let (operation, rendered) = match (&case.before, &case.after) {
        (None, _) => (Operation::Create, RenderOperation::Add),
        (Some(_), Some(_)) => (Operation::Update, RenderOperation::Change),
        (Some(_), None) => (Operation::Delete, RenderOperation::Remove),
    };
    let none = json!({ "apiVersion": "test.countersign.example.org/v1", "kind": "Thing", "metadata": {} });
    let object = case.after.as_ref().or(case.before.as_ref()).unwrap_or(&none);
    effects.push(Effect {
        object: reference(object),
        operation,
        rendered,
        before: case.before.as_ref().map(Into::into),
        after: case.after.as_ref().map(Into::into),
        ..created(object)
    });
    let files = [("p.json", json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string())];
    let found = found(Judge::Admission(vec!["p.json".to_owned()]), &files, effects, &beside);
    let broken = found.iter().any(|finding| finding.message.contains("could not be run"));
    (!broken).then(|| found.iter().filter_map(line).collect())
}

/// A finding as the table has it; what is only noted is nothing there.
fn line(finding: &Finding) -> Option<String> {
    let message = &finding.message;
    if message.starts_with("not judged") || message.starts_with("it could not be told") {
        return None;
    }
    let what = match (finding.errored, finding.severity) {
        (true, _) => return Some("error".to_owned()),
        (false, countersign_core::config::Severity::Error) => "deny",
        (false, countersign_core::config::Severity::Warning) => "warn",
        (false, countersign_core::config::Severity::Info) => "audit",
    };
    Some(format!("{what} {message}"))
}

#[test]
fn checks_say_of_whole_policies_what_the_table_says() {
    let mut wrong = Vec::new();
    for case in cases("here") {
        for stand in [Stand::Files, Stand::Beside, Stand::Change] {
            let said = ours(&case, stand);
            if said != case.says {
                wrong.push(format!("{} ({stand:?}): {said:?}, not {:?}", case.title, case.says));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where objects of a kind are.
fn path(object: &Value, namespace: &str) -> String {
    match object["kind"].as_str() {
        Some("ClusterRole") => "/apis/rbac.authorization.k8s.io/v1/clusterroles".to_owned(),
        Some("ConfigMap") => format!("/api/v1/namespaces/{namespace}/configmaps"),
        _ => format!("/apis/test.countersign.example.org/v1/namespaces/{namespace}/things"),
    }
}

/// What the server answers to the request of a case, as the table has it.
async fn theirs(server: &ApiServer, namespace: &str, case: &Case, version: &Value) -> BTreeSet<String> {
    let object = case.after.as_ref().or(case.before.as_ref()).expect("an object");
    let (path, name) = (path(object, namespace), object["metadata"]["name"].as_str().expect("a name"));
    let (status, warnings, body) = match (&case.before, &case.after) {
        (None, _) => send(server, Method::POST, &format!("{path}?dryRun=All"), object).await,
        (Some(_), Some(after)) => {
            let mut after = after.clone();
            after["metadata"]["resourceVersion"] = version.clone();
            send(server, Method::PUT, &format!("{path}/{name}?dryRun=All"), &after).await
        }
        (Some(_), None) => {
            send(server, Method::DELETE, &format!("{path}/{name}?dryRun=All"), &json!({})).await
        }
    };
    let failed =
        |words: &str| ["resulted in error", "failed to configure"].iter().any(|mark| words.contains(mark));
    let start = format!("ValidatingAdmissionPolicy '{0}' with binding '{0}'", case.name);
    let mut said = BTreeSet::new();
    for warning in warnings.iter().filter(|warning| warning.contains(&start)) {
        let message = warning.split_once(&format!("{start}: ")).map_or(warning.as_str(), |(_, said)| said);
        said.insert(if failed(message) { "error".to_owned() } else { format!("warn {message}") });
    }
    if status >= 300 {
        let answer: Map<String, Value> = serde_json::from_str(&body).expect("a status");
        let message = answer["message"].as_str().unwrap_or_default();
        let denied = message.split_once(&format!("{start} denied request: "));
        let denied = denied.map_or_else(|| format!("something else: {message}"), |(_, said)| said.to_owned());
        said.insert(if failed(&denied) { "error".to_owned() } else { format!("deny {denied}") });
    }
    said
}

/// Makes what a case needs; the answer is the version of what was there before, or that the server does not take it.
async fn made(server: &ApiServer, namespace: &str, case: &Case) -> Option<Value> {
    let mut version = Value::Null;
    for object in case.params.iter().chain(&case.before) {
        let (status, _, body) = send(server, Method::POST, &path(object, namespace), object).await;
        assert_eq!(status, 201, "{}: {body}", case.title);
        let body: Value = serde_json::from_str(&body).expect("an object");
        version = body["metadata"]["resourceVersion"].clone();
    }
    let taken = [(POLICIES, &case.policy), (BINDINGS, &case.binding)];
    for (path, object) in taken {
        let (status, _, body) = send(server, Method::POST, path, object).await;
        assert!([201, 400, 422].contains(&status), "{}: {status} {body}", case.title);
        if status != 201 {
            return None;
        }
    }
    Some(version)
}

#[tokio::test]
async fn the_api_server_says_of_whole_policies_what_the_table_says() {
    let Some(server) = apiserver().await else { return };
    define_things(server).await;
    let namespace = server.create_namespace().await;
    let mut wrong = Vec::new();
    let mut asked = Vec::new();
    for case in cases(&namespace) {
        let version = made(server, &namespace, &case).await;
        match (version, &case.says) {
            (None, None) => {}
            (Some(version), Some(_)) => asked.push((case, version)),
            (taken, _) => wrong.push(format!("{}: taken is {}", case.title, taken.is_some())),
        }
    }
    // A policy is in force some time after it was taken: what says something is waited for, and what says nothing comes last.
    let visible = |case: &Case| {
        let says = case.says.iter().flatten();
        says.filter(|line| !line.starts_with("audit ")).cloned().collect::<BTreeSet<String>>()
    };
    asked.sort_by_key(|(case, _)| visible(case).is_empty());
    let began = Instant::now();
    for (case, version) in &asked {
        let wanted = visible(case);
        loop {
            let said = theirs(server, &namespace, case, version).await;
            if said == wanted {
                break;
            }
            if wanted.is_empty() || began.elapsed() > Duration::from_secs(90) {
                wrong.push(format!("{}: {said:?}, not {wanted:?}", case.title));
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
