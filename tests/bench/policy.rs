//! Thirty rules over ten thousand new objects, in Rego and in CEL, beside conftest over the same files with the same rules
//! in Rego: reading and judging alone, in a process of its own, and the whole of `countersign review`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use countersign_core::config;
use countersign_core::effect;
use countersign_core::environment::EnvironmentSource;
use countersign_core::evaluation::{EnvironmentEvaluation, Evaluation, SideState, UnitEvaluation};
use countersign_core::library::{Library, LibraryFile};
use countersign_core::object::{ManifestText, Sealer, SealingKey, parse_sides};
use countersign_core::policy::run_checks;
use countersign_core::revision::{Diff, Digest};
use serde_json::Value;

use crate::bot::{self, tool};
use crate::manifests::{deployment, repository};
use crate::measure::{Times, peak_memory, ratio, row};
use crate::review::{megabytes, whole};

const FILES: usize = 100;
const IN_EACH: usize = 100;
const RULES: usize = 30;
/// One rule finds something, in one object of these.
const FOUND_IN: usize = 100;
const RUNS: usize = 3;

pub(crate) fn run() {
    let conftest = tool("conftest");
    let rego = repository(&policy(CHECK_IN_REGO, &rules()), &objects());
    let peer = Times::of(RUNS, || assert_eq!(found_by(&conftest, rego.path()), FILES * IN_EACH / FOUND_IN));
    let cel: String = (0..RULES).map(cel).collect();
    let cel = repository(&policy(&cel, &[]), &objects());
    let told = |what: &str, all: &[(Duration, u64)]| {
        let ours = Times::new(all.iter().map(|run| run.0).collect());
        let memory = all.iter().map(|run| run.1).max().unwrap();
        row(
            &format!("{} new objects and {RULES} rules in {what}", FILES * IN_EACH),
            &format!("{ours}; {}", megabytes(memory)),
            &format!("`conftest test` of the same files, rules in Rego: {peer}; aim: ≥ 5 × faster, ≤ 200 MB"),
            &format!("{} × faster", ratio(peer.median(), ours.median())),
        );
    };
    for (language, folder) in [("Rego", &rego), ("CEL", &cel)] {
        let all: Vec<(Duration, u64)> = (0..RUNS).map(|_| judged(folder.path())).collect();
        told(&format!("{language}: reading and judging"), &all);
        let all: Vec<(Duration, u64)> = (0..RUNS).map(|_| whole(folder.path())).collect();
        assert_eq!(found(folder.path()), FILES * IN_EACH / FOUND_IN, "{language}");
        told(&format!("{language}: `countersign review --format json`, the whole program"), &all);
    }
}

const CHECK_IN_REGO: &str = "[[check]]\nname = \"rules\"\nrego = \"policies\"\n";

fn policy(checks: &str, files: &[(String, String)]) -> Vec<(String, String)> {
    let policy = format!("version = 1\n[environment.production]\nsource = {{ yaml = \"apps\" }}\n{checks}");
    let mut all = files.to_vec();
    all.push((".countersign.toml".to_owned(), policy));
    all.push(("apps/none.yaml".to_owned(), "# Nothing yet.\n".to_owned()));
    all
}

fn objects() -> Vec<(String, String)> {
    let object = |number: usize| format!("---\n{}", deployment(&format!("app-{number}"), 3, "1.0"));
    let file = |file: usize| {
        let text = (0..IN_EACH).map(|number| object(file * IN_EACH + number)).collect();
        (format!("apps/{file:03}.yaml"), text)
    };
    (0..FILES).map(file).collect()
}

/// What the rules refuse: the first one an image that is there, the others ones that are not.
fn image(number: usize) -> String {
    if number == 0 { "/app-".to_owned() } else { format!("registry-{number}.example.org/") }
}

fn rules() -> Vec<(String, String)> {
    let rule = |number: usize| {
        let image = image(number);
        let named = if number == 0 { "\n    endswith(input.metadata.name, \"99\")" } else { "" };
        let text = format!(
            r#"package main

import rego.v1

deny contains msg if {{
    input.kind in {{"Deployment", "StatefulSet", "DaemonSet"}}{named}
    input.spec.template.spec.securityContext.runAsNonRoot
    some container in input.spec.template.spec.containers
    contains(container.image, "{image}")
    msg := sprintf("%s: %s is refused by rule {number}", [input.metadata.name, container.image])
}}
"#
        );
        (format!("policies/rule_{number}.rego"), text)
    };
    (0..RULES).map(rule).collect()
}

