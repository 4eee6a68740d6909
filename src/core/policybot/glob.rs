//! Globs as doublestar reads them, said as expressions: `*` and `?` stay within a part of a path, `**` as a whole part
//! crosses parts, `{a,b}` and `[ab]` choose.

use super::expression::{Pattern, literal};

/// The most alternatives that one glob may come to, with all its braces multiplied out.
const MOST_ALTERNATIVES: usize = 2_000;

/// Reads a glob. Fails with the sentence that says what is wrong with it.
pub(super) fn read(written: &str) -> Result<Pattern, String> {
    let pattern: Vec<char> = written.chars().collect();
    well_formed(&pattern)?;
    let mut alternatives = Vec::new();
    expand(&[], &pattern, &mut alternatives)?;
    let said: Vec<String> =
        alternatives.iter().map(|alternative| expression(alternative)).collect::<Result<_, _>>()?;
    Pattern::compile(written, format!(r"(?s)\A(?:{})\z", said.join("|")))
}

/// A character of a pattern without braces, and whether a part of a path may be taken to start at it.
#[derive(Debug, Clone, Copy)]
struct Piece {
    c: char,
    /// An alternative begins here: a `**` counts as a whole part, wherever the brace stood.
    begins: bool,
}

fn well_formed(pattern: &[char]) -> Result<(), String> {
    let mut depth = 0_usize;
    let mut rest = pattern.iter().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(rest.next().ok_or("it ends in a `\\`")?),
            '[' => {
                let _ = rest.next_if(|c| matches!(c, '^' | '!'));
                let mut empty = true;
                loop {
                    match rest.next().ok_or("a `[` is not closed")? {
                        ']' if empty => return Err("`[]` names no character".to_owned()),
                        ']' => break,
                        '\\' => drop(rest.next()),
                        '{' | '}' | ',' => return Err("a brace or comma within `[…]` means another thing in each place: write it with a `\\`".to_owned()),
                        _ => {}
                    }
                    empty = false;
                }
            }
            '{' => depth += 1,
            '}' => depth = depth.checked_sub(1).ok_or("a `}` has no `{`")?,
            _ => {}
        }
    }
    if depth == 0 { Ok(()) } else { Err("a `{` is not closed".to_owned()) }
}

/// Multiplies braces out, the first one first.
fn expand(before: &[Piece], rest: &[char], into: &mut Vec<Vec<Piece>>) -> Result<(), String> {
    let mut done = before.to_vec();
    let mut begins = !before.is_empty();
    let mut at = 0;
    while let Some(&c) = rest.get(at) {
        match c {
            '{' => return alternatives(&done, rest.get(at + 1..).unwrap_or_default(), into),
            '\\' | '[' => {
                let length = atom(rest.get(at..).unwrap_or_default());
                let pieces = rest.get(at..at + length).unwrap_or_default();
                done.extend(pieces.iter().map(|&c| Piece { c, begins: false }));
                at += length;
            }
            c => {
                done.push(Piece { c, begins });
                at += 1;
            }
        }
        begins = false;
    }
    if into.len() >= MOST_ALTERNATIVES {
        return Err(format!("its braces come to more than {MOST_ALTERNATIVES} alternatives"));
    }
    into.push(done);
    Ok(())
}

/// How long an escape or a class is.
fn atom(rest: &[char]) -> usize {
    if rest.first() == Some(&'\\') {
        return 2;
    }
    let mut at = 1;
    while let Some(c) = rest.get(at) {
        match c {
            ']' => return at + 1,
            '\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

fn alternatives(done: &[Piece], rest: &[char], into: &mut Vec<Vec<Piece>>) -> Result<(), String> {
    let (mut depth, mut at, mut start) = (0_usize, 0, 0);
    let mut found: Vec<&[char]> = Vec::new();
    while let Some(c) = rest.get(at) {
        match c {
            '\\' => at += 1,
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(rest.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    found.push(rest.get(start..at).unwrap_or_default());
    let after = rest.get(at + 1..).unwrap_or_default();
    for alternative in found {
        expand(done, &[alternative, after].concat(), into)?;
    }
    Ok(())
}

/// One alternative as an expression over all of a path.
fn expression(pieces: &[Piece]) -> Result<String, String> {
    let mut said = String::new();
    let mut start = true;
    let mut at = 0;
    let is = |at: usize, c: char| pieces.get(at).is_some_and(|piece| piece.c == c);
    let ends = |at: usize| at >= pieces.len();
    while let Some(piece) = pieces.get(at) {
        let starts = start || piece.begins;
        start = false;
        match piece.c {
            // What ends in `/**` has the folder itself too.
            '/' if is(at + 1, '*') && is(at + 2, '*') && ends(at + 3) => {
                said.push_str("(?:/.*)?");
                at += 3;
            }
            '/' if is(at + 1, '*') && is(at + 2, '*') && is(at + 3, '/') && ends(at + 4) => {
                said.push_str("(?:/(?:[^/]*/)*)?");
                at += 4;
            }
            '*' if is(at + 1, '*') && starts && ends(at + 2) => {
                said.push_str(".*");
                at += 2;
            }
            '*' if is(at + 1, '*') && starts && is(at + 2, '/') => {
                said.push_str("(?:[^/]*/)*");
                at += 3;
                start = true;
            }
            '*' => {
                said.push_str("[^/]*");
                at += if is(at + 1, '*') { 2 } else { 1 };
            }
            '?' => {
                said.push_str("[^/]");
                at += 1;
            }
            '\\' => {
                said.push_str(&pieces.get(at + 1).map(|piece| literal(piece.c)).unwrap_or_default());
                at += 2;
            }
            '[' => {
                let rest: Vec<char> =
                    pieces.get(at..).unwrap_or_default().iter().map(|piece| piece.c).collect();
                let length = atom(&rest);
                said.push_str(&class(rest.get(1..length - 1).unwrap_or_default())?);
                at += length;
            }
            c => {
                said.push_str(&literal(c));
                start = c == '/';
                at += 1;
            }
        }
    }
    Ok(said)
}

/// What stands between brackets.
fn class(inner: &[char]) -> Result<String, String> {
    let (negated, inner) = match inner {
        ['^' | '!', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut said = String::from(if negated { "[^" } else { "[" });
    let mut rest = inner.iter().copied().peekable();
    while let Some(c) = rest.next() {
        let low = if c == '\\' { rest.next().unwrap_or(c) } else { c };
        let mut ahead = rest.clone();
        if ahead.next() != Some('-') || ahead.peek().is_none() {
            said.push_str(&literal(low));
            continue;
        }
        rest.next();
        let c = rest.next().unwrap_or_default();
        let high = if c == '\\' { rest.next().unwrap_or(c) } else { c };
        if high < low {
            return Err(format!("`{low}-{high}` is no range of characters"));
        }
        said.push_str(&format!("{}-{}", literal(low), literal(high)));
    }
    said.push(']');
    Ok(said)
}
