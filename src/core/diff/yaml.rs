//! A manifest as YAML for people: always the same lines for the same value, nothing invisible in them.
//!
//! Keys are sorted, but what names a thing comes first. A text that would be read as something else, or that holds
//! signs that do not show, is quoted and escaped. Read back it is the same value, sealed leaves aside.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::pair::changed_mark;
use crate::object::{is_sealed, is_unstable};

const SEALED: &str = "‹sealed›";
const CHANGED: &str = "‹changed›";
/// Stands for a value that differs at each render.
pub(super) const UNSTABLE: &str = "‹unstable›";
/// Longer texts are broken over several lines, so that a change shows where it is.
const LONG: usize = 400;
const PIECE: usize = 120;

/// The lines of a value.
pub(super) fn lines(value: &Value) -> Vec<String> {
    let mut writer = Writer { lines: Vec::new(), changed: changed_mark() };
    writer.value(String::new(), 0, value);
    writer.lines
}

struct Writer {
    lines: Vec<String>,
    changed: Value,
}

/// Keys that come before all others, in this order.
const FIRST: &[&str] = &["apiVersion", "kind", "metadata", "name", "generateName", "namespace", "image"];

impl Writer {
    /// Writes a value whose first line starts with `start`, further ones with `indent` blanks.
    fn value(&mut self, start: String, indent: usize, value: &Value) {
        match value {
            Value::Object(_) if is_unstable(value) => self.line(&start, UNSTABLE),
            Value::Object(_) if is_sealed(value) => self.line(&start, SEALED),
            Value::Object(_) if *value == self.changed => self.line(&start, CHANGED),
            Value::Object(entries) if entries.is_empty() => self.line(&start, "{}"),
            Value::Object(entries) => self.map(start, indent, entries),
            Value::Array(items) if items.is_empty() => self.line(&start, "[]"),
            Value::Array(items) => self.list(start, indent, items),
            Value::String(text) => self.text(&start, indent, text),
            Value::Null | Value::Bool(_) | Value::Number(_) => self.line(&start, &value.to_string()),
        }
    }

    fn line(&mut self, start: &str, rest: &str) {
        self.lines.push(format!("{start}{rest}"));
    }

    fn map(&mut self, mut start: String, indent: usize, entries: &Map<String, Value>) {
        let rank = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
        let mut sorted: Vec<(&String, &Value)> = entries.iter().collect();
        sorted.sort_unstable_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
        for (key, value) in sorted {
            let key = if is_plain(key) { key.clone() } else { quote(key) };
            match value {
                Value::Object(inner) if !inner.is_empty() && !is_sealed(value) && *value != self.changed => {
                    self.line(&start, &format!("{key}:"));
                    self.map(" ".repeat(indent + 2), indent + 2, inner);
                }
                Value::Array(items) if !items.is_empty() => {
                    self.line(&start, &format!("{key}:"));
                    self.list(" ".repeat(indent), indent, items);
                }
                Value::Object(_)
                | Value::Array(_)
                | Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_) => self.value(format!("{start}{key}: "), indent, value),
            }
            start = " ".repeat(indent);
        }
    }

    fn list(&mut self, mut start: String, indent: usize, items: &[Value]) {
        for item in items {
            self.value(format!("{start}- "), indent + 2, item);
            start = " ".repeat(indent);
        }
    }

    fn text(&mut self, start: &str, indent: usize, text: &str) {
        let longest = text.lines().map(str::len).max().unwrap_or(0);
        if longest > LONG {
            self.pieces(start, indent, text);
        } else if is_plain(text) {
            self.line(start, text);
        } else if is_block(text) {
            let chomp = match (text.ends_with('\n'), text.ends_with("\n\n")) {
                (false, _) => "|-",
                (true, false) => "|",
                (true, true) => "|+",
            };
            self.line(start, chomp);
            for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
                let line =
                    if line.is_empty() { String::new() } else { format!("{}{line}", " ".repeat(indent + 2)) };
                self.lines.push(line);
            }
        } else {
            self.line(start, &quote(text));
        }
    }

    /// A quoted text over several lines; a backslash at the end of each keeps them one.
    fn pieces(&mut self, start: &str, indent: usize, text: &str) {
        let (mut line, mut length) = (format!("{start}\""), 0);
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            escape(c, &mut line);
            length += 1;
            if (length >= PIECE || c == '\n') && rest.peek().is_some() {
                line.push('\\');
                self.lines.push(std::mem::replace(&mut line, " ".repeat(indent + 2)));
                length = 0;
                if rest.peek() == Some(&' ') {
                    line.push('\\');
                }
            }
        }
        line.push('"');
        self.lines.push(line);
    }
}

/// Signs that show as what they are. Others could make a line look like another, or reorder it.
fn is_visible(c: char) -> bool {
    match c {
        ' '..='~' => true,
        // Our own brackets mark what is withheld: a manifest's are escaped.
        '‹' | '›' => false,
        // Letters, to Unicode, that show as a blank.
        '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' => false,
        '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' | '\u{370}'..='\u{58f}' => true,
        '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{20a0}'..='\u{2bff}' => true,
        '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => true,
        '\u{1f300}'..='\u{1faff}' => true,
        _ => c.is_alphanumeric(),
    }
}

fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    text.chars().for_each(|c| escape(c, &mut quoted));
    quoted.push('"');
    quoted
}

fn escape(c: char, out: &mut String) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_visible(c) => out.push(c),
        c => {
            let code = u32::from(c);
            let _ = if code > 0xffff { write!(out, "\\U{code:08X}") } else { write!(out, "\\u{code:04X}") };
        }
    }
}

/// Whether a text can stand without quotes and is read as the same text.
fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let indicator = matches!(
        first,
        '?' | ':'
            | ','
            | '['
            | ']'
            | '{'
            | '}'
            | '#'
            | '&'
            | '*'
            | '!'
            | '|'
            | '>'
            | '\''
            | '"'
            | '%'
            | '@'
            | '`'
    );
    let dash = text
        .strip_prefix('-')
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-'));
    !indicator
        && !dash
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text.starts_with(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(is_visible)
        && !is_other_scalar(text)
}

/// Whether an unquoted text would be read as null, a boolean, a number or a sign of YAML's own.
fn is_other_scalar(text: &str) -> bool {
    const WORDS: &[&str] = &["~", "null", "y", "n", "yes", "no", "on", "off", "true", "false", "<<", "="];
    if WORDS.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return true;
    }
    let bare = text.trim_start_matches(['+', '-']);
    let starts = bare.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let number = |text: &str| {
        let digits = text.replace('_', "");
        let lower = digits.to_ascii_lowercase();
        digits.parse::<f64>().is_ok()
            || ["0x", "0o", "0b"].iter().any(|prefix| lower.starts_with(prefix))
            || matches!(lower.as_str(), ".inf" | ".nan")
            || digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.')) && digits.contains(':')
    };
    starts && number(bare)
}

/// Whether a text reads well as a block of lines.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && text.chars().all(|c| is_visible(c) || matches!(c, '\n' | '\t'))
}
