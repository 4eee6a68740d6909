//! The cluster's API over HTTP: which request means what.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{Method, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::Inner;
use super::objects::{Options, Patch, Place, Run};
use super::schema::{Kind, VERSION};
use super::status::Refusal;

const LARGEST_BODY: usize = 3 << 20;
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// A request, taken apart.
struct Asked {
    method: Method,
    /// Path elements, decoded.
    path: Vec<String>,
    query: BTreeMap<String, String>,
    content_type: String,
    aggregated: bool,
    body: Vec<u8>,
}

/// What is answered: status, content type, body.
type Answer = (u16, &'static str, Value);

pub(super) async fn serve(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let answer = match read(&inner, request).await {
        Ok(asked) => answer(&inner, &asked),
        Err(refusal) => Err(refusal),
    };
    let (code, content_type, body) =
        answer.unwrap_or_else(|refusal| (refusal.code, "application/json", refusal.body));
    let (content_type, body) = match &body {
        Value::String(text) => ("text/plain; charset=utf-8", text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            (content_type, body.to_string())
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}

async fn read(inner: &Inner, request: Request) -> Result<Asked, Refusal> {
    let (head, body) = request.into_parts();
    let text =
        |name| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if text(header::AUTHORIZATION) != format!("Bearer {}", inner.token) {
        return Err(Refusal::unauthorized());
    }
    let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key), decoded(value))
    };
    let query = head.uri.query().unwrap_or_default();
    let body = Limited::new(body, LARGEST_BODY).collect().await;
    let body = body.map_err(|_| Refusal::bad_request("the body is too large, or was cut short"))?;
    Ok(Asked {
        method: head.method.clone(),
        path: head.uri.path().split('/').filter(|part| !part.is_empty()).map(decoded).collect(),
        query: query.split('&').filter(|part| !part.is_empty()).map(pair).collect(),
        content_type: text(header::CONTENT_TYPE),
        aggregated: text(header::ACCEPT).contains("g=apidiscovery.k8s.io;v=v2;"),
        body: body.to_bytes().to_vec(),
    })
}

fn answer(inner: &Inner, asked: &Asked) -> Result<Answer, Refusal> {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["version"] => Ok(ok(json!({ "major": "1", "minor": "36", "gitVersion": "v1.36.3" }))),
        ["readyz" | "livez" | "healthz"] => Ok((200, "text/plain", Value::from("ok"))),
        ["api"] => Ok(discovery(inner, asked, |group| group.is_empty())),
        ["apis"] => Ok(discovery(inner, asked, |group| !group.is_empty())),
        ["api", VERSION, rest @ ..] => resource(inner, asked, "", rest),
        ["apis", group, VERSION, rest @ ..] if serves(inner, group) => resource(inner, asked, group, rest),
        _ => Err(Refusal::no_such_path()),
    }
}

fn ok(body: Value) -> Answer {
    (200, "application/json", body)
}

fn serves(inner: &Inner, group: &str) -> bool {
    inner.kinds.iter().any(|kind| kind.group == group)
}

fn resource(inner: &Inner, asked: &Asked, group: &str, rest: &[&str]) -> Result<Answer, Refusal> {
    let find = |plural: &str, namespaced: bool| {
        let own =
            |kind: &&Kind| kind.group == group && kind.plural == plural && kind.namespaced == namespaced;
        inner.kinds.iter().find(own).ok_or_else(Refusal::no_such_kind)
    };
    match rest {
        ["namespaces", namespace, plural] => list(inner, asked, find(plural, true)?, namespace),
        ["namespaces", namespace, plural, name] => {
            one(inner, asked, &Place { kind: find(plural, true)?, namespace, name })
        }
        [plural] => match find(plural, false).or_else(|_| find(plural, true)) {
            Ok(kind) => list(inner, asked, kind, ""),
            Err(refusal) => Err(refusal),
        },
        [plural, name] => one(inner, asked, &Place { kind: find(plural, false)?, namespace: "", name }),
        _ => Err(Refusal::no_such_kind()),
    }
}

