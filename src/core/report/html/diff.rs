//! One object's diff. The text is written once, in an order that reads as a unified diff; the style sheet puts it side
//! by side. Unchanged lines stand twice, and one of the two is always hidden.

use super::markup::{Attributes, Markup};

/// Longer lines get no marks inside.
const MARKED_LENGTH: usize = 2_000;

/// Lines that belong together.
#[derive(Debug, PartialEq, Eq)]
enum Run<'a> {
    Same(Vec<&'a str>),
    Changed {
        old: Vec<&'a str>,
        new: Vec<&'a str>,
    },
    /// Lines are left out here; with a notice where that is not for being unchanged.
    Gap(&'a str),
}

/// The diff as a block; nothing where there is none.
pub(super) fn diff(page: &mut Markup, text: &str) {
    let runs = runs(text);
    if runs.is_empty() {
        return;
    }
    let one_side = runs.iter().all(|run| match run {
        Run::Same(_) => false,
        Run::Changed { old, new } => old.is_empty() || new.is_empty(),
        Run::Gap(_) => true,
    });
    let class = if one_side { "diff whole" } else { "diff" };
    page.tag("pre", &[("class", class)], |pre| {
        for run in &runs {
            draw(pre, run);
        }
    });
}

/// How many lines a reader would see.
pub(super) fn length(text: &str) -> usize {
    text.lines().count()
}

fn runs(text: &str) -> Vec<Run<'_>> {
    let named = |at: usize, sign: &str| text.lines().nth(at).is_some_and(|line| line.starts_with(sign));
    let skip = if named(0, "--- ") && named(1, "+++ ") { 2 } else { 0 };
    let mut runs: Vec<Run<'_>> = Vec::new();
    for line in text.lines().skip(skip) {
        let first = line.as_bytes().first();
        match (first, runs.last_mut()) {
            (Some(b'@'), last) => match line.strip_prefix("@@ ").unwrap_or(line) {
                numbers if numbers.starts_with('-') => {
                    if last.is_some() {
                        runs.push(Run::Gap(""));
                    }
                }
                notice => runs.push(Run::Gap(notice.trim_end_matches(" @@"))),
            },
            // What is removed after an addition begins a change of its own.
            (Some(b'-'), Some(Run::Changed { old, new })) if new.is_empty() => old.push(line),
            (Some(b'+'), Some(Run::Changed { new, .. })) => new.push(line),
            (Some(b'-'), _) => runs.push(Run::Changed { old: vec![line], new: Vec::new() }),
            (Some(b'+'), _) => runs.push(Run::Changed { old: Vec::new(), new: vec![line] }),
            (_, Some(Run::Same(lines))) => lines.push(line),
            (_, _) => runs.push(Run::Same(vec![line])),
        }
    }
    runs
}

fn draw(pre: &mut Markup, run: &Run<'_>) {
    match run {
        Run::Same(lines) => pre.tag("span", &[("class", "row")], |row| {
            let sides: [Attributes<'_>; 2] =
                [&[("class", "l")], &[("class", "r twin"), ("aria-hidden", "true")]];
            for attributes in sides {
                row.tag("span", attributes, |side| {
                    for line in lines {
                        side.lines(line);
                        side.ours("\n");
                    }
                });
            }
        }),
        Run::Changed { old, new } => pre.tag("span", &[("class", "row")], |row| {
            let paired = old.len() == new.len();
            let twin =
                |side: &[&'_ str], at: usize| side.get(at).filter(|_| paired).map(|line| (*line).to_owned());
            if !old.is_empty() {
                row.tag("del", &[("class", "l")], |side| {
                    old.iter()
                        .enumerate()
                        .for_each(|(at, line)| marked(side, line, twin(new, at).as_deref()));
                });
            }
            if !new.is_empty() {
                row.tag("ins", &[("class", "r")], |side| {
                    new.iter()
                        .enumerate()
                        .for_each(|(at, line)| marked(side, line, twin(old, at).as_deref()));
                });
            }
        }),
        Run::Gap(notice) => pre.tag("span", &[("class", "gap")], |gap| {
            gap.ours("⋯ ");
            gap.text(notice);
            gap.ours("\n");
        }),
    }
}

/// A line, with what its twin does not have marked.
fn marked(side: &mut Markup, line: &str, twin: Option<&str>) {
    match twin.and_then(|twin| difference(line, twin)) {
        Some((before, middle, after)) => {
            side.lines(before);
            side.tag("mark", &[], |mark| mark.lines(middle));
            side.lines(after);
        }
        None => side.lines(line),
    }
    side.ours("\n");
}

/// A line in three parts of which the second is what the other line has not; none where too little is shared to say so.
fn difference<'a>(line: &'a str, twin: &str) -> Option<(&'a str, &'a str, &'a str)> {
    if line.len() > MARKED_LENGTH || twin.len() > MARKED_LENGTH {
        return None;
    }
    let (sign, body) = line.split_at_checked(1)?;
    let twin = twin.get(1..)?;
    let shared = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        pairs.take_while(|(one, other)| one == other).map(|(c, _)| c.len_utf8()).sum()
    };
    // Words are marked whole.
    let start = shared(&mut body.chars().zip(twin.chars()));
    let start = body.get(..start)?.rfind(breaks).map_or(0, |at| at + 1);
    let (rest, other) = (body.get(start..)?, twin.get(start..)?);
    let end = shared(&mut rest.chars().rev().zip(other.chars().rev()));
    let tail = rest.get(rest.len() - end..)?;
    let end = tail.find(breaks).map_or(0, |at| tail.len() - at);
    let middle = rest.get(..rest.len() - end)?;
    if body.get(..start)?.trim().is_empty() || middle.is_empty() {
        return None;
    }
    Some((line.get(..sign.len() + start)?, middle, rest.get(rest.len() - end..)?))
}

fn breaks(c: char) -> bool {
    matches!(c, ' ' | ':' | '=' | '/' | ',' | '"' | '\'' | '@' | '[' | ']' | '(' | ')')
}

#[cfg(test)]
mod tests;
