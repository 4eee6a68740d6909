//! Predicates. Each becomes a condition that is the same, or one that nobody can tell.

use super::people::{People, people};
use super::words::{list, text};
use super::{Departure, Kind};
use crate::config::{CONCLUSIONS, valid_expression, valid_key, valid_line, valid_path};
use crate::policybot::expression::Pattern;
use crate::policybot::model::{
    Actors, Asks, Comparison, Ended, Files, ModifiedLines, Predicate, TextTest, Than,
};

/// A condition, as it is written here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// It always holds.
    Always,
    /// It never does.
    Never,
    /// `key = value`.
    One(String),
    /// All of these.
    All(Vec<Condition>),
    /// One of these.
    Any(Vec<Condition>),
}

impl Condition {
    /// Nobody can tell it, for this reason.
    pub(super) fn unknown(why: &str) -> Self {
        Self::One(format!("unknown = {}", text(why)))
    }

    /// All of these hold.
    pub(super) fn all(parts: Vec<Self>) -> Self {
        if parts.contains(&Self::Never) {
            return Self::Never;
        }
        let mut parts: Vec<Self> = parts.into_iter().filter(|part| *part != Self::Always).collect();
        match (parts.pop(), parts.is_empty()) {
            (None, _) => Self::Always,
            (Some(only), true) => only,
            (Some(last), false) => {
                parts.push(last);
                Self::All(parts)
            }
        }
    }

    /// One of these does.
    pub(super) fn any(parts: Vec<Self>) -> Self {
        if parts.contains(&Self::Always) {
            return Self::Always;
        }
        let mut parts: Vec<Self> = parts.into_iter().filter(|part| *part != Self::Never).collect();
        parts.dedup();
        match (parts.pop(), parts.is_empty()) {
            (None, _) => Self::Never,
            (Some(only), true) => only,
            (Some(last), false) => {
                parts.push(last);
                Self::Any(parts)
            }
        }
    }

    /// It as a table, the parts of a list below each other.
    pub(super) fn lines(&self) -> String {
        let each = |key: &str, parts: &[Self]| {
            let parts: Vec<String> = parts.iter().map(|part| format!("    {},\n", part.table())).collect();
            format!("{{ {key} = [\n{}] }}", parts.concat())
        };
        match self {
            Self::All(parts) => each("all", parts),
            Self::Any(parts) => each("any", parts),
            Self::Always | Self::Never | Self::One(_) => self.table(),
        }
    }

    /// It as a table on one line.
    pub(super) fn table(&self) -> String {
        let all = |parts: &[Self]| parts.iter().map(Self::table).collect::<Vec<_>>().join(", ");
        match self {
            Self::Always => "{ any = [{ draft = true }, { draft = false }] }".to_owned(),
            Self::Never => "{ all = [{ draft = true }, { draft = false }] }".to_owned(),
            Self::One(said) => format!("{{ {said} }}"),
            Self::All(parts) => format!("{{ all = [{}] }}", all(parts)),
            Self::Any(parts) => format!("{{ any = [{}] }}", all(parts)),
        }
    }
}

/// Where a predicate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `if` of a rule.
    If,
    /// `requires.conditions` of a rule.
    Conditions,
    /// `if` of `disapproval`.
    Disapproval,
}

impl Place {
    /// What becomes of whatever asks what nobody can tell.
    const fn waits(self) -> &'static str {
        match self {
            Self::If => "whether the rule applies cannot be told here, so it waits",
            Self::Conditions => "the rule waits for it",
            Self::Disapproval => "every change waits for it",
        }
    }
}

/// Translates a predicate.
pub(super) fn condition(predicate: &Predicate, place: Place, departures: &mut Vec<Departure>) -> Condition {
    let Predicate { key, line, asks } = predicate;
    let mut depart = |kind, what| departures.push(Departure { kind, line: *line, what });
    if let Asks::HasStatus(_) = asks {
        depart(
            Kind::Differs,
            format!(
                "`{key}`: where several apps set one status, all must have ended well; to policy-bot the newest"
            ),
        );
    }
    if let Asks::HasWorkflowResult(_) = asks {
        depart(
            Kind::Differs,
            format!(
                "`{key}`: a run that has not finished yet has not ended well; policy-bot looks at the one before"
            ),
        );
    }
    same(asks).unwrap_or_else(|why| {
        depart(Kind::Missing, format!("`{key}`: {why}; {}", place.waits()));
        let said = format!("policy-bot asks `{key}`: {why}");
        match valid_line(&said) {
            Ok(()) => Condition::unknown(&said),
            Err(_) => {
                Condition::unknown(&format!("policy-bot asks `{key}`, which could not be carried over"))
            }
        }
    })
}

