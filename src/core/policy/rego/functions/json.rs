//! JSON as text.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;
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
        Value::Number(number) if number.is_integer() => to.push_str(&number.format_decimal()),
        // OPA keeps how it was written, or how it was computed.
        Value::Number(_) => return Err(Beyond("it cannot be told how a fraction is written as JSON")),
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

/// The value of a text. What others read in other ways fails: numbers like `1.0` and `1e3`, which they write as they
/// were, and halves of characters.
pub(super) fn unmarshal(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(text)] = args else { return Ok(Value::Undefined) };
    if is_odd(text) {
        return Err(Beyond("its text has numbers or characters that are read in other ways elsewhere"));
    }
    Ok(native::ask("json.unmarshal", args).unwrap_or(Value::Undefined))
}

pub(super) fn is_valid(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(text)] = args else { return Ok(Value::Bool(false)) };
    if is_odd(text) {
        return Err(Beyond("its text has numbers or characters that are read in other ways elsewhere"));
    }
    Ok(native::ask("json.is_valid", args).unwrap_or(Value::Bool(false)))
}

fn is_odd(text: &str) -> bool {
    static ODD: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"[0-9](\.[0-9]*0([^0-9]|$)|[eE])|-0([^.]|$)|\\u[dD]").ok());
    ODD.as_ref().is_none_or(|odd| odd.is_match(text))
}
