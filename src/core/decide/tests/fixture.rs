//! Snapshots to begin from: one object of production changes, ana is the author, bo and cy may write.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::actor::{Actor, ActorId, ActorKind, Known, Permission};
use crate::change::{ChangeId, ChangeRequest, ChangeState, Comment, CommentId, RepoId};
use crate::effect::{self, Effect, Operation, RenderOperation, Risk, Tier};
use crate::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use crate::evaluation::{EnvironmentEvaluation, Evaluation, SideState, UnitEvaluation};
use crate::fact::{Approval, Display, Fact, FactKind, Via};
use crate::library::Library;
use crate::object::ObjectRef;
use crate::revision::{CommitSha, Diff, Digest};
use crate::snapshot::{Contributors, Directory, LandCapability, MergeOutcome, PolicyFile, SCHEMA, Snapshot};

pub(super) const POLICY: &str = r#"
version = 1
[environment.production]
source = { yaml = "production" }
"#;

pub(super) fn person(id: u64, login: &str) -> Actor {
    Actor { id: ActorId::new(id), login: login.to_owned(), kind: ActorKind::Human }
}

pub(super) fn bot() -> Actor {
    Actor { id: ActorId::new(5), login: "countersign".to_owned(), kind: ActorKind::Bot }
}

pub(super) fn ana() -> Actor {
    person(1, "ana")
}

pub(super) fn bo() -> Actor {
    person(2, "bo")
}

pub(super) fn cy() -> Actor {
    person(3, "cy")
}

pub(super) fn sha(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap()
}

pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

pub(super) fn environment() -> Environment {
    Environment {
        name: "production".to_owned(),
        source: EnvironmentSource::Yaml(vec!["production".to_owned()]),
        cluster: None,
        apply: ApplyMode::ClientSide,
        field_manager: "kubectl".to_owned(),
        prune: true,
        on_unreachable: OnUnreachable::Hold,
        default_namespace: None,
        destinations: Vec::new(),
        unforced: false,
        kubernetes: None,
    }
}

pub(super) fn replicas_effect(from: u64, to: u64) -> Effect {
    let body = |replicas: u64| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": replicas}})
    };
    Effect {
        object: ObjectRef {
            group: "apps".to_owned(),
            version: "v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: "shop".to_owned(),
            name: "web".to_owned(),
        },
        operation: Operation::Update,
        rendered: RenderOperation::Change,
        tier: Tier::Render,
        settled: None,
        risks: if to == 0 { BTreeSet::from([Risk::ScaleToZero]) } else { BTreeSet::new() },
        reason: None,
        source: None,
        changes: Vec::new(),
        before: Some(body(from).into()),
        after: Some(body(to).into()),
        made: None,
        moved_from: None,
    }
}

pub(super) fn unit(effects: Vec<Effect>) -> UnitEvaluation {
    UnitEvaluation {
        name: "production".to_owned(),
        path: "production".to_owned(),
        renderer: "yaml".to_owned(),
        sides: Diff { base: SideState::Rendered, head: SideState::Rendered },
        errors: Vec::new(),
        objects: Diff { base: 1, head: 1 },
        stable: true,
        input_digest: Digest::of(b"input"),
        inputs: Diff::default(),
        already_broken: false,
        effects,
    }
}

pub(super) fn evaluation(units: Vec<UnitEvaluation>) -> Evaluation {
    Evaluation {
        environments: vec![EnvironmentEvaluation {
            environment: environment(),
            cluster_identity: None,
            tier: Tier::Render,
            units,
            drift: Vec::new(),
            errors: Vec::new(),
            inventory: None,
        }],
        outside: Vec::new(),
        discovered: false,
    }
}

