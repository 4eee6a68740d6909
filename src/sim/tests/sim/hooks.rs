//! Deliveries: signed, lost, doubled, held, and never repeated.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use countersign_sim::{
    OnPush, Outcome, Protection, Release, Restrictions, ReviewGiven, ReviewRule, signature,
};
use http::HeaderMap;
use serde_json::Value;

use crate::stage::{REPO, Stage};

type Letters = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

async fn receiver() -> (String, Letters) {
    let letters = Letters::default();
    let take = |State(letters): State<Letters>, headers: HeaderMap, body: Bytes| async move {
        letters.lock().unwrap().push((headers, body));
        http::StatusCode::ACCEPTED
    };
    let app = Router::new().route("/hook", post(take)).with_state(Arc::clone(&letters));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, letters)
}

fn names(letters: &Letters) -> Vec<String> {
    let letters = letters.lock().unwrap();
    letters
        .iter()
        .map(|(headers, body)| {
            let body: Value = serde_json::from_slice(body).unwrap();
            let event = headers["x-github-event"].to_str().unwrap();
            body["action"].as_str().map_or_else(|| event.to_owned(), |action| format!("{event}.{action}"))
        })
        .collect()
}

#[test]
fn the_signature_is_the_documented_one() {
    let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(signature("It's a Secret to Everybody", b"Hello, World!"), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_happens_is_told_signed_and_as_described() {
    let stage = Stage::new().await;
    let sim = &stage.sim;
    let (url, letters) = receiver().await;
    sim.set_webhook(&url, "hush");
    let reviews = ReviewRule {
        approvals: 1,
        on_push: OnPush::Dismiss,
        bypass: Restrictions { users: vec!["ana".into()], ..Restrictions::default() },
    };
    sim.protect(REPO, "main", Protection { reviews: Some(reviews), ..Protection::default() }).unwrap();
    let comment = sim.comment(REPO, 1, "bo", "hello").unwrap();
    sim.edit_comment(REPO, comment, "bo", "hullo").unwrap();
    sim.delete_comment(REPO, comment, "ana").unwrap();
    sim.request_reviews(REPO, 1, "ana", &["bo"]).unwrap();
    sim.withdraw_request(REPO, 1, "ana", "bo").unwrap();
    sim.review(REPO, 1, "bo", ReviewGiven::Approve, "").unwrap();
    sim.commit(REPO, "topic", "main", &[("a.yaml", Some("a: 3\n"))], "cy", "More").await.unwrap();
    sim.retitle(REPO, 1, "cy", "Raise a a lot").unwrap();
    sim.close_change(REPO, 1, "cy").unwrap();
    sim.reopen_change(REPO, 1, "cy").unwrap();
    sim.commit(REPO, "next", "main", &[("b.yaml", Some("b: 3\n"))], "cy", "B").await.unwrap();
    sim.open_change(REPO, "cy", "next", "main", "B").await.unwrap();
    sim.settle().await;
    let expected = [
        "issue_comment.created",
        "issue_comment.edited",
        "issue_comment.deleted",
        "pull_request.review_requested",
        "pull_request.review_request_removed",
        "pull_request_review.submitted",
        "push",
        "pull_request.synchronize",
        "pull_request_review.dismissed",
        "pull_request.edited",
        "pull_request.closed",
        "pull_request.reopened",
        "push",
        "pull_request.opened",
    ];
    assert_eq!(names(&letters), expected);
    for (headers, body) in letters.lock().unwrap().iter() {
        assert_eq!(headers["x-hub-signature-256"], signature("hush", body).as_str());
    }
    let mut ids: Vec<String> = sim.deliveries().into_iter().map(|delivery| delivery.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), expected.len());
    sim.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_lost_doubled_and_reordered_on_purpose_and_never_repeated() {
    let stage = Stage::new().await;
    let sim = &stage.sim;
    let (url, letters) = receiver().await;
    sim.set_webhook(&url, "hush");
    sim.drop_deliveries(1);
    sim.comment(REPO, 1, "bo", "lost").unwrap();
    sim.double_deliveries(1);
    sim.comment(REPO, 1, "bo", "twice").unwrap();
    sim.settle().await;
    assert_eq!(names(&letters).len(), 2);
    {
        let letters = letters.lock().unwrap();
        assert_eq!(letters[0].0["x-github-delivery"], letters[1].0["x-github-delivery"]);
    }
    sim.hold_deliveries();
    let comment = sim.comment(REPO, 1, "bo", "held").unwrap();
    sim.edit_comment(REPO, comment, "bo", "held, edited").unwrap();
    sim.settle().await;
    assert_eq!(names(&letters).len(), 2);
    sim.release_deliveries(Release::Reversed);
    sim.settle().await;
    assert_eq!(names(&letters)[2..], ["issue_comment.edited", "issue_comment.created"]);
    sim.set_webhook("http://127.0.0.1:1/", "hush");
    sim.comment(REPO, 1, "bo", "nobody hears").unwrap();
    sim.settle().await;
    let outcomes: Vec<Outcome> = sim.deliveries().into_iter().map(|delivery| delivery.outcome).collect();
    let answered = Outcome::Answered(202);
    let expected = [
        Outcome::Dropped,
        answered.clone(),
        answered.clone(),
        answered.clone(),
        answered,
        Outcome::Unreachable,
    ];
    assert_eq!(outcomes, expected);
}
