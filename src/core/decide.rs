//! From all that was seen to all that will be done.
use crate::plan::Plan;
use crate::snapshot::Snapshot;

/// Decides. Total and deterministic: the same snapshot always gives the same plan.
pub fn decide(_snapshot: &Snapshot) -> Plan {
    todo!()
}
