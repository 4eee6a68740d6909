//! What a unit could read at a tree, found by reading what it says, and what stands in the way of rendering it.
//!
//! Too much costs a render; too little would hide a change. So what is not understood counts as perhaps read: it makes
//! the unit render anew, and it claims nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use countersign_core::revision::ObjectId;
use serde_json::Value;

use super::cache::Recent;
use super::chart;
use super::facts::Facts;
use super::kustomize::Part;
use super::text::Text;
use super::tree::{Place, SUBMODULE, Tree};
use crate::ports::{ReadSet, Source, SourceError, UnitSource, UnitSpec, join_path};

/// A place in a file of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) file: String,
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
}

/// Something that is known before any renderer starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Obstacle {
    pub(super) message: String,
    pub(super) at: Spot,
}

/// A chart of the repository that another one depends on, as `charts/<name>` of that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) from: String,
    pub(super) to: String,
}

/// Everything that is known of a unit without rendering it.
#[derive(Debug, Default)]
pub(super) struct Closure {
    pub(super) reads: Arc<ReadSet>,
    /// Why it cannot be rendered, in the order found.
    pub(super) obstacles: Vec<Obstacle>,
    /// Who names a path.
    pub(super) named_at: BTreeMap<String, Spot>,
    /// The files of kustomizations.
    pub(super) kustomizations: Vec<String>,
    pub(super) dependencies: Vec<Dependency>,
    /// Whether something makes two renders of one input differ.
    pub(super) unstable: bool,
}

/// Texts of files by their blobs: most are the same in the next tree. `None` is a file that is no text.
pub(super) type Texts = Mutex<Recent<ObjectId, Option<Arc<Text>>>>;

/// Where a walk reads.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) id: &'a ObjectId,
    pub(super) tree: &'a Tree,
    pub(super) texts: &'a Texts,
    pub(super) facts: &'a Facts,
}

/// A walk over a tree that fills in a closure.
pub(super) struct Explorer<'a> {
    pub(super) ground: Ground<'a>,
    pub(super) found: Closure,
    /// Paths that were looked at and say nothing of what is read.
    pub(super) passed: Vec<String>,
}

impl Closure {
    /// Explores a unit.
    pub(super) async fn of(ground: Ground<'_>, unit: &UnitSpec) -> Result<Self, SourceError> {
        let tree = ground.tree;
        let mut explorer = Explorer::new(ground);
        match &unit.source {
            UnitSource::Yaml { files } => {
                for file in files {
                    explorer.look(file);
                }
            }
            UnitSource::Kustomize { root } => return Ok(Self::over(tree, &ground.all_parts(root).await?)),
            UnitSource::Helm { chart, values, .. } => {
                chart::explore(&mut explorer, chart, values).await?;
            }
        }
        tree.follow(explorer.reads());
        Ok(explorer.found)
    }

    /// Of a kustomization, as all its parts have it.
    pub(super) fn over(tree: &Tree, parts: &[Arc<Part>]) -> Self {
        let mut all = Self::default();
        parts.iter().for_each(|part| all.absorb(&part.found));
        tree.follow(Arc::make_mut(&mut all.reads));
        all
    }

    /// Adds what another one found.
    fn absorb(&mut self, other: &Self) {
        let Self { reads, obstacles, named_at, kustomizations, dependencies, unstable } = other;
        Arc::make_mut(&mut self.reads).absorb(reads);
        self.obstacles.extend(obstacles.iter().cloned());
        for (path, at) in named_at {
            self.named_at.entry(path.clone()).or_insert_with(|| at.clone());
        }
        self.kustomizations.extend(kustomizations.iter().cloned());
        self.dependencies.extend(dependencies.iter().cloned());
        self.unstable |= unstable;
    }
}

impl<'a> Explorer<'a> {
    pub(super) fn new(ground: Ground<'a>) -> Self {
        Self { ground, found: Closure::default(), passed: Vec::new() }
    }
}

impl Explorer<'_> {
    /// What was found to be read so far.
    pub(super) fn reads(&mut self) -> &mut ReadSet {
        Arc::make_mut(&mut self.found.reads)
    }

    /// Looks a path up and notes that it was: the file, the links on the way, or that it is absent.
    pub(super) fn look(&mut self, path: &str) -> Place {
        let (place, links) = self.ground.tree.find(path);
        self.reads().files.extend(links);
        match &place {
            Place::File(path) => drop(self.reads().files.insert(path.clone())),
            Place::Absent(path) => drop(self.reads().absent.insert(path.clone())),
            // Where it leads is never read, but that it leads there is.
            Place::Outside => {
                let links = self.ground.tree.links_on(path);
                self.reads().files.extend(links);
            }
            Place::Folder(path) => self.passed.push(path.clone()),
        }
        place
    }

    /// The text of a file, or `None` where it is no text.
    pub(super) async fn text(&self, path: &str) -> Result<Option<Arc<Text>>, SourceError> {
        let Ground { source, id, tree, texts, facts: _ } = self.ground;
        let Some(entry) = tree.entry(path).filter(|entry| entry.mode != SUBMODULE) else {
            return Ok(source.read_file(id, path).await?.and_then(Text::new).map(Arc::new));
        };
        let known = texts.lock().ok().and_then(|mut texts| texts.get(&entry.id));
        if let Some(text) = known {
            return Ok(text);
        }
        let text = Text::new(source.read_entry(entry).await?).map(Arc::new);
        if let Ok(mut texts) = texts.lock() {
            texts.put(entry.id.clone(), text.clone(), text.as_ref().map_or(0, |text| text.weight()) + 64);
        }
        Ok(text)
    }

    /// Everything in the repository may be read.
    pub(super) fn widen(&mut self) {
        self.perhaps(String::new());
    }

    /// A file, or a folder and all below it, that may be read.
    pub(super) fn perhaps(&mut self, path: String) {
        self.reads().perhaps.insert(path);
    }

    pub(super) fn obstacle(&mut self, message: String, at: Spot) {
        self.found.obstacles.push(Obstacle { message, at });
    }

    /// Notes texts that could be paths, from `folder`, as perhaps read.
    pub(super) fn guess(&mut self, folder: &str, candidates: &[String]) {
        for candidate in candidates {
            let Some(path) = join_path(folder, candidate) else { continue };
            let (place, links) = self.ground.tree.find(&path);
            self.reads().perhaps.extend(links);
            match place {
                Place::File(found) => self.perhaps(found),
                Place::Absent(found) if candidate.contains(['/', '.']) => self.perhaps(found),
                Place::Absent(found) | Place::Folder(found) => self.passed.push(found),
                Place::Outside => {}
            }
        }
    }
}

/// Where `needle` stands in a text, as a line; for pointing at a reference that is wrong.
pub(super) fn spot_of(file: &str, text: &str, needle: &str) -> Spot {
    let found = text.lines().zip(1_u32..).find_map(|(line, number)| {
        let at = line.find(needle)?;
        let column = line.get(..at)?.chars().count();
        Some((number, u32::try_from(column + 1).ok()?))
    });
    Spot { file: file.to_owned(), line: found.map(|(line, _)| line), column: found.map(|(_, column)| column) }
}

pub(super) fn could_be_path(text: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '{' | '}' | '"' | '<' | '>' | '|');
    !text.is_empty()
        && text.len() <= 512
        && !text.contains("://")
        && !text.starts_with(['[', '/'])
        && !text.contains(odd)
}

pub(super) fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text.as_str()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
