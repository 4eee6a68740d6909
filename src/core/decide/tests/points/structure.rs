//! How rules combine, and what the outcome is called.

use super::super::fixture::*;
use super::*;
use crate::change::ChangeState;
use crate::plan::Action;
use crate::snapshot::StatusState;

/// Four rules: `a` is approved, `b` skipped, `c` pending, `e` cannot be told.
fn tree(tree: &str) -> String {
    format!(
        "approval_rules:\n- {{name: a, requires: {{count: 1, users: [bo]}}}}\n- {{name: b, if: {{title: {{matches: [nothing]}}}}}}\n\
         - {{name: c, requires: {{count: 1, users: [cy]}}}}\n- {{name: e, if: {{has_labels: [x]}}}}\npolicy: {{approval: {tree}}}\n"
    )
}

/// The same four here, and the labels that `e` asks for are not known.
const FOUR: &str = r#"[[rule]]
name = "a"
require = { count = 1, from = { users = ["bo"] } }
[[rule]]
name = "b"
when = { title.matches = "nothing" }
require = { count = 1 }
[[rule]]
name = "c"
require = { count = 1, from = { users = ["cy"] } }
[[rule]]
name = "e"
when = { has_labels = "x" }
require = { count = 1 }"#;

#[track_caller]
fn they_combine(of: &str, wanted: &str) {
    let outcome = theirs(&tree(of), &json!({ "failed": { "labels": "no" } }));
    assert_eq!(state_of(&outcome.children[0]), wanted, "{of}\n{}", outcome.render());
}

/// bo approved.
#[track_caller]
fn we_combine(of: &str, verdict: &str) {
    let rules = format!("approval = {of}\n{FOUR}");
    ours(&rules, "approvals = ['bo'], labels = 'unknown', paths = ['x']", &format!("verdict = '{verdict}'"));
}

#[test]
fn p01_a_tree_names_rules_and_is_read_strictly() {
    let deep = |depth: usize| tree(&format!("[{}a{}]", "{or: [".repeat(depth), "]}".repeat(depth)));
    // The list itself and a rule count as levels of theirs.
    assert!(read(&deep(9), "p").is_ok());
    they_refuse(&deep(10), "nests deeper than 10");
    they_refuse(&tree("[x]"), "there is no rule `x`");
    they_refuse(&tree("[1]"), "expected");
    they_refuse(&tree("[{and: []}]"), "empty");
    they_refuse(&tree("[{and: [a], or: [b]}]"), "one");
    let ours = |of: &str| format!("approval = {of}\n{FOUR}");
    let deep = |depth: usize| ours(&format!("{}\"a\"{}", "{ any = [".repeat(depth), "] }".repeat(depth)));
    assert!(crate::config::parse(&policy(&deep(10)), "p").is_ok());
    we_refuse(&deep(11), "nests deeper than 10");
    we_refuse(&ours("[\"x\"]"), "there is no rule `x`");
    we_refuse(&ours("[1]"), "expected the name of a rule");
    we_refuse(&ours("{ all = [] }"), "this list is empty");
    we_refuse(&ours("{ all = [\"a\"], any = [\"b\"] }"), "one of `all` and `any`");
}

#[test]
fn p02_no_rules_approve_everything_there_and_one_person_here() {
    for nothing in ["", "# nothing\n", "policy: {approval: []}\n"] {
        their_status(nothing, &json!({}), CommitStatus::Success);
    }
    ours("", "paths = ['x']", "verdict = 'hold', rules = { default = 'pending' }");
    ours("", "paths = ['x'], approvals = ['bo']", "verdict = 'allow'");
    let mut snapshot = displayed("");
    approved(&mut snapshot, 1, bo(), 200);
    verdict(&snapshot, "allow");
    snapshot.policy = None;
    verdict(&snapshot, "hold");
    snapshot.policy = Some(super::file("version = 2\n"));
    verdict(&snapshot, "undecided");
}

#[test]
fn p02_a_closed_change_has_no_passing_status() {
    let mut snapshot = displayed("");
    approved(&mut snapshot, 1, bo(), 200);
    snapshot.change.state = ChangeState::Closed;
    let status = decide(&snapshot)
        .actions
        .into_iter()
        .find_map(|action| if let Action::Status { state, .. } = action { Some(state) } else { None });
    assert_eq!(status, Some(StatusState::Failure));
}

