//! Pages, odd answers and lost answers of Gitea; what an ordinary one does is asked of a real Gitea.

use countersign_core::actor::{Actor, ActorId, ActorKind, Permission};
use countersign_core::change::{ChangeState, ReviewState};
use countersign_core::snapshot::StatusState::{Failure, Pending, Success};
use wiremock::matchers::{body_json, query_param};

use super::super::read::merged;
use super::super::wire::{Branch, Status};
use super::*;
use crate::ports::{ForgeError, GHOST, SealDepth};

fn ann() -> Actor {
    Actor { id: ActorId::new(5), login: "ann".to_owned(), kind: ActorKind::Human }
}

async fn page(server: &MockServer, route: &str, number: u64, total: Option<u64>, body: Value) {
    let answer = ResponseTemplate::new(200).set_body_json(body);
    let answer = match total {
        Some(total) => answer.insert_header("x-total-count", total.to_string()),
        None => answer,
    };
    let route = path(format!("/git/api/v1{route}"));
    let mock =
        Mock::given(route).and(query_param("page", number.to_string())).and(query_param("limit", "50"));
    mock.respond_with(answer).expect(1).mount(server).await;
}

#[tokio::test]
async fn pages_are_read_until_all_are_there() {
    let route = "/repos/acme/shop/pulls";
    let numbers = async |server: &MockServer| {
        let open = forge(server).await.open_changes(&shop()).await.unwrap();
        open.iter().map(|line| line.number).collect::<Vec<_>>()
    };
    // The server gives fewer a page than were asked for.
    let server = MockServer::start().await;
    for number in 1..=3 {
        page(&server, route, number, Some(3), json!([pull(number, "open")])).await;
    }
    assert_eq!(numbers(&server).await, [1, 2, 3]);

    // A list that knows no pages is not read twice.
    let server = MockServer::start().await;
    page(&server, route, 1, Some(2), json!([pull(1, "open"), pull(2, "open")])).await;
    assert_eq!(numbers(&server).await, [1, 2]);

    // One went away meanwhile.
    let server = MockServer::start().await;
    page(&server, route, 1, Some(3), json!([pull(1, "open")])).await;
    page(&server, route, 2, Some(3), json!([])).await;
    assert_eq!(numbers(&server).await, [1]);

    // A request without a head hides no other.
    let server = MockServer::start().await;
    let mut headless = pull(1, "open");
    headless["head"]["sha"] = json!("");
    page(&server, route, 1, None, json!([headless, pull(2, "open")])).await;
    assert_eq!(numbers(&server).await, [2]);
}

#[tokio::test]
async fn a_pull_request_is_what_it_is() {
    let check = async |edit: &dyn Fn(&mut Value), fork: bool, state: ChangeState| {
        let server = MockServer::start().await;
        let mut body = pull(7, "open");
        edit(&mut body);
        get(&server, "/repos/acme/shop/pulls/7", body).await;
        let seen = forge(&server).await.change(&change(7)).await.unwrap();
        assert_eq!((seen.fork, &seen.state), (fork, &state));
        seen.author
    };
    assert_eq!(check(&|_| (), false, ChangeState::Open).await, ann());
    check(&|pull| pull["head"]["repo"]["id"] = json!(2), true, ChangeState::Open).await;
    check(&|pull| pull["head"]["repo"] = Value::Null, true, ChangeState::Open).await;
    check(&|pull| pull["state"] = json!("closed"), false, ChangeState::Closed).await;
    let merged = |pull: &mut Value| {
        pull["merged"] = json!(true);
        pull["merge_commit_sha"] = json!(HEAD);
    };
    check(&merged, false, ChangeState::Merged { commit: Some(head()) }).await;
    // Deleted accounts have a number below zero, Gitea's own machine another.
    let ghost = check(&|pull| pull["user"] = user(-1, "Ghost"), false, ChangeState::Open).await;
    assert_eq!((ghost.id, ghost.kind), (GHOST, ActorKind::Human));
    let actions = check(&|pull| pull["user"] = user(-2, "gitea-actions"), false, ChangeState::Open).await;
    assert_eq!((actions.id, actions.kind), (GHOST, ActorKind::Bot));
    let own = check(&|pull| pull["user"] = user(41, "cs-bot"), false, ChangeState::Open).await;
    assert_eq!((own.id, own.kind), (ActorId::new(41), ActorKind::Bot));
}

