//! Conditions on the request itself: what each word means, and that what was not read is unknown.

use super::super::Truth::{self, False, True, Unknown};
use super::super::{Scope, applies};
use super::{environment, evaluation};
use crate::actor::{Actor, ActorId, ActorKind, Known, Permission};
use crate::config::{Policy, parse};
use crate::details::{ChangedFile, Commit, Details, Lines, Outcome, Signatory, Signature, WorkflowRun};
use crate::evaluation::PathOperation;
use crate::snapshot::Snapshot;

fn actor(id: u64, login: &str) -> Actor {
    Actor { id: ActorId::new(id), login: login.into(), kind: ActorKind::Human }
}

fn policy(when: &str) -> Policy {
    let text =
        format!("version = 1\n[[rule]]\nname = \"r\"\nrequire = {{ count = 1 }}\nwhen = {{ {when} }}\n");
    parse(&text, "policy").unwrap_or_else(|errors| panic!("{when}: {}", errors[0].message))
}

/// ana's change from `feature/x` into `main`, Tuesday, 24 November 2026, 09:30 in Berlin.
fn seen() -> Snapshot {
    serde_json::from_value(serde_json::json!({
        "schema": crate::snapshot::SCHEMA, "now": "2026-11-24T08:30:00Z",
        "bot": actor(99, "countersign"),
        "change": {
            "id": { "repo": { "forge": "hub", "path": "acme/env" }, "number": 7 },
            "title": "feat: shop 1.5", "url": "https://git.example.org/acme/env/pulls/7",
            "author": actor(1, "ana"), "state": { "state": "open" }, "target": "main", "into_default": true,
            "source": "feature/x", "head": "a".repeat(40), "draft": false, "fork": false
        },
        "base_tip": "b".repeat(40), "merge": { "merge": "nothing" },
        "contributors": { "known": [actor(1, "ana")], "unknown": [], "pusher": null },
        "policy": null, "proposed_policy": null,
        "evaluation": evaluation(vec![environment("production", vec![])], &[]),
        "digest": crate::revision::Digest::of(b""),
        "directory": { "permissions": {}, "teams": {} },
        "comments": [], "reviews": [], "facts": [], "statuses": [],
        "capability": { "unknown": "not asked" }, "page": null
    }))
    .unwrap()
}

fn details() -> Details {
    let file = |path: &str, operation, lines: Option<(u64, u64)>| ChangedFile {
        path: path.into(),
        operation,
        lines: lines.map(|(added, removed)| Lines { added, removed }),
    };
    let outcome = |name: &str, conclusion: Option<&str>, by: Option<&str>| Outcome {
        name: name.into(),
        conclusion: conclusion.map(str::to_owned),
        by: by.map(str::to_owned),
    };
    let run = |number, event: &str, conclusion: Option<&str>| WorkflowRun {
        workflow: ".github/workflows/ci.yml".into(),
        event: event.into(),
        number,
        conclusion: conclusion.map(str::to_owned),
    };
    let ana = Signatory { identity: "Ana <ana@example.org>".into(), account: Some(actor(1, "ana")) };
    Details {
        files: Known::Yes(vec![
            file("docs/a.md", PathOperation::Change, Some((10, 2))),
            file("apps/old.yaml", PathOperation::Remove, Some((0, 30))),
        ]),
        commits: Known::Yes(vec![Commit {
            sha: "c".repeat(40).parse().unwrap(),
            author: ana.clone(),
            committer: ana,
            via_web: None,
            signature: Known::Yes(Signature {
                verified: true,
                signer: Some(actor(1, "ana")),
                key: Some("3262EFF25BA0D270".into()),
            }),
        }]),
        labels: Known::Yes(vec!["Safe".into(), "docs".into()]),
        outcomes: Known::Yes(vec![
            outcome("build", Some("success"), Some("ci")),
            outcome("lint", Some("skipped"), None),
            outcome("slow", None, Some("ci")),
        ]),
        workflows: Known::Yes(vec![
            run(1, "push", Some("failure")),
            run(2, "push", Some("success")),
            run(3, "pull_request", Some("skipped")),
        ]),
        source_owner: Known::Yes("ana".into()),
        requested: Known::Yes(Vec::new()),
    }
}

fn told(when: &str, seen: &Snapshot) -> Truth {
    let scope = Scope { evaluation: &seen.evaluation, target: &seen.change.target, seen: Some(seen) };
    applies(&policy(when).rules[0], &scope)
}

#[track_caller]
fn check(seen: &Snapshot, rows: &[(&str, Truth)]) {
    for (when, truth) in rows {
        assert_eq!(told(when, seen), *truth, "{when}");
    }
}

