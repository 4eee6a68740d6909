//! Files: how long, how named, how opened, where they stand, and that none was forgotten.

use super::{File, check, git, holds};

/// Lines of code that a reader can hold.
const LONGEST: usize = 400;
const LONGEST_MAIN: usize = 40;

fn sources(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.is_rust() && (file.within("src") || file.within("tests")))
}

fn lengths(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in sources(files) {
        let lines = file.code.lines().filter(|line| !line.trim().is_empty()).count();
        if lines > LONGEST {
            wrong.push(format!(
                "{}: {lines} lines of code, at most {LONGEST}: move one concern, or the tests, to a file of its own",
                file.at(1)
            ));
        }
        let all = file.text.lines().count();
        if file.path == "src/main.rs" && all > LONGEST_MAIN {
            wrong.push(format!(
                "{}: {all} lines, at most {LONGEST_MAIN}: `main` only calls `cli`",
                file.at(1)
            ));
        }
    }
    wrong
}

/// Names that say nothing about what is inside, so that everything ends up there.
const BANNED: [&str; 8] = ["util", "utils", "helper", "helpers", "common", "commons", "manager", "managers"];

fn names(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        let parts = file.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        for part in parts.filter(|part| BANNED.contains(part)) {
            wrong.push(format!("{}: `{part}` says nothing: name it after what it does", file.at(1)));
        }
        for (number, line) in numbered(&file.code) {
            let Some(name) = module(line).filter(|name| BANNED.contains(name)) else { continue };
            wrong.push(format!(
                "{}: module `{name}` says nothing: name it after what it does",
                file.at(number)
            ));
        }
    }
    wrong
}

/// The name of the module that a line declares or opens.
fn module(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub") || *word == "in");
    let name = if words.next() == Some("mod") { words.next()? } else { return None };
    Some(name.trim_end_matches([';', '{']))
}

/// Sibling `tests.rs` files are the second half of the module that declares them.
fn openings(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in sources(files).filter(|file| !file.path.ends_with("/tests.rs")) {
        let first = file.text.lines().next().unwrap_or_default();
        let said = first.strip_prefix("//!").map_or(0, |said| said.trim().len());
        if said < "Time.".len() {
            wrong.push(format!("{}: open it with `//!`: what it is for, and what it never does", file.at(1)));
        }
    }
    wrong
}

/// Roots of the packages and of the test binary: nobody declares these.
const ROOTS: [&str; 6] = [
    "src/main.rs",
    "src/lib.rs",
    "src/core/lib.rs",
    "src/sim/lib.rs",
    "src/sim/tests/sim/main.rs",
    "tests/it/main.rs",
];

fn forgotten(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    let modules =
        files.iter().filter(|file| file.is_rust() && (file.within("src") || file.within("tests/it")));
    for file in modules.filter(|file| !ROOTS.contains(&file.path.as_str())) {
        let (name, parents) = parents(&file.path);
        let parent = files.iter().find(|file| parents.contains(&file.path));
        let declared =
            parent.is_some_and(|parent| parent.code.lines().any(|line| module(line) == Some(name.as_str())));
        if !declared {
            let where_to = parent.map_or_else(|| parents.join(" or "), |parent| parent.path.clone());
            wrong.push(format!("{}: never compiled: add `mod {name};` to {where_to}", file.at(1)));
        }
    }
    wrong
}

/// The module that a file is, and the files that could declare it.
fn parents(path: &str) -> (String, Vec<String>) {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let inside = ["mod.rs", "lib.rs", "main.rs"].map(|file| format!("{folder}/{file}"));
    (name.to_owned(), inside.into_iter().chain([format!("{folder}.rs")]).collect())
}

const TOP: [&str; 8] =
    ["Cargo.toml", "Cargo.lock", "src", "policies", "deploy", "tests", "README.md", "LICENSE"];

