//! Units of one environment beside each other: objects that change hands, and objects that two units own.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::{Identity, Opened, assess, is_named_anew};
use super::{Effect, Operation, Risk};
use crate::environment::Environment;
use crate::evaluation::UnitEvaluation;
use crate::object::ObjectRef;

/// The objects that a unit has at head; for each unit that was rendered, whether or not anything changes in it.
pub type Owners = BTreeMap<String, Vec<ObjectRef>>;

/// Makes one effect of an object that leaves one unit and appears in another (`moved_from` names the first, whose own
/// effect goes), and marks what two units have at head as [`Risk::TwoOwners`].
pub fn reconcile_units(environment: &Environment, units: &mut [UnitEvaluation], owners: &Owners) {
    for (from, to, object) in moves(units) {
        let Some(left) = take(units, from, &object, |effect| effect.after.is_none()) else { continue };
        let name = units.get(from).map(|unit| unit.name.clone());
        let arrived = units
            .get_mut(to)
            .and_then(|unit| unit.effects.iter_mut().find(|e| e.object == object && e.before.is_none()));
        if let Some(arrived) = arrived {
            *arrived = moved(environment, left, arrived, name.unwrap_or_default());
        }
    }
    mark_owners(units, owners);
}

/// The units that lose an object, and those that gain it.
type Sides<'a> = (Vec<usize>, Vec<(usize, &'a ObjectRef)>);

/// Objects that exactly one unit loses and exactly one other gains: from, to, object as it arrives.
fn moves(units: &[UnitEvaluation]) -> Vec<(usize, usize, ObjectRef)> {
    let mut sides: BTreeMap<Identity<'_>, Sides<'_>> = BTreeMap::new();
    for (index, unit) in units.iter().enumerate() {
        for effect in unit.effects.iter().filter(|effect| !is_named_anew(&effect.object)) {
            let side = sides.entry(effect.object.identity()).or_default();
            match effect.operation {
                Operation::Delete | Operation::Orphan => side.0.push(index),
                Operation::Create => side.1.push((index, &effect.object)),
                Operation::Update | Operation::Replace | Operation::Fail | Operation::None => {}
            }
        }
    }
    let single = |(from, to): Sides<'_>| match (from.as_slice(), to.as_slice()) {
        ([from], [(to, object)]) if from != to => Some((*from, *to, (*object).clone())),
        _ => None,
    };
    sides.into_values().filter_map(single).collect()
}

fn take(
    units: &mut [UnitEvaluation],
    unit: usize,
    object: &ObjectRef,
    wanted: impl Fn(&Effect) -> bool,
) -> Option<Effect> {
    let effects = &mut units.get_mut(unit)?.effects;
    let place = effects.iter().position(|e| e.object.identity() == object.identity() && wanted(e))?;
    Some(effects.remove(place))
}

/// The one effect of an object that changes hands.
fn moved(environment: &Environment, left: Effect, arrived: &Effect, from: String) -> Effect {
    let (before, after) = (left.before, arrived.after.clone());
    let [old, new] = [&before, &after].map(|body| body.clone().map(Opened::from));
    let effect = assess(environment, &arrived.object, old.as_ref(), new.as_ref()).unwrap_or_else(|| Effect {
        operation: Operation::None,
        rendered: super::RenderOperation::Change,
        risks: BTreeSet::new(),
        changes: Vec::new(),
        reason: Some("only changes hands".to_owned()),
        before,
        after,
        ..arrived.clone()
    });
    Effect { source: arrived.source.clone(), made: arrived.made.clone(), moved_from: Some(from), ..effect }
}

fn mark_owners(units: &mut [UnitEvaluation], owners: &Owners) {
    let mut by_object: BTreeMap<Identity<'_>, BTreeSet<&str>> = BTreeMap::new();
    for (unit, objects) in owners {
        for object in objects.iter().filter(|object| !is_named_anew(object)) {
            by_object.entry(object.identity()).or_default().insert(unit);
        }
    }
    by_object.retain(|_, units| units.len() > 1);
    for unit in units {
        for effect in &mut unit.effects {
            let Some(all) = by_object.get(&effect.object.identity()) else { continue };
            let others: Vec<&str> = all.iter().copied().filter(|name| *name != unit.name).collect();
            let reason = format!("also owned by {}: the one that applies last wins", others.join(", "));
            because(effect, reason);
            effect.risks.insert(Risk::TwoOwners);
        }
    }
}

/// Adds a reason to those that an effect has.
pub(super) fn because(effect: &mut Effect, reason: String) {
    effect.reason = Some(match effect.reason.take() {
        Some(own) => format!("{own}; {reason}"),
        None => reason,
    });
}
