//! From the ports to a snapshot: everything about one change request is read afresh.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::actor::{Known, Permission};
use countersign_core::change::{ChangeId, RepoId};
use countersign_core::config::{self, POLICY_PATH};
use countersign_core::decide::policy_to_evaluate;
use countersign_core::effect;
use countersign_core::environment::Environment;
use countersign_core::evaluation::Evaluation;
use countersign_core::fact::{Fact, FactKind, LandingOutcome};
use countersign_core::library::{self, Library, LibraryFile};
use countersign_core::policy::inventory_wanted;
use countersign_core::revision::{CommitSha, Diff, ObjectId};
use countersign_core::snapshot::{MergeOutcome, PolicyFile, SCHEMA, Snapshot};

use super::people::{self, contributors, known};
use super::shifted::shifted;
use super::{Asking, Engine, EvaluateError, Evaluator, Quiet, beside, details};
use crate::ports::{Forge, ForgeError, GitRemote, Source, SourceError, StoreError};

/// Why a change could not be observed. Nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The settings name no such forge, or do not allow the repository.
    #[error("{0} is not a repository that the settings allow")]
    NotAllowed(RepoId),
    /// The forge.
    #[error("the forge could not be read")]
    Forge(#[from] ForgeError),
    /// Git.
    #[error("the repository could not be read")]
    Source(#[from] SourceError),
    /// A file that a check is written in.
    #[error("{path}, which a check is written in: {why}")]
    Library {
        /// Which.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// Rendering as a whole.
    #[error("the change could not be evaluated")]
    Evaluate(#[from] EvaluateError),
    /// The store.
    #[error("the store could not be read")]
    Store(#[from] StoreError),
}

/// A snapshot, and what it was read through: acting uses the same.
pub struct Observed {
    /// All that was seen.
    pub snapshot: Snapshot,
    pub(super) forge: Arc<dyn Forge>,
    pub(super) source: Arc<dyn Source>,
    pub(super) remote: GitRemote,
    /// The tree that is judged.
    pub(super) judged: ObjectId,
}

impl Engine {
    /// The forge of a repository that may be touched.
    pub(super) fn forge(&self, repo: &RepoId) -> Result<Arc<dyn Forge>, ObserveError> {
        let forge = self.forges.get(&repo.forge).filter(|forge| forge.allows(&repo.path));
        forge.cloned().ok_or_else(|| ObserveError::NotAllowed(repo.clone()))
    }

    /// Reads everything about one change request.
    pub async fn observe(&self, id: &ChangeId) -> Result<Observed, ObserveError> {
        let forge = self.forge(&id.repo)?;
        let bot = forge.me().await?;
        let change = forge.change(id).await?;
        let source = self.sources.repository(&id.repo);
        let remote = forge.remote(id).await?;
        source.fetch(&remote).await?;
        let facts = self.store.facts(id).await?;
        let base_tip = match landed_onto(&facts, &change.head) {
            Some(base) => base,
            None => source.branch_tip(&change.target).await?,
        };
        let merge = source.merge(&base_tip, &change.head).await?;
        let trees = trees(source.as_ref(), &base_tip, &change.head, &merge).await?;
        let policy = policy_at(source.as_ref(), &trees.base).await?;
        let library = library(source.as_ref(), &trees.base, policy.as_ref()).await?;
        let proposed = policy_at(source.as_ref(), &trees.head).await?;
        let proposed_library = self.proposed_library(source.as_ref(), &trees.head, proposed.as_ref()).await;
        let altered =
            proposed != policy || proposed_library.as_option().is_none_or(|theirs| *theirs != library);
        let proposed_policy = (proposed != policy).then_some(proposed).flatten();

        let comments = forge.comments(id).await?;
        let reviews = forge.reviews(id).await?;
        let commits = source.commits_between(&base_tip, &change.head).await?;
        let accounts = forge.commit_accounts(id).await?;
        let pusher = people::pusher(forge.as_ref(), &change, &facts).await?;
        let statuses = forge.statuses(&id.repo.path, &change.head, &change.target).await?;
        let capability = known(forge.capability(&id.repo.path, &change.target).await);

        let mut snapshot = Snapshot {
            schema: SCHEMA.to_owned(),
            unrequested: false,
            now: self.clock.now(),
            bot,
            base_tip,
            merge,
            contributors: contributors(&commits, &accounts, pusher),
            policy,
            library,
            proposed_policy,
            proposed_library: None,
            floor: self.floor.clone(),
            evaluation: Evaluation::default(),
            shifted: BTreeSet::new(),
            fields: Vec::new(),
            digest: countersign_core::revision::Digest::of(&[]),
            details: countersign_core::details::Details::default(),
            directory: countersign_core::snapshot::Directory::default(),
            comments,
            reviews,
            facts,
            statuses,
            capability,
            page: self.links.change(id),
            change,
        };
        let policy = policy_to_evaluate(&snapshot);
        let permission = forge.permission(&id.repo.path, &snapshot.change.author).await?;
        let trusted = permission >= Permission::Write;
        // What strangers propose to run is read by people first: it is tried for those who may write.
        snapshot.proposed_library = Some(proposed_library).filter(|_| altered && trusted);
        let declared = snapshot.policy.is_some();
        let judging = (&policy, &snapshot.library);
        snapshot.evaluation = self.evaluate(source.as_ref(), &trees, judging, declared, trusted).await?;
        snapshot.shifted =
            shifted(source.as_ref(), &snapshot.change.head, &trees.head, &snapshot.evaluation).await?;
        snapshot.digest = effect::change_digest(&id.repo, &snapshot.change.target, &snapshot.evaluation);
        snapshot.details =
            details::read(forge.as_ref(), source.as_ref(), &trees, &snapshot, &policy, (&commits, &accounts))
                .await;
        let teams = teams(&snapshot, &policy);
        snapshot.directory = people::directory(forge.as_ref(), &snapshot, &policy, teams).await;
        Ok(Observed { snapshot, forge, source, remote, judged: trees.head })
    }

    /// The files that the proposed policy would judge with. That they cannot be read is told, and stops nothing here.
    async fn proposed_library(
        &self,
        source: &dyn Source,
        head: &ObjectId,
        proposed: Option<&PolicyFile>,
    ) -> Known<Library> {
        match library(source, head, proposed).await {
            Ok(library) => Known::Yes(library),
            Err(error) => Known::Unknown(error.to_string()),
        }
    }

    async fn evaluate(
        &self,
        source: &dyn Source,
        trees: &Diff<ObjectId>,
        (policy, library): (&countersign_core::config::Policy, &Library),
        declared: bool,
        trusted: bool,
    ) -> Result<Evaluation, ObserveError> {
        let wanted = inventory_wanted(policy, library);
        let evaluator = Evaluator {
            source,
            renderer: self.renderer.as_ref(),
            clusters: if trusted { Asking::Clusters(self.clusters.as_ref()) } else { NOT_TRUSTED },
            key: &self.sealing_key,
            mask: &policy.mask,
            inventory: Some(&wanted),
            parallel: 4,
            progress: &Quiet,
        };
        let begin = self.renderer.begin(source, trees, declared.then_some(&policy.environments));
        let work = async {
            let environments: Vec<Environment> = if declared {
                policy.environments.clone()
            } else {
                self.renderer.discover(source, trees).await?
            };
            Ok(evaluator.evaluate(trees, &environments, !declared).await?)
        };
        beside(begin, work).await
    }
}

/// The base that a landed change was judged against. It stays on display with what it did, not with the nothing that
/// it would do now.
fn landed_onto(facts: &[Fact], seen: &CommitSha) -> Option<CommitSha> {
    let landed = facts.iter().rev().find_map(|fact| {
        if let FactKind::LandingEnded { landing, outcome: LandingOutcome::Landed { .. } } = &fact.kind {
            Some(*landing)
        } else {
            None
        }
    })?;
    facts.iter().find_map(|fact| {
        if let FactKind::LandingBegun { landing, base, head, .. } = &fact.kind {
            (*landing == landed && head == seen).then(|| base.clone())
        } else {
            None
        }
    })
}

/// Every team that the policy in force, the proposed one or the floor names.
pub(super) fn teams(snapshot: &Snapshot, policy: &config::Policy) -> BTreeSet<String> {
    let mut teams = policy.teams();
    let proposed = snapshot.proposed_policy.as_ref().map(|file| config::parse(&file.text, POLICY_PATH));
    teams.extend(proposed.and_then(Result::ok).map(|policy| policy.teams()).unwrap_or_default());
    let floor = snapshot.floor.as_ref().map(|floor| config::parse_floor(&floor.text, &floor.file));
    teams.extend(floor.and_then(Result::ok).map(|floor| floor.policy().teams()).unwrap_or_default());
    teams
}

/// Manifests of somebody who may not write are never sent to a cluster.
const NOT_TRUSTED: Asking<'static> =
    Asking::NotFor("the author has no write permission here, and a dry run is a way to read a cluster");

/// Stands in for a policy that is not UTF-8: no policy can be read from it, so that nothing lands by a guess.
const NOT_TEXT: &str = "this file is not UTF-8 text\n";

/// What is judged: base's tree and the merge result's. Where there is no merge result, head's own tree stands in for
/// display; a conflict never lands.
async fn trees(
    source: &dyn Source,
    base: &CommitSha,
    head: &CommitSha,
    merge: &MergeOutcome,
) -> Result<Diff<ObjectId>, SourceError> {
    let base_tree = source.tree_of(base).await?;
    let head_tree = match merge {
        MergeOutcome::Clean { tree } => tree.clone(),
        MergeOutcome::Conflict { .. } => source.tree_of(head).await?,
        MergeOutcome::Nothing => base_tree.clone(),
    };
    Ok(Diff { base: base_tree, head: head_tree })
}

/// The largest library, in bytes of text.
const LARGEST_LIBRARY: usize = 8 << 20;

/// The files of the target's tree that its policy's checks are written in.
///
/// # Errors
///
/// Where git fails, a file is no text, or all of them are too much.
pub async fn library(
    source: &dyn Source,
    base: &ObjectId,
    policy: Option<&PolicyFile>,
) -> Result<Library, ObserveError> {
    let mut library = Library::default();
    let Some(Ok(policy)) = policy.map(|file| config::parse(&file.text, POLICY_PATH)) else {
        return Ok(library);
    };
    if !library::has_files(&policy) {
        return Ok(library);
    }
    let mut room = LARGEST_LIBRARY;
    let entries = source.list(base, "").await?.into_iter();
    for entry in
        entries.filter(|entry| entry.mode.starts_with("100") && library::is_wanted(&policy, &entry.path))
    {
        let wrong = |why: &str| ObserveError::Library { path: entry.path.clone(), why: why.to_owned() };
        let bytes = source.read_file(base, &entry.path).await?.unwrap_or_default();
        room = room
            .checked_sub(bytes.len())
            .ok_or_else(|| wrong("the checks' files have more than 8 MB together"))?;
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text"))?;
        library.insert(entry.path, LibraryFile { blob: entry.id, text });
    }
    Ok(library)
}

async fn policy_at(source: &dyn Source, tree: &ObjectId) -> Result<Option<PolicyFile>, ObserveError> {
    let Some(bytes) = source.read_file(tree, POLICY_PATH).await? else { return Ok(None) };
    let entries = source.list(tree, POLICY_PATH).await?;
    let blob = entries.into_iter().find(|entry| entry.path == POLICY_PATH).map(|entry| entry.id);
    let blob = blob.ok_or_else(|| SourceError::Missing { what: POLICY_PATH.to_owned() })?;
    let text = String::from_utf8(bytes).unwrap_or_else(|_| NOT_TEXT.to_owned());
    Ok(Some(PolicyFile { blob, text }))
}
