//! A manifest at rest: its canonical text, a tenth of the room that it takes as a tree of values. Thousands are held at
//! once, and looked into one by one.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::canonical;

/// A manifest, secret leaves sealed. Copies share the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(Arc<str>);

impl Body {
    /// The manifest as a value.
    pub fn value(&self) -> Value {
        // What was written from a value reads as that value: manifests nest less deeply than JSON may.
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// The manifest as JSON, its keys sorted: equal for equal manifests.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl From<&Value> for Body {
    fn from(value: &Value) -> Self {
        Self(String::from_utf8_lossy(&canonical::bytes(value)).into())
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

impl JsonSchema for Body {
    fn inline_schema() -> bool {
        Value::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        Value::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Value::json_schema(generator)
    }
}
