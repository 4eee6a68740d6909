//! What checks and predicates make of a change, as tables.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod admission;
mod checks;
mod circumstances;
mod expansion;
mod gatekeeper;
mod idle;
mod libraries;
mod packs;
mod paths;
mod predicates;
mod rego;
mod rego_limits;
mod rules;
mod schemas;
mod surroundings;
mod told;

use serde_json::Value;

use super::{Finding, run_checks};
use crate::config::{Check, Judge, Policy, Severity};
use crate::library::{Library, LibraryFile};

use crate::effect::{Effect, Operation, RenderOperation, Risk, Tier};
use crate::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use crate::evaluation::{
    ChangedPath, EnvironmentError, EnvironmentEvaluation, Evaluation, PathOperation, SideState,
    UnitEvaluation,
};
use crate::object::{Body, ObjectRef, Origin};
use crate::revision::{Diff, Digest};

/// An effect on an object `kind namespace/name`, with the manifests on both sides.
fn effect(object: &str, before: Option<Value>, after: Option<Value>) -> Effect {
    let (kind, name) = object.split_once(' ').unwrap();
    let (namespace, name) = name.split_once('/').unwrap();
    let (group, kind) = kind.split_once('/').unwrap();
    let (rendered, operation) = match (&before, &after) {
        (None, _) => (RenderOperation::Add, Operation::Create),
        (Some(_), Some(_)) => (RenderOperation::Change, Operation::Update),
        (Some(_), None) => (RenderOperation::Remove, Operation::Delete),
    };
    Effect {
        object: ObjectRef {
            group: group.into(),
            version: "v1".into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        },
        operation,
        rendered,
        tier: Tier::Render,
        settled: None,
        risks: [Risk::Image].into(),
        reason: None,
        source: Some(Origin { file: format!("{name}.yaml"), line: 3 }),
        changes: Vec::new(),
        before: before.map(Body::from),
        after: after.map(Body::from),
        made: None,
        moved_from: None,
    }
}

/// A unit of which both sides rendered, with these effects.
fn unit(effects: Vec<Effect>) -> UnitEvaluation {
    UnitEvaluation {
        name: "shop".into(),
        path: "shop".into(),
        renderer: "yaml".into(),
        sides: Diff { base: SideState::Rendered, head: SideState::Rendered },
        errors: Vec::new(),
        objects: Diff { base: 1, head: 1 },
        stable: true,
        input_digest: Digest::of(b""),
        inputs: Diff::default(),
        already_broken: false,
        effects,
    }
}

/// An environment of one unit with these effects.
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
        units: vec![unit(effects)],
        drift: Vec::new(),
        errors: Vec::new(),
        inventory: None,
    }
}

/// The same, when one of its units does not render at head.
fn unrendered(name: &str, effects: Vec<Effect>) -> EnvironmentEvaluation {
    let mut broken = unit(Vec::new());
    broken.sides.head = SideState::Failed;
    let mut environment = environment(name, effects);
    environment.units.push(broken);
    environment
}

fn undecided(name: &str) -> EnvironmentEvaluation {
    let mut environment = environment(name, Vec::new());
    let message = "the cluster did not answer".into();
    environment.errors.push(EnvironmentError { object: None, message, undecided: true });
    environment
}

fn evaluation(environments: Vec<EnvironmentEvaluation>, outside: &[&str]) -> Evaluation {
    let changed = |path: &&str| ChangedPath {
        path: (*path).into(),
        operation: PathOperation::Change,
        entry: Diff { base: None, head: None },
    };
    Evaluation { environments, outside: outside.iter().map(changed).collect(), discovered: false }
}

/// Files of the target branch.
fn library(files: &[(&str, &str)]) -> Library {
    let mut library = Library::default();
    for (path, text) in files {
        let blob = "1".repeat(40).parse().unwrap();
        library.insert((*path).to_owned(), LibraryFile { blob, text: (*text).to_owned() });
    }
    library
}

/// What one check finds, a line for each finding.
fn lines(judge: Judge, files: &[(&str, &str)], effects: Vec<Effect>) -> String {
    lines_in(judge, files, environment("production", effects))
}

/// The same in a whole environment.
fn lines_in(judge: Judge, files: &[(&str, &str)], environment: EnvironmentEvaluation) -> String {
    let check = Check {
        name: "c".into(),
        judge,
        severity: Severity::Error,
        environments: Vec::new(),
        kinds: Vec::new(),
    };
    let policy = Policy { checks: vec![check], ..Policy::builtin() };
    let findings = run_checks(&policy, &library(files), &evaluation(vec![environment], &[]));
    let line = |finding: Finding| {
        let severity = format!("{:?}", finding.severity).to_lowercase();
        let marks = [(finding.existing, " (existing)"), (finding.errored, " (errored)")];
        let marks: String = marks.into_iter().filter(|(on, _)| *on).map(|(_, mark)| mark).collect();
        let rule = finding.rule.map(|rule| format!(" {rule}")).unwrap_or_default();
        format!("{severity}{rule}: {}{marks}\n", finding.message)
    };
    findings.into_iter().map(line).collect()
}
