//! Label selectors, three-valued: where a label is not known, neither is the answer.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Truth;
use super::manifests::Manifest;
use super::names::Given;
use super::surroundings::{Surroundings, is_namespace};
use crate::object::{ObjectRef, is_sealed};

/// The label that every namespace has, with its name.
const NAME: &str = "kubernetes.io/metadata.name";

/// Which labels.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Selector {
    match_labels: Option<BTreeMap<String, String>>,
    match_expressions: Option<Vec<Requirement>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// Labels, as far as they are known.
#[derive(Debug, Clone)]
pub(super) enum Labels<'a> {
    /// All of them, and the name of the namespace whose they are, if they are one's.
    Known(&'a Value, Option<&'a str>),
    /// There are none.
    None,
    /// Those of a namespace of which only the name is known.
    OfNamespace(&'a str),
}

impl<'a> Labels<'a> {
    /// Those of an object.
    pub(super) fn of(object: &'a Value) -> Self {
        let labels = object.get("metadata").and_then(|metadata| metadata.get("labels"));
        labels.map_or(Self::None, |labels| Self::Known(labels, None))
    }

    /// What a label is: `Some(None)` where there is certainly no such, `None` where it is not known.
    fn get(&self, key: &str) -> Option<Option<&'a str>> {
        match self {
            Self::Known(_, Some(name)) | Self::OfNamespace(name) if key == NAME => Some(Some(name)),
            Self::Known(labels, _) => match labels.get(key) {
                Some(value) if is_sealed(value) => None,
                value => Some(value.and_then(Value::as_str)),
            },
            Self::None => Some(None),
            Self::OfNamespace(_) => None,
        }
    }
}

impl Selector {
    /// Whether labels are selected.
    pub(super) fn matches(&self, labels: &Labels<'_>) -> Truth {
        let exact = self.match_labels.iter().flatten();
        let exact = exact.map(|(key, value)| known(labels.get(key), |label| label == Some(value.as_str())));
        let more = self.match_expressions.iter().flatten().map(|requirement| requirement.matches(labels));
        exact.chain(more).fold(Truth::True, Truth::and)
    }

    /// Whether it selects everything.
    pub(super) fn is_empty(&self) -> bool {
        self.match_labels.as_ref().is_none_or(BTreeMap::is_empty)
            && self.match_expressions.as_ref().is_none_or(Vec::is_empty)
    }
}

impl Requirement {
    fn matches(&self, labels: &Labels<'_>) -> Truth {
        let listed = |label: &str| self.values.iter().flatten().any(|value| value == label);
        known(labels.get(&self.key), |label| match self.operator {
            Operator::In => label.is_some_and(listed),
            Operator::NotIn => !label.is_some_and(listed),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
        })
    }
}

fn known(label: Option<Option<&str>>, holds: impl Fn(Option<&str>) -> bool) -> Truth {
    label.map_or(Truth::Unknown, |label| holds(label).into())
}

/// Labels of namespaces that files declare, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Namespaces(BTreeMap<String, Value>);

impl Namespaces {
    /// Those among manifests.
    pub(super) fn of(manifests: &[Manifest]) -> Self {
        let namespaces =
            manifests.iter().filter(|manifest| manifest.group.is_empty() && manifest.kind == "Namespace");
        Self(namespaces.map(|manifest| (manifest.name.clone(), manifest.body.clone())).collect())
    }

    /// The namespace of an object in each of its states, one at least: as the target branch and the change have it, or else
    /// the files. What a change brings does not take the place of what the files say.
    pub(super) fn objects<'a>(
        &'a self,
        surroundings: &'a Surroundings<'_>,
        environment: &str,
        object: &ObjectRef,
    ) -> Vec<Given<'a>> {
        let mut states = surroundings.namespaces(environment, object);
        if let Some(file) = self.0.get(&object.namespace) {
            states.retain(|state| matches!(state, Given::Known(_)));
            if states.is_empty() || surroundings.brings_namespace(environment, object) {
                states.push(Given::Known(Some(file)));
            }
        }
        states
    }

    /// Whether the namespace of an object is selected in any of its states; what is in none is selected always.
    pub(super) fn select(
        &self,
        selector: &Selector,
        surroundings: &Surroundings<'_>,
        environment: &str,
        object: &ObjectRef,
        body: &Value,
    ) -> Truth {
        if selector.is_empty() {
            return Truth::True;
        }
        let labels = |body| match Labels::of(body) {
            Labels::Known(labels, _) => Labels::Known(labels, Some(name(object))),
            Labels::None | Labels::OfNamespace(_) => Labels::Known(&Value::Null, Some(name(object))),
        };
        if is_namespace(object) {
            return selector.matches(&labels(body));
        }
        if object.namespace.is_empty() {
            return Truth::True;
        }
        let each = self.objects(surroundings, environment, object).into_iter().map(|state| match state {
            Given::Known(Some(namespace)) => selector.matches(&labels(namespace)),
            Given::Known(None) | Given::Unknown(_) => {
                selector.matches(&Labels::OfNamespace(&object.namespace))
            }
        });
        each.fold(Truth::False, Truth::or)
    }
}

fn name(object: &ObjectRef) -> &str {
    if is_namespace(object) { &object.name } else { &object.namespace }
}
