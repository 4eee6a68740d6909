//! What a condition comes to, part by part, and what of the change it met.

use super::matcher::Matcher;
use super::predicate::{View, judge_condition};
use super::{Truth, wording};
use crate::config::{EffectMatch, Predicate};
use crate::explanation::{Explanation, Outcome};
use crate::snapshot::Snapshot;

/// Things that are named as what a condition met.
const NAMED: usize = 3;

impl From<Truth> for Outcome {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::True => Self::Yes,
            Truth::False => Self::No,
            Truth::Unknown => Self::Unknown,
        }
    }
}

/// A condition, told part by part. Its outcome is what [`judge_condition`] says.
pub(crate) fn account(predicate: &Predicate, view: &View<'_>) -> Explanation {
    let judged = judge_condition(predicate, view);
    let outcome = Outcome::from(judged.truth);
    let parts = |parts: &[Predicate]| parts.iter().map(|part| account(part, view)).collect::<Vec<_>>();
    match (predicate, wording::of_leaf(predicate)) {
        (Predicate::All(all), _) => Explanation::new(outcome, "all of").with(parts(all)),
        (Predicate::Any(any), _) => Explanation::new(outcome, "one of").with(parts(any)),
        (Predicate::Not(part), _) => Explanation::new(outcome, "not").with([account(part, view)]),
        (leaf, said) => {
            let because = match judged.truth {
                Truth::Unknown => Some(judged.gaps.join("; ")),
                Truth::True | Truth::False => met(leaf, view),
            };
            let because = because.filter(|why| !why.is_empty()).map(|why| format!(": {why}"));
            Explanation::new(outcome, said.unwrap_or_default() + &because.unwrap_or_default())
        }
    }
}

/// What of the change a condition looked at, in words.
fn met(leaf: &Predicate, view: &View<'_>) -> Option<String> {
    match leaf {
        Predicate::EffectAny(wanted) | Predicate::EffectNone(wanted) => effects(wanted, Truth::True, view),
        Predicate::EffectOnly(wanted) => {
            effects(wanted, Truth::False, view).map(|others| format!("others are {others}"))
        }
        Predicate::All(_)
        | Predicate::Any(_)
        | Predicate::Not(_)
        | Predicate::PathsAny(_)
        | Predicate::Files(..)
        | Predicate::FileCount(_)
        | Predicate::ModifiedLines(_)
        | Predicate::HasContributorIn(_)
        | Predicate::OnlyHasContributorsIn(_)
        | Predicate::AuthorIsOnlyContributor(_)
        | Predicate::HasStatus(_)
        | Predicate::HasWorkflowResult(_)
        | Predicate::HasValidSignatures(_)
        | Predicate::HasValidSignaturesBy(_)
        | Predicate::HasValidSignaturesByKeys(_)
        | Predicate::Draft(_)
        | Predicate::Fork(_)
        | Predicate::Unknown(_) => None,
        Predicate::TargetsBranch(_)
        | Predicate::FromBranch(_)
        | Predicate::CommitCount(_)
        | Predicate::HasAuthorIn(_)
        | Predicate::HasLabels(_)
        | Predicate::Title(_)
        | Predicate::Repository(_)
        | Predicate::Window(_) => of_request(leaf, view.seen.filter(|seen| !seen.unrequested)?),
    }
}

/// What the request says of itself that a condition is about.
fn of_request(leaf: &Predicate, seen: &Snapshot) -> Option<String> {
    let change = &seen.change;
    if let Predicate::HasLabels(_) = leaf {
        let labels = seen.details.labels.as_option()?.iter();
        let labels: Vec<String> = labels.map(|label| format!("`{label}`")).collect();
        return Some(if labels.is_empty() {
            "it has none".to_owned()
        } else {
            format!("it has {}", labels.join(", "))
        });
    }
    let facts = [
        (matches!(leaf, Predicate::TargetsBranch(_)), format!("it is `{}`", change.target)),
        (matches!(leaf, Predicate::FromBranch(_)), format!("it is `{}`", change.source)),
        (matches!(leaf, Predicate::HasAuthorIn(_)), change.author.login.clone()),
        (matches!(leaf, Predicate::Title(_)), format!("it is `{}`", change.title)),
        (matches!(leaf, Predicate::Repository(_)), format!("it is `{}`", change.id.repo.path)),
        (matches!(leaf, Predicate::Window(_)), format!("it was {}", seen.now)),
    ];
    let count = || Some(format!("it has {}", seen.details.commits.as_option()?.len()));
    let known = facts.into_iter().find(|(about, _)| *about).map(|(_, fact)| fact);
    known.or_else(|| if let Predicate::CommitCount(_) = leaf { count() } else { None })
}

/// The objects that an effect match does, or does not, match.
fn effects(wanted: &EffectMatch, truth: Truth, view: &View<'_>) -> Option<String> {
    let matcher = Matcher::new(wanted)?;
    let hit = |(environment, effect): &&(&str, &crate::effect::Effect)| {
        matcher.matches(view.place(environment), effect) == truth
    };
    let hits: Vec<_> = view.effects.iter().filter(hit).collect();
    let named: Vec<String> = hits
        .iter()
        .take(NAMED)
        .map(|(environment, effect)| format!("{} in {environment}", effect.object))
        .collect();
    let more = hits.len().saturating_sub(NAMED);
    match (named.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(named.join(", ")),
        (false, more) => Some(format!("{} and {more} more", named.join(", "))),
    }
}
