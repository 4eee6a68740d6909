//! What a CustomResourceDefinition that changes does to the objects of its kind that are there. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::custom::{CustomKind, Served, custom_kinds, served};
use super::shape::Schema;
use super::shipped::Catalogue;
use super::veil::{names_in, structure, veiled};
use super::walk::{Flaw, Kind, Weight, judge};

/// A definition as the cluster has it, and as it will be.
#[derive(Debug)]
pub struct Redefined {
    now: CustomKind,
    next: CustomKind,
    /// Versions that are served no more.
    unserved: BTreeSet<String>,
    /// Versions of which something else is asked.
    other: BTreeMap<String, Other>,
    stored: Option<Stored>,
    /// What the fields are called that either of the two speaks of.
    names: BTreeSet<String>,
}

/// How a version that is still served differs.
#[derive(Debug)]
struct Other {
    /// It has other rules in CEL, which are not evaluated.
    rules: bool,
    whole: Sides,
    structure: Sides,
}

/// The same objects are stored otherwise.
#[derive(Debug)]
struct Stored {
    /// In this version.
    into: String,
    /// They can be had in this one now.
    read: String,
    /// A webhook converts them, and nobody else knows into what.
    by_webhook: bool,
    structure: Sides,
}

/// What is asked of objects, now and then.
#[derive(Debug)]
struct Sides {
    now: Served,
    next: Served,
}

/// What comes of one object, in words without its values. An author of a change chooses patterns, and could ask of live values
/// by them; what is wrong is told where it is about which fields there are, and of which type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgrown {
    /// It is not valid any more, for the fields that it has or does not have.
    Invalid(String),
    /// It is not valid any more, for a value.
    InvalidValue,
    /// What it has in these fields is lost.
    Loses(String),
    /// It is written in this version, which is served no more.
    Unserved(String),
    /// That is not known, and why.
    Untold(String),
}

impl Redefined {
    /// `None` where whatever is valid stays valid, and keeps what it has.
    pub fn of(now: &Value, next: &Value) -> Option<Self> {
        let (now_kind, next_kind) = (custom_kinds(now)?, custom_kinds(next)?);
        let is_served = |kind: &CustomKind, name: &str| {
            kind.versions.get(name).is_some_and(|version| !matches!(version, Served::Not))
        };
        let (mut unserved, mut other) = (BTreeSet::new(), BTreeMap::new());
        for name in now_kind.versions.keys().filter(|name| is_served(&now_kind, name)) {
            if is_served(&next_kind, name) {
                other.extend(Other::of(now, next, name).map(|differs| (name.clone(), differs)));
            } else {
                unserved.insert(name.clone());
            }
        }
        let first = now_kind.versions.keys().find(|name| is_served(&now_kind, name))?;
        let from = storage(now).filter(|name| is_served(&now_kind, name)).unwrap_or(first);
        let stored = Stored::of(now, next, from).filter(|stored| {
            // Whoever writes in that version is told already.
            storage(now) != storage(next) || !other.contains_key(&stored.into)
        });
        let changes = !(unserved.is_empty() && other.is_empty() && stored.is_none());
        let names = names_in(now).chain(names_in(next)).collect();
        changes.then_some(Self { now: now_kind, next: next_kind, unserved, other, stored, names })
    }

    /// Group and kind.
    pub fn kind(&self) -> (&str, &str) {
        (&self.now.group, &self.now.kind)
    }

    /// The versions in which all live objects have to be looked at. Where one is served no more, it is told from an object of
    /// any version whether it is written in that one.
    pub fn versions(&self) -> BTreeSet<&str> {
        let stored = self.stored.iter().map(|stored| stored.read.as_str());
        let all: BTreeSet<&str> = self.other.keys().map(String::as_str).chain(stored).collect();
        if all.is_empty() { self.unserved.first().map(String::as_str).into_iter().collect() } else { all }
    }

    /// Whether rules in CEL change, which are not evaluated.
    pub fn changes_rules(&self) -> bool {
        self.other.values().any(|other| other.rules)
    }

