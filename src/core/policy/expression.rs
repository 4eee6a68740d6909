//! Expressions of checks: compiled once, refused where they could run away or mean nothing, rewritten so that every
//! evaluation pays for itself. Knows nothing of effects or findings.
//!
//! The language is CEL with optional values and the strings, lists, math and encoders extensions. Refused, since the
//! crate underneath has no limit of cost: expressions over [`LONGEST`] bytes, loops nested deeper than
//! [`DEEPEST_LOOPS`], and functions whose result can be far larger than what they are given (`replace`, `join`,
//! `format`, `lists.range`). All that is left is metered: see [`FUEL`](super::value::FUEL).

use std::collections::HashMap;
use std::sync::Arc;

use cel::common::ast::IdedExpr;
use cel::common::types::{CelBool, CelMap, CelMapKey, CelString};
use cel::common::value::Val;
use cel::{Context, Env, ExecutionError, ParseErrors, Value as CelValue};
use serde_json::Value;

use super::metering;
use super::value::{METER, Meter, add_meter, value};

/// The longest expression, in bytes.
pub const LONGEST: usize = 4096;

/// How deep loops (`all`, `exists`, `map`, …) may nest.
pub const DEEPEST_LOOPS: usize = 3;

/// How deep an expression may nest at all.
pub(super) const DEEPEST: u16 = 64;

/// The stack of the thread that expressions are compiled and evaluated on. The generated parser of the crate takes
/// some 200 KB for each bracket when it is not optimised: on the usual 2 MB a dozen would end the whole program.
const LARGE_STACK: usize = 64 << 20;

/// Does work on a thread of its own with a large stack; `None` where the thread cannot be had or dies. Nothing else of
/// the program notices.
pub(super) fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(LARGE_STACK).spawn_scoped(scope, work).ok()?;
        thread.join().ok()
    })
}

/// An expression that can be evaluated.
#[derive(Debug, Clone)]
pub struct Expression {
    root: IdedExpr,
    judges_transition: bool,
}

/// Why a text is not an expression, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// Byte offset in the text.
    pub offset: usize,
    /// How many bytes are meant.
    pub width: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// What one evaluation looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    /// `object`; null where it is absent.
    pub(super) object: Option<&'a Value>,
    /// `oldObject`; null where it is absent.
    pub(super) old_object: Option<&'a Value>,
    /// `request.operation`: CREATE, UPDATE or DELETE.
    pub(super) operation: &'a str,
    /// `environment`.
    pub(super) environment: &'a str,
}

/// The language: functions and macros.
#[derive(Clone)]
pub(super) struct Language(Arc<Env>);

impl Language {
    /// The language of checks; `None` where the crate underneath refuses its own extensions, which no version that
    /// this was built with does.
    pub(super) fn new() -> Option<Self> {
        let mut env = Env::stdlib();
        cel::extensions::strings(&mut env).ok()?;
        cel::extensions::lists(&mut env).ok()?;
        cel::extensions::math(&mut env).ok()?;
        cel::extensions::encoders(&mut env).ok()?;
        add_meter(&mut env).ok()?;
        Some(Self(Arc::new(env)))
    }
}

/// Input as values, shared by all expressions that look at it.
pub(super) struct Prepared<'a>(Context<'a, 'a>);

impl<'a> Prepared<'a> {
    /// Turns manifests into values, once.
    pub(super) fn new(language: &Language, input: Input<'a>) -> Self {
        let mut context = Context::with_env(Arc::clone(&language.0));
        let object = |json: Option<&'a Value>| value(json.unwrap_or(&Value::Null));
        context.add_variable_as_val("object", object(input.object));
        context.add_variable_as_val("oldObject", object(input.old_object));
        let operation: Box<dyn Val + 'a> = Box::new(CelString::from(input.operation));
        let request = HashMap::from([(CelMapKey::from("operation"), operation)]);
        context.add_variable_as_val("request", Box::new(CelMap::from(request)));
        context.add_variable_as_val("environment", Box::new(CelString::from(input.environment)));
        Self(context)
    }
}

