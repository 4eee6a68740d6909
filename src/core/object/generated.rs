//! Names that end in a hash of the content, as kustomize's generators make them: `app-config-7h2k9m4tgb`.
//!
//! The hash of a Secret would let anybody try guesses at it offline, so it never leaves the parser: a keyed hash
//! takes its place, in the Secret's name and wherever the name is used.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::ObjectRef;
use super::draft::Draft;
use super::seal::Sealer;

/// The letters that kustomize writes its hashes with.
const ALPHABET: &str = "bcdfghkmt2456789";
const LENGTH: usize = 10;

/// The name without its hash (and the dash before it); `None` where it ends in none.
pub(crate) fn stem(name: &str) -> Option<&str> {
    let (stem, hash) = name.rsplit_once('-')?;
    let veiled = hash.starts_with('‹') && hash.ends_with('›');
    (!stem.is_empty() && (is_hash(hash) || veiled)).then_some(stem)
}

/// The names of generated Secrets, and what stands for each.
pub(super) fn secret_names<'a>(
    references: impl IntoIterator<Item = &'a ObjectRef>,
    sealer: &Sealer<'_>,
) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for reference in references {
        if is_secret(reference)
            && let Some(stem) = stem(&reference.name)
        {
            let hash = sealer.name_hash(reference);
            names.insert(reference.name.clone(), format!("{stem}-‹{hash}›"));
        }
    }
    names
}

/// Replaces the names of generated Secrets. An object that uses such a name counts as sealed, since it cannot be sent
/// to a cluster as it is.
pub(super) fn veil(drafts: &mut [Draft], names: &BTreeMap<String, String>) {
    if names.is_empty() {
        return;
    }
    for draft in drafts {
        if let Some(name) = names.get(&draft.reference.name).filter(|_| is_secret(&draft.reference)) {
            draft.reference.name.clone_from(name);
        }
        draft.sealed |= replace(&mut draft.body, names);
    }
}

/// What may be the end of a generated name, in every text of a manifest.
pub(super) fn endings(body: &Value, found: &mut BTreeSet<String>) {
    match body {
        Value::String(text) => {
            for (dash, _) in text.match_indices('-') {
                let ending = text.get(dash + 1..dash + 1 + LENGTH);
                found.extend(ending.filter(|ending| is_hash(ending)).map(str::to_owned));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| endings(item, found)),
        Value::Object(entries) => entries.values().for_each(|item| endings(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a manifest with these endings may come out differently under other names of Secrets.
pub(super) fn may_differ(
    endings: &BTreeSet<String>,
    one: &BTreeMap<String, String>,
    other: &BTreeMap<String, String>,
) -> bool {
    if endings.is_empty() && one.keys().chain(other.keys()).all(|name| ends_in_hash(name)) {
        return false;
    }
    if (one.len() > MAX_INNER) != (other.len() > MAX_INNER) {
        return true;
    }
    let alone = |name: &&String| one.contains_key(*name) != other.contains_key(*name);
    let used =
        |name: &String| !ends_in_hash(name) || endings.iter().any(|ending| name.ends_with(ending.as_str()));
    one.keys().chain(other.keys()).filter(alone).any(used)
}

fn is_hash(text: &str) -> bool {
    text.len() == LENGTH && text.chars().all(|c| ALPHABET.contains(c))
}

fn ends_in_hash(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(_, hash)| is_hash(hash))
}

fn is_secret(reference: &ObjectRef) -> bool {
    reference.kind.eq_ignore_ascii_case("secret")
}

/// The most names that are also looked for inside longer texts.
const MAX_INNER: usize = 64;

fn replace(value: &mut Value, names: &BTreeMap<String, String>) -> bool {
    match value {
        Value::String(text) => {
            if let Some(name) = names.get(text.as_str()) {
                text.clone_from(name);
                return true;
            }
            if names.len() > MAX_INNER {
                return false;
            }
            let mut found = false;
            for (from, to) in names {
                if text.contains(from.as_str()) {
                    *text = text.replace(from.as_str(), to);
                    found = true;
                }
            }
            found
        }
        Value::Array(items) => items.iter_mut().fold(false, |found, item| replace(item, names) | found),
        Value::Object(entries) => {
            entries.values_mut().fold(false, |found, item| replace(item, names) | found)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
