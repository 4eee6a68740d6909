//! The ledger: facts in, the same facts out.

use super::*;

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
            said: countersign_core::fact::Said::Command,
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
