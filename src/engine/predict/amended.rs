//! A server-side apply that gives other values to fields which its manager owns, and does nothing else, as those values
//! alone. The rest of what an apply does (to find out what goes, who owns what, who is in conflict) comes to nothing then, and
//! is most of its work. Pure.

use countersign_core::live::LAST_APPLIED;
use countersign_core::object::is_built_in;
use serde_json::{Map, Value, json};

use super::foreseen::{elements, has_exactly, is_leaf, names, without_names};
use super::marks;
use super::ownership::{UNOWNED_METADATA, entries, fields, has_keys};

/// What an apply of `head` comes to where an apply of `base` finds [nothing to do](super::foreseen::stands), as a JSON patch of
/// what is live. `None` where it does more than to put plain values in the place of others of their kind, or where that is
/// not certain.
pub(super) fn of(group: &str, live: &Value, manager: &str, base: &Value, head: &Value) -> Option<Value> {
    // The definition of a custom resource may have changed since base was applied. Then an apply refuses what it took before
    // and what stays as it is, or takes a list as one that it merged, with the items of others; a patch does neither.
    if !is_built_in(group) {
        return None;
    }
    // An apply by kubectl keeps the note of its client-side applies up to date.
    let is_noted = marks::entry(live, "annotations", LAST_APPLIED).is_some();
    if is_noted || !are_of_one_state(base, head) {
        return None;
    }
    let own = fields(entries(live, manager).next()?)?;
    let mut amended = Amended { path: String::new(), patch: Vec::new() };
    amended.value(own, &without_names(base), &without_names(head), live)?;
    (!amended.patch.is_empty()).then_some(Value::Array(amended.patch))
}

/// Whether two manifests are of the same object, and not of a state of it that somebody saw.
fn are_of_one_state(base: &Value, head: &Value) -> bool {
    let metadata = |side: &Value, field: &str| side.get("metadata").and_then(|all| all.get(field)).cloned();
    ["apiVersion", "kind"].iter().all(|field| base.get(field) == head.get(field))
        && UNOWNED_METADATA.iter().all(|field| match *field {
            "name" | "namespace" => metadata(base, field) == metadata(head, field),
            _ => metadata(head, field).is_none(),
        })
}

/// What is amended so far, and where the walk stands in what is live.
struct Amended {
    path: String,
    patch: Vec<Value>,
}

impl Amended {
    fn value(&mut self, own: &Map<String, Value>, base: &Value, head: &Value, live: &Value) -> Option<()> {
        if base == head {
            return Some(());
        }
        if is_leaf(own) {
            return self.plain(base, head);
        }
        match (base, head, live) {
            (Value::Object(base), Value::Object(head), Value::Object(live)) => {
                self.fields(own, base, head, live)
            }
            (Value::Array(base), Value::Array(head), Value::Array(live)) => self.items(own, base, head, live),
            _ => None,
        }
    }

    fn plain(&mut self, base: &Value, head: &Value) -> Option<()> {
        let is_of_a_kind = (base.is_string() && head.as_str().is_some_and(|head| head.chars().all(is_read)))
            || (base.is_boolean() && head.is_boolean())
            || (base.is_i64() && head.is_i64());
        let replaced = || json!({ "op": "replace", "path": self.path, "value": head });
        is_of_a_kind.then(replaced).map(|replaced| self.patch.push(replaced))
    }

    fn fields(
        &mut self,
        own: &Map<String, Value>,
        base: &Map<String, Value>,
        head: &Map<String, Value>,
        live: &Map<String, Value>,
    ) -> Option<()> {
        if base.len() != head.len() {
            return None;
        }
        for (key, head) in head {
            let own = own.get(&format!("f:{key}"))?.as_object()?;
            self.below(key, |amended| amended.value(own, base.get(key)?, head, live.get(key)?))?;
        }
        Some(())
    }

    /// The same items, by what tells them apart.
    fn items(
        &mut self,
        own: &Map<String, Value>,
        base: &[Value],
        head: &[Value],
        live: &[Value],
    ) -> Option<()> {
        if base.len() != head.len() || elements(own) != base.len() {
            return None;
        }
        for (base, head) in base.iter().zip(head) {
            let mut fitting = own.iter().filter(|(element, _)| names(element, base, has_keys));
            let (Some((element, own)), None) = (fitting.next(), fitting.next()) else { return None };
            let own = own.as_object().filter(|_| names(element, head, has_keys))?;
            let mut found = live.iter().enumerate().filter(|(_, live)| names(element, live, has_exactly));
            let (Some((place, live)), None) = (found.next(), found.next()) else { return None };
            self.below(&place.to_string(), |amended| amended.value(own, base, head, live))?;
        }
        Some(())
    }

    fn below(&mut self, key: &str, walk: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let here = self.path.len();
        self.path.push('/');
        self.path.push_str(&key.replace('~', "~0").replace('/', "~1"));
        let walked = walk(self);
        self.path.truncate(here);
        walked
    }
}

/// Whether an apply, which the server reads as YAML, takes a character of a text for what a patch takes it for. It refuses
/// some, and takes others for the end of a line. Those below the space are written by their numbers.
fn is_read(one: char) -> bool {
    !matches!(one, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
