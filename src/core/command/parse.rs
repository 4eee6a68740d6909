//! Reading a comment: which of its lines are commands, and what they say. A comment with one bad command gives none.

use super::Command;
use super::lines::plain_lines;
use super::verb::{Verb, nearest, verb};
use crate::report::code_span;
use crate::report::is_invisible;

/// Commands that one comment may hold.
pub const MAX_COMMANDS: usize = 5;
/// The longest digest or commit id: 64 digits.
const MAX_PIN: usize = 64;

/// Why the commands of a comment do not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    /// What is wrong and what was probably meant; Markdown-safe.
    pub message: String,
}

/// What a comment says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// Commands to run, in order.
    pub commands: Vec<Command>,
    /// Commands that give way to a safer one of the same comment, each with the reason in words.
    pub dropped: Vec<(Command, String)>,
}

/// All commands of a comment, in order; none when it has none. One bad command and none runs.
///
/// A line with invisible or look-alike characters is refused, never read as if they were not there. The reason of
/// `/hold` is free text: there only characters that hide or reorder text are refused.
pub fn parse(body: &str, bot_login: &str) -> Result<Parsed, Vec<CommandError>> {
    let body = body.replace("\r\n", "\n").replace('\r', "\n");
    if !body.lines().any(could_be) {
        return Ok(Parsed::default());
    }
    let mut commands = Vec::new();
    let mut errors = Vec::new();
    for line in plain_lines(&body) {
        match read(&line, bot_login) {
            None => {}
            Some(Ok(command)) => commands.push(command),
            Some(Err(message)) => errors.push(CommandError { message }),
        }
    }
    let said = commands.len() + errors.len();
    if said > MAX_COMMANDS {
        let message = format!("{said} commands in one comment; at most {MAX_COMMANDS} are read: split them");
        return Err(vec![CommandError { message }]);
    }
    if errors.is_empty() { Ok(settle(commands)) } else { Err(errors) }
}

/// Whether a line is worth reading the whole comment as Markdown.
fn could_be(line: &str) -> bool {
    plainly(line).trim_start().starts_with(['/', '@'])
}

/// One line that a reader sees as plain text: `None` where it is not for this bot.
fn read(line: &str, bot_login: &str) -> Option<Result<Command, String>> {
    let plain = plainly(line);
    let (said, _, form) = addressed(plain.trim(), bot_login)?;
    let known = verb(&said);
    match (known, form) {
        (None, Form::Bare) => None,
        // The same line without its look-alikes would be ours.
        (Some(_) | None, _) if strange(line, known).is_some() => {
            let c = strange(line, known).unwrap_or_default();
            Some(Err(format!(
                "{}: the line holds {} (U+{:04X}), so it was not read; type it again with plain characters",
                code_span(&short(plain.trim())),
                described(c),
                u32::from(c)
            )))
        }
        (None, Form::Prefixed) => Some(Err(unknown(&said))),
        (Some(verb), _) => {
            let (_, rest, _) = addressed(line.trim_matches([' ', '\t']), bot_login)?;
            Some(command(verb, &said.to_ascii_lowercase(), rest))
        }
    }
}

/// How a line speaks to the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `/verb`: other bots have such words too.
    Bare,
    /// `/cs-verb` or `@bot verb`: meant for this one.
    Prefixed,
}

/// The word that is said, what follows it, and how.
fn addressed<'a>(line: &'a str, bot_login: &str) -> Option<(String, &'a str, Form)> {
    if let Some(after) = line.strip_prefix('/') {
        let (word, rest) = split_word(after);
        let prefix = word.get(..3).is_some_and(|prefix| prefix.eq_ignore_ascii_case("cs-"));
        return match word.get(3..) {
            Some(verb) if prefix => Some((verb.to_owned(), rest, Form::Prefixed)),
            Some(_) | None => Some((word.to_owned(), rest, Form::Bare)),
        };
    }
    let (login, rest) = split_word(line.strip_prefix('@')?);
    let bot = bot_login.strip_suffix("[bot]").unwrap_or(bot_login);
    if !login.eq_ignore_ascii_case(bot) && !login.eq_ignore_ascii_case(bot_login) {
        return None;
    }
    let (word, rest) = split_word(rest);
    // `@bot /merge` leaves no doubt either.
    Some((word.strip_prefix('/').unwrap_or(word).to_owned(), rest, Form::Prefixed))
}

