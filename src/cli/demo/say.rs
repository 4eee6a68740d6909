//! What the demo prints: who does what, what the bot answers, in plain lines.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use countersign_core::report::terminal_safe;

const BOT: Style = AnsiColor::Cyan.on_default();
const HEADING: Style = Style::new().bold();

/// Prints the story to stdout; colour goes away where it is not wanted.
pub(super) struct Voice;

impl Voice {
    pub(super) fn new() -> Self {
        Self
    }

    /// One plain line.
    pub(super) fn line(&self, text: &str) {
        let mut out = anstream::stdout();
        // A reader that went away does not stop the story.
        let _unread = writeln!(out, "{text}");
    }

    /// A part of the story begins.
    pub(super) fn heading(&self, number: usize, text: &str) {
        self.line(&format!("\n{HEADING}{number}. {text}{HEADING:#}"));
    }

    /// Somebody does something.
    pub(super) fn does(&self, who: &str, what: &str) {
        self.line(&format!("   {who:<5} {}", terminal_safe(what)));
    }

    /// What the bot shows or answers.
    pub(super) fn bot(&self, what: &str) {
        for line in what.lines().filter(|line| !line.trim().is_empty()) {
            self.line(&format!("   {BOT}bot{BOT:#}   {}", terminal_safe(line)));
        }
    }
}