/// A change by ana that nobody has looked at, with a sound policy and a free way to land.
pub(super) fn snapshot() -> Snapshot {
    let change = ChangeRequest {
        id: ChangeId {
            repo: RepoId { forge: "hub".to_owned(), path: "acme/env".parse().unwrap() },
            number: 7,
        },
        title: "Scale the web".to_owned(),
        url: "https://git.example.org/acme/env/pulls/7".to_owned(),
        author: ana(),
        state: ChangeState::Open,
        target: "main".parse().unwrap(),
        source: "scale".to_owned(),
        head: sha('b'),
        draft: false,
        fork: false,
        into_default: true,
    };
    let mut snapshot = Snapshot {
        schema: SCHEMA.to_owned(),
        unrequested: false,
        now: time(10_000),
        bot: bot(),
        change,
        base_tip: sha('a'),
        merge: MergeOutcome::Clean { tree: "c".repeat(40).parse().unwrap() },
        contributors: Contributors { known: vec![ana()], unknown: Vec::new(), pusher: Some(ana()) },
        policy: Some(PolicyFile { blob: "d".repeat(40).parse().unwrap(), text: POLICY.to_owned() }),
        library: Library::default(),
        proposed_policy: None,
        proposed_library: None,
        floor: None,
        shifted: BTreeSet::new(),
        fields: Vec::new(),
        evaluation: evaluation(vec![unit(vec![replicas_effect(3, 5)])]),
        digest: Digest::of(b""),
        details: crate::details::Details::default(),
        directory: Directory::default(),
        comments: Vec::new(),
        reviews: Vec::new(),
        facts: Vec::new(),
        statuses: Vec::new(),
        capability: Known::Yes(LandCapability { can: true, exclusive: true, missing: Vec::new() }),
        page: None,
    };
    for actor in [ana(), bo(), cy()] {
        snapshot.directory.permissions.insert(actor.id, Known::Yes(Permission::Write));
    }
    redigest(&mut snapshot);
    snapshot
}

/// Sets the digest to that of the evaluation.
pub(super) fn redigest(snapshot: &mut Snapshot) {
    snapshot.digest =
        effect::change_digest(&snapshot.change.id.repo, &snapshot.change.target, &snapshot.evaluation);
}

pub(super) fn record(snapshot: &mut Snapshot, kind: FactKind) {
    let seq = snapshot.facts.len() as u64 + 1;
    let at = snapshot.now;
    snapshot.facts.push(Fact { seq, at, kind });
}

/// What is shown now was shown at this time, in comment 100.
pub(super) fn shown(snapshot: &mut Snapshot, at: i64) {
    let body = "<!-- shown -->";
    let display = Display {
        head: snapshot.change.head.clone(),
        digest: snapshot.digest.clone(),
        risks: effect::risk_set(&snapshot.evaluation),
        body_hash: Digest::of(body.as_bytes()),
    };
    snapshot.comments.push(Comment {
        id: CommentId(100),
        author: bot(),
        body: body.to_owned(),
        created_at: time(at),
        updated_at: time(at),
    });
    record(snapshot, FactKind::DisplayPlanned(display.clone()));
    record(snapshot, FactKind::DisplayPosted { display, comment: CommentId(100), at: time(at) });
}

/// Somebody says something.
pub(super) fn says(snapshot: &mut Snapshot, id: u64, who: Actor, body: &str, at: i64) {
    snapshot.comments.push(Comment {
        id: CommentId(id),
        author: who,
        body: body.to_owned(),
        created_at: time(at),
        updated_at: time(at),
    });
}

/// Somebody's approval of what is there now, as a fact, with its comment.
pub(super) fn approved(snapshot: &mut Snapshot, id: u64, who: Actor, at: i64) {
    let body = "/approve";
    says(snapshot, id, who.clone(), body, at);
    let approval = Approval {
        actor: who.clone(),
        via: Via::Comment(CommentId(id)),
        at: time(at),
        head: snapshot.change.head.clone(),
        digest: snapshot.digest.clone(),
        risks: effect::risk_set(&snapshot.evaluation),
        said: crate::fact::Said::Command,
        environments: Vec::new(),
        body_hash: Digest::of(body.as_bytes()),
    };
    record(snapshot, FactKind::Approved(approval));
    record(
        snapshot,
        FactKind::Handled {
            via: Via::Comment(CommentId(id)),
            actor: who,
            body_hash: Digest::of(body.as_bytes()),
            reply: Some("ok".to_owned()),
        },
    );
}
