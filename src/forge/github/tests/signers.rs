//! Signatures: whether they hold, whose they are, and that nothing odd is ever one that holds.

use super::*;
use crate::ports::{CommitSeal, SealDepth};

const KEY: &str = "3AA5C34371567BD2";

/// A commit of a list of GraphQL's; the last is the head.
fn commit(sha: &str, signature: Value) -> Value {
    json!({ "commit": { "oid": sha, "committedViaWeb": false, "signature": signature } })
}

/// A signature by ann that holds, of an OpenPGP key.
fn sealed() -> Value {
    json!({
        "__typename": "GpgSignature", "isValid": true, "state": "VALID", "wasSignedByGitHub": false,
        "signer": { "databaseId": 5, "login": "ann" }, "keyId": KEY,
    })
}

/// The same with some of it said otherwise.
fn but(changes: Value) -> Value {
    let mut seal = sealed();
    for (name, value) in changes.as_object().unwrap() {
        seal[name] = value.clone();
    }
    seal
}

fn whole(nodes: &[Value], total: usize, page: Value) -> Value {
    let commits = json!({ "totalCount": total, "pageInfo": page, "nodes": nodes });
    json!({ "data": { "repository": { "pullRequest": { "headRefOid": HEAD, "commits": commits } } } })
}

fn last() -> Value {
    json!({ "hasNextPage": false, "endCursor": null })
}

async fn answers(server: &MockServer, answer: ResponseTemplate) {
    let signed = header("authorization", format!("Bearer {TOKEN}").as_str());
    let mock = Mock::given(method("POST")).and(path("/api/graphql")).and(signed);
    mock.respond_with(answer).mount(server).await;
}

async fn seals_of(answer: ResponseTemplate) -> Result<Vec<CommitSeal>, ForgeError> {
    let server = MockServer::start().await;
    answers(&server, answer).await;
    as_user(&server).commit_seals(&change(7), SealDepth::Whose).await
}

async fn read(body: Value) -> Result<Vec<CommitSeal>, ForgeError> {
    seals_of(ResponseTemplate::new(200).set_body_json(body)).await
}

/// What is told of one commit with this signature: whether it holds, whose it is, by which key.
async fn told(signature: Value) -> Option<(bool, Option<String>, Option<String>)> {
    let seals = read(whole(&[commit(HEAD, signature)], 1, last())).await.unwrap();
    assert!(seals.len() < 2, "{seals:?}");
    let seal = seals.into_iter().next()?;
    assert_eq!((seal.commit, seal.via_web), (head(), Some(false)));
    let signature = seal.signature;
    Some((signature.verified, signature.signer.map(|signer| signer.login), signature.key))
}

#[tokio::test]
async fn a_signature_is_told_with_signer_and_key() {
    let check = async |signature: Value, signer: Option<&str>, key: Option<&str>| {
        let expected = (true, signer.map(str::to_owned), key.map(str::to_owned));
        assert_eq!(told(signature.clone()).await, Some(expected), "{signature}");
    };
    check(sealed(), Some("ann"), Some(KEY)).await;
    check(but(json!({ "keyId": KEY.to_lowercase() })), Some("ann"), Some(KEY)).await;
    check(but(json!({ "signer": null })), None, Some(KEY)).await;
    check(but(json!({ "signer": { "databaseId": null, "login": "ann" } })), None, Some(KEY)).await;
    check(but(json!({ "signer": { "databaseId": 0, "login": "ghost" } })), None, Some(KEY)).await;
    for odd in [Value::Null, json!(""), json!("71567BD2"), json!("3AA5C34371567BDX")] {
        check(but(json!({ "keyId": odd })), Some("ann"), None).await;
    }
    let ssh =
        |print: Value| but(json!({ "__typename": "SshSignature", "keyId": null, "keyFingerprint": print }));
    check(ssh(json!("47DEQpj8HBSa")), Some("ann"), Some("SHA256:47DEQpj8HBSa")).await;
    check(ssh(json!("SHA256:47DEQpj8HBSa")), Some("ann"), Some("SHA256:47DEQpj8HBSa")).await;
    // A fingerprint in the letters of an OpenPGP key is not one.
    check(ssh(json!(KEY)), Some("ann"), Some(&format!("SHA256:{KEY}"))).await;
    for odd in [Value::Null, json!(""), json!("SHA256:"), json!("a b")] {
        check(ssh(odd), Some("ann"), None).await;
    }
    for kind in ["SmimeSignature", "UnknownSignature", "NewSignature"] {
        check(but(json!({ "__typename": kind })), Some("ann"), None).await;
    }
}

