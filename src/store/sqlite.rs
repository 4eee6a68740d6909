//! Opening an SQLite database: its pools, its durability, its migrations.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqlSafeStr, SqlitePool, Transaction};

use super::accept::Accepts;
use super::rows::failed;
use crate::ports::StoreError;

const READERS: u32 = 4;
const BUSY: Duration = Duration::from_secs(10);

/// The store in an SQLite file, for one process. Clones share it.
#[derive(Debug, Clone)]
pub struct Sqlite {
    /// One connection: SQLite has one writer, and a second one would only wait for it, or fail.
    writer: SqlitePool,
    reader: SqlitePool,
    pub(super) accepts: Arc<Accepts>,
}

impl Sqlite {
    /// Opens `sqlite:path` (made where it is absent) or `sqlite::memory:` and brings its tables up to date.
    ///
    /// # Errors
    /// The URL is none of these, the file cannot be opened or is no database, or it was made by a newer release.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        const READ: &str = "read its URL, which has to be like sqlite:countersign.db";
        if !url.starts_with("sqlite:") {
            return Err(failed(READ)("it does not begin with `sqlite:`"));
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(failed(READ))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A commit is answered only when it is on disk: WAL alone would lose the last ones with the power.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let in_memory = url.contains(":memory:");
        // A connection in memory *is* the database, so it is kept for good.
        let pool = |connections: u32| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .min_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .acquire_timeout(Duration::from_secs(60))
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(failed("open the database"))?;
        migrations().run(&writer).await.map_err(failed("bring the database's tables up to date"))?;
        let reader = if in_memory {
            writer.clone()
        } else {
            let options = options.create_if_missing(false).read_only(true);
            pool(READERS).connect_with(options).await.map_err(failed("open the database for reading"))?
        };
        Ok(Self { writer, reader, accepts: Arc::default() })
    }

    /// Closes it; what was answered is on disk either way.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    pub(super) fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    /// A transaction that may write. It is `IMMEDIATE`: one that reads first and writes later would fail at once when
    /// another process wrote in between, whatever the busy time-out says.
    pub(super) async fn write(&self) -> Result<Transaction<'static, sqlx::Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }
}

fn migrations() -> Migrator {
    let all = [(1, "begin", include_str!("migrations/0001_begin.sql"))];
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(all.into_iter().map(migration).collect())
}