    /// What comes of a live object as it is in one of the [versions](Self::versions); nothing where it is as valid as before.
    pub fn outgrown(&self, version: &str, object: &Value) -> Vec<Outgrown> {
        if self.next.kind != self.now.kind || self.next.group != self.now.group {
            let called = format!("objects are called `{}` of `{}` then", self.next.kind, self.next.group);
            return vec![Outgrown::Invalid(called)];
        }
        let gone = self.unserved.iter().find(|gone| is_written_in(object, &self.now.group, gone));
        let mut all: Vec<Outgrown> = gone.map(|gone| Outgrown::Unserved(gone.clone())).into_iter().collect();
        if let Some(other) = self.other.get(version) {
            all.extend(self.of_schema(other, object).unwrap_or_else(|why| Some(Outgrown::Untold(why))));
        }
        if let Some(stored) = self.stored.as_ref().filter(|stored| stored.read == version) {
            all.extend(self.of_stored(stored, object).unwrap_or_else(|why| Some(Outgrown::Untold(why))));
        }
        all
    }

    fn of_schema(&self, other: &Other, object: &Value) -> Result<Option<Outgrown>, String> {
        let whole = other.whole.new_flaws(object)?;
        if whole.is_empty() {
            return Ok(None);
        }
        let built = other.structure.new_flaws(object)?;
        let (lost, wrong): (Vec<&Flaw>, Vec<&Flaw>) =
            built.iter().partition(|flaw| flaw.rule == UNKNOWN_FIELD);
        let words = wrong.iter().map(|flaw| match flaw.rule {
            "required" => "is missing",
            _ => "has another type",
        });
        if let Some((flaw, word)) = wrong.first().zip(words.into_iter().next()) {
            let first = format!("`{}` {word}", veiled(&flaw.path, &self.names));
            return Ok(Some(Outgrown::Invalid(and_more(first, wrong.len()))));
        }
        if whole.iter().any(|flaw| flaw.rule != UNKNOWN_FIELD) {
            return Ok(Some(Outgrown::InvalidValue));
        }
        Ok(self.lost(&lost).map(Outgrown::Loses))
    }

    fn of_stored(&self, stored: &Stored, object: &Value) -> Result<Option<Outgrown>, String> {
        let into = &stored.into;
        if stored.by_webhook {
            return Err(format!("a webhook converts them to `{into}`, in which they will be stored"));
        }
        let flaws = stored.structure.new_flaws(object)?;
        let lost: Vec<&Flaw> = flaws.iter().filter(|flaw| flaw.rule == UNKNOWN_FIELD).collect();
        let lost = self.lost(&lost);
        Ok(lost.map(|lost| Outgrown::Loses(format!("{lost}, when it is next stored, as `{into}`"))))
    }

    fn lost(&self, flaws: &[&Flaw]) -> Option<String> {
        let first = format!("`{}`", veiled(&flaws.first()?.path, &self.names));
        Some(and_more(first, flaws.len()))
    }
}

impl Other {
    /// `None` where the same is asked in a version as before.
    fn of(now: &Value, next: &Value, name: &str) -> Option<Self> {
        let (old, new) = (schema_of(now, name), schema_of(next, name));
        (old != new).then(|| Self {
            rules: rules(&old) != rules(&new),
            whole: Sides { now: compiled(now, &old), next: compiled(next, &new) },
            structure: Sides { now: compiled(now, &structure(&old)), next: compiled(next, &structure(&new)) },
        })
    }
}

impl Stored {
    /// `None` where objects are stored as they were.
    fn of(now: &Value, next: &Value, read: &str) -> Option<Self> {
        let (from, into) = (storage(now)?, storage(next)?);
        let (old, new) = (structure(&schema_of(now, from)), structure(&schema_of(next, into)));
        let converts =
            |side: &Value| side.pointer("/spec/conversion/strategy").is_some_and(|own| own == "Webhook");
        let by_webhook = converts(now) || converts(next);
        (old != new || from != into && by_webhook).then(|| Self {
            into: into.to_owned(),
            read: read.to_owned(),
            by_webhook,
            structure: Sides { now: compiled(now, &old), next: compiled(next, &new) },
        })
    }
}

