//! An outcome that explains itself: a sentence, what it came to, and the sentences it rests on.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// What a sentence came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds, or is met.
    Yes,
    /// It does not hold, or is broken.
    No,
    /// It is not met yet; somebody can meet it.
    Waiting,
    /// It could not be told, so it counts as neither.
    Unknown,
    /// It decides nothing here.
    Aside,
}

impl Outcome {
    /// One character for a line of text.
    pub const fn sign(self) -> char {
        match self {
            Self::Yes => '✓',
            Self::No => '✗',
            Self::Waiting => '…',
            Self::Unknown => '?',
            Self::Aside => '·',
        }
    }
}

/// A sentence, what it came to and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Explanation {
    /// What it came to.
    pub outcome: Outcome,
    /// The sentence; names from the policy and the change stand in backticks.
    pub text: String,
    /// What it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Explanation>,
}

impl Explanation {
    /// A sentence that rests on nothing else.
    pub fn new(outcome: Outcome, text: impl Into<String>) -> Self {
        Self { outcome, text: text.into(), parts: Vec::new() }
    }

    /// With what it rests on.
    #[must_use]
    pub fn with(self, parts: impl IntoIterator<Item = Self>) -> Self {
        Self { parts: parts.into_iter().collect(), ..self }
    }

    /// As lines of text, each part below its whole; nothing in it reaches a terminal as a command.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, "", "");
        text
    }

    /// `first` stands before its own line, `rest` before those of its parts.
    fn write(&self, text: &mut String, first: &str, rest: &str) {
        let said = crate::report::terminal_safe(&self.text);
        let _ = writeln!(text, "{first}{} {said}", self.outcome.sign());
        let last = self.parts.len().saturating_sub(1);
        for (number, part) in self.parts.iter().enumerate() {
            let (branch, below) = if number == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            part.write(text, &format!("{rest}{branch}"), &format!("{rest}{below}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_below_their_whole() {
        let leaf = |text: &str| Explanation::new(Outcome::Yes, text);
        let whole = Explanation::new(Outcome::No, "whole").with([
            leaf("one").with([leaf("in one")]),
            leaf("two").with([leaf("in two"), leaf("\u{1b}[31mred")]),
        ]);
        insta::assert_snapshot!(whole.to_text(), @"
        ✗ whole
        ├─ ✓ one
        │  └─ ✓ in one
        └─ ✓ two
           ├─ ✓ in two
           └─ ✓ ‹U+001B›[31mred
        ");
    }
}
