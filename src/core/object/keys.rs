//! How the items of a list are told apart: by the merge keys of the API where they are known, else by `name`.

use serde_json::Value;

/// Merge keys by the field that holds the list. A key that is absent in an item is left out of its identity; the
/// first must be there.
const KEYS: &[(&str, &[&str])] = &[
    ("conditions", &["type"]),
    ("hostAliases", &["ip"]),
    ("items", &["key"]),
    ("limits", &["type"]),
    ("matchExpressions", &["key", "operator"]),
    ("ownerReferences", &["uid"]),
    ("paths", &["path", "pathType"]),
    ("rules", &["host"]),
    ("subjects", &["kind", "namespace", "name"]),
    ("tls", &["secretName"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("volumeClaimTemplates", &["metadata.name"]),
    ("volumeDevices", &["devicePath"]),
    ("volumeMounts", &["mountPath", "subPath"]),
];

/// What tells an item of the list in `field` from its siblings, as people read it: `name=web`. `None` where it has
/// nothing of its own.
pub(crate) fn item_key(field: &str, item: &Value) -> Option<String> {
    let entries = item.as_object()?;
    if field == "ports" {
        let port = ["containerPort", "port", "name"];
        let own = port.iter().find_map(|name| Some(format!("{name}={}", scalar(entries.get(*name)?)?)))?;
        let protocol = entries.get("protocol").and_then(Value::as_str).unwrap_or(DEFAULT_PROTOCOL);
        return Some(if protocol == DEFAULT_PROTOCOL {
            own
        } else {
            format!("{own},protocol={}", quoted(protocol))
        });
    }
    let names = KEYS.iter().find(|(known, _)| *known == field).map_or(&["name"][..], |(_, names)| names);
    let mut parts = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let value = name.split('.').try_fold(item, |value, part| value.get(part)).and_then(scalar);
        match value {
            Some(value) => parts.push(format!("{}={value}", name.rsplit('.').next().unwrap_or(name))),
            None if index == 0 => return None,
            None => {}
        }
    }
    Some(parts.join(","))
}

/// The protocol of a port that names none.
pub(crate) const DEFAULT_PROTOCOL: &str = "TCP";

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(quoted(text)),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text as part of a path: as it is where nothing in it could be taken for the path's own signs.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '*');
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { Value::from(text).to_string() }
}

/// Appends a map's key to a path: `.name`, or `["a.b/c"]` where it is not a plain word.
pub(crate) fn push_key(path: &mut String, key: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if key.is_empty() || !key.chars().all(plain) {
        path.push('[');
        path.push_str(&Value::from(key).to_string());
        path.push(']');
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}
