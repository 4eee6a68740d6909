//! Who may count for a rule: in the set that it asks, and without a hand in the change. Never looks at what was
//! approved.

use std::collections::BTreeSet;

use super::owned::Owned;
use crate::actor::{Actor, ActorId, Known};
use crate::config::{Exclusion, From, RuleOptions};
use crate::details::Signatory;
use crate::people::{self, Member};
use crate::snapshot::{Contributors, Snapshot};

/// What a rule asks of its people, with what was learnt about them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) from: &'a From,
    pub(super) options: &'a RuleOptions,
    /// The owners of the files that it is about, where it asks for them.
    pub(super) owned: Option<&'a Owned>,
    pub(super) snapshot: &'a Snapshot,
}

impl Asked<'_> {
    /// Whether somebody is in the set. The empty set is everybody with write permission.
    pub(super) fn member(&self, actor: &Actor) -> Member {
        let member = self.always(actor);
        match (member, self.owned) {
            (Member::Yes, _) => Member::Yes,
            (member, None) => member,
            (member, Some(owned)) => match (member, owned.has(actor, self.snapshot)) {
                (_, Member::Yes) => Member::Yes,
                (Member::Unknown(why), _) | (_, Member::Unknown(why)) => Member::Unknown(why),
                (_, Member::No) => Member::No,
            },
        }
    }

    /// Whether somebody is in the part of the set that does not depend on files.
    pub(super) fn always(&self, actor: &Actor) -> Member {
        people::member(self.from, actor, &self.snapshot.directory)
    }

    /// People whose membership could not be looked up, in words.
    pub(super) fn unknown_sets(&self) -> Option<String> {
        let sets = people::unknown_sets(self.from, &self.snapshot.directory);
        sets.or_else(|| self.owned.and_then(|owned| owned.unknown.clone()))
    }

    /// Why somebody may not count although the set has them. The author stands under `allow_author` alone: who may
    /// approve their own change has committed and pushed to it.
    pub(super) fn excluded(&self, id: ActorId) -> Option<&'static str> {
        let &RuleOptions { author, committers, pusher, .. } = self.options;
        let contributors = &self.snapshot.contributors;
        if id == self.snapshot.change.author.id {
            return out(author, "author of the change");
        }
        if self.committed().0.contains(&id)
            && let Some(reason) = out(committers, "committed to this change")
        {
            return Some(reason);
        }
        match &contributors.pusher {
            Some(actor) if actor.id == id => out(pusher, "pushed this head"),
            Some(_) | None => None,
        }
    }

    /// How many of those who approve may secretly be somebody whom the rule excludes, and why, in words: one for a
    /// pusher whom nobody named, one for each git identity that no account answers to. Each of them can be at most
    /// one of the approvers, so with that many more, enough independent ones remain.
    pub(super) fn hidden(&self) -> (u32, Option<String>) {
        let mut notes = Vec::new();
        let contributors = &self.snapshot.contributors;
        let mut hidden = 0;
        if contributors.pusher.is_none() && self.options.pusher == Exclusion::Excluded {
            hidden += 1;
            notes.push("one more, since nobody told who pushed this head".to_owned());
        }
        let unknown = self.committed().1;
        let identities: BTreeSet<String> =
            unknown.iter().map(|identity| address(identity).to_lowercase()).collect();
        if !identities.is_empty() && self.options.committers == Exclusion::Excluded {
            let count = u32::try_from(identities.len()).unwrap_or(u32::MAX);
            hidden = count.saturating_add(hidden);
            let names: Vec<&str> = unknown.iter().take(3).copied().collect();
            let rest = unknown.len().saturating_sub(names.len());
            let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
            notes.push(format!(
                "{count} more, since commits carry identities without an account: {}{rest}",
                names.join(", ")
            ));
        }
        (hidden, (!notes.is_empty()).then(|| notes.join("; ")))
    }

    /// Accounts and unknown identities in the commits, without those that stand in nothing but ignored commits. Where
    /// the commits were not read, none is ignored.
    fn committed(&self) -> (BTreeSet<ActorId>, BTreeSet<&str>) {
        let Contributors { known, unknown, .. } = &self.snapshot.contributors;
        let (Some(ignored), Known::Yes(commits)) =
            (&self.options.ignore_commits_by, &self.snapshot.details.commits)
        else {
            return (
                known.iter().map(|actor| actor.id).collect(),
                unknown.iter().map(String::as_str).collect(),
            );
        };
        let is_ignored = |who: &Signatory| {
            let directory = &self.snapshot.directory;
            who.account.as_ref().is_some_and(|actor| people::member(ignored, actor, directory) == Member::Yes)
        };
        let counted =
            commits.iter().filter(|commit| !is_ignored(&commit.author) || !is_ignored(&commit.committer));
        let (mut accounts, mut identities) = (BTreeSet::new(), BTreeSet::new());
        for who in counted.flat_map(|commit| [&commit.author, &commit.committer]) {
            match &who.account {
                Some(actor) => drop(accounts.insert(actor.id)),
                None => drop(identities.insert(who.identity.as_str())),
            }
        }
        (accounts, identities)
    }

    /// What keeps somebody out of the set, in words.
    pub(super) fn outsider(&self) -> String {
        let permissions = From { permissions: self.from.permissions.clone(), ..From::default() };
        match permissions == *self.from {
            true => format!("without {}", self.words().replace(people::WHOEVER, "")),
            false => format!("not one of {}", self.words()),
        }
    }

    /// Whom the rule asks for, in words.
    pub(super) fn words(&self) -> String {
        people::words(self.from)
    }
}

fn out(exclusion: Exclusion, reason: &'static str) -> Option<&'static str> {
    match exclusion {
        Exclusion::Excluded => Some(reason),
        Exclusion::Allowed => None,
    }
}

/// The address of `Name <address>`, else all of it: one address is one identity, whatever it calls itself.
fn address(identity: &str) -> &str {
    identity
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or(identity, |(address, _)| address)
        .trim()
}
