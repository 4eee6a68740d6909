//! The bot as a GitHub App: tokens, its own name, check runs.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_core::plan::{Annotation, AnnotationLevel, Annotations};
use countersign_core::snapshot::StatusState;
use wiremock::matchers::{body_partial_json, header_regex, query_param};

use super::*;
use crate::ports::StatusUpdate;

const APP: u64 = 77;
const MINTED: &str = "ghs_hunter2";

/// A key that was never anybody's.
fn pem() -> Secret {
    static PEM: OnceLock<String> = OnceLock::new();
    let pem = PEM.get_or_init(|| {
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
        let text = BASE64_STANDARD.encode(der.as_ref());
        let lines: Vec<_> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    });
    Secret::new(pem.clone())
}

fn as_app(server: &MockServer) -> Arc<dyn Forge> {
    let auth = GitHubAuth::App { id: APP, pem: pem() };
    GitHub::new(config(&format!("{}/api/v3", server.uri()), auth)).unwrap()
}

async fn answer(server: &MockServer, verb: &str, route: &str, signed: &str, body: Value, times: u64) {
    Mock::given(method(verb))
        .and(path(format!("/api/v3{route}")))
        .and(header_regex("authorization", signed))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .expect(times)
        .mount(server)
        .await;
}

const JWT: &str = r"^Bearer ey[\w-]+\.[\w-]+\.[\w-]+$";
const INSTALLED: &str = "^Bearer ghs_hunter2$";

/// The app, installed on acme/shop.
async fn installed(server: &MockServer, minted: u64) {
    answer(server, "GET", "/repos/acme/shop/installation", JWT, json!({ "id": 9 }), 1).await;
    let token = json!({ "token": MINTED, "expires_at": "2099-01-01T00:00:00Z", "permissions": {} });
    answer(server, "POST", "/app/installations/9/access_tokens", JWT, token, minted).await;
}

