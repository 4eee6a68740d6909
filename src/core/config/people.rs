//! Sets of people: whom a rule asks, who may use a command.

use super::From;
use super::name;
use super::table::{Later, Node, Reader};
use crate::actor::Permission;

pub(super) const PERMISSIONS: [(&str, Permission); 5] = [
    ("read", Permission::Read),
    ("triage", Permission::Triage),
    ("write", Permission::Write),
    ("maintain", Permission::Maintain),
    ("admin", Permission::Admin),
];

const TO_COME: [Later; 4] = [
    Later { key: "groups", instead: "use `teams` or `users`" },
    Later { key: "organizations", instead: "use `teams` or `users`" },
    Later { key: "codeowners", instead: "use `teams` or `users`" },
    Later { key: "owners", instead: "use `teams` or `users`" },
];

/// A set of people; at least one part.
pub(super) fn read<'t>(reader: &mut Reader<'t>, node: &Node<'t>, what: &'static str) -> Option<From> {
    let table = reader.table(node, what)?;
    reader.only(&table, &["users", "teams", "permissions"], &TO_COME);
    let users = reader.texts_at(&table, "users", name::valid_login);
    let teams = reader.texts_at(&table, "teams", name::valid_team);
    let mut permissions = Vec::new();
    let words = table.get("permissions").map(|node| reader.texts(node)).unwrap_or_default();
    for word in words {
        let permission = reader.word(&word.span(), word.get_ref(), "permissions", &PERMISSIONS);
        if matches!(permission, Some(Permission::Read | Permission::Triage)) {
            reader.warning(
                &word.span(),
                format!("in a public repository everybody has `{}`", word.get_ref()),
                "`write` means people whom the repository trusts",
            );
        }
        permissions.extend(permission);
    }
    Some(From { users, teams, permissions })
}
