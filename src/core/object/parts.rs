//! A text of YAML taken apart at its document markers.

/// A stretch of a text that holds whole documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// It, from a marker to the next.
    pub(super) text: &'a str,
    /// The line that it begins at, from 1.
    pub(super) line: u32,
}

/// The parts of a text, each but the first from a line that begins with `---`. Such a line ends whatever stands before
/// it, texts in blocks and in quotes too, so nothing else can be meant by it (YAML 1.2, `c-forbidden`).
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut line, mut first) = (0, 1, 1);
    let mut at = 0;
    for row in text.split_inclusive('\n') {
        if at > start && is_marker(row) {
            parts.extend(text.get(start..at).map(|text| Part { text, line: first }));
            (start, first) = (at, line);
        }
        at += row.len();
        line += 1;
    }
    parts.extend(text.get(start..).map(|text| Part { text, line: first }));
    parts
}

fn is_marker(row: &str) -> bool {
    row.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
}
