//! What a name, a path or a pattern in a policy file may look like. Each check answers with the sentence that
//! belongs in the error.

use globset::{GlobBuilder, GlobMatcher};

use super::error::quoted;

/// The longest pattern that is accepted, in bytes.
const LONGEST_PATTERN: usize = 256;

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

/// Whether a text is one name and not a pattern for many.
pub(super) fn is_plain(pattern: &str) -> bool {
    !pattern.contains(['*', '?', '[', '{', '\\', '!'])
}

pub(super) fn valid_glob(pattern: &str) -> Result<(), String> {
    glob(pattern).map(|_| ())
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
pub(super) fn valid_path(path: &str) -> Result<(), String> {
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
pub(super) fn valid_title(name: &str) -> Result<(), String> {
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
pub(super) fn valid_team(team: &str) -> Result<(), String> {
    valid_login(team)?;
    if team.contains('/') && team.split('/').all(|part| !part.is_empty()) {
        return Ok(());
    }
    Err(format!("{} is not a team like `acme/sre`", quoted(team)))
}

/// A login: one word.
pub(super) fn valid_login(login: &str) -> Result<(), String> {
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