#[tokio::test]
async fn signatures_are_told_with_whose_they_are() {
    let server = MockServer::start().await;
    let commit = |n: usize, verification: Value| json!({ "sha": format!("{n:040x}"), "commit": { "verification": verification } });
    let by = |login: &str, reason: &str, verified: bool| {
        let signer = json!({ "name": "Ann", "email": "ann@example.org", "username": login });
        json!({ "verified": verified, "reason": reason, "signer": signer, "signature": "", "payload": "" })
    };
    let unsigned = json!({ "verified": false, "reason": "gpg.error.not_signed_commit", "signer": null });
    let list = json!([
        commit(1, by("ann", "ann / 3AA5C34371567BD2", true)),
        commit(2, by("ann", "ann / SHA256:47DEQpj8HBSa", true)),
        commit(3, by("ann", "gpg.error.no_gpg_keys_found / 3AA5C34371567BD2", false)),
        commit(4, unsigned),
        commit(5, Value::Null),
    ]);
    get(&server, "/repos/acme/shop/pulls/7/commits", list).await;
    get(&server, "/users/ann", user(5, "ann")).await;
    let seals = forge(&server).await.commit_seals(&change(7), SealDepth::Whose).await.unwrap();
    let told: Vec<_> = seals
        .into_iter()
        .map(|seal| (seal.signature.verified, seal.signature.signer, seal.signature.key))
        .collect();
    let key = || Some("3AA5C34371567BD2".to_owned());
    assert_eq!(
        told,
        [
            (true, Some(ann()), key()),
            (true, Some(ann()), Some("SHA256:47DEQpj8HBSa".to_owned())),
            (false, Some(ann()), None),
            (false, None, None)
        ]
    );
}

#[tokio::test]
async fn runs_of_workflows_are_those_of_the_commit_that_ended() {
    let server = MockServer::start().await;
    let run = |number: u64, sha: &str, status: &str, conclusion: &str| {
        json!({ "head_sha": sha, "path": "build.yml@refs/pull/7/head", "event": "pull_request", "run_number": number,
            "status": status, "conclusion": conclusion })
    };
    let other = "2".repeat(40);
    let runs = json!([
        run(2, HEAD, "completed", "success"),
        run(3, HEAD, "queued", ""),
        run(4, &other, "completed", "success")
    ]);
    get(&server, "/repos/acme/shop/actions/runs", json!({ "total_count": 3, "workflow_runs": runs })).await;
    let told = forge(&server).await.workflow_runs(&shop(), &head()).await.unwrap();
    let told: Vec<_> =
        told.iter().map(|run| (run.workflow.as_str(), run.number, run.conclusion.as_deref())).collect();
    assert_eq!(told, [("build.yml", 2, Some("success")), ("build.yml", 3, None)]);
}

#[tokio::test]
async fn what_makes_no_sense_is_said() {
    let server = MockServer::start().await;
    let mut body = pull(7, "open");
    body["base"]["ref"] = json!("");
    get(&server, "/repos/acme/shop/pulls/7", body).await;
    let answer = forge(&server).await.change(&change(7)).await.unwrap_err();
    insta::assert_snapshot!(answer, @"reading the pull request: the forge answered something unexpected: base: `` is not a branch name");
}

