//! What is live: of many objects of one kind it is read together, before they are asked about.

use std::sync::Mutex;
use std::time::Duration;

use countersign_core::object::ObjectRef;
use serde_json::Value;
use tokio::time::timeout;

use crate::ports::{Cluster, ClusterError, LiveObjects};

/// A list that takes longer is none that saves time.
const LONGEST: Duration = Duration::from_secs(60);

/// A cluster's live objects.
pub(super) struct Live<'a> {
    cluster: &'a dyn Cluster,
    ahead: Mutex<LiveObjects>,
}

impl<'a> Live<'a> {
    /// Those that are read one by one.
    pub(super) fn of(cluster: &'a dyn Cluster) -> Self {
        Self { cluster, ahead: Mutex::default() }
    }

    /// Reads these ahead, as far as that is cheaper.
    ///
    /// # Errors
    /// The cluster does not answer. Everything else is told of each object when it is read.
    pub(super) async fn look_ahead(&mut self, objects: &[&ObjectRef]) -> Result<(), ClusterError> {
        let Ok(found) = timeout(LONGEST, self.cluster.read_ahead(objects)).await else { return Ok(()) };
        match found {
            Ok(found) => self.ahead = Mutex::new(found),
            Err(error @ ClusterError::Unreachable { .. }) => return Err(error),
            Err(
                ClusterError::Forbidden { .. }
                | ClusterError::OutOfOrder { .. }
                | ClusterError::TooLarge { .. }
                | ClusterError::Moved
                | ClusterError::Unexpected { .. },
            ) => {}
        }
        Ok(())
    }

    /// Whether it was read ahead.
    pub(super) fn is_known(&self, object: &ObjectRef) -> bool {
        self.ahead.lock().is_ok_and(|ahead| ahead.contains_key(object))
    }

    /// One of them. What was read ahead counts once: a second look is meant to see what changed.
    pub(super) async fn read(&self, object: &ObjectRef) -> Result<Option<Value>, ClusterError> {
        let ahead = self.ahead.lock().ok().and_then(|mut ahead| ahead.remove(object));
        match ahead {
            Some(None) => Ok(None),
            Some(Some(live)) => match live.value() {
                Some(live) => Ok(Some(live)),
                None => self.cluster.read(object).await,
            },
            None => self.cluster.read(object).await,
        }
    }
}
