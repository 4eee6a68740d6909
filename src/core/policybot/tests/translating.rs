//! How each word is said here, and where it departs.

use super::super::*;
use crate::config::{self, POLICY_PATH};

fn translated(policy: &str) -> Translation {
    let policy = read(policy, "p").unwrap_or_else(|errors| panic!("{errors:#?}\n{policy}"));
    let translation = translate(&policy, "p");
    if let Err(errors) = config::parse(&translation.text, POLICY_PATH) {
        panic!("{errors:#?}\n{}", translation.text);
    }
    translation
}

/// The departures, as `kind line: what`.
fn told(translation: &Translation) -> Vec<String> {
    translation.departures.iter().map(|one| format!("{} {one}", one.line)).collect()
}

/// What the policy has on the line of a key.
#[track_caller]
fn line<'t>(translation: &'t Translation, key: &str) -> &'t str {
    let begins = format!("{key} = ");
    let found = translation.text.lines().find_map(|line| line.strip_prefix(&begins));
    found.unwrap_or_else(|| panic!("no {key} in\n{}", translation.text))
}

fn rule(inside: &str) -> String {
    format!("policy: {{ approval: [r] }}\napproval_rules:\n- {{ name: r, {inside} }}\n")
}

#[test]
fn everything_that_policy_bot_has_comes_out_as_a_policy() {
    let translation = translated(include_str!("everything.yml"));
    let missing: Vec<&str> = translation
        .departures
        .iter()
        .filter(|one| one.kind == Kind::Missing)
        .filter_map(|one| one.what.split('`').nth(1))
        .collect();
    let properties = [
        "custom_property_is_not_null",
        "custom_property_is_null",
        "custom_property_matches_any_of",
        "custom_property_matches_none_of",
    ];
    assert_eq!(missing, properties);
}

const NEVER: &str = "{ all = [{ draft = true }, { draft = false }] }";