#[tokio::test]
async fn what_github_signs_is_nobodys_signature_but_its_own() {
    let check = async |web: bool, signer: Value, expected: Option<&str>, via_web: bool| {
        let seal = but(json!({ "wasSignedByGitHub": true, "signer": signer }));
        let mut node = commit(HEAD, seal);
        node["commit"]["committedViaWeb"] = json!(web);
        let seals = read(whole(&[node], 1, last())).await.unwrap();
        assert_eq!(
            seals[0].signature.signer.as_ref().map(|actor| actor.login.as_str()),
            expected,
            "{signer}"
        );
        assert_eq!((seals[0].signature.verified, seals[0].via_web), (true, Some(via_web)));
    };
    let web_flow = json!({ "databaseId": 19864447, "login": "web-flow" });
    check(true, web_flow.clone(), Some("web-flow"), true).await;
    check(false, web_flow.clone(), Some("web-flow"), false).await;
    check(true, Value::Null, None, true).await;
    check(true, json!({ "databaseId": 5, "login": "ann" }), None, true).await;
    assert_eq!(
        told(but(json!({ "signer": web_flow }))).await,
        Some((true, None, Some(KEY.to_owned()))),
        "GitHub signs with no key but its own"
    );
    let mut broken =
        commit(HEAD, but(json!({ "wasSignedByGitHub": true, "isValid": false, "state": "INVALID" })));
    broken["commit"]["committedViaWeb"] = json!(true);
    let seals = read(whole(&[broken], 1, last())).await.unwrap();
    assert_eq!((seals[0].signature.verified, seals[0].via_web), (false, Some(false)));
}

#[tokio::test]
async fn only_a_valid_signature_holds_and_what_is_not_settled_is_not_told() {
    let check = async |valid: bool, state: &str, holds: Option<bool>| {
        let said = told(but(json!({ "isValid": valid, "state": state }))).await;
        let expected = match holds {
            Some(true) => Some((true, Some("ann".to_owned()), Some(KEY.to_owned()))),
            Some(false) => Some((false, None, None)),
            None => None,
        };
        assert_eq!(said, expected, "{valid} {state}");
    };
    check(true, "VALID", Some(true)).await;
    check(false, "VALID", None).await;
    for state in ["GPGVERIFY_ERROR", "GPGVERIFY_UNAVAILABLE", "OCSP_ERROR", "OCSP_PENDING"] {
        check(false, state, None).await;
        check(true, state, None).await;
    }
    for state in [
        "BAD_CERT",
        "BAD_EMAIL",
        "EXPIRED_KEY",
        "INVALID",
        "MALFORMED_SIG",
        "NOT_SIGNING_KEY",
        "NO_USER",
        "OCSP_REVOKED",
        "UNKNOWN_KEY",
        "UNKNOWN_SIG_TYPE",
        "UNSIGNED",
        "UNVERIFIED_EMAIL",
        "SOMETHING_NEW",
    ] {
        check(false, state, Some(false)).await;
        check(true, state, None).await;
    }
    assert_eq!(told(Value::Null).await, Some((false, None, None)), "not signed at all");
}

