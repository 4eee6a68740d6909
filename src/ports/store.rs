//! The durable queue, the ledger and the landings.

use async_trait::async_trait;
use countersign_core::change::ChangeId;
use countersign_core::fact::{Fact, FactKind};
use countersign_core::revision::{BranchName, CommitSha};
use jiff::Timestamp;

use super::{BoxError, DeliveryId};

/// The store failed.
#[derive(Debug, thiserror::Error)]
#[error("the store failed to {action}")]
pub struct StoreError {
    /// What was asked.
    pub action: &'static str,
    /// Beneath.
    #[source]
    pub source: BoxError,
}

/// The exclusive right to act on one change until its lease ends.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// On what.
    pub change: ChangeId,
    /// Proof: the store refuses what comes with an old one.
    pub token: u64,
    /// How often this work was tried before.
    pub attempt: u32,
}

/// Where a landing stands. Each state is written before the next outside act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LandingState {
    /// M's bytes are stored; nothing was pushed.
    Prepared,
    /// The evidence is on the audit branch.
    EvidencePushed,
    /// M is being pushed, or is pushed: ask the remote.
    Pushing,
    /// M is in the target's history.
    Pushed,
    /// It is over.
    Ended,
}

/// One landing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandingRow {
    /// Its number.
    pub id: u64,
    /// Of what.
    pub change: ChangeId,
    /// Onto which branch.
    pub branch: BranchName,
    /// B.
    pub base: CommitSha,
    /// H.
    pub head: CommitSha,
    /// M.
    pub commit: CommitSha,
    /// M's bytes.
    pub bytes: Vec<u8>,
    /// The evidence bundle's bytes.
    pub evidence: Vec<u8>,
    /// Where it stands.
    pub state: LandingState,
}

/// The queue of "look at this change".
#[async_trait]
pub trait Queue: Send + Sync {
    /// Records a delivery and asks for a look, durably; a delivery that was seen before changes nothing. Several
    /// changes may be named. Looks at one change that nobody claimed yet become one.
    async fn accept(
        &self,
        forge: &str,
        delivery: &DeliveryId,
        changes: &[ChangeId],
        facts: &[(ChangeId, FactKind)],
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Asks for a look at `at`, e.g. from polling, or again after a failure.
    async fn enqueue(&self, change: &ChangeId, at: Timestamp) -> Result<(), StoreError>;
    /// Takes the next look that is due, for `lease_seconds`. A look whose lease ended is due again.
    async fn claim(&self, now: Timestamp, lease_seconds: i64) -> Result<Option<Claim>, StoreError>;
    /// The look is done; one that was asked for meanwhile stays queued.
    async fn done(&self, claim: &Claim) -> Result<(), StoreError>;
    /// The look failed: again at `at`.
    async fn retry(&self, claim: &Claim, at: Timestamp, why: &str) -> Result<(), StoreError>;
    /// Waiting and claimed looks: `(change, attempts, due)`.
    async fn pending(&self) -> Result<Vec<(ChangeId, u32, Timestamp)>, StoreError>;
}

/// The ledger of facts.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Every fact about a change, oldest first.
    async fn facts(&self, change: &ChangeId) -> Result<Vec<Fact>, StoreError>;
    /// Appends facts in one transaction. A `Handled` of a comment or review that was handled before makes the whole
    /// append a no-op that answers `false`.
    async fn append(&self, change: &ChangeId, facts: &[FactKind], now: Timestamp)
    -> Result<bool, StoreError>;
    /// Changes that have facts and no `LandingEnded` that landed them, newest first; for pages.
    async fn changes(&self) -> Result<Vec<ChangeId>, StoreError>;
    /// Remembers what polling saw last of an open change; answers whether it differs from before.
    async fn saw(&self, change: &ChangeId, seen: &str) -> Result<bool, StoreError>;
    /// Saves the newest plan's page data (JSON) of a change.
    async fn save_page(&self, change: &ChangeId, json: &str, now: Timestamp) -> Result<(), StoreError>;
    /// The newest page data of a change.
    async fn page(&self, change: &ChangeId) -> Result<Option<String>, StoreError>;
}

/// Landings under way.
#[async_trait]
pub trait Landings: Send + Sync {
    /// Begins one, in one transaction with its `LandingBegun` fact; `id` and `state` of the row are ignored.
    /// `Err` of the answer: another landing onto the same branch is under way (its number).
    async fn begin(&self, row: &LandingRow, now: Timestamp) -> Result<Result<u64, u64>, StoreError>;
    /// Moves one on.
    async fn advance(&self, id: u64, state: LandingState) -> Result<(), StoreError>;
    /// Ends one, in one transaction with its fact.
    async fn end(
        &self,
        id: u64,
        change: &ChangeId,
        fact: &FactKind,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Every landing that has not ended.
    async fn open(&self) -> Result<Vec<LandingRow>, StoreError>;
    /// Landings of a change or of all, newest first.
    async fn history(&self, change: Option<&ChangeId>) -> Result<Vec<LandingRow>, StoreError>;
}

/// The whole store.
pub trait Store: Queue + Ledger + Landings {}

impl<T: Queue + Ledger + Landings> Store for T {}
