//! Who has agreed, and whether it is enough, as tables over one change: cy wants to change production.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod coverage;
mod on_display;
mod properties;
mod rules;
mod standing;
mod ways;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::actor::{Actor, ActorId, ActorKind, Known, Permission};
use crate::change::{
    ChangeId, ChangeRequest, ChangeState, Comment, CommentId, RepoId, Review, ReviewId, ReviewState,
};
use crate::effect::{Effect, Operation, RenderOperation, Risk, Tier};
use crate::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use crate::evaluation::{
    ChangedPath, EnvironmentEvaluation, Evaluation, PathOperation, SideState, UnitEvaluation,
};
use crate::fact::{Approval, Display, Fact, FactKind, Via};
use crate::object::ObjectRef;
use crate::revision::{CommitSha, Diff, Digest};
use crate::snapshot::{Contributors, Directory, MergeOutcome, PolicyFile, Snapshot};

const NAMES: [(u64, &str); 7] =
    [(0, "ghost"), (5, "countersign"), (12, "bo"), (31, "dee"), (40, "emil"), (77, "cy"), (90, "renovate")];

/// Somebody, by name.
fn actor(login: &str) -> Actor {
    let id = NAMES.iter().find(|(_, name)| *name == login).unwrap().0;
    let kind = if matches!(id, 5 | 90) { ActorKind::Bot } else { ActorKind::Human };
    Actor { id: ActorId::new(id), login: login.into(), kind }
}

/// Seconds after the display was posted.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

fn head(letter: char) -> CommitSha {
    letter.to_string().repeat(40).parse().unwrap()
}

fn digest(of: &str) -> Digest {
    Digest::of(of.as_bytes())
}

fn effect(object: &str, risks: &[Risk]) -> Effect {
    let (kind, name) = object.split_once(' ').unwrap();
    Effect {
        object: ObjectRef {
            group: "apps".into(),
            version: "v1".into(),
            kind: kind.into(),
            namespace: "shop".into(),
            name: name.into(),
        },
        operation: Operation::Update,
        rendered: RenderOperation::Change,
        tier: Tier::Render,
        settled: None,
        risks: risks.iter().copied().collect(),
        reason: None,
        source: None,
        changes: Vec::new(),
        before: None,
        after: None,
        made: None,
        moved_from: None,
    }
}

fn environment(name: &str, effects: Vec<Effect>) -> EnvironmentEvaluation {
    EnvironmentEvaluation {
        environment: Environment {
            name: name.into(),
            source: EnvironmentSource::Yaml(vec![name.into()]),
            cluster: None,
            apply: ApplyMode::ClientSide,
            field_manager: "kubectl".into(),
            prune: true,
            on_unreachable: OnUnreachable::Hold,
            default_namespace: None,
            destinations: Vec::new(),
            unforced: false,
            kubernetes: None,
        },
        cluster_identity: None,
        tier: Tier::Render,
        units: vec![UnitEvaluation {
            name: "shop".into(),
            path: name.into(),
            renderer: "yaml".into(),
            sides: Diff { base: SideState::Rendered, head: SideState::Rendered },
            errors: Vec::new(),
            objects: Diff { base: 1, head: 1 },
            stable: true,
            input_digest: digest(""),
            inputs: Diff::default(),
            already_broken: false,
            effects,
        }],
        drift: Vec::new(),
        errors: Vec::new(),
        inventory: None,
    }
}

/// What was posted about digest `d`, at that time, with the dangers that there are.
fn posted(seq: u64, head_letter: char, of: &str, seconds: i64) -> Fact {
    let risks = crate::effect::risk_set(&snapshot().evaluation);
    let display = Display { head: head(head_letter), digest: digest(of), risks, body_hash: digest("body") };
    fact(seq, FactKind::DisplayPosted { display, comment: CommentId(1), at: at(seconds) }, seconds)
}

fn fact(seq: u64, kind: FactKind, seconds: i64) -> Fact {
    Fact { seq, at: at(seconds), kind }
}