impl Sides {
    /// What was wrong all along is not this change's doing.
    fn new_flaws(&self, object: &Value) -> Result<Vec<Flaw>, String> {
        let new = match &self.next {
            Served::By(schema) => flaws(schema, object)?,
            Served::Unreadable(why) => return Err(why.clone()),
            Served::Anything | Served::Not => Vec::new(),
        };
        if new.is_empty() {
            return Ok(new);
        }
        let before = match &self.now {
            Served::By(schema) => flaws(schema, object).unwrap_or_default(),
            Served::Anything | Served::Not | Served::Unreadable(_) => Vec::new(),
        };
        let is_known =
            |flaw: &Flaw| before.iter().any(|known| (&known.path, known.rule) == (&flaw.path, flaw.rule));
        Ok(new.into_iter().filter(|flaw| !is_known(flaw)).collect())
    }
}

/// What a definition asks by a schema, whether or not the version is served.
fn compiled(definition: &Value, schema: &Value) -> Served {
    let schema = Some(schema).filter(|schema| !schema.is_null());
    let version =
        schema.map_or_else(|| json!({}), |schema| json!({ "schema": { "openAPIV3Schema": schema } }));
    served(definition.get("spec").unwrap_or(&Value::Null), &version)
}

fn storage(definition: &Value) -> Option<&str> {
    let mut stored =
        versions(definition).filter(|version| version.get("storage") == Some(&Value::Bool(true)));
    stored.next()?.get("name")?.as_str()
}

/// Versions in which objects may still be stored that a definition does not have any more. The API server refuses it.
pub fn stored_and_gone(now: &Value, next: &Value) -> Vec<String> {
    let stored = now.pointer("/status/storedVersions").and_then(Value::as_array).into_iter().flatten();
    let has = |name: &str| versions(next).any(|version| version.get("name").is_some_and(|own| own == name));
    stored.filter_map(Value::as_str).filter(|name| !has(name)).map(str::to_owned).collect()
}

const UNKNOWN_FIELD: &str = "unknown-field";

fn and_more(first: String, all: usize) -> String {
    match all.saturating_sub(1) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn flaws(schema: &Schema, object: &Value) -> Result<Vec<Flaw>, String> {
    let flaws = judge(Kind::Custom(schema, Catalogue::for_version(None)), object)?;
    Ok(flaws.into_iter().filter(|flaw| flaw.weight == Weight::Refused).collect())
}

fn versions(definition: &Value) -> impl Iterator<Item = &Value> {
    definition.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten()
}

/// What is said of objects of a version, without words for people.
fn schema_of(definition: &Value, name: &str) -> Value {
    let of = versions(definition).find(|version| version.get("name").is_some_and(|own| own == name));
    let own = of.and_then(|version| version.pointer("/schema/openAPIV3Schema"));
    let schema = own.or_else(|| definition.pointer("/spec/validation/openAPIV3Schema"));
    schema.map(without_words).unwrap_or_default()
}

fn without_words(schema: &Value) -> Value {
    match schema {
        Value::Object(entries) => {
            let telling = entries.iter().filter(|(key, value)| {
                // Below `properties` it is the name of a field.
                !(matches!(key.as_str(), "description" | "title") && value.is_string())
            });
            Value::Object(telling.map(|(key, value)| (key.clone(), without_words(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_words).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}

/// All rules in CEL of a schema, with where they stand.
fn rules(schema: &Value) -> Vec<(String, &Value)> {
    fn below<'a>(value: &'a Value, at: &str, all: &mut Vec<(String, &'a Value)>) {
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    let at = format!("{at}/{key}");
                    if key == "x-kubernetes-validations" {
                        all.push((at, value));
                    } else {
                        below(value, &at, all);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| below(item, at, all)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut all = Vec::new();
    below(schema, "", &mut all);
    all
}

/// Whether somebody writes an object in a version, by the server's account of who wrote what.
fn is_written_in(object: &Value, group: &str, version: &str) -> bool {
    let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    let api_version = format!("{group}/{version}");
    entries.into_iter().flatten().any(|entry| {
        entry.get("subresource").is_none() && entry.get("apiVersion").is_some_and(|own| *own == api_version)
    })
}

#[cfg(test)]
mod tests;
