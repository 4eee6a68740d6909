//! Kustomizations of one tree that were explored already, and those of a tree beside it that read nothing else there.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use countersign_core::evaluation::ChangedPath;

use super::kustomize::Part;
use super::tree::Tree;
use crate::ports::parent_path;

/// Parts by folder.
#[derive(Debug, Default)]
pub(super) struct Parts {
    own: Mutex<HashMap<String, Arc<Part>>>,
    beside: OnceLock<Beside>,
}

/// Another tree, as long as somebody holds it, and where it differs.
#[derive(Debug)]
struct Beside {
    tree: Weak<Tree>,
    differ: Arc<Differences>,
}

/// Paths at which two trees differ, and every folder above them.
#[derive(Debug)]
pub(super) struct Differences(HashSet<String>);

impl Parts {
    /// Puts another tree beside this one, if there is none yet.
    pub(super) fn put_beside(&self, tree: &Arc<Tree>, differ: &Arc<Differences>) {
        self.beside.get_or_init(|| Beside { tree: Arc::downgrade(tree), differ: Arc::clone(differ) });
    }

    /// The part of a folder of `tree`, whose parts these are.
    pub(super) fn get(&self, tree: &Tree, folder: &str) -> Option<Arc<Part>> {
        if let Some(part) = self.known(folder) {
            return Some(part);
        }
        let Beside { tree: other, differ } = self.beside.get()?;
        let other = other.upgrade()?;
        // A symlink makes one path depend on others.
        if tree.has_links() || other.has_links() {
            return None;
        }
        let part = other.parts().known(folder)?;
        if differ.any_of(part.looked_at().map(String::as_str)) {
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

impl Differences {
    /// What stands at any path besides these and the folders above them is the same.
    pub(super) fn new(changed: &[ChangedPath]) -> Self {
        let mut differ = HashSet::new();
        for change in changed {
            let mut path = change.path.as_str();
            while differ.insert(path.to_owned()) && !path.is_empty() {
                path = parent_path(path);
            }
        }
        Self(differ)
    }

    /// Whether something differs at a path, or below it.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains(path)
    }

    /// Whether something differs at one of these paths.
    fn any_of<'p>(&self, mut paths: impl Iterator<Item = &'p str>) -> bool {
        // Most paths of a part are in one folder, and nothing differs there.
        let mut same: Option<&str> = None;
        paths.any(|path| {
            let folder = parent_path(path);
            if same == Some(folder) {
                return false;
            }
            if !self.has(folder) {
                same = Some(folder);
                return false;
            }
            self.has(path)
        })
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::evaluation::PathOperation;
    use countersign_core::revision::Diff;

    use super::*;

    #[test]
    fn a_difference_is_at_a_path_and_in_every_folder_above() {
        let change = |path: &str| ChangedPath {
            path: path.to_owned(),
            operation: PathOperation::Change,
            entry: Diff { base: None, head: None },
        };
        let differ = Differences::new(&[change("apps/a/x.yaml"), change("top")]);
        let any = |paths: &[&str]| differ.any_of(paths.iter().copied());
        for path in ["", "apps", "apps/a", "apps/a/x.yaml", "top"] {
            assert!(any(&["apps/b/y", path]), "{path}");
            assert!(any(&["apps/b/y", "apps/b/z", "other", path]), "{path}");
        }
        assert!(!any(&["apps/b", "apps/b/x.yaml", "apps/a/y", "apps/a/x.yaml/z", "to", "a/b/c"]));
        assert!(!Differences::new(&[]).any_of(["", "a", "a/b"].into_iter()));
    }
}
