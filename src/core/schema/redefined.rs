//! What a CustomResourceDefinition that changes does to the objects of its kind that are there. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::custom::{CustomKind, Served, custom_kinds};
use super::shape::Schema;
use super::shipped::Catalogue;
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
}

/// How a version that is still served differs.
#[derive(Debug, Default)]
struct Other {
    /// It has other rules in CEL, which are not evaluated.
    rules: bool,
}

/// What comes of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgrown {
    /// It is as valid as before.
    No,
    /// It is not valid any more, in words without its values.
    Invalid(String),
    /// What it has in these fields is lost.
    Loses(String),
    /// That is not known, and why.
    Untold(String),
}

impl Redefined {
    /// `None` where whatever is valid stays valid.
    pub fn of(now: &Value, next: &Value) -> Option<Self> {
        let (now_kind, next_kind) = (custom_kinds(now)?, custom_kinds(next)?);
        let is_served = |kind: &CustomKind, name: &str| {
            kind.versions.get(name).is_some_and(|version| !matches!(version, Served::Not))
        };
        let (mut unserved, mut other) = (BTreeSet::new(), BTreeMap::new());
        for name in now_kind.versions.keys().filter(|name| is_served(&now_kind, name)) {
            if !is_served(&next_kind, name) {
                unserved.insert(name.clone());
                continue;
            }
            let (old, new) = (schema_of(now, name), schema_of(next, name));
            if old != new {
                other.insert(name.clone(), Other { rules: rules(&old) != rules(&new) });
            }
        }
        let changes = !(unserved.is_empty() && other.is_empty());
        changes.then_some(Self { now: now_kind, next: next_kind, unserved, other })
    }

    /// Group and kind.
    pub fn kind(&self) -> (&str, &str) {
        (&self.now.group, &self.now.kind)
    }

    /// The versions in which all live objects have to be looked at. Where one is served no more, it is told from an object of
    /// any version whether it is written in that one.
    pub fn versions(&self) -> Vec<&str> {
        let other: Vec<&str> = self.other.keys().map(String::as_str).collect();
        if other.is_empty() { self.unserved.first().map(String::as_str).into_iter().collect() } else { other }
    }

    /// Whether rules in CEL change, which are not evaluated.
    pub fn changes_rules(&self) -> bool {
        self.other.values().any(|other| other.rules)
    }

    /// What comes of a live object as it is in one of the [versions](Self::versions).
    pub fn outgrown(&self, version: &str, object: &Value) -> Outgrown {
        if self.next.kind != self.now.kind || self.next.group != self.now.group {
            return Outgrown::Invalid(format!(
                "objects are called `{}` of `{}` then",
                self.next.kind, self.next.group
            ));
        }
        if let Some(gone) = self.unserved.iter().find(|gone| is_written_in(object, &self.now.group, gone)) {
            return Outgrown::Invalid(format!("it is written as `{gone}`, which is served no more"));
        }
        let schema = match self.next.versions.get(version) {
            Some(Served::By(schema)) => schema,
            Some(Served::Unreadable(why)) => return Outgrown::Untold(why.clone()),
            Some(Served::Anything | Served::Not) | None => return Outgrown::No,
        };
        let before = match self.now.versions.get(version) {
            Some(Served::By(schema)) => flaws(schema, object).unwrap_or_default(),
            Some(Served::Anything | Served::Not | Served::Unreadable(_)) | None => Vec::new(),
        };
        let flaws = match flaws(schema, object) {
            Ok(flaws) => flaws,
            Err(why) => return Outgrown::Untold(why),
        };
        // What was wrong all along is not this change's doing.
        let is_known =
            |flaw: &Flaw| before.iter().any(|known| (&known.path, known.rule) == (&flaw.path, flaw.rule));
        let new: Vec<&Flaw> = flaws.iter().filter(|flaw| !is_known(flaw)).collect();
        let wrong: Vec<&Flaw> = new.iter().copied().filter(|flaw| flaw.rule != UNKNOWN_FIELD).collect();
        match (wrong.first(), new.first()) {
            (Some(flaw), _) => {
                Outgrown::Invalid(and_more(format!("`{}` {}", flaw.path, flaw.message), wrong.len()))
            }
            (None, Some(flaw)) => Outgrown::Loses(and_more(format!("`{}`", flaw.path), new.len())),
            (None, None) => Outgrown::No,
        }
    }
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
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use serde_json::json;

    use super::*;

