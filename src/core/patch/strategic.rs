//! Strategic merge patches, as the API server's own appliers make them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::PatchError;
use super::combine::combine;
use super::schema::{Field, Node};

pub(super) const PATCH: &str = "$patch";
pub(super) const ORDER: &str = "$setElementOrder/";
const REMOVED_VALUES: &str = "$deleteFromPrimitiveList/";
const RETAINED: &str = "$retainKeys";

/// Which differences are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// What is new or different.
    Changes,
    /// What is gone.
    Removals,
}

pub(super) fn three_way(
    original: &Value,
    modified: &Value,
    current: &Value,
    root: Node<'_>,
) -> Result<Value, PatchError> {
    let map = |value: &'_ Value| value.as_object().cloned().ok_or(PatchError::NoObject);
    let (original, modified, current) = (map(original)?, map(modified)?, map(current)?);
    let changes = Pass::Changes.maps(&current, &modified, root, false)?;
    let removals = Pass::Removals.maps(&original, &modified, root, false)?;
    Ok(Value::Object(combine(removals, changes, root)))
}

impl Pass {
    fn maps(
        self,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
        node: Node<'_>,
        retains: bool,
    ) -> Result<Map<String, Value>, PatchError> {
        let mut patch = Map::new();
        for (key, new) in after {
            let field = node.field(key);
            match (before.get(key), new) {
                (None, new) => self.set(&mut patch, key, new),
                (Some(Value::Object(old)), Value::Object(fields)) if !field.replaces => {
                    let below = self.maps(old, fields, field.node, field.retains)?;
                    if !below.is_empty() {
                        patch.insert(key.clone(), Value::Object(below));
                    }
                }
                (Some(Value::Array(old)), Value::Array(items)) if field.merges => {
                    self.lists(&mut patch, key, &field, (old, items))?;
                }
                (Some(old), new) if old != new => self.set(&mut patch, key, new),
                (Some(_), _) => {}
            }
        }
        let gone: Vec<&String> = before.keys().filter(|key| !after.contains_key(*key)).collect();
        if retains && (!patch.is_empty() || !gone.is_empty()) {
            let kept: BTreeSet<&String> =
                after.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key).collect();
            if !kept.is_empty() {
                patch.insert(RETAINED.to_owned(), kept.into_iter().cloned().collect());
            }
        }
        if self == Self::Removals {
            patch.extend(gone.into_iter().map(|key| (key.clone(), Value::Null)));
        }
        Ok(patch)
    }

    fn set(self, patch: &mut Map<String, Value>, key: &str, value: &Value) {
        if self == Self::Changes {
            patch.insert(key.to_owned(), value.clone());
        }
    }

    fn lists(
        self,
        patch: &mut Map<String, Value>,
        name: &str,
        field: &Field<'_>,
        (old, new): (&[Value], &[Value]),
    ) -> Result<(), PatchError> {
        if old.is_empty() {
            if !new.is_empty() {
                self.set(patch, name, &Value::from(new));
            }
            return Ok(());
        }
        let both = || old.iter().chain(new);
        match field.key {
            Some(key) if both().all(Value::is_object) => self.items(patch, name, (key, field), (old, new)),
            None if both().all(|item| !item.is_object() && !item.is_array()) => {
                self.plain(patch, name, (old, new));
                Ok(())
            }
            Some(_) | None => Err(PatchError::MixedItems { list: name.to_owned() }),
        }
    }

    fn items(
        self,
        patch: &mut Map<String, Value>,
        name: &str,
        (key, field): (&str, &Field<'_>),
        (old, new): (&[Value], &[Value]),
    ) -> Result<(), PatchError> {
        let (mut changed, mut removed) = (Vec::new(), Vec::new());
        let (before, after) = (sorted(name, key, old)?, sorted(name, key, new)?);
        let (mut before, mut after) = (before.into_iter().peekable(), after.into_iter().peekable());
        loop {
            let order = match (before.peek(), after.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((old, _)), Some((new, _))) => old.cmp(new),
            };
            let old = if order.is_le() { before.next() } else { None };
            let new = if order.is_ge() { after.next() } else { None };
            match (old, new) {
                (Some((_, old)), Some((_, new))) => {
                    let mut below = self.maps(old, new, field.node, field.retains)?;
                    if !below.is_empty() {
                        below.insert(key.to_owned(), new.get(key).cloned().unwrap_or_default());
                        changed.push(Value::Object(below));
                    }
                }
                (None, Some((_, new))) if self == Self::Changes => changed.push(Value::Object(new.clone())),
                (Some((_, old)), None) if self == Self::Removals => {
                    let gone = [(key.to_owned(), old.get(key).cloned().unwrap_or_default())];
                    let gone = gone.into_iter().chain([(PATCH.to_owned(), Value::from("delete"))]);
                    removed.push(Value::Object(gone.collect()));
                }
                (None | Some(_), None) | (None, Some(_)) => {}
            }
        }
        let keys = |items: &[Value]| -> Vec<Option<Value>> {
            items.iter().map(|item| item.get(key).cloned()).collect()
        };
        let reordered = self == Self::Changes && keys(old) != keys(new);
        let twice = |items: &[Value]| {
            let keys = keys(items);
            keys.iter().enumerate().any(|(place, key)| keys.iter().take(place).any(|one| one == key))
        };
        // What appliers make of flat items is known; of lists within items of one key they make what their server refuses.
        let is_deep = |item: &Value| {
            item.as_object()
                .is_some_and(|fields| fields.values().any(|field| field.is_array() || field.is_object()))
        };
        let is_guessed = twice(old) || (twice(new) && new.iter().any(is_deep));
        if (reordered || !changed.is_empty() || !removed.is_empty()) && is_guessed {
            return Err(PatchError::SameKey { list: name.to_owned(), key: key.to_owned() });
        }
        if reordered || !changed.is_empty() || !removed.is_empty() {
            let order = new.iter().filter_map(|item| Some((key.to_owned(), item.get(key)?.clone())));
            let order: Vec<Value> = order.map(|pair| Value::Object(Map::from_iter([pair]))).collect();
            super::combine::arrange(key, &order, &mut changed);
            if !order.is_empty() {
                patch.insert(format!("{ORDER}{name}"), Value::from(order));
            }
        }
        changed.extend(removed);
        if !changed.is_empty() {
            patch.insert(name.to_owned(), Value::from(changed));
        }
        Ok(())
    }

    fn plain(self, patch: &mut Map<String, Value>, name: &str, (old, new): (&[Value], &[Value])) {
        let only = |these: &[Value], others: &[Value]| -> Vec<Value> {
            these.iter().filter(|value| !others.contains(value)).cloned().collect()
        };
        let (added, removed) = match self {
            Self::Changes => (only(new, old), Vec::new()),
            Self::Removals => (Vec::new(), only(old, new)),
        };
        // kubectl has sorted the old values by now, and tells no order that is theirs.
        let mut old: Vec<&Value> = old.iter().collect();
        old.sort_by_cached_key(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let changed = !removed.is_empty() || (self == Self::Changes && !new.iter().eq(old));
        if !added.is_empty() {
            patch.insert(name.to_owned(), Value::from(added));
        }
        if !removed.is_empty() {
            patch.insert(format!("{REMOVED_VALUES}{name}"), Value::from(removed));
        }
        if changed && !new.is_empty() {
            patch.insert(format!("{ORDER}{name}"), Value::from(new));
        }
    }
}

/// Items in the order of their keys' text. Of two items with one key (a port of TCP and UDP) the later comes first, as
/// in kubectl, whose patches of such lists depend on it.
fn sorted<'a>(list: &str, key: &str, items: &'a [Value]) -> Result<Vec<Keyed<'a>>, PatchError> {
    let keyed = items.iter().rev().map(|item| {
        let key = item.get(key)?;
        let text = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        Some((text, item.as_object()?))
    });
    let keyed: Option<Vec<Keyed<'_>>> = keyed.collect();
    let mut keyed = keyed.ok_or_else(|| PatchError::NoKey { list: list.to_owned(), key: key.to_owned() })?;
    keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(keyed)
}

/// An item and the text of its key.
type Keyed<'a> = (String, &'a Map<String, Value>);
