//! `[disapproval]`: what stops a change whatever was approved.

use super::judge::{Weighed, Weight, reason};
use crate::actor::{Actor, Known, Permission};
use crate::config::Policy;
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
