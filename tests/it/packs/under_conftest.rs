//! The cases of every shipped rule under conftest, so under OPA: it finds exactly what we find.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign_core::policy::packs;
use serde_json::Value;

use crate::parts;

/// The messages that a case expects.
fn expected(case: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(case.with_extension("expected")).unwrap_or_default();
    text.lines().map(|line| line.split_once(": ").unwrap().1.to_owned()).collect()
}

/// Cases of one object, with the file of their parameters.
fn cases(folder: &Path) -> BTreeMap<PathBuf, Option<PathBuf>> {
    let mut cases = BTreeMap::new();
    for kind in ["good", "bad"] {
        for entry in std::fs::read_dir(folder.join(kind)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.matches('.').count() == 1 && name.ends_with(".yaml") {
                let parameters = path.with_extension("parameters.yaml");
                cases.insert(path, Some(parameters).filter(|path| path.is_file()));
            }
        }
    }
    cases
}

fn found(conftest: &Path, rule: &str, case: &Path, parameters: Option<&Path>) -> BTreeSet<String> {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut command = Command::new(conftest);
    command.current_dir(&policies).args(["test", "--all-namespaces", "--no-fail", "--output", "json"]);
    command.args(["--policy", "lib", "--policy", rule, "--data", "data"]);
    let folder = tempfile::TempDir::new().unwrap();
    if let Some(parameters) = parameters {
        let text = std::fs::read_to_string(parameters).unwrap();
        let file = folder.path().join("parameters.yaml");
        std::fs::write(&file, format!("parameters: {{ {} }}\n", text.trim().replace('\n', ", "))).unwrap();
        command.arg("--data").arg(file);
    }
    let done = command.arg(case).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    let results: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{case:?}: {said}"));
    let lists =
        results.as_array().unwrap().iter().flat_map(|result| [&result["failures"], &result["warnings"]]);
    let messages = lists.filter_map(Value::as_array).flatten();
    messages.map(|message| message["msg"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn conftest_finds_the_same() {
    let Some(conftest) = parts::tools::conftest() else { return };
    let mut tried = 0;
    for rule in packs::rules().unwrap() {
        // Masks, and what a change does, are told by us alone.
        if rule.pack() == "secrets" || rule.pack() == "data-loss" {
            continue;
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies").join(rule.id);
        for (case, parameters) in cases(&folder) {
            let found = found(&conftest, rule.id, &case, parameters.as_deref());
            assert_eq!(found, expected(&case), "{}", case.display());
            tried += 1;
        }
    }
    assert!(tried > 200, "{tried}");
}
