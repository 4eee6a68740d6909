//! A tree's paths in memory, with its symlinks followed as a kernel would.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use countersign_core::revision::ObjectId;

use crate::ports::{ReadSet, Source, SourceError, TreeEntry, follow_links, parent_path};

/// Git's mode of a symlink.
const LINK: &str = "120000";
/// Git's mode of a submodule.
pub(super) const SUBMODULE: &str = "160000";

/// Every path of one tree.
#[derive(Debug)]
pub(super) struct Tree {
    entries: BTreeMap<String, TreeEntry>,
    folders: BTreeSet<String>,
    links: BTreeMap<String, String>,
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

impl Tree {
    pub(super) async fn load(source: &dyn Source, id: &ObjectId) -> Result<Self, SourceError> {
        let listed = source.list(id, "").await?;
        let mut links = BTreeMap::new();
        for entry in listed.iter().filter(|entry| entry.mode == LINK) {
            let target = source.read_file(id, &entry.path).await?.unwrap_or_default();
            links.insert(entry.path.clone(), String::from_utf8_lossy(&target).into_owned());
        }
        let mut folders = BTreeSet::from([String::new()]);
        for entry in &listed {
            let mut folder = parent_path(&entry.path);
            while !folder.is_empty() && folders.insert(folder.to_owned()) {
                folder = parent_path(folder);
            }
        }
        let entries = listed.into_iter().map(|entry| (entry.path.clone(), entry)).collect();
        Ok(Self { entries, folders, links })
    }

    pub(super) fn folders(&self) -> impl Iterator<Item = &str> {
        self.folders.iter().map(String::as_str)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &TreeEntry> {
        self.entries.values()
    }

    pub(super) fn entry(&self, path: &str) -> Option<&TreeEntry> {
        self.entries.get(path)
    }

    /// Every entry below a folder, in order.
    pub(super) fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a TreeEntry> + use<'a> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let start = Bound::Included(prefix.clone());
        self.entries
            .range((start, Bound::Unbounded))
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(_, entry)| entry)
    }

    /// What stands at a path, and the symlinks on the way there.
    pub(super) fn find(&self, path: &str) -> (Place, Vec<String>) {
        let target = |at: &str| self.links.get(at).map(String::as_str);
        let Some((path, links)) = follow_links(path, &target) else {
            return (Place::Outside, Vec::new());
        };
        let place = if self.entries.contains_key(&path) {
            Place::File(path)
        } else if self.folders.contains(&path) {
            Place::Folder(path)
        } else {
            Place::Absent(path)
        };
        (place, links)
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
        let files = files.iter().filter_map(|path| self.entries.get(path));
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
