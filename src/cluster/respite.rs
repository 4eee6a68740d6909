//! A question that just failed is not put again at once: whoever waited meanwhile for the same answer is told the same,
//! instead of waiting as long once more.

use std::time::Duration;

use tokio::time::Instant;

use super::failure::unreachable;
use crate::ports::ClusterError;

const RESPITE: Duration = Duration::from_secs(5);

/// What failed last, and when.
#[derive(Debug, Default)]
pub(super) struct Respite(Option<(Instant, ClusterError)>);

impl Respite {
    /// # Errors
    /// It failed a moment ago.
    pub(super) fn over(&self, now: Instant) -> Result<(), ClusterError> {
        match &self.0 {
            Some((failed, why)) if now.saturating_duration_since(*failed) < RESPITE => Err(again(why)),
            Some(_) | None => Ok(()),
        }
    }

    /// Remembers how it went.
    pub(super) fn note<T>(&mut self, asked: Result<T, ClusterError>) -> Result<T, ClusterError> {
        self.0 = asked.as_ref().err().map(|error| (Instant::now(), again(error)));
        asked
    }
}

/// The same, as it is said of a question that was not put again.
fn again(error: &ClusterError) -> ClusterError {
    match error {
        ClusterError::Unreachable { .. } => unreachable("it did not answer a moment ago"),
        ClusterError::Forbidden { verb, resource, why } => {
            ClusterError::Forbidden { verb, resource: resource.clone(), why: why.clone() }
        }
        ClusterError::OutOfOrder { why } => ClusterError::OutOfOrder { why: why.clone() },
        ClusterError::TooLarge { megabytes } => ClusterError::TooLarge { megabytes: *megabytes },
        ClusterError::Moved => ClusterError::Moved,
        ClusterError::Unexpected { why } => ClusterError::Unexpected { why: why.clone() },
    }
}
