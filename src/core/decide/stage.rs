//! Setting the stage for a case of a policy: what it says becomes a snapshot. Never reads a file: recorded snapshots come
//! with the policy's library.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::actor::{Actor, ActorId, ActorKind, Known, Permission};
use crate::change::{
    ChangeId, ChangeRequest, ChangeState, Comment, CommentId, RepoId, Review, ReviewId, ReviewState,
};
use crate::config::{
    Given, GivenCommit, GivenEffect, GivenFile, GivenRun, GivenStatus, Listed, Policy, PolicyTest,
};
use crate::details::{ChangedFile, Commit, Details, Outcome, Signatory, Signature, WorkflowRun};
use crate::diff;
use crate::effect::{self, Effect, Operation, RenderOperation, Tier};
use crate::environment::Environment;
use crate::evaluation::{
    ChangedPath, EnvironmentEvaluation, Evaluation, Inventory, PathOperation, SideState, UnitEvaluation,
};
use crate::fact::{Display, Fact, FactKind};
use crate::library::Library;
use crate::object::{Body, ObjectRef};
use crate::revision::{BranchName, CommitSha, Diff, Digest};
use crate::snapshot::{Contributors, Directory, LandCapability, MergeOutcome, PolicyFile, SCHEMA, Snapshot};

/// What a case says of its request beyond what changes.
fn details(given: &Given, cast: &Cast, author: &Actor) -> Option<Details> {
    let outcome = |status: &GivenStatus| Outcome {
        name: status.name.clone(),
        conclusion: status.conclusion.clone(),
        by: status.app.clone(),
    };
    let run = |(number, run): (u64, &GivenRun)| WorkflowRun {
        workflow: run.workflow.clone(),
        event: run.event.clone(),
        number,
        conclusion: run.conclusion.clone(),
    };
    Some(Details {
        files: files(given),
        commits: match &given.commits {
            Listed::Unsaid => Known::Yes(plain_commits(given, cast, author)?),
            Listed::Unknown => untold(),
            Listed::These(commits) => Known::Yes(
                (1..).zip(commits).map(|(n, one)| commit(n, one, cast, author)).collect::<Option<_>>()?,
            ),
        },
        labels: told(&given.labels, |labels| labels.to_vec()),
        outcomes: told(&given.statuses, |all| all.iter().map(outcome).collect()),
        workflows: told(&given.workflows, |all| (1..).zip(all).map(run).collect()),
        source_owner: Known::Yes(given.fork.clone().unwrap_or_default()),
        requested: Known::Yes(Vec::new()),
    })
}

fn untold<T>() -> Known<T> {
    Known::Unknown("the case says so".to_owned())
}

/// A list of a case; of what it does not say there is nothing.
fn told<T, U>(listed: &Listed<T>, read: impl FnOnce(&[T]) -> Vec<U>) -> Known<Vec<U>> {
    match listed {
        Listed::Unsaid => Known::Yes(Vec::new()),
        Listed::Unknown => untold(),
        Listed::These(all) => Known::Yes(read(all)),
    }
}

/// All changed files: those that are named as such, and `paths`.
fn files(given: &Given) -> Known<Vec<ChangedFile>> {
    let read = |all: &[GivenFile]| -> Vec<ChangedFile> {
        let file = |file: &GivenFile| ChangedFile {
            path: file.path.clone(),
            operation: file.operation,
            lines: file.lines,
        };
        all.iter().map(file).collect()
    };
    let Known::Yes(mut files) = told(&given.files, read) else { return untold() };
    for path in &given.paths {
        if !files.iter().any(|file| file.path == *path) {
            let operation = PathOperation::Change;
            files.push(ChangedFile { path: path.clone(), operation, lines: None });
        }
    }
    Known::Yes(files)
}

/// One commit of each committer; whether they are signed the case does not say.
fn plain_commits(given: &Given, cast: &Cast, author: &Actor) -> Option<Vec<Commit>> {
    let by = match &given.committers {
        Some(all) => all.iter().map(|login| cast.actor(login)).collect(),
        None => vec![author.clone()],
    };
    let one = |(number, actor): (u64, &Actor)| {
        let login = Some(actor.login.clone());
        let given = GivenCommit { author: login.clone(), committer: login, ..GivenCommit::default() };
        // The author need not have a login.
        commit(number, &given, cast, actor)
    };
    (1..).zip(&by).map(one).collect()
}

