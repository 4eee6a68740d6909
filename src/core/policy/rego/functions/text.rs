//! Functions of texts.

use regorus::Value;
use sha2::{Digest as _, Sha256};

use super::super::measure::room;
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

pub(super) fn replace(args: &[Value]) -> Result<Value, Beyond> {
    match strings(args) {
        Some([text, "", _]) if !text.is_ascii() => {
            Err(Beyond("it cannot be told what stands in place of nothing"))
        }
        Some([text, old, new]) => Ok(text.replace(old, new).into()),
        None => Ok(Value::Undefined),
    }
}

pub(super) fn substring(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(text), start, length] = args else { return Ok(Value::Undefined) };
    let (Ok(start), Ok(length)) = (start.as_i64(), length.as_i64()) else { return Ok(Value::Undefined) };
    let Ok(start) = usize::try_from(start) else { return Ok(Value::Undefined) };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    Ok(text.chars().skip(start).take(length).collect::<String>().into())
}

/// Go reads base64 over line breaks.
pub(super) fn is_base64(args: &[Value]) -> Result<Value, Beyond> {
    let Some([text]) = strings(args) else { return Ok(Value::Bool(false)) };
    let text = text.replace(['\r', '\n'], "");
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    match native::ask("base64.is_valid", &[text.as_str().into()]) {
        Some(Value::Bool(false)) if plain && text.len().is_multiple_of(4) => {
            Err(Beyond("its text has bits at its end that say nothing"))
        }
        told => Ok(told.unwrap_or(Value::Undefined)),
    }
}

/// What a text stands for, where that is a text.
pub(super) fn decoded(name: &str, args: &[Value]) -> Result<Value, Beyond> {
    match native::ask(name, args) {
        Some(Value::String(text)) if !text.contains(char::REPLACEMENT_CHARACTER) => Ok(Value::String(text)),
        _ => Err(Beyond("what its text stands for is no text")),
    }
}

/// Percent signs and plus signs, taken back.
pub(super) fn from_query(args: &[Value]) -> Result<Value, Beyond> {
    let Some([text]) = strings(args) else { return Ok(Value::Undefined) };
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.bytes());
    while let Some(next) = rest.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match next {
            b'+' => bytes.push(b' '),
            b'%' => match (digit(rest.next()), digit(rest.next())) {
                (Some(high), Some(low)) => bytes.push(u8::try_from(high * 16 + low).unwrap_or_default()),
                _ => return Ok(Value::Undefined),
            },
            _ => bytes.push(next),
        }
    }
    String::from_utf8(bytes).map(Value::from).map_err(|_| Beyond("what its text stands for is no text"))
}

/// A leading `v` is no part of a version.
pub(super) fn compare_versions(args: &[Value]) -> Result<Value, Beyond> {
    let Some([one, other]) = strings(args) else { return Ok(Value::Undefined) };
    let plain = |text: &str| Value::from(text.strip_prefix('v').unwrap_or(text));
    Ok(native::ask("semver.compare", &[plain(one), plain(other)]).unwrap_or(Value::Undefined))
}

pub(super) fn is_version(args: &[Value]) -> Result<Value, Beyond> {
    let Some([text]) = strings(args) else { return Ok(Value::Bool(false)) };
    let plain = Value::from(text.strip_prefix('v').unwrap_or(text));
    Ok(native::ask("semver.is_valid", &[plain]).unwrap_or(Value::Bool(false)))
}

pub(super) fn quote_glob(args: &[Value]) -> Result<Value, Beyond> {
    let Some([text]) = strings(args) else { return Ok(Value::Undefined) };
    let mut to = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '\\' | '[' | ']' | '{' | '}') {
            to.push('\\');
        }
        to.push(character);
    }
    Ok(to.into())
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
        room(to.len().saturating_mul(2))?;
    }
    Ok(to.into())
}
