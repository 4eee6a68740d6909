//! What an expression sees: manifests as CEL values, sealed leaves as values that can be held and never looked at,
//! and the meter that every evaluation pays.
//!
//! The `cel` crate has no limit of cost and iterates maps in the order of a randomly seeded hash table. Both are
//! mended here: [`METER`] is called by the expression itself (see [`super::expression`]) before anything is copied,
//! compared or run over, and hands out the keys of a map in their own order.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelOptional, CelString, CelUInt, Type,
};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{Env, ExecutionError};
use serde_json::Value;

use super::fields::Fields;
use crate::object::is_sealed;

/// The variable that holds the meter, and the function that reads it. No expression can spell either.
pub(super) const METER: &str = "@meter";

/// What one evaluation may cost: about one unit for each value, or 32 bytes of text, that is copied or compared.
pub(super) const FUEL: u64 = 250_000;

/// What compiling a regular expression costs.
const PATTERN_COST: u64 = 1_000;

/// How many times its own length a template of `format` can write by itself: `%.999f` writes a thousand digits.
const WIDEST_CLAUSE: u64 = 170;

/// The function that hands on what is known, and fails for what is not.
pub(super) const KNOWN: &str = "@known";

/// The function that looks for a value among others that stand in the expression: `x in ['a', 'b']` without a list.
pub(super) const AMONG: &str = "@among";

/// The longest such list.
pub(super) const LONGEST_AMONG: usize = 16;

/// What is about to happen to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// It is copied and nobody looks at it.
    Copy = 0,
    /// It is looked at, all of it.
    Read = 1,
    /// Something is looked for in it: among the keys of a map, or all elements of a list.
    Seek = 2,
    /// A loop runs over it.
    Range = 3,
    /// Each element is compared with each.
    Square = 4,
    /// It is compiled as a regular expression.
    Pattern = 5,
    /// It says how other values are written.
    Template = 6,
}

impl Touch {
    fn from_number(number: i64) -> Option<Self> {
        [Self::Copy, Self::Read, Self::Seek, Self::Range, Self::Square, Self::Pattern, Self::Template]
            .into_iter()
            .find(|touch| *touch as i64 == number)
    }
}

/// Counts what an evaluation costs, and remembers whether it looked at a sealed leaf.
#[derive(Debug, Clone)]
pub(super) struct Meter(Arc<Gauge>);

#[derive(Debug)]
struct Gauge {
    left: AtomicU64,
    empty: AtomicBool,
    masked: AtomicBool,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self(Arc::new(Gauge {
            left: AtomicU64::new(FUEL),
            empty: AtomicBool::new(false),
            masked: AtomicBool::new(false),
        }))
    }

    /// Whether a sealed leaf was looked at.
    pub(super) fn masked(&self) -> bool {
        self.0.masked.load(Ordering::Relaxed)
    }

    /// Whether more was spent than there was.
    pub(super) fn empty(&self) -> bool {
        self.0.empty.load(Ordering::Relaxed)
    }

    /// Pays for what is about to happen.
    pub(super) fn pay(&self, cost: u64) -> Result<(), ExecutionError> {
        let spend = |left: u64| left.checked_sub(cost);
        if !self.empty() && self.0.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok() {
            return Ok(());
        }
        self.0.empty.store(true, Ordering::Relaxed);
        Err(ExecutionError::function_error("check", "it is too expensive"))
    }
}

pub(super) const METER_KIND: Type = Type::new_unspecified_type("@meter");
static METER_TYPE: Type = METER_KIND;
static SEALED_TYPE: Type = Type::new_unspecified_type("sealed");

impl Val for Meter {
    fn get_type(&self) -> &Type {
        &METER_TYPE
    }

    fn cel_type() -> &'static Type {
        &METER_TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Meter {}

/// A secret leaf. It can be passed around and tested for presence; whoever looks at it is told apart by the meter.
#[derive(Debug, Clone, Copy)]
struct Sealed;

impl Val for Sealed {
    fn get_type(&self) -> &Type {
        &SEALED_TYPE
    }

