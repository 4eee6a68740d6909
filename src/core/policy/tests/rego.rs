//! What Rego says of objects, in both of its syntaxes, and what it may not do.
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::super::*;
use super::{effect, environment, evaluation};
use crate::config::{Check, Judge, Policy, RegoCheck};
use crate::library::{Library, LibraryFile};

fn library(files: &[(&str, &str)]) -> Library {
    let mut library = Library::default();
    // Data that is named has to be there.
    for (path, text) in files.iter().chain(&[("data/none.json", "{}")]) {
        let blob = "1".repeat(40).parse().unwrap();
        library.insert((*path).to_owned(), LibraryFile { blob, text: (*text).to_owned() });
    }
    library
}

fn check() -> Check {
    let files = vec!["policy".to_owned()];
    let data = vec!["data".to_owned()];
    let parameters = Some(json!({ "least": 2 }));
    Check {
        name: "c".into(),
        judge: Judge::Rego(RegoCheck { files, data, parameters }),
        severity: Severity::Error,
        environments: Vec::new(),
        kinds: Vec::new(),
    }
}

fn deployment(replicas: i64, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "shop" },
        "spec": { "replicas": replicas, "template": { "spec": { "containers": [{ "name": "web", "image": image }] } } },
    })
}

/// What is found where a Deployment goes from `before` to `after`.
pub(super) fn found(files: &[(&str, &str)], before: Option<Value>, after: Option<Value>) -> String {
    let policy = Policy { checks: vec![check()], ..Policy::builtin() };
    let effects = vec![effect("apps/Deployment shop/web", before, after)];
    let findings =
        run_checks(&policy, &library(files), &evaluation(vec![environment("production", effects)], &[]));
    let line = |finding: Finding| {
        let severity = format!("{:?}", finding.severity).to_lowercase();
        let waived = finding.waived.is_some();
        let marks =
            [(finding.existing, " (existing)"), (waived, " (waived)"), (finding.errored, " (errored)")];
        let marks: String = marks.into_iter().filter(|(on, _)| *on).map(|(_, mark)| mark).collect();
        format!("{severity} {}: {}{marks}\n", finding.rule.unwrap_or_default(), finding.message)
    };
    findings.into_iter().map(line).collect()
}

/// The same of a policy alone, and a Deployment that appears.
pub(super) fn says(policy: &str) -> String {
    found(&[("policy/p.rego", policy)], None, Some(deployment(1, "nginx")))
}

