//! What is wrong with a policy file, and how people read it. Knows nothing of what a policy means.

use std::fmt::Write as _;
use std::ops::Range;

/// What is wrong with a policy file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{file}:{line}:{column}: {message}")]
pub struct PolicyError {
    /// Path of the file.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// How many characters are meant; at least one, and never past the end of the line.
    pub width: u32,
    /// What is wrong.
    pub message: String,
    /// What was probably meant, or what to do.
    pub hint: Option<String>,
    /// The line itself.
    pub source_line: String,
}

/// Whether a policy with this in it can be in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// It cannot.
    Error,
    /// It can; the author should look.
    Warning,
}

impl PolicyError {
    /// The error as people read it in a terminal or a fence: the place, the line, a caret under what is meant, and
    /// `note` where there is more to say (which policy still decides). Ends with a line break.
    ///
    /// The file is somebody else's text: control and direction characters come out as `�`, one for one, so that
    /// the caret stays where it belongs.
    pub fn render(&self, level: Level, note: Option<&str>) -> String {
        let label = match level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len() + 1);
        let (line, before, width) = self.window();
        let caret = " ".repeat(before) + &"^".repeat(width);
        let hint = self.hint.as_ref().map(|hint| format!(" {}", inert(hint))).unwrap_or_default();
        let mut text = format!("{label}: {}\n", inert(&self.message));
        // Writing to a string cannot fail.
        let arrow = " ".repeat(number.len());
        let _ = writeln!(text, "{arrow}--> {}:{}:{}", inert(&self.file), self.line, self.column);
        let _ = writeln!(text, "{gutter}|");
        let _ = writeln!(text, "{number} | {}", inert(&line));
        let _ = writeln!(text, "{gutter}| {caret}{hint}");
        if let Some(note) = note {
            let _ = writeln!(text, "{gutter}= {}", inert(note));
        }
        text
    }

    /// The line, as much of a long one as fits a screen; how much of that is before the place, and how wide the place is.
    fn window(&self) -> (String, usize, usize) {
        const WIDEST: usize = 160;
        let (before, width) = (self.column.saturating_sub(1) as usize, self.width.max(1) as usize);
        if self.source_line.chars().count() <= WIDEST {
            return (self.source_line.clone(), before, width);
        }
        let skipped = before.saturating_sub(WIDEST / 2);
        let mut rest = self.source_line.chars().skip(skipped);
        let shown: String = rest.by_ref().take(WIDEST).collect();
        let (left, right) =
            (if skipped > 0 { "…" } else { "" }, if rest.next().is_some() { "…" } else { "" });
        let before = before - skipped + left.chars().count();
        (format!("{left}{shown}{right}"), before, width.min(WIDEST + 1 - before.min(WIDEST)))
    }
}

/// The same characters, but none that moves the cursor, hides, or turns the direction of writing.
fn inert(text: &str) -> String {
    text.chars().map(|c| if moves(c) { '\u{fffd}' } else { c }).collect()
}

fn moves(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A piece of the file in backticks, short and on one line.
pub(crate) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", short.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'"))
}

/// Where the lines of a text begin, to turn byte offsets into lines and columns.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

/// A place in a text: line and column from 1, the width in characters, and the line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) width: u32,
    pub(crate) source_line: String,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    pub(crate) fn slice(&self, span: &Range<usize>) -> &'t str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// The place of a span. A span over several lines is cut at the end of its first; one past the end of the text
    /// means its last character.
    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        let line = self.starts.partition_point(|start| *start <= span.start.min(self.text.len())).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let rest = self.text.get(start..).unwrap_or_default();
        let source = rest.lines().next().unwrap_or_default();
        let chars = |end: usize| source.char_indices().take_while(|(at, _)| start + at < end).count();
        let column = chars(span.start);
        let width = chars(span.end).saturating_sub(column).max(1);
        Place {
            line: number(line),
            column: number(column + 1),
            width: number(width),
            source_line: source.to_owned(),
        }
    }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The word of `known` that was probably meant by `text`: at most a third of its letters differ.
pub fn nearest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if text.chars().count() > 64 {
        return None;
    }
    let lower = text.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|word| (distance(&lower, &word.to_lowercase().replace('-', "_")), word))
        .filter(|(distance, word)| *distance <= word.chars().count() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// The one key of `known` that has all words of `text` and the fewest others: `file_count` is `changed_files_count`.
pub(crate) fn fuller<'k>(text: &str, known: &[&'k str]) -> Option<&'k str> {
    let words = |key: &str| -> Vec<String> {
        let words = key.split(['_', '-']).filter(|word| !word.is_empty());
        words.map(|word| word.trim_end_matches('s').to_lowercase()).collect()
    };
    let wanted = words(text);
    let has_all = |key: &&&str| {
        let own = words(key);
        wanted.iter().all(|word| own.contains(word))
    };
    let length = |key: &str| words(key).len();
    let shortest = known.iter().filter(has_all).map(|key| length(key)).min()?;
    let mut found = known.iter().filter(has_all).filter(|key| length(key) == shortest);
    let only = found.next().filter(|_| found.next().is_none() && wanted.len() > 1)?;
    Some(only)
}

/// Whether two words differ by one slip of the hand.
pub(crate) fn slipped(a: &str, b: &str) -> bool {
    a.len() > 3 && a.len().abs_diff(b.len()) <= 1 && distance(a, b) == 1
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, one each.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 1);
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let substituted = at(&last, j) + usize::from(from != to);
            let mut best = substituted.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(to) && b.get(j - 1) == Some(from);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    at(&last, b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line and its mark.
    fn shown(line: &str, column: u32, width: u32) -> (String, String) {
        let error = PolicyError {
            file: "p".to_owned(),
            line: 1,
            column,
            width,
            source_line: line.to_owned(),
            message: "no".to_owned(),
            hint: None,
        };
        let text = error.render(Level::Error, None);
        let mut lines = text.lines().skip(3).map(|line| line.chars().skip(4).collect::<String>());
        (lines.next().unwrap_or_default(), lines.next().unwrap_or_default())
    }

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        assert_eq!(shown("key = 1", 1, 3), ("key = 1".to_owned(), "^^^".to_owned()));
        let long: String = (0..4000).map(|at| if at == 2000 { 'x' } else { '[' }).collect();
        let (line, mark) = shown(&long, 2001, 1);
        assert_eq!((line.chars().count(), mark.chars().count()), (162, 82));
        assert_eq!(line.chars().nth(81), Some('x'));
        assert!(line.starts_with('…') && line.ends_with('…'));
        let (line, mark) = shown(&long, 1, 4000);
        assert_eq!((line.chars().count(), mark.chars().count()), (161, 161));
        let (line, mark) = shown(&long, 4001, 1);
        assert_eq!((line.chars().count(), mark.chars().count()), (81, 82));
    }
}