    fn cel_type() -> &'static Type {
        &SEALED_TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(Self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Sealed {}

static UNKNOWN_TYPE: Type = Type::new_unspecified_type("unknown");

/// What is not known, and why: whoever asks for it gets an error.
#[derive(Debug, Clone)]
pub(super) struct Unknown {
    /// What it is called.
    pub(super) name: String,
    pub(super) why: String,
}

impl Val for Unknown {
    fn get_type(&self) -> &Type {
        &UNKNOWN_TYPE
    }

    fn cel_type() -> &'static Type {
        &UNKNOWN_TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Unknown {}

/// `@known(value)`.
fn known<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = args.into_iter().next().ok_or_else(ExecutionError::missing_argument_or_target)?;
    match value.downcast_ref::<Unknown>() {
        Some(Unknown { name, why }) => Err(ExecutionError::function_error(name, why)),
        None => Ok(value),
    }
}

/// A manifest as a CEL value that borrows its texts. Whole numbers become `int` where they fit: `replicas + 1` works.
pub(super) fn value<'v>(json: &'v Value) -> Box<dyn Val + 'v> {
    if is_sealed(json) {
        return Box::new(Sealed);
    }
    match json {
        Value::Null => Box::new(CelNull),
        Value::Bool(flag) => Box::new(CelBool::from(*flag)),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Box::new(CelInt::from(int)),
            (None, Some(uint)) => Box::new(CelUInt::from(uint)),
            (None, None) => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(text) => Box::new(CelString::from(text.as_str())),
        Value::Array(items) => Box::new(CelList::from(items.iter().map(value).collect::<Vec<_>>())),
        Value::Object(fields) => {
            let entries = fields.iter().map(|(key, field)| (CelMapKey::from(key.as_str()), value(field)));
            Box::new(Fields::from(entries.collect::<HashMap<_, _>>()))
        }
    }
}

/// Adds the functions that expressions are rewritten to call.
pub(super) fn add_meter(env: &mut Env) -> Result<(), cel::DeclarationError> {
    use cel::common::types::{DYN_TYPE, INT_TYPE};
    for others in 1..=LONGEST_AMONG {
        env.add_overload(
            AMONG,
            &format!("{AMONG}/{others}"),
            (0..=others).map(|_| DYN_TYPE).collect(),
            among,
        )?;
    }
    env.add_overload(KNOWN, KNOWN, vec![DYN_TYPE], known)?;
    env.add_overload(METER, METER, vec![METER_KIND, INT_TYPE, DYN_TYPE], metered)
}

/// `@among(value, …)`: whether it equals one of the others, each of which is borrowed from the expression.
fn among<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (value, others) = args.split_first().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let found = others.iter().any(|other| other.as_ref().equals(value.as_ref()));
    Ok(CowVal::owned(CelBool::from(found)))
}

/// `@meter(@meter, touch, value)`: pays for what is about to happen to `value` and hands it on.
fn metered<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut args = args.into_iter();
    let (Some(meter), Some(touch), Some(value)) = (args.next(), args.next(), args.next()) else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    let touch = touch.downcast_ref::<CelInt>().and_then(|touch| Touch::from_number(*touch.inner()));
    let (Some(meter), Some(touch)) = (meter.downcast_ref::<Meter>(), touch) else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    match touch {
        Touch::Copy => meter.pay(weight(value.as_ref(), &mut false))?,
        Touch::Read => look(meter, value.as_ref(), 1)?,
        Touch::Seek => match value.downcast_ref::<CelMap<'_>>() {
            Some(_) => meter.pay(1)?,
            None => look(meter, value.as_ref(), 1)?,
        },
        Touch::Range => return range(meter, value),
        Touch::Square => {
            let length = value.downcast_ref::<CelList<'_>>().map_or(1, |list| list.inner().len() as u64);
            look(meter, value.as_ref(), length)?;
        }
        Touch::Template => look(meter, value.as_ref(), WIDEST_CLAUSE)?,
        Touch::Pattern => {
            meter.pay(PATTERN_COST)?;
            look(meter, value.as_ref(), PATTERN_COST)?;
        }
    }
    Ok(value)
}

fn look(meter: &Meter, value: &dyn Val, times: u64) -> Result<(), ExecutionError> {
    let mut sealed = false;
    let weight = weight(value, &mut sealed);
    if sealed {
        meter.0.masked.store(true, Ordering::Relaxed);
        return Err(ExecutionError::function_error("check", "it reads a masked value"));
    }
    meter.pay(weight.saturating_mul(times))
}

/// What a loop runs over: a list as it is, a map as the list of its keys in their own order.
fn range<'b, 'v>(meter: &Meter, value: CowVal<'b, 'v>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let Some(map) = value.downcast_ref::<CelMap<'_>>() else {
        meter.pay(weight(value.as_ref(), &mut false))?;
        return Ok(value);
    };
    meter.pay(map.inner().len() as u64 + 1)?;
    let mut keys: Vec<&CelMapKey<'_>> = map.inner().keys().collect();
    keys.sort();
    let keys: Vec<Box<dyn Val + 'v>> = keys.into_iter().map(|key| key.inner().clone_as_boxed()).collect();
    Ok(CowVal::owned(CelList::from(keys)))
}

/// How much there is of a value, at least one; `sealed` becomes true where a sealed leaf is in it.
fn weight(value: &dyn Val, sealed: &mut bool) -> u64 {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        1 + text.inner().len() as u64 / 32
    } else if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        list.inner().iter().fold(1, |sum: u64, item| sum.saturating_add(weight(item.as_ref(), sealed)))
    } else if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        map.inner().values().fold(1, |sum: u64, item| sum.saturating_add(1 + weight(item.as_ref(), sealed)))
    } else if let Some(optional) = value.downcast_ref::<CelOptional<'_>>() {
        1 + optional.option().map_or(0, |inner| weight(inner, sealed))
    } else {
        *sealed |= value.downcast_ref::<Sealed>().is_some();
        1
    }
}
