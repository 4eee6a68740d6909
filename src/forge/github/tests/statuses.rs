//! Statuses, check runs and what is required, as one list.

use countersign_core::actor::ActorId;
use countersign_core::snapshot::StatusState::{Failure, Pending, Success};

use super::super::status::{Ours, Reported, Required, gather, merged};
use super::super::wire::RequiredChecks;
use super::*;

fn reported(statuses: Value, runs: Value) -> Reported {
    Reported {
        statuses: serde_json::from_value(statuses).unwrap(),
        runs: serde_json::from_value(runs).unwrap(),
        apps: [("ci[bot]".to_owned(), 50)].into(),
    }
}

fn status(context: &str, state: &str, by: Value) -> Value {
    json!({ "context": context, "state": state, "description": null, "creator": by })
}

fn run(id: u64, name: &str, status: &str, conclusion: Value, app: u64) -> Value {
    json!({ "id": id, "name": name, "status": status, "conclusion": conclusion, "app": { "id": app } })
}

fn required(contexts: &[(&str, Option<i64>)]) -> Required {
    let checks = contexts.iter().map(|(context, app)| json!({ "context": context, "app_id": app }));
    let checks = json!({ "checks": checks.collect::<Vec<_>>() });
    gather(serde_json::from_value(checks).unwrap(), Vec::new())
}

#[track_caller]
fn check(
    reported: &Reported,
    required: &Required,
    expected: &[(&str, countersign_core::snapshot::StatusState, bool)],
) {
    let lines = merged(reported, required, None);
    let told: Vec<_> = lines.iter().map(|line| (line.context.as_str(), line.state, line.required)).collect();
    assert_eq!(told, expected);
}

#[test]
fn a_run_beats_a_status_and_the_newest_beats_the_older() {
    let statuses = json!([
        status("lint", "success", user(5, "ann")),
        status("lint", "failure", user(5, "ann")),
        status("test", "success", user(5, "ann")),
        status("odd", "strange", Value::Null),
    ]);
    let runs = json!([
        run(1, "test", "completed", json!("success"), 50),
        run(2, "test", "completed", json!("failure"), 50),
        run(3, "skipped", "completed", json!("skipped"), 50),
        run(4, "neutral", "completed", json!("neutral"), 50),
        run(5, "cancelled", "completed", json!("cancelled"), 50),
        run(6, "running", "in_progress", Value::Null, 50),
        run(7, "waiting", "queued", Value::Null, 50),
    ]);
    let expected = [
        ("cancelled", Failure, false),
        ("lint", Success, false),
        ("neutral", Success, false),
        ("odd", Failure, false),
        ("running", Pending, false),
        ("skipped", Success, false),
        ("test", Failure, false),
        ("waiting", Pending, false),
    ];
    check(&reported(statuses, runs), &Required::new(), &expected);
}

#[test]
fn what_is_required_and_absent_is_pending() {
    let seen = reported(json!([status("lint", "success", user(5, "ann"))]), json!([]));
    let wanted = required(&[("lint", None), ("test", None), ("any", Some(-1))]);
    check(&seen, &wanted, &[("any", Pending, true), ("lint", Success, true), ("test", Pending, true)]);
}

#[test]
fn a_check_that_is_asked_of_an_app_counts_from_that_app_alone() {
    let app = user(5, "ann");
    let bot = |login: &str| json!({ "id": 90, "login": login, "type": "Bot" });
    let wanted = required(&[("test", Some(50))]);
    let verdict = |statuses, runs, state| check(&reported(statuses, runs), &wanted, &[("test", state, true)]);
    verdict(json!([]), json!([run(1, "test", "completed", json!("success"), 50)]), Success);
    verdict(json!([]), json!([run(1, "test", "completed", json!("success"), 51)]), Pending);
    let both = json!([
        run(1, "test", "completed", json!("failure"), 50),
        run(2, "test", "completed", json!("success"), 51)
    ]);
    verdict(json!([]), both, Failure);
    verdict(json!([status("test", "success", app)]), json!([]), Pending);
    verdict(json!([status("test", "success", bot("ci[bot]"))]), json!([]), Success);
    verdict(json!([status("test", "success", bot("other[bot]"))]), json!([]), Pending);
}

#[test]
fn an_app_is_no_account_but_our_own() {
    let runs = json!([
        run(1, "countersign", "completed", json!("success"), 77),
        run(2, "test", "completed", json!("success"), 41)
    ]);
    let ours = Some(Ours { app: 77, account: ActorId::new(41) });
    let lines = merged(&reported(json!([]), runs), &Required::new(), ours);
    assert_eq!(lines.iter().map(|line| line.author).collect::<Vec<_>>(), [Some(ActorId::new(41)), None]);
}

#[test]
fn contexts_and_checks_are_one_list() {
    let classic: RequiredChecks = serde_json::from_value(json!({
        "contexts": ["a", "b"], "checks": [{ "context": "a", "app_id": 50 }, { "context": "c", "app_id": null }],
    }))
    .unwrap();
    let rules = serde_json::from_value(json!([{ "context": "d", "integration_id": 51 }, { "context": "a" }]))
        .unwrap();
    let gathered = gather(classic, rules);
    let told: Vec<_> =
        gathered.iter().map(|(context, apps)| (context.as_str(), apps.iter().copied().collect())).collect();
    let expected: Vec<(&str, Vec<Option<u64>>)> =
        vec![("a", vec![None, Some(50)]), ("b", vec![None]), ("c", vec![None]), ("d", vec![Some(51)])];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn protection_and_rulesets_say_what_is_required() {
    let server = MockServer::start().await;
    let commit = format!("/repos/acme/shop/commits/{HEAD}");
    let bot = json!({ "id": 90, "login": "ci[bot]", "type": "Bot" });
    get(&server, &format!("{commit}/statuses"), json!([status("classic", "success", bot)])).await;
    let runs =
        json!({ "total_count": 1, "check_runs": [run(1, "ruled", "completed", json!("success"), 50)] });
    get(&server, &format!("{commit}/check-runs"), runs).await;
    let checks = json!({ "contexts": ["classic"], "checks": [{ "context": "classic", "app_id": 50 }] });
    let protected = json!({ "protected": true, "protection": { "required_status_checks": checks } });
    get(&server, "/repos/acme/shop/branches/main", protected).await;
    let rules = json!([
        { "type": "deletion" },
        { "type": "required_status_checks", "ruleset_id": 1,
          "parameters": { "required_status_checks": [{ "context": "ruled" }, { "context": "absent" }] } },
    ]);
    get(&server, "/repos/acme/shop/rules/branches/main", rules).await;
    get(&server, "/apps/ci", json!({ "id": 50, "slug": "ci" })).await;
    let lines = as_user(&server).statuses(&shop(), &head(), &branch("main")).await.unwrap();
    let told: Vec<_> = lines.iter().map(|line| (line.context.as_str(), line.state, line.required)).collect();
    assert_eq!(told, [("absent", Pending, true), ("classic", Success, true), ("ruled", Success, true)]);
}
