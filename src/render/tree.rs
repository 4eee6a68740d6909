//! A tree's paths in memory, with its symlinks followed as a kernel would.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use countersign_core::evaluation::{ChangedPath, PathEntry};
use countersign_core::revision::ObjectId;

use super::disk::DiskCache;
use super::kustomize::Part;
use super::listing;
use super::parts::Parts;
use super::unit::last_part;
use crate::ports::{KUSTOMIZATION_NAMES, ReadSet, Source, SourceError, TreeEntry, follow_links, parent_path};

/// Git's mode of a symlink.
pub(super) const LINK: &str = "120000";
/// Git's mode of a submodule.
pub(super) const SUBMODULE: &str = "160000";

/// Every path of one tree.
#[derive(Debug)]
pub(super) struct Tree {
    /// Sorted by path.
    entries: Vec<TreeEntry>,
    /// Sorted.
    folders: Vec<String>,
    /// What stands at each path: a file, by its place among the entries, or a folder.
    places: HashMap<String, Option<usize>>,
    kustomizations: BTreeSet<String>,
    links: BTreeMap<String, String>,
    /// Kustomizations that were explored, by folder.
    parts: Parts,
}

/// What stands at a path, behind all symlinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    File(String),
    Folder(String),
    Absent(String),
    /// A symlink leads out of the tree, or in circles.
    Outside,
}

/// Sorted entries with these changes made.
fn patched(entries: &[TreeEntry], changed: &[ChangedPath]) -> Vec<TreeEntry> {
    // Of two changes of one path, which only a crafted tree has, the last counts.
    let changes: BTreeMap<&str, Option<&PathEntry>> =
        changed.iter().map(|change| (change.path.as_str(), change.entry.head.as_ref())).collect();
    let mut changes = changes.into_iter().peekable();
    let entry = |(path, entry): (&str, Option<&PathEntry>)| {
        entry.map(|PathEntry { mode, blob }| TreeEntry {
            path: path.to_owned(),
            mode: mode.clone(),
            id: blob.clone(),
        })
    };
    let mut all = Vec::with_capacity(entries.len() + changes.len());
    for before in entries {
        while let Some(change) = changes.next_if(|(path, _)| *path < before.path.as_str()) {
            all.extend(entry(change));
        }
        match changes.next_if(|(path, _)| *path == before.path) {
            Some(change) => all.extend(entry(change)),
            None => all.push(before.clone()),
        }
    }
    all.extend(changes.filter_map(entry));
    all
}

/// Whether a change says which path it is about: what is no text in UTF-8 stands for several.
pub(super) fn is_one_path(change: &ChangedPath) -> bool {
    !change.path.contains(char::REPLACEMENT_CHARACTER)
}

impl Tree {
    pub(super) async fn load(
        source: &dyn Source,
        id: &ObjectId,
        disk: Option<&DiskCache>,
    ) -> Result<Self, SourceError> {
        let mut entries = listing::read(source, id, disk).await?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        // Of two entries of one name, which only a crafted tree has, the last counts.
        entries.dedup_by(|later, first| {
            let same = later.path == first.path;
            if same {
                std::mem::swap(later, first);
            }
            same
        });
        Self::of(source, entries, |_| None).await
    }

    /// The tree that differs from another one in these paths alone, [each of one path](is_one_path).
    pub(super) async fn beside(
        other: &Self,
        source: &dyn Source,
        changed: &[ChangedPath],
    ) -> Result<Self, SourceError> {
        let entries = patched(&other.entries, changed);
        let known = |entry: &TreeEntry| {
            other.entry(&entry.path).filter(|before| *before == entry)?;
            other.links.get(&entry.path).cloned()
        };
        Self::of(source, entries, known).await
    }

    /// Of entries that are sorted, each path once; `target` of a symlink, as far as it is known.
    async fn of(
        source: &dyn Source,
        entries: Vec<TreeEntry>,
        target: impl Fn(&TreeEntry) -> Option<String>,
    ) -> Result<Self, SourceError> {
        let mut links = BTreeMap::new();
        let mut unread = Vec::new();
        for entry in entries.iter().filter(|entry| entry.mode == LINK) {
            match target(entry) {
                Some(target) => drop(links.insert(entry.path.clone(), target)),
                None => unread.push(entry.clone()),
            }
        }
        for (entry, target) in unread.iter().zip(source.read_entries(&unread).await?) {
            links.insert(entry.path.clone(), String::from_utf8_lossy(&target?).into_owned());
        }
        let mut places = HashMap::with_capacity(entries.len() * 2);
        let mut kustomizations = BTreeSet::new();
        let mut last = "";
        for (number, entry) in entries.iter().enumerate() {
            places.insert(entry.path.clone(), Some(number));
            let mut folder = parent_path(&entry.path);
            if KUSTOMIZATION_NAMES.contains(&last_part(&entry.path)) {
                kustomizations.insert(folder.to_owned());
            }
            if folder == last {
                continue;
            }
            last = folder;
            // What a crafted tree has as a file, too, stays one.
            while !folder.is_empty() && !places.contains_key(folder) {
                places.insert(folder.to_owned(), None);
                folder = parent_path(folder);
            }
        }
        let found = places.iter().filter(|(_, place)| place.is_none()).map(|(folder, _)| folder.clone());
        let mut folders: Vec<String> = found.chain([String::new()]).collect();
        folders.sort_unstable();
        places.insert(String::new(), None);
        Ok(Self { entries, folders, places, kustomizations, links, parts: Parts::default() })
    }

