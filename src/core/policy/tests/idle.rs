//! Parts of a policy that can never say anything, from the policy and its files.
use insta::assert_snapshot;

use crate::config::parse;
use crate::policy::{broken_checks, idle};

/// What is said of a policy with these files.
fn said(text: &str, files: &[(&str, &str)]) -> String {
    let policy = parse(&format!("version = 1\n{text}"), "p.toml").unwrap();
    let library = super::library(files);
    let line = |idle: super::super::Idle| {
        let super::super::Idle { section, index, keys: _, message, hint } = idle;
        format!("{section} {index}: {message} ({hint})\n")
    };
    idle(&policy, &library).into_iter().map(line).collect()
}

fn check(rest: &str) -> String {
    format!("[[check]]\nname = \"c\"\n{rest}\n")
}

#[test]
fn a_rule_that_has_to_be_told_something_first() {
    assert_snapshot!(said(&check("use = \"images/registries\""), &[]), @"check 0: `images/registries` judges nothing without the parameter `registries` (say `parameters = { registries = … }`)");
    assert_snapshot!(said(&check("use = \"images\"\nparameters = { registries = [] }"), &[]), @r#"check 0: `images/registries` judges nothing without the parameter `registries` (say `parameters = { registries = … }`, or `except = ["registries"]`)"#);
    assert_eq!(
        said(&check("use = \"images\"\nparameters = { registries = [\"registry.example.org\"] }"), &[]),
        ""
    );
    assert_eq!(said(&check("use = \"images\"\nexcept = [\"registries\"]"), &[]), "");
    assert_eq!(said(&check("use = [\"pod-security/restricted\", \"good-practice\", \"gitops\"]"), &[]), "");
}

fn waiver(check: &str) -> String {
    format!(
        "[[waiver]]\ncheck = \"{check}\"\nobject = \"**\"\nreason = \"r\"\nuntil = 2030-01-01\nby = \"bo\"\n"
    )
}

const REGO: &str = "package main\nimport rego.v1\ndeny_latest contains \"no\" if input.kind == \"Pod\"\nwarn contains \"x\" if input.x\n";

#[test]
fn a_waiver_of_a_rule_that_its_check_does_not_have() {
    let rego = |rule: &str| said(&(check("rego = \"a.rego\"") + &waiver(rule)), &[("a.rego", REGO)]);
    assert_eq!(rego("c/deny_latest") + &rego("c") + &rego("c/warn"), "");
    assert_snapshot!(rego("c/deny_lates"), @"waiver 0: check `c` has no rule `deny_lates` (did you mean `c/deny_latest`?)");
    assert_snapshot!(rego("c/registries"), @"waiver 0: check `c` has no rule `registries` (it waives nothing; remove it)");
    let pack = |rule: &str| {
        said(&(check("use = \"pod-security/restricted\"\nexcept = [\"volumes\"]") + &waiver(rule)), &[])
    };
    assert_eq!(pack("c/pod-security/baseline/privileged") + &pack("c/pod-security/restricted/seccomp"), "");
    assert_snapshot!(pack("c/privileged"), @"waiver 0: check `c` has no rule `privileged` (did you mean `c/pod-security/baseline/privileged`?)");
    assert_snapshot!(pack("c/pod-security/baseline/privilegd"), @"waiver 0: check `c` has no rule `pod-security/baseline/privilegd` (did you mean `c/pod-security/baseline/privileged`?)");
    assert!(pack("c/pod-security/restricted/volumes").contains("has no rule"));
}

#[test]
fn admission_and_gatekeeper_files_that_nothing_uses() {
    let policy = |name: &str, more: &str| {
        format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: {name}}}\nspec:\n  matchConstraints: {{resourceRules: [{{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}}]}}\n  validations: [{{expression: 'true'}}]\n{more}---\n"
        )
    };
    let binding = |name: &str, more: &str| {
        format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: {name}}}\nspec: {{policyName: {name}, validationActions: [Deny]{more}}}\n---\n"
        )
    };
    let text = policy("a", "")
        + &policy("b", "")
        + &binding("a", ", paramRef: {name: x, parameterNotFoundAction: Deny}");
    let all = check("admission = \"p.yaml\"") + &waiver("c/a") + &waiver("c/z");
    assert_snapshot!(said(&all, &[("p.yaml", &text)]), @"
    check 0: p.yaml:8: ValidatingAdmissionPolicy `b`: no binding puts it in force (add a binding, or remove it)
    check 0: p.yaml:15: ValidatingAdmissionPolicyBinding `a`: it names parameters, and its policy takes none (add `paramKind` to the policy, or remove `paramRef`)
    waiver 1: check `c` has no rule `z` (it waives nothing; remove it)
    ");
    let template = |kind: &str, more: &str| {
        format!(
            "apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nmetadata: {{name: {}}}\nspec:\n  crd: {{spec: {{names: {{kind: {kind}}}}}}}\n  targets: [{{target: admission.k8s.gatekeeper.sh{more}, rego: 'package a\n\n    violation[{{\"msg\": \"no\"}}] {{ true }}'}}]\n---\n",
            kind.to_lowercase()
        )
    };
    let constraint = "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: Used\nmetadata: {name: it}\nspec: {match: {source: Generated}}\n";
    let text = template("Used", ", operations: [CREATE, DELETE]") + &template("Unused", "") + constraint;
    let all = check("gatekeeper = \"g.yaml\"") + &waiver("c/it");
    assert_snapshot!(said(&all, &[("g.yaml", &text)]), @"
    check 0: g.yaml:10: ConstraintTemplate `unused`: no constraint uses this template (add one, or remove it)
    check 0: g.yaml:19: Used `it`: its `match.source` is `Generated`, and nothing is generated without an ExpansionTemplate (add the template, or remove it)
    check 0: g.yaml:1: ConstraintTemplate `used`: it asks about deletions (`operations`), and what leaves the tree is not reviewed (nothing else of it is left out)
    ");
}

#[test]
fn admission_rules_for_resources_that_are_none() {
    let told = |groups: &str, resources: &str| {
        let text = format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: a}}\nspec:\n  matchConstraints: {{resourceRules: [{{apiGroups: [{groups}], apiVersions: ['*'], operations: ['*'], resources: [{resources}]}}]}}\n  validations: [{{expression: 'true'}}]\n---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: a}}\nspec: {{policyName: a, validationActions: [Deny]}}\n"
        );
        said(&check("admission = \"p.yaml\""), &[("p.yaml", &text)])
    };
    assert_snapshot!(told("apps", "deployment"), @"check 0: p.yaml:1: ValidatingAdmissionPolicy `a`: no resource is called `deployment` (write plurals in small letters, like `deployments`)");
    for (groups, resource) in [
        ("apps, ''", "Deployment"),
        ("'*'", "Deployments"),
        ("example.org", "Widget"),
        ("''", "pod/exec"),
        ("networking.k8s.io", "ingress"),
        ("networking.k8s.io", "networkpolicy"),
    ] {
        let told = told(groups, &format!("{resource}, '*/scale'"));
        assert!(told.contains(&format!("no resource is called `{resource}`")), "{groups} {resource}: {told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    for (groups, resources) in [
        ("apps", "deployments, deployments/scale, '*', '*/*'"),
        ("''", "endpoints, pods, pods/exec, componentstatuses"),
        ("networking.k8s.io", "ingresses, networkpolicies, ingressclasses"),
        ("'*'", "deployment"),
        ("example.org", "deployment"),
        ("apps, example.org", "deployment"),
    ] {
        assert_eq!(told(groups, resources), "", "{groups} {resources}");
    }
}

