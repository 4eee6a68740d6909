//! Lists, sets and regular expressions.

#![expect(clippy::borrowed_box, reason = "lists of the crate hold boxes, and hand out references to them")]

use std::cmp::Ordering;

use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelString, CelUInt, DYN_TYPE, LIST_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload};
use regex::Regex;

use super::texts;

pub(super) const FUNCTIONS: &[&str] = &[
    "find",
    "findAll",
    "isSorted",
    "max",
    "min",
    "sets.contains",
    "sets.equivalent",
    "sets.intersects",
    "sum",
];

/// The largest regular expression, compiled, in bytes.
const LARGEST_PATTERN: usize = 1 << 20;

pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    let on_list = |env: &mut Env, name: &str, op: cel::common::functions::Function| {
        env.add_member_overload(name, &format!("list.{name}()"), LIST_TYPE, Vec::new(), op)
    };
    on_list(env, "isSorted", is_sorted)?;
    on_list(env, "min", min)?;
    on_list(env, "max", max)?;
    on_list(env, "sum", sum)?;
    env.add_member_overload("indexOf", "list.indexOf(dyn)", LIST_TYPE, vec![DYN_TYPE], index_of)?;
    env.add_member_overload(
        "lastIndexOf",
        "list.lastIndexOf(dyn)",
        LIST_TYPE,
        vec![DYN_TYPE],
        last_index_of,
    )?;
    for (name, op) in [
        ("sets.contains", contains as cel::common::functions::Function),
        ("sets.equivalent", equivalent),
        ("sets.intersects", intersects),
    ] {
        env.add_overload(name, name, vec![LIST_TYPE, LIST_TYPE], op)?;
    }
    add_member_overload!(env, fn find: (CelString, CelString) -> Result<CelString>)?;
    add_member_overload!(env, fn find_all: (CelString, CelString) -> Result<CelList>)?;
    add_member_overload!(env, fn find_some: (CelString, CelString, CelInt) -> Result<CelList>, name = "findAll")
}

type Given<'b, 'v> = Vec<CowVal<'b, 'v>>;
type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

fn items<'l, 'v>(list: &'l CowVal<'_, 'v>) -> Result<&'l [Box<dyn Val + 'v>], ExecutionError> {
    let list = list.downcast_ref::<CelList<'v>>();
    list.map(CelList::inner).ok_or_else(ExecutionError::missing_argument_or_target)
}

fn order(a: &dyn Val, b: &dyn Val) -> Result<Ordering, ExecutionError> {
    let comparer = a.as_comparer();
    comparer
        .ok_or_else(|| ExecutionError::function_error("compare", "its elements cannot be compared"))?
        .compare(b)
}

fn is_sorted<'b, 'v>(args: Given<'b, 'v>) -> Answer<'b, 'v> {
    let [list] = args.as_slice() else { return Err(ExecutionError::missing_argument_or_target()) };
    let list = items(list)?;
    let mut sorted = true;
    for pair in list.windows(2) {
        let [a, b] = pair else { continue };
        if order(a.as_ref(), b.as_ref())?.is_gt() {
            sorted = false;
            break;
        }
    }
    Ok(CowVal::owned(CelBool::from(sorted)))
}

fn extreme<'b, 'v>(args: Given<'b, 'v>, name: &str, wanted: Ordering) -> Answer<'b, 'v> {
    let [list] = args.as_slice() else { return Err(ExecutionError::missing_argument_or_target()) };
    let mut best: Option<&Box<dyn Val + 'v>> = None;
    for item in items(list)? {
        let better = match best {
            Some(best) => order(item.as_ref(), best.as_ref())? == wanted,
            None => true,
        };
        if better {
            best = Some(item);
        }
    }
    let best = best.ok_or_else(|| ExecutionError::function_error(name, "the list is empty"))?;
    Ok(CowVal::Owned(best.clone_as_boxed()))
}

fn min<'b, 'v>(args: Given<'b, 'v>) -> Answer<'b, 'v> {
    extreme(args, "min", Ordering::Less)
}

fn max<'b, 'v>(args: Given<'b, 'v>) -> Answer<'b, 'v> {
    extreme(args, "max", Ordering::Greater)
}

fn sum<'b, 'v>(args: Given<'b, 'v>) -> Answer<'b, 'v> {
    let [list] = args.as_slice() else { return Err(ExecutionError::missing_argument_or_target()) };
    let list = items(list)?;
    let mut sum: Box<dyn Val + 'v> = match list.first() {
        Some(first) if first.downcast_ref::<CelDouble>().is_some() => Box::new(CelDouble::from(0.0)),
        Some(first) if first.downcast_ref::<CelUInt>().is_some() => Box::new(CelUInt::from(0)),
        Some(first) if first.downcast_ref::<CelInt>().is_none() => {
            let [first, rest @ ..] = list else { return Err(ExecutionError::missing_argument_or_target()) };
            if first.downcast_ref::<CelString<'_>>().is_some()
                || first.downcast_ref::<CelList<'_>>().is_some()
            {
                return Err(ExecutionError::function_error("sum", "its elements cannot be summed"));
            }
            return rest.iter().try_fold(first.clone_as_boxed(), add_to).map(CowVal::Owned);
        }
        Some(_) | None => Box::new(CelInt::from(0)),
    };
    for item in list {
        sum = add_to(sum, item)?;
    }
    Ok(CowVal::Owned(sum))
}

