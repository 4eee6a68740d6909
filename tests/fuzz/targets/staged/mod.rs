//! A change of one Deployment in production, for the targets that judge one.

use std::collections::BTreeSet;

use countersign_core::effect::{Effect, Operation, RenderOperation, Tier};
use countersign_core::evaluation::Evaluation;
use countersign_core::object::ObjectRef;
use countersign_core::revision::Digest;
use serde_json::{Value, json};

/// An evaluation of one environment with one unit, in which nothing changes.
pub fn evaluation() -> Value {
    let unit = json!({
        "name": "shop", "path": "shop", "renderer": "yaml", "sides": { "base": "rendered", "head": "rendered" },
        "errors": [], "objects": { "base": 1, "head": 1 }, "stable": true, "input_digest": Digest::of(b""),
        "inputs": { "base": [], "head": [] }, "already_broken": false, "effects": []
    });
    let environment = json!({
        "environment": {
            "name": "production", "source": { "yaml": ["shop"] }, "cluster": null, "apply": "client-side",
            "field_manager": "kubectl", "prune": true, "on_unreachable": "hold", "default_namespace": null
        },
        "cluster_identity": null, "tier": "render", "units": [unit], "drift": [], "errors": []
    });
    json!({ "environments": [environment], "outside": [], "discovered": false })
}

/// Lets the Deployment go from two replicas to three.
pub fn scale(evaluation: &mut Evaluation) {
    let units = evaluation.environments.iter_mut().flat_map(|environment| &mut environment.units);
    units.for_each(|unit| unit.effects.push(effect()));
}

fn effect() -> Effect {
    let web = |replicas: u32| {
        let containers = json!([{ "name": "web", "image": "web:1" }]);
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "shop" },
            "spec": { "replicas": replicas, "template": { "spec": { "containers": containers } } }
        })
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
        risks: BTreeSet::new(),
        reason: None,
        source: None,
        changes: Vec::new(),
        before: Some(web(2).into()),
        after: Some(web(3).into()),
        made: None,
        moved_from: None,
    }
}
