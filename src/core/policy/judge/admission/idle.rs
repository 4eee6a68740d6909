//! What among ValidatingAdmissionPolicies can never say anything of an object.

use serde_json::Value;

use super::read::{BINDING, GROUP, POLICY};
use crate::library::Library;
use crate::policy::manifests::{self, Manifest};

/// Sentences with their places, and what to do. Files that cannot be read say nothing here.
pub(in crate::policy) fn idle(files: &[String], library: &Library) -> Vec<(String, &'static str)> {
    let manifests = manifests::read(files, library).unwrap_or_default();
    let of_kind = |kind: &'static str| {
        manifests.iter().filter(move |manifest| manifest.group == GROUP && manifest.kind == kind)
    };
    let bound = |binding: &Manifest| binding.body.pointer("/spec/policyName").cloned();
    let unbound = of_kind(POLICY).filter(|policy| {
        !of_kind(BINDING).any(|binding| bound(binding) == Some(Value::from(policy.name.as_str())))
    });
    let unbound = unbound.map(|policy| {
        (format!("{}: no binding puts it in force", policy.place()), "add a binding, or remove it")
    });
    let takes = |name: Option<Value>| {
        let mut named = of_kind(POLICY).filter(|policy| name == Some(Value::from(policy.name.as_str())));
        named.any(|policy| policy.body.pointer("/spec/paramKind").is_some())
    };
    let given = of_kind(BINDING)
        .filter(|binding| binding.body.pointer("/spec/paramRef").is_some() && !takes(bound(binding)));
    let given = given.map(|binding| {
        let what = "it names parameters, and its policy takes none";
        (format!("{}: {what}", binding.place()), "add `paramKind` to the policy, or remove `paramRef`")
    });
    unbound.chain(given).collect()
}

/// The policies, which findings name.
pub(in crate::policy) fn names(files: &[String], library: &Library) -> Vec<String> {
    let manifests = manifests::read(files, library).unwrap_or_default();
    let policies =
        manifests.into_iter().filter(|manifest| manifest.group == GROUP && manifest.kind == POLICY);
    policies.map(|manifest| manifest.name).collect()
}
