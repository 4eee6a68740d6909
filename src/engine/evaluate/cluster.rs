//! What an environment's cluster makes of its effects.

use std::collections::{BTreeMap, HashMap};

use countersign_core::environment::OnUnreachable;
use countersign_core::evaluation::{EnvironmentError, EnvironmentEvaluation};
use countersign_core::object::RenderedObject;

use super::{Asking, Draft, EvaluatedUnit, Evaluator};
use crate::engine::predict::{self, Manifest, PredictInput, Scope};
use crate::ports::Cluster;

/// What a change does to the clusters that several environments share, by their names.
pub(super) type Shared = BTreeMap<String, Scope>;

pub(super) fn shared(drafts: &[Draft]) -> Shared {
    let of = |draft: &Draft| draft.evaluation.environment.cluster.clone();
    let mut shared = Shared::new();
    for draft in drafts {
        let Some(name) = of(draft) else { continue };
        if drafts.iter().filter(|other| of(other).as_ref() == Some(&name)).count() > 1 {
            let scope = Scope::of(&inputs(&draft.units));
            let all = shared.remove(&name).unwrap_or_default();
            shared.insert(name, all.and(scope));
        }
    }
    shared
}

impl Evaluator<'_> {
    /// Lets the environment's cluster predict, where it has one.
    pub(super) async fn ask_cluster(
        &self,
        units: &mut [EvaluatedUnit],
        evaluation: &mut EnvironmentEvaluation,
        shared: &Shared,
    ) {
        let environment = evaluation.environment.clone();
        let Some(name) = &environment.cluster else { return };
        let clusters = match self.clusters {
            Asking::Clusters(clusters) => clusters,
            Asking::Nobody => return,
            Asking::NotFor(why) => {
                let message = format!("cluster `{name}` was not asked: {why}");
                return evaluation.errors.push(EnvironmentError { object: None, message, undecided: false });
            }
        };
        match clusters.get(name) {
            Some(cluster) => ask(cluster, units, evaluation, shared.get(name).cloned()).await,
            None => evaluation.errors.push(EnvironmentError {
                object: None,
                message: format!(
                    "the server knows no cluster `{name}`: add it to its settings, or repair the policy"
                ),
                undecided: environment.on_unreachable == OnUnreachable::Hold,
            }),
        }
    }
}

/// Objects by what they are; of two that are the same one, the first.
fn by_identity(objects: &[RenderedObject]) -> HashMap<(&str, &str, &str, &str), &RenderedObject> {
    objects.iter().rev().map(|object| (object.reference.identity(), object)).collect()
}

/// Every effect with the manifests that it came from.
fn inputs(units: &[EvaluatedUnit]) -> Vec<PredictInput> {
    let base: HashMap<&str, _> =
        units.iter().map(|unit| (unit.evaluation.name.as_str(), by_identity(&unit.objects.base))).collect();
    let mut inputs = Vec::new();
    for unit in units {
        let head = by_identity(&unit.objects.head);
        for effect in &unit.evaluation.effects {
            let identity = effect.object.identity();
            // An object that moved stands in another unit at base.
            let from = effect.moved_from.as_deref().and_then(|name| base.get(name));
            let from = from.or_else(|| base.get(unit.evaluation.name.as_str()));
            inputs.push(PredictInput {
                effect: effect.clone(),
                base: Manifest::of(from.and_then(|objects| objects.get(&identity)).copied()),
                head: Manifest::of(head.get(&identity).copied()),
            });
        }
    }
    inputs
}

/// Lets a cluster predict all effects of an environment, and puts its answers in their place.
async fn ask(
    cluster: &dyn Cluster,
    units: &mut [EvaluatedUnit],
    evaluation: &mut EnvironmentEvaluation,
    shared: Option<Scope>,
) {
    let environment = &evaluation.environment;
    let inputs = inputs(units);
    let scope = shared.unwrap_or_else(|| Scope::of(&inputs));
    let predicted = predict::predict_within(cluster, environment, inputs, scope).await;
    let places = units.iter_mut().flat_map(|unit| unit.evaluation.effects.iter_mut());
    for (place, effect) in places.zip(predicted.effects) {
        *place = effect;
    }
    evaluation.drift = predicted.drift;
    evaluation.errors.extend(predicted.errors);
    evaluation.tier = predicted.tier;
    match cluster.identity().await {
        Ok(identity) => evaluation.cluster_identity = Some(identity),
        Err(error) => evaluation.errors.push(EnvironmentError {
            object: None,
            message: format!("{error}: which cluster it is could not be told"),
            undecided: evaluation.environment.on_unreachable == OnUnreachable::Hold,
        }),
    }
}
