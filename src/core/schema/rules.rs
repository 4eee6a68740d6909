//! Rules in CEL beside a schema (`x-kubernetes-validations`): which values of an object they are about, and how their
//! expressions see those. Evaluates nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::null;
use super::shape::{Id, Merging, Others, Schema, Shape, Type};
use crate::object::keys::{item_key, push_key};

/// A rule as it is written.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rule {
    /// `self.replicas <= self.most`
    pub(crate) rule: String,
    pub(crate) message: Option<String>,
    pub(crate) message_expression: Option<String>,
    /// Which field is to blame: `.replicas`.
    pub(crate) field_path: Option<String>,
    /// Whether `oldSelf` is an optional value, and the rule holds for new objects too.
    pub(crate) optional_old_self: Option<bool>,
}

/// A value that rules are about.
#[derive(Debug)]
pub(crate) struct Place<'s> {
    /// As people read it; empty for the object.
    pub(crate) path: String,
    pub(crate) rules: &'s [Rule],
    /// `self`; what is there that expressions here cannot see as a server does, where there is something.
    pub(crate) now: Result<Value, &'static str>,
    /// `oldSelf`, where the value can be told to be the same one.
    pub(crate) before: Option<Value>,
    /// Whether a list below is merged, which `+` does then, too.
    pub(crate) merges: bool,
    /// The same value and what it was with merged lists in another order, where that is another one: a server compares
    /// them as sets, expressions here in their order.
    pub(crate) otherwise: Option<(Value, Option<Value>)>,
}

/// Every value of an object that rules are about. `before` is what it was, where it is an update.
pub(crate) fn places<'s>(schema: &'s Schema, object: &Value, before: Option<&Value>) -> Vec<Place<'s>> {
    let whole = |object: &Value| {
        let mut object = null::without(schema, schema.root, object);
        fill(schema, schema.root, &mut object);
        object
    };
    let (object, before) = (whole(object), before.map(whole));
    let mut found = Finding { schema, places: Vec::new(), path: String::new() };
    found.visit(schema.root, "", &object, before.as_ref(), true);
    found.places
}