fn split_word(text: &str) -> (&str, &str) {
    text.split_once([' ', '\t']).map_or((text, ""), |(word, rest)| (word, rest.trim_matches([' ', '\t'])))
}

fn unknown(said: &str) -> String {
    if said.is_empty() {
        return "the command is missing; `/help` lists them".to_owned();
    }
    let word = code_span(&short(said));
    match nearest(said) {
        Some(near) => format!("there is no command {word}; did you mean `/{near}`?"),
        None => format!("there is no command {word}; `/help` lists them"),
    }
}

fn command(verb: Verb, said: &str, rest: &str) -> Result<Command, String> {
    let arguments: Vec<&str> = rest.split([' ', '\t']).filter(|argument| !argument.is_empty()).collect();
    let alone = |command| match arguments.first() {
        None => Ok(command),
        Some(extra) => {
            Err(format!("`/{said}` takes nothing after it, but {} follows", code_span(&short(extra))))
        }
    };
    match verb {
        Verb::Approve => approve(&arguments),
        Verb::Unapprove => alone(Command::Unapprove),
        Verb::Hold => Ok(Command::Hold { reason: (!rest.is_empty()).then(|| rest.to_owned()) }),
        Verb::Unhold => alone(Command::Unhold),
        Verb::Merge => match arguments.as_slice() {
            [] => Ok(Command::Merge { when_ready: false }),
            [when] if when.eq_ignore_ascii_case("when-ready") => Ok(Command::Merge { when_ready: true }),
            [extra, ..] => Err(format!(
                "`/merge` takes `when-ready` or nothing, not {}",
                code_span(&short(&extra_of(extra, &arguments)))
            )),
        },
        Verb::Cancel => alone(Command::Cancel),
        Verb::Status => alone(Command::Status),
        Verb::Help => alone(Command::Help),
        Verb::Later => Err(format!("`/{said}` is not available in this version; `/help` lists what is")),
        Verb::Apply => Err("`/apply`: this bot never applies; merging is the deploy".to_owned()),
    }
}

/// The argument that is wrong: the second where the first is right.
fn extra_of(first: &str, arguments: &[&str]) -> String {
    if first.eq_ignore_ascii_case("when-ready") {
        arguments.get(1).copied().unwrap_or_default().to_owned()
    } else {
        first.to_owned()
    }
}

fn approve(arguments: &[&str]) -> Result<Command, String> {
    let mut environments: Vec<String> = Vec::new();
    let mut pin: Option<String> = None;
    for argument in arguments {
        if let Some(found) = as_pin(argument)? {
            match &pin {
                Some(first) if *first != found => {
                    return Err(format!(
                        "`/approve` takes one digest or commit, but {first} and {found} are given"
                    ));
                }
                Some(_) | None => pin = Some(found),
            }
        } else if is_environment(argument) {
            if !environments.iter().any(|known| known == argument) {
                environments.push((*argument).to_owned());
            }
        } else {
            return Err(format!(
                "`/approve`: {} is neither an environment's name nor a digest nor a commit",
                code_span(&short(argument))
            ));
        }
    }
    Ok(Command::Approve { environments, pin })
}

/// A digest or a commit, where an argument has the form of one.
fn as_pin(argument: &str) -> Result<Option<String>, String> {
    let lower = argument.to_ascii_lowercase();
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(digits) = lower.strip_prefix("sha256:") {
        return if is_hex(digits) && (8..=MAX_PIN).contains(&digits.len()) {
            Ok(Some(lower))
        } else {
            Err(format!(
                "`/approve`: {} is not a digest: `sha256:` and 8 to 64 hexadecimal digits",
                code_span(&short(argument))
            ))
        };
    }
    if lower.len() < 7 || !is_hex(&lower) {
        return Ok(None);
    }
    if lower.len() > MAX_PIN {
        return Err(format!(
            "`/approve`: {} is longer than any digest or commit",
            code_span(&short(argument))
        ));
    }
    Ok(Some(lower))
}

