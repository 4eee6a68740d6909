//! What a real API server says of a change, against what a real apply then does. Each test has its own namespace.

mod access;
mod admission_plugins;
mod aggregated;
mod amendments;
mod at_random;
mod client_side;
mod comes_true;
mod convergence;
mod drift;
mod faults;
mod forced;
mod gone;
mod helm;
mod ignored;
mod immutable;
mod least_privilege;
mod lists;
mod overwritten;
mod policies;
mod quotas;
mod reach;
mod redefined;
mod refusals;
mod replace;
mod self_check;
mod sentences;
mod shared;
mod stand_in;
mod warnings;
mod webhooks;
mod world;

use countersign::cluster::{Access, KubeCluster, Patience};
use countersign::engine::predict::{Manifest, PredictInput, Predicted, predict};
use countersign::ports::{Cluster, ClusterError, DryRuns, Prediction, Write};
use countersign_core::diff;
use countersign_core::effect::{Effect, Operation, RenderOperation, Risk, Tier};
use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use countersign_core::object::{Body, ObjectRef};
use insta::assert_snapshot;
use serde_json::{Value, json};

use self::world::World;

const MANAGER: &str = "deployer";

fn environment() -> Environment {
    Environment {
        name: "production".to_owned(),
        source: EnvironmentSource::Yaml(vec!["apps".to_owned()]),
        cluster: Some("test".to_owned()),
        apply: ApplyMode::ServerSide,
        field_manager: MANAGER.to_owned(),
        prune: true,
        on_unreachable: OnUnreachable::Hold,
        default_namespace: None,
        destinations: Vec::new(),
        unforced: false,
        kubernetes: None,
    }
}

async fn connect(kubeconfig: &std::path::Path) -> KubeCluster {
    let access = Access::Kubeconfig { file: Some(kubeconfig.to_owned()), context: None };
    KubeCluster::connect("test".to_owned(), &access, Patience::USUAL).await.unwrap()
}

fn reference(manifest: &Value) -> ObjectRef {
    let text = |path| manifest.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let api_version = text("/apiVersion");
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    ObjectRef {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: text("/kind"),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
    }
}

/// As the render tells it.
fn input(base: Option<&Value>, head: Option<&Value>) -> PredictInput {
    let (operation, rendered) = match (base, head) {
        (None, _) => (Operation::Create, RenderOperation::Add),
        (_, None) => (Operation::Delete, RenderOperation::Remove),
        _ => (Operation::Update, RenderOperation::Change),
    };
    let effect = Effect {
        object: reference(head.or(base).unwrap()),
        operation,
        rendered,
        tier: Tier::Render,
        settled: None,
        risks: [Risk::Image].into(),
        reason: None,
        source: None,
        changes: diff::fields(base.unwrap_or(&Value::Null), head.unwrap_or(&Value::Null)),
        before: base.map(Body::from),
        after: head.map(Body::from),
        made: None,
        moved_from: None,
    };
    let manifest = |side: Option<&Value>| side.map_or(Manifest::Absent, |value| Manifest::Raw(value.clone()));
    PredictInput { effect, base: manifest(base), head: manifest(head) }
}

/// In words, for snapshots.
fn words(predicted: &Predicted) -> String {
    let mut lines = Vec::new();
    for effect in &predicted.effects {
        let Effect { operation, tier, settled, object, .. } = effect;
        lines.push(format!("{operation:?} {} ({tier:?}, settled {settled:?})", object.kind));
        lines.extend(effect.reason.iter().map(|reason| format!("  reason: {reason}")));
        if effect.settled == Some(true) {
            lines.extend(effect.changes.iter().map(change));
        }
    }
    for drift in &predicted.drift {
        lines.push(format!("drift {}", drift.object.kind));
        lines.extend(drift.changes.iter().map(change));
    }
    let error = |error: &countersign_core::evaluation::EnvironmentError| {
        format!("{}: {}", if error.undecided { "undecided" } else { "noted" }, error.message)
    };
    lines.extend(predicted.errors.iter().map(error));
    lines.join("\n")
}