/// `/approve` in a comment of the same number, bound to digest `d` and head `h`.
fn approval(login: &str, comment: u64, seconds: i64) -> Approval {
    Approval {
        actor: actor(login),
        via: Via::Comment(CommentId(comment)),
        at: at(seconds),
        head: head('a'),
        digest: digest("d"),
        risks: crate::effect::risk_set(&snapshot().evaluation),
        said: crate::fact::Said::Command,
        environments: Vec::new(),
        body_hash: digest("/approve"),
    }
}

fn approved(login: &str, comment: u64, seconds: i64) -> Fact {
    fact(comment, FactKind::Approved(approval(login, comment, seconds)), seconds)
}

fn comment(id: u64, login: &str, body: &str, seconds: i64) -> Comment {
    let written = at(seconds);
    Comment {
        id: CommentId(id),
        author: actor(login),
        body: body.into(),
        created_at: written,
        updated_at: written,
    }
}

fn review(id: u64, login: &str, state: ReviewState, seconds: i64) -> Review {
    Review {
        id: ReviewId(id),
        author: actor(login),
        state,
        body: String::new(),
        head: Some(head('a')),
        submitted_at: at(seconds),
        edited: None,
    }
}

fn outside(path: &str) -> ChangedPath {
    ChangedPath {
        path: path.into(),
        operation: PathOperation::Change,
        entry: Diff { base: None, head: None },
    }
}

/// cy's change: one Deployment in production, on display as `d` since second 0, pushed by cy. Everybody may write, dee
/// is an administrator; acme/sre is bo, dee and cy.
fn snapshot() -> Snapshot {
    let permission = |login: &str, permission| (actor(login).id, Known::Yes(permission));
    let mut seen = Snapshot {
        schema: crate::snapshot::SCHEMA.into(),
        unrequested: false,
        now: at(10_000),
        bot: actor("countersign"),
        change: ChangeRequest {
            id: ChangeId {
                repo: RepoId { forge: "hub".into(), path: "acme/env".parse().unwrap() },
                number: 481,
            },
            title: "Shop 1.5.0".into(),
            url: "https://git.example.org/acme/env/pulls/481".into(),
            author: actor("cy"),
            state: ChangeState::Open,
            target: "main".parse().unwrap(),
            source: "shop".into(),
            head: head('a'),
            draft: false,
            fork: false,
            into_default: true,
        },
        base_tip: head('b'),
        merge: MergeOutcome::Clean { tree: "c".repeat(40).parse().unwrap() },
        contributors: Contributors {
            known: vec![actor("cy")],
            unknown: Vec::new(),
            pusher: Some(actor("cy")),
        },
        policy: Some(PolicyFile { blob: "d".repeat(40).parse().unwrap(), text: String::new() }),
        library: crate::library::Library::default(),
        proposed_policy: None,
        proposed_library: None,
        floor: None,
        shifted: std::collections::BTreeSet::new(),
        fields: Vec::new(),
        evaluation: Evaluation {
            environments: vec![
                environment("production", vec![effect("Deployment web", &[Risk::Image])]),
                environment("staging", vec![]),
            ],
            outside: Vec::new(),
            discovered: false,
        },
        digest: digest("d"),
        details: crate::details::Details::default(),
        directory: Directory {
            permissions: BTreeMap::from([
                permission("bo", Permission::Write),
                permission("dee", Permission::Admin),
                permission("emil", Permission::Write),
                permission("cy", Permission::Write),
            ]),
            teams: BTreeMap::from([(
                "acme/sre".to_owned(),
                Known::Yes(vec![actor("bo"), actor("dee"), actor("cy")]),
            )]),
            ..Directory::default()
        },
        comments: Vec::new(),
        reviews: Vec::new(),
        facts: Vec::new(),
        statuses: Vec::new(),
        capability: Known::Unknown("not asked".into()),
        page: None,
    };
    let risks = crate::effect::risk_set(&seen.evaluation);
    let display = Display { head: head('a'), digest: digest("d"), risks, body_hash: digest("body") };
    let shown = FactKind::DisplayPosted { display, comment: CommentId(1), at: at(0) };
    seen.facts.push(fact(1, shown, 0));
    seen
}