#[test]
fn each_predicate_is_said_as_it_is_meant() {
    let check = |predicate: &str, when: &str| {
        let translation = translated(&rule(&format!("if: {{ {predicate} }}, requires: {{ count: 0 }}")));
        assert_eq!(line(&translation, "when"), when, "{predicate}");
    };
    let rows = [
        ("changed_files: { paths: ['^a'] }", r#"{ changed_files = { matches = ["^a"] } }"#),
        (
            "changed_files: { globs: ['a/**', '**/b*.c', '{a,b}'], ignore: ['\\d'] }",
            r#"{ changed_files = { paths = ["a/**", "a", "**/b*.c"], matches = ['(?s)\A(?:a|b)\z'], ignore_matches = ["[0-9]"] } }"#,
        ),
        ("changed_files: { ignore: [a] }", NEVER),
        ("only_changed_files: {}", NEVER),
        ("file_added: { paths: [] }", NEVER),
        ("file_deleted: { paths: [''] }", r#"{ file_deleted = { matches = ["(?:)"] } }"#),
        (
            "has_author_in: { permissions: [none, admin] }",
            r#"{ has_author_in = { permissions = ["read", "admin"] } }"#,
        ),
        ("has_author_in: { users: [] }", NEVER),
        ("only_has_contributors_in: {}", NEVER),
        ("author_is_only_contributor: false", "{ author_is_only_contributor = false }"),
        ("targets_branch: {}", NEVER),
        ("from_branch: { pattern: '^a:' }", r#"{ from_branch = { matches = ["^a:"] } }"#),
        (
            "modified_lines: { total: '> 5', additions: '<-1', files: { exclude: [a] } }",
            r#"{ modified_lines = { total = "> 5", ignore_matches = ["a"] } }"#,
        ),
        ("modified_lines: { additions: '=-1' }", NEVER),
        (
            "has_status: { statuses: [a], conclusions: [neutral] }",
            r#"{ has_status = { names = ["a"], conclusions = ["neutral"] } }"#,
        ),
        ("has_successful_status: [a]", r#"{ has_status = { names = ["a"] } }"#),
        ("has_workflow_result: { workflows: [a] }", r#"{ has_workflow_result = { workflows = ["a"] } }"#),
        ("has_labels: [a]", r#"{ has_labels = ["a"] }"#),
        ("title: {}", NEVER),
        ("repository: { not_matches: [a] }", r#"{ repository = { not_matches = ["a"] } }"#),
        ("has_valid_signatures: false", "{ has_valid_signatures = false }"),
        ("has_valid_signatures_by_keys: { key_ids: [] }", NEVER),
    ];
    for (predicate, when) in rows {
        check(predicate, when);
    }
    // What always holds is not said.
    for predicate in [
        "no_changed_files: {}",
        "file_not_added: { paths: [] }",
        "has_labels: []",
        "has_status: { statuses: [] }",
        "modified_lines: { total: '> -1' }",
    ] {
        let translation =
            translated(&rule(&format!("if: {{ {predicate} }}, requires: {{ count: 1, users: [a] }}")));
        assert!(!translation.text.contains("\nwhen"), "{predicate}\n{}", translation.text);
    }
}

#[test]
fn what_has_no_form_here_is_unknown_and_told() {
    let long = format!("title: {{ matches: ['{}'] }}", "a".repeat(300));
    for (predicate, why) in [
        ("custom_property_is_null: [a]", "custom properties of repositories are not read"),
        ("has_status: { statuses: [a], conclusions: [odd] }", "nothing ends with `odd`"),
        ("has_author_in: { users: ['a b'] }", "nobody can be called `a b`"),
        ("has_contributor_in: { teams: [sre] }", "nobody can be called `sre`"),
        ("has_labels: ['']", "a text is empty"),
        ("has_valid_signatures_by_keys: { key_ids: [3aa5c34371567bd2] }", "sixteen digits, in capitals"),
        (&long, "this expression is longer than 256 bytes"),
    ] {
        for (place, said) in [("if", "so it waits"), ("requires", "the rule waits for it")] {
            let inside = match place {
                "if" => format!("if: {{ {predicate} }}, requires: {{ count: 1, users: [a] }}"),
                _ => format!("requires: {{ count: 1, users: [a], conditions: {{ {predicate} }} }}"),
            };
            let translation = translated(&rule(&inside));
            let missing = translation.departures.iter().find(|one| one.kind == Kind::Missing).unwrap();
            assert!(missing.what.contains(why) && missing.what.contains(said), "{missing}");
            assert!(translation.text.contains("{ unknown = "), "{}", translation.text);
        }
    }
}

#[test]
fn options_are_carried_over_or_told() {
    let check = |inside: &str, options: &str, departures: &[&str]| {
        let translation =
            translated(&rule(&format!("options: {{ {inside} }}, requires: {{ count: 1, users: [a] }}")));
        assert_eq!(line(&translation, "options"), format!("{{ allow_pusher = true{options} }}"), "{inside}");
        let told = told(&translation);
        assert_eq!(told.len(), departures.len(), "{inside}: {told:#?}");
        for (told, wanted) in told.iter().zip(departures) {
            assert!(told.starts_with(&format!("3 {wanted}")), "{inside}: {told}");
        }
    };
    check("allow_author: true", ", allow_author = true", &[]);
    check("allow_contributor: true", ", allow_author = true, allow_committers = true", &[]);
    check("allow_non_author_contributor: true", ", allow_committers = true", &[]);
    check("invalidate_on_push: true", ", on_push = \"head\"", &[]);
    check(
        "invalidate_on_push: true, ignore_commits_by: { users: [b] }",
        ", ignore_commits_by = { users = [\"b\"] }, on_push = \"head\"",
        &["stricter: `invalidate_on_push`"],
    );
    check("ignore_commits_by: {}", "", &[]);
    check("ignore_commits_by: { teams: [b] }", "", &["stricter: `ignore_commits_by`"]);
    check("ignore_update_merges: true", "", &["stricter: `ignore_update_merges`"]);
    check("request_review: { enabled: true }", ", request_review = { mode = \"random-users\" }", &[]);
    check("request_review: { enabled: true, count: 2 }", ", request_review = { count = 2 }", &[]);
    check("request_review: { enabled: true, count: 15 }", ", request_review = { count = 15 }", &[]);
    for count in ["16", "9999999999"] {
        check(
            &format!("request_review: {{ enabled: true, count: {count} }}"),
            ", request_review = { count = 15 }",
            &[&format!("differs: `request_review`: {count} people would be asked, and no more than 15 are")],
        );
    }
    check(
        "request_review: { enabled: true, mode: all-users, count: 20 }",
        ", request_review = { mode = \"all-users\" }",
        &[],
    );
    check(
        "request_review: { enabled: true, mode: all-users }",
        ", request_review = { mode = \"all-users\" }",
        &[],
    );
    check(
        "request_review: { enabled: true, mode: teams }",
        "",
        &["not carried over: `request_review`: the rule names no"],
    );
    check("request_review: { enabled: true, mode: odd }", "", &["left out: `request_review`"]);
    check("request_review: { enabled: false }", "", &[]);
}

#[test]
fn ways_to_approve_are_carried_over_or_told() {
    let check = |inside: &str, methods: &str, departures: &[&str]| {
        let translation = translated(&rule(&format!(
            "options: {{ methods: {{ {inside} }} }}, requires: {{ count: 1, users: [a] }}"
        )));
        assert_eq!(line(&translation, "methods"), format!("{{ commands = false{methods} }}"), "{inside}");
        let told: Vec<String> = told(&translation);
        assert_eq!(told.len(), departures.len(), "{inside}: {told:#?}");
        assert!(told.iter().zip(departures).all(|(told, wanted)| told.contains(wanted)), "{told:#?}");
        translation
    };
    check("comments: [ok]", ", comments = [\"ok\"]", &[]);
    check("comments: [], comment_patterns: ['^ok']", ", comment_patterns = [\"^ok\"]", &[]);
    check("comments: [ok], github_review: false", ", comments = [\"ok\"], reviews = false", &[]);
    check(
        "comments: ['', ok], comment_patterns: ['.*']",
        ", comments = [\"ok\"]",
        &["comments with ``, `.*` do not approve"],
    );
    check("comments: [], github_review_comment_patterns: [ok]", ", review_patterns = [\"ok\"]", &[]);
    check("comments: [ok], body_patterns: [x]", ", comments = [\"ok\"]", &["stricter: `body_patterns`"]);
    let nobody = check("comments: [], github_review: false", "", &["no way is left to approve"]);
    assert!(nobody.text.contains(NEVER), "{}", nobody.text);
}

#[test]
fn a_rule_that_nobody_can_meet_stays_one() {
    for requires in ["count: 1", "count: 101, users: [a]", "count: 1, users: ['']"] {
        let translation = translated(&rule(&format!("requires: {{ {requires} }}")));
        assert!(line(&translation, "require").contains(NEVER), "{requires}\n{}", translation.text);
    }
    for requires in ["count: 0", "count: -1, users: [a]", "users: [a]"] {
        let translation = translated(&rule(&format!("requires: {{ {requires} }}")));
        assert!(line(&translation, "require").starts_with("{ count = 0, conditions = [{ any"), "{requires}");
    }
}

#[test]
fn disapproval_that_cannot_be_looked_for_holds_every_change() {
    let check = |inside: &str, lines: &[(&str, &str)], departures: &[&str]| {
        let translation = translated(&format!("policy: {{ disapproval: {{ {inside} }} }}\n"));
        for (key, value) in lines {
            assert_eq!(line(&translation, key), *value, "{inside}");
        }
        let told = told(&translation);
        let all = ["policy-bot approves everything"].iter().chain(departures);
        assert!(told.iter().zip(all).all(|(told, wanted)| told.contains(wanted)), "{inside}: {told:#?}");
        assert_eq!(told.len(), departures.len() + 1, "{inside}: {told:#?}");
        translation
    };
    let lifts = "each of those who disapproved has to lift it";
    let users = ("from", "{ users = [\"a\"] }");
    check("requires: { users: [a] }", &[users, ("comments", "[\":-1:\", \"👎\"]")], &[lifts]);
    check("if: { title: { matches: [x] } }", &[("when", "{ title = { matches = [\"x\"] } }")], &[]);
    check("requires: {}", &[], &[]);
    check(
        "requires: { users: [a] }, options: { methods: { disapprove: { comment_patterns: [no] }, revoke: { comments: [ok] } } }",
        &[users, ("comment_patterns", "[\"no\"]")],
        &["every request for changes", lifts, "lifts that by approving"],
    );
    for against in ["body_patterns: [no]", "comments: ['']", "comment_patterns: ['.*']"] {
        let methods = format!("github_review: true, {against}");
        let inside =
            format!("requires: {{ users: [a] }}, options: {{ methods: {{ disapprove: {{ {methods} }} }} }}");
        let translation = check(&inside, &[users], &["every change waits", lifts]);
        assert!(line(&translation, "when").contains("unknown = "), "{}", translation.text);
    }
}

#[test]
fn rules_keep_their_names_as_far_as_they_can_be_names() {
    let long = "x".repeat(100);
    let names = ["say `yes`", "default", "some rule applies", "default (2)", "a\nb", long.as_str()];
    let rule = |name: &str| serde_json::json!({ "name": name, "requires": { "count": 1, "users": ["a"] } });
    let rules: Vec<serde_json::Value> = names.iter().map(|name| rule(name)).collect();
    let policy = serde_json::json!({ "policy": { "approval": names }, "approval_rules": rules });
    let policy = read(&policy.to_string(), "p").unwrap();
    let text = translate(&policy, "p").text;
    let parsed = config::parse(&text, POLICY_PATH).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
    let here: Vec<&str> = parsed.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert!(
        here.starts_with(&["say 'yes'", "default (3)", "some rule applies (2)", "default (2)", "a'b"]),
        "{here:?}"
    );
    assert_eq!(here.last(), Some(&"some rule applies"));
}

#[test]
fn what_counts_nowhere_is_left_out_and_told() {
    let translation = translated(
        "policy: { approval: [r] }\napproval_rules:\n- { name: r, requires: { count: 1, users: [a] } }\n- { name: r, requires: { count: 2, users: [b] } }\n- { name: s }\n",
    );
    assert_eq!(
        told(&translation),
        [
            "5 left out: `s` stands nowhere in `policy.approval`",
            "4 left out: of several rules `r` the last one counts; the others are not here",
        ]
    );
    assert_eq!(line(&translation, "require"), "{ count = 2, from = { users = [\"b\"] } }");
    let nothing = translated("");
    assert_eq!(told(&nothing).len(), 1);
    assert!(told(&nothing)[0].contains("stricter: policy-bot approves everything"));
}