#[tokio::test]
async fn ten_calls_at_once_mint_one_token() {
    let server = MockServer::start().await;
    let token = json!({ "token": MINTED, "expires_at": "2099-01-01T00:00:00Z", "permissions": {} });
    let slow =
        ResponseTemplate::new(201).set_body_json(token).set_delay(std::time::Duration::from_millis(100));
    let mint = path("/api/v3/app/installations/9/access_tokens");
    Mock::given(mint).respond_with(slow).expect(1).mount(&server).await;
    let found = ResponseTemplate::new(200).set_body_json(json!({ "id": 9 }));
    Mock::given(path("/api/v3/repos/acme/shop/installation")).respond_with(found).mount(&server).await;
    answer(&server, "GET", "/repos/acme/shop/pulls/7", INSTALLED, pull(7, "open"), 10).await;
    let forge = as_app(&server);
    let id = change(7);
    let answers = futures::future::join_all((0..10).map(|_| forge.change(&id))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

#[tokio::test]
async fn git_gets_the_token_of_the_installation() {
    let server = MockServer::start().await;
    installed(&server, 1).await;
    let repo = json!({ "full_name": "acme/shop", "clone_url": "https://h/acme/shop.git" });
    answer(&server, "GET", "/repos/acme/shop", INSTALLED, repo, 1).await;
    let remote = as_app(&server).remote(&change(7)).await.unwrap();
    assert_eq!(remote.credentials.unwrap().1.expose(), MINTED);
}

#[tokio::test]
async fn the_app_acts_under_its_own_name() {
    let server = MockServer::start().await;
    installed(&server, 1).await;
    answer(&server, "GET", "/app", JWT, json!({ "id": APP, "slug": "countersign-acme" }), 1).await;
    answer(&server, "GET", "/app/installations", JWT, json!([{ "id": 9 }]), 1).await;
    let bot = json!({ "id": 41, "login": "countersign-acme[bot]", "type": "Bot" });
    answer(&server, "GET", "/users/countersign-acme%5Bbot%5D", INSTALLED, bot, 1).await;
    let forge = as_app(&server);
    forge.me().await.unwrap();
    let me = forge.me().await.unwrap();
    assert_eq!((me.id.get(), me.login.as_str()), (41, "countersign-acme[bot]"));
    // The token that was minted for this serves the repository too.
    answer(&server, "GET", "/repos/acme/shop/pulls/7", INSTALLED, pull(7, "open"), 1).await;
    forge.change(&change(7)).await.unwrap();
}

#[tokio::test]
async fn an_app_that_is_not_installed_says_what_to_do() {
    let server = MockServer::start().await;
    let absent = ResponseTemplate::new(404).set_body_json(json!({ "message": "Not Found" }));
    Mock::given(method("GET")).respond_with(absent).mount(&server).await;
    let answer = as_app(&server).change(&change(7)).await.unwrap_err();
    shown(&answer);
    insta::assert_snapshot!(answer, @"finding the app's installation was refused by the forge: the app is not installed on `acme/shop`: install it there");
}

#[tokio::test]
async fn an_installation_that_is_gone_is_looked_for_again() {
    let server = MockServer::start().await;
    answer(&server, "GET", "/repos/acme/shop/installation", JWT, json!({ "id": 8 }), 2).await;
    let gone = ResponseTemplate::new(404).set_body_json(json!({ "message": "Integration not found" }));
    let mint = path("/api/v3/app/installations/8/access_tokens");
    Mock::given(mint).respond_with(gone).expect(2).mount(&server).await;
    let forge = as_app(&server);
    for _ in 0..2 {
        let answer = forge.change(&change(7)).await.unwrap_err();
        assert!(matches!(answer, ForgeError::NotFound { .. }), "{}", shown(&answer));
    }
}

fn run(id: u64, status: &str, conclusion: Value, title: &str) -> Value {
    json!({
        "id": id, "name": "countersign", "status": status, "conclusion": conclusion, "details_url": null,
        "external_id": "countersign:countersign", "output": { "title": title }, "app": { "id": APP },
    })
}

/// What is written where these runs are there: the verb, the path's end, and a part of the body.
async fn check(runs: Value, state: StatusState, expected: Option<(&str, &str, Value)>) {
    let server = MockServer::start().await;
    installed(&server, 1).await;
    let list = path(format!("/api/v3/repos/acme/shop/commits/{HEAD}/check-runs"));
    let list =
        Mock::given(list).and(query_param("check_name", "countersign")).and(query_param("app_id", "77"));
    let runs = ResponseTemplate::new(200).set_body_json(json!({ "total_count": 9, "check_runs": runs }));
    list.respond_with(runs).mount(&server).await;
    let write = async |verb: &str, route: &str, body: Value, times: u64| {
        let mock = Mock::given(method(verb)).and(path(format!("/api/v3/repos/acme/shop/check-runs{route}")));
        let answer = ResponseTemplate::new(201).set_body_json(json!({}));
        mock.and(body_partial_json(body)).respond_with(answer).expect(times).mount(&server).await;
    };
    if let Some((verb, route, body)) = expected {
        write(verb, route, body, 1).await;
    }
    let update = StatusUpdate {
        head: &head(),
        context: "countersign",
        state,
        description: "says so",
        url: None,
        annotations: None,
    };
    as_app(&server).set_status(&shop(), update).await.unwrap();
}

/// So many notes, on as many lines.
fn notes(count: u32) -> Annotations {
    let note = |line| Annotation {
        level: if line == 1 { AnnotationLevel::Failure } else { AnnotationLevel::Notice },
        path: "a/web.yaml".to_owned(),
        line,
        title: "two replicas".to_owned(),
        message: "at least two".to_owned(),
    };
    Annotations { notes: (1..=count).map(note).collect(), ..Annotations::default() }
}

/// A run of ours that carries notes, or has some of which nobody says whether they are all.
fn annotated(status: &str, conclusion: Value, carries: &str, count: u64) -> Value {
    let mut run = run(4, status, conclusion, "says so");
    run["output"]["annotations_count"] = json!(count);
    if !carries.is_empty() {
        run["external_id"] = json!(format!("countersign:countersign {carries}"));
    }
    run
}

/// What is written where these runs are there: each request with what it says the run carries.
async fn writes(runs: Value, state: StatusState, annotations: Option<&Annotations>) -> Vec<String> {
    let server = MockServer::start().await;
    installed(&server, 1).await;
    let list = path(format!("/api/v3/repos/acme/shop/commits/{HEAD}/check-runs"));
    let runs = ResponseTemplate::new(200).set_body_json(json!({ "total_count": 9, "check_runs": runs }));
    Mock::given(list).respond_with(runs).mount(&server).await;
    let made = ResponseTemplate::new(201).set_body_json(run(9, "in_progress", Value::Null, "says so"));
    let write = wiremock::matchers::path_regex("^/api/v3/repos/acme/shop/check-runs");
    Mock::given(write).respond_with(made).mount(&server).await;
    let (head, description) = (head(), "says so");
    let update =
        StatusUpdate { head: &head, context: "countersign", state, description, url: None, annotations };
    as_app(&server).set_status(&shop(), update).await.unwrap();
    let asked = server.received_requests().await.unwrap();
    let written =
        asked.iter().filter(|request| request.url.path().contains("/check-runs") && request.method != "GET");
    let told = written.map(|request| {
        let body: Value = request.body_json().unwrap();
        let end = request.url.path().rsplit("/check-runs").next().unwrap();
        let count = body["output"]["annotations"].as_array().map_or(0, Vec::len);
        let carries = body["external_id"].as_str().unwrap_or("-").replace("countersign:countersign", "");
        format!("{}{end} {count}{carries} {}", request.method, body["status"].as_str().unwrap())
    });
    told.collect()
}

#[tokio::test]
async fn findings_are_annotations_fifty_at_a_time() {
    let (few, many) = (notes(2), notes(120));
    let (few_id, many_id) = (few.digest(), many.digest());
    let pending = StatusState::Pending;
    assert_eq!(writes(json!([]), pending, Some(&few)).await, [format!("POST 2 {few_id} in_progress")]);
    let unfinished = |verb: &str| format!("{verb} 50 unfinished in_progress");
    assert_eq!(
        writes(json!([]), pending, Some(&many)).await,
        [unfinished("POST"), unfinished("PATCH/9"), format!("PATCH/9 20 {many_id} in_progress")]
    );
    // Those that are there are not sent again.
    let running = |carries: &str, count| annotated("in_progress", Value::Null, carries, count);
    assert!(writes(json!([running(&few_id, 2)]), pending, Some(&few)).await.is_empty());
    let done = StatusState::Failure;
    assert_eq!(
        writes(json!([running(&few_id, 2)]), done, Some(&few)).await,
        [format!("PATCH/4 0 {few_id} completed")]
    );
    // A run without any gets them; one with others, or with a part of them, is brought to an end and left.
    assert_eq!(
        writes(json!([running("", 0)]), pending, Some(&few)).await,
        [format!("PATCH/4 2 {few_id} in_progress")]
    );
    let ended = || "PATCH/4 0- completed".to_owned();
    for carries in ["", "unfinished", "0123456789abcdef"] {
        let anew = [ended(), format!("POST 2 {few_id} in_progress")];
        assert_eq!(writes(json!([running(carries, 50)]), pending, Some(&few)).await, anew, "{carries}");
    }
    let none = Annotations::default();
    assert_eq!(
        writes(json!([running(&few_id, 2)]), pending, Some(&none)).await,
        [ended(), "POST 0 in_progress".to_owned()]
    );
    assert!(writes(json!([running("", 0)]), pending, Some(&none)).await.is_empty());
    // Who says nothing of them leaves them.
    assert_eq!(writes(json!([running(&few_id, 2)]), done, None).await, ["PATCH/4 0- completed"]);
    assert_eq!(writes(json!([]), done, None).await, ["POST 0 completed"]);
}

/// What the one write says below its title where these runs are there.
async fn told(runs: Value, annotations: Option<&Annotations>) -> (String, String) {
    let server = MockServer::start().await;
    installed(&server, 1).await;
    let list = path(format!("/api/v3/repos/acme/shop/commits/{HEAD}/check-runs"));
    let runs = ResponseTemplate::new(200).set_body_json(json!({ "total_count": 9, "check_runs": runs }));
    Mock::given(method("GET")).and(list).respond_with(runs).mount(&server).await;
    let write = wiremock::matchers::path_regex("^/api/v3/repos/acme/shop/check-runs");
    let made = ResponseTemplate::new(201).set_body_json(json!({}));
    Mock::given(write).respond_with(made).mount(&server).await;
    let (head, description, state) = (head(), "asks *@bo*", StatusState::Pending);
    let update =
        StatusUpdate { head: &head, context: "countersign", state, description, url: None, annotations };
    as_app(&server).set_status(&shop(), update).await.unwrap();
    let asked = server.received_requests().await.unwrap();
    let [write] =
        asked.iter().filter(|one| one.url.path().contains("/shop/check-runs")).collect::<Vec<_>>()[..]
    else {
        panic!("{asked:?}")
    };
    let body: Value = write.body_json().unwrap();
    (write.method.to_string(), body["output"]["summary"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn who_has_to_agree_is_told_below_the_title() {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    let waits = Annotations { approvals: lines(&["⏳ waits: `sre` has 0 of 1"]), ..notes(2) };
    let met = Annotations { approvals: lines(&["✅ met: `sre` has 1 of 1"]), ..notes(2) };
    let title = "asks \\*@&#8203;bo\\*\n\n";
    let (verb, summary) = told(json!([]), Some(&waits)).await;
    let findings = "2 findings are noted at the line.\n\n";
    let below = format!("{findings}**Approvals**\n\n- ⏳ waits: `sre` has 0 of 1");
    assert_eq!((verb.as_str(), summary), ("POST", format!("{title}{below}")));
    // The run stays when only the words are others, and its annotations are not sent again.
    let mut run = annotated("in_progress", Value::Null, &waits.digest(), 2);
    let runs = json!([run]);
    let met_id = met.digest();
    assert_eq!(
        writes(runs.clone(), StatusState::Pending, Some(&met)).await,
        [format!("PATCH/4 0 {met_id} in_progress")]
    );
    assert!(writes(runs.clone(), StatusState::Pending, Some(&waits)).await.is_empty());
    let (verb, summary) = told(runs, Some(&met)).await;
    assert_eq!(
        (verb.as_str(), summary),
        ("PATCH", format!("{title}{findings}**Approvals**\n\n- ✅ met: `sre` has 1 of 1"))
    );
    // Who says nothing of it leaves it.
    run["output"]["summary"] = json!(format!("before\n\n{below}"));
    assert_eq!(told(json!([run]), None).await, ("PATCH".to_owned(), format!("{title}{below}")));
    // What there is no room for is counted.
    let long = format!("⏳ waits: {}", "ö".repeat(5_000));
    let many = Annotations { approvals: vec![long.clone(); 9], ..Annotations::default() };
    let (_, summary) = told(json!([]), Some(&many)).await;
    assert!(summary.len() <= 65_535, "{}", summary.len());
    let told: Vec<&str> = summary.lines().skip(4).collect();
    let whole = format!("- {long}");
    assert_eq!(told, [whole.as_str(), &whole, &whole, &whole, &whole, "- and 4 more"]);
}

#[tokio::test]
async fn an_annotation_says_how_heavy_it_is_and_where() {
    let annotations = Annotations { elsewhere: 3, ..notes(1) };
    let note = json!({
        "path": "a/web.yaml", "start_line": 1, "end_line": 1, "annotation_level": "failure", "title": "two replicas",
        "message": "at least two",
    });
    let summary = "says so\n\n1 finding is noted at the line, 3 more are told in the comment alone.";
    let body = json!({ "output": { "title": "says so", "summary": summary, "annotations": [note] } });
    let server = MockServer::start().await;
    installed(&server, 1).await;
    let list = path(format!("/api/v3/repos/acme/shop/commits/{HEAD}/check-runs"));
    let none = ResponseTemplate::new(200).set_body_json(json!({ "total_count": 0, "check_runs": [] }));
    Mock::given(method("GET")).and(list).respond_with(none).mount(&server).await;
    let made = ResponseTemplate::new(201).set_body_json(json!({}));
    let create = Mock::given(method("POST")).and(path("/api/v3/repos/acme/shop/check-runs"));
    create.and(body_partial_json(body)).respond_with(made).expect(1).mount(&server).await;
    let update = StatusUpdate {
        head: &head(),
        context: "countersign",
        state: StatusState::Pending,
        description: "says so",
        url: None,
        annotations: Some(&annotations),
    };
    as_app(&server).set_status(&shop(), update).await.unwrap();
}

#[tokio::test]
async fn a_check_run_is_created_once_and_then_changed() {
    let created = json!({
        "name": "countersign", "head_sha": HEAD, "external_id": "countersign:countersign", "status": "in_progress",
        "output": { "title": "says so", "summary": "says so" },
    });
    check(json!([]), StatusState::Pending, Some(("POST", "", created.clone()))).await;

    let running = run(4, "in_progress", Value::Null, "before");
    let done = json!({ "status": "completed", "conclusion": "success" });
    check(json!([running]), StatusState::Success, Some(("PATCH", "/4", done.clone()))).await;
    let failed = run(4, "completed", json!("failure"), "before");
    check(json!([failed]), StatusState::Success, Some(("PATCH", "/4", done))).await;
    let failing = json!({ "status": "completed", "conclusion": "failure" });
    check(json!([failed]), StatusState::Failure, Some(("PATCH", "/4", failing))).await;

    let same = run(4, "completed", json!("success"), "says so");
    check(json!([same]), StatusState::Success, None).await;
    let newer = run(5, "in_progress", Value::Null, "says so");
    check(json!([newer, failed]), StatusState::Pending, None).await;

    // What is finished is not opened again.
    check(json!([failed]), StatusState::Pending, Some(("POST", "", created.clone()))).await;

    // Another's run of the same name is another's.
    let mut foreign = run(4, "in_progress", Value::Null, "before");
    foreign["app"]["id"] = json!(1);
    check(json!([foreign]), StatusState::Pending, Some(("POST", "", created.clone()))).await;
    let mut other = run(4, "in_progress", Value::Null, "before");
    other["external_id"] = json!("something");
    check(json!([other]), StatusState::Pending, Some(("POST", "", created))).await;
}
