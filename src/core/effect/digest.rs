//! The change digest and the risk set: what an approval binds to.
//!
//! The digest is over what the change does to what is rendered and to every path that no render reads. Whatever depends
//! on the live cluster, on time or on how far the base has moved is not in it; dangers stand in the risk set beside it.

use serde_json::json;

use crate::change::RepoId;
use crate::evaluation::{
    ChangedPath, EnvironmentEvaluation, Evaluation, PathEntry, SideState, UnitEvaluation,
};
use crate::fact::{DisplayedRisk, RiskSet};
use crate::object::{Body, canonical};
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
fn digest(domain: &str, facts: &[u8]) -> Digest {
    let length = |part: &[u8]| (part.len() as u64).to_be_bytes();
    Digest::of_parts(&[&length(domain.as_bytes()), domain.as_bytes(), &length(facts), facts])
}

// All facts are canonical JSON, put together from canonical JSON: as values they would take ten times the room.

pub(super) fn change(repo: &RepoId, target: &BranchName, evaluation: &Evaluation) -> Vec<u8> {
    let touched = evaluation.environments.iter().filter(|environment| environment.units.iter().any(counts));
    let repository = json!({ "forge": repo.forge, "path": repo.path.as_str() });
    canonical::map([
        ("environments", sorted(touched.map(environment_facts).collect())),
        ("outside", sorted(evaluation.outside.iter().map(outside_facts).collect())),
        ("repository", canonical::bytes(&repository)),
        ("target", canonical::bytes(&json!(target.as_str()))),
    ])
}

/// Whether a unit has a part in the digest: it changes something, or it could not be rendered and the change has to do
/// with it.
fn counts(unit: &UnitEvaluation) -> bool {
    !unit.effects.is_empty() || (has_failed(unit) && !unit.already_broken)
}

fn has_failed(unit: &UnitEvaluation) -> bool {
    [unit.sides.base, unit.sides.head].contains(&SideState::Failed)
}

fn environment_facts(evaluation: &EnvironmentEvaluation) -> Vec<u8> {
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
    canonical::map([
        ("applier", canonical::bytes(&json!(environment.field_manager))),
        ("cluster", canonical::bytes(&json!(environment.cluster))),
        ("cluster_identity", canonical::bytes(&json!(evaluation.cluster_identity))),
        ("destination", canonical::bytes(&json!(environment.default_namespace))),
        ("mode", canonical::bytes(&json!(environment.apply))),
        ("name", canonical::bytes(&json!(environment.name))),
        ("objects", sorted(objects)),
        ("prune", canonical::bytes(&json!(environment.prune))),
        ("source", canonical::bytes(&json!(environment.source))),
        ("units", sorted(units)),
    ])
}

/// A unit whose output cannot stand for itself.
fn unit_facts(unit: &UnitEvaluation) -> Vec<u8> {
    canonical::bytes(&json!({
        "unit": unit.name,
        "path": unit.path,
        "renderer": unit.renderer,
        "base": unit.sides.base,
        "head": unit.sides.head,
        "stable": unit.stable,
        "input": unit.input_digest.as_str(),
    }))
}

fn object_facts(unit: &UnitEvaluation, effect: &Effect) -> Vec<u8> {
    let (group, kind, namespace, name) = effect.object.identity();
    let text = |text: &str| canonical::bytes(&json!(text));
    let body = |body: &Option<Body>| body.as_ref().map_or("null", Body::text).as_bytes().to_vec();
    canonical::map([
        ("after", body(&effect.after)),
        ("before", body(&effect.before)),
        ("group", text(group)),
        ("kind", text(kind)),
        ("moved_from", canonical::bytes(&json!(effect.moved_from))),
        ("name", text(name)),
        ("namespace", text(namespace)),
        ("rendered", canonical::bytes(&json!(effect.rendered))),
        ("unit", text(&unit.name)),
    ])
}

fn outside_facts(changed: &ChangedPath) -> Vec<u8> {
    let entry = |entry: &Option<PathEntry>| {
        entry.as_ref().map(|entry| json!({ "mode": entry.mode, "blob": entry.blob.as_str() }))
    };
    canonical::bytes(
        &json!({ "path": changed.path, "base": entry(&changed.entry.base), "head": entry(&changed.entry.head) }),
    )
}

/// Sorted by canonical form: the order in which things were found says nothing.
fn sorted(mut facts: Vec<Vec<u8>>) -> Vec<u8> {
    facts.sort_unstable();
    canonical::list(&facts)
}
