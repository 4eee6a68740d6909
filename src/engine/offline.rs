//! A snapshot where there is no forge: `review` judges a clone by its content alone.

use countersign_core::actor::{Actor, ActorId, ActorKind, Known};
use countersign_core::change::{ChangeId, ChangeRequest, ChangeState, RepoId, RepoPath};
use countersign_core::decide::policy_to_evaluate;
use countersign_core::evaluation::Evaluation;
use countersign_core::library::Library;
use countersign_core::revision::{BranchName, CommitSha, Digest};
use countersign_core::snapshot::{Contributors, Directory, LandCapability, MergeOutcome, SCHEMA, Snapshot};
use jiff::Timestamp;

/// A snapshot with nobody in it: no comments, no approvals, nothing that could land. Waivers are dated,
/// so it has a time.
pub fn offline_snapshot(
    base: &CommitSha,
    head: &CommitSha,
    merge: MergeOutcome,
    now: Timestamp,
) -> Option<Snapshot> {
    let nobody = Actor { id: ActorId::new(0), login: "nobody".to_owned(), kind: ActorKind::Bot };
    let path: RepoPath = "local/repository".parse().ok()?;
    let target: BranchName = "base".parse().ok()?;
    let change = ChangeRequest {
        id: ChangeId { repo: RepoId { forge: "local".to_owned(), path }, number: 0 },
        title: String::new(),
        url: String::new(),
        author: nobody.clone(),
        state: ChangeState::Open,
        target,
        into_default: true,
        source: "head".to_owned(),
        head: head.clone(),
        draft: false,
        fork: false,
    };
    Some(Snapshot {
        schema: SCHEMA.to_owned(),
        unrequested: true,
        now,
        bot: nobody.clone(),
        change,
        base_tip: base.clone(),
        merge,
        contributors: Contributors { pusher: Some(nobody), ..Contributors::default() },
        policy: None,
        library: Library::default(),
        proposed_policy: None,
        proposed_library: None,
        floor: None,
        shifted: std::collections::BTreeSet::new(),
        fields: Vec::new(),
        evaluation: Evaluation::default(),
        digest: Digest::of(&[]),
        details: countersign_core::details::Details::default(),
        directory: Directory::default(),
        comments: Vec::new(),
        reviews: Vec::new(),
        facts: Vec::new(),
        statuses: Vec::new(),
        capability: Known::Yes(LandCapability { can: false, exclusive: false, missing: Vec::new() }),
        page: None,
    })
}

/// Says of every team that a rule may ask that nobody is in it: where nobody approves, it does not matter who could, and
/// what such a rule needs is known.
pub fn without_people(snapshot: &mut Snapshot) {
    let policy = policy_to_evaluate(snapshot);
    for team in super::observe::teams(snapshot, &policy) {
        snapshot.directory.teams.insert(team, Known::Yes(Vec::new()));
    }
}
