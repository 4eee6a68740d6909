//! What stands in an environment beside the change, for checks that ask: two things of one change may be right each for
//! itself and wrong beside a third.

use std::collections::BTreeSet;

use countersign_core::environment::Environment;
use countersign_core::evaluation::{EnvironmentEvaluation, Inventory, InventoryObject, Side};
use countersign_core::object::ObjectRef;
use countersign_core::policy::InventoryWanted;
use countersign_core::revision::ObjectId;

use super::{EvaluateError, Evaluator};

impl Evaluator<'_> {
    /// The objects of head that no effect is about, of the kinds that are wanted; `None` where none are.
    pub(super) async fn inventory(
        &self,
        head: &ObjectId,
        environment: &Environment,
        evaluation: &EnvironmentEvaluation,
    ) -> Result<Option<Inventory>, EvaluateError> {
        let Some(wanted) = self.wanted(environment) else { return Ok(None) };
        let effects = evaluation.units.iter().flat_map(|unit| &unit.effects);
        let changed: BTreeSet<_> = effects.map(|effect| effect.object.identity()).collect();
        let whole = self.whole(head, environment, Side::Head).await?;
        let is_beside = |object: &ObjectRef| {
            !changed.contains(&object.identity()) && wanted.takes(&environment.name, object)
        };
        let objects = whole.objects.into_iter().filter(|object| is_beside(&object.reference));
        let objects = objects.map(|object| InventoryObject { object: object.reference, body: object.body });
        let unknown = whole.untold.into_iter().map(|(unit, _)| unit);
        Ok(Some(Inventory { objects: objects.collect(), unknown: unknown.collect() }))
    }

    /// What is wanted of an environment, if anything is.
    pub(super) fn wanted(&self, environment: &Environment) -> Option<&InventoryWanted> {
        self.inventory.filter(|wanted| wanted.asks(&environment.name))
    }
}
