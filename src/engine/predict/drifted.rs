//! What is different in a cluster where nothing changes in the repository.

use countersign_core::effect::{Effect, Operation, RenderOperation, Tier, applier};
use countersign_core::environment::Environment;
use countersign_core::evaluation::{Drifted, EnvironmentError};
use countersign_core::live::Destinations;
use countersign_core::object::RenderedObject;

use super::input::has_name;
use super::scope::{self, Scope};
use super::{Asking, Manifest, PredictInput};
use crate::ports::Cluster;

/// Objects that run at certain moments, and are no part of what stays.
const HOOKS: [&str; 2] = ["helm.sh/hook", "argocd.argoproj.io/hook"];

/// Compares all objects of an environment with what is live. Never fails as a whole.
pub async fn drift(cluster: &dyn Cluster, environment: &Environment, objects: &[RenderedObject]) -> Drifted {
    let destinations = Destinations::of(environment);
    let compared = objects
        .iter()
        .filter(|object| is_compared(environment, object) && destinations.permit(&object.reference));
    let inputs: Vec<PredictInput> = compared.map(unchanged).collect();
    let left_out = objects.len().saturating_sub(inputs.len());
    let asking = Asking::of(cluster, environment, Scope::default(), &inputs).await;
    let only_reads = asking.only_reads();
    let judged = asking.all(inputs).await;
    let asked: Vec<bool> = judged.iter().map(|(_, one)| one.error.is_none() && !one.silent).collect();
    let predicted = asking.gather(judged);
    let mut drifted = Drifted {
        left_out,
        drift: predicted.drift,
        errors: untold_all(predicted.errors),
        ..Drifted::default()
    };
    for (effect, _) in predicted.effects.into_iter().zip(asked).filter(|(_, asked)| *asked) {
        let known = drifted.drift.iter().any(|drift| drift.object == effect.object);
        if effect.operation == Operation::Create {
            drifted.missing.push(effect.object);
        } else if effect.settled != Some(true) && !known {
            // Where dry runs are off, that is said once.
            if !only_reads {
                drifted.errors.push(untold(effect));
            }
            continue;
        }
        drifted.compared = drifted.compared.saturating_add(1);
    }
    drifted
}

/// What could not be told leaves drift undecided whatever `on_unreachable` says: there is no render to fall back on.
fn untold_all(errors: Vec<EnvironmentError>) -> Vec<EnvironmentError> {
    errors.into_iter().map(|error| EnvironmentError { undecided: true, ..error }).collect()
}

fn is_compared(environment: &Environment, object: &RenderedObject) -> bool {
    let body = object.body.value();
    let annotations = body.pointer("/metadata/annotations");
    let is_hook = HOOKS.iter().any(|hook| annotations.is_some_and(|own| own.get(hook).is_some()));
    let passed_over = applier::passed_over(environment, &body, None).is_some()
        || applier::only_if_absent(environment, &body);
    let is_there = has_name(&object.reference) && !passed_over && !is_hook;
    is_there && !object.sealed && !scope::never_asked(&object.reference)
}

fn unchanged(object: &RenderedObject) -> PredictInput {
    let manifest = Manifest::of(Some(object));
    let effect = Effect {
        object: object.reference.clone(),
        operation: Operation::Update,
        rendered: RenderOperation::Change,
        tier: Tier::Render,
        settled: None,
        risks: Default::default(),
        reason: None,
        source: None,
        changes: Vec::new(),
        before: None,
        after: None,
        made: None,
        moved_from: None,
    };
    PredictInput { effect, base: manifest.clone(), head: manifest }
}

fn untold(effect: Effect) -> EnvironmentError {
    let why = effect.reason.unwrap_or_else(|| "unsettled: another manager applied it".to_owned());
    EnvironmentError {
        message: format!("{}: {why}", effect.object),
        object: Some(effect.object),
        undecided: true,
    }
}
