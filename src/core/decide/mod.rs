//! From all that was seen to all that will be done: the heart.
//!
//! [`decide`] is synchronous, total and deterministic. It executes the commands that nobody executed yet (as facts),
//! judges the change with these facts in place, and plans what follows: replies, the display, the status, the landing.
//! It never lands a change whose verdict is not [`Verdict::Allow`].

mod annotate;
mod disapproval;
mod execute;
mod explain;
mod floor;
mod found;
mod judge;
mod landing;
mod proposed;
mod rehearse;
mod reviewers;
mod show;
mod stage;
#[cfg(test)]
mod tests;
mod words;

pub use explain::explain;
pub use found::Found;
pub use judge::{Judgement, judge, judge_content};
pub use proposed::Proposed;
pub use rehearse::{Outcome, rehearse};
pub use show::{reply_marker, report};

use crate::change::{ChangeRequest, ChangeState};
use crate::config::{self, POLICY_PATH, Policy, PolicyError};
use crate::fact::{Fact, FactKind};
use crate::plan::{Action, Plan};
use crate::snapshot::Snapshot;
use crate::verdict::Verdict;

/// The name of the required status of a change into the default branch, and how that of any other begins.
pub const STATUS_CONTEXT: &str = "countersign";

/// The name of a change's required status. A status belongs to a commit, and the same commit may be asked into several
/// branches: each has a status of its own, so that what was agreed for one never opens another.
pub fn status_context(change: &ChangeRequest) -> String {
    match change.into_default {
        true => STATUS_CONTEXT.to_owned(),
        false => format!("{STATUS_CONTEXT} ({})", change.target),
    }
}

/// Whether a status is one that Countersign publishes, for whichever target.
pub fn is_status_context(name: &str) -> bool {
    name.strip_prefix(STATUS_CONTEXT).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '/']))
}

/// How the policy that decides was read.
#[derive(Debug, Clone, PartialEq)]
pub enum PolicyInForce {
    /// The target branch has one.
    Declared(Box<Policy>),
    /// It has none: the built-in default decides, and without a proposed policy nothing lands.
    Absent,
    /// It has one that cannot be read.
    Broken(Vec<PolicyError>),
}

impl PolicyInForce {
    /// Reads the policy of a snapshot.
    pub fn of(snapshot: &Snapshot) -> Self {
        match &snapshot.policy {
            None => Self::Absent,
            Some(file) => match config::parse(&file.text, POLICY_PATH) {
                Ok(policy) => Self::Declared(Box::new(match floor::sound(snapshot) {
                    Some(floor) => floor.hold(policy),
                    None => policy,
                })),
                Err(errors) => Self::Broken(errors),
            },
        }
    }

    /// The policy to judge by; the built-in one where none can be read.
    pub fn policy(&self) -> Policy {
        match self {
            Self::Declared(policy) => (**policy).clone(),
            Self::Absent | Self::Broken(_) => Policy::builtin(),
        }
    }
}

/// The policy that says what is rendered and what is masked: the one in force, with the masks of the server's floor.
pub fn policy_to_evaluate(snapshot: &Snapshot) -> Policy {
    match (PolicyInForce::of(snapshot), floor::sound(snapshot)) {
        (PolicyInForce::Declared(policy), _) => *policy,
        (PolicyInForce::Absent | PolicyInForce::Broken(_), Some(floor)) => floor.hold(Policy::builtin()),
        (PolicyInForce::Absent | PolicyInForce::Broken(_), None) => Policy::builtin(),
    }
}

/// Decides. The same snapshot always gives the same plan.
pub fn decide(snapshot: &Snapshot) -> Plan {
    decide_under(snapshot, &PolicyInForce::of(snapshot))
}

fn decide_under(snapshot: &Snapshot, in_force: &PolicyInForce) -> Plan {
    decide_found(snapshot, in_force, &Found::of(snapshot, in_force))
}

/// Decides, where it was [found](Found::of) before what the checks see. That is the same plan: what was looked up since for the
/// snapshot's `fields` moves the lines of findings and nothing else.
pub fn decide_found(snapshot: &Snapshot, in_force: &PolicyInForce, found: &Found) -> Plan {
    let mut working = snapshot.clone();
    let mut facts = show::tampering(&working);
    facts.extend(execute::objections(&working));
    facts.extend(disapproval::holds(&working, &in_force.policy()));
    record(&mut working, &facts);
    let mut actions = Vec::new();
    for executed in execute::outstanding(&working) {
        let outcome = execute::execute(&working, (in_force, found), &executed);
        actions.extend(outcome.reactions);
        record(&mut working, &outcome.facts);
        facts.extend(outcome.facts);
    }
    let judgement = judge(&working, in_force, found);
    let report = show::report(&working, &judgement);
    actions.extend(show::replies(&working));
    actions.extend(show::display(&working, in_force, &judgement, &report));
    actions.extend(show::status(&working, &judgement, &report));
    let floor = floor::sound(&working).map(|floor| floor.policy());
    actions.extend(reviewers::requests(&working, (&in_force.policy(), floor.as_ref()), &judgement));
    if judgement.verdict == Verdict::Allow && working.change.state == ChangeState::Open {
        actions.extend(landing::order(&working, in_force, &judgement).map(Box::new).map(Action::Land));
    }
    Plan { verdict: judgement.verdict, report, facts, actions }
}

/// Puts new facts into the working copy, so that everything after sees them as if they had always been there.
fn record(working: &mut Snapshot, facts: &[FactKind]) {
    for kind in facts {
        let seq = working.facts.last().map_or(1, |fact| fact.seq + 1);
        working.facts.push(Fact { seq, at: working.now, kind: kind.clone() });
    }
}
