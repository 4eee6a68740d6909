//! What surrounds checks and rules in the file: waivers, cases, and the server's floor.
use insta::assert_snapshot;

use super::super::*;
use super::{policy, wrong};

const HEAD: &str = r#"version = 1
[environment.production]
source = { yaml = "production" }
[environment.staging]
source = { yaml = "staging" }
[[check]]
name = "two replicas"
cel = "object.spec.replicas >= 2"
environments = ["production"]
kinds = ["apps/Deployment"]
[[check]]
name = "registries"
rego = "policies"
[[rule]]
name = "two"
require = { count = 2, from = { teams = ["acme/sre"] } }
"#;

fn after_head(rest: &str) -> String {
    format!("{HEAD}{rest}")
}

#[test]
fn a_waiver_is_read_whole() {
    let text = after_head(
        "[[waiver]]\ncheck = \"registries/deny_latest\"\nobject = [\"apps/Deployment/shop/*\", \"/Pod/shop/web\"]\n\
         environment = \"prod*\"\nreason = \"moves in spring\"\nuntil = 2030-03-31\nby = \"ana-k\"\n",
    );
    let read = policy(&text);
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    let wanted = Waiver {
        check: "registries/deny_latest".into(),
        objects: vec!["apps/Deployment/shop/*".into(), "/Pod/shop/web".into()],
        environments: vec!["prod*".into()],
        reason: "moves in spring".into(),
        until: "2030-03-31".parse().unwrap(),
        by: "ana-k".into(),
        line: 17,
    };
    assert_eq!(read.waivers, [wanted]);
}

