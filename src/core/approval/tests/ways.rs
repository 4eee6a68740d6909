//! Who is asked by the owners of files, in which words people say yes, and what else must be true.

use insta::assert_snapshot;

use super::super::{Counted, evaluate, standing};
use super::rules::{approved_by, policy, told};
use super::*;
use crate::details::{ChangedFile, Commit, Signatory};
use crate::fact::Said;
use crate::library::LibraryFile;

/// cy's change to two files, with owners.
fn owned(people: &[&str], codeowners: &str) -> Snapshot {
    let mut seen = approved_by(people);
    let file = |path: &str| ChangedFile { path: path.into(), operation: PathOperation::Change, lines: None };
    seen.details.files = Known::Yes(vec![file("apps/web.yaml"), file("net/main.tf")]);
    let file = LibraryFile { blob: "e".repeat(40).parse().unwrap(), text: codeowners.into() };
    seen.library.insert("CODEOWNERS".into(), file);
    seen
}

const OWNERS: &str = r#"
[[rule]]
name = "owners"
require = { count = 1, from = { codeowners = true } }
"#;

#[test]
fn every_file_needs_one_of_its_owners() {
    let policy = policy(OWNERS);
    let text = "apps/ @bo\nnet/ @dee @acme/net\n";
    assert_snapshot!(told(&policy, &owned(&["bo"], text)), @r"
    owners: Pending, 1 of 1 from code owners
      note: `net/main.tf` is owned by dee, acme/net
    met: false, unknown: false, uncovered: []
    ");
    assert_snapshot!(told(&policy, &owned(&["bo", "dee"], text)), @r"
    owners: Met, 2 of 1 from code owners
    met: true, unknown: false, uncovered: []
    ");
    assert_snapshot!(told(&policy, &owned(&["bo", "dee"], "apps/ @bo\n")), @r"
    owners: Pending, 1 of 1 from code owners
      without dee: not one of code owners
      note: nobody owns `net/main.tf`: add a line for it
    met: false, unknown: false, uncovered: []
    ");
    assert_snapshot!(told(&policy, &owned(&["bo", "dee"], "apps/ bo\n")), @r"
    owners: Unknown, 0 of 1 from code owners
      without bo: could not be told: CODEOWNERS:1: `bo` is neither `@user`, `@org/team` nor an address
      without dee: could not be told: CODEOWNERS:1: `bo` is neither `@user`, `@org/team` nor an address
      note: CODEOWNERS:1: `bo` is neither `@user`, `@org/team` nor an address
    met: false, unknown: true, uncovered: []
    ");
}

#[test]
fn a_push_voids_what_was_for_the_head_alone() {
    let policy =
        policy("[[rule]]\nname = \"r\"\nrequire = { count = 1 }\noptions = { on_push = \"head\" }\n");
    let mut seen = approved_by(&["bo"]);
    assert!(evaluate(&policy, &seen, &standing(&seen)).met);
    seen.change.head = head('f');
    assert_snapshot!(told(&policy, &seen), @r"
    r: Pending, 0 of 1 from whoever has write permission
      without bo: approved head `aaaaaaa`, and this rule asks for the newest
    met: false, unknown: false, uncovered: []
    ");
}

#[test]
fn a_rule_says_in_which_words_people_may_say_yes() {
    let only = |methods: &str| {
        policy(&format!("[[rule]]\nname = \"r\"\nrequire = {{ count = 1 }}\nmethods = {{ {methods} }}\n"))
    };
    let met = |policy: &crate::config::Policy, said: Said| {
        let mut seen = snapshot();
        let given = crate::fact::Approval { said, ..approval("bo", 9, 60) };
        seen.facts.push(fact(2, FactKind::Approved(given), 60));
        evaluate(policy, &seen, &standing(&seen)).met
    };
    let words = || Said::Words(vec![":+1:".into()]);
    for (methods, command, comment) in [
        ("comments = [\":+1:\"]", true, true),
        ("commands = false, comments = [\":+1:\"]", false, true),
        ("reviews = true", true, false),
        ("comment_patterns = [\"^ship\"]", true, false),
    ] {
        assert_eq!(met(&only(methods), Said::Command), command, "{methods}");
        assert_eq!(met(&only(methods), words()), comment, "{methods}");
    }
}

#[test]
fn a_rule_may_ask_what_reviews_say() {
    let rule = policy(
        "[[rule]]\nname = \"r\"\nrequire = { count = 1 }\nmethods = { review_patterns = [\"(?i)secrets\"] }\n",
    );
    let mut seen = snapshot();
    let mut met = |body: &str, said: Said| {
        let via = crate::fact::Via::Review(crate::change::ReviewId(4));
        let body_hash = crate::revision::Digest::of(body.as_bytes());
        let given = crate::fact::Approval { said, via, body_hash, ..approval("bo", 9, 60) };
        seen.facts.truncate(1);
        seen.facts.push(fact(2, FactKind::Approved(given.clone()), 60));
        seen.reviews = vec![crate::change::Review {
            id: crate::change::ReviewId(4),
            author: given.actor,
            state: crate::change::ReviewState::Approved,
            body: body.to_owned(),
            head: Some(seen.change.head.clone()),
            submitted_at: given.at,
            edited: None,
        }];
        let with = evaluate(&rule, &seen, &standing(&seen)).met;
        seen.reviews.clear();
        let gone = evaluate(&rule, &seen, &standing(&seen)).met;
        (with, gone)
    };
    assert_eq!(met("read the SECRETS", Said::Review), (true, false));
    assert_eq!(met("fine", Said::Review), (false, false));
    assert_eq!(met("", Said::Command), (true, true));
}

#[test]
fn a_rule_waits_until_its_conditions_hold() {
    let rule = |count: u32| {
        policy(&format!(
            "[[rule]]\nname = \"r\"\nrequire = {{ count = {count}, conditions = [{{ has_labels = \"safe\" }}, {{ draft = false }}] }}\n"
        ))
    };
    let mut seen = approved_by(&["bo"]);
    assert_snapshot!(told(&rule(1), &seen), @r"
    r: Unknown, 1 of 1 from whoever has write permission
      note: 1 of 2 conditions hold; a condition could not be told: the labels: not read
    met: false, unknown: true, uncovered: []
    ");
    seen.details.labels = Known::Yes(vec![]);
    assert_snapshot!(told(&rule(1), &seen), @r"
    r: Pending, 1 of 1 from whoever has write permission
      note: 1 of 2 conditions hold
    met: false, unknown: false, uncovered: []
    ");
    seen.details.labels = Known::Yes(vec!["safe".into()]);
    assert!(evaluate(&rule(1), &seen, &standing(&seen)).met);
    assert!(evaluate(&rule(0), &Snapshot { facts: Vec::new(), ..seen.clone() }, &Counted::default()).met);
}

#[test]
fn commits_of_ignored_people_keep_nobody_from_counting_unless_others_stand_in_them() {
    let policy = policy(
        "[[rule]]\nname = \"r\"\nrequire = { count = 1 }\noptions = { ignore_commits_by = { users = [\"emil\"] } }\n",
    );
    let who = |login: &str| Signatory { identity: login.into(), account: Some(actor(login)) };
    let commit = |author: &str, committer: &str| Commit {
        sha: head('a'),
        author: who(author),
        committer: who(committer),
        via_web: None,
        signature: Known::Unknown("not read".into()),
    };
    let met = |commits: Known<Vec<Commit>>| {
        let mut seen = approved_by(&["emil"]);
        seen.contributors.known.push(actor("emil"));
        seen.details.commits = commits;
        evaluate(&policy, &seen, &standing(&seen)).met
    };
    assert!(met(Known::Yes(vec![commit("cy", "cy"), commit("emil", "emil")])));
    assert!(!met(Known::Yes(vec![commit("cy", "emil")])), "somebody else stands in it");
    assert!(!met(Known::Unknown("not read".into())), "what was not read is not ignored");
}
