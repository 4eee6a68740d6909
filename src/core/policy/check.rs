//! Running checks. Decides what is wrong with objects, never what follows from it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use globset::GlobMatcher;

use super::Finding;
use super::expression::{Language, on_large_stack, on_large_stacks};
use super::judge::{self, Judging, Subject, Wrong};
use super::predicate::{compile, kind_matches, matches};
use super::surroundings::Surroundings;
use crate::config::{Check, Policy};
use crate::effect::Effect;
use crate::evaluation::Evaluation;
use crate::library::Library;
use crate::object::Body;
use crate::revision::Diff;
use crate::threads;

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

/// The checks that cannot be used at all, and why: what `run_checks` would say of them wherever they apply, found out
/// before there is a change to judge.
pub fn broken_checks(policy: &Policy, library: &Library) -> Vec<(String, String)> {
    let broken = || {
        let none = Evaluation::default();
        let whys = policy
            .checks
            .iter()
            .map(|check| Some((check.name.clone(), Ready::new(check, library, &none).judge.err()?)));
        whys.flatten().collect()
    };
    on_large_stack(broken).unwrap_or_else(|| {
        let why = || "it could not be looked at".to_owned();
        policy.checks.iter().map(|check| (check.name.clone(), why())).collect()
    })
}

/// What stands for the findings of a check that could not be run.
fn could_not_run(check: &Check, why: &str) -> Finding {
    Finding {
        check: check.name.clone(),
        rule: None,
        severity: check.severity,
        message: format!("check `{}` could not be run: {why}", check.name),
        fix: None,
        environment: String::new(),
        object: None,
        path: None,
        text: None,
        file: None,
        unit: None,
        line: None,
        column: None,
        errored: true,
        existing: false,
        waived: None,
    }
}

/// In how many parts the objects of one processor are handed out, and how few are not worth a part.
const PARTS: usize = 8;
const FEWEST: usize = 16;

fn run_all(policy: &Policy, library: &Library, evaluation: &Evaluation) -> Vec<Finding> {
    let surroundings = Surroundings::of(evaluation);
    let checks: Vec<Ready<'_>> =
        policy.checks.iter().map(|check| Ready::new(check, library, evaluation)).collect();
    let mut findings: Vec<(usize, Finding)> = Vec::new();
    for (index, check) in checks.iter().enumerate() {
        if let Err(why) = &check.judge
            && touched(evaluation).any(|touched| check.concerns(&touched))
        {
            findings.push((index, could_not_run(check.check, why)));
        }
    }
    findings.extend(judged(&checks, &surroundings, evaluation));
    findings.sort_by_key(|(index, _)| *index);
    findings.into_iter().map(|(_, finding)| finding).collect()
}