/// Every word that needs more than a snapshot of old has, with what it says of [`details`].
const DETAILED: &[(&str, Truth)] = &[
    ("changed_files = { paths = \"docs/**\" }", True),
    ("changed_files = { paths = \"docs/**\", ignore = \"**/*.md\" }", False),
    ("no_changed_files = { paths = \"src/**\" }", True),
    ("only_changed_files = { paths = \"docs/**\" }", False),
    ("only_changed_files = { paths = [\"docs/**\", \"apps/*\"] }", True),
    ("file_deleted = { paths = \"apps/*\" }", True),
    ("deleted_files = { paths = \"docs/*\" }", False),
    ("file_not_deleted = { paths = \"apps/*\" }", False),
    ("file_added = { paths = \"**\" }", False),
    ("file_not_added = { paths = \"**\" }", True),
    ("changed_files = { matches = \"^docs/\" }", True),
    ("changed_files = { matches = \"^(docs|apps)/\", ignore_matches = [\"md$\", \"^apps\"] }", False),
    ("only_changed_files = { paths = \"docs/**\", matches = \"^apps/[^/]*$\" }", True),
    ("no_changed_files = { matches = \"ocs/\" }", False),
    ("changed_files_count = \">= 2\"", True),
    ("changed_files_count = \"> 2\"", False),
    ("modified_lines = { additions = \"> 10\" }", False),
    ("modified_lines = { additions = \"> 10\", deletions = \"= 32\" }", True),
    ("modified_lines = { total = \"<= 42\" }", True),
    ("modified_lines = { total = \"> 0\", paths = \"src/**\" }", False),
    ("modified_lines = { total = \"> 0\", matches = \".\" }", True),
    ("modified_lines = { total = \"> 0\", ignore_matches = \".\" }", False),
    ("commit_count = \"= 1\"", True),
    ("commit_count = \"< 1\"", False),
    ("has_status = { names = [\"build\"] }", True),
    ("has_status = { names = [\"build\", \"lint\"] }", False),
    ("has_status = { names = [\"build\", \"lint\"], conclusions = [\"success\", \"skipped\"] }", True),
    ("has_status = { names = [\"slow\"] }", False),
    ("has_status = { names = [\"absent\"] }", False),
    ("has_status = { names = [\"build\"], app = \"ci\" }", True),
    ("has_status = { names = [\"build\"], app = \"other\" }", False),
    ("has_status = { names = [\"lint\"], app = \"ci\", conclusions = [\"skipped\"] }", Unknown),
    ("has_workflow_result = { workflows = [\".github/workflows/ci.yml\"] }", False),
    (
        "has_workflow_result = { workflows = [\".github/workflows/ci.yml\"], conclusions = [\"success\", \"skipped\"] }",
        True,
    ),
    ("has_labels = [\"safe\", \"DOCS\"]", True),
    ("has_labels = [\"safe\", \"other\"]", False),
    ("has_valid_signatures = true", True),
    ("has_valid_signatures = false", False),
    ("has_valid_signatures_by = { users = [\"ana\"] }", True),
    ("has_valid_signatures_by = { users = [\"bo\"] }", False),
    ("has_valid_signatures_by_keys = [\"3262eff25ba0d270\"]", True),
    ("has_valid_signatures_by_keys = [\"0000000000000000\"]", False),
];

#[test]
fn each_word_means_what_it_says() {
    let seen = Snapshot { details: details(), ..seen() };
    check(&seen, DETAILED);
    check(
        &seen,
        &[
            ("targets_branch = \"main\"", True),
            ("targets_branch = { matches = \"^ma\" }", True),
            ("from_branch = [\"release/*\", \"feature/*\"]", True),
            ("from_branch = { matches = \"^x$\" }", False),
            ("title = { matches = \"^feat\" }", True),
            ("title = { not_matches = [\"^wip\", \"shop\"] }", False),
            ("title = { matches = \"none\", not_matches = \"^wip\" }", True),
            ("repository = { matches = \"^acme/\" }", True),
            ("draft = false", True),
            ("fork = true", False),
            ("has_author_in = { users = [\"Ana\"] }", True),
            ("has_author_in = { users = [\"bo\"] }", False),
            ("has_author_in = { teams = [\"acme/sre\"] }", Unknown),
            ("has_contributor_in = { organizations = [\"acme\"], users = [\"ana\"] }", True),
            ("only_has_contributors_in = { groups = [\"acme/ops\"] }", Unknown),
            ("author_is_only_contributor = true", True),
            ("author_is_only_contributor = false", False),
            (
                "window = { days = \"mon-fri\", from = \"09:00\", to = \"17:00\", zone = \"Europe/Berlin\" }",
                True,
            ),
            ("window = { days = \"mon-fri\", from = \"09:00\", to = \"17:00\" }", False),
            ("window = { days = \"mon\", from = \"22:00\", to = \"10:00\", zone = \"+01:00\" }", True),
            ("window = { days = \"sat-mon\" }", False),
        ],
    );
}

