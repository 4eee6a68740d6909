//! What planning found: for each environment its units, their effects and what could not be told; and the changed
//! paths that no render reads.

use serde::{Deserialize, Serialize};

use crate::effect::{Effect, FieldChange, Tier};
use crate::environment::Environment;
use crate::object::{Body, ObjectRef};
use crate::revision::{Diff, Digest, ObjectId};

/// How one side of a unit came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SideState {
    /// It rendered.
    Rendered,
    /// The unit does not exist on this side.
    Absent,
    /// It did not render.
    Failed,
}

/// Base or head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The target branch.
    Base,
    /// The merge result.
    Head,
}

/// Why a side of a unit failed. Never raw output of a renderer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UnitError {
    /// Which side.
    pub side: Side,
    /// What failed and what to do, in one line.
    pub message: String,
    /// Where, as far as is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// What a renderer is given beside the unit's path. Whoever has the tree can render the unit by hand with it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UnitInputs {
    /// The manifests that make up a `yaml` unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Values files of a chart, later ones win.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// The name of a chart's release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The namespace of a chart's release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The version of Kubernetes that a chart's templates are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
}

/// One thing that is rendered as a whole, on both sides, and what its change does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UnitEvaluation {
    /// Its name for people; unique in its environment.
    pub name: String,
    /// Its path in the tree.
    pub path: String,
    /// `yaml`, `kustomize`, `helm`.
    pub renderer: String,
    /// What each side is rendered from; null where the unit does not exist.
    #[serde(default)]
    pub inputs: Diff<Option<UnitInputs>>,
    /// How each side came out.
    pub sides: Diff<SideState>,
    /// What failed, base first.
    pub errors: Vec<UnitError>,
    /// Number of objects on each side.
    pub objects: Diff<u32>,
    /// Whether the same input always gives the same output.
    pub stable: bool,
    /// Digest of everything that head's render could read; stands in the change digest for an unstable unit.
    pub input_digest: Digest,
    /// Both sides failed and nothing that the unit reads was touched.
    pub already_broken: bool,
    /// What changes.
    pub effects: Vec<Effect>,
}

/// An object that differs from what base would make of it, apart from this change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Drift {
    /// The object.
    pub object: ObjectRef,
    /// Live (`before`) against base (`after`).
    pub changes: Vec<FieldChange>,
    /// The paths among them that merging will overwrite: at the others head says what is live.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overwritten: Vec<String>,
}

impl Drift {
    /// Whether merging will overwrite what is live at a path.
    pub fn overwrites(&self, path: &str) -> bool {
        self.overwritten.iter().any(|overwritten| overwritten == path)
    }
}

/// How a cluster differs from what an environment says.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Drifted {
    /// Objects that were compared, those that are missing among them.
    pub compared: usize,
    /// Objects that are never looked at: secrets, RBAC and admission kinds, hooks.
    pub left_out: usize,
    /// Live against what the applier would make of it.
    pub drift: Vec<Drift>,
    /// Objects that are not in the cluster.
    pub missing: Vec<ObjectRef>,
    /// What could not be told.
    pub errors: Vec<EnvironmentError>,
}

impl Drifted {
    /// Whether something is known to be different.
    pub fn differs(&self) -> bool {
        !self.drift.is_empty() || !self.missing.is_empty()
    }
}

/// Something that could not be told about an environment, e.g. a cluster that did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EnvironmentError {
    /// The object it is about, if one.
    pub object: Option<ObjectRef>,
    /// What failed and what to do, in one line.
    pub message: String,
    /// Whether it makes the verdict undecided.
    pub undecided: bool,
}

/// Everything found out about one environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EnvironmentEvaluation {
    /// The environment, as base's policy declares it.
    pub environment: Environment,
    /// A stable identity of the cluster (UID of its `kube-system` namespace), where it was asked.
    pub cluster_identity: Option<String>,
    /// The best tier that was reached.
    pub tier: Tier,
    /// Units that the change touches.
    pub units: Vec<UnitEvaluation>,
    /// What was different before this change.
    pub drift: Vec<Drift>,
    /// What could not be told.
    pub errors: Vec<EnvironmentError>,
    /// What stands beside the change, where a check of the policy asks about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Inventory>,
}

/// Objects of an environment that a change leaves as they are: with its effects they make up the whole environment, on
/// either side.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Inventory {
    /// The objects of the kinds that checks ask about.
    pub objects: Vec<InventoryObject>,
    /// Units at head of which it cannot be told what they hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// An object that a change leaves as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct InventoryObject {
    /// Which.
    pub object: ObjectRef,
    /// As it was rendered, sealed.
    pub body: Body,
}

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PathOperation {
    /// New at head.
    Add,
    /// Different content or mode.
    Change,
    /// Gone at head.
    Remove,
}

/// Mode and blob of a path on one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PathEntry {
    /// Git's file mode, e.g. `100644`.
    pub mode: String,
    /// The blob, or the commit of a submodule.
    pub blob: ObjectId,
}

/// A path that differs between base and the merge result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChangedPath {
    /// From the root of the tree; a rename is a removal and an addition.
    pub path: String,
    /// What happened.
    pub operation: PathOperation,
    /// The entry on each side.
    pub entry: Diff<Option<PathEntry>>,
}

/// All that planning found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Evaluation {
    /// One entry per environment of base's policy, touched or not, in the policy's order.
    pub environments: Vec<EnvironmentEvaluation>,
    /// Every changed path that no unit reads, and always policy, CODEOWNERS, OWNERS and pipeline files.
    pub outside: Vec<ChangedPath>,
    /// Whether the environments were found by convention: then nothing ever lands.
    pub discovered: bool,
}
