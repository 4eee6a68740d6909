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
    /// Namespaces, by environment and name.
    namespaces: BTreeMap<&'e str, BTreeMap<&'e str, Around>>,
    /// Environments of which more than the change is known.
    whole: BTreeSet<&'e str>,
    plurals: Plurals,
}

/// A namespace: as head has it and, where that differs, as base does. An object is judged in both, lest a change exempts
/// itself by what it makes of its namespace.
#[derive(Debug)]
struct Around {
    states: Vec<Value>,
    /// Base does not have it.
    is_new: bool,
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
        let mut namespaces: BTreeMap<&str, BTreeMap<&str, Around>> = BTreeMap::new();
        for (environment, effect) in effects().filter(|(_, effect)| is_namespace(&effect.object)) {
            let mut states: Vec<Value> =
                [&effect.after, &effect.before].into_iter().flatten().map(Body::value).collect();
            states.dedup();
            let around = Around { states, is_new: effect.before.is_none() };
            namespaces.entry(environment).or_default().insert(&effect.object.name, around);
        }
        let mut whole = BTreeSet::new();
        for environment in &evaluation.environments {
            let Some(beside) = &environment.inventory else { continue };
            let name = environment.environment.name.as_str();
            whole.insert(name);
            for known in beside.objects.iter().filter(|known| is_namespace(&known.object)) {
                let around = Around { states: vec![known.body.value()], is_new: false };
                namespaces.entry(name).or_default().insert(&known.object.name, around);
            }
        }
        let definitions = effects().filter(|(_, effect)| effect.object.kind == "CustomResourceDefinition");
        let bodies = definitions.flat_map(|(_, effect)| [&effect.before, &effect.after]).flatten();
        Self { namespaces, whole, plurals: Plurals::of(bodies.map(Body::value)) }
    }

    /// `namespaceObject` of an object, in each of its states, one at least: null for what is in no namespace.
    pub(super) fn namespaces(&self, environment: &str, object: &ObjectRef) -> Vec<Given<'_>> {
        if object.namespace.is_empty() {
            return vec![Given::Known(None)];
        }
        let states =
            self.around(environment, object).map(|around| around.states.as_slice()).unwrap_or_default();
        match states {
            [] if self.whole.contains(environment) => {
                vec![Given::Unknown("not evaluated, since the environment does not have the Namespace")]
            }
            [] => vec![Given::Unknown("not evaluated, since this change does not touch the Namespace")],
            states => states.iter().map(|state| Given::Known(Some(state))).collect(),
        }
    }

    /// Whether the change brings the namespace of an object.
    pub(super) fn brings_namespace(&self, environment: &str, object: &ObjectRef) -> bool {
        self.around(environment, object).is_some_and(|around| around.is_new)
    }

    fn around(&self, environment: &str, object: &ObjectRef) -> Option<&Around> {
        self.namespaces.get(environment)?.get(object.namespace.as_str())
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
