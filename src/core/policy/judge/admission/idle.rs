//! What among ValidatingAdmissionPolicies can never say anything of an object.

use serde_json::Value;

use super::read::{BINDING, GROUP, POLICY};
use crate::config::quoted;
use crate::library::Library;
use crate::policy::manifests::{self, Manifest};
use crate::policy::plural::Plurals;
use crate::schema;

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
    let rules =
        [(POLICY, "/spec/matchConstraints/resourceRules"), (BINDING, "/spec/matchResources/resourceRules")];
    let named = rules.into_iter().flat_map(|(kind, rules)| of_kind(kind).map(move |found| (found, rules)));
    let unmeant = named.flat_map(|(manifest, rules)| {
        let rules = manifest.body.pointer(rules).and_then(Value::as_array).into_iter().flatten();
        rules.flat_map(singular).map(|name| {
            let what = format!("no resource is called {}", quoted(name));
            (format!("{}: {what}", manifest.place()), "write plurals in small letters, like `deployments`")
        })
    });
    unbound.chain(given).chain(unmeant).collect()
}

/// The resources of a rule that are kinds, or their singular. Words that may be a resource of somebody else's are
/// believed.
fn singular(rule: &Value) -> Vec<&str> {
    let words = |key: &str| {
        let words = rule.get(key).and_then(Value::as_array).into_iter().flatten();
        words.filter_map(Value::as_str).collect::<Vec<_>>()
    };
    let (groups, kinds) = (words("apiGroups"), schema::kinds());
    let built_in = |group: &&str| kinds.iter().any(|(own, _)| own == group);
    let all_built_in = groups.iter().all(built_in);
    let here = || kinds.iter().filter(|(group, _)| groups.contains(group));
    let is_plural = |name: &str| {
        here().any(|(group, kind)| {
            Plurals::default().candidates(group, kind).first().is_some_and(|first| first == name)
        })
    };
    let is_wrong = |named: &&str| {
        let name = named.split('/').next().unwrap_or_default();
        let has_capitals = name.chars().any(|c| c.is_ascii_uppercase());
        let is_kind =
            || all_built_in && here().any(|(_, kind)| kind.to_lowercase() == name) && !is_plural(name);
        has_capitals || is_kind()
    };
    words("resources").into_iter().filter(is_wrong).collect()
}

/// The policies, which findings name.
pub(in crate::policy) fn names(files: &[String], library: &Library) -> Vec<String> {
    let manifests = manifests::read(files, library).unwrap_or_default();
    let policies =
        manifests.into_iter().filter(|manifest| manifest.group == GROUP && manifest.kind == POLICY);
    policies.map(|manifest| manifest.name).collect()
}
