//! Whether it is enough.
use super::{Counted, Requirement};
use crate::config::Policy;
use crate::snapshot::Snapshot;

/// What people agreed to, in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Every rule of the policy in order, then `default` where something is left to it.
    pub requirements: Vec<Requirement>,
    /// Whether the rules, as combined, are met and everything is covered.
    pub met: bool,
    /// Whether something could not be told (then `met` is false).
    pub unknown: bool,
    /// Objects and paths that no satisfied rule claims, in words.
    pub uncovered: Vec<String>,
}

/// Evaluates the rules and the coverage. Without a policy file, one administrator other than the author must agree
/// when the change adds one; otherwise the built-in default rule alone.
pub fn evaluate(_policy: &Policy, _snapshot: &Snapshot, _counted: &Counted) -> Agreement {
    todo!()
}
