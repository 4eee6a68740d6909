//! The queue: what is asked for is looked at, once at a time.

use super::*;

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
