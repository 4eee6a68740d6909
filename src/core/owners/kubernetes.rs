//! Kubernetes' `OWNERS`: the approvers of a file are those of its folder and of every folder above, up to one that says
//! `no_parent_owners`.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde::Deserialize;

use super::Owner;
use crate::config::expression;
use crate::library::Library;

/// Where names for several people are.
pub(super) const ALIASES: &str = "OWNERS_ALIASES";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    approvers: Vec<String>,
    options: Options,
    filters: BTreeMap<String, Filter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Options {
    no_parent_owners: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    approvers: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Aliases {
    aliases: BTreeMap<String, Vec<String>>,
}

#[derive(Debug)]
struct Folder {
    /// Everywhere beneath, or where an expression matches the path from here.
    approvers: Vec<(Option<Regex>, BTreeSet<Owner>)>,
    stops: bool,
}

/// Every `OWNERS` of the tree, by folder.
#[derive(Debug, Default)]
pub(crate) struct ApproverFiles {
    folders: BTreeMap<String, Folder>,
}

impl ApproverFiles {
    /// Reads all of them.
    ///
    /// # Errors
    ///
    /// Where there is none, or one cannot be read.
    pub(crate) fn read(library: &Library) -> Result<Self, String> {
        let wrong = |path: &str, why: &dyn std::fmt::Display| {
            format!("{path} cannot be read: {}", why.to_string().lines().next().unwrap_or_default())
        };
        let mut aliases = Aliases::default();
        let mut folders = BTreeMap::new();
        for (path, file) in library.files().filter(|(path, _)| *path == ALIASES) {
            aliases = serde_saphyr::from_str(&file.text).map_err(|error| wrong(path, &error))?;
        }
        for (path, file) in library.files().filter(|(path, _)| *path != ALIASES && super::is_owners(path)) {
            let read: File = serde_saphyr::from_str(&file.text).map_err(|error| wrong(path, &error))?;
            let mut approvers = vec![(None, people(&read.approvers, &aliases))];
            for (filter, named) in &read.filters {
                let filter = expression(filter).map_err(|error| wrong(path, &error))?;
                approvers.push((Some(filter), people(&named.approvers, &aliases)));
            }
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            folders.insert(folder.to_owned(), Folder { approvers, stops: read.options.no_parent_owners });
        }
        match folders.is_empty() {
            true => Err("the target branch has no OWNERS; add one".to_owned()),
            false => Ok(Self { folders }),
        }
    }

    /// Who may approve a file.
    pub(crate) fn of(&self, path: &str) -> BTreeSet<Owner> {
        let mut owners = BTreeSet::new();
        let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        loop {
            if let Some(found) = self.folders.get(folder) {
                let below = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
                let meant = found
                    .approvers
                    .iter()
                    .filter(|(filter, _)| filter.as_ref().is_none_or(|filter| filter.is_match(below)));
                owners.extend(meant.flat_map(|(_, people)| people.iter().cloned()));
                if found.stops {
                    return owners;
                }
            }
            match folder.is_empty() {
                true => return owners,
                false => folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent),
            }
        }
    }
}

/// Names as they stand, or the people behind an alias.
fn people(names: &[String], aliases: &Aliases) -> BTreeSet<Owner> {
    let alias =
        |name: &String| aliases.aliases.get(&name.to_lowercase()).or_else(|| aliases.aliases.get(name));
    let people = names.iter().flat_map(|name| match alias(name) {
        Some(people) => people.clone(),
        None => vec![name.clone()],
    });
    people.map(Owner::User).collect()
}
