//! Regular expressions as Go reads them, said in the words of this program's engine. Both match in linear time; where
//! their words differ (`\d`, `\Q…\E`, what a class may hold), the meaning in Go is kept.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

/// The most that one repetition may ask for, as in Go.
const MOST_REPEATS: u32 = 1000;

/// How much memory an expression may take, in bytes.
const LARGEST: usize = 16 << 20;

/// How deep groups may nest.
const DEEPEST: usize = 200;

/// A pattern of a policy: an expression that may match anywhere in a text, or a glob over all of it.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As the policy has it.
    pub written: String,
    /// The same as this program's expressions are written.
    pub expression: String,
    compiled: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written && self.expression == other.expression
    }
}

impl Pattern {
    /// Reads an expression of Go's. Fails with the sentence that says what is wrong with it.
    pub fn expression(written: &str) -> Result<Self, String> {
        Self::compile(written, translate(written)?)
    }

    pub(super) fn compile(written: &str, expression: String) -> Result<Self, String> {
        let compiled = RegexBuilder::new(&expression).size_limit(LARGEST).build();
        let compiled = compiled.map_err(|error| {
            let error = error.to_string();
            let why = error.lines().last().unwrap_or_default().trim();
            format!("it cannot be read: {}", why.trim_start_matches("error: "))
        })?;
        Ok(Self { written: written.to_owned(), expression, compiled })
    }

    /// Whether it matches.
    pub fn matches(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }
}

/// What stood before, as far as a repetition asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing that can be repeated.
    Nothing,
    /// Something that can.
    Item,
    /// Something that is repeated already.
    Repeated,
}

struct Translator<'p> {
    rest: Peekable<Chars<'p>>,
    said: String,
    before: Before,
    /// How many groups are open.
    open: usize,
}

/// An expression of Go's in our words; else what is wrong with it.
fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator {
        rest: pattern.chars().peekable(),
        said: String::with_capacity(pattern.len()),
        before: Before::Nothing,
        open: 0,
    };
    while let Some(next) = translator.rest.next() {
        translator.one(next)?;
    }
    match translator.open {
        0 => Ok(translator.said),
        _ => Err("a group is not closed".to_owned()),
    }
}

