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

/// Where the next answer begins, and how much is asked of it.
struct Mark {
    limit: usize,
    /// The server's; empty at the beginning.
    token: String,
}

impl Mark {
    fn question_path(&self, place: &Place) -> String {
        let Self { limit, token } = self;
        let path = &place.path;
        match token.is_empty() {
            true => format!("{path}?limit={limit}"),
            false => {
                format!("{path}?limit={limit}&continue={}", utf8_percent_encode(token, NON_ALPHANUMERIC))
            }
        }
    }

    /// The next answer; of objects that make one too large half as many are asked for, now and later.
    async fn reply(&mut self, link: &Link, place: &Place) -> Result<answer::Reply, ClusterError> {
        loop {
            let path = self.question_path(place);
            let question = Question { verb: Verb::Get, path: &path, accept: "application/json" };
            match link.reply(&question).await {
                Err(ClusterError::TooLarge { .. }) if self.limit > 1 => self.limit /= 2,
                replied @ (Ok(_) | Err(_)) => return replied,
            }
        }
    }

    /// In one word, for whoever asks for the next part.
    fn kept(&self) -> String {
        format!("{} {}", self.limit, self.token)
    }

    /// What was kept.
    fn of(kept: &str) -> Option<Self> {
        let (limit, token) = kept.split_once(' ')?;
        Some(Self { limit: limit.parse().ok()?, token: token.to_owned() })
    }
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
    let mut mark = Mark { limit: wanted.len().min(PAGE), token: String::new() };
    let mut listed = 0_usize;
    loop {
        let reply = match mark.reply(link, place).await {
            // Each is told of when it is read alone.
            Err(ClusterError::TooLarge { .. }) => return Ok(found),
            replied @ (Ok(_) | Err(_)) => replied?,
        };
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
        mark.token = page.r#continue;
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
    let mut mark = next.and_then(Mark::of).unwrap_or(Mark { limit: PAGE, token: String::new() });
    let mut reply = mark.reply(link, place).await?;
    if let Some(token) = resumed(&reply) {
        mark.token = token;
        reply = mark.reply(link, place).await?;
    }
    if let Some((page, items)) = (reply.status == 200).then(|| parsed(&reply.body, place)).flatten() {
        mark.token = page.r#continue;
        let next = (!mark.token.is_empty()).then(|| mark.kept());
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

/// Where a list that expired can be gone on with: the server shows what comes after as it is by now.
fn resumed(reply: &answer::Reply) -> Option<String> {
    #[derive(Deserialize)]
    struct Expired {
        metadata: Metadata,
    }
    if reply.status != 410 {
        return None;
    }
    let Expired { metadata } = serde_json::from_slice(&reply.body).ok()?;
    Some(metadata.r#continue).filter(|token| !token.is_empty())
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