#[test]
fn what_is_wrong_with_waivers_is_told_with_its_place() {
    assert_snapshot!(wrong(&after_head(r#"[[waiver]]
check = "registries"
object = "Deployment/web"
until = "next year"
untill = 2030-01-01
[[waiver]]
check = "registries"
object = "**"
reason = "r"
by = "b"
until = 2030-01-01T12:00:00Z
environment = "prodution"
"#)), @r#"
    error: a waiver has no `reason`
      --> .countersign.toml:17:1
       |
    17 | [[waiver]]
       | ^^^^^^^^^^ say why it may stay as it is
    error: a waiver has no `by`
      --> .countersign.toml:17:1
       |
    17 | [[waiver]]
       | ^^^^^^^^^^ say who granted it
    error: `Deployment/web` is not `group/kind/namespace/name`, like `apps/Deployment/shop/web`, `/ConfigMap/shop/*` or `rbac.authorization.k8s.io/ClusterRole//reader`
      --> .countersign.toml:19:10
       |
    19 | object = "Deployment/web"
       |          ^^^^^^^^^^^^^^^^
    error: this is not a date
      --> .countersign.toml:20:9
       |
    20 | until = "next year"
       |         ^^^^^^^^^^^ write it like `until = 2030-12-31`
    error: unknown key `untill` in a waiver
      --> .countersign.toml:21:1
       |
    21 | untill = 2030-01-01
       | ^^^^^^ did you mean `until`?
    error: a time of day means nothing here
      --> .countersign.toml:27:9
       |
    27 | until = 2030-01-01T12:00:00Z
       |         ^^^^^^^^^^^^^^^^^^^^ write the date alone
    error: there is no environment `prodution`
      --> .countersign.toml:28:15
       |
    28 | environment = "prodution"
       |               ^^^^^^^^^^^ did you mean `production`?
    "#);
}

/// The sentences of what a reader warns of.
fn warned(text: &str) -> String {
    let warnings = policy(text).warnings;
    let said = warnings
        .iter()
        .map(|w| format!("{}: {} ({})\n", w.line, w.message, w.hint.clone().unwrap_or_default()));
    said.collect()
}

#[test]
fn waivers_that_can_never_apply_are_warned_of() {
    let waiver = |check: &str, object: &str, rest: &str| {
        format!(
            "[[waiver]]\ncheck = \"{check}\"\nobject = \"{object}\"\nreason = \"r\"\nuntil = 2030-01-01\nby = \"b\"\n{rest}\n"
        )
    };
    let all = [
        waiver("registrys", "**", ""),
        waiver("nothing like it", "**", ""),
        waiver("two replicas/deny", "**", ""),
        waiver("two replicas", "apps/StatefulSet/shop/db", ""),
        waiver("two replicas", "**", "environment = \"staging\""),
        waiver("two replicas", "apps/*/shop/db", "environment = \"production\""),
    ];
    assert_snapshot!(warned(&after_head(&all.concat())), @r"
    18: this file has no check `registrys`, so nothing is waived (did you mean `registries`?)
    25: this file has no check `nothing like it`, so nothing is waived (only a check of the server's floor can be meant)
    32: check `two replicas` is one expression and has no rule `deny` (name the check alone)
    40: check `two replicas` does not look at objects of this kind (it waives nothing; remove it)
    51: check `two replicas` does not run in the environments of this waiver (it waives nothing; remove it)
    ");
}

#[test]
fn a_case_is_read_whole() {
    let text = after_head(
        r#"[[policy_test]]
name = "sre must agree"
given = { author = "ana", pusher = "bo", committers = ["cy"], approvals = ["dee"], requested_changes = ["emil"], target = "main", now = 2030-01-31, paths = ["README.md"], permissions = { dee = "write", emil = "unknown" }, teams = { "acme/sre" = ["dee"], "acme/ops" = "unknown", "acme/none" = [] }, effects = [{ environment = "production", kind = "apps/Deployment", namespace = "shop", name = "web", operation = "delete", risks = ["data-loss"] }] }
expect = { verdict = "hold", rules = { two = "pending", default = "skipped" }, waiting_for = ["acme/sre"] }
"#,
    );
    let read = policy(&text);
    let [case] = read.tests.as_slice() else { panic!("one case") };
    assert_eq!(case.given.teams["acme/ops"], None);
    assert_eq!(case.given.teams["acme/none"], Some(Vec::new()));
    assert_eq!(case.given.permissions["emil"], None);
    assert_eq!(case.given.effects[0].operation, crate::effect::Operation::Delete);
    assert_eq!(case.given.now.unwrap().to_string(), "2030-01-31T00:00:00Z");
    assert_eq!(case.expect.rules["two"], crate::approval::RequirementState::Pending);
}

#[test]
fn a_case_may_say_whatever_a_condition_looks_at() {
    let text = after_head(
        r#"[[policy_test]]
name = "all of it"
given = { title = "fix: it", draft = true, repository = "acme/env", source = "topic", fork = "zoe", labels = [], files = [{ path = "a", operation = "remove", added = 1 }, { path = "b" }], statuses = [{ name = "build", conclusion = "pending", app = "ci" }], workflows = "unknown", commits = [{ author = "cy", signed = true, key = "3AA5C34371567BD2" }, { identity = "Zoe <z@example.org>" }], organizations = { acme = ["bo"] }, groups = { "acme/all" = "unknown" } }
expect = { findings = ["registries/deny_latest"], asked = [] }
"#,
    );
    let Given { title, draft, repository, source, fork, labels, files, statuses, workflows, commits, .. } =
        policy(&text).tests[0].given.clone();
    assert_eq!((title.unwrap().as_str(), draft, repository.unwrap().as_str()), ("fix: it", true, "acme/env"));
    assert_eq!((source.unwrap().as_str(), fork.unwrap().as_str()), ("topic", "zoe"));
    assert_eq!((labels, workflows), (Listed::These(Vec::new()), Listed::Unknown));
    let Listed::These(files) = files else { panic!("{files:?}") };
    assert_eq!(files[0].lines, Some(crate::details::Lines { added: 1, removed: 0 }));
    assert_eq!((files[1].lines, files[1].operation), (None, crate::evaluation::PathOperation::Change));
    let Listed::These(statuses) = statuses else { panic!("{statuses:?}") };
    assert_eq!((statuses[0].conclusion.as_ref(), statuses[0].app.as_deref()), (None, Some("ci")));
    let Listed::These(commits) = commits else { panic!("{commits:?}") };
    assert_eq!(
        (commits[0].signed, commits[1].identity.as_deref()),
        (Some(true), Some("Zoe <z@example.org>"))
    );
}

#[test]
fn what_a_case_cannot_mean_is_told() {
    let check = |given: &str, wanted: &str| {
        let errors = wrong(&after_head(&format!(
            "[[policy_test]]\nname = \"a\"\ngiven = {{ {given} }}\nexpect = {{ verdict = \"hold\" }}\n"
        )));
        assert!(errors.contains(wanted), "{given}: {errors}");
    };
    check("files = [{ operation = \"add\" }]", "a changed file has no `path`");
    check("files = [{ path = \"a\", added = -1 }]", "no file has fewer than no lines");
    check("files = 1", "expected a list with a changed file in each entry");
    check("statuses = [{ name = \"a\", conclusion = \"good\" }]", "unknown value `good` for `conclusion`");
    check("workflows = [{ event = \"push\" }]", "a run has no `workflow`");
    check("commits = [{ identity = \"Zoe\", author = \"cy\" }]", "nobody answers to `identity`");
    check("commits = [{ signer = \"cy\" }]", "carries no signature that holds");
    check("commits = [{ author = \"cy\" }], committers = [\"cy\"]", "`committers` beside them mean nothing");
    check("repository = \"env\"", "repository");
    check("draft = \"yes\"", "expected true or false");
    check("organizations = {}", "sets of people is empty");
}

#[test]
fn what_is_wrong_with_cases_is_told_with_its_place() {
    assert_snapshot!(wrong(&after_head(r#"[[policy_test]]
name = "a"
given = { autor = "ana", effects = [{ environment = "prod", kind = "Deployment", risk = ["x"] }] }
expect = { verdict = "allowed", rules = { too = "met", two = "maybe" } }
[[policy_test]]
name = "a"
given = { snapshot = "a.json", author = "ana" }
[[policy_test]]
name = "b"
given = { now = "soon", effects = [{ environment = "staging", kind = "/Pod", after = {} }, { environment = "staging", kind = "/Pod" }] }
expect = {}
"#)), @r#"
    error: unknown key `autor` in `given`
      --> .countersign.toml:19:11
       |
    19 | given = { autor = "ana", effects = [{ environment = "prod", kind = "Deployment", risk = ["x"] }] }
       |           ^^^^^ did you mean `author`?
    error: there is no environment `prod`
      --> .countersign.toml:19:53
       |
    19 | given = { autor = "ana", effects = [{ environment = "prod", kind = "Deployment", risk = ["x"] }] }
       |                                                     ^^^^^^ expected `production` or `staging`
    error: `Deployment` is not `group/kind`, like `apps/Deployment`, `rbac.authorization.k8s.io/*` or `/Pod`
      --> .countersign.toml:19:68
       |
    19 | given = { autor = "ana", effects = [{ environment = "prod", kind = "Deployment", risk = ["x"] }] }
       |                                                                    ^^^^^^^^^^^^
    error: unknown key `risk` in an effect
      --> .countersign.toml:19:82
       |
    19 | given = { autor = "ana", effects = [{ environment = "prod", kind = "Deployment", risk = ["x"] }] }
       |                                                                                  ^^^^ did you mean `risks`?
    error: unknown value `allowed` for `verdict`
      --> .countersign.toml:20:22
       |
    20 | expect = { verdict = "allowed", rules = { too = "met", two = "maybe" } }
       |                      ^^^^^^^^^ expected `allow`, `hold`, `block` or `undecided`
    error: there is no rule `too`
      --> .countersign.toml:20:43
       |
    20 | expect = { verdict = "allowed", rules = { too = "met", two = "maybe" } }
       |                                           ^^^ did you mean `two`?
    error: unknown value `maybe` for `two`
      --> .countersign.toml:20:62
       |
    20 | expect = { verdict = "allowed", rules = { too = "met", two = "maybe" } }
       |                                                              ^^^^^^^ expected `met`, `pending`, `skipped` or `unknown`
    error: a case has no `expect`
      --> .countersign.toml:21:1
       |
    21 | [[policy_test]]
       | ^^^^^^^^^^^^^^^ say what must come of it, like `expect = { verdict = "hold" }`
    error: `a` is the name of a case on line 18
      --> .countersign.toml:22:8
       |
    22 | name = "a"
       |        ^^^
    error: a recorded snapshot says all, `author` beside it means nothing
      --> .countersign.toml:23:32
       |
    23 | given = { snapshot = "a.json", author = "ana" }
       |                                ^^^^^^ leave it out, or leave `snapshot` out
    error: this is not a time
      --> .countersign.toml:26:17
       |
    26 | given = { now = "soon", effects = [{ environment = "staging", kind = "/Pod", after = {} }, { environment = "staging", kind = "/Pod" }] }
       |                 ^^^^^^ write it like `now = 2030-01-31` or `now = 2030-01-31T12:00:00Z`
    error: an effect has no `after`
      --> .countersign.toml:26:92
       |
    26 | given = { now = "soon", effects = [{ environment = "staging", kind = "/Pod", after = {} }, { environment = "staging", kind = "/Pod" }] }
       |                                                                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this case gives manifests, so that checks look at it: give them for every object
    error: `expect` is empty
      --> .countersign.toml:27:10
       |
    27 | expect = {}
       |          ^^ say what it means, or leave it out
    "#);
}

const FLOOR: &str = r#"version = 1
[[check]]
name = "no latest"
cel = "!object.spec.image.endsWith(':latest')"
[[check]]
name = "labels"
cel = "has(object.metadata.labels)"
waivable = true
[[rule]]
name = "security"
require = { count = 1, from = { teams = ["acme/security"] } }
[commands]
unhold = { teams = ["acme/sre"], permissions = ["maintain"] }
[mask]
paths = ["ConfigMap:data.dsn"]
"#;

fn floor(text: &str) -> Floor {
    parse_floor(text, "floor.toml").unwrap()
}

#[test]
fn a_floor_is_read_whole() {
    let floor = floor(FLOOR);
    assert_eq!(floor.checks.len(), 2);
    assert_eq!(floor.waivable, ["labels".to_owned()].into());
    assert_eq!(floor.rules[0].name, "security");
    assert_eq!(floor.mask, ["ConfigMap:data.dsn"]);
    assert_eq!(parse_floor("version = 1\ncommands = {}\n", "f").unwrap().commands, Some(Commands::default()));
}

#[test]
fn a_floor_has_nothing_that_belongs_to_a_repository() {
    let errors = parse_floor(
        "version = 1\n[environment.a]\nsource = { yaml = \"a\" }\n[[chek]]\n[[rule]]\nname = \"r\"\n",
        "floor.toml",
    )
    .unwrap_err();
    let all: String = errors.iter().map(|error| error.render(Level::Error, None)).collect();
    assert_snapshot!(all, @r"
    error: `environment` does not belong in a floor
     --> floor.toml:2:2
      |
    2 | [environment.a]
      |  ^^^^^^^^^^^ it is a repository's own: a floor has checks, rules, mask and commands
    error: unknown key `chek` in the floor
     --> floor.toml:4:3
      |
    4 | [[chek]]
      |   ^^^^ did you mean `check`?
    error: a rule has no `require`
     --> floor.toml:5:1
      |
    5 | [[rule]]
      | ^^^^^^^^ say how many, like `require = { count = 1 }`
    ");
}

#[test]
fn a_policy_that_collides_with_the_floor_is_told_where() {
    let text = r#"version = 1
[[check]]
name = "no latest"
cel = "true"
[[rule]]
name = "security"
require = { count = 1 }
[[waiver]]
check = "no latest"
object = "**"
reason = "r"
until = 2030-01-01
by = "b"
[[waiver]]
check = "labels"
object = "**"
reason = "r"
until = 2030-01-01
by = "b"
[commands]
unhold = { teams = ["acme/sre"], users = ["bo"] }
"#;
    let all: String = collisions(text, POLICY_PATH, &floor(FLOOR))
        .iter()
        .map(|error| error.render(Level::Error, None))
        .collect();
    assert_snapshot!(all, @r#"
    error: `no latest` is the name of a check in the server's floor
     --> .countersign.toml:3:8
      |
    3 | name = "no latest"
      |        ^^^^^^^^^^^ give it another name
    error: `security` is the name of a rule in the server's floor
     --> .countersign.toml:6:8
      |
    6 | name = "security"
      |        ^^^^^^^^^^ give it another name
    error: `no latest` stands in the server's floor and cannot be waived
     --> .countersign.toml:9:9
      |
    9 | check = "no latest"
      |         ^^^^^^^^^^^ remove the waiver, and repair what it is for
    error: `unhold` is opened to more people than the server's floor allows
      --> .countersign.toml:21:10
       |
    21 | unhold = { teams = ["acme/sre"], users = ["bo"] }
       |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ name only people whom the floor names
    "#);
}

#[test]
fn what_a_floor_keeps_closed_stays_closed() {
    let check = |commands: &str, left: Option<(&[&str], &[&str])>| {
        let read = policy(&format!("version = 1\n[commands]\nunhold = {commands}\n"));
        let held = floor(FLOOR).hold(read);
        let found = held.commands.allow.get("unhold").map(|from| (from.users.clone(), from.teams.clone()));
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(found, left.map(|(users, teams)| (words(users), words(teams))), "{commands}");
        assert_eq!(held.mask, ["ConfigMap:data.dsn"]);
    };
    check(r#"{ teams = ["acme/sre"] }"#, Some((&[], &["acme/sre"])));
    check(r#"{ teams = ["acme/sre", "acme/all"], users = ["bo"] }"#, Some((&[], &["acme/sre"])));
    check(r#"{ users = ["bo"] }"#, None);
    check(r#"{ permissions = ["write"] }"#, None);
    check(r#"{ permissions = ["admin"] }"#, Some((&[], &[])));
}
