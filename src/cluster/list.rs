//! Live objects of one kind in one namespace, read together: a list costs the server a fraction of what as many single
//! requests do, unless it holds much that nobody asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_core::object::ObjectRef;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{self, Answer};
use super::kube::error;
use super::link::{Link, Question, Verb};
use crate::ports::{ClusterError, Listed, LiveObjects, Page};

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

impl Place {
    /// What its objects are, for each of many.
    fn names(&self) -> (Arc<str>, Arc<str>) {
        (self.api_version.as_str().into(), self.kind.as_str().into())
    }
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

/// One answer. Its objects are not read yet.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    api_version: String,
    metadata: Metadata,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// What an object says of itself. Those of a built-in kind do not say in a list what they are.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Heading {
    api_version: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    metadata: Named,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    name: String,
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
    let (api_version, kind) = place.names();
    let mut found = LiveObjects::default();
    let mut unseen: BTreeSet<&str> = wanted.keys().copied().collect();
    let limit = wanted.len().min(PAGE);
    let mut token = String::new();
    let mut listed = 0_usize;
    loop {
        let page = format!("{}?limit={limit}{token}", place.path);
        let reply =
            link.reply(&Question { verb: Verb::Get, path: &page, accept: "application/json" }).await?;
        let Some((page, items)) = (reply.status == 200).then(|| parsed(&reply.body, place)).flatten() else {
            return Ok(found);
        };
        listed = listed.saturating_add(items.len());
        for (name, text) in items {
            let Some((name, object)) = wanted.get_key_value(name.as_str()) else { continue };
            unseen.remove(name);
            let live = Listed::new(text, Arc::clone(&api_version), Arc::clone(&kind));
            found.insert((*object).clone(), Some(live));
        }
        if page.r#continue.is_empty() {
            unseen.iter().filter_map(|name| wanted.get(name)).for_each(|absent| {
                found.insert((*absent).clone(), None);
            });
            return Ok(found);
        }
        if listed.saturating_add(page.remaining_item_count) > wanted.len().saturating_mul(WORTH) {
            return Ok(found);
        }
        token = format!("&continue={}", utf8_percent_encode(&page.r#continue, NON_ALPHANUMERIC));
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
    if let Some((page, items)) = (reply.status == 200).then(|| parsed(&reply.body, place)).flatten() {
        let next = Some(page.r#continue).filter(|next| !next.is_empty());
        let (api_version, kind) = place.names();
        let whole = |(_, text)| Listed::new(text, Arc::clone(&api_version), Arc::clone(&kind)).value();
        if let Some(objects) = items.into_iter().map(whole).collect() {
            return Ok(Page { objects, next });
        }
    }
    Err(match answer::read(&reply) {
        Answer::Trouble(trouble) => error(trouble, "list", plural),
        Answer::Object(_) | Answer::Absent(_) | Answer::Refused { .. } | Answer::Unpredictable { .. } => {
            ClusterError::Unexpected { why: format!("it does not list `{plural}`") }
        }
    })
}

/// A page of this place: what is said of it, and its objects' names and texts; `None` where it is anything else.
fn parsed<'a>(body: &'a [u8], place: &Place) -> Option<(Metadata, Vec<(String, &'a str)>)> {
    let Reply { api_version, metadata, items } = serde_json::from_slice(body).ok()?;
    let own = |item: &'a RawValue| {
        let text = item.get();
        let heading: Heading = serde_json::from_str(text).ok().filter(|_| text.starts_with('{'))?;
        let fits = heading.api_version.is_none_or(|own| own == place.api_version)
            && heading.kind.is_none_or(|own| own == place.kind);
        fits.then_some((heading.metadata.name, text))
    };
    let items = items.into_iter().map(own).collect::<Option<Vec<_>>>()?;
    (api_version == place.api_version).then_some((metadata, items))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use serde_json::{Value, json};

    use super::*;

    fn place() -> Place {
        Place {
            path: "/apis/apps/v1/namespaces/shop/deployments".to_owned(),
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
        }
    }

    fn page(list: &Value) -> Option<Vec<Value>> {
        let (text, place) = (list.to_string(), place());
        let (_, items) = parsed(text.as_bytes(), &place)?;
        let whole = |(_, text)| Listed::new(text, "apps/v1".into(), "Deployment".into()).value().unwrap();
        Some(items.into_iter().map(whole).collect())
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
        assert_eq!(page(&list("apps/v1", json!(["apps/v1", "Deployment"]))), None);
        assert_eq!(page(&json!({ "kind": "Status", "apiVersion": "v1", "metadata": {} })), None);
    }
}
