//! How much a function would make, and how long it would take, before it is called: no hook of the engine's looks
//! while a function is at work.

use regorus::Value;

use super::super::measure::{in_time, own, room, spend, walked, weight};
use super::Beyond;

/// How many steps a function may take that compares everything with everything.
const STEPS: usize = 50_000_000;
/// The longest text that is read as a number: to read one takes the square of its length.
const DIGITS: usize = 1_000;
/// How far a number may be shifted to the left.
const SHIFT: i64 = 10_000;

const STEEP: Beyond = Beyond("it would take too long: what it is given is too large");
const LONG: Beyond = Beyond("its number has too many digits");

/// What is known of a function beforehand: about how many bytes it makes.
pub(super) type Needs = fn(&[Value]) -> Result<usize, Beyond>;

/// What a function would need.
pub(super) fn of(name: &str) -> Needs {
    match name {
        "concat" => concat,
        "replace" => replace,
        "split" => split,
        "sprintf" => sprintf,
        "array.flatten" | "union" => inner,
        "graph.reachable" => neighbours,
        "object.union" | "object.union_n" => whole,
        "json.marshal" | "urlquery.encode_object" => written,
        "strings.any_prefix_match" | "strings.any_suffix_match" | "object.subset" => pairs,
        "trim" | "trim_left" | "trim_right" | "strings.replace_n" => product,
        "indexof_n" | "regex.split" | "regex.find_n" | "regex.find_all_string_submatch_n" => letters,
        "to_number" | "units.parse" | "units.parse_bytes" => digits,
        "bits.lsh" => shift,
        _ => nothing,
    }
}

/// Looks before a call whether there is time and room.
pub(super) fn before(needs: Needs, args: &[Value]) -> Result<(), Beyond> {
    in_time()?;
    // No encoding makes more than three letters of one.
    let texts: usize = args.iter().map(length).sum();
    room(texts.saturating_mul(3))?;
    room(needs(args)?)
}

/// Counts what a call has made.
pub(super) fn after(name: &str, value: &Value) -> Result<(), Beyond> {
    let shared = matches!(name, "each__" | "made__" | "kept__" | "walked__" | "object.get" | "max" | "min");
    match value {
        Value::Array(_) | Value::Set(_) | Value::Object(_) if !shared => {
            let whole = weight(value)?;
            let deep = matches!(
                name,
                "json.unmarshal" | "object.union" | "object.union_n" | "regex.find_all_string_submatch_n"
            );
            let texts = matches!(name, "split" | "regex.split" | "regex.find_n" | "net.cidr_expand");
            spend(if deep || texts { whole } else { own(value) })
        }
        Value::String(_) if !shared => spend(own(value)),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Set(_)
        | Value::Object(_)
        | Value::Undefined => Ok(()),
    }
}

/// A list, a set or an object that a policy writes out, and of how many parts: it may hold what there is many times over.
pub(super) fn made(args: &[Value]) -> Result<Value, Beyond> {
    let [value, parts] = args else { return Ok(Value::Undefined) };
    weight(value)?;
    let parts = parts.as_u64().ok().and_then(|parts| usize::try_from(parts).ok()).unwrap_or(1);
    spend(own(&Value::Null).saturating_mul(parts.saturating_add(1)))?;
    Ok(value.clone())
}

/// The same behind a line that makes it, which goes on.
pub(super) fn counted(args: &[Value]) -> Result<Value, Beyond> {
    made(args).map(|_| Value::Bool(true))
}

/// An element of a list, a set or an object, which holds it.
pub(super) fn kept(args: &[Value]) -> Result<Value, Beyond> {
    let [value] = args else { return Ok(Value::Undefined) };
    spend(2 * own(&Value::Null))?;
    Ok(value.clone())
}

/// What is walked through.
pub(super) fn before_walk(args: &[Value]) -> Result<Value, Beyond> {
    let [value] = args else { return Ok(Value::Undefined) };
    spend(walked(value)?)?;
    Ok(value.clone())
}

fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        Value::Set(items) => items.len(),
        Value::Object(fields) => fields.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => 0,
    }
}