fn list(inner: &Inner, asked: &Asked, kind: &Kind, namespace: &str) -> Result<Answer, Refusal> {
    if asked.method != Method::GET {
        return Err(Refusal::not_allowed());
    }
    let objects = inner.objects.lock().unwrap_or_else(PoisonError::into_inner);
    let bare = |mut item: Value| {
        if let Some(fields) = item.as_object_mut() {
            fields.remove("apiVersion");
            fields.remove("kind");
        }
        item
    };
    let all = objects.list(kind, namespace);
    let after = asked.query.get("continue").map(String::as_str).unwrap_or_default();
    let start =
        if after.is_empty() { 0 } else { all.partition_point(|item| place_in_list(item).as_str() <= after) };
    let limit = asked.query.get("limit").and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0);
    let page = all.get(start..).unwrap_or_default();
    let (page, rest) = page.split_at_checked(limit.unwrap_or(usize::MAX)).unwrap_or((page, &[]));
    let mut metadata = json!({ "resourceVersion": objects.version().to_string() });
    if let (Some(last), Some(metadata), false) = (page.last(), metadata.as_object_mut(), rest.is_empty()) {
        metadata.insert("continue".to_owned(), place_in_list(last).into());
        metadata.insert("remainingItemCount".to_owned(), rest.len().into());
    }
    Ok(ok(json!({
        "kind": format!("{}List", kind.kind),
        "apiVersion": kind.api_version(),
        "metadata": metadata,
        "items": page.iter().cloned().map(bare).collect::<Vec<Value>>(),
    })))
}

/// Where an object stands in a list: what comes after it continues there.
fn place_in_list(object: &Value) -> String {
    let part = |path| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    format!("{}\0{}", part("/metadata/namespace"), part("/metadata/name"))
}

fn one(inner: &Inner, asked: &Asked, place: &Place<'_>) -> Result<Answer, Refusal> {
    let mut objects = inner.objects.lock().unwrap_or_else(PoisonError::into_inner);
    let get = |key: &str| asked.query.get(key).map(String::as_str).unwrap_or_default();
    let run = if get("dryRun") == "All" { Run::Dry } else { Run::Real };
    let options = Options { manager: get("fieldManager"), force: get("force") == "true", run };
    match (asked.method.as_str(), asked.content_type.as_str()) {
        ("GET", _) => objects.get(place).map(ok),
        ("DELETE", _) => objects.delete(place, run).map(ok),
        ("PATCH", "application/apply-patch+yaml") => {
            let (code, object) = objects.apply(place, &json_of(asked)?, &options)?;
            Ok((code, "application/json", object))
        }
        ("PATCH", kind @ ("application/merge-patch+json" | "application/json-patch+json")) => {
            let patch = patch_of(kind, asked)?;
            let manager = if options.manager.is_empty() { "unknown" } else { options.manager };
            objects.edit(place, &patch, &Options { manager, ..options }).map(ok)
        }
        _ => Err(Refusal::not_allowed()),
    }
}

fn patch_of(kind: &str, asked: &Asked) -> Result<Patch, Refusal> {
    let patch = json_of(asked)?;
    if kind == "application/merge-patch+json" {
        return Ok(Patch::Merge(patch));
    }
    let patch = serde_json::from_value(patch).map(Patch::Json);
    patch.map_err(|_| {
        Refusal::bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    })
}

fn json_of(asked: &Asked) -> Result<Value, Refusal> {
    serde_json::from_slice(&asked.body)
        .map_err(|_| Refusal::bad_request("error decoding YAML: this cluster reads JSON only"))
}

fn discovery(inner: &Inner, asked: &Asked, wanted: impl Fn(&str) -> bool) -> Answer {
    let mut groups: BTreeMap<&str, Vec<&Kind>> = BTreeMap::new();
    for kind in inner.kinds.iter().filter(|kind| wanted(&kind.group)) {
        groups.entry(&kind.group).or_default().push(kind);
    }
    if !asked.aggregated {
        let names: Vec<Value> = groups.keys().map(|group| plain_group(group)).collect();
        return ok(if groups.contains_key("") {
            json!({ "kind": "APIVersions", "versions": [VERSION] })
        } else {
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": names })
        });
    }
    let item = |(group, kinds): (&str, Vec<&Kind>)| {
        let metadata = if group.is_empty() { json!({}) } else { json!({ "name": group }) };
        let resources: Vec<Value> = kinds.into_iter().map(resource_entry).collect();
        let version = json!({ "version": VERSION, "resources": resources, "freshness": "Current" });
        json!({ "metadata": metadata, "versions": [version] })
    };
    let items: Vec<Value> = groups.into_iter().map(item).collect();
    let list = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    });
    (200, AGGREGATED, list)
}

fn plain_group(group: &str) -> Value {
    let version = json!({ "groupVersion": format!("{group}/{VERSION}"), "version": VERSION });
    json!({ "name": group, "versions": [version], "preferredVersion": version })
}

fn resource_entry(kind: &Kind) -> Value {
    json!({
        "resource": kind.plural,
        // As the server has it: a kind of the group and version that it is listed under names neither.
        "responseKind": { "group": "", "version": "", "kind": kind.kind },
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": kind.kind.to_lowercase(),
        "verbs": ["delete", "get", "list", "patch"],
    })
}
