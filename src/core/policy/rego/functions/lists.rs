//! Functions of lists and sets.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use regorus::Value;

use super::{Beyond, native};

/// Ours and OPA's order differ where one collection has both sets and objects.
const MIXED: Beyond = Beyond("a collection that holds both sets and objects has no order that is certain");

fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Set(items) => items.iter().collect(),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)
        | Value::Undefined => Vec::new(),
    }
}

/// Whether anywhere in a value one collection holds both a set and an object.
pub(super) fn is_mixed(value: &Value) -> bool {
    let both = |items: &[&Value]| {
        let has = |is: fn(&Value) -> bool| items.iter().any(|item| is(item));
        has(|item| matches!(item, Value::Set(_))) && has(|item| matches!(item, Value::Object(_)))
    };
    match value {
        Value::Object(fields) => {
            let keys: Vec<&Value> = fields.iter().map(|(key, _)| key).collect();
            both(&keys) || fields.iter().any(|(key, value)| is_mixed(key) || is_mixed(value))
        }
        Value::Array(_) | Value::Set(_) => {
            let items = items(value);
            both(&items) || items.into_iter().any(is_mixed)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => false,
    }
}

fn ordered(name: &str, args: &[Value]) -> Result<Value, Beyond> {
    if args.iter().any(is_mixed) {
        return Err(MIXED);
    }
    Ok(native::ask(name, args).unwrap_or(Value::Undefined))
}

pub(super) fn max(args: &[Value]) -> Result<Value, Beyond> {
    ordered("max", args)
}

pub(super) fn min(args: &[Value]) -> Result<Value, Beyond> {
    ordered("min", args)
}

pub(super) fn sort(args: &[Value]) -> Result<Value, Beyond> {
    ordered("sort", args)
}

fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true))
}

pub(super) fn all(args: &[Value]) -> Result<Value, Beyond> {
    Ok(args.iter().flat_map(items).all(is_true).into())
}

pub(super) fn any(args: &[Value]) -> Result<Value, Beyond> {
    Ok(args.iter().flat_map(items).any(is_true).into())
}

/// Lists in a list become their elements, one level deep.
pub(super) fn flatten(args: &[Value]) -> Result<Value, Beyond> {
    let mut flat = Vec::new();
    for item in args.iter().flat_map(items) {
        match item {
            Value::Array(nested) => flat.extend(nested.iter().cloned()),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)
            | Value::Set(_)
            | Value::Undefined => flat.push(item.clone()),
        }
    }
    Ok(Value::from(flat))
}

pub(super) fn difference(args: &[Value]) -> Result<Value, Beyond> {
    let [from, taken] = args else { return Ok(Value::Undefined) };
    let taken: BTreeSet<&Value> = items(taken).into_iter().collect();
    let left: BTreeSet<Value> =
        items(from).into_iter().filter(|item| !taken.contains(item)).cloned().collect();
    Ok(Value::from(left))
}

fn compared(args: &[Value]) -> Result<Option<Ordering>, Beyond> {
    if is_mixed(&Value::from(args.to_vec())) {
        return Err(MIXED);
    }
    let [one, other] = args else { return Ok(None) };
    Ok(Some(one.cmp(other)))
}

pub(super) fn less(args: &[Value]) -> Result<Value, Beyond> {
    Ok((compared(args)? == Some(Ordering::Less)).into())
}

pub(super) fn at_most(args: &[Value]) -> Result<Value, Beyond> {
    Ok((compared(args)? != Some(Ordering::Greater)).into())
}

pub(super) fn more(args: &[Value]) -> Result<Value, Beyond> {
    Ok((compared(args)? == Some(Ordering::Greater)).into())
}

pub(super) fn at_least(args: &[Value]) -> Result<Value, Beyond> {
    Ok((compared(args)? != Some(Ordering::Less)).into())
}

/// Whether a collection has a value.
pub(super) fn member(args: &[Value]) -> Result<Value, Beyond> {
    let [item, Value::Object(fields)] = args else {
        let [item, list] = args else { return Ok(Value::Undefined) };
        return Ok(items(list).contains(&item).into());
    };
    Ok(fields.iter().any(|(_, value)| value == item).into())
}

/// Two of a kind, or a list that has what a set has.
pub(super) fn subset(args: &[Value]) -> Result<Value, Beyond> {
    match args {
        [Value::Array(_), Value::Array(part)] if part.is_empty() => Ok(Value::Bool(true)),
        [Value::Object(_), Value::Object(_)]
        | [Value::Set(_), Value::Set(_)]
        | [Value::Array(_), Value::Array(_) | Value::Set(_)] => {
            native::ask("object.subset", args).ok_or(Beyond("it cannot be told what it answers here"))
        }
        _ => Ok(Value::Undefined),
    }
}

/// A collection; nothing has no elements.
pub(super) fn each(args: &[Value]) -> Result<Value, Beyond> {
    match args {
        [collection @ (Value::Array(_) | Value::Set(_) | Value::Object(_))] => Ok(collection.clone()),
        _ => Ok(Value::Undefined),
    }
}
