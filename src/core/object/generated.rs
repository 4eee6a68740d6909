//! Names that end in a hash of the content, as kustomize's generators make them: `app-config-7h2k9m4tgb`.
//!
//! The hash of a Secret would let anybody try guesses at it offline, so it never leaves the parser: a keyed hash
//! takes its place, in the Secret's name and wherever the name is used.

use std::collections::BTreeMap;

use serde_json::Value;

use super::seal::Sealer;
use super::{ObjectRef, RenderedObject};

/// The letters that kustomize writes its hashes with.
const ALPHABET: &str = "bcdfghkmt2456789";
const LENGTH: usize = 10;

/// The name without its hash (and the dash before it); `None` where it ends in none.
pub(crate) fn stem(name: &str) -> Option<&str> {
    let (stem, hash) = name.rsplit_once('-')?;
    let plain = hash.len() == LENGTH && hash.chars().all(|c| ALPHABET.contains(c));
    let veiled = hash.starts_with('‹') && hash.ends_with('›');
    (!stem.is_empty() && (plain || veiled)).then_some(stem)
}

/// Replaces the names of generated Secrets. An object that uses such a name counts as sealed, since it cannot be sent
/// to a cluster as it is.
pub(super) fn veil(objects: &mut [RenderedObject], sealer: &Sealer<'_>) {
    let mut names = BTreeMap::new();
    for object in objects.iter() {
        if is_secret(&object.reference)
            && let Some(stem) = stem(&object.reference.name)
        {
            let hash = sealer.name_hash(&object.reference);
            names.insert(object.reference.name.clone(), format!("{stem}-‹{hash}›"));
        }
    }
    if names.is_empty() {
        return;
    }
    for object in objects {
        if let Some(name) = names.get(&object.reference.name).filter(|_| is_secret(&object.reference)) {
            object.reference.name.clone_from(name);
        }
        object.sealed |= replace(&mut object.body, &names);
    }
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
