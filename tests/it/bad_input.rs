//! What strangers, broken programs and careless people send: it is refused with a reason, or shown without harm.

use countersign_core::change::ChangeId;
use countersign_sim::signature;
use reqwest::{Client, RequestBuilder, StatusCode};

use crate::stories::live::Live;
use crate::stories::tale::{Opened, POLICY, WEB, web};
use crate::stories::town::Town as _;
use crate::stories::{REPO, SignIn, StandIn, Tale, WEBHOOK_SECRET};

async fn begin() -> (Tale, StandIn) {
    Tale::on_the_stand_in(SignIn::App, Some(crate::stories::tale::USUAL.to_owned())).await
}

/// A comment on a change, as GitHub would tell of it.
fn commented(repo: &str, number: u64, filler: usize) -> Vec<u8> {
    let (owner, name) = repo.split_once('/').unwrap();
    let user = serde_json::json!({ "id": 7, "login": "bo", "type": "User" });
    let body = serde_json::json!({
        "action": "created",
        "repository": { "id": 1, "name": name, "full_name": repo, "owner": { "login": owner, "id": 2, "type": "User" } },
        "issue": { "number": number, "pull_request": { "url": "" }, "title": "x".repeat(filler) },
        "comment": { "id": 1, "body": "/status", "user": user },
        "sender": user,
    });
    body.to_string().into_bytes()
}

/// One delivery and what it is answered with.
struct Delivered {
    forge: &'static str,
    signature: Option<String>,
    body: Vec<u8>,
    answer: StatusCode,
}

