//! Who may do what: roles, bindings, admission, and the pod security of namespaces.

use serde_json::Value;

use super::risks::at;
use crate::object::ObjectRef;

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

/// Whether an object's removal takes a guard away.
pub(super) fn guards(object: &ObjectRef) -> bool {
    object.group == ADMISSION
}

/// Whether a manifest gives somebody more than before.
pub(super) fn gains_privilege(object: &ObjectRef, before: Option<&Value>, after: &Value) -> bool {
    match (object.group.as_str(), object.kind.as_str()) {
        (RBAC, "Role" | "ClusterRole") => role(before, after),
        (RBAC, "RoleBinding" | "ClusterRoleBinding") => binding(before, after),
        (ADMISSION, _) => true,
        ("", "Namespace") => before.is_some_and(|before| pod_security(after) < pod_security(before)),
        _ => false,
    }
}

fn role(before: Option<&Value>, after: &Value) -> bool {
    let rules = |body: &'_ Value| body.get("rules").and_then(Value::as_array).cloned().unwrap_or_default();
    let old = before.map(rules).unwrap_or_default();
    let aggregation = |body: Option<&Value>| body.and_then(|body| body.get("aggregationRule")).cloned();
    let aggregates = aggregation(Some(after)).is_some() && aggregation(Some(after)) != aggregation(before);
    let joins = |body: Option<&Value>| {
        let labels = body.and_then(|body| at(body, "metadata.labels")).and_then(Value::as_object);
        let own = |key: &&String| key.starts_with("rbac.authorization.k8s.io/aggregate-to-");
        labels.map(|labels| labels.keys().filter(own).cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    let old_joins = joins(before);
    aggregates
        || joins(Some(after)).iter().any(|label| !old_joins.contains(label))
        || rules(after).iter().any(|rule| !is_covered(rule, &old))
}

/// The most single permissions of a rule that are looked at one by one; a larger rule counts as more than before.
const MAX_ATOMS: usize = 20_000;

/// Whether everything that a rule allows is allowed by some rule of another list.
fn is_covered(rule: &Value, old: &[Value]) -> bool {
    if old.contains(rule) {
        return true;
    }
    let (groups, resources) = (texts(rule, "apiGroups"), texts(rule, "resources"));
    let (verbs, names, urls) =
        (texts(rule, "verbs"), texts(rule, "resourceNames"), texts(rule, "nonResourceURLs"));
    if groups.len() * resources.len().max(1) * verbs.len() * names.len().max(1) + urls.len() * verbs.len()
        > MAX_ATOMS
    {
        return false;
    }
    let holds = |rule: &Value, key: &str, wanted: &str| {
        texts(rule, key).into_iter().any(|own| own == wanted || own == "*")
    };
    let named = |rule: &Value, wanted: Option<&&str>| {
        let own = texts(rule, "resourceNames");
        own.is_empty() || wanted.is_some_and(|wanted| own.contains(wanted))
    };
    let every_name: Vec<Option<&&str>> =
        if names.is_empty() { vec![None] } else { names.iter().map(Some).collect() };
    let resource_covered = |group: &str, resource: &str, verb: &str, name: Option<&&str>| {
        old.iter().any(|rule| {
            holds(rule, "apiGroups", group)
                && holds(rule, "resources", resource)
                && holds(rule, "verbs", verb)
                && named(rule, name)
        })
    };
    let url_covered = |url: &str, verb: &str| {
        old.iter().any(|rule| holds(rule, "nonResourceURLs", url) && holds(rule, "verbs", verb))
    };
    verbs.iter().all(|verb| {
        urls.iter().all(|url| url_covered(url, verb))
            && groups.iter().all(|group| {
                resources.iter().all(|resource| {
                    every_name.iter().all(|name| resource_covered(group, resource, verb, *name))
                })
            })
    })
}

fn texts<'a>(rule: &'a Value, key: &str) -> Vec<&'a str> {
    rule.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn binding(before: Option<&Value>, after: &Value) -> bool {
    let subjects =
        |body: &'_ Value| body.get("subjects").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(before) = before else { return true };
    let old = subjects(before);
    before.get("roleRef") != after.get("roleRef")
        || subjects(after).iter().any(|subject| !old.contains(subject))
}

/// How strict the namespace's enforced pod security is.
fn pod_security(body: &Value) -> u8 {
    let labels = at(body, "metadata.labels");
    let level =
        labels.and_then(|labels| labels.get("pod-security.kubernetes.io/enforce")).and_then(Value::as_str);
    match level {
        Some("restricted") => 2,
        Some("baseline") => 1,
        _ => 0,
    }
}
