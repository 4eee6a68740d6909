//! policy-bot's outcomes, by hand; `tests/it/policy_bot.rs` holds many more against policy-bot itself.

use super::super::*;

fn change() -> Change {
    serde_json::from_str(
        r#"{"repository": "acme/env", "author": "ana", "target": "main", "head": "c2",
            "commits": [{"sha": "c1", "author": "ana", "committer": "ana"},
                        {"sha": "c2", "parents": ["c1"], "author": "cy", "committer": "cy"}],
            "pushed_at": {"c1": "2026-01-01T00:00:00Z", "c2": "2026-01-01T02:00:00Z"},
            "teams": {"acme/sre": ["bo", "cy", "dee"]},
            "reviews": [{"author": "bo", "state": "approved", "created_at": "2026-01-01T01:00:00Z"},
                        {"author": "bo", "state": "changes-requested", "created_at": "2026-01-01T03:00:00Z"},
                        {"author": "cy", "state": "approved", "created_at": "2026-01-01T03:00:00Z"}]}"#,
    )
    .unwrap()
}

fn outcome(rule: &str) -> Outcome {
    let text = format!(
        "policy:\n  approval: [r]\napproval_rules:\n- name: r\n  requires: {{count: 1, teams: [acme/sre]}}\n  options: {{{rule}}}\n"
    );
    let outcome = evaluate(&read(&text, ".policy.yml").unwrap(), &change());
    outcome.children[0].children[0].clone()
}

#[test]
fn a_later_request_for_changes_leaves_an_approval_standing() {
    let outcome = outcome("");
    assert_eq!(
        (outcome.status, outcome.approvers.as_slice()),
        (Status::Approved, ["bo".to_owned()].as_slice())
    );
}

#[test]
fn a_push_takes_earlier_approvals_away() {
    let outcome = outcome("invalidate_on_push: true");
    assert_eq!(outcome.status, Status::Pending);
    assert_eq!(outcome.dismissed, [Dismissed { user: "bo".into(), reason: Reason::Pushed }]);
}

#[test]
fn contributors_count_where_they_may() {
    assert_eq!(outcome("allow_non_author_contributor: true").approvers, ["bo", "cy"]);
}

#[test]
fn the_tree_is_told_line_by_line() {
    let policy = read(include_str!("everything.yml"), ".policy.yml").unwrap();
    insta::assert_snapshot!(evaluate(&policy, &change()).render(), @r#"
    policy · disapproved · `title` holds
      approval · pending · rules approved: 0 of 2
        or · pending · no rule is approved
          everything · skipped · `changed_files` does not hold
          and · pending · rules approved: 0 of 1
            plain · pending · 0 of 1 approvals; 1 by people who do not count
        plain · pending · 0 of 1 approvals; 1 by people who do not count
      disapproval · disapproved · `title` holds
    "#);
}

#[test]
fn what_an_or_overlooks_is_a_gap_all_the_same() {
    let policy = "policy: { approval: [{ or: [r, s] }] }\napproval_rules:\n- { name: r, requires: { count: 1, teams: [acme/sre] } }\n- { name: s, requires: { count: 9, users: [bo] } }\n";
    let policy = read(policy, "p").unwrap();
    let mut change = change();
    assert!(!evaluate(&policy, &change).has_gap());
    change.failed.insert(Part::Teams, "it timed out".to_owned());
    let outcome = evaluate(&policy, &change);
    assert_eq!((outcome.error.as_ref(), outcome.status), (None, Status::Pending));
    assert!(outcome.has_gap());
}
