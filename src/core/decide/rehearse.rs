//! Trying a policy on its own cases: each becomes a snapshot, which is decided as any other. Never reads a file: recorded
//! snapshots come with the policy's library.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{PolicyInForce, decide_under};
use crate::actor::{Actor, ActorId, ActorKind, Known, Permission};
use crate::approval::RequirementState;
use crate::change::{
    ChangeId, ChangeRequest, ChangeState, Comment, CommentId, RepoId, Review, ReviewId, ReviewState,
};
use crate::config::{From, Given, GivenEffect, Policy, PolicyTest};
use crate::details::{ChangedFile, Details};
use crate::effect::{self, Effect, Operation, RenderOperation, Tier};
use crate::environment::Environment;
use crate::evaluation::{
    ChangedPath, EnvironmentEvaluation, Evaluation, Inventory, PathOperation, SideState, UnitEvaluation,
};
use crate::fact::{Display, Fact, FactKind};
use crate::library::Library;
use crate::object::{Body, ObjectRef};
use crate::report::RequirementReport;
use crate::revision::{BranchName, CommitSha, Diff, Digest};
use crate::snapshot::{Contributors, Directory, LandCapability, MergeOutcome, PolicyFile, SCHEMA, Snapshot};

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The case.
    pub name: String,
    /// Its line in the policy file.
    pub line: u32,
    /// What is not as expected, in sentences; nothing where all is.
    pub differs: Vec<String>,
}

/// Tries a policy on all of its cases, in the file's order. `library` has the files that the policy and its cases name.
pub fn rehearse(policy: &Policy, file: &PolicyFile, library: &Library) -> Vec<Outcome> {
    let one = |test: &PolicyTest| {
        let differs = match stage(policy, file, library, test) {
            Ok(snapshot) => compare(policy, test, &snapshot),
            Err(why) => vec![why],
        };
        Outcome { name: test.name.clone(), line: test.line, differs }
    };
    policy.tests.iter().map(one).collect()
}

fn compare(policy: &Policy, test: &PolicyTest, snapshot: &Snapshot) -> Vec<String> {
    let mut policy = policy.clone();
    // Without manifests there is nothing that checks could look at.
    let bodied = |effect: &GivenEffect| effect.before.is_some() || effect.after.is_some();
    if test.given.snapshot.is_none() && !test.given.effects.iter().any(bodied) {
        policy.checks.clear();
    }
    let plan = decide_under(snapshot, &PolicyInForce::Declared(Box::new(policy.clone())));
    let mut differs = Vec::new();
    let found = plan.verdict.word();
    if let Some(wanted) = test.expect.verdict.as_ref().filter(|wanted| *wanted != found) {
        let reasons: Vec<&str> =
            plan.verdict.reasons().iter().map(|reason| reason.message.as_str()).collect();
        let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
        differs.push(format!("the verdict is {found}, not {wanted}{why}"));
    }
    for (rule, wanted) in &test.expect.rules {
        let found = plan.report.requirements.iter().find(|requirement| requirement.rule == *rule);
        let state = found.map_or(RequirementState::Skipped, |found| found.state);
        if state != *wanted {
            let note = found.and_then(|found| found.note.as_ref()).map(|note| format!(" ({note})"));
            let (state, wanted) = (word(state), word(*wanted));
            differs.push(format!("rule `{rule}` is {state}, not {wanted}{}", note.unwrap_or_default()));
        }
    }
    if let Some(wanted) = &test.expect.waiting_for {
        let wanted: BTreeSet<String> = wanted.iter().cloned().collect();
        let found = waiting(&policy, &plan.report.requirements);
        if found != wanted {
            differs.push(format!("it waits for {}, not for {}", listed(&found), listed(&wanted)));
        }
    }
    differs
}

fn word(state: RequirementState) -> &'static str {
    match state {
        RequirementState::Met => "met",
        RequirementState::Pending => "pending",
        RequirementState::Skipped => "skipped",
        RequirementState::Unknown => "unknown",
    }
}

fn listed(words: &BTreeSet<String>) -> String {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.is_empty() { "nobody".to_owned() } else { words.join(", ") }
}

