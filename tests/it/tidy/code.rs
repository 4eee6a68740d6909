//! Rust's text without what a rule about code must not see. It knows just enough of the lexis for that.

/// The text with comments and the insides of string and character literals left out. Lines stay where they are; a
/// line in the middle of a literal is a lone quote, so that it still counts as code.
pub(super) fn without_comments_and_strings(text: &str) -> String {
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if c == '"' {
            let literal = string(rest, hashes_before(&out));
            out.push('"');
            let inside = rest.get(..literal).unwrap_or(rest);
            inside.matches('\n').for_each(|_| out.push_str("\n\""));
            rest = rest.get(literal..).unwrap_or_default();
            continue;
        } else if c == '\'' {
            character(rest)
        } else {
            0
        };
        if skipped == 0 {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        } else {
            let (gone, left) = rest.split_at_checked(skipped).unwrap_or((rest, ""));
            gone.matches('\n').for_each(|_| out.push('\n'));
            rest = left;
        }
    }
    out
}

/// Bytes of a block comment; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The number of `#` of a raw string that opens after this text; `None` where the string is an ordinary one.
fn hashes_before(out: &str) -> Option<usize> {
    let bare = out.trim_end_matches('#');
    let word = bare.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    matches!(word, "r" | "br" | "cr").then_some(out.len() - bare.len())
}

/// Bytes of a string literal from its opening quote on.
fn string(text: &str, raw: Option<usize>) -> usize {
    if let Some(hashes) = raw {
        let end = format!("\"{}", "#".repeat(hashes));
        return text.get(1..).and_then(|rest| rest.find(&end)).map_or(text.len(), |at| 1 + at + end.len());
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

/// Bytes of a character literal; none for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    let (Some((_, first)), Some((second_at, second))) = (chars.next(), chars.next()) else { return 0 };
    match (first, second) {
        ('\\', _) => {
            let after = second_at + second.len_utf8();
            text.get(after..).and_then(|rest| rest.find('\'')).map_or(0, |at| after + at + 1)
        }
        (_, '\'') => second_at + 1,
        _ => 0,
    }
}

#[test]
fn comments_and_literals_are_left_out_and_lines_stay() {
    #[track_caller]
    fn check(text: &str, code: &str) {
        assert_eq!(without_comments_and_strings(text), code, "{text:?}");
    }
    check("a // b\nc", "a \nc");
    check("a /* b\n/* c */ d */ e", "a \n e");
    check(r#"f("x \" y // z") g"#, r#"f(") g"#);
    check("f(r#\"a \" b\n c\"#) g", "f(r#\"\n\") g");
    check("let b = b\"/*\"; c", "let b = b\"; c");
    check(r"match c { '\'' | '/' | '\u{2f}' => x::<'a>(), }", "match c {  |  |  => x::<'a>(), }");
    check("'\"'; \"'\"", "; \"");
}
