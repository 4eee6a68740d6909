//! Validations in CEL as ValidatingAdmissionPolicies and Gatekeeper's templates write them: conditions, variables,
//! expressions with messages. What is not supported is refused where it is read, by name.

use serde::Deserialize;
use serde_json::Value;

use crate::config::Severity;
use crate::policy::answer::Answer;
use crate::policy::expression::{Expression, ExpressionError, Prepared};
use crate::policy::names::{LONGEST_OF_POLICIES, Names};
use crate::policy::told::Told;

use super::Wrong;

/// The longest message of a `messageExpression`, in bytes.
const LONGEST_MESSAGE: usize = 5 << 10;

/// What has to hold, and what is said where it does not.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ValidationSpec {
    expression: String,
    message: Option<String>,
    message_expression: Option<String>,
    #[serde(rename = "reason")]
    _reason: Option<Reason>,
}

/// With which code an API server refuses.
#[derive(Debug, Clone, Copy, Deserialize)]
enum Reason {
    Unauthorized,
    Forbidden,
    Invalid,
    RequestEntityTooLarge,
}

/// What is noted of a request, for which there is no place here; an expression that fails refuses the request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AnnotationSpec {
    key: String,
    value_expression: String,
}

/// An expression with a name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    name: String,
    expression: String,
}

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(super) enum FailurePolicy {
    #[default]
    Fail,
    Ignore,
}

/// What is written.
#[derive(Debug, Clone, Default)]
pub(super) struct ProgramSpec {
    pub(super) conditions: Vec<Named>,
    pub(super) variables: Vec<Named>,
    pub(super) validations: Vec<ValidationSpec>,
    pub(super) annotations: Vec<AnnotationSpec>,
    pub(super) failure: FailurePolicy,
}

/// It, ready to be evaluated.
pub(super) struct Program {
    conditions: Vec<Expression>,
    variables: Vec<(String, Expression)>,
    validations: Vec<Validation>,
    annotations: Vec<(String, Expression)>,
    failure: FailurePolicy,
}

struct Validation {
    expression: Expression,
    message_expression: Option<Expression>,
    message: String,
}

/// What is said of one state of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It is not allowed.
    Denied(Told),
    /// It could not be told.
    Failed(String),
    /// It was not asked, and that is allowed.
    Passed(String),
}

/// What is said in several states of what stands around an object, once.
pub(super) fn said_once(all: impl Iterator<Item = Said>) -> Vec<Said> {
    let mut once: Vec<Said> = Vec::new();
    for said in all {
        if !once.contains(&said) {
            once.push(said);
        }
    }
    once
}

impl Program {
    /// Compiles what is written at a place; `given` are the variables there, `reserved` what `variables` has anyway.
    ///
    /// # Errors
    ///
    /// A sentence with the place and the part that is not supported.
    pub(super) fn compile(
        spec: ProgramSpec,
        place: &str,
        given: &[&str],
        reserved: &[&str],
    ) -> Result<Self, String> {
        let known = reserved.iter().map(|name| (*name).to_owned()).collect();
        let mut compiler = Compiler { place, given, known };
        let conditions = compiler.conditions(spec.conditions)?;
        let variables = compiler.variables(spec.variables)?;
        let validations = spec.validations.into_iter().enumerate();
        let validations = validations.map(|(index, validation)| compiler.validation(index, validation));
        let validations = validations.collect::<Result<_, _>>()?;
        let annotations = compiler.annotations(spec.annotations)?;
        Ok(Self { conditions, variables, validations, annotations, failure: spec.failure })
    }

    /// Whether it looks at what base has: then nothing that it says was there before.
    pub(super) fn judges_transition(&self) -> bool {
        let variables = self.variables.iter().map(|(_, expression)| expression);
        let validations = self.validations.iter().map(|validation| &validation.expression);
        let mut all = variables.chain(validations).chain(&self.conditions);
        all.any(|expression| expression.reads("oldObject"))
    }

