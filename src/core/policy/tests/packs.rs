//! Shipped rules by their folders: what stands in `good` is fine, what stands in `bad` is wrong as expected, in every
//! kind of workload; and what is written about a rule is true.

mod odd;
mod worse;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::super::packs::{self, Rule};
use super::super::*;
use super::{effect, environment, evaluation};
use crate::config::{Check, Judge, PackCheck, Policy};
use crate::effect::Effect;
use crate::evaluation::EnvironmentEvaluation;
use crate::library::Library;
use crate::object::{Body, ObjectRef, Sealer, SealingKey};

/// One case of a rule: `NAME.yaml`, where something changes `NAME.before.yaml`, perhaps `NAME.parameters.yaml`; and what
/// may come after it, `NAME.worse.yaml` and `NAME.same.yaml`.
#[derive(Default, Clone)]
struct Case {
    name: String,
    before: Option<Value>,
    after: Option<Value>,
    parameters: Map<String, Value>,
    worse: Vec<Value>,
    same: Vec<Value>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")
}

fn cases(rule: &Rule, kind: &str) -> Vec<Case> {
    let folder = folder().join(rule.id).join(kind);
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(stem) = file.strip_suffix(".yaml") else { continue };
        let (name, part) = stem.split_once('.').unwrap_or((stem, ""));
        let text = std::fs::read_to_string(&path).unwrap();
        let all: Vec<Value> =
            serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let read = all.first().cloned().unwrap();
        let case = cases.entry(name.to_owned()).or_default();
        case.name = format!("{}/{kind}/{name}", rule.id);
        match part {
            "" => case.after = Some(read),
            "before" => case.before = Some(read),
            "parameters" => case.parameters = read.as_object().unwrap().clone(),
            "worse" => case.worse = all,
            "same" => case.same = all,
            other => panic!("{path:?}: what is `{other}`?"),
        }
    }
    cases.into_values().collect()
}

fn sealed(mut body: Value) -> (ObjectRef, Value) {
    let text = |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let version = text("/apiVersion");
    let (group, version) = version.split_once('/').unwrap_or(("", &version));
    let reference = ObjectRef {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: text("/kind"),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
    };
    let sealer = Sealer { key: &SealingKey::new([7; 32]), environment: "production", mask: &[] };
    sealer.seal(&reference, &mut body);
    (reference, body)
}

fn effect_of(case: &Case) -> Effect {
    let (before, after) = (case.before.clone().map(sealed), case.after.clone().map(sealed));
    let object = after.as_ref().or(before.as_ref()).unwrap().0.clone();
    let body = |side: Option<(ObjectRef, Value)>| side.map(|(_, body)| body);
    Effect { object, ..effect("/Pod shop/web", body(before), body(after)) }
}

fn using(uses: &[&str]) -> PackCheck {
    let uses = uses.iter().map(|name| (*name).to_owned()).collect();
    PackCheck { uses, except: Vec::new(), parameters: Map::new() }
}

fn found(check: PackCheck, effects: Vec<Effect>) -> Vec<Finding> {
    found_in(check, vec![environment("production", effects)])
}

fn found_in(check: PackCheck, environments: Vec<EnvironmentEvaluation>) -> Vec<Finding> {
    let check = Check {
        name: "c".into(),
        judge: Judge::Pack(check),
        severity: Severity::Error,
        environments: Vec::new(),
        kinds: Vec::new(),
    };
    let policy = Policy { checks: vec![check], ..Policy::builtin() };
    run_checks(&policy, &Library::default(), &evaluation(environments, &[]))
}

/// What a rule says of a case, one line for each finding.
fn said(rule: &Rule, case: &Case) -> String {
    let check = PackCheck { parameters: case.parameters.clone(), ..using(&[rule.id]) };
    let lines = found(check, vec![effect_of(case)]).into_iter().map(|finding| {
        assert!(!finding.errored, "{}: {}", case.name, finding.message);
        assert_eq!((finding.rule.as_deref(), finding.fix.as_ref()), (Some(rule.id), Some(&rule.fix)));
        let severity = serde_json::to_value(finding.severity).unwrap();
        format!("{}: {}\n", severity.as_str().unwrap(), finding.message)
    });
    lines.collect()
}

