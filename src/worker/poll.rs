//! Polling: finds what no delivery told. One list per repository; a change is looked at when its line in the list
//! differs from the last time, and now and then in any case.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::change::{ChangeId, RepoId};
use tokio_util::sync::CancellationToken;

use super::run::chain;
use crate::engine::{Engine, Wake};
use crate::ports::{BoxError, Forge};

/// Every so many rounds each open change is looked at, whatever the list says: a base branch may have moved unseen.
const FULL_ROUND: u64 = 12;

/// Polls one forge until it is told to stop.
pub async fn poll(
    engine: Arc<Engine>,
    forge: Arc<dyn Forge>,
    every: Duration,
    wake: Wake,
    stop: CancellationToken,
) {
    let mut round = 0_u64;
    loop {
        if let Err(error) = once(&engine, forge.as_ref(), round.is_multiple_of(FULL_ROUND)).await {
            tracing::warn!(forge = forge.name(), error = %chain(error.as_ref()), "polling failed and is repeated");
        }
        wake.notify_waiters();
        round += 1;
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn once(engine: &Engine, forge: &dyn Forge, everything: bool) -> Result<(), BoxError> {
    for path in forge.repositories().await? {
        let repo = RepoId { forge: forge.name().to_owned(), path: path.clone() };
        for open in forge.open_changes(&path).await? {
            let id = ChangeId { repo: repo.clone(), number: open.number };
            let differs = engine.store.saw(&id, &format!("{} {}", open.head, open.updated)).await?;
            if differs || everything {
                engine.store.enqueue(&id, engine.clock.now()).await?;
            }
        }
    }
    Ok(())
}
