//! Between rows and our words. A row that does not read is an error, never a default.

use std::str::FromStr;

use countersign_core::change::{ChangeId, RepoId};
use countersign_core::fact::{Fact, FactKind, LandingOutcome, Via};
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::ports::{BoxError, LandingRow, LandingState, StoreError};

/// Makes the error of one action out of what is beneath.
pub(super) fn failed<E: Into<BoxError>>(action: &'static str) -> impl Fn(E) -> StoreError {
    move |source| StoreError { action, source: source.into() }
}

/// A number of ours as the database keeps it.
pub(super) fn integer(number: u64) -> Result<i64, BoxError> {
    Ok(i64::try_from(number)?)
}

fn natural(row: &SqliteRow, column: &str) -> Result<u64, BoxError> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?)?)
}

fn parsed<T>(row: &SqliteRow, column: &str) -> Result<T, BoxError>
where
    T: FromStr,
    T::Err: Into<BoxError>,
{
    row.try_get::<&str, _>(column)?.parse().map_err(Into::into)
}

/// Microseconds since 1970. What is finer is dropped on the way in.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn time(row: &SqliteRow, column: &str) -> Result<Timestamp, BoxError> {
    Ok(Timestamp::from_microsecond(row.try_get(column)?)?)
}

/// The columns `forge`, `repo`, `number`.
pub(super) fn change(row: &SqliteRow) -> Result<ChangeId, BoxError> {
    let repo = RepoId { forge: row.try_get("forge")?, path: parsed(row, "repo")? };
    Ok(ChangeId { repo, number: natural(row, "number")? })
}

/// `token` and `attempt`.
pub(super) fn token_and_attempt(row: &SqliteRow) -> Result<(u64, u32), BoxError> {
    Ok((natural(row, "token")?, attempt(row)?))
}

pub(super) fn attempt(row: &SqliteRow) -> Result<u32, BoxError> {
    Ok(u32::try_from(row.try_get::<i64, _>("attempt")?)?)
}

/// A whole fact: `seq`, `at`, `body`.
pub(super) fn fact(row: &SqliteRow) -> Result<Fact, BoxError> {
    let kind = serde_json::from_str(row.try_get("body")?)?;
    Ok(Fact { seq: natural(row, "seq")?, at: time(row, "at")?, kind })
}

/// The comment or review that a fact closes, as its unique key.
pub(super) fn handled(fact: &FactKind) -> Option<String> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only this fact is unique")]
    match fact {
        FactKind::Handled { via: Via::Comment(id), .. } => Some(format!("comment-{}", id.0)),
        FactKind::Handled { via: Via::Review(id), .. } => Some(format!("review-{}", id.0)),
        _ => None,
    }
}

/// Whether a fact says that its change is over: landed and closed. A request that stayed open is not.
pub(super) fn landed(fact: &FactKind) -> bool {
    matches!(fact, FactKind::LandingEnded { outcome: LandingOutcome::Landed { .. }, .. })
}

pub(super) fn landing(row: &SqliteRow) -> Result<LandingRow, BoxError> {
    Ok(LandingRow {
        id: natural(row, "id")?,
        change: change(row)?,
        branch: parsed(row, "branch")?,
        base: parsed(row, "base")?,
        head: parsed(row, "head")?,
        commit: parsed(row, "merge_commit")?,
        bytes: row.try_get("bytes")?,
        evidence: row.try_get("evidence")?,
        state: state_of(row.try_get("state")?)?,
    })
}

/// The states in the order in which a landing goes through them, as the database writes them.
const STATES: [(LandingState, &str); 5] = [
    (LandingState::Prepared, "prepared"),
    (LandingState::EvidencePushed, "evidence-pushed"),
    (LandingState::Pushing, "pushing"),
    (LandingState::Pushed, "pushed"),
    (LandingState::Ended, "ended"),
];

pub(super) fn state_of(word: &str) -> Result<LandingState, BoxError> {
    let found = STATES.iter().find(|(_, own)| *own == word);
    found.map(|(state, _)| *state).ok_or_else(|| format!("`{word}` is not a state of a landing").into())
}

pub(super) fn state_word(state: LandingState) -> &'static str {
    match state {
        LandingState::Prepared => "prepared",
        LandingState::EvidencePushed => "evidence-pushed",
        LandingState::Pushing => "pushing",
        LandingState::Pushed => "pushed",
        LandingState::Ended => "ended",
    }
}

/// How far a state is along the way.
pub(super) fn state_rank(state: LandingState) -> usize {
    STATES.iter().position(|(own, _)| *own == state).unwrap_or(STATES.len())
}