fn change(change: &countersign_core::effect::FieldChange) -> String {
    let value = |value: &Option<Value>| value.as_ref().map_or("–".to_owned(), Value::to_string);
    format!("  {}: {} → {}", change.path, value(&change.before), value(&change.after))
}

fn rich_spec() -> Value {
    json!({
        "replicas": 3,
        "minReadySeconds": 5,
        "revisionHistoryLimit": 4,
        "progressDeadlineSeconds": 100,
        "strategy": { "type": "Recreate" },
        "paused": true,
    })
}

#[tokio::test]
async fn what_the_applier_owns_is_predicted_and_the_prediction_comes_true() {
    let Some(world) = World::new().await else { return };
    let (base, head) = (world.deployment(rich_spec()), world.deployment(json!({})));
    world.apply(&base, MANAGER).await;
    let before = world.live(&base).await.unwrap();
    let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
    assert_eq!(world.live(&base).await.unwrap(), before, "a prediction writes nothing");
    world.apply(&head, MANAGER).await;
    let after = world.live(&base).await.unwrap();
    let came_true = diff::fields(&before, &after);
    let paths: Vec<_> = predicted.effects[0].changes.iter().map(|change| &change.path).collect();
    assert_eq!(paths, came_true.iter().map(|change| &change.path).collect::<Vec<_>>());
    assert_eq!(predicted.tier, Tier::DryRun);
    assert_snapshot!(world.check(&predicted), @r#"
    Update Deployment (DryRun, settled Some(true))
      spec.minReadySeconds: 5 → –
      spec.paused: true → –
      spec.progressDeadlineSeconds: 100 → 600
      spec.replicas: 3 → 1
      spec.revisionHistoryLimit: 4 → 10
      spec.strategy.rollingUpdate: – → {"maxSurge":"‹live›","maxUnavailable":"‹live›"}
      spec.strategy.type: "Recreate" → "RollingUpdate"
    "#);
}

#[tokio::test]
async fn another_managers_name_predicts_nothing_so_the_render_stands() {
    let Some(world) = World::new().await else { return };
    let (base, head) = (world.deployment(rich_spec()), world.deployment(json!({})));
    world.apply(&base, "somebody-else").await;
    let given = input(Some(&base), Some(&head));
    let predicted = world.predict(&environment(), vec![given.clone()]).await;
    assert_eq!(predicted.effects[0].changes, given.effect.changes);
    assert_snapshot!(world.check(&predicted), @r"
    Update Deployment (DryRun, settled Some(false))
      reason: unsettled: `deployer` did not apply it
    ");
}

#[tokio::test]
async fn an_object_that_was_applied_client_side_is_unsettled() {
    let Some(world) = World::new().await else { return };
    let (base, head) = (world.deployment(rich_spec()), world.deployment(json!({})));
    world.apply_client_side(&base).await;
    for manager in [MANAGER, "kubectl"] {
        let environment = Environment { field_manager: manager.to_owned(), ..environment() };
        let given = input(Some(&base), Some(&head));
        let predicted = world.predict(&environment, vec![given.clone()]).await;
        assert_eq!(predicted.effects[0].changes, given.effect.changes);
        let reason =
            "unsettled: `kubectl-client-side-apply` wrote to it too, and the applier takes that over";
        let said = format!("Update Deployment (DryRun, settled Some(false))\n  reason: {reason}");
        assert_eq!(world.check(&predicted), said);
    }
}

#[tokio::test]
async fn what_somebody_edited_is_drift_and_the_render_stands() {
    let Some(world) = World::new().await else { return };
    let (base, head) = (world.deployment(json!({ "replicas": 3 })), world.deployment(json!({})));
    world.apply(&base, MANAGER).await;
    let edit = json!({
        "metadata": { "annotations": { "note": "hunter2" } },
        "spec": { "replicas": 5 },
    });
    world.edit(&base, edit).await;
    let given = input(Some(&base), Some(&head));
    let predicted = world.predict(&environment(), vec![given.clone()]).await;
    assert_eq!(predicted.effects[0].changes, given.effect.changes);
    assert_snapshot!(world.check(&predicted), @r"
    Update Deployment (DryRun, settled Some(false))
      reason: unsettled: `deployer` does not own `spec.replicas`, which base says
    drift Deployment
      spec.replicas: 5 → 3
    ");
}

#[tokio::test]
async fn a_change_that_only_says_what_is_default_has_no_effect() {
    let Some(world) = World::new().await else { return };
    let base = world.deployment(json!({ "replicas": 2 }));
    let head = world.deployment(json!({ "replicas": 2, "revisionHistoryLimit": 10, "paused": false }));
    world.apply(&base, MANAGER).await;
    let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
    assert_eq!(predicted.effects[0].risks, [].into());
    assert_snapshot!(world.check(&predicted), @r"
    None Deployment (DryRun, settled Some(true))
      reason: no effect on the cluster: it makes the same object of both
    ");
}

#[tokio::test]
async fn live_values_that_the_change_does_not_name_are_not_shown() {
    let Some(world) = World::new().await else { return };
    let mut base = world.config_map(json!({ "shared": "ours" }));
    base["metadata"]["labels"] = json!({ "team": "shop" });
    world.apply(&base, MANAGER).await;
    world.edit(&base, json!({ "data": { "theirs": "hunter2" } })).await;
    let mut head = base.clone();
    head["data"] = json!({ "shared": "new" });
    let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
    assert!(!format!("{:?}{:?}", predicted.effects[0].changes, predicted.drift).contains("hunter2"));
    assert_snapshot!(world.check(&predicted), @r#"
    Update ConfigMap (DryRun, settled Some(true))
      data.shared: "ours" → "new"
    "#);
}

#[tokio::test]
async fn a_new_object_is_tried_and_nothing_the_server_invents_is_shown() {
    let Some(world) = World::new().await else { return };
    let job = world.object(
        "batch/v1",
        "Job",
        "migrate",
        json!({ "spec": { "template": { "spec": {
            "restartPolicy": "Never",
            "containers": [{ "name": "migrate", "image": "registry.example.org/migrate:1" }],
        }}}}),
    );
    let given = input(None, Some(&job));
    let predicted = world.predict(&environment(), vec![given.clone()]).await;
    assert_eq!(world.live(&job).await, None);
    assert_eq!(predicted.effects[0].changes, given.effect.changes);
    assert_eq!(words(&predicted).lines().next(), Some("Create Job (DryRun, settled Some(true))"));
    // Base says it, the cluster does not have it: an environment that lags behind.
    let mut head = job.clone();
    head["spec"]["backoffLimit"] = json!(1);
    let predicted = world.predict(&environment(), vec![input(Some(&job), Some(&head))]).await;
    assert_snapshot!(world.check(&predicted), @r"
    Create Job (DryRun, settled Some(false))
      reason: it is not in the cluster, and would be created
    ");
}

#[tokio::test]
async fn an_object_that_is_there_already_is_changed_and_not_created() {
    let Some(world) = World::new().await else { return };
    let live = world.config_map(json!({ "a": "1", "b": "hunter2" }));
    world.apply(&live, "somebody-else").await;
    let head = world.config_map(json!({ "a": "2" }));
    let predicted = world.predict(&environment(), vec![input(None, Some(&head))]).await;
    let changes: Vec<_> = predicted.effects[0].changes.iter().map(change).collect();
    assert_eq!(changes, [r#"  data.a: "1" → "2""#]);
    assert_snapshot!(world.check(&predicted), @r"
    Update ConfigMap (DryRun, settled Some(false))
      reason: it is in the cluster already, and would be changed
    ");
}

#[tokio::test]
async fn what_leaves_the_tree_is_looked_for() {
    let Some(world) = World::new().await else { return };
    let there = world.config_map(json!({ "a": "1" }));
    world.apply(&there, MANAGER).await;
    let gone = world.deployment(json!({}));
    let inputs = vec![input(Some(&there), None), input(Some(&gone), None)];
    let predicted = world.predict(&environment(), inputs).await;
    assert_eq!(predicted.tier, Tier::Live);
    assert_snapshot!(world.check(&predicted), @r"
    Delete ConfigMap (Live, settled None)
    None Deployment (Live, settled Some(true))
      reason: no effect on the cluster: it is not there
    ");
}
