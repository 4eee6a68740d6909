//! Expressions and globs, made up of what their languages have.

use std::path::Path;

use countersign_core::policybot::{Asks, Pattern, read};
use serde_json::{Value, json};

use super::ask::theirs;
use crate::rego::dice::Dice;

const EXPRESSION: [&str; 40] = [
    "a",
    "b",
    "/",
    ".",
    "^",
    "$",
    "*",
    "+",
    "?",
    "|",
    "(",
    ")",
    "(?:",
    "(?i)",
    "(?s:",
    "[a-c]",
    "[^/]",
    r"\d",
    r"\W",
    r"\s",
    r"\b",
    r"\B",
    r"\.",
    r"\/",
    r"\Qa.b\E",
    "{2}",
    "{1,}",
    "{,2}",
    "[[:upper:]]",
    r"[\d-]",
    "[]a]",
    r"\pL",
    r"\x41",
    r"\101",
    "é",
    "(?P<n>",
    "[a&&b]",
    "[[a]",
    r"\z",
    "-",
];
const GLOB: [&str; 18] = [
    "a", "b", "c", "/", "/", "*", "**", "?", "{a,b}", "{a/,}", "{b,*}", "[ab]", "[!a]", "[a-c]", r"\*", ".",
    "/**/", "**/",
];
const TEXTS: [&str; 20] = [
    "a", "b", "ab", "a/b", "aa", "a.b", "A", "AB", "é", "7", "a7", "a b", "a/b/c", "a/a/b", "b/c", "*",
    "a\nb", "abc", "c/a", "[",
];

/// The test fails where a pattern matches something else, or is read by one alone.
#[track_caller]
pub(super) fn agree(tool: &Path, seed: u64) {
    let mut dice = Dice(seed);
    let mut questions = Vec::new();
    for _ in 0..6_000 {
        let (key, pool): (_, &[&str]) =
            if dice.often(5) { ("expression", &EXPRESSION) } else { ("glob", &GLOB) };
        let pattern: String = (0..=dice.below(5)).map(|_| dice.pick(pool)).collect();
        questions.push(json!({ key: pattern, "texts": TEXTS }));
    }
    let (mut matched, mut refused, mut differences) = (0, 0, Vec::new());
    for (question, reply) in questions.iter().zip(theirs(tool, &questions)) {
        let ours = match question.get("glob") {
            Some(glob) => of_glob(glob),
            None => Pattern::expression(question["expression"].as_str().unwrap()).ok(),
        };
        let known = ours.is_none() && is_known(question);
        let ours = ours.map(|pattern| TEXTS.map(|text| pattern.matches(text)));
        let theirs =
            reply.get("matches").map(|matches| serde_json::from_value::<Vec<bool>>(matches.clone()).unwrap());
        matched += theirs.iter().flatten().filter(|matched| **matched).count();
        refused += usize::from(known && theirs.is_some());
        if !known && ours.map(|ours| ours.to_vec()) != theirs {
            let said = |list: &[bool]| {
                TEXTS.iter().zip(list).filter(|(_, hit)| **hit).map(|(text, _)| *text).collect::<Vec<_>>()
            };
            differences.push(format!(
                "{}: ours {:?}, theirs {:?} {reply}",
                question,
                ours.map(|ours| said(&ours)),
                theirs.map(|theirs| said(&theirs))
            ));
        }
    }
    assert!(differences.is_empty(), "{} differ\n{}", differences.len(), differences.join("\n"));
    assert!(matched > 5_000 && refused < questions.len() / 3, "{matched} {refused}");
}

/// Whether we may refuse it: an expression with a repetition after a flag. Of globs, those that doublestar takes for one
/// thing here and another there; the words for the others stand in the unit tests.
fn is_known(question: &Value) -> bool {
    let after_flag = |pattern: &str| {
        let mut flags = pattern.match_indices("(?i)");
        flags.any(|(at, flag)| pattern[at + flag.len()..].starts_with(['*', '+', '?', '{']))
    };
    question["expression"].as_str().is_none_or(after_flag)
}

/// A glob as a policy has it.
fn of_glob(glob: &Value) -> Option<Pattern> {
    let policy = json!({ "approval_rules": [{ "name": "r", "if": { "file_added": { "globs": [glob] } } }] });
    let policy = read(&policy.to_string(), "p").ok()?;
    let asks = &policy.rules[0].predicates[0].asks;
    let Asks::FileAdded(files) = asks else { panic!("{asks:?}") };
    files.paths.first().cloned()
}
