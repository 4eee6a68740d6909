//! What an applier would send of a manifest, where it is not a server-side apply. Pure.

use countersign_core::effect::Applier;
use countersign_core::environment::{ApplyMode, Environment};
use countersign_core::object::ObjectRef;
use countersign_core::patch::{self, PatchError, PatchSchema};
use serde_json::{Map, Value};

use super::marks;
use crate::ports::Write;
use countersign_core::live::{LAST_APPLIED, Manifests};

/// What an applier knows when it writes an object.
pub(super) struct Known<'a> {
    pub(super) object: &'a ObjectRef,
    pub(super) live: Option<&'a Value>,
    pub(super) sides: Manifests<'a>,
    /// How patches of its kind are merged; `None` where it takes no strategic merge patch.
    pub(super) schema: Option<&'a PatchSchema>,
}

impl Known<'_> {
    /// The write that makes `manifest` of what is live.
    ///
    /// # Errors
    /// No patch can be made, for the applier neither.
    pub(super) fn write(&self, environment: &Environment, manifest: &Value) -> Result<Write, PatchError> {
        match (environment.apply, self.live) {
            (ApplyMode::ServerSide, None) => Ok(apply(environment, manifest.clone())),
            (ApplyMode::ServerSide, Some(live)) => {
                let (applier, manager) = (Applier::of(environment), &environment.field_manager);
                let marked = marks::server_side(applier, manager, manifest.clone(), live, &self.sides);
                Ok(apply(environment, marked))
            }
            (ApplyMode::ClientSide, None) => {
                Ok(Write::Create(annotated(placed(self.object, manifest.clone()))))
            }
            (ApplyMode::Helm | ApplyMode::Replace, None) => {
                Ok(Write::Create(placed(self.object, manifest.clone())))
            }
            (ApplyMode::ClientSide, Some(live)) => self.client_side(manifest, live),
            (ApplyMode::Helm, Some(live)) => self.helm(manifest, live),
            (ApplyMode::Replace, Some(live)) => Ok(Write::Replace(self.replacement(manifest, live))),
        }
    }

    /// Whether its applier does not look at what is live, and writes nothing: Helm compares a custom resource with its last
    /// release alone.
    pub(super) fn is_passed_over(&self, environment: &Environment) -> bool {
        environment.apply == ApplyMode::Helm && self.schema.is_none() && self.sides.base == self.sides.head
    }

    fn client_side(&self, manifest: &Value, live: &Value) -> Result<Write, PatchError> {
        let last = last_applied(live);
        let base = || self.sides.base.map(|base| placed(self.object, base.clone()));
        let original = last.clone().or_else(base).unwrap_or_else(|| Value::Object(Map::new()));
        let modified = applied(self.object, manifest, &self.sides, last.as_ref());
        let modified = match last_text(live) {
            // It would write the same text again, which need not be the one that is written here.
            Some(text) if last.as_ref().is_some_and(|last| same_note(last, &modified)) => {
                with_note(modified, text.to_owned())
            }
            Some(_) | None => annotated(modified),
        };
        patch::three_way(&original, &modified, live, self.schema).map(Write::Patch)
    }

    /// What the last release stored is a Secret, which is never read: base is taken for it.
    fn helm(&self, manifest: &Value, live: &Value) -> Result<Write, PatchError> {
        let mut modified = placed(self.object, manifest.clone());
        // It marks what it writes, and refuses what it did not mark.
        for (place, key) in marks::HELM {
            if let Some(mark) = marks::entry(live, place, key) {
                marks::insert(&mut modified, place, key, mark.clone());
            }
        }
        let original =
            placed(self.object, self.sides.base.cloned().unwrap_or_else(|| Value::Object(Map::new())));
        let is_base = self.sides.base == Some(manifest);
        if self.schema.is_none() && !is_base {
            // Helm compares custom resources with its last release alone.
            return Ok(Write::Patch(patch::two_way(&original, &modified)));
        }
        patch::three_way(&original, &modified, live, self.schema).map(Write::Patch)
    }

    fn replacement(&self, manifest: &Value, live: &Value) -> Value {
        let mut manifest = placed(self.object, manifest.clone());
        if let (Some(metadata), Some(version)) = (
            manifest.get_mut("metadata").and_then(Value::as_object_mut),
            live.pointer("/metadata/resourceVersion"),
        ) {
            metadata.insert("resourceVersion".to_owned(), version.clone());
        }
        manifest
    }
}

/// Argo CD and Flux always force.
fn apply(environment: &Environment, manifest: Value) -> Write {
    match Applier::of(environment) {
        Applier::Other if environment.unforced => Write::ApplyUnforced(manifest),
        Applier::Argo | Applier::Flux | Applier::Helm | Applier::Other => Write::Apply(manifest),
    }
}

/// What a client-side applier says it applied last; `None` where it says nothing that can be read.
pub(super) fn last_applied(live: &Value) -> Option<Value> {
    serde_json::from_str(last_text(live)?).ok().filter(Value::is_object)
}

fn last_text(live: &Value) -> Option<&str> {
    marks::entry(live, "annotations", LAST_APPLIED)?.as_str()
}

/// A manifest as a client-side applier takes it, given what it applied last: in its namespace, and with the marks
/// that the applier added then and neither side of the change speaks of.
pub(super) fn applied(
    object: &ObjectRef,
    manifest: &Value,
    sides: &Manifests<'_>,
    last: Option<&Value>,
) -> Value {
    marks::client_side(placed(object, manifest.clone()), last, sides)
}

/// With the namespace that the applier puts it into.
fn placed(object: &ObjectRef, mut manifest: Value) -> Value {
    if !object.namespace.is_empty()
        && let Some(metadata) = manifest.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.entry("namespace").or_insert_with(|| Value::from(object.namespace.as_str()));
    }
    manifest
}

/// With what a client-side applier notes about itself: too large a manifest does not fit there, and is refused.
fn annotated(manifest: Value) -> Value {
    let manifest = without_note(manifest);
    let text = format!("{manifest}\n");
    with_note(manifest, text)
}

/// Whether an applier notes the same of both. It adds annotations where there are none.
fn same_note(one: &Value, other: &Value) -> bool {
    let noted = |manifest: &Value| {
        let mut manifest = without_note(manifest.clone());
        let metadata = manifest.get_mut("metadata").and_then(Value::as_object_mut);
        if let Some(metadata) = metadata {
            metadata.retain(|key, value| key != "annotations" || *value != Value::Object(Map::new()));
        }
        manifest
    };
    noted(one) == noted(other)
}

fn without_note(mut manifest: Value) -> Value {
    if let Some(annotations) = manifest.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
    }
    manifest
}

fn with_note(mut manifest: Value, text: String) -> Value {
    marks::insert(&mut manifest, "annotations", LAST_APPLIED, Value::from(text));
    manifest
}
