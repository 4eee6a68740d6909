//! Accepting deliveries durably, many in one commit.
//!
//! A commit waits for the disk, and there is one writer. So deliveries that come while another commit is on its way
//! wait together and share the next one. Each is answered only when the commit that carries it is on disk.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::change::ChangeId;
use countersign_core::fact::FactKind;
use jiff::Timestamp;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use super::rows::{failed, micros};
use super::{Sqlite, ledger, queue};
use crate::ports::{BoxError, DeliveryId, StoreError};

const ACTION: &str = "accept a delivery";

/// How long a delivery is remembered, in microseconds: 30 days, longer than any forge repeats one.
const REMEMBERED: i64 = 30 * 24 * 3600 * 1_000_000;

/// One delivery, on its way to the disk.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) forge: String,
    pub(super) id: DeliveryId,
    pub(super) changes: Vec<ChangeId>,
    pub(super) facts: Vec<(ChangeId, FactKind)>,
    pub(super) now: Timestamp,
}

/// Deliveries that wait for the next commit.
#[derive(Debug, Default)]
pub(super) struct Accepts(Mutex<Vec<Waiting>>);

#[derive(Debug)]
struct Waiting {
    delivery: Delivery,
    answer: oneshot::Sender<Result<(), SharedError>>,
}

/// The error of a commit that several deliveries shared.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the commit that several deliveries share failed")]
struct SharedError(#[source] Arc<dyn std::error::Error + Send + Sync>);

impl Accepts {
    fn add(&self, waiting: Waiting) -> usize {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(waiting);
        all.len()
    }

    fn take(&self) -> Vec<Waiting> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sqlite {
    pub(super) async fn accept_one(&self, delivery: Delivery) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        if self.accepts.add(Waiting { delivery, answer }) == 1 {
            // A task of its own: the caller may hang up, and the others must not notice.
            tokio::spawn(self.clone().commit_waiting());
        }
        answered.await.map_err(failed(ACTION))?.map_err(failed(ACTION))
    }

    async fn commit_waiting(self) {
        let transaction = self.write().await;
        // Only now: whoever came while the last commit was on its way is in this one.
        let waiting = self.accepts.take();
        let (deliveries, answers): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|one| (one.delivery, one.answer)).unzip();
        let written = async {
            let mut transaction = transaction?;
            if let Some(first) = deliveries.first() {
                forget(&mut transaction, first.now).await?;
            }
            for delivery in &deliveries {
                write(&mut transaction, delivery).await?;
            }
            Ok::<_, BoxError>(transaction.commit().await?)
        };
        let written = written.await.map_err(|source| SharedError(Arc::from(source)));
        for answer in answers {
            // Nobody listens where the caller hung up.
            let _ = answer.send(written.clone());
        }
    }
}

/// Forgets deliveries that no forge will repeat any more.
async fn forget(connection: &mut SqliteConnection, now: Timestamp) -> Result<(), BoxError> {
    let oldest = micros(now).saturating_sub(REMEMBERED);
    sqlx::query("delete from delivery where at < $1").bind(oldest).execute(connection).await?;
    Ok(())
}

async fn write(connection: &mut SqliteConnection, delivery: &Delivery) -> Result<(), BoxError> {
    let now = micros(delivery.now);
    let new =
        sqlx::query("insert into delivery (forge, delivery, at) values ($1, $2, $3) on conflict do nothing")
            .bind(&delivery.forge)
            .bind(&delivery.id.0)
            .bind(now)
            .execute(&mut *connection)
            .await?;
    if new.rows_affected() == 0 {
        return Ok(());
    }
    for (change, fact) in &delivery.facts {
        ledger::append_in(connection, change, std::slice::from_ref(fact), delivery.now).await?;
    }
    for change in &delivery.changes {
        queue::ask(connection, change, delivery.now).await?;
    }
    Ok(())
}
