//! The server's floor in a decision: its checks and rules are judged beside the repository's, never in their place.

use super::PolicyInForce;
use crate::approval::{self, Agreement, Counted, RequirementState};
use crate::config::{self, Floor, POLICY_PATH, PolicyError};
use crate::policy::{self, Finding};
use crate::snapshot::{FloorFile, Snapshot};

/// The floor of a snapshot, where there is one.
pub(super) fn of(snapshot: &Snapshot) -> Option<Result<Floor, Vec<PolicyError>>> {
    let FloorFile { file, text, library: _ } = snapshot.floor.as_ref()?;
    Some(config::parse_floor(text, file))
}

/// The floor, where it can be read. One that cannot is told by the verdict.
pub(super) fn sound(snapshot: &Snapshot) -> Option<Floor> {
    of(snapshot).and_then(Result::ok)
}

/// What the checks of both see.
pub(super) fn findings(policy: &config::Policy, snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let (Some(floor), Some(file)) = (sound(snapshot), &snapshot.floor) {
        findings = policy::run_checks(&floor.policy(), &file.library, &snapshot.evaluation);
    }
    findings.extend(policy::run_checks(policy, &snapshot.library, &snapshot.evaluation));
    findings
}

/// Adds the floor's rules to what the repository asks. They cover nothing: whoever the repository's own rules ask is
/// asked all the same.
pub(super) fn agree(agreement: &mut Agreement, snapshot: &Snapshot, counted: &Counted) {
    let Some(floor) = sound(snapshot) else { return };
    let rules = approval::requirements(&floor.policy(), snapshot, counted);
    let open = |state: RequirementState| match state {
        RequirementState::Met | RequirementState::Skipped => false,
        RequirementState::Pending | RequirementState::Unknown => true,
    };
    agreement.met &= !rules.iter().any(|rule| open(rule.state));
    agreement.unknown |= rules.iter().any(|rule| rule.state == RequirementState::Unknown);
    agreement.requirements.splice(0..0, rules);
}

/// Where the policy in force collides with the floor, unless the change repairs that.
pub(super) fn collisions(snapshot: &Snapshot, in_force: &PolicyInForce) -> Vec<PolicyError> {
    let Some(floor) = sound(snapshot) else { return Vec::new() };
    let text = |file: &Option<crate::snapshot::PolicyFile>| file.as_ref().map(|file| file.text.clone());
    let with = |text: &str| config::collisions(text, POLICY_PATH, &floor);
    match (in_force, text(&snapshot.policy), text(&snapshot.proposed_policy)) {
        (PolicyInForce::Declared(_), Some(_), Some(proposed))
            if config::parse(&proposed, POLICY_PATH).is_ok() =>
        {
            with(&proposed)
        }
        (PolicyInForce::Declared(_), Some(policy), _) => with(&policy),
        (PolicyInForce::Absent | PolicyInForce::Broken(_), _, Some(proposed)) => with(&proposed),
        (PolicyInForce::Declared(_) | PolicyInForce::Absent | PolicyInForce::Broken(_), _, _) => Vec::new(),
    }
}
