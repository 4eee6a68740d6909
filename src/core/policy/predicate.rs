//! Whether a rule applies, and what it claims. Never decides who has to agree.
//!
//! Predicates are three-valued after Kleene: `not` keeps unknown, `all` is false as soon as one part is, `any` is true
//! as soon as one part is, and only what is left open stays unknown. Over no effects `any` is false, `only` is false
//! and `none` is true.

use globset::GlobMatcher;

use super::Truth;
use crate::config::{EffectMatch, Predicate, Rule, glob};
use crate::effect::{Effect, Operation, Risk};
use crate::evaluation::{ChangedPath, EnvironmentEvaluation, Evaluation, SideState};
use crate::object::ObjectRef;
use crate::revision::BranchName;

/// What predicates look at.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// What the change does.
    pub evaluation: &'a Evaluation,
    /// Where it wants to land.
    pub target: &'a BranchName,
}

/// Whether a rule applies to this change. A unit that did not render, or an environment with an undecided error,
/// makes effect predicates unknown unless the known part already settles them.
pub fn applies(rule: &Rule, scope: &Scope<'_>) -> Truth {
    judge(rule, &View::of(scope, Completeness::Known)).truth
}

/// Whether a rule that applies claims this effect (so that it is covered once the rule is satisfied): some
/// effect match of its predicate, not under `not`/`none`, matches it; a rule without effect or path predicates claims all.
/// Branches of the predicate that do not hold claim nothing.
pub fn claims_effect(rule: &Rule, environment: &str, effect: &Effect, scope: &Scope<'_>) -> bool {
    judge(rule, &View::of(scope, Completeness::Known)).claims.effect(environment, effect)
}

/// Whether a rule that applies claims this changed path outside all renders.
pub fn claims_path(rule: &Rule, path: &ChangedPath, scope: &Scope<'_>) -> bool {
    judge(rule, &View::of(scope, Completeness::Known)).claims.path(&path.path)
}

/// Whether the evaluation covers the change at all: without a merge result it covers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completeness {
    /// It does, apart from what it says itself.
    Known,
    /// There is no merge result to evaluate.
    NoMerge,
}

/// A scope, seen through once: what is known, and where more could be.
#[derive(Debug)]
pub(crate) struct View<'a> {
    /// Every effect with its environment.
    pub(crate) effects: Vec<(&'a str, &'a Effect)>,
    /// Changed paths outside all renders.
    pub(crate) outside: &'a [ChangedPath],
    /// Environments that may hold effects that nobody knows.
    open: Vec<&'a str>,
    completeness: Completeness,
    target: &'a BranchName,
}

impl<'a> View<'a> {
    pub(crate) fn of(scope: &Scope<'a>, completeness: Completeness) -> Self {
        let environments = &scope.evaluation.environments;
        let effects = environments.iter().flat_map(|environment| {
            let units = environment.units.iter();
            units.flat_map(|unit| &unit.effects).map(|effect| (environment.environment.name.as_str(), effect))
        });
        let open = environments.iter().filter(|environment| is_open(environment));
        Self {
            effects: effects.collect(),
            outside: &scope.evaluation.outside,
            open: open.map(|environment| environment.environment.name.as_str()).collect(),
            completeness,
            target: scope.target,
        }
    }

    /// What could not be told, in words; empty where all is known.
    pub(crate) fn gaps(&self) -> String {
        match self.completeness {
            Completeness::NoMerge => "head and base do not merge".to_owned(),
            Completeness::Known => format!("what changes in {} could not be told", self.open.join(", ")),
        }
    }
}

/// Whether an environment may hold effects that nobody knows. A unit whose base alone failed is a repair where head
/// renders: all of it is on display, and nothing is left open. Where head removes the unit, nobody knows what goes.
fn is_open(environment: &EnvironmentEvaluation) -> bool {
    let failed = |state: SideState| match state {
        SideState::Failed => true,
        SideState::Rendered | SideState::Absent => false,
    };
    environment.errors.iter().any(|error| error.undecided)
        || environment.units.iter().any(|unit| {
            let removed = failed(unit.sides.base) && unit.sides.head == SideState::Absent;
            (failed(unit.sides.head) || removed) && !unit.already_broken
        })
}

/// What became of one rule's predicate.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) truth: Truth,
    pub(crate) claims: Claims,
}

/// What a rule claims.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    everything: bool,
    effects: Vec<Matcher>,
    paths: Vec<GlobMatcher>,
}

impl Claims {
    pub(crate) fn effect(&self, environment: &str, effect: &Effect) -> bool {
        self.everything || self.effects.iter().any(|matcher| matcher.matches(environment, effect))
    }

    pub(crate) fn path(&self, path: &str) -> bool {
        self.everything || self.paths.iter().any(|glob| glob.is_match(path))
    }

    fn join(&mut self, other: Self) {
        self.effects.extend(other.effects);
        self.paths.extend(other.paths);
    }
}

pub(crate) fn judge(rule: &Rule, view: &View<'_>) -> Judged {
    let Some(predicate) = &rule.when else {
        return Judged { truth: Truth::True, claims: Claims { everything: true, ..Claims::default() } };
    };
    let mut judged = judge_predicate(predicate, view);
    judged.claims.everything = !is_about_changes(predicate);
    judged
}

/// Whether a predicate looks at what changes at all, and not only at where it lands.
fn is_about_changes(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().any(is_about_changes),
        Predicate::Not(part) => is_about_changes(part),
        Predicate::EffectAny(_)
        | Predicate::EffectOnly(_)
        | Predicate::EffectNone(_)
        | Predicate::PathsAny(_) => true,
        Predicate::TargetsBranch(_) => false,
    }
}

