//! An object against its schema: everything that is wrong with it, by path. Bounded in steps, depth and words.

use serde_json::{Map, Value};

use super::choice::Answer;
use super::format;
use super::shape::{Dialect, Id, Merging, Others, Schema, Shape, Type, kind_of};
use super::shipped::Catalogue;
use super::{list, null};
use crate::config::{nearest, one_of};
use crate::object::is_sealed;
use crate::object::keys::{item_key, push_key};

/// The most steps for one object: what it and its schema multiply to.
const MOST_STEPS: u32 = 2_000_000;
/// How deep an object may be judged.
const DEEPEST: u32 = 250;
/// The most that is told of one object.
const MOST_FLAWS: usize = 50;

/// Something that is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Flaw {
    /// As people read it: `spec.containers[name=web].image`.
    pub(crate) path: String,
    /// What kind of mistake: `unknown-field`.
    pub(crate) rule: &'static str,
    pub(crate) message: String,
    pub(crate) weight: Weight,
}

/// Whether the API server refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    Refused,
    Doubtful,
}

/// Everything that is wrong with an object of a kind, in the order of its fields.
///
/// # Errors
///
/// Where the schema makes it too much work.
pub(crate) fn judge(dialect: Kind<'_>, object: &Value) -> Result<Vec<Flaw>, String> {
    let (schema, root, dialect, meta) = match dialect {
        Kind::Shipped(catalogue, schema, root) => (schema, root, Dialect::Shipped, catalogue.meta()),
        Kind::Custom(schema, catalogue) => {
            (schema, schema.root, Dialect::Custom, catalogue.and_then(Catalogue::meta))
        }
        Kind::Plain(schema) => (schema, schema.root, Dialect::Plain, None),
    };
    let mut walk = Walk { dialect, meta, ..Walk::default() };
    let cleared = (dialect == Dialect::Custom).then(|| null::without(schema, root, object));
    walk.value(schema, root, cleared.as_ref().unwrap_or(object));
    match walk.stuck {
        Some(why) => Err(why.to_owned()),
        None => {
            // A junction may say what the schema around it says.
            let mut told = std::collections::BTreeSet::new();
            Ok(walk.flaws.into_iter().filter(|flaw| told.insert(flaw.clone())).collect())
        }
    }
}

/// By what an object is judged.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'s> {
    Shipped(&'s Catalogue, &'s Schema, Id),
    Custom(&'s Schema, Option<&'s Catalogue>),
    Plain(&'s Schema),
}

#[derive(Default)]
pub(super) struct Walk<'s> {
    pub(super) dialect: Dialect,
    /// What `metadata` is like.
    pub(super) meta: Option<(&'s Schema, Id)>,
    pub(super) path: String,
    /// The field that the value stands in, to tell items of lists apart.
    pub(super) field: String,
    pub(super) flaws: Vec<Flaw>,
    /// Whether something masked could change the answer.
    pub(super) unknown: bool,
    /// Below `status`, which nobody fills in by hand.
    pub(super) in_status: bool,
    pub(super) steps: u32,
    pub(super) depth: u32,
    pub(super) stuck: Option<&'static str>,
}

impl<'s> Walk<'s> {
    pub(super) fn wrong(&mut self, rule: &'static str, message: impl Into<String>) {
        self.tell(rule, message, Weight::Refused);
    }

    fn tell(&mut self, rule: &'static str, message: impl Into<String>, weight: Weight) {
        if self.flaws.len() < MOST_FLAWS {
            self.flaws.push(Flaw { path: self.path.clone(), rule, message: message.into(), weight });
        }
    }

