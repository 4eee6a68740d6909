//! Where a dry run would mislead: it judges each object against what is live, blind to the rest of the change.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::effect::Operation;
use countersign_core::live::Destinations;
use countersign_core::object::ObjectRef;
use countersign_core::schema::refused_by;
use serde_json::Value;

use super::needs::Touched;
use super::{Manifest, PredictInput};

/// Groups whose kinds are never read or sent: they hand out rights, and the right to try them is a right too.
const NEVER_ASKED: [&str; 4] = [
    "rbac.authorization.k8s.io",
    "admissionregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
];

/// Whether the render's answer has to do for this kind.
pub(super) fn never_asked(object: &ObjectRef) -> bool {
    NEVER_ASKED.contains(&object.group.as_str()) || (object.group.is_empty() && object.kind == "Secret")
}

/// Groups whose objects decide what the cluster takes: its own admission rules, and those of its best known webhooks.
fn judges_others(group: &str) -> bool {
    let webhooks = ["kyverno.io", "gatekeeper.sh"];
    let is_of =
        |whose: &&str| group.strip_suffix(*whose).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    group == "admissionregistration.k8s.io" || webhooks.iter().any(is_of)
}

/// What the change itself touches that other objects of a cluster depend on.
#[derive(Debug, Default, Clone)]
pub struct Scope {
    /// Group and kind, and what head says of it; several where a definition changes what it defines.
    kinds: BTreeMap<(String, String), Option<Value>>,
    namespaces: BTreeSet<String>,
    /// Namespaces whose limits change.
    limits: BTreeSet<String>,
    needed: Touched,
    admission: bool,
    /// Custom objects of which the change says what becomes of them.
    custom: BTreeSet<Identity>,
    destinations: Destinations,
}

/// Group, kind, namespace and name.
type Identity = (String, String, String, String);

fn identity(object: &ObjectRef) -> Identity {
    let ObjectRef { group, kind, namespace, name, .. } = object;
    (group.clone(), kind.clone(), namespace.clone(), name.clone())
}

impl Scope {
    /// What these effects touch.
    pub fn of(inputs: &[PredictInput]) -> Self {
        let mut scope = Self::default();
        for input in inputs {
            let object = &input.effect.object;
            scope.needed.add(input);
            if object.group.contains('.') && input.effect.operation != Operation::Orphan {
                scope.custom.insert(identity(object));
            }
            match (object.group.as_str(), object.kind.as_str()) {
                ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                    let base = defined(&input.base).map(|kind| (kind, None));
                    let head = defined(&input.head).map(|kind| (kind, input.head.raw().cloned()));
                    scope.kinds.extend(base.into_iter().chain(head));
                }
                ("", "Namespace") => {
                    scope.namespaces.insert(object.name.clone());
                }
                ("", "ResourceQuota" | "LimitRange") => {
                    scope.limits.insert(object.namespace.clone());
                }
                (group, _) if judges_others(group) => scope.admission = true,
                _ => {}
            }
        }
        scope
    }

    /// What both touch.
    pub fn and(mut self, other: Self) -> Self {
        self.kinds.extend(other.kinds);
        self.namespaces.extend(other.namespaces);
        self.limits.extend(other.limits);
        self.needed.extend(other.needed);
        self.custom.extend(other.custom);
        self.admission |= other.admission;
        self
    }

    /// The same, of an environment that may target these namespaces.
    pub(super) fn within(self, destinations: Destinations) -> Self {
        Self { destinations, ..self }
    }

    /// Whether the change says what becomes of a custom object.
    pub(super) fn names(&self, object: &ObjectRef) -> bool {
        self.custom.contains(&identity(object))
    }

    /// Whether the environment may be told of an object.
    pub(super) fn permits(&self, object: &ObjectRef) -> bool {
        self.destinations.permit(object)
    }

    /// Why a dry run says nothing about this object, where it does not.
    pub(super) fn blind_to(&self, input: &PredictInput) -> Option<String> {
        let object = &input.effect.object;
        if !self.permits(object) {
            return Some("it is in none of the environment's `destinations`".to_owned());
        }
        if self.kinds.contains_key(&(object.group.clone(), object.kind.clone())) {
            return Some("the same change touches its custom resource definition".to_owned());
        }
        if !object.namespace.is_empty() && self.namespaces.contains(&object.namespace) {
            return Some(format!("the same change touches its namespace `{}`", object.namespace));
        }
        let limit = object.group.is_empty() && matches!(object.kind.as_str(), "ResourceQuota" | "LimitRange");
        if !limit && self.limits.contains(&object.namespace) {
            return Some(format!(
                "the same change touches the limits of its namespace `{}`",
                object.namespace
            ));
        }
        if let Some(needed) = self.needed.needed_by(input) {
            return Some(format!("the same change touches {needed}"));
        }
        self.admission.then(|| "the same change touches the cluster's admission rules".to_owned())
    }

    /// Why the cluster will refuse an object once it has what the change brings along.
    pub(super) fn refuses(&self, object: &ObjectRef, manifest: &Value, strict: bool) -> Option<String> {
        let definition = self.kinds.get(&(object.group.clone(), object.kind.clone()))?.as_ref()?;
        let refused = refused_by(definition, object, manifest, strict);
        let first = refused.first()?;
        let more = match refused.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        Some(format!("the definition of its kind that the same change brings refuses it: {first}{more}"))
    }
}

/// Group and kind that a custom resource definition defines.
fn defined(manifest: &Manifest) -> Option<(String, String)> {
    let manifest = manifest.raw()?;
    let text = |path| manifest.pointer(path).and_then(Value::as_str).map(str::to_owned);
    Some((text("/spec/group")?, text("/spec/names/kind")?))
}
