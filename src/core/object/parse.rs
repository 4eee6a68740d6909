//! YAML and JSON text to objects.
use super::RenderedObject;
use super::seal::Sealer;

/// Why text is not a list of manifests. Never quotes the text: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ManifestError {
    /// What is wrong.
    pub message: String,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
}

/// Reads all documents of a text (YAML 1.1 as kubectl reads it, or JSON; `List`s are opened), sealing secret leaves.
/// `file` becomes the origin of each object where it is given. Objects without a namespace get `default_namespace`
/// unless their kind is known to be cluster-scoped.
pub fn parse_manifests(
    _text: &str,
    _file: Option<&str>,
    _default_namespace: Option<&str>,
    _sealer: &Sealer<'_>,
) -> Result<Vec<RenderedObject>, ManifestError> {
    todo!()
}
