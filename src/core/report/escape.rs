//! Making text harmless: in Markdown and HTML, in a terminal. Text that a user wrote passes through here once, on its
//! way out. Nothing here judges text or shortens it.

use std::fmt::Write as _;

/// What an empty code span would be; Markdown has none.
const EMPTY_CODE: &str = "<code></code>";

/// A fenced block whose fence is longer than any run of backticks inside.
pub fn fence(language: &str, body: &str) -> String {
    let language: String =
        language.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+')).collect();
    let body = visible_lines(body);
    let ticks = "`".repeat(longest_run(&body, '`').max(2) + 1);
    let end = if body.is_empty() || body.ends_with('\n') { "" } else { "\n" };
    format!("{ticks}{language}\n{body}{end}{ticks}")
}

/// An inline code span that its content cannot leave, also inside table cells. Text with a pipe becomes a `<code>`
/// element, since no code span shows a pipe both inside and outside of a table.
pub fn code_span(text: &str) -> String {
    let text = visible(text);
    if text.trim().is_empty() {
        return EMPTY_CODE.to_owned();
    }
    if text.contains('|') {
        return format!("<code>{}</code>", inert(&text));
    }
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    let touches = text.starts_with('`') || text.ends_with('`');
    let stripped = text.starts_with(' ') && text.ends_with(' ');
    let pad = if touches || stripped { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// Text without Markdown, HTML, mentions, references or invisible characters: safe in a paragraph or a table cell.
///
/// References are broken by `&#8203;`, a space without width: an entity alone (`&#64;team`) would not do, since forges
/// look for mentions after the Markdown is read.
pub fn inert(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = None;
    // Four blanks at the start would be a block of code.
    let words = text.trim_start();
    if words.len() < text.len() {
        out.push(' ');
    }
    let mut rest = words.chars();
    while let Some(c) = rest.next() {
        let after = rest.as_str();
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '#' | '!' if begins(&out) || starts_word(after) => {
                out.push('\\');
                out.push(c);
                out.push_str(BREAK);
            }
            '-' | '+' | '=' | '/' | '#' | '!' if begins(&out) => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if only_digits(out.trim_start()) => {
                out.push('\\');
                out.push(c);
            }
            '@' | '%' if starts_word(after) => {
                out.push(c);
                out.push_str(BREAK);
            }
            ':' if after.starts_with("//") || starts_emoji(after) => {
                out.push(':');
                out.push_str(BREAK);
            }
            '-' if is_key(&out) && starts_digit(after) => {
                out.push('-');
                out.push_str(BREAK);
            }
            '.' if before.is_some_and(char::is_alphanumeric) && ends_with_www(&out) => {
                out.push_str(BREAK);
                out.push('.');
            }
            _ => out.push(c),
        }
        before = Some(c);
    }
    out
}

/// Text for HTML, as content or as an attribute's value in quotes: no tag, no entity, one line, nothing that hides or
/// reorders. References are not broken: nobody looks for them in a page of ours.
pub(super) fn html_text(text: &str) -> String {
    html_escaped(&visible(text))
}

/// The same, where lines stay lines.
pub(super) fn html_lines(text: &str) -> String {
    html_escaped(&visible_lines(text))
}

fn html_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// The same as [`inert`] where HTML stands and Markdown is not read: within a `<summary>`.
pub(crate) fn inert_html(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(c),
        }
        if matches!(c, '@' | '#' | '!' | '%' | '~' | '$') && starts_word(rest.as_str())
            || c == ':' && (rest.as_str().starts_with("//") || starts_emoji(rest.as_str()))
        {
            out.push_str(BREAK);
        }
    }
    out
}

/// A sentence of ours that quotes names in backticks: the quoted parts become code spans, everything else is inert.
/// Whatever a name holds, the worst it can do is to move where a code span begins.
pub fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((plain, tail)) = rest.split_once('`') {
        let Some((quoted, tail)) = tail.split_once('`') else { break };
        out.push_str(&inert_within(plain, out.is_empty()));
        out.push_str(&code_span(quoted));
        rest = tail;
    }
    out.push_str(&inert_within(rest, out.is_empty()));
    out
}

/// Text for a terminal: one line, no escape sequence, nothing that hides or reorders.
pub fn terminal_safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\t' { out.push(' ') } else { push_visible(&mut out, c) }
    }
    out
}

/// Whether a character is not seen, or changes how its neighbours are seen. Spaces and line ends are not among them.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

const BREAK: &str = "&#8203;";

fn inert_within(text: &str, first: bool) -> String {
    if first || text.is_empty() {
        return inert(text);
    }
    // What only means something at the start of a block is spared where something stands before it.
    let mut chars = text.chars();
    match chars.next() {
        Some(c @ ('-' | '+' | '=' | '/')) => format!("{c}{}", inert_within(chars.as_str(), false)),
        _ => inert(text),
    }
}

/// One line, with everything invisible written out.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' if rest.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\t' => out.push(' '),
            _ => push_visible(&mut out, c),
        }
    }
    out
}

/// Lines stay lines.
fn visible_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' if rest.peek() == Some(&'\n') => {}
            '\n' | '\r' => out.push('\n'),
            '\t' => out.push('\t'),
            _ => push_visible(&mut out, c),
        }
    }
    out
}

fn push_visible(out: &mut String, c: char) {
    if is_invisible(c) || matches!(c, '\n' | '\r') {
        // Writing to a String does not fail.
        let _ = write!(out, "‹U+{:04X}›", u32::from(c));
    } else {
        out.push(c);
    }
}

pub(crate) fn longest_run(text: &str, of: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == of { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

fn starts_word(text: &str) -> bool {
    text.chars().next().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '"'))
}

fn starts_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// `:tada:`, seen from behind its first colon.
fn starts_emoji(text: &str) -> bool {
    let name = text.split_once(':').map_or("", |(name, _)| name);
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'));
    plain
        && (name.contains(|c: char| c.is_ascii_alphabetic()) || matches!(name, "+1" | "-1" | "100" | "1234"))
}

/// Whether what comes next begins a line, as Markdown sees it: it minds no blanks before.
fn begins(text: &str) -> bool {
    text.trim_start().is_empty()
}

fn only_digits(text: &str) -> bool {
    !text.is_empty() && text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether text ends in what an issue key begins with: `GH`, `PROJ`.
fn is_key(text: &str) -> bool {
    let key = text.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_uppercase())
}

fn ends_with_www(text: &str) -> bool {
    let start = text.len().saturating_sub(3);
    text.get(start..).is_some_and(|tail| tail.eq_ignore_ascii_case("www"))
}
