//! Conditions on the files of a change.

use super::predicates::{they_hold, we_hold};
use super::*;

fn files(of: &[(&str, &str)]) -> Value {
    let file = |(path, status): &(&str, &str)| json!({ "path": path, "status": status });
    json!({ "files": of.iter().map(file).collect::<Vec<_>>() })
}

const NONE: &str = "files = []";

#[test]
fn p18_changed_files_ask_for_one() {
    they_hold(&[
        ("changed_files: {paths: ['^src/']}", json!({}), "approved"),
        ("changed_files: {paths: ['^src/'], ignore: ['go$']}", json!({}), "skipped"),
        ("changed_files: {}", json!({}), "skipped"),
        ("changed_files: {paths: ['.*']}", files(&[]), "skipped"),
        ("changed_files: {paths: ['.*']}", json!({ "failed": { "files": "no" } }), "error"),
    ]);
    let src = "files = [{ path = 'src/a.go' }]";
    we_hold(&[
        ("changed_files.paths = \"src/**\"", src, "met"),
        ("changed_files = { paths = \"src/**\", ignore = \"**/*.go\" }", src, "skipped"),
        ("changed_files.matches = \"^src/\"", src, "met"),
        ("changed_files = { matches = \"^src/\", ignore_matches = \"go$\" }", src, "skipped"),
        ("changed_files.paths = \"src/**\"", "files = 'unknown'", "unknown"),
    ]);
    we_refuse(&rule("when = { changed_files = { ignore = \"a\" } }\nrequire = { count = 1 }"), "name files");
}

#[test]
fn p19_no_changed_files_are_the_opposite() {
    they_hold(&[
        ("no_changed_files: {paths: ['^src/']}", json!({}), "skipped"),
        ("no_changed_files: {paths: ['^src/'], ignore: ['go$']}", json!({}), "approved"),
        ("no_changed_files: {paths: ['.*']}", files(&[]), "approved"),
    ]);
    we_hold(&[
        ("no_changed_files.paths = \"src/**\"", "files = [{ path = 'src/a.go' }]", "skipped"),
        (
            "no_changed_files = { paths = \"src/**\", ignore = \"**/*.go\" }",
            "files = [{ path = 'src/a.go' }]",
            "met",
        ),
        ("no_changed_files.paths = \"src/**\"", NONE, "met"),
        ("no_changed_files.paths = \"src/**\"", "files = 'unknown'", "unknown"),
    ]);
}

#[test]
fn p20_only_changed_files_need_some() {
    they_hold(&[
        ("only_changed_files: {paths: ['^src/']}", json!({}), "approved"),
        (
            "only_changed_files: {paths: ['^src/']}",
            files(&[("src/a", "added"), ("b", "modified")]),
            "skipped",
        ),
        ("only_changed_files: {paths: ['.*']}", files(&[]), "skipped"),
    ]);
    let only = "when = { only_changed_files.paths = \"src/**\" }\nrequire = { count = 1 }";
    our_rule(only, "approvals = ['bo'], files = [{ path = 'src/a' }]", "met");
    our_rule(only, "approvals = ['bo'], files = [{ path = 'src/a' }, { path = 'b' }]", "skipped");
    our_rule(only, "approvals = ['bo'], files = []", "skipped");
    they_refuse(&super::only("if: {only_changed_files: {ignore: [a]}}"), "unknown key `ignore`");
    we_refuse(
        &rule("when = { only_changed_files = { paths = \"a\", ignore = \"b\" } }\nrequire = { count = 1 }"),
        "unknown key `ignore`",
    );
}

/// Files come from git here: all of them, however many, and a rename is a removal and an addition.
#[test]
fn p21_a_file_that_moves_goes_and_comes() {
    let moved = files(&[("old", "deleted"), ("new", "added")]);
    they_hold(&[
        ("file_deleted: {paths: ['^old$']}", moved.clone(), "approved"),
        ("file_added: {paths: ['^new$']}", moved.clone(), "approved"),
        ("changed_files: {paths: ['^old$']}", moved, "approved"),
        ("file_added: {paths: ['a']}", json!({}), "skipped"),
    ]);
    let moved = "files = [{ path = 'old', operation = 'remove' }, { path = 'new', operation = 'add' }]";
    we_hold(&[
        ("file_deleted.paths = \"old\"", moved, "met"),
        ("file_added.paths = \"new\"", moved, "met"),
        ("file_deleted.paths = \"new\"", moved, "skipped"),
        ("file_not_added.paths = \"new\"", moved, "skipped"),
        ("changed_files_count = \"= 3\"", moved, "met"),
    ]);
    let many: Vec<String> = (0..3_100).map(|number| format!("'f{number}'")).collect();
    let given = format!("approvals = ['bo'], paths = [{}]", many.join(", "));
    our_rule("when = { changed_files_count = \"> 3000\" }\nrequire = { count = 1 }", &given, "met");
}

#[test]
fn p27_one_comparison_of_lines_is_enough() {
    they_hold(&[
        ("modified_lines: {additions: '> 4', deletions: '> 9'}", json!({}), "approved"),
        ("modified_lines: {additions: '>4'}", json!({}), "approved"),
        ("modified_lines: {total: '= 8'}", json!({}), "approved"),
        ("modified_lines: {total: '< 8'}", json!({}), "skipped"),
        ("modified_lines: {}", json!({}), "skipped"),
    ]);
    for wrong in ["'~10'", "'< 10ab'"] {
        they_refuse(&super::only(&format!("if: {{modified_lines: {{additions: {wrong}}}}}")), "comparison");
    }
    let lines = "files = [{ path = 'src/a.go', added = 5, removed = 3 }, { path = 'x', added = 0 }]";
    we_hold(&[
        ("modified_lines = { additions = \"> 4\", deletions = \"> 9\" }", lines, "met"),
        ("modified_lines = { total = \"= 8\" }", lines, "met"),
        ("modified_lines = { total = \"< 8\" }", lines, "skipped"),
        ("modified_lines = { total = \"> 5\", ignore = \"**/*.go\" }", lines, "skipped"),
        // Nobody counted the lines of one of them.
        ("modified_lines = { total = \"< 8\" }", "files = [{ path = 'x' }]", "unknown"),
        (
            "modified_lines = { total = \"> 3\" }",
            "files = [{ path = 'x' }, { path = 'y', added = 4 }]",
            "met",
        ),
    ]);
    for wrong in ["~10", "< 10ab"] {
        we_refuse(
            &rule(&format!(
                "when = {{ modified_lines = {{ total = \"{wrong}\" }} }}\nrequire = {{ count = 1 }}"
            )),
            "not a comparison",
        );
    }
    we_refuse(&rule("when = { modified_lines = {} }\nrequire = { count = 1 }"), "is empty");
}
