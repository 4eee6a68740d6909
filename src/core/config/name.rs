//! What a name, a path or a pattern in a policy file may look like. Each check answers with the sentence that
//! belongs in the error.

use globset::{GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};

use super::error::quoted;

/// The longest pattern that is accepted, in bytes.
const LONGEST_PATTERN: usize = 256;

/// How much memory an expression may take, in bytes.
const LARGEST_EXPRESSION: usize = 1 << 20;

/// A pattern: `*` stays within one part of a path, `**` crosses parts, `{a,b}` and `[ab]` choose.
///
/// Fails with the sentence that says what is wrong with it.
pub(crate) fn glob(pattern: &str) -> Result<GlobMatcher, String> {
    if pattern.len() > LONGEST_PATTERN {
        return Err(format!("this pattern is longer than {LONGEST_PATTERN} bytes"));
    }
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| format!("{} is not a pattern: {}", quoted(pattern), error.kind()))
}

/// A regular expression that may match anywhere, in linear time.
///
/// Fails with the sentence that says what is wrong with it.
pub(crate) fn expression(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST_PATTERN {
        return Err(format!("this expression is longer than {LONGEST_PATTERN} bytes"));
    }
    RegexBuilder::new(pattern).size_limit(LARGEST_EXPRESSION).build().map_err(|error| {
        let error = error.to_string();
        let why = error.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
        format!("{} is not a regular expression: {why}", quoted(pattern))
    })
}

pub(crate) fn valid_expression(pattern: &str) -> Result<(), String> {
    expression(pattern).map(|_| ())
}

/// An organization or a group: one word, or several with slashes in between.
pub(crate) fn valid_group(name: &str) -> Result<(), String> {
    valid_login(name)?;
    if name.split('/').all(|part| !part.is_empty()) {
        return Ok(());
    }
    Err(format!("{} is not a name like `acme`", quoted(name)))
}

/// Any text that is one line.
pub(crate) fn valid_line(text: &str) -> Result<(), String> {
    if text.len() <= LONGEST_PATTERN && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(format!("{} is not one line of at most {LONGEST_PATTERN} bytes", quoted(text)))
}

/// The long id of an OpenPGP key, or its fingerprint.
pub(crate) fn valid_key(id: &str) -> Result<(), String> {
    if matches!(id.len(), 16 | 40 | 64) && id.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(format!("{} is not the id of an OpenPGP key: 16 hexadecimal digits, or its fingerprint", quoted(id)))
}

/// Whether a text is one name and not a pattern for many.
pub(super) fn is_plain(pattern: &str) -> bool {
    !pattern.contains(['*', '?', '[', '{', '\\', '!'])
}

pub(super) fn valid_glob(pattern: &str) -> Result<(), String> {
    glob(pattern).map(|_| ())
}

/// A pattern for paths of fields: `*` crosses dots, and brackets stand for themselves, as in `spec.containers[name=web]`.
pub(crate) fn field(pattern: &str) -> Result<GlobMatcher, String> {
    if pattern.len() > LONGEST_PATTERN {
        return Err(format!("this pattern is longer than {LONGEST_PATTERN} bytes"));
    }
    let literal = pattern.replace('[', "\\[").replace(']', "\\]");
    GlobBuilder::new(&literal)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| format!("{} is not a pattern: {}", quoted(pattern), error.kind()))
}

pub(super) fn valid_field(pattern: &str) -> Result<(), String> {
    field(pattern).map(|_| ())
}

/// `group/kind`, with a pattern on either side; `/Pod` for the core group.
pub(super) fn valid_kind(pattern: &str) -> Result<(), String> {
    valid_glob(pattern)?;
    match pattern.split_once('/') {
        Some((_, kind)) if !kind.is_empty() && !kind.contains('/') => Ok(()),
        _ => Err(format!(
            "{} is not `group/kind`, like `apps/Deployment`, `rbac.authorization.k8s.io/*` or `/Pod`",
            quoted(pattern)
        )),
    }
}

