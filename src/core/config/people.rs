//! Sets of people: whom a rule asks, who may use a command.

use super::From;
use super::error::quoted;
use super::name;
use super::table::{Node, Reader};
use crate::actor::Permission;

pub(super) const PERMISSIONS: [(&str, Permission); 5] = [
    ("read", Permission::Read),
    ("triage", Permission::Triage),
    ("write", Permission::Write),
    ("maintain", Permission::Maintain),
    ("admin", Permission::Admin),
];

/// People who do not depend on which files change.
const ALWAYS: [&str; 5] = ["users", "teams", "groups", "organizations", "permissions"];

/// Whether a set may say `codeowners` and `owners`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owners {
    /// Of the files that a rule is about.
    Meant,
    /// There are no files to own.
    Meaningless,
}

/// A set of people; at least one part.
pub(super) fn read<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    what: &'static str,
    owners: Owners,
) -> Option<From> {
    let table = reader.table(node, what)?;
    for entry in table.entries.iter().filter(|entry| ["codeowners", "owners"].contains(&entry.key)) {
        if owners == Owners::Meaningless {
            let message = format!("{} has no meaning in {what}", quoted(entry.key));
            reader.error_with(
                &entry.key_span,
                message,
                "owners belong to files: it stands in a rule's `require.from`",
            );
        }
    }
    let known: Vec<&str> = ALWAYS.into_iter().chain(["codeowners", "owners"]).collect();
    reader.only(&table, &known, &[]);
    let users = reader.texts_at(&table, "users", name::valid_login);
    let teams = reader.texts_at(&table, "teams", name::valid_team);
    let groups = reader.texts_at(&table, "groups", name::valid_group);
    let organizations = reader.texts_at(&table, "organizations", name::valid_group);
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
    let mut owned = |key| {
        let flag = reader.flag_at(&table, key);
        if let (Some(false), Some(node)) = (flag, table.get(key)) {
            reader.error_with(&node.span(), format!("`{key} = false` names nobody"), "leave it out");
        }
        flag == Some(true)
    };
    let (codeowners, owners) = (owned("codeowners"), owned("owners"));
    Some(From { users, teams, groups, organizations, permissions, codeowners, owners })
}
