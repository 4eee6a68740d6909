//! Whether a predicate holds of a change, and who somebody is. A part that could not be had is an error where it is
//! looked at, and nowhere else.

use std::collections::BTreeSet;

use super::change::{Change, Commit, FileStatus, Part, Property, SignatureKind};
use super::model::{Actors, Asks, Ended, Files, ModifiedLines, Predicate};
use crate::actor::Permission;

/// Why something could not be told.
pub(super) type Failed = String;

/// Fails where a part could not be had.
pub(super) fn had<T>(change: &Change, part: Part, value: T) -> Result<T, Failed> {
    match change.failed.get(&part) {
        Some(why) => Err(format!("{} could not be told: {why}", part.words())),
        None => Ok(value),
    }
}

/// Whether somebody is in a set of people. Permissions are looked at last.
pub(super) fn is_actor(actors: &Actors, change: &Change, user: &str) -> Result<bool, Failed> {
    if actors.users.iter().any(|other| other == user) {
        return Ok(true);
    }
    let sets = [
        (Part::Teams, &actors.teams, &change.teams),
        (Part::Organizations, &actors.organizations, &change.organizations),
    ];
    for (part, wanted, known) in sets {
        for name in wanted {
            let members = had(change, part, known.get(name))?;
            if members.is_some_and(|members| members.iter().any(|member| member == user)) {
                return Ok(true);
            }
        }
    }
    if actors.permissions.is_empty() {
        return Ok(false);
    }
    let permission = had(change, Part::Permissions, change.permissions.get(user))?;
    let permission = permission.copied().unwrap_or(Permission::None);
    let least = actors.permissions.iter().min();
    Ok(permission > Permission::None && least.is_some_and(|least| permission >= *least))
}

