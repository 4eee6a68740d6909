//! `policy check`, `policy test`, `policy list` and `schema policy` on files as people have them.

use serde_json::Value;

use super::Desk;

const SOUND: &str = r#"version = 1
[environment.production]
source = { yaml = "production" }
[[check]]
name = "registries"
rego = "policies"
[[waiver]]
check = "registries"
object = "**"
reason = "moves in spring"
until = 2001-01-01
by = "ana-k"
[[rule]]
name = "sre"
require = { count = 1, from = { teams = ["acme/sre"] } }
[[policy_test]]
name = "sre agrees"
given = { approvals = ["bo"], teams = { "acme/sre" = ["bo"] }, paths = ["README.md"] }
expect = { verdict = "allow", rules = { sre = "met" } }
"#;

const REGO: &str = "package main\ndeny contains \"no\" if { input.kind == \"Pod\" }\n";

fn desk(policy: &str, rego: &str) -> Desk {
    Desk::new(&[
        (".countersign.toml", policy),
        ("policies/a.rego", rego),
        ("production/web.yaml", &super::web(2)),
    ])
}

#[test]
fn a_policy_is_checked_with_the_files_that_it_names() {
    let done = desk(SOUND, REGO).run("env", &["policy", "check"]);
    assert_eq!(done.code, 0, "{}", done.err);
    insta::assert_snapshot!(done.out, @r"
    warning: the waiver of `registries` is over and waives nothing
      --> .countersign.toml:11:9
       |
    11 | until = 2001-01-01
       |         ^^^^^^^^^^ remove it, or renew it

    .countersign.toml: sound (1 environment, 1 check, 1 rule, 1 waiver, 1 case)
    ");
    let done = desk(SOUND, "package main\ndeny contains \"no\" if {\n").run("env", &["policy", "check"]);
    assert_eq!(done.code, 64, "{}", done.err);
    for said in
        ["error: check `registries` cannot be used", "policies/a.rego:3:1", "--> .countersign.toml:6:8"]
    {
        assert!(done.out.contains(said), "{}", done.out);
    }
}

const VAIN: &str = r#"version = 1
[environment.production]
source = { yaml = "production" }
[[check]]
name = "gadgets"
cel = "object.spec.size > 1"
kinds = ["example.org/gadgets", "apps/Deploymnet", "other.org/Thing"]
[[check]]
name = "registries"
use = "images/registries"
[[waiver]]
check = "registries/images/latest"
object = "**"
reason = "moves in spring"
until = 2130-01-01
by = "ana-k"
[[rule]]
name = "both"
when = { all = [{ draft = true }, { draft = false }] }
require = { count = 2, from = { users = ["ana-k"] } }
"#;

#[test]
fn what_a_policy_says_in_vain_is_told_with_its_place() {
    let desk = desk(VAIN, REGO);
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: gadgets.example.org}\nspec: {group: example.org, names: {kind: Gadget, plural: gadgets}}\n";
    desk.write(&[("crds/gadget.yaml", definition)]);
    let done = desk.run("env", &["policy", "check"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    insta::assert_snapshot!(done.out, @r#"
    warning: no kind is like `example.org/gadgets`
     --> .countersign.toml:7:10
      |
    7 | kinds = ["example.org/gadgets", "apps/Deploymnet", "other.org/Thing"]
      |          ^^^^^^^^^^^^^^^^^^^^^ did you mean `example.org/Gadget`?

    warning: no kind is like `apps/Deploymnet`
     --> .countersign.toml:7:33
      |
    7 | kinds = ["example.org/gadgets", "apps/Deploymnet", "other.org/Thing"]
      |                                 ^^^^^^^^^^^^^^^^^ did you mean `apps/Deployment`?

    warning: `images/registries` judges nothing without the parameter `registries`
      --> .countersign.toml:10:7
       |
    10 | use = "images/registries"
       |       ^^^^^^^^^^^^^^^^^^^ say `parameters = { registries = … }`

    warning: check `registries` has no rule `images/latest`
      --> .countersign.toml:12:9
       |
    12 | check = "registries/images/latest"
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^ it waives nothing; remove it

    warning: `when` asks for what contradicts itself, so it is never true: the rule asks nobody, and only holds changes of which that is not known
      --> .countersign.toml:19:8
       |
    19 | when = { all = [{ draft = true }, { draft = false }] }
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ write what may be one or the other in `any`

    warning: `count` is 2, and 1 person is named: nobody can ever meet this rule
      --> .countersign.toml:20:21
       |
    20 | require = { count = 2, from = { users = ["ana-k"] } }
       |                     ^ name more people, or ask for fewer

    .countersign.toml: sound (1 environment, 2 checks, 1 rule, 1 waiver)
    "#);
}

#[test]
fn a_policy_elsewhere_names_files_of_the_repository_around_it() {
    let desk = desk(SOUND, REGO);
    desk.write(&[("proposed/p.toml", &SOUND.replace("\"policies\"", "\"rules\"")), ("rules/a.rego", REGO)]);
    assert_eq!(desk.run("env/proposed", &["policy", "check", "p.toml"]).code, 0);
    let done = desk.run(".", &["policy", "check", "env/proposed/p.toml"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
}

#[test]
fn a_policy_is_held_to_the_floor_of_the_settings() {
    let desk = desk(SOUND, REGO);
    let floor = "version = 1\n[[check]]\nname = \"registries\"\ncel = \"true\"\n";
    let settings = format!("[policy]\nfloor_file = \"{}\"\n", desk.path("floor.toml").display());
    std::fs::write(desk.path("floor.toml"), floor).unwrap();
    std::fs::write(desk.path("countersign.toml"), settings).unwrap();
    let done = desk.run("env", &["policy", "check", "--settings", "../countersign.toml"]);
    assert_eq!(done.code, 64, "{}{}", done.out, done.err);
    assert!(done.out.contains("`registries` is the name of a check in the server's floor"), "{}", done.out);
    assert!(
        done.out.contains("`registries` stands in the server's floor and cannot be waived"),
        "{}",
        done.out
    );
    std::fs::write(desk.path("floor.toml"), floor.replace("cel", "cell")).unwrap();
    for command in [&["policy", "check"][..], &["review"], &["serve"]] {
        let done = desk.run("env", &[command, &["--settings", "../countersign.toml"]].concat());
        assert_eq!(done.code, 64, "{command:?} {}{}", done.out, done.err);
        assert!(done.err.contains("floor.toml:4:1"), "{command:?} {}", done.err);
        assert!(done.err.contains("did you mean `cel`?"), "{command:?} {}", done.err);
    }
}

#[test]
fn review_honours_the_floor_of_the_settings() {
    let desk = Desk::usual();
    desk.commit(
        "policy",
        &[(
            ".countersign.toml",
            "version = 1\n[environment.production]\nsource = { yaml = \"production\" }\n",
        )],
    );
    desk.commit("scale", &[("production/web.yaml", &super::web(5))]);
    let floor = "version = 1\n[[check]]\nname = \"few\"\nrego = \"floor.rego\"\n";
    let rego = "package main\ndeny contains \"too many\" if { input.spec.replicas > 4 }\n";
    std::fs::write(desk.path("floor.toml"), floor).unwrap();
    std::fs::write(desk.path("floor.rego"), rego).unwrap();
    std::fs::write(
        desk.path("countersign.toml"),
        format!("[policy]\nfloor_file = \"{}\"\n", desk.path("floor.toml").display()),
    )
    .unwrap();
    let arguments = ["review", "--base", "topic~1", "--head", "topic", "--format", "json"];
    let done = desk.run("env", &arguments);
    assert_eq!(done.code, 0, "{}", done.err);
    let done =
        desk.run("env", &[&arguments[..], &["--offline", "--settings", "../countersign.toml"]].concat());
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(report["findings"][0]["message"], "too many");
    assert!(report["floor"].as_str().unwrap().starts_with("sha256:"));
}

#[test]
fn what_only_a_request_can_tell_waits_for_one() {
    let desk = Desk::usual();
    let rule = |name: &str, when: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\nwhen = {{ {when} }}\nrequire = {{ count = 1, from = {{ users = [\"bo\"] }} }}\n"
        )
    };
    let policy = format!(
        "version = 1\n[environment.production]\nsource = {{ yaml = \"production\" }}\n{}{}",
        rule("titled", "title.matches = \"urgent\""),
        rule("all", "effect.any = { environment = \"production\" }")
    );
    desk.commit("policy", &[(".countersign.toml", &policy)]);
    desk.commit("scale", &[("production/web.yaml", &super::web(5))]);
    let done = desk.run("env", &["review", "--base", "topic~1", "--head", "topic", "--format", "json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(report["verdict"]["outcome"], "hold");
    assert_eq!(report["requirements"][0]["state"], "unknown");
    assert_eq!(
        report["requirements"][0]["note"],
        "whether it applies could not be told: there is no change request here"
    );
    assert_eq!(report["requirements"][1]["could"], serde_json::json!(["bo"]));
}

#[test]
fn a_policy_is_tried_on_its_cases() {
    let done = desk(SOUND, REGO).run("env", &["policy", "test"]);
    assert_eq!(
        (done.code, done.out.as_str()),
        (0, "ok    sre agrees\n1 case, as expected\n"),
        "{}",
        done.err
    );
    let done = desk(&SOUND.replace("\"met\"", "\"pending\""), REGO).run("env", &["policy", "test"]);
    assert_eq!(done.code, 1, "{}", done.err);
    insta::assert_snapshot!(done.out, @r"
    fail  sre agrees   .countersign.toml:16
            rule `sre` is met, not pending
    1 case, 1 failed
    ");
}

#[test]
fn what_a_policy_has_is_listed() {
    let done = desk(SOUND, REGO).run("env", &["policy", "list"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(
        done.out.contains("registries  **  over since 2001-01-01  by ana-k: moves in spring"),
        "{}",
        done.out
    );
}

#[test]
fn a_change_of_the_policy_shows_what_it_would_do() {
    let desk = desk("version = 1\n[environment.production]\nsource = { yaml = \"production\" }\n", REGO);
    desk.commit("stricter", &[(".countersign.toml", SOUND)]);
    let done = desk.run("env", &["review", "--base", "HEAD~1", "--format", "json"]);
    let report: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}", done.err));
    let then = &report["proposed_policy"];
    assert_eq!(then["verdict"]["outcome"], "hold", "{then}");
    assert_eq!(then["requirements"][0]["rule"], "sre");
    assert_eq!((then["cases"].as_u64(), then["failed_cases"].as_array().map(Vec::len)), (Some(1), Some(0)));
}

fn validator(desk: &Desk, format: &str) -> jsonschema::Validator {
    let done = desk.run("env", &["schema", format]);
    assert_eq!(done.code, 0, "{}", done.err);
    let schema: Value = serde_json::from_str(&done.out).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// A policy as an editor hands it to the schema.
fn document(text: &str) -> Value {
    fn json(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(date) => Value::String(date.to_string()),
            toml::Value::Array(items) => items.into_iter().map(json).collect(),
            toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, json(value))).collect(),
            other @ (toml::Value::String(_)
            | toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)) => serde_json::to_value(other).unwrap(),
        }
    }
    json(toml::Value::Table(toml::from_str(text).unwrap()))
}

#[test]
fn what_can_be_read_is_valid_and_what_has_an_unknown_key_is_not() {
    let desk = desk(SOUND, REGO);
    let schema = validator(&desk, "policy");
    let readme = crate::documents::policy_of_the_readme();
    for text in [SOUND, &readme] {
        assert!(countersign_core::config::parse(text, "p").is_ok(), "{text}");
        let errors: Vec<String> =
            schema.iter_errors(&document(text)).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{text}");
        // Every key of the file in turn, with a letter too many.
        let mut keys = 0;
        for line in text.lines().filter(|line| !line.starts_with(['[', '#']) && line.contains(" = ")) {
            let wrong = text.replacen(line, &format!("x{line}"), 1);
            keys += 1;
            assert!(countersign_core::config::parse(&wrong, "p").is_err(), "{line}");
            assert!(!schema.is_valid(&document(&wrong)), "{line}");
        }
        assert!(keys > 10, "{keys}");
    }
}

/// What was seen of a change that does nothing, under the policy above.
fn snapshot() -> countersign_core::snapshot::Snapshot {
    use countersign_core::snapshot::{MergeOutcome, PolicyFile};
    let commit = |digit: &str| digit.repeat(40).parse().unwrap();
    let merge = MergeOutcome::Clean { tree: "c".repeat(40).parse().unwrap() };
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    let snapshot = countersign::engine::offline_snapshot(&commit("a"), &commit("b"), merge, now).unwrap();
    let policy = PolicyFile { blob: "d".repeat(40).parse().unwrap(), text: SOUND.to_owned() };
    countersign_core::snapshot::Snapshot { policy: Some(policy), ..snapshot }
}

#[test]
fn a_recorded_decision_is_taken_again_and_explained() {
    let desk = desk(SOUND, REGO);
    let recorded = serde_json::to_string(&snapshot()).unwrap();
    desk.write(&[("snapshot.json", &recorded), ("broken.json", "{\"schema\": 1}")]);
    let done = desk.run("env", &["policy", "explain", "--input", "snapshot.json", "--format", "text"]);
    assert_eq!(done.code, 2, "{}", done.err);
    insta::assert_snapshot!(done.out, @"
    ? whether it may land could not be told
    ├─ ✓ it is open, and merges
    ├─ ✓ the policy can be read, and so can the one that it proposes
    ├─ ✓ what it does is known
    ├─ ✓ no check stops it
    │  └─ ✓ `registries`
    ├─ ✓ nobody and nothing holds it
    ├─ ? everybody who must agree has agreed
    │  └─ ? `sre`: 0 of 1 approvals from acme/sre
    │     ├─ ✓ it always applies
    │     └─ ? the members of acme/sre were not asked for
    └─ … the forge lets it land
       └─ … the bot may not update this branch
    ");
    let done = desk.run("env", &["policy", "explain", "--input", "snapshot.json"]);
    let told: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((done.code, &told["verdict"]["outcome"]), (2, &Value::from("undecided")));
    assert_eq!(told["explanation"]["outcome"], "unknown");
    assert_eq!(told["report"]["schema"], "countersign.report/v1");
    for (file, said) in
        [("broken.json", "broken.json: is not a snapshot"), ("none.json", "none.json: cannot be read")]
    {
        let done = desk.run("env", &["policy", "explain", "--input", file]);
        assert!(done.code == 64 && done.err.contains(said), "{}: {}", done.code, done.err);
    }
}

#[test]
fn evidence_is_as_its_schema_says() {
    use countersign_core::audit::Evidence;
    let snapshot = snapshot();
    let report = countersign_core::decide::decide(&snapshot).report;
    let evidence =
        serde_json::to_value(Evidence::new(snapshot, report, std::collections::BTreeMap::new())).unwrap();
    let schema = validator(&desk(SOUND, REGO), "evidence");
    let errors: Vec<String> = schema.iter_errors(&evidence).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
    let mut wrong = evidence.clone();
    wrong["snapshot"]["base_tip"] = Value::Bool(true);
    assert!(!schema.is_valid(&wrong));
}
