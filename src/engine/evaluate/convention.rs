//! Which units of an environment that was found by convention there are on each side. Such an environment names what
//! either side has; what a side has only because the other one does is taken away again here.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{SidePlan, Sides};
use crate::ports::{KUSTOMIZATION_NAMES, UnitSource, parent_path};

/// Takes away what is not a unit of its own on its side.
pub(super) fn narrow(units: &mut BTreeMap<String, Sides>) {
    let base = included(units, |sides| sides.base.as_ref());
    let head =
        if units.values().all(is_same) { base.clone() } else { included(units, |sides| sides.head.as_ref()) };
    for (name, sides) in units {
        if base.contains(name) {
            sides.base = None;
        }
        if head.contains(name) {
            sides.head = None;
        }
        forget_absent(sides);
    }
}

/// Kustomize roots that another unit of the side includes. Of two that include each other both stay.
fn included(units: &BTreeMap<String, Sides>, side: impl Fn(&Sides) -> Option<&SidePlan>) -> BTreeSet<String> {
    let plans = || units.iter().filter_map(|(name, sides)| Some((name.as_str(), side(sides)?)));
    let roots: BTreeMap<&str, &str> = plans().filter_map(|(name, plan)| Some((root(plan)?, name))).collect();
    let mut includes: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (name, plan) in plans() {
        let kustomizations = plan.reads.files().filter(|file| is_kustomization(file));
        let others = kustomizations.filter_map(|file| roots.get(parent_path(file)));
        includes.extend(others.filter(|other| **other != name).map(|other| (name, *other)));
    }
    let one_way = includes.iter().filter(|(name, other)| !includes.contains(&(*other, *name)));
    one_way.map(|(_, other)| (*other).to_owned()).collect()
}

/// Whether both sides read the same for the same.
fn is_same(sides: &Sides) -> bool {
    let both = sides.base.as_ref().zip(sides.head.as_ref());
    both.is_some_and(|(base, head)| base.reads.are_shared(&head.reads) && base.spec == head.spec)
}

fn root(plan: &SidePlan) -> Option<&str> {
    match &plan.spec.source {
        UnitSource::Kustomize { root } => Some(root),
        UnitSource::Yaml { .. } | UnitSource::Helm { .. } => None,
    }
}

fn is_kustomization(file: &str) -> bool {
    KUSTOMIZATION_NAMES.contains(&file.rsplit('/').next().unwrap_or(file))
}

/// A chart's values file makes the environment. Where it is not there on one side, neither is the unit; where it is on
/// neither, something is wrong, which the render will say.
fn forget_absent(sides: &mut Sides) {
    let is_there = |side: &Option<SidePlan>| {
        side.as_ref().is_some_and(|plan| match &plan.spec.source {
            UnitSource::Helm { values, .. } => !values.last().is_some_and(|own| plan.reads.is_absent(own)),
            UnitSource::Yaml { .. } | UnitSource::Kustomize { .. } => true,
        })
    };
    match (is_there(&sides.base), is_there(&sides.head)) {
        (true, false) => sides.head = None,
        (false, true) => sides.base = None,
        (true, true) | (false, false) => {}
    }
}
