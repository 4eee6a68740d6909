//! What every store has to do, as one suite over the port. A store joins it with a line in `with_every_store`.

mod landings;
mod ledger;
mod queue;
mod sqlite;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use countersign::ports::{
    Claim, DeliveryId, LandingRow, LandingState, Landings, Ledger, Queue, Store, StoreError,
};
use countersign::store::{Sqlite, StaleClaim};
use countersign_core::actor::{Actor, ActorId, ActorKind};
use countersign_core::change::{ChangeId, CommentId, RepoId, ReviewId};
use countersign_core::fact::{Approval, Display, FactKind, LandingOutcome, Via};
use countersign_core::revision::{CommitSha, Digest};
use jiff::{SignedDuration, Timestamp};

fn change(number: u64) -> ChangeId {
    let repo = RepoId { forge: "hub".to_owned(), path: "acme/env".parse().unwrap() };
    ChangeId { repo, number }
}

/// Seconds after a fixed moment.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

fn sha(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap()
}

fn digest() -> Digest {
    Digest::of(b"a change")
}

fn bo() -> Actor {
    Actor { id: ActorId::new(12), login: "bo".to_owned(), kind: ActorKind::Human }
}

fn handled(comment: u64) -> FactKind {
    FactKind::Handled { via: Via::Comment(CommentId(comment)), actor: bo(), body_hash: digest(), reply: None }
}

fn pushed(digit: char) -> FactKind {
    FactKind::Pushed { actor: bo(), head: sha(digit) }
}

fn landing(number: u64, branch: &str) -> LandingRow {
    LandingRow {
        id: 999,
        change: change(number),
        branch: branch.parse().unwrap(),
        base: sha('b'),
        head: sha('c'),
        commit: sha('d'),
        bytes: vec![0, 255, 10],
        evidence: b"{}".to_vec(),
        state: LandingState::Pushed,
    }
}

fn aborted(landing: u64) -> FactKind {
    FactKind::LandingEnded { landing, outcome: LandingOutcome::Aborted { why: "its head moved".to_owned() } }
}

fn landed(landing: u64) -> FactKind {
    FactKind::LandingEnded { landing, outcome: LandingOutcome::Landed { commit: sha('d') } }
}

fn url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("countersign.db").display())
}

/// Runs one clause of the contract against every store.
async fn with_every_store<F: Future<Output = ()>>(clause: impl Fn(Arc<dyn Store>) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let stores: [Arc<dyn Store>; 2] = [
        Arc::new(Sqlite::open(&url(folder.path())).await.unwrap()),
        Arc::new(Sqlite::open("sqlite::memory:").await.unwrap()),
    ];
    for store in stores {
        clause(store).await;
    }
}

async fn accept(store: &dyn Store, delivery: &str, changes: &[ChangeId], now: Timestamp) {
    store.accept("hub", &DeliveryId(delivery.to_owned()), changes, &[], now).await.unwrap();
}

async fn claim(store: &dyn Store, seconds: i64) -> Option<Claim> {
    store.claim(at(seconds), 60).await.unwrap()
}

#[track_caller]
fn assert_stale(answer: Result<(), StoreError>) {
    let refused = answer.expect_err("an old claim is refused");
    assert_eq!(refused.source.downcast_ref::<StaleClaim>(), Some(&StaleClaim));
}