/// A path or pattern below the root of the tree.
pub(crate) fn valid_path(path: &str) -> Result<(), String> {
    valid_glob(path)?;
    let outside = path.starts_with(['/', '-']) || path.contains('\\') || path.chars().any(char::is_control);
    if outside || path.split('/').any(|part| part == "..") {
        return Err(format!("{} is not a path below the root of the repository", quoted(path)));
    }
    Ok(())
}

/// A path that is one path.
pub(super) fn valid_plain_path(path: &str) -> Result<(), String> {
    valid_path(path)?;
    if is_plain(path) { Ok(()) } else { Err(format!("{} is a pattern; one path belongs here", quoted(path))) }
}

/// The name of an environment: `[a-z0-9][a-z0-9._-]*`, at most 63 characters.
pub(super) fn valid_environment(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    if name.len() <= 63 && !name.starts_with(['.', '_', '-']) && !name.is_empty() && name.chars().all(allowed)
    {
        return Ok(());
    }
    Err(format!(
        "{} is not a name for an environment: lower-case letters, digits, `.`, `_` and `-`, a letter or digit first, \
         at most 63",
        quoted(name)
    ))
}

/// The name of a rule or check: one line that can stand in backticks.
pub(crate) fn valid_title(name: &str) -> Result<(), String> {
    let bad = |c: char| {
        c.is_control() || matches!(c, '`' | '"' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
    };
    if name.chars().count() <= 80 && name.trim() == name && !name.chars().any(bad) {
        return Ok(());
    }
    Err(format!(
        "{} is not a name: one line of at most 80 characters, without quotes, backticks or blanks at the ends",
        quoted(name)
    ))
}

/// A namespace, a release, a cluster, a field manager: a word that no program takes for an option.
pub(super) fn valid_word(word: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '/');
    if word.len() <= 128 && word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.chars().all(allowed)
    {
        return Ok(());
    }
    Err(format!(
        "{} is not a name: letters, digits, `.`, `_`, `-`, `:` and `/`, a letter or digit first",
        quoted(word)
    ))
}

/// A version of Kubernetes: `1.35`, or `1.35.2`.
pub(super) fn valid_kubernetes(version: &str) -> Result<(), String> {
    let mut parts = version.split('.');
    let is_number =
        |part: &str| part.len() <= 4 && !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (major, rest) = (parts.next(), parts.clone().count());
    if major == Some("1") && (1..=2).contains(&rest) && parts.all(is_number) {
        return Ok(());
    }
    Err(format!("{} is not a version of Kubernetes, like `1.35`", quoted(version)))
}

/// A namespace or release as Kubernetes and Helm accept it.
pub(super) fn valid_label(word: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if word.len() <= 63 && word.starts_with(ends) && word.ends_with(ends) && word.chars().all(allowed) {
        return Ok(());
    }
    Err(format!(
        "{} is not a name that Kubernetes accepts: lower-case letters, digits and `-`, at most 63",
        quoted(word)
    ))
}

/// `org/team`, with groups in between where the forge has them.
pub(crate) fn valid_team(team: &str) -> Result<(), String> {
    valid_login(team)?;
    if team.contains('/') && team.split('/').all(|part| !part.is_empty()) {
        return Ok(());
    }
    Err(format!("{} is not a team like `acme/sre`", quoted(team)))
}

/// A login: one word.
pub(crate) fn valid_login(login: &str) -> Result<(), String> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '`' | '"' | ',');
    if login.len() <= 255 && !login.contains(bad) {
        return Ok(());
    }
    Err(format!("{} is not a login; write it without `@` and blanks", quoted(login)))
}

/// `Kind:path`, or a path everywhere.
pub(super) fn valid_mask(path: &str) -> Result<(), String> {
    if path.len() > LONGEST_PATTERN || path.chars().any(char::is_control) {
        return Err(format!("{} is not a path like `ConfigMap:data.password`", quoted(path)));
    }
    match path.split_once(':') {
        Some((kind, rest)) if kind.is_empty() || rest.is_empty() => {
            Err(format!("{} is not a path like `ConfigMap:data.password`", quoted(path)))
        }
        Some(_) | None => Ok(()),
    }
}
