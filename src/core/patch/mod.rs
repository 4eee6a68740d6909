//! The patches by which appliers change what is live: what `original` said and `modified` no longer says is removed,
//! what `modified` says is set, and what neither says is left to whoever else writes the object.

mod combine;
mod merge;
mod schema;
mod strategic;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use schema::{PatchDocument, PatchSchema};

/// A patch, and by which rules the server merges it.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch {
    /// A strategic merge patch: lists are merged by the keys of their items. For kinds that the server itself defines.
    Strategic(Value),
    /// A JSON merge patch (RFC 7386): lists are replaced. For custom kinds.
    Merge(Value),
}

impl Patch {
    /// Whether it changes nothing: appliers then send no request at all.
    pub fn is_empty(&self) -> bool {
        let (Self::Strategic(patch) | Self::Merge(patch)) = self;
        patch.as_object().is_some_and(serde_json::Map::is_empty)
    }
}

/// Why no patch can be made of an object: what is wrong is wrong for the applier too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// It is no map.
    #[error("it is not an object")]
    NoObject,
    /// An item of a list has no key.
    #[error("an item of `{list}` has no `{key}`, by which its items are told apart")]
    NoKey {
        /// The list.
        list: String,
        /// What its items need.
        key: String,
    },
    /// Items of a list that changes have the same key (a port of TCP and UDP): what becomes of them is an accident.
    #[error("items of `{list}` have the same `{key}`, by which they are told apart")]
    SameKey {
        /// The list.
        list: String,
        /// What its items share.
        key: String,
    },
    /// Items of a list are not of one sort.
    #[error("the items of `{list}` are not all objects, or not all plain values")]
    MixedItems {
        /// The list.
        list: String,
    },
}

/// The patch that makes `modified` of `current`, where `original` is what was applied last. With a schema it is a
/// strategic merge patch, without one a JSON merge patch.
///
/// # Errors
/// One of the three is no object, or a list that is merged by key has items that cannot be.
pub fn three_way(
    original: &Value,
    modified: &Value,
    current: &Value,
    schema: Option<&PatchSchema>,
) -> Result<Patch, PatchError> {
    match schema {
        None => Ok(Patch::Merge(merge::three_way(original, modified, current))),
        Some(schema) => {
            strategic::three_way(original, modified, current, schema.root()).map(Patch::Strategic)
        }
    }
}

/// The JSON merge patch from one manifest to another, blind to what is live.
pub fn two_way(original: &Value, modified: &Value) -> Patch {
    Patch::Merge(merge::between(original, modified))
}
