//! Objects that come into one environment, for tests of what checks find.

use std::collections::BTreeSet;

use countersign_core::effect::{Effect, Operation, RenderOperation, Tier};
use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use countersign_core::evaluation::{EnvironmentEvaluation, Evaluation, SideState, UnitEvaluation};
use countersign_core::object::ObjectRef;
use countersign_core::revision::{Diff, Digest};
use serde_json::Value;

/// A look at one environment into which these objects come, each named after its place in the list.
pub(crate) fn evaluation(bodies: &[Value]) -> Evaluation {
    let effect = |(index, body): (usize, &Value)| Effect {
        object: ObjectRef {
            group: String::new(),
            version: "v1".into(),
            kind: "Pod".into(),
            namespace: "n".into(),
            name: index.to_string(),
        },
        operation: Operation::Create,
        rendered: RenderOperation::Add,
        tier: Tier::Render,
        settled: None,
        risks: BTreeSet::new(),
        reason: None,
        source: None,
        changes: Vec::new(),
        before: None,
        after: Some(body.into()),
        made: None,
        moved_from: None,
    };
    let unit = UnitEvaluation {
        name: "u".into(),
        path: "u".into(),
        renderer: "yaml".into(),
        sides: Diff { base: SideState::Rendered, head: SideState::Rendered },
        errors: Vec::new(),
        objects: Diff { base: 0, head: u32::try_from(bodies.len()).unwrap() },
        stable: true,
        input_digest: Digest::of(b""),
        inputs: Diff::default(),
        already_broken: false,
        effects: bodies.iter().enumerate().map(effect).collect(),
    };
    let environment = Environment {
        name: "e".into(),
        source: EnvironmentSource::Yaml(vec!["u".into()]),
        cluster: None,
        apply: ApplyMode::ClientSide,
        field_manager: "kubectl".into(),
        prune: true,
        on_unreachable: OnUnreachable::Hold,
        default_namespace: None,
        destinations: Vec::new(),
        unforced: false,
        kubernetes: None,
    };
    let environment = EnvironmentEvaluation {
        environment,
        cluster_identity: None,
        tier: Tier::Render,
        units: vec![unit],
        drift: Vec::new(),
        errors: Vec::new(),
        inventory: None,
    };
    Evaluation { environments: vec![environment], outside: Vec::new(), discovered: false }
}
