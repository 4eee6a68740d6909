//! What a policy can do to the program that reads it: nothing. The program itself is started, with little memory.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, json};
use tempfile::TempDir;

use super::agree;
use super::ask::Question;
use crate::parts;
use crate::source::git;

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {replicas: REPLICAS, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: nginx}]}}}\n";
const POLICY: &str = "version = 1\n\n[environment.production]\nsource = { yaml = \"production\" }\n\n[[check]]\nname = \"c\"\nrego = \"p.rego\"\n";
/// What a process of the tests may have, in kilobytes: its threads reserve their stacks of it.
const KILOBYTES: &str = "3000000";

/// A repository with a policy, and a branch that changes an object.
fn repository(policy: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    git(root, &["init", "-q", "-b", "main"]);
    std::fs::create_dir(root.join("production")).unwrap();
    std::fs::write(root.join(".countersign.toml"), POLICY).unwrap();
    std::fs::write(root.join("p.rego"), policy).unwrap();
    for (branch, replicas) in [("main", "1"), ("topic", "2")] {
        std::fs::write(root.join("production/web.yaml"), WEB.replace("REPLICAS", replicas)).unwrap();
        git(root, &["checkout", "-q", "-B", branch]);
        git(root, &["add", "-A"]);
        git(root, &["-c", "user.name=cy", "-c", "user.email=cy@example.org", "commit", "-q", "-m", branch]);
    }
    folder
}

/// The program within a limit of memory.
fn program(folder: &TempDir, arguments: &str) -> Command {
    let mut shell = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_countersign");
    shell.args(["-c", &format!("ulimit -v {KILOBYTES}; exec '{program}' {arguments}")]);
    shell.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

fn said(done: &Output) -> String {
    String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr)
}

#[test]
fn policies_that_would_use_up_memory_or_stack_end_in_an_error() {
    let grow = |step: &str| {
        let steps: Vec<String> = (0..12)
            .map(|at| step.replace("OLD", &format!("t{at}")).replace("NEW", &format!("t{}", at + 1)))
            .collect();
        format!(
            "package main\ndeny contains \"x\" if {{\nt0 := \"aaaaaaaaaa\"\n{}\ncount(t12) == 1\n}}",
            steps.join("\n")
        )
    };
    let needs = "rules and functions may not need themselves";
    for (policy, code, why) in [
        ("package main\nf(x) := y if { y := f(x + 1) }\ndeny contains \"x\" if f(1)".to_owned(), 64, needs),
        (grow("NEW := concat(\"\", [OLD, OLD, OLD, OLD, OLD, OLD, OLD, OLD])"), 0, "needs too much memory"),
        (grow("NEW := replace(OLD, \"a\", OLD)"), 0, "needs too much memory"),
        (grow("NEW := sprintf(\"%s%s%s%s%s%s%s%s\", [OLD, OLD, OLD, OLD, OLD, OLD, OLD, OLD])"), 0, "needs too much memory"),
        ("package main\ndeny contains \"x\" if count({[i, j] | some i in numbers.range(1, 99999); some j in numbers.range(1, 99999)}) == 1".to_owned(), 0, // As fast as the machine is: time or memory.
            "a rule may"),
        (format!("package main\nx := {}1{}\ndeny contains \"x\" if x == 1", "[".repeat(20), "]".repeat(20)), 64, "nested too deep"),
        (format!("package main\nx := {}\ndeny contains \"x\" if x == 1", vec!["1"; 9_000].join("+\n")), 64, "in a row here"),
    ] {
        let folder = repository(&policy);
        let shown: String = policy.chars().take(200).collect();
        let checked = program(&folder, "policy check").output().unwrap();
        assert_eq!(checked.status.code(), Some(code), "{shown}\n{}", said(&checked));
        let reviewed = program(&folder, "review --offline").output().unwrap();
        assert!(matches!(reviewed.status.code(), Some(1 | 2)), "{shown}\n{:?}\n{}", reviewed.status, said(&reviewed));
        let told = said(&reviewed).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(why), "{shown}\n{told}");
    }
}

