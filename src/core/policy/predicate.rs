//! Whether a rule applies, and what it claims. Never decides who has to agree.
//!
//! Predicates are three-valued after Kleene: `not` keeps unknown, `all` is false as soon as one part is, `any` is true
//! as soon as one part is, and only what is left open stays unknown. Over no effects `any` is false, `only` is false
//! and `none` is true.

use globset::GlobMatcher;

use super::Truth;
use super::circumstance::{self, Answer};
use super::files::{self, Named};
use super::matcher::{Matcher, Place};
use crate::config::{FileTest, Predicate, Rule, glob};
use crate::effect::Effect;
use crate::evaluation::{ChangedPath, EnvironmentEvaluation, Evaluation, SideState};
use crate::object::ObjectRef;
use crate::revision::BranchName;
use crate::snapshot::Snapshot;

/// What predicates look at.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// What the change does.
    pub evaluation: &'a Evaluation,
    /// Where it wants to land.
    pub target: &'a BranchName,
    /// All else that was seen; without it, what looks at more is unknown.
    pub seen: Option<&'a Snapshot>,
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
    let view = View::of(scope, Completeness::Known);
    judge(rule, &view).claims.effect(view.place(environment), effect)
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
    open: Vec<Place<'a>>,
    places: Vec<Place<'a>>,
    completeness: Completeness,
    target: &'a BranchName,
    /// All else that was seen.
    pub(super) seen: Option<&'a Snapshot>,
}

impl<'a> View<'a> {
    pub(crate) fn of(scope: &Scope<'a>, completeness: Completeness) -> Self {
        let environments = &scope.evaluation.environments;
        let effects = environments.iter().flat_map(|environment| {
            let units = environment.units.iter();
            units.flat_map(|unit| &unit.effects).map(|effect| (environment.environment.name.as_str(), effect))
        });
        let open = environments.iter().filter(|environment| is_open(environment)).map(place);
        Self {
            effects: effects.collect(),
            outside: &scope.evaluation.outside,
            open: open.collect(),
            places: environments.iter().map(place).collect(),
            completeness,
            target: scope.target,
            seen: scope.seen,
        }
    }

    pub(super) const fn completeness(&self) -> Completeness {
        self.completeness
    }

    /// An environment with its cluster.
    pub(super) fn place<'e>(&self, environment: &'e str) -> Place<'e>
    where
        'a: 'e,
    {
        let found = self.places.iter().find(|place| place.environment == environment);
        Place { environment, cluster: found.and_then(|place| place.cluster) }
    }

    /// What could not be told, in words; empty where all is known.
    pub(crate) fn gaps(&self) -> String {
        match self.completeness {
            Completeness::NoMerge => "head and base do not merge".to_owned(),
            Completeness::Known => {
                let open: Vec<&str> = self.open.iter().map(|place| place.environment).collect();
                format!("what changes in {} could not be told", open.join(", "))
            }
        }
    }
}

fn place(environment: &EnvironmentEvaluation) -> Place<'_> {
    let environment = &environment.environment;
    Place { environment: &environment.name, cluster: environment.cluster.as_deref() }
}

/// What a condition on a change request comes to in a clone.
fn unrequested() -> Answer {
    Answer::unknown("there is no change request here".to_owned())
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
    /// What could not be told, in words; empty unless it is unknown.
    pub(crate) gaps: Vec<String>,
}

/// What a rule claims.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    everything: bool,
    effects: Vec<Matcher>,
    paths: Vec<GlobMatcher>,
    files: Vec<Named>,
}

impl Claims {
    /// Of files that are named, what stands in them is claimed too.
    pub(super) fn effect(&self, place: Place<'_>, effect: &Effect) -> bool {
        let stands = |file: &str| self.files.iter().any(|named| named.has(file));
        self.everything
            || self.effects.iter().any(|matcher| matcher.matches(place, effect) == Truth::True)
            || effect.source.as_ref().is_some_and(|source| stands(&source.file))
    }