#[tokio::test]
async fn reviews_that_are_none_are_left_out() {
    let server = MockServer::start().await;
    let review = |id: u64, state: &str, dismissed: bool| {
        json!({ "id": id, "user": user(5, "ann"), "state": state, "body": "", "commit_id": HEAD, "dismissed": dismissed,
                "stale": true, "submitted_at": format!("2026-11-21T07:00:{id:02}Z") })
    };
    let mut asked = review(3, "REQUEST_REVIEW", false);
    asked["user"] = Value::Null;
    let list = json!([
        review(5, "REQUEST_CHANGES", false),
        review(1, "APPROVED", false),
        review(2, "PENDING", false),
        asked,
        review(4, "APPROVED", true),
        review(6, "COMMENT", false),
    ]);
    get(&server, "/repos/acme/shop/pulls/7/reviews", list).await;
    let reviews = forge(&server).await.reviews(&change(7)).await.unwrap();
    assert_eq!(
        reviews.iter().map(|review| (review.id.0, review.state)).collect::<Vec<_>>(),
        [
            (1, ReviewState::Approved),
            (4, ReviewState::Dismissed),
            (5, ReviewState::ChangesRequested),
            (6, ReviewState::Commented)
        ]
    );
}

#[test]
fn statuses_are_one_to_a_name_and_patterns_may_ask_for_them() {
    let status =
        |id: u64, context: &str, state: &str| json!({ "id": id, "context": context, "status": state });
    let statuses = json!([
        status(3, "ci/lint", "success"),
        status(1, "ci/lint", "failure"),
        status(4, "ci/test", "warning"),
        status(5, "docs", "skipped"),
        status(6, "later", "pending"),
    ]);
    let check = |patterns: &[&str], enabled: bool, expected: &[(&str, _, bool)]| {
        let statuses: Vec<Status> = serde_json::from_value(statuses.clone()).unwrap();
        let patterns = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let branch = Branch {
            enable_status_check: enabled,
            status_check_contexts: Some(patterns),
            ..Branch::default()
        };
        let lines = merged(statuses, &branch);
        let told: Vec<_> =
            lines.iter().map(|line| (line.context.as_str(), line.state, line.required)).collect();
        assert_eq!(told, expected);
    };
    let seen = |lint, test, docs, later| {
        [
            ("ci/lint", Success, lint),
            ("ci/test", Failure, test),
            ("docs", Success, docs),
            ("later", Pending, later),
        ]
    };
    check(&[], false, &seen(false, false, false, false));
    check(&["ci/*"], false, &seen(false, false, false, false));
    check(&["ci/*"], true, &seen(true, true, false, false));
    check(&[], true, &seen(true, true, true, true));
    check(&["ci/{test,lint}", "d?cs"], true, &seen(true, true, true, false));
    let mut absent = seen(false, false, true, false).to_vec();
    absent.push(("deploy/*", Pending, true));
    check(&["docs", "deploy/*"], true, &absent);
}

#[tokio::test]
async fn a_permission_is_that_of_the_number() {
    let route = "/repos/acme/shop/collaborators";
    let body = |id, login, permission: &str| json!({ "permission": permission, "user": user(id, login) });
    for (permission, expected) in [
        ("owner", Permission::Admin),
        ("admin", Permission::Admin),
        ("write", Permission::Write),
        ("read", Permission::Read),
        ("none", Permission::None),
    ] {
        let server = MockServer::start().await;
        get(&server, &format!("{route}/ann/permission"), body(5, "ann", permission)).await;
        assert_eq!(forge(&server).await.permission(&shop(), &ann()).await.unwrap(), expected);
    }
    // Another has the name, or nobody has.
    for taken in [true, false] {
        let server = MockServer::start().await;
        if taken {
            get(&server, &format!("{route}/ann/permission"), body(6, "ann", "admin")).await;
        }
        get(&server, "/users/search", json!({ "data": [user(5, "anna")] })).await;
        get(&server, &format!("{route}/anna/permission"), body(5, "anna", "read")).await;
        assert_eq!(forge(&server).await.permission(&shop(), &ann()).await.unwrap(), Permission::Read);
    }
    let server = MockServer::start().await;
    get(&server, "/users/search", json!({ "data": [user(6, "eve")] })).await;
    let gone = forge(&server).await.permission(&shop(), &ann()).await;
    assert!(matches!(gone, Err(ForgeError::NotFound { .. })), "{gone:?}");
}

