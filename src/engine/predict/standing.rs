//! Whether what is live is what the environment's applier made of base, so that its next write can be foretold.

use countersign_core::diff;
use countersign_core::effect::Applier;
use countersign_core::environment::{ApplyMode, Environment};
use countersign_core::object::ObjectRef;
use serde_json::Value;

use super::reading::Reading;
use super::{marks, ownership, writes};
use countersign_core::live::Manifests;

const HELM_RELEASE: &str = "/metadata/annotations/meta.helm.sh~1release-name";

/// How the applier stands to a live object.
pub(super) struct Standing {
    /// It wrote what base says: the next write changes what it predicts to change, and nothing else.
    pub(super) owns: bool,
    /// It writes this object at all: a difference from base is drift.
    pub(super) applies: bool,
    /// It takes over what others wrote, of which a dry run tells nothing: whatever drifted goes with that.
    pub(super) takes_over: bool,
    /// Why it does not own it, where the fields alone do not tell.
    pub(super) why: Option<String>,
}

impl Standing {
    pub(super) fn of(
        environment: &Environment,
        object: &ObjectRef,
        live: &Value,
        base: &Value,
        sides: &Manifests<'_>,
        is_foreseen: bool,
    ) -> Self {
        match environment.apply {
            // Base was foreseen to stand because its manager owns it, field by field.
            ApplyMode::ServerSide if is_foreseen => server_side(environment, live, None, sides),
            ApplyMode::ServerSide => {
                let sent = Reading::of(environment, object).otherwise(base);
                server_side(environment, live, Some(sent.as_ref().unwrap_or(base)), sides)
            }
            ApplyMode::ClientSide => client_side(object, live, base, sides),
            ApplyMode::Helm => {
                let released = live.pointer(HELM_RELEASE).is_some();
                let why = (!released).then(|| "it does not say that a Helm release owns it".to_owned());
                Self { owns: released, applies: released, takes_over: false, why }
            }
            // It leaves nothing of what was there.
            ApplyMode::Replace => Self { owns: true, applies: true, takes_over: false, why: None },
        }
    }
}

/// By this, an object asks Flux to leave what others wrote.
const FLUX_APPLY: &str = "kustomize.toolkit.fluxcd.io/ssa";

/// `base`: what it may not own all of.
fn server_side(
    environment: &Environment,
    live: &Value,
    base: Option<&Value>,
    sides: &Manifests<'_>,
) -> Standing {
    let (applier, manager) = (Applier::of(environment), &environment.field_manager);
    let asks = |manifest: &Value| {
        let says = |place| marks::entry(manifest, place, FLUX_APPLY);
        ["annotations", "labels"].into_iter().filter_map(says).any(|says| says == "Merge")
    };
    let spared = applier == Applier::Flux && (asks(live) || sides.head.is_some_and(asks));
    let taken = ownership::taken_over(live, applier).filter(|_| !spared);
    let applies = ownership::applies(live, manager);
    let unowned = || ownership::first_unowned(live, manager, base?);
    let why = match (taken, applies) {
        (Some(other), _) => Some(format!("`{other}` wrote to it too, and the applier takes that over")),
        (None, true) => unowned().map(|field| format!("`{manager}` does not own `{field}`, which base says")),
        (None, false) => unowned().map(|_| format!("`{manager}` did not apply it")),
    };
    Standing { owns: why.is_none(), applies, takes_over: taken.is_some(), why }
}

fn client_side(object: &ObjectRef, live: &Value, base: &Value, sides: &Manifests<'_>) -> Standing {
    let Some(last) = writes::last_applied(live) else {
        let why = "it has no last-applied annotation: it was not applied client-side".to_owned();
        return Standing { owns: false, applies: false, takes_over: false, why: Some(why) };
    };
    let base = writes::applied(object, base, sides, Some(&last));
    let owns = diff::fields(&without_nulls(&last), &without_nulls(&base)).is_empty();
    let why =
        (!owns).then(|| "its last-applied annotation does not say what base says: it lags behind".to_owned());
    Standing { owns, applies: true, takes_over: false, why }
}

/// Without what says nothing: nulls, and metadata that is empty.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let said = fields.iter().filter(|(_, value)| !value.is_null());
            let mut fields: serde_json::Map<String, Value> =
                said.map(|(key, value)| (key.clone(), without_nulls(value))).collect();
            if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.retain(|_, value| value.as_object().is_none_or(|map| !map.is_empty()));
            }
            Value::Object(fields)
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
