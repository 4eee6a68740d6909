//! Reading policies: both syntaxes, and in which words a mistake is told.

use std::num::NonZeroU32;
use std::sync::LazyLock;

use regex::Regex;
use regorus::{Engine, PolicyLengthConfig};

use super::accounting::as_written;
use super::patience;
use super::rewriting;
use super::scanning;

/// The longest line of a policy.
const LONGEST_LINE: NonZeroU32 = NonZeroU32::MIN.saturating_add(9_999);

/// An engine that reads policies.
pub(super) fn engine() -> Engine {
    let mut engine = Engine::new();
    let longer = PolicyLengthConfig { max_col: LONGEST_LINE, ..PolicyLengthConfig::default() };
    engine.set_policy_length_config(longer);
    engine
}

/// Adds a file in whichever of the two syntaxes it is written. The answer is its package, like `data.main`.
///
/// # Errors
///
/// The place in it and what is wrong there.
pub(in crate::policy) fn add(engine: &mut Engine, path: &str, text: &str) -> Result<String, String> {
    scanning::check(path, text)?;
    let newer = match add_unsaid(engine, path, text, false) {
        Ok(package) => return Ok(package),
        Err(error) => error,
    };
    // What has `if` is not meant in the older syntax, unless it says so; the engine would tell standard error at length.
    let has_if =
        IF.as_ref().is_some_and(|pattern| pattern.is_match(text)) && !text.contains("future.keywords");
    if has_if && !newer.contains("keyword is required") {
        return Err(words(&newer));
    }
    add_unsaid(engine, path, text, true).map_err(|older| {
        // A file that keeps to the older syntax further down than to the newer one is meant in it.
        let place = |words: &str| placed(words).map(|(line, column, _)| (line, column));
        if place(&older) > place(&newer) { words(&older) } else { words(&newer) }
    })
}

/// The same in one of the syntaxes.
///
/// # Errors
///
/// The place in it and what is wrong there.
pub(in crate::policy) fn add_in(
    engine: &mut Engine,
    path: &str,
    text: &str,
    older: bool,
) -> Result<String, String> {
    scanning::check(path, text)?;
    add_unsaid(engine, path, text, older).map_err(|error| words(&error))
}

/// What is wrong is told as the engine tells it.
fn add_unsaid(engine: &mut Engine, path: &str, text: &str, older: bool) -> Result<String, String> {
    let text = rewriting::rewritten(path, text, older)?;
    engine.set_rego_v0(older);
    engine.add_policy(path.to_owned(), text).map_err(|error| error.to_string())
}

static IF: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?m)^[^#\n]*\sif\s").ok());

/// How the engine tells of a mistake in a policy: the place, the line itself, an arrow, and what it says.
static TOLD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?s)--> (?P<path>[^\n]*):(?P<line>\d+):(?P<column>\d+)\s*\n[ ]*\|\n\d+\s*\| (?P<text>[^\n]*)\n\s*\|[ ]*\^\s*\n(?:error|warning): (?P<what>.*)").ok()
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
    // By how much it ran out of time is never the same again.
    if patience::is_over(&text) {
        return patience::RAN_OUT.to_owned();
    }
    let found = TOLD.as_ref().and_then(|told| told.captures(&text));
    let Some(found) = found else { return on_one_line(&text) };
    let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
    let column = part("column").parse().map_or(0, |column| as_written(part("text"), column));
    format!("{}:{}:{column}: {}", part("path"), part("line"), on_one_line(part("what")))
}

/// Without line breaks, and without the values that the engine likes to quote. What it points at beside, with an arrow and
/// the line, is told by its place alone.
fn on_one_line(text: &str) -> String {
    let (said, beside) = match text.split_once("-->") {
        Some((said, beside)) if !said.trim().is_empty() => (said, beside.split_whitespace().next()),
        // There is nothing but what it points at: what is wrong stands below.
        Some((_, pointed)) => {
            let place = pointed.split_whitespace().next();
            (pointed.split_once("error: ").map_or("", |(_, said)| said), place)
        }
        None => (text, None),
    };
    let lines: Vec<&str> =
        said.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "|").collect();
    let said = lines.join(" ");
    let quoted = [". Got `", " (path [", "multiple outputs", "Caused by", "Error parsing", "-->"];
    let end = quoted.iter().filter_map(|mark| said.find(mark)).min().unwrap_or(said.len());
    let kept = said.get(..end).unwrap_or_default().trim().trim_start_matches("error: ");
    let kept = if kept.is_empty() { "its value cannot be used here" } else { kept };
    match beside {
        Some(place) => format!("{} ({place})", kept.trim_end_matches('.')),
        None => kept.to_owned(),
    }
}
