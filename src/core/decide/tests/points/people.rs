//! Who counts.

use super::super::fixture::*;
use super::*;
use crate::actor::{ActorKind, Known};

#[test]
fn p12_people_are_the_union_of_what_is_named() {
    for who in ["users: [bo]", "teams: [acme/sre]", "organizations: [acme]", "permissions: [write]"] {
        they(&format!("requires: {{count: 1, {who}}}"), &json!({}), "approved");
        they(
            &format!(
                "requires: {{count: 1, users: [zoe], {}}}",
                who.replace("users: [bo]", "teams: [acme/sre]")
            ),
            &json!({}),
            "approved",
        );
    }
    let from = "require = { count = 1, from = { users = [\"zoe\"], teams = [\"acme/sre\"], organizations = [\"acme\"], groups = [\"acme/all\"], permissions = [\"admin\"] } }";
    for given in [
        "approvals = ['zoe']",
        "approvals = ['bo'], teams = { 'acme/sre' = ['bo'] }",
        "approvals = ['bo'], organizations = { acme = ['bo'] }",
        "approvals = ['bo'], groups = { 'acme/all' = ['bo'] }",
        "approvals = ['bo'], permissions = { bo = 'admin' }",
    ] {
        our_rule(from, given, "met");
    }
    our_rule(from, "approvals = ['bo']", "pending");
}

/// An account is a number here; how its login is written makes no difference. And bots do not approve.
#[test]
fn p13_capitals_count_there_and_not_here() {
    they("requires: {count: 1, users: [Bo]}", &json!({}), "pending");
    let bot = json!({ "reviews": [reviewed("renovate[bot]", "approved", 4)] });
    they("requires: {count: 1, users: ['renovate[bot]']}", &bot, "approved");
    our_rule("require = { count = 1, from = { users = [\"Bo\"] } }", "approvals = ['bo']", "met");
    let mut snapshot = displayed(&rule("require = { count = 1, from = { users = [\"renovate[bot]\"] } }"));
    let renovate = Actor { kind: ActorKind::Bot, ..person(90, "renovate[bot]") };
    review(&mut snapshot, 1, renovate, ReviewState::Approved, "", 200);
    let plan = judged(&snapshot, "hold");
    assert_eq!(plan.report.requirements[0].ignored[0].reason, "a bot cannot approve");
}

#[test]
fn p14_a_permission_means_at_least_that() {
    they("requires: {count: 1, permissions: [maintain, triage]}", &json!({}), "approved");
    they("requires: {count: 1, permissions: [maintain]}", &json!({}), "pending");
    they("requires: {count: 1, admins: true}", &json!({}), "pending");
    they("requires: {count: 1, write_collaborators: true}", &json!({}), "approved");
    let least =
        |permission: &str| format!("require = {{ count = 1, from = {{ permissions = [{permission}] }} }}");
    our_rule(&least("\"maintain\", \"triage\""), "approvals = ['bo']", "met");
    our_rule(&least("\"maintain\""), "approvals = ['bo']", "pending");
    our_rule(&least("\"maintain\""), "approvals = ['bo'], permissions = { bo = 'admin' }", "met");
    we_refuse(&rule("require = { count = 1, from = { admins = true } }"), "unknown key `admins`");
}

/// The empty set of ours cannot be written by mistake: an empty table is refused, and leaving it out is not empty.
#[test]
fn p15_nobody_named_is_nobody_there_and_whoever_may_write_here() {
    they("requires: {count: 1}", &json!({}), "pending");
    they("requires: {count: 1, users: []}", &json!({}), "pending");
    our_rule("require = { count = 1 }", "approvals = ['bo'], permissions = { bo = 'write' }", "met");
    we_refuse(&rule("require = { count = 1, from = {} }"), "is empty");
    we_refuse(&rule("require = { count = 1, from = { users = [] } }"), "this list is empty");
}

#[test]
fn p16_a_set_that_nobody_could_look_up_is_no_empty_set() {
    let lost = json!({ "failed": { "teams": "the app is not installed there" } });
    they("requires: {count: 1, teams: [other/team]}", &lost, "error");
    let team = "require = { count = 1, from = { teams = [\"other/team\"] } }";
    our_rule(team, "approvals = ['bo'], teams = { 'other/team' = 'unknown' }", "unknown");
    let organization = "require = { count = 1, from = { organizations = [\"other\"] } }";
    our_rule(organization, "approvals = ['bo'], organizations = { other = 'unknown' }", "unknown");
    // Who counts anyway, counts.
    let also = "require = { count = 1, from = { teams = [\"other/team\"], users = [\"bo\"] } }";
    our_rule(also, "approvals = ['bo'], teams = { 'other/team' = 'unknown' }", "met");
}

#[test]
fn p17_a_permission_that_nobody_asks_for_is_not_needed() {
    let lost = json!({ "failed": { "permissions": "no" } });
    they("requires: {count: 1, users: [bo]}", &lost, "approved");
    they("requires: {count: 1, organizations: [acme]}", &lost, "approved");
    they("requires: {count: 1, permissions: [write]}", &lost, "error");
    our_rule(
        "require = { count = 1, from = { users = [\"bo\"] } }",
        "approvals = ['bo'], permissions = { bo = 'unknown' }",
        "met",
    );
    our_rule("require = { count = 1 }", "approvals = ['bo'], permissions = { bo = 'unknown' }", "pending");
    // Those of contributors are asked for where a condition is about them.
    let asks = |rules: &str| crate::config::parse(&policy(rules), "p").unwrap().asks_about_contributors();
    assert!(!asks(&rule("require = { count = 1, from = { users = [\"bo\"] } }")));
    assert!(asks(&rule("when = { has_contributor_in.permissions = \"admin\" }\nrequire = { count = 1 }")));
    let mut snapshot = displayed("");
    approved(&mut snapshot, 1, bo(), 200);
    snapshot.directory.permissions.insert(bo().id, Known::Unknown("no answer".to_owned()));
    let plan = judged(&snapshot, "hold");
    let why = &plan.report.requirements[0].ignored[0].reason;
    assert!(why.starts_with("could not be told: the permission of bo"), "{why}");
}