fn is_environment(name: &str) -> bool {
    let inner =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
    name.bytes().all(inner) && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// The line as an eye would read it: without what is not seen, look-alikes as their plain forms.
fn plainly(line: &str) -> String {
    let plain = line.chars().filter(|c| !is_invisible(*c) && *c != '\u{fe0f}').map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{2044}' | '\u{2215}' | '\u{29f8}' => '/',
        c if c.is_whitespace() => ' ',
        c => c,
    });
    plain.collect()
}

/// The first character of a command line that does not belong there.
fn strange(line: &str, verb: Option<Verb>) -> Option<char> {
    let look_alike =
        |c: char| matches!(c, '\u{ff01}'..='\u{ff5e}' | '\u{2044}' | '\u{2215}' | '\u{29f8}' | '\u{fe0f}');
    let space = |c: char| c.is_whitespace() && !matches!(c, ' ' | '\t');
    let anywhere = |c: &char| is_invisible(*c) || look_alike(*c) || space(*c);
    if verb != Some(Verb::Hold) {
        return line.chars().find(anywhere);
    }
    // Up to the reason as strict as any; within it joiners and wide characters are ordinary writing.
    let reason = line.trim_start_matches([' ', '\t']);
    let head = reason.split([' ', '\t']).next().unwrap_or_default();
    let second = reason.get(head.len()..).unwrap_or_default().trim_start_matches([' ', '\t']);
    let mention = head.starts_with('@');
    let word = if mention { second.split([' ', '\t']).next().unwrap_or_default() } else { "" };
    let joiner = |c: char| {
        matches!(c, '\u{200c}' | '\u{200d}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{fe00}'..='\u{fe0f}')
    };
    let hides = |c: &char| is_invisible(*c) && !joiner(*c);
    head.chars().chain(word.chars()).find(anywhere).or_else(|| line.chars().find(hides))
}

fn described(c: char) -> &'static str {
    match c {
        '\u{ff01}'..='\u{ff5e}' | '\u{2044}' | '\u{2215}' | '\u{29f8}' => "a look-alike character",
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => {
            "a character that changes the direction of text"
        }
        c if c.is_whitespace() => "a space that is not a plain one",
        c if c.is_control() => "a control character",
        _ => "an invisible character",
    }
}

/// At most forty characters.
fn short(text: &str) -> String {
    let mut cut: String = text.chars().take(40).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// Leaves out what a safer command of the same comment forbids, and what is said twice.
fn settle(said: Vec<Command>) -> Parsed {
    let mut parsed = Parsed::default();
    for (at, command) in said.iter().enumerate() {
        let twice = said.iter().take(at).any(|earlier| earlier == command);
        let why = if twice {
            Some("it is said twice")
        } else {
            said.iter().find_map(|other| forbids(other, command))
        };
        match why {
            Some(why) => parsed.dropped.push((command.clone(), why.to_owned())),
            None => parsed.commands.push(command.clone()),
        }
    }
    parsed
}

/// Why a command gives way to another one of the same comment.
fn forbids(safer: &Command, command: &Command) -> Option<&'static str> {
    match (safer, command) {
        (Command::Hold { .. }, Command::Approve { .. } | Command::Merge { .. } | Command::Unhold) => {
            Some("the same comment says `/hold`, and the safer one counts")
        }
        (Command::Cancel, Command::Merge { .. }) => {
            Some("the same comment says `/cancel`, and the safer one counts")
        }
        (Command::Unapprove, Command::Approve { .. }) => {
            Some("the same comment says `/unapprove`, and the safer one counts")
        }
        (Command::Merge { when_ready: false }, Command::Merge { when_ready: true }) => {
            Some("the same comment says `/merge`, which asks for less")
        }
        (
            Command::Approve { .. }
            | Command::Unapprove
            | Command::Hold { .. }
            | Command::Unhold
            | Command::Merge { .. }
            | Command::Cancel
            | Command::Status
            | Command::Help,
            _,
        ) => None,
    }
}
