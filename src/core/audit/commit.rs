//! A commit's bytes, taken apart.

use crate::revision::{CommitSha, ObjectId};

/// What a verifier needs of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitParts {
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents in order.
    pub parents: Vec<CommitSha>,
    /// When it was committed, in seconds since 1970 (UTC).
    pub time: i64,
    /// Its message.
    pub message: String,
}

/// Takes a commit's bytes apart; `None` where they are no commit that a bot could have written.
pub fn parse_commit(bytes: &[u8]) -> Option<CommitParts> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (header, message) = text.split_once("\n\n")?;
    let mut tree = None;
    let mut parents = Vec::new();
    let mut time = None;
    for line in header.lines() {
        match line.split_once(' ') {
            Some(("tree", id)) => tree = id.parse().ok(),
            Some(("parent", id)) => parents.push(id.parse().ok()?),
            Some(("committer", who)) => {
                time = who.rsplit(' ').nth(1).and_then(|seconds| seconds.parse().ok())
            }
            Some(_) | None => {}
        }
    }
    Some(CommitParts { tree: tree?, parents, time: time?, message: message.to_owned() })
}
