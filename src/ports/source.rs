//! Git: mirrors, merges, trees, landings. Paths are relative to the root of a tree, with forward slashes.

use std::path::Path;

use std::collections::BTreeMap;

use async_trait::async_trait;
use countersign_core::details::Lines;
use countersign_core::evaluation::ChangedPath;
use countersign_core::revision::{BranchName, CommitSha, ObjectId};
use countersign_core::snapshot::MergeOutcome;

use super::{BoxError, GitRemote};

/// Why git did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The remote did not answer, or refused the credentials.
    #[error("{action} failed: {why}")]
    Remote {
        /// What was asked.
        action: &'static str,
        /// In git's words, without credentials.
        why: String,
    },
    /// The branch is not what it was expected to be.
    #[error("{branch} moved: it is no longer {expected}")]
    Moved {
        /// Which branch.
        branch: BranchName,
        /// What it was expected to be.
        expected: CommitSha,
    },
    /// The remote's hooks or protection refuse.
    #[error("the forge refused the push: {why}")]
    Refused {
        /// In the remote's words.
        why: String,
    },
    /// It is not there.
    #[error("{what} is not in the repository")]
    Missing {
        /// What.
        what: String,
    },
    /// A tree that will not be exported: symlinks that leave it, paths with `..`, too large.
    #[error("{path}: {why}")]
    Unsafe {
        /// Where.
        path: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// Git itself failed.
    #[error("{action} failed")]
    Git {
        /// What was asked.
        action: &'static str,
        /// Beneath.
        #[source]
        source: BoxError,
    },
}

/// A git identity: `name`, `address`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitIdentity {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
}

/// A commit and who stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitPeople {
    /// Which.
    pub commit: CommitSha,
    /// Its author.
    pub author: GitIdentity,
    /// Its committer.
    pub committer: GitIdentity,
}

/// An entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// Path.
    pub path: String,
    /// Git's mode: `100644`, `100755`, `120000` (symlink), `160000` (submodule).
    pub mode: String,
    /// Blob or commit.
    pub id: ObjectId,
}

/// A merge commit to make: its bytes are stored before it is pushed anywhere.
#[derive(Debug, Clone)]
pub struct MergeCommit<'a> {
    /// First parent, base, then head.
    pub parents: [&'a CommitSha; 2],
    /// The judged tree.
    pub tree: &'a ObjectId,
    /// Message.
    pub message: &'a str,
    /// Author and committer: the bot.
    pub identity: &'a GitIdentity,
    /// Seconds since 1970, UTC.
    pub time: i64,
}

/// One repository.
#[async_trait]
pub trait Source: Send + Sync {
    /// Fetches all branches and this change's head; the remote's refs end up under names of their own.
    async fn fetch(&self, remote: &GitRemote) -> Result<(), SourceError>;
    /// The tip of a fetched branch; of a user's repository, of its own branch or else of `origin`'s.
    async fn branch_tip(&self, branch: &BranchName) -> Result<CommitSha, SourceError>;
    /// The tip of a branch on the remote, asked now; `None` where there is no such branch.
    async fn remote_tip(
        &self,
        remote: &GitRemote,
        branch: &BranchName,
    ) -> Result<Option<CommitSha>, SourceError>;
    /// The tree of a commit.
    async fn tree_of(&self, commit: &CommitSha) -> Result<ObjectId, SourceError>;
    /// Merges head into base, without touching any branch.
    async fn merge(&self, base: &CommitSha, head: &CommitSha) -> Result<MergeOutcome, SourceError>;
    /// Paths that differ; a rename is a removal and an addition.
    async fn changed_paths(&self, base: &ObjectId, head: &ObjectId) -> Result<Vec<ChangedPath>, SourceError>;
    /// How many lines of each changed file change; files without lines are left out.
    async fn changed_lines(
        &self,
        base: &ObjectId,
        head: &ObjectId,
    ) -> Result<BTreeMap<String, Lines>, SourceError>;
    /// Every entry below `path` (`""` is all), recursively, sorted.
    async fn list(&self, tree: &ObjectId, path: &str) -> Result<Vec<TreeEntry>, SourceError>;
    /// A file's bytes, or `None` where it is absent; of a symlink, its target.
    async fn read_file(&self, tree: &ObjectId, path: &str) -> Result<Option<Vec<u8>>, SourceError>;
    /// The bytes of a file that was listed, by its blob: cheaper than by its path, which git has to walk down to. Of a
    /// symlink, its target.
    async fn read_entry(&self, entry: &TreeEntry) -> Result<Vec<u8>, SourceError>;
    /// The same of many, in order: one question to git for all. What is wrong with one of them is in its place.
    async fn read_entries(
        &self,
        entries: &[TreeEntry],
    ) -> Result<Vec<Result<Vec<u8>, SourceError>>, SourceError>;
    /// Writes these entries below `into`, without filters, attributes or hooks. Symlinks are only written when they
    /// stay inside. The answer names, one sentence each, beginning with the path, what was not written as it will be
    /// used: submodules and LFS pointers, never followed.
    async fn export(&self, entries: &[TreeEntry], into: &Path) -> Result<Vec<String>, SourceError>;
    /// Commits reachable from head and not from base, on any parent.
    async fn commits_between(
        &self,
        base: &CommitSha,
        head: &CommitSha,
    ) -> Result<Vec<CommitPeople>, SourceError>;
    /// Whether `ancestor` is in the history of `commit`.
    async fn is_ancestor(&self, ancestor: &CommitSha, commit: &CommitSha) -> Result<bool, SourceError>;
    /// The first-parent line from `to` back to `from` (exclusive) or to its root, newest first.
    async fn first_parents(
        &self,
        from: Option<&CommitSha>,
        to: &CommitSha,
    ) -> Result<Vec<CommitSha>, SourceError>;
    /// A commit's bytes as git hashes them.
    async fn raw_commit(&self, commit: &CommitSha) -> Result<Vec<u8>, SourceError>;
    /// The bytes of a merge commit as git would hash them, without a signature.
    fn merge_commit_bytes(&self, commit: &MergeCommit<'_>) -> Vec<u8>;
    /// Stores the bytes of a commit. The same bytes give the same id.
    async fn store_commit(&self, bytes: &[u8]) -> Result<CommitSha, SourceError>;
    /// Moves a branch on the remote from exactly `expected` to `commit`. `None`: the branch must not exist.
    /// Fine when it already stands at `commit`. [`SourceError::Moved`] says `000…0` where none was expected.
    async fn push(
        &self,
        remote: &GitRemote,
        branch: &BranchName,
        expected: Option<&CommitSha>,
        commit: &CommitSha,
    ) -> Result<(), SourceError>;
    /// Writes a commit on top of `parent` that adds these files, and gives its id (for the audit branch).
    async fn commit_files(
        &self,
        parent: Option<&CommitSha>,
        files: &[(String, Vec<u8>)],
        message: &str,
        identity: &GitIdentity,
        time: i64,
    ) -> Result<CommitSha, SourceError>;
}

/// The repositories of the configured forges.
pub trait Sources: Send + Sync {
    /// The mirror of one repository; the same one for every caller.
    fn repository(&self, repo: &countersign_core::change::RepoId) -> std::sync::Arc<dyn Source>;
}
