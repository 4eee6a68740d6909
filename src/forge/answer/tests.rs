//! What answers mean, as tables.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect(),
        body: Bytes::from_static(body.as_bytes()),
    }
}

/// What comes of an answer to a read and to a write, in words.
fn meaning(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> String {
    let say = |ask: Ask| match answer(status, headers, body).settle(ask) {
        Ok(_) => "fine".to_owned(),
        Err(ForgeError::RateLimited { seconds }) => format!("wait {seconds}"),
        Err(ForgeError::NotFound { .. }) => "not found".to_owned(),
        Err(ForgeError::Refused { why, .. }) => format!("refused: {why}"),
        Err(ForgeError::Unavailable { source, .. }) => format!("unavailable: {source}"),
        Err(ForgeError::Ambiguous { source, .. }) => format!("ambiguous: {source}"),
        Err(ForgeError::Unexpected { why, .. }) => format!("unexpected: {why}"),
    };
    let (read, write) = (say(Ask::Read("reading")), say(Ask::Write("writing")));
    if read == write { read } else { format!("{read} | {write}") }
}

#[track_caller]
fn check(status: u16, headers: &[(&'static str, &'static str)], body: &'static str, expected: &str) {
    assert_eq!(meaning(status, headers, body), expected);
}

#[test]
fn a_status_means_one_thing_to_a_read_and_one_to_a_write() {
    check(200, &[], "{}", "fine");
    check(204, &[], "", "fine");
    check(401, &[], r#"{"message":"Bad credentials"}"#, "refused: Bad credentials");
    check(403, &[], r#"{"message":"Resource not accessible"}"#, "refused: Resource not accessible");
    check(404, &[], r#"{"message":"Not Found"}"#, "not found");
    check(410, &[], "", "not found");
    check(409, &[], r#"{"message":"Head moved"}"#, "refused: Head moved");
    check(
        422,
        &[],
        r#"{"message":"Validation Failed","errors":[{"code":"x"}]}"#,
        r#"refused: Validation Failed [{"code":"x"}]"#,
    );
    check(400, &[], "", "refused: 400 Bad Request");
    check(400, &[], "<html>\r\n  <b>no\u{7}</b>", "refused: <html> <b>no </b>");
    check(
        502,
        &[],
        "<h1>Bad Gateway</h1>",
        "unavailable: HTTP 502 Bad Gateway: <h1>Bad Gateway</h1> | \
         ambiguous: HTTP 502 Bad Gateway: <h1>Bad Gateway</h1>",
    );
    check(
        408,
        &[],
        "",
        "unavailable: HTTP 408 Request Timeout: 408 Request Timeout | \
         ambiguous: HTTP 408 Request Timeout: 408 Request Timeout",
    );
    let moved = meaning(301, &[("location", "https://elsewhere.example/")], "");
    assert!(moved.starts_with("unexpected: a redirect (301 Moved Permanently)"), "{moved}");
    assert!(!moved.contains("elsewhere"), "{moved}");
}

#[test]
fn too_many_requests_say_how_long_to_wait() {
    let date = ("date", "Sat, 21 Nov 2026 07:00:00 GMT");
    check(429, &[("retry-after", "7")], "", "wait 7");
    check(429, &[], "", "wait 60");
    check(429, &[("retry-after", "0")], "", "wait 1");
    check(429, &[date, ("retry-after", "Sat, 21 Nov 2026 07:00:42 GMT")], "", "wait 42");
    check(403, &[("retry-after", "30")], "", "wait 30");
    let reset = ("x-ratelimit-reset", "1795244490");
    check(403, &[date, ("x-ratelimit-remaining", "0"), reset], "", "wait 90");
    check(403, &[("x-ratelimit-remaining", "0"), reset], "", "wait 60");
    check(403, &[("x-ratelimit-remaining", "12"), reset], "no", "refused: no");
    check(403, &[], r#"{"message":"You have exceeded a secondary rate limit."}"#, "wait 60");
}

#[test]
fn the_next_page_is_read_from_the_link_header() {
    let next = |link: &'static str| answer(200, &[("link", link)], "").next().map(str::to_owned);
    let both = r#"<https://h/a?page=1>; rel="prev", <https://h/a?x=1,2&page=3>; rel="next""#;
    assert_eq!(next(both).as_deref(), Some("https://h/a?x=1,2&page=3"));
    assert_eq!(next(r#"<https://h/a?page=1>; rel="last""#), None);
    assert_eq!(answer(200, &[], "").next(), None);
}

#[test]
fn a_url_with_a_secret_is_refused_without_showing_it() {
    let refused = |url: &str| base("hub", url).unwrap_err().to_string();
    insta::assert_snapshot!(refused("https://bot:hunter2@git.example.org/"), @"forge `hub`: `https://git.example.org/…` is not an http or https URL without user, query and fragment");
    insta::assert_snapshot!(refused("https://git.example.org/?token=hunter2"), @"forge `hub`: `https://git.example.org/…` is not an http or https URL without user, query and fragment");
    insta::assert_snapshot!(refused("git.example.org"), @"forge `hub`: `…` is not an http or https URL without user, query and fragment");
    insta::assert_snapshot!(refused("ssh://git@git.example.org/x"), @"forge `hub`: `ssh://git.example.org/…` is not an http or https URL without user, query and fragment");
    assert_eq!(base("hub", "https://h/api/v3/").unwrap().as_str(), "https://h/api/v3");
    assert_eq!(base("hub", "http://127.0.0.1:80/").unwrap().as_str(), "http://127.0.0.1/");
}

proptest::proptest! {
    #[test]
    fn what_the_forge_says_is_always_one_short_line(body in "\\PC*|[\\x00-\\x7f]*") {
        let answer = Answer { status: StatusCode::BAD_REQUEST, headers: HeaderMap::new(), body: body.into() };
        let said = answer.said();
        assert!(!said.is_empty() && said.chars().count() <= 300 && !said.contains(char::is_control), "{said:?}");
    }
}