/// Whether a predicate holds.
pub(super) fn holds(predicate: &Predicate, change: &Change) -> Result<bool, Failed> {
    match &predicate.asks {
        Asks::ChangedFiles(files) => any_file(change, files, None),
        Asks::NoChangedFiles(files) => any_file(change, files, None).map(|any| !any),
        Asks::OnlyChangedFiles(files) => {
            let changed = had(change, Part::Files, &change.files)?;
            Ok(!changed.is_empty() && changed.iter().all(|file| files.has(&file.path)))
        }
        Asks::FileAdded(files) => any_file(change, files, Some(FileStatus::Added)),
        Asks::FileNotAdded(files) => any_file(change, files, Some(FileStatus::Added)).map(|any| !any),
        Asks::FileDeleted(files) => any_file(change, files, Some(FileStatus::Deleted)),
        Asks::FileNotDeleted(files) => any_file(change, files, Some(FileStatus::Deleted)).map(|any| !any),
        Asks::HasAuthorIn(actors) => is_actor(actors, change, &change.author),
        Asks::HasContributorIn(actors) => {
            for user in contributors(change)? {
                if is_actor(actors, change, user)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Asks::OnlyHasContributorsIn(actors) => {
            for user in contributors(change)? {
                if !is_actor(actors, change, user)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Asks::AuthorIsOnlyContributor(wanted) => {
            let own = |commit: &Commit| {
                commit.author == change.author && (commit.via_web || commit.committer == change.author)
            };
            let commits = had(change, Part::Commits, &change.commits)?;
            Ok(commits.iter().all(own) == *wanted)
        }
        Asks::TargetsBranch(pattern) => {
            Ok(pattern.as_ref().is_some_and(|pattern| pattern.matches(&change.target)))
        }
        Asks::FromBranch(pattern) => {
            let source = had(change, Part::Source, &change.source)?;
            Ok(pattern.as_ref().is_some_and(|pattern| pattern.matches(source)))
        }
        Asks::ModifiedLines(lines) => modified(change, lines),
        Asks::HasStatus(ended) => {
            let statuses = had(change, Part::Statuses, &change.statuses)?;
            Ok(all(ended, |name| statuses.get(name).is_some_and(|end| ended.allows(end))))
        }
        Asks::HasWorkflowResult(ended) => {
            let runs = had(change, Part::Workflows, &change.workflows)?;
            Ok(all(ended, |name| runs.get(name).is_some_and(|ends| ends.iter().all(|end| ended.allows(end)))))
        }
        Asks::HasLabels(wanted) if wanted.is_empty() => Ok(true),
        Asks::HasLabels(wanted) => {
            let labels = had(change, Part::Labels, &change.labels)?;
            let labels: BTreeSet<String> = labels.iter().map(|label| label.to_lowercase()).collect();
            Ok(wanted.iter().all(|label| labels.contains(&label.to_lowercase())))
        }
        Asks::Repository(test) => Ok(test.holds(&change.repository)),
        Asks::Title(test) => Ok(test.holds(&change.title)),
        Asks::HasValidSignatures(wanted) => {
            let commits = signed_commits(change)?;
            Ok(commits.iter().all(is_signed) == *wanted)
        }
        Asks::HasValidSignaturesBy(actors) => signed_by(change, actors),
        Asks::HasValidSignaturesByKeys(keys) => {
            let commits = signed_commits(change)?;
            let by_key = |commit: &Commit| {
                let signature = commit.signature.as_ref();
                let known = signature.filter(|signature| signature.kind == SignatureKind::Gpg);
                is_signed(commit) && known.is_some_and(|signature| keys.contains(&signature.key))
            };
            Ok(commits.iter().all(by_key))
        }
        Asks::CustomPropertyIsNotNull(names) => {
            let properties = had(change, Part::Properties, &change.properties)?;
            Ok(names.iter().all(|name| properties.contains_key(name)))
        }
        Asks::CustomPropertyIsNull(names) => {
            let properties = had(change, Part::Properties, &change.properties)?;
            Ok(!names.iter().any(|name| properties.contains_key(name)))
        }
        Asks::CustomPropertyMatchesAnyOf(tests) => {
            let properties = had(change, Part::Properties, &change.properties)?;
            Ok(tests.iter().all(|(name, patterns)| {
                matches!(properties.get(name), Some(Property::Text(text)) if patterns.iter().any(|one| one.matches(text)))
            }))
        }
        Asks::CustomPropertyMatchesNoneOf(tests) => {
            let properties = had(change, Part::Properties, &change.properties)?;
            Ok(!tests.iter().any(|(name, patterns)| {
                matches!(properties.get(name), Some(Property::Text(text)) if patterns.iter().any(|one| one.matches(text)))
            }))
        }
    }
}

fn all(ended: &Ended, is_good: impl Fn(&str) -> bool) -> bool {
    ended.names.iter().all(|name| is_good(name))
}

fn any_file(change: &Change, files: &Files, status: Option<FileStatus>) -> Result<bool, Failed> {
    let changed = had(change, Part::Files, &change.files)?;
    let wanted = |status_of: FileStatus| status.is_none_or(|status| status == status_of);
    Ok(changed.iter().any(|file| wanted(file.status) && files.has(&file.path)))
}

/// The author and everybody in a commit, by name.
fn contributors(change: &Change) -> Result<BTreeSet<&str>, Failed> {
    let commits = had(change, Part::Commits, &change.commits)?;
    Ok(commits.iter().flat_map(Commit::users).chain([change.author.as_str()]).collect())
}

fn modified(change: &Change, lines: &ModifiedLines) -> Result<bool, Failed> {
    let hit = |patterns: &[super::Pattern], path: &str| patterns.iter().any(|pattern| pattern.matches(path));
    let (mut added, mut removed) = (0_i64, 0_i64);
    for file in had(change, Part::Files, &change.files)? {
        let included = lines.include.is_empty() || hit(&lines.include, &file.path);
        if included && !hit(&lines.exclude, &file.path) {
            added += i64::from(file.additions);
            removed += i64::from(file.deletions);
        }
    }
    let tests = [(lines.additions, added), (lines.deletions, removed), (lines.total, added + removed)];
    Ok(tests.iter().any(|(test, number)| test.is_some_and(|test| test.holds(*number))))
}

fn is_signed(commit: &Commit) -> bool {
    commit.signature.as_ref().is_some_and(|signature| signature.valid)
}

/// The commits, where it is known how they are signed.
fn signed_commits(change: &Change) -> Result<&[Commit], Failed> {
    had(change, Part::Commits, ())?;
    had(change, Part::Signatures, change.commits.as_slice())
}

fn signed_by(change: &Change, actors: &Actors) -> Result<bool, Failed> {
    let commits = signed_commits(change)?;
    if !commits.iter().all(is_signed) {
        return Ok(false);
    }
    let signers: BTreeSet<&str> = commits
        .iter()
        .filter_map(|commit| commit.signature.as_ref())
        .map(|signature| signature.signer.as_str())
        .collect();
    for signer in signers {
        if !is_actor(actors, change, signer)? {
            return Ok(false);
        }
    }
    Ok(true)
}
