//! GraphQL: the two questions that are answered, to whom, and that no other is.

use countersign_sim::{AppSpec, NewSeal, SealedBy};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{REPO, Stage};

const SIGNERS: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { headRefOid commits(first: 100, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { commit { oid committedViaWeb signature {
      __typename isValid state wasSignedByGitHub signer { databaseId login }
      ... on GpgSignature { keyId } ... on SshSignature { keyFingerprint } } } } } } }
}";

fn variables(number: u64, after: Value) -> Value {
    json!({ "owner": "acme", "name": "env", "number": number, "after": after })
}

async fn ask(stage: &Stage, token: &str, variables: Value) -> (u16, Value) {
    let body = json!({ "query": SIGNERS, "variables": variables });
    let answer = stage.ask(Method::POST, "/graphql", token, Some(body)).await;
    (answer.status, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_are_told_with_their_signatures_two_at_a_time() {
    let stage = Stage::new().await;
    let bo = stage.token("bo");
    let file = |name: &'static str| [(name, Some("x"))];
    let second = stage.sim.commit(REPO, "topic", "main", &file("b"), "cy", "Second").await.unwrap();
    let third = stage.sim.commit_on_page(REPO, "topic", "main", &file("c"), "cy", "Third").await.unwrap();
    let by = SealedBy::Ssh("47DEQpj8HBSa".to_owned());
    stage.sim.seal(REPO, &second, NewSeal { by, signer: Some("cy"), state: "EXPIRED_KEY" }).await.unwrap();
    let page = |after| ask(&stage, &bo, variables(1, after));
    let (status, first) = page(Value::Null).await;
    let pull = &first["data"]["repository"]["pullRequest"];
    assert_eq!((status, &pull["headRefOid"]), (200, &json!(third)), "{first}");
    assert_eq!(pull["commits"]["totalCount"], 3);
    let cy = stage.sim.user("cy").unwrap().id;
    assert_eq!(
        pull["commits"]["nodes"],
        json!([
            { "commit": { "oid": stage.head, "committedViaWeb": false, "signature": null } },
            { "commit": { "oid": second, "committedViaWeb": false, "signature": {
                "__typename": "SshSignature", "isValid": false, "state": "EXPIRED_KEY", "wasSignedByGitHub": false,
                "signer": { "databaseId": cy, "login": "cy" }, "keyFingerprint": "47DEQpj8HBSa" } } },
        ])
    );
    let end = &pull["commits"]["pageInfo"];
    assert_eq!(end["hasNextPage"], true);
    let (_, last) = page(end["endCursor"].clone()).await;
    let commits = &last["data"]["repository"]["pullRequest"]["commits"];
    assert_eq!(commits["pageInfo"]["hasNextPage"], false);
    let made = &commits["nodes"][0]["commit"];
    assert_eq!((&made["oid"], &made["committedViaWeb"]), (&json!(third), &json!(true)));
    assert_eq!(made["signature"]["signer"]["login"], "web-flow");
    let rest = stage.ask(Method::GET, &format!("/repos/{REPO}/commits/{third}"), &bo, None).await;
    let verification = &rest.body["commit"]["verification"];
    assert_eq!((&verification["verified"], &verification["reason"]), (&json!(true), &json!("valid")));
    assert_eq!(rest.body["committer"]["login"], "web-flow");
    stage.sim.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_it_is_told_so_with_a_status_of_success() {
    let stage = Stage::new().await;
    let spec = AppSpec {
        slug: "narrow",
        owner: "acme",
        permissions: &[("metadata", "read"), ("pull_requests", "read")],
    };
    let app = stage.sim.add_app(&spec).unwrap();
    let installation = stage.sim.install(app.id, &[REPO]).unwrap();
    let stage = Stage { app, installation, ..stage };
    let app = stage.app_token().await;
    let bo = stage.token("bo");
    stage.sim.add_user("eve").unwrap();
    let eve = stage.token("eve");
    for (token, number, kind) in [(&app, 1, "FORBIDDEN"), (&eve, 1, "NOT_FOUND"), (&bo, 9, "NOT_FOUND")] {
        let (status, body) = ask(&stage, token, variables(number, Value::Null)).await;
        assert_eq!((status, &body["errors"][0]["type"]), (200, &json!(kind)), "{body}");
        assert_eq!(body["data"]["repository"], Value::Null);
    }
    assert_eq!(ask(&stage, "", variables(1, Value::Null)).await.0, 401);
    stage.sim.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_other_question_is_refused() {
    let stage = Stage::new().await;
    let bo = stage.token("bo");
    let known = || variables(1, Value::Null);
    let with = |name: &str| {
        let mut variables = known();
        variables[name] = json!("x");
        variables
    };
    for body in [
        json!({ "query": SIGNERS.replace("keyId", "keyId email"), "variables": known() }),
        json!({ "query": SIGNERS.replace("first: 100", "first: 50"), "variables": known() }),
        json!({ "query": "{ viewer { login } }", "variables": known() }),
        json!({ "query": SIGNERS, "variables": with("first") }),
        json!({ "query": SIGNERS, "variables": with("number") }),
        json!({ "query": SIGNERS, "variables": with("after") }),
        json!({ "query": SIGNERS, "variables": known(), "operationName": "x" }),
        json!({ "query": SIGNERS }),
    ] {
        let answer = stage.ask(Method::POST, "/graphql", &bo, Some(body.clone())).await;
        assert_eq!(answer.status, 422, "{body}: {:?}", answer.body);
    }
    assert_eq!(stage.sim.complaints().len(), 3, "{:?}", stage.sim.complaints());
    assert_eq!(stage.ask(Method::GET, "/graphql", &bo, None).await.status, 404);
    assert!(stage.sim.complaints().last().unwrap().contains("nobody serves GET"));
}
