//! Things that go wrong on purpose, and things that happen right before a request is served.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Sim;
use crate::pattern::Pattern;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This status, and nothing is done.
    Status(u16),
    /// Everything is done, and then this status.
    StatusAfterEffect(u16),
    /// Nothing is done and the connection breaks.
    Drop,
    /// Everything is done and the connection breaks before the answer.
    DropAfterEffect,
    /// 403 with `Retry-After` of so many seconds, as for the secondary rate limit; nothing is done.
    RateLimit {
        /// How long to wait.
        seconds: u64,
    },
    /// It is served after so long.
    Slow(Duration),
}

type Action = Box<dyn FnOnce(Sim) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

#[derive(Default)]
pub(crate) struct Faults {
    armed: Mutex<Vec<(Pattern, Fault)>>,
    actions: Mutex<Vec<(Pattern, Action)>>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("armed", &*held(&self.armed)).finish_non_exhaustive()
    }
}

impl Faults {
    pub(crate) fn arm(&self, pattern: Pattern, fault: Fault) {
        held(&self.armed).push((pattern, fault));
    }

    pub(crate) fn on_next(&self, pattern: Pattern, action: Action) {
        held(&self.actions).push((pattern, action));
    }

    /// The first fault that fits; it is used up.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Fault> {
        first(&self.armed, method, path)
    }

    pub(crate) fn take_action(&self, method: &str, path: &str) -> Option<Action> {
        first(&self.actions, method, path)
    }

    /// Faults and actions that no request has met yet.
    pub(crate) fn unused(&self) -> usize {
        held(&self.armed).len() + held(&self.actions).len()
    }
}

fn first<T>(list: &Mutex<Vec<(Pattern, T)>>, method: &str, path: &str) -> Option<T> {
    let mut list = held(list);
    let at = list.iter().position(|(pattern, _)| pattern.fits(method, path))?;
    Some(list.remove(at).1)
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
