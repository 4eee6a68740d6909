//! Ten thousand objects of which a thousand change: reading both sides and comparing them, beside a YAML parser alone on
//! the same text; then the whole of `countersign review` on a repository of them. Memory is the most that a process of
//! its own held.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use countersign_core::effect;
use countersign_core::environment::EnvironmentSource;
use countersign_core::object::{ManifestText, Sealer, SealingKey, parse_sides};
use countersign_core::revision::Diff;

use crate::bot;
use crate::manifests::{deployment, repository};
use crate::measure::{Times, peak_memory, ratio, row};

const FILES: usize = 100;
const IN_EACH: usize = 100;
/// Of ten objects, one changes.
const ONE_IN: usize = 10;
const RUNS: usize = 5;
/// As many as the program reads with by default.
const THREADS: usize = 2;

pub(crate) fn run() {
    let mut base = side("1.0");
    let head = side("1.1");
    let bytes: usize = base.iter().chain(&head).map(|(_, text)| text.len()).sum();
    base.push((
        ".countersign.toml".to_owned(),
        "version = 1\n[environment.production]\nsource = { yaml = \"apps\" }\n".to_owned(),
    ));
    let folder = repository(&base, &head);
    let child = |what: &str| {
        let all: Vec<(Duration, u64)> = (0..RUNS).map(|_| measured_child(what, folder.path())).collect();
        (Times::new(all.iter().map(|run| run.0).collect()), all.iter().map(|run| run.1).max().unwrap())
    };
    let (ours, memory) = child("compare");
    let (saphyr, saphyr_memory) = child("saphyr");
    let objects = FILES * IN_EACH;
    row(
        &format!(
            "reading {objects} objects on both sides ({} MB) and comparing them, {} changed",
            bytes / 1_000_000,
            objects / ONE_IN
        ),
        &format!("{ours}; {}", megabytes(memory)),
        &format!("serde-saphyr reads the same text as JSON values: {saphyr}; {}", megabytes(saphyr_memory)),
        &ratio(ours.median(), saphyr.median()),
    );
    let all: Vec<(Duration, u64)> = (0..RUNS).map(|_| whole(folder.path())).collect();
    let whole = Times::new(all.iter().map(|run| run.0).collect());
    let memory = all.iter().map(|run| run.1).max().unwrap();
    row(
        "`countersign review --format json` of the same, the whole program",
        &format!("{whole}; {}", megabytes(memory)),
        "aim: ≤ 200 MB resident; the parser above",
        &ratio(whole.median(), saphyr.median()),
    );
}

fn side(version: &str) -> Vec<(String, String)> {
    let object = |number: usize| {
        let version = if number.is_multiple_of(ONE_IN) { version } else { "1.0" };
        format!("---\n{}", deployment(&format!("app-{number}"), 3, version))
    };
    let file = |file: usize| {
        let text = (0..IN_EACH).map(|number| object(file * IN_EACH + number)).collect();
        (format!("apps/{file:03}.yaml"), text)
    };
    (0..FILES).map(file).collect()
}

/// Has a process of its own do one thing to both sides; how long that took there, and its memory.
fn measured_child(what: &str, folder: &Path) -> (Duration, u64) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--objects", what])
        .arg(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (time, memory) = text.trim().split_once(' ').unwrap();
    (Duration::from_nanos(time.parse().unwrap()), memory.parse().unwrap())
}

/// That process.
pub(crate) fn objects(arguments: &[String]) {
    let folder = Path::new(&arguments[1]);
    let texts = |branch: &str| -> Vec<String> {
        let text = |file| crate::manifests::git(folder, &["show", &format!("{branch}:apps/{file:03}.yaml")]);
        (0..FILES).map(text).collect()
    };
    let (base, head) = (texts("main"), texts("head"));
    let began = Instant::now();
    let found = match arguments[0].as_str() {
        "compare" => {
            let environment = bot::environment(EnvironmentSource::Yaml(vec!["apps".to_owned()]));
            let key = SealingKey::new([7; 32]);
            let sealer = Sealer { key: &key, environment: "production", mask: &[] };
            let (base, head) = (named(base), named(head));
            let sides = Diff { base: borrowed(&base), head: borrowed(&head) };
            let Diff { base, head } = parse_sides(&sides, None, &sealer, THREADS);
            effect::compare(&environment, &base.unwrap().objects, &head.unwrap().objects).len()
        }
        _ => {
            let read = |texts: &[String]| -> Vec<serde_json::Value> {
                texts.iter().flat_map(|text| serde_saphyr::from_multiple(text).unwrap()).collect()
            };
            let (base, head) = (read(&base), read(&head));
            assert_eq!((base.len(), head.len()), (FILES * IN_EACH, FILES * IN_EACH));
            FILES * IN_EACH / ONE_IN
        }
    };
    let took = began.elapsed();
    assert_eq!(found, FILES * IN_EACH / ONE_IN);
    println!("{} {}", took.as_nanos(), peak_memory("self").unwrap());
}

/// Texts with the files that they stand in.
fn named(texts: Vec<String>) -> Vec<(String, String)> {
    texts.into_iter().enumerate().map(|(number, text)| (format!("apps/{number:03}.yaml"), text)).collect()
}

fn borrowed(texts: &[(String, String)]) -> Vec<ManifestText<'_>> {
    texts.iter().map(|(file, text)| ManifestText { file: Some(file), text, sources: None }).collect()
}

pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

/// The program itself: how long it took, and its memory.
pub(crate) fn whole(folder: &Path) -> (Duration, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["review", "--base", "main", "--head", "head", "--format", "json", "--fail-on", "never"]);
    command.arg("--repo").arg(folder);
    watched(command)
}

/// A program that has to succeed: how long it took, and its memory.
pub(crate) fn watched(mut command: Command) -> (Duration, u64) {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut memory = 0;
    loop {
        memory = peak_memory(&child.id().to_string()).unwrap_or(0).max(memory);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return (began.elapsed(), memory);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