/// The same condition; fails with why there is none.
fn same(asks: &Asks) -> Result<Condition, String> {
    Ok(match asks {
        Asks::ChangedFiles(named) => files("changed_files", named, Condition::Never)?,
        Asks::NoChangedFiles(named) => files("no_changed_files", named, Condition::Always)?,
        Asks::OnlyChangedFiles(named) => files("only_changed_files", named, Condition::Never)?,
        Asks::FileAdded(named) => files("file_added", named, Condition::Never)?,
        Asks::FileNotAdded(named) => files("file_not_added", named, Condition::Always)?,
        Asks::FileDeleted(named) => files("file_deleted", named, Condition::Never)?,
        Asks::FileNotDeleted(named) => files("file_not_deleted", named, Condition::Always)?,
        Asks::HasAuthorIn(actors) => set("has_author_in", actors)?,
        Asks::HasContributorIn(actors) => set("has_contributor_in", actors)?,
        Asks::OnlyHasContributorsIn(actors) => set("only_has_contributors_in", actors)?,
        Asks::HasValidSignaturesBy(actors) => set("has_valid_signatures_by", actors)?,
        Asks::AuthorIsOnlyContributor(wanted) => one(format!("author_is_only_contributor = {wanted}")),
        Asks::HasValidSignatures(wanted) => one(format!("has_valid_signatures = {wanted}")),
        Asks::TargetsBranch(pattern) => branch("targets_branch", pattern.as_ref())?,
        Asks::FromBranch(pattern) => branch("from_branch", pattern.as_ref())?,
        Asks::ModifiedLines(wanted) => lines(wanted)?,
        Asks::HasStatus(wanted) => ended("has_status", "names", wanted)?,
        Asks::HasWorkflowResult(wanted) => ended("has_workflow_result", "workflows", wanted)?,
        Asks::HasLabels(wanted) if wanted.is_empty() => Condition::Always,
        Asks::HasLabels(wanted) => {
            each(wanted, valid_line)?;
            one(format!("has_labels = {}", list(wanted)))
        }
        Asks::Repository(test) => text_test("repository", test)?,
        Asks::Title(test) => text_test("title", test)?,
        Asks::HasValidSignaturesByKeys(keys) if keys.is_empty() => Condition::Never,
        Asks::HasValidSignaturesByKeys(keys) => {
            each(keys, valid_key)?;
            // To policy-bot an id is its sixteen digits in capitals and nothing else.
            if keys.iter().any(|key| key.len() != 16 || key.chars().any(|c| c.is_ascii_lowercase())) {
                return Err("an id of a key has sixteen digits, in capitals".to_owned());
            }
            one(format!("has_valid_signatures_by_keys = {}", list(keys)))
        }
        Asks::CustomPropertyIsNotNull(_)
        | Asks::CustomPropertyIsNull(_)
        | Asks::CustomPropertyMatchesAnyOf(_)
        | Asks::CustomPropertyMatchesNoneOf(_) => {
            return Err("custom properties of repositories are not read".to_owned());
        }
    })
}

fn one(said: String) -> Condition {
    Condition::One(said)
}

fn each(texts: &[String], valid: fn(&str) -> Result<(), String>) -> Result<(), String> {
    if texts.iter().any(String::is_empty) {
        return Err("a text is empty".to_owned());
    }
    texts.iter().try_for_each(|text| valid(text))
}

/// Expressions as they are written here.
fn expressions(patterns: &[Pattern]) -> Result<Vec<&str>, String> {
    let checked = patterns.iter().map(|pattern| {
        // An expression is not empty here; this matches as much.
        let expression = if pattern.expression.is_empty() { "(?:)" } else { &pattern.expression };
        valid_expression(expression).map(|()| expression).map_err(|why| {
            let written: String = pattern.written.chars().take(40).collect();
            format!("`{written}`: {why}")
        })
    });
    checked.collect()
}

