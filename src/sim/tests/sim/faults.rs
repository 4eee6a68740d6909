//! Pages, conditional requests, limits, faults, complaints.

use std::time::{Duration, Instant};

use countersign_sim::{ChangeState, Contract, Fault, SimConfig};
use reqwest::Method;
use serde_json::json;

use crate::stage::{REPO, Stage};

const COMMENTS: &str = "/repos/acme/env/issues/1/comments";

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_small_pages_whatever_is_asked_for() {
    let stage = Stage::new().await;
    for n in 0..5 {
        stage.sim.comment(REPO, 1, "bo", &format!("n{n}")).unwrap();
    }
    let app = stage.app_token().await;
    let (found, pages) = stage.all(&format!("{COMMENTS}?per_page=100"), &app).await;
    let texts: Vec<&str> = found.iter().map(|comment| comment["body"].as_str().unwrap()).collect();
    assert_eq!((texts.as_slice(), pages), (["n0", "n1", "n2", "n3", "n4"].as_slice(), 3));
    let (activity, pages) = stage.all("/repos/acme/env/activity?per_page=1", &app).await;
    assert_eq!((activity.len(), pages), (2, 2));
    assert_eq!(activity[0]["actor"]["login"], json!("cy"));
    stage.sim.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_has_already_is_not_sent_and_not_counted() {
    let stage = Stage::new().await;
    let app = stage.app_token().await;
    let first = stage.ask(Method::GET, COMMENTS, &app, None).await;
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    let known = [("if-none-match", tag.as_str())];
    let again = stage.ask_with(Method::GET, COMMENTS, &app, None, &known).await.unwrap();
    assert_eq!(again.status, 304);
    let left =
        |answer: &crate::stage::Answer| answer.headers["x-ratelimit-remaining"].to_str().unwrap().to_owned();
    stage.sim.comment(REPO, 1, "bo", "new").unwrap();
    let changed = stage.ask_with(Method::GET, COMMENTS, &app, None, &known).await.unwrap();
    assert_eq!(changed.status, 200);
    let (before, after): (u64, u64) = (left(&first).parse().unwrap(), left(&changed).parse().unwrap());
    assert_eq!(before - after, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_strike_before_or_after_the_effect() {
    let stage = Stage::with(SimConfig::strict()).await;
    let app = stage.app_token().await;
    let pattern = "POST /repos/*/*/issues/*/comments";
    let cases = [
        (Fault::Status(503), Some(503), 0),
        (Fault::Drop, None, 0),
        (Fault::RateLimit { seconds: 9 }, Some(403), 0),
        (Fault::StatusAfterEffect(502), Some(502), 1),
        (Fault::DropAfterEffect, None, 2),
        (Fault::Slow(Duration::from_millis(50)), Some(201), 3),
    ];
    for (fault, status, comments) in cases {
        stage.sim.fail_next(pattern, fault).unwrap();
        let started = Instant::now();
        let body = Some(json!({ "body": "x" }));
        let answer = stage.ask_with(Method::POST, COMMENTS, &app, body, &[]).await;
        assert_eq!(answer.as_ref().ok().map(|answer| answer.status), status, "{fault:?}");
        assert_eq!(stage.sim.comments(REPO, 1).unwrap().len(), comments, "{fault:?}");
        if let Fault::Slow(time) = fault {
            assert!(started.elapsed() >= time);
        }
        if let Fault::RateLimit { .. } = fault {
            assert_eq!(answer.unwrap().headers["retry-after"], "9");
        }
    }
    assert_eq!(stage.sim.unused_faults(), 0);
    let last = stage.sim.requests().pop().unwrap();
    assert_eq!((last.caller.as_str(), last.status), ("app countersign", Some(201)));
    assert!(stage.sim.fail_next("nonsense", Fault::Drop).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn something_can_happen_right_before_a_request_is_served() {
    let stage = Stage::new().await;
    let app = stage.app_token().await;
    stage
        .sim
        .on_next("PUT /repos/*/*/pulls/*/merge", |sim| async move {
            sim.commit(REPO, "topic", "main", &[("a.yaml", Some("a: 9\n"))], "cy", "Sneak in").await.unwrap();
        })
        .unwrap();
    let body = Some(json!({ "sha": stage.head }));
    let answer = stage.ask(Method::PUT, "/repos/acme/env/pulls/1/merge", &app, body).await;
    assert_eq!(answer.status, 409);
    assert_eq!(stage.sim.change(REPO, 1).unwrap().state, ChangeState::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_ends_and_nothing_is_done_any_more() {
    let stage = Stage::with(SimConfig { budget: 1, ..SimConfig::strict() }).await;
    let cy = stage.token("cy");
    for (status, comments) in [(201, 1), (403, 1)] {
        let answer = stage.ask(Method::POST, COMMENTS, &cy, Some(json!({ "body": "x" }))).await;
        assert_eq!((answer.status, stage.sim.comments(REPO, 1).unwrap().len()), (status, comments));
        assert_eq!(answer.headers["x-ratelimit-remaining"], "0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mergeability_comes_late_and_conflicts_are_seen() {
    let stage = Stage::new().await;
    let app = stage.app_token().await;
    let path = "/repos/acme/env/pulls/1";
    let seen = async || {
        let body = stage.ask(Method::GET, path, &app, None).await.body;
        (body["mergeable"].clone(), body["mergeable_state"].clone(), body["base"]["sha"].clone())
    };
    assert_eq!(seen().await, (json!(true), json!("clean"), json!(stage.base)));
    let files = [("a.yaml", Some("a: 7\n"))];
    stage.sim.commit(REPO, "main", "main", &files, "ana", "Conflict").await.unwrap();
    // As on GitHub, the base that is told is the one of the last push to the change.
    assert_eq!(seen().await, (json!(null), json!("unknown"), json!(stage.base)));
    assert_eq!(seen().await, (json!(false), json!("dirty"), json!(stage.base)));
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_nothing_and_readers_change_nothing() {
    let stage = Stage::new().await;
    stage.sim.add_user("eve").unwrap();
    let app = stage.app_token().await;
    let status = format!("/repos/acme/env/statuses/{}", stage.head);
    let body = || Some(json!({ "state": "success" }));
    let cases = [
        (stage.token("eve"), Method::GET, "/repos/acme/env", None, 404),
        (stage.token("eve"), Method::POST, COMMENTS, Some(json!({ "body": "x" })), 404),
        (stage.token("dee"), Method::POST, status.as_str(), body(), 403),
        (stage.token("dee"), Method::GET, "/repos/acme/env/branches/main/protection", None, 403),
        (
            stage.token("ana"),
            Method::POST,
            "/repos/acme/env/check-runs",
            Some(json!({ "name": "x", "head_sha": stage.head })),
            403,
        ),
        (stage.jwt(600), Method::GET, "/repos/acme/env", None, 404),
        (stage.jwt(-1), Method::GET, "/app", None, 401),
        (stage.jwt(700), Method::GET, "/app", None, 401),
        (stage.jwt(600).replace('.', ".A"), Method::GET, "/app", None, 401),
        (app.clone(), Method::POST, COMMENTS, Some(json!({ "body": "x".repeat(65_537) })), 422),
        (app.clone(), Method::POST, COMMENTS, Some(json!({ "body": " " })), 422),
        (
            stage.token("cy"),
            Method::POST,
            "/repos/acme/env/pulls/1/reviews",
            Some(json!({ "event": "APPROVE" })),
            422,
        ),
    ];
    for (token, method, path, body, status) in cases {
        let answer = stage.ask(method.clone(), path, &token, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {:?}", answer.body);
    }
    stage.sim.expire_tokens();
    assert_eq!(stage.ask(Method::GET, COMMENTS, &app, None).await.status, 401);
    stage.sim.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_and_breaches_of_the_contract_are_complaints() {
    let stage = Stage::new().await;
    let app = stage.app_token().await;
    let check = async |method: Method, path: &str, body: Option<serde_json::Value>, complaint: &str| {
        let before = stage.sim.complaints().len();
        stage.ask(method, path, &app, body).await;
        let found = stage.sim.complaints();
        assert!(found.len() > before && found.iter().any(|one| one.contains(complaint)), "{path}: {found:?}");
    };
    check(Method::GET, "/repos/acme/env/labels", None, "nobody serves GET /repos/acme/env/labels").await;
    check(Method::DELETE, "/repos/acme/env/pulls", None, "nobody serves DELETE").await;
    check(Method::GET, "/repos/acme/env/pulls?colour=red", None, "query of GET").await;
    check(Method::GET, "/repos/acme/env/pulls?state=merged", None, "query of GET").await;
    let status = format!("/repos/acme/env/statuses/{}", stage.head);
    check(Method::POST, &status, Some(json!({ "state": "passed" })), "body of POST").await;
    check(Method::POST, COMMENTS, Some(json!({ "body": "x", "colour": "red" })), "body of POST").await;
    assert!(Contract::from_json("{").is_err());
}