/// Fills in the defaults of a schema.
fn fill(schema: &Schema, id: Id, value: &mut Value) {
    let Some(shape) = schema.at(id) else { return };
    match value {
        Value::Object(fields) => {
            for (key, property) in &shape.properties {
                let default = schema.at(*property).and_then(|shape| shape.default.as_ref());
                if let Some(default) = default.filter(|_| !fields.contains_key(key)) {
                    fields.insert(key.clone(), default.clone());
                }
            }
            for (key, value) in fields {
                if let Some(like) = field(shape, key) {
                    fill(schema, like, value);
                }
            }
        }
        Value::Array(items) => {
            for (item, like) in items.iter_mut().zip(std::iter::repeat(shape.items)) {
                if let Some(like) = like {
                    fill(schema, like, item);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn field(shape: &Shape, key: &str) -> Option<Id> {
    shape.properties.get(key).copied().or(match shape.others {
        Others::Like(like) => Some(like),
        Others::Refused | Others::Free => None,
    })
}

struct Finding<'s> {
    schema: &'s Schema,
    places: Vec<Place<'s>>,
    path: String,
}

impl<'s> Finding<'s> {
    /// `name`: the field that the value stands in.
    fn visit(&mut self, id: Id, name: &str, value: &Value, before: Option<&Value>, is_whole: bool) {
        let schema = self.schema;
        let Some(shape) = schema.at(id) else { return };
        if !shape.rules.is_empty() {
            let see = |now: &Value| {
                let before = before.map(|before| aligned(schema, id, now, before));
                let before = before.and_then(|before| seen(schema, id, &before, is_whole).ok());
                (seen(schema, id, now, is_whole), before)
            };
            let (now, was) = see(value);
            let other = other_order(schema, id, value);
            let otherwise = (other != *value).then(|| see(&other));
            self.places.push(Place {
                path: self.path.clone(),
                rules: &shape.rules,
                now,
                before: was,
                merges: merges(schema, id),
                otherwise: otherwise.and_then(|(now, before)| Some((now.ok()?, before))),
            });
        }
        let length = self.path.len();
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    // Of what every object has, schemas may say next to nothing.
                    let Some(like) = field(shape, key).filter(|_| !(is_whole && key == "metadata")) else {
                        continue;
                    };
                    push_key(&mut self.path, key);
                    self.visit(like, key, value, before.and_then(|before| before.get(key)), false);
                    self.path.truncate(length);
                }
            }
            Value::Array(items) => {
                let Some(like) = shape.items else { return };
                let before = before.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                for (index, item) in items.iter().enumerate() {
                    let key = item_key(name, item).unwrap_or_else(|| index.to_string());
                    self.path.push_str(&format!("[{key}]"));
                    self.visit(like, name, item, counterpart(&shape.merging, item, before), false);
                    self.path.truncate(length);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// The item that was this one. Only lists that are merged by keys have such.
fn counterpart<'v>(merging: &Merging, item: &Value, before: &'v [Value]) -> Option<&'v Value> {
    let Merging::Keyed(keys) = merging else { return None };
    before.iter().find(|other| keys.iter().all(|key| other.get(key) == item.get(key)))
}

/// What was, with its sets and keyed lists in the order of what is: they are equal whatever their order.
fn aligned(schema: &Schema, id: Id, now: &Value, before: &Value) -> Value {
    let Some(shape) = schema.at(id) else { return before.clone() };
    match (now, before) {
        (Value::Object(now), Value::Object(before)) => {
            let fields = before.iter().map(|(key, value)| {
                let other = field(shape, key).zip(now.get(key));
                (
                    key.clone(),
                    other.map_or_else(|| value.clone(), |(like, now)| aligned(schema, like, now, value)),
                )
            });
            Value::Object(fields.collect())
        }
        (Value::Array(now), Value::Array(before)) => {
            let place = |item: &Value| match &shape.merging {
                Merging::Whole => None,
                Merging::Set => now.iter().position(|other| other == item),
                Merging::Keyed(_) => now.iter().position(|other| {
                    counterpart(&shape.merging, other, std::slice::from_ref(item)).is_some()
                }),
            };
            let align = |item: &Value| {
                let place = place(item);
                let other = place.and_then(|place| now.get(place)).zip(shape.items);
                let item = other.map(|(now, like)| aligned(schema, like, now, item));
                (place.unwrap_or(usize::MAX), item)
            };
            let items = before.iter().map(|item| (align(item), item));
            let mut items: Vec<(usize, Value)> =
                items.map(|((place, found), item)| (place, found.unwrap_or_else(|| item.clone()))).collect();
            if shape.merging != Merging::Whole {
                items.sort_by_key(|(place, _)| *place);
            }
            Value::Array(items.into_iter().map(|(_, item)| item).collect())
        }
        _ => before.clone(),
    }
}

/// A value with every merged list in another order: sorted, or the other way round where it is that.
fn other_order(schema: &Schema, id: Id, value: &Value) -> Value {
    let Some(shape) = schema.at(id) else { return value.clone() };
    match value {
        Value::Object(fields) => {
            let other = |(key, value): (&String, &Value)| {
                let like = field(shape, key);
                (key.clone(), like.map_or_else(|| value.clone(), |like| other_order(schema, like, value)))
            };
            Value::Object(fields.iter().map(other).collect())
        }
        Value::Array(items) => {
            let other = |item: &Value| {
                shape.items.map_or_else(|| item.clone(), |like| other_order(schema, like, item))
            };
            let items: Vec<Value> = items.iter().map(other).collect();
            if shape.merging == Merging::Whole {
                return Value::Array(items);
            }
            let mut sorted = items.clone();
            sorted.sort_by_cached_key(Value::to_string);
            if sorted == items {
                sorted.reverse();
            }
            Value::Array(sorted)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Whether any list of a value of this shape is merged.
fn merges(schema: &Schema, id: Id) -> bool {
    let Some(shape) = schema.at(id) else { return false };
    let like = match shape.others {
        Others::Like(like) => Some(like),
        Others::Refused | Others::Free => None,
    };
    shape.merging != Merging::Whole
        || shape.properties.values().copied().chain(like).chain(shape.items).any(|id| merges(schema, id))
}

/// Formats whose values are no texts to a server.
const TYPED: [&str; 4] = ["byte", "date", "date-time", "duration"];

/// A value as expressions see it: the declared fields under names that they can spell, numbers of the declared type.
/// What is not declared counts when values are compared, and has a name that no expression can spell.
fn seen(schema: &Schema, id: Id, value: &Value, is_whole: bool) -> Result<Value, &'static str> {
    let Some(shape) = schema.at(id) else { return Ok(value.clone()) };
    match value {
        Value::Object(fields) => {
            let mut all = Map::new();
            let is_map = matches!(shape.others, Others::Like(_)) && shape.properties.is_empty();
            let identified = is_whole || shape.embedded;
            for (key, value) in fields {
                if identified && key == "metadata" {
                    continue;
                }
                let Some(like) = field(shape, key) else {
                    all.insert(format!("?{key}"), value.clone());
                    continue;
                };
                // A field that is null is not there.
                if is_map || !value.is_null() {
                    let name = if is_map { key.clone() } else { spelt(key) };
                    all.insert(name, seen(schema, like, value, false)?);
                }
            }
            if identified {
                all.extend(identity(fields));
            }
            Ok(Value::Object(all))
        }
        Value::Array(items) => {
            let item =
                |item: &Value| shape.items.map_or(Ok(item.clone()), |like| seen(schema, like, item, false));
            items.iter().map(item).collect::<Result<_, _>>().map(Value::Array)
        }
        Value::String(_) if shape.format.as_deref().is_some_and(|format| TYPED.contains(&format)) => {
            Err("times, durations and bytes")
        }
        Value::Number(number) if shape.types == [Type::Number] => {
            Ok(number.as_f64().map_or_else(|| value.clone(), Value::from))
        }
        Value::Number(number) if shape.types == [Type::Integer] && number.is_f64() => {
            Ok(whole(number).map_or_else(|| value.clone(), Value::from))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
    }
}

/// A number with a fraction of zero.
fn whole(number: &serde_json::Number) -> Option<i64> {
    format!("{:.0}", number.as_f64()?).parse().ok()
}

/// What is seen of every whole object.
fn identity(fields: &Map<String, Value>) -> BTreeMap<String, Value> {
    let mut told: BTreeMap<String, Value> = BTreeMap::new();
    for key in ["apiVersion", "kind"] {
        told.extend(fields.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    let mut metadata = Map::new();
    for key in ["name", "generateName"] {
        let own = fields.get("metadata").and_then(|metadata| metadata.get(key));
        metadata.extend(own.map(|value| (key.to_owned(), value.clone())));
    }
    told.insert("metadata".to_owned(), json!(metadata));
    told
}

/// Words of CEL, which no field can be called.
const WORDS: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A field's name as expressions spell it: `x-kind` is `x__dash__kind`.
fn spelt(name: &str) -> String {
    if WORDS.contains(&name) {
        return format!("__{name}__");
    }
    let name = name.replace("__", "__underscores__");
    name.replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
}

#[cfg(test)]
mod tests {
    use super::spelt;

    #[test]
    fn fields_are_spelt_as_expressions_can() {
        for (name, want) in [
            ("replicas", "replicas"),
            ("namespace", "__namespace__"),
            ("x-kind", "x__dash__kind"),
            ("a.b/c", "a__dot__b__slash__c"),
            ("a__b", "a__underscores__b"),
            ("a_b", "a_b"),
        ] {
            assert_eq!(spelt(name), want);
        }
    }
}
