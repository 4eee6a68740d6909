//! The objects of the cluster, and what an apply, an edit or a deletion does to them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{self, Set};
use super::schema::{Kind, misfits};
use super::status::Refusal;
use super::{defaults, validate};

/// Namespaced plural, namespace, name.
type Key = (String, String, String);

/// Where a request points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) kind: &'a Kind,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
}

/// Whether a request is only tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    Dry,
    Real,
}

/// How an apply is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options<'a> {
    pub(super) manager: &'a str,
    pub(super) force: bool,
    pub(super) run: Run,
}

/// How somebody changes an object.
#[derive(Debug)]
pub(super) enum Patch {
    /// RFC 7386.
    Merge(Value),
    /// RFC 6902.
    Json(json_patch::Patch),
}

/// Everything in the cluster.
#[derive(Debug, Default)]
pub(super) struct Objects {
    all: BTreeMap<Key, Value>,
    version: u64,
    made: u64,
}

/// One entry of `managedFields`.
#[derive(Debug, Clone)]
struct Manager {
    name: String,
    operation: String,
    time: String,
    set: Set,
}

fn key(place: &Place<'_>) -> Key {
    (place.kind.qualified_plural(), place.namespace.to_owned(), place.name.to_owned())
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Objects {
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn get(&self, place: &Place<'_>) -> Result<Value, Refusal> {
        let found = self.all.get(&key(place)).cloned();
        found.ok_or_else(|| Refusal::not_found(place.kind, place.name))
    }

    /// Those of a kind, in one namespace or, with an empty name, in all.
    pub(super) fn list(&self, kind: &Kind, namespace: &str) -> Vec<Value> {
        let plural = kind.qualified_plural();
        let own = |key: &Key| key.0 == plural && (namespace.is_empty() || key.1 == namespace);
        self.all.iter().filter(|(key, _)| own(key)).map(|(_, object)| object.clone()).collect()
    }

    /// Server-side apply: the status and the object as it is then.
    pub(super) fn apply(
        &mut self,
        place: &Place<'_>,
        manifest: &Value,
        options: &Options<'_>,
    ) -> Result<(u16, Value), Refusal> {
        addressed(place, manifest)?;
        if options.manager.is_empty() {
            return Err(Refusal::no_manager());
        }
        let found = misfits(&place.kind.shape, manifest);
        if !found.is_empty() {
            return Err(Refusal::untyped(place.kind, place.namespace, place.name, &found));
        }
        let old = self.all.get(&key(place)).cloned();
        self.admit(place, old.as_ref(), manifest)?;
        let new = applied(place, old.as_ref(), manifest, options)?;
        self.finish(place, old, new, options.run)
    }

    /// A patch by somebody: what it changes is theirs from then on.
    pub(super) fn edit(
        &mut self,
        place: &Place<'_>,
        patch: &Patch,
        options: &Options<'_>,
    ) -> Result<Value, Refusal> {
        let old = self.get(place)?;
        let mut new = old.clone();
        match patch {
            Patch::Merge(patch) => json_patch::merge(&mut new, patch),
            Patch::Json(patch) => json_patch::patch(&mut new, patch).map_err(|_| Refusal::no_such_place())?,
        }
        if let Some(fault) = misfits(&place.kind.shape, &new).first() {
            return Err(Refusal::bad_request(&format!("strict decoding error: {fault}")));
        }
        let shape = &place.kind.shape;
        let (before, after) = (fields::named(shape, &old), fields::named(shape, &new));
        let changed = fields::differing(shape, &old, &new).or(&after.minus(&before));
        let touched = changed.or(&before.minus(&after));
        let mut managers = managers(&old);
        for manager in &mut managers {
            manager.set = manager.set.minus(&touched);
        }
        let own = managers.iter_mut().find(|own| own.name == options.manager && own.operation == "Update");
        match own {
            Some(own) => own.set = own.set.or(&changed),
            None => managers.push(Manager {
                name: options.manager.to_owned(),
                operation: "Update".to_owned(),
                time: now(),
                set: changed,
            }),
        }
        write_managers(place, &mut new, managers);
        self.finish(place, Some(old), new, options.run).map(|(_, object)| object)
    }

    pub(super) fn delete(&mut self, place: &Place<'_>, run: Run) -> Result<Value, Refusal> {
        let old = self.get(place)?;
        if run == Run::Real {
            self.all.remove(&key(place));
            self.version += 1;
        }
        let uid = old.pointer("/metadata/uid").cloned().unwrap_or_default();
        let mut details = json!({ "name": place.name, "kind": place.kind.plural, "uid": uid });
        if let (Some(details), false) = (details.as_object_mut(), place.kind.group.is_empty()) {
            details.insert("group".to_owned(), Value::from(place.kind.group.as_str()));
        }
        Ok(
            json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details }),
        )
    }

    /// Refuses what has no namespace to be in, and what was read before somebody else wrote.
    fn admit(&self, place: &Place<'_>, old: Option<&Value>, manifest: &Value) -> Result<(), Refusal> {
        let Some(old) = old else {
            let namespace = ("namespaces".to_owned(), String::new(), place.namespace.to_owned());
            return if place.kind.namespaced && !self.all.contains_key(&namespace) {
                Err(Refusal::no_namespace(place.namespace))
            } else {
                Ok(())
            };
        };
        let version = |object: &Value| object.pointer("/metadata/resourceVersion").cloned();
        match version(manifest) {
            Some(read) if Some(&read) != version(old).as_ref() => {
                Err(Refusal::modified(place.kind, place.name))
            }
            _ => Ok(()),
        }
    }

    /// Fills in, checks and, in a real run, stores.
    fn finish(
        &mut self,
        place: &Place<'_>,
        old: Option<Value>,
        mut new: Value,
        run: Run,
    ) -> Result<(u16, Value), Refusal> {
        defaults::fill(&place.kind.kind, &mut new);
        let causes = validate::causes(place.kind, old.as_ref(), &new);
        if !causes.is_empty() {
            return Err(Refusal::invalid(place.kind, place.name, &causes));
        }
        let code = if old.is_some() { 200 } else { 201 };
        let generation = generation(place.kind, old.as_ref(), &new);
        if let Some(metadata) = new.get_mut("metadata").and_then(Value::as_object_mut) {
            if old.is_none() {
                self.made += 1;
                metadata
                    .insert("uid".to_owned(), json!(format!("00000000-0000-4000-8000-{:012x}", self.made)));
                metadata.insert("creationTimestamp".to_owned(), json!(now()));
            }
            if let Some(generation) = generation {
                metadata.insert("generation".to_owned(), json!(generation));
            }
        }
        if old.as_ref() == Some(&new) {
            return Ok((code, new));
        }
        if run == Run::Real {
            self.version += 1;
            if let Some(metadata) = new.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.insert("resourceVersion".to_owned(), json!(self.version.to_string()));
            }
            self.all.insert(key(place), new.clone());
        }
        Ok((code, new))
    }
}

