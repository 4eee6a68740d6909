//! One unit on both sides: rendered, read, compared.

use countersign_core::effect;
use countersign_core::environment::Environment;
use countersign_core::evaluation::{Side, SideState, UnitError, UnitEvaluation, UnitInputs};
use countersign_core::object::{CustomScopes, ObjectRef, RenderedObject, Sealer};
use countersign_core::revision::{Diff, Digest, ObjectId};

use super::plan::{SidePlan, Touched};
use super::read::{Given, Reader, SideOutcome};
use super::{EvaluatedUnit, Evaluator};

/// The most units that are read together, where so many were rendered already.
pub(super) const AT_ONCE: usize = 64;
/// The fewest that a thread of their own is worth.
const SHARE: usize = 8;

/// A unit with what the renderer gave for both sides.
pub(super) struct RenderedUnit {
    unit: Touched,
    given: Diff<Given>,
}

impl RenderedUnit {
    /// What there is to read.
    pub(super) fn given(&self) -> [&Given; 2] {
        [&self.given.base, &self.given.head]
    }
}

/// What a unit is called and made from.
struct UnitIdentity {
    name: String,
    path: String,
    renderer: String,
    inputs: Diff<Option<UnitInputs>>,
}

impl Evaluator<'_> {
    pub(super) async fn render(&self, trees: &Diff<ObjectId>, unit: Touched) -> RenderedUnit {
        let (base, head) = futures::join!(
            self.side(&trees.base, unit.sides.base.as_ref(), Side::Base),
            self.side(&trees.head, unit.sides.head.as_ref(), Side::Head),
        );
        self.progress.rendered(&unit.name);
        RenderedUnit { unit, given: Diff { base, head } }
    }

    /// Reads and compares units, side by side where there are many.
    pub(super) fn read(
        &self,
        environment: &Environment,
        scopes: &CustomScopes,
        units: Vec<RenderedUnit>,
    ) -> Vec<EvaluatedUnit> {
        let share = units.len().div_ceil(self.parallel.max(1)).max(SHARE);
        let mut shares: Vec<Vec<RenderedUnit>> = Vec::new();
        for unit in units {
            match shares.last_mut().filter(|last| last.len() < share) {
                Some(last) => last.push(unit),
                None => shares.push(vec![unit]),
            }
        }
        let read = |share: Vec<RenderedUnit>| -> Vec<EvaluatedUnit> {
            share.into_iter().map(|unit| self.read_one(environment, scopes, unit)).collect()
        };
        let Some(own) = shares.pop() else { return Vec::new() };
        std::thread::scope(|scope| {
            let others: Vec<_> = shares.into_iter().map(|share| scope.spawn(|| read(share))).collect();
            let mut all = read(own);
            for other in others {
                all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            all
        })
    }

    pub(super) fn reader<'r>(&'r self, environment: &'r Environment, scopes: &'r CustomScopes) -> Reader<'r> {
        Reader {
            sealer: Sealer { key: self.key, environment: &environment.name, mask: self.mask },
            namespace: environment.default_namespace.as_deref(),
            scopes,
            threads: self.parallel,
        }
    }

    fn read_one(
        &self,
        environment: &Environment,
        scopes: &CustomScopes,
        rendered: RenderedUnit,
    ) -> EvaluatedUnit {
        let RenderedUnit { unit, given: Diff { base, head } } = rendered;
        let reader = self.reader(environment, scopes);
        let (base, head) = reader.sides(base, head);
        let spec = unit.sides.head.as_ref().or(unit.sides.base.as_ref()).map(|side| &side.spec);
        let (path, renderer) =
            spec.map_or_else(Default::default, |spec| (spec.path.clone(), spec.source.renderer()));
        let inputs = |side: &Option<SidePlan>| side.as_ref().map(|side| UnitInputs::from(&side.spec.source));
        let inputs = Diff { base: inputs(&unit.sides.base), head: inputs(&unit.sides.head) };
        let identity = UnitIdentity { name: unit.name, path, renderer, inputs };
        combine(environment, identity, base, head)
    }
}

/// Puts two sides together. A unit with one failed side never looks like mass deletion: without head's objects there
/// are no effects at all, and without base's every head object is shown against "base could not be rendered".
fn combine(
    environment: &Environment,
    unit: UnitIdentity,
    base: SideOutcome,
    head: SideOutcome,
) -> EvaluatedUnit {
    let sides = Diff { base: base.state(), head: head.state() };
    let errors: Vec<UnitError> = [base.error(), head.error()].into_iter().flatten().cloned().collect();
    let already_broken = errors.len() == 2 && base.input() == head.input();
    let stable = base.stable() && head.stable();
    let input_digest = head.input().or(base.input()).cloned().unwrap_or_else(|| Digest::of(&[]));
    let (base_renders, base_same) = base.into_renders();
    let (head_renders, same) = head.into_renders();
    let mut renders = Diff { base: base_renders, head: head_renders };
    let (mut effects, renamed) = match sides.head {
        SideState::Failed => Default::default(),
        SideState::Rendered | SideState::Absent if stable => {
            (effect::compare(environment, &renders.base.objects, &renders.head.objects), Vec::new())
        }
        SideState::Rendered | SideState::Absent => effect::compare_unstable(environment, &mut renders),
    };
    let objects = Diff { base: renders.base.objects, head: renders.head.objects };
    if sides.base == SideState::Failed {
        for effect in &mut effects {
            effect.reason = Some("base could not be rendered, so all of it is shown".to_owned());
        }
    }
    let count = |objects: &[RenderedObject], same: &[ObjectRef]| {
        u32::try_from(objects.len() + same.len()).unwrap_or(u32::MAX)
    };
    let counts = Diff { base: count(&objects.base, &base_same), head: count(&objects.head, &same) };
    let UnitIdentity { name, path, renderer, inputs } = unit;
    let evaluation = UnitEvaluation {
        name,
        path,
        renderer,
        inputs,
        sides,
        errors,
        objects: counts,
        stable,
        input_digest,
        already_broken,
        effects,
    };
    EvaluatedUnit { evaluation, objects, same, renamed }
}
