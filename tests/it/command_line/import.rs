//! `policy import`: what policy-bot had, as a policy of Countersign's.

use countersign_core::policybot::{Change, Comment, File, FileStatus, Review, ReviewState};

use super::{Desk, Done};
use crate::policy_bot::staged::staged;

const SHOP: &str = include_str!("../../fixtures/policy_bot/policy.yml");
const TRANSLATED: &str = include_str!("../../fixtures/policy_bot/countersign.toml");

/// A policy that is carried over as it is.
const PLAIN: &str = "
policy:
  approval: [two of us]
approval_rules:
  - name: two of us
    requires: { count: 2, teams: [acme/sre] }
";

fn desk(policy: &str) -> Desk {
    Desk::new(&[(".policy.yml", policy), ("production/web.yaml", &super::web(2))])
}

#[track_caller]
fn import(desk: &Desk, arguments: &[&str]) -> Done {
    desk.run("env", &[&["policy", "import"], arguments].concat())
}

#[test]
fn a_policy_is_translated_with_every_departure_beside_it() {
    let desk = desk(SHOP);
    let done = import(&desk, &[]);
    assert_eq!(done.code, 1, "{}", done.err);
    assert_eq!(done.out, TRANSLATED);
    insta::assert_snapshot!(done.err, @"
    .policy.yml:27: not carried over: `request_review`: nobody lists who has a permission; nobody is asked for a review
    .policy.yml:66: not carried over: `custom_property_matches_any_of`: custom properties of repositories are not read; whether the rule applies cannot be told here, so it waits
    .policy.yml:93: differs: `has_status`: where several apps set one status, all must have ended well; to policy-bot the newest
    .policy.yml:36: stricter: `invalidate_on_push`: every push ends approvals, that of a commit that policy-bot ignores too
    .policy.yml:36: stricter: `ignore_update_merges`: whoever merged the target branch into the change counts as a committer
    .policy.yml: stricter: `disapproval`: each of those who disapproved has to lift it, or somebody of `revoke` with `/unhold`; words and reviews of others do not
    .policy.yml:97: left out: `an old rule` stands nowhere in `policy.approval`
    .policy.yml: translated, 7 departures; what departs whatever a policy says stands at the head of the file
    ");
    desk.write(&[(".countersign.toml", TRANSLATED)]);
    let done = desk.run("env", &["policy", "check"]);
    assert_eq!(
        (done.code, done.out.as_str()),
        (0, ".countersign.toml: sound (0 environments, 0 checks, 7 rules)\n")
    );
}

#[test]
fn what_departs_in_nothing_of_its_own_is_fine() {
    let done = import(&desk(PLAIN), &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    insta::assert_snapshot!(done.err, @".policy.yml: translated, nothing of its own departs; what departs whatever a policy says stands at the head of the file");
}

#[test]
fn a_file_is_written_once() {
    let desk = desk(PLAIN);
    let done = import(&desk, &["--output", ".countersign.toml"]);
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{}", done.err);
    let written = std::fs::read_to_string(desk.path("env/.countersign.toml")).unwrap();
    assert_eq!(written, import(&desk, &[]).out);
    desk.write(&[(".countersign.toml", "mine")]);
    let done = import(&desk, &["--output", ".countersign.toml"]);
    assert_eq!((done.code, done.out.as_str()), (64, ""));
    assert!(done.err.contains("is there already, and is not overwritten"), "{}", done.err);
    assert_eq!(std::fs::read_to_string(desk.path("env/.countersign.toml")).unwrap(), "mine");
    let done = import(&desk, &["--output", "nowhere/p.toml"]);
    assert!(done.code == 64 && done.err.contains("there is no folder nowhere"), "{}", done.err);
}

#[test]
fn a_policy_that_cannot_be_read_says_why_and_writes_nothing() {
    let broken = "policy:\n  approval: [a, b]\napproval_rules:\n  - name: a\n    if: { title: { matches: [\"(\"] } }\n    requires: { count: many }\n";
    let desk = desk(broken);
    let done = import(&desk, &["--output", "p.toml"]);
    assert_eq!((done.code, done.out.as_str()), (64, ""));
    insta::assert_snapshot!(done.err, @r#"
    error: there is no rule `b`
     --> .policy.yml:2:17
      |
    2 |   approval: [a, b]
      |                 ^ give it one in `approval_rules`

    error: `(` is not a regular expression: a group is not closed
     --> .policy.yml:5:30
      |
    5 |     if: { title: { matches: ["("] } }
      |                              ^^^

    error: expected a whole number, found a text
     --> .policy.yml:6:24
      |
    6 |     requires: { count: many }
      |                        ^^^^
    "#);
    assert!(!desk.path("env/p.toml").exists());
    let done = import(&desk, &["absent.yml"]);
    assert!(done.code == 64 && done.err.contains("absent.yml: cannot be read"), "{}", done.err);
}

/// A change of ana's that bo approved by review, and cy with a thumb.
fn change() -> Change {
    let at = |minute: i64| jiff::Timestamp::from_second(1_800_000_000 + minute * 60).unwrap();
    let head = "b".repeat(40);
    let review = |author: &str, minute| Review {
        author: author.into(),
        state: ReviewState::Approved,
        text: String::new(),
        created_at: at(minute),
        edited_at: None,
    };
    let commit = countersign_core::policybot::Commit {
        sha: head.clone(),
        parents: Vec::new(),
        author: "ana".into(),
        committer: "ana".into(),
        via_web: false,
        signature: None,
    };
    Change {
        repository: "acme/env".into(),
        author: "ana".into(),
        title: "Scale the web".into(),
        target: "main".into(),
        source: "scale".into(),
        head: head.clone(),
        body: None,
        files: vec![File {
            path: "production/web.yaml".into(),
            status: FileStatus::Modified,
            additions: 1,
            deletions: 1,
        }],
        commits: vec![commit],
        pushed_at: [(head, at(0))].into(),
        comments: vec![Comment {
            author: "cy".into(),
            text: "👍".into(),
            created_at: at(20),
            edited_at: None,
        }],
        reviews: vec![review("bo", 10)],
        teams: [("acme/sre".to_owned(), vec!["bo".to_owned(), "cy".to_owned()])].into(),
        organizations: std::collections::BTreeMap::new(),
        permissions: std::collections::BTreeMap::new(),
        statuses: std::collections::BTreeMap::new(),
        workflows: std::collections::BTreeMap::new(),
        labels: Vec::new(),
        properties: std::collections::BTreeMap::new(),
        failed: std::collections::BTreeMap::new(),
    }
}

#[test]
fn both_are_asked_about_a_recorded_snapshot() {
    let desk = desk(PLAIN);
    let translated = import(&desk, &[]).out;
    let compare = |change: &Change| {
        let saved = serde_json::to_string(&staged(change, &translated)).unwrap();
        desk.write(&[("snapshot.json", &saved)]);
        import(&desk, &["--compare", "snapshot.json"])
    };
    let done = compare(&change());
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    insta::assert_snapshot!(done.out, @r"
    policy-bot
      policy · approved · all rules are approved
        approval · approved · all rules are approved
          two of us · approved · approved by bo, cy
        disapproval · skipped · nobody may disapprove

    the same as a .countersign.toml
      allow
        `two of us` is met by bo, cy
        `some rule applies` is met

    both come to the same
    ");
    // An edit is nothing to policy-bot.
    let mut edited = change();
    edited.comments[0].edited_at = Some(edited.comments[0].created_at + jiff::SignedDuration::from_secs(60));
    let done = compare(&edited);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    insta::assert_snapshot!(done.out, @r"
    policy-bot
      policy · approved · all rules are approved
        approval · approved · all rules are approved
          two of us · approved · approved by bo, cy
        disapproval · skipped · nobody may disapprove

    the same as a .countersign.toml
      hold
        `two of us` has 1 of 2 approvals, 1 more needed from acme/sre: cy
        `some rule applies` is met

    they come to different outcomes
    ");
    // What a snapshot does not say cannot be told.
    desk.write(&[(".policy.yml", &PLAIN.replace("acme/sre", "acme/other"))]);
    let done = import(&desk, &["--compare", "snapshot.json"]);
    assert_eq!(done.code, 2, "{}{}", done.out, done.err);
    assert!(done.out.contains("the members of acme/other are not in the snapshot"), "{}", done.out);
    desk.write(&[("snapshot.json", "{}")]);
    let done = import(&desk, &["--compare", "snapshot.json"]);
    assert!(done.code == 64 && done.err.contains("snapshot.json: is not a snapshot"), "{}", done.err);
}
