//! Who imports whom.

use super::{File, Rule, check, holds};

/// Each room and what it may import: a whole room, or one item of it. `core` and `sim` are packages of their own.
/// A path inside the own room is always fine.
const ROOMS: [(&str, &[&str]); 19] = [
    ("core", &[]),
    ("sim", &[]),
    ("ports", &["core"]),
    ("process", &[]),
    ("settings", &["core", "ports"]),
    ("telemetry", &["settings"]),
    ("forge", &["core", "ports", "settings::write_private"]),
    ("source", &["core", "ports", "settings::write_private", "process"]),
    ("render", &["core", "ports", "settings::write_private", "process"]),
    ("plan_file", &["core", "ports", "settings::write_private"]),
    ("cluster", &["core", "ports", "settings::write_private", "process"]),
    ("store", &["core", "ports", "settings::write_private"]),
    ("audit", &["core", "ports", "settings::write_private"]),
    ("engine", &["core", "ports", "audit::sign_commit"]),
    ("server", &["core", "ports", "engine", "settings", "telemetry"]),
    ("worker", &["core", "ports", "engine", "settings", "telemetry"]),
    ("cli", CLI),
    ("wire", WIRE),
    ("main", &["cli"]),
];

/// The bench: no adapter; of `audit` what verifies, not what signs.
const CLI: &[&str] = &[
    "core",
    "sim",
    "ports",
    "engine",
    "server",
    "worker",
    "settings",
    "telemetry",
    "audit::Verifier",
    "audit::VerifyError",
    "audit::CommitFinding",
    "audit::Standing",
    "audit::allowed_signer",
];

/// `src/cli/wire.rs`, which `main` calls: the one place that builds adapters.
const WIRE: &[&str] = &[
    "core",
    "ports",
    "settings",
    "telemetry",
    "engine",
    "server",
    "worker",
    "cli",
    "forge",
    "source",
    "render",
    "plan_file",
    "cluster",
    "store",
    "audit",
    "process",
];

/// The room of a file: the first folder or module below `src`.
fn room(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("src/")?;
    if rest == "cli/wire.rs" || rest.starts_with("cli/wire/") {
        return Some("wire");
    }
    let first = rest.split('/').next().unwrap_or(rest);
    Some(first.strip_suffix(".rs").unwrap_or(first))
}

fn directions(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && file.path != "src/lib.rs") {
        let Some(room) = room(&file.path) else { continue };
        let Some((_, may)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!(
                "{}: `{room}` is no room: give it a line in ROOMS of tests/it/tidy/imports.rs and in the table of src/lib.rs",
                file.at(1)
            ));
            continue;
        };
        for Import { line, path } in imports(&file.code, depth(&file.path)) {
            let Some(to) = target(room, &path) else { continue };
            let first = to.first().map_or("", String::as_str);
            let item = to.get(..2).map(|two| two.join("::")).unwrap_or_default();
            let own = first == room || (room == "wire" && first == "cli");
            if !own && !may.contains(&first) && !may.contains(&item.as_str()) {
                let allowed = if may.is_empty() { "nothing of ours".to_owned() } else { may.join(", ") };
                wrong.push(format!(
                    "{}: `{room}` imports `{}`, but may import {allowed}: ask for a port, or move the code",
                    file.at(line),
                    to.join("::")
                ));
            }
        }
    }
    wrong
}

/// How many modules down from the root of its package a file is.
fn depth(path: &str) -> usize {
    let inner = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    inner.trim_end_matches("/mod").split('/').count()
}

/// Where a path leads, as room and item; `None` where it stays inside a package of its own or leaves the house.
fn target(room: &str, path: &[String]) -> Option<Vec<String>> {
    let (start, rest) = path.split_first()?;
    match start.as_str() {
        "countersign_core" => Some(std::iter::once("core".to_owned()).chain(rest.iter().cloned()).collect()),
        "countersign_sim" => Some(std::iter::once("sim".to_owned()).chain(rest.iter().cloned()).collect()),
        // In these packages `crate` is the package itself; in all others, and in `main`, it is the house.
        "crate" if room == "core" || room == "sim" => None,
        "crate" | "countersign" => Some(rest.to_vec()),
        _ => None,
    }
}

struct Import {
    line: usize,
    path: Vec<String>,
}

