//! A YAML or JSON document as kubectl would read it, straight off a deserializer.
//!
//! Keys become strings whatever their scalar type, a key that comes twice is an error, integral floats become
//! integers, and an entry whose value is null is left out: it means that the field is absent. Nothing here knows
//! what a manifest is.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

/// Any value of a document.
pub(super) struct Node(pub(super) Value);

/// A document, or an item of a list of documents.
pub(super) enum Document {
    /// A mapping. The items of a top-level `items` list are kept apart, each with the line that it starts at.
    Mapping {
        /// Every entry but an `items` list.
        body: Map<String, Value>,
        /// The `items` list, where there is one.
        items: Option<Vec<(u32, Document)>>,
    },
    /// Null, a list or a scalar.
    Other(Value),
}

impl Document {
    /// The document as one value, with its `items` back in their place.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Mapping { mut body, items } => {
                if let Some(items) = items {
                    let values = items.into_iter().map(|(_, item)| item.into_value()).collect();
                    body.insert("items".to_owned(), Value::Array(values));
                }
                Value::Object(body)
            }
            Self::Other(value) => value,
        }
    }

    /// The same from a value that starts at `line`; every item gets that line too.
    pub(super) fn from_value(value: Value, line: u32) -> Self {
        let Value::Object(mut body) = value else { return Self::Other(value) };
        let items = match body.remove("items") {
            Some(Value::Array(list)) => {
                Some(list.into_iter().map(|item| (line, Self::from_value(item, line))).collect())
            }
            Some(other) => {
                body.insert("items".to_owned(), other);
                None
            }
            None => None,
        };
        Self::Mapping { body, items }
    }
}

/// The largest integer up to which every integer has a float of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

pub(super) fn number<E: de::Error>(value: f64) -> Result<Value, E> {
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "integral and within 2^53")]
        let integer = value as i64;
        return Ok(Value::from(integer));
    }
    Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is not finite"))
}

macro_rules! scalars {
    ($wrap:expr) => {
        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            Ok($wrap(Value::Bool(value)))
        }

        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok($wrap(Value::from(value)))
        }

        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            Ok($wrap(Value::from(value)))
        }

        fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
            number(value).map($wrap)
        }

        fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
            Ok($wrap(Value::String(value.to_owned())))
        }

        fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
            Ok($wrap(Value::String(value)))
        }
    };
}

pub(super) use scalars;

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars!(Node);

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(Node(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Node(Value::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries = Map::new();
        let mut nulls = BTreeSet::new();
        while let Some(Key(key)) = access.next_key()? {
            refuse_twice(&key, &entries, &nulls)?;
            match access.next_value()? {
                Node(Value::Null) => drop(nulls.insert(key)),
                Node(value) => drop(entries.insert(key, value)),
            }
        }
        Ok(Node(Value::Object(entries)))
    }
}

/// Two keys that were different in the text may be one key to kubectl: `1` and `"1"`, `on` and `"true"`.
fn refuse_twice<E: de::Error>(
    key: &str,
    entries: &Map<String, Value>,
    nulls: &BTreeSet<String>,
) -> Result<(), E> {
    if entries.contains_key(key) || nulls.contains(key) {
        return Err(E::custom(format_args!("{TWICE}{key}")));
    }
    Ok(())
}

/// How the message of a repeated key starts; the key follows.
pub(super) const TWICE: &str = "duplicate key ";

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

/// A key of a mapping, as a text.
pub(super) struct Key(pub(super) String);

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key that is a text, a number or a boolean")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Key, E> {
        Ok(Key(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Key, E> {
        Ok(Key(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Key, E> {
        Ok(Key(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Key, E> {
        number(value).map(|value| Key(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Key, E> {
        Ok(Key(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Key, E> {
        Ok(Key(value))
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    scalars!(Document::Other);

    fn visit_unit<E>(self) -> Result<Document, E> {
        Ok(Document::Other(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Document, A::Error> {
        NodeVisitor.visit_seq(access).map(|Node(value)| Document::Other(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Document, A::Error> {
        let mut body = Map::new();
        let mut nulls = BTreeSet::new();
        let mut items = None;
        while let Some(Key(key)) = access.next_key()? {
            refuse_twice(&key, &body, &nulls)?;
            if key == "items" {
                match access.next_value()? {
                    Items::List(list) => items = Some(list),
                    Items::Other(Value::Null) => {}
                    Items::Other(value) => drop(body.insert(key.clone(), value)),
                }
                nulls.insert(key);
                continue;
            }
            match access.next_value()? {
                Node(Value::Null) => drop(nulls.insert(key)),
                Node(value) => drop(body.insert(key, value)),
            }
        }
        Ok(Document::Mapping { body, items })
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor)
    }
}

enum Items {
    List(Vec<(u32, Document)>),
    Other(Value),
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    scalars!(Items::Other);

    fn visit_unit<E>(self) -> Result<Items, E> {
        Ok(Items::Other(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Items, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = access.next_element::<Spanned<Document>>()? {
            list.push((line(&item), item.value));
        }
        Ok(Items::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Items, A::Error> {
        NodeVisitor.visit_map(access).map(|Node(value)| Items::Other(value))
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemsVisitor)
    }
}

/// The line of a document's first key, from 1; 0 where the reader could not tell.
pub(super) fn line(document: &Spanned<Document>) -> u32 {
    u32::try_from(document.referenced.line()).unwrap_or(u32::MAX)
}
