//! From Go's regular expressions to Rust's.

use std::iter::Peekable;
use std::str::Chars;

/// The most that Go repeats.
const MOST: u32 = 1_000;

/// A pattern of Go's in Rust's words; `None` where it has none that are certain.
pub(super) fn rewrite(pattern: &str) -> Option<String> {
    let mut to = String::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    let folds = pattern.contains("(?") && pattern.contains('i');
    // Whether what came last repeats what is before it.
    let mut repeats = false;
    while let Some(next) = rest.next() {
        let repeated = std::mem::replace(&mut repeats, false);
        match next {
            '\\' => escape(&mut rest, &mut to)?,
            '[' => class(&mut rest, &mut to, folds)?,
            '(' => group(&mut rest, &mut to)?,
            '{' => match repetition(&rest)? {
                Some(length) if !repeated => {
                    to.push('{');
                    to.extend(rest.by_ref().take(length));
                    lazy(&mut rest, &mut to);
                    repeats = true;
                }
                Some(_) => return None,
                None => to.push_str("\\{"),
            },
            '*' | '+' | '?' => {
                if repeated {
                    return None;
                }
                to.push(next);
                lazy(&mut rest, &mut to);
                repeats = true;
            }
            ']' | '}' => {
                to.push('\\');
                to.push(next);
            }
            _ => to.push(next),
        }
    }
    Some(to)
}

fn lazy(rest: &mut Peekable<Chars<'_>>, to: &mut String) {
    if rest.next_if_eq(&'?').is_some() {
        to.push('?');
    }
}

/// How long `2}`, `2,}` or `2,3}` is where that is what follows; `None` where Go repeats no such number of times.
fn repetition(rest: &Peekable<Chars<'_>>) -> Option<Option<usize>> {
    let inside: String = rest.clone().take_while(|character| *character != '}').collect();
    let closed = rest.clone().nth(inside.chars().count()) == Some('}');
    let (from, to) = inside.split_once(',').map_or((inside.as_str(), ""), |parts| parts);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !closed || from.is_empty() || !digits(from) || !digits(to) {
        return Some(None);
    }
    let fits = |text: &str| text.is_empty() || text.parse::<u32>().is_ok_and(|number| number <= MOST);
    (fits(from) && fits(to)).then_some(Some(inside.chars().count() + 1))
}

fn group(rest: &mut Peekable<Chars<'_>>, to: &mut String) -> Option<()> {
    to.push('(');
    if rest.next_if_eq(&'?').is_none() {
        return Some(());
    }
    to.push('?');
    while let Some(next) = rest.next() {
        to.push(next);
        match next {
            'i' | 'm' | 's' | 'U' | '-' => {}
            ':' | ')' => return Some(()),
            'P' if rest.peek() == Some(&'<') => {}
            '<' if rest.peek().is_some_and(|next| next.is_ascii_alphanumeric() || *next == '_') => {
                return Some(());
            }
            _ => return None,
        }
    }
    None
}

fn escape(rest: &mut Peekable<Chars<'_>>, to: &mut String) -> Option<()> {
    match rest.next()? {
        'd' => to.push_str("[0-9]"),
        'D' => to.push_str("[^0-9]"),
        'w' => to.push_str("(?-i:[0-9A-Za-z_])"),
        'W' => to.push_str("(?-i:[^0-9A-Za-z_])"),
        's' => to.push_str("[\\t\\n\\x0c\\r ]"),
        'S' => to.push_str("[^\\t\\n\\x0c\\r ]"),
        'b' => to.push_str("(?-u:\\b)"),
        'Q' => {
            let mut literal = String::new();
            while let Some(next) = rest.next() {
                if next == '\\' && rest.next_if_eq(&'E').is_some() {
                    break;
                }
                literal.push(next);
            }
            to.push_str(&regex::escape(&literal));
        }
        same @ ('A' | 'z' | 'p' | 'P' | 'x' | 'a' | 'f' | 't' | 'n' | 'r' | 'v') => {
            same_escape(same, rest, to)
        }
        other if other.is_ascii_punctuation() => to.push_str(&regex::escape(&other.to_string())),
        _ => return None,
    }
    Some(())
}

/// An escape that both have, with its braces.
fn same_escape(name: char, rest: &mut Peekable<Chars<'_>>, to: &mut String) {
    to.push('\\');
    to.push(name);
    if matches!(name, 'p' | 'P' | 'x') && rest.next_if_eq(&'{').is_some() {
        to.push('{');
        for next in rest.by_ref() {
            to.push(next);
            if next == '}' {
                break;
            }
        }
    }
}

fn class(rest: &mut Peekable<Chars<'_>>, to: &mut String, folds: bool) -> Option<()> {
    to.push('[');
    if rest.next_if_eq(&'^').is_some() {
        to.push('^');
    }
    let mut first = true;
    loop {
        let next = rest.next()?;
        match next {
            ']' if !first => {
                to.push(']');
                return Some(());
            }
            '[' if rest.peek() == Some(&':') => {
                to.push('[');
                while let Some(next) = rest.next() {
                    to.push(next);
                    if next == ':' && rest.next_if_eq(&']').is_some() {
                        to.push(']');
                        break;
                    }
                }
            }
            '-' if first || rest.peek() == Some(&']') => to.push_str("\\-"),
            '-' if rest.peek() == Some(&'-') => return None,
            '-' => to.push('-'),
            '\\' => class_escape(rest, to, folds)?,
            '[' | ']' | '&' | '~' | '^' => {
                to.push('\\');
                to.push(next);
            }
            _ => to.push(next),
        }
        first = false;
    }
}

fn class_escape(rest: &mut Peekable<Chars<'_>>, to: &mut String, folds: bool) -> Option<()> {
    match rest.next()? {
        'd' => to.push_str("0-9"),
        'w' if !folds => to.push_str("0-9A-Za-z_"),
        's' => to.push_str("\\t\\n\\x0c\\r "),
        same @ ('p' | 'P' | 'x' | 'a' | 'f' | 't' | 'n' | 'r' | 'v') => same_escape(same, rest, to),
        other if other.is_ascii_punctuation() => {
            to.push('\\');
            to.push(other);
        }
        _ => return None,
    }
    Some(())
}
