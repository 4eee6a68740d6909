//! Text of users in a commit message: one line that no forge, no pipeline and no reader of trailers acts on.

use std::sync::LazyLock;

use regex::Regex;

use crate::report::is_invisible;

/// What makes pipelines not run, or run.
static SWITCH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\[\s*(?:skip|no)[\s_-]*[a-z]+\s*\]|\[\s*[a-z]+[\s_-]*skip\s*\]|\*{2,}\s*no_ci\s*\*{2,}|/pipeline\s+\S+|\bskip-checks\s*:\s*true",
    )
});

/// What begins like a trailer: a key with a dash, or one of ours, the line that git itself writes, and the divider behind
/// which git looks for none.
static TRAILER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:(?:[a-z][a-z0-9]*(?:-[a-z0-9]+)+|environments|policy|checks|evidence|override)\s*:\s*|\(cherry picked from commit\s*|---(?:\s+|$))",
    )
});

/// What makes forges close an issue, in all its forms.
static CLOSING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)\b")
});

/// What such a word may point at.
static REFERENCE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[#!](\d)|\b([A-Za-z][A-Za-z0-9_]*)-(\d)|https?://()"));

/// Who would be told.
static MENTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"(^|[^A-Za-z0-9])@([A-Za-z0-9_-])"));

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants of this file, and every one is used in a test"
)]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// Folds user text to one harmless line of at most `limit` characters: no control or hidden characters, no
/// trailer-like start, nothing that switches pipelines, closes issues or mentions people. Words stay readable.
pub fn fold_user_text(text: &str, limit: usize) -> String {
    // Far more than is kept, so that what is taken out leaves no hole, and yet a bound on the work.
    let mut folded = squeezed(&text.chars().take(limit.saturating_add(1000)).collect::<String>());
    // What is taken out may join what stood around it: until nothing is left to take.
    loop {
        let next = squeezed(&defused(&folded));
        if next == folded {
            break;
        }
        folded = next;
    }
    let cut: String = folded.chars().take(limit).collect();
    cut.trim_end().to_owned()
}

/// One line, single spaces, nothing hidden.
fn squeezed(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !is_invisible(*c) || c.is_whitespace()).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn defused(text: &str) -> String {
    let text = SWITCH.replace_all(text, "");
    let text = TRAILER.replace(text.trim_start(), "");
    let text = MENTION.replace_all(&text, "$1$2");
    if CLOSING.is_match(&text) {
        REFERENCE.replace_all(&text, pointless).into_owned()
    } else {
        text.into_owned()
    }
}

/// A reference that no longer points: `#12` is `12`, `GH-7` is `GH 7`, an address loses its scheme.
fn pointless(found: &regex::Captures<'_>) -> String {
    match (found.get(1), found.get(2), found.get(3)) {
        (Some(digit), _, _) => format!(" {}", digit.as_str()),
        (None, Some(key), Some(digit)) => format!("{} {}", key.as_str(), digit.as_str()),
        (None, _, _) => String::new(),
    }
}
