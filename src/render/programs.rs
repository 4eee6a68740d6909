//! The [`Renderer`] over real programs. It remembers trees, closures and renders; each is named by its content, so
//! nothing remembered is ever out of date.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use countersign_core::environment::Environment;
use countersign_core::evaluation::ChangedPath;
use countersign_core::object::CustomScopes;
use countersign_core::revision::{Diff, ObjectId};
use tempfile::TempDir;
use tokio::sync::{Mutex, OnceCell, Semaphore};

use super::cache::Recent;
use super::closure::{Closure, Ground, Texts};
use super::disk::DiskCache;
use super::facts::Facts;
use super::index::{Fact, Index};
use super::kustomize::STRETCH;
use super::parts::Differences;
use super::run::Rendered;
use super::sandbox::{self, SandboxState};
use super::settings::RenderSettings;
use super::tool::{Candidate, Kind, Tool, file_digest, file_key, locate, version_in};
use super::tree::{Tree, is_one_path};
use super::under_way::UnderWay;
use super::unit::is_manifest;
use super::{discover, unit};
use crate::ports::{
    Reads, RenderError, Renderer, Rendering, Source, SourceError, TreeEntry, UnitSource, UnitSpec,
};

/// Bytes of files that closures are read from.
const TEXTS: usize = 64 << 20;
/// How scratch folders are called, and the file in each that says whether its process lives.
const SCRATCH_PREFIX: &str = "render-";
const LOCK: &str = "lock";
/// How many trees and closures are remembered.
const TREES: usize = 8;
const CLOSURES: usize = 4096;

/// Renders with `kustomize` and `helm`, each run confined by a sandbox.
#[derive(Debug)]
pub struct Programs {
    pub(super) settings: RenderSettings,
    pub(super) scratch: TempDir,
    /// Held as long as we live: who finds it free may clear our scratch folder away.
    _lock: File,
    /// Renderers that run, and folders with the files of one, at once.
    pub(super) slots: Semaphore,
    pub(super) rooms: Semaphore,
    pub(super) rendered: std::sync::Mutex<Recent<countersign_core::revision::Digest, Rendered>>,
    /// Renders of earlier runs.
    pub(super) disk: Option<Arc<DiskCache>>,
    texts: Texts,
    facts: Facts,
    trees: Mutex<Recent<ObjectId, Arc<OnceCell<Arc<Tree>>>>>,
    closures: Mutex<Recent<(ObjectId, UnitSpec), Arc<Closure>>>,
    pub(super) under_way: UnderWay,
    sandbox: OnceCell<SandboxState>,
    kustomize: OnceCell<Option<Tool>>,
    helm: OnceCell<Option<Tool>>,
}

impl Programs {
    /// Prepares the scratch folder; programs are looked for when they are first needed.
    pub fn new(settings: RenderSettings) -> std::io::Result<Self> {
        std::fs::create_dir_all(&settings.scratch)?;
        clear_stale(&settings.scratch)?;
        let scratch = tempfile::Builder::new().prefix(SCRATCH_PREFIX).tempdir_in(&settings.scratch)?;
        let lock = File::create(scratch.path().join(LOCK))?;
        lock.try_lock()?;
        Ok(Self {
            slots: Semaphore::new(settings.parallel.max(1)),
            rooms: Semaphore::new(settings.parallel.max(1).saturating_mul(2)),
            rendered: std::sync::Mutex::new(Recent::new(settings.cache)),
            disk: None,
            texts: std::sync::Mutex::new(Recent::new(TEXTS)),
            facts: Facts::new(None),
            trees: Mutex::new(Recent::new(TREES)),
            closures: Mutex::new(Recent::new(CLOSURES)),
            under_way: UnderWay::default(),
            sandbox: OnceCell::new(),
            kustomize: OnceCell::new(),
            helm: OnceCell::new(),
            scratch,
            _lock: lock,
            settings,
        })
    }

    /// The same, with renders of earlier runs at hand, and its own for later ones.
    #[must_use]
    pub fn remembering(mut self, disk: DiskCache) -> Self {
        let disk = Arc::new(disk);
        self.facts = Facts::new(Some(Index::new(Arc::clone(&disk))));
        self.disk = Some(disk);
        self
    }

    /// Whether renderers can be confined on this machine: tried once, by a process that attempts what is forbidden.
    pub async fn sandbox_state(&self) -> &SandboxState {
        self.sandbox
            .get_or_init(|| sandbox::self_test(&self.settings.sandbox_program, self.scratch.path()))
            .await
    }

    /// The same, as far as it is known already.
    pub(super) fn sandbox_now(&self) -> Option<&SandboxState> {
        self.sandbox.get()
    }

