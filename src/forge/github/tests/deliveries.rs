//! What GitHub's deliveries say: a table, and those that were captured.

use aws_lc_rs::hmac;
use countersign_core::actor::{Actor, ActorId, ActorKind};

use super::*;
use crate::ports::{DeliveryError, DeliveryId, Hint};

const EXAMPLES: &str = include_str!("../../../../tests/fixtures/webhooks/github/payloads.json");

fn forge(repositories: &[&str]) -> Arc<dyn Forge> {
    let auth = GitHubAuth::Token(Secret::new(TOKEN.to_owned()));
    let repositories = repositories.iter().map(|&pattern| pattern.to_owned()).collect();
    GitHub::new(GitHubConfig { repositories, ..config("http://127.0.0.1:1", auth) }).unwrap()
}

fn signature(body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"It's a Secret to Everybody");
    let tag = hmac::sign(&key, body);
    tag.as_ref().iter().fold("sha256=".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn read(forge: &dyn Forge, event: &str, body: &[u8]) -> Result<(DeliveryId, Hint), DeliveryError> {
    let signature = signature(body);
    let header = |name: &str| match name {
        "x-hub-signature-256" => Some(signature.clone()),
        "x-github-delivery" => Some("d-1".to_owned()),
        "x-github-event" => Some(event.to_owned()),
        _ => None,
    };
    forge.read(&header, body)
}

async fn check(event: &str, payload: Value, expected: Hint) {
    let forge = forge(&["acme/*"]);
    let answer = read(forge.as_ref(), event, payload.to_string().as_bytes());
    assert_eq!(answer, Ok((DeliveryId("d-1".to_owned()), expected)), "{event} {payload}");
}

fn looks(number: u64) -> Hint {
    Hint::Change { repo: shop(), number, pushed: None }
}

fn moved(name: &str) -> Hint {
    Hint::Branch { repo: shop(), branch: branch(name) }
}

fn with(fields: Value) -> Value {
    let mut payload = json!({ "repository": { "full_name": "acme/shop", "default_branch": "main" } });
    payload.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    payload
}

#[tokio::test]
async fn events_say_where_to_look() {
    let pull = json!({ "number": 7, "head": { "sha": HEAD } });
    check(
        "pull_request",
        with(json!({ "action": "opened", "number": 7, "pull_request": pull, "sender": user(5, "ann") })),
        looks(7),
    )
    .await;
    let ann = Actor { id: ActorId::new(5), login: "ann".to_owned(), kind: ActorKind::Human };
    let pushed = Hint::Change { repo: shop(), number: 7, pushed: Some((ann, head())) };
    check(
        "pull_request",
        with(json!({ "action": "synchronize", "number": 7, "pull_request": pull, "sender": user(5, "ann") })),
        pushed,
    )
    .await;
    check(
        "pull_request",
        with(json!({ "action": "synchronize", "number": 7, "pull_request": pull, "sender": null })),
        looks(7),
    )
    .await;
    check("pull_request", with(json!({ "action": "of next year", "number": 7 })), looks(7)).await;
    check("pull_request_review", with(json!({ "action": "submitted", "pull_request": pull })), looks(7))
        .await;
    check(
        "pull_request_review_thread",
        with(json!({ "action": "resolved", "pull_request": pull })),
        looks(7),
    )
    .await;
    let on_pull = json!({ "action": "created", "issue": { "number": 7, "pull_request": {} }, "comment": { "user": null } });
    check("issue_comment", with(on_pull), looks(7)).await;
    check("issue_comment", with(json!({ "action": "created", "issue": { "number": 7 } })), Hint::Nothing)
        .await;
    check("push", with(json!({ "ref": "refs/heads/release/1.2" })), moved("release/1.2")).await;
    check("push", with(json!({ "ref": "refs/tags/v1" })), Hint::Nothing).await;
    check("push", with(json!({ "ref": "refs/heads/-odd" })), Hint::Nothing).await;
    check("ping", with(json!({ "zen": "Design for failure." })), Hint::Nothing).await;
    check("of_next_year", with(json!({ "action": "created" })), Hint::Nothing).await;
}

#[tokio::test]
async fn checks_and_statuses_of_others_say_where_to_look() {
    let done = |run: Value| with(json!({ "action": "completed", "check_run": run }));
    let pulls = |numbers: &[u64]| {
        json!(
            numbers
                .iter()
                .map(|number| json!({ "number": number, "base": { "ref": "prod" } }))
                .collect::<Vec<_>>()
        )
    };
    check("check_run", done(json!({ "name": "ci", "pull_requests": pulls(&[7]) })), looks(7)).await;
    check("check_run", done(json!({ "name": "ci", "pull_requests": pulls(&[7, 8]) })), moved("prod")).await;
    check("check_run", done(json!({ "name": "ci", "pull_requests": [] })), moved("main")).await;
    let on_branch = json!({ "name": "ci", "pull_requests": [], "check_suite": { "head_branch": "main" } });
    check("check_run", done(on_branch), Hint::Nothing).await;
    check("check_run", done(json!({ "name": "countersign", "pull_requests": pulls(&[7]) })), Hint::Nothing)
        .await;
    let begun = json!({ "action": "created", "check_run": { "name": "ci", "pull_requests": pulls(&[7]) } });
    check("check_run", with(begun), Hint::Nothing).await;
    let suite = json!({ "action": "completed", "check_suite": { "pull_requests": pulls(&[7]) } });
    check("check_suite", with(suite), looks(7)).await;
    check("status", with(json!({ "context": "ci", "state": "success" })), moved("main")).await;
    check("status", with(json!({ "context": "ci", "state": "pending" })), Hint::Nothing).await;
    for ours in ["countersign", "countersign (release/1)"] {
        check("status", with(json!({ "context": ours, "state": "success" })), Hint::Nothing).await;
    }
    check("status", with(json!({ "context": "countersign/prod", "state": "failure" })), Hint::Nothing).await;
}

#[tokio::test]
async fn what_is_elsewhere_or_odd_is_nothing() {
    let elsewhere = json!({ "repository": { "full_name": "other/shop" }, "number": 7 });
    check("pull_request", elsewhere, Hint::Nothing).await;
    for payload in [
        json!({}),
        json!({ "repository": null }),
        json!({ "repository": { "full_name": "../.." } }),
        json!({ "repository": { "full_name": "acme/shop" }, "number": "seven" }),
        json!({ "repository": "acme/shop" }),
    ] {
        check("pull_request", payload, Hint::Nothing).await;
    }
}

#[tokio::test]
async fn only_signed_deliveries_are_read() {
    let forge = forge(&["acme/*"]);
    let body = b"Hello, World!";
    let documented = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(signature(body), documented);
    let read_as = |name: &'static str, value: &str| {
        forge.read(&|asked| (asked == name).then(|| value.to_owned()), body)
    };
    // Signed, and then found to be no delivery.
    let headless = read_as("x-hub-signature-256", documented);
    assert_eq!(headless, Err(DeliveryError::Malformed("no x-github-delivery header".to_owned())));
    for (name, value) in [
        ("x-hub-signature-256", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
        ("x-hub-signature-256", "sha256="),
        ("x-hub-signature-256", &documented.replace("e17", "e18")),
        ("x-hub-signature", documented),
        ("x-hub-signature", "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"),
        ("x-github-event", "push"),
    ] {
        assert_eq!(read_as(name, value), Err(DeliveryError::Signature), "{name}: {value}");
    }
    let told = |body: &[u8]| read(forge.as_ref(), "push", body).unwrap_err().to_string();
    insta::assert_snapshot!(told(b"payload=%7B%7D"), @"the body is not a delivery: expected value at line 1 column 1; set the webhook's content type to application/json");
    insta::assert_snapshot!(told(b"[]"), @"the body is not a delivery: not a JSON object");
}

#[tokio::test]
async fn every_captured_delivery_is_taken() {
    let examples: Vec<Value> = serde_json::from_str(EXAMPLES).unwrap();
    let forge = forge(&["*/*"]);
    let mut told = std::collections::BTreeMap::<_, [usize; 3]>::new();
    for example in &examples {
        let event = example["event"].as_str().unwrap();
        let (_, hint) = read(forge.as_ref(), event, example["payload"].to_string().as_bytes()).unwrap();
        let counts = told.entry(event).or_default();
        match hint {
            Hint::Change { .. } => counts[0] += 1,
            Hint::Branch { .. } => counts[1] += 1,
            Hint::Nothing => counts[2] += 1,
        }
    }
    assert!(examples.len() > 120);
    let hints = told.iter().filter(|(_, counts)| counts[0] + counts[1] > 0);
    let lines: Vec<_> = hints
        .map(|(event, [change, branch, nothing])| format!("{event}: {change} {branch} {nothing}"))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    check_run: 3 0 6
    check_suite: 3 0 6
    pull_request: 29 0 0
    pull_request_review: 4 0 0
    pull_request_review_comment: 5 0 0
    pull_request_review_thread: 3 0 0
    push: 0 2 5
    status: 0 4 0
    ");
}
