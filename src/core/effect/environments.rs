//! Environments on one cluster beside each other: objects that two of them apply, and objects that one gives up and
//! another takes.

use std::collections::BTreeMap;

use super::compare::{Identity, is_named_anew};
use super::units::{Owners, because};
use super::{Effect, Operation, Risk};
use crate::evaluation::EnvironmentEvaluation;
use crate::object::{ObjectRef, is_cluster_scoped};

/// Says of objects that several environments apply to one cluster who else does, and marks them as
/// [`Risk::TwoOwners`]; and of one that leaves an environment and appears in another, who takes it. `owners` has what
/// each environment's rendered units hold at head, in the order of the environments.
pub fn reconcile_environments(environments: &mut [EnvironmentEvaluation], owners: &[Owners]) {
    let clusters: Vec<Option<String>> =
        environments.iter().map(|environment| environment.environment.cluster.clone()).collect();
    let names: Vec<String> =
        environments.iter().map(|environment| environment.environment.name.clone()).collect();
    let beside = |one: usize, other: usize| {
        one != other
            && clusters.get(one).is_some_and(Option::is_some)
            && clusters.get(one) == clusters.get(other)
    };
    let held = held(owners);
    let given_up = given_up(environments);
    for (index, environment) in environments.iter_mut().enumerate() {
        for effect in environment.units.iter_mut().flat_map(|unit| &mut unit.effects) {
            let others: Vec<&str> = held
                .get(&own(&effect.object))
                .into_iter()
                .flatten()
                .filter(|other| beside(index, **other))
                .filter_map(|other| names.get(*other).map(String::as_str))
                .collect();
            let from = given_up.get(&own(&effect.object)).into_iter().flatten();
            let from: Vec<&str> = from
                .filter(|other| beside(index, **other))
                .filter_map(|other| names.get(*other).map(String::as_str))
                .collect();
            tell(effect, &others.join(", "), &from.join(", "));
        }
    }
}

/// Adds to an effect who else applies its object to the same cluster, and who gives it up.
fn tell(effect: &mut Effect, others: &str, from: &str) {
    let leaves = effect.after.is_none();
    if leaves && !others.is_empty() {
        let reason = format!(
            "environment {others} applies it to the same cluster: pruned after that, it is lost there too"
        );
        because(effect, reason);
    } else if !others.is_empty() {
        because(
            effect,
            format!("environment {others} applies it to the same cluster too: the last one wins"),
        );
        effect.risks.insert(Risk::TwoOwners);
    } else if !leaves && !from.is_empty() {
        because(
            effect,
            format!("environment {from} gives it up on the same cluster: pruned late, it is lost"),
        );
    }
}

type Key = [String; 4];

fn own(object: &ObjectRef) -> Key {
    let (group, kind, namespace, name): Identity<'_> = object.identity();
    [group, kind, namespace, name].map(str::to_owned)
}

/// Whether two environments mean the same object by this. Without a namespace nobody can tell.
fn is_definite(object: &ObjectRef) -> bool {
    !is_named_anew(object) && (!object.namespace.is_empty() || is_cluster_scoped(&object.group, &object.kind))
}

/// The environments that hold an object at head.
fn held(owners: &[Owners]) -> BTreeMap<Key, Vec<usize>> {
    let mut held: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (index, owners) in owners.iter().enumerate() {
        for object in owners.values().flatten().filter(|object| is_definite(object)) {
            let places = held.entry(own(object)).or_default();
            if places.last() != Some(&index) {
                places.push(index);
            }
        }
    }
    held
}

/// The environments that an object leaves.
fn given_up(environments: &[EnvironmentEvaluation]) -> BTreeMap<Key, Vec<usize>> {
    let mut given_up: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (index, environment) in environments.iter().enumerate() {
        for effect in environment.units.iter().flat_map(|unit| &unit.effects) {
            let leaves = matches!(effect.operation, Operation::Delete | Operation::Orphan);
            if leaves && is_definite(&effect.object) {
                given_up.entry(own(&effect.object)).or_default().push(index);
            }
        }
    }
    given_up
}
