//! Null in objects of a CustomResourceDefinition: where it is not allowed, it is as good as absent.

use serde_json::Value;

use super::shape::{Id, Others, Schema, Shape};

/// The value without fields that are null and may not be.
pub(super) fn without(schema: &Schema, id: Id, value: &Value) -> Value {
    let Some(shape) = schema.at(id) else { return value.clone() };
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter_map(|(key, value)| {
                let Some(like) = of_field(shape, key) else { return Some((key.clone(), value.clone())) };
                let stays = !value.is_null() || schema.at(like).is_none_or(|shape| shape.nullable);
                stays.then(|| (key.clone(), without(schema, like, value)))
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => match shape.items {
            Some(like) => Value::Array(items.iter().map(|item| without(schema, like, item)).collect()),
            None => value.clone(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn of_field(shape: &Shape, key: &str) -> Option<Id> {
    shape.properties.get(key).copied().or(match shape.others {
        Others::Like(like) => Some(like),
        Others::Refused | Others::Free => None,
    })
}
