//! The API: every operation answers as GitHub's description says.

use countersign_sim::{
    Bypass, BypassActor, BypassMode, Enforcement, OnPush, Protection, Restrictions, ReviewGiven, ReviewRule,
    Rule, Ruleset, StatusRule, Toggle, UpToDate,
};
use reqwest::Method;
use serde_json::json;

use crate::stage::{REPO, Stage};

const AT: &str = "/repos/acme/env";

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_keeps_to_the_contract() {
    let stage = Stage::new().await;
    let sim = &stage.sim;
    let ana = stage.token("ana");
    let app = stage.app_token().await;
    let comment = sim.comment(REPO, 1, "bo", "hello").unwrap();
    sim.review(REPO, 1, "bo", ReviewGiven::Approve, "").unwrap();
    // Only who can see a repository can be asked for a review there.
    sim.grant_team(REPO, "sre", countersign_sim::Role::Read).unwrap();
    let restricted = Restrictions {
        users: vec!["ana".to_owned()],
        teams: vec!["sre".to_owned()],
        apps: vec!["countersign".to_owned()],
    };
    let statuses = || StatusRule {
        up_to_date: UpToDate::Required,
        contexts: vec![("ci".to_owned(), None), ("countersign".to_owned(), Some(stage.app.id))],
    };
    sim.protect(
        REPO,
        "main",
        Protection {
            restrictions: Some(restricted.clone()),
            reviews: Some(ReviewRule { approvals: 2, on_push: OnPush::Dismiss, bypass: restricted }),
            statuses: Some(statuses()),
            toggles: [Toggle::EnforceAdmins, Toggle::Signatures].into(),
        },
    )
    .unwrap();
    let rules = vec![
        Rule::Creation,
        Rule::Update,
        Rule::Deletion,
        Rule::NonFastForward,
        Rule::LinearHistory,
        Rule::Signatures,
        Rule::PullRequest { approvals: 1, on_push: OnPush::Keep },
        Rule::StatusChecks(statuses()),
        Rule::Workflow { path: ".github/workflows/x.yml".to_owned() },
    ];
    let bypass = [
        BypassActor::App("countersign".to_owned()),
        BypassActor::Team("sre".to_owned()),
        BypassActor::Role(countersign_sim::Role::Admin),
    ];
    let ruleset = Ruleset {
        id: 0,
        name: "guard".to_owned(),
        enforcement: Enforcement::Active,
        include: vec!["~DEFAULT_BRANCH".to_owned()],
        rules,
        bypass: bypass.map(|actor| Bypass { actor, mode: BypassMode::Always }).into(),
    };
    let set = sim.add_ruleset(REPO, ruleset).unwrap();
    for conclusion in [Some("success"), None] {
        sim.run_workflow(REPO, "topic", ".github/workflows/x.yml", "pull_request", conclusion, "ana")
            .unwrap();
    }
    let head = &stage.head;

    let status =
        json!({ "state": "pending", "context": "ci", "description": "x", "target_url": "http://127.0.0.1/" });
    let run = json!({ "name": "countersign", "head_sha": head, "status": "in_progress", "external_id": "7" });
    let made = stage.ask(Method::POST, &format!("{AT}/check-runs"), &app, Some(run)).await;
    let run = made.body["id"].as_u64().unwrap();
    let done = json!({ "status": "completed", "conclusion": "success",
        "output": { "title": "t", "summary": "s", "annotations": [{ "path": "a.yaml", "start_line": 1, "end_line": 1,
            "annotation_level": "warning", "message": "m" }] } });
    let installations = format!("/app/installations/{}/access_tokens", stage.installation);
    let jwt = stage.jwt(600);

    let walk: Vec<(Method, String, &str, Option<serde_json::Value>, u16)> = vec![
        (Method::GET, "/user".into(), &ana, None, 200),
        (Method::GET, "/user".into(), &app, None, 403),
        (Method::GET, "/user".into(), "", None, 401),
        (Method::GET, "/user".into(), "wrong", None, 401),
        (Method::GET, "/users/bo".into(), &app, None, 200),
        (Method::GET, "/users/countersign%5Bbot%5D".into(), &app, None, 200),
        (Method::GET, "/users/nobody".into(), &app, None, 404),
        (Method::GET, "/user/repos".into(), &ana, None, 200),
        (Method::GET, format!("/user/{}", sim.user("bo").unwrap().id), &app, None, 200),
        (Method::GET, "/user/0".into(), &app, None, 404),
        (Method::GET, "/app/installations".into(), &jwt, None, 200),
        (Method::GET, "/orgs/acme/installation".into(), &jwt, None, 200),
        (Method::GET, "/users/ana/installation".into(), &jwt, None, 404),
        (Method::GET, "/users/acme/installation".into(), &jwt, None, 200),
        (Method::GET, "/apps/countersign".into(), &app, None, 200),
        (Method::GET, "/apps/other".into(), &app, None, 404),
        (Method::GET, format!("{AT}/compare/{}...{}", stage.base, stage.head), &app, None, 200),
        (Method::GET, format!("{AT}/compare/topic...main?per_page=100"), &app, None, 200),
        (Method::GET, format!("{AT}/compare/topic...nowhere"), &app, None, 404),
        (Method::GET, "/app".into(), &jwt, None, 200),
        (Method::GET, "/app".into(), &ana, None, 401),
        (Method::GET, format!("{AT}/installation"), &jwt, None, 200),
        (Method::POST, installations.clone(), &jwt, Some(json!({ "repositories": ["env"] })), 201),
        (Method::POST, installations, &jwt, Some(json!({ "repositories": ["other"] })), 422),
        (Method::GET, "/installation/repositories".into(), &app, None, 200),
        (Method::GET, "/orgs/acme/teams/sre/members".into(), &app, None, 200),
        (Method::GET, "/orgs/acme/teams/none/members".into(), &app, None, 404),
        (Method::GET, AT.into(), &app, None, 200),
        (Method::GET, "/repos/acme/other".into(), &app, None, 404),
        (Method::GET, format!("{AT}/activity?ref=refs/heads/topic"), &app, None, 200),
        (Method::GET, format!("{AT}/branches/main"), &app, None, 200),
        (Method::GET, format!("{AT}/branches/main/protection"), &app, None, 200),
        (Method::GET, format!("{AT}/branches/topic/protection"), &app, None, 404),
        (Method::GET, format!("{AT}/rules/branches/main"), &app, None, 200),
        (Method::GET, format!("{AT}/rulesets"), &app, None, 200),
        (Method::GET, format!("{AT}/rulesets/{set}"), &app, None, 200),
        (Method::GET, format!("{AT}/rulesets/{set}"), &ana, None, 200),
        (Method::GET, format!("{AT}/collaborators/cy/permission"), &app, None, 200),
        (Method::GET, format!("{AT}/commits/{head}"), &app, None, 200),
        (Method::GET, format!("{AT}/commits/heads%2Ftopic"), &app, None, 200),
        (Method::GET, format!("{AT}/actions/runs?head_sha={head}&per_page=100"), &app, None, 200),
        (Method::POST, format!("{AT}/statuses/{head}"), &app, Some(status), 201),
        (Method::GET, format!("{AT}/commits/{head}/status"), &app, None, 200),
        (Method::GET, format!("{AT}/commits/{head}/statuses"), &app, None, 200),
        (Method::PATCH, format!("{AT}/check-runs/{run}"), &app, Some(done), 200),
        (
            Method::GET,
            format!("{AT}/commits/{head}/check-runs?check_name=countersign&filter=latest"),
            &app,
            None,
            200,
        ),
        (Method::GET, format!("{AT}/issues/1/comments?per_page=100"), &app, None, 200),
        (Method::POST, format!("{AT}/issues/1/comments"), &app, Some(json!({ "body": "hi" })), 201),
        (Method::GET, format!("{AT}/issues/comments/{comment}"), &app, None, 200),
        (Method::PATCH, format!("{AT}/issues/comments/{comment}"), &app, Some(json!({ "body": "ho" })), 200),
        (Method::POST, format!("{AT}/issues/comments/{comment}"), &app, Some(json!({ "body": "hu" })), 200),
        (
            Method::POST,
            format!("{AT}/issues/comments/{comment}/reactions"),
            &app,
            Some(json!({ "content": "eyes" })),
            201,
        ),
        (
            Method::POST,
            format!("{AT}/issues/comments/{comment}/reactions"),
            &app,
            Some(json!({ "content": "eyes" })),
            200,
        ),
        (Method::GET, format!("{AT}/issues/comments/{comment}/reactions"), &app, None, 200),
        (Method::DELETE, format!("{AT}/issues/comments/{comment}"), &ana, None, 204),
        (Method::GET, format!("{AT}/issues/comments/{comment}"), &app, None, 404),
        (Method::GET, format!("{AT}/pulls?state=all&sort=created&direction=asc"), &app, None, 200),
        (Method::GET, format!("{AT}/pulls/1"), &app, None, 200),
        (Method::GET, format!("{AT}/pulls/9"), &app, None, 404),
        (Method::GET, format!("{AT}/pulls/1/commits"), &app, None, 200),
        (Method::GET, format!("{AT}/pulls/1/files"), &app, None, 200),
        (Method::GET, format!("{AT}/pulls/1/reviews"), &app, None, 200),
        (
            Method::POST,
            format!("{AT}/pulls/1/reviews"),
            &ana,
            Some(json!({ "event": "REQUEST_CHANGES", "body": "no" })),
            200,
        ),
        (Method::GET, format!("{AT}/pulls/1/requested_reviewers"), &app, None, 200),
        (
            Method::POST,
            format!("{AT}/pulls/1/requested_reviewers"),
            &app,
            Some(json!({ "reviewers": ["bo"], "team_reviewers": ["sre"] })),
            201,
        ),
        (
            Method::POST,
            format!("{AT}/pulls/1/requested_reviewers"),
            &app,
            Some(json!({ "reviewers": ["nobody-here"] })),
            422,
        ),
        (Method::PUT, format!("{AT}/pulls/1/merge"), &ana, Some(json!({ "sha": stage.base })), 409),
        (Method::PUT, format!("{AT}/pulls/1/merge"), &ana, Some(json!({ "sha": head })), 405),
    ];
    for (method, path, token, body, status) in walk {
        let answer = stage.ask(method.clone(), &path, token, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {:?}", answer.body);
    }
    sim.unprotect(REPO, "main").unwrap();
    sim.clear_rulesets(REPO).unwrap();
    let landed =
        stage.ask(Method::PUT, &format!("{AT}/pulls/1/merge"), &app, Some(json!({ "sha": head }))).await;
    assert_eq!(landed.status, 200, "{:?}", landed.body);
    let after = stage.ask(Method::GET, &format!("{AT}/pulls/1"), &app, None).await;
    assert_eq!((&after.body["merged"], &after.body["state"]), (&json!(true), &json!("closed")));
    sim.assert_clean();
}
