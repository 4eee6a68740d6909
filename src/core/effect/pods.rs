//! Pods, wherever they stand in a manifest: what they may do on their node, and the images they run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::risks::at;

/// Every pod in a manifest by its path: whatever has `containers`.
fn specs(body: &Value) -> BTreeMap<String, &Value> {
    let mut found = BTreeMap::new();
    collect(body, &mut String::new(), &mut found);
    found
}

fn collect<'a>(value: &'a Value, path: &mut String, found: &mut BTreeMap<String, &'a Value>) {
    let length = path.len();
    match value {
        Value::Object(entries) => {
            if entries.get("containers").is_some_and(Value::is_array) {
                found.insert(path.clone(), value);
            }
            for (key, inner) in entries {
                path.push('.');
                path.push_str(key);
                collect(inner, path, found);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                collect(inner, path, found);
                path.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The containers of a pod: their names, and they.
fn containers(pod: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    lists
        .into_iter()
        .filter_map(|list| pod.get(list).and_then(Value::as_array))
        .flatten()
        .map(|container| (container.get("name").and_then(Value::as_str).unwrap_or_default(), container))
}

/// What the pods of a manifest are allowed, and what holds them back.
#[derive(Default)]
struct Powers {
    grants: BTreeSet<String>,
    bounds: BTreeSet<String>,
    containers: BTreeSet<String>,
    account: BTreeMap<String, String>,
}

impl Powers {
    fn of(body: &Value) -> Self {
        let mut powers = Self::default();
        for (path, pod) in specs(body) {
            powers.pod(&path, pod);
        }
        powers
    }

    fn pod(&mut self, path: &str, pod: &Value) {
        for flag in ["hostNetwork", "hostPID", "hostIPC"] {
            if pod.get(flag) == Some(&Value::Bool(true)) {
                self.grants.insert(format!("{path} {flag}"));
            }
        }
        for volume in pod.get("volumes").and_then(Value::as_array).into_iter().flatten() {
            if let Some(host) = volume.get("hostPath") {
                self.grants.insert(format!("{path} hostPath {}", host.get("path").unwrap_or(host)));
            }
        }
        if let Some(account) = pod.get("serviceAccountName").and_then(Value::as_str) {
            self.account.insert(path.to_owned(), account.to_owned());
        }
        self.context(path, pod.get("securityContext"));
        self.containers.insert(path.to_owned());
        for (name, container) in containers(pod) {
            let place = format!("{path}/{name}");
            self.context(&place, container.get("securityContext"));
            self.containers.insert(place);
        }
    }

    /// A security context, of a pod or of a container.
    fn context(&mut self, place: &str, context: Option<&Value>) {
        let Some(context) = context else { return };
        let is = |path: &str, wanted: Value| at(context, path) == Some(&wanted);
        let grants = [
            ("privileged", is("privileged", true.into())),
            ("allowPrivilegeEscalation", is("allowPrivilegeEscalation", true.into())),
            ("runAsUser 0", is("runAsUser", 0.into())),
            ("runAsGroup 0", is("runAsGroup", 0.into())),
            ("procMount", is("procMount", "Unmasked".into())),
            ("seccomp", is("seccompProfile.type", "Unconfined".into())),
            ("apparmor", is("appArmorProfile.type", "Unconfined".into())),
            ("hostProcess", is("windowsOptions.hostProcess", true.into())),
        ];
        let bounds = [
            ("allowPrivilegeEscalation", is("allowPrivilegeEscalation", false.into())),
            ("runAsNonRoot", is("runAsNonRoot", true.into())),
        ];
        let held = |set: &[(&str, bool)]| -> Vec<String> {
            set.iter().filter(|(_, holds)| *holds).map(|(what, _)| format!("{place} {what}")).collect()
        };
        self.grants.extend(held(&grants));
        self.bounds.extend(held(&bounds));
        let capabilities = |list: &str| {
            let names = at(context, "capabilities").and_then(|all| all.get(list)).and_then(Value::as_array);
            names
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_ascii_uppercase)
                .collect::<Vec<_>>()
        };
        self.grants.extend(capabilities("add").iter().map(|name| format!("{place} +{name}")));
        self.bounds.extend(capabilities("drop").iter().map(|name| format!("{place} -{name}")));
    }

    /// Whether `self` may do something that `before` may not.
    fn exceed(&self, before: &Self) -> bool {
        let place = |bound: &String| bound.split(' ').next().unwrap_or_default().to_owned();
        let lost =
            before.bounds.difference(&self.bounds).any(|bound| self.containers.contains(&place(bound)));
        let account =
            before.account.iter().any(|(path, old)| self.account.get(path).is_some_and(|new| new != old));
        lost || account || self.grants.difference(&before.grants).next().is_some()
    }
}

/// Whether pods of the manifest may do more than before: privileged, host namespaces and paths, capabilities, root,
/// another service account, or a bound that is gone.
pub(super) fn gains_privilege(before: Option<&Value>, after: &Value) -> bool {
    Powers::of(after).exceed(&before.map(Powers::of).unwrap_or_default())
}

/// Whether a container of the manifest listens on a port of its node where it did not.
pub(super) fn opens_host_port(before: Option<&Value>, after: &Value) -> bool {
    let ports = |body: &Value| -> BTreeSet<String> {
        let pods = specs(body);
        let of_container = |container: &Value| {
            let ports = container.get("ports").and_then(Value::as_array).into_iter().flatten();
            ports.filter_map(|port| port.get("hostPort")).map(Value::to_string).collect::<Vec<_>>()
        };
        pods.values()
            .flat_map(|pod| containers(pod))
            .flat_map(|(_, container)| of_container(container))
            .collect()
    };
    let old = before.map(ports).unwrap_or_default();
    ports(after).difference(&old).next().is_some()
}

/// Whether a container runs another image, or a new container runs one.
pub(super) fn changes_image(before: &Value, after: &Value) -> bool {
    let images = |body: &Value| -> BTreeSet<String> {
        let pods = specs(body);
        pods.iter()
            .flat_map(|(path, pod)| containers(pod).map(move |(name, container)| (path, name, container)))
            .filter_map(|(path, name, container)| Some(format!("{path}/{name} {}", container.get("image")?)))
            .collect()
    };
    images(after).difference(&images(before)).next().is_some()
}
