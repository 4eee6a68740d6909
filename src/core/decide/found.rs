//! What the checks of a change see. To find it takes by far the longest of a decision, and it stays the same whatever people say:
//! so it is found once, and whoever looks up lines in texts does that between finding and deciding.

use super::proposed::Trial;
use super::{PolicyInForce, floor};
use crate::config::Policy;
use crate::policy::{self, Finding};
use crate::snapshot::Snapshot;

/// What checks see: nothing of it is waived yet, and each finding stands at its object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Those of the policy in force.
    now: Vec<Finding>,
    /// Those of the policy that the change proposes, where it does.
    then: Vec<Finding>,
}

impl Found {
    /// Runs the checks of the policy in force, and of the one that is proposed, with those of the server's floor.
    pub fn of(snapshot: &Snapshot, in_force: &PolicyInForce) -> Self {
        let now = floor::findings(&in_force.policy(), snapshot);
        let then = Trial::of(snapshot).map(|trial| {
            let then = trial.applied(snapshot);
            floor::findings(&PolicyInForce::of(&then).policy(), &then)
        });
        Self { now, then: then.unwrap_or_default() }
    }

    /// Everything that was found, under either policy.
    pub fn all(&self) -> impl Iterator<Item = &Finding> {
        self.now.iter().chain(&self.then)
    }

    /// What is found where the proposed policy is in force.
    pub(super) fn then(&self) -> Self {
        Self { now: self.then.clone(), then: Vec::new() }
    }

    /// The findings as they are told: at their fields, as far as those were looked up, and with what the policy waives.
    pub(super) fn told(&self, policy: &Policy, snapshot: &Snapshot) -> Vec<Finding> {
        let mut findings = self.now.clone();
        policy::locate(&snapshot.fields, &mut findings);
        policy::waive(&policy.waivers, snapshot.now, &mut findings);
        findings
    }
}
