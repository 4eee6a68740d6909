//! Sets of people.

use super::words::list;
use crate::actor::Permission;
use crate::config::{valid_group, valid_login, valid_team};
use crate::policybot::model::Actors;

/// A set of people as it is written here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum People {
    /// Nobody: an empty set means everybody who may write here, so it cannot be written.
    Nobody,
    /// These, as a table.
    These(String),
}

/// Reads a set; fails with the names that cannot be names here.
pub(super) fn people(actors: &Actors) -> Result<People, String> {
    let checked = [
        (&actors.users, valid_login as fn(&str) -> Result<(), String>),
        (&actors.teams, valid_team),
        (&actors.organizations, valid_group),
    ];
    let wrong = checked
        .iter()
        .flat_map(|(names, valid)| names.iter().filter(|name| name.is_empty() || valid(name).is_err()));
    let wrong: Vec<String> = wrong.map(|name| format!("`{}`", name.escape_debug())).collect();
    if !wrong.is_empty() {
        return Err(format!("nobody can be called {}", wrong.join(", ")));
    }
    // Who has no permission at all is never meant.
    let word = |permission: &Permission| match permission {
        Permission::None | Permission::Read => "read",
        Permission::Triage => "triage",
        Permission::Write => "write",
        Permission::Maintain => "maintain",
        Permission::Admin => "admin",
    };
    let permissions: Vec<String> = actors.permissions.iter().map(|each| word(each).to_owned()).collect();
    let parts = [
        ("users", &actors.users),
        ("teams", &actors.teams),
        ("organizations", &actors.organizations),
        ("permissions", &permissions),
    ];
    let parts = parts.iter().filter(|(_, names)| !names.is_empty());
    let parts: Vec<String> = parts.map(|(key, names)| format!("{key} = {}", list(names))).collect();
    Ok(if parts.is_empty() { People::Nobody } else { People::These(format!("{{ {} }}", parts.join(", "))) })
}
