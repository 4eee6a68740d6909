//! Changed paths in order, so that what many units read is looked up among many changes, not each in each.

use countersign_core::evaluation::ChangedPath;

use crate::ports::ReadSet;

/// The paths of a change.
pub(super) struct Changes<'c> {
    /// Sorted by path.
    paths: Vec<&'c ChangedPath>,
}

impl<'c> Changes<'c> {
    pub(super) fn new(changed: &'c [ChangedPath]) -> Self {
        let mut paths: Vec<&ChangedPath> = changed.iter().collect();
        paths.sort_by(|a, b| a.path.cmp(&b.path));
        Self { paths }
    }

    /// The changed paths that a read-set [claims](ReadSet::claims).
    pub(super) fn claimed_by(&self, reads: &ReadSet) -> Vec<&'c str> {
        let ReadSet { files, listings, absent, perhaps: _ } = reads;
        if self.paths.len() <= files.len() + absent.len() {
            let claimed = self.paths.iter().filter(|path| reads.claims(path));
            return claimed.map(|path| path.path.as_str()).collect();
        }
        let named = files.iter().chain(absent).filter_map(|path| self.at(path));
        named.chain(listings.iter().flat_map(|folder| self.below(folder))).collect()
    }

    /// Whether a read-set is [touched](ReadSet::touched_by) by a path that it perhaps reads.
    pub(super) fn guessed_by(&self, reads: &ReadSet) -> bool {
        reads.perhaps.iter().any(|path| self.at(path).is_some() || self.below(path).next().is_some())
    }

    fn at(&self, path: &str) -> Option<&'c str> {
        let at = self.paths.binary_search_by(|changed| changed.path.as_str().cmp(path)).ok()?;
        self.paths.get(at).map(|changed| changed.path.as_str())
    }

    /// Changed paths below a folder; the root has all.
    fn below(&self, folder: &str) -> impl Iterator<Item = &'c str> + use<'_, 'c> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let start = self.paths.partition_point(|changed| changed.path < prefix);
        let rest = self.paths.get(start..).unwrap_or_default().iter().map(|changed| changed.path.as_str());
        rest.take_while(move |path| path.starts_with(&prefix))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use countersign_core::evaluation::PathOperation;
    use countersign_core::revision::Diff;
    use proptest::prelude::*;

    use super::*;

    fn paths(most: usize) -> impl Strategy<Value = BTreeSet<String>> {
        prop::collection::btree_set("(a|b|a-)(/(a|b|a-)){0,2}", 0..most)
    }

    proptest! {
        /// Whichever way it is looked up, the answer is that of the read-set itself.
        #[test]
        fn finds_what_read_sets_say(
            changed in paths(8), files in paths(4), listings in paths(3), absent in paths(3), perhaps in paths(3),
            all in any::<bool>(),
        ) {
            let perhaps = if all { BTreeSet::from([String::new()]) } else { perhaps };
            let reads = ReadSet { files, listings, absent, perhaps };
            let change = |path: String| ChangedPath {
                path,
                operation: PathOperation::Change,
                entry: Diff { base: None, head: None },
            };
            let changed: Vec<ChangedPath> = changed.into_iter().rev().map(change).collect();
            let changes = Changes::new(&changed);
            let claimed: BTreeSet<&str> = changes.claimed_by(&reads).into_iter().collect();
            let wanted = changed.iter().filter(|path| reads.claims(path)).map(|path| path.path.as_str());
            prop_assert_eq!(&claimed, &wanted.collect());
            let touched = !claimed.is_empty() || changes.guessed_by(&reads);
            prop_assert_eq!(touched, changed.iter().any(|path| reads.touched_by(path)));
        }
    }
}