    /// The program of a kind, or `None` where there is none.
    pub(super) async fn tool(&self, kind: Kind) -> Option<&Tool> {
        let cell = match kind {
            Kind::Kustomize => &self.kustomize,
            Kind::Helm => &self.helm,
        };
        cell.get_or_init(|| self.find_tool(kind)).await.as_ref()
    }

    async fn find_tool(&self, kind: Kind) -> Option<Tool> {
        let candidates = match kind {
            Kind::Kustomize => vec![
                Candidate { program: &self.settings.kustomize, leading: &["build"], version: &["version"] },
                Candidate {
                    program: &self.settings.kubectl,
                    leading: &["kustomize"],
                    version: &["version", "--client"],
                },
            ],
            Kind::Helm => vec![Candidate {
                program: &self.settings.helm,
                leading: &["template"],
                version: &["version", "--short"],
            }],
        };
        for candidate in candidates {
            if let Some(tool) = self.ask_version(&candidate).await {
                return Some(tool);
            }
        }
        None
    }

    async fn ask_version(&self, candidate: &Candidate<'_>) -> Option<Tool> {
        let program = locate(candidate.program)?;
        let found = |version| Tool { program: program.clone(), leading: candidate.leading, version };
        let key = self.disk.as_ref().and_then(|_| file_key(&program, candidate));
        if let (Some(disk), Some(key)) = (&self.disk, &key)
            && let Some(version) = disk.get(key)
        {
            return Some(found(version));
        }
        let args: Vec<String> = candidate.version.iter().map(|arg| (*arg).to_owned()).collect();
        let room = tempfile::tempdir_in(self.scratch.path()).ok()?;
        let finished = self.confined(&program, &args, room.path()).await.ok()?.ok()?;
        let version = version_in(&finished)?;
        let hashed = program.clone();
        let digest = tokio::task::spawn_blocking(move || file_digest(&hashed)).await.ok()?.ok()?;
        let version = format!("{version} sha256:{digest}");
        if let (Some(disk), Some(key)) = (&self.disk, &key) {
            disk.put(key, &version);
        }
        Some(found(version))
    }

    pub(super) async fn tree(&self, source: &dyn Source, id: &ObjectId) -> Result<Arc<Tree>, SourceError> {
        // Others may load another one meanwhile.
        let cell = self.place_of(id).await;
        let load = async || Tree::load(source, id, self.disk.as_deref()).await.map(Arc::new);
        Ok(Arc::clone(cell.get_or_try_init(load).await?))
    }

    async fn place_of(&self, id: &ObjectId) -> Arc<OnceCell<Arc<Tree>>> {
        let mut trees = self.trees.lock().await;
        trees.get(id).unwrap_or_else(|| {
            let cell = Arc::new(OnceCell::new());
            trees.put(id.clone(), Arc::clone(&cell), 1);
            cell
        })
    }

    /// Loads both trees of a change, the second one as the first with what differs: git would have to read every
    /// folder of it otherwise.
    async fn load_both(
        &self,
        source: &dyn Source,
        trees: &Diff<ObjectId>,
        changed: &[ChangedPath],
    ) -> Result<(), SourceError> {
        let base = self.tree(source, &trees.base).await?;
        if trees.base == trees.head {
            return Ok(());
        }
        let cell = self.place_of(&trees.head).await;
        if !changed.iter().all(is_one_path) {
            return self.tree(source, &trees.head).await.map(drop);
        }
        let head =
            cell.get_or_try_init(async || Tree::beside(&base, source, changed).await.map(Arc::new)).await?;
        // Whichever is explored first serves the other one.
        let differ = Arc::new(Differences::new(changed));
        base.parts().put_beside(head, &differ);
        head.parts().put_beside(&base, &differ);
        Ok(())
    }

    fn ground<'a>(&'a self, source: &'a dyn Source, id: &'a ObjectId, tree: &'a Tree) -> Ground<'a> {
        Ground { source, id, tree, texts: &self.texts, facts: &self.facts }
    }

    pub(super) async fn closure(
        &self,
        source: &dyn Source,
        id: &ObjectId,
        tree: &Tree,
        unit: &UnitSpec,
    ) -> Result<Arc<Closure>, SourceError> {
        let key = (id.clone(), unit.clone());
        if let Some(closure) = self.closures.lock().await.get(&key) {
            return Ok(closure);
        }
        let closure = Arc::new(Closure::of(self.ground(source, id, tree), unit).await?);
        self.closures.lock().await.put(key, Arc::clone(&closure), 1);
        Ok(closure)
    }
}

