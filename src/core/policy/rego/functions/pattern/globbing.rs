//! From globs to regular expressions.

use std::iter::Peekable;
use std::str::Chars;

/// Delimiters and, behind a line feed, a glob, as a regular expression; `None` where it has none that is certain.
pub(super) fn rewrite(keyed: &str) -> Option<String> {
    let (delimiters, pattern) = keyed.split_once('\n')?;
    let one = if delimiters.is_empty() {
        ".".to_owned()
    } else {
        let escaped: String =
            delimiters.chars().map(|character| format!("\\x{{{:x}}}", u32::from(character))).collect();
        format!("[^{escaped}]")
    };
    let mut to = String::from("^(?s:");
    let mut rest = pattern.chars().peekable();
    let mut depth = 0_usize;
    while let Some(next) = rest.next() {
        match next {
            '*' if rest.next_if_eq(&'*').is_some() => {
                // Three and more are read in ways of their own.
                if rest.peek() == Some(&'*') {
                    return None;
                }
                to.push_str(".*");
            }
            '*' => {
                to.push_str(&one);
                to.push('*');
            }
            '?' => to.push_str(&one),
            '[' => class(&mut rest, &mut to)?,
            '{' => {
                depth += 1;
                to.push_str("(?:");
            }
            '}' => {
                depth = depth.checked_sub(1)?;
                to.push(')');
            }
            ',' if depth > 0 => to.push('|'),
            '\\' => to.push_str(&regex::escape(&rest.next()?.to_string())),
            ']' => return None,
            _ => to.push_str(&regex::escape(&next.to_string())),
        }
    }
    if depth > 0 {
        return None;
    }
    to.push_str(")$");
    Some(to)
}

/// `[abc]`, `[!abc]`, `[a-z]` and `[!a-z]`: nothing else.
fn class(rest: &mut Peekable<Chars<'_>>, to: &mut String) -> Option<()> {
    let negated = rest.next_if_eq(&'!').is_some();
    let mut inside = Vec::new();
    loop {
        match rest.next()? {
            ']' => break,
            '\\' | '[' | '!' | '^' | '{' | '}' | '*' | '?' => return None,
            next => inside.push(next),
        }
    }
    let escaped = |character: &char| format!("\\x{{{:x}}}", u32::from(*character));
    let inside = match inside.as_slice() {
        [from, '-', to] if from <= to => format!("{}-{}", escaped(from), escaped(to)),
        [] => return None,
        list if list.contains(&'-') => return None,
        list => list.iter().map(escaped).collect(),
    };
    to.push_str(if negated { "[^" } else { "[" });
    to.push_str(&inside);
    to.push(']');
    Some(())
}
