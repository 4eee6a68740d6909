//! Images that move: what differs between the one before and the one after.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use globset::GlobMatcher;
use serde_json::Value;

use super::Truth;
use super::predicate::{compile, matches};
use crate::config::{ImageMatch, ImageMove};
use crate::effect::Effect;
use crate::object::Body;

/// How deep a manifest is looked through.
const DEEPEST: usize = 64;

/// An image match, compiled.
#[derive(Debug)]
pub(super) struct Images {
    registries: Vec<GlobMatcher>,
    repositories: Vec<GlobMatcher>,
    moves: Vec<ImageMove>,
}

/// `registry/repository:tag@digest`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Image<'a> {
    registry: &'a str,
    repository: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    fn parse(text: &'a str) -> Self {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let (name, tag) = match name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
            Some((name, tag)) => (name, Some(tag)),
            None => (name, None),
        };
        let host = |first: &str| first.contains(['.', ':']) || first == "localhost";
        let (registry, repository) =
            name.split_once('/').filter(|(first, _)| host(first)).unwrap_or(("docker.io", name));
        let repository = match registry == "docker.io" {
            true => repository.strip_prefix("library/").unwrap_or(repository),
            false => repository,
        };
        Self { registry, repository, tag, digest }
    }
}

impl Images {
    pub(super) fn new(wanted: &ImageMatch) -> Option<Self> {
        Some(Self {
            registries: compile(&wanted.registries)?,
            repositories: compile(&wanted.repositories)?,
            moves: wanted.moves.clone(),
        })
    }

    /// Whether an image of the object moves in this way.
    pub(super) fn moved(&self, effect: &Effect) -> Truth {
        let [before, after] = [&effect.before, &effect.after].map(|body| body.as_ref().map(Body::value));
        let (before, after) = (images(before.as_ref()), images(after.as_ref()));
        let mut sum = Truth::False;
        for (path, after) in &after {
            let before = before.get(path);
            if before != Some(after) {
                sum = sum.or(self.matches(before.map(|text| Image::parse(text)), Image::parse(after)));
            }
        }
        sum
    }

    fn matches(&self, before: Option<Image<'_>>, after: Image<'_>) -> Truth {
        if !matches(&self.registries, after.registry) || !matches(&self.repositories, after.repository) {
            return Truth::False;
        }
        if self.moves.is_empty() {
            return Truth::True;
        }
        self.moves.iter().map(|wanted| differs(*wanted, before, after)).fold(Truth::False, Truth::or)
    }
}

fn differs(wanted: ImageMove, before: Option<Image<'_>>, after: Image<'_>) -> Truth {
    match (wanted, before) {
        (ImageMove::Registry, before) => Truth::from(before.is_none_or(|old| old.registry != after.registry)),
        (ImageMove::Repository, before) => Truth::from(
            before.is_none_or(|old| (old.registry, old.repository) != (after.registry, after.repository)),
        ),
        (ImageMove::Tag, before) => Truth::from(before.is_none_or(|old| old.tag != after.tag)),
        (ImageMove::Digest, before) => Truth::from(before.is_none_or(|old| old.digest != after.digest)),
        (ImageMove::Unpinned, _) => Truth::from(after.digest.is_none()),
        (ImageMove::Downgrade, None) => Truth::False,
        (ImageMove::Downgrade, Some(old)) => {
            match (old.tag.zip(after.tag), old.repository == after.repository) {
                (_, false) => Truth::Unknown,
                (Some((old, new)), true) if old == new => Truth::False,
                (Some((old, new)), true) => {
                    order(old, new).map_or(Truth::Unknown, |order| Truth::from(order == Ordering::Greater))
                }
                (None, true) => Truth::Unknown,
            }
        }
    }
}

/// How two versions like `v1.2.3-rc.1` stand to each other; `None` where one is none, or they differ in a way that has
/// no order.
fn order(a: &str, b: &str) -> Option<Ordering> {
    let parse = |text: &str| -> Option<(Vec<u64>, Option<String>)> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (numbers, rest) = match text.split_once('-') {
            Some((numbers, rest)) => (numbers, Some(rest.to_owned())),
            None => (text, None),
        };
        let digits =
            |part: &str| part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
        Some((numbers.split('.').map(digits).collect::<Option<_>>()?, rest))
    };
    let ((a, a_rest), (b, b_rest)) = (parse(a)?, parse(b)?);
    let longest = a.len().max(b.len());
    let padded = |numbers: &[u64]| -> Vec<u64> {
        numbers.iter().copied().chain(std::iter::repeat(0)).take(longest).collect()
    };
    match (padded(&a).cmp(&padded(&b)), a_rest == b_rest) {
        (Ordering::Equal, false) => None,
        (order, _) => Some(order),
    }
}

/// Every image of a manifest by its path.
fn images(body: Option<&Value>) -> BTreeMap<String, &str> {
    let leaves = body.map(|body| leaves("", body)).unwrap_or_default();
    let leaves = leaves.into_iter().filter(|(path, _)| path == "image" || path.ends_with(".image"));
    leaves.filter_map(|(path, value)| Some((path, value.as_str()?))).collect()
}

/// Every leaf beneath a value, with its path as people read it: items of a list by their name, else by their place.
pub(super) fn leaves<'a>(path: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
    let mut found = Vec::new();
    walk(path.to_owned(), value, 0, &mut found);
    found
}

fn walk<'a>(path: String, value: &'a Value, depth: usize, found: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(fields) if depth < DEEPEST => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(path, value, depth + 1, found);
            }
        }
        Value::Array(items) if depth < DEEPEST => {
            for (index, item) in items.iter().enumerate() {
                let key = match item.get("name").and_then(Value::as_str) {
                    Some(name) => format!("name={name}"),
                    None => index.to_string(),
                };
                walk(format!("{path}[{key}]"), item, depth + 1, found);
            }
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_) => found.push((path, value)),
    }
}
