//! Rendering one unit of an exported tree to the text of its manifests.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use countersign_core::evaluation::{ChangedPath, UnitInputs};
use countersign_core::object::{CustomScopes, Sources};
use countersign_core::revision::{Digest, ObjectId};

use super::{Source, SourceError};

/// What a kustomization may be called, in the order in which kustomize looks.
pub const KUSTOMIZATION_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// One thing to render.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnitSource {
    /// Plain manifests: these files.
    Yaml {
        /// The files, sorted.
        files: Vec<String>,
    },
    /// A kustomize root.
    Kustomize {
        /// Its folder.
        root: String,
    },
    /// A chart with values.
    Helm {
        /// The chart's folder.
        chart: String,
        /// Values files, later ones win.
        values: Vec<String>,
        /// The release's name.
        release: String,
        /// The release's namespace.
        namespace: String,
        /// The version of Kubernetes that its templates are told, where the policy names one.
        kubernetes: Option<String>,
    },
}

impl UnitSource {
    /// The word of the report: `yaml`, `kustomize`, `helm`.
    pub fn renderer(&self) -> String {
        match self {
            Self::Yaml { .. } => "yaml",
            Self::Kustomize { .. } => "kustomize",
            Self::Helm { .. } => "helm",
        }
        .to_owned()
    }
}

impl From<&UnitSource> for UnitInputs {
    fn from(source: &UnitSource) -> Self {
        match source {
            UnitSource::Yaml { files } => Self { files: files.clone(), ..Self::default() },
            UnitSource::Kustomize { root: _ } => Self::default(),
            UnitSource::Helm { chart: _, values, release, namespace, kubernetes } => Self {
                files: Vec::new(),
                values: values.clone(),
                release: Some(release.clone()),
                namespace: Some(namespace.clone()),
                kubernetes: kubernetes.clone(),
            },
        }
    }
}

/// A unit of an environment at one tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitSpec {
    /// Its name for people; unique in its environment and the same on both sides.
    pub name: String,
    /// Its path in the tree.
    pub path: String,
    /// What it is.
    pub source: UnitSource,
}

/// Everything that a unit's render could read at one tree: files, and places where a file would be seen if it
/// appeared (folders that are listed, names that are looked for).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadSet {
    /// Files that exist.
    pub files: std::collections::BTreeSet<String>,
    /// Folders whose listing matters: any path appearing or vanishing below them touches the unit.
    pub listings: std::collections::BTreeSet<String>,
    /// Paths that were looked for and are absent.
    pub absent: std::collections::BTreeSet<String>,
    /// Files, and folders with all below them, of which nobody can tell whether they are read.
    pub perhaps: std::collections::BTreeSet<String>,
}

impl ReadSet {
    /// Whether a changed path may touch the unit: then it is rendered anew.
    pub fn touched_by(&self, changed: &ChangedPath) -> bool {
        self.claims(changed)
            || self.perhaps.contains(&changed.path)
            || self.perhaps.iter().any(|folder| is_below(&changed.path, folder))
    }

    /// Whether a changed path is certainly read, so that what it does shows in the render. A path that no unit claims
    /// must be shown and agreed to by itself: else a mere guess about what is read could hide it.
    pub fn claims(&self, changed: &ChangedPath) -> bool {
        self.files.contains(&changed.path)
            || self.absent.contains(&changed.path)
            || self.listings.iter().any(|folder| is_below(&changed.path, folder))
    }

    /// Adds what another one has.
    pub fn absorb(&mut self, other: &Self) {
        let Self { files, listings, absent, perhaps } = other;
        self.files.extend(files.iter().cloned());
        self.listings.extend(listings.iter().cloned());
        self.absent.extend(absent.iter().cloned());
        self.perhaps.extend(perhaps.iter().cloned());
    }
}

/// A unit's read-set, made of pieces that other units may share. A path may be in several of them.
#[derive(Debug, Clone, Default)]
pub struct Reads(Vec<Arc<ReadSet>>);

impl Reads {
    /// Of these pieces.
    pub fn new(pieces: Vec<Arc<ReadSet>>) -> Self {
        Self(pieces)
    }

    /// The pieces.
    pub fn pieces(&self) -> &[Arc<ReadSet>] {
        &self.0
    }

