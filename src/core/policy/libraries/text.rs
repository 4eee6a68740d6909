//! Functions on texts whose result may be far larger than what they are given: each pays the meter for its result
//! before it makes it.

#![expect(clippy::borrowed_box, reason = "lists of the crate hold boxes, and hand out references to them")]

use cel::common::types::{CelInt, CelList, CelString, INT_TYPE, LIST_TYPE, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::{arg, print, text_of};
use crate::policy::value::{METER_KIND, Meter};

/// The name under which a function that pays is called.
pub(in super::super) fn paying(name: &str) -> String {
    format!("@paid.{name}")
}

pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    let mut paid =
        |name: &str, mut types: Vec<cel::common::types::Type>, op: cel::common::functions::Function| {
            types.insert(0, METER_KIND);
            let name = paying(name);
            env.add_overload(&name, &format!("{name}/{}", types.len()), types, op)
        };
    paid("format", vec![STRING_TYPE, LIST_TYPE], print::format)?;
    paid("join", vec![LIST_TYPE], join)?;
    paid("join", vec![LIST_TYPE, STRING_TYPE], join)?;
    paid("replace", vec![STRING_TYPE, STRING_TYPE, STRING_TYPE], replace)?;
    paid("replace", vec![STRING_TYPE, STRING_TYPE, STRING_TYPE, INT_TYPE], replace)?;
    paid("lists.range", vec![INT_TYPE], range)
}

type Given<'b, 'v> = Vec<CowVal<'b, 'v>>;
type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

fn pay(meter: &CowVal<'_, '_>, bytes: usize) -> Result<(), ExecutionError> {
    arg::<Meter>(meter)?.pay(1 + bytes as u64 / 32)
}

fn join<'b, 'v>(args: Given<'b, 'v>) -> Answer<'b, 'v> {
    let (meter, list, separator) = match args.as_slice() {
        [meter, list] => (meter, list, ""),
        [meter, list, separator] => (meter, list, text_of(separator)?),
        _ => return Err(ExecutionError::missing_argument_or_target()),
    };
    let list = list.downcast_ref::<CelList<'v>>().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let text = |item: &'_ Box<dyn Val + 'v>| {
        item.downcast_ref::<CelString<'_>>().map(|text| text.inner().to_owned())
    };
    let length = |item: &'_ Box<dyn Val + 'v>| {
        item.downcast_ref::<CelString<'_>>().map_or(0, |text| text.inner().len())
    };
    let bytes: usize = list.inner().iter().map(|item| length(item) + separator.len()).sum();
    pay(meter, bytes)?;
    let items: Option<Vec<String>> = list.inner().iter().map(text).collect();
    let items =
        items.ok_or_else(|| ExecutionError::function_error("join", "its elements are not all texts"))?;
    Ok(CowVal::owned(CelString::from(items.join(separator))))
}

fn replace<'b, 'v>(args: Given<'b, 'v>) -> Answer<'b, 'v> {
    let (meter, [text, old, new], most) = match args.as_slice() {
        [meter, text, old, new] => (meter, [text, old, new], usize::MAX),
        [meter, text, old, new, most] => {
            let most = usize::try_from(*arg::<CelInt>(most)?.inner()).unwrap_or(usize::MAX);
            (meter, [text, old, new], most)
        }
        _ => return Err(ExecutionError::missing_argument_or_target()),
    };
    let (text, old, new) = (text_of(text)?, text_of(old)?, text_of(new)?);
    let times = text.matches(old).take(most).count();
    pay(meter, times.saturating_mul(new.len()).saturating_add(text.len()))?;
    Ok(CowVal::owned(CelString::from(text.replacen(old, new, most))))
}

fn range<'b, 'v>(args: Given<'b, 'v>) -> Answer<'b, 'v> {
    let [meter, end] = args.as_slice() else { return Err(ExecutionError::missing_argument_or_target()) };
    let end = *arg::<CelInt>(end)?.inner();
    arg::<Meter>(meter)?.pay(u64::try_from(end).unwrap_or(0).saturating_add(1))?;
    let items: Vec<Box<dyn Val + 'v>> =
        (0..end).map(|at| Box::new(CelInt::from(at)) as Box<dyn Val + 'v>).collect();
    Ok(CowVal::owned(CelList::from(items)))
}
