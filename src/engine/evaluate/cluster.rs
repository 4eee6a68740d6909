//! What an environment's cluster makes of its effects.

use std::collections::HashMap;

use countersign_core::environment::{Environment, OnUnreachable};
use countersign_core::evaluation::{EnvironmentError, EnvironmentEvaluation};
use countersign_core::object::RenderedObject;

use super::{Asking, EvaluatedUnit, Evaluator};
use crate::engine::predict::{self, Manifest, PredictInput};
use crate::ports::Cluster;

impl Evaluator<'_> {
    /// Lets the environment's cluster predict, where it has one.
    pub(super) async fn ask_cluster(
        &self,
        environment: &Environment,
        units: &mut [EvaluatedUnit],
        evaluation: &mut EnvironmentEvaluation,
    ) {
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
            Some(cluster) => ask(cluster, environment, units, evaluation).await,
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
    environment: &Environment,
    units: &mut [EvaluatedUnit],
    evaluation: &mut EnvironmentEvaluation,
) {
    let inputs = inputs(units);
    let predicted = predict::predict(cluster, environment, inputs).await;
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
            undecided: environment.on_unreachable == OnUnreachable::Hold,
        }),
    }
}