/// What all checks find, in the evaluation's order. Objects are judged side by side, as many as there are processors.
fn judged(
    checks: &[Ready<'_>],
    surroundings: &Surroundings<'_>,
    evaluation: &Evaluation,
) -> Vec<(usize, Finding)> {
    let all: Vec<Touched<'_>> = touched(evaluation).collect();
    let workers = threads::worth(all.len(), 1);
    let each = all.len().div_ceil(workers * PARTS).max(FEWEST);
    let parts: Vec<&[Touched<'_>]> = all.chunks(each).collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(BTreeMap::new());
    let work = || {
        let language = Language::new();
        while let Some(index) =
            Some(next.fetch_add(1, Ordering::Relaxed)).filter(|index| *index < parts.len())
        {
            let part = parts.get(index).copied().unwrap_or_default();
            let findings = judged_part(checks, language.as_ref(), surroundings, part);
            if let Ok(mut found) = found.lock() {
                found.insert(index, findings);
            }
        }
    };
    on_large_stacks(workers.min(parts.len()), work);
    let mut found = found.into_inner().unwrap_or_default();
    let parts = parts
        .iter()
        .enumerate()
        .map(|(index, part)| found.remove(&index).unwrap_or_else(|| lost(checks, part)));
    parts.flatten().collect()
}

fn judged_part(
    checks: &[Ready<'_>],
    language: Option<&Language>,
    surroundings: &Surroundings<'_>,
    part: &[Touched<'_>],
) -> Vec<(usize, Finding)> {
    let mut findings = Vec::new();
    for touched in part {
        let Touched { environment, unit: _, effect } = touched;
        let [base, head] = [&effect.before, &effect.after].map(|body| body.as_ref().map(Body::value));
        let bodies = Diff { base, head };
        let subject = Subject::new(language, surroundings, environment, effect, &bodies);
        for (index, check) in checks.iter().enumerate() {
            let Ok(judge) = &check.judge else { continue };
            if check.concerns(touched) {
                let found = check.judge(judge.as_ref(), &subject, touched.unit);
                findings.extend(found.into_iter().map(|finding| (index, finding)));
            }
        }
    }
    findings
}

/// What stands for the findings of objects that were being judged when something went down.
fn lost(checks: &[Ready<'_>], part: &[Touched<'_>]) -> Vec<(usize, Finding)> {
    let concerned = |check: &Ready<'_>| part.iter().any(|touched| check.concerns(touched));
    let all = checks.iter().enumerate().filter(|(_, check)| check.judge.is_ok() && concerned(check));
    all.map(|(index, check)| (index, could_not_run(check.check, "it went down over an object"))).collect()
}

/// An effect, and whose it is.
#[derive(Clone, Copy)]
struct Touched<'a> {
    environment: &'a str,
    unit: &'a str,
    effect: &'a Effect,
}

/// Every effect.
fn touched(evaluation: &Evaluation) -> impl Iterator<Item = Touched<'_>> {
    evaluation.environments.iter().flat_map(|environment| {
        let name = environment.environment.name.as_str();
        environment.units.iter().flat_map(move |unit| {
            let touched = |effect| Touched { environment: name, unit: &unit.name, effect };
            unit.effects.iter().map(touched)
        })
    })
}

/// A check with everything compiled.
struct Ready<'a> {
    check: &'a Check,
    judge: Result<Box<dyn Judging + 'a>, String>,
    environments: Vec<GlobMatcher>,
    kinds: Vec<GlobMatcher>,
}

impl<'a> Ready<'a> {
    fn new(check: &'a Check, library: &Library, evaluation: &Evaluation) -> Self {
        let patterns = (compile(&check.environments), compile(&check.kinds));
        // Where a pattern is broken the check applies everywhere, and errs.
        let (environments, kinds, judge) = match patterns {
            (Some(environments), Some(kinds)) => {
                (environments, kinds, judge::compile(check, library, evaluation))
            }
            _ => (Vec::new(), Vec::new(), Err("one of its patterns is broken".to_owned())),
        };
        Self { check, judge, environments, kinds }
    }

    fn concerns(&self, touched: &Touched<'_>) -> bool {
        let Touched { environment, unit: _, effect } = touched;
        let transition = self.judge.as_ref().map_or(true, |judge| judge.judges_transition());
        matches(&self.environments, environment)
            && kind_matches(&self.kinds, &effect.object)
            && (effect.after.is_some() || transition)
    }

    fn judge(&self, judge: &dyn Judging, subject: &Subject<'_>, unit: &str) -> Vec<Finding> {
        let effect = subject.effect;
        let finding = |message: String| {
            let finding = Finding {
                message,
                environment: subject.environment.to_owned(),
                object: Some(effect.object.clone()),
                ..could_not_run(self.check, "")
            };
            finding.standing(effect.place(), unit)
        };
        let told = judge.judge_each(subject).into_iter().map(|told| match told {
            Err(why) => {
                let check = &self.check.name;
                finding(format!("check `{check}` could not judge {}: {why}", effect.object))
            }
            Ok(Wrong { rule, severity, message, fix, path, existing, waived }) => {
                Finding { rule, fix, severity, path, existing, waived, errored: false, ..finding(message) }
            }
        });
        told.collect()
    }
}