fn commit(number: u64, given: &GivenCommit, cast: &Cast, author: &Actor) -> Option<Commit> {
    let account = |login: Option<&String>, otherwise: &Actor| match login {
        Some(login) if *login != otherwise.login => cast.actor(login),
        Some(_) | None => otherwise.clone(),
    };
    let known = |actor: Actor| Signatory { identity: actor.login.clone(), account: Some(actor) };
    let (wrote, made) = match &given.identity {
        Some(identity) => {
            let nobody = Signatory { identity: identity.clone(), account: None };
            (nobody.clone(), nobody)
        }
        None => {
            let wrote = account(given.author.as_ref(), author);
            let made = account(given.committer.as_ref(), &wrote);
            (known(wrote), known(made))
        }
    };
    let signature = |verified| Signature {
        verified,
        signer: given.signer.as_ref().map(|login| cast.actor(login)),
        key: given.key.clone(),
    };
    Some(Commit {
        sha: format!("{number:040x}").parse().ok()?,
        author: wrote,
        committer: made,
        via_web: Some(given.via_web),
        signature: given.signed.map_or_else(untold, |signed| Known::Yes(signature(signed))),
    })
}

/// Who had a hand in the commits, and who pushed them.
fn contributors(given: &Given, cast: &Cast, author: &Actor, details: &Details) -> Contributors {
    let pusher = given.pusher.as_ref().map_or_else(|| author.clone(), |login| cast.actor(login));
    let (mut known, mut unknown): (BTreeMap<ActorId, Actor>, BTreeSet<String>) = Default::default();
    let commits = details.commits.as_option().into_iter().flatten();
    for who in commits.flat_map(|commit| [&commit.author, &commit.committer]) {
        match &who.account {
            Some(actor) => drop(known.insert(actor.id, actor.clone())),
            None => drop(unknown.insert(who.identity.clone())),
        }
    }
    // Whoever wrote commits that nobody could read: the author at least.
    if details.commits.as_option().is_none() {
        known.insert(author.id, author.clone());
    }
    Contributors {
        known: known.into_values().collect(),
        unknown: unknown.into_iter().collect(),
        pusher: Some(pusher),
    }
}

/// The people of a case: a number for each login.
struct Cast {
    ids: BTreeMap<String, u64>,
}

const BOT: u64 = 1;
const FIRST: u64 = 100;
const AUTHOR: &str = "the author";

impl Cast {
    fn of(given: &Given) -> Self {
        let sets = given.teams.values().chain(given.organizations.values()).chain(given.groups.values());
        let named = given.author.iter().chain(&given.pusher).chain(given.committers.iter().flatten());
        let named =
            named.chain(&given.approvals).chain(&given.requested_changes).chain(sets.flatten().flatten());
        let commits: &[GivenCommit] = if let Listed::These(commits) = &given.commits { commits } else { &[] };
        let named =
            named.chain(commits.iter().flat_map(|one| [&one.author, &one.committer, &one.signer]).flatten());
        let named = named.chain(given.permissions.keys());
        let logins: BTreeSet<String> = named.map(|login| login.to_lowercase()).collect();
        Self { ids: logins.into_iter().zip(FIRST..).collect() }
    }

    /// Somebody, by login; the author where nobody is named.
    fn actor(&self, login: &str) -> Actor {
        let id = self.ids.get(&login.to_lowercase()).copied().unwrap_or(FIRST - 1);
        Actor { id: ActorId::new(id), login: login.to_owned(), kind: ActorKind::Human }
    }
}

/// The snapshot of a case.
pub(super) fn stage(
    policy: &Policy,
    file: &PolicyFile,
    library: &Library,
    test: &PolicyTest,
) -> Result<Snapshot, String> {
    let given = &test.given;
    if let Some(path) = &given.snapshot {
        let text = library.text(path).ok_or_else(|| format!("there is no file `{path}`"))?;
        let recorded: Snapshot =
            serde_json::from_str(text).map_err(|error| format!("`{path}` is not a snapshot: {error}"))?;
        return Ok(Snapshot {
            policy: Some(file.clone()),
            library: library.clone(),
            proposed_policy: None,
            proposed_library: None,
            now: given.now.unwrap_or(recorded.now),
            ..recorded
        });
    }
    blank(policy, file, library, given).ok_or_else(|| "a name in this case is not valid".to_owned())
}