#[test]
fn constraints_for_kinds_in_groups_that_do_not_have_them() {
    let told = |kinds: &str| {
        let text = format!(
            "apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nmetadata: {{name: used}}\nspec:\n  crd: {{spec: {{names: {{kind: Used}}}}}}\n  targets: [{{target: admission.k8s.gatekeeper.sh, rego: 'package a\n\n    violation[{{\"msg\": \"no\"}}] {{ true }}'}}]\n---\napiVersion: constraints.gatekeeper.sh/v1beta1\nkind: Used\nmetadata: {{name: it}}\nspec: {{match: {{kinds: [{kinds}]}}}}\n"
        );
        said(&check("gatekeeper = \"g.yaml\""), &[("g.yaml", &text)])
    };
    assert_snapshot!(told("{apiGroups: [''], kinds: [Pod, Deployment]}, {apiGroups: [apps], kinds: [StatefulSet]}"), @"check 0: g.yaml:10: Used `it`: `Deployment` of `match.kinds` is in none of the groups beside it (name its own group in `apiGroups`)");
    for kinds in [
        "{apiGroups: ['', apps], kinds: [Pod, Deployment]}",
        "{apiGroups: ['*'], kinds: [Deployment]}",
        "{apiGroups: [''], kinds: ['*']}",
        "{apiGroups: [example.org], kinds: [Deployment]}",
        "{apiGroups: ['', example.org], kinds: [Deployment]}",
        "{apiGroups: [extensions], kinds: [Deployment, Ingress]}",
        "{apiGroups: [''], kinds: [Widget]}",
        "{kinds: [Deployment]}",
    ] {
        assert_eq!(told(kinds), "", "{kinds}");
    }
}

#[test]
fn definitions_of_other_kinds_and_owners_of_nothing() {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: pools.example.org}\nspec: {group: example.org, names: {kind: Pool, plural: pools}, scope: Namespaced, versions: []}\n";
    let schema = |schema: &str, kinds: &str| {
        said(&check(&format!("schema = {schema}\nkinds = [\"{kinds}\"]")), &[("crds/p.yaml", definition)])
    };
    assert_snapshot!(schema("\"crds\"", "example.org/Lake"), @"check 0: none of its definitions is for a kind that this check is for (compare `kinds` with `schema`)");
    assert_eq!(
        schema("\"crds\"", "example.org/*") + &schema("[\"builtin\", \"crds\"]", "apps/Deployment"),
        ""
    );
    let rule =
        |from: &str| format!("[[rule]]\nname = \"r\"\nrequire = {{ count = 1, from = {{ {from} }} }}\n");
    assert_snapshot!(said(&rule("codeowners = true"), &[]), @"rule 0: there is no CODEOWNERS file, so nobody can meet this rule (add one, or name people)");
    assert_eq!(said(&rule("codeowners = true"), &[(".github/CODEOWNERS", "* @bo\n")]), "");
    assert_eq!(said(&rule("codeowners = true, users = [\"bo\"]"), &[]), "");
}

#[test]
fn rego_without_rules_or_data_is_broken() {
    let broken = |rest: &str, files: &[(&str, &str)]| {
        let policy = parse(&format!("version = 1\n{}", check(rest)), "p.toml").unwrap();
        broken_checks(&policy, &super::library(files)).into_iter().map(|(_, why)| why).collect::<String>()
    };
    assert_snapshot!(broken("rego = \"a.rego\"", &[("a.rego", "package main\nallow := true\n")]), @"none of `a.rego` has a rule called `deny`, `violation` or `warn`");
    assert_snapshot!(broken("rego = \"a.rego\"\ndata = \"data\"", &[("a.rego", REGO)]), @"there is no JSON or YAML file at `data` (`data`)");
    assert_eq!(broken("rego = \"a.rego\"\ndata = \"data\"", &[("a.rego", REGO), ("data/a.json", "{}")]), "");
}
