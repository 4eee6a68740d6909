//! The pages for people.

use countersign_sim::{Pages, ReviewState, SimConfig};
use reqwest::{Method, Response, StatusCode};

use crate::stage::{REPO, Stage};

const CHANGE: &str = "/acme/env/pull/1";

async fn send(stage: &Stage, method: Method, path: &str, body: &'static str, origin: &str) -> Response {
    let client =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut request = client.request(method, format!("{}{path}", stage.sim.url())).body(body);
    if !origin.is_empty() {
        request = request.header("origin", origin);
    }
    request.send().await.unwrap()
}

async fn read(stage: &Stage, path: &str) -> String {
    let response = send(stage, Method::GET, path, "", "").await;
    assert_eq!(response.status(), 200, "{path}");
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
    response.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_finds_reads_comments_and_approves() {
    let stage = Stage::new().await;
    stage.sim.comment(REPO, 1, "bo", "**bold** <script>x</script> <!-- hidden -->").unwrap();
    assert!(read(&stage, "/").await.contains("href=\"/acme/env/pull/1\">Raise a</a>"));
    assert!(read(&stage, "/acme/env").await.contains("<code>topic</code>"));
    let page = read(&stage, CHANGE).await;
    for expected in [
        "<strong>bold</strong>",
        "&lt;script&gt;",
        "+a: 2",
        "<option value=\"cy\">cy (the author)",
        "git clone -b topic",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(!page.contains("hidden") && !page.contains("<script"), "{page}");
    let here = stage.sim.url().to_owned();

    let comment = format!("{CHANGE}/comments");
    let answer = send(&stage, Method::POST, &comment, "who=bo&body=hi+there%0D%0A%2Fapprove", &here).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let target = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(target.starts_with("/acme/env/pull/1?as=bo#issuecomment-"), "{target}");
    assert!(read(&stage, "/acme/env/pull/1?as=bo").await.contains("<option value=\"bo\" selected>"));
    assert_eq!(stage.sim.comments(REPO, 1).unwrap()[1].body, "hi there\r\n/approve");

    let review = format!("{CHANGE}/reviews");
    let answer = send(&stage, Method::POST, &review, "who=bo&body=&verdict=approve", "").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let seen = stage.sim.reviews(REPO, 1).unwrap();
    assert_eq!((seen[0].author.as_str(), seen[0].state), ("bo", ReviewState::Approved));
    let commit = read(&stage, &format!("/acme/env/commit/{}", stage.head)).await;
    assert!(commit.contains("Raise a") && commit.contains("-a: 1"));
    stage.sim.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_wrong_does_nothing_and_says_why() {
    let stage = Stage::new().await;
    stage.sim.add_user("eve").unwrap();
    let here = stage.sim.url().to_owned();
    let cases = [
        ("comments", "who=bo&body=x", "http://evil.example.org", "not sent from these pages"),
        ("comments", "who=eve&body=x", here.as_str(), "eve may not speak here"),
        ("comments", "who=countersign%5Bbot%5D&body=x", here.as_str(), "may not speak here"),
        ("comments", "who=bo&body=", here.as_str(), "can&#39;t be blank"),
        ("reviews", "who=cy&body=&verdict=approve", here.as_str(), "your own pull request"),
        ("reviews", "who=bo&body=&verdict=request_changes", here.as_str(), "can&#39;t be blank"),
    ];
    for (what, body, origin, why) in cases {
        let answer = send(&stage, Method::POST, &format!("{CHANGE}/{what}"), body, origin).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let text = answer.text().await.unwrap().replace('\'', "&#39;");
        assert!(text.contains(why), "{body}: {text}");
    }
    assert!(stage.sim.comments(REPO, 1).unwrap().is_empty());
    assert!(stage.sim.reviews(REPO, 1).unwrap().is_empty());
    let silent = Stage::with(SimConfig { pages: Pages::ReadOnly, ..SimConfig::strict() }).await;
    assert!(!read(&silent, CHANGE).await.contains("<form"));
    let answer = send(&silent, Method::POST, &format!("{CHANGE}/comments"), "who=bo&body=x", "").await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
