//! What merging does to each object: operation, field changes, risks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::object::{Body, ObjectRef, Origin, Place};

/// What will happen to one object.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// It appears.
    Create,
    /// Fields change in place.
    Update,
    /// It is deleted and made anew.
    Replace,
    /// It is deleted.
    Delete,
    /// It leaves the tree and stays in the cluster, owned by nobody.
    Orphan,
    /// The cluster will refuse it.
    Fail,
    /// The manifest changes, the cluster does not.
    None,
}

/// What the render alone says of one object; part of the change digest.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RenderOperation {
    /// Only at head.
    Add,
    /// At both, different.
    Change,
    /// Only at base.
    Remove,
}

/// How an answer is known.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Base against head, as rendered.
    Render,
    /// And the live object read.
    Live,
    /// Predicted by the API server.
    DryRun,
}

/// A class of danger on an object.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// An immutable field: delete and create.
    Replace,
    /// Stored data goes: PVC, claims of a StatefulSet, Namespace, CRD.
    DataLoss,
    /// RBAC, privileged, host paths, capabilities.
    Privilege,
    /// Service type, Ingress host, NetworkPolicy.
    Exposure,
    /// Replicas become zero.
    ScaleToZero,
    /// A container image moves.
    Image,
    /// A chart version moves.
    Chart,
    /// Pruning deletes it.
    Prune,
    /// It stays behind without an owner.
    Orphan,
    /// Its applier is suspended.
    Suspended,
    /// Two units own it.
    TwoOwners,
    /// A custom resource definition.
    Crd,
    /// A namespace.
    Namespace,
    /// A secret.
    Secret,
}

/// One field that changes. `path` is as people read it: `spec.containers[name=web].image`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FieldChange {
    /// Path, list items by their key.
    pub path: String,
    /// At base; null where it is absent or masked.
    pub before: Option<Value>,
    /// At head; null where it is absent or masked.
    pub after: Option<Value>,
    /// Whether the values are secret and withheld.
    pub masked: bool,
}

/// What merging does to one object of one unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Effect {
    /// The object.
    pub object: ObjectRef,
    /// What will happen, as far as is known.
    pub operation: Operation,
    /// What the render alone says.
    pub rendered: RenderOperation,
    /// How `operation` is known.
    pub tier: Tier,
    /// Whether the prediction may stand for the render's answer; `None` where nothing was predicted.
    pub settled: Option<bool>,
    /// Dangers.
    pub risks: BTreeSet<Risk>,
    /// Why it will fail, or why it has no effect.
    pub reason: Option<String>,
    /// Where it stands in the source, where a file has it as it is.
    pub source: Option<Origin>,
    /// Where it comes from otherwise. It is told and decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Place>,
    /// Fields that change, in path order.
    pub changes: Vec<FieldChange>,
    /// The object at base, sealed.
    pub before: Option<Body>,
    /// The object at head, sealed.
    pub after: Option<Body>,
    /// The unit that it moves from, when it only changes hands.
    pub moved_from: Option<String>,
}

impl Effect {
    /// Where it can be read. Of what leaves the tree the file alone is told: the tree has no such line.
    pub fn place(&self) -> Option<Place> {
        let place = self.source.as_ref().map(Place::from).or_else(|| self.made.clone())?;
        match (place, &self.after) {
            (place, Some(_)) => Some(place),
            (Place::Source { file, line: _ }, None) => Some(Place::Source { file, line: None }),
            (Place::Rendered { .. }, None) => None,
        }
    }

    /// The same manifests with another outcome, and the dangers of that.
    pub fn becoming(mut self, operation: Operation) -> Self {
        self.operation = operation;
        let side = |body: &Option<Body>| body.as_ref().map(Body::value);
        let (before, after) = (side(&self.before), side(&self.after));
        self.risks = risks::of(&self, before.as_ref(), after.as_ref());
        self
    }
}

pub mod applier;
mod compare;
mod custom;
mod digest;
mod environments;
mod exposure;
mod generated;
mod immutable;
mod pods;
mod rbac;
mod risks;
#[cfg(test)]
mod tests;
mod units;
mod unstable;

pub use applier::Applier;
pub use compare::compare;
pub use digest::{change_digest, environment_digest, risk_set};
pub use environments::reconcile_environments;
pub use units::{Owners, reconcile_units};
pub use unstable::{Renders, compare_unstable};
