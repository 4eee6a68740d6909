//! Policies in Rego: any text is a policy or one that is told to be none, and judging by it ends, with an outcome that is told.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use countersign_core::config::{Policy, parse};
use countersign_core::effect::{Effect, Operation, RenderOperation, Tier};
use countersign_core::evaluation::Evaluation;
use countersign_core::library::{Library, LibraryFile};
use countersign_core::object::ObjectRef;
use countersign_core::policy::{broken_checks, run_checks};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const POLICY: &str = "version = 1\n[environment.production]\nsource = { yaml = \"shop\" }\n\
                      [[check]]\nname = \"written\"\nrego = \"written.rego\"\n";

static POLICY_READ: LazyLock<Policy> =
    LazyLock::new(|| parse(POLICY, ".countersign.toml").expect("the policy can be read"));
static SEEN: LazyLock<Evaluation> =
    LazyLock::new(|| serde_json::from_value(evaluation()).map(with_effect).expect("the change can be read"));

fn evaluation() -> serde_json::Value {
    let digest = countersign_core::revision::Digest::of(b"");
    let unit = json!({
        "name": "shop", "path": "shop", "renderer": "yaml", "sides": { "base": "rendered", "head": "rendered" },
        "errors": [], "objects": { "base": 1, "head": 1 }, "stable": true, "input_digest": digest,
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

fn with_effect(mut evaluation: Evaluation) -> Evaluation {
    let units = evaluation.environments.iter_mut().flat_map(|environment| &mut environment.units);
    units.for_each(|unit| unit.effects.push(effect()));
    evaluation
}

fn effect() -> Effect {
    let web = |replicas: u32| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "shop" },
            "spec": { "replicas": replicas, "template": { "spec": { "containers": [{ "name": "web", "image": "web:1" }] } } }
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
        moved_from: None,
    }
}

fuzz_target!(|text: &str| {
    let file = LibraryFile { blob: "a".repeat(40).parse().expect("a blob"), text: text.to_owned() };
    let mut library = Library::default();
    library.insert("written.rego".to_owned(), file);
    let broken = broken_checks(&POLICY_READ, &library);
    let findings = run_checks(&POLICY_READ, &library, &SEEN);
    // A policy that cannot be used says so of the change too, and blocks it.
    assert!(broken.is_empty() || findings.iter().any(|finding| finding.errored));
    assert!(findings.iter().all(|finding| finding.check == "written" && !finding.message.is_empty()));
});