fn blank(policy: &Policy, file: &PolicyFile, library: &Library, given: &Given) -> Option<Snapshot> {
    let cast = Cast::of(given);
    let author = cast.actor(given.author.as_deref().unwrap_or(AUTHOR));
    let target: BranchName = given.target.as_deref().unwrap_or("main").parse().ok()?;
    let head: CommitSha = "b".repeat(40).parse().ok()?;
    let path = given.repository.as_deref().unwrap_or("case/case").parse().ok()?;
    let repo = RepoId { forge: "case".to_owned(), path };
    let details = details(given, &cast, &author)?;
    let contributors = contributors(given, &cast, &author, &details);
    let evaluation = evaluation(policy, given)?;
    let start = "2000-01-01T00:00:00Z".parse().ok()?;
    let mut snapshot = Snapshot {
        schema: SCHEMA.to_owned(),
        unrequested: false,
        now: given.now.unwrap_or(start),
        bot: Actor { id: ActorId::new(BOT), login: "countersign".to_owned(), kind: ActorKind::Bot },
        change: ChangeRequest {
            id: ChangeId { repo: repo.clone(), number: 1 },
            title: given.title.clone().unwrap_or_else(|| "A case".to_owned()),
            url: String::new(),
            author,
            state: ChangeState::Open,
            target: target.clone(),
            into_default: true,
            source: given.source.clone().unwrap_or_else(|| "case".to_owned()),
            head,
            draft: given.draft,
            fork: given.fork.is_some(),
        },
        base_tip: "a".repeat(40).parse().ok()?,
        merge: MergeOutcome::Clean { tree: "c".repeat(40).parse().ok()? },
        contributors,
        policy: Some(file.clone()),
        library: library.clone(),
        proposed_policy: None,
        proposed_library: None,
        floor: None,
        digest: effect::change_digest(&repo, &target, &evaluation),
        shifted: std::collections::BTreeSet::new(),
        fields: Vec::new(),
        evaluation,
        details,
        directory: directory(policy, given, &cast),
        comments: Vec::new(),
        reviews: Vec::new(),
        facts: Vec::new(),
        statuses: Vec::new(),
        capability: Known::Yes(LandCapability { can: true, exclusive: true, missing: Vec::new() }),
        page: None,
    };
    show(&mut snapshot);
    speak(&mut snapshot, given, &cast);
    Some(snapshot)
}

/// Puts the change on display, so that it can be approved.
fn show(snapshot: &mut Snapshot) {
    let body = "the change as it is";
    let at = snapshot.now.checked_sub(SignedDuration::from_hours(2)).unwrap_or(snapshot.now);
    let comment = CommentId(1);
    let display = Display {
        head: snapshot.change.head.clone(),
        digest: snapshot.digest.clone(),
        risks: effect::risk_set(&snapshot.evaluation),
        body_hash: Digest::of(body.as_bytes()),
    };
    snapshot.comments.push(said(comment.0, &snapshot.bot, body, at));
    let kinds = [FactKind::DisplayPlanned(display.clone()), FactKind::DisplayPosted { display, comment, at }];
    snapshot.facts = (1..).zip(kinds).map(|(seq, kind)| Fact { seq, at, kind }).collect();
}

fn said(id: u64, author: &Actor, body: &str, at: Timestamp) -> Comment {
    let body = body.to_owned();
    Comment { id: CommentId(id), author: author.clone(), body, created_at: at, updated_at: at }
}

/// Approvals are said as commands, requests for changes are reviews.
fn speak(snapshot: &mut Snapshot, given: &Given, cast: &Cast) {
    let at = snapshot.now.checked_sub(SignedDuration::from_hours(1)).unwrap_or(snapshot.now);
    for (id, login) in (2..).zip(&given.approvals) {
        snapshot.comments.push(said(id, &cast.actor(login), "/approve", at));
    }
    for (id, login) in (1..).zip(&given.requested_changes) {
        snapshot.reviews.push(Review {
            id: ReviewId(id),
            author: cast.actor(login),
            state: ReviewState::ChangesRequested,
            body: String::new(),
            head: Some(snapshot.change.head.clone()),
            submitted_at: at,
            edited: None,
        });
    }
}