#[tokio::test]
async fn git_goes_where_the_settings_say() {
    for (told, expected) in [
        ("https://public.example.org/git/acme/shop.git", "/git/acme/shop.git"),
        ("https://public.example.org/acme/shop.git", "/git/acme/shop.git"),
    ] {
        let server = MockServer::start().await;
        let repo = json!({ "full_name": "acme/shop", "clone_url": told });
        get(&server, "/repos/acme/shop", repo).await;
        let remote = forge(&server).await.remote(&change(7)).await.unwrap();
        assert_eq!(remote.url, format!("{}{expected}", server.uri()));
        assert_eq!(remote.head_ref, "refs/pull/7/head");
        let (login, token) = remote.credentials.unwrap();
        assert_eq!((login.as_str(), token.expose()), ("cs-bot", TOKEN));
    }
}

#[tokio::test]
async fn a_merge_is_told_once_and_looked_up_when_the_answer_is_lost() {
    let merge = || {
        let body = json!({ "Do": "manually-merged", "MergeCommitID": HEAD });
        Mock::given(method("POST"))
            .and(path("/git/api/v1/repos/acme/shop/pulls/7/merge"))
            .and(body_json(body))
    };
    let open = async |server: &MockServer| {
        let answer = ResponseTemplate::new(200).set_body_json(pull(7, "open"));
        let mock = Mock::given(method("GET")).and(path("/git/api/v1/repos/acme/shop/pulls/7"));
        mock.respond_with(answer).up_to_n_times(1).mount(server).await;
    };
    let mut merged = pull(7, "closed");
    merged["merged"] = json!(true);

    let server = MockServer::start().await;
    open(&server).await;
    merge().respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
    forge(&server).await.mark_merged(&change(7), &head()).await.unwrap();

    let server = MockServer::start().await;
    open(&server).await;
    get(&server, "/repos/acme/shop/pulls/7", merged).await;
    merge().respond_with(ResponseTemplate::new(502)).expect(1).mount(&server).await;
    forge(&server).await.mark_merged(&change(7), &head()).await.unwrap();

    let server = MockServer::start().await;
    get(&server, "/repos/acme/shop/pulls/7", pull(7, "open")).await;
    let no = ResponseTemplate::new(405).set_body_json(json!({ "message": "not an allowed merge style" }));
    merge().respond_with(no).expect(1).mount(&server).await;
    let answer = forge(&server).await.mark_merged(&change(7), &head()).await.unwrap_err();
    insta::assert_snapshot!(answer, @"marking the pull request as merged was refused by the forge: not an allowed merge style");
}

#[tokio::test]
async fn a_write_is_sent_once() {
    let server = MockServer::start().await;
    let broken = Mock::given(method("POST")).respond_with(ResponseTemplate::new(503));
    broken.expect(1).mount(&server).await;
    let answer = forge(&server).await.create_comment(&change(7), "hello").await.unwrap_err();
    assert!(matches!(answer, ForgeError::Ambiguous { .. }), "{answer:?}");
    assert!(!format!("{answer:?}").contains(TOKEN));
}

#[tokio::test]
async fn the_address_of_the_api_is_as_good() {
    let server = MockServer::start().await;
    get(&server, "/user", user(41, "cs-bot")).await;
    let forge = Gitea::new(config(&format!("{}/git/api/v1/", server.uri()))).unwrap();
    assert_eq!(forge.me().await.unwrap().kind, ActorKind::Bot);
}
