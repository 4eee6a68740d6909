//! A schema, compiled: shapes in one list that refer to each other by their places in it, so that a schema may refer to
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::Value;

use super::bounds::Bounds;
use super::rules::Rule;

/// Who reads objects by it; they differ in what null, a missing field and an unknown field mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Dialect {
    /// A kind of Kubernetes, decoded into a type of the server: null is absent, an unknown field is refused.
    Shipped,
    /// A CustomResourceDefinition: null is absent unless it is allowed, an unknown field is refused.
    Custom,
    /// JSON Schema: null is a value, and an unknown field is one more.
    #[default]
    Plain,
}

/// A schema with everything that it refers to.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub(super) shapes: Vec<Shape>,
    pub(super) root: Id,
    /// What it asks for that is not evaluated here.
    pub(crate) unevaluated: BTreeSet<String>,
}

/// The place of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Id(pub(super) usize);

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    Text,
    List,
    Mapping,
}

/// What is said of fields that are not named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Others {
    /// There are none.
    #[default]
    Refused,
    /// They are anything.
    Free,
    /// Each is like this.
    Like(Id),
}

/// How a list is merged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Merging {
    /// As a whole.
    #[default]
    Whole,
    /// As a set of values.
    Set,
    /// As a mapping, by these fields of its items.
    Keyed(Vec<String>),
}

/// What a schema says of one value.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// Another shape says all of it.
    pub(super) reference: Option<Id>,
    /// None: any.
    pub(super) types: Vec<Type>,
    pub(super) nullable: bool,
    pub(super) int_or_string: bool,
    /// A whole object stands here.
    pub(super) embedded: bool,
    pub(super) default: Option<Value>,
    pub(super) properties: BTreeMap<String, Id>,
    pub(super) patterns: Vec<(Regex, Id)>,
    pub(super) others: Others,
    pub(super) names: Option<Id>,
    pub(super) required: Vec<String>,
    pub(super) dependent: Vec<(String, Vec<String>)>,
    pub(super) items: Option<Id>,
    pub(super) first_items: Vec<Id>,
    pub(super) contains: Option<Id>,
    pub(super) merging: Merging,
    pub(super) bounds: Bounds,
    pub(super) format: Option<String>,
    pub(super) pattern: Option<Regex>,
    pub(super) one_of_values: Option<Vec<Value>>,
    pub(super) all_of: Vec<Id>,
    pub(super) any_of: Vec<Id>,
    pub(super) one_of: Vec<Id>,
    pub(super) not: Option<Id>,
    pub(super) condition: Option<[Option<Id>; 3]>,
    /// Rules in CEL beside it.
    pub(super) rules: Vec<Rule>,
}

impl Schema {
    /// The shape at a place, references followed. `None` where they lead in a circle.
    pub(super) fn at(&self, id: Id) -> Option<&Shape> {
        let mut shape = self.shapes.get(id.0)?;
        for _ in 0..LONGEST_CHAIN {
            match shape.reference {
                Some(next) => shape = self.shapes.get(next.0)?,
                None => return Some(shape),
            }
        }
        None
    }
}

/// How many references may follow one another.
const LONGEST_CHAIN: usize = 32;

impl Type {
    pub(super) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::Text,
            "array" => Self::List,
            "object" => Self::Mapping,
            _ => return None,
        })
    }

    /// For people.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Mapping => "a mapping",
        }
    }

    pub(super) fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null)
            | (Self::Boolean, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::Text, Value::String(_))
            | (Self::List, Value::Array(_))
            | (Self::Mapping, Value::Object(_)) => true,
            (Self::Integer, Value::Number(number)) => {
                number.is_i64()
                    || number.is_u64()
                    || number.as_f64().is_some_and(|float| float.fract() == 0.0)
            }
            (
                Self::Null
                | Self::Boolean
                | Self::Integer
                | Self::Number
                | Self::Text
                | Self::List
                | Self::Mapping,
                _,
            ) => false,
        }
    }
}

/// What a value is, for people.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
