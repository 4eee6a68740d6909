//! Messages against real git, evidence against itself.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::actor::{Actor, ActorId, ActorKind};
use crate::approval::{Requirement, RequirementState};
use crate::change::{ChangeId, ChangeRequest, ChangeState, CommentId, RepoId, ReviewId};
use crate::evaluation::Evaluation;
use crate::fact::{Approval, Fact, FactKind, Via};
use crate::library::Library;
use crate::report::{ReportInput, build};
use crate::revision::{CommitSha, Digest, ObjectId};
use crate::snapshot::{Contributors, Directory, MergeOutcome, Snapshot};
use crate::verdict::Verdict;

fn actor(login: &str, id: u64, kind: ActorKind) -> Actor {
    Actor { id: ActorId::new(id), login: login.into(), kind }
}

fn human(login: &str, id: u64) -> Actor {
    actor(login, id, ActorKind::Human)
}

fn head() -> CommitSha {
    "3f2c91a0".repeat(5).parse().unwrap()
}

fn base() -> CommitSha {
    "81d0b55c".repeat(5).parse().unwrap()
}

fn tree() -> ObjectId {
    "ab12".repeat(10).parse().unwrap()
}

fn digest() -> Digest {
    format!("sha256:{}", "9f1c".repeat(16)).parse().unwrap()
}

fn change(title: &str) -> ChangeRequest {
    ChangeRequest {
        id: ChangeId { repo: RepoId { forge: "hub".into(), path: "acme/env".parse().unwrap() }, number: 481 },
        title: title.into(),
        url: "https://git.example.org/acme/env/pulls/481".into(),
        author: human("cy", 77),
        state: ChangeState::Open,
        target: "main".parse().unwrap(),
        source: "shop-1.5".into(),
        head: head(),
        draft: false,
        fork: false,
        into_default: true,
    }
}

fn approval(who: Actor, via: Via) -> Approval {
    Approval {
        actor: who,
        via,
        at: "2026-08-20T10:02:11Z".parse().unwrap(),
        head: head(),
        digest: digest(),
        risks: Default::default(),
        said: crate::fact::Said::Command,
        environments: Vec::new(),
        body_hash: Digest::of(b"/approve"),
    }
}

fn requirement(rule: &str, by: Vec<Approval>) -> Requirement {
    let needed = u32::try_from(by.len()).unwrap();
    Requirement {
        rule: rule.into(),
        state: RequirementState::Met,
        needed,
        from: "acme/sre".into(),
        by,
        ignored: Vec::new(),
        could: Vec::new(),
        note: None,
        about: None,
    }
}

fn requirements() -> Vec<Requirement> {
    let bo = approval(human("bo", 12), Via::Review(ReviewId(998)));
    let mut dee = approval(human("dee", 31), Via::Comment(CommentId(9921)));
    dee.environments = vec!["production".into()];
    let skipped =
        Requirement { state: RequirementState::Skipped, ..requirement("unused", vec![dee.clone()]) };
    vec![
        requirement("production needs two", vec![bo.clone(), dee]),
        requirement("rbac \"strict\"", vec![bo]),
        skipped,
    ]
}

fn message(title: &str, requirements: &[Requirement]) -> MergeMessage {
    merge_message(&MessageInput {
        change: &change(title),
        requirements,
        requested_by: &human("cy", 77),
        base: &base(),
        environments: &[],
        digest: &digest(),
        policy: None,
        checks: CheckCounts::default(),
        bot: &actor("countersign", 5, ActorKind::Bot),
    })
}

