//! Whether somebody is in a set of people, by what was learnt about them. A look-up that failed is never "no".

use crate::actor::{Actor, Known, Permission};
use crate::config::From;
use crate::policy::Truth;
use crate::snapshot::Directory;

/// Whether somebody is in a set of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Member {
    /// They are.
    Yes,
    /// They are known not to be.
    No,
    /// It could not be told; why, in words.
    Unknown(String),
}

impl Member {
    pub(crate) fn truth(&self) -> Truth {
        match self {
            Self::Yes => Truth::True,
            Self::No => Truth::False,
            Self::Unknown(_) => Truth::Unknown,
        }
    }

    pub(crate) fn why(self) -> Option<String> {
        if let Self::Unknown(why) = self { Some(why) } else { None }
    }
}

/// A set that the forge was asked for: what it is called, by the name in the policy.
type Asked<'a> = (&'static str, &'a String, Option<&'a Known<Vec<Actor>>>);

/// Every set of a list of people that the forge has to be asked for.
fn sets<'a>(from: &'a From, directory: &'a Directory) -> impl Iterator<Item = Asked<'a>> {
    let teams = from.teams.iter().map(|name| ("", name, directory.teams.get(name)));
    let groups = from.groups.iter().map(|name| ("the group ", name, directory.groups.get(name)));
    let organizations = from.organizations.iter();
    let organizations =
        organizations.map(|name| ("the organization ", name, directory.organizations.get(name)));
    teams.chain(groups).chain(organizations)
}

/// Whether somebody is in the part of a set that does not depend on files. The empty set is everybody with write
/// permission.
pub(crate) fn member(from: &From, actor: &Actor, directory: &Directory) -> Member {
    let login = actor.login.to_lowercase();
    if from.users.iter().any(|user| user.to_lowercase() == login) {
        return Member::Yes;
    }
    let mut unknown = None;
    for (what, name, known) in sets(from, directory) {
        match known {
            Some(Known::Yes(members)) if members.iter().any(|member| member.id == actor.id) => {
                return Member::Yes;
            }
            Some(Known::Yes(_)) => {}
            Some(Known::Unknown(why)) => unknown = Some(format!("the members of {what}{name}: {why}")),
            None => unknown = Some(format!("the members of {what}{name} were not asked for")),
        }
    }
    if let Some(least) = least_permission(from) {
        match directory.permissions.get(&actor.id) {
            Some(Known::Yes(permission)) if *permission >= least => return Member::Yes,
            Some(Known::Yes(_)) => {}
            Some(Known::Unknown(why)) => unknown = Some(format!("the permission of {}: {why}", actor.login)),
            None => unknown = Some(format!("the permission of {} was not asked for", actor.login)),
        }
    }
    unknown.map_or(Member::No, Member::Unknown)
}

fn least_permission(from: &From) -> Option<Permission> {
    if from.is_empty() { Some(Permission::Write) } else { from.permissions.iter().min().copied() }
}

/// Sets whose members could not be looked up, in words.
pub(crate) fn unknown_sets(from: &From, directory: &Directory) -> Option<String> {
    let sets = sets(from, directory).filter_map(|(what, name, known)| match known {
        Some(Known::Yes(_)) => None,
        Some(Known::Unknown(why)) => Some(format!("the members of {what}{name} could not be told: {why}")),
        None => Some(format!("the members of {what}{name} were not asked for")),
    });
    let sets: Vec<String> = sets.collect();
    (!sets.is_empty()).then(|| sets.join("; "))
}

/// How sets begin that go by a permission.
pub(crate) const WHOEVER: &str = "whoever has ";

/// A set in words: `acme/sre, dee, whoever has write permission`.
pub(crate) fn words(from: &From) -> String {
    let permission = |permission: &Permission| match permission {
        Permission::None => "anybody".to_owned(),
        Permission::Read => format!("{WHOEVER}read permission"),
        Permission::Triage => format!("{WHOEVER}triage permission"),
        Permission::Write => format!("{WHOEVER}write permission"),
        Permission::Maintain => format!("{WHOEVER}maintain permission"),
        Permission::Admin => format!("{WHOEVER}admin permission"),
    };
    let permissions = from.permissions.iter().map(permission);
    let organizations = from.organizations.iter().map(|name| format!("members of {name}"));
    let groups = from.groups.iter().map(|name| format!("the group {name}"));
    let owners = [(from.codeowners, "code owners"), (from.owners, "approvers in OWNERS")];
    let owners = owners.into_iter().filter(|(meant, _)| *meant).map(|(_, words)| words.to_owned());
    // A person who is named twice is one, however the login is written.
    let users = from.users.iter().enumerate().filter(|(at, user)| {
        !from.users.iter().take(*at).any(|earlier| earlier.to_lowercase() == user.to_lowercase())
    });
    let named = from.teams.iter().chain(users.map(|(_, user)| user)).cloned();
    let words: Vec<String> =
        named.chain(groups).chain(organizations).chain(permissions).chain(owners).collect();
    if words.is_empty() { permission(&Permission::Write) } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_who_is_named_twice_is_one() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let from =
            From { teams: texts(&["acme/sre"]), users: texts(&["ana", "bo", "Ana"]), ..From::default() };
        assert_eq!(words(&from), "acme/sre, ana, bo");
    }
}
