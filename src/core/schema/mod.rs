//! What an object's schema says of it, as the API server would. Kinds of Kubernetes are shipped with the program; others
//! come from CustomResourceDefinitions, and from plain JSON Schemas.
//!
//! Nothing is fetched: a reference that leads out of its file is refused. A value that is masked may be anything: it
//! is never read, and never wrong. What cannot be evaluated is told, and never passes for checked.

mod bounds;
mod choice;
mod compile;
mod custom;
mod format;
mod list;
mod null;
mod pattern;
mod plain;
mod redefined;
mod rules;
mod shape;
mod shipped;
#[cfg(test)]
mod tests;
mod veil;
mod walk;

pub(crate) use custom::{CustomKind, Served, custom_kinds};
pub use custom::{defined_in, refused_by};
pub(crate) use plain::Plain;
pub use redefined::{Outgrown, Redefined, stored_and_gone};
pub(crate) use rules::{Place, Rule, places};
pub(crate) use shape::Schema;
pub(crate) use shipped::{Catalogue, api, gone, is_shipped, kinds, versions};
pub(crate) use walk::{Flaw, Kind, Weight, judge};
