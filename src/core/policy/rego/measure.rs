//! How much rules in Rego may make: whatever a function answers, an element of a list or a set, a list itself. An
//! allocation that fails ends the whole program, so what would be too much is refused before it is made. What is made
//! is counted and never taken back: of what an evaluation throws away nothing is known.

use std::cell::Cell;
use std::time::{Duration, Instant};

use regorus::{Engine, Value};

use super::functions::Beyond;
use super::patience::LONGEST;
use super::reading::words;

/// How many bytes one rule may make for one object.
const MOST: usize = 128 << 20;
/// How deep a value may be: what walks through values needs a part of the stack for each level.
const DEEPEST: usize = 256;
/// What a value takes, about, beside the letters of texts; what an element of a list takes is as much again.
const EACH: usize = 48;

/// What people are told of a rule that makes too much.
pub(super) const TOO_MUCH: &str = "it needs too much memory: a rule may make 128 MB for an object";
const TOO_DEEP: Beyond = Beyond("a value in it is nested more than 256 deep");
const TOO_LATE: Beyond = Beyond("execution exceeded time limit");

/// What an evaluation has used up.
#[derive(Clone, Copy)]
struct Used {
    bytes: usize,
    until: Option<Instant>,
}

thread_local! {
    static USED: Cell<Used> = const { Cell::new(Used { bytes: 0, until: None }) };
}

/// Evaluates a rule within its limits.
///
/// # Errors
///
/// Where it cannot be evaluated, in words without values.
pub(in crate::policy) fn eval_rule(engine: &mut Engine, rule: String) -> Result<Value, String> {
    within(|| {
        let value = engine.eval_rule(rule).map_err(|error| words(&error))?;
        // What is shared inside of it is not where it becomes JSON.
        weight(&value).map_err(|beyond| beyond.to_string())?;
        Ok(value)
    })
}

/// The same of anything that is evaluated.
pub(super) fn within<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let until = Instant::now() + LONGEST + Duration::from_millis(100);
    USED.set(Used { bytes: 0, until: Some(until) });
    let done = work();
    let used = USED.replace(Used { bytes: 0, until: None });
    // Nothing that went on regardless is believed.
    if used.bytes > MOST { Err(TOO_MUCH.to_owned()) } else { done }
}

/// Whether there is time left.
pub(super) fn in_time() -> Result<(), Beyond> {
    match USED.get().until {
        Some(until) if Instant::now() > until => Err(TOO_LATE),
        Some(_) | None => Ok(()),
    }
}

/// Whether so many bytes could still be made.
pub(super) fn room(bytes: usize) -> Result<(), Beyond> {
    let used = USED.get();
    if used.until.is_some() && used.bytes.saturating_add(bytes) > MOST { Err(too_large()) } else { Ok(()) }
}

/// Whoever asked for too much gets nothing more.
fn too_large() -> Beyond {
    USED.set(Used { bytes: usize::MAX, ..USED.get() });
    Beyond(TOO_MUCH)
}

/// Counts bytes that are made.
pub(super) fn spend(bytes: usize) -> Result<(), Beyond> {
    let used = USED.get();
    USED.set(Used { bytes: used.bytes.saturating_add(bytes), ..used });
    room(0)
}

/// What a value itself takes, without what it holds.
pub(super) fn own(value: &Value) -> usize {
    match value {
        Value::String(text) => EACH + text.len(),
        Value::Array(items) => EACH.saturating_mul(items.len() + 1),
        Value::Set(items) => EACH.saturating_mul(items.len() + 1),
        Value::Object(fields) => EACH.saturating_mul(2 * fields.len() + 1),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => EACH,
    }
}

/// What a value would take if nothing in it were shared: as much as it takes to walk through it, or to write it.
///
/// # Errors
///
/// Where that is too much, or too deep.
pub(super) fn weight(value: &Value) -> Result<usize, Beyond> {
    let mut total = 0;
    weigh(value, 0, &mut total)?;
    Ok(total)
}

fn weigh(value: &Value, depth: usize, total: &mut usize) -> Result<(), Beyond> {
    *total = total.saturating_add(own(value));
    if *total > MOST {
        return Err(too_large());
    }
    if depth > DEEPEST {
        return Err(TOO_DEEP);
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| weigh(item, depth + 1, total)),
        Value::Set(items) => items.iter().try_for_each(|item| weigh(item, depth + 1, total)),
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            weigh(key, depth + 1, total)?;
            weigh(value, depth + 1, total)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => Ok(()),
    }
}

/// What `walk` makes of a value: each part of it, with the path that leads there.
pub(super) fn walked(value: &Value) -> Result<usize, Beyond> {
    weight(value)?;
    let mut total = 0;
    walk(value, 0, &mut total);
    Ok(total)
}

fn walk(value: &Value, depth: usize, total: &mut usize) {
    *total = total.saturating_add(EACH.saturating_mul(depth + 6));
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, depth + 1, total)),
        Value::Set(items) => items.iter().for_each(|item| walk(item, depth + 1, total)),
        Value::Object(fields) => fields.iter().for_each(|(_, value)| walk(value, depth + 1, total)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => {}
    }
}