    /// Everything that it says. To be called on a large stack.
    pub(super) fn say(&self, mut prepared: Prepared<'_>) -> Vec<Said> {
        match self.meant(&prepared) {
            Ok(true) => {}
            Ok(false) => return Vec::new(),
            Err(why) => return vec![Said::Failed(why)],
        }
        prepared.compose(self.variables.iter().map(|(name, expression)| (name.as_str(), expression)));
        let mut said = Vec::new();
        for (index, validation) in self.validations.iter().enumerate() {
            match validation.expression.evaluate(&prepared) {
                Ok(true) => {}
                Ok(false) => {
                    let own = validation.message_expression.as_ref();
                    let own = own.and_then(|expression| expression.evaluate_text(&prepared)).and_then(usable);
                    let message = own.unwrap_or_else(|| validation.message.clone());
                    said.push(Said::Denied(Told::message(message).by(index)));
                }
                Err(why) => said.push(Said::Failed(why)),
            }
        }
        for (key, expression) in &self.annotations {
            if let Err(why) = expression.evaluate_note(&prepared) {
                said.push(Said::Failed(format!("auditAnnotations `{key}`: {why}")));
            }
        }
        said
    }

    /// Whether all conditions hold: one that certainly does not decides, whatever the others do.
    fn meant(&self, prepared: &Prepared<'_>) -> Result<bool, String> {
        let answers: Vec<_> = self.conditions.iter().map(|condition| condition.evaluate(prepared)).collect();
        if answers.contains(&Ok(false)) {
            return Ok(false);
        }
        answers.into_iter().find(Result::is_err).unwrap_or(Ok(true))
    }

    /// What an error means.
    pub(super) const fn failure(&self) -> FailurePolicy {
        self.failure
    }
}

/// Compiles what is written at a place.
struct Compiler<'a> {
    place: &'a str,
    given: &'a [&'a str],
    /// What `variables` has so far.
    known: Vec<String>,
}

impl Compiler<'_> {
    fn compile(&self, text: &str, at: &str) -> Result<Expression, String> {
        let names =
            Names { variables: self.given, composed: Some(&self.known), longest: LONGEST_OF_POLICIES };
        Expression::compile_with(text, &names).map_err(|error| refused(self.place, at, text, &error))
    }

    /// One that answers with one of these, as far as that can be told beforehand.
    fn compile_to(&self, answers: &[Answer], text: &str, at: &str) -> Result<Expression, String> {
        let expression = self.compile(text, at)?;
        match expression.answer().is_none_or(|answer| answers.contains(&answer)) {
            true => Ok(expression),
            false => {
                let wanted = match answers.contains(&Answer::Flag) {
                    true => "true or false, whatever the object has: compare it, as in `… == true`",
                    false => "a text, whatever the object has: write `string(…)`",
                };
                Err(self.wrong(at, &format!("it has to answer with {wanted}")))
            }
        }
    }

    fn wrong(&self, at: &str, why: &str) -> String {
        format!("{}: {at}: {why}", self.place)
    }

    fn conditions(&self, conditions: Vec<Named>) -> Result<Vec<Expression>, String> {
        let mut compiled: Vec<(String, Expression)> = Vec::new();
        for Named { name, expression } in conditions {
            let at = format!("matchConditions `{name}`");
            if compiled.iter().any(|(known, _)| *known == name) {
                return Err(self.wrong(&at, "there is another of this name"));
            }
            compiled.push((name, self.compile_to(&[Answer::Flag], &expression, &at)?));
        }
        Ok(compiled.into_iter().map(|(_, expression)| expression).collect())
    }

    fn variables(&mut self, variables: Vec<Named>) -> Result<Vec<(String, Expression)>, String> {
        let mut compiled = Vec::new();
        for (index, Named { name, expression }) in variables.into_iter().enumerate() {
            let at = format!("variables[{index}] `{name}`");
            if self.known.contains(&name) {
                return Err(self.wrong(&at, "there is another of this name"));
            }
            if !is_word(&name) {
                return Err(self.wrong(&at, "this name cannot stand in an expression"));
            }
            compiled.push((name.clone(), self.compile(&expression, &at)?));
            self.known.push(name);
        }
        Ok(compiled)
    }

    fn validation(&self, index: usize, validation: ValidationSpec) -> Result<Validation, String> {
        let at = |field: &str| format!("validations[{index}].{field}");
        let text = validation.message_expression.as_deref().filter(|text| !text.trim().is_empty());
        let message = validation.message.as_deref().map(str::trim).filter(|message| !message.is_empty());
        let broken = |text: &str| text.trim().contains('\n');
        if message.is_some_and(broken) {
            return Err(self.wrong(&at("message"), "it has to be one line"));
        }
        let fallback = || format!("failed expression: {}", validation.expression.trim());
        let to_text = |text| self.compile_to(&[Answer::Text], text, &at("messageExpression"));
        Ok(Validation {
            expression: self.compile_to(&[Answer::Flag], &validation.expression, &at("expression"))?,
            message_expression: text.map(to_text).transpose()?,
            message: message.map_or_else(fallback, str::to_owned),
        })
    }

    fn annotations(&self, annotations: Vec<AnnotationSpec>) -> Result<Vec<(String, Expression)>, String> {
        let mut compiled: Vec<(String, Expression)> = Vec::new();
        for AnnotationSpec { key, value_expression } in annotations {
            let at = format!("auditAnnotations `{key}`");
            if key.is_empty() || compiled.iter().any(|(known, _)| *known == key) {
                return Err(self.wrong(&at, "each of them needs a key of its own"));
            }
            let answers = [Answer::Text, Answer::Null];
            compiled.push((key, self.compile_to(&answers, &value_expression, &at)?));
        }
        Ok(compiled)
    }
}

