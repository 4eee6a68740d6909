//! What the documents show is what the program takes: the policy of README.md and the settings of deploy.

use std::path::Path;

use countersign::settings::Settings;
use countersign_core::config::{POLICY_PATH, parse, parse_floor};
use countersign_core::decide::rehearse;
use countersign_core::library::Library;
use countersign_core::snapshot::PolicyFile;

fn read(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The indented block of a document that holds this line, without its indentation.
fn block(document: &str, line: &str) -> String {
    let lines: Vec<&str> = document.lines().collect();
    let at = lines.iter().position(|found| found.trim() == line);
    let at = at.unwrap_or_else(|| panic!("no line `{line}`"));
    let indent = lines[at].len() - lines[at].trim_start().len();
    let inside = |found: &&&str| found.is_empty() || found.len() - found.trim_start().len() >= indent;
    let before = lines[..at].iter().rev().take_while(inside).count();
    let block = lines[at - before..].iter().take_while(inside);
    block.map(|found| format!("{}\n", found.get(indent..).unwrap_or_default())).collect()
}

/// The policy that README.md shows.
pub(crate) fn policy_of_the_readme() -> String {
    block(&read("README.md"), "version = 1")
}

#[test]
fn the_policy_in_the_readme_is_sound() {
    let policy = parse(&policy_of_the_readme(), POLICY_PATH);
    let policy = policy.unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(policy.warnings, []);
    assert_eq!((policy.environments.len(), policy.checks.len(), policy.rules.len()), (2, 6, 2));
}

#[test]
fn the_policy_in_the_readme_passes_its_own_case() {
    let text = policy_of_the_readme();
    let policy = parse(&text, POLICY_PATH).unwrap();
    let file = PolicyFile { blob: "a".repeat(40).parse().unwrap(), text };
    let outcomes = rehearse(&policy, &file, &Library::default());
    assert_eq!(outcomes.len(), 1);
    assert_eq!(outcomes[0].differs, [""; 0]);
}

#[test]
fn the_floor_in_the_readme_is_sound() {
    let floor = parse_floor(
        &block(
            &read("README.md"),
            "[commands]                               # the most that a repository may open; `commands = {}` is nothing",
        ),
        "floor.toml",
    );
    let floor = floor.unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!((floor.checks.len(), floor.rules.len(), floor.mask.len()), (1, 1, 1));
}

#[test]
fn the_settings_in_the_documents_are_sound() {
    let readme = block(&read("README.md"), "[server]");
    let manifest = block(&read("deploy/kubernetes/configmap.yaml"), "[server]");
    let example = read("deploy/countersign.example.toml");
    for (name, text, forges, clusters) in
        [("README.md", readme, 1, 0), ("configmap.yaml", manifest, 1, 1), ("example", example, 2, 1)]
    {
        let settings = Settings::parse(&text, name, []).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!((settings.forge.len(), settings.cluster.len()), (forges, clusters), "{name}");
    }
}
