//! Kustomizations of one tree that were explored already, and those of a tree beside it that read nothing else there.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use super::kustomize::Part;
use super::tree::Tree;
use crate::ports::{TreeEntry, parent_path};

/// Parts by folder.
#[derive(Debug, Default)]
pub(super) struct Parts {
    own: Mutex<HashMap<String, Arc<Part>>>,
    /// The tree beside, as long as somebody holds it.
    other: OnceLock<Weak<Tree>>,
    /// Paths at which the two trees differ, and every folder above them.
    differ: OnceLock<HashSet<String>>,
}

impl Parts {
    /// Puts another tree beside this one, if there is none yet.
    pub(super) fn put_beside(&self, other: &Arc<Tree>) {
        self.other.get_or_init(|| Arc::downgrade(other));
    }

    /// The part of a folder of `tree`, whose parts these are.
    pub(super) fn get(&self, tree: &Tree, folder: &str) -> Option<Arc<Part>> {
        if let Some(part) = self.known(folder) {
            return Some(part);
        }
        let other = self.other.get()?.upgrade()?;
        // A symlink makes one path depend on others.
        if tree.has_links() || other.has_links() {
            return None;
        }
        let part = other.parts().known(folder)?;
        let differ = self.differ.get_or_init(|| differences(tree, &other));
        if part.looked_at().any(|path| differ.contains(path)) {
            return None;
        }
        self.keep(folder, &part);
        Some(part)
    }

    pub(super) fn keep(&self, folder: &str, part: &Arc<Part>) {
        if let Ok(mut own) = self.own.lock() {
            own.insert(folder.to_owned(), Arc::clone(part));
        }
    }

    fn known(&self, folder: &str) -> Option<Arc<Part>> {
        self.own.lock().ok()?.get(folder).cloned()
    }
}

/// Every path that is not the same in both trees, with the folders above it: what stands at any other path is the same.
fn differences(one: &Tree, other: &Tree) -> HashSet<String> {
    let mut differ = HashSet::new();
    let mut note = |entry: &TreeEntry| {
        let mut path = entry.path.as_str();
        while differ.insert(path.to_owned()) && !path.is_empty() {
            path = parent_path(path);
        }
    };
    let (mut left, mut right) = (one.files().peekable(), other.files().peekable());
    loop {
        match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if a.path == b.path => {
                if a != b {
                    note(a);
                }
                left.next();
                right.next();
            }
            (Some(a), Some(b)) if a.path < b.path => {
                note(a);
                left.next();
            }
            (_, Some(b)) => {
                note(b);
                right.next();
            }
            (Some(a), None) => {
                note(a);
                left.next();
            }
            (None, None) => return differ,
        }
    }
}