    /// Whether both are made of the very same pieces.
    pub fn are_shared(&self, other: &Self) -> bool {
        let pairs = self.0.iter().zip(&other.0);
        self.0.len() == other.0.len()
            && pairs.fold(true, |same, (one, other)| same && Arc::ptr_eq(one, other))
    }

    /// The files of all pieces.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|piece| &piece.files).map(String::as_str)
    }

    /// Whether a path was looked for and is absent.
    pub fn is_absent(&self, path: &str) -> bool {
        self.0.iter().any(|piece| piece.absent.contains(path))
    }

    /// All pieces in one.
    pub fn whole(&self) -> Arc<ReadSet> {
        if let [piece] = self.0.as_slice() {
            return Arc::clone(piece);
        }
        let mut all = ReadSet::default();
        for piece in &self.0 {
            all.absorb(piece);
        }
        Arc::new(all)
    }
}

impl From<ReadSet> for Reads {
    fn from(piece: ReadSet) -> Self {
        Self(vec![Arc::new(piece)])
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// One text of manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedText {
    /// The file of the tree it stands in, where the text *is* that file.
    pub file: Option<String>,
    /// YAML or JSON.
    pub text: String,
    /// Where its objects come from, as far as that is known, where the text is no file.
    pub sources: Sources,
}

/// What a render gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendering {
    /// The manifests.
    pub texts: Vec<RenderedText>,
    /// Whether two renders of the same input must agree.
    pub stable: bool,
    /// Where they need not: the manifests of a second one.
    pub again: Option<Vec<RenderedText>>,
    /// Digest of everything that could be read.
    pub input: Digest,
}

/// Why a unit did not render. Carries no output of the renderer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderError {
    /// What failed, and what to do.
    pub message: String,
    /// In which file of the tree.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
    /// Digest of everything that could be read.
    pub input: Digest,
}

/// Renders units. Each render runs under limits of time, memory, processes and output, without network,
/// credentials or environment.
#[async_trait]
pub trait Renderer: Send + Sync {
    /// Makes both trees of a change known, which is faster than one after the other. Not needed for any answer.
    async fn prepare(
        &self,
        source: &dyn Source,
        trees: &countersign_core::revision::Diff<ObjectId>,
    ) -> Result<(), SourceError>;
    /// The units of an environment's source at a tree; sorted by name. A path that matches nothing gives no unit.
    async fn units(
        &self,
        source: &dyn Source,
        tree: &ObjectId,
        environment: &countersign_core::environment::Environment,
    ) -> Result<Vec<UnitSpec>, SourceError>;
    /// Environments by convention, where the repository has no policy file: those of both trees, so that a removal is
    /// seen as well as an addition.
    async fn discover(
        &self,
        source: &dyn Source,
        trees: &countersign_core::revision::Diff<ObjectId>,
    ) -> Result<Vec<countersign_core::environment::Environment>, SourceError>;
    /// Kinds that definitions anywhere in a tree declare to live in no namespace.
    async fn cluster_scoped(&self, source: &dyn Source, tree: &ObjectId)
    -> Result<CustomScopes, SourceError>;
    /// Renders at head what a change is near to, before anybody asks for it: whoever does later waits less. Of `declared`
    /// environments, or of those that are found by convention. Whatever goes wrong is told when it is asked for.
    async fn begin(
        &self,
        source: &dyn Source,
        trees: &countersign_core::revision::Diff<ObjectId>,
        declared: Option<&[countersign_core::environment::Environment]>,
    );
    /// What each of these units could read at a tree. Never fails on what the files say: what cannot be told widens the
    /// set. Lets others go on meanwhile, however many units there are.
    async fn read_sets(
        &self,
        source: &dyn Source,
        tree: &ObjectId,
        units: &[UnitSpec],
    ) -> Result<Vec<Reads>, SourceError>;
    /// Renders a unit at a tree.
    async fn render(
        &self,
        source: &dyn Source,
        tree: &ObjectId,
        unit: &UnitSpec,
        reads: &Reads,
    ) -> Result<Rendering, RenderError>;
    /// Tools and their versions, for the evidence.
    async fn tools(&self) -> std::collections::BTreeMap<String, String>;
    /// Where scratch files live.
    fn scratch(&self) -> &Path;
}
