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
    /// Flux's kustomize-controller.
    Flux,
    /// Helm by itself, or Flux's helm-controller.
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
        } else if manager.contains("flux") || manager == "kustomize-controller" {
            Self::Flux
        } else if matches!(manager, "helm" | "helm-controller") || environment.apply == ApplyMode::Helm {
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
const FLUX_FORCE: &str = "kustomize.toolkit.fluxcd.io/force";
const HELM_HOOK: &str = "helm.sh/hook";

/// By which an object asks its applier for something, as that applier reads it: key, value, and whose it is.
type Wish = (&'static str, &'static str, Applier);

/// To stay when it leaves the tree.
const STAYS: [Wish; 4] = [
    (ARGO_OPTIONS, "Prune=false", Applier::Argo),
    ("kustomize.toolkit.fluxcd.io/prune", "disabled", Applier::Flux),
    (FLUX_RECONCILE, "disabled", Applier::Flux),
    // Argo CD heeds it where an Application is deleted, not where it prunes.
    ("helm.sh/resource-policy", "keep", Applier::Helm),
];
/// To be passed over.
const PASSED_OVER: [Wish; 2] =
    [(FLUX_RECONCILE, "disabled", Applier::Flux), (FLUX_APPLY, "Ignore", Applier::Flux)];
const IF_NOT_PRESENT: Wish = (FLUX_APPLY, "IfNotPresent", Applier::Flux);
const FLUX_FORCES: Wish = (FLUX_FORCE, "enabled", Applier::Flux);

const fn option(value: &'static str) -> Wish {
    (ARGO_OPTIONS, value, Applier::Argo)
}
const REPLACES: Wish = option("Replace=true");
const FORCES: Wish = option("Force=true");

fn annotation<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    body.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

/// Whether an object says so: to Argo CD in a list and to the letter, to Flux in a label too.
fn says(body: &Value, (key, wanted, whose): Wish) -> bool {
    let annotated = annotation(body, key);
    match whose {
        Applier::Argo => annotated.is_some_and(|list| list.split(',').any(|part| part.trim() == wanted)),
        Applier::Flux => {
            let label = body.pointer("/metadata/labels").and_then(|labels| labels.get(key)?.as_str());
            [annotated, label].into_iter().flatten().any(|value| value.eq_ignore_ascii_case(wanted))
        }
        Applier::Helm | Applier::Other => {
            annotated.is_some_and(|value| value.trim().eq_ignore_ascii_case(wanted))
        }
    }
}

/// What becomes of an object that leaves the tree, and why.
pub fn removal(environment: &Environment, body: &Value) -> (Operation, Option<String>) {
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
    let believed = |wish: &&Wish| (applier == Applier::Other || wish.2 == applier) && says(body, **wish);
    let stays = STAYS.iter().find(believed);
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
        Applier::Argo => {
            before.and_then(|_| made_anew(environment, after)).map(|why| (Operation::Replace, why))
        }
        Applier::Flux => {
            // Whether live asks to be passed over does not follow from base, which is not applied while it asks.
            let left_alone = || before.and_then(|_| left_alone(environment, after));
            let why = passed_over(environment, after, None).or_else(left_alone)?;
            Some((Operation::None, why))
        }
        Applier::Helm | Applier::Other => None,
    }
}

/// Why an object that is updated loses what others set on it.
pub(super) fn written_whole(environment: &Environment, after: &Value) -> Option<String> {
    (mode(environment, after) == ApplyMode::Replace && environment.apply != ApplyMode::Replace).then(|| {
        format!("its annotation `{ARGO_OPTIONS}: Replace=true` has it written whole: what others set is lost")
    })
}

/// How an object is written: as its annotations say where its applier heeds them, else as everything is.
pub fn mode(environment: &Environment, manifest: &Value) -> ApplyMode {
    if Applier::of(environment) != Applier::Argo {
        environment.apply
    } else if says(manifest, REPLACES) {
        ApplyMode::Replace
    } else if says(manifest, option("ServerSideApply=false")) {
        ApplyMode::ClientSide
    } else if says(manifest, option("ServerSideApply=true")) {
        ApplyMode::ServerSide
    } else {
        environment.apply
    }
}

/// Why an object that is live is deleted and made anew each time, whatever changes.
pub fn made_anew(environment: &Environment, manifest: &Value) -> Option<String> {
    let kind = manifest.get("kind").and_then(Value::as_str).unwrap_or_default();
    // They would take everything in them with them: those it only writes whole.
    let is_spared = ["CustomResourceDefinition", "Namespace"].contains(&kind);
    let is_told = says(manifest, REPLACES) && says(manifest, FORCES);
    (Applier::of(environment) == Applier::Argo && is_told && !is_spared)
        .then(|| format!("its annotation `{ARGO_OPTIONS}` has it deleted and made anew"))
}

/// Whether an object that cannot be changed in place is deleted and made anew; otherwise the applier fails.
pub fn forces(environment: &Environment, manifest: &Value, live: Option<&Value>) -> bool {
    match Applier::of(environment) {
        Applier::Argo => says(manifest, FORCES),
        Applier::Flux => [Some(manifest), live].into_iter().flatten().any(|body| says(body, FLUX_FORCES)),
        Applier::Helm | Applier::Other => false,
    }
}

/// Why an object is not applied, whatever it says, given what is live of it.
pub fn passed_over(environment: &Environment, manifest: &Value, live: Option<&Value>) -> Option<String> {
    if Applier::of(environment) != Applier::Flux {
        return None;
    }
    let asks = |body: &Value| PASSED_OVER.into_iter().find(|wish| says(body, *wish));
    if let Some((key, value, _)) = asks(manifest) {
        return Some(format!("its annotation `{key}: {value}` has it passed over"));
    }
    if let Some((key, value, _)) = live.and_then(asks) {
        return Some(format!("`{key}: {value}` on what is in the cluster has it passed over"));
    }
    live.and_then(|_| left_alone(environment, manifest))
}

/// Why an object is not touched where there is one.
fn left_alone(environment: &Environment, manifest: &Value) -> Option<String> {
    only_if_absent(environment, manifest)
        .then(|| format!("its annotation `{FLUX_APPLY}: IfNotPresent` leaves alone what is in the cluster"))
}

/// Whether an object is applied only where there is none.
pub fn only_if_absent(environment: &Environment, manifest: &Value) -> bool {
    Applier::of(environment) == Applier::Flux && says(manifest, IF_NOT_PRESENT)
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