/// `BLESS=1` writes what is said as what is expected.
#[test]
fn every_rule_says_what_its_folder_expects() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for rule in packs::rules().unwrap() {
        let (good, bad) = (cases(rule, "good"), cases(rule, "bad"));
        assert!(!good.is_empty() && !bad.is_empty(), "{} has no cases", rule.id);
        for case in good {
            let said = said(rule, &case);
            if !said.is_empty() {
                wrong.push(format!("{} is good, but:\n{said}", case.name));
            }
        }
        for case in bad {
            let said = said(rule, &case);
            let path = folder().join(format!("{}.expected", case.name));
            if bless {
                std::fs::write(&path, &said).unwrap();
            }
            let expected = std::fs::read_to_string(&path).unwrap_or_default();
            if said.is_empty() || said != expected {
                wrong.push(format!("{} is bad; expected:\n{expected}said:\n{said}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rules of which nothing stands at one field: what is gone, and what is wrong with an object as a whole.
const NOWHERE: [&str; 2] = ["data-loss/deletion", "good-practice/naked-pods"];

#[test]
fn every_finding_of_a_rule_says_which_field_it_is_about() {
    let mut tried = 0;
    for rule in packs::rules().unwrap() {
        for case in cases(rule, "bad") {
            let check = PackCheck { parameters: case.parameters.clone(), ..using(&[rule.id]) };
            let effect = effect_of(&case);
            let body = effect.after.as_ref().map(Body::value).unwrap_or_default();
            // A template of Argo Workflows is put together from several places.
            let told = !NOWHERE.contains(&rule.id)
                && !body["kind"].as_str().unwrap_or_default().contains("Workflow");
            for finding in found(check, vec![effect]) {
                assert_eq!(finding.path.is_some(), told, "{}: {}", case.name, finding.message);
                let Some(path) = finding.path else { continue };
                let walk = crate::object::path::walk(&body, &path);
                let near = !walk.steps.is_empty()
                    || ["automount", "reclaim"].iter().any(|word| path.starts_with(word));
                assert!(near, "{}: there is nothing near `{path}`", case.name);
                tried += 1;
            }
        }
    }
    assert!(tried > 250, "{tried}");
}

#[test]
fn a_finding_stands_at_the_container_and_the_field_that_are_wrong() {
    let container = |name: &str, image: &str| json!({ "name": name, "image": image });
    let pod = json!({ "metadata": {}, "spec": {
        "containers": [container("web", "nginx:1.2.3"), container("log", "busybox")],
        "initContainers": [container("init", "busybox:latest")],
        "volumes": [{ "name": "v", "image": { "reference": "data" } }],
    } });
    let of = |object: Value| {
        let case = Case { after: Some(object), ..Case::default() };
        let all = found(using(&["images/latest"]), vec![effect_of(&case)]);
        all.into_iter().map(|finding| finding.path.unwrap_or_default()).collect::<Vec<_>>()
    };
    let below = |spec: &str| {
        ["containers[name=log].image", "initContainers[name=init].image", "volumes[name=v].image.reference"]
            .map(|path| format!("{spec}.{path}"))
    };
    let named = json!({ "name": "x" });
    let alone = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": pod["spec"] });
    assert_eq!(of(alone), below("spec"));
    let template = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": named, "spec": { "template": pod } });
    assert_eq!(of(template), below("spec.template.spec"));
    let inside = json!({ "jobTemplate": { "spec": { "template": pod } } });
    let cron = json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": named, "spec": inside });
    assert_eq!(of(cron), below("spec.jobTemplate.spec.template.spec"));
    let jobs = json!({ "replicatedJobs": [{ "name": "a", "template": { "spec": { "template": pod } } }] });
    let set = json!({ "apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": named, "spec": jobs });
    assert_eq!(of(set), below("spec.replicatedJobs[name=a].template.spec.template.spec"));
}

/// The same pod in everything that makes pods.
fn workloads(pod: &Value) -> Vec<Value> {
    let template = json!({ "metadata": pod.get("metadata"), "spec": pod.get("spec") });
    let made = |version: &str, kind: &str, body: Value, path: &str| {
        let mut object = json!({ "apiVersion": version, "kind": kind, "metadata": { "name": "web" } });
        object.as_object_mut().unwrap().insert(path.to_owned(), body);
        object
    };
    let job = json!({ "template": template });
    let mut all = vec![
        made("v1", "PodTemplate", template.clone(), "template"),
        made("batch/v1", "CronJob", json!({ "jobTemplate": { "spec": job } }), "spec"),
    ];
    for (version, kind) in [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "ReplicaSet"),
        ("v1", "ReplicationController"),
        ("batch/v1", "Job"),
        ("argoproj.io/v1alpha1", "Rollout"),
    ] {
        all.push(made(version, kind, json!({ "template": template }), "spec"));
    }
    all
}

#[test]
fn a_rule_about_pods_says_the_same_in_every_kind_of_workload() {
    let mut tried = 0;
    for rule in packs::rules().unwrap().iter().filter(|rule| rule.id.starts_with("pod-security/")) {
        for case in [cases(rule, "good"), cases(rule, "bad")].concat() {
            let pod = case.after.clone().filter(|after| after["kind"] == "Pod");
            let Some(pod) = pod else { continue };
            let inside: Vec<Effect> = workloads(&pod)
                .into_iter()
                .map(|workload| effect_of(&Case { after: Some(workload), ..case.clone() }))
                .collect();
            let kinds: Vec<String> = inside.iter().map(|effect| effect.object.kind.clone()).collect();
            let check = PackCheck { parameters: case.parameters.clone(), ..using(&[rule.id]) };
            let findings = found(check, [vec![effect_of(&case)], inside].concat());
            let told = |kind: &str| -> Vec<&str> {
                let of_kind = |finding: &&Finding| finding.object.as_ref().unwrap().kind == kind;
                findings.iter().filter(of_kind).map(|finding| finding.message.as_str()).collect()
            };
            for kind in &kinds {
                assert_eq!(told(kind), told("Pod"), "{} in {kind}", case.name);
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried}");
}

#[test]
fn what_base_has_in_the_same_container_is_existing_and_a_second_container_is_new() {
    let pod = |names: &[&str]| {
        let containers: Vec<Value> = names
            .iter()
            .map(|name| json!({ "name": name, "securityContext": { "privileged": true } }))
            .collect();
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web" }, "spec": { "containers": containers } })
    };
    let change = effect("/Pod shop/web", Some(pod(&["web"])), Some(pod(&["web", "side"])));
    let found = found(using(&["pod-security/baseline"]), vec![change]);
    let told: Vec<(&str, bool)> =
        found.iter().map(|finding| (finding.message.as_str(), finding.existing)).collect();
    assert_eq!(
        told,
        [("container `side` runs privileged", false), ("container `web` runs privileged", true)]
    );
}

/// What a rule of a policy is where no parameter is set.
fn value_of(rule: &Rule, place: &str) -> Value {
    let mut engine = regorus::Engine::new();
    let library = packs::foundations().filter(|(path, _)| path.ends_with(".rego"));
    for (path, text) in library.chain([(rule.id, rule.text)]) {
        engine.add_policy(path.to_owned(), text.to_owned()).unwrap();
    }
    serde_json::to_value(engine.eval_rule(place.to_owned()).unwrap()).unwrap()
}

#[test]
fn what_is_written_about_a_rule_is_so() {
    let rules = packs::rules().unwrap();
    let known: BTreeSet<&str> = rules.iter().map(|rule| rule.id).collect();
    assert_eq!(known.len(), rules.len(), "an id stands for one rule");
    let reads = regex::Regex::new(r"data\.parameters\.([a-z_]+)").unwrap();
    for rule in rules {
        let package = rule.package();
        let line = format!("package {}\n", package.trim_start_matches("data."));
        assert!(rule.text.contains(&line), "{}: its package is {line}", rule.id);
        if let Some(replaced) = &rule.replaces {
            assert!(known.contains(replaced.as_str()), "{} replaces {replaced}", rule.id);
        }
        for (name, parameter) in &rule.parameters {
            assert!(parameter.kind.takes(&parameter.default), "{}: the default of {name}", rule.id);
            let place = if name == "kubernetes" {
                "data.lib.kubernetes.version"
            } else {
                &format!("{package}.{name}")
            };
            let default = value_of(rule, place);
            assert_eq!(default, parameter.default, "{}: the default of {name}", rule.id);
        }
        for read in reads.captures_iter(rule.text) {
            assert!(rule.parameters.contains_key(&read[1]), "{}: {} is not documented", rule.id, &read[1]);
        }
    }
}

#[test]
fn a_stricter_rule_stands_in_place_of_the_one_it_replaces() {
    let chosen = |except: &[&str], version: u32| -> Vec<&str> {
        let except: Vec<String> = except.iter().map(|name| (*name).to_owned()).collect();
        let rules = packs::chosen(&["pod-security/restricted".to_owned()], &except, Some(version)).unwrap();
        rules.into_iter().map(|rule| rule.id).filter(|id| id.ends_with("capabilities")).collect()
    };
    assert_eq!(chosen(&[], 36), ["pod-security/restricted/capabilities"]);
    assert_eq!(
        chosen(&[], 21),
        ["pod-security/baseline/capabilities", "pod-security/restricted/capabilities"]
    );
    assert_eq!(chosen(&["pod-security/restricted/capabilities"], 36), ["pod-security/baseline/capabilities"]);
    assert!(chosen(&["capabilities"], 36).is_empty());
}

/// Every rule as `policies/README.md` tells it.
fn tables() -> String {
    let mut told = String::new();
    for (name, rules) in packs::packs().unwrap() {
        told.push_str(&format!("\n### `{name}`\n\n"));
        if let Some(taken) = rules.iter().find(|rule| rule.pack() != name) {
            told.push_str(&format!("Everything of `{}`, and:\n\n", taken.pack()));
        }
        told.push_str("| rule | severity | what must hold |\n|---|---|---|\n");
        let own: Vec<&Rule> = rules.into_iter().filter(|rule| rule.pack() == name).collect();
        for rule in &own {
            let severity = serde_json::to_value(rule.severity).unwrap();
            let since =
                rule.since.map(|minor| format!(" (from Kubernetes 1.{minor} on)")).unwrap_or_default();
            told.push_str(&format!(
                "| [`{}`]({}/rule.rego) | {} | {}{since} |\n",
                rule.name(),
                rule.id,
                severity.as_str().unwrap(),
                rule.title
            ));
        }
        let parameters: BTreeMap<&String, _> = own.iter().flat_map(|rule| &rule.parameters).collect();
        if !parameters.is_empty() {
            told.push_str(
                "\n| parameter | what it is | where nothing is set | what it means |\n|---|---|---|---|\n",
            );
        }
        for (name, parameter) in parameters {
            let (words, default) = (parameter.kind.words(), &parameter.default);
            told.push_str(&format!("| `{name}` | {words} | `{default}` | {} |\n", parameter.description));
        }
    }
    told
}

#[test]
fn the_readme_tells_every_rule() {
    let path = folder().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, told) = readme.split_once("## Every rule\n").unwrap();
    let tables = tables();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, format!("{before}## Every rule\n{tables}")).unwrap();
    } else {
        assert_eq!(told, tables);
    }
}

#[test]
fn an_environment_is_judged_for_its_own_version_of_kubernetes() {
    let budget = json!({ "apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": { "name": "web" } });
    let at = |name: &str, kubernetes: Option<&str>| {
        let mut environment = environment(
            name,
            vec![effect("policy/PodDisruptionBudget shop/web", None, Some(budget.clone()))],
        );
        environment.environment.kubernetes = kubernetes.map(str::to_owned);
        environment
    };
    let environments = || {
        vec![at("old", Some("1.20")), at("ending", Some("1.24")), at("new", Some("1.25")), at("untold", None)]
    };
    let told = |check: PackCheck| {
        let findings = found_in(check, environments()).into_iter();
        findings.map(|finding| format!("{} {:?}", finding.environment, finding.severity)).collect::<Vec<_>>()
    };
    assert_eq!(told(using(&["kubernetes/removed-apis"])), ["ending Warning", "new Error", "untold Error"]);
    // What the check itself names counts everywhere.
    let mut named = using(&["kubernetes/removed-apis"]);
    named.parameters.insert("kubernetes".to_owned(), json!("1.20"));
    assert_eq!(told(named), [""; 0]);
}
