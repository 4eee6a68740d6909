//! The paths of a tree, from git, or as an earlier run wrote them down: the tree's id names them for good.

use countersign_core::revision::{Digest, ObjectId};

use super::disk::DiskCache;
use crate::ports::{Source, SourceError, TreeEntry};

/// The form in which they are written down.
const FORM: &str = "countersign.tree/v1";
/// Bytes of a list that is worth its room. To list more takes git long, but each new head would fill the cache.
const LARGEST: usize = 4 << 20;

/// Every path of a tree.
pub(super) async fn read(
    source: &dyn Source,
    id: &ObjectId,
    disk: Option<&DiskCache>,
) -> Result<Vec<TreeEntry>, SourceError> {
    let Some(disk) = disk else { return source.list(id, "").await };
    let key = Digest::of(format!("{FORM} {} {id}", env!("CARGO_PKG_VERSION")).as_bytes());
    if let Some(entries) = disk.get(&key).and_then(|text| parsed(&text)) {
        return Ok(entries);
    }
    let entries = source.list(id, "").await?;
    let text = written(&entries);
    if text.len() <= LARGEST {
        disk.put(&key, &text);
    }
    Ok(entries)
}

/// `<mode> <id> <path>`, and what no path holds.
fn written(entries: &[TreeEntry]) -> String {
    let size = entries.iter().map(|entry| entry.path.len() + 80).sum();
    entries.iter().fold(String::with_capacity(size), |mut text, entry| {
        for part in [&entry.mode, " ", entry.id.as_str(), " ", &entry.path, "\0"] {
            text.push_str(part);
        }
        text
    })
}

fn parsed(text: &str) -> Option<Vec<TreeEntry>> {
    let entry = |line: &str| {
        let (mode, rest) = line.split_once(' ')?;
        let (id, path) = rest.split_once(' ')?;
        Some(TreeEntry { path: path.to_owned(), mode: mode.to_owned(), id: id.parse().ok()? })
    };
    text.split_terminator('\0').map(entry).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_written_down_is_read_again() {
        let entry = |path: &str, mode: &str, digit: &str| TreeEntry {
            path: path.to_owned(),
            mode: mode.to_owned(),
            id: digit.repeat(40).parse().unwrap(),
        };
        let entries = [
            entry("a b/ c", "100644", "1"),
            entry("a\nb/\u{fffd}", "120000", "2"),
            entry(" ", "160000", "f"),
        ];
        assert_eq!(parsed(&written(&entries)).unwrap(), entries);
        assert_eq!(parsed("").unwrap(), []);
        assert_eq!(parsed("100644 no-id a\0"), None);
        assert_eq!(parsed("100644\0"), None);
    }
}
