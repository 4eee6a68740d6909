//! Globs as doublestar reads them, said as expressions: `*` and `?` stay within a part of a path, `**` as a whole part
//! crosses parts, `{a,b}` and `[ab]` choose.

use super::expression::{Pattern, literal};

/// The most alternatives that one glob may come to, with all its braces multiplied out.
const MOST_ALTERNATIVES: usize = 2_000;

/// Why a glob is refused that doublestar reads: by its order of trying, it matches or not by what else is in the path.
const UNCLEAR: &str = " means another thing each time: write it in another way";

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

/// What stands in the braces, up to the one that closes them, and what follows it.
fn split(rest: &[char]) -> (Vec<&[char]>, &[char]) {
    let (mut depth, mut at, mut start) = (0_usize, 0, 0);
    let mut found = Vec::new();
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
    (found, rest.get(at + 1..).unwrap_or_default())
}

fn alternatives(done: &[Piece], rest: &[char], into: &mut Vec<Vec<Piece>>) -> Result<(), String> {
    let (found, after) = split(rest);
    for alternative in found {
        let next = [alternative, after].concat();
        let open = next.is_empty() || next.starts_with(&['*']) || next.starts_with(&['/', '*', '*']);
        if open && done.last().is_some_and(|piece| piece.c == '*') {
            return Err("a `*` before a brace that may stand for nothing".to_owned() + UNCLEAR);
        }
        expand(done, &next, into)?;
    }
    Ok(())
}

/// One alternative as an expression over all of a path, which is never empty and never ends in a `/`.
///
/// What ends in `/**` has the folder itself too, but not by a `*` before it that stands for nothing.
fn expression(pieces: &[Piece]) -> Result<String, String> {
    let mut said = String::new();
    let mut start = true;
    let mut at = 0;
    // Whether a `*` came since the last `**`.
    let mut starred = false;
    if pieces.last().is_some_and(|piece| piece.c == '/') {
        return Err("it ends in `/`, as no path of a file does".to_owned());
    }
    while let Some(piece) = pieces.get(at) {
        let rest = pieces.get(at..).unwrap_or_default();
        let stars = rest.iter().take_while(|piece| piece.c == '*').count();
        let starts = std::mem::replace(&mut start, false);
        let (part, length) = match piece.c {
            '*' if stars > 2 => return Err("`***`".to_owned() + UNCLEAR),
            '*' if stars == 2 && piece.begins && !starts => {
                return Err("a `**` in a brace in the middle of a part".to_owned() + UNCLEAR);
            }
            '*' if stars == 2 && starts && rest.len() == 2 => (".*".to_owned(), 2),
            '*' if stars == 2 && starts && follows(rest, 2, "/") => {
                (start, starred) = (true, false);
                ("(?:[^/]*/)*".to_owned(), 3)
            }
            '*' if ends_with(rest, stars, "/**") => ("(?:[^/]*/.*|[^/]+)".to_owned(), stars + 3),
            '*' => ("[^/]*".to_owned(), stars),
            '/' if ends_with(rest, 0, "/**") => ("(?:/.*)?".to_owned(), 3),
            '?' => ("[^/]".to_owned(), 1),
            '\\' => (rest.get(1).map(|piece| literal(piece.c)).unwrap_or_default(), 2),
            '[' => {
                let rest: Vec<char> = rest.iter().map(|piece| piece.c).collect();
                let length = atom(&rest);
                let (said, crosses) = class(rest.get(1..length - 1).unwrap_or_default())?;
                if crosses && starred {
                    return Err("a `*` before a class that has `/` in it".to_owned() + UNCLEAR);
                }
                (said, length)
            }
            c => {
                start = c == '/';
                (literal(c), 1)
            }
        };
        starred |= piece.c == '*' && !start;
        said.push_str(&part);
        at += length;
    }
    Ok(said)
}

/// Whether these characters stand there, none of them the first of an alternative.
fn follows(pieces: &[Piece], at: usize, text: &str) -> bool {
    let mut rest = pieces.iter().skip(at);
    text.chars().all(|c| rest.next().is_some_and(|piece| piece.c == c && !piece.begins))
}

/// Whether they end it. The first of them may be the first of an alternative: then nothing stands before it.
fn ends_with(pieces: &[Piece], at: usize, text: &str) -> bool {
    let first = pieces.get(at).is_some_and(|piece| piece.c == '/' && (at == 0 || !piece.begins));
    first && pieces.len() == at + text.len() && follows(pieces, at + 1, text.get(1..).unwrap_or_default())
}

/// What stands between brackets, and whether it has `/` in it.
fn class(inner: &[char]) -> Result<(String, bool), String> {
    let (negated, inner) = match inner {
        ['^' | '!', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut said = String::from(if negated { "[^" } else { "[" });
    let mut named = false;
    let mut rest = inner.iter().copied().peekable();
    while let Some(c) = rest.next() {
        let low = if c == '\\' { rest.next().unwrap_or(c) } else { c };
        let mut ahead = rest.clone();
        if ahead.next() != Some('-') || ahead.peek().is_none() {
            named |= low == '/';
            said.push_str(&literal(low));
            continue;
        }
        rest.next();
        let c = rest.next().unwrap_or_default();
        let high = if c == '\\' { rest.next().unwrap_or(c) } else { c };
        if high < low {
            return Err(format!("`{low}-{high}` is no range of characters"));
        }
        named |= (low..=high).contains(&'/');
        said.push_str(&format!("{}-{}", literal(low), literal(high)));
    }
    said.push(']');
    Ok((said, named != negated))
}
