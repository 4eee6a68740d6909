//! Every sentence about what is wrong with a policy, and the place it points to.
use insta::assert_snapshot;

use super::super::error::nearest;
use super::super::*;
use super::{rendered, wrong};

/// The one thing that is wrong with each policy whose second line is given: what is meant, what is said, the hint.
pub(super) fn told(lines: &[&str]) -> String {
    let one = |line: &&str| {
        let errors = parse(&format!("version = 1\n{line}\n"), POLICY_PATH).expect_err(line);
        let [error] = errors.as_slice() else { panic!("one error in {line}: {}", rendered(&errors)) };
        let start = error.column as usize - 1;
        let meant: String = error.source_line.chars().skip(start).take(error.width as usize).collect();
        let hint = error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{meant}: {}{hint}\n", error.message)
    };
    lines.iter().map(one).collect()
}

#[test]
fn an_error_reads_as_the_examples_promise() {
    let text = "version = 1\n\n[[rule]]\nname = \"r\"\nrequire = { count = 1 }\n\
                when = { effect.any = { enviroment = [\"production\"] } }\n";
    let errors = parse(text, POLICY_PATH).unwrap_err();
    let note = "this policy is not in force; the one on main (5b1e77a) still decides";
    assert_snapshot!(errors[0].render(Level::Error, Some(note)), @r#"
    error: unknown key `enviroment` in a rule's predicate
     --> .countersign.toml:6:25
      |
    6 | when = { effect.any = { enviroment = ["production"] } }
      |                         ^^^^^^^^^^ did you mean `environment`?
      = this policy is not in force; the one on main (5b1e77a) still decides
    "#);
    assert_snapshot!(errors[0], @".countersign.toml:6:25: unknown key `enviroment` in a rule's predicate");
}

#[test]
fn all_errors_come_at_once_in_the_files_order() {
    assert_snapshot!(wrong(r#"
approval = ["a", "c"]

[environment.Prod]
source = { argocd = "argocd/production" }
clster = "x"

[environment.staging]
cluster = "staging"

[[check]]
name = "pack"
use = "pod-security/restrictd"

[[check]]
name = "broken"
cel = "object.spec.replicas >="
environments = ["stagin"]

[[rule]]
name = "a"
require = { count = 101 }
when = { effect.any = { kinds = ["Deployment"], risks = ["dataloss"] } }

[[rule]]
name = "a"
require = { count = 1, from = { group = ["sre"] } }

[disapproval]
given = {}
"#), @r#"
    error: the policy has no `version`
     --> .countersign.toml:1:1
      |
    1 | 
      | ^ begin the file with `version = 1`
    error: there is no rule `c`
     --> .countersign.toml:2:18
      |
    2 | approval = ["a", "c"]
      |                  ^^^ expected `a`
    error: `Prod` is not a name for an environment: lower-case letters, digits, `.`, `_` and `-`, a letter or digit first, at most 63
     --> .countersign.toml:4:14
      |
    4 | [environment.Prod]
      |              ^^^^
    error: `argocd` in a source is not supported yet
     --> .countersign.toml:5:12
      |
    5 | source = { argocd = "argocd/production" }
      |            ^^^^^^ name what its Applications render: `kustomize`, `helm` or `yaml`
    error: unknown key `clster` in an environment
     --> .countersign.toml:6:1
      |
    6 | clster = "x"
      | ^^^^^^ did you mean `cluster`?
    error: an environment has no `source`
     --> .countersign.toml:8:14
      |
    8 | [environment.staging]
      |              ^^^^^^^ say what it renders, like `source = { kustomize = "production" }`
    error: there is no pack or rule `pod-security/restrictd`
      --> .countersign.toml:13:7
       |
    13 | use = "pod-security/restrictd"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^ did you mean `pod-security/restricted`?
    error: this expression ends too early
      --> .countersign.toml:17:31
       |
    17 | cel = "object.spec.replicas >="
       |                               ^
    error: there is no environment `stagin`
      --> .countersign.toml:18:17
       |
    18 | environments = ["stagin"]
       |                 ^^^^^^^^ did you mean `staging`?
    error: `count` is 101; it is from 0 to 100
      --> .countersign.toml:22:21
       |
    22 | require = { count = 101 }
       |                     ^^^
    error: `Deployment` is not `group/kind`, like `apps/Deployment`, `rbac.authorization.k8s.io/*` or `/Pod`
      --> .countersign.toml:23:34
       |
    23 | when = { effect.any = { kinds = ["Deployment"], risks = ["dataloss"] } }
       |                                  ^^^^^^^^^^^^
    error: unknown value `dataloss` for `risks`
      --> .countersign.toml:23:58
       |
    23 | when = { effect.any = { kinds = ["Deployment"], risks = ["dataloss"] } }
       |                                                          ^^^^^^^^^^ did you mean `data-loss`?
    error: `a` is the name of a rule on line 21
      --> .countersign.toml:26:8
       |
    26 | name = "a"
       |        ^^^
    error: unknown key `group` in `from`
      --> .countersign.toml:27:33
       |
    27 | require = { count = 1, from = { group = ["sre"] } }
       |                                 ^^^^^ did you mean `groups`?
    error: unknown key `given` in `disapproval`
      --> .countersign.toml:30:1
       |
    30 | given = {}
       | ^^^^^ expected `from`, `when`, `revoke`, `comments` or `comment_patterns`
    "#);
}

#[test]
fn text_that_is_no_toml_is_one_error_a_line() {
    assert_snapshot!(wrong("version = 1\n[environment.a]\nsource = { yaml = \"a\"\ncluster = \n"), @r#"
    error: missing comma between key-value pairs, expected `,`
     --> .countersign.toml:4:1
      |
    4 | cluster = 
      | ^
    "#);
    assert_snapshot!(wrong("version = 1\nversion = 1\n"), @r#"
    error: this key is there already
     --> .countersign.toml:2:1
      |
    2 | version = 1
      | ^^^^^^^ names are unique; remove one of them
    "#);
    assert_snapshot!(wrong("version = 1\n[environment.a]\nsource = { yaml = 'x' }\n[environment.a]\n"), @r#"
    error: this key is there already
     --> .countersign.toml:4:14
      |
    4 | [environment.a]
      |              ^ names are unique; remove one of them
    "#);
}

#[test]
fn a_check_is_one_thing() {
    let told = |check: &str| {
        let errors = parse(&format!("version = 1\ncheck = [{check}]\n"), POLICY_PATH).expect_err(check);
        let line = |error: &PolicyError| format!("{}:{} {}", error.line, error.column, error.message);
        errors.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(told("{ name = \"x\", cel = \"true\", rego = \"p\" }"), @"2:38 a check is either `cel` or `rego`");
    assert_snapshot!(told("{ name = \"x\", cel = \"true\", data = \"p\", parameters = 1 }"), @"2:38 `data` goes with `rego` only");
    assert_snapshot!(told("{ name = \"x\", admission = \"p\", message = \"m\" }"), @"2:41 `message` goes with `cel` only");
    assert_snapshot!(told("{ name = \"x\", gatekeeper = \"p\", parameters = 1 }"), @"2:42 `parameters` goes with `rego` only");
    assert_snapshot!(told("{ name = \"x\", rego = \"p\", message = \"m\" }"), @"2:36 `message` goes with `cel` only");
    assert_snapshot!(told("{ name = \"x\", rego = \"../p\" }"), @"2:31 `../p` is not a path below the root of the repository");
    assert_snapshot!(told("{ name = \"x\", rego = \"p\", parameters = { at = 2026-01-01 } }"), @"2:56 a date cannot stand here");
}

#[test]
fn what_is_not_supported_yet_is_said_and_never_skipped() {
    for (line, meant) in [
        ("environment.a.source = { flux = \"clusters/a\" }", "flux"),
        ("environment.a.source = { argocd = \"clusters/a\" }", "argocd"),
        ("environment.a.source = { plan = \"net\" }", "plan"),
        ("merge = { batch = 3 }", "batch"),
        ("commands = { merge = { users = [\"x\"] } }", "merge"),
        ("commands = { override = { users = [\"x\"] } }", "override"),
    ] {
        let text = format!("version = 1\n{line}\n");
        let errors = parse(&text, POLICY_PATH).expect_err(line);
        let [error] = errors.as_slice() else { panic!("one error in {line}: {}", rendered(&errors)) };
        assert!(error.message.starts_with(&format!("`{meant}` in ")), "{line}: {}", error.message);
        assert!(error.message.ends_with(" is not supported yet"), "{line}: {}", error.message);
        assert!(error.hint.is_some(), "{line}");
        assert_eq!(error.width as usize, meant.len(), "{line}");
    }
}

/// A rule that is sound but for this.
macro_rules! rule {
    ($inner:literal) => {
        concat!("rule = [{ name = \"r\", require = { count = 1 }, ", $inner, " }]")
    };
}

/// An environment that is sound but for this.
macro_rules! environment {
    ($inner:literal) => {
        concat!("environment.a = { source = { yaml = \"x\" }, ", $inner, " }")
    };
}

#[test]
fn each_mistake_is_named_where_it_stands() {
    let environments = told(&[
        "environment.a.source = { yaml = \"x\", kustomize = \"y\" }",
        "environment.a.source = { yaml = \"x\", values = \"y\" }",
        "environment.a.source = { yaml = \"../x\" }",
        "environment.a.source = { yaml = \"--exec\" }",
        "environment.a.source = { helm = \"charts/*\" }",
        "environment.a.source = { helm = \"chart\", release = \"--post-renderer=x\" }",
        "environment.a.source = { yaml = [] }",
        "environment.a.source = { values = \"x\" }",
        "environment.a.source = {}",
        environment!("apply = \"serverside\""),
        environment!("prune = \"no\""),
        environment!("cluster = 1.33"),
        environment!("cluster = \"--kubeconfig=x\""),
        environment!("field_manager = \"\""),
        environment!("namespace = \"Shop\""),
        environment!("on_unreachable = \"ignore\""),
        environment!("destinations = [\"[shop\"]"),
    ]);
    assert_snapshot!(environments, @r#"
    kustomize: `kustomize` is a second source; an environment has one (make it an environment of its own)
    values: `values` belongs to a `helm` source, this is `yaml`
    "../x": `../x` is not a path below the root of the repository
    "--exec": `--exec` is not a path below the root of the repository
    "charts/*": `charts/*` is a pattern; one path belongs here
    "--post-renderer=x": `--post-renderer=x` is not a name that Kubernetes accepts: lower-case letters, digits and `-`, at most 63
    []: this list is empty (name at least one, or leave the key out)
    { values = "x" }: a source has no `kustomize` (name one of `kustomize`, `helm` or `yaml`)
    {}: a source is empty (say what it means, or leave it out)
    "serverside": unknown value `serverside` for `apply` (did you mean `server-side`?)
    "no": expected true or false, found a string
    1.33: expected a text, found a float
    "--kubeconfig=x": `--kubeconfig=x` is not a name: letters, digits, `.`, `_`, `-`, `:` and `/`, a letter or digit first
    "": this text is empty
    "Shop": `Shop` is not a name that Kubernetes accepts: lower-case letters, digits and `-`, at most 63
    "ignore": unknown value `ignore` for `on_unreachable` (expected `hold` or `render`)
    "[shop": `[shop` is not a pattern: unclosed character class; missing ']'
    "#);
    let rules = told(&[
        rule!("when = { effect.any = { names = [\"a{b\"] } }"),
        rule!("when = {}"),
        rule!("when = { all = [] }"),
        rule!("when = { effect.any = {} }"),
        rule!("when = { effect.some = { names = \"x\" } }"),
        rule!("when = { effect.any = { kinds = \"Deployment\" } }"),
        rule!("when = { effect.any = { operations = \"remove\" } }"),
        rule!("when = { path.any = \"x\" }"),
        rule!("when = { file_count = \"> 1\" }"),
        rule!("when = { has_labels = [] }"),
        rule!("when = { commit_count = \"~10\" }"),
        rule!("when = { commit_count = \"< 10ab\" }"),
        rule!("when = { changed_files = { ignore = \"x\" } }"),
        rule!("when = { title = { matches = \"(\" } }"),
        rule!("when = { has_author_in = { codeowners = true } }"),
        rule!("when = { has_valid_signatures_by_keys = [\"SHA256:x\"] }"),
        rule!("when = { window = { from = \"9:00\" } }"),
        rule!("when = { window = { zone = \"Europe/Atlantis\" } }"),
        rule!("when = { window = { days = \"monday\" } }"),
        rule!("methods = { reviews = false, commands = false }"),
        rule!("methods = { comment_patterns = \".*\" }"),
        "rule = [{ name = \"r\", require = { count = 0 } }]",
        rule!("options = { allow_authors = true }"),
        "rule = [{ name = \"default\", require = { count = 1 } }]",
        "rule = [{ name = \"first policy\", require = { count = 1 } }]",
        "rule = [{ name = \"r`\", require = { count = 1 } }]",
        "rule = [{ require = { count = 1 } }]",
        "rule = [{ name = \"r\" }]",
        "rule = [{ name = \"r\", require = { from = { users = \"x\" } } }]",
        "rule = [{ name = \"r\", require = { count = -1 } }]",
        "rule = [{ name = \"r\", require = { count = 1.5 } }]",
        "rule = [{ name = \"r\", require = { count = 1, from = {} } }]",
        "rule = [{ name = \"r\", require = { count = 1, from = { teams = \"sre\" } } }]",
        "rule = [{ name = \"r\", require = { count = 1, from = { users = \"@bo\" } } }]",
        "rule = [{ name = \"r\", require = { count = 1, from = { permissions = \"none\" } } }]",
        "rule = { name = \"r\", require = { count = 1 } }",
    ]);
    assert_snapshot!(rules, @r#"
    "a{b": `a{b` is not a pattern: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
    {}: `when` is empty (say what it means, or leave it out)
    []: this list is empty (name at least one predicate)
    {}: a rule's predicate is empty (say what it means, or leave it out)
    some: unknown key `some` in `effect` (expected `any`, `only` or `none`)
    "Deployment": `Deployment` is not `group/kind`, like `apps/Deployment`, `rbac.authorization.k8s.io/*` or `/Pod`
    "remove": unknown value `remove` for `operations` (expected `create`, `update`, `replace`, `delete`, `orphan`, `fail` or `none`)
    path: unknown key `path` in `when` (did you mean `paths`?)
    file_count: unknown key `file_count` in `when` (did you mean `changed_files_count`?)
    []: this list is empty (name at least one, or leave the key out)
    "~10": `~10` is not a comparison (write it like `">= 10"`, with `<`, `<=`, `=`, `>=` or `>`)
    "< 10ab": `< 10ab` is not a comparison (write it like `">= 10"`, with `<`, `<=`, `=`, `>=` or `>`)
    { ignore = "x" }: a condition on files has no `paths` (name files, like `paths = ["**/*.yaml"]`)
    "(": `(` is not a regular expression: unclosed group
    codeowners: `codeowners` has no meaning in people of a condition (owners belong to files: it stands in a rule's `require.from`)
    "SHA256:x": `SHA256:x` is not the id of an OpenPGP key: 16 hexadecimal digits, or its fingerprint
    "9:00": `9:00` is not a time of day (write it like `09:00`)
    "Europe/Atlantis": there is no time zone `Europe/Atlantis` (write it like `Europe/Berlin`, `UTC` or `+02:00`)
    "monday": `monday` names no days (write `mon` or `mon-fri`, with `mon`, `tue`, `wed`, `thu`, `fri`, `sat` and `sun`)
    { reviews = false, commands = false }: nobody could say yes (leave one of `reviews`, `commands` and `comments`)
    ".*": this expression matches every comment
    0: `count` is 0, and nothing else is asked: everything would be agreed to (ask for somebody, or say what it is about with `when` or `conditions`)
    allow_authors: unknown key `allow_authors` in `options` (did you mean `allow_author`?)
    "default": `default` is the name of a built-in rule
    "first policy": `first policy` is the name of a built-in rule
    "r`": `r`` is not a name: one line of at most 80 characters, without quotes, backticks or blanks at the ends
    { require = { count = 1 } }: a rule has no `name` (people refer to it by its name)
    { name = "r" }: a rule has no `require` (say how many, like `require = { count = 1 }`)
    { from = { users = "x" } }: `require` has no `count` (say how many people, like `count = 1`)
    -1: `count` is -1; it is from 0 to 100
    1.5: expected a whole number, found a float
    {}: `from` is empty (say what it means, or leave it out)
    "sre": `sre` is not a team like `acme/sre`
    "@bo": `@bo` is not a login; write it without `@` and blanks
    "none": unknown value `none` for `permissions` (expected `read`, `triage`, `write`, `maintain` or `admin`)
    { name = "r", require = { count = 1 } }: expected a list with a rule in each entry (write `[[…]]`)
    "#);
    let others = told(&[
        "version2 = 1",
        "approval = []",
        "approval = \"x\"",
        "approval = { all = 1 }",
        "approval = { or = [\"x\"] }",
        "approval = [[[[[[[[[[[[\"x\"]]]]]]]]]]]]",
        "merge.how = \"squash\"",
        "merge.how = \"rebase\"",
        "merge.how = \"api\"",
        "merge.when = \"now\"",
        "commands.unhodl = { users = \"x\" }",
        "mask.paths = \":x\"",
        "check = [{ name = \"c\" }]",
    ]);
    assert_snapshot!(others, @r#"
    version2: unknown key `version2` in the policy (did you mean `version`?)
    []: this list is empty (name the rules that must hold)
    "x": there is no rule `x` (there is none)
    1: expected a list, found an integer
    or: unknown key `or` in `approval` (expected `all` or `any`)
    ["x"]: `approval` nests deeper than 10
    "squash": squash and rebase do not keep the commits that were approved (leave it out: `land` is the default)
    "rebase": squash and rebase do not keep the commits that were approved (leave it out: `land` is the default)
    "api": landing through the forge's own merge call is not supported yet (leave it out: `land` is the default)
    "now": unknown value `now` for `when` (expected `command` or `approved`)
    unhodl: unknown key `unhodl` in `commands` (did you mean `unhold`?)
    ":x": `:x` is not a path like `ConfigMap:data.password`
    { name = "c" }: a check has no `cel` (say what must hold, like `cel = "object.spec.replicas >= 2"`, or name policies: `rego = "policies"`)
    "#);
    assert_snapshot!(wrong("version = 2\n"), @r#"
    error: version 2 of the policy file is not known
     --> .countersign.toml:1:11
      |
    1 | version = 2
      |           ^ this program reads version 1
    "#);
}

#[test]
fn a_policy_that_would_take_for_ever_is_refused() {
    let many = "[[check]]\nname = 'c'\ncel = 'true'\n".repeat(201);
    assert_snapshot!(wrong(&format!("version = 1\n{many}")), @r#"
    error: 201 entries, each a check; at most 200 are read
     --> .countersign.toml:2:1
      |
    2 | [[check]]
      | ^^^^^^^^^
    "#);
    let large = format!("version = 1\n#{}", "x".repeat(1 << 20));
    assert_snapshot!(parse(&large, POLICY_PATH).unwrap_err()[0], @".countersign.toml:1:1: the policy is larger than 1048576 bytes");
}

#[test]
fn the_file_cannot_move_the_cursor_of_who_reads_its_errors() {
    let text = "version = 1\n\"\\u001b[2J\u{202e}\" = 1\n";
    let shown = wrong(text);
    assert!(!shown.chars().any(|c| c != '\n' && c.is_control()), "{shown:?}");
    assert!(!shown.contains('\u{202e}'), "{shown:?}");
}

#[test]
fn the_nearest_word_is_the_one_meant() {
    let known = ["environment", "kinds", "names", "namespaces"];
    for (word, want) in [
        ("enviroment", Some("environment")),
        ("Environment", Some("environment")),
        ("kind", Some("kinds")),
        ("nmaes", Some("names")),
        ("colour", None),
        ("", None),
    ] {
        assert_eq!(nearest(word, known), want, "{word}");
    }
}
