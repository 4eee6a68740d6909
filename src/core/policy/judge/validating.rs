//! Validations in CEL as ValidatingAdmissionPolicies and Gatekeeper's templates write them: conditions, variables,
//! expressions with messages. What is not supported is refused where it is read, by name.

use serde::Deserialize;

use crate::config::Severity;
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
    _reason: Option<String>,
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
    pub(super) failure: FailurePolicy,
}

/// It, ready to be evaluated.
pub(super) struct Program {
    conditions: Vec<Expression>,
    variables: Vec<(String, Expression)>,
    validations: Vec<Validation>,
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
        let compile = |text: &str, known: &[String], at: &str| {
            let names = Names { variables: given, composed: Some(known), longest: LONGEST_OF_POLICIES };
            Expression::compile_with(text, &names).map_err(|error| refused(place, at, text, &error))
        };
        let mut known: Vec<String> = reserved.iter().map(|name| (*name).to_owned()).collect();
        let mut conditions = Vec::new();
        for Named { name, expression } in spec.conditions {
            conditions.push(compile(&expression, &known, &format!("matchConditions `{name}`"))?);
        }
        let mut variables = Vec::new();
        for (index, Named { name, expression }) in spec.variables.into_iter().enumerate() {
            let at = format!("variables[{index}] `{name}`");
            if known.contains(&name) {
                return Err(format!("{place}: {at}: there is another of this name"));
            }
            variables.push((name.clone(), compile(&expression, &known, &at)?));
            known.push(name);
        }
        let mut validations = Vec::new();
        for (index, validation) in spec.validations.into_iter().enumerate() {
            let at = |field: &str| format!("validations[{index}].{field}");
            let text = validation.message_expression.as_deref().filter(|text| !text.trim().is_empty());
            let message = validation.message.as_deref().map(str::trim).filter(|message| !message.is_empty());
            let fallback = || format!("failed expression: {}", validation.expression.trim());
            validations.push(Validation {
                expression: compile(&validation.expression, &known, &at("expression"))?,
                message_expression: text
                    .map(|text| compile(text, &known, &at("messageExpression")))
                    .transpose()?,
                message: message.map_or_else(fallback, str::to_owned),
            });
        }
        Ok(Self { conditions, variables, validations, failure: spec.failure })
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

/// How what is said of an object becomes what is wrong with it.
pub(super) struct Telling<'a> {
    /// The policy or constraint.
    pub(super) rule: &'a str,
    /// How heavy what it denies is.
    pub(super) severity: Severity,
    /// How heavy anything of the check is at most.
    pub(super) most: Severity,
    pub(super) failure: FailurePolicy,
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
                existing,
                waived: None,
            };
            let one = match said {
                Said::Denied(told) => {
                    let existing = base.iter().any(|base| base.is_as_bad_as(&told));
                    Ok(wrong(told.message, self.severity, existing))
                }
                Said::Failed(why) => match self.failure {
                    FailurePolicy::Fail => Err(format!("`{}`: {why}", self.rule)),
                    FailurePolicy::Ignore => {
                        let message =
                            format!("it could not be told, and its failure policy is to ignore that: {why}");
                        Ok(wrong(message, Severity::Warning, false))
                    }
                },
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
            Self::Failed(_) => false,
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
        (Some(Ok(known)), Ok(one)) => known.existing &= one.existing,
        (Some(_), _) => {}
    }
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