impl Translator<'_> {
    fn item(&mut self, said: &str) {
        self.said.push_str(said);
        self.before = Before::Item;
    }

    fn literal(&mut self, c: char) {
        let said = literal(c);
        self.item(&said);
    }

    fn one(&mut self, next: char) -> Result<(), String> {
        match next {
            '\\' => self.escape(),
            '[' => {
                let class = self.class()?;
                self.item(&class);
                Ok(())
            }
            '(' => self.group(),
            ')' => {
                self.open = self.open.checked_sub(1).ok_or("a `)` has no `(`")?;
                self.item(")");
                Ok(())
            }
            '|' => {
                self.said.push('|');
                self.before = Before::Nothing;
                Ok(())
            }
            '*' | '+' | '?' => self.repeat(&next.to_string()),
            '{' => match self.bounds()? {
                Some(bounds) => self.repeat(&bounds),
                None => {
                    self.literal('{');
                    Ok(())
                }
            },
            '.' | '^' | '$' => {
                self.item(&next.to_string());
                Ok(())
            }
            other => {
                self.literal(other);
                Ok(())
            }
        }
    }

    fn repeat(&mut self, how: &str) -> Result<(), String> {
        match self.before {
            Before::Nothing => return Err(format!("`{how}` repeats nothing")),
            Before::Repeated => return Err(format!("`{how}` repeats what is repeated already")),
            Before::Item => {}
        }
        self.said.push_str(how);
        if self.rest.next_if_eq(&'?').is_some() {
            self.said.push('?');
        }
        self.before = Before::Repeated;
        Ok(())
    }

    /// `{n}`, `{n,}`, `{n,m}` after its brace; `None` where the brace stands for itself.
    fn bounds(&mut self) -> Result<Option<String>, String> {
        let inner: String = self.rest.clone().take_while(|c| *c != '}').take(32).collect();
        if self.rest.clone().nth(inner.chars().count()) != Some('}') {
            return Ok(None);
        }
        let (least, most) = inner.split_once(',').map_or((inner.as_str(), None), |(a, b)| (a, Some(b)));
        let digits = |text: &str| {
            let plain = text == "0" || !text.starts_with('0');
            !text.is_empty() && plain && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(least) || most.is_some_and(|most| !most.is_empty() && !digits(most)) {
            return Ok(None);
        }
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number <= MOST_REPEATS);
        let low = number(least).ok_or_else(|| format!("`{{{inner}}}` asks for more than {MOST_REPEATS}"))?;
        if let Some(most) = most.filter(|most| !most.is_empty()) {
            let high = number(most).filter(|high| *high >= low);
            high.ok_or_else(|| format!("`{{{inner}}}` is no count of repetitions"))?;
        }
        // What was looked at ahead, and the brace that closes it.
        let length = inner.chars().count();
        self.skip(length + 1);
        Ok(Some(format!("{{{inner}}}")))
    }

    fn group(&mut self) -> Result<(), String> {
        self.open += 1;
        if self.open > DEEPEST {
            return Err(format!("groups nest deeper than {DEEPEST}"));
        }
        self.before = Before::Nothing;
        if self.rest.next_if_eq(&'?').is_none() {
            self.said.push_str("(?:");
            return Ok(());
        }
        let head: String = self.rest.clone().take_while(|c| !matches!(c, ')' | ':' | '<')).collect();
        match self.rest.clone().nth(head.chars().count()) {
            Some('<') if head.is_empty() || head == "P" => {
                self.skip(head.chars().count());
                self.rest.next();
                self.name()
            }
            Some(end @ (')' | ':')) if flags(&head, end) => {
                self.skip(head.chars().count() + 1);
                // A repetition after `(?i)` would mean what stands before it.
                if end == ')' {
                    self.open -= 1;
                    if head.is_empty() {
                        return Ok(());
                    }
                }
                let _ = write!(self.said, "(?{head}{end}");
                Ok(())
            }
            _ => Err(format!("`(?{}` begins no group", head.chars().take(20).collect::<String>())),
        }
    }

    fn name(&mut self) -> Result<(), String> {
        let name = self.until('>').unwrap_or_default();
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(sound) {
            return Err(format!("`{name}` is no name of a group"));
        }
        self.said.push_str("(?:");
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(next) = self.rest.next() else { return Err("it ends in a `\\`".to_owned()) };
        match next {
            'A' => self.item(r"\A"),
            'z' => self.item(r"\z"),
            'b' => self.item(r"(?-u:\b)"),
            'B' => self.item(r"(?-u:\B)"),
            'Q' => self.quoted(),
            'p' | 'P' => {
                let said = self.property(next == 'P')?;
                self.item(&said);
            }
            _ => match perl(next) {
                Some(class) => self.item(class),
                None => {
                    let c = self.escaped(next)?;
                    self.literal(c);
                }
            },
        }
        Ok(())
    }

    fn quoted(&mut self) {
        while let Some(next) = self.rest.next() {
            if next == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.literal(next);
        }
    }

    /// `\pL`, `\p{Greek}`, `\p{^Greek}` after the letter.
    fn property(&mut self, negated: bool) -> Result<String, String> {
        let name = match self.rest.next() {
            Some('{') => self.until('}').unwrap_or_default(),
            Some(letter) => letter.to_string(),
            None => String::new(),
        };
        let (name, turned) = match name.strip_prefix('^') {
            Some(name) => (name, true),
            None => (name.as_str(), false),
        };
        let sound = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !sound {
            return Err(format!("there is no class `{name}` of characters"));
        }
        Ok(format!("\\{}{{{name}}}", if negated == turned { 'p' } else { 'P' }))
    }

    /// The character that an escape stands for, after its first letter.
    fn escaped(&mut self, first: char) -> Result<char, String> {
        let wrong = || format!("`\\{first}` means nothing in an expression");
        match first {
            'a' => Ok('\u{7}'),
            'f' => Ok('\u{c}'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\u{b}'),
            'x' => self.hexadecimal(),
            '0'..='7' => {
                let octal = |c: &char| ('0'..='7').contains(c);
                if first != '0' && self.rest.peek().is_none_or(|c| !octal(c)) {
                    return Err(format!("`\\{first}` refers back, which expressions here cannot"));
                }
                let mut value = first.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    if let Some(digit) = self.rest.next_if(octal) {
                        value = value * 8 + digit.to_digit(8).unwrap_or_default();
                    }
                }
                char::from_u32(value).ok_or_else(wrong)
            }
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c),
            _ => Err(wrong()),
        }
    }

    fn hexadecimal(&mut self) -> Result<char, String> {
        let digits = match self.rest.next_if_eq(&'{') {
            Some(_) => self.until('}'),
            None => Some(self.rest.by_ref().take(2).collect()).filter(|digits: &String| digits.len() == 2),
        };
        let sound = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let value = sound.and_then(|digits| u32::from_str_radix(&digits, 16).ok());
        value
            .and_then(char::from_u32)
            .ok_or_else(|| "`\\x` is followed by no number of a character".to_owned())
    }

    fn skip(&mut self, count: usize) {
        self.rest.by_ref().take(count).for_each(|_| ());
    }

    /// Everything before the next `end`, which is taken too; `None` where there is none.
    fn until(&mut self, end: char) -> Option<String> {
        let mut text = String::new();
        loop {
            match self.rest.next()? {
                c if c == end => return Some(text),
                c => text.push(c),
            }
        }
    }

    /// What stands between brackets, after the first.
    fn class(&mut self) -> Result<String, String> {
        let mut said = String::from("[");
        if self.rest.next_if_eq(&'^').is_some() {
            said.push('^');
        }
        let mut first = true;
        loop {
            let open = || "a `[` is not closed".to_owned();
            let next = self.rest.next().ok_or_else(open)?;
            match next {
                ']' if !first => break,
                '[' if self.rest.peek() == Some(&':') && self.named_class(&mut said)? => {}
                '\\' if self.rest.peek().is_some_and(|c| matches!(c, 'p' | 'P')) => {
                    let negated = self.rest.next() == Some('P');
                    said.push_str(&self.property(negated)?);
                }
                '\\' if self.rest.peek().is_some_and(|c| perl(*c).is_some()) => {
                    said.push_str(self.rest.next().and_then(perl).unwrap_or_default());
                }
                _ => self.range(next, &mut said)?,
            }
            first = false;
        }
        said.push(']');
        Ok(said)
    }

    /// `[:alpha:]` after its first bracket; false where that bracket stands for itself.
    fn named_class(&mut self, said: &mut String) -> Result<bool, String> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
            "space", "upper", "word", "xdigit",
        ];
        let ahead: String = self.rest.clone().skip(1).take(64).collect();
        let Some((name, _)) = ahead.split_once(":]") else { return Ok(false) };
        if !NAMES.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err(format!("there is no class `[:{name}:]` of characters"));
        }
        self.skip(name.chars().count() + 3);
        let _ = write!(said, "[:{name}:]");
        Ok(true)
    }

    fn range(&mut self, next: char, said: &mut String) -> Result<(), String> {
        let low = self.class_char(next)?;
        said.push_str(&literal(low));
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || ahead.next().is_none_or(|c| c == ']') {
            return Ok(());
        }
        self.rest.next();
        let next = self.rest.next().unwrap_or_default();
        let high = self.class_char(next)?;
        if high < low {
            return Err(format!("`{low}-{high}` is no range of characters"));
        }
        let _ = write!(said, "-{}", literal(high));
        Ok(())
    }

    fn class_char(&mut self, next: char) -> Result<char, String> {
        match next {
            '\\' => {
                let first = self.rest.next().ok_or("it ends in a `\\`")?;
                self.escaped(first)
            }
            other => Ok(other),
        }
    }
}

