//! A world that stops at one write: right before its effect, or after the effect and before its answer. What is read
//! is not counted. From then on nothing is written any more, as if the process had been killed. Or a world in which
//! somebody does something right before a push.

use std::collections::VecDeque;
use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign::engine::Engine;
use countersign::ports::*;
use countersign_core::actor::{Actor, Permission};
use countersign_core::change::{
    ChangeId, ChangeRequest, Comment, CommentId, RepoId, RepoPath, Review, Reviewer,
};
use countersign_core::evaluation::ChangedPath;
use countersign_core::fact::{Fact, FactKind};
use countersign_core::plan::Reaction;
use countersign_core::revision::{BranchName, CommitSha, ObjectId};
use countersign_core::snapshot::{CommitStatus, LandCapability, MergeOutcome};
use futures::future::{BoxFuture, FutureExt as _};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

/// On which side of the effect the world stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// What happens right before a push, and whether the push is tried then.
type Act = BoxFuture<'static, Result<(), SourceError>>;

/// Counts writes and stops at one.
pub(crate) struct Fuse {
    at: u32,
    side: Side,
    writes: AtomicU32,
    blown: CancellationToken,
    /// By the branch that is pushed, in the order of its pushes.
    acts: Mutex<VecDeque<(&'static str, Act)>>,
}

impl Fuse {
    pub(super) fn new(at: u32, side: Side) -> Arc<Self> {
        let (writes, blown) = (AtomicU32::new(0), CancellationToken::new());
        Arc::new(Self { at, side, writes, blown, acts: Mutex::default() })
    }

    /// One that lets every write pass.
    pub(super) fn never() -> Arc<Self> {
        Self::new(u32::MAX, Side::Before)
    }

    /// Has something done right before the next push of a branch for which nothing is prepared yet.
    pub(super) fn before_push(&self, branch: &'static str, act: impl Future<Output = ()> + Send + 'static) {
        self.acts.lock().unwrap().push_back((branch, act.map(Ok).boxed()));
    }

    /// Has that push fail without being tried.
    pub(super) fn fail_push(&self, branch: &'static str) {
        let failure = SourceError::Remote { action: "pushing", why: "the forge does not answer".to_owned() };
        self.acts.lock().unwrap().push_back((branch, std::future::ready(Err(failure)).boxed()));
    }

    async fn acted(&self, branch: &BranchName) -> Result<(), SourceError> {
        let next = {
            let mut acts = self.acts.lock().unwrap();
            let place = acts.iter().position(|(of, _)| *of == branch.as_str());
            place.and_then(|place| acts.remove(place))
        };
        match next {
            Some((_, act)) => act.await,
            None => Ok(()),
        }
    }

    /// Comes back once the world has stopped.
    pub(super) async fn blown(&self) {
        self.blown.cancelled().await;
    }

    pub(super) fn is_blown(&self) -> bool {
        self.blown.is_cancelled()
    }

