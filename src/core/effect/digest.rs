//! The change digest and the risk set: what an approval binds to.
//!
//! The digest is over what the change does to what is rendered and to every path that no render reads. Whatever depends
//! on the live cluster, on time or on how far the base has moved is not in it; dangers stand in the risk set beside it.

use serde_json::{Value, json};

use crate::change::RepoId;
use crate::evaluation::{
    ChangedPath, EnvironmentEvaluation, Evaluation, PathEntry, SideState, UnitEvaluation,
};
use crate::fact::{DisplayedRisk, RiskSet};
use crate::object::canonical;
use crate::revision::{BranchName, Digest};

use super::Effect;

/// SHA-256 over the canonical, versioned encoding of a change.
pub fn change_digest(repo: &RepoId, target: &BranchName, evaluation: &Evaluation) -> Digest {
    digest("countersign.change/v1", &change(repo, target, evaluation))
}

/// The same over one environment.
pub fn environment_digest(environment: &EnvironmentEvaluation) -> Digest {
    digest("countersign.environment/v1", &environment_facts(environment))
}

/// Every danger of a change.
pub fn risk_set(evaluation: &Evaluation) -> RiskSet {
    let mut set = RiskSet::new();
    for environment in &evaluation.environments {
        for effect in environment.units.iter().flat_map(|unit| &unit.effects) {
            set.extend(effect.risks.iter().map(|risk| DisplayedRisk {
                environment: environment.environment.name.clone(),
                object: effect.object.clone(),
                risk: *risk,
            }));
        }
    }
    set
}

/// Domain and content, each behind its length, so that no digest of one kind is one of another.
fn digest(domain: &str, facts: &Value) -> Digest {
    let content = canonical::bytes(facts);
    let mut bytes = Vec::with_capacity(content.len() + domain.len() + 16);
    for part in [domain.as_bytes(), &content] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    Digest::of(&bytes)
}

pub(super) fn change(repo: &RepoId, target: &BranchName, evaluation: &Evaluation) -> Value {
    let touched = evaluation.environments.iter().filter(|environment| environment.units.iter().any(counts));
    json!({
        "repository": { "forge": repo.forge, "path": repo.path.as_str() },
        "target": target.as_str(),
        "environments": sorted(touched.map(environment_facts).collect()),
        "outside": sorted(evaluation.outside.iter().map(outside_facts).collect()),
    })
}

/// Whether a unit has a part in the digest: it changes something, or it could not be rendered and the change has to do
/// with it.
fn counts(unit: &UnitEvaluation) -> bool {
    !unit.effects.is_empty() || (has_failed(unit) && !unit.already_broken)
}

fn has_failed(unit: &UnitEvaluation) -> bool {
    [unit.sides.base, unit.sides.head].contains(&SideState::Failed)
}

fn environment_facts(evaluation: &EnvironmentEvaluation) -> Value {
    let environment = &evaluation.environment;
    let mut objects = Vec::new();
    let mut units = Vec::new();
    for unit in evaluation.units.iter().filter(|unit| counts(unit)) {
        if has_failed(unit) || !unit.stable {
            units.push(unit_facts(unit));
        }
        if unit.stable {
            objects.extend(unit.effects.iter().map(|effect| object_facts(unit, effect)));
        }
    }
    json!({
        "name": environment.name,
        "cluster": environment.cluster,
        "cluster_identity": evaluation.cluster_identity,
        "applier": environment.field_manager,
        "mode": environment.apply,
        "prune": environment.prune,
        "source": environment.source,
        "destination": environment.default_namespace,
        "objects": sorted(objects),
        "units": sorted(units),
    })
}

/// A unit whose output cannot stand for itself.
fn unit_facts(unit: &UnitEvaluation) -> Value {
    json!({
        "unit": unit.name,
        "path": unit.path,
        "renderer": unit.renderer,
        "base": unit.sides.base,
        "head": unit.sides.head,
        "stable": unit.stable,
        "input": unit.input_digest.as_str(),
    })
}

fn object_facts(unit: &UnitEvaluation, effect: &Effect) -> Value {
    let (group, kind, namespace, name) = effect.object.identity();
    json!({
        "unit": unit.name,
        "group": group,
        "kind": kind,
        "namespace": namespace,
        "name": name,
        "rendered": effect.rendered,
        "before": effect.before,
        "after": effect.after,
        "moved_from": effect.moved_from,
    })
}

fn outside_facts(changed: &ChangedPath) -> Value {
    let entry = |entry: &Option<PathEntry>| {
        entry.as_ref().map(|entry| json!({ "mode": entry.mode, "blob": entry.blob.as_str() }))
    };
    json!({ "path": changed.path, "base": entry(&changed.entry.base), "head": entry(&changed.entry.head) })
}

/// Sorted by canonical form: the order in which things were found says nothing.
fn sorted(values: Vec<Value>) -> Value {
    let mut keyed: Vec<(Vec<u8>, Value)> =
        values.into_iter().map(|value| (canonical::bytes(&value), value)).collect();
    keyed.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Value::Array(keyed.into_iter().map(|(_, value)| value).collect())
}
