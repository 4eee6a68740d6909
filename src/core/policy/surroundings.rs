//! What of an evaluation stands around an object: namespaces, and what kinds are called. What is not in the evaluation
//! is unknown, and never taken for absent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::names::Given;
use super::plural::Plurals;
use crate::evaluation::Evaluation;
use crate::object::{Body, ObjectRef};

/// What stands around the objects of an evaluation.
#[derive(Debug, Default)]
pub(super) struct Surroundings<'e> {
    /// Namespaces of head, by environment and name.
    namespaces: BTreeMap<&'e str, BTreeMap<&'e str, Value>>,
    /// Environments of which more than the change is known.
    whole: BTreeSet<&'e str>,
    plurals: Plurals,
}

impl<'e> Surroundings<'e> {
    /// Of what an evaluation holds: the objects that a change touches, and those beside it that checks asked for.
    pub(super) fn of(evaluation: &'e Evaluation) -> Self {
        let effects = || {
            evaluation.environments.iter().flat_map(|environment| {
                let name = environment.environment.name.as_str();
                environment.units.iter().flat_map(|unit| &unit.effects).map(move |effect| (name, effect))
            })
        };
        let mut namespaces: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
        for (environment, effect) in effects().filter(|(_, effect)| is_namespace(&effect.object)) {
            let Some(after) = &effect.after else { continue };
            namespaces.entry(environment).or_default().insert(&effect.object.name, after.value());
        }
        let mut whole = BTreeSet::new();
        for environment in &evaluation.environments {
            let Some(beside) = &environment.inventory else { continue };
            let name = environment.environment.name.as_str();
            whole.insert(name);
            for known in beside.objects.iter().filter(|known| is_namespace(&known.object)) {
                namespaces.entry(name).or_default().insert(&known.object.name, known.body.value());
            }
        }
        let definitions = effects().filter(|(_, effect)| effect.object.kind == "CustomResourceDefinition");
        let bodies = definitions.flat_map(|(_, effect)| [&effect.before, &effect.after]).flatten();
        Self { namespaces, whole, plurals: Plurals::of(bodies.map(Body::value)) }
    }

    /// `namespaceObject` of an object: null for what is in no namespace.
    pub(super) fn namespace(&self, environment: &str, object: &ObjectRef) -> Given<'_> {
        if object.namespace.is_empty() {
            return Given::Known(None);
        }
        match self.namespaces.get(environment).and_then(|own| own.get(object.namespace.as_str())) {
            Some(namespace) => Given::Known(Some(namespace)),
            None if self.whole.contains(environment) => {
                Given::Unknown("not evaluated, since the environment does not have the Namespace")
            }
            None => Given::Unknown("not evaluated, since this change does not touch the Namespace"),
        }
    }

    /// The plural names that a kind may have, the likeliest first.
    pub(super) fn plurals(&self) -> &Plurals {
        &self.plurals
    }

    /// The plural name of a kind, where there is but one that it may have.
    pub(super) fn resource(&self, group: &str, kind: &str) -> Option<String> {
        let mut candidates = self.plurals.candidates(group, kind);
        candidates.truncate(1);
        candidates.pop()
    }
}

/// Whether an object is a namespace itself.
pub(super) fn is_namespace(object: &ObjectRef) -> bool {
    object.group.is_empty() && object.kind == "Namespace"
}
