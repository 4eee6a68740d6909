//! What a `.policy.yml` may say, and how it is told where it may not.

use super::super::*;
use crate::actor::Permission;
use crate::config::Level;

fn wrong(text: &str) -> String {
    let errors = read(text, ".policy.yml").unwrap_err();
    errors.iter().map(|error| error.render(Level::Error, None)).collect()
}

#[test]
fn everything_that_policy_bot_has_is_read() {
    let text = include_str!("everything.yml");
    let policy = read(text, ".policy.yml").unwrap();
    let rule = policy.rule("everything").unwrap();
    let keys: Vec<&str> = rule.predicates.iter().map(|predicate| predicate.key).collect();
    assert_eq!(keys.len(), 27);
    assert_eq!((keys[0], keys[26]), ("changed_files", "custom_property_matches_none_of"));
    assert_eq!(rule.requires.count, 2);
    assert_eq!(rule.requires.actors.permissions, [Permission::Admin, Permission::Write, Permission::Triage]);
    let options = rule.options.in_force(&policy);
    assert_eq!(options.allow_author, Some(true));
    assert_eq!(options.invalidate_on_push, Some(true), "from approval_defaults");
    assert_eq!(options.methods.comments, Some(vec!["ship it".to_owned()]));
    assert_eq!(options.methods.github_review, Some(true), "one method that is set keeps the others");
    let Some(Tree::And(children)) = &policy.approval else { panic!("{:?}", policy.approval) };
    assert_eq!(children.len(), 2);
    assert!(policy.disapproval.is_some_and(|disapproval| disapproval.actors.organizations == ["acme"]));
}

#[test]
fn several_errors_are_told_at_once_with_line_and_column() {
    insta::assert_snapshot!(wrong(
        "policy:\n  approval:\n    - and: []\n    - teem\n    - on\napproval_rules:\n  - name: team\n    if:\n      changed_file:\n        paths: ['(']\n    requires:\n      count: two\n      permissions: [push]\n    options:\n      methods:\n        comment_patterns: ['a**']\n    name: again\n"
    ), @r#"
    error: this list is empty
     --> .policy.yml:3:12
      |
    3 |     - and: []
      |            ^
    error: there is no rule `teem`
     --> .policy.yml:4:7
      |
    4 |     - teem
      |       ^^^^ did you mean `team`?
    error: expected a rule, found yes or no
     --> .policy.yml:5:7
      |
    5 |     - on
      |       ^^ the name of a rule, `and` or `or`; quote a name that is a number or a word like `on`
    error: unknown key `changed_file`
     --> .policy.yml:9:7
      |
    9 |       changed_file:
      |       ^^^^^^^^^^^^ did you mean `changed_files`?
    error: expected a whole number, found a text
      --> .policy.yml:12:14
       |
    12 |       count: two
       |              ^^^
    error: `push` is not a permission
      --> .policy.yml:13:21
       |
    13 |       permissions: [push]
       |                     ^^^^ read, triage, write, maintain or admin
    error: `a**` is not a regular expression: `*` repeats what is repeated already
      --> .policy.yml:16:28
       |
    16 |         comment_patterns: ['a**']
       |                            ^^^^^
    error: `name` stands twice
      --> .policy.yml:17:5
       |
    17 |     name: again
       |     ^^^^ first on line 7
    "#);
}

#[test]
fn words_mean_what_yaml_1_1_says() {
    let text = "approval_rules:\n- name: on\n  requires: {count: 0x2, admins: yes}\n  options: {allow_author: off}\n- name: 'two'\n  requires: {count: 2.0}\n";
    let policy = read(text, ".policy.yml").unwrap();
    let [on, two] = policy.rules.as_slice() else { panic!() };
    assert_eq!((on.name.as_str(), on.requires.count, on.options.allow_author), ("on", 2, Some(false)));
    assert_eq!(on.requires.actors.permissions, [Permission::Admin]);
    assert_eq!(two.requires.count, 2);
    assert!(
        wrong("approval_rules:\n- name: x\n  requires: {count: '2'}\n").contains("expected a whole number")
    );
}

#[test]
fn nothing_is_a_policy_that_asks_for_nothing() {
    for text in ["", "# nothing\n", "policy: {}\n", "policy:\n  approval: []\n", "~"] {
        assert_eq!(read(text, ".policy.yml").unwrap(), Policy::default(), "{text}");
    }
}

#[test]
fn expressions_mean_what_they_mean_in_go() {
    let cases = [
        (r"^a\d+$", "a12", true),
        (r"^\d$", "٣", false),
        (r"^\w$", "é", false),
        (r"\Qa.b\E+", "a.bb", true),
        (r"\Qa.b\E", "axb", false),
        ("[[:alpha:]]{2}", "1ab", true),
        ("[a&&b]", "&", true),
        ("a{,2}", "a{,2}", true),
        (r"\x{1F44D}", "👍", true),
        (r"\101", "A", true),
        ("(?i)RELEASE/", "release/1", true),
        ("(?P<x>a)(?:b)", "ab", true),
        ("[]a]", "]", true),
        ("", "anything", true),
        (r"\bci\b", "a ci b", true),
        (r"^\B", "", true),
    ];
    for (pattern, text, expected) in cases {
        assert_eq!(Pattern::expression(pattern).unwrap().matches(text), expected, "{pattern} on {text}");
    }
    for pattern in
        ["a**", "(", ")", "*a", r"\1", r"\8", "[b-a]", "a{1001}", "(?x)a", "[a", r"\y", "(?=a)", "[[:no:]]"]
    {
        assert!(Pattern::expression(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn globs_mean_what_they_mean_to_doublestar() {
    let cases = [
        ("docs/**", "docs/a/b.md", true),
        ("docs/**", "docs", true),
        ("docs/**", "docsx", false),
        ("**/*.md", "a.md", true),
        ("**/*.md", "x/y/a.md", true),
        ("a/**/b", "a/b", true),
        ("a/**/b", "a/x/y/b", true),
        ("a/**.txt", "a/x.txt", true),
        ("a/**.txt", "a/b/x.txt", false),
        ("*.go", "a/x.go", false),
        ("{a,b/*}.go", "b/c.go", true),
        ("?[!a-c]", "xd", true),
        ("?[!a-c]", "xb", false),
        ("[a-]", "-", true),
        (r"\*", "*", true),
        ("**", "a/b", true),
        ("a{,/**}", "a/b/c", true),
        ("**/*.{yml,yaml}", "x/a.yaml", true),
        ("{docs/**,README.md}", "docs/a/b", true),
        ("{**/*.md,docs/**}", "x/a.md", true),
        ("src/{foo,bar}/**/*.go", "src/bar/x/y/a.go", true),
        ("**/[!.]*", "a/b", true),
        ("**/testdata/**", "a/testdata/b/c", true),
        ("*/**", "a/b", true),
    ];
    for (pattern, text, expected) in cases {
        assert_eq!(super::super::glob::read(pattern).unwrap().matches(text), expected, "{pattern} on {text}");
    }
    for pattern in ["[", "[]", "{a", "a}", "a\\", "[!]", "a/", "a***", "*{,a}", "a{**,b}", "*[!a]*"] {
        assert!(super::super::glob::read(pattern).is_err(), "{pattern}");
    }
}
