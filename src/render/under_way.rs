//! Renders that are under way: whoever asks for the same meanwhile waits for it, and is told the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use countersign_core::revision::Digest;
use tokio::sync::OnceCell;

use super::run::{Failure, Rendered};

type Outcome = Result<Rendered, Failure>;

/// Renders by what they are made from, as long as somebody waits for them.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<HashMap<Digest, Weak<OnceCell<Outcome>>>>);

impl UnderWay {
    /// What `render` gives, or what the same gives that somebody began before. Where they give it up, the next one goes
    /// on with their own.
    pub(super) async fn join(&self, key: &Digest, render: impl Future<Output = Outcome>) -> Outcome {
        let cell = self.cell(key);
        cell.get_or_init(|| render).await.clone()
    }

    fn cell(&self, key: &Digest) -> Arc<OnceCell<Outcome>> {
        let Ok(mut all) = self.0.lock() else { return Arc::default() };
        if let Some(cell) = all.get(key).and_then(Weak::upgrade) {
            return cell;
        }
        all.retain(|_, cell| cell.strong_count() > 0);
        let cell = Arc::new(OnceCell::new());
        all.insert(key.clone(), Arc::downgrade(&cell));
        cell
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn the_same_is_rendered_once_at_a_time() {
        let (under_way, times) = (UnderWay::default(), AtomicU32::new(0));
        let [key, other] = [Digest::of(b"a"), Digest::of(b"b")];
        let render = |outcome: &'static str| {
            let times = &times;
            async move {
                times.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Err(Failure::new(outcome))
            }
        };
        let message = |outcome: Outcome| outcome.unwrap_err().message;
        let (one, same, other) = futures::join!(
            under_way.join(&key, render("one")),
            under_way.join(&key, render("same")),
            under_way.join(&other, render("other")),
        );
        assert_eq!([message(one), message(same), message(other)], ["one", "one", "other"]);
        assert_eq!(times.load(Ordering::Relaxed), 2);
        // What is over is not remembered here: another time may go better.
        assert_eq!(message(under_way.join(&key, render("later")).await), "later");
    }

    #[tokio::test]
    async fn whoever_waits_for_what_is_given_up_does_it_themselves() {
        let (under_way, key) = (UnderWay::default(), Digest::of(b"a"));
        let mut first = Box::pin(under_way.join(&key, std::future::pending()));
        let mut second = Box::pin(under_way.join(&key, async { Err(Failure::new("second")) }));
        assert!(futures::poll!(&mut first).is_pending());
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert_eq!(second.await.unwrap_err().message, "second");
    }
}