    pub(crate) fn path(&self, path: &str) -> bool {
        self.everything
            || self.paths.iter().any(|glob| glob.is_match(path))
            || self.files.iter().any(|named| named.has(path))
    }

    fn join(&mut self, other: Self) {
        self.effects.extend(other.effects);
        self.paths.extend(other.paths);
        self.files.extend(other.files);
    }
}

impl View<'_> {
    /// Whether claims have an effect of an environment.
    pub(crate) fn claimed(&self, claims: &Claims, environment: &str, effect: &Effect) -> bool {
        claims.effect(self.place(environment), effect)
    }
}

pub(crate) fn judge(rule: &Rule, view: &View<'_>) -> Judged {
    let Some(predicate) = &rule.when else {
        let claims = Claims { everything: true, ..Claims::default() };
        return Judged { truth: Truth::True, claims, gaps: Vec::new() };
    };
    let mut judged = judge_condition(predicate, view);
    judged.claims.everything = !is_about_changes(predicate);
    judged
}

/// Judges a condition that stands by itself.
pub(crate) fn judge_condition(predicate: &Predicate, view: &View<'_>) -> Judged {
    let mut judged = judge_predicate(predicate, view);
    match judged.truth {
        Truth::Unknown if judged.gaps.is_empty() => judged.gaps.push(view.gaps()),
        Truth::Unknown => judged.gaps.dedup(),
        Truth::True | Truth::False => judged.gaps.clear(),
    }
    judged
}

/// Whether a predicate looks at what changes at all, and not only at where it lands and who is behind it.
fn is_about_changes(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().any(is_about_changes),
        Predicate::Not(part) => is_about_changes(part),
        Predicate::EffectAny(_)
        | Predicate::EffectOnly(_)
        | Predicate::EffectNone(_)
        | Predicate::PathsAny(_)
        | Predicate::Files(..) => true,
        Predicate::TargetsBranch(_)
        | Predicate::FromBranch(_)
        | Predicate::FileCount(_)
        | Predicate::ModifiedLines(_)
        | Predicate::CommitCount(_)
        | Predicate::HasAuthorIn(_)
        | Predicate::HasContributorIn(_)
        | Predicate::OnlyHasContributorsIn(_)
        | Predicate::AuthorIsOnlyContributor(_)
        | Predicate::HasStatus(_)
        | Predicate::HasWorkflowResult(_)
        | Predicate::HasLabels(_)
        | Predicate::Title(_)
        | Predicate::Repository(_)
        | Predicate::HasValidSignatures(_)
        | Predicate::HasValidSignaturesBy(_)
        | Predicate::HasValidSignaturesByKeys(_)
        | Predicate::Draft(_)
        | Predicate::Fork(_)
        | Predicate::Window(_)
        | Predicate::Unknown(_) => false,
    }
}