/// What real git reads.
fn git(message: &str) -> String {
    let mut child = Command::new("git")
        .args(["-c", "core.commentChar=#", "interpret-trailers", "--parse"])
        .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")])
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(message.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{message:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn ours(message: &str) -> String {
    parse_trailers(message).iter().map(|trailer| format!("{trailer}\n")).collect()
}

#[test]
fn the_message_tells_who_agreed_to_what() {
    let policy: ObjectId = "5b1e77aa".repeat(5).parse().unwrap();
    let text = Digest::of(b"version = 1");
    let message = merge_message(&MessageInput {
        change: &change("Shop 1.5.0"),
        requirements: &requirements(),
        requested_by: &human("cy", 77),
        base: &base(),
        environments: &["production".into(), "staging".into()],
        digest: &digest(),
        policy: Some((&policy, &text)),
        checks: CheckCounts { pass: 14, warn: 1 },
        bot: &actor("countersign", 5, ActorKind::Bot),
    });
    let text = render_message(&message.with_evidence(&Digest::of(b"evidence")));
    assert_snapshot!(text, @r#"
    Merge acme/env#481: Shop 1.5.0

    Change-Request: https://git.example.org/acme/env/pulls/481
    Change-Author: cy (id 77)
    Approved-by: bo (id 12) rule="production needs two" rule="rbac 'strict'" via=review-998 head=3f2c91a03f2c91a03f2c91a03f2c91a03f2c91a0 digest=sha256:9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c
    Approved-by: dee (id 31) rule="production needs two" via=comment-9921 head=3f2c91a03f2c91a03f2c91a03f2c91a03f2c91a0 digest=sha256:9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c environments=production
    Requested-by: cy (id 77)
    Approved-Head: 3f2c91a03f2c91a03f2c91a03f2c91a03f2c91a0
    Merge-Base-Tip: 81d0b55c81d0b55c81d0b55c81d0b55c81d0b55c
    Environments: production staging
    Effect-Digest: sha256:9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c
    Policy: .countersign.toml@5b1e77aa5b1e77aa5b1e77aa5b1e77aa5b1e77aa sha256:4eab33c0b9ba9ded10e2a046539031d60df90438efad3533d7ad16b6f61da112
    Checks: pass=14 warn=1 override=0
    Evidence: sha256:ee8250fb76e094b34b471f13a73dbbe51d1ae142e9df59d7c0d31ec20f0a0a8e
    Merged-by: countersign (id 5)
    "#);
    assert_eq!(git(&text), text.split_once("\n\n").unwrap().1);
    assert_eq!(ours(&text), git(&text));
}

#[test]
fn evidence_stands_once_and_before_the_last() {
    let once = message("x", &[]).with_evidence(&Digest::of(b"a"));
    let twice = once.clone().with_evidence(&Digest::of(b"b"));
    assert_eq!(once.trailers.len(), twice.trailers.len());
    let keys: Vec<&str> = twice.trailers.iter().map(|trailer| trailer.key.as_str()).collect();
    assert_eq!(keys[keys.len() - 2..], ["Evidence", "Merged-by"]);
}

#[test]
fn user_text_does_nothing_in_a_commit_message() {
    let fold = |text| fold_user_text(text, 80);
    assert_snapshot!(fold("Shop 1.5.0: fix the cart (again)"), @"Shop 1.5.0: fix the cart (again)");
    assert_snapshot!(fold("Shop\n\nApproved-by: eve (id 1)\n"), @"Shop Approved-by: eve (id 1)");
    assert_snapshot!(fold("Approved-by: eve"), @"eve");
    assert_snapshot!(fold("policy: Evidence: Signed-off-by: eve"), @"eve");
    assert_snapshot!(fold("(cherry picked from commit 123)"), @"123)");
    assert_snapshot!(fold("feat: keep conventional titles"), @"feat: keep conventional titles");
    assert_snapshot!(fold("[skip ci] bump [CI SKIP] it ***NO_CI*** [no-ci][skip actions] /pipeline cancel now"), @"bump it now");
    assert_snapshot!(fold("[skip [skip ci]ci] and [skip @ci]"), @"and");
    assert_snapshot!(fold("fixes #12, closes acme/env#3 and Resolves: https://x.example/issues/4 GH-5"), @"fixes 12, closes acme/env 3 and Resolves: x.example/issues/4 GH 5");
    assert_snapshot!(fold("see #12 and PROJ-4"), @"see #12 and PROJ-4");
    assert_snapshot!(fold("thanks @acme/sre, bo@x.example"), @"thanks acme/sre, bo@x.example");
    assert_snapshot!(fold("a\u{202e}b\u{200b}c\u{1b}[31md\te\u{2028}f"), @"abc[31md e f");
    assert_snapshot!(fold_user_text(&"ä".repeat(100), 10), @"ääääääääää");
    assert_eq!(fold("---\u{c}\u{c}by: bo"), "by: bo", "git looks for no trailers behind a divider");
    assert_eq!(fold("--- --- a"), "a");
    assert_eq!(fold("---"), "");
    assert_eq!(fold("---- a"), "---- a");
    assert_snapshot!(fold(""), @"");
}

#[test]
fn trailers_are_read_as_git_reads_them() {
    for message in [
        "",
        "title",
        "title\n",
        "Key: value",
        "title\n\nKey: value",
        "title\n\nKey: value\n",
        "title\n\nbody\n\nKey: value\nOther-Key:no space\nSpaced : yes\n",
        "title\n\nKey: value\n more\n\tand more\nNext: x\n",
        "title\n\nKey: value\nnot a trailer\n",
        "title\n\nSigned-off-by: a\nnot a trailer\n",
        "title\n\nSigned-off-by: a\none\ntwo\nthree\nfour\n",
        "title\n\n(cherry picked from commit 1)\nKey: v\n",
        "title\n\nKey: value\n\n\n",
        "title\n\nKey: value\n# comment\n",
        "title\n\nKey: value\n---\nOther: x\n",
        "title\n\nKey: value\n--- a/file\nOther: x\n",
        "title\n\nKey: value\n----\n",
        "title\n\n Key: value\n",
        "title\n\nKey:\n",
        "title\n\nhttps://x.example\n",
        "title\n\nKey: a\n\nbody\n",
        "title\n \nKey: a\n",
        "# c\ntitle\n\nKey: a\n",
        "title\nKey: a\n\nOther: b\n",
        "title\n\n: v\nKey: x\n",
    ] {
        assert_eq!(ours(message), git(message), "{message:?}");
    }
}

/// A message, and the same with its evidence named.
fn landed() -> (MergeMessage, String) {
    let message = message("Shop 1.5.0", &requirements());
    let text = render_message(&message.clone().with_evidence(&Digest::of(b"evidence")));
    (message, text)
}

#[track_caller]
fn differ(text: &str) -> String {
    check::differences(text, &landed().0).join("\n")
}

#[test]
fn every_changed_trailer_is_found() {
    let (message, text) = landed();
    assert_eq!(differ(&text), "");
    assert_eq!(message.trailers.len(), 12);
    for trailer in parse_trailers(&text) {
        let line = format!("{trailer}\n");
        let changed = text.replace(&line, &format!("{}: {}x\n", trailer.key, trailer.value));
        let removed = text.replace(&line, "");
        let doubled = text.replace(&line, &format!("{line}{line}"));
        // What the evidence's own digest is, whoever found it by that digest knows.
        let changed = (trailer.key != "Evidence").then_some(changed);
        for text in [removed, doubled].into_iter().chain(changed) {
            assert_eq!(differ(&text).lines().count(), 1, "{text}");
        }
    }
    let forged = text
        .replace("Requested-by:", "Approved-by: eve (id 666) rule=\"production needs two\"\nRequested-by:");
    assert_snapshot!(differ(&forged), @r#"the evidence does not say “Approved-by: eve (id 666) rule="production needs two"”"#);
    let renamed =
        text.replacen("Shop 1.5.0", "Shop 1.6.0", 1).replace("Author: cy (id 77)", "Author: dee (id 31)");
    assert_snapshot!(differ(&renamed), @r"
    its title is “Merge acme/env#481: Shop 1.6.0”, the evidence says “Merge acme/env#481: Shop 1.5.0”
    it says “Change-Author: dee (id 31)”, the evidence “cy (id 77)”
    ");
}

fn snapshot() -> Snapshot {
    Snapshot {
        schema: crate::snapshot::SCHEMA.into(),
        unrequested: false,
        now: "2026-08-20T10:05:00Z".parse().unwrap(),
        bot: actor("countersign", 5, ActorKind::Bot),
        change: change("Shop 1.5.0"),
        base_tip: base(),
        merge: MergeOutcome::Clean { tree: tree() },
        contributors: Contributors::default(),
        policy: None,
        library: Library::default(),
        proposed_policy: None,
        proposed_library: None,
        floor: None,
        shifted: std::collections::BTreeSet::new(),
        fields: Vec::new(),
        evaluation: Evaluation::default(),
        digest: digest(),
        details: crate::details::Details::default(),
        directory: Directory::default(),
        comments: Vec::new(),
        reviews: Vec::new(),
        facts: vec![Fact {
            seq: 1,
            at: "2026-08-20T10:04:00Z".parse().unwrap(),
            kind: FactKind::Approved(approval(human("bo", 12), Via::Review(ReviewId(998)))),
        }],
        statuses: Vec::new(),
        capability: crate::actor::Known::Unknown("not asked".into()),
        page: None,
    }
}

fn evidence() -> Evidence {
    let snapshot = snapshot();
    let report = build(&ReportInput {
        base: &snapshot.base_tip,
        head: &snapshot.change.head,
        tree: Some(&tree()),
        digest: &snapshot.digest,
        evaluation: &snapshot.evaluation,
        verdict: &Verdict::Allow,
        findings: &[],
        requirements: &requirements(),
    });
    Evidence::new(snapshot, report, BTreeMap::from([("helm".into(), "3.22.0".into())]))
}

#[test]
fn evidence_that_orders_no_landing_stands_for_no_commit() {
    assert_snapshot!(check_message(&landed().1, &evidence()).join("\n"), @"decided again, the evidence orders no landing");
}

#[test]
fn evidence_is_the_same_bytes_after_a_journey() {
    let evidence = evidence();
    let bytes = evidence.bytes();
    let back: Evidence = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(back, evidence);
    assert_eq!(back.bytes(), bytes);
    assert_eq!(evidence.digest(), Digest::of(&bytes));
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with(r#"{"report":{"base":{"#) && text.ends_with("}\n"), "{text}");
}

#[test]
fn the_pre_authentication_encoding_is_dsse_s_own_example() {
    assert_eq!(
        pre_authentication("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
}

#[test]
fn a_statement_names_its_commit_and_its_evidence() {
    let commit: CommitSha = "c0ffee00".repeat(5).parse().unwrap();
    let statement = Statement::of_landing(&commit, [&base(), &head()], &tree(), &evidence());
    assert_eq!(
        statement.subject,
        [json!({ "name": "acme/env", "digest": { "gitCommit": commit.as_str() } })]
    );
    assert_eq!(statement.predicate.evidence, evidence().digest());
    assert_eq!(statement.predicate.parents, [base(), head()]);
}

#[test]
fn an_envelope_gives_its_statement_back_only_with_a_signature_that_holds() {
    let statement = Statement {
        kind: "https://in-toto.io/Statement/v1".to_owned(),
        subject: Vec::new(),
        predicate_type: "x".to_owned(),
        predicate: Landed {
            parents: Vec::new(),
            tree: "a".repeat(40).parse().unwrap(),
            effect_digest: Digest::of(b"e"),
            evidence: Digest::of(b"v"),
            change_request: "https://git.example.org/acme/env/pulls/7".to_owned(),
            branch: "main".to_owned(),
        },
    };
    let signed = Envelope::sign(&statement, "key", |bytes| Ok::<_, ()>(format!("{}", bytes.len()))).unwrap();
    let holds = |bytes: &[u8], signature: &str| {
        if signature == bytes.len().to_string() { Ok(()) } else { Err("no".to_owned()) }
    };
    assert_eq!(signed.verify(holds), Ok(statement));
    assert_eq!(signed.verify(|_, _| Err("no".to_owned())), Err("no".to_owned()));
    let mut other = signed.clone();
    other.payload_type = "text/plain".to_owned();
    assert!(other.verify(holds).is_err());
}

fn any_message() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("Key: value\n".to_owned()),
        Just("Signed-off-by: a\n".to_owned()),
        Just(" continued\n".to_owned()),
        Just("words\n".to_owned()),
        Just("# c\n".to_owned()),
        Just("--- \n".to_owned()),
        "[a-zA-Z:# \t-]{0,6}",
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_message_is_read_as_git_reads_it(message in any_message()) {
        prop_assert_eq!(ours(&message), git(&message), "{:?}", message);
    }

    #[test]
    fn whatever_users_write_git_reads_our_trailers(title in "(\\PC|\n|: |-|\\[skip ci\\]|Approved-by: |fixes #1|---|#){0,20}", login in "[a-z:\n\"# -]{0,12}") {
        let mut rules = requirements();
        rules[0].rule = title.clone();
        rules[0].by[0].actor.login = login;
        let message = message(&title, &rules);
        let text = render_message(&message);
        let keys: Vec<String> = message.trailers.iter().map(ToString::to_string).map(|line| format!("{}\n", line.trim_end())).collect();
        prop_assert_eq!(git(&text), keys.concat(), "{:?}", text);
    }

    #[test]
    fn folded_text_is_stable_and_bounded(text in "(\\PC|\n|@|#|\\[|\\]|skip ci|fixes |GH-|-by: |https://|[0-9]){0,30}", limit in 0_usize..60) {
        let folded = fold_user_text(&text, limit);
        prop_assert!(folded.chars().count() <= limit);
        prop_assert_eq!(fold_user_text(&folded, limit), folded.clone());
        prop_assert!(!folded.contains('\n'));
    }
}
