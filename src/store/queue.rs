//! The queue of looks: one row for each change, which waits, is claimed, or rests.

use async_trait::async_trait;
use countersign_core::change::ChangeId;
use countersign_core::fact::FactKind;
use jiff::Timestamp;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::accept::Delivery;
use super::rows::{attempt, change, failed, integer, micros, time, token_and_attempt};
use crate::ports::{BoxError, Claim, DeliveryId, Queue, StoreError};

/// A claim whose lease ended and whose look somebody else took, or that was given back before. What it did may be done
/// again by its successor; it must stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claim is no longer valid: its lease ended, or it was given back")]
pub struct StaleClaim;

const ASK: &str = "
    insert into look (forge, repo, number, ready_at) values ($1, $2, $3, $4)
    on conflict (forge, repo, number) do update set
        again = case when look.claimed = 0 then null
                     when look.again is null or look.again > excluded.ready_at then excluded.ready_at
                     else look.again end,
        ready_at = case when look.claimed = 1 then look.ready_at
                        when look.ready_at is null or look.ready_at > excluded.ready_at then excluded.ready_at
                        else look.ready_at end";

/// A lease that ended counts as an attempt. A look covers whatever was asked for before it began.
const CLAIM: &str = "
    update look set
        attempt = attempt + claimed, claimed = 1, token = token + 1, ready_at = $2,
        again = case when again > $1 then again end
    where (forge, repo, number) =
        (select forge, repo, number from look where ready_at <= $1 order by ready_at, forge, repo, number limit 1)
    returning forge, repo, number, token, attempt";

const DONE: &str = "
    update look set claimed = 0, attempt = 0, ready_at = again, again = null, why = null
    where forge = $1 and repo = $2 and number = $3 and token = $4 and claimed = 1";

const RETRY: &str = "
    update look set
        claimed = 0, attempt = attempt + 1, again = null, why = $6,
        ready_at = case when again < $5 then again else $5 end
    where forge = $1 and repo = $2 and number = $3 and token = $4 and claimed = 1";

const PENDING: &str = "
    select forge, repo, number, attempt, ready_at from look
    where ready_at is not null order by ready_at, forge, repo, number";

/// Asks for a look at `at`: a look that nobody claimed yet moves forward, never back.
pub(super) async fn ask(
    connection: &mut SqliteConnection,
    change: &ChangeId,
    at: Timestamp,
) -> Result<(), BoxError> {
    sqlx::query(ASK)
        .bind(&change.repo.forge)
        .bind(change.repo.path.as_str())
        .bind(integer(change.number)?)
        .bind(micros(at))
        .execute(connection)
        .await?;
    Ok(())
}

#[async_trait]
impl Queue for Sqlite {
    async fn accept(
        &self,
        forge: &str,
        delivery: &DeliveryId,
        changes: &[ChangeId],
        facts: &[(ChangeId, FactKind)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (changes, facts) = (changes.to_vec(), facts.to_vec());
        self.accept_one(Delivery { forge: forge.to_owned(), id: delivery.clone(), changes, facts, now }).await
    }

    async fn enqueue(&self, change: &ChangeId, at: Timestamp) -> Result<(), StoreError> {
        let asked = async {
            let mut transaction = self.write().await?;
            ask(&mut transaction, change, at).await?;
            Ok::<_, BoxError>(transaction.commit().await?)
        };
        asked.await.map_err(failed("ask for a look"))
    }

    async fn claim(&self, now: Timestamp, lease_seconds: i64) -> Result<Option<Claim>, StoreError> {
        let claimed = async {
            let lease = micros(now).saturating_add(lease_seconds.saturating_mul(1_000_000));
            let mut transaction = self.write().await?;
            let query = sqlx::query(CLAIM).bind(micros(now)).bind(lease);
            let row = query.fetch_optional(&mut *transaction).await?;
            transaction.commit().await?;
            row.as_ref().map(claim).transpose()
        };
        claimed.await.map_err(failed("claim a look"))
    }

    async fn done(&self, claim: &Claim) -> Result<(), StoreError> {
        let done = async {
            let mut transaction = self.write().await?;
            let done = keyed(DONE, claim)?.execute(&mut *transaction).await?;
            transaction.commit().await?;
            held(done.rows_affected())
        };
        done.await.map_err(failed("finish a look"))
    }

    async fn retry(&self, claim: &Claim, at: Timestamp, why: &str) -> Result<(), StoreError> {
        let given_back = async {
            let mut transaction = self.write().await?;
            let query = keyed(RETRY, claim)?.bind(micros(at)).bind(why);
            let given_back = query.execute(&mut *transaction).await?;
            transaction.commit().await?;
            held(given_back.rows_affected())
        };
        given_back.await.map_err(failed("put a look back"))
    }

    /// A claimed look is due when its lease ends.
    async fn pending(&self) -> Result<Vec<(ChangeId, u32, Timestamp)>, StoreError> {
        let read = |row: &SqliteRow| Ok((change(row)?, attempt(row)?, time(row, "ready_at")?));
        let pending = async {
            let rows = sqlx::query(PENDING).fetch_all(self.reader()).await?;
            rows.iter().map(read).collect::<Result<_, BoxError>>()
        };
        pending.await.map_err(failed("list the looks"))
    }
}

fn claim(row: &SqliteRow) -> Result<Claim, BoxError> {
    let (token, attempt) = token_and_attempt(row)?;
    Ok(Claim { change: change(row)?, token, attempt })
}

type Query = sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

/// A query whose first four parameters are a claim.
fn keyed(sql: &'static str, claim: &Claim) -> Result<Query, BoxError> {
    Ok(sqlx::query(sql)
        .bind(claim.change.repo.forge.clone())
        .bind(claim.change.repo.path.as_str().to_owned())
        .bind(integer(claim.change.number)?)
        .bind(integer(claim.token)?))
}

fn held(rows: u64) -> Result<(), BoxError> {
    if rows == 0 { Err(StaleClaim.into()) } else { Ok(()) }
}
