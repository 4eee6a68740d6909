//! Who may count for a rule: in the set that it asks, and without a hand in the change. Never looks at what was
//! approved.

use std::collections::BTreeSet;

use crate::actor::{Actor, ActorId, Known, Permission};
use crate::config::{Exclusion, From, RuleOptions};
use crate::snapshot::Snapshot;

/// Whether somebody is in a set of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Member {
    /// They are.
    Yes,
    /// They are known not to be.
    No,
    /// It could not be told; why, in words.
    Unknown(String),
}

/// What a rule asks of its people, with what was learnt about them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) from: &'a From,
    pub(super) options: RuleOptions,
    pub(super) snapshot: &'a Snapshot,
}

impl Asked<'_> {
    /// Whether somebody is in the set. The empty set is everybody with write permission.
    pub(super) fn member(&self, actor: &Actor) -> Member {
        let login = actor.login.to_lowercase();
        if self.from.users.iter().any(|user| user.to_lowercase() == login) {
            return Member::Yes;
        }
        let mut unknown = None;
        for team in &self.from.teams {
            match self.snapshot.directory.teams.get(team) {
                Some(Known::Yes(members)) if members.iter().any(|member| member.id == actor.id) => {
                    return Member::Yes;
                }
                Some(Known::Yes(_)) => {}
                Some(Known::Unknown(why)) => unknown = Some(format!("the members of {team}: {why}")),
                None => unknown = Some(format!("the members of {team} were not asked for")),
            }
        }
        if let Some(least) = self.least_permission() {
            match self.snapshot.directory.permissions.get(&actor.id) {
                Some(Known::Yes(permission)) if *permission >= least => return Member::Yes,
                Some(Known::Yes(_)) => {}
                Some(Known::Unknown(why)) => {
                    unknown = Some(format!("the permission of {}: {why}", actor.login))
                }
                None => unknown = Some(format!("the permission of {} was not asked for", actor.login)),
            }
        }
        unknown.map_or(Member::No, Member::Unknown)
    }

    fn least_permission(&self) -> Option<Permission> {
        let From { users, teams, permissions } = self.from;
        match users.is_empty() && teams.is_empty() && permissions.is_empty() {
            true => Some(Permission::Write),
            false => permissions.iter().min().copied(),
        }
    }

    /// Teams whose members could not be looked up, in words.
    pub(super) fn unknown_teams(&self) -> Option<String> {
        let teams = self.from.teams.iter().filter_map(|team| match self.snapshot.directory.teams.get(team) {
            Some(Known::Yes(_)) => None,
            Some(Known::Unknown(why)) => Some(format!("the members of {team} could not be told: {why}")),
            None => Some(format!("the members of {team} were not asked for")),
        });
        let teams: Vec<String> = teams.collect();
        (!teams.is_empty()).then(|| teams.join("; "))
    }

    /// Why somebody may not count although the set has them. The author stands under `allow_author` alone: who may
    /// approve their own change has committed and pushed to it.
    pub(super) fn excluded(&self, id: ActorId) -> Option<&'static str> {
        let RuleOptions { author, committers, pusher } = self.options;
        let contributors = &self.snapshot.contributors;
        if id == self.snapshot.change.author.id {
            return out(author, "author of the change");
        }
        if contributors.known.iter().any(|actor| actor.id == id)
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
        let identities: BTreeSet<String> =
            contributors.unknown.iter().map(|identity| address(identity).to_lowercase()).collect();
        if !identities.is_empty() && self.options.committers == Exclusion::Excluded {
            let count = u32::try_from(identities.len()).unwrap_or(u32::MAX);
            hidden = count.saturating_add(hidden);
            let names: Vec<&str> = contributors.unknown.iter().take(3).map(String::as_str).collect();
            let rest = contributors.unknown.len().saturating_sub(names.len());
            let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
            notes.push(format!(
                "{count} more, since commits carry identities without an account: {}{rest}",
                names.join(", ")
            ));
        }
        (hidden, (!notes.is_empty()).then(|| notes.join("; ")))
    }

    /// What keeps somebody out of the set, in words.
    pub(super) fn outsider(&self) -> String {
        match self.from.users.is_empty() && self.from.teams.is_empty() {
            true => format!("without {}", self.words()),
            false => format!("not one of {}", self.words()),
        }
    }

    /// Whom the rule asks for, in words.
    pub(super) fn words(&self) -> String {
        let From { users, teams, permissions } = self.from;
        let permission = |permission: &Permission| match permission {
            Permission::None => "anybody",
            Permission::Read => "read permission",
            Permission::Triage => "triage permission",
            Permission::Write => "write permission",
            Permission::Maintain => "maintain permission",
            Permission::Admin => "admin permission",
        };
        let permissions = permissions.iter().map(|each| permission(each).to_owned());
        let words: Vec<String> = teams.iter().chain(users).cloned().chain(permissions).collect();
        if words.is_empty() { "write permission".to_owned() } else { words.join(", ") }
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
