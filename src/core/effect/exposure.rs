//! Who can reach what: services, ingresses, routes, network policies.

use std::collections::BTreeSet;

use serde_json::Value;

use super::risks::at;
use crate::object::ObjectRef;

/// Whether an object's removal opens a way.
pub(super) fn shields(object: &ObjectRef) -> bool {
    object.kind.ends_with("NetworkPolicy")
        || matches!(object.kind.as_str(), "AuthorizationPolicy" | "PeerAuthentication")
}

/// Whether a manifest lets more in, or out, than before.
pub(super) fn widens(object: &ObjectRef, before: Option<&Value>, after: &Value) -> bool {
    match (object.group.as_str(), object.kind.as_str()) {
        ("", "Service") => service(before, after),
        ("networking.k8s.io" | "extensions", "Ingress") => gains(before, after, ingress_routes),
        ("networking.k8s.io", "NetworkPolicy") => before.is_some_and(|before| policy(before, after)),
        ("route.openshift.io", "Route") => {
            gains(before, after, |body| texts(body, &["spec.host", "spec.path"]))
        }
        ("gateway.networking.k8s.io", "Gateway") => {
            gains(before, after, |body| texts(body, &["spec.listeners"]))
        }
        ("gateway.networking.k8s.io", _) => {
            gains(before, after, |body| texts(body, &["spec.hostnames", "spec.rules"]))
        }
        ("networking.istio.io", "Gateway" | "VirtualService") => {
            gains(before, after, |body| texts(body, &["spec.hosts", "spec.servers"]))
        }
        _ => shields(object) && before.is_some_and(|before| before.get("spec") != after.get("spec")),
    }
}

/// Whether a set of ways has one that was not there.
fn gains(before: Option<&Value>, after: &Value, ways: impl Fn(&Value) -> BTreeSet<String>) -> bool {
    let old = before.map(&ways).unwrap_or_default();
    ways(after).difference(&old).next().is_some()
}

/// Each value at these paths as text, the items of lists one by one.
fn texts(body: &Value, paths: &[&str]) -> BTreeSet<String> {
    let values = paths.iter().filter_map(|path| Some((path, at(body, path)?)));
    values
        .flat_map(|(path, value)| {
            let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            items.iter().map(move |item| format!("{path} {item}"))
        })
        .collect()
}

fn service(before: Option<&Value>, after: &Value) -> bool {
    let reach = |body: &Value| match at(body, "spec.type").and_then(Value::as_str) {
        Some("LoadBalancer") => 2,
        Some("NodePort") => 1,
        _ => 0,
    };
    let old = before.map_or(0, reach);
    let new = reach(after);
    let ranges = |body: &'_ Value| texts(body, &["spec.loadBalancerSourceRanges"]);
    let old_ranges = before.map(ranges).unwrap_or_default();
    let unbound = new == 2
        && old == 2
        && !old_ranges.is_empty()
        && (ranges(after).is_empty() || !ranges(after).is_subset(&old_ranges));
    let opened = new > 0 && gains(before, after, |body| texts(body, &["spec.ports"]));
    new > old || unbound || opened || gains(before, after, |body| texts(body, &["spec.externalIPs"]))
}

/// Host and path of every rule of an Ingress, and its default backend.
fn ingress_routes(body: &Value) -> BTreeSet<String> {
    let mut routes = texts(body, &["spec.defaultBackend", "spec.backend"]);
    for rule in at(body, "spec.rules").and_then(Value::as_array).into_iter().flatten() {
        let host = rule.get("host").and_then(Value::as_str).unwrap_or("*");
        let paths = at(rule, "http.paths").and_then(Value::as_array);
        routes.insert(host.to_owned());
        for path in paths.into_iter().flatten() {
            let text = |key: &str| path.get(key).and_then(Value::as_str).unwrap_or_default();
            routes.insert(format!("{host} {} {}", text("path"), text("pathType")));
        }
    }
    routes
}

/// Whether a NetworkPolicy may let through what it did not: anything but taking rules away.
fn policy(before: &Value, after: &Value) -> bool {
    let types = |body: &Value| {
        let named = texts(body, &["spec.policyTypes"]);
        let named: BTreeSet<bool> = named.iter().map(|name| name.contains("Egress")).collect();
        let guessed =
            || BTreeSet::from_iter([false].into_iter().chain(at(body, "spec.egress").map(|_| true)));
        if named.is_empty() { guessed() } else { named }
    };
    at(before, "spec.podSelector") != at(after, "spec.podSelector")
        || !types(before).is_subset(&types(after))
        || ["spec.ingress", "spec.egress"]
            .iter()
            .any(|rules| gains(Some(before), after, |body| texts(body, &[rules])))
}
