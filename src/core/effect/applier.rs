//! What an applier makes of an object otherwise than its manifest alone says: annotations that keep it, pass it over or
//! replace it, and hooks, which run and are no part of what is applied.
//!
//! An annotation of an applier that the environment does not have is not believed. Where nobody said which applier it
//! is, those that spare an object are, since nothing else would carry them.

use serde_json::Value;

use super::Operation;
use crate::environment::{ApplyMode, Environment, EnvironmentSource};

/// Who applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applier {
    /// Argo CD.
    Argo,
    /// Flux.
    Flux,
    /// Helm by itself.
    Helm,
    /// kubectl, a pipeline, or nobody said.
    Other,
}

impl Applier {
    /// Who applies in an environment, by the name that its applier writes under.
    pub fn of(environment: &Environment) -> Self {
        let manager = environment.field_manager.as_str();
        if manager.contains("argocd") {
            Self::Argo
        } else if manager.contains("flux") || matches!(manager, "kustomize-controller" | "helm-controller") {
            Self::Flux
        } else if manager == "helm" || environment.apply == ApplyMode::Helm {
            Self::Helm
        } else {
            Self::Other
        }
    }
}

const ARGO_OPTIONS: &str = "argocd.argoproj.io/sync-options";
const ARGO_HOOK: &str = "argocd.argoproj.io/hook";
const FLUX_RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
const FLUX_APPLY: &str = "kustomize.toolkit.fluxcd.io/ssa";
const HELM_HOOK: &str = "helm.sh/hook";

/// Annotations by which an object asks to stay when it leaves the tree: key, value, and whose they are.
const STAYS: &[(&str, &str, &[Applier])] = &[
    (ARGO_OPTIONS, "Prune=false", &[Applier::Argo]),
    ("kustomize.toolkit.fluxcd.io/prune", "disabled", &[Applier::Flux]),
    (FLUX_RECONCILE, "disabled", &[Applier::Flux]),
    ("helm.sh/resource-policy", "keep", &[Applier::Helm, Applier::Argo, Applier::Flux]),
];

fn annotation<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    body.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

/// Whether an annotation lists a value.
fn says(body: &Value, key: &str, wanted: &str) -> bool {
    annotation(body, key)
        .is_some_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(wanted)))
}

/// What becomes of an object that leaves the tree, and why.
pub(super) fn removal(environment: &Environment, body: &Value) -> (Operation, Option<String>) {
    if let Some(phases) = hook(environment, body) {
        let reason = format!("a hook of {phases}: it runs no more, and nothing is pruned");
        return (Operation::None, Some(reason));
    }
    if !environment.prune {
        return (
            Operation::Orphan,
            Some("nothing prunes here: it stays in the cluster, owned by nobody".to_owned()),
        );
    }
    let applier = Applier::of(environment);
    let believed = |whose: &[Applier]| applier == Applier::Other || whose.contains(&applier);
    let stays = STAYS.iter().find(|(key, wanted, whose)| believed(whose) && says(body, key, wanted));
    match stays {
        Some((key, value, _)) => {
            let reason =
                format!("its annotation `{key}: {value}` keeps it: it stays in the cluster, owned by nobody");
            (Operation::Orphan, Some(reason))
        }
        None => (Operation::Delete, None),
    }
}

/// What the applier makes of a manifest that appears or changes, where that is not to create or to update it.
pub(super) fn application(
    environment: &Environment,
    before: Option<&Value>,
    after: &Value,
) -> Option<(Operation, String)> {
    if let Some(phases) = hook(environment, after) {
        // What becomes a hook was a part of what is applied until now.
        return before.is_none_or(|before| hook(environment, before).is_some()).then(|| {
            if phases.split(", ").all(|phase| phase.starts_with("test")) {
                (Operation::None, "a test: it runs only when somebody asks for it".to_owned())
            } else {
                (Operation::Update, format!("a hook, run at {phases}: no lasting part of what is applied"))
            }
        });
    }
    match Applier::of(environment) {
        Applier::Argo => (before.is_some()
            && says(after, ARGO_OPTIONS, "Replace=true")
            && says(after, ARGO_OPTIONS, "Force=true"))
        .then(|| {
            let reason = format!("its annotation `{ARGO_OPTIONS}` has it deleted and made anew");
            (Operation::Replace, reason)
        }),
        Applier::Flux => flux(before, after),
        Applier::Helm | Applier::Other => None,
    }
}

/// Why an object that is updated loses what others set on it.
pub(super) fn written_whole(environment: &Environment, after: &Value) -> Option<String> {
    (Applier::of(environment) == Applier::Argo && says(after, ARGO_OPTIONS, "Replace=true")).then(|| {
        format!("its annotation `{ARGO_OPTIONS}: Replace=true` has it written whole: what others set is lost")
    })
}

fn flux(before: Option<&Value>, after: &Value) -> Option<(Operation, String)> {
    let passed_over = [(FLUX_RECONCILE, "disabled"), (FLUX_APPLY, "Ignore")];
    if let Some((key, value)) = passed_over.into_iter().find(|(key, value)| says(after, key, value)) {
        return Some((Operation::None, format!("its annotation `{key}: {value}` has it passed over")));
    }
    (before.is_some() && says(after, FLUX_APPLY, "IfNotPresent")).then(|| {
        let reason =
            format!("its annotation `{FLUX_APPLY}: IfNotPresent` leaves alone what is in the cluster");
        (Operation::None, reason)
    })
}

/// The phases at which a hook runs; `None` for what is applied and stays.
fn hook(environment: &Environment, body: &Value) -> Option<String> {
    let applier = Applier::of(environment);
    let by_helm = matches!(environment.source, EnvironmentSource::Helm { .. })
        || matches!(applier, Applier::Helm | Applier::Argo);
    let own = (applier == Applier::Argo).then(|| annotation(body, ARGO_HOOK)).flatten();
    let phases = own.or_else(|| by_helm.then(|| annotation(body, HELM_HOOK)).flatten())?;
    let phases: Vec<&str> = phases.split(',').map(str::trim).filter(|phase| !phase.is_empty()).collect();
    (!phases.is_empty()).then(|| phases.join(", "))
}

/// Whether an object is an applier that does nothing of itself at head: a suspended Flux object, an Application that
/// loses its automatic sync.
pub(super) fn is_suspended(group: &str, before: Option<&Value>, after: &Value) -> bool {
    let spec = |body: &'_ Value, path: &str| super::risks::at(body, path).cloned();
    if group.ends_with(".toolkit.fluxcd.io") {
        return spec(after, "spec.suspend") == Some(Value::Bool(true));
    }
    let automated = |body: &Value| {
        spec(body, "spec.syncPolicy.automated").is_some_and(|automated| {
            !automated.is_null() && automated.get("enabled") != Some(&Value::Bool(false))
        })
    };
    group == "argoproj.io"
        && after.get("kind").and_then(Value::as_str) == Some("Application")
        && !automated(after)
        && before.is_some_and(automated)
}
