use std::collections::BTreeMap;

use countersign_core::evaluation::PathOperation;
use countersign_core::revision::Diff;
use proptest::prelude::*;

use super::*;

type Files = BTreeMap<String, (bool, u8)>;

fn files() -> impl Strategy<Value = Files> {
    prop::collection::btree_map("(a|b|a-)(/(a|b|a-)){0,2}", (any::<bool>(), 0..3_u8), 0..8)
}

fn entries(files: &Files) -> Vec<TreeEntry> {
    let entry = |(path, (is_link, blob)): (&String, &(bool, u8))| TreeEntry {
        path: path.clone(),
        mode: if *is_link { LINK } else { "100644" }.to_owned(),
        id: blob.to_string().repeat(40).parse().unwrap(),
    };
    files.iter().map(entry).collect()
}

/// As git tells it.
fn changes(base: &Files, head: &Files) -> Vec<ChangedPath> {
    let of = |files: &Files, path: &String| {
        let entry = entries(files).into_iter().find(|entry| entry.path == *path)?;
        Some(PathEntry { mode: entry.mode, blob: entry.id })
    };
    let paths: BTreeMap<&String, ()> = base.keys().chain(head.keys()).map(|path| (path, ())).collect();
    let change = |path: &String| ChangedPath {
        path: path.clone(),
        operation: PathOperation::Change,
        entry: Diff { base: of(base, path), head: of(head, path) },
    };
    let changed = paths.into_keys().filter(|path| base.get(*path) != head.get(*path));
    changed.map(change).rev().collect()
}

proptest! {
    /// Base and what differs are head.
    #[test]
    fn a_tree_is_another_one_with_what_differs(base in files(), head in files()) {
        prop_assert_eq!(patched(&entries(&base), &changes(&base, &head)), entries(&head));
    }
}
