//! What may not stand in a text: hooks for tests in the product, work that is not done, paths of somebody's machine,
//! scripts that go on after a failure.

use super::files::numbered;
use super::{File, check, holds};

fn test_hooks(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && file.within("src")) {
        let lines: Vec<(usize, &str)> =
            numbered(&file.code).filter(|(_, line)| !line.trim().is_empty()).collect();
        for (index, (number, line)) in lines.iter().enumerate() {
            let attribute: String = line.chars().filter(|c| !c.is_whitespace()).collect();
            if !mentions_test(&attribute) {
                continue;
            }
            let mut after = lines.iter().skip(index + 1).map(|(_, line)| line.trim());
            let next = after.find(|line| !line.starts_with("#["));
            if attribute != "#[cfg(test)]"
                || !next.is_some_and(|line| ["mod tests;", "mod tests {"].contains(&line))
            {
                wrong.push(format!(
                    "{}: `cfg(test)` only on `mod tests`: what tests need comes in through a port or an argument",
                    file.at(*number)
                ));
            }
        }
    }
    wrong
}

/// Whether a line without spaces asks if this is a test build.
fn mentions_test(line: &str) -> bool {
    line.split("cfg").skip(1).any(|rest| {
        let asked = rest.split(']').next().unwrap_or(rest);
        asked.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "test")
    })
}

fn unfinished(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        for (number, line) in numbered(&file.code) {
            for (mark, instead) in [
                ("todo!", "write it, or leave it out and say so in README.md"),
                ("unimplemented!", "write it, or leave it out and say so in README.md"),
                ("#[ignore", "assert what it does today, and say why that is wrong"),
            ] {
                if line.contains(mark) {
                    wrong.push(format!("{}: `{mark}`: {instead}", file.at(number)));
                }
            }
        }
    }
    wrong
}

const STRICT: &str = "set -euo pipefail";

fn shell_scripts(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.within("tests")) {
        let first = file.text.lines().next().unwrap_or_default();
        let shell = first.starts_with("#!") && first.ends_with("sh");
        if !shell && !file.path.ends_with(".sh") {
            continue;
        }
        let command =
            numbered(&file.text).find(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        if command.is_none_or(|(_, line)| line.trim() != STRICT) {
            let line = command.map_or(1, |(number, _)| number);
            wrong.push(format!(
                "{}: begin with `{STRICT}`: a step that fails must stop the script",
                file.at(line)
            ));
        }
    }
    wrong
}

/// Folders that exist on one machine and not on the next. Put together here, so that this file is clean itself.
const MACHINE: [&str; 2] = [concat!("/", "work/"), concat!("/", "root/")];

fn machine_paths(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        for (number, line) in numbered(&file.text) {
            for folder in MACHINE.iter().filter(|folder| begins_a_path(line, folder)) {
                wrong.push(format!(
                    "{}: `{folder}` is a path of one machine: make it relative",
                    file.at(number)
                ));
            }
        }
    }
    wrong
}

/// Whether this folder stands where a path begins, and not in the middle of a longer one or of a URL.
fn begins_a_path(line: &str, folder: &str) -> bool {
    let middle = |c: char| c.is_alphanumeric() || "._-~*})]".contains(c);
    line.match_indices(folder).any(|(at, _)| !line.get(..at).is_some_and(|before| before.ends_with(middle)))
}

#[test]
fn the_product_has_no_hooks_for_tests() {
    holds(test_hooks);
}

#[test]
fn a_hook_for_tests_is_found() {
    check(test_hooks, &[("src/a.rs", "#[cfg(test)]\nfn now() {}")], &["src/a.rs:1: `cfg(test)` only"]);
    check(test_hooks, &[("src/a.rs", "fn f() { if cfg!(test) {} }")], &["src/a.rs:1: `cfg(test)` only"]);
    check(test_hooks, &[("src/a.rs", "#[cfg(not( test ))]\nmod tests;")], &["src/a.rs:1: `cfg(test)` only"]);
    check(
        test_hooks,
        &[("src/a.rs", "#[cfg_attr(test, derive(Debug))]\nstruct A;")],
        &["src/a.rs:1: `cfg(test)` only"],
    );
    let fine =
        "#[cfg(target_os = \"linux\")]\nfn a() {}\n#[cfg(test)]\n#[allow(clippy::panic)]\nmod tests {\n}";
    check(test_hooks, &[("src/a.rs", fine), ("tests/it/b.rs", "#[cfg(test)]\nfn f() {}")], &[]);
}

#[test]
fn nothing_is_left_unfinished() {
    holds(unfinished);
}

#[test]
fn unfinished_work_is_found() {
    check(unfinished, &[("src/a.rs", "fn f() {\n    todo!()\n}")], &["src/a.rs:2: `todo!`"]);
    check(unfinished, &[("src/a.rs", "fn f() { unimplemented!(\"x\") }")], &["src/a.rs:1: `unimplemented!`"]);
    check(
        unfinished,
        &[("tests/it/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}")],
        &["tests/it/a.rs:2: `#[ignore`"],
    );
    check(unfinished, &[("src/a.rs", "// todo!()\nlet a = \"todo!\";")], &[]);
}

#[test]
fn scripts_stop_at_the_first_failure() {
    holds(shell_scripts);
}

#[test]
fn a_lenient_script_is_found() {
    check(
        shell_scripts,
        &[("tests/a", "#!/usr/bin/env bash\n# Says hello.\n\necho hello\n")],
        &["tests/a:4: begin with"],
    );
    check(shell_scripts, &[("tests/a.sh", "set -eu\n")], &["tests/a.sh:1: begin with"]);
    check(shell_scripts, &[("tests/a", "#!/bin/sh\n")], &["tests/a:1: begin with"]);
    let strict = format!("#!/usr/bin/env bash\n# Says hello.\n{STRICT}\n");
    check(
        shell_scripts,
        &[("tests/a", &strict), ("tests/b.go", "package main"), ("deploy/c", "#!/bin/sh\n")],
        &[],
    );
}

#[test]
fn no_text_knows_the_machine_it_was_written_on() {
    holds(machine_paths);
}

#[test]
fn a_path_of_one_machine_is_found() {
    for folder in MACHINE {
        let texts = [format!("see {folder}notes"), format!("{folder}x"), format!("a = \"{folder}x\"")];
        for text in texts {
            check(machine_paths, &[("README.md", &text)], &[&format!("README.md:1: `{folder}`")]);
        }
        let fine = format!("$PWD{folder}x https://git.example.org{folder}x {{dir}}{folder}x");
        check(machine_paths, &[("README.md", &fine)], &[]);
    }
}
