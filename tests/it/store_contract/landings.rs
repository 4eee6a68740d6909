//! The landings: one onto a branch, each as far as it came.

use super::*;

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