/// Every path that begins with one of our packages, in `use` and elsewhere, groups taken apart. `super` is followed
/// where it reaches the root of the package.
fn imports(code: &str, depth: usize) -> Vec<Import> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
        let word = word(rest);
        if word.is_empty() {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        }
        let before = code.get(..at).unwrap_or_default();
        let begins = !before.trim_end().ends_with("::");
        let (mut start, mut after) = (word.to_owned(), rest.get(word.len()..).unwrap_or_default());
        at += word.len();
        if word == "super" && begins {
            let mut supers = 1;
            while let Some(next) = step(after).filter(|next| self::word(next) == "super") {
                supers += 1;
                after = next.get(5..).unwrap_or_default();
            }
            let tests = usize::from(before.contains("mod tests {"));
            if supers == depth + tests {
                start = "crate".to_owned();
            }
        }
        let ours = ["crate", "countersign", "countersign_core", "countersign_sim"].contains(&start.as_str());
        let Some(next) = step(after).filter(|_| begins && ours) else { continue };
        let line = before.matches('\n').count() + 1;
        let paths = tree(next).0.into_iter().map(|mut path| {
            path.insert(0, start.clone());
            Import { line, path }
        });
        found.extend(paths);
    }
    found
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// What follows `::`, if that comes next.
fn step(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix("::").map(str::trim_start)
}

/// The paths of a `use` tree, and the text after it.
fn tree(text: &str) -> (Vec<Vec<String>>, &str) {
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut all = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            if rest.is_empty() || rest.starts_with('}') {
                return (all, rest.get(1..).unwrap_or_default());
            }
            let (paths, after) = tree(rest);
            all.extend(paths);
            // Over `as name`, to the next of the group.
            rest = after.find([',', '}']).and_then(|at| after.get(at..)).unwrap_or_default();
        }
    }
    let name = if text.starts_with('*') { "*" } else { word(text) };
    let after = text.get(name.len()..).unwrap_or_default();
    let deeper = step(after).filter(|next| next.starts_with(['{', '*']) || !word(next).is_empty());
    let Some(next) = deeper.filter(|_| !name.is_empty()) else { return (vec![vec![name.to_owned()]], after) };
    let (mut paths, after) = tree(next);
    paths.iter_mut().for_each(|path| path.insert(0, name.to_owned()));
    (paths, after)
}

#[test]
fn rooms_import_only_in_the_directions_of_the_house() {
    holds(directions);
}

#[test]
fn an_import_against_the_direction_is_found() {
    let rule: Rule = directions;
    check(
        rule,
        &[("src/ports/a.rs", "use countersign_core::x;\nuse crate::engine::Engine;")],
        &["src/ports/a.rs:2: `ports` imports `engine::Engine`, but may import core:"],
    );
    check(
        rule,
        &[("src/forge/gitea/a.rs", "fn f() { crate::source::x() }")],
        &["src/forge/gitea/a.rs:1: `forge`"],
    );
    check(
        rule,
        &[("src/core/a.rs", "use crate::b; use countersign_sim::c;")],
        &["src/core/a.rs:1: `core` imports `sim::c`"],
    );
    check(
        rule,
        &[("src/sim/a.rs", "use countersign_core::c;")],
        &["src/sim/a.rs:1: `sim` imports `core::c`"],
    );
    check(
        rule,
        &[("src/main.rs", "countersign::engine::go()")],
        &["src/main.rs:1: `main` imports `engine::go`"],
    );
    check(rule, &[("src/attic/a.rs", "")], &["src/attic/a.rs:1: `attic` is no room"]);
}

#[test]
fn groups_globs_and_super_do_not_hide_an_import() {
    let rule: Rule = directions;
    let group = "use crate::{\n    ports::{Clock, Store as S},\n    audit::{SshSigner, sign_commit},\n};";
    check(rule, &[("src/engine/a.rs", group)], &["src/engine/a.rs:1: `engine` imports `audit::SshSigner`"]);
    check(rule, &[("src/engine/a.rs", "use crate::*;")], &["src/engine/a.rs:1: `engine` imports `*`"]);
    check(rule, &[("src/store/a.rs", "use super::super::cluster::x;")], &["src/store/a.rs:1: `store`"]);
    check(rule, &[("src/store/mod.rs", "use super::cluster::x;")], &["src/store/mod.rs:1: `store`"]);
    check(rule, &[("src/store/mod.rs", "mod tests {\n use super::cluster;\n}")], &[]);
}

#[test]
fn only_the_wiring_builds_adapters() {
    let rule: Rule = directions;
    check(rule, &[("src/cli/wire.rs", "use crate::{audit::SshSigner, store::Sqlite, cli::Options};")], &[]);
    check(
        rule,
        &[("src/cli/serve.rs", "use crate::audit::Verifier; use crate::store::Sqlite;")],
        &["src/cli/serve.rs:1: `cli` imports `store::Sqlite`"],
    );
    check(rule, &[("src/cli/audit.rs", "use crate::audit::SshSigner;")], &["src/cli/audit.rs:1: `cli`"]);
}

#[test]
fn comments_and_own_modules_are_no_imports() {
    let text = "//! [`crate::engine`]\nuse crate::forge::answer; // crate::store\nuse super::x; pub(in crate::forge) fn f() {}";
    check(directions, &[("src/forge/github/a.rs", text)], &[]);
}