/// `paths`, `matches`, `ignore` and `ignore_matches`, as far as there are any. Simple globs stay globs.
fn named(include: &[Pattern], ignore: &[Pattern]) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    for (globs, matches, patterns) in [("paths", "matches", include), ("ignore", "ignore_matches", ignore)] {
        let simple: Vec<String> = patterns.iter().filter_map(simple_glob).flatten().collect();
        let others: Vec<Pattern> =
            patterns.iter().filter(|pattern| simple_glob(pattern).is_none()).cloned().collect();
        if !simple.is_empty() {
            parts.push(format!("{globs} = {}", list(&simple)));
        }
        if !others.is_empty() {
            parts.push(format!("{matches} = {}", list(&expressions(&others)?)));
        }
    }
    Ok(parts)
}

/// A glob as it is written here, where both read it alike: parts with single stars or none, and `**` as a whole part.
/// One that ends in `/**` has the folder itself too, should that be a file.
fn simple_glob(pattern: &Pattern) -> Option<Vec<String>> {
    let glob = pattern.written.as_str();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_part = |part: &str| {
        let stars = part.contains("**");
        !part.is_empty()
            && part != ".."
            && (part == "**" || (!stars && part.chars().all(|c| c == '*' || is_plain(c))))
    };
    // What comes of a glob holds of all of a path; an expression of plain characters does not say so.
    let is_glob = pattern.expression.starts_with(r"(?s)\A");
    if !is_glob || valid_path(glob).is_err() || !glob.split('/').all(is_part) {
        return None;
    }
    match glob.strip_suffix("/**") {
        Some(folder) if folder.rsplit('/').next().is_some_and(|part| part.contains('*')) => None,
        Some(folder) => Some(vec![glob.to_owned(), folder.to_owned()]),
        None => Some(vec![glob.to_owned()]),
    }
}

fn files(key: &str, files: &Files, of_none: Condition) -> Result<Condition, String> {
    if files.paths.is_empty() {
        return Ok(of_none);
    }
    Ok(one(format!("{key} = {{ {} }}", named(&files.paths, &files.ignore)?.join(", "))))
}

fn set(key: &str, actors: &Actors) -> Result<Condition, String> {
    Ok(match people(actors)? {
        People::Nobody => Condition::Never,
        People::These(table) => one(format!("{key} = {table}")),
    })
}

fn branch(key: &str, pattern: Option<&Pattern>) -> Result<Condition, String> {
    let Some(pattern) = pattern else { return Ok(Condition::Never) };
    Ok(one(format!("{key} = {{ matches = {} }}", list(&expressions(std::slice::from_ref(pattern))?))))
}

fn lines(lines: &ModifiedLines) -> Result<Condition, String> {
    let mut parts = Vec::new();
    for (key, comparison) in
        [("additions", lines.additions), ("deletions", lines.deletions), ("total", lines.total)]
    {
        match comparison {
            // No number of lines is below zero.
            Some(Comparison { than: Than::More, value: ..0 }) => return Ok(Condition::Always),
            Some(Comparison { value: ..0, .. }) | None => {}
            Some(Comparison { than, value }) => {
                let than = match than {
                    Than::Less => "<",
                    Than::More => ">",
                    Than::Equal => "=",
                };
                parts.push(format!("{key} = \"{than} {value}\""));
            }
        }
    }
    if parts.is_empty() {
        return Ok(Condition::Never);
    }
    parts.extend(named(&lines.include, &lines.exclude)?);
    Ok(one(format!("modified_lines = {{ {} }}", parts.join(", "))))
}

fn ended(key: &str, names: &str, ended: &Ended) -> Result<Condition, String> {
    if ended.names.is_empty() {
        return Ok(Condition::Always);
    }
    each(&ended.names, valid_line)?;
    let mut said = format!("{names} = {}", list(&ended.names));
    if !ended.conclusions.is_empty() {
        if let Some(word) = ended.conclusions.iter().find(|word| !CONCLUSIONS.contains(&word.as_str())) {
            return Err(format!("nothing ends with `{}`", word.escape_debug()));
        }
        said.push_str(&format!(", conclusions = {}", list(&ended.conclusions)));
    }
    Ok(one(format!("{key} = {{ {said} }}")))
}

fn text_test(key: &str, test: &TextTest) -> Result<Condition, String> {
    let mut parts = Vec::new();
    for (key, patterns) in [("matches", &test.matches), ("not_matches", &test.not_matches)] {
        if !patterns.is_empty() {
            parts.push(format!("{key} = {}", list(&expressions(patterns)?)));
        }
    }
    Ok(match parts.is_empty() {
        true => Condition::Never,
        false => one(format!("{key} = {{ {} }}", parts.join(", "))),
    })
}
