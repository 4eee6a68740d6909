//! Patterns of schemas as the API server reads them: `\d`, `\w` and `\s` are ASCII there.

use regex::{Regex, RegexBuilder};

/// The longest pattern that is compiled, in bytes.
const LONGEST: usize = 8 << 10;
/// The largest automaton that one pattern may become, in bytes.
const LARGEST: usize = 2 << 20;

/// Compiles a pattern, or says why it cannot be.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST {
        return Err(format!("a pattern is longer than {LONGEST} bytes"));
    }
    let built = RegexBuilder::new(&ascii(pattern)).size_limit(LARGEST).build();
    built.map_err(|error| match matches!(error, regex::Error::CompiledTooBig(_)) {
        true => "a pattern is too large".to_owned(),
        false => format!("a pattern cannot be used: {}", crate::config::quoted(pattern)),
    })
}

fn ascii(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let (mut escaped, mut class, mut opened) = (false, false, 0);
    for c in pattern.chars() {
        if escaped {
            escaped = false;
            match (c, class) {
                ('d', true) => text.push_str("0-9"),
                ('w', true) => text.push_str("0-9A-Za-z_"),
                ('s', true) => text.push_str(r"\t\n\f\r "),
                ('d', false) => text.push_str("[0-9]"),
                ('w', false) => text.push_str("[0-9A-Za-z_]"),
                ('s', false) => text.push_str(r"[\t\n\f\r ]"),
                ('D', _) => text.push_str("[^0-9]"),
                ('W', _) => text.push_str("[^0-9A-Za-z_]"),
                ('S', _) => text.push_str(r"[^\t\n\f\r ]"),
                ('b' | 'B', false) => {
                    text.push_str(if c == 'b' { r"(?-u:\b)" } else { r"\B" });
                }
                // What this engine does not know as an escape is the character itself to others.
                ('/' | '"' | '\'' | ',' | '@' | ':' | ';' | '=' | '!' | '%' | '<' | '>' | '`' | '_', _) => {
                    text.push(c);
                }
                _ => {
                    text.push('\\');
                    text.push(c);
                }
            }
            continue;
        }
        match c {
            '\\' => {
                escaped = true;
                continue;
            }
            // Inside a class, a bracket that opens no named class is itself; so is what this engine takes for sets.
            '[' if class => text.push_str(r"\["),
            '&' | '~' if class => {
                text.push('\\');
                text.push(c);
            }
            '[' => {
                class = true;
                text.push(c);
                opened = text.len();
            }
            ']' => {
                class = class && text.get(opened..).is_some_and(|inner| matches!(inner, "" | "^"));
                text.push_str(if class { r"\]" } else { "]" });
            }
            _ => text.push(c),
        }
    }
    if escaped {
        text.push('\\');
    }
    text
}
