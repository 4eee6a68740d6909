//! What only some conditions of a policy look at. Each part is read where the policy in force asks for it; what the forge
//! does not tell is recorded as that.

use std::collections::BTreeMap;

use countersign_core::actor::{Actor, Known};
use countersign_core::config::{self, Policy, Predicate};
use countersign_core::details::{ChangedFile, Commit, Details, Signatory};
use countersign_core::revision::{CommitSha, Diff, ObjectId};
use countersign_core::snapshot::Snapshot;

use super::people::known;
use crate::ports::{CommitPeople, CommitSeal, Forge, GitIdentity, SealDepth, Source};

/// Commits as git has them, and the accounts that the forge ties to them.
type Commits<'a> = (&'a [CommitPeople], &'a [(CommitSha, Option<Actor>, Option<Actor>)]);

pub(super) async fn read(
    forge: &dyn Forge,
    source: &dyn Source,
    trees: &Diff<ObjectId>,
    seen: &Snapshot,
    policy: &Policy,
    commits: Commits<'_>,
) -> Details {
    let mut details =
        Details { files: changed_files(source, trees).await, commits: joined(commits), ..Details::default() };
    if policy.has_condition(is_about_seals) {
        let depth = if policy.has_condition(is_about_signers) { SealDepth::Whose } else { SealDepth::Holds };
        seal(&mut details.commits, known(forge.commit_seals(&seen.change.id, depth).await));
    }
    if seen.change.fork && policy.has_condition(|part| matches!(part, Predicate::FromBranch(_))) {
        details.source_owner = match known(forge.source_owner(&seen.change.id).await) {
            Known::Yes(Some(owner)) => Known::Yes(owner),
            Known::Yes(None) => Known::Unknown("it is gone".to_owned()),
            Known::Unknown(why) => Known::Unknown(why),
        };
    }
    if policy.has_condition(|part| matches!(part, Predicate::HasWorkflowResult(_))) {
        details.workflows = known(forge.workflow_runs(&seen.change.id.repo.path, &seen.change.head).await);
    }
    if policy.has_condition(|part| matches!(part, Predicate::HasLabels(_))) {
        details.labels = known(forge.labels(&seen.change.id).await);
    }
    let floor = seen.floor.as_ref().map(|floor| config::parse_floor(&floor.text, &floor.file));
    let floor = floor.and_then(Result::ok).map(|floor| floor.policy());
    if policy.asks_for_reviews() || floor.is_some_and(|floor| floor.asks_for_reviews()) {
        details.requested = known(forge.review_requests(&seen.change.id).await);
    }
    if policy.has_condition(|part| matches!(part, Predicate::HasStatus(_))) {
        details.outcomes = known(forge.outcomes(&seen.change.id.repo.path, &seen.change.head).await);
    }
    details
}

/// Whether a condition looks at signatures, or at who made a commit in whose name.
fn is_about_seals(part: &Predicate) -> bool {
    matches!(
        part,
        Predicate::HasValidSignatures(_)
            | Predicate::HasValidSignaturesBy(_)
            | Predicate::HasValidSignaturesByKeys(_)
            | Predicate::AuthorIsOnlyContributor(_)
    )
}

/// Whether it looks at whose signatures they are.
fn is_about_signers(part: &Predicate) -> bool {
    matches!(part, Predicate::HasValidSignaturesBy(_) | Predicate::HasValidSignaturesByKeys(_))
}

/// Adds what the forge says of each commit, which the commits of the very head that is judged are looked up in. One of
/// which it says nothing stays unknown.
fn seal(commits: &mut Known<Vec<Commit>>, seals: Known<Vec<CommitSeal>>) {
    let Known::Yes(commits) = commits else { return };
    let seals = match seals {
        Known::Yes(seals) => seals,
        Known::Unknown(why) => {
            commits.iter_mut().for_each(|commit| commit.signature = Known::Unknown(why.clone()));
            return;
        }
    };
    let mut seals: BTreeMap<CommitSha, CommitSeal> =
        seals.into_iter().map(|seal| (seal.commit.clone(), seal)).collect();
    for commit in commits {
        match seals.remove(&commit.sha) {
            Some(CommitSeal { commit: _, signature, via_web }) => {
                commit.signature = Known::Yes(signature);
                commit.via_web = via_web;
            }
            None => commit.signature = Known::Unknown("the forge says nothing of it".to_owned()),
        }
    }
}

/// Every changed path. Git was asked for the same before; what it does not tell now is unknown.
pub async fn changed_files(source: &dyn Source, trees: &Diff<ObjectId>) -> Known<Vec<ChangedFile>> {
    let changed = match source.changed_paths(&trees.base, &trees.head).await {
        Ok(changed) => changed,
        Err(error) => return Known::Unknown(error.to_string()),
    };
    let lines = match source.changed_lines(&trees.base, &trees.head).await {
        Ok(lines) => lines,
        Err(error) => return Known::Unknown(error.to_string()),
    };
    let file = |path: countersign_core::evaluation::ChangedPath| ChangedFile {
        lines: lines.get(&path.path).copied(),
        operation: path.operation,
        path: path.path,
    };
    Known::Yes(changed.into_iter().map(file).collect())
}

fn joined((commits, accounts): Commits<'_>) -> Known<Vec<Commit>> {
    let accounts: BTreeMap<&CommitSha, (&Option<Actor>, &Option<Actor>)> =
        accounts.iter().map(|(commit, author, committer)| (commit, (author, committer))).collect();
    let signatory = |identity: &GitIdentity, account: &Option<Actor>| Signatory {
        identity: format!("{} <{}>", identity.name, identity.email),
        account: account.clone(),
    };
    let commit = |commit: &CommitPeople| {
        let (author, committer) = accounts.get(&commit.commit).copied().unwrap_or((&None, &None));
        Commit {
            sha: commit.commit.clone(),
            author: signatory(&commit.author, author),
            committer: signatory(&commit.committer, committer),
            via_web: None,
            signature: Known::Unknown("not read".to_owned()),
        }
    };
    Known::Yes(commits.iter().map(commit).collect())
}

#[cfg(test)]
mod tests;
