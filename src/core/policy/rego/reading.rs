//! Reading policies: both syntaxes, and in which words a mistake is told.

use std::sync::LazyLock;

use regex::Regex;
use regorus::Engine;

/// Adds a file in whichever of the two syntaxes it is written. The answer is its package, like `data.main`.
///
/// # Errors
///
/// The place in it and what is wrong there.
pub(super) fn add(engine: &mut Engine, path: &str, text: &str) -> Result<String, String> {
    engine.set_rego_v0(false);
    let newer = match engine.add_policy(path.to_owned(), text.to_owned()) {
        Ok(package) => return Ok(package),
        Err(error) => error,
    };
    engine.set_rego_v0(true);
    engine.add_policy(path.to_owned(), text.to_owned()).map_err(|older| {
        // A file that keeps to the older syntax further down than to the newer one is meant in it.
        let place = |words: &str| placed(words).map(|(line, column, _)| (line, column));
        let (newer, older) = (newer.to_string(), older.to_string());
        if place(&older) > place(&newer) { words(&older) } else { words(&newer) }
    })
}

/// How the engine tells of a mistake in a policy: the place, the line itself, an arrow, and what it says.
static TOLD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?s)--> (?P<path>[^\n]*):(?P<line>\d+):(?P<column>\d+)\s*\n.*?\n\s*\|[ ]*\^\s*\n(?:error|warning): (?P<what>.*)").ok()
});

fn placed(words: &str) -> Option<(u32, u32, String)> {
    let found = TOLD.as_ref()?.captures(words)?;
    let number = |name: &str| found.name(name)?.as_str().parse::<u32>().ok();
    Some((number("line")?, number("column")?, found.name("what")?.as_str().to_owned()))
}

/// The engine's words, on one line: `policies/main.rego:3:8: what is wrong`. They quote neither the policy at length nor
/// the input.
pub(in crate::policy) fn words(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let found = TOLD.as_ref().and_then(|told| told.captures(&text));
    let Some(found) = found else { return on_one_line(&text) };
    let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
    format!("{}:{}:{}: {}", part("path"), part("line"), part("column"), on_one_line(part("what")))
}

/// Without line breaks, and without the values that the engine likes to quote.
fn on_one_line(text: &str) -> String {
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "|").collect();
    let text = lines.join(" ");
    let quoted = [". Got `", " (path [", "multiple outputs", "Caused by", "Error parsing"];
    let end = quoted.iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    let kept = text.get(..end).unwrap_or_default().trim().trim_start_matches("error: ");
    if kept.is_empty() { "its value cannot be used here".to_owned() } else { kept.to_owned() }
}