    async fn write<T>(&self, effect: impl Future<Output = T>) -> T {
        let now = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        if now < self.at {
            return effect.await;
        }
        if now == self.at && self.side == Side::After {
            drop(effect.await);
        }
        self.blown.cancel();
        std::future::pending().await
    }
}

/// Puts a fuse into everything that an engine writes to.
pub(super) fn fused(mut engine: Engine, fuse: &Arc<Fuse>) -> Engine {
    let fused = |forge| Arc::new(Fused { inner: forge, fuse: Arc::clone(fuse) }) as Arc<dyn Forge>;
    engine.forges = engine.forges.into_iter().map(|(name, forge)| (name, fused(forge))).collect();
    engine.store = Arc::new(Fused { inner: engine.store, fuse: Arc::clone(fuse) });
    with_acts(engine, fuse)
}

/// Puts it before what an engine pushes, and nowhere else.
pub(super) fn with_acts(mut engine: Engine, fuse: &Arc<Fuse>) -> Engine {
    engine.sources = Arc::new(Fused { inner: engine.sources, fuse: Arc::clone(fuse) });
    engine
}

/// Something behind a fuse.
struct Fused<T: ?Sized> {
    inner: Arc<T>,
    fuse: Arc<Fuse>,
}

#[async_trait]
impl ForgeReader for Fused<dyn Forge> {
    async fn me(&self) -> Result<Actor, ForgeError> {
        self.inner.me().await
    }
    async fn repositories(&self) -> Result<Vec<RepoPath>, ForgeError> {
        self.inner.repositories().await
    }
    async fn open_changes(&self, repo: &RepoPath) -> Result<Vec<OpenChange>, ForgeError> {
        self.inner.open_changes(repo).await
    }
    async fn change(&self, id: &ChangeId) -> Result<ChangeRequest, ForgeError> {
        self.inner.change(id).await
    }
    async fn comments(&self, id: &ChangeId) -> Result<Vec<Comment>, ForgeError> {
        self.inner.comments(id).await
    }
    async fn reviews(&self, id: &ChangeId) -> Result<Vec<Review>, ForgeError> {
        self.inner.reviews(id).await
    }
    async fn review_requests(&self, id: &ChangeId) -> Result<Vec<Reviewer>, ForgeError> {
        self.inner.review_requests(id).await
    }
    async fn statuses(
        &self,
        repo: &RepoPath,
        head: &CommitSha,
        target: &BranchName,
    ) -> Result<Vec<CommitStatus>, ForgeError> {
        self.inner.statuses(repo, head, target).await
    }
    async fn permission(&self, repo: &RepoPath, actor: &Actor) -> Result<Permission, ForgeError> {
        self.inner.permission(repo, actor).await
    }
    async fn team_members(&self, team: &str) -> Result<Vec<Actor>, ForgeError> {
        self.inner.team_members(team).await
    }
    async fn organization_members(&self, organization: &str) -> Result<Vec<Actor>, ForgeError> {
        self.inner.organization_members(organization).await
    }
    async fn labels(&self, id: &ChangeId) -> Result<Vec<String>, ForgeError> {
        self.inner.labels(id).await
    }
    async fn outcomes(
        &self,
        repo: &RepoPath,
        head: &CommitSha,
    ) -> Result<Vec<countersign_core::details::Outcome>, ForgeError> {
        self.inner.outcomes(repo, head).await
    }
    async fn commit_accounts(
        &self,
        id: &ChangeId,
    ) -> Result<Vec<(CommitSha, Option<Actor>, Option<Actor>)>, ForgeError> {
        self.inner.commit_accounts(id).await
    }
    async fn commit_seals(&self, id: &ChangeId, depth: SealDepth) -> Result<Vec<CommitSeal>, ForgeError> {
        self.inner.commit_seals(id, depth).await
    }
    async fn source_owner(&self, id: &ChangeId) -> Result<Option<String>, ForgeError> {
        self.inner.source_owner(id).await
    }
    async fn workflow_runs(
        &self,
        repo: &RepoPath,
        head: &CommitSha,
    ) -> Result<Vec<countersign_core::details::WorkflowRun>, ForgeError> {
        self.inner.workflow_runs(repo, head).await
    }
    async fn pusher(&self, id: &ChangeId, head: &CommitSha) -> Result<Option<Actor>, ForgeError> {
        self.inner.pusher(id, head).await
    }
    async fn capability(&self, repo: &RepoPath, target: &BranchName) -> Result<LandCapability, ForgeError> {
        self.inner.capability(repo, target).await
    }
    async fn remote(&self, id: &ChangeId) -> Result<GitRemote, ForgeError> {
        self.inner.remote(id).await
    }
}

#[async_trait]
impl ForgeWriter for Fused<dyn Forge> {
    async fn create_comment(&self, id: &ChangeId, body: &str) -> Result<Comment, ForgeError> {
        self.fuse.write(self.inner.create_comment(id, body)).await
    }
    async fn update_comment(
        &self,
        id: &ChangeId,
        comment: CommentId,
        body: &str,
    ) -> Result<Comment, ForgeError> {
        self.fuse.write(self.inner.update_comment(id, comment, body)).await
    }
    async fn react(&self, id: &ChangeId, comment: CommentId, reaction: Reaction) -> Result<(), ForgeError> {
        self.fuse.write(self.inner.react(id, comment, reaction)).await
    }
    async fn request_review(&self, id: &ChangeId, whom: &Reviewer) -> Result<(), ForgeError> {
        self.fuse.write(self.inner.request_review(id, whom)).await
    }
    async fn set_status(&self, repo: &RepoPath, update: StatusUpdate<'_>) -> Result<(), ForgeError> {
        self.fuse.write(self.inner.set_status(repo, update)).await
    }
    async fn mark_merged(&self, id: &ChangeId, commit: &CommitSha) -> Result<(), ForgeError> {
        self.fuse.write(self.inner.mark_merged(id, commit)).await
    }
}

impl WebhookReader for Fused<dyn Forge> {
    fn read(
        &self,
        header: &dyn Fn(&str) -> Option<String>,
        body: &[u8],
    ) -> Result<(DeliveryId, Hint), DeliveryError> {
        self.inner.read(header, body)
    }
}

impl Forge for Fused<dyn Forge> {
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn comment_budget(&self) -> usize {
        self.inner.comment_budget()
    }
    fn allows(&self, repo: &RepoPath) -> bool {
        self.inner.allows(repo)
    }
}

impl Sources for Fused<dyn Sources> {
    fn repository(&self, repo: &RepoId) -> Arc<dyn Source> {
        Arc::new(Fused { inner: self.inner.repository(repo), fuse: Arc::clone(&self.fuse) })
    }
}

#[async_trait]
impl Source for Fused<dyn Source> {
    async fn fetch(&self, remote: &GitRemote) -> Result<(), SourceError> {
        self.inner.fetch(remote).await
    }
    async fn branch_tip(&self, branch: &BranchName) -> Result<CommitSha, SourceError> {
        self.inner.branch_tip(branch).await
    }
    async fn remote_tip(
        &self,
        remote: &GitRemote,
        branch: &BranchName,
    ) -> Result<Option<CommitSha>, SourceError> {
        self.inner.remote_tip(remote, branch).await
    }
    async fn tree_of(&self, commit: &CommitSha) -> Result<ObjectId, SourceError> {
        self.inner.tree_of(commit).await
    }
    async fn merge(&self, base: &CommitSha, head: &CommitSha) -> Result<MergeOutcome, SourceError> {
        self.inner.merge(base, head).await
    }
    async fn changed_paths(&self, base: &ObjectId, head: &ObjectId) -> Result<Vec<ChangedPath>, SourceError> {
        self.inner.changed_paths(base, head).await
    }
    async fn changed_lines(
        &self,
        base: &ObjectId,
        head: &ObjectId,
    ) -> Result<std::collections::BTreeMap<String, countersign_core::details::Lines>, SourceError> {
        self.inner.changed_lines(base, head).await
    }
    async fn list(&self, tree: &ObjectId, path: &str) -> Result<Vec<TreeEntry>, SourceError> {
        self.inner.list(tree, path).await
    }
    async fn read_file(&self, tree: &ObjectId, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        self.inner.read_file(tree, path).await
    }
    async fn read_entries(
        &self,
        entries: &[TreeEntry],
    ) -> Result<Vec<Result<Vec<u8>, SourceError>>, SourceError> {
        self.inner.read_entries(entries).await
    }
    async fn read_entry(&self, entry: &TreeEntry) -> Result<Vec<u8>, SourceError> {
        self.inner.read_entry(entry).await
    }
    async fn export(&self, entries: &[TreeEntry], into: &Path) -> Result<Vec<String>, SourceError> {
        self.inner.export(entries, into).await
    }
    async fn commits_between(
        &self,
        base: &CommitSha,
        head: &CommitSha,
    ) -> Result<Vec<CommitPeople>, SourceError> {
        self.inner.commits_between(base, head).await
    }
    async fn is_ancestor(&self, ancestor: &CommitSha, commit: &CommitSha) -> Result<bool, SourceError> {
        self.inner.is_ancestor(ancestor, commit).await
    }
    async fn first_parents(
        &self,
        from: Option<&CommitSha>,
        to: &CommitSha,
    ) -> Result<Vec<CommitSha>, SourceError> {
        self.inner.first_parents(from, to).await
    }
    async fn raw_commit(&self, commit: &CommitSha) -> Result<Vec<u8>, SourceError> {
        self.inner.raw_commit(commit).await
    }
    fn merge_commit_bytes(&self, commit: &MergeCommit<'_>) -> Vec<u8> {
        self.inner.merge_commit_bytes(commit)
    }
    async fn store_commit(&self, bytes: &[u8]) -> Result<CommitSha, SourceError> {
        self.fuse.write(self.inner.store_commit(bytes)).await
    }
    async fn push(
        &self,
        remote: &GitRemote,
        branch: &BranchName,
        expected: Option<&CommitSha>,
        commit: &CommitSha,
    ) -> Result<(), SourceError> {
        self.fuse.acted(branch).await?;
        self.fuse.write(self.inner.push(remote, branch, expected, commit)).await
    }
    async fn commit_files(
        &self,
        parent: Option<&CommitSha>,
        files: &[(String, Vec<u8>)],
        message: &str,
        identity: &GitIdentity,
        time: i64,
    ) -> Result<CommitSha, SourceError> {
        self.fuse.write(self.inner.commit_files(parent, files, message, identity, time)).await
    }
}

#[async_trait]
impl Queue for Fused<dyn Store> {
    async fn accept(
        &self,
        forge: &str,
        delivery: &DeliveryId,
        changes: &[ChangeId],
        facts: &[(ChangeId, FactKind)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.fuse.write(self.inner.accept(forge, delivery, changes, facts, now)).await
    }
    async fn enqueue(&self, change: &ChangeId, at: Timestamp) -> Result<(), StoreError> {
        self.fuse.write(self.inner.enqueue(change, at)).await
    }
    async fn claim(&self, now: Timestamp, lease_seconds: i64) -> Result<Option<Claim>, StoreError> {
        self.fuse.write(self.inner.claim(now, lease_seconds)).await
    }
    async fn done(&self, claim: &Claim) -> Result<(), StoreError> {
        self.fuse.write(self.inner.done(claim)).await
    }
    async fn retry(&self, claim: &Claim, at: Timestamp, why: &str) -> Result<(), StoreError> {
        self.fuse.write(self.inner.retry(claim, at, why)).await
    }
    async fn pending(&self) -> Result<Vec<(ChangeId, u32, Timestamp)>, StoreError> {
        self.inner.pending().await
    }
}

#[async_trait]
impl Ledger for Fused<dyn Store> {
    async fn facts(&self, change: &ChangeId) -> Result<Vec<Fact>, StoreError> {
        self.inner.facts(change).await
    }
    async fn append(
        &self,
        change: &ChangeId,
        facts: &[FactKind],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.fuse.write(self.inner.append(change, facts, now)).await
    }
    async fn changes(&self) -> Result<Vec<ChangeId>, StoreError> {
        self.inner.changes().await
    }
    async fn saw(&self, change: &ChangeId, seen: &str) -> Result<bool, StoreError> {
        self.fuse.write(self.inner.saw(change, seen)).await
    }
    async fn save_page(&self, change: &ChangeId, json: &str, now: Timestamp) -> Result<(), StoreError> {
        self.fuse.write(self.inner.save_page(change, json, now)).await
    }
    async fn page(&self, change: &ChangeId) -> Result<Option<String>, StoreError> {
        self.inner.page(change).await
    }
}

#[async_trait]
impl Landings for Fused<dyn Store> {
    async fn begin(&self, row: &LandingRow, now: Timestamp) -> Result<Result<u64, u64>, StoreError> {
        self.fuse.write(self.inner.begin(row, now)).await
    }
    async fn advance(&self, id: u64, state: LandingState) -> Result<(), StoreError> {
        self.fuse.write(self.inner.advance(id, state)).await
    }
    async fn end(
        &self,
        id: u64,
        change: &ChangeId,
        fact: &FactKind,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.fuse.write(self.inner.end(id, change, fact, now)).await
    }
    async fn open(&self) -> Result<Vec<LandingRow>, StoreError> {
        self.inner.open().await
    }
    async fn history(&self, change: Option<&ChangeId>) -> Result<Vec<LandingRow>, StoreError> {
        self.inner.history(change).await
    }
}
