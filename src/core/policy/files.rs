//! Conditions on changed files, whatever reads them.

use globset::GlobMatcher;
use regex::Regex;

use super::Truth;
use super::circumstance::Answer;
use super::predicate::{Completeness, View, compile};
use crate::actor::Known;
use crate::config::{Comparison, FileTest, Files, ModifiedLines, expression};
use crate::details::ChangedFile;
use crate::evaluation::PathOperation;

/// The files of a condition, compiled.
#[derive(Debug, Clone)]
pub(super) struct Named {
    named: Patterns,
    ignored: Patterns,
}

/// Globs and expressions; one is enough.
#[derive(Debug, Clone)]
struct Patterns {
    globs: Vec<GlobMatcher>,
    expressions: Vec<Regex>,
}

impl Patterns {
    fn new(globs: &[String], expressions: &[String]) -> Option<Self> {
        let expressions = expressions.iter().map(|pattern| expression(pattern).ok());
        Some(Self { globs: compile(globs)?, expressions: expressions.collect::<Option<_>>()? })
    }

    fn has(&self, path: &str) -> bool {
        self.globs.iter().any(|glob| glob.is_match(path))
            || self.expressions.iter().any(|expression| expression.is_match(path))
    }

    const fn is_empty(&self) -> bool {
        self.globs.is_empty() && self.expressions.is_empty()
    }
}

impl Named {
    pub(super) fn new(files: &Files) -> Option<Self> {
        Some(Self {
            named: Patterns::new(&files.paths, &files.matches)?,
            ignored: Patterns::new(&files.ignore, &files.ignore_matches)?,
        })
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.named.has(path) && !self.ignored.has(path)
    }

    /// The same where naming none means all.
    fn has_or_all(&self, path: &str) -> bool {
        (self.named.is_empty() || self.named.has(path)) && !self.ignored.has(path)
    }
}

/// Every changed file, or why nobody knows.
fn all_files<'a>(view: &View<'a>) -> Result<&'a [ChangedFile], String> {
    match (view.completeness(), view.seen.map(|seen| &seen.details.files)) {
        (Completeness::NoMerge, _) => Err("head and base do not merge".to_owned()),
        (Completeness::Known, Some(Known::Yes(files))) => Ok(files),
        (Completeness::Known, Some(Known::Unknown(why))) => Err(format!("the changed files: {why}")),
        (Completeness::Known, None) => Err("the changed files were not read".to_owned()),
    }
}

pub(super) fn judge(test: FileTest, named: &Named, view: &View<'_>) -> Answer {
    let is = |operation: PathOperation, wanted: FileTest| match wanted {
        FileTest::Added | FileTest::NoneAdded => operation == PathOperation::Add,
        FileTest::Deleted | FileTest::NoneDeleted => operation == PathOperation::Remove,
        FileTest::Changed | FileTest::NoneChanged | FileTest::OnlyChanged => true,
    };
    let files = match all_files(view) {
        Ok(files) => files,
        Err(why) => return partly(test, named, view, why),
    };
    let hit = files.iter().any(|file| named.has(&file.path) && is(file.operation, test));
    Answer::known(match test {
        FileTest::Changed | FileTest::Added | FileTest::Deleted => hit,
        FileTest::NoneChanged | FileTest::NoneAdded | FileTest::NoneDeleted => !hit,
        FileTest::OnlyChanged => !files.is_empty() && files.iter().all(|file| named.has(&file.path)),
    })
}

/// What can be said by the paths that no render reads, which are always known.
fn partly(test: FileTest, named: &Named, view: &View<'_>, why: String) -> Answer {
    let outside = || view.outside.iter();
    match test {
        FileTest::Changed if outside().any(|path| named.has(&path.path)) => Answer::known(true),
        FileTest::NoneChanged if outside().any(|path| named.has(&path.path)) => Answer::known(false),
        FileTest::OnlyChanged if outside().any(|path| !named.has(&path.path)) => Answer::known(false),
        FileTest::Changed
        | FileTest::NoneChanged
        | FileTest::OnlyChanged
        | FileTest::Added
        | FileTest::NoneAdded
        | FileTest::Deleted
        | FileTest::NoneDeleted => Answer::unknown(why),
    }
}

pub(super) fn count(wanted: Comparison, view: &View<'_>) -> Answer {
    match all_files(view) {
        Ok(files) => {
            let number = u64::try_from(files.len()).unwrap_or(u64::MAX);
            Answer::known(wanted.holds(number, Some(number)) == Some(true))
        }
        Err(why) => Answer::unknown(why),
    }
}

/// Files without lines may have changed by any number of them.
pub(super) fn lines(wanted: &ModifiedLines, view: &View<'_>) -> Answer {
    let Some(named) = Named::new(&wanted.files) else {
        return Answer::unknown("a pattern for files cannot be read".to_owned());
    };
    let files: Vec<&ChangedFile> = match all_files(view) {
        Ok(files) => files.iter().filter(|file| named.has_or_all(&file.path)).collect(),
        Err(why) => return Answer::unknown(why),
    };
    let (mut added, mut removed) = (0u64, 0u64);
    for lines in files.iter().filter_map(|file| file.lines) {
        added = added.saturating_add(lines.added);
        removed = removed.saturating_add(lines.removed);
    }
    let uncounted = files.iter().find(|file| file.lines.is_none());
    let holds = |comparison: Option<Comparison>, number: u64| match comparison {
        Some(comparison) => comparison
            .holds(number, uncounted.is_none().then_some(number))
            .map_or(Truth::Unknown, Truth::from),
        None => Truth::False,
    };
    let truth = holds(wanted.additions, added)
        .or(holds(wanted.deletions, removed))
        .or(holds(wanted.total, added.saturating_add(removed)));
    let why = uncounted.map(|file| format!("how many lines change in {}", file.path));
    Answer { truth, why: why.filter(|_| truth == Truth::Unknown) }
}
