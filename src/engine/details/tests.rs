#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking, and say why")]

use countersign_core::config::parse;
use countersign_core::details::Signature;

use super::*;

fn sha(letter: &str) -> CommitSha {
    letter.repeat(40).parse().unwrap()
}

fn commits(shas: &[&str]) -> Known<Vec<Commit>> {
    let who = || GitIdentity { name: "Ana".to_owned(), email: "ana@example.org".to_owned() };
    let people = |letter: &&str| CommitPeople { commit: sha(letter), author: who(), committer: who() };
    joined((&shas.iter().map(people).collect::<Vec<_>>(), &[]))
}

fn signed(letter: &str) -> CommitSeal {
    let signature = Signature { verified: true, signer: None, key: None };
    CommitSeal { commit: sha(letter), signature, via_web: Some(false) }
}

/// Whether each commit's signature holds; `None` where that is unknown.
#[track_caller]
fn check(shas: &[&str], seals: Known<Vec<CommitSeal>>, expected: &[Option<bool>]) {
    let mut commits = commits(shas);
    seal(&mut commits, seals);
    let Known::Yes(commits) = commits else { panic!("no commits") };
    let told = |commit: &Commit| commit.signature.as_option().map(|signature| signature.verified);
    assert_eq!(commits.iter().map(told).collect::<Vec<_>>(), expected);
}

#[test]
fn a_commit_of_which_the_forge_says_nothing_stays_unknown() {
    check(&["a", "b"], Known::Yes(vec![signed("b"), signed("a")]), &[Some(true), Some(true)]);
    // The forge tells of another head than the one that is judged.
    check(&["a", "b"], Known::Yes(vec![signed("a"), signed("c")]), &[Some(true), None]);
    check(&["a"], Known::Yes(Vec::new()), &[None]);
    check(&["a"], Known::Unknown("the forge did not answer".to_owned()), &[None]);
}

#[test]
fn signers_are_asked_for_only_where_a_rule_looks_at_them() {
    let check = |when: &str, about: (bool, bool)| {
        let rule =
            format!("version = 1\n[[rule]]\nname = \"r\"\nrequire = {{ count = 1 }}\nwhen = {{ {when} }}\n");
        let policy = parse(&rule, "policy").unwrap();
        let found = (policy.has_condition(is_about_seals), policy.has_condition(is_about_signers));
        assert_eq!(found, about, "{when}");
    };
    check("has_labels = [\"x\"]", (false, false));
    check("has_valid_signatures = true", (true, false));
    check("author_is_only_contributor = true", (true, false));
    check("not = { has_valid_signatures_by = { users = [\"ana\"] } }", (true, true));
    check("has_valid_signatures_by_keys = [\"3262EFF25BA0D270\"]", (true, true));
}
