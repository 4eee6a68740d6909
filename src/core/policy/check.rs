//! Running checks. Decides what is wrong with objects, never what follows from it.

use std::collections::BTreeSet;

use globset::GlobMatcher;
use serde_json::{Value, json};

use super::expression::{Expression, Input, Language, Prepared, on_large_stack};
use super::predicate::{compile, kind_matches, matches};
use super::rego::{Rules, Said, Tone};
use super::{Finding, Waived};
use crate::config::{Check, Judge, Policy, Severity};
use crate::effect::{Effect, RenderOperation};
use crate::evaluation::Evaluation;
use crate::library::Library;

/// Runs every check over every effect it applies to. A check that errors is a finding that blocks, naming itself.
///
/// A check looks at the object as head has it. An object that leaves the tree has no such state: it is left out
/// unless the check looks at `oldObject`, `request` or `data.countersign`, and so judges the change and not only the
/// state. What base violates too is told as `existing` where the check judges the state alone; one that judges the
/// change is always new. Findings come in the policy's order of checks, then in the evaluation's order.
pub fn run_checks(policy: &Policy, library: &Library, evaluation: &Evaluation) -> Vec<Finding> {
    if policy.checks.is_empty() {
        return Vec::new();
    }
    on_large_stack(|| run_all(policy, library, evaluation)).unwrap_or_else(|| {
        let why = "the checks could not be run";
        policy.checks.iter().map(|check| could_not_run(check, why)).collect()
    })
}

/// What stands for the findings of a check that could not be run.
fn could_not_run(check: &Check, why: &str) -> Finding {
    Finding {
        check: check.name.clone(),
        rule: None,
        severity: check.severity,
        message: format!("check `{}` could not be run: {why}", check.name),
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

fn run_all(policy: &Policy, library: &Library, evaluation: &Evaluation) -> Vec<Finding> {
    let language = Language::new();
    let checks: Vec<Ready<'_>> = policy.checks.iter().map(|check| Ready::new(check, library)).collect();
    let mut findings: Vec<(usize, Finding)> = Vec::new();
    for (index, check) in checks.iter().enumerate() {
        if let Err(why) = &check.judge
            && touched(evaluation).any(|(name, effect)| check.concerns(name, effect))
        {
            findings.push((index, could_not_run(check.check, why)));
        }
    }
    for (name, effect) in touched(evaluation) {
        let concerned: Vec<_> = checks
            .iter()
            .enumerate()
            .filter_map(|(index, check)| Some((index, check, check.judge.as_ref().ok()?)))
            .filter(|(_, check, _)| check.concerns(name, effect))
            .collect();
        let cel = concerned.iter().any(|(.., judge)| matches!(judge, Compiled::Cel(..)));
        let states = language.as_ref().filter(|_| cel).map(|language| States::new(language, name, effect));
        for (index, check, judge) in concerned {
            let found = check.judge(judge, states.as_ref(), name, effect);
            findings.extend(found.into_iter().map(|finding| (index, finding)));
        }
    }
    findings.sort_by_key(|(index, _)| *index);
    findings.into_iter().map(|(_, finding)| finding).collect()
}

/// Every effect, with its environment's name.
fn touched(evaluation: &Evaluation) -> impl Iterator<Item = (&str, &Effect)> {
    evaluation.environments.iter().flat_map(|environment| {
        let name = environment.environment.name.as_str();
        environment.units.iter().flat_map(move |unit| unit.effects.iter().map(move |effect| (name, effect)))
    })
}

/// A check with everything compiled.
struct Ready<'a> {
    check: &'a Check,
    judge: Result<Compiled<'a>, String>,
    environments: Vec<GlobMatcher>,
    kinds: Vec<GlobMatcher>,
}

/// What judges, ready to.
enum Compiled<'a> {
    /// An expression, and what to say where it is false.
    Cel(Expression, &'a str),
    /// Policies.
    Rego(Box<Rules>),
}

/// One object before and after.
struct States<'a> {
    now: Prepared<'a>,
    base: Option<Prepared<'a>>,
}

/// Something that is wrong with an object.
struct Wrong {
    rule: Option<String>,
    severity: Severity,
    message: String,
    /// Base violates it too.
    existing: bool,
    waived: Option<Waived>,
}

impl<'a> States<'a> {
    fn new(language: &Language, environment: &'a str, effect: &'a Effect) -> Self {
        let operation = operation(effect);
        let (object, old_object) = (effect.after.as_ref(), effect.before.as_ref());
        let now = Prepared::new(language, Input { object, old_object, operation, environment });
        let base = old_object.filter(|_| object.is_some()).map(|before| {
            let input = Input { object: Some(before), old_object: None, operation, environment };
            Prepared::new(language, input)
        });
        Self { now, base }
    }
}

