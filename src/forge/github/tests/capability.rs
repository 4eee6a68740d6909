//! What GitHub's protection and rulesets mean, as a table.

use countersign_core::actor::ActorId;

use super::super::protection::{Bot, Classic, Seen, judge};
use super::super::wire::{Protection, Ruleset};
use super::*;

fn app() -> Bot {
    Bot::App { id: 77, login: "countersign[bot]".to_owned() }
}

fn person(admin: bool) -> Bot {
    Bot::User { id: ActorId::new(41), login: "cs-bot".to_owned(), admin }
}

fn seen(bot: Bot, classic: Value, rules: Value) -> Seen {
    let classic = if classic.is_null() {
        Classic::None
    } else if let Some(why) = classic.as_str() {
        Classic::Hidden(why.to_owned())
    } else {
        Classic::Known(Box::new(serde_json::from_value::<Protection>(classic).unwrap()))
    };
    let rules = rules.as_array().unwrap().iter().map(|rule| {
        let ruleset: Ruleset = serde_json::from_value(rule["ruleset"].clone()).unwrap();
        (serde_json::from_value(rule.clone()).unwrap(), ruleset)
    });
    Seen { bot, branch: "main".to_owned(), lacking: Vec::new(), classic, rules: Some(rules.collect()) }
}

/// `can exclusive`, then what is missing, a sentence to a line.
fn verdict(seen: &Seen) -> String {
    let judged = judge(seen);
    let yes = |yes: bool, word: &str| if yes { word.to_owned() } else { format!("not {word}") };
    let mut lines = vec![format!("{}, {}", yes(judged.can, "can"), yes(judged.exclusive, "alone"))];
    lines.extend(judged.missing);
    lines.join("\n")
}

fn ruled(kind: &str, ruleset: Value) -> Value {
    json!({ "type": kind, "ruleset_id": 1, "ruleset": ruleset })
}

fn only(kind: &str, id: u64) -> Value {
    let actor = json!({ "actor_id": id, "actor_type": kind, "bypass_mode": "always" });
    json!({ "name": "landing", "bypass_actors": [actor] })
}