fn judge_predicate(predicate: &Predicate, view: &View<'_>) -> Judged {
    let mut claims = Claims::default();
    let mut gaps = Vec::new();
    let mut told = |answer: Answer| {
        gaps.extend(answer.why);
        answer.truth
    };
    let truth = match predicate {
        Predicate::All(parts) => {
            join(parts, view, &mut claims, &mut gaps).into_iter().fold(Truth::True, Truth::and)
        }
        Predicate::Any(parts) => {
            join(parts, view, &mut claims, &mut gaps).into_iter().fold(Truth::False, Truth::or)
        }
        Predicate::Not(part) => {
            let judged = judge_predicate(part, view);
            gaps = judged.gaps;
            judged.truth.negate()
        }
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
        Predicate::Files(test, named) => with(Named::new(named), |named| {
            let truth = told(files::judge(*test, &named, view));
            match test {
                FileTest::Changed | FileTest::OnlyChanged | FileTest::Added | FileTest::Deleted => {
                    claims.files.push(named);
                }
                FileTest::NoneChanged | FileTest::NoneAdded | FileTest::NoneDeleted => {}
            }
            truth
        }),
        Predicate::Unknown(why) => told(Answer::unknown(why.clone())),
        Predicate::FileCount(wanted) => told(files::count(*wanted, view)),
        Predicate::ModifiedLines(wanted) => told(files::lines(wanted, view)),
        Predicate::TargetsBranch(_) if view.seen.is_some_and(|seen| seen.unrequested) => told(unrequested()),
        Predicate::TargetsBranch(pattern) => told(circumstance::like(pattern, view.target.as_str())),
        Predicate::FromBranch(_)
        | Predicate::CommitCount(_)
        | Predicate::HasAuthorIn(_)
        | Predicate::HasContributorIn(_)
        | Predicate::OnlyHasContributorsIn(_)
        | Predicate::AuthorIsOnlyContributor(_)
        | Predicate::HasStatus(_)
        | Predicate::HasWorkflowResult(_)
        | Predicate::HasLabels(_)
        | Predicate::Title(_)
        | Predicate::Repository(_)
        | Predicate::HasValidSignatures(_)
        | Predicate::HasValidSignaturesBy(_)
        | Predicate::HasValidSignaturesByKeys(_)
        | Predicate::Draft(_)
        | Predicate::Fork(_)
        | Predicate::Window(_) => told(match view.seen {
            Some(seen) if seen.unrequested && !matches!(predicate, Predicate::Window(_)) => unrequested(),
            Some(seen) => circumstance::judge(predicate, seen),
            None => Answer::unknown("the change request was not looked at".to_owned()),
        }),
    };
    if truth != Truth::True {
        claims = Claims::default();
    }
    Judged { truth, claims, gaps }
}

/// A predicate whose patterns do not compile cannot come from a file; it is unknown.
fn with<T>(compiled: Option<T>, judge: impl FnOnce(T) -> Truth) -> Truth {
    compiled.map_or(Truth::Unknown, judge)
}

fn join(parts: &[Predicate], view: &View<'_>, claims: &mut Claims, gaps: &mut Vec<String>) -> Vec<Truth> {
    let mut truths = Vec::with_capacity(parts.len());
    for part in parts {
        let judged = judge_predicate(part, view);
        claims.join(judged.claims);
        if judged.truth == Truth::Unknown {
            gaps.extend(judged.gaps);
        }
        truths.push(judged.truth);
    }
    truths
}

/// Whether some effect matches, or as many as are asked for.
fn any(matcher: &Matcher, view: &View<'_>) -> Truth {
    let (mut certain, mut possible) = (0u64, 0u64);
    for (environment, effect) in &view.effects {
        match matcher.matches(view.place(environment), effect) {
            Truth::True => certain += 1,
            Truth::Unknown => possible += 1,
            Truth::False => {}
        }
    }
    let most = (!could_match(matcher, view)).then_some(certain + possible);
    match matcher.count {
        Some(wanted) => wanted.holds(certain, most).map_or(Truth::Unknown, Truth::from),
        None if certain > 0 => Truth::True,
        None if most == Some(0) => Truth::False,
        None => Truth::Unknown,
    }
}

fn only(matcher: &Matcher, view: &View<'_>) -> Truth {
    let truths =
        view.effects.iter().map(|(environment, effect)| matcher.matches(view.place(environment), effect));
    let all = truths.fold(Truth::True, Truth::and);
    let complete = view.completeness == Completeness::Known && view.open.is_empty();
    match (all, complete) {
        (Truth::False, _) => Truth::False,
        (Truth::True, true) => Truth::from(!view.effects.is_empty()),
        (Truth::Unknown, _) | (Truth::True, false) => Truth::Unknown,
    }
}

/// Whether an effect that nobody knows could match.
fn could_match(matcher: &Matcher, view: &View<'_>) -> bool {
    match view.completeness {
        Completeness::NoMerge => true,
        Completeness::Known => view.open.iter().any(|place| matcher.place(*place)),
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