/// A closed world: who is not named is in no team, and may write where nothing is said.
fn directory(policy: &Policy, given: &Given, cast: &Cast) -> Directory {
    let mut directory = Directory::default();
    for id in cast.ids.values() {
        directory.permissions.insert(ActorId::new(*id), Known::Yes(Permission::Write));
    }
    for (login, permission) in &given.permissions {
        directory.permissions.insert(cast.actor(login).id, permission.map_or_else(untold, Known::Yes));
    }
    let from = policy.people();
    let sets = [
        (&mut directory.teams, &given.teams, from.iter().flat_map(|from| &from.teams).collect::<Vec<_>>()),
        (&mut directory.groups, &given.groups, from.iter().flat_map(|from| &from.groups).collect()),
        (
            &mut directory.organizations,
            &given.organizations,
            from.iter().flat_map(|from| &from.organizations).collect(),
        ),
    ];
    for (into, given, named) in sets {
        into.extend(named.into_iter().map(|name| (name.clone(), Known::Yes(Vec::new()))));
        for (name, members) in given {
            let members = members.as_ref().map(|all| all.iter().map(|login| cast.actor(login)).collect());
            into.insert(name.clone(), members.map_or_else(untold, Known::Yes));
        }
    }
    directory
}

fn evaluation(policy: &Policy, given: &Given) -> Option<Evaluation> {
    let mut environments: Vec<EnvironmentEvaluation> = policy.environments.iter().map(quiet).collect();
    for effect in &given.effects {
        let mut known = environments.iter_mut();
        let home = known.find(|found| found.environment.name == effect.environment);
        match home {
            Some(home) => home.units.iter_mut().for_each(|unit| unit.effects.extend(self::effect(effect))),
            None => return None,
        }
    }
    for environment in &mut environments {
        environment.units.retain(|unit| !unit.effects.is_empty());
    }
    let outside = given.paths.iter().map(|path| ChangedPath {
        path: path.clone(),
        operation: PathOperation::Change,
        entry: Diff { base: None, head: None },
    });
    Some(Evaluation { environments, outside: outside.collect(), discovered: false })
}

fn quiet(environment: &Environment) -> EnvironmentEvaluation {
    let unit = UnitEvaluation {
        name: environment.name.clone(),
        path: environment.name.clone(),
        renderer: "yaml".to_owned(),
        inputs: Diff::default(),
        sides: Diff { base: SideState::Rendered, head: SideState::Rendered },
        errors: Vec::new(),
        objects: Diff { base: 1, head: 1 },
        stable: true,
        input_digest: Digest::of(environment.name.as_bytes()),
        already_broken: false,
        effects: Vec::new(),
    };
    EnvironmentEvaluation {
        environment: environment.clone(),
        cluster_identity: None,
        tier: Tier::Render,
        units: vec![unit],
        drift: Vec::new(),
        errors: Vec::new(),
        // A case tells all there is.
        inventory: Some(Inventory::default()),
    }
}

fn effect(given: &GivenEffect) -> Option<Effect> {
    let (group, kind) = given.kind.split_once('/')?;
    let api = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
    let manifest = |body: &Option<Value>| -> Option<Value> {
        let mut whole = json!({
            "apiVersion": api, "kind": kind, "metadata": { "name": given.name, "namespace": given.namespace },
        });
        let (Some(Value::Object(body)), Some(all)) = (body, whole.as_object_mut()) else {
            return body.clone();
        };
        all.extend(body.clone());
        Some(whole)
    };
    let rendered = match given.operation {
        Operation::Create => RenderOperation::Add,
        Operation::Delete | Operation::Orphan => RenderOperation::Remove,
        Operation::Update | Operation::Replace | Operation::Fail | Operation::None => RenderOperation::Change,
    };
    let (before, after) = (manifest(&given.before), manifest(&given.after));
    let changes = before.as_ref().zip(after.as_ref()).map(|(before, after)| diff::fields(before, after));
    Some(Effect {
        object: ObjectRef {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            namespace: given.namespace.clone(),
            name: given.name.clone(),
        },
        operation: given.operation,
        rendered,
        tier: Tier::Render,
        settled: None,
        risks: given.risks.iter().copied().collect(),
        reason: None,
        source: None,
        changes: changes.unwrap_or_default(),
        before: before.map(Body::from),
        after: after.map(Body::from),
        made: None,
        moved_from: None,
    })
}
