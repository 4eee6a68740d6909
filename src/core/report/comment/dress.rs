//! Small pieces of Markdown that every section uses, and the account of what was left out.

use crate::report::summary::{count, number};

/// A Markdown table. Columns in which every cell is empty are left out.
pub(super) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

impl Table {
    pub(super) fn new(columns: Vec<(&'static str, Align)>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Cells are Markdown already; one for each column.
    pub(super) fn push(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub(super) fn render(&self) -> Option<String> {
        if self.rows.is_empty() {
            return None;
        }
        let filled = |at: usize| self.rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty()));
        let kept: Vec<usize> = (0..self.columns.len()).filter(|at| filled(*at)).collect();
        let line = |cells: Vec<&str>| format!("| {} |", cells.join(" | "));
        let mut lines = vec![
            line(kept.iter().filter_map(|at| self.columns.get(*at)).map(|(name, _)| *name).collect()),
            kept.iter().filter_map(|at| self.columns.get(*at)).fold("|".to_owned(), |rule, (_, align)| {
                rule + match align {
                    Align::Left => "---|",
                    Align::Right => "--:|",
                }
            }),
        ];
        lines.extend(
            self.rows
                .iter()
                .map(|row| line(kept.iter().filter_map(|at| row.get(*at)).map(String::as_str).collect())),
        );
        Some(lines.join("\n"))
    }
}

/// A number for a cell: nothing where there is none.
pub(super) fn cell(n: usize) -> String {
    if n == 0 { String::new() } else { number(n) }
}

/// The same, loud.
pub(super) fn loud(n: usize) -> String {
    if n == 0 { String::new() } else { format!("**{}**", number(n)) }
}

/// A link whose address cannot end early.
pub(super) fn link(words: &str, address: &str) -> String {
    let mut safe = String::with_capacity(address.len());
    for c in address.chars() {
        match c {
            '<' => safe.push_str("%3C"),
            '>' => safe.push_str("%3E"),
            ' ' => safe.push_str("%20"),
            '\\' => safe.push_str("%5C"),
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    format!("[{words}](<{safe}>)")
}

/// A list: at most `limit` items, then how many more.
pub(super) fn bullets(items: &[String], limit: usize, what: &'static str, cuts: &mut Cuts) -> String {
    let mut lines: Vec<String> = items.iter().take(limit).map(|item| format!("- {item}")).collect();
    let more = items.len().saturating_sub(limit);
    if more > 0 {
        lines.push(format!("- … and {}", more_of(more, what)));
        cuts.leave_out(more, what);
    }
    lines.join("\n")
}

/// A heading and its items: on one line where there is one, a list where there are more.
pub(super) fn section(
    heading: &str,
    items: &[String],
    limit: usize,
    what: &'static str,
    cuts: &mut Cuts,
) -> Option<String> {
    match items {
        [] => None,
        [one] => Some(format!("**{heading}** · {one}")),
        [_, ..] => Some(format!("**{heading}**\n\n{}", bullets(items, limit, what, cuts))),
    }
}

/// `3 more files`
pub(super) fn more_of(n: usize, what: &str) -> String {
    count(n, &format!("more {what}"))
}

/// What was left out for want of room.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    words: Vec<String>,
    /// How many things of each kind, in the order of the text.
    counted: Vec<(&'static str, usize)>,
}

impl Cuts {
    pub(super) fn leave_out(&mut self, n: usize, what: &'static str) {
        if n == 0 {
            return;
        }
        match self.counted.iter_mut().find(|(known, _)| *known == what) {
            Some((_, total)) => *total += n,
            None => self.counted.push((what, n)),
        }
    }

    pub(super) fn say(&mut self, words: &str) {
        self.words.push(words.to_owned());
    }

    /// All of it in one sentence, with the way to the rest.
    pub(super) fn sentence(&self, page: Option<&str>) -> Option<String> {
        let mut left: Vec<String> = self.counted.iter().map(|(what, n)| count(*n, what)).collect();
        left.extend(self.words.iter().cloned());
        let last = left.pop()?;
        let left = if left.is_empty() { last } else { format!("{} and {last}", left.join(", ")) };
        let rest = match page {
            Some(page) => format!("{} shows everything.", link("The full page", page)),
            None => "`countersign review` shows everything.".to_owned(),
        };
        Some(format!(
            "_Left out here for want of room: {left}. The counts above are complete; nothing was left out of the judgement._ {rest}"
        ))
    }
}
