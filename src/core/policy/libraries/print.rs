//! `template.format(list)` as an API server prints: in the first form of the strings library, where texts within lists
//! and maps are quoted, and numbers with a point are written as in English. (The crate underneath writes the later form.)

use cel::ExecutionError;
use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelString, CelTimestamp, CelUInt,
    Kind,
};
use cel::common::value::{CowVal, Val};

use super::text_of;

/// The digits behind the point where a clause does not say how many.
const PRECISION: usize = 6;

/// The most digits that a clause may ask for: it bounds what is written.
const MOST_DIGITS: usize = 100;

/// How deep a value is written.
const DEEPEST: usize = 64;

/// `(meter, template, list)`; the caller has been charged for all three.
pub(super) fn format<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [_, template, list] = args.as_slice() else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    let list = arg_list(list)?;
    let text =
        filled(text_of(template)?, list).map_err(|why| ExecutionError::function_error("format", why))?;
    Ok(CowVal::owned(CelString::from(text)))
}

fn arg_list<'b, 'v>(value: &'b CowVal<'_, 'v>) -> Result<&'b CelList<'v>, ExecutionError> {
    value.downcast_ref::<CelList<'v>>().ok_or_else(ExecutionError::missing_argument_or_target)
}

/// The template with each clause replaced by its value, in order. Values that are left over are not looked at.
fn filled(template: &str, list: &CelList<'_>) -> Result<String, String> {
    let mut text = String::new();
    let mut values = list.inner().iter();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        let value = values.next().ok_or("there are more clauses than values")?;
        let (digits, after) = precision(after)?;
        let mut letters = after.chars();
        let letter = letters.next().ok_or("the template ends within a clause")?;
        text.push_str(&clause(letter, digits, value.as_ref())?);
        rest = letters.as_str();
    }
    text.push_str(rest);
    Ok(text)
}

/// `.2` and what follows it.
fn precision(clause: &str) -> Result<(usize, &str), String> {
    let Some(rest) = clause.strip_prefix('.') else { return Ok((PRECISION, clause)) };
    let end =
        rest.find(|letter: char| !letter.is_ascii_digit()).ok_or("the template ends within a clause")?;
    let (digits, rest) = rest.split_at(end);
    let digits: usize = digits.parse().map_err(|_| format!("`.{digits}` is no number of digits"))?;
    if digits > MOST_DIGITS {
        return Err(format!("{digits} digits are more than the {MOST_DIGITS} that are written"));
    }
    Ok((digits, rest))
}

fn clause(letter: char, digits: usize, value: &dyn Val) -> Result<String, String> {
    let written = match letter {
        's' => Some(plain(value, 0)?),
        'd' => whole(value).map(|(sign, number)| format!("{sign}{number}")),
        'f' => pointed(value).map(|number| fixed(number, digits)),
        'e' => pointed(value).map(|number| scientific(number, digits)),
        'b' => match value.downcast_ref::<CelBool>() {
            Some(truth) => Some(u8::from(*truth.inner()).to_string()),
            None => whole(value).map(|(sign, number)| format!("{sign}{number:b}")),
        },
        'o' => whole(value).map(|(sign, number)| format!("{sign}{number:o}")),
        'x' => hexadecimal(value),
        'X' => hexadecimal(value).map(|text| text.to_uppercase()),
        other => return Err(format!("there is no clause `%{other}`")),
    };
    written.ok_or_else(|| format!("`%{letter}` does not write a `{}`", value.get_type().name()))
}

/// A whole number: its sign and its size.
fn whole(value: &dyn Val) -> Option<(&'static str, u64)> {
    let signed = value.downcast_ref::<CelInt>().map(|number| *number.inner());
    let signed = signed.map(|number| (if number < 0 { "-" } else { "" }, number.unsigned_abs()));
    signed.or_else(|| value.downcast_ref::<CelUInt>().map(|number| ("", *number.inner())))
}

/// A number with a point: a double, or a text that names what is none.
fn pointed(value: &dyn Val) -> Option<f64> {
    let named = value.downcast_ref::<CelString<'_>>().and_then(|text| match text.inner() {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    });
    value.downcast_ref::<CelDouble>().map(|number| *number.inner()).or(named)
}

fn hexadecimal(value: &dyn Val) -> Option<String> {
    let bytes = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = value.downcast_ref::<CelString<'_>>().map(|text| bytes(text.inner().as_bytes()));
    let text = text.or_else(|| value.downcast_ref::<CelBytes>().map(|all| bytes(all.inner())));
    text.or_else(|| whole(value).map(|(sign, number)| format!("{sign}{number:x}")))
}

