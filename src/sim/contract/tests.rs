#![allow(clippy::unwrap_used)]

use super::*;

fn contract() -> Contract {
    Contract::from_json(include_str!("../../../tests/contracts/github.json")).unwrap()
}

#[test]
fn an_answer_without_a_promised_field_is_noticed() {
    let contract = contract();
    let check = |status: u16, body: &str, complaint: &str| {
        let found = contract.response(
            "GET",
            "/repos/{owner}/{repo}/pulls/{pull_number}/commits",
            status,
            body.as_bytes(),
        );
        assert!(found.iter().any(|one| one.contains(complaint)) != complaint.is_empty(), "{found:?}");
        assert_eq!(found.is_empty(), complaint.is_empty(), "{body}: {found:?}");
    };
    check(200, "[]", "");
    check(200, r#"[{"sha":"x"}]"#, "\"node_id\" is a required property");
    check(200, "{}", "is not of type \"array\"");
    check(200, "", "is not JSON");
    check(201, "[]", "does not answer 201");
    check(502, "<html>", "");
}

#[test]
fn a_request_is_held_to_types_names_and_bodies() {
    let contract = contract();
    let check = |method: &str, route: &str, query: &str, body: &str, count: usize| {
        let found = contract.request(method, route, query, body.as_bytes());
        assert_eq!(found.len(), count, "{method} {route}?{query} {body}: {found:?}");
    };
    let comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
    check("GET", comments, "per_page=100&page=2", "", 0);
    check("GET", comments, "per_page=all", "", 1);
    check("GET", comments, "colour=red", "", 1);
    check("POST", comments, "", r#"{"body":"x"}"#, 0);
    check("POST", comments, "", "", 1);
    check("POST", comments, "", "{", 1);
    check("POST", comments, "", r#"{"body":7}"#, 1);
    check("POST", "/repos/{owner}/{repo}/issues/comments/{comment_id}", "", r#"{"body":"x"}"#, 0);
    check("DELETE", "/user", "", "", 1);
}

#[test]
fn a_delivery_is_held_to_its_event_and_action() {
    let contract = contract();
    assert_eq!(contract.delivery("pull_request", "renamed", &json!({})).len(), 1);
    assert!(!contract.delivery("push", "", &json!({ "ref": "refs/heads/main" })).is_empty());
}
