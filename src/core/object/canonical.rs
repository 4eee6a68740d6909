//! One byte form per JSON value: keys sorted, no blanks. What is hashed or keyed-hashed is written by this, so that
//! equal values have equal digests whatever order their maps keep.

use serde_json::Value;

/// Appends the canonical form of a value.
pub(crate) fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            plain(value, out);
        }
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'{');
            for (index, (key, item)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                plain(key, out);
                out.push(b':');
                write(item, out);
            }
            out.push(b'}');
        }
    }
}

/// A value without parts.
fn plain(value: &impl serde::Serialize, out: &mut Vec<u8>) {
    // Neither writing to memory nor such a value can fail.
    let _written = serde_json::to_writer(out, value);
}

/// The canonical form of a list, from those of its items.
pub(crate) fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(items.iter().map(|item| item.len() + 1).sum::<usize>() + 2);
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    out.push(b']');
    out
}

/// The canonical form of a map, from those of its values.
pub(crate) fn map<const N: usize>(mut entries: [(&str, Vec<u8>); N]) -> Vec<u8> {
    entries.sort_unstable_by_key(|(key, _)| *key);
    let length = entries.iter().map(|(key, value)| key.len() + value.len() + 4).sum::<usize>() + 2;
    let mut out = Vec::with_capacity(length);
    out.push(b'{');
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        plain(key, &mut out);
        out.push(b':');
        out.extend_from_slice(value);
    }
    out.push(b'}');
    out
}

/// The canonical form of a value.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}
