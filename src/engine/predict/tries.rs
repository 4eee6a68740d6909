//! Whether a cluster is asked for dry runs.

use std::collections::BTreeSet;

use countersign_core::environment::Environment;
use countersign_core::evaluation::EnvironmentError;

use super::{failure, holds};
use crate::ports::{Cluster, ClusterError, DryRuns};

/// Whether the cluster is asked for dry runs.
pub(super) enum Tries {
    DryRuns,
    /// Only for what is live, and why.
    Reads(EnvironmentError),
    /// Not at all, since it does not even answer that.
    Nothing(EnvironmentError),
}

impl Tries {
    pub(super) async fn of(
        cluster: &dyn Cluster,
        environment: &Environment,
        namespaces: &BTreeSet<String>,
    ) -> Self {
        let off = |why: String| {
            let name = cluster.name();
            let message = format!("cluster `{name}`: dry runs are off, live objects are only read: {why}");
            Self::Reads(EnvironmentError { object: None, message, undecided: holds(environment) })
        };
        match cluster.dry_runs(namespaces).await {
            Ok(DryRuns::On) => Self::DryRuns,
            Ok(DryRuns::Off { why }) => off(why),
            Err(error @ ClusterError::Unreachable { .. }) => {
                let failure = failure(cluster, environment, None, &error);
                let message = format!("{}: none of its objects was asked about", failure.message);
                Self::Nothing(EnvironmentError { message, ..failure })
            }
            Err(
                error @ (ClusterError::Forbidden { .. }
                | ClusterError::OutOfOrder { .. }
                | ClusterError::TooLarge { .. }
                | ClusterError::Moved
                | ClusterError::Unexpected { .. }),
            ) => off(format!("whether its account can do harm could not be told: {error}")),
        }
    }
}
