//! What may be told of an object that a change does not name: which fields its kind has, and never what it has in them.

use std::collections::BTreeSet;

use serde_json::Value;

/// What of a schema is about which fields there are, and of which type. No value changes the answer of such a schema, nor
/// does one that chooses among branches.
const STRUCTURE: [&str; 10] = [
    "additionalProperties",
    "default",
    "items",
    "nullable",
    "properties",
    "required",
    "type",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
];

/// A schema without what it asks of values.
pub(super) fn structure(schema: &Value) -> Value {
    let Value::Object(entries) = schema else { return schema.clone() };
    let kept = entries.iter().filter(|(key, _)| STRUCTURE.contains(&key.as_str()));
    let kept = kept.map(|(key, value)| {
        let value = match (key.as_str(), value) {
            ("properties", Value::Object(fields)) => {
                fields.iter().map(|(name, field)| (name.clone(), structure(field))).collect()
            }
            ("items" | "additionalProperties", below) => structure(below),
            (_, as_it_is) => as_it_is.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(kept.collect())
}

/// What a definition calls the fields of its objects.
pub(super) fn names_in(definition: &Value) -> impl Iterator<Item = String> {
    fn below(value: &Value, all: &mut Vec<String>) {
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    match (key.as_str(), value) {
                        ("properties", Value::Object(fields)) => all.extend(fields.keys().cloned()),
                        ("required", Value::Array(fields)) => {
                            all.extend(fields.iter().filter_map(Value::as_str).map(str::to_owned));
                        }
                        _ => {}
                    }
                    below(value, all);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| below(item, all)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut all = ["apiVersion", "kind", "metadata", "spec", "status"].map(str::to_owned).to_vec();
    below(definition, &mut all);
    all.into_iter()
}

/// A path without what the object itself called its keys, and told its items apart by: `spec.ports[].*.size`.
pub(super) fn veiled(path: &str, names: &BTreeSet<String>) -> String {
    let (mut told, mut rest) = (String::new(), path);
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let end = bracketed(inner);
            let (own, after) = inner.split_at(end);
            let key = serde_json::from_str::<String>(own).ok();
            told.push_str(&match key {
                Some(key) if names.contains(&key) => format!("[{own}]"),
                Some(_) => "[*]".to_owned(),
                None => "[]".to_owned(),
            });
            rest = after.strip_prefix(']').unwrap_or(after);
            continue;
        }
        let plain = rest.strip_prefix('.').unwrap_or(rest);
        let (name, after) = plain.split_at(plain.find(['.', '[']).unwrap_or(plain.len()));
        if !told.is_empty() {
            told.push('.');
        }
        told.push_str(if names.contains(name) { name } else { "*" });
        rest = after;
    }
    told
}

/// How far it is to the bracket that closes; one within quotes does not.
fn bracketed(inner: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, sign) in inner.char_indices() {
        match sign {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return at,
            _ => {}
        }
    }
    inner.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_tells_no_key_that_the_object_made_up() {
        let names: BTreeSet<String> = ["spec", "ports", "a.b", "size"].map(str::to_owned).into();
        for (path, told) in [
            ("spec.size", "spec.size"),
            ("spec.hunter2.size", "spec.*.size"),
            ("spec.ports[name=hunter2].size", "spec.ports[].size"),
            (r#"spec.ports[name="a]\"].b"].size"#, "spec.ports[].size"),
            (r#"spec["a.b"]["c.d"].size"#, r#"spec["a.b"][*].size"#),
            ("spec.ports[0][1].hunter2", "spec.ports[][].*"),
            ("spec[", "spec[]"),
            ("", ""),
        ] {
            assert_eq!(veiled(path, &names), told, "{path}");
        }
    }

    #[test]
    fn a_structure_says_nothing_of_values() {
        let schema = json!({
            "type": "object", "required": ["a"], "description": "What it is.", "maxProperties": 2,
            "anyOf": [{ "required": ["b"] }],
            "properties": {
                "pattern": { "type": "string", "pattern": "^a", "enum": ["a"], "minLength": 1 },
                "b": { "type": "array", "items": { "type": "string", "format": "date" }, "minItems": 1 },
                "c": { "additionalProperties": { "not": {}, "nullable": true } },
                "d": { "additionalProperties": true },
            },
        });
        assert_eq!(
            structure(&schema),
            json!({
                "type": "object", "required": ["a"],
                "properties": {
                    "pattern": { "type": "string" },
                    "b": { "type": "array", "items": { "type": "string" } },
                    "c": { "additionalProperties": { "nullable": true } },
                    "d": { "additionalProperties": true },
                },
            })
        );
    }
}
