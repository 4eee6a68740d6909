//! Files by expressions, words of reviews and comments, and what nobody can tell.

use super::super::*;

/// The policy of one rule with these lines, and of what follows them.
fn read(lines: &str) -> Result<Policy, Vec<PolicyError>> {
    let text = format!("version = 1\n[[rule]]\nname = \"r\"\nrequire = {{ count = 1 }}\n{lines}\n");
    parse(&text, POLICY_PATH)
}

#[test]
fn what_is_wrong_is_said() {
    for (lines, said) in [
        (
            "methods = { reviews = false, review_patterns = \"ok\" }",
            "reviews do not count here, whatever they say",
        ),
        ("methods = { review_patterns = \"(\" }", "`(` is not a regular expression: unclosed group"),
        ("when = { changed_files = { matches = \"(\" } }", "`(` is not a regular expression: unclosed group"),
        ("when = { changed_files = { ignore_matches = \"x\" } }", "a condition on files has no `paths`"),
        (
            "when = { file_added = { matches = \"x\", ignore_matches = \"y\" } }",
            "unknown key `ignore_matches` in a condition on files",
        ),
        ("when = { modified_lines = { paths = \"docs/**\" } }", "`modified_lines` has no `total`"),
        ("when = { unknown = true }", "expected a text, found a boolean"),
        ("when = { unknown = \"a\\nb\" }", "is not one line of at most 256 bytes"),
        ("[disapproval]\ncomment_patterns = \".*\"", "this expression matches every comment"),
    ] {
        let errors = read(lines).unwrap_err();
        let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        assert!(messages.len() == 1 && messages[0].contains(said), "{lines}: {messages:?}");
    }
}

#[test]
fn what_is_sound_is_kept() {
    let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let policy = read(
        "when = { all = [{ changed_files = { matches = \"^a\", ignore_matches = [\"b\"] } }, { unknown = \"x\" }] }\n\
         methods = { review_patterns = [\"ok\"] }\n[disapproval]\ncomments = \"no\"\ncomment_patterns = [\"^never\"]",
    )
    .unwrap();
    let files = Files { matches: texts(&["^a"]), ignore_matches: texts(&["b"]), ..Files::default() };
    let wanted = vec![Predicate::Files(FileTest::Changed, files), Predicate::Unknown("x".to_owned())];
    assert_eq!(policy.rules[0].when, Some(Predicate::All(wanted)));
    assert_eq!(policy.rules[0].methods.review_patterns, texts(&["ok"]));
    assert_eq!(policy.disapproval.comments, texts(&["no"]));
    assert_eq!(policy.disapproval.comment_patterns, texts(&["^never"]));
}

#[test]
fn a_text_in_place_of_a_list_is_no_name_but_perhaps_unknown() {
    let told = |given: &str| {
        let text = format!(
            "version = 1\n[[policy_test]]\nname = \"a\"\ngiven = {{ {given} }}\nexpect = {{ verdict = \"hold\" }}\n"
        );
        let errors = parse(&text, POLICY_PATH).unwrap_err();
        errors
            .into_iter()
            .map(|error| format!("{} ({})", error.message, error.hint.unwrap()))
            .collect::<String>()
    };
    for (given, list) in [
        ("files = \"unkown\"", "files = [{ path = \"docs/a.md\" }]"),
        ("commits = \"unkown\"", "commits = [{ author = \"ana\" }]"),
        ("statuses = \"unkown\"", "statuses = [{ name = \"build\" }]"),
        ("workflows = \"unkown\"", "workflows = [{ workflow = \"ci.yml\" }]"),
        ("labels = \"unkown\"", "labels = [\"docs\"]"),
        ("teams = { \"acme/sre\" = \"unkown\" }", "[\"ana\", \"bo\"]"),
        ("groups = { \"acme/all\" = \"unkown\" }", "[\"ana\", \"bo\"]"),
    ] {
        let hint = format!("did you mean `\"unknown\"`? A list is written like `{list}`");
        assert_eq!(told(given), format!("`unkown` is neither a list nor `\"unknown\"` ({hint})"), "{given}");
    }
    let hint = "write a list, like `labels = [\"docs\"]`, or `\"unknown\"`";
    assert_eq!(told("labels = \"docs\""), format!("`docs` is neither a list nor `\"unknown\"` ({hint})"));
}