fn judge_predicate(predicate: &Predicate, view: &View<'_>) -> Judged {
    let mut claims = Claims::default();
    let truth = match predicate {
        Predicate::All(parts) => join(parts, view, &mut claims).fold(Truth::True, Truth::and),
        Predicate::Any(parts) => join(parts, view, &mut claims).fold(Truth::False, Truth::or),
        Predicate::Not(part) => judge_predicate(part, view).truth.negate(),
        Predicate::EffectAny(wanted) => with(Matcher::new(wanted), |matcher| {
            let truth = any(&matcher, view);
            claims.effects.push(matcher);
            truth
        }),
        Predicate::EffectOnly(wanted) => with(Matcher::new(wanted), |matcher| {
            let truth = only(&matcher, view);
            claims.effects.push(matcher);
            truth
        }),
        Predicate::EffectNone(wanted) => with(Matcher::new(wanted), |matcher| any(&matcher, view).negate()),
        Predicate::PathsAny(globs) => with(compile(globs), |globs| {
            let truth = paths(&globs, view);
            claims.paths = globs;
            truth
        }),
        Predicate::TargetsBranch(pattern) => {
            with(glob(pattern).ok(), |glob| Truth::from(glob.is_match(view.target.as_str())))
        }
    };
    if truth != Truth::True {
        claims = Claims::default();
    }
    Judged { truth, claims }
}

/// A predicate whose patterns do not compile cannot come from a file; it is unknown.
fn with<T>(compiled: Option<T>, judge: impl FnOnce(T) -> Truth) -> Truth {
    compiled.map_or(Truth::Unknown, judge)
}

fn join(parts: &[Predicate], view: &View<'_>, claims: &mut Claims) -> impl Iterator<Item = Truth> {
    let mut truths = Vec::with_capacity(parts.len());
    for part in parts {
        let judged = judge_predicate(part, view);
        claims.join(judged.claims);
        truths.push(judged.truth);
    }
    truths.into_iter()
}

fn any(matcher: &Matcher, view: &View<'_>) -> Truth {
    if view.effects.iter().any(|(environment, effect)| matcher.matches(environment, effect)) {
        Truth::True
    } else if could_match(matcher, view) {
        Truth::Unknown
    } else {
        Truth::False
    }
}

fn only(matcher: &Matcher, view: &View<'_>) -> Truth {
    let all = view.effects.iter().all(|(environment, effect)| matcher.matches(environment, effect));
    let complete = view.completeness == Completeness::Known && view.open.is_empty();
    match (all, complete) {
        (false, _) => Truth::False,
        (true, true) => Truth::from(!view.effects.is_empty()),
        (true, false) => Truth::Unknown,
    }
}

/// Whether an effect that nobody knows could match.
fn could_match(matcher: &Matcher, view: &View<'_>) -> bool {
    match view.completeness {
        Completeness::NoMerge => true,
        Completeness::Known => view.open.iter().any(|environment| matcher.environment(environment)),
    }
}

/// Paths outside all renders, and the files that changed objects stand in.
fn paths(globs: &[GlobMatcher], view: &View<'_>) -> Truth {
    let sources = view.effects.iter().filter_map(|(_, effect)| effect.source.as_ref());
    let mut changed = view.outside.iter().map(|path| &path.path).chain(sources.map(|source| &source.file));
    match (changed.any(|path| globs.iter().any(|glob| glob.is_match(path))), view.completeness) {
        (true, _) => Truth::True,
        (false, Completeness::Known) => Truth::False,
        (false, Completeness::NoMerge) => Truth::Unknown,
    }
}

/// An effect match, compiled.
#[derive(Debug)]
struct Matcher {
    environment: Vec<GlobMatcher>,
    kinds: Vec<GlobMatcher>,
    namespaces: Vec<GlobMatcher>,
    names: Vec<GlobMatcher>,
    operations: Vec<Operation>,
    risks: Vec<Risk>,
}

impl Matcher {
    fn new(wanted: &EffectMatch) -> Option<Self> {
        Some(Self {
            environment: compile(&wanted.environment)?,
            kinds: compile(&wanted.kinds)?,
            namespaces: compile(&wanted.namespaces)?,
            names: compile(&wanted.names)?,
            operations: wanted.operations.clone(),
            risks: wanted.risks.clone(),
        })
    }

    fn environment(&self, name: &str) -> bool {
        matches(&self.environment, name)
    }

    fn matches(&self, environment: &str, effect: &Effect) -> bool {
        self.environment(environment)
            && kind_matches(&self.kinds, &effect.object)
            && matches(&self.namespaces, &effect.object.namespace)
            && matches(&self.names, &effect.object.name)
            && (self.operations.is_empty() || self.operations.contains(&effect.operation))
            && (self.risks.is_empty() || self.risks.iter().any(|risk| effect.risks.contains(risk)))
    }
}

/// Whether an object's `group/kind` is one of these; no patterns mean all.
pub(super) fn kind_matches(globs: &[GlobMatcher], object: &ObjectRef) -> bool {
    globs.is_empty() || matches(globs, &format!("{}/{}", object.group, object.kind))
}

/// Whether a text is like one of these; no patterns mean all.
pub(super) fn matches(globs: &[GlobMatcher], text: &str) -> bool {
    globs.is_empty() || globs.iter().any(|glob| glob.is_match(text))
}

/// All of these patterns; `None` where one is none.
pub(super) fn compile(patterns: &[String]) -> Option<Vec<GlobMatcher>> {
    patterns.iter().map(|pattern| glob(pattern).ok()).collect()
}
