//! What a policy looks like before it is parsed. The engine's parser reads the first element of a list anew for each
//! bracket around it, and the tree that it makes of a long chain is as deep as the chain is long: some lines of text
//! could keep the program for hours, or use up its stack. So the text is looked through once, token by token, and what
//! nobody writes by hand is refused with its place.

/// How many brackets may be around anything.
const DEEPEST: usize = 32;
/// How many operators, fields and brackets may follow one another in one expression.
const LONGEST: usize = 200;
/// How many lines one body may have.
const MOST: usize = 1_000;
/// How many tokens may be read again: so many for each that there is, and so many in any case.
const AGAIN: (usize, usize) = (3, 50_000);

/// A token, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    /// A name, a number, a text.
    Operand,
    Open,
    /// `(`, behind which nothing is read again.
    Parenthesis,
    Close,
    Comma,
    Semicolon,
    Operator,
}

/// What is inside of a bracket.
struct Level {
    /// How often what is here is read.
    read: usize,
    /// How often what comes behind the first element is read.
    read_later: usize,
    chained: usize,
    lines: usize,
}

/// Where in the text.
#[derive(Clone, Copy)]
struct Place {
    line: usize,
    column: usize,
}

/// Looks through a policy.
///
/// # Errors
///
/// The place where it is too deep, too long or too hard to read, and what to do about it.
pub(super) fn check(path: &str, text: &str) -> Result<(), String> {
    let mut scan = Scan { levels: vec![Level::of(1, 1)], before: None, line: 0, tokens: 0, read: 0 };
    let mut rest = Rest { text, at: Place { line: 1, column: 1 } };
    while let Some((place, token)) = rest.next() {
        scan.take(place, token).map_err(|what| format!("{path}:{}:{}: {what}", place.line, place.column))?;
    }
    Ok(())
}

impl Level {
    const fn of(read: usize, read_later: usize) -> Self {
        Self { read, read_later, chained: 0, lines: 0 }
    }
}

struct Scan {
    levels: Vec<Level>,
    before: Option<Token>,
    /// The line of the token before.
    line: usize,
    tokens: usize,
    read: usize,
}

impl Scan {
    fn take(&mut self, place: Place, token: Token) -> Result<(), String> {
        let after_operand = matches!(self.before, Some(Token::Operand | Token::Close));
        let new_line = place.line > self.line;
        let depth = self.levels.len();
        let Some(level) = self.levels.last_mut() else { return Ok(()) };
        self.tokens += 1;
        self.read = self.read.saturating_add(level.read);
        if self.read > self.tokens.saturating_mul(AGAIN.0).saturating_add(AGAIN.1) {
            return Err("what is here is nested too deep to be read; give its parts names".to_owned());
        }
        match token {
            Token::Open | Token::Parenthesis => {
                if depth > DEEPEST {
                    return Err(format!(
                        "more than {DEEPEST} brackets are around this; give its parts names"
                    ));
                }
                // Behind a name it is an index or the arguments of a call.
                let once = token == Token::Parenthesis || (after_operand && !new_line);
                let again = if once { 1 } else { 2 };
                level.step(after_operand, new_line && after_operand);
                let inner = Level::of(level.read.saturating_mul(again), level.read);
                self.levels.push(inner);
            }
            Token::Close => {
                if depth > 1 {
                    self.levels.pop();
                }
            }
            Token::Operand => level.step(false, new_line && after_operand),
            Token::Operator => level.chained += 1,
            Token::Comma => {
                level.chained = 0;
                level.read = level.read_later;
            }
            Token::Semicolon => level.step(false, true),
        }
        self.before = Some(token);
        self.line = place.line;
        self.levels.last().map_or(Ok(()), |level| level.check(self.levels.len() > 1))
    }
}

impl Level {
    /// Goes on, along a chain or to another line of a body.
    fn step(&mut self, chained: bool, other: bool) {
        if other {
            self.chained = 0;
            self.lines += 1;
        } else if chained {
            self.chained += 1;
        }
    }

    fn check(&self, inner: bool) -> Result<(), String> {
        if self.chained > LONGEST {
            return Err(format!("more than {LONGEST} operators or fields stand in a row here; use a list"));
        }
        if inner && self.lines > MOST {
            return Err(format!("a body has more than {MOST} lines here; make several rules of it"));
        }
        Ok(())
    }
}

/// What is still to be read.
struct Rest<'a> {
    text: &'a str,
    at: Place,
}

impl Rest<'_> {
    /// The next token, and where it begins.
    fn next(&mut self) -> Option<(Place, Token)> {
        loop {
            let first = self.text.chars().next()?;
            if first.is_whitespace() {
                self.skip(first.len_utf8());
            } else if first == '#' {
                self.skip(self.text.find('\n').unwrap_or(self.text.len()));
            } else {
                break;
            }
        }
        let place = self.at;
        let (length, token) = token(self.text);
        self.skip(length.max(1));
        Some((place, token))
    }

    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.text.split_at_checked(length).unwrap_or((self.text, ""));
        match skipped.rsplit_once('\n') {
            Some((lines, last)) => {
                self.at.line += lines.matches('\n').count() + 1;
                self.at.column = last.chars().count() + 1;
            }
            None => self.at.column += skipped.chars().count(),
        }
        self.text = rest;
    }
}

/// The token that a text begins with, and how long it is.
fn token(text: &str) -> (usize, Token) {
    let mut characters = text.char_indices();
    let Some((_, first)) = characters.next() else { return (0, Token::Operator) };
    let token = match first {
        '"' => return (quoted(text), Token::Operand),
        '`' => {
            return (
                text.get(1..).and_then(|rest| rest.find('`')).map_or(text.len(), |end| end + 2),
                Token::Operand,
            );
        }
        '[' | '{' => Token::Open,
        '(' => Token::Parenthesis,
        ']' | '}' | ')' => Token::Close,
        ',' => Token::Comma,
        ';' => Token::Semicolon,
        _ if is_word(first) => {
            let end = characters.find(|(_, next)| !is_word(*next)).map_or(text.len(), |(end, _)| end);
            return (end, word(text.get(..end).unwrap_or_default()));
        }
        _ => Token::Operator,
    };
    (first.len_utf8(), token)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// `in` stands between two operands; other words begin something.
fn word(word: &str) -> Token {
    if word == "in" { Token::Operator } else { Token::Operand }
}

/// How long a text in quotes is.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return at + 1,
            _ => escaped = false,
        }
    }
    text.len()
}