fn cel(number: usize) -> String {
    let image = image(number);
    let named = if number == 0 { " || !object.metadata.name.endsWith('99')" } else { "" };
    format!(
        "[[check]]\nname = \"rule {number}\"\ncel = \"!(object.kind in ['Deployment', 'StatefulSet', 'DaemonSet']){named} || \
         !object.spec.template.spec.securityContext.runAsNonRoot || \
         object.spec.template.spec.containers.all(c, !c.image.contains('{image}'))\"\n"
    )
}

/// What conftest finds in the files of the branch that is checked out.
fn found_by(conftest: &Path, folder: &Path) -> usize {
    let output = Command::new(conftest)
        .args(["test", "--no-fail", "--output", "json", "--policy", "policies", "apps"])
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    all.iter().filter_map(|file| file["failures"].as_array()).map(Vec::len).sum()
}

/// What the program finds.
fn found(folder: &Path) -> usize {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args([
            "review",
            "--base",
            "main",
            "--head",
            "head",
            "--format",
            "json",
            "--fail-on",
            "never",
            "--repo",
        ])
        .arg(folder)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["findings"].as_array().unwrap().len()
}

/// Has a process of its own read and judge the files that are checked out; how long that took there, and its memory.
fn judged(folder: &Path) -> (Duration, u64) {
    let output = Command::new(std::env::current_exe().unwrap()).arg("--judge").arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (time, memory) = text.trim().split_once(' ').unwrap();
    (Duration::from_nanos(time.parse().unwrap()), memory.parse().unwrap())
}

/// That process.
pub(crate) fn judge(arguments: &[String]) {
    let folder = Path::new(&arguments[0]);
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
    let began = Instant::now();
    let policy = config::parse(&read(".countersign.toml"), ".countersign.toml").unwrap();
    let mut library = Library::default();
    for number in (0..RULES).filter(|number| folder.join(format!("policies/rule_{number}.rego")).exists()) {
        let path = format!("policies/rule_{number}.rego");
        let text = read(&path);
        library.insert(path, LibraryFile { blob: "1".repeat(40).parse().unwrap(), text });
    }
    let texts: Vec<String> = (0..FILES).map(|file| read(&format!("apps/{file:03}.yaml"))).collect();
    let evaluation = evaluation(&texts);
    drop(texts);
    let findings = run_checks(&policy, &library, &evaluation);
    let took = began.elapsed();
    assert_eq!(findings.len(), FILES * IN_EACH / FOUND_IN);
    println!("{} {}", took.as_nanos(), peak_memory("self").unwrap());
}

/// The texts as new objects of one unit.
fn evaluation(texts: &[String]) -> Evaluation {
    let environment = bot::environment(EnvironmentSource::Yaml(vec!["apps".to_owned()]));
    let key = SealingKey::new([7; 32]);
    let sealer = Sealer { key: &key, environment: "production", mask: &[] };
    let head = texts.iter().map(|text| ManifestText { file: None, text, sources: None }).collect();
    let Diff { head, .. } = parse_sides(&Diff { base: Vec::new(), head }, None, &sealer, 2);
    let effects = effect::compare(&environment, &[], &head.unwrap().objects);
    let unit = UnitEvaluation {
        name: "apps".to_owned(),
        path: "apps".to_owned(),
        renderer: "yaml".to_owned(),
        inputs: Diff::default(),
        sides: Diff { base: SideState::Rendered, head: SideState::Rendered },
        errors: Vec::new(),
        objects: Diff { base: 0, head: u32::try_from(effects.len()).unwrap() },
        stable: true,
        input_digest: Digest::of(b""),
        already_broken: false,
        effects,
    };
    let environment = EnvironmentEvaluation {
        environment,
        cluster_identity: None,
        tier: effect::Tier::Render,
        units: vec![unit],
        drift: Vec::new(),
        errors: Vec::new(),
        inventory: None,
    };
    Evaluation { environments: vec![environment], outside: Vec::new(), discovered: false }
}