#[test]
fn both_syntaxes_all_three_names_and_any_package() {
    assert_snapshot!(says("package main\nimport rego.v1\ndeny contains msg if { input.spec.replicas < 2; msg := \"too few\" }"), @"error deny: too few");
    assert_snapshot!(says("package main\ndeny contains \"too few\" if input.spec.replicas < 2"), @"error deny: too few");
    assert_snapshot!(says("package main\ndeny[msg] { input.spec.replicas < 2; msg := \"too few\" }"), @"error deny: too few");
    assert_snapshot!(says("package main\nimport future.keywords\ndeny contains msg if { input.spec.replicas < 2\n msg := \"too few\" }"), @"error deny: too few");
    assert_snapshot!(says("package acme.k8s\nviolation[{\"msg\": msg, \"details\": {}}] { msg := sprintf(\"%v has %d\", [input.metadata.name, input.spec.replicas]) }"), @"error violation: web has 1");
    assert_snapshot!(says("package main\nwarn_tag[msg] { c := input.spec.template.spec.containers[_]; not contains(c.image, \":\"); msg := c.name }"), @"warning warn_tag: web");
    assert_snapshot!(says("package main\ndeny_a contains \"a\" if true\ndeny_b contains \"b\" if true\nwarn contains \"w\" if true"), @r"
    error deny_a: a
    error deny_b: b
    warning warn: w
    ");
    assert_snapshot!(says("package main\ndeny[msg] { input.kind == \"Pod\"; msg := \"no\" }"), @"");
}

#[test]
fn libraries_data_and_parameters_are_there() {
    let files = [
        (
            "policy/p.rego",
            "package main\nimport data.lib.count_of\nimport rego.v1\ndeny contains msg if { count_of(input) < data.parameters.least; msg := data.words.few }",
        ),
        ("policy/lib.rego", "package lib\ncount_of(object) = n { n := object.spec.replicas }"),
        ("policy/p_test.rego", "package main\ntest_x { this does not parse"),
        ("data/words.yaml", "words: {few: too few}\n"),
        ("data/more.json", "{\"numbers\": [1]}"),
        ("data/notes.txt", "not data"),
    ];
    assert_snapshot!(found(&files, None, Some(deployment(1, "nginx"))), @"error deny: too few");
    assert_snapshot!(found(&files, None, Some(deployment(2, "nginx"))), @"");
}

#[test]
fn only_what_a_change_makes_worse_is_new() {
    let policy = [(
        "policy/p.rego",
        "package main\nimport rego.v1\ndeny contains msg if { input.spec.replicas < 2; msg := \"too few\" }\ndeny contains msg if { endswith(input.spec.template.spec.containers[_].image, \":latest\"); msg := \"latest\" }",
    )];
    let (before, after) = (deployment(1, "nginx:1"), deployment(1, "nginx:latest"));
    assert_snapshot!(found(&policy, Some(before.clone()), Some(after)), @r"
    error deny: latest
    error deny: too few (existing)
    ");
    assert_snapshot!(found(&policy, Some(before), None), @"");
}

#[test]
fn a_message_is_new_where_what_stands_beside_it_gets_worse() {
    let judged = |beside: &str, before: i64, after: i64| {
        let policy = format!(
            "package main\nimport rego.v1\ndeny contains {{\"msg\": \"too few\", {beside}}} if input.spec.replicas < 5"
        );
        found(&[("policy/p.rego", &policy)], Some(deployment(before, "a")), Some(deployment(after, "a")))
    };
    let (details, worse) =
        ("\"details\": {\"are\": input.spec.replicas}", "\"worse\": 5 - input.spec.replicas");
    assert_snapshot!(judged(details, 1, 1), @"error deny: too few (existing)");
    assert_snapshot!(judged(details, 1, 2), @"error deny: too few");
    assert_snapshot!(judged(worse, 1, 2), @"error deny: too few (existing)");
    assert_snapshot!(judged(worse, 2, 1), @"error deny: too few");
    // One that got worse is not hidden behind one of the same words that did not.
    let two =
        "\"worse\": many} if some many in [1, 5 - input.spec.replicas]\ndeny_not contains {\"msg\": \"no\"";
    assert_snapshot!(judged(two, 2, 1).lines().next().unwrap_or_default(), @"error deny: too few");
}

#[test]
fn a_policy_may_look_at_the_change() {
    let policy = [(
        "policy/p.rego",
        "package main\nimport rego.v1\nchange := data.countersign\ndeny contains msg if { change.operation == \"DELETE\"; msg := sprintf(\"%v leaves %v\", [change.before.metadata.name, change.environment]) }\ndeny contains \"halved\" if { input.spec.replicas * 2 <= change.before.spec.replicas }",
    )];
    assert_snapshot!(found(&policy, Some(deployment(4, "nginx")), None), @"error deny: web leaves production");
    assert_snapshot!(found(&policy, Some(deployment(4, "nginx")), Some(deployment(2, "nginx"))), @"error deny: halved");
    assert_snapshot!(found(&policy, None, Some(deployment(2, "nginx"))), @"");
}

#[test]
fn what_cannot_be_judged_blocks_by_name() {
    assert_snapshot!(found(&[], None, Some(deployment(1, "nginx"))), @"error : check `c` could not be run: there is no Rego file at `policy` (errored)");
    assert_snapshot!(says("package main\nallow { true }"), @"error : check `c` could not be run: none of `policy/p.rego` has a rule called `deny`, `violation` or `warn` (errored)");
    assert_snapshot!(says("package main\ndeny := true"), @"error : check `c` could not judge Deployment shop/web: `deny` gives no set of messages: write `deny contains msg if { … }` (errored)");
    assert_snapshot!(says("package main\ndeny contains 7 if true"), @"error : check `c` could not judge Deployment shop/web: `deny` gives what is neither a text nor an object (errored)");
    assert_snapshot!(says("package main\ndeny contains {\"message\": \"x\"} if true"), @"error : check `c` could not judge Deployment shop/web: `deny` gives an object without a text called `msg` (errored)");
    assert_snapshot!(says("package main\ndeny contains \"x\" if rand.intn(\"a\", 2) == 1"), @"error : check `c` could not be run: policy/p.rego:2:26: `rand.intn` gives another answer every time; a decision has to stay one (errored)");
    let files = [
        ("policy/p.rego", "package main\ndeny contains \"x\" if data.a"),
        ("data/a.yaml", "a: 1\n"),
        ("data/b.yaml", "a: 2\n"),
    ];
    assert_snapshot!(found(&files, None, Some(deployment(1, "nginx"))), @"error : check `c` could not be run: data/b.yaml: another file of `data` has `a` too (errored)");
}

#[test]
fn a_rule_without_end_is_ended() {
    let loops = "package main\nimport rego.v1\ndeny contains \"x\" if { some a in numbers.range(1, 3000); some b in numbers.range(1, 3000); some c in numbers.range(1, 3000); a * b * c == -1 }";
    let said = says(loops);
    assert!(said.contains("(errored)"), "{said}");
}

#[test]
fn what_does_not_parse_says_where() {
    let said = says("package main\n\ndeny contains msg if {");
    assert!(said.contains("policy/p.rego:") && said.contains("(errored)"), "{said}");
}

#[test]
fn what_is_undefined_inside_of_a_negation_is_undefined_as_in_opa() {
    assert_snapshot!(says("package main\ndeny contains \"x\" if not startswith(input.spec.missing, \"a\")"), @"");
    assert_snapshot!(says("package main\ndeny contains \"x\" if not input.spec.missing > 1"), @"");
    assert_snapshot!(says("package main\ndeny contains \"x\" if not input.spec.missing"), @"error deny: x");
    assert_snapshot!(says("package main\ndeny contains \"x\" if not input.spec.missing == 1"), @"error deny: x");
    assert_snapshot!(says("package main\ndeny contains \"x\" if { not startswith(input.metadata.name, \"a\"); input.spec.replicas / 2 == 0.5 }"), @"error deny: x");
}

#[test]
fn what_is_not_supported_is_refused_at_its_place() {
    assert_snapshot!(says("package main\ndeny contains \"x\" if graphql.is_valid(\"a\", \"b\")"), @"error : check `c` could not be run: policy/p.rego:2:29: there is no function `graphql.is_valid` here (errored)");
    assert_snapshot!(says("package main\ndeny contains \"x\" if input.spec.replicas == 1.0"), @"error : check `c` could not be run: policy/p.rego:2:45: write `1.0` without an exponent and without zeros at its end (errored)");
    assert_snapshot!(says("package main\ndeny contains \"x\" if {\n\tnot input.spec.list[_] == 1\n}"), @"error : check `c` could not be run: policy/p.rego:3:25: `_` cannot stand behind `not`; write a rule or a comprehension for what must not be, and negate that (errored)");
}

#[test]
fn an_exception_is_told() {
    let rules = "package main\nimport rego.v1\ndeny_few contains \"few\" if input.spec.replicas < 2\ndeny contains \"no\" if true\n";
    let with = |exception: &str| says(&format!("{rules}{exception}"));
    assert_snapshot!(with("exception contains rules if { input.metadata.name == \"web\"; rules := [\"few\"] }"), @r"
    error deny: no
    error deny_few: few (waived)
    ");
    assert_snapshot!(with("exception contains [\"few\", \"\"] if input.metadata.name == \"web\""), @r"
    error deny: no (waived)
    error deny_few: few (waived)
    ");
    assert_snapshot!(with("exception contains [\"few\"] if input.metadata.name == \"db\""), @r"
    error deny: no
    error deny_few: few
    ");
    assert_snapshot!(with("exception contains \"few\" if true"), @"error : check `c` could not judge Deployment shop/web: `exception` gives no lists of rules' names (errored)");
}

#[test]
fn a_rule_that_does_not_end_blocks_in_the_same_words_each_time() {
    let endless = "package main\ndeny contains \"x\" if { some a in numbers.range(1, 9000); some b in numbers.range(1, 9000); a * b == -1 }";
    assert_snapshot!(says(endless), @"error : check `c` could not judge Deployment shop/web: it ran out of time: a rule may take 2 s for an object (errored)");
}

#[test]
fn what_a_mistake_points_at_beside_is_told_by_its_place() {
    let said = says("package main\nimport rego.v1\ndeny contains \"x\" if { a := 1; a := 2 }\n");
    assert_snapshot!(said, @"error : check `c` could not be run: policy/p.rego:3:24: var `a` used before definition below (policy/p.rego:3:32) (errored)");
}
