//! What every store has to do, as one suite over the port. A store joins it with a line in `stores`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

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

// The queue.

#[tokio::test]
async fn a_delivery_that_comes_twice_counts_once() {
    with_every_store(|store| async move {
        let facts = [(change(1), pushed('a'))];
        let id = DeliveryId("d-1".to_owned());
        for _ in 0..3 {
            store.accept("hub", &id, &[change(1)], &facts, at(0)).await.unwrap();
        }
        let taken = claim(&*store, 0).await.unwrap();
        store.done(&taken).await.unwrap();
        store.accept("hub", &id, &[change(1)], &facts, at(5)).await.unwrap();
        assert_eq!(store.pending().await.unwrap(), []);
        assert_eq!(store.facts(&change(1)).await.unwrap().len(), 1);
        // The same number from another forge is another delivery.
        store.accept("lab", &id, &[change(1)], &[], at(5)).await.unwrap();
        assert_eq!(store.pending().await.unwrap(), [(change(1), 0, at(5))]);
    })
    .await;
}

#[tokio::test]
async fn one_delivery_may_name_several_changes_or_none() {
    with_every_store(|store| async move {
        accept(&*store, "d-1", &[change(1), change(2)], at(0)).await;
        accept(&*store, "d-2", &[], at(0)).await;
        let pending: Vec<_> = store.pending().await.unwrap().into_iter().map(|(id, ..)| id.number).collect();
        assert_eq!(pending, [1, 2]);
    })
    .await;
}

