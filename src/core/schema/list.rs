//! Lists that are merged as sets or mappings: nothing in them may stand twice.

use std::collections::BTreeSet;

use serde_json::Value;

use super::shape::{Id, Merging, Schema};

/// The place of the first item that was there before, and the fields that tell items apart.
pub(super) fn twice(schema: &Schema, merging: &Merging, items: Option<Id>, list: &[Value]) -> Option<usize> {
    let mut seen = BTreeSet::new();
    list.iter().position(|item| match merging {
        Merging::Whole => false,
        Merging::Set => !seen.insert(item.to_string()),
        Merging::Keyed(keys) => key(schema, items, keys, item).is_some_and(|key| !seen.insert(key)),
    })
}

/// What tells an item from others; a field that is absent has its default. `None` where nothing is there.
fn key(schema: &Schema, items: Option<Id>, keys: &[String], item: &Value) -> Option<String> {
    let fields = item.as_object()?;
    let shape = items.and_then(|id| schema.at(id));
    let default = |key: &String| {
        let property = shape?.properties.get(key)?;
        schema.shapes.get(property.0)?.default.as_ref()
    };
    let value = |key: &String| fields.get(key).filter(|value| !value.is_null()).or_else(|| default(key));
    let values: Vec<Option<&Value>> = keys.iter().map(value).collect();
    let any = values.iter().any(Option::is_some);
    any.then(|| values.iter().map(|value| value.map_or_else(String::new, Value::to_string) + "\n").collect())
}
