//! Who owns a file, by files of the target branch: `CODEOWNERS` and Kubernetes' `OWNERS`. What cannot be read is an
//! error that says where; it is never "nobody owns it".

mod codeowners;
mod kubernetes;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub(crate) use codeowners::CodeOwners;
pub(crate) use kubernetes::ApproverFiles;

use crate::library::Library;

/// Somebody whom a line names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// An account.
    User(String),
    /// `org/team`.
    Team(String),
    /// An address; no account answers to it.
    Address(String),
}

/// Whether a file of the tree says who owns others.
pub fn is_codeowners(path: &str) -> bool {
    codeowners::PLACES.contains(&path)
}

/// The same of Kubernetes' files.
pub fn is_owners(path: &str) -> bool {
    path == kubernetes::ALIASES || path == "OWNERS" || path.ends_with("/OWNERS")
}

/// The teams that own one of these files by `CODEOWNERS`; where that cannot be read, none: it is told when it matters.
pub fn teams<'a>(library: &Library, paths: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let Ok(owners) = CodeOwners::read(library) else { return BTreeSet::new() };
    let owners = paths.flat_map(|path| owners.of(path).iter());
    owners.filter_map(|owner| if let Owner::Team(team) = owner { Some(team.clone()) } else { None }).collect()
}
