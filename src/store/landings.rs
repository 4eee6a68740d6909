//! Landings: at most one under way onto a branch, and each remembers how far it came.

use async_trait::async_trait;
use countersign_core::change::ChangeId;
use countersign_core::fact::FactKind;
use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::Sqlite;
use super::ledger::append_in;
use super::rows::{self, failed, integer, micros};
use crate::ports::{BoxError, LandingRow, LandingState, Landings, StoreError};

/// A landing that is not there, belongs to another change, or has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such landing under way")]
struct NotUnderWay;

const UNDER_WAY: &str =
    "select id from landing where forge = $1 and repo = $2 and branch = $3 and state <> 'ended'";

const BEGIN: &str = "
    insert into landing
        (forge, repo, number, branch, base, head, merge_commit, bytes, evidence, state, begun_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'prepared', $10) returning id";

const STATE: &str = "select state, forge, repo, number from landing where id = $1";

const ADVANCE: &str = "update landing set state = $2 where id = $1";

const END: &str = "update landing set state = 'ended', ended_at = $2 where id = $1";

const OPEN: &str = "select * from landing where state <> 'ended' order by id";

const HISTORY: &str = "select * from landing order by id desc";

const HISTORY_OF_CHANGE: &str =
    "select * from landing where forge = $1 and repo = $2 and number = $3 order by id desc";

/// The change and the state of a landing.
async fn standing(
    connection: &mut SqliteConnection,
    id: u64,
) -> Result<Option<(ChangeId, LandingState)>, BoxError> {
    let row = sqlx::query(STATE).bind(integer(id)?).fetch_optional(connection).await?;
    let read = |row| Ok::<_, BoxError>((rows::change(&row)?, rows::state_of(row.try_get("state")?)?));
    row.map(read).transpose()
}

async fn begin_in(
    connection: &mut SqliteConnection,
    row: &LandingRow,
    now: Timestamp,
) -> Result<Result<u64, u64>, BoxError> {
    let LandingRow { id: _, change, branch, base, head, commit, bytes, evidence, state: _ } = row;
    let (forge, repo, number) = (&change.repo.forge, change.repo.path.as_str(), integer(change.number)?);
    let query = sqlx::query(UNDER_WAY).bind(forge).bind(repo).bind(branch.as_str());
    if let Some(row) = query.fetch_optional(&mut *connection).await? {
        return Ok(Err(u64::try_from(row.try_get::<i64, _>("id")?)?));
    }
    let query = sqlx::query(BEGIN).bind(forge).bind(repo).bind(number).bind(branch.as_str());
    let query = query.bind(base.as_str()).bind(head.as_str()).bind(commit.as_str());
    let query = query.bind(bytes.as_slice()).bind(evidence.as_slice()).bind(micros(now));
    let landing = u64::try_from(query.fetch_one(&mut *connection).await?.try_get::<i64, _>("id")?)?;
    let (base, head, commit) = (base.clone(), head.clone(), commit.clone());
    let fact = FactKind::LandingBegun { landing, base, head, commit };
    append_in(connection, change, std::slice::from_ref(&fact), now).await?;
    Ok(Ok(landing))
}

#[async_trait]
impl Landings for Sqlite {
    async fn begin(&self, row: &LandingRow, now: Timestamp) -> Result<Result<u64, u64>, StoreError> {
        let begun = async {
            let mut transaction = self.write().await?;
            let begun = begin_in(&mut transaction, row, now).await?;
            transaction.commit().await?;
            Ok::<_, BoxError>(begun)
        };
        begun.await.map_err(failed("begin a landing"))
    }

    /// A state that the landing has passed changes nothing, so that a recovery may walk the way again. `Ended` is
    /// refused: an end comes with its fact.
    async fn advance(&self, id: u64, state: LandingState) -> Result<(), StoreError> {
        let advanced = async {
            let mut transaction = self.write().await?;
            let (_, stands) = standing(&mut transaction, id).await?.ok_or(NotUnderWay)?;
            if stands == LandingState::Ended || state == LandingState::Ended {
                return Err(BoxError::from(NotUnderWay));
            }
            if rows::state_rank(state) > rows::state_rank(stands) {
                let query = sqlx::query(ADVANCE).bind(integer(id)?).bind(rows::state_word(state));
                query.execute(&mut *transaction).await?;
                transaction.commit().await?;
            }
            Ok(())
        };
        advanced.await.map_err(failed("move a landing on"))
    }

    /// Ending one that has ended changes nothing, and appends nothing.
    async fn end(
        &self,
        id: u64,
        change: &ChangeId,
        fact: &FactKind,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ended = async {
            let mut transaction = self.write().await?;
            let (of, stands) = standing(&mut transaction, id).await?.ok_or(NotUnderWay)?;
            if of != *change {
                return Err(BoxError::from(NotUnderWay));
            }
            if stands != LandingState::Ended {
                let query = sqlx::query(END).bind(integer(id)?).bind(micros(now));
                query.execute(&mut *transaction).await?;
                append_in(&mut transaction, change, std::slice::from_ref(fact), now).await?;
                transaction.commit().await?;
            }
            Ok(())
        };
        ended.await.map_err(failed("end a landing"))
    }

    async fn open(&self) -> Result<Vec<LandingRow>, StoreError> {
        let open = async {
            let rows = sqlx::query(OPEN).fetch_all(self.reader()).await?;
            rows.iter().map(rows::landing).collect::<Result<_, BoxError>>()
        };
        open.await.map_err(failed("list the landings under way"))
    }

    async fn history(&self, change: Option<&ChangeId>) -> Result<Vec<LandingRow>, StoreError> {
        let history = async {
            let query = match change {
                None => sqlx::query(HISTORY),
                Some(change) => sqlx::query(HISTORY_OF_CHANGE)
                    .bind(&change.repo.forge)
                    .bind(change.repo.path.as_str())
                    .bind(integer(change.number)?),
            };
            let rows = query.fetch_all(self.reader()).await?;
            rows.iter().map(rows::landing).collect::<Result<_, BoxError>>()
        };
        history.await.map_err(failed("list the landings"))
    }
}
