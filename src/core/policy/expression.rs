//! Expressions of checks: compiled once, refused where they could run away or mean nothing, rewritten so that every
//! evaluation pays for itself. Knows nothing of effects or findings.
//!
//! The language is CEL with optional values, the strings, lists, math and encoders extensions, and the
//! [libraries](super::libraries) of Kubernetes. Refused, since the crate underneath has no limit of cost: expressions
//! over [`LONGEST`] bytes and loops nested deeper than [`DEEPEST_LOOPS`]. All that is left is metered: see
//! [`FUEL`](super::value::FUEL).

use std::collections::BTreeSet;
use std::sync::Arc;

use cel::common::ast::IdedExpr;
use cel::common::types::{CelBool, CelOptional, CelString};
use cel::common::value::CowVal;
use cel::{Context, Env, ExecutionError, Value as CelValue};
use serde_json::Value;

use super::answer::{Answer, answer};
use super::libraries;
use super::metering::{self, Metered};
use super::names::{Given, Names, Request, composed};
use super::syntax::syntax;
use super::value::{METER, Meter, Unknown, add_meter, value};

/// The longest expression, in bytes.
pub const LONGEST: usize = 4096;

/// How deep loops (`all`, `exists`, `map`, …) may nest.
pub const DEEPEST_LOOPS: usize = 3;

/// What is said of an expression that looks at a sealed leaf, and of one that costs too much.
pub(super) const MASKED: &str = "it reads a masked value";
pub(super) const TOO_EXPENSIVE: &str = "it is too expensive";

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

/// The same work on several threads at once; here and now where there is one.
pub(super) fn on_large_stacks(threads: usize, work: impl Fn() + Sync) {
    if threads <= 1 {
        return work();
    }
    std::thread::scope(|scope| {
        let begun: Vec<_> = (0..threads)
            .filter_map(|_| {
                std::thread::Builder::new().stack_size(LARGE_STACK).spawn_scoped(scope, &work).ok()
            })
            .collect();
        if begun.is_empty() {
            work();
        }
        for thread in begun {
            // Whoever counts on the work sees that it is missing.
            let _ = thread.join();
        }
    });
}

/// An expression that can be evaluated.
#[derive(Debug, Clone)]
pub struct Expression {
    root: IdedExpr,
    reads: BTreeSet<String>,
    answer: Option<Answer>,
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
pub(super) struct Input<'a, 'r> {
    /// `object`; null where it is absent.
    pub(super) object: Option<&'a Value>,
    /// `oldObject`; null where it is absent.
    pub(super) old_object: Option<&'a Value>,
    /// `request`.
    pub(super) request: &'r Request,
    /// `environment`.
    pub(super) environment: &'a str,
    /// `params`.
    pub(super) params: Given<'a>,
    /// `namespaceObject`.
    pub(super) namespace: Given<'a>,
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
        libraries::add(&mut env).ok()?;
        add_meter(&mut env).ok()?;
        Some(Self(Arc::new(env)))
    }
}

/// Input as values, shared by all expressions that look at it.
pub(super) struct Prepared<'a>(Context<'a, 'a>);

impl<'a> Prepared<'a> {
    /// Turns manifests into values, once.
    pub(super) fn new(language: &Language, input: Input<'a, '_>) -> Self {
        let mut context = Context::with_env(Arc::clone(&language.0));
        let object = |json: Option<&'a Value>| value(json.unwrap_or(&Value::Null));
        context.add_variable_as_val("object", object(input.object));
        context.add_variable_as_val("oldObject", object(input.old_object));
        context.add_variable_as_val("request", input.request.value());
        context.add_variable_as_val("environment", Box::new(CelString::from(input.environment)));
        context.add_variable_as_val("params", input.params.value("params"));
        context.add_variable_as_val("namespaceObject", input.namespace.value("namespaceObject"));
        Self(context)
    }

    /// What a rule of a definition sees: `self`, and `oldSelf`, which may be an optional value.
    pub(super) fn of_rule(
        language: &Language,
        now: &'a Value,
        before: Option<&'a Value>,
        optional: bool,
    ) -> Self {
        let mut context = Context::with_env(Arc::clone(&language.0));
        context.add_variable_as_val("self", value(now));
        let before = match (optional, before) {
            (true, before) => Box::new(CelOptional::from(before.map(value))),
            (false, before) => value(before.unwrap_or(&Value::Null)),
        };
        context.add_variable_as_val("oldSelf", before);
        Self(context)
    }

    /// Evaluates the variables of a policy, each of which may name those before it. What cannot be evaluated is an
    /// error for whoever reads it, and for nobody else.
    pub(super) fn compose<'e>(&mut self, variables: impl IntoIterator<Item = (&'e str, &'e Expression)>) {
        for (name, expression) in variables {
            let value = expression.run(self, |answer| Ok(answer.into_owned()));
            let value =
                value.unwrap_or_else(|why| Box::new(Unknown { name: format!("variables.{name}"), why }));
            self.0.add_variable_as_val(composed(name), value);
        }
    }

    /// Gives a name of `variables` a value.
    pub(super) fn set(&mut self, name: &str, given: Given<'a>) {
        self.0.add_variable_as_val(composed(name), given.value(name));
    }
}

