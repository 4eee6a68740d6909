//! Running checks. Decides what is wrong with objects, never what follows from it.

use globset::GlobMatcher;

use super::Finding;
use super::expression::{Expression, Input, Language, Prepared, on_large_stack};
use super::predicate::{compile, kind_matches, matches};
use crate::config::{Check, Policy};
use crate::effect::{Effect, RenderOperation};
use crate::evaluation::Evaluation;

/// Runs every check over every effect it applies to. A check that errors is a finding that blocks, naming itself.
///
/// A check looks at the object as head has it. An object that leaves the tree has no such state: it is left out
/// unless the expression looks at `oldObject` or `request`, and so judges the change and not only the state. A
/// violation that base has too is told as `existing` where the expression judges the state alone; one that judges the
/// change is always new. Findings come in the policy's order of checks, then in the evaluation's order.
pub fn run_checks(policy: &Policy, evaluation: &Evaluation) -> Vec<Finding> {
    if policy.checks.is_empty() {
        return Vec::new();
    }
    on_large_stack(|| run_all(policy, evaluation))
        .unwrap_or_else(|| policy.checks.iter().map(could_not_run).collect())
}

/// What stands for the findings of a check when checks could not be run at all.
fn could_not_run(check: &Check) -> Finding {
    Finding {
        check: check.name.clone(),
        rule: None,
        severity: check.severity,
        message: format!("check `{}` could not be run", check.name),
        environment: String::new(),
        object: None,
        file: None,
        line: None,
        column: None,
        errored: true,
        existing: false,
        waived: None,
    }
}

fn run_all(policy: &Policy, evaluation: &Evaluation) -> Vec<Finding> {
    let checks: Vec<Ready<'_>> = policy.checks.iter().map(Ready::new).collect();
    let language = Language::new();
    let mut findings: Vec<(usize, Finding)> = Vec::new();
    for environment in &evaluation.environments {
        let name = environment.environment.name.as_str();
        for effect in environment.units.iter().flat_map(|unit| &unit.effects) {
            let concerned: Vec<_> =
                checks.iter().enumerate().filter(|(_, check)| check.concerns(name, effect)).collect();
            if concerned.is_empty() {
                continue;
            }
            let states = language.as_ref().map(|language| States::new(language, name, effect));
            for (index, check) in concerned {
                findings.extend(check.judge(states.as_ref(), name, effect).map(|finding| (index, finding)));
            }
        }
    }
    findings.sort_by_key(|(index, _)| *index);
    findings.into_iter().map(|(_, finding)| finding).collect()
}

/// A check with everything compiled.
struct Ready<'a> {
    check: &'a Check,
    expression: Result<Expression, String>,
    /// `None` where a pattern is broken: then the check applies everywhere, and errors.
    environments: Option<Vec<GlobMatcher>>,
    kinds: Option<Vec<GlobMatcher>>,
}

/// One object before and after.
struct States<'a> {
    now: Prepared<'a>,
    base: Option<Prepared<'a>>,
}

/// What an expression says of one object.
enum Answer {
    Fine,
    Violated,
    /// Base violates it too.
    Existing,
}

impl<'a> States<'a> {
    fn new(language: &Language, environment: &'a str, effect: &'a Effect) -> Self {
        let operation = match effect.rendered {
            RenderOperation::Add => "CREATE",
            RenderOperation::Change => "UPDATE",
            RenderOperation::Remove => "DELETE",
        };
        let (object, old_object) = (effect.after.as_ref(), effect.before.as_ref());
        let now = Prepared::new(language, Input { object, old_object, operation, environment });
        let base = old_object.filter(|_| object.is_some()).map(|before| {
            let input = Input { object: Some(before), old_object: None, operation, environment };
            Prepared::new(language, input)
        });
        Self { now, base }
    }
}

impl<'a> Ready<'a> {
    fn new(check: &'a Check) -> Self {
        let expression = Expression::compile(&check.cel).map_err(|error| error.message);
        Self { check, expression, environments: compile(&check.environments), kinds: compile(&check.kinds) }
    }

    fn concerns(&self, environment: &str, effect: &Effect) -> bool {
        let here = self.environments.as_ref().is_none_or(|globs| matches(globs, environment));
        let this = self.kinds.as_ref().is_none_or(|globs| kind_matches(globs, &effect.object));
        let state = effect.after.is_some()
            || self.expression.as_ref().map_or(true, |expression| expression.judges_transition());
        here && this && state
    }

    fn judge(&self, states: Option<&States<'_>>, environment: &str, effect: &Effect) -> Option<Finding> {
        let (message, errored, existing) = match self.answer(states) {
            Ok(Answer::Fine) => return None,
            Ok(Answer::Violated) => (self.check.message.clone(), false, false),
            Ok(Answer::Existing) => (self.check.message.clone(), false, true),
            Err(why) => {
                let check = &self.check.name;
                (format!("check `{check}` could not judge {}: {why}", effect.object), true, false)
            }
        };
        Some(Finding {
            message,
            environment: environment.to_owned(),
            object: Some(effect.object.clone()),
            file: effect.source.as_ref().map(|source| source.file.clone()),
            line: effect.source.as_ref().map(|source| source.line),
            errored,
            existing,
            ..could_not_run(self.check)
        })
    }

    fn answer(&self, states: Option<&States<'_>>) -> Result<Answer, String> {
        let expression = self.expression.as_ref().map_err(Clone::clone)?;
        if self.environments.is_none() || self.kinds.is_none() {
            return Err("one of its patterns is broken".to_owned());
        }
        let states = states.ok_or_else(|| "expressions cannot be evaluated".to_owned())?;
        if expression.evaluate(&states.now)? {
            return Ok(Answer::Fine);
        }
        let before = states.base.as_ref().filter(|_| !expression.judges_transition());
        // A check that cannot judge base says nothing about it: then the violation counts as new.
        let base_violates = before.is_some_and(|base| expression.evaluate(base) == Ok(false));
        Ok(if base_violates { Answer::Existing } else { Answer::Violated })
    }
}