    fn definition(versions: Value) -> Value {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": "widgets.example.org" },
            "spec": { "group": "example.org", "names": { "kind": "Widget", "plural": "widgets" }, "versions": versions },
        })
    }

    fn v1(spec: Value) -> Value {
        let spec = json!({ "type": "object", "properties": spec });
        let schema = json!({ "type": "object", "properties": { "spec": spec } });
        json!({ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } })
    }

    fn check(now: Value, next: Value, object: Value) -> Outgrown {
        let redefined = Redefined::of(&definition(json!([v1(now)])), &definition(json!([v1(next)])));
        let mut live =
            json!({ "apiVersion": "example.org/v1", "kind": "Widget", "metadata": { "name": "w" } });
        live.as_object_mut().unwrap().insert("spec".to_owned(), object);
        redefined.map_or(Outgrown::No, |redefined| redefined.outgrown("v1", &live))
    }

    #[test]
    fn what_is_valid_and_will_not_be_is_found() {
        let size = || json!({ "size": { "type": "integer" }, "color": { "type": "string" } });
        let tight = || json!({ "size": { "type": "integer", "maximum": 5 }, "color": { "type": "string", "enum": ["red"] } });
        let invalid = |why: &str| Outgrown::Invalid(why.to_owned());
        let big = check(size(), tight(), json!({ "size": 9 }));
        assert!(matches!(&big, Outgrown::Invalid(why) if why.starts_with("`spec.size` ")), "{big:?}");
        // The value is not told.
        assert_eq!(
            check(size(), tight(), json!({ "color": "hunter2" })),
            invalid("`spec.color` must be `red`")
        );
        let both = check(size(), tight(), json!({ "size": 9, "color": "blue" }));
        assert!(matches!(&both, Outgrown::Invalid(why) if why.ends_with(" and 1 more")), "{both:?}");
        assert_eq!(check(size(), tight(), json!({ "size": 3, "color": "red" })), Outgrown::No);
        // A field that the definition forgets is lost, and what was wrong before stays as it was.
        let forgets = || json!({ "color": { "type": "string" } });
        assert_eq!(check(size(), forgets(), json!({ "size": 9 })), Outgrown::Loses("`spec.size`".to_owned()));
        assert_eq!(check(size(), tight(), json!({ "size": "9", "color": "red" })), Outgrown::No);
        assert_eq!(check(tight(), size(), json!({ "size": 9 })), Outgrown::No);
    }

    #[test]
    fn a_version_that_goes_takes_those_along_who_write_in_it() {
        let version =
            |name: &str, served: bool| json!({ "name": name, "served": served, "storage": name == "v1" });
        let now = definition(json!([version("v1", true), version("v1beta1", true)]));
        let written = |version: &str, part: Option<&str>| {
            let mut entry = json!({ "manager": "kubectl", "apiVersion": format!("example.org/{version}") });
            if let Some(part) = part {
                entry["subresource"] = json!(part);
            }
            json!({ "kind": "Widget", "metadata": { "managedFields": [entry] } })
        };
        for versions in
            [json!([version("v1", true), version("v1beta1", false)]), json!([version("v1", true)])]
        {
            let redefined = Redefined::of(&now, &definition(versions)).unwrap();
            assert_eq!(
                (redefined.versions(), redefined.kind()),
                (vec!["v1beta1"], ("example.org", "Widget"))
            );
            let why = "it is written as `v1beta1`, which is served no more".to_owned();
            let old = written("v1beta1", None);
            assert_eq!(redefined.outgrown("v1beta1", &old), Outgrown::Invalid(why));
            for kept in [written("v1", None), written("v1beta1", Some("status"))] {
                assert_eq!(redefined.outgrown("v1beta1", &kept), Outgrown::No);
            }
        }
        assert!(Redefined::of(&now, &now).is_none());
    }

    #[test]
    fn only_what_an_object_must_be_counts() {
        let words = |words: &str| json!({ "size": { "type": "integer", "description": words } });
        let of = |now: Value, next: Value| {
            Redefined::of(&definition(json!([v1(now)])), &definition(json!([v1(next)])))
        };
        assert!(of(words("small"), words("large")).is_none());
        let rule = |rule: &str| json!({ "size": { "type": "integer", "x-kubernetes-validations": [{ "rule": rule }] } });
        assert!(of(rule("self > 1"), rule("self > 2")).unwrap().changes_rules());
        assert!(!of(words(""), json!({ "size": { "type": "number" } })).unwrap().changes_rules());
        // A field of that name is no word for people.
        let field = |kind: &str| json!({ "description": { "type": kind } });
        assert!(of(field("string"), field("integer")).is_some());
    }

    #[test]
    fn what_is_stored_cannot_be_forgotten() {
        let mut now = definition(json!([v1(json!({}))]));
        now["status"] = json!({ "storedVersions": ["v1alpha1", "v1"] });
        assert_eq!(stored_and_gone(&now, &definition(json!([v1(json!({}))]))), ["v1alpha1"]);
        assert!(stored_and_gone(&definition(json!([])), &definition(json!([]))).is_empty());
    }
}