impl Programs {
    /// Ends. What was learnt is written down and the scratch folder is removed; what is only in memory goes with the
    /// process, which costs nothing, where taking it apart would.
    pub fn finish(self) {
        let Self { facts, trees, closures, rendered, texts, scratch, .. } = self;
        facts.finish();
        drop(scratch);
        std::mem::forget((trees, closures, rendered, texts));
    }
}

/// Removes what processes that were killed left behind.
fn clear_stale(scratch: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(scratch)?.flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(SCRATCH_PREFIX));
        let free = || File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if is_ours && free() {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

impl Programs {
    pub(super) async fn discover_at(
        &self,
        source: &dyn Source,
        tree: &ObjectId,
    ) -> Result<Vec<Environment>, SourceError> {
        let index = self.tree(source, tree).await?;
        discover::discover(self.ground(source, tree, &index), self.disk.as_deref()).await
    }
}

#[async_trait]
impl Renderer for Programs {
    async fn prepare(&self, source: &dyn Source, trees: &Diff<ObjectId>) -> Result<(), SourceError> {
        let (base, changed) =
            futures::join!(self.tree(source, &trees.base), source.changed_paths(&trees.base, &trees.head),);
        drop(base?);
        self.load_both(source, trees, &changed?).await
    }

    async fn units(
        &self,
        source: &dyn Source,
        tree: &ObjectId,
        environment: &Environment,
    ) -> Result<Vec<UnitSpec>, SourceError> {
        let index = self.tree(source, tree).await?;
        unit::units(&index, environment)
    }

    async fn discover(
        &self,
        source: &dyn Source,
        trees: &Diff<ObjectId>,
    ) -> Result<Vec<Environment>, SourceError> {
        self.prepare(source, trees).await?;
        let base = self.discover_at(source, &trees.base).await?;
        let head = self.discover_at(source, &trees.head).await?;
        Ok(discover::unite(base, head))
    }

    async fn begin(&self, source: &dyn Source, trees: &Diff<ObjectId>, declared: Option<&[Environment]>) {
        // Whatever this fails at is told when it is asked for.
        let _ = self.begin_near(source, trees, declared).await;
    }

    async fn cluster_scoped(
        &self,
        source: &dyn Source,
        tree: &ObjectId,
    ) -> Result<CustomScopes, SourceError> {
        let index = self.tree(source, tree).await?;
        let is_text = |entry: &&TreeEntry| is_manifest(&entry.path) && entry.mode.starts_with("100");
        let entries: Vec<&TreeEntry> = index.files().filter(is_text).collect();
        let said = self.facts.said(source, Fact::ClusterScoped, &entries, CustomScopes::in_text).await?;
        Ok(said.into_iter().flatten().fold(CustomScopes::default(), CustomScopes::with))
    }

    async fn read_sets(
        &self,
        source: &dyn Source,
        tree: &ObjectId,
        units: &[UnitSpec],
    ) -> Result<Vec<Reads>, SourceError> {
        let index = self.tree(source, tree).await?;
        let ground = self.ground(source, tree, &index);
        let roots = units.iter().filter_map(|unit| match &unit.source {
            UnitSource::Kustomize { root } => Some(root.as_str()),
            UnitSource::Yaml { .. } | UnitSource::Helm { .. } => None,
        });
        ground.look_ahead(roots).await?;
        let mut all = Vec::with_capacity(units.len());
        for (number, unit) in units.iter().enumerate() {
            if number % STRETCH == 0 {
                tokio::task::yield_now().await;
            }
            all.push(match &unit.source {
                // What symlinks lead to is no part of any piece.
                UnitSource::Kustomize { root } if !index.has_links() => {
                    let parts = ground.all_parts(root).await?;
                    Reads::new(parts.iter().map(|part| Arc::clone(&part.found.reads)).collect())
                }
                UnitSource::Kustomize { .. } | UnitSource::Yaml { .. } | UnitSource::Helm { .. } => {
                    let closure = self.closure(source, tree, &index, unit).await?;
                    Reads::new(vec![Arc::clone(&closure.reads)])
                }
            });
        }
        Ok(all)
    }

    async fn render(
        &self,
        source: &dyn Source,
        tree: &ObjectId,
        unit: &UnitSpec,
        reads: &Reads,
    ) -> Result<Rendering, RenderError> {
        self.render_unit(source, tree, unit, &reads.whole()).await
    }

    async fn tools(&self) -> BTreeMap<String, String> {
        let mut tools = BTreeMap::new();
        for kind in [Kind::Kustomize, Kind::Helm] {
            if let Some(tool) = self.tool(kind).await {
                tools.insert(kind.name().to_owned(), tool.version.clone());
            }
        }
        tools
    }

    fn scratch(&self) -> &Path {
        self.scratch.path()
    }
}