    /// Whether symlinks lead anywhere.
    pub(super) fn has_links(&self) -> bool {
        !self.links.is_empty()
    }

    pub(super) fn folders(&self) -> impl Iterator<Item = &str> {
        self.folders.iter().map(String::as_str)
    }

    /// Folders in which something is called like a kustomization.
    pub(super) fn kustomizations(&self) -> impl Iterator<Item = &str> {
        self.kustomizations.iter().map(String::as_str)
    }

    /// What was found of the kustomization in a folder.
    pub(super) fn part(&self, folder: &str) -> Option<Arc<Part>> {
        self.parts.get(self, folder)
    }

    pub(super) fn keep_part(&self, folder: &str, part: &Arc<Part>) {
        self.parts.keep(folder, part);
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &TreeEntry> {
        self.entries.iter()
    }

    pub(super) fn entry(&self, path: &str) -> Option<&TreeEntry> {
        self.entries.get(self.number(path)?)
    }

    /// The place of a file among [all](Self::files).
    pub(super) fn number(&self, path: &str) -> Option<usize> {
        *self.places.get(path)?
    }

    /// The places of all files below a folder.
    pub(super) fn numbers_below(&self, folder: &str) -> Range<usize> {
        if folder.is_empty() { 0..self.entries.len() } else { self.range_below(folder) }
    }

    /// Every entry below a folder, in order.
    pub(super) fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a TreeEntry> + use<'a> {
        self.entries.get(self.numbers_below(folder)).unwrap_or_default().iter()
    }

    fn range_below(&self, folder: &str) -> Range<usize> {
        let prefix = format!("{folder}/");
        let start = self.entries.partition_point(|entry| entry.path < prefix);
        let rest = self.entries.get(start..).unwrap_or_default();
        start..start + rest.partition_point(|entry| entry.path.starts_with(&prefix))
    }

    /// What stands at a path, and the symlinks on the way there.
    pub(super) fn find(&self, path: &str) -> (Place, Vec<String>) {
        if self.is_straight(path) {
            return (self.place(path.to_owned()), Vec::new());
        }
        let target = |at: &str| self.links.get(at).map(String::as_str);
        match follow_links(path, &target) {
            Some((path, links)) => (self.place(path), links),
            None => (Place::Outside, Vec::new()),
        }
    }

    /// Whether a path leads where it says: no link and nothing to resolve on the way.
    fn is_straight(&self, path: &str) -> bool {
        (path.is_empty() || path.split('/').all(|part| !matches!(part, "" | "." | "..")))
            && (self.links.is_empty() || self.links_on(path).is_empty())
    }

    fn place(&self, path: String) -> Place {
        match self.places.get(&path) {
            Some(Some(_)) => Place::File(path),
            Some(None) => Place::Folder(path),
            None => Place::Absent(path),
        }
    }

    /// The symlinks that stand on a path as it is written.
    pub(super) fn links_on(&self, path: &str) -> Vec<String> {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        let prefixes =
            ends.filter_map(|end| path.get(..end)).filter(|prefix| self.links.contains_key(*prefix));
        prefixes.map(str::to_owned).collect()
    }

    /// Adds what the symlinks among a read-set's files lead to, until nothing is added any more.
    pub(super) fn follow(&self, reads: &mut ReadSet) {
        if self.links.is_empty() {
            return;
        }
        loop {
            let before = (reads.files.len(), reads.absent.len(), reads.perhaps.len());
            let certain = self.gather(&reads.files, &reads.listings);
            let guessed = self.gather(&reads.perhaps, &reads.perhaps);
            for link in certain.values().filter(|entry| entry.mode == LINK) {
                let (place, through) = self.find(&link.path);
                reads.files.extend(through);
                match place {
                    Place::File(path) => drop(reads.files.insert(path)),
                    Place::Folder(path) => drop(reads.perhaps.insert(path)),
                    Place::Absent(path) => {
                        reads.absent.insert(path.clone());
                        reads.perhaps.insert(path);
                    }
                    Place::Outside => {}
                }
            }
            for link in guessed.values().filter(|entry| entry.mode == LINK) {
                let (place, through) = self.find(&link.path);
                reads.perhaps.extend(through);
                reads.perhaps.extend(place.path());
            }
            if before == (reads.files.len(), reads.absent.len(), reads.perhaps.len()) {
                return;
            }
        }
    }

    /// Every entry of a read-set, in order.
    pub(super) fn members(&self, reads: &ReadSet) -> Vec<&TreeEntry> {
        let mut members = self.gather(&reads.files, &reads.listings);
        members.extend(self.gather(&reads.perhaps, &reads.perhaps));
        members.into_values().collect()
    }

    /// These files, and all below these folders.
    fn gather(&self, files: &BTreeSet<String>, folders: &BTreeSet<String>) -> BTreeMap<&str, &TreeEntry> {
        let files = files.iter().filter_map(|path| self.entry(path));
        let below = folders.iter().flat_map(|folder| self.below(folder));
        files.chain(below).map(|entry| (entry.path.as_str(), entry)).collect()
    }
}

impl Place {
    fn path(self) -> Option<String> {
        match self {
            Self::File(path) | Self::Folder(path) | Self::Absent(path) => Some(path),
            Self::Outside => None,
        }
    }
}

#[cfg(test)]
mod tests;
