//! What the libraries of Kubernetes answer: the same table that a real API server is held to.
use serde_json::{Value, json};

use super::{Finding, effect, environment, evaluation, library, run_checks};
use crate::config::{Check, Judge, Policy, Severity};

const TABLE: &str = include_str!("expressions.txt");
const OBJECT: &str = include_str!("expressions.json");

/// What an expression comes to as the one validation of an admission policy.
fn verdict(expression: &str) -> &'static str {
    let policy = json!({ "kind": "List", "apiVersion": "v1", "items": [
        { "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
          "metadata": { "name": "p" },
          "spec": {
            "matchConstraints": { "resourceRules": [
                { "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["*"] } ] },
            "validations": [{ "expression": expression, "message": "denied" }],
          } },
        { "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
          "metadata": { "name": "b" },
          "spec": { "policyName": "p", "validationActions": ["Deny"] } },
        { "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } },
    ] });
    let object: Value = serde_json::from_str(&OBJECT.replace("NAMESPACE", "shop")).unwrap();
    let effects = vec![effect("test.countersign.example.org/Thing shop/web", None, Some(object))];
    let check = Check {
        name: "c".into(),
        judge: Judge::Admission(vec!["p.json".into()]),
        severity: Severity::Error,
        environments: Vec::new(),
        kinds: Vec::new(),
    };
    let all = Policy { checks: vec![check], ..Policy::builtin() };
    let files = library(&[("p.json", &policy.to_string())]);
    let findings: Vec<Finding> = run_checks(&all, &files, &evaluation(vec![environment("e", effects)], &[]));
    match findings.as_slice() {
        [] => "true",
        [finding] if finding.message == "denied" => "false",
        [finding] if finding.message.contains("could not be run") => "refused",
        [finding] if finding.errored => "error",
        _ => "something else",
    }
}

#[test]
fn every_expression_of_the_table_comes_out_as_the_api_server_says() {
    let rows = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let wrong: Vec<String> = rows
        .map(|row| row.split_once('\t').unwrap())
        .filter(|(wanted, expression)| verdict(expression) != *wanted)
        .map(|(wanted, expression)| format!("{expression}: {}, not {wanted}", verdict(expression)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_supported_is_refused_and_what_is_not_known_is_an_error() {
    for (wanted, expression) in [
        ("refused", "authorizer.group('').resource('pods').check('get').allowed()"),
        ("refused", "request == null"),
        ("refused", "request.nothing == 1"),
        ("refused", "variables == null"),
        ("refused", "params == null"),
        ("error", "request.userInfo.username == 'x'"),
        ("error", "request.userInfo == null"),
        ("error", "request.uid == ''"),
        ("true", "request.dryRun == false"),
        ("true", "has(request.userInfo)"),
        ("true", "cel.bind(n, object.spec.name, n + n) == 'webweb'"),
        ("true", "object.spec.words.all(w, cel.bind(x, w, x == w))"),
        ("true", "quantity('5').sign() == 1"),
    ] {
        assert_eq!(verdict(expression), wanted, "{expression}");
    }
}

#[test]
fn results_without_bound_are_paid_for() {
    for expression in [
        "lists.range(1000000000).size() == 1",
        "'a'.replace('', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx').size() + lists.range(240000).map(x, 'y').join('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx').size() == 1",
        "['x'].map(a, 'aaaaaaaaaaaaaaaaaaaa').map(a, a.replace('a', a)).map(a, a.replace('a', a)).map(a, a.replace('a', a)).map(a, a.replace('a', a)).map(a, a.replace('a', a)).size() == 1",
        "lists.range(1000).all(x, '%.999f%.999f%.999f%.999f'.format([1.0, 1.0, 1.0, 1.0]) != '')",
        "lists.range(600).all(x, sets.contains(lists.range(600), lists.range(600)))",
        "lists.range(600).all(i, x, lists.range(600).all(j, y, lists.range(600).all(k, z, true)))",
        "lists.range(60000).transformMap(k, v, object).size() == 1",
    ] {
        let began = std::time::Instant::now();
        assert_eq!(verdict(expression), "error", "{expression}");
        assert!(began.elapsed().as_secs() < 20, "{expression}");
    }
}
