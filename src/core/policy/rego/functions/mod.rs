//! The functions that a policy may call: the table of them, and what happens before one is called.
//!
//! What OPA calls an error of a function, an argument of a wrong type above all, it takes for undefined. The engine
//! underneath errs instead, or answers in its own way. So every function stands here with the types it takes: outside
//! of them it is undefined, as in OPA. Inside of them either code of ours answers, or the engine does where the two were
//! found to answer the same; where the answer could differ, the function fails and the check blocks.

mod arithmetic;
mod bounds;
mod json;
mod kinds;
mod lists;
mod native;
mod network;
mod numbers;
mod pattern;
mod print;
mod table;
mod text;

use regorus::{Engine, Value};

pub(super) use native::Native;
use table::TABLE;

/// Why a function does not answer, in words without values.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Beyond(pub(super) &'static str);

/// How a function answers.
#[derive(Clone, Copy)]
enum By {
    /// Code of ours.
    Own(fn(&[Value]) -> Result<Value, Beyond>),
    /// The engine; what it fails at, OPA takes for undefined too.
    Engine,
    /// The engine; what it fails at, OPA may be able to do.
    Careful,
}

/// A function.
struct Function {
    name: &'static str,
    takes: &'static [kinds::Kinds],
    by: By,
}

/// Makes the functions known to an engine. Functions that only the older syntax has are among them where it is asked for.
///
/// # Errors
///
/// Where the engine refuses.
pub(super) fn add(engine: &mut Engine) -> Result<(), String> {
    for function in TABLE {
        let count = u8::try_from(function.takes.len()).unwrap_or(u8::MAX);
        let (native, needs) = (Native::of(function.name), bounds::of(function.name));
        let call = move |args: Vec<Value>| match measured(function, native.as_ref(), needs, &args) {
            Ok(value) => Ok(value),
            Err(beyond) => Err(beyond.into()),
        };
        engine
            .add_extension(function.name.to_owned(), count, Box::new(call))
            .map_err(|error| super::words(&error))?;
    }
    Ok(())
}

fn measured(
    function: &Function,
    native: Option<&Native>,
    needs: bounds::Needs,
    args: &[Value],
) -> Result<Value, Beyond> {
    bounds::before(needs, args)?;
    let value = call(function, native, args)?;
    bounds::after(function.name, &value)?;
    Ok(value)
}

fn call(function: &Function, native: Option<&Native>, args: &[Value]) -> Result<Value, Beyond> {
    let fits = function.takes.iter().zip(args).all(|(kinds, arg)| kinds.fit(arg));
    if !fits {
        return Ok(Value::Undefined);
    }
    let asked = || native.and_then(|native| native.call(args));
    match function.by {
        By::Own(own) => own(args),
        By::Engine => Ok(asked().unwrap_or(Value::Undefined)),
        By::Careful => asked().ok_or(Beyond("it cannot be told what it answers here")),
    }
}

/// How many arguments a function takes; `None` where there is none that a policy may call.
pub(super) fn arity(name: &str) -> Option<usize> {
    match name {
        "walk" | "trace" => Some(1),
        _ => TABLE.iter().find(|function| function.name == name).map(|function| function.takes.len()),
    }
}

/// Whether only the older syntax has the function.
pub(super) fn is_old(name: &str) -> bool {
    matches!(name, "all" | "any" | "re_match" | "set_diff")
}
