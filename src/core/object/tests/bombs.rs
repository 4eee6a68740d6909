//! Texts that are made to cost: each is refused, or read, without much of either time or memory.

use std::fmt::Write as _;

use super::{read, refused};

const HEAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

#[track_caller]
fn check(text: &str, want: &str) {
    assert_eq!(refused(text).message, want);
}

#[test]
fn a_billion_laughs() {
    let mut text = format!("{HEAD}a0: &a0 [lol]\n");
    for level in 1..12 {
        let _ = writeln!(text, "a{level}: &a{level} [{}]", vec![format!("*a{}", level - 1); 10].join(", "));
    }
    check(&text, "too large, aliases expanded: split it");
}

#[test]
fn one_long_text_by_many_aliases() {
    let mut text = format!("{HEAD}long: &x {}\nall:\n", "x".repeat(100_000));
    text.push_str(&"- *x\n".repeat(20_000));
    check(&text, "values, aliases expanded, are longer than 128 MiB");
}

#[test]
fn twenty_thousand_aliases_of_a_word_are_no_bomb() {
    let mut text = format!("{HEAD}word: &x hello\nall:\n");
    text.push_str(&"- *x\n".repeat(20_000));
    assert_eq!(read(&text)[0].body.value()["all"].as_array().unwrap().len(), 20_000);
}

#[test]
fn an_alias_inside_itself() {
    check(&format!("{HEAD}a: &a [*a]\n"), "an alias that contains itself");
}

#[test]
fn deep_nesting() {
    let deep = |depth: usize| format!("{HEAD}a: {}{}\n", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(read(&deep(90)).len(), 1);
    check(&deep(150), "nested deeper than 100 levels");
    assert!(refused(&deep(100_000)).line.is_some());
    refused(&format!("{HEAD}a:\n {}\n", "- ".repeat(200_000)));
    refused(&"{a: ".repeat(200_000));
    for depth in [100, 126, 150] {
        let json = format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        check(&json, "nested deeper than 100 levels");
    }
}

#[test]
fn too_many_documents() {
    check(&format!("---\n{HEAD}").repeat(20_001), "more documents than 20,000 in one text");
}

#[test]
fn ten_megabytes_are_read() {
    let mut text = format!("{HEAD}data:\n");
    while text.len() < 10 << 20 {
        let _ = writeln!(text, "  key-{}: {}", text.len(), "text ".repeat(200));
    }
    assert!(read(&text)[0].body.value()["data"].as_object().unwrap().len() > 9_000);
}

#[test]
fn more_than_the_limit_is_refused_unread() {
    check(&" ".repeat((64 << 20) + 1), "the text is longer than 64 MiB");
}

#[test]
fn many_nulls_under_one_mapping_are_read_in_time() {
    let mut text = format!("{HEAD}data:\n");
    for index in 0..40_000 {
        let _ = writeln!(text, "  k{index}:");
    }
    assert_eq!(read(&text)[0].body.value()["data"], serde_json::json!({}));
}