/// An operation as admission calls it.
const fn operation(effect: &Effect) -> &'static str {
    match effect.rendered {
        RenderOperation::Add => "CREATE",
        RenderOperation::Change => "UPDATE",
        RenderOperation::Remove => "DELETE",
    }
}

impl<'a> Compiled<'a> {
    fn new(judge: &'a Judge, library: &Library) -> Result<Self, String> {
        match judge {
            Judge::Cel(cel) => Expression::compile(&cel.expression)
                .map(|expression| Self::Cel(expression, &cel.message))
                .map_err(|error| error.message),
            Judge::Rego(rego) => Rules::load(rego, library).map(Box::new).map(Self::Rego),
        }
    }

    fn judges_transition(&self) -> bool {
        match self {
            Self::Cel(expression, _) => expression.judges_transition(),
            Self::Rego(rules) => rules.judges_transition(),
        }
    }
}

impl<'a> Ready<'a> {
    fn new(check: &'a Check, library: &Library) -> Self {
        let patterns = (compile(&check.environments), compile(&check.kinds));
        // Where a pattern is broken the check applies everywhere, and errs.
        let (environments, kinds, judge) = match patterns {
            (Some(environments), Some(kinds)) => (environments, kinds, Compiled::new(&check.judge, library)),
            _ => (Vec::new(), Vec::new(), Err("one of its patterns is broken".to_owned())),
        };
        Self { check, judge, environments, kinds }
    }

    fn concerns(&self, environment: &str, effect: &Effect) -> bool {
        let state = effect.after.is_some() || self.judge.as_ref().map_or(true, Compiled::judges_transition);
        matches(&self.environments, environment) && kind_matches(&self.kinds, &effect.object) && state
    }

    fn judge(
        &self,
        judge: &Compiled<'_>,
        states: Option<&States<'_>>,
        environment: &str,
        effect: &Effect,
    ) -> Vec<Finding> {
        let wrong = match judge {
            Compiled::Cel(expression, message) => self.by_expression(expression, message, states),
            Compiled::Rego(rules) => self.by_rules(rules, environment, effect),
        };
        let finding = |message: String| Finding {
            message,
            environment: environment.to_owned(),
            object: Some(effect.object.clone()),
            file: effect.source.as_ref().map(|source| source.file.clone()),
            line: effect.source.as_ref().map(|source| source.line),
            ..could_not_run(self.check, "")
        };
        match wrong {
            Err(why) => {
                let check = &self.check.name;
                vec![finding(format!("check `{check}` could not judge {}: {why}", effect.object))]
            }
            Ok(wrong) => wrong
                .into_iter()
                .map(|Wrong { rule, severity, message, existing, waived }| Finding {
                    rule,
                    severity,
                    existing,
                    waived,
                    errored: false,
                    ..finding(message)
                })
                .collect(),
        }
    }

    fn by_expression(
        &self,
        expression: &Expression,
        message: &str,
        states: Option<&States<'_>>,
    ) -> Result<Vec<Wrong>, String> {
        let states = states.ok_or_else(|| "expressions cannot be evaluated".to_owned())?;
        if expression.evaluate(&states.now)? {
            return Ok(Vec::new());
        }
        let before = states.base.as_ref().filter(|_| !expression.judges_transition());
        // A check that cannot judge base says nothing about it: then the violation counts as new.
        let existing = before.is_some_and(|base| expression.evaluate(base) == Ok(false));
        let severity = self.check.severity;
        Ok(vec![Wrong { rule: None, severity, message: message.to_owned(), existing, waived: None }])
    }

    fn by_rules(&self, rules: &Rules, environment: &str, effect: &Effect) -> Result<Vec<Wrong>, String> {
        let before = effect.before.as_ref();
        let change = json!({
            "operation": operation(effect), "environment": environment, "before": before.unwrap_or(&Value::Null),
        });
        let said = rules.judge(effect.after.as_ref().unwrap_or(&Value::Null), &change)?;
        let base = before.filter(|_| !said.is_empty() && !rules.judges_transition());
        let base: BTreeSet<Said> =
            base.and_then(|base| rules.judge(base, &Value::Null).ok()).unwrap_or_default();
        let excepted = |said: &Said| Waived {
            by: "the policy's `exception`".to_owned(),
            reason: said.rule.clone(),
            until: "it is taken out".to_owned(),
        };
        let before =
            |said: &Said| base.iter().any(|base| (&base.rule, &base.message) == (&said.rule, &said.message));
        let wrong = said.into_iter().map(|said| Wrong {
            existing: before(&said),
            waived: said.excepted.then(|| excepted(&said)),
            severity: match said.tone {
                Tone::Denies => self.check.severity,
                Tone::Warns => self.check.severity.min(Severity::Warning),
            },
            rule: Some(said.rule),
            message: said.message,
        });
        Ok(wrong.collect())
    }
}
