//! `CODEOWNERS` as GitHub and GitLab write it: the last line that matches a file says who owns it.

use globset::{GlobBuilder, GlobMatcher};

use super::Owner;
use crate::config::one_of;
use crate::library::Library;

/// Where the file may be.
pub(super) const PLACES: [&str; 5] =
    [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS", ".gitea/CODEOWNERS"];

/// How many lines are read: each is held against each file.
const MOST_LINES: usize = 5_000;

/// The lines of the file, in order.
#[derive(Debug, Default)]
pub(crate) struct CodeOwners {
    lines: Vec<(Vec<GlobMatcher>, Vec<Owner>)>,
}

impl CodeOwners {
    /// Reads the one file that there is.
    ///
    /// # Errors
    ///
    /// Where there is none, there are several (forges differ in which one counts), or a line is not understood.
    pub(crate) fn read(library: &Library) -> Result<Self, String> {
        let mut found = library.files().filter(|(path, _)| PLACES.contains(path));
        let Some((path, file)) = found.next() else {
            return Err(format!(
                "the target branch has no CODEOWNERS; add one as {}",
                one_of(&[".github/CODEOWNERS", "CODEOWNERS"])
            ));
        };
        if let Some((second, _)) = found.next() {
            return Err(format!("there are {path} and {second}; keep one of them"));
        }
        let numbered = (1usize..).zip(file.text.lines());
        let mut lines = Vec::new();
        for (number, line) in
            numbered.filter(|(_, line)| !line.trim().is_empty() && !line.trim().starts_with('#'))
        {
            lines.push(parse(line).map_err(|why| format!("{path}:{number}: {why}"))?);
            if lines.len() > MOST_LINES {
                return Err(format!("{path} has more than {MOST_LINES} lines"));
            }
        }
        Ok(Self { lines })
    }

    /// Who owns a file; nobody where no line matches, or the last that does names nobody.
    pub(crate) fn of(&self, path: &str) -> &[Owner] {
        let line = self.lines.iter().rfind(|(globs, _)| globs.iter().any(|glob| glob.is_match(path)));
        line.map(|(_, owners)| owners.as_slice()).unwrap_or_default()
    }
}

fn parse(line: &str) -> Result<(Vec<GlobMatcher>, Vec<Owner>), String> {
    let mut words = words(line).into_iter();
    let pattern = words.next().unwrap_or_default();
    if line.trim_start().starts_with(['[', '^']) {
        return Err("sections are not supported; write the lines without them".to_owned());
    }
    if pattern.starts_with('!') {
        return Err("a pattern cannot be negated; write a later line that names other owners".to_owned());
    }
    if pattern.contains(".*") || pattern.contains("\\.") || pattern.ends_with('$') {
        return Err(format!("`{pattern}` is a regular expression; write a pattern like `*.yaml`"));
    }
    let globs = globs(&pattern)?;
    let owners =
        words.take_while(|word| !word.starts_with('#')).map(|word| owner(&word)).collect::<Result<_, _>>()?;
    Ok((globs, owners))
}

/// Words between blanks; a backslash keeps a blank.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut characters = line.trim().chars();
    while let Some(character) = characters.next() {
        match (character, words.last_mut()) {
            ('\\', Some(word)) => match characters.next() {
                Some(' ') => word.push(' '),
                next => word.extend(std::iter::once('\\').chain(next)),
            },
            (character, _) if character.is_whitespace() => words.push(String::new()),
            (character, Some(word)) => word.push(character),
            (_, None) => {}
        }
    }
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

fn owner(word: &str) -> Result<Owner, String> {
    match word.strip_prefix('@') {
        Some(name) if name.is_empty() || name.starts_with('@') => Err(format!("`{word}` is nobody")),
        Some(name) if name.contains('/') => Ok(Owner::Team(name.to_owned())),
        Some(name) => Ok(Owner::User(name.to_owned())),
        None if word.contains('@') => Ok(Owner::Address(word.to_owned())),
        None => Err(format!("`{word}` is neither `@user`, `@org/team` nor an address")),
    }
}

/// A pattern as `.gitignore` reads it: with a slash before its end it begins at the root, else it may stand anywhere;
/// a folder means all beneath it, but `docs/*` only what lies in it directly.
fn globs(pattern: &str) -> Result<Vec<GlobMatcher>, String> {
    let folder = pattern.ends_with('/');
    let trimmed = pattern.trim_end_matches('/');
    let anchored = trimmed.contains('/');
    let escape = |c: char| if "[]{}".contains(c) { format!("\\{c}") } else { c.to_string() };
    let body: String = trimmed.trim_start_matches('/').chars().map(escape).collect();
    let body = if anchored { body } else { format!("**/{body}") };
    let mut forms = Vec::new();
    if !folder {
        forms.push(body.clone());
    }
    if anchored && body.ends_with("/*") {
        // Only what lies in the folder directly.
    } else if body.is_empty() || body == "**/" {
        forms.push("**".to_owned());
    } else {
        forms.push(format!("{body}/**"));
    }
    let compile = |form: String| {
        let glob = GlobBuilder::new(&form).literal_separator(true).backslash_escape(true).build();
        glob.map(|glob| glob.compile_matcher()).map_err(|error| format!("`{pattern}`: {}", error.kind()))
    };
    forms.into_iter().map(compile).collect()
}
