//! One stand-in from the inside: what it remembers, where its repositories lie, what it writes down.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use crate::config::SimConfig;
use crate::error::SimError;
use crate::faults::Faults;
use crate::git::{Bare, Repositories};
use crate::hooks::Hooks;
use crate::record::Record;
use crate::state::State;

/// Shared by everything that serves.
#[derive(Debug)]
pub(crate) struct World {
    /// `http://127.0.0.1:port`, without a slash.
    pub(crate) base: String,
    pub(crate) config: SimConfig,
    pub(crate) git: Repositories,
    pub(crate) hooks: Hooks,
    pub(crate) faults: Faults,
    pub(crate) record: Record,
    /// Held by whoever moves branches: one at a time, so that what follows from a push follows at once.
    pub(crate) turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    _folder: Option<TempDir>,
}

impl World {
    pub(crate) fn new(base: String, config: SimConfig) -> Result<Self, SimError> {
        let (root, folder) = match &config.folder {
            Some(folder) => (folder.clone(), None),
            None => {
                let folder = tempfile::tempdir().map_err(SimError::io("making a folder"))?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        Ok(Self {
            base,
            config,
            git: Repositories::new(root),
            hooks: Hooks::new(),
            faults: Faults::default(),
            record: Record::default(),
            turn: tokio::sync::Mutex::new(()),
            state: Mutex::new(State::new()),
            _folder: folder,
        })
    }

    /// What is remembered. Never held across an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bare(&self, repo: u64) -> Bare {
        let name = self.state().full_name(repo);
        self.git.bare(&name)
    }

    /// A stable disorder for lists that promise no order.
    pub(crate) fn shuffle<T>(&self, list: &mut [T], key: impl Fn(&T) -> u64) {
        list.sort_by_cached_key(|item| {
            let mut hasher = DefaultHasher::new();
            (self.config.seed, key(item)).hash(&mut hasher);
            hasher.finish()
        });
    }
}
