//! Kinds that somebody else serves behind the API server: aggregated APIs. When such an API is down the cluster is not,
//! and every other kind can still be told. Whether a group is one the server does not say, so all that are not its own
//! are taken to be.

use countersign_core::object::is_built_in;

use super::link::{is_late, is_unavailable};
use crate::ports::{ClusterError, LiveObjects};

/// What is said of a kind whose API is down.
pub(super) fn down(group: &str, version: &str) -> ClusterError {
    let why = format!(
        "whoever serves `{group}/{version}` is out of order: `kubectl get apiservice {version}.{group}` says more"
    );
    ClusterError::OutOfOrder { why }
}

/// The same error, unless it is that of an API behind the server alone.
pub(super) fn told(group: &str, version: &str, error: ClusterError) -> ClusterError {
    let silent = is_late(&error) || is_unavailable(&error);
    if silent && !is_built_in(group) { down(group, version) } else { error }
}

/// What was read ahead of a kind when that failed: nothing, where it is its API alone that is down.
pub(super) fn forgiven(group: &str, version: &str, error: ClusterError) -> Result<LiveObjects, ClusterError> {
    match told(group, version, error) {
        ClusterError::OutOfOrder { .. } => Ok(LiveObjects::default()),
        error @ (ClusterError::Forbidden { .. }
        | ClusterError::Unreachable { .. }
        | ClusterError::TooLarge { .. }
        | ClusterError::Moved
        | ClusterError::Unexpected { .. }) => Err(error),
    }
}
