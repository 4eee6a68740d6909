//! Where the objects of a render come from: what its text says and what it was made of, read once more by us. Nothing
//! here changes what is rendered, and where anything is in doubt there is no answer.

use std::collections::BTreeMap;

use countersign_core::object::{Files, Look, Sources, helm, helm_files, kustomize};
use countersign_core::revision::Digest;

use super::programs::Programs;
use super::run::Work;
use super::tree::{LINK, Place, SUBMODULE, Tree};
use super::unit::{below, is_manifest, last_part};
use crate::ports::{KUSTOMIZATION_NAMES, TreeEntry, UnitSource, join_path};

/// The text of a render, and what names it for good where it may be remembered.
pub(super) struct Output {
    pub(super) text: String,
    pub(super) key: Option<Digest>,
}

impl Programs {
    /// Where the objects of a render come from, as far as it is certain.
    pub(super) async fn sources(&self, work: &Work<'_>, output: &Output) -> Sources {
        let key =
            output.key.as_ref().map(|key| Digest::of(format!("countersign.sources/v1 {key}").as_bytes()));
        let remembered = self.disk.as_ref().zip(key.as_ref());
        let known = remembered.and_then(|(disk, key)| serde_json::from_str(&disk.get(key)?).ok());
        if let Some(sources) = known {
            return sources;
        }
        let sources = match &work.unit.source {
            UnitSource::Yaml { .. } => Sources::default(),
            UnitSource::Kustomize { root } => of_kustomization(work, root).await,
            UnitSource::Helm { chart, .. } => of_chart(work, chart, &output.text).await,
        };
        if let (Some((disk, key)), Ok(text)) = (remembered, serde_json::to_string(&sources)) {
            disk.put(key, &text);
        }
        sources
    }
}

async fn of_kustomization(work: &Work<'_>, root: &str) -> Sources {
    let is_yaml = |path: &str| is_manifest(path) || KUSTOMIZATION_NAMES.contains(&last_part(path));
    let is_read = |entry: &&&TreeEntry| {
        work.closure.reads.files.contains(&entry.path) && is_yaml(&entry.path) && is_file(entry)
    };
    let entries: Vec<TreeEntry> = work.members.iter().filter(is_read).map(|entry| (*entry).clone()).collect();
    let texts = texts(work, &entries).await;
    kustomize(root, &Given { tree: work.tree, texts })
}

async fn of_chart(work: &Work<'_>, chart: &str, text: &str) -> Sources {
    let found = helm_files(text).into_iter().filter_map(|name| {
        // What comes first is what the chart calls itself, wherever it lies.
        let (_, rest) = name.split_once('/')?;
        let entry = template(work, &below(chart, rest))?.clone();
        Some((name, entry))
    });
    let (names, entries): (Vec<String>, Vec<TreeEntry>) = found.unzip();
    let mut texts = texts(work, &entries).await;
    let files = names.into_iter().zip(entries).filter_map(|(name, entry)| {
        let text = texts.remove(&entry.path)?;
        Some((name, (entry.path, text)))
    });
    helm(text, &files.collect())
}

/// The file that stands at a path of a chart, which may be one of a neighbour's that is part of it.
fn template<'a>(work: &Work<'a>, path: &str) -> Option<&'a TreeEntry> {
    let at = |path: &str| match work.tree.find(path).0 {
        Place::File(found) => work.tree.entry(&found).filter(|entry| is_file(entry)),
        Place::Folder(_) | Place::Absent(_) | Place::Outside => None,
    };
    let within = |folder: &str| path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    let neighbours =
        work.closure.dependencies.iter().filter_map(|neighbour| {
            Some((neighbour.to.len(), below(&neighbour.from, within(&neighbour.to)?)))
        });
    let nearest = neighbours.max_by_key(|(length, _)| *length);
    nearest.map_or_else(|| at(path), |(_, path)| at(&path))
}

fn is_file(entry: &TreeEntry) -> bool {
    entry.mode != SUBMODULE && entry.mode != LINK
}

/// The texts of files by their paths, less what cannot be read as text.
async fn texts(work: &Work<'_>, entries: &[TreeEntry]) -> BTreeMap<String, String> {
    let Ok(read) = work.source.read_entries(entries).await else { return BTreeMap::new() };
    let texts = entries.iter().zip(read).filter_map(|(entry, bytes)| {
        let text = String::from_utf8(bytes.ok()?).ok()?;
        Some((entry.path.clone(), text))
    });
    texts.collect()
}

/// The files of a render.
struct Given<'a> {
    tree: &'a Tree,
    texts: BTreeMap<String, String>,
}

impl Files for Given<'_> {
    fn look(&self, folder: &str, named: &str) -> Look<'_> {
        let Some(path) = join_path(folder, named) else { return Look::Nothing };
        match self.tree.find(&path).0 {
            Place::File(found) => match self.texts.get_key_value(&found) {
                Some((path, text)) => Look::File { path, text },
                None => Look::Nothing,
            },
            Place::Folder(found) => Look::Folder(found),
            Place::Absent(_) | Place::Outside => Look::Nothing,
        }
    }
}
