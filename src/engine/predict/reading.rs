//! How appliers read a manifest before they send it: some make objects of their own types of it and send those, some do
//! not ask the server to be strict. What they then send is not what was rendered, and a dry run of that would mislead.

use std::borrow::Cow;

use countersign_core::effect::Applier;
use countersign_core::environment::{ApplyMode, Environment};
use countersign_core::object::ObjectRef;
use serde_json::{Map, Value};

use crate::ports::{NO_SUCH_FIELD, Prediction, REQUIRED};
use countersign_core::live::essence;

/// Fields whose values are texts by name, in the types of Kubernetes: nothing in there is left out for being empty.
const TEXTS: [&str; 9] = [
    "labels",
    "annotations",
    "matchLabels",
    "nodeSelector",
    "selector",
    "data",
    "binaryData",
    "limits",
    "requests",
];

/// Fields of the types of Kubernetes that tell nothing from zero: a zero is sent.
const OPTIONAL: [&str; 32] = [
    "allowPrivilegeEscalation",
    "automountServiceAccountToken",
    "averageUtilization",
    "backoffLimit",
    "defaultMode",
    "enableServiceLinks",
    "failedJobsHistoryLimit",
    "fsGroup",
    "hostUsers",
    "immutable",
    "maxSurge",
    "maxUnavailable",
    "minAvailable",
    "minReplicas",
    "optional",
    "partition",
    "privileged",
    "progressDeadlineSeconds",
    "readOnlyRootFilesystem",
    "replicas",
    "revisionHistoryLimit",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "shareProcessNamespace",
    "stabilizationWindowSeconds",
    "successfulJobsHistoryLimit",
    "suspend",
    "terminationGracePeriodSeconds",
    "tolerationSeconds",
    "ttlSecondsAfterFinished",
    "maxReplicas",
];

/// Where objects stand in others. Whoever applied the metadata of one, though it said nothing, takes it all away once it sends
/// none, with the labels that a Job is given.
const TEMPLATES: [&str; 3] = ["/spec/template", "/spec/jobTemplate", "/spec/jobTemplate/spec/template"];

fn lacks_metadata(template: &Value) -> bool {
    template.as_object().is_some_and(|template| template.get("metadata").is_none_or(Value::is_null))
}

/// How an environment's applier reads the manifests of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// It sends what was rendered, and asks the server to refuse fields that do not exist.
    Strict,
    /// As that, with marks of its own, which it cannot put beside labels and annotations that are no texts.
    Marked,
    /// It sends what was rendered, but for labels and annotations, which are texts to it.
    Patched,
    /// As that; fields that do not exist are dropped without a word.
    Lenient,
    /// It makes objects of its own types of it: fields that do not exist are dropped, a null in a map of texts becomes an
    /// empty text.
    Typed,
    /// As that, and sends those objects whole: what is false, zero or empty is left out, what is missing is zero.
    Retyped,
}

impl Reading {
    pub(super) fn of(environment: &Environment, object: &ObjectRef) -> Self {
        let is_builtin = !object.group.contains('.') || object.group.ends_with(".k8s.io");
        match (environment.apply, Applier::of(environment)) {
            (ApplyMode::ServerSide, Applier::Flux) if is_builtin => Self::Retyped,
            // It has kustomize write its own labels among those that are there.
            (ApplyMode::ServerSide, Applier::Flux) => Self::Patched,
            (ApplyMode::ClientSide, Applier::Argo) => Self::Lenient,
            (ApplyMode::Helm, _) if is_builtin => Self::Typed,
            (ApplyMode::Helm, _) => Self::Lenient,
            (ApplyMode::ClientSide, _) => Self::Patched,
            (ApplyMode::ServerSide | ApplyMode::Replace, Applier::Argo) => Self::Marked,
            (ApplyMode::ServerSide | ApplyMode::Replace, _) => Self::Strict,
        }
    }

    /// Whether it asks the server to refuse fields that do not exist.
    pub(super) fn is_strict(self) -> bool {
        matches!(self, Self::Strict | Self::Marked | Self::Patched)
    }

