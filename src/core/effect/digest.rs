//! The change digest and the risk set.
use crate::change::RepoId;
use crate::evaluation::{EnvironmentEvaluation, Evaluation};
use crate::fact::RiskSet;
use crate::revision::{BranchName, Digest};

/// SHA-256 over the canonical, versioned encoding of a change.
pub fn change_digest(_repo: &RepoId, _target: &BranchName, _evaluation: &Evaluation) -> Digest {
    todo!()
}

/// The same over one environment.
pub fn environment_digest(_environment: &EnvironmentEvaluation) -> Digest {
    todo!()
}

/// Every danger of a change.
pub fn risk_set(_evaluation: &Evaluation) -> RiskSet {
    todo!()
}
