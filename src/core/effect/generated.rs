//! Content-hash names: `app-config-7h2k9m4tgb` that replaces `app-config-2bcdfghkm4`.

use std::collections::BTreeMap;

use super::{Effect, Operation};
use crate::diff;
use crate::object::generated::stem;

/// The places of what appears and of what vanishes under one stem.
type Family = (Vec<usize>, Vec<usize>);

/// Says on both sides of a replacement what replaces what, and what changes between the two.
pub(super) fn pair(effects: &mut [Effect]) {
    let mut families: BTreeMap<[String; 4], Family> = BTreeMap::new();
    for (index, effect) in effects.iter().enumerate() {
        let Some(stem) = stem(&effect.object.name) else { continue };
        let object = &effect.object;
        let key = [object.group.clone(), object.kind.clone(), object.namespace.clone(), stem.to_owned()];
        match effect.operation {
            Operation::Create => families.entry(key).or_default().0.push(index),
            Operation::Delete | Operation::Orphan => families.entry(key).or_default().1.push(index),
            Operation::Update | Operation::Replace | Operation::Fail | Operation::None => {}
        }
    }
    for (appearing, vanishing) in families.into_values() {
        // Several of one stem: which replaces which cannot be told.
        if let ([new], [old]) = (appearing.as_slice(), vanishing.as_slice()) {
            replaced(effects, *old, *new);
        }
    }
}

fn replaced(effects: &mut [Effect], old: usize, new: usize) {
    let Ok([old, new]) = effects.get_disjoint_mut([old, new]) else { return };
    new.reason = Some(format!("replaces {} {}", old.object.kind, old.object.name));
    let by = format!("replaced by {} {}", new.object.kind, new.object.name);
    old.reason = Some(match old.reason.take() {
        Some(reason) => format!("{by}; {reason}"),
        None => by,
    });
    if let (Some(before), Some(after)) = (&old.before, &new.after) {
        new.changes = diff::fields(&before.value(), &after.value());
        new.changes.retain(|change| change.path != "metadata.name");
    }
}
