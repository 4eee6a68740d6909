//! Rendered manifests as values: parsed once, with every secret leaf sealed on the way in.

mod body;
pub(crate) mod canonical;
mod draft;
pub(crate) mod generated;
mod group;
pub(crate) mod keys;
mod marked;
mod mask;
mod names;
mod node;
mod parse;
mod parts;
pub(crate) mod path;
mod scope;
mod seal;
mod sides;
mod sources;
mod suspect;
#[cfg(test)]
mod tests;
mod unstable;

pub use body::Body;
pub use marked::{Likeness, Mark, Sought, marks};
pub(crate) use parse::plain_manifests;
pub use parse::{ManifestError, parse_manifests};
pub use scope::{CustomScopes, is_built_in, is_cluster_scoped};
pub use seal::{Sealer, SealingKey, is_sealed};
pub use sides::{ManifestText, Parsed, TextError, parse_side, parse_sides};
pub use sources::{Files, Look, Sources, helm, helm_files, kustomize};
pub use unstable::mark_unstable;
pub(crate) use unstable::{holds_unstable, is_unstable, unstable_paths};

use serde::{Deserialize, Serialize};

/// Identity of an object. The version is carried for display; [`ObjectRef::identity`] leaves it out.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct ObjectRef {
    /// API group; empty for the core group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind, in its exact case.
    pub kind: String,
    /// Namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl ObjectRef {
    /// What makes two manifests the same object: group, kind, namespace, name.
    pub fn identity(&self) -> (&str, &str, &str, &str) {
        (&self.group, &self.kind, &self.namespace, &self.name)
    }
}

impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

/// A place in a file of the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Origin {
    /// Path from the root of the tree.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

/// Where the manifest of an object can be read.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(tag = "text", rename_all = "lowercase")]
pub enum Place {
    /// In a file of the tree: it is what the object is made of.
    Source {
        /// Path from the root of the tree.
        file: String,
        /// Line, from 1, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
    },
    /// Only in what its unit renders to.
    Rendered {
        /// Line of that, from 1.
        line: u32,
    },
}

impl From<&Origin> for Place {
    fn from(Origin { file, line }: &Origin) -> Self {
        Self::Source { file: file.clone(), line: Some(*line) }
    }
}

/// One manifest after rendering. Secret leaves in `body` are sealed handles: see [`crate::object`].
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedObject {
    /// Identity.
    pub reference: ObjectRef,
    /// The manifest, sealed.
    pub body: Body,
    /// Whether any leaf is sealed; such an object is never sent to a cluster.
    pub sealed: bool,
    /// Where it stands in the source, where a file has it as it is.
    pub origin: Option<Origin>,
    /// Where it comes from otherwise.
    pub made: Option<Place>,
}
