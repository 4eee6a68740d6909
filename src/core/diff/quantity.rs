//! Quantities of the API: `1000m` is `1`, `1024Mi` is `1Gi`. Only where the API is known to have one.

use serde_json::Value;

/// Whether two values at these keys (list items left out) of a kind are one quantity in two spellings.
pub(super) fn equal(kind: &str, keys: &[&str], before: &Value, after: &Value) -> bool {
    stands_at(kind, keys) && nano(before).is_some_and(|amount| nano(after) == Some(amount))
}

/// Whether `before` and `after` are quantities and the second is smaller.
pub(crate) fn less(before: &Value, after: &Value) -> bool {
    nano(before).zip(nano(after)).is_some_and(|(before, after)| after < before)
}

fn stands_at(kind: &str, keys: &[&str]) -> bool {
    match keys {
        [.., "resources", "requests" | "limits", _]
        | [.., "emptyDir", "sizeLimit"]
        | [.., "resourceFieldRef", "divisor"]
        | [.., "overhead", "podFixed", _] => true,
        [.., "hard", _] => kind == "ResourceQuota",
        [.., "capacity", _] => kind == "PersistentVolume",
        [.., "default" | "defaultRequest" | "max" | "min" | "maxLimitRequestRatio", _] => {
            kind == "LimitRange"
        }
        [.., "target", "averageValue" | "value"] => kind == "HorizontalPodAutoscaler",
        _ => false,
    }
}

/// The amount of a quantity in billionths, exact; `None` for what is no quantity or has no exact amount here.
pub fn nano(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => parse(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a text is a quantity as the API reads one, exact here or not.
pub(crate) fn is_quantity(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let Some((number, suffix)) = unsigned.split_at_checked(end) else { return false };
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let exponent = |suffix: &str| {
        let power = suffix.strip_prefix(['e', 'E']);
        let power = power.map(|power| power.strip_prefix(['+', '-']).unwrap_or(power));
        power.is_some_and(|power| !power.is_empty() && power.bytes().all(|b| b.is_ascii_digit()))
    };
    digits > 0
        && number.bytes().filter(|b| *b == b'.').count() <= 1
        && (scale(suffix).is_some() || exponent(suffix))
}

fn parse(text: &str) -> Option<i128> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    let (sign, number) = match number.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > 30 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mantissa: i128 = sign * digits.parse::<i128>().ok()?;
    let (decimal, binary) = scale(suffix)?;
    let scaled = mantissa.checked_mul(1i128.checked_shl(binary)?)?;
    shift(scaled, decimal + 9 - i32::try_from(fraction.len()).ok()?)
}

/// Powers of ten and of two that a suffix stands for.
fn scale(suffix: &str) -> Option<(i32, u32)> {
    Some(match suffix {
        "n" => (-9, 0),
        "u" => (-6, 0),
        "m" => (-3, 0),
        "" => (0, 0),
        "k" => (3, 0),
        "M" => (6, 0),
        "G" => (9, 0),
        "T" => (12, 0),
        "P" => (15, 0),
        "E" => (18, 0),
        "Ki" => (0, 10),
        "Mi" => (0, 20),
        "Gi" => (0, 30),
        "Ti" => (0, 40),
        "Pi" => (0, 50),
        "Ei" => (0, 60),
        _ => (suffix.strip_prefix(['e', 'E'])?.parse().ok().filter(|power: &i32| power.abs() <= 18)?, 0),
    })
}

/// Times a power of ten; `None` where that is not exact.
fn shift(value: i128, power: i32) -> Option<i128> {
    let factor = 10i128.checked_pow(power.unsigned_abs())?;
    if power >= 0 { value.checked_mul(factor) } else { (value % factor == 0).then_some(value / factor) }
}
