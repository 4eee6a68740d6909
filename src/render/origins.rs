//! Where the objects of a render come from: what its text says and what it was made of, read once more by us. Nothing
//! here changes what is rendered, and where anything is in doubt there is no answer.

mod names;

use std::collections::BTreeMap;

use countersign_core::object::{Files, Look, Sources, helm, helm_files, kustomize};
use countersign_core::revision::Digest;

use names::Charts;

use super::programs::Programs;
use super::run::Work;
use super::tree::{LINK, Place, SUBMODULE, Tree};
use super::unit::{is_manifest, last_part};
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
            output.key.as_ref().map(|key| Digest::of(format!("countersign.sources/v2 {key}").as_bytes()));
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
    let mut charts = Charts::of(work, chart);
    let (mut names, mut entries) = (Vec::new(), Vec::new());
    for name in helm_files(text) {
        let path = charts.path(&name).await;
        let found = path.and_then(|path| match work.tree.find(&path).0 {
            Place::File(found) => work.tree.entry(&found).filter(|entry| is_file(entry)),
            Place::Folder(_) | Place::Absent(_) | Place::Outside => None,
        });
        if let Some(entry) = found {
            names.push(name);
            entries.push(entry.clone());
        }
    }
    let mut texts = texts(work, &entries).await;
    let files = names.into_iter().zip(entries).filter_map(|(name, entry)| {
        let text = texts.remove(&entry.path)?;
        Some((name, (entry.path, text)))
    });
    helm(text, &files.collect())
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
