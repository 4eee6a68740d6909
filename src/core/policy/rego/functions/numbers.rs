//! Functions of numbers.

use regorus::Value;

use super::{Beyond, native};

/// The most numbers that a range may have.
const LONGEST_RANGE: u64 = 100_000;
const TOO_LONG: Beyond = Beyond("its range has more than a hundred thousand numbers");

/// The number of a text: what JSON calls one, and what Go's parser takes beside that is undefined or beyond.
pub(super) fn to_number(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(text)] = args else {
        return Ok(native::ask("to_number", args).unwrap_or(Value::Undefined));
    };
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-'));
    if plain {
        return Ok(native::ask("to_number", args).unwrap_or(Value::Undefined));
    }
    let odd = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'_');
    let hopeless = !text.bytes().any(|byte| byte.is_ascii_digit())
        || !text
            .bytes()
            .all(|byte| odd(byte) || byte.is_ascii_hexdigit() || matches!(byte, b'x' | b'X' | b'p' | b'P'));
    if hopeless { Ok(Value::Undefined) } else { Err(Beyond("its text is no plain decimal number")) }
}

pub(super) fn range(args: &[Value]) -> Result<Value, Beyond> {
    let [from, to] = args else { return Ok(Value::Undefined) };
    let (Ok(from), Ok(to)) = (from.as_i64(), to.as_i64()) else { return whole_or_beyond(args) };
    if from.abs_diff(to) >= LONGEST_RANGE {
        return Err(TOO_LONG);
    }
    Ok(native::ask("numbers.range", args).unwrap_or(Value::Undefined))
}

pub(super) fn range_step(args: &[Value]) -> Result<Value, Beyond> {
    let [from, to, step] = args else { return Ok(Value::Undefined) };
    let (Ok(from), Ok(to), Ok(step)) = (from.as_i64(), to.as_i64(), step.as_i64()) else {
        return whole_or_beyond(args);
    };
    if step <= 0 {
        return Ok(Value::Undefined);
    }
    if from.abs_diff(to) / step.unsigned_abs() >= LONGEST_RANGE {
        return Err(TOO_LONG);
    }
    Ok(native::ask("numbers.range_step", args).unwrap_or(Value::Undefined))
}

/// Fractions are undefined; whole numbers this large are beyond.
fn whole_or_beyond(args: &[Value]) -> Result<Value, Beyond> {
    let whole = args.iter().all(|arg| arg.as_number().is_ok_and(|number| number.is_integer()));
    if whole { Err(TOO_LONG) } else { Ok(Value::Undefined) }
}

pub(super) fn units(args: &[Value]) -> Result<Value, Beyond> {
    quantity("units.parse", args)
}

pub(super) fn units_bytes(args: &[Value]) -> Result<Value, Beyond> {
    quantity("units.parse_bytes", args)
}

fn quantity(name: &str, args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(text)] = args else { return Ok(Value::Undefined) };
    let text = text.replace('"', "");
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (amount, unit) = text.split_at(digits);
    if amount.is_empty() || !unit.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        // Signs, exponents, spaces: what Go makes of them depends on more than is certain here.
        let hopeless =
            text.is_empty() || text.contains(' ') || !text.bytes().any(|byte| byte.is_ascii_digit());
        return if hopeless { Ok(Value::Undefined) } else { Err(Beyond("its text is no plain quantity")) };
    }
    Ok(native::ask(name, args).unwrap_or(Value::Undefined))
}
