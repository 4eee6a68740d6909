//! The CEL libraries of Kubernetes that the crate underneath has not: quantities, addresses, URLs, versions, formats,
//! lists, sets, regular expressions, loops with two variables, `cel.bind`. Each function looks at no more than it is
//! given and answers with no more than that, or pays the meter for what it makes. Knows nothing of checks.

#![allow(elided_lifetimes_in_paths, reason = "the macros of the crate take types without their lifetimes")]

mod format;
mod lists;
mod loops;
mod net;
mod print;
mod quantity;
mod semver;
mod text;
mod url;

use cel::common::types::CelString;
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

/// First parts of names of functions.
pub(super) const NAMESPACES: [&str; 4] = ["cel", "format", "ip", "sets"];

/// Functions whose result may be larger than what they are given: they get the meter as their first argument and pay
/// for what they make before they make it.
pub(super) const PAYING: [&str; 4] = ["format", "join", "lists.range", "replace"];

pub(super) use loops::PAIRS;
pub(super) use text::paying;

/// Functions that look at all that they are given, and answer with no more than that.
const FUNCTIONS: [&[&str]; 8] = [
    format::FUNCTIONS,
    lists::FUNCTIONS,
    loops::FUNCTIONS,
    net::FUNCTIONS,
    quantity::FUNCTIONS,
    semver::FUNCTIONS,
    url::FUNCTIONS,
    &[
        "duration",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getFullYear",
        "getHours",
        "getMilliseconds",
        "getMinutes",
        "getMonth",
        "getSeconds",
        "timestamp",
    ],
];

/// Whether one of these libraries has a function of this name.
pub(super) fn has(name: &str) -> bool {
    names().any(|known| known == name)
}

/// Every function of these libraries.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.into_iter().flatten().copied()
}

/// Adds all of them.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    format::add(env)?;
    lists::add(env)?;
    loops::add(env)?;
    net::add(env)?;
    quantity::add(env)?;
    semver::add(env)?;
    text::add(env)?;
    url::add(env)
}

/// An argument as the type that its overload was declared with.
fn arg<'b, T: StaticVal>(value: &'b CowVal<'_, '_>) -> Result<&'b T, ExecutionError> {
    value.downcast_ref::<T>().ok_or_else(ExecutionError::missing_argument_or_target)
}

/// An argument as a text.
fn text_of<'b>(value: &'b CowVal<'_, '_>) -> Result<&'b str, ExecutionError> {
    let text = value.downcast_ref::<CelString<'_>>();
    text.map(CelString::inner).ok_or_else(ExecutionError::missing_argument_or_target)
}

/// A list of texts.
fn texts<'v>(items: impl IntoIterator<Item = String>) -> Vec<Box<dyn Val + 'v>> {
    items.into_iter().map(|item| Box::new(CelString::from(item)) as Box<dyn Val + 'v>).collect()
}

/// Makes a type of ours a value of CEL.
macro_rules! opaque {
    ($rust:ty, $name:literal, $of:ident) => {
        static $of: cel::common::types::Type = cel::common::types::Type::new_unspecified_type($name);

        impl cel::common::value::Val for $rust {
            fn get_type(&self) -> &cel::common::types::Type {
                &$of
            }

            fn cel_type() -> &'static cel::common::types::Type {
                &$of
            }

            fn equals(&self, other: &dyn cel::common::value::Val) -> bool {
                other.downcast_ref::<Self>().is_some_and(|other| self == other)
            }

            fn clone_as_boxed<'v>(&self) -> Box<dyn cel::common::value::Val + 'v> {
                Box::new(self.clone())
            }

            fn as_any(&self) -> Option<&dyn std::any::Any> {
                Some(self)
            }
        }

        impl cel::common::value::StaticVal for $rust {}
    };
}
use opaque;