#[tokio::test]
async fn looks_that_nobody_claimed_become_one() {
    with_every_store(|store| async move {
        for (delivery, seconds) in [("d-1", 3), ("d-2", 1), ("d-3", 2)] {
            accept(&*store, delivery, &[change(1)], at(seconds)).await;
        }
        assert_eq!(store.pending().await.unwrap(), [(change(1), 0, at(1))]);
        let taken = claim(&*store, 10).await.unwrap();
        assert_eq!(claim(&*store, 10).await, None);
        store.done(&taken).await.unwrap();
        assert_eq!(store.pending().await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_look_that_was_asked_for_while_one_is_claimed_stays_queued() {
    with_every_store(|store| async move {
        store.enqueue(&change(1), at(0)).await.unwrap();
        let first = claim(&*store, 0).await.unwrap();
        store.enqueue(&change(1), at(2)).await.unwrap();
        accept(&*store, "d-1", &[change(1)], at(1)).await;
        assert_eq!(claim(&*store, 5).await, None, "one look at a time");
        store.done(&first).await.unwrap();
        assert_eq!(store.pending().await.unwrap(), [(change(1), 0, at(1))]);
        let second = claim(&*store, 5).await.unwrap();
        assert!(second.token != first.token);
        store.done(&second).await.unwrap();
        assert_eq!(claim(&*store, 1000).await, None);
    })
    .await;
}

#[tokio::test]
async fn looks_are_taken_when_they_are_due_and_in_that_order() {
    with_every_store(|store| async move {
        store.enqueue(&change(1), at(30)).await.unwrap();
        store.enqueue(&change(2), at(20)).await.unwrap();
        assert_eq!(claim(&*store, 19).await, None);
        assert_eq!(claim(&*store, 40).await.unwrap().change, change(2));
        assert_eq!(claim(&*store, 40).await.unwrap().change, change(1));
    })
    .await;
}

#[tokio::test]
async fn asking_again_never_puts_a_look_off() {
    with_every_store(|store| async move {
        store.enqueue(&change(1), at(10)).await.unwrap();
        store.enqueue(&change(1), at(99)).await.unwrap();
        assert_eq!(store.pending().await.unwrap(), [(change(1), 0, at(10))]);
        store.enqueue(&change(1), at(5)).await.unwrap();
        assert_eq!(store.pending().await.unwrap(), [(change(1), 0, at(5))]);
    })
    .await;
}

#[tokio::test]
async fn a_look_whose_lease_ended_is_due_again_and_its_old_claim_is_refused() {
    with_every_store(|store| async move {
        store.enqueue(&change(1), at(0)).await.unwrap();
        let old = claim(&*store, 0).await.unwrap();
        assert_eq!((old.attempt, claim(&*store, 59).await), (0, None));
        let new = claim(&*store, 60).await.unwrap();
        assert_eq!((&new.change, new.attempt), (&old.change, 1));
        assert_stale(store.done(&old).await);
        assert_stale(store.retry(&old, at(61), "too late").await);
        store.done(&new).await.unwrap();
        assert_stale(store.done(&new).await);
        assert_eq!(claim(&*store, 1000).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_claim_is_not_valid_for_the_next_look_at_the_same_change() {
    with_every_store(|store| async move {
        store.enqueue(&change(1), at(0)).await.unwrap();
        let old = claim(&*store, 0).await.unwrap();
        store.done(&old).await.unwrap();
        store.enqueue(&change(1), at(1)).await.unwrap();
        let new = claim(&*store, 1).await.unwrap();
        assert_stale(store.done(&old).await);
        store.done(&new).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_was_asked_for_outlives_a_lease_that_ended() {
    with_every_store(|store| async move {
        store.enqueue(&change(1), at(0)).await.unwrap();
        let _lost = claim(&*store, 0).await.unwrap();
        store.enqueue(&change(1), at(500)).await.unwrap();
        let new = claim(&*store, 60).await.unwrap();
        store.done(&new).await.unwrap();
        assert_eq!(store.pending().await.unwrap(), [(change(1), 0, at(500))]);
    })
    .await;
}

#[tokio::test]
async fn a_failed_look_comes_again_later_or_as_soon_as_there_is_news() {
    with_every_store(|store| async move {
        store.enqueue(&change(1), at(0)).await.unwrap();
        let first = claim(&*store, 0).await.unwrap();
        store.retry(&first, at(100), "the forge did not answer").await.unwrap();
        assert_eq!(store.pending().await.unwrap(), [(change(1), 1, at(100))]);
        assert_eq!(claim(&*store, 99).await, None);
        accept(&*store, "d-1", &[change(1)], at(50)).await;
        let second = claim(&*store, 50).await.unwrap();
        assert_eq!(second.attempt, 1);
        accept(&*store, "d-2", &[change(1)], at(51)).await;
        store.retry(&second, at(300), "again").await.unwrap();
        assert_eq!(store.pending().await.unwrap(), [(change(1), 2, at(51))]);
        let third = claim(&*store, 51).await.unwrap();
        store.done(&third).await.unwrap();
        store.enqueue(&change(1), at(400)).await.unwrap();
        assert_eq!(claim(&*store, 400).await.unwrap().attempt, 0, "a success ends the count");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_workers_that_race_for_a_look_one_gets_it() {
    with_every_store(|store| async move {
        for number in 1..=50 {
            store.enqueue(&change(number), at(0)).await.unwrap();
            let (one, other) = tokio::join!(store.claim(at(0), 60), store.claim(at(0), 60));
            let taken: Vec<_> = [one.unwrap(), other.unwrap()].into_iter().flatten().collect();
            assert_eq!(taken.len(), 1);
            store.done(&taken[0]).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_workers_take_every_look_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    // On disk each commit waits for it, so fewer will do.
    eight_workers(Arc::new(Sqlite::open(&url(folder.path())).await.unwrap()), 50).await;
    eight_workers(Arc::new(Sqlite::open("sqlite::memory:").await.unwrap()), 500).await;
}

async fn eight_workers(store: Arc<dyn Store>, each: u64) {
    const WORKERS: u64 = 8;
    let ask = |worker| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in worker * each..(worker + 1) * each {
                accept(&*store, &format!("d-{number}"), &[change(number)], at(0)).await;
            }
        })
    };
    for asked in (0..WORKERS).map(ask).collect::<Vec<_>>() {
        asked.await.unwrap();
    }
    let work = |_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut taken = Vec::new();
            while let Some(claim) = store.claim(at(1), 600).await.unwrap() {
                store.done(&claim).await.unwrap();
                taken.push(claim.change.number);
            }
            taken
        })
    };
    let mut all = Vec::new();
    for taken in (0..WORKERS).map(work).collect::<Vec<_>>() {
        all.extend(taken.await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (0..WORKERS * each).collect::<Vec<_>>());
}

// The ledger.

#[tokio::test]
async fn facts_come_back_whole_and_in_order() {
    with_every_store(|store| async move {
        let display =
            Display { head: sha('c'), digest: digest(), risks: BTreeSet::new(), body_hash: digest() };
        let approval = Approval {
            actor: bo(),
            via: Via::Review(ReviewId(7)),
            at: at(3),
            head: sha('c'),
            digest: digest(),
            risks: BTreeSet::new(),
            environments: vec!["production".to_owned()],
            body_hash: digest(),
        };
        let via = Via::Comment(CommentId(u64::MAX));
        let facts = [
            handled(5),
            FactKind::Approved(approval),
            FactKind::Unapproved { actor: bo(), via },
            FactKind::Held { actor: bo(), via, reason: Some("friday `'\"; --".to_owned()) },
            FactKind::HoldLifted { actor: bo(), holder: ActorId::new(3), via },
            FactKind::MergeRequested { actor: bo(), via, head: sha('c'), digest: digest(), when_ready: true },
            FactKind::MergeCancelled { actor: bo(), why: "no".to_owned() },
            FactKind::DisplayPlanned(display.clone()),
            FactKind::DisplayPosted { display, comment: CommentId(9), at: at(4) },
            FactKind::DisplayTampered { comment: CommentId(9) },
            FactKind::LandingBegun { landing: 1, base: sha('b'), head: sha('c'), commit: sha('d') },
            aborted(1),
            landed(2),
            pushed('e'),
        ];
        assert!(store.append(&change(1), &facts, at(9)).await.unwrap());
        let read = store.facts(&change(1)).await.unwrap();
        assert!(read.windows(2).all(|pair| pair[0].seq < pair[1].seq));
        assert!(read.iter().all(|fact| fact.at == at(9)));
        assert_eq!(read.into_iter().map(|fact| fact.kind).collect::<Vec<_>>(), facts);
        assert_eq!(store.facts(&change(2)).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_comment_is_handled_once_and_its_facts_come_with_it_or_not_at_all() {
    with_every_store(|store| async move {
        assert!(store.append(&change(1), &[handled(5), pushed('a')], at(0)).await.unwrap());
        assert!(!store.append(&change(1), &[pushed('b'), handled(5)], at(1)).await.unwrap());
        assert_eq!(store.facts(&change(1)).await.unwrap().len(), 2);
        // Reviews count apart from comments, and each change by itself.
        let review = FactKind::Handled {
            via: Via::Review(ReviewId(5)),
            actor: bo(),
            body_hash: digest(),
            reply: Some("done".to_owned()),
        };
        assert!(store.append(&change(1), &[review], at(2)).await.unwrap());
        assert!(store.append(&change(2), &[handled(5)], at(3)).await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_handle_one_comment_at_once_one_does() {
    with_every_store(|store| async move {
        let handle = |_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.append(&change(1), &[handled(5)], at(0)).await.unwrap() })
        };
        let mut first = 0;
        for done in (0..16).map(handle).collect::<Vec<_>>() {
            first += usize::from(done.await.unwrap());
        }
        assert_eq!((first, store.facts(&change(1)).await.unwrap().len()), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn changes_are_listed_newest_first_until_they_land() {
    with_every_store(|store| async move {
        for number in [1, 2, 3, 1] {
            store.append(&change(number), &[pushed('a')], at(0)).await.unwrap();
        }
        store.saw(&change(9), "only seen").await.unwrap();
        let numbers = async || -> Vec<u64> {
            store.changes().await.unwrap().into_iter().map(|change| change.number).collect()
        };
        assert_eq!(numbers().await, [1, 3, 2]);
        store.append(&change(3), &[aborted(1)], at(1)).await.unwrap();
        store.append(&change(1), &[landed(2)], at(1)).await.unwrap();
        store.append(&change(1), &[pushed('b')], at(2)).await.unwrap();
        let open = LandingOutcome::LandedOpen { commit: sha('d') };
        store
            .append(&change(2), &[FactKind::LandingEnded { landing: 3, outcome: open }], at(3))
            .await
            .unwrap();
        assert_eq!(numbers().await, [2, 3]);
    })
    .await;
}

#[tokio::test]
async fn polling_notices_what_differs() {
    with_every_store(|store| async move {
        let saw = async |seen| store.saw(&change(1), seen).await.unwrap();
        assert_eq!(
            (saw("a").await, saw("a").await, saw("b").await, saw("a").await),
            (true, false, true, true)
        );
        assert!(store.saw(&change(2), "a").await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_newest_page_is_kept() {
    with_every_store(|store| async move {
        assert_eq!(store.page(&change(1)).await.unwrap(), None);
        store.saw(&change(1), "a").await.unwrap();
        assert_eq!(store.page(&change(1)).await.unwrap(), None);
        for (page, seconds) in [("1", 1), ("3", 3), ("2", 2)] {
            store.save_page(&change(1), page, at(seconds)).await.unwrap();
        }
        assert_eq!(store.page(&change(1)).await.unwrap().as_deref(), Some("3"));
        assert!(!store.saw(&change(1), "a").await.unwrap());
    })
    .await;
}

// The landings.

#[tokio::test]
async fn one_landing_at_a_time_onto_a_branch() {
    with_every_store(|store| async move {
        let first = store.begin(&landing(1, "main"), at(0)).await.unwrap().unwrap();
        assert_eq!(store.begin(&landing(2, "main"), at(1)).await.unwrap(), Err(first));
        assert_eq!(store.begin(&landing(1, "main"), at(1)).await.unwrap(), Err(first));
        let other = store.begin(&landing(3, "stable"), at(2)).await.unwrap().unwrap();
        assert_eq!(store.facts(&change(2)).await.unwrap(), []);
        store.end(first, &change(1), &aborted(first), at(3)).await.unwrap();
        let second = store.begin(&landing(2, "main"), at(4)).await.unwrap().unwrap();
        let open: Vec<_> = store.open().await.unwrap().into_iter().map(|row| row.id).collect();
        assert_eq!(open, [other, second]);
        let history: Vec<_> = store.history(None).await.unwrap().into_iter().map(|row| row.id).collect();
        assert_eq!(history, [second, other, first]);
        let own: Vec<_> =
            store.history(Some(&change(1))).await.unwrap().into_iter().map(|row| row.id).collect();
        assert_eq!(own, [first]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_landings_that_begin_at_once_one_does() {
    with_every_store(|store| async move {
        let begin = |number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.begin(&landing(number, "main"), at(0)).await.unwrap() })
        };
        let mut begun = Vec::new();
        let mut refused = Vec::new();
        for answer in (1..=16).map(begin).collect::<Vec<_>>() {
            match answer.await.unwrap() {
                Ok(id) => begun.push(id),
                Err(id) => refused.push(id),
            }
        }
        assert_eq!((begun.len(), refused), (1, vec![begun[0]; 15]));
    })
    .await;
}

#[tokio::test]
async fn a_landing_comes_back_as_it_began_and_as_far_as_it_came() {
    with_every_store(|store| async move {
        let id = store.begin(&landing(1, "main"), at(0)).await.unwrap().unwrap();
        let stands = async || store.open().await.unwrap().pop().map(|row| row.state);
        let want = LandingRow { id, state: LandingState::Prepared, ..landing(1, "main") };
        assert_eq!(store.open().await.unwrap(), [want]);
        let begun = FactKind::LandingBegun { landing: id, base: sha('b'), head: sha('c'), commit: sha('d') };
        assert_eq!(store.facts(&change(1)).await.unwrap()[0].kind, begun);
        store.advance(id, LandingState::EvidencePushed).await.unwrap();
        store.advance(id, LandingState::Pushing).await.unwrap();
        store.advance(id, LandingState::EvidencePushed).await.unwrap();
        assert_eq!(stands().await, Some(LandingState::Pushing), "a recovery may walk the way again");
        store.advance(id, LandingState::Ended).await.expect_err("an end comes with its fact");
        store.advance(id + 1, LandingState::Pushed).await.expect_err("there is none");
        store.advance(id, LandingState::Pushed).await.unwrap();
        assert_eq!(stands().await, Some(LandingState::Pushed));
    })
    .await;
}

#[tokio::test]
async fn a_landing_ends_once_with_one_fact() {
    with_every_store(|store| async move {
        let id = store.begin(&landing(1, "main"), at(0)).await.unwrap().unwrap();
        store.end(id, &change(2), &landed(id), at(1)).await.expect_err("another change's");
        store.end(id, &change(1), &landed(id), at(1)).await.unwrap();
        store.end(id, &change(1), &aborted(id), at(2)).await.unwrap();
        let facts = store.facts(&change(1)).await.unwrap();
        assert_eq!(facts.into_iter().map(|fact| fact.kind).skip(1).collect::<Vec<_>>(), [landed(id)]);
        assert_eq!(store.open().await.unwrap(), []);
        assert_eq!(store.history(None).await.unwrap()[0].state, LandingState::Ended);
        assert_eq!(store.changes().await.unwrap(), []);
        store.advance(id, LandingState::Pushed).await.expect_err("it has ended");
        store.end(id + 1, &change(1), &landed(id), at(1)).await.expect_err("there is none");
    })
    .await;
}

// SQLite's own.

/// The files as they are on disk at this moment, opened anew: what a power cut leaves.
async fn after_a_crash(folder: &Path) -> (Sqlite, tempfile::TempDir) {
    let copy = tempfile::tempdir().unwrap();
    for file in ["countersign.db", "countersign.db-wal"] {
        std::fs::copy(folder.join(file), copy.path().join(file)).unwrap();
    }
    (Sqlite::open(&url(copy.path())).await.unwrap(), copy)
}

#[tokio::test]
async fn what_was_accepted_survives_a_crash_before_its_claim_and_during_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&url(folder.path())).await.unwrap();
    let facts = [(change(1), pushed('a'))];
    store.accept("hub", &DeliveryId("d-1".to_owned()), &[change(1)], &facts, at(0)).await.unwrap();
    let (reopened, _kept) = after_a_crash(folder.path()).await;
    assert_eq!(reopened.pending().await.unwrap(), [(change(1), 0, at(0))]);
    assert_eq!(reopened.facts(&change(1)).await.unwrap().len(), 1);

    let taken = claim(&store, 0).await.unwrap();
    let id = store.begin(&landing(1, "main"), at(0)).await.unwrap().unwrap();
    store.advance(id, LandingState::Pushing).await.unwrap();
    let (reopened, _kept) = after_a_crash(folder.path()).await;
    assert_eq!(reopened.open().await.unwrap()[0].state, LandingState::Pushing);
    assert_eq!(claim(&reopened, 59).await, None);
    let again = claim(&reopened, 60).await.unwrap();
    assert_stale(reopened.done(&taken).await);
    reopened.done(&again).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_hangs_up_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(&url(folder.path())).await.unwrap());
    let accept_one = |number: u64| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { accept(&*store, &format!("d-{number}"), &[change(number)], at(0)).await })
    };
    let all: Vec<_> = (0..200).map(accept_one).collect();
    for (number, one) in all.into_iter().enumerate() {
        if number % 2 == 0 {
            one.abort();
        } else {
            one.await.unwrap();
        }
    }
    let pending = store.pending().await.unwrap();
    let odd = pending.iter().filter(|(id, ..)| id.number % 2 == 1).count();
    assert_eq!(odd, 100);
}

/// A database as each release left it, with a row in every table: today's release reads all of them.
#[tokio::test]
async fn a_database_of_an_earlier_release_is_brought_up_to_date() {
    let released = [include_str!("../fixtures/store/0001.sql")];
    for dump in released {
        let folder = tempfile::tempdir().unwrap();
        let url = url(folder.path());
        let options: sqlx::sqlite::SqliteConnectOptions = url.parse().unwrap();
        let old = sqlx::SqlitePool::connect_with(options.create_if_missing(true)).await.unwrap();
        sqlx::raw_sql(dump).execute(&old).await.unwrap();
        old.close().await;

        let store = Sqlite::open(&url).await.unwrap();
        assert_eq!(store.pending().await.unwrap(), [(change(1), 2, at(7))]);
        accept(&store, "d-1", &[change(2)], at(8)).await;
        assert_eq!(store.pending().await.unwrap().len(), 1, "the delivery is known");
        assert!(!store.append(&change(1), &[handled(5)], at(8)).await.unwrap());
        let facts = store.facts(&change(1)).await.unwrap();
        assert_eq!(facts.iter().map(|fact| fact.seq).collect::<Vec<_>>(), [1, 2]);
        assert!(!store.saw(&change(1), "updated-1").await.unwrap());
        assert_eq!(store.page(&change(1)).await.unwrap().as_deref(), Some(r#"{"page":1}"#));
        assert_eq!(store.changes().await.unwrap(), [change(1)]);
        let want = LandingRow { id: 1, state: LandingState::EvidencePushed, ..landing(1, "main") };
        assert_eq!(store.open().await.unwrap(), [want]);
    }
}

#[tokio::test]
async fn what_cannot_be_opened_says_what_to_do() {
    let check = async |url: &str| Sqlite::open(url).await.expect_err(url).to_string();
    insta::assert_snapshot!(check("mysql:countersign.db").await, @"the store failed to read its URL, which has to be like sqlite:countersign.db");
    insta::assert_snapshot!(check("sqlite:/absent/folder/countersign.db").await, @"the store failed to open the database");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("countersign.db"), "not a database, but long enough to be read as one")
        .unwrap();
    insta::assert_snapshot!(check(&url(folder.path())).await, @"the store failed to open the database");
}
