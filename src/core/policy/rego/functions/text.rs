//! Functions of texts.

use regorus::Value;
use sha2::{Digest as _, Sha256};

use super::{Beyond, native};

fn strings<const N: usize>(args: &[Value]) -> Option<[&str; N]> {
    let mut strings = [""; N];
    for (to, arg) in strings.iter_mut().zip(args) {
        let Value::String(text) = arg else { return None };
        *to = text;
    }
    (args.len() >= N).then_some(strings)
}

/// One character for each, as Go has it.
fn mapped<I: Iterator<Item = char>>(args: &[Value], map: fn(char) -> I) -> Result<Value, Beyond> {
    let Some([text]) = strings(args) else { return Ok(Value::Undefined) };
    let mut to = String::with_capacity(text.len());
    for character in text.chars() {
        let mut mapped = map(character);
        match (mapped.next(), mapped.next()) {
            (Some(one), None) => to.push(one),
            _ => return Err(Beyond("its text has a letter whose other case is no single letter")),
        }
    }
    Ok(to.into())
}

pub(super) fn lower(args: &[Value]) -> Result<Value, Beyond> {
    mapped(args, char::to_lowercase)
}

pub(super) fn upper(args: &[Value]) -> Result<Value, Beyond> {
    mapped(args, char::to_uppercase)
}

pub(super) fn sha256(args: &[Value]) -> Result<Value, Beyond> {
    let Some([text]) = strings(args) else { return Ok(Value::Undefined) };
    let sum = Sha256::digest(text.as_bytes());
    Ok(sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
}

pub(super) fn count(args: &[Value]) -> Result<Value, Beyond> {
    let Some([text, searched]) = strings(args) else { return Ok(Value::Undefined) };
    let found = if searched.is_empty() { text.chars().count() + 1 } else { text.matches(searched).count() };
    Ok(Value::from(u64::try_from(found).unwrap_or(u64::MAX)))
}

pub(super) fn indexof(args: &[Value]) -> Result<Value, Beyond> {
    match strings(args) {
        None | Some([_, ""]) => Ok(Value::Undefined),
        Some([_, _]) => Ok(native::ask("indexof", args).unwrap_or(Value::Undefined)),
    }
}

pub(super) fn indexof_n(args: &[Value]) -> Result<Value, Beyond> {
    match strings(args) {
        None | Some([_, ""]) => Ok(Value::Undefined),
        Some([_, _]) => Ok(native::ask("indexof_n", args).unwrap_or(Value::Undefined)),
    }
}

pub(super) fn split(args: &[Value]) -> Result<Value, Beyond> {
    let Some([text, delimiter]) = strings(args) else { return Ok(Value::Undefined) };
    let parts: Vec<Value> = if delimiter.is_empty() {
        text.chars().map(|character| character.to_string().into()).collect()
    } else {
        text.split(delimiter).map(Value::from).collect()
    };
    Ok(Value::from(parts))
}

/// At each place the first key, in their order, that stands there is replaced; what came in is not looked at again.
pub(super) fn replace_n(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::Object(pairs), Value::String(text)] = args else { return Ok(Value::Undefined) };
    let mut pattern = Vec::new();
    for (key, value) in pairs.iter() {
        let (Value::String(key), Value::String(value)) = (key, value) else { return Ok(Value::Undefined) };
        if key.is_empty() {
            return Err(Beyond("it cannot be told what an empty key replaces"));
        }
        pattern.push((key.as_ref(), value.as_ref()));
    }
    pattern.sort_unstable();
    let (mut rest, mut to) = (text.as_ref(), String::new());
    while let Some(first) = rest.chars().next() {
        let found = pattern.iter().find(|(key, _)| rest.starts_with(*key));
        let taken = match found {
            Some((key, value)) => {
                to.push_str(value);
                key.len()
            }
            None => {
                to.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    Ok(to.into())
}
