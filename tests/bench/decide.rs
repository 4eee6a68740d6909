//! Deciding a large change, beside writing its snapshot as JSON and reading it again.

use countersign_core::actor::{Actor, ActorId, ActorKind};
use countersign_core::config::PolicyError;
use countersign_core::decide::{PolicyInForce, decide};
use countersign_core::effect::{self, Tier};
use countersign_core::environment::EnvironmentSource;
use countersign_core::evaluation::{EnvironmentEvaluation, Evaluation, SideState, UnitEvaluation};
use countersign_core::object::{RenderedObject, Sealer, SealingKey, parse_manifests};
use countersign_core::revision::{Diff, Digest};
use countersign_core::snapshot::{MergeOutcome, PolicyFile, Snapshot};

use crate::bot;
use crate::manifests::deployment;
use crate::measure::{Times, ratio, row};

const EFFECTS: u32 = 1_000;
const RULES: usize = 30;
const CHECKS: usize = 10;

pub(crate) fn run() {
    let snapshot = snapshot();
    let effects = snapshot.evaluation.environments[0].units[0].effects.len();
    assert_eq!(effects, EFFECTS as usize);
    let plan = decide(&snapshot);
    assert_eq!(plan.report.requirements.len(), RULES, "every rule applies");
    let ours = Times::of(30, || drop(decide(&snapshot)));
    let text = serde_json::to_string(&snapshot).unwrap();
    let other = Times::of(30, || {
        let text = serde_json::to_string(&snapshot).unwrap();
        drop(serde_json::from_str::<Snapshot>(&text).unwrap());
    });
    row(
        &format!("`decide`: {EFFECTS} effects, {RULES} rules, {CHECKS} CEL checks"),
        &ours.to_string(),
        &format!("serde_json writes and reads the same snapshot ({} kB): {other}", text.len() / 1024),
        &ratio(ours.median(), other.median()),
    );
}

fn snapshot() -> Snapshot {
    let sha = |digit: &str| digit.repeat(40).parse().unwrap();
    let merge = MergeOutcome::Clean { tree: "c".repeat(40).parse().unwrap() };
    let mut snapshot =
        countersign::engine::offline_snapshot(&sha("a"), &sha("b"), merge, jiff::Timestamp::UNIX_EPOCH)
            .unwrap();
    snapshot.change.author = Actor { id: ActorId::new(1), login: "ana".to_owned(), kind: ActorKind::Human };
    snapshot.policy = Some(PolicyFile { blob: "d".repeat(40).parse().unwrap(), text: policy() });
    if let PolicyInForce::Broken(errors) = PolicyInForce::of(&snapshot) {
        let all: Vec<String> = errors.iter().map(PolicyError::to_string).collect();
        panic!("{all:?}");
    }
    let environment = bot::environment(EnvironmentSource::Yaml(vec!["production".to_owned()]));
    let key = SealingKey::new([7; 32]);
    let read = |version: &str| -> Vec<RenderedObject> {
        let sealer = Sealer { key: &key, environment: &environment.name, mask: &[] };
        let text =
            (0..EFFECTS).map(|number| format!("---\n{}", deployment(&format!("app-{number}"), 3, version)));
        parse_manifests(&text.collect::<String>(), Some("production/all.yaml"), None, &sealer).unwrap()
    };
    let effects = effect::compare(&environment, &read("1.0"), &read("1.1"));
    let unit = UnitEvaluation {
        name: "production".to_owned(),
        path: "production".to_owned(),
        renderer: "yaml".to_owned(),
        sides: Diff { base: SideState::Rendered, head: SideState::Rendered },
        errors: Vec::new(),
        objects: Diff { base: EFFECTS, head: EFFECTS },
        stable: true,
        input_digest: Digest::of(b"input"),
        inputs: Diff::default(),
        already_broken: false,
        effects,
    };
    snapshot.evaluation = Evaluation {
        environments: vec![EnvironmentEvaluation {
            environment,
            cluster_identity: None,
            tier: Tier::Render,
            units: vec![unit],
            drift: Vec::new(),
            errors: Vec::new(),
            inventory: None,
        }],
        outside: Vec::new(),
        discovered: false,
    };
    let id = snapshot.change.id.repo.clone();
    snapshot.digest = effect::change_digest(&id, &snapshot.change.target, &snapshot.evaluation);
    snapshot
}

/// Every rule applies to some effect and every check judges all of them.
fn policy() -> String {
    let mut text = "version = 1\n[environment.production]\nsource = { yaml = \"production\" }\n".to_owned();
    let checks = [
        "object.spec.replicas >= 2",
        "object.spec.template.spec.containers.all(c, c.image.startsWith('registry.example.org/'))",
        "object.spec.template.spec.containers.all(c, !c.image.endsWith(':latest'))",
        "object.metadata.namespace != 'default'",
        "has(object.metadata.labels) && 'app.kubernetes.io/name' in object.metadata.labels",
        "has(object.spec.template.spec.securityContext) && object.spec.template.spec.securityContext.runAsNonRoot",
        "object.spec.template.spec.containers.exists(c, has(c.readinessProbe))",
        "object.spec.template.spec.containers.exists(c, has(c.resources) && has(c.resources.limits))",
        "request.operation != 'UPDATE' || oldObject.metadata.name == object.metadata.name",
        "object.spec.revisionHistoryLimit <= 10",
    ];
    assert_eq!(checks.len(), CHECKS);
    for (number, cel) in checks.into_iter().enumerate() {
        text.push_str(&format!("[[check]]\nname = \"check {number}\"\ncel = \"{cel}\"\nmessage = \"no\"\n"));
    }
    for number in 0..RULES {
        let name = format!("app-{number}*");
        text.push_str(&format!(
            "[[rule]]\nname = \"rule {number}\"\nrequire = {{ count = 1, from = {{ permissions = [\"write\"] }} }}\n\
             when = {{ effect.any = {{ kinds = [\"apps/*\"], names = [\"{name}\"] }} }}\n"
        ));
    }
    text
}
