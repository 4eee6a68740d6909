//! What is wrong with the syntax of an expression, in plain words and with its place. The parser speaks of its tokens.

use cel::ParseErrors;

use super::expression::ExpressionError;

/// The first thing that is wrong with the syntax.
pub(super) fn syntax(text: &str, errors: &ParseErrors) -> ExpressionError {
    let Some(first) = errors.errors.first() else {
        let message = "this is not an expression".to_owned();
        return ExpressionError { offset: 0, width: text.len(), message, hint: None };
    };
    let number = |value: isize| usize::try_from(value).unwrap_or(0).max(1) - 1;
    let (line, column) = (number(first.pos.0), number(first.pos.1));
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let offset = start + rest.char_indices().nth(column).map_or(rest.trim_end().len(), |(at, _)| at);
    let (message, width) = mistake(&first.msg, text.get(offset..).unwrap_or_default());
    let meant =
        text.get(offset..offset + width).and_then(|found| MEANT.iter().find(|(own, _)| *own == found));
    let hint = meant.map(|(_, meant)| format!("did you mean `{meant}`?"));
    ExpressionError { offset, width, message, hint }
}

/// What other languages write, and what it is here.
const MEANT: [(&str, &str); 6] =
    [("=", "=="), ("&", "&&"), ("|", "||"), ("and", "&&"), ("or", "||"), ("not", "!")];

/// What the parser says, in plain words, and how many bytes are meant. `rest` is the text from its place on.
fn mistake(said: &str, rest: &str) -> (String, usize) {
    let said = said.lines().next().unwrap_or_default().trim_start_matches("Syntax error: ");
    let opened = rest.starts_with(['"', '\'']) || rest.starts_with("r\"") || rest.starts_with("r'");
    if said.starts_with("token recognition error") && opened {
        return ("this text does not end".to_owned(), rest.lines().next().map_or(1, str::len).max(1));
    }
    let word = rest.trim_start();
    let length = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
    let length = if length == 0 { word.chars().next().map_or(0, char::len_utf8) } else { length };
    let found = word.get(..length).unwrap_or_default();
    // `missing ')' at '<EOF>'`
    let missing = said.strip_prefix("missing '").and_then(|said| said.split_once('\'')).map(|(what, _)| what);
    let message = match (missing, found) {
        (Some(what), "") => format!("this expression ends too early: `{what}` is missing"),
        (None, "") => "this expression ends too early".to_owned(),
        (Some(what), found) => format!("`{what}` is missing before `{found}`"),
        (None, found) => format!("`{found}` cannot stand here"),
    };
    (message, found.len().max(1))
}
