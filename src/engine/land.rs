//! Landing: a persisted state machine. Each state is written before the next outside act, so that a crash anywhere is
//! resumed by asking the remote what is true, never by guessing.
//!
//! The fence is the push with the exact old value of the branch. Everything else (the lock in the store, the second
//! look) saves work and explains; it is not what keeps an unjudged merge out.

use std::collections::BTreeSet;

use countersign_core::audit::{self, Evidence};
use countersign_core::change::{ChangeRequest, ChangeState};
use countersign_core::fact::{Fact, FactKind, LandingOutcome};
use countersign_core::plan::{Action, LandOrder, Plan};
use countersign_core::revision::{BranchName, CommitSha, Digest, InvalidName, ObjectId};
use countersign_core::snapshot::MergeOutcome;

use super::{Engine, Observed};
use crate::audit::sign_commit;
use crate::ports::{
    BoxError, ForgeError, GitIdentity, LandingRow, LandingState, MergeCommit, SourceError, StoreError,
};

/// The orphan branch that holds evidence and statements.
pub const AUDIT_BRANCH: &str = "countersign/audit";
/// How often an append to the audit branch is repeated when somebody else appended meanwhile.
const AUDIT_TRIES: usize = 8;

/// Why a landing did not get on. What was begun is resumed later.
#[derive(Debug, thiserror::Error)]
pub enum LandError {
    /// The forge.
    #[error("the forge could not be asked")]
    Forge(#[from] ForgeError),
    /// Git.
    #[error("git could not be asked")]
    Source(#[from] SourceError),
    /// The store.
    #[error("the store could not be written")]
    Store(#[from] StoreError),
    /// Looking again.
    #[error("the change could not be looked at again")]
    Observe(#[source] Box<super::ObserveError>),
    /// The key.
    #[error("the signature could not be made")]
    Sign(#[source] BoxError),
    /// A constant of ours is not valid.
    #[error("a name is not valid")]
    Name(#[from] InvalidName),
}

/// What came of an order to land.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It was begun, and came to an end of some kind.
    Begun,
    /// Something changed since the first look.
    Overtaken,
    /// Another landing onto the branch is under way.
    Busy,
}

impl Engine {
    /// Lands what was ordered, if a second look still orders exactly that.
    pub(super) async fn land(&self, seen: &Observed, order: &LandOrder) -> Result<Attempt, LandError> {
        let _one_at_a_time = self.landing.lock().await;
        let mut again = self
            .observe(&seen.snapshot.change.id)
            .await
            .map_err(|error| LandError::Observe(Box::new(error)))?;
        let plan = self.decide(&mut again).await;
        let MergeOutcome::Clean { tree } = &again.snapshot.merge else { return Ok(Attempt::Overtaken) };
        let Some(confirmed) = ordered(&plan).filter(|confirmed| same(confirmed, order)) else {
            tracing::info!(change = %again.snapshot.change.id, "not landed: the second look no longer orders it");
            return Ok(Attempt::Overtaken);
        };
        let row = self.prepare(&again, &plan, confirmed, tree).await?;
        match self.store.begin(&row, self.clock.now()).await? {
            Ok(id) => {
                self.resume(&again, LandingRow { id, state: LandingState::Prepared, ..row }).await?;
                Ok(Attempt::Begun)
            }
            Err(other) => {
                tracing::info!(change = %row.change, other, "not landed: another landing onto the branch is under way");
                Ok(Attempt::Busy)
            }
        }
    }

    /// Builds M: evidence first, since its digest stands in M's message; then M's bytes, signed, stored.
    async fn prepare(
        &self,
        seen: &Observed,
        plan: &Plan,
        order: &LandOrder,
        tree: &ObjectId,
    ) -> Result<LandingRow, LandError> {
        let snapshot = &seen.snapshot;
        let evidence = Evidence::new(snapshot.clone(), plan.report.clone(), self.renderer.tools().await);
        let bytes = evidence.bytes();
        let message = audit::render_message(&order.message.clone().with_evidence(&Digest::of(&bytes)));
        let unsigned = seen.source.merge_commit_bytes(&MergeCommit {
            parents: [&order.base, &order.head],
            tree,
            message: &message,
            identity: &self.identity(seen),
            time: snapshot.now.as_second(),
        });
        let commit_bytes = sign_commit(self.signer.as_ref(), &unsigned).map_err(LandError::Sign)?;
        let commit = seen.source.store_commit(&commit_bytes).await?;
        Ok(LandingRow {
            id: 0,
            change: snapshot.change.id.clone(),
            branch: snapshot.change.target.clone(),
            base: order.base.clone(),
            head: order.head.clone(),
            commit,
            bytes: commit_bytes,
            evidence: bytes,
            state: LandingState::Prepared,
        })
    }

    fn identity(&self, seen: &Observed) -> GitIdentity {
        let login = &seen.snapshot.bot.login;
        // An App is called `name[bot]`, and brackets have no place in an address.
        let mailbox = login.strip_suffix("[bot]").unwrap_or(login);
        GitIdentity { name: login.clone(), email: format!("{mailbox}@countersign.invalid") }
    }

    /// Takes a landing from where it stands to its end.
    pub(super) async fn resume(&self, seen: &Observed, mut row: LandingRow) -> Result<(), LandError> {
        loop {
            match row.state {
                LandingState::Prepared => {
                    let name = format!("evidence/{}.json", hex(&Digest::of(&row.evidence)));
                    self.append_audit(seen, &name, row.evidence.clone(), "Evidence").await?;
                    row.state = LandingState::EvidencePushed;
                }
                LandingState::EvidencePushed => {
                    let change = seen.forge.change(&row.change).await?;
                    if let Some(why) = no_longer(&row, &change) {
                        return self.abort(&row, why).await;
                    }
                    row.state = LandingState::Pushing;
                }
                LandingState::Pushing => match self.push(seen, &row).await? {
                    Pushed::In => row.state = LandingState::Pushed,
                    Pushed::Moved => {
                        let why = format!(
                            "`{}` moved while it was being landed; it is looked at again",
                            row.branch
                        );
                        return self.abort(&row, &why).await;
                    }
                    Pushed::Refused(why) => return self.refuse(seen, &row, &why).await,
                },
                LandingState::Pushed => return self.finish(seen, &row).await,
                LandingState::Ended => return Ok(()),
            }
            self.store.advance(row.id, row.state).await?;
        }
    }

    /// Picks up a landing that was cut off. Before M was pushed it is given up, so that approvals are counted afresh;
    /// from then on the remote says whether M is in.
    pub(super) async fn recover(&self, seen: &Observed, row: LandingRow) -> Result<(), LandError> {
        match row.state {
            LandingState::Prepared | LandingState::EvidencePushed => {
                self.abort(&row, "it was interrupted; it is looked at again").await
            }
            LandingState::Pushing => {
                seen.source.store_commit(&row.bytes).await?;
                if self.is_in(seen, &row).await? {
                    self.store.advance(row.id, LandingState::Pushed).await?;
                    self.finish(seen, &row).await
                } else {
                    self.abort(&row, "it was interrupted; it is looked at again").await
                }
            }
            LandingState::Pushed => self.finish(seen, &row).await,
            LandingState::Ended => Ok(()),
        }
    }

    /// Whether M is part of the branch on the remote.
    async fn is_in(&self, seen: &Observed, row: &LandingRow) -> Result<bool, LandError> {
        seen.source.fetch(&seen.remote).await?;
        match seen.source.remote_tip(&seen.remote, &row.branch).await? {
            Some(tip) => Ok(seen.source.is_ancestor(&row.commit, &tip).await?),
            None => Ok(false),
        }
    }

    async fn push(&self, seen: &Observed, row: &LandingRow) -> Result<Pushed, LandError> {
        match seen.source.push(&seen.remote, &row.branch, Some(&row.base), &row.commit).await {
            Ok(()) => Ok(Pushed::In),
            Err(SourceError::Moved { .. }) if self.is_in(seen, row).await? => Ok(Pushed::In),
            Err(SourceError::Moved { .. }) => Ok(Pushed::Moved),
            Err(SourceError::Refused { why }) => Ok(Pushed::Refused(why)),
            // The answer may be lost although the push is in: the remote knows.
            Err(error) => match self.is_in(seen, row).await {
                Ok(true) => Ok(Pushed::In),
                Ok(false) | Err(_) => Err(error.into()),
            },
        }
    }

    /// Ends landings of this change that were given up while their push was still on its way, and whose M is in by now:
    /// nothing lands without its statement. Answers whether there was one.
    pub(super) async fn end_late(&self, seen: &Observed) -> Result<bool, LandError> {
        let given_up = given_up(&seen.snapshot.facts);
        if given_up.is_empty() {
            return Ok(false);
        }
        let id = &seen.snapshot.change.id;
        let mut late = false;
        for row in self.store.history(Some(id)).await?.into_iter().filter(|row| given_up.contains(&row.id)) {
            seen.source.store_commit(&row.bytes).await?;
            let tip = seen.source.branch_tip(&row.branch).await?;
            if seen.source.is_ancestor(&row.commit, &tip).await? {
                let outcome = self.settle(seen, &row).await?;
                let fact = FactKind::LandingEnded { landing: row.id, outcome };
                self.store.append(id, &[fact], self.clock.now()).await?;
                late = true;
            }
        }
        Ok(late)
    }

    /// M is in: the landing ends.
    async fn finish(&self, seen: &Observed, row: &LandingRow) -> Result<(), LandError> {
        let outcome = self.settle(seen, row).await?;
        self.end(row, outcome).await
    }

    /// M is in: the forge has to see it, and the statement has to be there.
    async fn settle(&self, seen: &Observed, row: &LandingRow) -> Result<LandingOutcome, LandError> {
        let change = seen.forge.change(&row.change).await?;
        let merged = matches!(change.state, ChangeState::Merged { .. });
        // New commits, another target or a closed request: the forge will never call it merged, and a landing that
        // waited for that would keep the branch for ever.
        let elsewhere =
            change.head != row.head || change.target != row.branch || change.state == ChangeState::Closed;
        let outcome = if !merged && elsewhere {
            LandingOutcome::LandedOpen { commit: row.commit.clone() }
        } else {
            if !merged {
                seen.forge.mark_merged(&row.change, &row.commit).await?;
            }
            LandingOutcome::Landed { commit: row.commit.clone() }
        };
        self.state(seen, row).await?;
        Ok(outcome)
    }

    /// Signs the statement about M and appends it to the audit branch.
    async fn state(&self, seen: &Observed, row: &LandingRow) -> Result<(), LandError> {
        let tree = seen.source.tree_of(&row.commit).await?;
        let evidence = serde_json::from_slice::<Evidence>(&row.evidence)
            .map_err(|error| LandError::Sign(error.into()))?;
        let statement = audit::Statement::of_landing(&row.commit, [&row.base, &row.head], &tree, &evidence);
        let envelope = audit::Envelope::sign(&statement, &self.signer.public_key(), |bytes| {
            self.signer.sign("countersign", bytes)
        })
        .map_err(LandError::Sign)?;
        let name = format!("statements/{}.json", row.commit);
        self.append_audit(seen, &name, envelope.bytes(), "Statement").await
    }

    /// Appends one file to the audit branch by compare-and-swap. The same file again changes nothing; one of the same
    /// name with other bytes, which only somebody else can have put there, is replaced.
    async fn append_audit(
        &self,
        seen: &Observed,
        name: &str,
        bytes: Vec<u8>,
        what: &str,
    ) -> Result<(), LandError> {
        let branch: BranchName = AUDIT_BRANCH.parse()?;
        let identity = self.identity(seen);
        let mut last = None;
        for _ in 0..AUDIT_TRIES {
            let parent = self.audit_tip(seen, &branch).await?;
            if let Some(parent) = &parent
                && seen.source.read_file(&seen.source.tree_of(parent).await?, name).await?.as_ref()
                    == Some(&bytes)
            {
                return Ok(());
            }
            let files = [(name.to_owned(), bytes.clone())];
            let time = self.clock.now().as_second();
            let message = format!("{what} {name}\n");
            let commit = seen.source.commit_files(parent.as_ref(), &files, &message, &identity, time).await?;
            match seen.source.push(&seen.remote, &branch, parent.as_ref(), &commit).await {
                Ok(()) => return Ok(()),
                Err(SourceError::Moved { branch, expected }) => {
                    last = Some(SourceError::Moved { branch, expected })
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(last.unwrap_or_else(|| SourceError::Missing { what: name.to_owned() }).into())
    }

    async fn audit_tip(&self, seen: &Observed, branch: &BranchName) -> Result<Option<CommitSha>, LandError> {
        let tip = seen.source.remote_tip(&seen.remote, branch).await?;
        if tip.is_some() {
            seen.source.fetch(&seen.remote).await?;
        }
        Ok(tip)
    }

    async fn abort(&self, row: &LandingRow, why: &str) -> Result<(), LandError> {
        self.end(row, LandingOutcome::Aborted { why: why.to_owned() }).await?;
        self.store.enqueue(&row.change, self.clock.now()).await?;
        Ok(())
    }

    /// The forge said no: asking again would give the same answer, so the request for the merge ends too.
    async fn refuse(&self, seen: &Observed, row: &LandingRow, why: &str) -> Result<(), LandError> {
        let why = format!("the forge refused the push: {}", audit::fold_user_text(why, 300));
        let cancelled = FactKind::MergeCancelled { actor: seen.snapshot.bot.clone(), why: why.clone() };
        self.store.append(&row.change, &[cancelled], self.clock.now()).await?;
        self.abort(row, &why).await
    }

    async fn end(&self, row: &LandingRow, outcome: LandingOutcome) -> Result<(), LandError> {
        let fact = FactKind::LandingEnded { landing: row.id, outcome };
        self.store.end(row.id, &row.change, &fact, self.clock.now()).await?;
        Ok(())
    }
}

/// What came of pushing M.
enum Pushed {
    In,
    Moved,
    Refused(String),
}

/// What a request has become that must not be landed as it was judged.
fn no_longer(row: &LandingRow, change: &ChangeRequest) -> Option<&'static str> {
    if change.state != ChangeState::Open || change.head != row.head {
        Some("its head moved while it was being landed")
    } else if change.target != row.branch {
        Some("it was asked into another branch while it was being landed")
    } else if change.draft {
        Some("it became a draft while it was being landed")
    } else {
        None
    }
}

/// Landings that were given up and did not turn out to be in since.
fn given_up(facts: &[Fact]) -> BTreeSet<u64> {
    let mut given_up = BTreeSet::new();
    for fact in facts {
        let FactKind::LandingEnded { landing, outcome } = &fact.kind else { continue };
        match outcome {
            LandingOutcome::Aborted { .. } => given_up.insert(*landing),
            LandingOutcome::Landed { .. } | LandingOutcome::LandedOpen { .. } => given_up.remove(landing),
        };
    }
    given_up
}

fn ordered(plan: &Plan) -> Option<&LandOrder> {
    plan.actions
        .iter()
        .find_map(|action| if let Action::Land(order) = action { Some(order.as_ref()) } else { None })
}

/// Whether two orders land the same change onto the same base.
fn same(one: &LandOrder, other: &LandOrder) -> bool {
    one.base == other.base && one.head == other.head && one.digest == other.digest
}

fn hex(digest: &Digest) -> &str {
    digest.as_str().strip_prefix("sha256:").unwrap_or(digest.as_str())
}
