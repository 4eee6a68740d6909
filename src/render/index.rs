//! What was read out of files in earlier runs, by the ids of their blobs: facts that the bytes of one file decide alone.
//! Where such a file stands, and what stands beside it, is never remembered: that is looked up in each tree. What a
//! kustomization says in place is among them, so they are as secret as renders.
//!
//! All facts are one entry of the [`DiskCache`], so that a run reads one file. What is damaged there is read out of the
//! repository again. Two processes may write at once: the later one wins, and what the other learnt is learnt again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use countersign_core::revision::{Digest, ObjectId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::disk::DiskCache;

/// The form of facts. Another one, and another version of this program, reads files anew.
const FORM: &str = "countersign.facts/v1";
/// Bytes of facts that are kept; those that no run of late asked for go first.
const BOUND: usize = 16 << 20;

/// What kind of fact is told of a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fact {
    /// An [`Outline`](super::outline::Outline).
    Outline,
    /// Whether it looks like an object.
    Object,
    /// Which kinds it declares to live in no namespace.
    ClusterScoped,
}

/// Facts that are kept on disk.
#[derive(Debug)]
pub(super) struct Index {
    disk: Arc<DiskCache>,
    before: OnceLock<Lines>,
    learnt: Mutex<BTreeMap<String, String>>,
}

/// One fact in each line, `<kind><id> <JSON>`, sorted.
#[derive(Debug, Default)]
struct Lines {
    text: String,
    /// Where lines begin, and whether they were asked for.
    starts: Vec<usize>,
    used: Mutex<Vec<bool>>,
}

impl Index {
    pub(super) fn new(disk: Arc<DiskCache>) -> Self {
        Self { disk, before: OnceLock::new(), learnt: Mutex::default() }
    }

    /// What is known of a file.
    pub(super) fn get<T: DeserializeOwned>(&self, fact: Fact, id: &ObjectId) -> Option<T> {
        let known = self.before.get_or_init(|| self.read()).get(&key(fact, id))?;
        serde_json::from_str(known).ok()
    }

    /// Remembers what was read out of a file.
    pub(super) fn put<T: Serialize>(&self, fact: Fact, id: &ObjectId, value: &T) {
        // What cannot be written down is read out again next time.
        let Ok(text) = serde_json::to_string(value) else { return };
        if let Ok(mut learnt) = self.learnt.lock() {
            learnt.insert(key(fact, id), text);
        }
    }

    fn read(&self) -> Lines {
        self.disk.get(&name()).map(Lines::new).unwrap_or_default()
    }

    /// Everything that is to be kept: what is new, what was asked for, and of the rest as much as there is room for.
    fn kept(&self, bound: usize) -> Option<String> {
        let learnt = self.learnt.lock().ok().filter(|learnt| !learnt.is_empty())?;
        // Others may have written since.
        let now = self.read();
        let size: usize = learnt.iter().map(|(key, text)| key.len() + text.len() + 2).sum();
        let is_as_before = self.before.get().is_none_or(|before| before.text == now.text);
        if is_as_before && now.text.len() + size <= bound {
            return Some(now.with(&learnt));
        }
        let before = self.before.get().map(|lines| lines.all(true)).unwrap_or_default();
        let new = learnt.iter().map(|(key, text)| (key.as_str(), text.as_str()));
        let mut kept = BTreeMap::new();
        let mut size = 0;
        for (key, text) in new.chain(before).chain(now.all(false)) {
            let line = key.len() + text.len() + 2;
            if size + line <= bound && !kept.contains_key(key) {
                size += line;
                kept.insert(key, text);
            }
        }
        Some(kept.iter().fold(String::with_capacity(size), |mut all, (key, text)| {
            [key, " ", text, "\n"].into_iter().for_each(|part| all.push_str(part));
            all
        }))
    }
}

impl Drop for Index {
    /// Writes down what this run learnt, once.
    fn drop(&mut self) {
        if let Some(text) = self.kept(BOUND) {
            self.disk.put(&name(), &text);
        }
    }
}

impl Lines {
    fn new(text: String) -> Self {
        let mut starts: Vec<usize> = text.match_indices('\n').map(|(end, _)| end + 1).collect();
        starts.pop();
        starts.insert(0, 0);
        let used = Mutex::new(vec![false; starts.len()]);
        Self { text, starts, used }
    }

    /// The text with these lines in it.
    fn with(&self, learnt: &BTreeMap<String, String>) -> String {
        let mut all = String::with_capacity(self.text.len() * 2);
        let mut from = 0;
        for (key, text) in learnt {
            let key_at = |start: usize| self.line(start).map_or("", |(key, _)| key);
            let at = self.starts.partition_point(|start| key_at(*start) < key.as_str());
            let start = |at: usize| self.starts.get(at).copied().unwrap_or(self.text.len());
            all.push_str(self.text.get(from..start(at)).unwrap_or_default());
            [key, " ", text, "\n"].into_iter().for_each(|part| all.push_str(part));
            from = if key_at(start(at)) == key { start(at + 1) } else { start(at) };
        }
        all.push_str(self.text.get(from..).unwrap_or_default());
        all
    }

    fn line(&self, start: usize) -> Option<(&str, &str)> {
        self.text.get(start..)?.split('\n').next()?.split_once(' ')
    }

    fn get(&self, key: &str) -> Option<&str> {
        let of = |start: &usize| self.line(*start).map_or("", |(key, _)| key);
        let at = self.starts.binary_search_by(|start| of(start).cmp(key)).ok()?;
        if let Some(used) = self.used.lock().ok()?.get_mut(at) {
            *used = true;
        }
        Some(self.line(*self.starts.get(at)?)?.1)
    }

    /// Every fact, or those that were asked for.
    fn all(&self, used: bool) -> Vec<(&str, &str)> {
        let was_used = self.used.lock().map(|used| used.clone()).unwrap_or_default();
        let wanted = |number: usize| !used || was_used.get(number).copied().unwrap_or_default();
        let starts = self.starts.iter().enumerate().filter(|(number, _)| wanted(*number));
        starts.filter_map(|(_, start)| self.line(*start)).collect()
    }
}

fn name() -> Digest {
    Digest::of(format!("{FORM} {}", env!("CARGO_PKG_VERSION")).as_bytes())
}

fn key(fact: Fact, id: &ObjectId) -> String {
    let kind = match fact {
        Fact::Outline => 'k',
        Fact::Object => 'o',
        Fact::ClusterScoped => 'c',
    };
    format!("{kind}{id}")
}

#[cfg(test)]
mod tests;
