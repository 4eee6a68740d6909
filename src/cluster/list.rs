//! Live objects of one kind in one namespace, read together: a list costs the server a fraction of what as many single
//! requests do, unless it holds much that nobody asked for.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::object::{Body, ObjectRef};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;

use super::answer::{self, Answer};
use super::kube::error;
use super::link::{Link, Question, Verb};
use crate::ports::{ClusterError, LiveObjects, Page};

/// Fewer objects are read one by one.
const FEWEST: usize = 8;
/// Objects of one answer.
const PAGE: usize = 500;
/// A list is read that holds up to so many times the objects that are wanted.
const WORTH: usize = 4;

/// Where a list is: its path, and what its objects say of themselves.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) api_version: String,
    pub(super) kind: String,
}

/// Objects of one kind in one namespace, by name.
pub(super) type Wanted<'a> = BTreeMap<&'a str, &'a ObjectRef>;

/// The kinds and namespaces of which more than a few objects are wanted.
pub(super) fn wanted<'a>(objects: impl Iterator<Item = &'a ObjectRef>) -> Vec<Wanted<'a>> {
    let mut all: BTreeMap<[&str; 4], Wanted<'_>> = BTreeMap::new();
    for object in objects {
        let ObjectRef { group, version, kind, namespace, name } = object;
        all.entry([group, version, kind, namespace]).or_default().insert(name, object);
    }
    all.into_values().filter(|objects| objects.len() >= FEWEST).collect()
}

/// One answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    api_version: String,
    metadata: Metadata,
    items: Vec<Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    r#continue: String,
    remaining_item_count: usize,
}

/// Reads a list as far as that is worth it. Of what is not in what comes back, nothing is known.
///
/// # Errors
/// The server does not answer. One that answers with anything but a list only leaves objects unknown: whoever asks for
/// them one by one is told what is wrong with each.
pub(super) async fn read(
    link: &Link,
    place: &Place,
    wanted: &Wanted<'_>,
) -> Result<LiveObjects, ClusterError> {
    let mut found = LiveObjects::default();
    let mut unseen: BTreeSet<&str> = wanted.keys().copied().collect();
    let limit = wanted.len().min(PAGE);
    let mut token = String::new();
    let mut listed = 0_usize;
    loop {
        let page = format!("{}?limit={limit}{token}", place.path);
        let reply =
            link.reply(&Question { verb: Verb::Get, path: &page, accept: "application/json" }).await?;
        let Some(page) = (reply.status == 200).then(|| parsed(&reply.body, place)).flatten() else {
            return Ok(found);
        };
        listed = listed.saturating_add(page.items.len());
        for item in page.items {
            let name = item.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            let Some((name, object)) = wanted.get_key_value(name) else { continue };
            unseen.remove(name);
            found.insert((*object).clone(), Some(Body::from(item)));
        }
        if page.metadata.r#continue.is_empty() {
            unseen.iter().filter_map(|name| wanted.get(name)).for_each(|absent| {
                found.insert((*absent).clone(), None);
            });
            return Ok(found);
        }
        if listed.saturating_add(page.metadata.remaining_item_count) > wanted.len().saturating_mul(WORTH) {
            return Ok(found);
        }
        token = format!("&continue={}", utf8_percent_encode(&page.metadata.r#continue, NON_ALPHANUMERIC));
    }
}

/// A part of everything that is at a place: the first, or the one that `next` asks for.
///
/// # Errors
/// The server does not answer, or with anything but that.
pub(super) async fn part(
    link: &Link,
    (place, plural): (&Place, &str),
    next: Option<&str>,
) -> Result<Page, ClusterError> {
    let next = next.map(|next| format!("&continue={}", utf8_percent_encode(next, NON_ALPHANUMERIC)));
    let path = format!("{}?limit={PAGE}{}", place.path, next.unwrap_or_default());
    let question = Question { verb: Verb::Get, path: &path, accept: "application/json" };
    let reply = link.reply(&question).await?;
    if let Some(page) = (reply.status == 200).then(|| parsed(&reply.body, place)).flatten() {
        let next = Some(page.metadata.r#continue).filter(|next| !next.is_empty());
        return Ok(Page { objects: page.items, next });
    }
    Err(match answer::read(&reply) {
        Answer::Trouble(trouble) => error(trouble, "list", plural),
        Answer::Object(_) | Answer::Absent(_) | Answer::Refused { .. } | Answer::Unpredictable { .. } => {
            ClusterError::Unexpected { why: format!("it does not list `{plural}`") }
        }
    })
}

/// A page of this place; `None` where it is anything else.
fn parsed(body: &[u8], place: &Place) -> Option<Listed> {
    let mut page: Listed = serde_json::from_slice(body).ok()?;
    let mut fits = page.api_version == place.api_version;
    for item in &mut page.items {
        let item = item.as_object_mut()?;
        // The objects of a list of a built-in kind do not say which that is.
        for (field, value) in [("apiVersion", &place.api_version), ("kind", &place.kind)] {
            fits &= item.entry(field).or_insert_with(|| value.as_str().into()) == value.as_str();
        }
    }
    fits.then_some(page)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use serde_json::json;

    use super::*;

    fn place() -> Place {
        Place {
            path: "/apis/apps/v1/namespaces/shop/deployments".to_owned(),
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
        }
    }

    fn page(list: &Value) -> Option<Vec<Value>> {
        parsed(list.to_string().as_bytes(), &place()).map(|page| page.items)
    }

    #[test]
    fn objects_of_a_list_are_what_they_would_be_alone() {
        let list = json!({
            "kind": "DeploymentList", "apiVersion": "apps/v1", "metadata": { "resourceVersion": "7" },
            "items": [{ "metadata": { "name": "web" } }],
        });
        let web = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" } });
        assert_eq!(page(&list).unwrap(), [web]);
    }

    #[test]
    fn what_is_no_list_of_the_kind_is_none() {
        let list = |api_version: &str, item: Value| json!({ "kind": "List", "apiVersion": api_version, "metadata": {}, "items": [item] });
        assert!(page(&list("apps/v1", json!({}))).is_some());
        assert_eq!(page(&list("apps/v1beta1", json!({}))), None);
        assert_eq!(page(&list("apps/v1", json!({ "kind": "StatefulSet" }))), None);
        assert_eq!(page(&list("apps/v1", json!({ "apiVersion": "v1" }))), None);
        assert_eq!(page(&list("apps/v1", json!("web"))), None);
        assert_eq!(page(&json!({ "kind": "Status", "apiVersion": "v1", "metadata": {} })), None);
    }
}
