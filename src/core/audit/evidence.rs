//! The evidence bundle: everything that a landing was decided on, in bytes that are the same for the same content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::report::Report;
use crate::revision::Digest;
use crate::snapshot::Snapshot;

/// The form of the bundle.
pub(super) const SCHEMA: &str = "countersign.evidence/v1";

/// Everything a landing was decided on. Written before the merge commit exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Evidence {
    /// `countersign.evidence/v1`.
    pub schema: String,
    /// What was seen.
    pub snapshot: Snapshot,
    /// What was made of it.
    pub report: Report,
    /// Versions and digests of every tool that was used, by name.
    pub tools: BTreeMap<String, String>,
}

impl Evidence {
    /// A bundle.
    pub fn new(snapshot: Snapshot, report: Report, tools: BTreeMap<String, String>) -> Self {
        Self { schema: SCHEMA.to_owned(), snapshot, report, tools }
    }

    /// The canonical bytes: JSON in one line, keys sorted, a line end. What the digest is over, and what is stored.
    pub fn bytes(&self) -> Vec<u8> {
        canonical(self)
    }

    /// SHA-256 of the canonical bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes())
    }
}

/// JSON in one line with sorted keys, and a line end.
#[expect(clippy::expect_used, reason = "keys are strings or numbers and no value refuses to be written")]
pub(super) fn canonical(value: &impl Serialize) -> Vec<u8> {
    let value = serde_json::to_value(value).expect("every value of ours has a JSON form");
    let mut text = String::new();
    write(&value, &mut text);
    text.push('\n');
    text.into_bytes()
}

/// Writes a value with sorted keys, whatever order its map keeps.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string())
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            out.push('{');
            for (at, (key, item)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
    }
}
