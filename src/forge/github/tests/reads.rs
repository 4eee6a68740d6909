//! Pages, odd answers and lost answers of GitHub to what the bot reads.

use countersign_core::actor::{Actor, ActorId, ActorKind, Permission};
use countersign_core::change::{ChangeState, ReviewState};
use wiremock::matchers::query_param;

use super::*;
use crate::forge::SetupError;
use crate::ports::GHOST;

fn ann() -> Actor {
    Actor { id: ActorId::new(5), login: "ann".to_owned(), kind: ActorKind::Human }
}

#[tokio::test]
async fn every_page_is_read_and_none_from_elsewhere() {
    let server = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    for page in 1..=3_u64 {
        let next = format!("{}/api/v3/repositories/1/pulls?state=open&page={}", elsewhere.uri(), page + 1);
        let answer = ResponseTemplate::new(200).set_body_json(json!([pull(page, "open")]));
        let answer =
            if page < 3 { answer.insert_header("link", format!("<{next}>; rel=\"next\"")) } else { answer };
        let route = if page == 1 { "/api/v3/repos/acme/shop/pulls" } else { "/api/v3/repositories/1/pulls" };
        let mock = Mock::given(path(route)).and(query_param("state", "open"));
        let mock = mock.and(header("authorization", format!("Bearer {TOKEN}").as_str()));
        let mock = if page == 1 { mock } else { mock.and(query_param("page", page.to_string())) };
        mock.respond_with(answer).expect(1).mount(&server).await;
    }
    let open = as_user(&server).open_changes(&shop()).await.unwrap();
    assert_eq!(open.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((open[0].head.as_str(), open[0].updated.as_str()), (HEAD, "2026-11-21T07:00:00Z"));
    assert_eq!(elsewhere.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_list_that_breaks_off_is_an_error() {
    let server = MockServer::start().await;
    let next = format!("<{}/api/v3/page2>; rel=\"next\"", server.uri());
    let first =
        ResponseTemplate::new(200).set_body_json(json!([pull(1, "open")])).insert_header("link", next);
    Mock::given(path("/api/v3/repos/acme/shop/pulls")).respond_with(first).mount(&server).await;
    Mock::given(path("/api/v3/page2"))
        .respond_with(ResponseTemplate::new(500))
        .expect(3)
        .mount(&server)
        .await;
    let answer = as_user(&server).open_changes(&shop()).await.unwrap_err();
    assert!(matches!(answer, ForgeError::Unavailable { .. }), "{answer:?}");
}

#[tokio::test]
async fn a_read_is_asked_again_until_it_is_answered() {
    let server = MockServer::start().await;
    let broken =
        Mock::given(path("/api/v3/repos/acme/shop/pulls/7")).respond_with(ResponseTemplate::new(502));
    broken.up_to_n_times(2).expect(2).mount(&server).await;
    get(&server, "/repos/acme/shop/pulls/7", pull(7, "open")).await;
    assert_eq!(as_user(&server).change(&change(7)).await.unwrap().head, head());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (server, elsewhere) = (MockServer::start().await, MockServer::start().await);
    let moved = ResponseTemplate::new(301).insert_header("location", elsewhere.uri());
    Mock::given(path("/api/v3/repos/acme/shop/pulls/7")).respond_with(moved).mount(&server).await;
    let answer = as_user(&server).change(&change(7)).await.unwrap_err();
    assert!(shown(&answer).contains("has the repository been renamed?"), "{answer}");
    assert_eq!(elsewhere.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let server = MockServer::start().await;
    let huge = ResponseTemplate::new(200).set_body_bytes(vec![b' '; crate::forge::answer::MOST_BYTES + 1]);
    Mock::given(path("/api/v3/repos/acme/shop/pulls/7")).respond_with(huge).mount(&server).await;
    let answer = as_user(&server).change(&change(7)).await.unwrap_err();
    assert_eq!(
        answer.to_string(),
        "reading the pull request: the forge answered something unexpected: an answer of more than 32 MB"
    );
}

#[tokio::test]
async fn errors_show_no_secret() {
    let server = MockServer::start().await;
    for (status, body) in
        [(401, "Bad credentials"), (403, "Forbidden"), (404, "Not Found"), (429, ""), (200, "{")]
    {
        server.reset().await;
        let answer = ResponseTemplate::new(status).set_body_string(body);
        Mock::given(method("GET")).respond_with(answer).mount(&server).await;
        shown(&as_user(&server).change(&change(7)).await.unwrap_err());
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere = format!("http://{port}");
    let auth = GitHubAuth::Token(Secret::new(TOKEN.to_owned()));
    let forge = GitHub::new(config(&nowhere, auth)).unwrap();
    let answer = forge.change(&change(7)).await.unwrap_err();
    assert!(matches!(answer, ForgeError::Unavailable { .. }), "{}", shown(&answer));
}

#[tokio::test]
async fn wrong_settings_are_refused_at_once() {
    let refused = |change: &dyn Fn(&mut GitHubConfig)| {
        let mut config = config("https://api.github.com", GitHubAuth::Token(Secret::new(TOKEN.to_owned())));
        change(&mut config);
        let refused: Result<_, SetupError> = GitHub::new(config);
        refused.map(drop).unwrap_err().to_string()
    };
    insta::assert_snapshot!(refused(&|it| it.webhook_secret = Secret::new(" ".to_owned())), @"forge `hub`: the webhook secret is empty");
    insta::assert_snapshot!(refused(&|it| it.auth = GitHubAuth::Token(Secret::new("a\nb".to_owned()))), @"forge `hub`: the token cannot be used; give it alone, without blanks and line breaks");
    insta::assert_snapshot!(refused(&|it| it.auth = GitHubAuth::App { id: 1, pem: Secret::new("x".to_owned()) }), @"forge `hub`: the app's private key cannot be used; give the PEM file that GitHub generated for the app, unchanged");
    insta::assert_snapshot!(refused(&|it| it.repositories.clear()), @"forge `hub`: `repositories` is empty; name those that it may touch, such as owner/*");
    insta::assert_snapshot!(refused(&|it| it.url = "api.github.com".to_owned()), @"forge `hub`: `…` is not an http or https URL without user, query and fragment");
}

#[test]
fn without_a_runtime_there_is_no_client() {
    let auth = GitHubAuth::Token(Secret::new(TOKEN.to_owned()));
    let refused = GitHub::new(config("https://api.github.com", auth)).map(drop).unwrap_err();
    assert!(matches!(refused, SetupError::Client { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_pull_request_is_what_it_is() {
    let check = async |edit: &dyn Fn(&mut Value), fork: bool, state: ChangeState| {
        let server = MockServer::start().await;
        let mut body = pull(7, "open");
        edit(&mut body);
        get(&server, "/repos/acme/shop/pulls/7", body).await;
        let seen = as_user(&server).change(&change(7)).await.unwrap();
        assert_eq!((seen.fork, &seen.state), (fork, &state));
        seen
    };
    let seen = check(&|_| (), false, ChangeState::Open).await;
    assert_eq!((seen.author, seen.target, seen.source.as_str()), (ann(), branch("main"), "topic"));
    check(&|pull| pull["head"]["repo"]["id"] = json!(2), true, ChangeState::Open).await;
    check(&|pull| pull["head"]["repo"] = Value::Null, true, ChangeState::Open).await;
    check(&|pull| pull["state"] = json!("closed"), false, ChangeState::Closed).await;
    let merged = |pull: &mut Value| {
        pull["state"] = json!("closed");
        pull["merged"] = json!(true);
    };
    check(&merged, false, ChangeState::Merged { commit: Some(head()) }).await;
    let seen = check(&|pull| pull["user"] = Value::Null, false, ChangeState::Open).await;
    assert_eq!(seen.author.id, GHOST);
    let app = json!({ "id": 9, "login": "renovate[bot]", "type": "Bot" });
    let seen = check(&|pull| pull["user"] = app.clone(), false, ChangeState::Open).await;
    assert_eq!(seen.author.kind, ActorKind::Bot);
    let seen = check(&|pull| pull["head"]["ref"] = json!("-weird..name"), false, ChangeState::Open).await;
    assert_eq!(seen.source, "-weird..name");
}

#[tokio::test]
async fn conversations_come_oldest_first() {
    let server = MockServer::start().await;
    let comment = |id: u64, at: &str, by: Value| json!({ "id": id, "user": by, "body": null, "created_at": at, "updated_at": at });
    let list = json!([
        comment(3, "2026-11-21T07:00:02Z", Value::Null),
        comment(2, "2026-11-21T07:00:01Z", user(5, "ann")),
        comment(1, "2026-11-21T07:00:01Z", user(5, "ann")),
    ]);
    get(&server, "/repos/acme/shop/issues/7/comments", list).await;
    let review = |id: u64, state: &str, at: Value| json!({ "id": id, "user": user(5, "ann"), "state": state, "body": "", "commit_id": HEAD, "submitted_at": at });
    let list = json!([
        review(1, "CHANGES_REQUESTED", json!("2026-11-21T07:00:09Z")),
        review(2, "APPROVED", json!("2026-11-21T07:00:03Z")),
        review(3, "PENDING", Value::Null),
        review(4, "DISMISSED", json!("2026-11-21T07:00:10Z")),
        review(5, "SOMETHING_NEW", json!("2026-11-21T07:00:11Z")),
    ]);
    get(&server, "/repos/acme/shop/pulls/7/reviews", list).await;
    let forge = as_user(&server);
    let comments = forge.comments(&change(7)).await.unwrap();
    let told: Vec<_> = comments.iter().map(|comment| (comment.id.0, comment.author.id.get())).collect();
    assert_eq!(told, [(1, 5), (2, 5), (3, 0)]);
    let reviews = forge.reviews(&change(7)).await.unwrap();
    assert_eq!(
        reviews.iter().map(|review| (review.id.0, review.state)).collect::<Vec<_>>(),
        [
            (2, ReviewState::Approved),
            (1, ReviewState::ChangesRequested),
            (4, ReviewState::Dismissed),
            (5, ReviewState::Commented)
        ]
    );
    assert_eq!(reviews[0].head, Some(head()));
}

#[tokio::test]
async fn a_permission_is_read_by_role_and_for_the_right_account() {
    for (permission, role, expected) in [
        ("admin", json!("admin"), Permission::Admin),
        ("write", json!("maintain"), Permission::Maintain),
        ("write", json!("write"), Permission::Write),
        ("read", json!("triage"), Permission::Triage),
        ("read", json!("read"), Permission::Read),
        ("none", json!("none"), Permission::None),
        ("write", json!("Release Captain"), Permission::Write),
        ("read", Value::Null, Permission::Read),
    ] {
        let server = MockServer::start().await;
        let body = json!({ "permission": permission, "role_name": role, "user": user(5, "ann") });
        get(&server, "/repos/acme/shop/collaborators/ann/permission", body).await;
        let forge = as_user(&server);
        assert_eq!(forge.permission(&shop(), &ann()).await.unwrap(), expected, "{permission} {role}");
        let ghost = Actor { id: GHOST, ..ann() };
        assert_eq!(forge.permission(&shop(), &ghost).await.unwrap(), Permission::None);
    }
}

#[tokio::test]
async fn who_took_over_a_name_has_no_right_from_it() {
    let server = MockServer::start().await;
    let route = "/repos/acme/shop/collaborators";
    let body = |id, login, permission: &str| json!({ "permission": permission, "role_name": permission, "user": user(id, login) });
    get(&server, &format!("{route}/ann/permission"), body(6, "ann", "admin")).await;
    get(&server, "/user/5", user(5, "anna")).await;
    get(&server, &format!("{route}/anna/permission"), body(5, "anna", "read")).await;
    assert_eq!(as_user(&server).permission(&shop(), &ann()).await.unwrap(), Permission::Read);
}

#[tokio::test]
async fn more_commits_than_are_listed_are_read_by_comparison() {
    let commit = |n: usize| json!({ "sha": format!("{n:040x}"), "author": user(5, "ann"), "committer": {} });
    let check = async |listed: usize, compared: usize, total: usize| {
        let server = MockServer::start().await;
        let list: Vec<_> = (0..listed).map(commit).collect();
        get(&server, "/repos/acme/shop/pulls/7/commits", json!(list)).await;
        let mut whole = pull(7, "open");
        whole["commits"] = json!(total);
        get(&server, "/repos/acme/shop/pulls/7", whole).await;
        let compared: Vec<_> = (0..compared).map(commit).collect();
        let body = json!({ "total_commits": total, "commits": compared });
        let route = format!("/repos/acme/shop/compare/{}...{HEAD}", "0".repeat(40));
        get(&server, &route, body).await;
        as_user(&server).commit_accounts(&change(7)).await
    };
    let few = check(3, 0, 3).await.unwrap();
    assert_eq!(few.len(), 3);
    assert_eq!((few[0].1.clone(), few[0].2.clone()), (Some(ann()), None));
    assert_eq!(check(250, 260, 260).await.unwrap().len(), 260);
    let cut = check(250, 250, 260).await.unwrap_err();
    assert!(matches!(cut, ForgeError::Unexpected { .. }), "{cut:?}");
}

#[tokio::test]
async fn runs_of_workflows_are_those_of_the_commit_that_ended() {
    let server = MockServer::start().await;
    let run = |number: u64, sha: &str, path: &str, status: &str, conclusion: Value| json!({ "head_sha": sha, "path": path, "event": "push", "run_number": number, "status": status, "conclusion": conclusion });
    let runs = json!([
        run(2, HEAD, ".github/workflows/a.yml", "completed", json!("failure")),
        run(1, HEAD, ".github/workflows/a.yml@refs/heads/main", "in_progress", json!("success")),
        run(3, &"2".repeat(40), ".github/workflows/a.yml", "completed", json!("success")),
    ]);
    get(&server, "/repos/acme/shop/actions/runs", json!({ "total_count": 3, "workflow_runs": runs })).await;
    let told = as_user(&server).workflow_runs(&shop(), &head()).await.unwrap();
    let told: Vec<_> =
        told.iter().map(|run| (run.workflow.as_str(), run.number, run.conclusion.as_deref())).collect();
    assert_eq!(told, [(".github/workflows/a.yml", 2, Some("failure")), (".github/workflows/a.yml", 1, None)]);
}

#[tokio::test]
async fn the_pusher_is_whoever_pushed_this_head_to_this_branch() {
    let server = MockServer::start().await;
    get(&server, "/repos/acme/shop/pulls/7", pull(7, "open")).await;
    let push = |after: &str, name: &str, by: Value| json!({ "after": after, "ref": name, "actor": by });
    let list = json!([
        push(&"2".repeat(40), "refs/heads/topic", user(8, "eve")),
        push(HEAD, "refs/heads/other", user(8, "eve")),
        push(HEAD, "refs/heads/topic", user(5, "ann")),
    ]);
    get(&server, "/repos/acme/shop/activity", list).await;
    let forge = as_user(&server);
    assert_eq!(forge.pusher(&change(7), &head()).await.unwrap(), Some(ann()));
    assert_eq!(forge.pusher(&change(7), &"3".repeat(40).parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn what_people_named_stays_one_part_of_the_path() {
    let server = MockServer::start().await;
    let odd = branch("release/1#2%2F");
    get(&server, "/repos/acme/shop", json!({ "full_name": "acme/shop" })).await;
    get(&server, "/user", user(1, "bot")).await;
    let asked =
        async |route: &str| as_user(&server).capability(&shop(), &odd).await.map(|_| route.to_owned());
    asked("any").await.unwrap_err();
    let requests = server.received_requests().await.unwrap();
    let paths: Vec<_> = requests.iter().map(|request| request.url.path().to_owned()).collect();
    let encoded = "release%2F1%232%252F";
    assert!(paths.contains(&format!("/api/v3/repos/acme/shop/branches/{encoded}")), "{paths:?}");
}

#[tokio::test]
async fn repositories_that_are_not_allowed_are_not_seen() {
    let server = MockServer::start().await;
    let list = json!([
        { "full_name": "acme/shop" },
        { "full_name": "other/thing" },
        { "full_name": "acme/attic", "archived": true },
        { "full_name": "acme/api" },
    ]);
    get(&server, "/user/repos", list).await;
    let seen = as_user(&server).repositories().await.unwrap();
    assert_eq!(seen.iter().map(RepoPath::as_str).collect::<Vec<_>>(), ["acme/api", "acme/shop"]);
}

#[tokio::test]
async fn git_signs_in_only_over_https_or_where_the_api_does_not_either() {
    let server = MockServer::start().await;
    get(
        &server,
        "/repos/acme/shop",
        json!({ "full_name": "acme/shop", "clone_url": "http://h/acme/shop.git" }),
    )
    .await;
    let remote = as_user(&server).remote(&change(7)).await.unwrap();
    assert_eq!(
        (remote.url.as_str(), remote.head_ref.as_str()),
        ("http://h/acme/shop.git", "refs/pull/7/head")
    );
    let (login, token) = remote.credentials.unwrap();
    assert_eq!((login.as_str(), token.expose()), ("x-access-token", TOKEN));

    server.reset().await;
    get(
        &server,
        "/repos/acme/shop",
        json!({ "full_name": "acme/shop", "clone_url": "ftp://h/acme/shop.git" }),
    )
    .await;
    let answer = as_user(&server).remote(&change(7)).await.unwrap_err();
    assert!(matches!(answer, ForgeError::Unexpected { .. }), "{answer:?}");
}

#[tokio::test]
async fn reviews_whose_edits_matter_are_asked_about() {
    let check = async |state: &str, body: &str, graphql: Option<Value>, edited: Option<bool>| {
        let server = MockServer::start().await;
        let review = json!({ "id": 3, "user": user(5, "ann"), "state": state, "body": body, "commit_id": HEAD, "submitted_at": "2026-11-21T07:00:09Z" });
        get(&server, "/repos/acme/shop/pulls/7/reviews", json!([review])).await;
        let answer = graphql.map_or_else(
            || ResponseTemplate::new(404),
            |nodes| {
                let page = json!({ "hasNextPage": false, "endCursor": null });
                let reviews = json!({ "pageInfo": page, "nodes": nodes });
                ResponseTemplate::new(200).set_body_json(
                    json!({ "data": { "repository": { "pullRequest": { "reviews": reviews } } } }),
                )
            },
        );
        let mock = Mock::given(method("POST")).and(path("/api/graphql"));
        let mock = mock.and(header("authorization", format!("Bearer {TOKEN}").as_str()));
        let says = state == "APPROVED" && !body.is_empty();
        let asked = u64::from(says || body.starts_with('/'));
        mock.respond_with(answer).expect(asked).mount(&server).await;
        let reviews = as_user(&server).reviews(&change(7)).await.unwrap();
        assert_eq!(reviews[0].edited, edited, "{body}");
    };
    let node = |edited: Value| Some(json!([{ "databaseId": 3, "lastEditedAt": edited }]));
    check("COMMENTED", "Fine.", None, None).await;
    check("APPROVED", "", None, None).await;
    check("APPROVED", "Fine.", node(json!("2026-11-21T07:01:00Z")), Some(true)).await;
    check("COMMENTED", "/approve", None, None).await;
    check("COMMENTED", "/approve", node(Value::Null), Some(false)).await;
    check("COMMENTED", "/approve", node(json!("2026-11-21T07:01:00Z")), Some(true)).await;
}
