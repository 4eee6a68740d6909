//! What an object needs that is an object itself, where the server looks for it before it takes the first: the
//! ServiceAccount and the classes of a Pod, the class of a claim. Pure.

use std::collections::BTreeSet;

use countersign_core::object::ObjectRef;
use serde_json::Value;

use super::{Manifest, PredictInput};

/// Kinds of what is needed, by group.
const NEEDED: [(&str, &str); 4] = [
    ("", "ServiceAccount"),
    ("node.k8s.io", "RuntimeClass"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "StorageClass"),
];

/// Where a class says that it is the one of whoever names none.
const DEFAULTS: [&str; 3] = [
    "/globalDefault",
    "/metadata/annotations/storageclass.kubernetes.io~1is-default-class",
    "/metadata/annotations/storageclass.beta.kubernetes.io~1is-default-class",
];

/// One that is needed: kind, namespace and name. The name is empty where none is named and the cluster has a default.
type Need = (&'static str, String, String);

/// What a change touches of what others may need.
#[derive(Debug, Default, Clone)]
pub(super) struct Touched(BTreeSet<Need>);

impl Touched {
    pub(super) fn add(&mut self, input: &PredictInput) {
        let ObjectRef { group, kind, namespace, name, .. } = &input.effect.object;
        let Some((_, kind)) = NEEDED.iter().find(|needed| **needed == (group.as_str(), kind.as_str())) else {
            return;
        };
        self.0.insert((kind, namespace.clone(), name.clone()));
        if [&input.base, &input.head].into_iter().filter_map(Manifest::raw).any(is_default) {
            self.0.insert((kind, namespace.clone(), String::new()));
        }
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// What of it this object needs, in words. One that leaves the tree needs nothing.
    pub(super) fn needed_by(&self, input: &PredictInput) -> Option<String> {
        input.head.raw()?;
        let sides = [&input.base, &input.head].into_iter().filter_map(Manifest::raw);
        let mut needs = sides.flat_map(|manifest| needs(&input.effect.object, manifest));
        let (kind, _, name) = needs.find(|need| self.0.contains(need))?;
        Some(if name.is_empty() { format!("the default {kind}") } else { format!("its {kind} `{name}`") })
    }
}

fn is_default(class: &Value) -> bool {
    let says = |path: &&str| class.pointer(path).is_some_and(|says| says == true || says == "true");
    DEFAULTS.iter().any(says)
}

fn needs(object: &ObjectRef, manifest: &Value) -> Vec<Need> {
    let says = |path: &str| {
        let said = manifest.pointer(path).and_then(Value::as_str);
        said.unwrap_or_default().to_owned()
    };
    match (object.group.as_str(), object.kind.as_str()) {
        ("", "Pod") => {
            let accounts = [says("/spec/serviceAccountName"), says("/spec/serviceAccount")];
            let account = accounts.into_iter().find(|name| !name.is_empty());
            let account = account.unwrap_or_else(|| "default".to_owned());
            vec![
                ("ServiceAccount", object.namespace.clone(), account),
                ("PriorityClass", String::new(), says("/spec/priorityClassName")),
                ("RuntimeClass", String::new(), says("/spec/runtimeClassName")),
            ]
        }
        ("", "PersistentVolumeClaim") => {
            vec![("StorageClass", String::new(), says("/spec/storageClassName"))]
        }
        _ => Vec::new(),
    }
}