impl Expression {
    /// Compiles a text.
    ///
    /// # Errors
    ///
    /// Where it is not CEL, names something that does not exist, or could cost without limit.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        let whole = |message: String| ExpressionError { offset: 0, width: text.len(), message, hint: None };
        if text.len() > LONGEST {
            return Err(whole(format!("this expression is longer than {LONGEST} bytes")));
        }
        let refused = || whole("this expression cannot be compiled".to_owned());
        let language = Language::new().ok_or_else(refused)?;
        let parser = language.0.parser().max_recursion_depth(DEEPEST);
        let parsed = on_large_stack(|| parser.parse_with_source_info(text));
        let (root, places) = parsed.ok_or_else(refused)?.map_err(|errors| syntax(text, &errors))?;
        let (root, judges_transition) = metering::put_in(root, &places)?;
        Ok(Self { root, judges_transition })
    }

    /// Whether it looks at `oldObject` or `request`: then it judges the change, not only the state.
    pub fn judges_transition(&self) -> bool {
        self.judges_transition
    }

    /// Evaluates it: true means fine. To be called [`on_large_stack`].
    ///
    /// # Errors
    ///
    /// A sentence for people, without values, where it fails, answers with anything but true or false, looks at a
    /// sealed leaf, or costs more than [`FUEL`](super::value::FUEL).
    pub(super) fn evaluate(&self, prepared: &Prepared<'_>) -> Result<bool, String> {
        let meter = Meter::new();
        let mut context = prepared.0.new_inner_scope();
        context.add_variable_as_val(METER, Box::new(meter.clone()));
        let result = CelValue::resolve_val(&self.root, &context);
        if meter.masked() {
            return Err("it reads a masked value".to_owned());
        }
        if meter.empty() {
            return Err("it is too expensive".to_owned());
        }
        let answer = result.map_err(|error| explain(&error))?;
        let flag = answer.downcast_ref::<CelBool>().map(|flag| *flag.inner());
        flag.ok_or_else(|| format!("it answers with `{}`, not with true or false", answer.get_type().name()))
    }
}

/// An execution error in words, without the values that it carries.
#[expect(clippy::wildcard_enum_match_arm, reason = "the enum of the crate is open")]
fn explain(error: &ExecutionError) -> String {
    let text = match error {
        ExecutionError::NoSuchKey(key) => {
            format!("there is no `{key}`; where it may be absent, write `has(…)` or `.?{key}.orValue(…)`")
        }
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::FunctionError { function, message } => format!("`{function}`: {message}"),
        ExecutionError::IndexOutOfBounds(_) => "an index is past the end of its list".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "it divides by zero".to_owned()
        }
        ExecutionError::Overflow(..) => "a number becomes too large".to_owned(),
        _ => "it mixes types that do not go together".to_owned(),
    };
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}

/// The first thing that is wrong with the syntax.
fn syntax(text: &str, errors: &ParseErrors) -> ExpressionError {
    let Some(first) = errors.errors.first() else {
        let message = "this is not an expression".to_owned();
        return ExpressionError { offset: 0, width: text.len(), message, hint: None };
    };
    let number = |value: isize| usize::try_from(value).unwrap_or(0).max(1) - 1;
    let (line, column) = (number(first.pos.0), number(first.pos.1));
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let offset = start + rest.char_indices().nth(column).map_or(rest.trim_end().len(), |(at, _)| at);
    let said = first.msg.lines().next().unwrap_or_default();
    let said = said.trim_start_matches("Syntax error: ");
    let said = said.split_once(" expecting ").map_or(said, |(said, _)| said);
    let message: String = match said.contains("<EOF>") && offset >= text.trim_end().len() {
        true => "this expression ends too early".to_owned(),
        false => format!("this is not an expression: {said}").chars().take(200).collect(),
    };
    ExpressionError { offset, width: 1, message, hint: None }
}