/// Whom the rules that wait ask.
fn waiting(policy: &Policy, requirements: &[RequirementReport]) -> BTreeSet<String> {
    let waits = |requirement: &&RequirementReport| match requirement.state {
        RequirementState::Pending | RequirementState::Unknown => true,
        RequirementState::Met | RequirementState::Skipped => false,
    };
    let asked = requirements.iter().filter(waits).flat_map(|requirement| {
        let rule = policy.rules.iter().find(|rule| rule.name == requirement.rule);
        rule.map_or_else(|| asked_of(&From::default()), |rule| asked_of(&rule.require.from))
    });
    asked.collect()
}

fn asked_of(from: &From) -> Vec<String> {
    let permissions = from.permissions.iter().filter_map(|permission| {
        serde_json::to_value(permission).ok().and_then(|word| word.as_str().map(str::to_owned))
    });
    let sets = from.teams.iter().chain(&from.groups).chain(&from.organizations);
    let mut named: Vec<String> = from.users.iter().chain(sets).cloned().chain(permissions).collect();
    named.extend(from.codeowners.then(|| "codeowners".to_owned()));
    named.extend(from.owners.then(|| "owners".to_owned()));
    if named.is_empty() { vec!["write".to_owned()] } else { named }
}

/// What a case says of its files and labels; the rest of a request is not told.
fn details(given: &Given) -> Details {
    let file =
        |path: &String| ChangedFile { path: path.clone(), operation: PathOperation::Change, lines: None };
    Details {
        files: Known::Yes(given.paths.iter().map(file).collect()),
        labels: Known::Yes(given.labels.clone()),
        ..Details::default()
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
        let members = given.teams.values().flatten().flatten();
        let named = given.author.iter().chain(&given.pusher).chain(given.committers.iter().flatten());
        let named = named.chain(&given.approvals).chain(&given.requested_changes).chain(members);
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
fn stage(
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
    let repo = RepoId { forge: "case".to_owned(), path: "case/case".parse().ok()? };
    let committers = given.committers.as_ref().map(|all| all.iter().map(|login| cast.actor(login)).collect());
    let contributors = Contributors {
        known: committers.unwrap_or_else(|| vec![author.clone()]),
        unknown: Vec::new(),
        pusher: Some(given.pusher.as_ref().map_or_else(|| author.clone(), |login| cast.actor(login))),
    };
    let evaluation = evaluation(policy, given)?;
    let start = "2000-01-01T00:00:00Z".parse().ok()?;
    let mut snapshot = Snapshot {
        schema: SCHEMA.to_owned(),
        unrequested: false,
        now: given.now.unwrap_or(start),
        bot: Actor { id: ActorId::new(BOT), login: "countersign".to_owned(), kind: ActorKind::Bot },
        change: ChangeRequest {
            id: ChangeId { repo: repo.clone(), number: 1 },
            title: "A case".to_owned(),
            url: String::new(),
            author,
            state: ChangeState::Open,
            target: target.clone(),
            into_default: true,
            source: "case".to_owned(),
            head,
            draft: false,
            fork: false,
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
        evaluation,
        details: details(given),
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
    let untold = "the case says so";
    let mut directory = Directory::default();
    for id in cast.ids.values() {
        directory.permissions.insert(ActorId::new(*id), Known::Yes(Permission::Write));
    }
    for (login, permission) in &given.permissions {
        directory.permissions.insert(
            cast.actor(login).id,
            permission.map_or_else(|| Known::Unknown(untold.to_owned()), Known::Yes),
        );
    }
    for team in policy.teams() {
        directory.teams.insert(team, Known::Yes(Vec::new()));
    }
    for (team, members) in &given.teams {
        let members = members.as_ref().map(|all| all.iter().map(|login| cast.actor(login)).collect());
        directory
            .teams
            .insert(team.clone(), members.map_or_else(|| Known::Unknown(untold.to_owned()), Known::Yes));
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
    let manifest = |body: &Option<Value>| {
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
        changes: Vec::new(),
        before: manifest(&given.before).map(Body::from),
        after: manifest(&given.after).map(Body::from),
        made: None,
        moved_from: None,
    })
}
