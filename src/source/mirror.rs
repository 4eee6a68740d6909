//! One repository as a [`Source`]. What it does is in its neighbours; here it is put together.

use std::path::PathBuf;

use async_trait::async_trait;
use countersign_core::evaluation::ChangedPath;
use countersign_core::revision::{BranchName, CommitSha, Diff, ObjectId};
use countersign_core::snapshot::MergeOutcome;
use tokio::sync::Mutex;

use super::batch::Batch;
use super::git::{Git, GitLimits};
use super::local::UserRepository;
use crate::ports::{CommitPeople, GitIdentity, GitRemote, MergeCommit, Source, SourceError, TreeEntry};

/// A bare repository: either the mirror of one on a forge, or a temporary one that borrows the objects of a user's.
#[derive(Debug)]
pub struct Mirror {
    pub(super) git: Git,
    pub(super) batch: Batch,
    /// Held during a fetch: two at once would quarrel over the same refs.
    pub(super) fetching: Mutex<()>,
    /// The last two trees that were compared, and how they differ.
    pub(super) compared: Mutex<Option<(Diff<ObjectId>, Vec<ChangedPath>)>>,
    pub(super) user: Option<UserRepository>,
}

impl Mirror {
    /// A mirror in this folder, which the first fetch creates.
    pub fn bare(dir: PathBuf) -> Self {
        Self::with(Git::new(dir))
    }

    pub(super) fn with(git: Git) -> Self {
        let compared = Mutex::default();
        Self { git, batch: Batch::default(), fetching: Mutex::new(()), compared, user: None }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: GitLimits) -> Self {
        self.git.limits = limits;
        self
    }
}

#[async_trait]
impl Source for Mirror {
    async fn fetch(&self, remote: &GitRemote) -> Result<(), SourceError> {
        self.fetch_remote(remote).await
    }

    async fn branch_tip(&self, branch: &BranchName) -> Result<CommitSha, SourceError> {
        self.tip(branch).await
    }

    async fn remote_tip(
        &self,
        remote: &GitRemote,
        branch: &BranchName,
    ) -> Result<Option<CommitSha>, SourceError> {
        self.ask_remote_tip(remote, branch).await
    }

    async fn tree_of(&self, commit: &CommitSha) -> Result<ObjectId, SourceError> {
        self.commit_tree(commit).await
    }

    async fn merge(&self, base: &CommitSha, head: &CommitSha) -> Result<MergeOutcome, SourceError> {
        self.merge_commits(base, head).await
    }

    async fn changed_paths(&self, base: &ObjectId, head: &ObjectId) -> Result<Vec<ChangedPath>, SourceError> {
        self.compare_trees(base, head).await
    }

    async fn changed_lines(
        &self,
        base: &ObjectId,
        head: &ObjectId,
    ) -> Result<std::collections::BTreeMap<String, countersign_core::details::Lines>, SourceError> {
        self.count_lines(base, head).await
    }

    async fn list(&self, tree: &ObjectId, path: &str) -> Result<Vec<TreeEntry>, SourceError> {
        self.list_tree(tree, path).await
    }

    async fn read_file(&self, tree: &ObjectId, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        self.read_path(tree, path).await
    }

    async fn read_entry(&self, entry: &TreeEntry) -> Result<Vec<u8>, SourceError> {
        self.read_listed(entry).await
    }

    async fn read_entries(
        &self,
        entries: &[TreeEntry],
    ) -> Result<Vec<Result<Vec<u8>, SourceError>>, SourceError> {
        self.read_all_listed(entries).await
    }

    async fn export(
        &self,
        entries: &[TreeEntry],
        into: &std::path::Path,
    ) -> Result<Vec<String>, SourceError> {
        self.export_entries(entries, into).await
    }

    async fn commits_between(
        &self,
        base: &CommitSha,
        head: &CommitSha,
    ) -> Result<Vec<CommitPeople>, SourceError> {
        self.people_between(base, head).await
    }

    async fn is_ancestor(&self, ancestor: &CommitSha, commit: &CommitSha) -> Result<bool, SourceError> {
        self.ancestry(ancestor, commit).await
    }

    async fn first_parents(
        &self,
        from: Option<&CommitSha>,
        to: &CommitSha,
    ) -> Result<Vec<CommitSha>, SourceError> {
        self.first_parent_line(from, to).await
    }

    async fn raw_commit(&self, commit: &CommitSha) -> Result<Vec<u8>, SourceError> {
        self.commit_text(commit).await
    }

    fn merge_commit_bytes(&self, commit: &MergeCommit<'_>) -> Vec<u8> {
        super::commits::commit_bytes(
            &commit.parents,
            commit.tree,
            commit.message,
            commit.identity,
            commit.time,
        )
    }

    async fn store_commit(&self, bytes: &[u8]) -> Result<CommitSha, SourceError> {
        self.write_commit(bytes).await
    }

    async fn push(
        &self,
        remote: &GitRemote,
        branch: &BranchName,
        expected: Option<&CommitSha>,
        commit: &CommitSha,
    ) -> Result<(), SourceError> {
        self.push_commit(remote, branch, expected, commit).await
    }

    async fn commit_files(
        &self,
        parent: Option<&CommitSha>,
        files: &[(String, Vec<u8>)],
        message: &str,
        identity: &GitIdentity,
        time: i64,
    ) -> Result<CommitSha, SourceError> {
        self.add_files(parent, files, message, identity, time).await
    }
}