fn addressed(place: &Place<'_>, manifest: &Value) -> Result<(), Refusal> {
    let text = |path: &str| manifest.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("/apiVersion"), text("/kind"));
    if (version, kind) != (place.kind.api_version().as_str(), place.kind.kind.as_str()) {
        return Err(Refusal::bad_request(&format!("invalid object type: {version}, Kind={kind}")));
    }
    let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
    if !name.is_empty() && name != place.name {
        let message =
            format!("the name of the object ({name}) does not match the name on the URL ({})", place.name);
        return Err(Refusal::bad_request(&message));
    }
    if !namespace.is_empty() && namespace != place.namespace {
        let message = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Refusal::bad_request(message));
    }
    Ok(())
}

/// The object that an apply makes of what was there, with its managers.
fn applied(
    place: &Place<'_>,
    old: Option<&Value>,
    manifest: &Value,
    options: &Options<'_>,
) -> Result<Value, Refusal> {
    let shape = &place.kind.shape;
    let named = fields::named(shape, manifest);
    let mut new = old.cloned().unwrap_or_else(|| skeleton(place));
    let changed = fields::differing(shape, &new, manifest).and(&named);
    let (own, mut others): (Vec<Manager>, Vec<Manager>) = managers(&new)
        .into_iter()
        .partition(|manager| manager.name == options.manager && manager.operation == "Apply");
    if !options.force {
        let taken = |other: &Manager| {
            let paths = other.set.and(&changed).paths();
            paths.into_iter().map(|path| (other.name.clone(), path)).collect::<Vec<_>>()
        };
        let conflicts: Vec<(String, String)> = others.iter().flat_map(taken).collect();
        if !conflicts.is_empty() {
            return Err(Refusal::conflicts(&conflicts));
        }
    }
    let mut gone = own.iter().fold(Set::default(), |all, own| all.or(&own.set)).minus(&named);
    for other in &mut others {
        gone = gone.minus(&other.set);
        other.set = other.set.minus(&changed);
    }
    fields::merge(shape, &mut new, &applicable(manifest));
    fields::remove(shape, &mut new, &gone);
    let time = own.iter().find(|own| own.set == named).map_or_else(now, |own| own.time.clone());
    others.insert(
        0,
        Manager { name: options.manager.to_owned(), operation: "Apply".to_owned(), time, set: named },
    );
    write_managers(place, &mut new, others);
    Ok(new)
}

fn skeleton(place: &Place<'_>) -> Value {
    let mut metadata = json!({ "name": place.name });
    if let (Some(metadata), true) = (metadata.as_object_mut(), place.kind.namespaced) {
        metadata.insert("namespace".to_owned(), json!(place.namespace));
    }
    json!({ "apiVersion": place.kind.api_version(), "kind": place.kind.kind, "metadata": metadata })
}

/// A manifest without what an apply may not set.
fn applicable(manifest: &Value) -> Value {
    let mut manifest = manifest.clone();
    if let Some(fields) = manifest.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = manifest.get_mut("metadata").and_then(Value::as_object_mut) {
        for key in ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"]
        {
            metadata.remove(key);
        }
    }
    manifest
}

fn generation(kind: &Kind, old: Option<&Value>, new: &Value) -> Option<u64> {
    if !kind.generation {
        return None;
    }
    let Some(old) = old else { return Some(1) };
    let before = old.pointer("/metadata/generation").and_then(Value::as_u64).unwrap_or(0);
    Some(if old.get("spec") == new.get("spec") { before } else { before + 1 })
}

fn managers(object: &Value) -> Vec<Manager> {
    let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    let text =
        |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let read = |entry: &Value| Manager {
        name: text(entry, "manager"),
        operation: text(entry, "operation"),
        time: text(entry, "time"),
        set: Set::from_json(entry.get("fieldsV1").unwrap_or(&Value::Null)),
    };
    entries.into_iter().flatten().map(read).collect()
}

/// Whoever owns nothing is not listed.
fn write_managers(place: &Place<'_>, object: &mut Value, managers: Vec<Manager>) {
    let entry = |manager: &Manager| {
        json!({
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": place.kind.api_version(),
            "time": manager.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": manager.set.to_json(),
        })
    };
    let entries: Vec<Value> = managers.iter().filter(|manager| !manager.set.is_empty()).map(entry).collect();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        if entries.is_empty() {
            metadata.remove("managedFields");
        } else {
            metadata.insert("managedFields".to_owned(), Value::from(entries));
        }
    }
}