/// The elements of a list, and the values of an object.
fn held(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Set(items) => Box::new(items.iter()),
        Value::Object(fields) => Box::new(fields.iter().map(|(_, value)| value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => {
            Box::new(std::iter::empty())
        }
    }
}

/// The lengths of everything in the arguments together.
fn inside(args: &[Value]) -> usize {
    args.iter().flat_map(held).map(length).fold(0, usize::saturating_add)
}

const fn nothing(_: &[Value]) -> Result<usize, Beyond> {
    Ok(0)
}

/// Twice: the pieces are put into a list first.
fn concat(args: &[Value]) -> Result<usize, Beyond> {
    let [between, pieces] = args else { return Ok(0) };
    let between = length(between).saturating_mul(length(pieces));
    Ok(inside(std::slice::from_ref(pieces)).saturating_add(between).saturating_mul(2))
}

fn replace(args: &[Value]) -> Result<usize, Beyond> {
    let [Value::String(text), Value::String(old), Value::String(new)] = args else { return Ok(0) };
    let found = if old.is_empty() { text.len() + 1 } else { text.matches(old.as_ref()).count() };
    Ok(found.saturating_mul(new.len()).saturating_add(text.len()).saturating_mul(2))
}

fn split(args: &[Value]) -> Result<usize, Beyond> {
    let [Value::String(text), Value::String(between)] = args else { return Ok(0) };
    let parts = if between.is_empty() { text.len() } else { text.matches(between.as_ref()).count() + 1 };
    Ok(text.len().saturating_add(own(&Value::Null).saturating_mul(2 * parts)))
}

/// What is formatted, as text: some four letters for each there are, and what widths add.
fn sprintf(args: &[Value]) -> Result<usize, Beyond> {
    let [Value::String(format), Value::Array(values)] = args else { return Ok(0) };
    let mut total = format.len().saturating_mul(64);
    for value in values.iter() {
        total = total.saturating_add(weight(value)?.saturating_mul(4));
    }
    Ok(total)
}

fn inner(args: &[Value]) -> Result<usize, Beyond> {
    Ok(inside(args).saturating_mul(own(&Value::Null)))
}

fn neighbours(args: &[Value]) -> Result<usize, Beyond> {
    let Some(graph) = args.first() else { return Ok(0) };
    inner(std::slice::from_ref(graph))
}

fn whole(args: &[Value]) -> Result<usize, Beyond> {
    args.iter().try_fold(0_usize, |total, arg| Ok(total.saturating_add(weight(arg)?)))
}

/// No letter is written as more than six.
fn written(args: &[Value]) -> Result<usize, Beyond> {
    whole(args).map(|bytes| bytes.saturating_mul(6))
}

fn steps(one: usize, other: usize) -> Result<usize, Beyond> {
    if one.saturating_mul(other) > STEPS { Err(STEEP) } else { Ok(0) }
}

/// Each of one with each of the other.
fn pairs(args: &[Value]) -> Result<usize, Beyond> {
    let [one, other] = args else { return Ok(0) };
    let count = |value: &Value| if matches!(value, Value::String(_)) { 1 } else { length(value) };
    steps(count(one), count(other))
}

/// Each letter with each letter, or with each key.
fn product(args: &[Value]) -> Result<usize, Beyond> {
    let [one, other] = args else { return Ok(0) };
    steps(length(one), length(other))
}

/// As many values as there are letters, at most.
fn letters(args: &[Value]) -> Result<usize, Beyond> {
    let longest = args.iter().map(length).max().unwrap_or(0);
    Ok(longest.saturating_mul(2 * own(&Value::Null)))
}

fn digits(args: &[Value]) -> Result<usize, Beyond> {
    let long = args.iter().any(|arg| length(arg) > DIGITS);
    if long { Err(LONG) } else { Ok(0) }
}

fn shift(args: &[Value]) -> Result<usize, Beyond> {
    let far = args.get(1).is_some_and(|by| by.as_i64().is_ok_and(|by| by > SHIFT));
    if far { Err(LONG) } else { Ok(0) }
}
