//! How long rules in Rego may take: each for each object, and a whole check for a change of thousands of objects, where
//! one that never ends would keep everybody waiting for hours.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use regorus::Engine;
use regorus::utils::limits::ExecutionTimerConfig;

use super::measure::TOO_MUCH;

/// How long one rule may take for one object.
pub(super) const LONGEST: Duration = Duration::from_secs(2);
/// How much of its work the engine does between two looks at the time.
const INTERVAL: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
/// How often a check may run out of time or memory before it is asked about nothing more.
const MOST: u32 = 8;

/// What the engine says when time is over, before it says by how much.
const OVER: &str = "execution exceeded time limit";

/// What people are told of a rule that ran out of time.
pub(super) const RAN_OUT: &str = "it ran out of time: a rule may take 2 s for an object";
/// What people are told of the objects after those.
const GIVEN_UP: &str =
    "it ran out of time or memory over too many objects before, so it was not asked about this one";

/// Whether the engine says that time is over.
pub(super) fn is_over(words: &str) -> bool {
    words.contains(OVER)
}

/// Lets an engine run no longer than a rule may.
pub(in crate::policy) fn limit(engine: &mut Engine) {
    engine.set_execution_timer_config(ExecutionTimerConfig { limit: LONGEST, check_interval: INTERVAL });
}

/// What is left of a check's time, shared by all who judge with it.
#[derive(Debug, Default)]
pub(in crate::policy) struct Patience {
    ran_out: AtomicU32,
}

impl Patience {
    /// Asks about one object, unless that was in vain too often.
    ///
    /// # Errors
    ///
    /// What `ask` says, or that it is asked no more.
    pub(in crate::policy) fn ask<T>(&self, ask: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        if self.ran_out.load(Ordering::Relaxed) >= MOST {
            return Err(GIVEN_UP.to_owned());
        }
        ask().inspect_err(|why| {
            if why.contains(RAN_OUT) || why.contains(TOO_MUCH) {
                self.ran_out.fetch_add(1, Ordering::Relaxed);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_never_ends_is_asked_a_few_times() {
        let patience = Patience::default();
        let mut asked = 0;
        for _ in 0..100 {
            let answer: Result<(), String> = patience.ask(|| {
                asked += 1;
                Err(format!("`deny`: {RAN_OUT}"))
            });
            assert!(answer.is_err());
        }
        assert_eq!(asked, MOST);
        assert_eq!(patience.ask(|| Ok(1)), Err(GIVEN_UP.to_owned()));
    }

    #[test]
    fn what_fails_otherwise_is_asked_on() {
        let patience = Patience::default();
        for number in 0..100 {
            let answer = patience.ask(|| if number % 2 == 0 { Ok(number) } else { Err("odd".to_owned()) });
            assert_eq!(answer.is_ok(), number % 2 == 0);
        }
    }
}