impl Expression {
    /// Compiles a text.
    ///
    /// # Errors
    ///
    /// Where it is not CEL, names something that does not exist, or could cost without limit.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        let expression = Self::compile_with(text, &Names::OF_CHECKS)?;
        match expression.answer {
            None | Some(Answer::Flag | Answer::Anything) => Ok(expression),
            Some(Answer::Text | Answer::Null | Answer::Other) => {
                let message = "this does not answer with true or false".to_owned();
                let hint = Some("say what must hold, like `object.spec.replicas >= 2`".to_owned());
                Err(ExpressionError { offset: 0, width: text.len(), message, hint })
            }
        }
    }

    /// Compiles a text that may name other things.
    pub(super) fn compile_with(text: &str, names: &Names<'_>) -> Result<Self, ExpressionError> {
        let whole = |message: String| ExpressionError { offset: 0, width: text.len(), message, hint: None };
        if text.len() > names.longest {
            return Err(whole(format!("this expression is longer than {} bytes", names.longest)));
        }
        let refused = || whole("this expression cannot be compiled".to_owned());
        let language = Language::new().ok_or_else(refused)?;
        let parser = language.0.parser().max_recursion_depth(DEEPEST);
        let parsed = on_large_stack(|| parser.parse_with_source_info(text));
        let (root, places) = parsed.ok_or_else(refused)?.map_err(|errors| syntax(text, &errors))?;
        let answer = answer(&root);
        let Metered { root, reads } = metering::put_in(root, &places, names)?;
        Ok(Self { root, reads, answer })
    }

    /// Whether it looks at `oldObject` or `request.operation`: then it judges the change, not only the state.
    pub fn judges_transition(&self) -> bool {
        self.reads("oldObject") || self.reads("request.operation")
    }

    /// What it certainly answers with.
    pub(super) const fn answer(&self) -> Option<Answer> {
        self.answer
    }

    /// Whether it names something that is given.
    pub(super) fn reads(&self, name: &str) -> bool {
        self.reads.contains(name)
    }

    /// Evaluates it: true means fine. To be called [`on_large_stack`].
    ///
    /// # Errors
    ///
    /// A sentence for people, without values, where it fails, answers with anything but true or false, looks at a
    /// sealed leaf, or costs more than [`FUEL`](super::value::FUEL).
    pub(super) fn evaluate(&self, prepared: &Prepared<'_>) -> Result<bool, String> {
        self.evaluate_in(prepared.0.new_inner_scope())
    }

    fn evaluate_in(&self, context: Context<'_, '_>) -> Result<bool, String> {
        self.run_in(context, |answer| {
            let flag = answer.downcast_ref::<CelBool>().map(|flag| *flag.inner());
            flag.ok_or_else(|| {
                format!("it answers with `{}`, not with true or false", answer.get_type().name())
            })
        })
    }

    /// The same where `params` is this.
    ///
    /// # Errors
    ///
    /// As [`Self::evaluate`].
    pub(super) fn evaluate_with<'v>(
        &self,
        prepared: &Prepared<'v>,
        params: Option<&'v Value>,
    ) -> Result<bool, String> {
        match params.filter(|_| self.reads("params")) {
            None => self.evaluate(prepared),
            Some(params) => {
                let mut context = prepared.0.new_inner_scope();
                context.add_variable_as_val("params", value(params));
                self.evaluate_in(context)
            }
        }
    }

    /// Evaluates one that answers with a text; `None` where it answers with anything else, or fails.
    pub(super) fn evaluate_text(&self, prepared: &Prepared<'_>) -> Option<String> {
        let text = |answer: CowVal<'_, '_>| {
            answer.downcast_ref::<CelString<'_>>().map(|text| text.inner().to_owned())
        };
        self.run(prepared, |answer| Ok(text(answer))).ok().flatten()
    }

    /// Evaluates one that is to answer with a text or with nothing.
    ///
    /// # Errors
    ///
    /// As [`Self::evaluate`], and where it answers with anything else.
    pub(super) fn evaluate_note(&self, prepared: &Prepared<'_>) -> Result<(), String> {
        self.run(prepared, |answer| {
            let fits =
                answer.downcast_ref::<CelString<'_>>().is_some() || answer.get_type().name() == "null_type";
            let wrong = || format!("it answers with `{}`, not with a text or null", answer.get_type().name());
            if fits { Ok(()) } else { Err(wrong()) }
        })
    }

    fn run<'v, T>(
        &self,
        prepared: &Prepared<'v>,
        read: impl for<'b> FnOnce(CowVal<'b, 'v>) -> Result<T, String>,
    ) -> Result<T, String> {
        self.run_in(prepared.0.new_inner_scope(), read)
    }

    fn run_in<'v, T>(
        &self,
        mut context: Context<'_, 'v>,
        read: impl for<'b> FnOnce(CowVal<'b, 'v>) -> Result<T, String>,
    ) -> Result<T, String> {
        let meter = Meter::new();
        context.add_variable_as_val(METER, Box::new(meter.clone()));
        let result = CelValue::resolve_val(&self.root, &context);
        if meter.masked() {
            return Err(MASKED.to_owned());
        }
        if meter.empty() {
            return Err(TOO_EXPENSIVE.to_owned());
        }
        read(result.map_err(|error| explain(&error))?)
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
