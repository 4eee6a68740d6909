//! Functions of numbers.

use regorus::Value;

use super::{Beyond, native};

/// The most numbers that a range may have.
const LONGEST_RANGE: u64 = 100_000;
const ODD: Beyond = Beyond("its text is no plain quantity");
const TOO_LONG: Beyond = Beyond("its range has more than a hundred thousand numbers");

/// The number of a text: what JSON calls one, and what Go's parser takes beside that is undefined or beyond.
pub(super) fn to_number(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(text)] = args else {
        return Ok(native::ask("to_number", args).unwrap_or(Value::Undefined));
    };
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-'));
    // OPA keeps the text, which shows where such a number becomes text again.
    if plain && text.split_once('.').is_some_and(|(_, fraction)| fraction.bytes().all(|byte| byte == b'0')) {
        return Err(Beyond("its text is a whole number with a fraction; cut that off first"));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let zeros = digits.starts_with('0') && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if plain && (zeros || digits.starts_with('.') || digits.ends_with('.')) {
        return Err(Beyond("its text is no plain decimal number"));
    }
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

/// In which base, of whole numbers alone.
pub(super) fn format_int(args: &[Value]) -> Result<Value, Beyond> {
    let whole = args.iter().all(|arg| arg.as_i64().is_ok());
    if !whole {
        return Err(Beyond("its number is no whole one, or too large"));
    }
    Ok(native::ask("format_int", args).unwrap_or(Value::Undefined))
}

/// OPA rounds what is between minus one and zero in a way of its own.
fn rounded(name: &str, args: &[Value]) -> Result<Value, Beyond> {
    let small = args.iter().any(|arg| arg.as_f64().is_ok_and(|number| number > -1.0 && number < 0.0));
    if small {
        return Err(Beyond("its number is between minus one and zero"));
    }
    Ok(native::ask(name, args).unwrap_or(Value::Undefined))
}

pub(super) fn ceil(args: &[Value]) -> Result<Value, Beyond> {
    rounded("ceil", args)
}

pub(super) fn floor(args: &[Value]) -> Result<Value, Beyond> {
    rounded("floor", args)
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
    if amount.matches('.').count() > 1 {
        return Ok(Value::Undefined);
    }
    if amount.ends_with('.') {
        return Err(ODD);
    }
    if amount.is_empty() || !unit.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        // Signs, exponents, spaces: what Go makes of them depends on more than is certain here.
        let hopeless =
            text.is_empty() || text.contains(' ') || !text.bytes().any(|byte| byte.is_ascii_digit());
        return if hopeless { Ok(Value::Undefined) } else { Err(ODD) };
    }
    let told = native::ask(name, args).unwrap_or(Value::Undefined);
    let Some((_, fraction)) = amount.split_once('.') else { return Ok(told) };
    // Fractions are exact where there are few of their digits and what comes out is whole.
    let one = native::ask(name, &[format!("1{unit}").into()]).unwrap_or(Value::Undefined);
    let (Ok(one), Ok(amount)) = (one.as_u64(), amount.replace('.', "").parse::<u64>()) else {
        return Err(ODD);
    };
    let scale = u32::try_from(fraction.len()).ok().and_then(|digits| 10_u64.checked_pow(digits));
    match (amount.checked_mul(one), scale) {
        (Some(product), Some(scale)) if scale > 1 && product % scale == 0 => Ok(Value::from(product / scale)),
        _ if told == Value::Undefined => Ok(told),
        _ if name == "units.parse"
            && scale.is_some_and(|scale| (10..1_000_000).contains(&scale))
            && one == 1 =>
        {
            Ok(told)
        }
        _ => Err(ODD),
    }
}