/// Whether these are flags of Go's: of `imsU`, before a `-` those that are set, after it those that are not.
fn flags(head: &str, end: char) -> bool {
    let mut parts = head.split('-');
    let sound = |part: &str| part.chars().all(|c| "imsU".contains(c));
    let (set, unset, more) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let unset_is_sound = unset.is_none_or(|unset| !unset.is_empty() && sound(unset));
    let distinct = |part: &str| part.chars().enumerate().all(|(at, c)| part.chars().take(at).all(|o| o != c));
    let disjoint = unset.is_none_or(|unset| unset.chars().all(|c| !set.contains(c)));
    sound(set)
        && unset_is_sound
        && more.is_none()
        && distinct(set)
        && unset.is_none_or(distinct)
        && disjoint
        && matches!(end, ')' | ':')
}

/// The classes of Perl, which know nothing but ASCII in Go.
const fn perl(letter: char) -> Option<&'static str> {
    match letter {
        'd' => Some("[0-9]"),
        'D' => Some("[^0-9]"),
        's' => Some(r"[\t\n\f\r ]"),
        'S' => Some(r"[^\t\n\f\r ]"),
        'w' => Some("[0-9A-Za-z_]"),
        'W' => Some("[^0-9A-Za-z_]"),
        _ => None,
    }
}

/// A character that stands for itself, anywhere in an expression.
pub(super) fn literal(c: char) -> String {
    match c {
        c if c.is_ascii_alphanumeric()
            || matches!(c, '/' | '_' | ' ' | ',' | ':' | '@' | '=' | '%' | '"' | '\'') =>
        {
            c.to_string()
        }
        c if c.is_ascii_punctuation() => format!("\\{c}"),
        c if c.is_control() || c.is_whitespace() => format!("\\x{{{:x}}}", u32::from(c)),
        c => c.to_string(),
    }
}
