//! What was asked, and what was wrong with it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A request that was served.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The route it fell on, in the words of the forge's description; `None` for pages, git and unknown ones.
    pub route: Option<String>,
    /// Whose token came with it: a login, `app SLUG`, or nothing.
    pub caller: String,
    /// What was answered. `None` if the connection was broken.
    pub status: Option<u16>,
    /// Whether the answer was "you have that already".
    pub conditional: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Record {
    requests: Mutex<Vec<Request>>,
    complaints: Mutex<Vec<String>>,
    used: Mutex<BTreeMap<String, u64>>,
}

impl Record {
    pub(crate) fn request(&self, request: Request) {
        held(&self.requests).push(request);
    }

    pub(crate) fn complain(&self, complaint: String) {
        tracing::warn!(%complaint, "the stand-in complains");
        held(&self.complaints).push(complaint);
    }

    /// Counts a request against its token, and says how many there were.
    pub(crate) fn count(&self, token: &str) -> u64 {
        let mut used = held(&self.used);
        let count = used.entry(token.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Takes one back: what the caller had already is free.
    pub(crate) fn uncount(&self, token: &str) {
        if let Some(count) = held(&self.used).get_mut(token) {
            *count = count.saturating_sub(1);
        }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        held(&self.requests).clone()
    }

    pub(crate) fn forget_requests(&self) {
        held(&self.requests).clear();
    }

    pub(crate) fn complaints(&self) -> Vec<String> {
        held(&self.complaints).clone()
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
