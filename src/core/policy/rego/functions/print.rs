//! `sprintf`, as Go formats. What is formatted is what OPA hands over: whole numbers, other numbers, and texts, which is
//! also what every other value becomes first.

use regorus::Value;

use super::Beyond;
use super::lists::is_mixed;

const ODD: Beyond = Beyond(
    "its format is one that is not supported: `%s`, `%v`, `%d`, `%q`, `%x`, `%f`, `%.2f` and `%5d` are",
);

const UNTOLD: Beyond = Beyond("it cannot be told how a list, a set or an object reads");

/// What is formatted.
enum Given {
    Text(String),
    Whole(i64),
    Fraction(f64),
}

/// What stands between `%` and the verb.
#[derive(Default)]
struct Flags {
    minus: bool,
    plus: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

pub(super) fn sprintf(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(format), Value::Array(values)] = args else { return Ok(Value::Undefined) };
    let mut given = Vec::with_capacity(values.len());
    for value in values.iter() {
        given.push(Given::of(value)?);
    }
    let (mut to, mut used) = (String::with_capacity(format.len()), 0);
    let mut rest = format.as_ref();
    while let Some((plain, directive)) = rest.split_once('%') {
        to.push_str(plain);
        let (flags, after) = Flags::read(directive)?;
        let Some(verb) = after.chars().next() else {
            to.push_str("%!(NOVERB)");
            rest = "";
            break;
        };
        rest = after.get(verb.len_utf8()..).unwrap_or_default();
        if verb == '%' {
            flags.nothing()?;
            to.push('%');
            continue;
        }
        match given.get(used) {
            None => to.push_str(&format!("%!{verb}(MISSING)")),
            Some(value) => to.push_str(&value.formatted(verb, &flags)?),
        }
        used += 1;
    }
    to.push_str(rest);
    if let Some(left) = given.get(used..).filter(|left| !left.is_empty()) {
        let named: Vec<String> = left.iter().map(Given::named).collect();
        to.push_str(&format!("%!(EXTRA {})", named.join(", ")));
    }
    Ok(to.into())
}

impl Flags {
    fn read(text: &str) -> Result<(Self, &str), Beyond> {
        let mut flags = Self::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            match first {
                '-' => flags.minus = true,
                '+' => flags.plus = true,
                '0' => flags.zero = true,
                ' ' | '#' => return Err(ODD),
                _ => break,
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        let number = |rest: &mut &str| -> Result<Option<usize>, Beyond> {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, after) = rest.split_at(digits);
            *rest = after;
            let number: Option<usize> = number.parse().ok();
            if number.is_some_and(|number| number > 200) { Err(ODD) } else { Ok(number) }
        };
        flags.width = number(&mut rest)?;
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            flags.precision = Some(number(&mut rest)?.unwrap_or(0));
        }
        if rest.starts_with(['[', '*']) || (flags.minus && flags.zero) {
            return Err(ODD);
        }
        Ok((flags, rest))
    }

    fn nothing(&self) -> Result<(), Beyond> {
        let Self { minus, plus, zero, width, precision } = self;
        if *minus || *plus || *zero || width.is_some() || precision.is_some() { Err(ODD) } else { Ok(()) }
    }

    /// A number without its sign, with it and as wide as asked.
    fn number(&self, negative: bool, digits: &str) -> String {
        let sign = if negative {
            "-"
        } else if self.plus {
            "+"
        } else {
            ""
        };
        let missing = self.width.unwrap_or(0).saturating_sub(sign.len() + digits.len());
        if self.zero {
            return format!("{sign}{}{digits}", "0".repeat(missing));
        }
        self.wide(format!("{sign}{digits}"))
    }

    fn wide(&self, text: String) -> String {
        let missing = " ".repeat(self.width.unwrap_or(0).saturating_sub(text.chars().count()));
        if self.minus { text + &missing } else { missing + &text }
    }
}

