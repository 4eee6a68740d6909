//! Regular expressions and globs. Policies write them as Go understands them; what Go and Rust mean differently is
//! written anew, and what has no certain meaning fails.

mod globbing;
mod translating;

use std::collections::BTreeMap;
use std::sync::RwLock;

use regex::{Regex, RegexBuilder};
use regorus::Value;

use super::super::measure::room;
use super::Beyond;

/// The largest pattern, compiled, in bytes.
const LARGEST: usize = 1 << 20;
/// How much each may remember of its matching, in bytes.
const CACHED: usize = 1 << 18;
/// How many compiled patterns are remembered.
const REMEMBERED: usize = 100;
const UNSURE: Beyond = Beyond("its pattern is not valid, or means something else elsewhere");

static COMPILED: RwLock<BTreeMap<String, Regex>> = RwLock::new(BTreeMap::new());

/// Compiles what is already in Rust's words, once.
fn compiled(pattern: &str, rewrite: fn(&str) -> Option<String>) -> Result<Regex, Beyond> {
    if let Some(found) = COMPILED.read().ok().and_then(|known| known.get(pattern).cloned()) {
        return Ok(found);
    }
    let rewritten = rewrite(pattern).ok_or(UNSURE)?;
    let made = RegexBuilder::new(&rewritten)
        .size_limit(LARGEST)
        .dfa_size_limit(CACHED)
        .build()
        .map_err(|_| UNSURE)?;
    if let Ok(mut known) = COMPILED.write() {
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(pattern.to_owned(), made.clone());
    }
    Ok(made)
}

fn regex(pattern: &str) -> Result<Regex, Beyond> {
    compiled(pattern, translating::rewrite)
}

pub(super) fn matches(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(pattern), Value::String(text)] = args else { return Ok(Value::Undefined) };
    Ok(regex(pattern)?.is_match(text).into())
}

pub(super) fn is_valid(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(pattern)] = args else { return Ok(Value::Bool(false)) };
    regex(pattern).map(|_| Value::Bool(true))
}

pub(super) fn replace(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(text), Value::String(pattern), Value::String(by)] = args else {
        return Ok(Value::Undefined);
    };
    let (mut to, mut done) = (String::with_capacity(text.len()), 0);
    for found in regex(pattern)?.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        to.push_str(text.get(done..whole.start()).unwrap_or_default());
        found.expand(by, &mut to);
        done = whole.end();
        room(to.len().saturating_mul(2))?;
    }
    to.push_str(text.get(done..).unwrap_or_default());
    Ok(to.into())
}

pub(super) fn split(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(pattern), Value::String(text)] = args else { return Ok(Value::Undefined) };
    let compiled = regex(pattern)?;
    if text.is_empty() && !pattern.is_empty() {
        return Ok(Value::from(vec![Value::from("")]));
    }
    let (mut parts, mut begin, mut end) = (Vec::new(), 0, 0);
    for found in compiled.find_iter(text) {
        end = found.start();
        if found.end() != 0 {
            parts.push(Value::from(text.get(begin..end).unwrap_or_default()));
        }
        begin = found.end();
    }
    if end != text.len() {
        parts.push(Value::from(text.get(begin..).unwrap_or_default()));
    }
    Ok(Value::from(parts))
}

/// How many are asked for: all of them where the number is negative.
fn most(value: &Value) -> Option<usize> {
    let number = value.as_i64().ok()?;
    Some(usize::try_from(number).unwrap_or(usize::MAX))
}

pub(super) fn find(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(pattern), Value::String(text), number] = args else { return Ok(Value::Undefined) };
    let Some(most) = most(number) else { return Ok(Value::Undefined) };
    let found: Vec<Value> =
        regex(pattern)?.find_iter(text).take(most).map(|found| Value::from(found.as_str())).collect();
    Ok(Value::from(found))
}

pub(super) fn find_groups(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(pattern), Value::String(text), number] = args else { return Ok(Value::Undefined) };
    let Some(most) = most(number) else { return Ok(Value::Undefined) };
    let groups = |captures: regex::Captures<'_>| {
        let group = |group: Option<regex::Match<'_>>| Value::from(group.map_or("", |group| group.as_str()));
        Value::from(captures.iter().map(group).collect::<Vec<Value>>())
    };
    let found: Vec<Value> = regex(pattern)?.captures_iter(text).take(most).map(groups).collect();
    Ok(Value::from(found))
}

/// Delimiters are what `*` and `?` do not match: `.` where the list of them is empty, none where it is null.
pub(super) fn glob(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(pattern), delimiters, Value::String(text)] = args else { return Ok(Value::Undefined) };
    let mut between = String::new();
    if let Value::Array(delimiters) = delimiters {
        for delimiter in delimiters.iter() {
            let Value::String(delimiter) = delimiter else { return Ok(Value::Undefined) };
            if delimiter.chars().count() != 1 {
                return Ok(Value::Undefined);
            }
            between.push_str(delimiter);
        }
        if between.is_empty() {
            between.push('.');
        }
    }
    // The two parts cannot be confused: no delimiter is a line feed, or the pattern is not remembered as another.
    let keyed = format!("{between}\n{pattern}");
    if between.contains('\n') {
        return Err(UNSURE);
    }
    Ok(compiled(&keyed, globbing::rewrite)?.is_match(text).into())
}
