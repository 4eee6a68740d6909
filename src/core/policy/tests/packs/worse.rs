//! What a change makes worse is new; what base has too, or has worse, is existing. And pods in kinds of others.

use serde_json::{Value, json};

use super::super::super::packs::{self, Rule};
use super::{Case, Effect, Finding, PackCheck, cases, effect, effect_of, found, sealed, using};

/// What is found where each of some objects comes after the one of a case, each thing with whether it is existing.
fn after(rule: &Rule, case: &Case, changed: &[Value]) -> Vec<Vec<(String, bool)>> {
    let effects = changed.iter().enumerate().map(|(index, after)| {
        let change = Case { before: case.after.clone(), after: Some(after.clone()), ..case.clone() };
        let mut effect = effect_of(&change);
        effect.object.name = index.to_string();
        effect
    });
    let effects: Vec<Effect> = effects.collect();
    let names: Vec<String> = effects.iter().map(|effect| effect.object.name.clone()).collect();
    let check = PackCheck { parameters: case.parameters.clone(), ..using(&[rule.id]) };
    let findings = found(check, effects);
    let of = |name: &String| {
        let own = |finding: &&Finding| finding.object.as_ref().unwrap().name == *name;
        findings.iter().filter(own).map(|finding| (finding.message.clone(), finding.existing)).collect()
    };
    names.iter().map(of).collect()
}

#[test]
fn what_a_change_makes_worse_is_new_and_nothing_else_is() {
    let mut wrong = Vec::new();
    for rule in packs::rules().unwrap().iter().filter(|rule| !rule.text.contains("data.countersign")) {
        let (mut worse, mut same) = (0, 0);
        for case in cases(rule, "bad") {
            let unchanged = [case.after.clone().unwrap()];
            let all = [&unchanged[..], &case.same, &case.worse].concat();
            for (index, told) in after(rule, &case, &all).into_iter().enumerate() {
                if index <= case.same.len() {
                    if told.is_empty() || told.iter().any(|(_, existing)| !existing) {
                        wrong.push(format!("{} as bad as before, or better: {told:?}", case.name));
                    }
                } else if told.iter().all(|(_, existing)| *existing) {
                    wrong.push(format!("{} gets worse: {told:?}", case.name));
                }
            }
            worse += case.worse.len();
            same += case.same.len();
        }
        if rule.text.contains("\"worse\":") && (worse == 0 || same == 0) {
            wrong.push(format!("{} compares, and has {worse} worse and {same} same cases", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pods_are_found_in_kinds_of_others_each_by_its_place() {
    let pod =
        json!({ "spec": { "containers": [{ "name": "web", "securityContext": { "privileged": true } }] } });
    let job = |name: &str| json!({ "name": name, "template": { "spec": { "template": pod } } });
    let set = |jobs: &[&str]| {
        let jobs: Vec<Value> = jobs.iter().map(|name| job(name)).collect();
        let spec = json!({ "replicatedJobs": jobs });
        json!({ "apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": { "name": "web" }, "spec": spec })
    };
    let container = &pod["spec"]["containers"][0];
    let templates =
        json!([{ "name": "run", "container": container, "sidecars": [container] }, { "name": "steps" }]);
    let workflow = json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "metadata": { "name": "web" },
        "spec": { "workflowSpec": { "templates": templates } } });
    let pattern = json!({ "apiVersion": "kyverno.io/v1", "kind": "Policy", "spec": { "pattern": pod } });
    let server = json!({ "apiVersion": "monitoring.example.org/v1", "kind": "Server", "spec": pod["spec"] });
    let effects = vec![
        effect("jobset.x-k8s.io/JobSet shop/web", Some(set(&["a"])), Some(set(&["b", "a"]))),
        effect("argoproj.io/CronWorkflow shop/web", None, Some(workflow)),
        effect("kyverno.io/Policy shop/web", None, Some(pattern)),
        effect("monitoring.example.org/Server shop/web", None, Some(server)),
    ];
    let found = found(using(&["pod-security/baseline/privileged"]), effects);
    let told: Vec<(&str, bool)> =
        found.iter().map(|finding| (finding.message.as_str(), finding.existing)).collect();
    let at = |name: &str| {
        format!("container `web` at `spec.replicatedJobs.{name}.template.spec.template` runs privileged")
    };
    assert_eq!(
        told,
        [
            (at("a").as_str(), true),
            (at("b").as_str(), false),
            ("container `main` of `run` runs privileged", false),
            ("container `web` of `run` runs privileged", false),
            ("container `web` runs privileged", false),
        ]
    );
}

#[test]
fn no_value_of_a_secret_is_in_what_is_compared() {
    let (_, body) = sealed(json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "web" },
        "stringData": { "a": "ENC[AES256_GCM,data:x]", "b": "hunter2" }, "sops": { "mac": "x", "clear": [] } }));
    assert_eq!(body["sops"]["clear"], json!(["b"]));
    assert!(!body.to_string().contains("hunter2"));
}