async fn check(client: &Client, live: &Live, delivered: Delivered) {
    let Delivered { forge, signature, body, answer } = delivered;
    let (length, start) = (body.len(), String::from_utf8_lossy(&body).chars().take(60).collect::<String>());
    let request =
        client.post(format!("{}/webhooks/{forge}", live.url)).header("x-github-event", "issue_comment");
    let request = request.header("x-github-delivery", format!("{forge}-{length}-{start:?}"));
    let signed = |request: RequestBuilder, signature| request.header("x-hub-signature-256", signature);
    let given = signature.iter().fold(request, signed).body(body).send().await.unwrap();
    let status = given.status();
    let said = given.text().await.unwrap();
    assert_eq!(status, answer, "{length} bytes to {forge} beginning with {start:?}: {said}");
    assert!(!said.trim().is_empty() && !said.contains(WEBHOOK_SECRET), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_are_none_are_refused() {
    let (tale, town) = begin().await;
    let live = Live::deaf(&tale.engine).await;
    let client = Client::builder().no_proxy().build().unwrap();
    let good = commented(REPO, 1, 0);
    let signed = signature(WEBHOOK_SECRET, &good);
    let requests = town.sim.requests().len();
    let to_hub = |signature: Option<String>, body: Vec<u8>, answer| Delivered {
        forge: "hub",
        signature,
        body,
        answer,
    };
    let right = |body: &[u8]| Some(signature(WEBHOOK_SECRET, body));
    let unauthorized = StatusCode::UNAUTHORIZED;
    for wrong in [
        None,
        Some(String::new()),
        Some("sha256=".to_owned()),
        Some(signature("another secret", &good)),
        Some(signed[..signed.len() - 2].to_owned()),
        Some(signed.trim_start_matches("sha256=").to_owned()),
        Some(signed.replace("sha256=", "sha1=")),
        right(b"another body"),
    ] {
        check(&client, &live, to_hub(wrong, good.clone(), unauthorized)).await;
    }
    for no_json in [&b"not json"[..], b"", b"[]", b"{\"action\":", b"\xff\xfe"] {
        check(&client, &live, to_hub(right(no_json), no_json.to_vec(), StatusCode::BAD_REQUEST)).await;
    }
    let unknown = Delivered {
        forge: "nowhere",
        signature: right(&good),
        body: good.clone(),
        answer: StatusCode::NOT_FOUND,
    };
    check(&client, &live, unknown).await;
    let huge = commented(REPO, 1, 27 * 1024 * 1024);
    check(&client, &live, to_hub(right(&huge), huge, StatusCode::PAYLOAD_TOO_LARGE)).await;
    for nothing_of_ours in
        [commented("others/env", 1, 0), b"{\"action\": 7, \"repository\": []}".to_vec(), b"{}".to_vec()]
    {
        check(&client, &live, to_hub(right(&nothing_of_ours), nothing_of_ours, StatusCode::ACCEPTED)).await;
    }
    assert_eq!(tale.engine.store.pending().await.unwrap(), Vec::new());
    assert_eq!(town.sim.requests().len(), requests, "the forge was asked something");

    let large = commented(REPO, 1, 10 * 1024 * 1024);
    check(&client, &live, to_hub(right(&large), large, StatusCode::ACCEPTED)).await;
    check(&client, &live, to_hub(right(&good), good, StatusCode::ACCEPTED)).await;
    assert_eq!(tale.engine.store.pending().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_need_their_own_key() {
    let (tale, town) = begin().await;
    let change = tale.scales("ana", "scale", 5).await;
    let live = Live::deaf(&tale.engine).await;
    let client = Client::builder().no_proxy().build().unwrap();
    let links = &tale.engine.links;
    let path = format!("/hub/{REPO}/{}", change.number);
    let (own, other, all) =
        (links.key_for(&path), links.key_for(&format!("/hub/{REPO}/99")), links.key_for("/"));
    let truncated = &own[..own.len() - 1];
    let (yes, no, none) = (StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND);
    let cases = [
        ("/".to_owned(), "", no),
        ("/".to_owned(), own.as_str(), no),
        ("/".to_owned(), &all, yes),
        ("/audit".to_owned(), "", no),
        ("/audit".to_owned(), &own, no),
        (path.clone(), "", no),
        (path.clone(), truncated, no),
        (path.clone(), &other, no),
        (path.clone(), &own, yes),
        (path.clone(), &all, yes),
        (format!("{path}/history"), &own, yes),
        (format!("{path}/policy"), "", no),
        (format!("/hub/{REPO}/99"), &own, no),
        (format!("/hub/{REPO}/99"), &other, none),
        ("/hub/../../etc/passwd".to_owned(), &all, none),
        (format!("/hub/{REPO}/0x1"), &all, none),
    ];
    for (path, key, answer) in cases {
        let given = client.get(format!("{}{path}?key={key}", live.url)).send().await.unwrap();
        let (status, text) = (given.status(), given.text().await.unwrap());
        assert_eq!(status, answer, "{path} with {key:?}");
        assert!(answer == yes || !text.contains("replicas"), "{path} tells {text}");
    }
    town.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_comment_is_answered_shortly() {
    let (tale, town) = begin().await;
    let change = tale.scales("ana", "scale", 5).await;
    let mut answered = 0;
    for longest in [
        "/approve\n".repeat(7_281),
        "x".repeat(65_536),
        "/".repeat(65_536),
        "`".repeat(65_536),
        "> ".repeat(32_768),
    ] {
        tale.says("bo", &change, &longest).await;
        let replies = tale.replies(&change).await;
        assert!(replies.len() <= answered + 1);
        answered = replies.len();
        assert!(replies.iter().all(|reply| reply.len() < 4_000), "{} bytes", tale.reply(&change).await.len());
    }
    assert_eq!(tale.state(&change).await, "open");
    town.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_with_a_hostile_name_is_a_name() {
    let (tale, town) = begin().await;
    for (at, branch) in
        ["--upload-pack=x", "-x", "$(touch${IFS}x)", "a;b", "a'b\"c", "@", "<b>bo"].into_iter().enumerate()
    {
        let manifest = web(&tale.namespace, 4 + u32::try_from(at).unwrap(), "1.0");
        let head =
            town.sim.commit(REPO, branch, "main", &[(WEB, Some(&manifest))], "ana", "Scale").await.unwrap();
        let number = town.open("ana", branch, "Scale").await;
        let change = Opened { number, branch: branch.to_owned(), head };
        tale.settles(&change).await;
        assert_eq!(tale.status(&change).await, "pending", "{branch}");
        inert(&tale.display(&change).await.body);
    }
    town.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_name_stays_text() {
    const HOSTILE: &str = "<img src=x onerror=alert(1)> @bo ![](https://example.org/x.png) #1 `</details>`";
    let (tale, town) = begin().await;
    let object = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  annotations: {{note: {name}}}\ndata:\n  {name}: {name}\n",
        name = serde_json::to_string(HOSTILE).unwrap()
    );
    let fences = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fences, namespace: shop}\ndata:\n  text: |\n    ````\n    @bo <b>\n    ```\n    <!-- countersign:change\n";
    let files = [
        ("staging/<b>@bo.yaml", Some(object.as_str())),
        ("staging/fences.yaml", Some(fences)),
        ("docs/@bo `<img src=x>`|[x](y).md", Some("Text.\n")),
    ];
    town.sim.commit(REPO, "hostile", "main", &files, "ana", HOSTILE).await.unwrap();
    let number = town.open("ana", "hostile", HOSTILE).await;
    let head = town.sim.tip(REPO, "hostile").unwrap();
    let change = Opened { number, branch: "hostile".to_owned(), head };
    tale.settles(&change).await;
    inert(&tale.display(&change).await.body);

    let live = Live::deaf(&tale.engine).await;
    let id: ChangeId = tale.id(&change);
    let path = format!("/{}/{}/{}", id.repo.forge, id.repo.path, id.number);
    for view in ["", "/history", "/policy"] {
        let url = format!("{}{path}{view}?key={}", live.url, tale.engine.links.key_for("/"));
        let page = Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap();
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        let page = page.text().await.unwrap();
        assert!(!page.contains("<img") && !page.contains("<script"), "{page}");
    }
    tale.says("bo", &change, "/approve").await;
    tale.says("bo", &change, "/merge").await;
    assert_eq!(tale.state(&change).await, "merged", "{}", tale.reply(&change).await);
    town.assert_clean();
}

/// Fails where a comment has an element, a mention, an image or a link that nobody of ours wrote.
#[track_caller]
fn inert(markdown: &str) {
    let text = without_code(markdown);
    for tag in text.split('<').skip(1) {
        let known = [
            "!-- countersign:",
            "https://countersign.example.org/",
            "details>",
            "/details>",
            "summary>",
            "/summary>",
            "code>",
            "/code>",
            "b>",
            "/b>",
            "br>",
            "sub>",
            "/sub>",
        ];
        assert!(known.iter().any(|known| tag.starts_with(known)), "<{tag}\n\nin\n{markdown}");
    }
    assert!(!text.contains("@bo"), "somebody is called\n\n{text}\n\nin\n{markdown}");
    assert!(!text.contains("!["), "an image in\n{markdown}");
}

/// Markdown without what stands in fences, code spans and `<code>`.
fn without_code(markdown: &str) -> String {
    let mut fence: Option<String> = None;
    let mut text = String::new();
    for line in markdown.lines() {
        let ticks: String = line.trim_start().chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line.trim() == ticks && ticks.len() >= open.len() => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => text.push_str(&format!("{line}\n")),
        }
    }
    let mut rest = text.as_str();
    let mut outside = String::new();
    while let Some(at) = rest.find(['`', '<']) {
        outside.push_str(&rest[..at]);
        rest = &rest[at..];
        let (open, close) = match rest.strip_prefix("<code>") {
            Some(_) => ("<code>".to_owned(), "</code>".to_owned()),
            None => {
                let ticks: String = rest.chars().take_while(|c| *c == '`').collect();
                (ticks.clone(), ticks)
            }
        };
        let inside = rest.get(open.len()..).filter(|_| !open.is_empty());
        match inside.and_then(|inside| inside.find(&close)) {
            Some(end) => rest = &rest[open.len() + end + close.len()..],
            None => {
                let one = rest.chars().next().map_or(0, char::len_utf8);
                outside.push_str(&rest[..one]);
                rest = &rest[one..];
            }
        }
    }
    outside + rest
}

#[test]
fn what_would_do_harm_is_found() {
    inert("A `<b>` and ``@bo ` <img>`` and <code>@bo</code>\n````diff\n```\n@bo <b>\n````\n<details>end");
    for harm in
        ["Dear @bo", "an <img src=x>", "a ![x](y)", "`` ` @bo", "```\n```\n@bo", "````\n```\n````\n<script>"]
    {
        assert!(std::panic::catch_unwind(|| inert(harm)).is_err(), "{harm} is let through");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_parse_is_named_with_its_place() {
    let (tale, town) = begin().await;
    let broken = web(&tale.namespace, 5, "1.0").replace("  replicas: 5", "  replicas: [5");
    let change = tale.opens("ana", "manifest", &[(WEB, Some(&broken))]).await;
    assert_eq!(tale.status(&change).await, "failure");
    let display = tale.display(&change).await.body;
    assert!(display.contains("production/web.yaml:"), "{display}");

    for (at, (from, to, place)) in [
        ("version = 1", "version = ", ".countersign.toml:1:"),
        ("count = 1", "count = -1", ".countersign.toml:21:"),
        ("cel = \"object.kind", "cel = \"object..kind", ".countersign.toml:14:"),
    ]
    .into_iter()
    .enumerate()
    {
        let policy = crate::stories::tale::USUAL.replace(from, to);
        let change = tale.opens("ana", &format!("policy-{at}"), &[(POLICY, Some(&policy))]).await;
        assert_eq!(tale.status(&change).await, "failure");
        let display = tale.display(&change).await.body;
        let told = display.find(place).map(|at| &display[at + place.len()..]);
        assert!(
            told.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())),
            "{place} in {display}"
        );
    }
    town.assert_clean();
}