#[test]
fn p03_unknown_keys_are_refused_and_of_two_rules_with_a_name_both() {
    they_refuse("approval_rules: [{name: r, weight: 1}]\n", "unknown key `weight`");
    let twice = "policy: {approval: [r]}\napproval_rules: [{name: r, requires: {count: 1, users: [bo]}}, {name: r, requires: {count: 1, users: [cy]}}, {name: unused}]\n";
    their_status(twice, &json!({}), CommitStatus::Pending);
    we_refuse(&rule("weight = 1\nrequire = { count = 1 }"), "unknown key `weight`");
    we_refuse(&format!("{0}\n{0}", rule("require = { count = 1 }")), "is the name of a rule on line");
    let unused = format!(
        "approval = [\"r\"]\n{}\n[[rule]]\nname = \"s\"\nrequire = {{ count = 1 }}",
        rule("require = { count = 1 }")
    );
    let warnings = crate::config::parse(&policy(&unused), "p").unwrap().warnings;
    assert!(warnings[0].message.contains("rule `s` is not used"), "{warnings:?}");
}

#[test]
fn p04_where_no_rule_applies_they_fail_and_we_ask_somebody() {
    their_status(&tree("[a]"), &json!({}), CommitStatus::Success);
    their_status(&tree("[c]"), &json!({}), CommitStatus::Pending);
    their_status(&tree("[b]"), &json!({}), CommitStatus::Error);
    their_status(&tree("[e]"), &json!({ "failed": { "labels": "no" } }), CommitStatus::Error);
    let disapproved = format!("{}\n", "policy: {disapproval: {requires: {users: [cy]}}}");
    their_status(
        &disapproved,
        &json!({ "reviews": [reviewed("cy", "changes-requested", 5)] }),
        CommitStatus::Failure,
    );
    let never = rule("when = { title.matches = \"nothing\" }\nrequire = { count = 1 }");
    ours(&never, "paths = ['x']", "verdict = 'hold', rules = { r = 'skipped', default = 'pending' }");
    ours(&never, "paths = ['x'], approvals = ['bo']", "verdict = 'allow'");
}

#[test]
fn p05_of_all_none_may_wait() {
    they_combine("[{and: [a, c]}]", "pending");
    they_combine("[{and: [a, b]}]", "approved");
    they_combine("[{and: [b]}]", "skipped");
    they_combine("[{and: [a, e]}]", "error");
    they_combine("[{and: [c, e]}]", "error");
    we_combine("{ all = [\"a\", \"c\"] }", "hold");
    we_combine("{ all = [\"a\", \"b\"] }", "allow");
    we_combine("{ all = [\"a\", \"e\"] }", "undecided");
    we_combine("{ all = [\"c\", \"e\"] }", "undecided");
}

/// An `or` of theirs forgets what could not be told as soon as anything else was; here only a rule that is met settles it.
#[test]
fn p06_of_any_one_is_enough_and_what_is_unknown_is_not_forgotten() {
    they_combine("[{or: [a, e]}]", "approved");
    they_combine("[{or: [c, e]}]", "pending");
    they_combine("[{or: [b, e]}]", "error");
    they_combine("[{or: [b, c]}]", "pending");
    we_combine("{ any = [\"a\", \"e\"] }", "allow");
    we_combine("{ any = [\"c\", \"e\"] }", "undecided");
    we_combine("{ any = [\"b\", \"e\"] }", "undecided");
    we_combine("{ any = [\"b\", \"c\"] }", "hold");
}

#[test]
fn p07_a_no_beats_every_yes_and_what_is_unknown_beats_both() {
    let both = |tree: &str| {
        format!(
            "policy:\n  approval: {tree}\n  disapproval: {{requires: {{users: [cy]}}}}\napproval_rules:\n- {{name: a, requires: {{count: 1, users: [bo]}}}}\n- {{name: e, if: {{has_labels: [x]}}}}\n"
        )
    };
    let no = json!({ "reviews": [reviewed("bo", "approved", 4), reviewed("cy", "changes-requested", 5)], "failed": { "labels": "no" } });
    their_status(&both("[a]"), &no, CommitStatus::Failure);
    their_status(&both("[e]"), &no, CommitStatus::Error);
    let given = "approvals = ['bo'], requested_changes = ['cy'], labels = 'unknown', paths = ['x']";
    ours(&format!("approval = [\"a\"]\n{FOUR}"), given, "verdict = 'hold', rules = { a = 'met' }");
    ours(&format!("approval = [\"e\"]\n{FOUR}"), given, "verdict = 'undecided'");
}

