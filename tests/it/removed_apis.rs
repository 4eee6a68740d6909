//! That the table of removed and deprecated APIs agrees with a real API server, which serves every version that it has:
//! what is gone is not served, successors are, and what the server warns of stands in the table with the same versions.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::Value;

use crate::parts::{ApiServer, apiserver_of_all_versions};

const TABLE: &str = include_str!("../../policies/data/removed-apis.json");

/// `group/version kind`, as messages name it.
fn named(api: &Value) -> String {
    let text = |key: &str| api[key].as_str().unwrap_or_default();
    let group = if text("group").is_empty() { String::new() } else { format!("{}/", text("group")) };
    format!("{group}{} {}", text("version"), text("kind"))
}

/// Every API with the path of its list, over all namespaces; parts of others, such as their scale, have none.
async fn served(server: &ApiServer) -> BTreeMap<String, Option<String>> {
    let mut versions = vec![("v1".to_owned(), "/api/v1".to_owned())];
    let groups = server.call(Method::GET, "/apis", None).await;
    for group in groups["groups"].as_array().unwrap() {
        for version in group["versions"].as_array().unwrap() {
            let version = version["groupVersion"].as_str().unwrap().to_owned();
            versions.push((version.clone(), format!("/apis/{version}")));
        }
    }
    let mut served = BTreeMap::new();
    for (version, root) in versions {
        let resources = server.call(Method::GET, &root, None).await;
        for resource in resources["resources"].as_array().unwrap() {
            let (name, kind) = (resource["name"].as_str().unwrap(), resource["kind"].as_str().unwrap());
            let part = name.contains('/');
            let api = match (resource["group"].as_str(), resource["version"].as_str()) {
                (Some(group), Some(version)) if part => format!("{group}/{version} {kind}"),
                _ => format!("{version} {kind}"),
            };
            served.entry(api).or_insert_with(|| (!part).then(|| format!("{root}/{name}")));
        }
    }
    served
}

/// What the server says of an API beside its answer, where that is that it is deprecated: since when, and when it goes.
async fn warned(server: &ApiServer, list: &str) -> Option<(String, Option<String>)> {
    let request = server.http().get(format!("{}{list}", server.url())).bearer_auth(server.admin_token());
    let answer = request.send().await.unwrap();
    let warning = answer.headers().get("warning")?.to_str().unwrap().to_owned();
    let version = |after: &str| {
        let rest = warning.split_once(after)?.1;
        let end = rest.find(['+', ',', ';', '"']).unwrap_or(rest.len());
        Some(rest[..end].trim_start_matches('v').to_owned())
    };
    Some((version(" is deprecated in ")?, version(" unavailable in ")))
}

#[tokio::test]
async fn a_real_api_server_serves_what_the_table_says() {
    let Some(server) = apiserver_of_all_versions().await else { return };
    let version = server.call(Method::GET, "/version", None).await;
    let minor = |version: &str| version.split_once('.').unwrap().1.parse::<u32>().unwrap();
    let now: u32 = version["minor"].as_str().unwrap().trim_end_matches('+').parse().unwrap();
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let table = table["removed_apis"].as_array().unwrap();
    let served = served(&server).await;
    let mut wrong = Vec::new();
    let (mut gone, mut checked) = (0, BTreeSet::new());
    for api in table {
        let name = named(api);
        let removed = api["removed"].as_str();
        if removed.is_some_and(|removed| minor(removed) <= now) {
            gone += 1;
            if served.contains_key(&name) {
                wrong.push(format!("{name} is served, and should be gone since {removed:?}"));
            }
        }
        // What succeeds may itself be gone by now.
        let successor = table.iter().find(|other| named(other) == named(&api["replacement"]));
        let outlived =
            successor.and_then(|other| other["removed"].as_str()).is_some_and(|end| minor(end) <= now);
        if api["replacement"].is_object() && !outlived && !served.contains_key(&named(&api["replacement"])) {
            wrong.push(format!(
                "{} should take the place of {name}, and is not served",
                named(&api["replacement"])
            ));
        }
    }
    for (name, list) in &served {
        let Some(list) = list else { continue };
        let Some((deprecated, removed)) = warned(&server, list).await else { continue };
        let known = table.iter().find(|api| named(api) == *name);
        let told = known.map(|api| (api["deprecated"].as_str().unwrap_or_default(), api["removed"].as_str()));
        if told != Some((deprecated.as_str(), removed.as_deref())) {
            wrong.push(format!(
                "{name} is deprecated since {deprecated}, gone in {removed:?}, and the table has {told:?}"
            ));
        }
        checked.insert(name.as_str());
    }
    // What the table calls deprecated by now, the server warns of.
    for api in table {
        let name = named(api);
        let deprecated = api["deprecated"].as_str().is_some_and(|since| minor(since) <= now);
        if deprecated && served.contains_key(&name) && !checked.contains(name.as_str()) {
            wrong.push(format!("{name} is deprecated in the table, and the server does not warn of it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(gone >= 50 && checked.len() >= 5, "{gone} gone, {} warned of", checked.len());
}
