//! `quantity('1Gi')`: amounts as the API server reads them, with its ideas of what is a whole number.

use std::cmp::Ordering;

use cel::common::types::{CelBool, CelDouble, CelInt, CelString};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};

use super::opaque;

pub(super) const FUNCTIONS: &[&str] = &[
    "add",
    "asApproximateFloat",
    "asInteger",
    "compareTo",
    "isGreaterThan",
    "isInteger",
    "isLessThan",
    "isQuantity",
    "quantity",
    "sign",
    "sub",
];

/// How fine an amount can be: billionths.
const FINEST: i32 = -9;
/// The largest amount that a suffix of powers of two gives.
const MOST: i128 = i64::MAX as i128 * 1_000_000_000;

/// An amount. The API server keeps small ones as a number and a power of ten, and asks only those whether they are whole.
#[derive(Debug, Clone, Copy)]
pub(super) enum Quantity {
    Small {
        value: i64,
        scale: i32,
    },
    /// In billionths.
    Large(i128),
    /// More than is worth telling apart.
    Beyond,
}

opaque!(Quantity, "kubernetes.Quantity", QUANTITY);

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.billionths().zip(other.billionths()).is_some_and(|(own, other)| own == other)
    }
}

impl Quantity {
    fn billionths(self) -> Option<i128> {
        match self {
            Self::Small { value: 0, .. } => Some(0),
            Self::Small { value, scale } => {
                let factor = 10i128.checked_pow(u32::try_from(scale - FINEST).ok()?)?;
                i128::from(value).checked_mul(factor)
            }
            Self::Large(amount) => Some(amount),
            Self::Beyond => None,
        }
    }

    fn known(self) -> Result<i128, ExecutionError> {
        self.billionths()
            .ok_or_else(|| ExecutionError::function_error("quantity", "this amount is too large"))
    }

    /// The number, where the amount is kept as a small one without a fraction.
    fn whole(self) -> Option<i64> {
        match self {
            Self::Small { value, scale } => {
                let factor = 10i64.checked_pow(u32::try_from(scale).ok()?)?;
                value.checked_mul(factor)
            }
            Self::Large(_) | Self::Beyond => None,
        }
    }

    fn plus(self, other: Self) -> Result<Self, ExecutionError> {
        if let Some(sum) = self.plus_small(other) {
            return Ok(sum);
        }
        let sum = self.known()?.checked_add(other.known()?);
        let error = || ExecutionError::function_error("add", "the sum is too large");
        sum.map(Self::Large).ok_or_else(error)
    }

    fn plus_small(self, other: Self) -> Option<Self> {
        let (Self::Small { value: a, scale: at }, Self::Small { value: b, scale: bt }) = (self, other) else {
            return None;
        };
        match (a, b) {
            (_, 0) => return Some(self),
            (0, _) => return Some(other),
            _ => {}
        }
        let scale = at.min(bt);
        let shifted =
            |value: i64, from: i32| value.checked_mul(10i64.checked_pow(u32::try_from(from - scale).ok()?)?);
        Some(Self::Small { value: shifted(a, at)?.checked_add(shifted(b, bt)?)?, scale })
    }

    fn minus(self) -> Option<Self> {
        Some(match self {
            Self::Small { value, scale } => Self::Small { value: value.checked_neg()?, scale },
            Self::Large(amount) => Self::Large(amount.checked_neg()?),
            Self::Beyond => return None,
        })
    }
}

/// What a text is made of.
struct Parts<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
    decimal: i32,
    binary: Option<u32>,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (whole, rest) = rest.split_at_checked(digits(rest))?;
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at_checked(digits(rest))?,
        None => ("", rest),
    };
    let (decimal, binary) = match suffix {
        "Ki" => (0, Some(10)),
        "Mi" => (0, Some(20)),
        "Gi" => (0, Some(30)),
        "Ti" => (0, Some(40)),
        "Pi" => (0, Some(50)),
        "Ei" => (0, Some(60)),
        "n" => (-9, None),
        "u" => (-6, None),
        "m" => (-3, None),
        "" => (0, None),
        "k" => (3, None),
        "M" => (6, None),
        "G" => (9, None),
        "T" => (12, None),
        "P" => (15, None),
        "E" => (18, None),
        _ => (suffix.strip_prefix(['e', 'E'])?.parse().ok().filter(|power: &i32| power.abs() <= 100)?, None),
    };
    let whole = whole.trim_start_matches('0');
    Some(Parts { negative, whole: if whole.is_empty() { "0" } else { whole }, fraction, decimal, binary })
}

fn parse(text: &str) -> Option<Quantity> {
    if text.is_empty() {
        return None;
    }
    let parts = parts(text)?;
    Some(small(&parts).or_else(|| large(&parts)).unwrap_or(Quantity::Beyond))
}

/// What the API server keeps as a number and a power of ten.
fn small(parts: &Parts<'_>) -> Option<Quantity> {
    let digits = parts.whole.len() + parts.fraction.len();
    let room = match parts.binary {
        None => 18,
        Some(power) if parts.fraction.is_empty() => 14usize.checked_sub(power as usize * 3 / 10)?,
        Some(_) => return None,
    };
    let scale = parts.decimal - i32::try_from(parts.fraction.len()).ok()?;
    if digits > room || scale < FINEST {
        return None;
    }
    let number: i64 = format!("{}{}", parts.whole, parts.fraction).parse().ok()?;
    let value = number.checked_mul(1i64.checked_shl(parts.binary.unwrap_or(0))?)?;
    Some(Quantity::Small { value: if parts.negative { -value } else { value }, scale })
}