#[test]
fn an_interruption_ends_the_program_while_it_judges() {
    // Each rule may take its two seconds.
    let rules: String = (0..60)
        .map(|at| format!("deny_r{at} contains \"x\" if {{ some a in numbers.range(1, 9000); some b in numbers.range(1, 9000); a * b == -{at} }}\n"))
        .collect();
    let folder = repository(&format!("package main\n{rules}"));
    let mut child = program(&folder, "review --offline").spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    let begun = Instant::now();
    let stopped = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

/// Rules that need themselves, and some that do not: as bodies of modules.
const CIRCLES: &[&str] = &[
    "f(x) := y if { y := f(x + 1) }\ndeny contains \"x\" if f(1)",
    "f(x) := g(x)\ng(x) := f(x)\ndeny contains \"x\" if f(1)",
    "p if not q\nq if not p\ndeny contains \"x\" if p",
    "p := [1 | q]\nq if p\ndeny contains \"x\" if p",
    "deny contains \"x\" if deny[_]",
    "deny contains \"x\" if \"y\" in deny",
    "deny contains \"x\" if data.main.deny[\"y\"]",
    "deny contains \"x\" if { some k; data.main[\"deny\"][k] }",
    "p[\"a\"] := 1\np[k] := v if { k := \"b\"; v := p.a }\ndeny contains \"x\" if p.b",
    "p.a := p.b\np.b := p.a\ndeny contains \"x\" if p.a",
    "p.a := count(p)\ndeny contains \"x\" if p.a",
    "p.a := p.b\np.b := true\ndeny contains \"x\" if p.a",
    "p[\"a\"] := p[\"b\"]\np[\"b\"] := true\ndeny contains \"x\" if p.a",
    "p.a := p[input.k]\np.b := true\ndeny contains \"x\" if p.a",
    "f(p) := p\np := f(true)\ndeny contains \"x\" if p",
    "p if { p := true; p }\ndeny contains \"x\" if p",
    "p if { every p in [1] { p == 1 } }\ndeny contains \"x\" if p",
    "p := 1 if input.missing\nelse := p if input.kind\ndeny contains \"x\" if p",
    "p if { true with data.main.p as 1 }\ndeny contains \"x\" if p",
    "p if input.a[p]\ndeny contains \"x\" if p",
    "default p := false\np if q\nq if p\ndeny contains \"x\" if p",
    "p contains x if some x in q\nq contains x if some x in p\ndeny contains \"x\" if p",
    "p if input.p\nq if p\nr if { p; q }\ndeny contains \"x\" if not r",
];

#[test]
fn what_needs_itself_is_refused_where_opa_refuses_it() {
    let Some(tool) = parts::tools::opa() else { return };
    let inputs = vec![json!({ "kind": "Pod", "k": "b", "a": { "x": 1 } })];
    let question = |modules: Vec<String>| Question {
        note: String::new(),
        modules,
        inputs: inputs.clone(),
        data: Map::new(),
    };
    let mut questions: Vec<Question> = CIRCLES
        .iter()
        .map(|rules| question(vec![format!("package main\nimport rego.v1\n{rules}\n")]))
        .collect();
    for other in [
        "h(x) := data.main.f(x)",
        "h(x) := x",
        "import data.main as m\nh(x) := y if { m.q; y := x }",
        "h(x) := y if { y := data.main.r[x] }",
    ] {
        let main = "package main\nimport rego.v1\nimport data.lib\nf(x) := lib.h(x)\nq if f(1)\nr := {1: 1}\ndeny contains \"x\" if f(1)\n";
        questions.push(question(vec![main.to_owned(), format!("package lib\nimport rego.v1\n{other}\n")]));
    }
    let count = agree("rules that need themselves", &tool, &questions);
    assert!(count.refused == 0 && count.only_ours == 0, "{count}");
}
