//! The ledger: facts are appended and read, never changed.

use async_trait::async_trait;
use countersign_core::change::ChangeId;
use countersign_core::fact::{Fact, FactKind};
use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::Sqlite;
use super::rows::{self, failed, integer, micros};
use crate::ports::{BoxError, Ledger, StoreError};

const WAS_HANDLED: &str = "
    select count(*) as found from fact where forge = $1 and repo = $2 and number = $3 and handled = $4";

const APPEND: &str = "
    insert into fact (forge, repo, number, at, handled, body) values ($1, $2, $3, $4, $5, $6) returning seq";

const REMEMBER: &str = "
    insert into change (forge, repo, number, last_fact, landed) values ($1, $2, $3, $4, $5)
    on conflict (forge, repo, number) do update set
        last_fact = excluded.last_fact,
        landed = case when excluded.landed = 1 then 1 else change.landed end";

const FACTS: &str =
    "select seq, at, body from fact where forge = $1 and repo = $2 and number = $3 order by seq";

const CHANGES: &str = "
    select forge, repo, number from change where last_fact is not null and landed = 0 order by last_fact desc";

const SEEN: &str = "select seen from change where forge = $1 and repo = $2 and number = $3";

const SEE: &str = "
    insert into change (forge, repo, number, seen) values ($1, $2, $3, $4)
    on conflict (forge, repo, number) do update set seen = excluded.seen";

const SAVE_PAGE: &str = "
    insert into change (forge, repo, number, page, page_at) values ($1, $2, $3, $4, $5)
    on conflict (forge, repo, number) do update set page = excluded.page, page_at = excluded.page_at
    where change.page_at is null or change.page_at <= excluded.page_at";

const PAGE: &str = "select page from change where forge = $1 and repo = $2 and number = $3";

/// Appends facts, or nothing and `false` where one of them closes what was closed before.
pub(super) async fn append_in(
    connection: &mut SqliteConnection,
    change: &ChangeId,
    facts: &[FactKind],
    now: Timestamp,
) -> Result<bool, BoxError> {
    let (forge, repo, number) = (&change.repo.forge, change.repo.path.as_str(), integer(change.number)?);
    for key in facts.iter().filter_map(rows::handled) {
        let query = sqlx::query(WAS_HANDLED).bind(forge).bind(repo).bind(number).bind(key);
        if query.fetch_one(&mut *connection).await?.try_get::<i64, _>("found")? > 0 {
            return Ok(false);
        }
    }
    for fact in facts {
        let query = sqlx::query(APPEND).bind(forge).bind(repo).bind(number).bind(micros(now));
        let query = query.bind(rows::handled(fact)).bind(serde_json::to_string(fact)?);
        let seq: i64 = query.fetch_one(&mut *connection).await?.try_get("seq")?;
        let query = sqlx::query(REMEMBER).bind(forge).bind(repo).bind(number);
        query.bind(seq).bind(i64::from(rows::landed(fact))).execute(&mut *connection).await?;
    }
    Ok(true)
}

#[async_trait]
impl Ledger for Sqlite {
    async fn facts(&self, change: &ChangeId) -> Result<Vec<Fact>, StoreError> {
        let facts = async {
            let rows = sqlx::query(FACTS)
                .bind(&change.repo.forge)
                .bind(change.repo.path.as_str())
                .bind(integer(change.number)?)
                .fetch_all(self.reader())
                .await?;
            rows.iter().map(rows::fact).collect::<Result<_, BoxError>>()
        };
        facts.await.map_err(failed("read the facts of a change"))
    }

    async fn append(
        &self,
        change: &ChangeId,
        facts: &[FactKind],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let appended = async {
            let mut transaction = self.write().await?;
            let appended = append_in(&mut transaction, change, facts, now).await?;
            transaction.commit().await?;
            Ok::<_, BoxError>(appended)
        };
        appended.await.map_err(failed("append facts"))
    }

    /// A landing whose request stayed open does not end its change.
    async fn changes(&self) -> Result<Vec<ChangeId>, StoreError> {
        let changes = async {
            let rows = sqlx::query(CHANGES).fetch_all(self.reader()).await?;
            rows.iter().map(rows::change).collect::<Result<_, BoxError>>()
        };
        changes.await.map_err(failed("list the changes"))
    }

    async fn saw(&self, change: &ChangeId, seen: &str) -> Result<bool, StoreError> {
        let (forge, repo) = (&change.repo.forge, change.repo.path.as_str());
        let saw = async {
            let number = integer(change.number)?;
            let mut transaction = self.write().await?;
            let query = sqlx::query(SEEN).bind(forge).bind(repo).bind(number);
            let row = query.fetch_optional(&mut *transaction).await?;
            let before: Option<String> = row.map(|row| row.try_get("seen")).transpose()?.flatten();
            if before.as_deref() == Some(seen) {
                return Ok(false);
            }
            let query = sqlx::query(SEE).bind(forge).bind(repo).bind(number).bind(seen);
            query.execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok::<_, BoxError>(true)
        };
        saw.await.map_err(failed("remember what was seen"))
    }

    /// One that is older than what is saved changes nothing.
    async fn save_page(&self, change: &ChangeId, json: &str, now: Timestamp) -> Result<(), StoreError> {
        let saved = async {
            let mut transaction = self.write().await?;
            let query = sqlx::query(SAVE_PAGE).bind(&change.repo.forge).bind(change.repo.path.as_str());
            let query = query.bind(integer(change.number)?).bind(json).bind(micros(now));
            query.execute(&mut *transaction).await?;
            Ok::<_, BoxError>(transaction.commit().await?)
        };
        saved.await.map_err(failed("save a page"))
    }

    async fn page(&self, change: &ChangeId) -> Result<Option<String>, StoreError> {
        let page = async {
            let query = sqlx::query(PAGE).bind(&change.repo.forge).bind(change.repo.path.as_str());
            let row = query.bind(integer(change.number)?).fetch_optional(self.reader()).await?;
            Ok::<_, BoxError>(row.map(|row| row.try_get("page")).transpose()?.flatten())
        };
        page.await.map_err(failed("read a page"))
    }
}