    /// What it sends of a manifest: in its own types there is metadata wherever there is a template.
    pub(super) fn sent(self, manifest: &Value) -> Cow<'_, Value> {
        let lacks = |place: &&str| manifest.pointer(place).is_some_and(lacks_metadata);
        let places: Vec<&str> =
            TEMPLATES.into_iter().filter(|place| self == Self::Retyped && lacks(place)).collect();
        if places.is_empty() {
            return Cow::Borrowed(manifest);
        }
        let mut manifest = manifest.clone();
        for place in places {
            if let Some(template) = manifest.pointer_mut(place).and_then(Value::as_object_mut) {
                template.insert("metadata".to_owned(), Value::Object(Map::new()));
            }
        }
        Cow::Owned(manifest)
    }

    /// Why nothing can be told of a manifest; `None` where it can.
    pub(super) fn obscures(self, manifest: &Value) -> Option<String> {
        let is_typed = matches!(self, Self::Typed | Self::Retyped);
        // Of everything that is no server-side apply, labels and annotations are read as texts.
        let metadata = manifest.get("metadata").filter(|_| self != Self::Strict);
        let obscured = (is_typed && has_null_text(manifest, false))
            || metadata.is_some_and(|metadata| has_null_text(metadata, false));
        let why = match self {
            Self::Marked => {
                "its applier fails at a label or an annotation that is null, and applies nothing then"
            }
            Self::Strict | Self::Patched | Self::Lenient | Self::Typed | Self::Retyped => {
                "a null in a map of texts is some text to its applier"
            }
        };
        obscured.then(|| why.to_owned())
    }

    /// The other thing that the applier may send of a manifest, where there is one.
    pub(super) fn otherwise(self, manifest: &Value) -> Option<Value> {
        if self != Self::Retyped {
            return None;
        }
        let other = without_zeros(manifest);
        (other != *manifest).then_some(other)
    }

    /// What is known where it may send either.
    pub(super) fn either(one: Prediction, other: Prediction) -> Prediction {
        let agree = match (&one, &other) {
            (Prediction::Object(one), Prediction::Object(other)) => essence(one) == essence(other),
            // In what words does not matter.
            (
                Prediction::Refused { why: one, immutable, .. },
                Prediction::Refused { why: other, immutable: also, .. },
            ) => one == other && immutable == also,
            (one, other) => one == other,
        };
        if agree {
            return other;
        }
        let why = "its applier may leave out what is false, zero or empty, which makes a difference here";
        Prediction::Unpredictable { why: why.to_owned() }
    }

    /// Why a prediction does not tell what the applier does; `None` where it does. Flux compares autoscalers without the
    /// metrics that stand twice.
    pub(super) fn passes_over(self, predicted: &Value) -> Option<String> {
        let metrics = predicted.pointer("/spec/metrics").filter(|_| self == Self::Retyped)?.as_array()?;
        let twice = metrics
            .iter()
            .enumerate()
            .any(|(place, metric)| metrics.iter().take(place).any(|one| one == metric));
        twice.then(|| "its applier passes over metrics that stand twice".to_owned())
    }

    /// A strict server's answer, as this applier will fare.
    pub(super) fn softened(self, prediction: Prediction) -> Prediction {
        let Prediction::Refused { why, immutable: false, .. } = &prediction else { return prediction };
        let passes = |cause: &str| match self {
            Self::Strict | Self::Marked | Self::Patched => false,
            Self::Lenient | Self::Typed => cause.ends_with(NO_SUCH_FIELD),
            Self::Retyped => cause.ends_with(NO_SUCH_FIELD) || cause.ends_with(REQUIRED),
        };
        if !why.split("; ").all(passes) {
            return prediction;
        }
        Prediction::Unpredictable { why: format!("{why}, which its applier does not tell the server") }
    }
}

fn has_null_text(value: &Value, among_texts: bool) -> bool {
    match value {
        Value::Null => among_texts,
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| has_null_text(value, among(key, value) || (among_texts && value.is_null()))),
        Value::Array(items) => items.iter().any(|item| item.is_null() || has_null_text(item, false)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn among(key: &str, value: &Value) -> bool {
    value.is_object() && TEXTS.contains(&key)
}

/// Without the fields that are false, zero or empty.
fn without_zeros(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept =
                fields.iter().filter(|(key, value)| OPTIONAL.contains(&key.as_str()) || !is_zero(key, value));
            let kept = kept.map(|(key, value)| {
                let value = if among(key, value) { value.clone() } else { without_zeros(value) };
                (key.clone(), value)
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => items.iter().map(without_zeros).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn is_zero(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty() && TEXTS.contains(&key),
    }
}