/// What a forge may tell of a signature, and what that says of whose it is and of its key.
#[test]
fn a_signature_counts_for_whom_and_what_it_is() {
    let check = |signer: Option<&str>, key: Option<&str>, by: Truth, by_key: Truth| {
        let mut details = details();
        let Known::Yes(commits) = &mut details.commits else { panic!("no commits") };
        let signer = signer.map(|login| actor(if login == "ana" { 1 } else { 2 }, login));
        let key = key.map(str::to_owned);
        commits[0].signature = Known::Yes(Signature { verified: true, signer, key });
        let seen = Snapshot { details, ..seen() };
        let said = format!("{:?}", seen.details.commits);
        assert_eq!(told("has_valid_signatures_by = { users = [\"ana\"] }", &seen), by, "{said}");
        assert_eq!(told("has_valid_signatures_by_keys = [\"3262eff25ba0d270\"]", &seen), by_key, "{said}");
    };
    let own = Some("3262EFF25BA0D270");
    check(Some("ana"), own, True, True);
    check(Some("web-flow"), Some("B5690EEEBB952194"), False, False);
    check(None, None, Unknown, Unknown);
    check(Some("ana"), Some("0123456789abcdef012345673262EFF25BA0D270"), True, True);
    // An SSH key has no such id, not even where its fingerprint ends like one; and no key is every key.
    check(Some("ana"), Some("SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"), True, False);
    check(Some("ana"), Some("SHA256:3262EFF25BA0D270"), True, False);
    check(Some("ana"), Some(""), True, False);
    check(Some("ana"), Some("25BA0D270"), True, False);
}

#[test]
fn what_was_not_read_is_unknown_and_never_false() {
    let seen = seen();
    for (when, _) in DETAILED {
        assert_eq!(told(when, &seen), Unknown, "{when}");
        assert_eq!(told(&format!("not = {{ {when} }}"), &seen), Unknown, "not {when}");
    }
}

#[test]
fn what_nobody_can_tell_neither_holds_nor_does_not() {
    let mut seen = seen();
    seen.details = details();
    check(
        &seen,
        &[
            ("unknown = \"the weather\"", Unknown),
            ("not = { unknown = \"the weather\" }", Unknown),
            ("all = [{ draft = true }, { unknown = \"the weather\" }]", False),
            ("any = [{ draft = false }, { unknown = \"the weather\" }]", True),
        ],
    );
}

#[test]
fn an_identity_without_an_account_could_be_anybody() {
    let mut seen = seen();
    seen.contributors.unknown.push("Bo <bo@example.org>".into());
    seen.directory.permissions.insert(ActorId::new(1), Known::Yes(Permission::Read));
    check(
        &seen,
        &[
            ("has_contributor_in = { users = [\"bo\"] }", Unknown),
            ("has_contributor_in = { users = [\"ana\"] }", True),
            ("only_has_contributors_in = { users = [\"ana\"] }", Unknown),
            ("only_has_contributors_in = { users = [\"bo\"] }", False),
            ("author_is_only_contributor = true", Unknown),
            ("has_author_in = { permissions = [\"write\"] }", False),
        ],
    );
}

#[test]
fn the_branch_of_a_fork_names_its_owner() {
    let mut seen = Snapshot { details: details(), ..seen() };
    seen.change.fork = true;
    check(&seen, &[("from_branch = \"feature/*\"", False), ("from_branch = \"ana:feature/*\"", True)]);
    seen.details = Details::default();
    check(&seen, &[("from_branch = \"feature/*\"", Unknown)]);
}

#[test]
fn a_file_without_lines_may_have_changed_by_any_number_of_them() {
    let mut seen = Snapshot { details: details(), ..seen() };
    if let Known::Yes(files) = &mut seen.details.files {
        files[1].lines = None;
    }
    check(
        &seen,
        &[
            ("modified_lines = { additions = \"> 9\" }", True),
            ("modified_lines = { additions = \"> 10\" }", Unknown),
            ("modified_lines = { additions = \"< 10\" }", False),
        ],
    );
}

#[test]
fn a_clone_has_no_request_that_could_be_told_of() {
    let mut clone = seen();
    clone.unrequested = true;
    for when in [
        "targets_branch = \"main\"",
        "from_branch = \"x\"",
        "title.matches = \"feat\"",
        "repository.matches = \"acme\"",
        "has_author_in.users = \"bo\"",
        "author_is_only_contributor = true",
        "has_labels = \"urgent\"",
        "has_status.names = \"build\"",
        "draft = true",
        "fork = true",
    ] {
        assert_eq!(told(when, &clone), Unknown, "{when}");
    }
    let known =
        "window = { days = [\"mon-fri\"], from = \"09:00\", to = \"17:00\", zone = \"Europe/Berlin\" }";
    assert_eq!(told(known, &clone), told(known, &seen()));
}
