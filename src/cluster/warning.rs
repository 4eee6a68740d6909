//! `Warning` headers, as RFC 9110's predecessor has them and API servers send them: `299 - "text"`, several to a line or to
//! lines of their own. Pure.

/// The texts of one header line.
pub(super) fn texts(line: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = line;
    while let Some((_, opened)) = rest.split_once('"') {
        let (text, after) = unquoted(opened);
        all.push(text);
        // A date may follow, quoted as well.
        let after = after.trim_start();
        rest = after.strip_prefix('"').map_or(after, |date| unquoted(date).1);
    }
    if all.is_empty() && !line.trim().is_empty() {
        // Not as it should be, and still something that is warned of.
        all.push(line.trim().to_owned());
    }
    all
}

/// A quoted text from behind its opening quote, and what follows.
fn unquoted(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    (out, chars.as_str())
}