fn top_level(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        let first = file.path.split('/').next().unwrap_or_default();
        if !first.starts_with('.') && !TOP.contains(&first) {
            wrong.push(format!(
                "{}: `{first}` does not belong at the top level: only {}",
                file.at(1),
                TOP.join(" ")
            ));
        }
    }
    wrong
}

/// Lines with their numbers, from 1.
pub(super) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    holds(lengths);
}

#[test]
fn a_long_file_is_found() {
    let long =
        "//! Long.\n\n// a comment\n/* and\n another */\n".to_owned() + &"let a = 1;\n".repeat(LONGEST + 1);
    check(lengths, &[("src/a.rs", &long)], &["src/a.rs:1: 401 lines of code"]);
    let comments = "//! Long.\n".repeat(LONGEST + 1);
    check(lengths, &[("src/a.rs", &comments)], &[]);
    check(lengths, &[("src/main.rs", &comments)], &["src/main.rs:1: 401 lines, at most 40"]);
    let literal = format!("const A: &str = \"{}\";\n", "\nline".repeat(LONGEST + 1));
    check(lengths, &[("tests/it/a.rs", &literal)], &["tests/it/a.rs:1: 402 lines of code"]);
}

#[test]
fn nothing_has_a_name_that_says_nothing() {
    holds(names);
}

#[test]
fn a_name_that_says_nothing_is_found() {
    check(names, &[("src/engine/utils.rs", "")], &["src/engine/utils.rs:1: `utils`"]);
    check(names, &[("tests/common/data.json", "{}")], &["tests/common/data.json:1: `common`"]);
    check(names, &[("src/a.rs", "mod b;\npub(crate) mod helpers {\n}")], &["src/a.rs:2: module `helpers`"]);
    check(names, &[("src/a.rs", "// mod utils;\nmod commonmark;")], &[]);
}

#[test]
fn every_module_says_what_it_is_for() {
    holds(openings);
}

#[test]
fn a_module_that_says_nothing_is_found() {
    check(openings, &[("src/a.rs", "use b;")], &["src/a.rs:1: open it"]);
    check(openings, &[("tests/it/a.rs", "//! x\n")], &["tests/it/a.rs:1: open it"]);
    check(openings, &[("src/a.rs", "//! Words of the house.\n"), ("src/a/tests.rs", "use b;")], &[]);
}

#[test]
fn no_module_is_forgotten() {
    holds(forgotten);
}

#[test]
fn a_forgotten_module_is_found() {
    let main = ("tests/it/main.rs", "mod a;\n// mod b;");
    check(
        forgotten,
        &[main, ("tests/it/a.rs", ""), ("tests/it/b.rs", "")],
        &["tests/it/b.rs:1: never compiled: add `mod b;` to tests/it/main.rs"],
    );
    check(
        forgotten,
        &[main, ("tests/it/a.rs", "mod c;"), ("tests/it/a/c.rs", ""), ("tests/it/a/d.rs", "")],
        &["tests/it/a/d.rs:1: never compiled: add `mod d;` to tests/it/a.rs"],
    );
    let lib = ("src/core/lib.rs", "pub mod a;");
    check(
        forgotten,
        &[lib, ("src/core/a/mod.rs", "#[cfg(test)]\nmod tests;"), ("src/core/a/tests.rs", "")],
        &[],
    );
}

#[test]
fn the_top_level_holds_what_belongs_there() {
    let known = git(&["ls-files", "-z"]);
    let files: Vec<File> =
        known.split('\0').filter(|path| !path.is_empty()).map(|path| File::new(path, "")).collect();
    let wrong = top_level(&files);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_stray_file_at_the_top_level_is_found() {
    check(
        top_level,
        &[("NOTES.md", ""), ("scripts/a", ""), (".github/a", ""), ("src/a.rs", "")],
        &["NOTES.md:1: `NOTES.md` does not belong", "scripts/a:1: `scripts` does not belong"],
    );
}
