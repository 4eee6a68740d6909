//! Which units there are on both sides, and which of them a change touches.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use countersign_core::environment::Environment;
use countersign_core::evaluation::ChangedPath;
use countersign_core::revision::{Diff, ObjectId};

use super::changes::Changes;
use super::{EvaluateError, Evaluator};
use crate::ports::{ReadSet, Reads, SourceError, UnitSpec};

/// One side of one unit: what it is there and what it reads.
pub(super) struct SidePlan {
    pub(super) spec: UnitSpec,
    pub(super) reads: Reads,
}

/// A unit on both sides.
pub(super) type Sides = Diff<Option<SidePlan>>;

/// A unit that the change touches.
pub(super) struct Touched {
    pub(super) name: String,
    pub(super) sides: Sides,
}

/// The units of an environment, by whether the change touches them; of those that it does not, head's side.
pub(super) struct Plan {
    pub(super) touched: Vec<Touched>,
    pub(super) untouched: Vec<(String, SidePlan)>,
}

impl Evaluator<'_> {
    /// Every unit of an environment, by name, with what it reads on each side.
    pub(super) async fn planned(
        &self,
        trees: &Diff<ObjectId>,
        environment: &Environment,
    ) -> Result<BTreeMap<String, Sides>, EvaluateError> {
        let mut names: BTreeMap<String, Sides> = BTreeMap::new();
        for plan in self.side_plans(&trees.base, environment).await? {
            names.insert(plan.spec.name.clone(), Diff { base: Some(plan), head: None });
        }
        for plan in self.side_plans(&trees.head, environment).await? {
            let sides = names.entry(plan.spec.name.clone());
            sides.or_insert_with(|| Diff { base: None, head: None }).head = Some(plan);
        }
        Ok(names)
    }

    pub(super) async fn side_plans(
        &self,
        tree: &ObjectId,
        environment: &Environment,
    ) -> Result<Vec<SidePlan>, SourceError> {
        let units = self.renderer.units(self.source, tree, environment).await?;
        let reads = self.renderer.read_sets(self.source, tree, &units).await?;
        Ok(units.into_iter().zip(reads).map(|(spec, reads)| SidePlan { spec, reads }).collect())
    }
}

/// Parts units by whether the change touches their read-set, on either side; `read` collects the paths that were
/// claimed.
pub(super) fn divided(
    names: BTreeMap<String, Sides>,
    changed: &[ChangedPath],
    read: &mut BTreeSet<String>,
) -> Plan {
    let changes = Changes::new(changed);
    // Many units share a piece, which is looked at once; all of them are held meanwhile, so none has the place of another.
    let mut known: HashMap<*const ReadSet, bool> = HashMap::new();
    let mut is_hit = |piece: &Arc<ReadSet>| {
        *known.entry(Arc::as_ptr(piece)).or_insert_with(|| {
            let claimed = changes.claimed_by(piece);
            let hit = !claimed.is_empty() || changes.guessed_by(piece);
            read.extend(claimed.into_iter().map(str::to_owned));
            hit
        })
    };
    let mut hits = Vec::with_capacity(names.len());
    for sides in names.values() {
        let mut hit = false;
        for piece in distinct(sides).flat_map(Reads::pieces) {
            hit |= is_hit(piece);
        }
        hits.push(hit);
    }
    let mut plan = Plan { touched: Vec::new(), untouched: Vec::new() };
    for ((name, sides), hit) in names.into_iter().zip(hits) {
        if hit || sides.base.is_some() != sides.head.is_some() {
            plan.touched.push(Touched { name, sides });
        } else {
            plan.untouched.extend(sides.head.map(|side| (name, side)));
        }
    }
    plan
}

/// What both sides read, once where it is the same.
fn distinct(sides: &Sides) -> impl Iterator<Item = &Reads> {
    let [base, head] = [&sides.base, &sides.head].map(|side| side.as_ref().map(|side| &side.reads));
    let same = base.zip(head).is_some_and(|(base, head)| base.are_shared(head));
    base.into_iter().chain(head.filter(|_| !same))
}
