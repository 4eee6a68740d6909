//! One mirror per repository, below one folder.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::change::RepoId;

use super::Mirror;
use crate::ports::{Source, Sources};

/// The mirrors of all repositories.
pub struct Mirrors {
    folder: PathBuf,
    open: Mutex<BTreeMap<RepoId, Arc<Mirror>>>,
}

impl Mirrors {
    /// Mirrors below this folder; each is made at its first fetch.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, open: Mutex::new(BTreeMap::new()) }
    }
}

impl Sources for Mirrors {
    fn repository(&self, repo: &RepoId) -> Arc<dyn Source> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mirror = open.entry(repo.clone()).or_insert_with(|| {
            // A repository path is safe as a folder by its type; `.git` keeps `a/b` and `a/b/c` apart.
            let folder = self.folder.join(&repo.forge).join(format!("{}.git", repo.path));
            Arc::new(Mirror::bare(folder))
        });
        Arc::clone(mirror) as Arc<dyn Source>
    }
}
