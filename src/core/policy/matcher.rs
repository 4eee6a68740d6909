//! Whether an effect is one of those that a condition means.

use globset::GlobMatcher;
use serde_json::Value;

use super::Truth;
use super::image::{self, Images};
use super::predicate::{compile, kind_matches, matches};
use crate::config::{Comparison, EffectMatch, field};
use crate::effect::{Effect, Operation, RenderOperation, Risk};
use crate::object::Body;

/// An effect match, compiled.
#[derive(Debug)]
pub(super) struct Matcher {
    environment: Vec<GlobMatcher>,
    clusters: Vec<GlobMatcher>,
    kinds: Vec<GlobMatcher>,
    namespaces: Vec<GlobMatcher>,
    names: Vec<GlobMatcher>,
    labels: Vec<(GlobMatcher, Option<GlobMatcher>)>,
    operations: Vec<Operation>,
    risks: Vec<Risk>,
    paths: Vec<GlobMatcher>,
    image: Option<Images>,
    pub(super) count: Option<Comparison>,
}

/// An environment as conditions name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) environment: &'a str,
    pub(super) cluster: Option<&'a str>,
}

impl Matcher {
    pub(super) fn new(wanted: &EffectMatch) -> Option<Self> {
        let label = |label: &String| {
            let (key, value) = match label.split_once('=') {
                Some((key, value)) => (key, Some(value.to_owned())),
                None => (label.as_str(), None),
            };
            let value = match value {
                Some(value) => Some(field(&value).ok()?),
                None => None,
            };
            Some((field(key).ok()?, value))
        };
        Some(Self {
            environment: compile(&wanted.environment)?,
            clusters: compile(&wanted.clusters)?,
            kinds: compile(&wanted.kinds)?,
            namespaces: compile(&wanted.namespaces)?,
            names: compile(&wanted.names)?,
            labels: wanted.labels.iter().map(label).collect::<Option<_>>()?,
            operations: wanted.operations.clone(),
            risks: wanted.risks.clone(),
            paths: wanted.paths.iter().map(|path| field(path).ok()).collect::<Option<_>>()?,
            image: match &wanted.image {
                Some(image) => Some(Images::new(image)?),
                None => None,
            },
            count: wanted.count,
        })
    }

    /// Whether effects of an environment could match at all.
    pub(super) fn place(&self, place: Place<'_>) -> bool {
        let cluster = || place.cluster.is_some_and(|cluster| matches(&self.clusters, cluster));
        matches(&self.environment, place.environment) && (self.clusters.is_empty() || cluster())
    }

    /// Unknown where the order of two versions decides and they have none.
    pub(super) fn matches(&self, place: Place<'_>, effect: &Effect) -> Truth {
        let certain = self.place(place)
            && kind_matches(&self.kinds, &effect.object)
            && matches(&self.namespaces, &effect.object.namespace)
            && matches(&self.names, &effect.object.name)
            && (self.operations.is_empty() || self.operations.contains(&effect.operation))
            && (self.risks.is_empty() || self.risks.iter().any(|risk| effect.risks.contains(risk)))
            && (self.labels.is_empty() || self.labelled(effect))
            && (self.paths.is_empty() || self.touches(effect));
        match (certain, &self.image) {
            (false, _) => Truth::False,
            (true, None) => Truth::True,
            (true, Some(images)) => images.moved(effect),
        }
    }

    fn labelled(&self, effect: &Effect) -> bool {
        let bodies: Vec<Value> =
            [&effect.before, &effect.after].into_iter().flatten().map(Body::value).collect();
        let labels = bodies.iter().filter_map(|body| body.pointer("/metadata/labels")?.as_object());
        labels.flatten().any(|(name, given)| {
            self.labels.iter().any(|(key, value)| {
                let given = || given.as_str().unwrap_or_default();
                key.is_match(name) && value.as_ref().is_none_or(|value| value.is_match(given()))
            })
        })
    }

    /// Of an object that appears or goes, every field changes.
    fn touches(&self, effect: &Effect) -> bool {
        let hit = |path: &str| self.paths.iter().any(|glob| glob.is_match(path));
        // A part that comes or goes as a whole takes the fields beneath it along.
        let part = |value: &Value, path: &str| image::leaves(path, value).iter().any(|(path, _)| hit(path));
        let changed = effect.changes.iter().any(|change| {
            let parts = [&change.before, &change.after];
            hit(&change.path) || parts.into_iter().flatten().any(|value| part(value, &change.path))
        });
        let whole = match effect.rendered {
            RenderOperation::Add => effect.after.as_ref(),
            RenderOperation::Remove => effect.before.as_ref(),
            RenderOperation::Change => None,
        };
        let whole = whole.is_some_and(|body| part(&body.value(), ""));
        changed || whole
    }
}
