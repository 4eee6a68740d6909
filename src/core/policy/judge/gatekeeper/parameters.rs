//! Parameters of a constraint by the schema of its template: what is left out gets its default, and what the schema
//! certainly does not allow is refused. Only what is cheap and certain is looked at: types, names, what is required.

use serde_json::{Map, Value};

/// Fills in defaults.
pub(super) fn fill(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in properties(schema) {
                if let (None, Some(default)) = (fields.get(name), inner.get("default")) {
                    fields.insert(name.clone(), default.clone());
                }
                if let Some(field) = fields.get_mut(name) {
                    fill(inner, field);
                }
            }
            if let Some(inner) = schema.get("additionalProperties").filter(|inner| inner.is_object()) {
                fields.values_mut().for_each(|field| fill(inner, field));
            }
        }
        Value::Array(items) => {
            if let Some(inner) = schema.get("items") {
                items.iter_mut().for_each(|item| fill(inner, item));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The first thing that a schema does not allow; `at` is where the value stands.
///
/// # Errors
///
/// A sentence that names it.
pub(super) fn check(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let wanted = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let fits = match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        _ => true,
    };
    let nullable = value.is_null() && schema.get("nullable") == Some(&Value::Bool(true));
    if !fits && !nullable {
        return Err(format!("`{at}` has to be of the type {wanted}"));
    }
    let allowed = schema.get("enum").and_then(Value::as_array);
    if !allowed.is_none_or(|allowed| allowed.contains(value)) {
        return Err(format!("`{at}` is none of the values that the template allows"));
    }
    match value {
        Value::Object(fields) => check_fields(schema, fields, at),
        Value::Array(items) => match schema.get("items") {
            Some(inner) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| check(inner, item, &format!("{at}[{index}]"))),
            None => Ok(()),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn check_fields(schema: &Value, fields: &Map<String, Value>, at: &str) -> Result<(), String> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    if let Some(missing) = required.filter_map(Value::as_str).find(|name| !fields.contains_key(*name)) {
        return Err(format!("`{at}` has no `{missing}`"));
    }
    let keeps = schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
    let more = schema.get("additionalProperties");
    for (name, value) in fields {
        let place = format!("{at}.{name}");
        match (schema.get("properties").and_then(|known| known.get(name)), more) {
            (Some(inner), _) => check(inner, value, &place)?,
            (None, Some(inner)) if inner.is_object() => check(inner, value, &place)?,
            (None, Some(Value::Bool(true))) => {}
            (None, _) if keeps || schema.get("properties").is_none() => {}
            (None, _) => return Err(format!("the template has no parameter `{place}`")),
        }
    }
    Ok(())
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}