#[tokio::test]
async fn pages_are_followed_and_cover_every_commit_or_nothing_is_told() {
    let sha = |n: usize| format!("{n:040x}");
    let check = async |first: Value, second: Value| {
        let server = MockServer::start().await;
        let page = |after: Value, body: Value| {
            let asked = move |request: &wiremock::Request| {
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                let expected = json!({ "owner": "acme", "name": "shop", "number": 7, "after": after });
                body["variables"] == expected && body["query"].as_str().unwrap().starts_with("query(")
            };
            let answer = ResponseTemplate::new(200).set_body_json(body);
            Mock::given(method("POST")).and(path("/api/graphql")).and(asked).respond_with(answer)
        };
        page(Value::Null, first).mount(&server).await;
        page(json!("Mg"), second).mount(&server).await;
        as_user(&server).commit_seals(&change(7), SealDepth::Whose).await
    };
    let more = || json!({ "hasNextPage": true, "endCursor": "Mg" });
    let first = |total| whole(&[commit(&sha(1), sealed()), commit(&sha(2), Value::Null)], total, more());
    let second = |total| whole(&[commit(HEAD, sealed())], total, last());
    let seals = check(first(3), second(3)).await.unwrap();
    let told: Vec<_> = seals.iter().map(|seal| (seal.commit.as_str(), seal.signature.verified)).collect();
    assert_eq!(told, [(sha(1).as_str(), true), (sha(2).as_str(), false), (HEAD, true)]);

    let nowhere = |cursor: Value| {
        whole(&[commit(HEAD, sealed())], 3, json!({ "hasNextPage": true, "endCursor": cursor }))
    };
    let mut moved = second(3);
    moved["data"]["repository"]["pullRequest"]["headRefOid"] = json!(sha(2));
    for (first, second, why) in [
        (first(300), second(300), "3 commits of 300"),
        (first(3), second(4), "changed while they were read"),
        (first(3), moved, "changed while they were read"),
        (first(3), whole(&[commit(&sha(2), sealed())], 3, last()), "2 commits of 3"),
        (first(3), whole(&[commit(&sha(3), sealed())], 3, last()), "commits without 1111111, the head"),
        (first(3), nowhere(Value::Null), "goes on nowhere"),
        (first(3), nowhere(json!("Mg")), "goes on nowhere"),
    ] {
        let error = check(first, second).await.unwrap_err();
        assert!(matches!(error, ForgeError::Unexpected { .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[tokio::test]
async fn half_an_answer_is_none() {
    let half = |errors: Value| {
        let mut body = whole(&[commit(HEAD, sealed())], 1, last());
        body["errors"] = errors;
        body
    };
    let errors =
        |kind: &str, message: &str| json!([{ "type": kind, "message": message, "path": ["repository"] }]);
    let limited = read(half(errors("RATE_LIMITED", "API rate limit exceeded"))).await.unwrap_err();
    assert!(matches!(limited, ForgeError::RateLimited { seconds: 60 }), "{limited:?}");
    let body = half(json!([{ "message": "You have exceeded a secondary rate limit." }]));
    let told = ResponseTemplate::new(200).set_body_json(body).insert_header("retry-after", "7");
    let limited = seals_of(told).await.unwrap_err();
    assert!(matches!(limited, ForgeError::RateLimited { seconds: 7 }), "{limited:?}");

    for kind in ["FORBIDDEN", "INSUFFICIENT_SCOPES", "NOT_FOUND"] {
        let refused = read(half(errors(kind, "Resource not\naccessible by integration"))).await.unwrap_err();
        assert!(matches!(refused, ForgeError::Refused { .. }), "{refused:?}");
        assert!(shown(&refused).contains("Resource not accessible by integration"), "{refused}");
    }
    let nodes = |nodes: Value| {
        let mut body = whole(&[], 1, last());
        body["data"]["repository"]["pullRequest"]["commits"]["nodes"] = nodes;
        body
    };
    for body in [
        half(json!([{ "message": "Something went wrong while executing your query." }])),
        half(json!([{}])),
        json!({ "errors": [{ "message": "Field 'signers' doesn't exist on type 'Commit'" }] }),
        json!({ "data": null }),
        json!({ "data": { "repository": null } }),
        json!({ "data": { "repository": { "pullRequest": null } } }),
        nodes(Value::Null),
        nodes(json!([null])),
        nodes(json!([{ "commit": null }])),
        nodes(json!([commit("main", sealed())])),
        whole(&[commit(HEAD, but(json!({ "isValid": null })))], 1, last()),
        whole(&[commit(HEAD, json!({ "__typename": "GpgSignature" }))], 1, last()),
        whole(&[], 0, last()),
        json!([]),
    ] {
        let error = read(body.clone()).await.unwrap_err();
        assert!(matches!(error, ForgeError::Unexpected { .. }), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn a_question_is_asked_again_when_no_answer_comes_and_not_when_it_is_refused() {
    let check = async |status: u16, asked: u64| {
        let server = MockServer::start().await;
        let mock = Mock::given(method("POST")).and(path("/api/graphql"));
        mock.respond_with(ResponseTemplate::new(status)).expect(asked).mount(&server).await;
        let error = as_user(&server).commit_seals(&change(7), SealDepth::Whose).await.unwrap_err();
        shown(&error);
        error
    };
    assert!(matches!(check(502, 3).await, ForgeError::Unavailable { .. }));
    assert!(matches!(check(404, 1).await, ForgeError::NotFound { .. }));
    assert!(matches!(check(401, 1).await, ForgeError::Refused { .. }));
    assert!(matches!(check(429, 1).await, ForgeError::RateLimited { .. }));
}

#[tokio::test]
async fn a_repository_that_is_not_allowed_is_not_asked_about() {
    let server = MockServer::start().await;
    let path = "other/thing".parse().unwrap();
    let foreign = ChangeId { repo: RepoId { forge: "hub".to_owned(), path }, number: 7 };
    let error = as_user(&server).commit_seals(&foreign, SealDepth::Whose).await.unwrap_err();
    assert!(matches!(error, ForgeError::Refused { .. }), "{error:?}");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn whether_signatures_hold_is_read_without_signers() {
    let server = MockServer::start().await;
    let by = |n: usize, committer: &str, verified: Value| {
        json!({ "sha": format!("{n:040x}"), "author": user(5, "ann"), "committer": user(6, committer),
            "commit": { "verification": verified } })
    };
    let said = |verified: bool, reason: &str| json!({ "verified": verified, "reason": reason, "signature": null, "payload": null });
    let list = json!([
        by(1, "web-flow", said(true, "valid")),
        by(2, "web-flow", said(false, "unknown_key")),
        by(3, "ann", said(true, "valid")),
        by(4, "ann", Value::Null),
        by(5, "ann", said(false, "gpgverify_unavailable")),
        by(6, "ann", said(true, "expired_key")),
    ]);
    get(&server, "/repos/acme/shop/pulls/7/commits", list).await;
    let seals = as_user(&server).commit_seals(&change(7), SealDepth::Holds).await.unwrap();
    let told: Vec<_> = seals.iter().map(|seal| (seal.signature.verified, seal.via_web)).collect();
    // Of the others nothing is said, or nothing that could be believed, so nothing is told.
    assert_eq!(told, [(true, Some(true)), (false, Some(false)), (true, Some(false))]);
    assert!(seals.iter().all(|seal| seal.signature.signer.is_none() && seal.signature.key.is_none()));
}