impl Given {
    fn of(value: &Value) -> Result<Self, Beyond> {
        match value {
            Value::String(text) => Ok(Self::Text(text.as_ref().to_owned())),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Ok(Self::Whole(whole)),
                (None, Some(fraction)) if !number.is_integer() => Ok(Self::Fraction(fraction)),
                _ => Err(Beyond("a number is too large")),
            },
            Value::Bool(flag) => Ok(Self::Text(flag.to_string())),
            Value::Null => Ok(Self::Text("null".to_owned())),
            Value::Array(_) | Value::Set(_) | Value::Object(_) | Value::Undefined => {
                if is_mixed(value) {
                    return Err(UNTOLD);
                }
                let mut text = String::new();
                told(value, &mut text)?;
                Ok(Self::Text(text))
            }
        }
    }

    fn formatted(&self, verb: char, flags: &Flags) -> Result<String, Beyond> {
        match (self, verb) {
            (Self::Text(text), 's' | 'v') if !flags.plus && !flags.zero => {
                let most = flags.precision.unwrap_or(usize::MAX);
                Ok(flags.wide(text.chars().take(most).collect()))
            }
            (Self::Text(text), 'q') if !flags.plus && !flags.zero && flags.precision.is_none() => {
                Ok(flags.wide(quoted(text)?))
            }
            (Self::Text(text), 'x') => {
                flags.nothing()?;
                Ok(text.bytes().map(|byte| format!("{byte:02x}")).collect())
            }
            (Self::Whole(number), 'd' | 'v' | 'x' | 'X' | 'o' | 'b') if flags.precision.is_none() => {
                let size = number.unsigned_abs();
                let digits = match verb {
                    'x' => format!("{size:x}"),
                    'X' => format!("{size:X}"),
                    'o' => format!("{size:o}"),
                    'b' => format!("{size:b}"),
                    _ => size.to_string(),
                };
                Ok(flags.number(*number < 0, &digits))
            }
            (Self::Fraction(number), 'f' | 'F') => {
                let digits = format!("{:.*}", flags.precision.unwrap_or(6), number.abs());
                Ok(flags.number(number.is_sign_negative(), &digits))
            }
            (Self::Fraction(number), 'v' | 'g') if flags.precision.is_none() => {
                Ok(flags.number(number.is_sign_negative(), &shortest(number.abs())))
            }
            (Self::Text(_), 's' | 'v' | 'q' | 'X' | 'T')
            | (Self::Whole(_), 'd' | 'v' | 'x' | 'X' | 'o' | 'b' | 'c' | 'q' | 'U' | 'O' | 'T')
            | (Self::Fraction(_), 'v' | 'g' | 'G' | 'e' | 'E' | 'x' | 'X' | 'b' | 'T') => Err(ODD),
            _ => {
                flags.nothing()?;
                Ok(format!("%!{verb}({})", self.named()))
            }
        }
    }

    /// With its type, as Go tells of what does not fit.
    fn named(&self) -> String {
        match self {
            Self::Text(text) => format!("string={text}"),
            Self::Whole(number) => format!("int64={number}"),
            Self::Fraction(number) if *number < 0.0 => format!("float64=-{}", shortest(number.abs())),
            Self::Fraction(number) => format!("float64={}", shortest(*number)),
        }
    }
}

/// A value as Rego writes it.
fn told(value: &Value, to: &mut String) -> Result<(), Beyond> {
    match value {
        Value::Null => to.push_str("null"),
        Value::Bool(flag) => to.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) if number.is_integer() => to.push_str(&number.format_decimal()),
        Value::Number(_) | Value::Undefined => return Err(UNTOLD),
        Value::String(text) => to.push_str(&quoted(text)?),
        Value::Array(items) => told_each("[", items.iter(), "]", to)?,
        Value::Set(items) if items.is_empty() => to.push_str("set()"),
        Value::Set(items) => told_each("{", items.iter(), "}", to)?,
        Value::Object(fields) => {
            let mut fields: Vec<(&Value, &Value)> = fields.iter().collect();
            fields.sort();
            to.push('{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                to.push_str(if index > 0 { ", " } else { "" });
                told(key, to)?;
                to.push_str(": ");
                told(value, to)?;
            }
            to.push('}');
        }
    }
    Ok(())
}

fn told_each<'a>(
    open: &str,
    items: impl Iterator<Item = &'a Value>,
    close: &str,
    to: &mut String,
) -> Result<(), Beyond> {
    to.push_str(open);
    for (index, item) in items.enumerate() {
        to.push_str(if index > 0 { ", " } else { "" });
        told(item, to)?;
    }
    to.push_str(close);
    Ok(())
}

/// The fewest digits that mean the number, with an exponent where it is large or small.
fn shortest(number: f64) -> String {
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

fn quoted(text: &str) -> Result<String, Beyond> {
    let mut to = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\t' => to.push_str("\\t"),
            '\r' => to.push_str("\\r"),
            '\u{7}' => to.push_str("\\a"),
            '\u{8}' => to.push_str("\\b"),
            '\u{b}' => to.push_str("\\v"),
            '\u{c}' => to.push_str("\\f"),
            ' '..='~' => to.push(character),
            '–' | '—' | '…' | '‘' | '’' | '“' | '”' | '•' | '→' | '✓' | '€' => {
                to.push(character)
            }
            _ if character.is_alphanumeric() => to.push(character),
            _ => return Err(Beyond("it cannot be told how `%q` writes a character of its text")),
        }
    }
    to.push('"');
    Ok(to)
}
