//! Which kinds there are, and the shape of each: what is a field, which lists have keys, what is owned as one piece.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The shape of a value.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    String,
    Number,
    Bool,
    /// Anything, owned as one piece.
    Any,
    /// These fields and no others.
    Fields(BTreeMap<String, Shape>),
    /// Any fields, all of one shape.
    Map(Box<Shape>),
    /// Checked as what is inside, owned as one piece.
    Atomic(Box<Shape>),
    /// Items that are told apart by these keys.
    Items(Box<Shape>, Vec<String>),
    /// Plain values, each once.
    Set,
}

/// One kind.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    pub(super) group: String,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) namespaced: bool,
    /// Whether changes of its spec are counted.
    pub(super) generation: bool,
    pub(super) shape: Shape,
}

/// Every kind is served in this version.
pub(super) const VERSION: &str = "v1";

impl Kind {
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { VERSION.to_owned() } else { format!("{}/{VERSION}", self.group) }
    }

    /// `deployments.apps`.
    pub(super) fn qualified_plural(&self) -> String {
        self.qualified(&self.plural)
    }

    /// `Deployment.apps`.
    pub(super) fn qualified_kind(&self) -> String {
        self.qualified(&self.kind)
    }

    fn qualified(&self, name: &str) -> String {
        if self.group.is_empty() { name.to_owned() } else { format!("{name}.{}", self.group) }
    }
}

/// The kinds of this cluster; `None` where the description does not read, which a test rules out.
pub(super) fn kinds() -> Option<Vec<Kind>> {
    let described: Value = serde_json::from_str(include_str!("schema.json")).ok()?;
    let shapes = described.get("shapes")?.as_object()?;
    described.get("kinds")?.as_array()?.iter().map(|kind| read_kind(kind, shapes)).collect()
}

fn read_kind(described: &Value, shapes: &Map<String, Value>) -> Option<Kind> {
    let text = |key: &str| described.get(key).and_then(Value::as_str).map(str::to_owned);
    let flag = |key: &str| described.get(key).and_then(Value::as_bool);
    let mut fields = read_fields(described.get("fields")?, shapes)?;
    fields.insert("apiVersion".to_owned(), Shape::String);
    fields.insert("kind".to_owned(), Shape::String);
    fields.insert("metadata".to_owned(), read(shapes.get("metadata")?, shapes)?);
    Some(Kind {
        group: text("group")?,
        kind: text("kind")?,
        plural: text("plural")?,
        namespaced: flag("namespaced")?,
        generation: flag("generation").unwrap_or(false),
        shape: Shape::Fields(fields),
    })
}

fn read_fields(described: &Value, shapes: &Map<String, Value>) -> Option<BTreeMap<String, Shape>> {
    let fields = described.as_object()?;
    fields.iter().map(|(name, shape)| Some((name.clone(), read(shape, shapes)?))).collect()
}

fn read(described: &Value, shapes: &Map<String, Value>) -> Option<Shape> {
    if let Some(word) = described.as_str() {
        return match word {
            "string" => Some(Shape::String),
            "number" => Some(Shape::Number),
            "bool" => Some(Shape::Bool),
            "any" => Some(Shape::Any),
            named => read(shapes.get(named.strip_prefix('@')?)?, shapes),
        };
    }
    let (form, inner) = described.as_object()?.iter().next()?;
    let boxed = |shape: &Value| read(shape, shapes).map(Box::new);
    match form.as_str() {
        "fields" => read_fields(inner, shapes).map(Shape::Fields),
        "map" => boxed(inner).map(Shape::Map),
        "atomic" => boxed(inner).map(Shape::Atomic),
        "set" => Some(Shape::Set),
        "items" => {
            let keys = described.get("keys")?.as_array()?;
            let keys = keys.iter().map(|key| key.as_str().map(str::to_owned)).collect::<Option<_>>()?;
            Some(Shape::Items(boxed(inner)?, keys))
        }
        _ => None,
    }
}

/// What is wrong with a value, as `.path: what`; nothing where it fits.
pub(super) fn misfits(shape: &Shape, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(shape, value, "", &mut found);
    found
}

fn check(shape: &Shape, value: &Value, path: &str, found: &mut Vec<String>) {
    if value.is_null() {
        return;
    }
    let mut expected = |what: &str| found.push(format!("{path}: expected {what}, got {}", got(value)));
    match shape {
        Shape::Any => {}
        Shape::String if !value.is_string() => expected("string"),
        Shape::Number if !value.is_number() => expected("numeric (int or float)"),
        Shape::Bool if !value.is_boolean() => expected("boolean"),
        Shape::String | Shape::Number | Shape::Bool => {}
        Shape::Atomic(inner) => check(inner, value, path, found),
        Shape::Fields(fields) => match value.as_object() {
            None => expected("map"),
            Some(own) => {
                for (key, value) in own {
                    let path = format!("{path}.{key}");
                    match fields.get(key) {
                        Some(shape) => check(shape, value, &path, found),
                        None => found.push(format!("{path}: field not declared in schema")),
                    }
                }
            }
        },
        Shape::Map(inner) => match value.as_object() {
            None => expected("map"),
            Some(own) => {
                own.iter().for_each(|(key, value)| check(inner, value, &format!("{path}.{key}"), found))
            }
        },
        Shape::Set | Shape::Items(..) if !value.is_array() => expected("list"),
        Shape::Set => {}
        Shape::Items(inner, keys) => check_items(inner, keys, value, path, found),
    }
}

fn check_items(inner: &Shape, keys: &[String], list: &Value, path: &str, found: &mut Vec<String>) {
    let mut seen = Vec::new();
    for item in list.as_array().into_iter().flatten() {
        let key = key_path(item, keys);
        if seen.contains(&key) {
            found.push(format!("{path}: duplicate entries for key {key}"));
        }
        check(inner, item, &format!("{path}{key}"), found);
        seen.push(key);
    }
}

fn got(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

/// The keys of an item; a protocol that is not named is TCP.
pub(super) fn item_keys(item: &Value, keys: &[String]) -> Map<String, Value> {
    let value = |key: &String| match item.get(key) {
        Some(value) => value.clone(),
        None if key == "protocol" => Value::from("TCP"),
        None => Value::Null,
    };
    keys.iter().map(|key| (key.clone(), value(key))).filter(|(_, value)| !value.is_null()).collect()
}

/// `[name="web"]`.
pub(super) fn key_path(item: &Value, keys: &[String]) -> String {
    let parts: Vec<String> =
        item_keys(item, keys).iter().map(|(key, value)| format!("{key}={value}")).collect();
    format!("[{}]", parts.join(","))
}