    /// Whether there is room for one more step.
    fn goes_on(&mut self) -> bool {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            self.stuck = Some("its schema makes too much work of it");
        } else if self.depth > DEEPEST {
            self.stuck = Some("its schema goes round in circles, or it nests too deeply");
        }
        self.stuck.is_none()
    }

    pub(super) fn value(&mut self, schema: &'s Schema, id: Id, value: &Value) {
        if !self.goes_on() {
            return;
        }
        if is_sealed(value) {
            self.unknown = true;
            return;
        }
        let Some(shape) = schema.at(id) else {
            self.stuck = Some("its schema refers to itself without end");
            return;
        };
        self.depth += 1;
        self.shape(schema, shape, value);
        self.depth -= 1;
    }

    fn shape(&mut self, schema: &'s Schema, shape: &'s Shape, value: &Value) {
        if value.is_null() && (shape.nullable || self.dialect == Dialect::Shipped) {
            return;
        }
        if !self.has_type(shape, value) {
            return;
        }
        if let Some(values) = &shape.one_of_values
            && !values.iter().any(|known| equal(known, value))
        {
            self.not_among(values, value);
        }
        match value {
            Value::Object(map) => self.mapping(schema, shape, map),
            Value::Array(items) => self.list(schema, shape, items),
            Value::String(text) => self.text(shape, text),
            Value::Number(number) => {
                if let Some(message) = shape.bounds.number(number) {
                    self.wrong("range", message);
                }
                self.number_format(shape, number);
            }
            Value::Null | Value::Bool(_) => {}
        }
        self.junctions(schema, shape, value);
    }

    fn has_type(&mut self, shape: &Shape, value: &Value) -> bool {
        let quantity = shape.format.as_deref() == Some("quantity") && shape.types.is_empty();
        let allowed: &[Type] = match (shape.int_or_string, quantity) {
            (true, _) => &[Type::Integer, Type::Text],
            (false, true) => &[Type::Number, Type::Text],
            (false, false) => &shape.types,
        };
        if allowed.is_empty() || allowed.iter().any(|kind| kind.fits(value)) {
            return true;
        }
        let words: Vec<&str> = allowed.iter().map(|kind| kind.words()).collect();
        let mut message = format!("must be {}, not {}", words.join(" or "), kind_of(value));
        if allowed.contains(&Type::Text) && matches!(value, Value::Number(_) | Value::Bool(_)) {
            message.push_str(": put it in quotes");
        }
        self.wrong("type", message);
        false
    }

    fn not_among(&mut self, values: &[Value], value: &Value) {
        let words: Vec<&str> = values.iter().filter_map(Value::as_str).take(12).collect();
        let near = value.as_str().and_then(|text| nearest(text, words.iter().copied()));
        let message = match (near, words.len() == values.len()) {
            (Some(near), _) => format!("is not an allowed value: did you mean `{near}`?"),
            (None, true) if !words.is_empty() => format!("must be {}", one_of(&words)),
            (None, _) => "is not an allowed value".to_owned(),
        };
        self.wrong("enum", message);
    }

    fn text(&mut self, shape: &Shape, text: &str) {
        if let Some(message) = shape.bounds.text(text) {
            self.wrong("range", message);
        }
        if let Some(pattern) = shape.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
            let pattern = crate::config::quoted(pattern.as_str());
            self.wrong("pattern", format!("does not match the pattern {pattern}"));
        }
        let empty = text.is_empty() && self.dialect == Dialect::Custom;
        if let Some(name) = &shape.format
            && (format::fits(name, text) == Some(false) || empty && name == "byte")
        {
            let message = match name.as_str() {
                "quantity" => "is no quantity, like `500m` or `1Gi`".to_owned(),
                "byte" => "is no base64".to_owned(),
                "date-time" => "is no time, like `2030-01-31T12:00:00Z`".to_owned(),
                other => format!("does not have the format `{other}`"),
            };
            self.wrong("format", message);
        }
    }

    fn number_format(&mut self, shape: &Shape, number: &serde_json::Number) {
        let small = shape.int_or_string && self.dialect == Dialect::Shipped
            || shape.format.as_deref() == Some("int32") && self.dialect != Dialect::Plain;
        let large = shape.format.as_deref() == Some("int64") && self.dialect != Dialect::Plain
            || shape.types == [Type::Integer] && self.dialect == Dialect::Custom;
        let value =
            number.as_i128().map_or_else(|| number.as_f64().unwrap_or_default(), |whole| whole as f64);
        if small && !(-2_147_483_648.0..=2_147_483_647.0).contains(&value) {
            self.wrong("range", "does not fit into 32 bits");
        } else if large && (number.is_u64() && number.as_i64().is_none() || value.abs() > 9.3e18) {
            self.wrong("range", "does not fit into 64 bits");
        }
    }

    /// Whether a field counts as absent although it is written.
    fn is_absent(&self, value: &Value) -> bool {
        value.is_null()
            && match self.dialect {
                Dialect::Shipped => true,
                // Of a custom kind it was taken out before.
                Dialect::Custom | Dialect::Plain => false,
            }
    }

    fn mapping(&mut self, schema: &'s Schema, shape: &'s Shape, map: &Map<String, Value>) {
        let root = self.path.is_empty();
        let whole_object = self.dialect == Dialect::Custom && (root || shape.embedded);
        self.missing(schema, shape, map, shape.embedded && !root);
        if let Some(message) = shape.bounds.mapping(map.len()) {
            self.wrong("range", message);
        }
        let length = self.path.len();
        let field = std::mem::take(&mut self.field);
        for (key, value) in map {
            push_key(&mut self.path, key);
            self.field.clone_from(key);
            let in_status = self.in_status;
            self.in_status |= root && key == "status";
            self.field(schema, shape, key, value, whole_object);
            self.in_status = in_status;
            self.path.truncate(length);
        }
        self.field = field;
    }

    fn missing(&mut self, schema: &'s Schema, shape: &'s Shape, map: &Map<String, Value>, embedded: bool) {
        let blank = |value: &Value| embedded && value.as_str() == Some("");
        let present = |key: &str| map.get(key).is_some_and(|value| !self.is_absent(value) && !blank(value));
        let defaulted = |key: &str| {
            self.dialect == Dialect::Custom
                && shape
                    .properties
                    .get(key)
                    .and_then(|id| schema.at(*id))
                    .is_some_and(|property| property.default.is_some())
        };
        let own: &[&str] = if embedded { &["apiVersion", "kind"] } else { &[] };
        let needed = shape.required.iter().map(String::as_str).chain(own.iter().copied());
        let depends = shape.dependent.iter().filter(|(key, _)| present(key)).flat_map(|(_, needed)| needed);
        let missing: Vec<String> = needed
            .chain(depends.map(String::as_str))
            .filter(|key| !present(key) && !defaulted(key))
            .map(str::to_owned)
            .collect();
        if self.in_status && self.dialect == Dialect::Shipped {
            return;
        }
        for key in missing {
            let length = self.path.len();
            push_key(&mut self.path, &key);
            self.wrong("required", "is missing");
            self.path.truncate(length);
        }
    }

    fn field(&mut self, schema: &'s Schema, shape: &'s Shape, key: &str, value: &Value, whole_object: bool) {
        let property = shape.properties.get(key).copied();
        if let Some(names) = shape.names {
            self.value(schema, names, &Value::from(key));
        }
        if whole_object && matches!(key, "apiVersion" | "kind" | "metadata") {
            self.object_field(schema, property, key, value);
            return;
        }
        let mut known = false;
        if let Some(property) = property {
            known = true;
            if !self.is_absent(value) {
                self.value(schema, property, value);
            }
        }
        for (_, like) in shape.patterns.iter().filter(|(pattern, _)| pattern.is_match(key)) {
            known = true;
            self.value(schema, *like, value);
        }
        if known {
            return;
        }
        match shape.others {
            Others::Free => {}
            Others::Like(_) if self.is_absent(value) => {}
            Others::Like(like) => self.value(schema, like, value),
            Others::Refused => {
                let near = nearest(key, shape.properties.keys().map(String::as_str));
                let message = match near {
                    Some(near) => format!("is an unknown field: did you mean `{near}`?"),
                    None => "is an unknown field".to_owned(),
                };
                self.wrong("unknown-field", message);
            }
        }
    }

    /// What every object has, whatever its schema says of it.
    fn object_field(&mut self, schema: &'s Schema, property: Option<Id>, key: &str, value: &Value) {
        if key != "metadata" {
            if !value.is_string() && !is_sealed(value) {
                self.wrong("type", format!("must be a text, not {}", kind_of(value)));
            }
            return;
        }
        if let Some((meta, id)) = self.meta {
            let dialect = std::mem::replace(&mut self.dialect, Dialect::Shipped);
            self.value(meta, id, value);
            self.dialect = dialect;
        }
        // A schema may narrow name and generateName, and nothing else.
        let Some(narrowed) = property.and_then(|id| schema.at(id)) else { return };
        for name in ["name", "generateName"] {
            if let (Some(id), Some(value)) = (narrowed.properties.get(name), value.get(name)) {
                let length = self.path.len();
                push_key(&mut self.path, name);
                self.value(schema, *id, value);
                self.path.truncate(length);
            }
        }
    }

    fn list(&mut self, schema: &'s Schema, shape: &'s Shape, items: &[Value]) {
        if let Some(message) = shape.bounds.list(items) {
            self.wrong("range", message);
        }
        let length = self.path.len();
        let field = self.field.clone();
        let segment = |index: usize, item: &Value| {
            let key = item_key(&field, item).unwrap_or_else(|| index.to_string());
            format!("[{key}]")
        };
        if let Some(index) = list::twice(schema, &shape.merging, shape.items, items)
            && let Some(item) = items.get(index)
        {
            self.path.push_str(&segment(index, item));
            // Of its own kinds the server lets some through, and one of the two is lost in the next merge.
            let weight = match (self.dialect, &shape.merging) {
                (Dialect::Custom | Dialect::Plain, _) => Weight::Refused,
                (Dialect::Shipped, Merging::Set | Merging::Keyed(_) | Merging::Whole) => Weight::Doubtful,
            };
            self.tell("duplicate", "stands twice in its list", weight);
            self.path.truncate(length);
        }
        for (index, item) in items.iter().enumerate() {
            let like = shape.first_items.get(index).copied().or(shape.items);
            let Some(like) = like else { continue };
            self.path.push_str(&segment(index, item));
            self.value(schema, like, item);
            self.path.truncate(length);
        }
        if let Some(wanted) = shape.contains {
            let answers: Vec<Answer> =
                items.iter().map(|item| self.try_out(schema, wanted, item).0).collect();
            if answers.iter().all(|answer| *answer == Answer::Fails) {
                self.wrong("contains", "has no item of the kind that it needs");
            }
        }
        self.field = field;
    }
}

/// Numbers are equal by value: `1` is `1.0`.
fn equal(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| a == b)
}