fn large(parts: &Parts<'_>) -> Option<Quantity> {
    let digits = format!("{}{}", parts.whole, parts.fraction);
    let number: i128 = digits.parse().ok()?;
    let scaled = number.checked_mul(1i128 << parts.binary.unwrap_or(0))?;
    let power = parts.decimal - FINEST - i32::try_from(parts.fraction.len()).ok()?;
    let amount = if power >= 0 {
        scaled.checked_mul(10i128.checked_pow(power.unsigned_abs())?)?
    } else {
        // What is finer than billionths is rounded up.
        let factor = 10i128.checked_pow(power.unsigned_abs()).unwrap_or(i128::MAX);
        scaled / factor + i128::from(scaled % factor != 0)
    };
    let amount = if parts.binary.is_some() { amount.min(MOST) } else { amount };
    Some(Quantity::Large(if parts.negative { -amount } else { amount }))
}

pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    add_overload!(env, fn quantity: (CelString) -> Result<Quantity>)?;
    add_overload!(env, fn is_quantity: (CelString) -> CelBool)?;
    add_overload!(env, fn sign: (Quantity) -> Result<CelInt>)?;
    add_member_overload!(env, fn sign: (Quantity) -> Result<CelInt>, id = "quantity.sign()")?;
    add_member_overload!(env, fn is_greater_than: (Quantity, Quantity) -> Result<CelBool>)?;
    add_member_overload!(env, fn is_less_than: (Quantity, Quantity) -> Result<CelBool>)?;
    add_member_overload!(env, fn compare_to: (Quantity, Quantity) -> Result<CelInt>)?;
    add_member_overload!(env, fn as_approximate_float: (Quantity) -> Result<CelDouble>)?;
    add_member_overload!(env, fn as_integer: (Quantity) -> Result<CelInt>)?;
    add_member_overload!(env, fn is_integer: (Quantity) -> CelBool)?;
    add_member_overload!(env, fn plus: (Quantity, Quantity) -> Result<Quantity>, name = "add")?;
    add_member_overload!(env, fn plus_int: (Quantity, CelInt) -> Result<Quantity>, name = "add")?;
    add_member_overload!(env, fn minus: (Quantity, Quantity) -> Result<Quantity>, name = "sub")?;
    add_member_overload!(env, fn minus_int: (Quantity, CelInt) -> Result<Quantity>, name = "sub")
}

fn quantity(text: &CelString<'_>) -> Result<Quantity, ExecutionError> {
    parse(text.inner()).ok_or_else(|| ExecutionError::function_error("quantity", "this text is no quantity"))
}

fn is_quantity(text: &CelString<'_>) -> CelBool {
    parse(text.inner()).is_some().into()
}

fn sign(quantity: &Quantity) -> Result<CelInt, ExecutionError> {
    Ok(i64::try_from(quantity.known()?.signum()).unwrap_or(0).into())
}

fn ordering(a: &Quantity, b: &Quantity) -> Result<Ordering, ExecutionError> {
    Ok(a.known()?.cmp(&b.known()?))
}

fn is_greater_than(a: &Quantity, b: &Quantity) -> Result<CelBool, ExecutionError> {
    Ok(ordering(a, b)?.is_gt().into())
}

fn is_less_than(a: &Quantity, b: &Quantity) -> Result<CelBool, ExecutionError> {
    Ok(ordering(a, b)?.is_lt().into())
}

fn compare_to(a: &Quantity, b: &Quantity) -> Result<CelInt, ExecutionError> {
    Ok((ordering(a, b)? as i64).into())
}

fn as_approximate_float(quantity: &Quantity) -> Result<CelDouble, ExecutionError> {
    let (base, exponent) = match quantity {
        Quantity::Small { value, scale } => (*value as f64, *scale),
        Quantity::Large(_) | Quantity::Beyond => (quantity.known()? as f64, FINEST),
    };
    let float = if exponent == 0 { base } else { base * 10f64.powi(exponent) };
    Ok(float.into())
}

fn as_integer(quantity: &Quantity) -> Result<CelInt, ExecutionError> {
    let whole = quantity.whole().map(CelInt::from);
    whole.ok_or_else(|| {
        ExecutionError::function_error("asInteger", "this amount is no whole number that fits")
    })
}

fn is_integer(quantity: &Quantity) -> CelBool {
    quantity.whole().is_some().into()
}

fn plus(a: &Quantity, b: &Quantity) -> Result<Quantity, ExecutionError> {
    a.plus(*b)
}

fn plus_int(a: &Quantity, b: &CelInt) -> Result<Quantity, ExecutionError> {
    a.plus(Quantity::Small { value: *b.inner(), scale: 0 })
}

fn minus(a: &Quantity, b: &Quantity) -> Result<Quantity, ExecutionError> {
    let error = || ExecutionError::function_error("sub", "the difference is too large");
    a.plus(b.minus().ok_or_else(error)?)
}

fn minus_int(a: &Quantity, b: &CelInt) -> Result<Quantity, ExecutionError> {
    minus(a, &Quantity::Small { value: *b.inner(), scale: 0 })
}
