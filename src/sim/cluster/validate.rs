//! What the server refuses of an object that fits its schema.

use serde_json::{Map, Value, json};

use super::schema::Kind;
use super::status::Cause;

/// Everything that is wrong with an object, given what it was before.
pub(super) fn causes(kind: &Kind, old: Option<&Value>, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    name(new, &mut causes);
    match kind.kind.as_str() {
        "Deployment" => deployment(old, new, &mut causes),
        "StatefulSet" => stateful_set(old, new, &mut causes),
        "PersistentVolumeClaim" => claim(old, new, &mut causes),
        "Service" => service(old, new, &mut causes),
        "ConfigMap" | "Secret" => frozen(old, new, &mut causes),
        _ => {}
    }
    causes
}

fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    object.pointer(path).unwrap_or(&Value::Null)
}

fn name(new: &Value, causes: &mut Vec<Cause>) {
    const RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
        and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
        '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    let name = at(new, "/metadata/name");
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let ends = |text: &str| text.starts_with(['-', '.']) || text.ends_with(['-', '.']);
    if !name.as_str().is_some_and(|name| !name.is_empty() && name.chars().all(inside) && !ends(name)) {
        causes.push(Cause::invalid("metadata.name", name, RULE));
    }
}

fn replicas(new: &Value, causes: &mut Vec<Cause>) {
    let replicas = at(new, "/spec/replicas");
    if replicas.as_i64().is_some_and(|replicas| replicas < 0) {
        causes.push(Cause::invalid("spec.replicas", replicas, "must be greater than or equal to 0"));
    }
}

fn template(new: &Value, causes: &mut Vec<Cause>) {
    let labels = at(new, "/spec/template/metadata/labels");
    let wanted = at(new, "/spec/selector/matchLabels").as_object();
    if wanted.into_iter().flatten().any(|(key, value)| labels.get(key) != Some(value)) {
        let detail = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, detail));
    }
    let containers = at(new, "/spec/template/spec/containers").as_array();
    for (index, container) in containers.into_iter().flatten().enumerate() {
        for field in ["name", "image"].into_iter().filter(|field| container.get(field).is_none()) {
            causes.push(Cause::required(&format!("spec.template.spec.containers[{index}].{field}")));
        }
    }
}

fn deployment(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    replicas(new, causes);
    template(new, causes);
    let strategy = at(new, "/spec/strategy");
    if strategy.get("type") == Some(&json!("Recreate")) && strategy.get("rollingUpdate").is_some() {
        let detail = "may not be specified when strategy `type` is 'Recreate'";
        causes.push(Cause::forbidden("spec.strategy.rollingUpdate", detail));
    }
    let selector = at(new, "/spec/selector");
    if old.is_some_and(|old| at(old, "/spec/selector") != selector) {
        causes.push(Cause::invalid("spec.selector", selector, "field is immutable"));
    }
}

fn stateful_set(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    const MUTABLE: [&str; 7] = [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];
    replicas(new, causes);
    template(new, causes);
    if old.is_some_and(|old| without(at(old, "/spec"), &MUTABLE) != without(at(new, "/spec"), &MUTABLE)) {
        let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
            'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
            'minReadySeconds' are forbidden";
        causes.push(Cause::forbidden("spec", detail));
    }
}

fn without(spec: &Value, mutable: &[&str]) -> Map<String, Value> {
    let fields = spec.as_object().into_iter().flatten();
    let fixed = fields.filter(|(key, _)| !mutable.contains(&key.as_str()));
    fixed.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn claim(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let Some(old) = old else { return };
    // A class may be given once to a claim that has none.
    let mutable: &[&str] =
        if at(old, "/spec/storageClassName").is_null() { &["storageClassName"] } else { &[] };
    if without(at(old, "/spec"), mutable) != without(at(new, "/spec"), mutable) {
        let detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName \
            for bound claims";
        causes.push(Cause::forbidden("spec", detail));
    }
}

fn service(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let (before, after) = (old.map(|old| at(old, "/spec/clusterIP")), at(new, "/spec/clusterIP"));
    if before.is_some_and(|before| before != after) {
        causes.push(Cause::invalid("spec.clusterIPs[0]", &json!([after]), "may not change once set"));
    }
}

fn frozen(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let Some(old) = old.filter(|old| at(old, "/immutable") == &json!(true)) else { return };
    let detail = "field is immutable when `immutable` is set";
    for field in ["data", "immutable"].into_iter().filter(|field| old.get(field) != new.get(field)) {
        causes.push(Cause::forbidden(field, detail));
    }
}
