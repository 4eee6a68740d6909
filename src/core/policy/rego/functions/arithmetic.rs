//! The operators, which policies are rewritten to call: whole numbers are exact, fractions only where they have an exact
//! value in binary, since OPA computes with more digits than the engine.

use std::collections::BTreeSet;

use regorus::Value;

use super::Beyond;
use super::lists::difference;

const INEXACT: Beyond = Beyond(
    "a fraction in it has no exact value, and would be rounded in another way elsewhere; compare whole numbers, as in `x * 10 <= y * 11`",
);
const LARGE: Beyond = Beyond("a number in it is too large");

/// Up to here whole numbers have an exact value as fractions have it.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// The value of a number where it is a whole one or has few binary digits.
pub(super) fn exact(value: &Value) -> Result<f64, Beyond> {
    let number = value.as_f64().map_err(|_| LARGE)?;
    if number.abs() > LARGEST {
        return Err(LARGE);
    }
    let scaled = number * 1_048_576.0;
    if number.fract() == 0.0 || (scaled.fract() == 0.0 && number.abs() < 1_073_741_824.0) {
        Ok(number)
    } else {
        Err(INEXACT)
    }
}

fn as_value(number: f64) -> Result<Value, Beyond> {
    if number.abs() > LARGEST {
        return Err(LARGE);
    }
    if number.fract() == 0.0 {
        return format!("{number:.0}").parse::<i64>().map(Value::from).map_err(|_| LARGE);
    }
    Ok(Value::from(number))
}

fn numbers(args: &[Value]) -> Result<Option<(f64, f64)>, Beyond> {
    match args {
        [one @ Value::Number(_), other @ Value::Number(_)] => Ok(Some((exact(one)?, exact(other)?))),
        _ => Ok(None),
    }
}

fn computed(args: &[Value], compute: fn(f64, f64) -> f64) -> Result<Value, Beyond> {
    let Some((one, other)) = numbers(args)? else { return Ok(Value::Undefined) };
    let result = compute(one, other);
    if result == 0.0 && result.is_sign_negative() && (one.fract() != 0.0 || other.fract() != 0.0) {
        return Err(INEXACT);
    }
    let value = as_value(result)?;
    exact(&value).map(|_| value)
}

pub(super) fn add(args: &[Value]) -> Result<Value, Beyond> {
    computed(args, |one, other| one + other)
}

pub(super) fn multiply(args: &[Value]) -> Result<Value, Beyond> {
    computed(args, |one, other| one * other)
}

pub(super) fn subtract(args: &[Value]) -> Result<Value, Beyond> {
    match args {
        [Value::Set(_), Value::Set(_)] => difference(args),
        _ => computed(args, |one, other| one - other),
    }
}

/// A quotient may be rounded, but not twice: OPA keeps 64 binary digits, a message shows 53 of them.
pub(super) fn divide(args: &[Value]) -> Result<Value, Beyond> {
    match numbers(args)? {
        None | Some((_, 0.0)) => Ok(Value::Undefined),
        Some((one, other)) => {
            let quotient = one / other;
            if exact(&as_value(quotient)?).is_ok() && quotient * other == one {
                return as_value(quotient);
            }
            if one.fract() != 0.0 || other.fract() != 0.0 || rounds_twice(one.abs(), other.abs()) {
                return Err(INEXACT);
            }
            Ok(Value::from(quotient))
        }
    }
}

fn rounds_twice(one: f64, other: f64) -> bool {
    let whole = |number: f64| format!("{number:.0}").parse::<u128>().ok();
    let (Some(one), Some(other)) = (whole(one), whole(other)) else { return true };
    // More than 66 digits of the quotient, of which the 54th to the 64th must not be close to one half.
    let quotient = (one << 64) / other.max(1);
    let digits = 128 - quotient.leading_zeros();
    if digits < 60 {
        return true;
    }
    let below = digits - 53;
    let rest = quotient & ((1_u128 << below) - 1);
    let half = 1_u128 << (below - 1);
    rest.abs_diff(half) <= half >> 6
}

pub(super) fn remainder(args: &[Value]) -> Result<Value, Beyond> {
    match numbers(args)? {
        Some((one, other)) if other != 0.0 && one.fract() == 0.0 && other.fract() == 0.0 => {
            as_value(one % other)
        }
        _ => Ok(Value::Undefined),
    }
}

pub(super) fn unite(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::Set(one), Value::Set(other)] = args else { return Ok(Value::Undefined) };
    Ok(Value::from(one.iter().chain(other.iter()).cloned().collect::<BTreeSet<Value>>()))
}

pub(super) fn intersect(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::Set(one), Value::Set(other)] = args else { return Ok(Value::Undefined) };
    Ok(Value::from(one.iter().filter(|item| other.contains(item)).cloned().collect::<BTreeSet<Value>>()))
}

fn all(args: &[Value]) -> Vec<&Value> {
    match args {
        [Value::Array(items)] => items.iter().collect(),
        [Value::Set(items)] => items.iter().collect(),
        _ => Vec::new(),
    }
}

pub(super) fn sum(args: &[Value]) -> Result<Value, Beyond> {
    all(args).into_iter().try_fold(Value::from(0_i64), |sum, next| add(&[sum, next.clone()]))
}

pub(super) fn product(args: &[Value]) -> Result<Value, Beyond> {
    all(args).into_iter().try_fold(Value::from(1_i64), |product, next| multiply(&[product, next.clone()]))
}