/// How what is said of an object becomes what is wrong with it.
pub(super) struct Telling<'a> {
    /// The policy or constraint.
    pub(super) rule: &'a str,
    /// How heavy what it denies is.
    pub(super) severity: Severity,
    /// How heavy anything of the check is at most.
    pub(super) most: Severity,
    pub(super) failure: FailurePolicy,
    /// What rules that say where may point into.
    pub(super) object: Option<&'a Value>,
}

impl Telling<'_> {
    /// What is wrong, each thing once; what is said of base too, no less bad, is existing.
    pub(super) fn tell(&self, said: Vec<Said>, base: &[Said]) -> Vec<Result<Wrong, String>> {
        let mut told: Vec<Result<Wrong, String>> = Vec::new();
        for said in said {
            let wrong = |message, severity: Severity, existing| Wrong {
                rule: Some(self.rule.to_owned()),
                severity: severity.min(self.most),
                message,
                fix: None,
                path: None,
                existing,
                waived: None,
            };
            let one = match said {
                Said::Denied(told) => {
                    let existing = base.iter().any(|base| base.is_as_bad_as(&told));
                    let path = told.path(self.object);
                    Ok(Wrong { path, ..wrong(told.message, self.severity, existing) })
                }
                Said::Failed(why) => match self.failure {
                    FailurePolicy::Fail => Err(format!("`{}`: {why}", self.rule)),
                    FailurePolicy::Ignore => {
                        let message =
                            format!("it could not be told, and its failure policy is to ignore that: {why}");
                        Ok(wrong(message, Severity::Warning, false))
                    }
                },
                Said::Passed(why) => Ok(wrong(why, Severity::Info, false)),
            };
            add(&mut told, one);
        }
        told
    }
}

impl Said {
    fn is_as_bad_as(&self, head: &Told) -> bool {
        match self {
            Self::Denied(base) => head.is_no_worse_than(base),
            Self::Failed(_) | Self::Passed(_) => false,
        }
    }
}

/// The same words stand there once, and are existing only where all that they were said for is.
fn add(told: &mut Vec<Result<Wrong, String>>, one: Result<Wrong, String>) {
    let text =
        |told: &Result<Wrong, String>| told.as_ref().map_or_else(Clone::clone, |wrong| wrong.message.clone());
    let known = told.iter_mut().find(|known| known.is_ok() == one.is_ok() && text(known) == text(&one));
    match (known, one) {
        (None, one) => told.push(one),
        (Some(Ok(known)), Ok(one)) => known.join(one),
        (Some(_), _) => {}
    }
}

/// Whether a text can be the name of a variable.
fn is_word(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// A message that people can be shown.
fn usable(message: String) -> Option<String> {
    let message = message.trim();
    let sound = !message.is_empty() && message.len() <= LONGEST_MESSAGE && !message.contains('\n');
    sound.then(|| message.to_owned())
}

/// What is wrong with an expression, with the part that is meant.
fn refused(place: &str, at: &str, text: &str, error: &ExpressionError) -> String {
    let part = text.get(error.offset..error.offset + error.width).unwrap_or_default();
    let hint = error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    match part.lines().next().unwrap_or_default().trim() {
        part if part.is_empty() || part.len() > 60 => format!("{place}: {at}: {}{hint}", error.message),
        part => format!("{place}: {at}: at `{part}`: {}{hint}", error.message),
    }
}
