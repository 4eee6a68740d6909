//! What is asked about.

use std::borrow::Cow;
use std::collections::BTreeSet;

use countersign_core::effect::{Effect, Operation, applier};
use countersign_core::environment::Environment;
use countersign_core::object::{ObjectRef, RenderedObject};
use serde_json::Value;

use super::scope;

/// One side of an object, as far as it may be sent to a cluster.
#[derive(Debug, Clone, PartialEq)]
pub enum Manifest {
    /// It is not on this side.
    Absent,
    /// It has sealed leaves, and is never sent.
    Sealed,
    /// As it was rendered.
    Raw(Value),
}

impl Manifest {
    /// The manifest of one side.
    pub fn of(object: Option<&RenderedObject>) -> Self {
        match object {
            None => Self::Absent,
            Some(object) if object.sealed => Self::Sealed,
            Some(object) => Self::Raw(object.body.value()),
        }
    }

    pub(super) fn raw(&self) -> Option<&Value> {
        match self {
            Self::Raw(value) => Some(value),
            Self::Absent | Self::Sealed => None,
        }
    }
}

/// An effect as the render tells it, with the manifests it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictInput {
    /// What [`countersign_core::effect::compare`] says.
    pub effect: Effect,
    /// The object at base.
    pub base: Manifest,
    /// The object at head.
    pub head: Manifest,
}

/// Where these objects are.
pub(super) fn namespaces(objects: &[&ObjectRef]) -> BTreeSet<String> {
    let all = objects.iter().map(|object| object.namespace.clone());
    all.filter(|namespace| !namespace.is_empty()).collect()
}

/// Whether a cluster is asked about it.
pub(super) fn is_asked(environment: &Environment, input: &PredictInput) -> bool {
    let sealed = input.base == Manifest::Sealed || input.head == Manifest::Sealed;
    // Where an object is made only if there is none, the cluster knows whether there is.
    let only_if_absent = input.head.raw().is_some_and(|head| applier::only_if_absent(environment, head));
    let nothing = input.effect.operation == Operation::None && !only_if_absent;
    !(sealed || scope::never_asked(&input.effect.object) || nothing)
}

/// The environment as far as one object goes: its annotations may say how it is written.
pub(super) fn writing<'a>(environment: &'a Environment, manifest: &Value) -> Cow<'a, Environment> {
    let apply = applier::mode(environment, manifest);
    if apply == environment.apply {
        return Cow::Borrowed(environment);
    }
    Cow::Owned(Environment { apply, ..environment.clone() })
}

/// Whether it is known by which name it goes.
pub(super) fn has_name(object: &ObjectRef) -> bool {
    !(object.name.is_empty() || object.name.ends_with('*'))
}