#[test]
fn classic_protection() {
    let check = |bot, classic| verdict(&seen(bot, classic, json!([])));
    let enforced = json!({ "enabled": true });
    let alone = json!({
        "restrictions": { "users": [], "teams": [], "apps": [{ "id": 77, "slug": "countersign" }] },
        "enforce_admins": enforced,
    });
    insta::assert_snapshot!(check(app(), alone.clone()), @"can, alone");
    let mut lax = alone.clone();
    lax["enforce_admins"]["enabled"] = json!(false);
    insta::assert_snapshot!(check(app(), lax), @r#"
    can, not alone
    administrators may update `main` past its protection: let its branch protection restrict who can push to the app `countersign` alone, with "Do not allow bypassing the above settings"; until then no status of the bot passes
    "#);
    let mut shared = alone.clone();
    shared["restrictions"]["teams"] = json!([{ "id": 1, "slug": "sre" }]);
    insta::assert_snapshot!(check(app(), shared), @r#"
    can, not alone
    others than the app `countersign` may push to `main`: let its branch protection restrict who can push to the app `countersign` alone, with "Do not allow bypassing the above settings"; until then no status of the bot passes
    "#);
    insta::assert_snapshot!(check(person(false), alone.clone()), @r#"
    not can, not alone
    only some may push to `main`, and the user `cs-bot` is not one of them: add it to "Restrict who can push to matching branches" in the protection of `main`
    others than the user `cs-bot` may push to `main`: let its branch protection restrict who can push to the user `cs-bot` alone, with "Do not allow bypassing the above settings"; until then no status of the bot passes
    "#);
    let users = json!({ "restrictions": { "users": [user(41, "cs-bot")] }, "enforce_admins": enforced });
    insta::assert_snapshot!(check(person(true), users), @"can, alone");
    let mut strict = alone.clone();
    strict["required_pull_request_reviews"] = json!({});
    strict["required_signatures"] = enforced.clone();
    strict["required_linear_history"] = enforced.clone();
    strict["lock_branch"] = enforced.clone();
    insta::assert_snapshot!(check(app(), strict.clone()), @r#"
    not can, alone
    `main` is locked: unlock it in its protection
    `main` takes changes through pull requests only: add the app `countersign` to "Allow specified actors to bypass required pull requests" in the protection of `main`
    `main` takes only commits that GitHub can verify: replace "Require signed commits" by a ruleset with the app `countersign` on its bypass list
    `main` takes no merge commits: switch off "Require linear history" in the protection of `main`
    "#);
    strict["lock_branch"] = json!({ "enabled": false });
    strict["enforce_admins"] = json!({ "enabled": false });
    assert!(verdict(&seen(person(true), strict, json!([]))).starts_with("can, not alone"));
    let mut let_by = alone;
    let_by["required_pull_request_reviews"] =
        json!({ "bypass_pull_request_allowances": { "apps": [{ "id": 77 }] } });
    let_by["required_status_checks"] = json!({ "strict": true, "contexts": ["ci"] });
    insta::assert_snapshot!(check(app(), let_by), @"can, alone");
}

#[test]
fn no_protection_and_hidden_protection_are_not_exclusive() {
    insta::assert_snapshot!(verdict(&seen(app(), Value::Null, json!([]))), @r#"
    can, not alone
    others may update `main` too: let its branch protection restrict who can push to the app `countersign` alone, with "Do not allow bypassing the above settings"; until then no status of the bot passes
    "#);
    insta::assert_snapshot!(verdict(&seen(app(), json!("Resource not accessible by integration"), json!([]))), @r#"
    can, not alone
    the protection of `main` cannot be read (Resource not accessible by integration), so others may update it: let its branch protection restrict who can push to the app `countersign` alone, with "Do not allow bypassing the above settings"; until then no status of the bot passes
    "#);
    let mut lacking = seen(app(), Value::Null, json!([]));
    lacking.lacking.push("the app may not push: grant it the permission `contents: write`".to_owned());
    lacking.rules = None;
    assert!(verdict(&lacking).starts_with("not can, not alone\nthe app may not push"));
}

#[test]
fn rulesets() {
    let check = |bot, rules| verdict(&seen(bot, Value::Null, rules));
    insta::assert_snapshot!(check(app(), json!([ruled("update", only("Integration", 77))])), @"can, alone");
    insta::assert_snapshot!(check(person(false), json!([ruled("update", only("User", 41))])), @"can, alone");
    insta::assert_snapshot!(check(app(), json!([ruled("update", only("Integration", 78))])), @r#"
    not can, not alone
    the ruleset `landing` lets nobody update the branch on `main` (rule `update`): add the app `countersign` to its bypass list, always allowed
    the ruleset `landing` lets others update `main` too: let its branch protection restrict who can push to the app `countersign` alone, with "Do not allow bypassing the above settings"; until then no status of the bot passes
    "#);
    // An account with the number of the app is not the app.
    assert!(check(app(), json!([ruled("update", only("User", 77))])).starts_with("not can, not alone"));
    let mut shared = only("Integration", 77);
    let admins = json!({ "actor_id": 1, "actor_type": "OrganizationAdmin", "bypass_mode": "pull_request" });
    shared["bypass_actors"].as_array_mut().unwrap().push(admins);
    assert!(check(app(), json!([ruled("update", shared)])).starts_with("can, not alone"));
    let hidden = json!({ "name": "landing", "current_user_can_bypass": "always" });
    insta::assert_snapshot!(check(app(), json!([ruled("update", hidden)])), @r#"
    can, not alone
    the ruleset `landing` does not tell whom it lets update `main`: let its branch protection restrict who can push to the app `countersign` alone, with "Do not allow bypassing the above settings"; until then no status of the bot passes
    "#);
    let for_pulls = json!({ "name": "landing", "current_user_can_bypass": "pull_requests_only" });
    assert!(check(app(), json!([ruled("pull_request", for_pulls)])).starts_with("not can"));
    let mut syncs = ruled("update", only("Integration", 77));
    syncs["parameters"] = json!({ "update_allows_fetch_and_merge": true });
    assert!(check(app(), json!([syncs])).starts_with("can, not alone"));
}

#[test]
fn every_rule_that_a_push_could_break_is_named() {
    let check =
        |kind: &str| verdict(&seen(app(), Value::Null, json!([ruled(kind, json!({ "name": "strict" }))])));
    for kind in ["creation", "deletion", "non_fast_forward", "required_status_checks", "max_file_size"] {
        assert!(check(kind).starts_with("can, "), "{kind}");
    }
    for kind in [
        "update",
        "pull_request",
        "required_signatures",
        "required_linear_history",
        "merge_queue",
        "required_deployments",
        "workflows",
        "commit_message_pattern",
        "what_comes_next_year",
    ] {
        let verdict = check(kind);
        assert!(
            verdict.starts_with("not can, ") && verdict.contains(&format!("(rule `{kind}`)")),
            "{verdict}"
        );
    }
}

#[tokio::test]
async fn protection_is_read_where_it_may_be() {
    let server = MockServer::start().await;
    get(&server, "/user", user(41, "cs-bot")).await;
    let permissions = json!({ "push": true, "admin": true });
    get(&server, "/repos/acme/shop", json!({ "full_name": "acme/shop", "permissions": permissions })).await;
    get(&server, "/repos/acme/shop/branches/main", json!({ "protected": true })).await;
    let rule = json!([{ "type": "update", "ruleset_id": 3 }, { "type": "deletion", "ruleset_id": 3 }]);
    get(&server, "/repos/acme/shop/rules/branches/main", rule).await;
    get(&server, "/repos/acme/shop/rulesets/3", only("User", 41)).await;
    let none = ResponseTemplate::new(404).set_body_json(json!({ "message": "Branch not protected" }));
    let route = "/api/v3/repos/acme/shop/branches/main/protection";
    Mock::given(path(route)).respond_with(none).mount(&server).await;
    let judged = as_user(&server).capability(&shop(), &branch("main")).await.unwrap();
    assert!(judged.can && judged.exclusive && judged.missing.is_empty(), "{judged:?}");
    let asked = server.received_requests().await.unwrap();
    assert_eq!(asked.iter().filter(|request| request.url.path().ends_with("/rulesets/3")).count(), 1);

    server.reset().await;
    get(&server, "/user", user(41, "cs-bot")).await;
    get(&server, "/repos/acme/shop", json!({ "full_name": "acme/shop", "permissions": { "push": true } }))
        .await;
    get(&server, "/repos/acme/shop/branches/main", json!({ "protected": true })).await;
    let refused = ResponseTemplate::new(403).set_body_json(json!({ "message": "Must have admin rights" }));
    Mock::given(method("GET")).respond_with(refused).mount(&server).await;
    let judged = as_user(&server).capability(&shop(), &branch("main")).await.unwrap();
    assert!(judged.can && !judged.exclusive, "{judged:?}");
    assert!(judged.missing[0].contains("(Must have admin rights)"), "{judged:?}");
}