fn add_to<'v>(sum: Box<dyn Val + 'v>, item: &Box<dyn Val + 'v>) -> Result<Box<dyn Val + 'v>, ExecutionError> {
    let adder = sum.as_adder();
    let adder =
        adder.ok_or_else(|| ExecutionError::function_error("sum", "its elements cannot be summed"))?;
    Ok(adder.add(item.as_ref())?.into_owned())
}

fn place<'b, 'v>(args: Given<'b, 'v>, last: bool) -> Answer<'b, 'v> {
    let [list, item] = args.as_slice() else { return Err(ExecutionError::missing_argument_or_target()) };
    let list = items(list)?;
    let is_it = |other: &Box<dyn Val + 'v>| other.equals(item.as_ref());
    let place = if last { list.iter().rposition(is_it) } else { list.iter().position(is_it) };
    Ok(CowVal::owned(CelInt::from(place.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1))))
}

fn index_of<'b, 'v>(args: Given<'b, 'v>) -> Answer<'b, 'v> {
    place(args, false)
}

fn last_index_of<'b, 'v>(args: Given<'b, 'v>) -> Answer<'b, 'v> {
    place(args, true)
}

/// The items of a list.
type Items<'v> = [Box<dyn Val + 'v>];

fn sets<'b, 'v>(args: &Given<'b, 'v>, answer: fn(&Items<'v>, &Items<'v>) -> bool) -> Answer<'b, 'v> {
    let [a, b] = args.as_slice() else { return Err(ExecutionError::missing_argument_or_target()) };
    Ok(CowVal::owned(CelBool::from(answer(items(a)?, items(b)?))))
}

fn holds<'v>(list: &[Box<dyn Val + 'v>], item: &Box<dyn Val + 'v>) -> bool {
    list.iter().any(|own| own.equals(item.as_ref()))
}

fn holds_all<'v>(list: &[Box<dyn Val + 'v>], items: &[Box<dyn Val + 'v>]) -> bool {
    items.iter().all(|item| holds(list, item))
}

fn contains<'b, 'v>(args: Given<'b, 'v>) -> Answer<'b, 'v> {
    sets(&args, holds_all)
}

fn equivalent<'b, 'v>(args: Given<'b, 'v>) -> Answer<'b, 'v> {
    sets(&args, |a, b| holds_all(a, b) && holds_all(b, a))
}

fn intersects<'b, 'v>(args: Given<'b, 'v>) -> Answer<'b, 'v> {
    sets(&args, |a, b| b.iter().any(|item| holds(a, item)))
}

fn pattern(text: &CelString<'_>) -> Result<Regex, ExecutionError> {
    let built = regex::RegexBuilder::new(text.inner()).size_limit(LARGEST_PATTERN).build();
    built.map_err(|_| {
        ExecutionError::function_error("find", "this is no regular expression, or too large a one")
    })
}

fn find(text: &CelString<'_>, regex: &CelString<'_>) -> Result<CelString<'static>, ExecutionError> {
    let found = pattern(regex)?.find(text.inner()).map(|found| found.as_str().to_owned());
    Ok(found.unwrap_or_default().into())
}

fn find_all(text: &CelString<'_>, regex: &CelString<'_>) -> Result<CelList<'static>, ExecutionError> {
    find_some(text, regex, &CelInt::from(-1))
}

fn find_some(
    text: &CelString<'_>,
    regex: &CelString<'_>,
    most: &CelInt,
) -> Result<CelList<'static>, ExecutionError> {
    let most = usize::try_from(*most.inner()).unwrap_or(usize::MAX);
    let regex = pattern(regex)?;
    let found = regex.find_iter(text.inner()).take(most).map(|found| found.as_str().to_owned());
    Ok(CelList::from(texts(found)))
}
