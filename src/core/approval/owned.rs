//! Rules that ask the owners of files: each file needs one of its own. Never asks whether an approval stands.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::actor::{Actor, Known};
use crate::config::From;
use crate::fact::Approval;
use crate::owners::{ApproverFiles, CodeOwners, Owner};
use crate::people::Member;
use crate::snapshot::Snapshot;

/// How many files are named where somebody is missing.
const MOST_NAMED: usize = 3;

/// The target branch's files that say who owns others, read when first asked for.
#[derive(Debug, Default)]
pub(super) struct OwnerFiles {
    code: OnceCell<Result<CodeOwners, String>>,
    kubernetes: OnceCell<Result<ApproverFiles, String>>,
}

/// The files that a rule is about, each with its owners.
#[derive(Debug, Default)]
pub(super) struct Owned {
    files: Vec<(String, BTreeSet<Owner>)>,
    /// What cannot be told, in words.
    pub(super) unknown: Option<String>,
}

impl OwnerFiles {
    /// Who owns the files that a rule is about; `None` where it does not ask for owners.
    pub(super) fn of(&self, from: &From, snapshot: &Snapshot, about: impl Fn(&str) -> bool) -> Option<Owned> {
        if !from.codeowners && !from.owners {
            return None;
        }
        let changed = match &snapshot.details.files {
            Known::Yes(files) => files,
            Known::Unknown(why) => {
                return Some(unknown(format!("the changed files could not be told: {why}")));
            }
        };
        let named: Vec<&str> =
            changed.iter().map(|file| file.path.as_str()).filter(|path| about(path)).collect();
        // A rule about objects whose files cannot be told is about all that changes.
        let paths = match named.is_empty() {
            true => changed.iter().map(|file| file.path.as_str()).collect(),
            false => named,
        };
        let mut files: Vec<(String, BTreeSet<Owner>)> =
            paths.into_iter().map(|path| (path.to_owned(), BTreeSet::new())).collect();
        if from.codeowners {
            match self.code.get_or_init(|| CodeOwners::read(&snapshot.library)) {
                Ok(owners) => {
                    files.iter_mut().for_each(|(path, all)| all.extend(owners.of(path).iter().cloned()))
                }
                Err(why) => return Some(unknown(why.clone())),
            }
        }
        if from.owners {
            match self.kubernetes.get_or_init(|| ApproverFiles::read(&snapshot.library)) {
                Ok(owners) => files.iter_mut().for_each(|(path, all)| all.extend(owners.of(path))),
                Err(why) => return Some(unknown(why.clone())),
            }
        }
        Some(Owned { files, unknown: None })
    }
}

fn unknown(why: String) -> Owned {
    Owned { files: Vec::new(), unknown: Some(why) }
}

impl Owned {
    /// Whether somebody owns one of the files.
    pub(super) fn has(&self, actor: &Actor, snapshot: &Snapshot) -> Member {
        if let Some(why) = &self.unknown {
            return Member::Unknown(why.clone());
        }
        let owners: BTreeSet<&Owner> = self.files.iter().flat_map(|(_, owners)| owners).collect();
        is_one(actor, owners.into_iter(), snapshot)
    }

    /// What keeps the files from being approved by their owners, in words: files of which fewer than `needed` owners
    /// (or people who count for every file) are among those who approved.
    pub(super) fn missing(
        &self,
        needed: usize,
        by: &[Approval],
        anyway: impl Fn(&Actor) -> bool,
        snapshot: &Snapshot,
    ) -> Vec<String> {
        let short = self.files.iter().filter(|(_, owners)| {
            let counts =
                |actor: &Actor| anyway(actor) || is_one(actor, owners.iter(), snapshot) == Member::Yes;
            by.iter().filter(|approval| counts(&approval.actor)).count() < needed
        });
        let mut words: Vec<String> = short
            .map(|(path, owners)| match owners.is_empty() {
                true => format!("nobody owns `{path}`: add a line for it"),
                false => {
                    let names: Vec<String> = owners.iter().take(MOST_NAMED).map(named).collect();
                    format!("`{path}` is owned by {}", names.join(", "))
                }
            })
            .collect();
        let more = words.len().saturating_sub(MOST_NAMED);
        words.truncate(MOST_NAMED);
        if more > 0 {
            words.push(format!("and {more} more files"));
        }
        words
    }
}

fn named(owner: &Owner) -> String {
    match owner {
        Owner::User(name) | Owner::Team(name) => name.clone(),
        Owner::Address(address) => format!("{address} (an address is no account)"),
    }
}

fn is_one<'a>(actor: &Actor, owners: impl Iterator<Item = &'a Owner>, snapshot: &Snapshot) -> Member {
    let mut unknown = None;
    for owner in owners {
        match owner {
            Owner::User(name) if name.eq_ignore_ascii_case(&actor.login) => return Member::Yes,
            Owner::User(_) | Owner::Address(_) => {}
            Owner::Team(team) => match snapshot.directory.teams.get(team) {
                Some(Known::Yes(members)) if members.iter().any(|member| member.id == actor.id) => {
                    return Member::Yes;
                }
                Some(Known::Yes(_)) => {}
                Some(Known::Unknown(why)) => unknown = Some(format!("the members of {team}: {why}")),
                None => unknown = Some(format!("the members of {team} were not asked for")),
            },
        }
    }
    unknown.map_or(Member::No, Member::Unknown)
}
