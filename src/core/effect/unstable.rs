//! Units whose renders do not agree with themselves.

use std::collections::BTreeSet;

use super::{Effect, Risk, compare};
use crate::environment::Environment;
use crate::object::{ObjectRef, RenderedObject, mark_unstable};
use crate::revision::Diff;

/// One side of a unit: a render, and a second one of the same input where the two may differ.
#[derive(Debug, Default)]
pub struct Renders {
    /// The objects; afterwards with what differs marked.
    pub objects: Vec<RenderedObject>,
    /// The same, rendered again.
    pub again: Option<Vec<RenderedObject>>,
}

impl Renders {
    /// Marks what differs; whose name does.
    fn settle(&mut self) -> Vec<ObjectRef> {
        self.again.take().map_or_else(Vec::new, |again| mark_unstable(&mut self.objects, &again))
    }
}

/// The effects of a unit with what differs at each render marked on both sides, and the objects whose names do at head.
///
/// A mark hides a value, not a danger: an effect has every risk that any of the renders shows.
pub fn compare_unstable(
    environment: &Environment,
    sides: &mut Diff<Renders>,
) -> (Vec<Effect>, Vec<ObjectRef>) {
    let mut seen = compare(environment, &sides.base.objects, &sides.head.objects);
    if let Some(again) = &sides.head.again {
        seen.extend(compare(environment, &sides.base.objects, again));
    }
    sides.base.settle();
    let renamed = sides.head.settle();
    let mut effects = compare(environment, &sides.base.objects, &sides.head.objects);
    for effect in &mut effects {
        let risks = seen.iter().filter(|other| stands_for(&effect.object, &other.object));
        let risks: BTreeSet<Risk> = risks.flat_map(|other| other.risks.iter().copied()).collect();
        // That a random name appears and another goes is no deletion.
        let is_renamed = effect.object.name.ends_with('*');
        effect.risks.extend(risks.into_iter().filter(|risk| !is_renamed || *risk != Risk::Prune));
    }
    (effects, renamed)
}

/// Whether an object with a settled name is, or may be, another that was rendered.
fn stands_for(settled: &ObjectRef, rendered: &ObjectRef) -> bool {
    let same_kind =
        |a: &ObjectRef, b: &ObjectRef| (&a.group, &a.kind, &a.namespace) == (&b.group, &b.kind, &b.namespace);
    same_kind(settled, rendered)
        && match settled.name.strip_suffix('*') {
            Some(stem) => rendered.name.starts_with(stem),
            None => settled.name == rendered.name,
        }
}
