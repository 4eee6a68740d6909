//! Files of the target branch that a policy is written in beside `.countersign.toml`. They are part of what decides, so
//! they are read where the policy is read, and kept with every snapshot.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::{From, Judge, Policy, glob};
use crate::owners;
use crate::revision::ObjectId;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LibraryFile {
    /// Its blob.
    pub blob: ObjectId,
    /// Its text.
    pub text: String,
}

/// Files by path.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Library(BTreeMap<String, LibraryFile>);

impl Library {
    /// Adds a file.
    pub fn insert(&mut self, path: String, file: LibraryFile) {
        self.0.insert(path, file);
    }

    /// Every file, by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &LibraryFile)> {
        self.0.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// The text of one file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(|file| file.text.as_str())
    }

    /// The files that a list of paths, folders and patterns names, by path.
    pub(crate) fn select<'a>(&'a self, patterns: &'a [String]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let named = |path: &str| patterns.iter().any(|pattern| names(pattern, path));
        self.files().filter(move |(path, _)| named(path)).map(|(path, file)| (path, file.text.as_str()))
    }
}

/// Whether a policy's checks are written in this file, one of its cases is, or it says whom its rules ask.
pub fn is_wanted(policy: &Policy, path: &str) -> bool {
    policy.tests.iter().any(|test| test.given.snapshot.as_deref() == Some(path))
        || says_who_owns(policy, path)
        || is_of_check(policy, path)
}

fn says_who_owns(policy: &Policy, path: &str) -> bool {
    let asked = |asks: fn(&From) -> bool| policy.rules.iter().any(|rule| asks(&rule.require.from));
    (owners::is_codeowners(path) && asked(|from| from.codeowners))
        || (owners::is_owners(path) && asked(|from| from.owners))
}

fn is_of_check(policy: &Policy, path: &str) -> bool {
    policy.checks.iter().any(|check| match &check.judge {
        Judge::Cel(_) | Judge::Pack(_) => false,
        Judge::Schema(schema) => schema.files.iter().any(|pattern| names(pattern, path)),
        Judge::Rego(rego) => rego.files.iter().chain(&rego.data).any(|pattern| names(pattern, path)),
        Judge::Admission(files) | Judge::Gatekeeper(files) => {
            files.iter().any(|pattern| names(pattern, path))
        }
    })
}

/// Whether a policy has files at all.
pub fn has_files(policy: &Policy) -> bool {
    policy.tests.iter().any(|test| test.given.snapshot.is_some())
        || policy.rules.iter().any(|rule| rule.require.from.codeowners || rule.require.from.owners)
        || policy.checks.iter().any(|check| match &check.judge {
            Judge::Cel(_) | Judge::Pack(_) => false,
            Judge::Schema(schema) => !schema.files.is_empty(),
            Judge::Rego(_) | Judge::Admission(_) | Judge::Gatekeeper(_) => true,
        })
}

/// A pattern names the file itself, everything below a folder, or what it matches.
fn names(pattern: &str, path: &str) -> bool {
    let folder = pattern.trim_end_matches('/');
    let below = || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    folder == path || below() || glob(pattern).is_ok_and(|glob| glob.is_match(path))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_file_a_folder_or_a_pattern() {
        let check = |pattern: &str, path: &str, wanted: bool| {
            assert_eq!(names(pattern, path), wanted, "{pattern} {path}")
        };
        check("policies/a.rego", "policies/a.rego", true);
        check("policies", "policies/a.rego", true);
        check("policies/", "policies/deep/a.rego", true);
        check("policies", "policies2/a.rego", false);
        check("policies/*.rego", "policies/a.rego", true);
        check("policies/*.rego", "policies/deep/a.rego", false);
        check("policies/**/*.rego", "policies/deep/a.rego", true);
    }
}
