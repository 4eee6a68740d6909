//! Fields that differ, each with its path.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::pair::{is_port, pair, same_protocol};
use super::quantity;
use super::yaml::UNSTABLE;
use crate::effect::FieldChange;
use crate::object::keys::push_key;
use crate::object::{is_sealed, is_unstable};

/// Fields that differ between two manifests without server-owned parts.
pub(super) fn between(before: &Value, after: &Value) -> Vec<FieldChange> {
    let kind = after.get("kind").and_then(Value::as_str).unwrap_or_default();
    let mut walk = Walk { kind, keys: Vec::new(), path: String::new(), changes: Vec::new() };
    walk.value(Some(before), Some(after));
    walk.changes
}

struct Walk<'a> {
    kind: &'a str,
    /// The keys on the way, list items left out.
    keys: Vec<&'a str>,
    path: String,
    changes: Vec<FieldChange>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, before: Option<&'a Value>, after: Option<&'a Value>) {
        if before == after {
            return;
        }
        if before.is_some_and(is_unstable) || after.is_some_and(is_unstable) {
            return self.unstable(before, after);
        }
        if before.is_some_and(is_sealed) || after.is_some_and(is_sealed) {
            return self.masked();
        }
        let secret = before.is_some_and(holds_sealed) || after.is_some_and(holds_sealed);
        match (before, after) {
            (Some(Value::Object(old)), Some(Value::Object(new))) => self.map(Some(old), Some(new)),
            (Some(Value::Array(old)), Some(Value::Array(new))) => self.list(old, new, secret),
            (Some(Value::Object(old)), None) if secret => self.map(Some(old), None),
            (None, Some(Value::Object(new))) if secret => self.map(None, Some(new)),
            (Some(Value::Array(old)), None) if secret => self.list(old, &[], secret),
            (None, Some(Value::Array(new))) if secret => self.list(&[], new, secret),
            _ if secret => self.masked(),
            (Some(old), Some(new)) if quantity::equal(self.kind, &self.keys, old, new) => {}
            _ => self.changed(before.cloned(), after.cloned()),
        }
    }

    fn map(&mut self, old: Option<&'a Map<String, Value>>, new: Option<&'a Map<String, Value>>) {
        // Most of two manifests is equal: only what is not is put in order.
        let gone =
            old.into_iter().flatten().filter(|(name, own)| new.and_then(|new| new.get(*name)) != Some(own));
        let come =
            new.into_iter().flatten().filter(|(name, _)| old.is_none_or(|old| !old.contains_key(*name)));
        let names: BTreeSet<&'a String> = gone.chain(come).map(|(name, _)| name).collect();
        for name in names {
            let (before, after) = (old.and_then(|map| map.get(name)), new.and_then(|map| map.get(name)));
            if name == "protocol" && is_port(&self.keys) && same_protocol(before, after) {
                continue;
            }
            let length = self.path.len();
            push_key(&mut self.path, name);
            self.keys.push(name);
            self.value(before, after);
            self.keys.pop();
            self.path.truncate(length);
        }
    }

    fn list(&mut self, old: &'a [Value], new: &'a [Value], secret: bool) {
        let plain = |items: &[Value]| items.iter().all(|item| !item.is_object() && !item.is_array());
        if !secret && plain(old) && plain(new) {
            return self.changed(Some(Value::from(old)), Some(Value::from(new)));
        }
        let pairing = pair(self.keys.last().copied().unwrap_or_default(), old, new);
        if let Some((before, after)) = pairing.order {
            self.changed(Some(Value::from(before)), Some(Value::from(after)));
        }
        for pair in pairing.pairs {
            let length = self.path.len();
            self.path.push_str(&pair.segment);
            self.value(pair.before.and_then(|at| old.get(at)), pair.after.and_then(|at| new.get(at)));
            self.path.truncate(length);
        }
    }

    fn changed(&mut self, before: Option<Value>, after: Option<Value>) {
        self.changes.push(FieldChange { path: self.path.clone(), before, after, masked: false });
    }

    /// A value that differs at each render shows as that, and its other side as it is unless it is secret.
    fn unstable(&mut self, before: Option<&Value>, after: Option<&Value>) {
        if [before, after].into_iter().flatten().any(|value| !is_unstable(value) && holds_sealed(value)) {
            return self.masked();
        }
        let shown = |value: &Value| if is_unstable(value) { Value::from(UNSTABLE) } else { value.clone() };
        self.changed(before.map(shown), after.map(shown));
    }

    fn masked(&mut self) {
        self.changes.push(FieldChange { path: self.path.clone(), before: None, after: None, masked: true });
    }
}

/// Whether any leaf of a value is sealed.
fn holds_sealed(value: &Value) -> bool {
    is_sealed(value)
        || match value {
            Value::Array(items) => items.iter().any(holds_sealed),
            Value::Object(entries) => entries.values().any(holds_sealed),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
}
