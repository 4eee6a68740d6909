//! What becomes of a write, whatever GitHub answers.

use countersign_core::change::CommentId;
use countersign_core::plan::Reaction;
use countersign_core::snapshot::StatusState;
use tokio::io::AsyncReadExt as _;
use wiremock::matchers::body_json;

use super::*;
use crate::ports::StatusUpdate;

fn comment(id: u64, body: &str) -> Value {
    let at = "2026-11-21T07:00:00Z";
    json!({ "id": id, "user": user(1, "bot"), "body": body, "created_at": at, "updated_at": at })
}

#[tokio::test]
async fn comments_are_posted_edited_and_reacted_to() {
    let server = MockServer::start().await;
    for (verb, route, body, answer) in [
        ("POST", "/issues/7/comments", json!({ "body": "hello" }), comment(3, "hello")),
        ("PATCH", "/issues/comments/3", json!({ "body": "there" }), comment(3, "there")),
        ("POST", "/issues/comments/3/reactions", json!({ "content": "eyes" }), json!({ "id": 1 })),
    ] {
        let mock = Mock::given(method(verb)).and(path(format!("/api/v3/repos/acme/shop{route}")));
        let answer = ResponseTemplate::new(201).set_body_json(answer);
        mock.and(body_json(body)).respond_with(answer).expect(1).mount(&server).await;
    }
    let forge = as_user(&server);
    assert_eq!(forge.create_comment(&change(7), "hello").await.unwrap().id, CommentId(3));
    assert_eq!(forge.update_comment(&change(7), CommentId(3), "there").await.unwrap().body, "there");
    forge.react(&change(7), CommentId(3), Reaction::Eyes).await.unwrap();
}

/// What a write comes to when the forge answers so, and how often it was sent.
async fn fate(answer: ResponseTemplate) -> (String, usize) {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    let fate = match as_user(&server).create_comment(&change(7), "hello").await.unwrap_err() {
        ForgeError::RateLimited { seconds } => format!("wait {seconds}"),
        ForgeError::NotFound { .. } => "not found".to_owned(),
        ForgeError::Refused { .. } => "refused".to_owned(),
        ForgeError::Unavailable { .. } => "unavailable".to_owned(),
        ForgeError::Ambiguous { .. } => "ambiguous".to_owned(),
        ForgeError::Unexpected { .. } => "unexpected".to_owned(),
    };
    (fate, server.received_requests().await.unwrap().len())
}

#[tokio::test]
async fn a_write_is_sent_once_whatever_comes() {
    for (status, expected) in [
        (400, "refused"),
        (401, "refused"),
        (403, "refused"),
        (404, "not found"),
        (409, "refused"),
        (422, "refused"),
        (429, "wait 60"),
        (500, "ambiguous"),
        (502, "ambiguous"),
        (503, "ambiguous"),
        (504, "ambiguous"),
    ] {
        let answer = ResponseTemplate::new(status).set_body_json(json!({ "message": "no" }));
        assert_eq!(fate(answer).await, (expected.to_owned(), 1), "{status}");
    }
    let busy = ResponseTemplate::new(403).insert_header("retry-after", "5");
    assert_eq!(fate(busy).await, ("wait 5".to_owned(), 1));
}

#[tokio::test]
async fn a_write_that_was_not_sent_is_told_from_one_that_was_not_answered() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let swallow = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        stream.read(&mut request).await.unwrap()
    });
    let auth = || GitHubAuth::Token(Secret::new(TOKEN.to_owned()));
    let forge = GitHub::new(config(&url, auth())).unwrap();
    let answer = forge.create_comment(&change(7), "hello").await.unwrap_err();
    assert!(matches!(answer, ForgeError::Ambiguous { .. }), "{}", shown(&answer));
    assert!(swallow.await.unwrap() > 0);

    // The listener is gone with its task: nothing answers there now.
    let forge = GitHub::new(config(&url, auth())).unwrap();
    let answer = forge.create_comment(&change(7), "hello").await.unwrap_err();
    assert!(matches!(answer, ForgeError::Unavailable { .. }), "{}", shown(&answer));
}

#[tokio::test]
async fn a_user_publishes_a_commit_status() {
    let server = MockServer::start().await;
    let long = "x".repeat(200);
    let cut = format!("{}…", "x".repeat(139));
    for (state, description, url, body) in [
        (
            StatusState::Success,
            "ready",
            Some("https://cs/7"),
            json!({ "state": "success", "context": "countersign", "description": "ready", "target_url": "https://cs/7" }),
        ),
        (
            StatusState::Pending,
            long.as_str(),
            None,
            json!({ "state": "pending", "context": "countersign", "description": cut }),
        ),
        (
            StatusState::Failure,
            "blocked",
            None,
            json!({ "state": "failure", "context": "countersign", "description": "blocked" }),
        ),
    ] {
        server.reset().await;
        let route = path(format!("/api/v3/repos/acme/shop/statuses/{HEAD}"));
        let mock = Mock::given(method("POST")).and(route).and(body_json(body));
        mock.respond_with(ResponseTemplate::new(201).set_body_json(json!({}))).expect(1).mount(&server).await;
        let update = StatusUpdate {
            head: &head(),
            context: "countersign",
            state,
            description,
            url,
            annotations: None,
        };
        as_user(&server).set_status(&shop(), update).await.unwrap();
    }
}

#[tokio::test]
async fn github_notices_a_merge_by_itself() {
    let server = MockServer::start().await;
    let open = ResponseTemplate::new(200).set_body_json(pull(7, "open"));
    let not_yet = Mock::given(method("GET")).respond_with(open.clone()).up_to_n_times(2).expect(2);
    not_yet.mount(&server).await;
    let mut merged = pull(7, "closed");
    merged["merged"] = json!(true);
    get(&server, "/repos/acme/shop/pulls/7", merged).await;
    as_user(&server).mark_merged(&change(7), &head()).await.unwrap();

    server.reset().await;
    get(&server, "/repos/acme/shop/pulls/7", pull(7, "closed")).await;
    let answer = as_user(&server).mark_merged(&change(7), &head()).await.unwrap_err();
    assert!(matches!(answer, ForgeError::Refused { .. }), "{answer:?}");
}
