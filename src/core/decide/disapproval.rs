//! `[disapproval]`: what stops a change whatever was approved.

use super::judge::{Weighed, Weight, reason};
use crate::actor::{Actor, Known, Permission};
use crate::change::ReviewState;
use crate::config::{Policy, expression};
use crate::fact::{FactKind, Via};
use crate::people::{self, Member};
use crate::policy::{Completeness, Scope, Truth, View, judge_condition};
use crate::snapshot::{MergeOutcome, Snapshot};

/// Whether somebody's request for changes stops a change: that of the people whom the policy names, else of whoever may
/// sort issues. Where their rights could not be told, it does; but a stranger cannot stop a repository.
pub(super) fn counts(snapshot: &Snapshot, policy: &Policy, person: &Actor) -> bool {
    match &policy.disapproval.from {
        Some(from) => people::member(from, person, &snapshot.directory) != Member::No,
        None => match snapshot.directory.permissions.get(&person.id) {
            Some(Known::Yes(permission)) => *permission >= Permission::Triage,
            Some(Known::Unknown(_)) | None => true,
        },
    }
}

/// Comments, and reviews that neither approve nor ask for changes, that say no in the policy's words and are not in
/// the ledger yet: each is a hold of its author's. Unlike a yes it may stand in a quote or be added by an edit, and
/// bots may say it: what stops a change is not to be missed.
pub(super) fn holds<'s>(snapshot: &'s Snapshot, policy: &'s Policy) -> impl Iterator<Item = FactKind> + 's {
    let comments = snapshot.comments.iter();
    let comments = comments.map(|comment| (Via::Comment(comment.id), &comment.author, &comment.body));
    let reviews = snapshot.reviews.iter().filter(|review| review.state == ReviewState::Commented);
    let reviews = reviews.map(|review| (Via::Review(review.id), &review.author, &review.body));
    let held = |wanted: Via| {
        let facts = &snapshot.facts;
        facts.iter().any(|fact| matches!(&fact.kind, FactKind::Held { via, .. } if *via == wanted))
    };
    comments.chain(reviews).filter_map(move |(via, author, body)| {
        let word = says_no(policy, body)?;
        let ours = author.id == snapshot.bot.id;
        (!ours && !held(via) && counts(snapshot, policy, author)).then(|| FactKind::Held {
            actor: author.clone(),
            via,
            reason: Some(crate::audit::fold_user_text(word, 200)),
        })
    })
}

/// The word of the policy's with which a text says no.
fn says_no<'p>(policy: &'p Policy, body: &str) -> Option<&'p str> {
    let disapproval = &policy.disapproval;
    let word = disapproval.comments.iter().find(|word| body.contains(word.as_str()));
    let hit = |pattern: &&String| expression(pattern).is_ok_and(|one| one.is_match(body));
    word.or_else(|| disapproval.comment_patterns.iter().find(hit)).map(String::as_str)
}

/// Each condition that holds stops the change, and so does one that cannot be told.
pub(super) fn of_conditions(snapshot: &Snapshot, policy: &Policy) -> Vec<Weighed> {
    let completeness = match snapshot.merge {
        MergeOutcome::Clean { .. } | MergeOutcome::Nothing => Completeness::Known,
        MergeOutcome::Conflict { .. } => Completeness::NoMerge,
    };
    let scope =
        Scope { evaluation: &snapshot.evaluation, target: &snapshot.change.target, seen: Some(snapshot) };
    let view = View::of(&scope, completeness);
    let mut reasons = Vec::new();
    for condition in &policy.disapproval.when {
        let judged = judge_condition(condition, &view);
        match judged.truth {
            Truth::False => {}
            Truth::True => {
                let message = "the policy disapproves of it: a condition of `[disapproval]` holds".to_owned();
                reasons.push((Weight::Hold, reason("disapproved", message)));
            }
            Truth::Unknown => {
                let gaps = judged.gaps.join("; ");
                let message = format!("whether the policy disapproves of it could not be told: {gaps}");
                reasons.push((Weight::Undecided, reason("disapproval-unknown", message)));
            }
        }
    }
    reasons
}
