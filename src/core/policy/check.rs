//! Running checks.
use super::Finding;
use crate::config::Policy;
use crate::evaluation::Evaluation;

/// Runs every check over every effect it applies to. A check that errors is a finding that blocks, naming itself.
pub fn run_checks(_policy: &Policy, _evaluation: &Evaluation) -> Vec<Finding> {
    todo!()
}
