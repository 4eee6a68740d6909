//! What files say, known by the ids of their blobs: in memory, and on disk where there is an [`Index`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use countersign_core::revision::ObjectId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::index::{Fact, Index};
use super::kustomize::STRETCH;
use super::outline::Outline;
use super::tree::SUBMODULE;
use crate::ports::{Source, SourceError, TreeEntry};

/// How many outlines are in memory at most.
const OUTLINES: usize = 1 << 16;
/// How many files are read at once.
const CHUNK: usize = 256;

/// Facts about files.
#[derive(Debug)]
pub(super) struct Facts {
    outlines: Mutex<HashMap<ObjectId, Arc<Outline>>>,
    index: Option<Index>,
}

impl Facts {
    /// Without an index they last as long as we do.
    pub(super) fn new(index: Option<Index>) -> Self {
        Self { outlines: Mutex::default(), index }
    }

    /// What a kustomization says.
    pub(super) async fn outline(
        &self,
        source: &dyn Source,
        entry: &TreeEntry,
    ) -> Result<Arc<Outline>, SourceError> {
        if entry.mode == SUBMODULE {
            return Ok(Arc::new(Outline::NoText));
        }
        match self.known(&entry.id) {
            Some(outline) => Ok(outline),
            None => Ok(self.learn(&entry.id, source.read_entry(entry).await?)),
        }
    }

    /// Reads what these kustomizations say, many at once, as far as it is not known yet.
    pub(super) async fn outlines(
        &self,
        source: &dyn Source,
        entries: Vec<&TreeEntry>,
    ) -> Result<(), SourceError> {
        let mut unknown = Vec::new();
        for stretch in entries.chunks(STRETCH) {
            let is_unknown = |entry: &&&TreeEntry| entry.mode != SUBMODULE && self.known(&entry.id).is_none();
            unknown.extend(stretch.iter().filter(is_unknown).map(|entry| (*entry).clone()));
            tokio::task::yield_now().await;
        }
        for chunk in unknown.chunks(CHUNK) {
            for (entry, bytes) in chunk.iter().zip(source.read_entries(chunk).await?) {
                self.learn(&entry.id, bytes?);
            }
        }
        Ok(())
    }

    /// What the text of each of these files says, asked of one blob once. `None` for one that is too large to be looked
    /// at, or no text.
    pub(super) async fn said<T: Clone + Serialize + DeserializeOwned>(
        &self,
        source: &dyn Source,
        fact: Fact,
        entries: &[&TreeEntry],
        read: fn(&str) -> T,
    ) -> Result<Vec<Option<T>>, SourceError> {
        let index = |entry: &TreeEntry| self.index.as_ref()?.get::<Option<T>>(fact, &entry.id);
        let mut answers: Vec<Option<Option<T>>> = entries.iter().map(|entry| index(entry)).collect();
        let is_open = |at: &usize| matches!(answers.get(*at), Some(None));
        let open: Vec<usize> = (0..entries.len()).filter(is_open).collect();
        for chunk in open.chunks(CHUNK) {
            let asked: Vec<TreeEntry> =
                chunk.iter().filter_map(|at| entries.get(*at)).map(|entry| (*entry).clone()).collect();
            for ((at, entry), bytes) in chunk.iter().zip(&asked).zip(source.read_entries(&asked).await?) {
                let answer = match bytes {
                    Ok(bytes) => String::from_utf8(bytes).ok().map(|text| read(&text)),
                    Err(SourceError::Unsafe { .. }) => continue,
                    Err(error) => return Err(error),
                };
                if let Some(index) = &self.index {
                    index.put(fact, &entry.id, &answer);
                }
                if let Some(place) = answers.get_mut(*at) {
                    *place = Some(answer);
                }
            }
        }
        Ok(answers.into_iter().map(Option::flatten).collect())
    }

    /// Ends: what was learnt is written down.
    pub(super) fn finish(self) {
        let Self { outlines, index } = self;
        drop(index);
        std::mem::forget(outlines);
    }

    fn known(&self, id: &ObjectId) -> Option<Arc<Outline>> {
        if let Some(outline) = self.outlines.lock().ok().and_then(|outlines| outlines.get(id).cloned()) {
            return Some(outline);
        }
        let outline = Arc::new(self.index.as_ref()?.get(Fact::Outline, id)?);
        self.keep(id, &outline);
        Some(outline)
    }

    fn learn(&self, id: &ObjectId, bytes: Vec<u8>) -> Arc<Outline> {
        let outline = Arc::new(Outline::of(bytes));
        if let Some(index) = &self.index {
            index.put(Fact::Outline, id, &*outline);
        }
        self.keep(id, &outline);
        outline
    }

    fn keep(&self, id: &ObjectId, outline: &Arc<Outline>) {
        if let Ok(mut outlines) = self.outlines.lock() {
            if outlines.len() >= OUTLINES {
                outlines.clear();
            }
            outlines.insert(id.clone(), Arc::clone(outline));
        }
    }
}
