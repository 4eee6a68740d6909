//! What appliers add to what was rendered. It is theirs, no part of a change.

use countersign_core::effect::Applier;
use serde_json::{Map, Value};

use super::ownership;
use countersign_core::live::Manifests;

/// A label or an annotation: where it is, and its key.
pub(super) type Mark = (&'static str, &'static str);

/// By these, Argo CD finds what it applied.
const ARGO: [Mark; 3] = [
    ("annotations", "argocd.argoproj.io/tracking-id"),
    ("annotations", "argocd.argoproj.io/installation-id"),
    ("labels", "app.kubernetes.io/instance"),
];

/// By these, Flux does.
const FLUX: [Mark; 2] =
    [("labels", "kustomize.toolkit.fluxcd.io/name"), ("labels", "kustomize.toolkit.fluxcd.io/namespace")];

/// By these, Helm knows its own, and it refuses what it did not mark.
pub(super) const HELM: [Mark; 3] = [
    ("annotations", "meta.helm.sh/release-name"),
    ("annotations", "meta.helm.sh/release-namespace"),
    ("labels", "app.kubernetes.io/managed-by"),
];

/// The marks that a server-side applier sets.
pub(super) fn of(applier: Applier) -> &'static [Mark] {
    match applier {
        Applier::Argo => &ARGO,
        Applier::Flux => &FLUX,
        Applier::Helm | Applier::Other => &[],
    }
}

/// A manifest as a server-side applier sends it: with the marks that are live, where the applier set them and neither side
/// of the change speaks of them.
pub(super) fn server_side(
    applier: Applier,
    manager: &str,
    mut manifest: Value,
    live: &Value,
    sides: &Manifests<'_>,
) -> Value {
    for (place, key) in of(applier) {
        let mark = entry(live, place, key).filter(|_| !said(sides, place, key));
        if let Some(mark) = mark.filter(|_| ownership::owns_entry(live, manager, place, key)) {
            insert(&mut manifest, place, key, mark.clone());
        }
    }
    manifest
}

/// A manifest with the marks of Argo CD that `last`, what was applied last, has and neither side of the change speaks of.
pub(super) fn client_side(mut manifest: Value, last: Option<&Value>, sides: &Manifests<'_>) -> Value {
    for (place, key) in ARGO {
        let mark = last.and_then(|last| entry(last, place, key));
        if let Some(mark) = mark.filter(|_| !said(sides, place, key)) {
            insert(&mut manifest, place, key, mark.clone());
        }
    }
    manifest
}

fn said(sides: &Manifests<'_>, place: &str, key: &str) -> bool {
    [sides.base, sides.head].into_iter().flatten().any(|side| entry(side, place, key).is_some())
}

/// A label or an annotation.
pub(super) fn entry<'a>(manifest: &'a Value, place: &str, key: &str) -> Option<&'a Value> {
    manifest.get("metadata")?.get(place)?.get(key)
}

/// Sets a label or an annotation.
pub(super) fn insert(manifest: &mut Value, place: &str, key: &str, value: Value) {
    let Some(metadata) = manifest.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let entries = metadata.entry(place).or_insert(Value::Null);
    if entries.is_null() {
        *entries = Value::Object(Map::new());
    }
    if let Some(entries) = entries.as_object_mut() {
        entries.insert(key.to_owned(), value);
    }
}
