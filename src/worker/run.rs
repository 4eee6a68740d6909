//! Claiming and looking, several changes side by side, one look per change.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::engine::{EnactError, Engine, LookError, Looked, ObserveError, Wake};
use crate::ports::{Claim, ForgeError};

/// Seconds that a look may take before somebody else may try it.
const LEASE_SECONDS: i64 = 300;
/// How long an idle worker waits for a wake-up before it asks the queue again.
const IDLE: Duration = Duration::from_millis(500);
/// Seconds until a forge that did not tell everything is asked again.
const A_MOMENT: i64 = 5;
/// How often an answer that makes no sense is asked for again.
const PATIENT_TRIES: u32 = 6;
/// The longest wait between two tries of one look, in seconds.
const LONGEST_WAIT: i64 = 600;

/// Works until it is told to stop; looks that are under way then come to their end.
pub async fn run(engine: Arc<Engine>, workers: usize, wake: Wake, stop: CancellationToken) {
    resume_landings(&engine).await;
    let mut tasks = JoinSet::new();
    for _ in 0..workers.max(1) {
        tasks.spawn(worker(Arc::clone(&engine), Arc::clone(&wake), stop.clone()));
    }
    while tasks.join_next().await.is_some() {}
}

/// Landings that a crash cut off are looked at first.
async fn resume_landings(engine: &Engine) {
    let open = match engine.store.open().await {
        Ok(open) => open,
        Err(error) => return tracing::error!(error = %chain(&error), "open landings could not be read"),
    };
    for row in open {
        if let Err(error) = engine.store.enqueue(&row.change, engine.clock.now()).await {
            tracing::error!(change = %row.change, error = %chain(&error), "a landing could not be queued");
        }
    }
}

async fn worker(engine: Arc<Engine>, wake: Wake, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let claimed = engine.store.claim(engine.clock.now(), LEASE_SECONDS).await;
        match claimed {
            Ok(Some(claim)) => work(&engine, claim).await,
            Ok(None) => idle(&wake, &stop).await,
            Err(error) => {
                tracing::error!(error = %chain(&error), "the queue could not be read");
                idle(&wake, &stop).await;
            }
        }
    }
}

async fn idle(wake: &Wake, stop: &CancellationToken) {
    tokio::select! {
        () = wake.notified() => {}
        () = tokio::time::sleep(IDLE) => {}
        () = stop.cancelled() => {}
    }
}

/// One look, from claim to done or retry.
#[tracing::instrument(skip_all, fields(change = %claim.change, attempt = claim.attempt))]
async fn work(engine: &Engine, claim: Claim) {
    let looked = engine.look(&claim.change).await;
    let now = engine.clock.now();
    let settled = match looked {
        Ok(Looked::Settled) => engine.store.done(&claim).await,
        Ok(again @ (Looked::Again | Looked::InAMoment)) => {
            match engine.store.enqueue(&claim.change, due(again, now)).await {
                Ok(()) => engine.store.done(&claim).await,
                Err(error) => Err(error),
            }
        }
        Err(error) if hopeless(&error, claim.attempt) => {
            tracing::warn!(error = %chain(&error), "this change is not looked at");
            engine.store.done(&claim).await
        }
        Err(error) => {
            let wait = wait(&error, claim.attempt);
            tracing::warn!(error = %chain(&error), wait_seconds = wait, "the look failed and is repeated");
            if claim.attempt >= 2 {
                engine.report_trouble(&claim.change, &error).await;
            }
            engine.store.retry(&claim, later(now, wait), &chain(&error)).await
        }
    };
    if let Err(error) = settled {
        tracing::error!(error = %chain(&error), "the queue could not be written; the look comes back when its lease ends");
    }
}

/// When to look again.
fn due(looked: Looked, now: Timestamp) -> Timestamp {
    match looked {
        Looked::Settled | Looked::Again => now,
        Looked::InAMoment => later(now, A_MOMENT),
    }
}

/// Whether looking again cannot help: the repository is not ours, the change is gone, or the forge answers again and
/// again what makes no sense (a branch whose name begins with a dash). Polling asks once more now and then.
fn hopeless(error: &LookError, attempt: u32) -> bool {
    let senseless = matches!(error, LookError::Observe(ObserveError::Forge(ForgeError::Unexpected { .. })));
    if senseless && attempt > PATIENT_TRIES {
        return true;
    }
    matches!(
        error,
        LookError::Observe(
            ObserveError::NotAllowed(_)
                | ObserveError::Forge(ForgeError::NotFound { .. } | ForgeError::Refused { .. })
        )
    )
}

/// Seconds until the next try: what the forge asks for, else doubling from one.
fn wait(error: &LookError, attempt: u32) -> i64 {
    let asked = if let LookError::Observe(ObserveError::Forge(ForgeError::RateLimited { seconds }))
    | LookError::Enact(EnactError::Forge(ForgeError::RateLimited { seconds })) = error
    {
        Some(*seconds)
    } else {
        None
    };
    let doubled = 1_i64.checked_shl(attempt.min(20)).unwrap_or(LONGEST_WAIT);
    asked.map_or(doubled, |seconds| i64::try_from(seconds).unwrap_or(LONGEST_WAIT)).clamp(1, LONGEST_WAIT)
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now)
}

/// An error with everything beneath it, once, on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut beneath = error.source();
    while let Some(error) = beneath {
        text = format!("{text}: {error}");
        beneath = error.source();
    }
    text
}
