//! JSON as text.

use std::fmt::Write as _;

use regorus::Value;

use super::lists::is_mixed;
use super::{Beyond, native};

/// JSON as Go writes it: sorted by key, and with `<`, `>` and `&` escaped.
pub(super) fn marshal(args: &[Value]) -> Result<Value, Beyond> {
    let [value] = args else { return Ok(Value::Undefined) };
    if is_mixed(value) {
        return Err(Beyond("a collection that holds both sets and objects has no order that is certain"));
    }
    let mut to = String::new();
    write(value, &mut to)?;
    Ok(to.into())
}

fn write(value: &Value, to: &mut String) -> Result<(), Beyond> {
    match value {
        Value::Null | Value::Undefined => to.push_str("null"),
        Value::Bool(flag) => to.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => to.push_str(&number.format_decimal()),
        Value::String(text) => write_text(text, to),
        Value::Array(items) => write_list(items.iter(), to)?,
        Value::Set(items) => write_list(items.iter(), to)?,
        Value::Object(fields) => {
            let mut named = Vec::with_capacity(fields.len());
            for (key, value) in fields.iter() {
                named.push((name(key)?, value));
            }
            named.sort_by(|(one, _), (other, _)| one.cmp(other));
            to.push('{');
            for (index, (key, value)) in named.into_iter().enumerate() {
                if index > 0 {
                    to.push(',');
                }
                write_text(&key, to);
                to.push(':');
                write(value, to)?;
            }
            to.push('}');
        }
    }
    Ok(())
}

/// What a key is called in JSON.
fn name(key: &Value) -> Result<String, Beyond> {
    if let Value::String(key) = key {
        return Ok(key.as_ref().to_owned());
    }
    let mut name = String::new();
    write(key, &mut name)?;
    Ok(name)
}

fn write_list<'a>(items: impl Iterator<Item = &'a Value>, to: &mut String) -> Result<(), Beyond> {
    to.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            to.push(',');
        }
        write(item, to)?;
    }
    to.push(']');
    Ok(())
}

fn write_text(text: &str, to: &mut String) {
    to.push('"');
    for character in text.chars() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            '\u{8}' => to.push_str("\\b"),
            '\u{c}' => to.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(to, "\\u{:04x}", u32::from(character));
            }
            _ => to.push(character),
        }
    }
    to.push('"');
}

/// The value of a text. Two keys of one name and numbers that are written in an odd way are read in other ways by others.
pub(super) fn unmarshal(args: &[Value]) -> Result<Value, Beyond> {
    Ok(native::ask("json.unmarshal", args).unwrap_or(Value::Undefined))
}