/// `1,234.50`
fn fixed(number: f64, digits: usize) -> String {
    if let Some(word) = endless(number, "∞") {
        return word;
    }
    let text = format!("{:.digits$}", number.abs());
    let (whole, rest) = text
        .split_once('.')
        .map_or((text.as_str(), String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let sign = if number.is_sign_negative() { "-" } else { "" };
    format!("{sign}{}{rest}", grouped(whole))
}

/// `1.234500×10⁰³`: always six digits, since the library that an API server uses takes the digits that a clause asks for
/// as the least width.
fn scientific(number: f64, width: usize) -> String {
    if let Some(word) = endless(number, "∞") {
        return word;
    }
    let text = format!("{number:.PRECISION$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(("", exponent), |rest| ("⁻", rest));
    let raised = |digit: char| match digit {
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        other => other.to_digit(10).and_then(|digit| char::from_u32(0x2070 + digit)).unwrap_or(other),
    };
    let exponent: String = format!("{exponent:0>2}").chars().map(raised).collect();
    let text = format!("{mantissa}×10{sign}{exponent}");
    format!("{text:>width$}")
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is no number, in words.
fn endless(number: f64, endless: &str) -> Option<String> {
    match (number.is_nan(), number.is_infinite()) {
        (true, _) => Some("NaN".to_owned()),
        (false, true) if number < 0.0 => Some(format!("-{endless}")),
        (false, true) => Some(endless.to_owned()),
        (false, false) => None,
    }
}

/// A double in the fewest digits that read back as itself, with an exponent where it is very large or small.
fn shortest(number: f64) -> String {
    if let Some(word) = endless(number, "Inf") {
        return if word == "Inf" { "+Inf".to_owned() } else { word };
    }
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if number != 0.0 && !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
        }
        Ok(_) | Err(_) => number.to_string(),
    }
}

/// A value as `%s` writes it.
fn plain(value: &dyn Val, depth: usize) -> Result<String, String> {
    if depth > DEEPEST {
        return Err("it nests too deep to be written".to_owned());
    }
    let text = match value.get_type().kind() {
        Kind::List => value.downcast_ref::<CelList<'_>>().map(|list| {
            let items: Result<Vec<String>, String> =
                list.inner().iter().map(|item| literal(item.as_ref(), depth)).collect();
            items.map(|items| format!("[{}]", items.join(", ")))
        }),
        Kind::Map => value.downcast_ref::<CelMap<'_>>().map(|map| entries(map, depth)),
        Kind::Boolean => value.downcast_ref::<CelBool>().map(|truth| Ok(truth.inner().to_string())),
        Kind::Int | Kind::UInt => whole(value).map(|(sign, number)| Ok(format!("{sign}{number}"))),
        Kind::Double => value.downcast_ref::<CelDouble>().map(|number| Ok(shortest(*number.inner()))),
        Kind::String => value.downcast_ref::<CelString<'_>>().map(|text| Ok(text.inner().to_owned())),
        Kind::Bytes => value.downcast_ref::<CelBytes>().map(|bytes| {
            let text = String::from_utf8(bytes.inner().to_vec());
            text.map_err(|_| "bytes that are no text cannot be written".to_owned())
        }),
        Kind::Duration => value.downcast_ref::<CelDuration>().map(|duration| {
            let duration = duration.inner();
            let nanos = duration.num_nanoseconds().ok_or("a duration that is too long to be written")?;
            Ok(format!("{}s", shortest(nanos as f64 / 1e9)))
        }),
        Kind::Timestamp => value.downcast_ref::<CelTimestamp>().map(|time| {
            let time = time.inner();
            let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
            let time = jiff::Timestamp::new(time.timestamp(), nanos);
            time.map(|time| time.to_string()).map_err(|error| error.to_string())
        }),
        Kind::NullType => Some(Ok("null".to_owned())),
        Kind::Type => Some(Err("types are not written here: compare with `type(…)` instead".to_owned())),
        Kind::Unspecified
        | Kind::Error
        | Kind::Dyn
        | Kind::Any
        | Kind::Opaque
        | Kind::Struct
        | Kind::TypeParam
        | Kind::Unknown => None,
    };
    text.unwrap_or_else(|| Err(format!("`%s` does not write a `{}`", value.get_type().name())))
}

/// A value within another: as an expression would spell it.
fn literal(value: &dyn Val, depth: usize) -> Result<String, String> {
    let text = || plain(value, depth + 1);
    match value.get_type().kind() {
        Kind::String => Ok(format!("{:?}", text()?)),
        Kind::Bytes => Ok(format!("b{:?}", text()?)),
        Kind::Timestamp => Ok(format!("timestamp({:?})", text()?)),
        Kind::Duration => Ok(format!("duration({:?})", text()?)),
        Kind::Double => match value.downcast_ref::<CelDouble>().map(|number| *number.inner()) {
            Some(number) if number.is_finite() => Ok(format!("{number:.PRECISION$}")),
            Some(number) => Ok(format!("{:?}", shortest(number))),
            None => text(),
        },
        Kind::Unspecified
        | Kind::Error
        | Kind::Dyn
        | Kind::Any
        | Kind::Boolean
        | Kind::Int
        | Kind::UInt
        | Kind::List
        | Kind::Map
        | Kind::NullType
        | Kind::Opaque
        | Kind::Struct
        | Kind::Type
        | Kind::TypeParam
        | Kind::Unknown => text(),
    }
}

/// A map in the order of its keys as they are written.
fn entries(map: &CelMap<'_>, depth: usize) -> Result<String, String> {
    let mut entries = Vec::with_capacity(map.inner().len());
    for (key, value) in map.inner() {
        entries.push((literal(key.inner(), depth)?, literal(value.as_ref(), depth)?));
    }
    entries.sort();
    let entries: Vec<String> = entries.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
    Ok(format!("{{{}}}", entries.join(", ")))
}
