//! What SQLite alone has to show: crashes, callers that hang up, earlier releases.

use super::*;

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
    let released = [include_str!("../../fixtures/store/0001.sql")];
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