/// Only what is known to be false skips a rule here: otherwise a stricter rule could be switched off by an outage.
#[test]
fn p08_a_condition_that_is_false_skips_its_rule() {
    they("if: {title: {matches: [nothing]}}\n  requires: {count: 1, users: [cy]}", &json!({}), "skipped");
    // Theirs are asked in an order of their own, and no further than the first that is false.
    let order = "if: {has_labels: [x], title: {matches: [nothing]}}";
    they(order, &json!({ "failed": { "labels": "no" } }), "error");
    let files = "if: {has_labels: [x], changed_files: {paths: [nothing]}}";
    they(files, &json!({ "failed": { "labels": "no" } }), "skipped");
    let both = "when = { title.matches = \"nothing\", has_labels = \"x\" }\nrequire = { count = 1 }";
    our_rule(both, "labels = 'unknown'", "skipped");
    our_rule("when = { has_labels = \"x\" }\nrequire = { count = 1 }", "labels = 'unknown'", "unknown");
    our_rule(
        "when = { not = { has_labels = \"x\" } }\nrequire = { count = 1 }",
        "labels = 'unknown'",
        "unknown",
    );
}

#[test]
fn p09_a_rule_asks_for_people_and_for_what_must_be_true() {
    let silent = json!({ "failed": { "comments": "no", "reviews": "no" } });
    they("requires: {count: 0}", &silent, "approved");
    they("requires: {count: 1, users: [bo]}", &silent, "error");
    they("requires: {count: 1}", &json!({}), "pending");
    let conditions = "requires: {count: 1, users: [bo], conditions: {has_status: {statuses: [build]}, title: {matches: [^fix]}}}";
    they(conditions, &json!({}), "pending");
    assert_eq!(their_rule(conditions, &json!({})).conditions.iter().filter(|met| **met).count(), 1);
    they(conditions, &json!({ "statuses": { "build": "success" } }), "approved");
    we_refuse(&rule("require = { count = 0 }"), "everything would be agreed to");
    our_rule("require = { count = 1 }", "approvals = ['bo']", "met");
    our_rule("require = { count = 1 }", "approvals = ['bo'], permissions = { bo = 'read' }", "pending");
    let conditions = "require = { count = 1, conditions = [{ has_status.names = \"build\" }, { title.matches = \"^fix\" }] }";
    our_rule(conditions, "approvals = ['bo'], title = 'fix: it'", "pending");
    let built = "statuses = [{ name = 'build' }]";
    our_rule(conditions, &format!("approvals = ['bo'], title = 'fix: it', {built}"), "met");
    our_rule(conditions, "approvals = ['bo'], title = 'fix: it', statuses = 'unknown'", "unknown");
    let nobody = "when = { title.matches = \"^fix\" }\nrequire = { count = 0, conditions = [{ has_status.names = \"build\" }] }";
    our_rule(nobody, &format!("title = 'fix: it', {built}"), "met");
}

/// A status belongs to a commit, which may be asked into a branch with a laxer policy.
#[test]
fn p10_the_status_of_each_target_has_a_name_of_its_own() {
    let mut change = snapshot().change;
    assert_eq!(crate::decide::status_context(&change), "countersign");
    (change.into_default, change.target) = (false, "release/1".parse().unwrap());
    assert_eq!(crate::decide::status_context(&change), "countersign (release/1)");
    assert!(crate::decide::is_status_context("countersign (release/1)"));
}

#[test]
fn p11_the_outcome_says_who_and_how_many() {
    let conditions = "requires: {count: 1, users: [bo], conditions: {title: {matches: [^fix]}}}";
    assert_eq!(their_rule(conditions, &json!({})).why, "approved by bo; its conditions hold");
    let others = json!({ "reviews": [reviewed("cy", "approved", 4), reviewed("dee", "approved", 5)] });
    assert_eq!(
        their_rule(conditions, &others).why,
        "0 of 1 approvals; 1 of 1 conditions; 2 by people who do not count"
    );
    let mut snapshot = displayed(&rule(
        "require = { count = 1, from = { users = [\"cy\"] }, conditions = [{ title.matches = \"^Scale\" }] }",
    ));
    approved(&mut snapshot, 1, bo(), 200);
    let plan = judged(&snapshot, "hold");
    assert_eq!(
        plan.verdict.reasons()[0].message,
        "`r` has 0 of 1 approvals, 1 more needed from cy (1 of 1 conditions hold)"
    );
    let ignored = &plan.report.requirements[0].ignored;
    assert_eq!((ignored[0].who.as_str(), ignored[0].reason.as_str()), ("bo", "not one of cy"));
}
