//! What a real API server says of a change, against what a real apply then does. Each test has its own namespace.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use countersign::cluster::{Access, KubeCluster};
use countersign::engine::predict::{Manifest, PredictInput, Predicted, predict};
use countersign::ports::{Cluster, ClusterError, Prediction};
use countersign_core::diff;
use countersign_core::effect::{Effect, Operation, RenderOperation, Risk, Tier};
use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use countersign_core::object::ObjectRef;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::parts::{ApiServer, apiserver};

const MANAGER: &str = "flux-controller";

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
    }
}

async fn connect(kubeconfig: &std::path::Path) -> KubeCluster {
    let access = Access::Kubeconfig { file: Some(kubeconfig.to_owned()), context: None };
    KubeCluster::connect("test".to_owned(), &access).await.unwrap()
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
        before: base.cloned(),
        after: head.cloned(),
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

/// A namespace of a real API server, as one test sees it.
struct World {
    server: &'static ApiServer,
    cluster: KubeCluster,
    namespace: String,
}

impl World {
    async fn new() -> Option<Self> {
        let server = apiserver().await?;
        let namespace = server.create_namespace().await;
        Some(Self { server, cluster: connect(server.kubeconfig()).await, namespace })
    }

    /// A manifest in this world's namespace.
    fn object(&self, api_version: &str, kind: &str, name: &str, rest: Value) -> Value {
        let mut object = json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": { "name": name, "namespace": self.namespace },
        });
        object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        object
    }

    fn config_map(&self, data: Value) -> Value {
        self.object("v1", "ConfigMap", "settings", json!({ "data": data }))
    }

    fn deployment(&self, spec: Value) -> Value {
        let mut deployment = self.object(
            "apps/v1",
            "Deployment",
            "web",
            json!({ "spec": {
                "selector": { "matchLabels": { "app": "web" } },
                "template": {
                    "metadata": { "labels": { "app": "web" } },
                    "spec": { "containers": [{ "name": "web", "image": "registry.example.org/web:1" }] },
                },
            }}),
        );
        deployment["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        deployment
    }

    fn path(&self, manifest: &Value) -> String {
        let object = reference(manifest);
        let root =
            if object.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", object.group) };
        let plural = format!("{}s", object.kind.to_lowercase());
        format!("{root}/{}/namespaces/{}/{plural}/{}", object.version, self.namespace, object.name)
    }

    async fn patch(&self, manifest: &Value, content_type: &str, query: &str, body: &Value) -> Value {
        let url = format!("{}{}?{query}", self.server.url(), self.path(manifest));
        let request = self.server.http().patch(url).bearer_auth(self.server.admin_token());
        let request = request.header("content-type", content_type).body(body.to_string());
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// What the real applier does.
    async fn apply(&self, manifest: &Value, manager: &str) -> Value {
        let query = format!("fieldManager={manager}&force=true&fieldValidation=Strict");
        self.patch(manifest, "application/apply-patch+yaml", &query, manifest).await
    }

    /// What `kubectl apply` without `--server-side` leaves.
    async fn apply_client_side(&self, manifest: &Value) {
        let mut applied = manifest.clone();
        applied["metadata"]["annotations"] =
            json!({ "kubectl.kubernetes.io/last-applied-configuration": manifest.to_string() });
        let path = self.path(manifest);
        let (list, _) = path.rsplit_once('/').unwrap();
        let path = format!("{list}?fieldManager=kubectl-client-side-apply");
        self.server.call(reqwest::Method::POST, &path, Some(applied)).await;
    }

    /// What somebody at a keyboard does.
    async fn edit(&self, manifest: &Value, patch: Value) {
        self.patch(manifest, "application/merge-patch+json", "fieldManager=kubectl-edit", &patch).await;
    }

    async fn live(&self, manifest: &Value) -> Option<Value> {
        self.cluster.read(&reference(manifest)).await.unwrap()
    }

    async fn predict(&self, environment: &Environment, inputs: Vec<PredictInput>) -> Predicted {
        predict(&self.cluster, environment, inputs).await
    }

    /// With this world's namespace, which differs each time, left out.
    fn check(&self, predicted: &Predicted) -> String {
        words(predicted).replace(&self.namespace, "NS")
    }
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
    assert_snapshot!(world.check(&predicted), @"Update Deployment (DryRun, settled Some(false))");
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
        assert_eq!(world.check(&predicted), "Update Deployment (DryRun, settled Some(false))");
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

#[tokio::test]
async fn a_refusal_says_what_and_where_and_no_value() {
    let Some(world) = World::new().await else { return };
    let check = async |base: &Value, head: &Value| {
        let predicted = world.predict(&environment(), vec![input(Some(base), Some(head))]).await;
        assert!(!words(&predicted).contains("hunter2"));
        world.check(&predicted)
    };
    let base = world.deployment(json!({}));
    world.apply(&base, MANAGER).await;
    let unknown = world.deployment(json!({ "replicaz": "hunter2" }));
    assert_snapshot!(check(&base, &unknown).await, @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.replicaz` is not a field of its kind
    ");
    let mut misplaced = base.clone();
    misplaced["metadata"]["lables"] = json!({ "a": "hunter2" });
    assert_snapshot!(check(&base, &misplaced).await, @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `metadata.lables` is not a field of its kind
    ");
    let container = json!({
        "name": "web",
        "image": "registry.example.org/web:1",
        "env": [{ "name": "A", "value": "1" }, { "name": "A", "value": "hunter2" }],
    });
    let mut twice = base.clone();
    twice["spec"]["template"]["spec"]["containers"] = json!([container]);
    assert_snapshot!(check(&base, &twice).await, @r#"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.template.spec.containers[name="web"].env` has two entries with the same key
    "#);
    assert_snapshot!(check(&base, &world.deployment(json!({ "replicas": -1 }))).await, @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.replicas` has an invalid value: must be greater than or equal to 0
    ");
    assert_snapshot!(check(&unknown, &world.deployment(json!({ "replicaz": 3, "paused": true }))).await, @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.replicaz` is not a field of its kind; base is refused as well
    ");
}

#[tokio::test]
async fn an_immutable_field_means_replacing() {
    let Some(world) = World::new().await else { return };
    let base = world.deployment(json!({}));
    let mut head = world.deployment(json!({ "selector": { "matchLabels": { "app": "hunter2" } } }));
    head["spec"]["template"]["metadata"]["labels"] = json!({ "app": "hunter2" });
    let claim = |size: &str, class: &str| {
        let spec = json!({
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": class,
            "resources": { "requests": { "storage": size } },
        });
        world.object("v1", "PersistentVolumeClaim", "db", json!({ "spec": spec }))
    };
    let (claimed, moved) = (claim("1Gi", "slow"), claim("1Gi", "hunter2"));
    let fixed = |value: &str| {
        world.object("v1", "ConfigMap", "fixed", json!({ "immutable": true, "data": { "a": value } }))
    };
    for applied in [&base, &claimed, &fixed("1")] {
        world.apply(applied, MANAGER).await;
    }
    let inputs = vec![
        input(Some(&base), Some(&head)),
        input(Some(&claimed), Some(&moved)),
        input(Some(&fixed("1")), Some(&fixed("hunter2"))),
    ];
    let predicted = world.predict(&environment(), inputs).await;
    assert_eq!(predicted.effects[1].risks, [Risk::Replace, Risk::DataLoss, Risk::Image].into());
    assert_snapshot!(world.check(&predicted), @r"
    Replace Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.selector` cannot be changed once it is set
    Replace PersistentVolumeClaim (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec` cannot be changed once it is set
    Replace ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: `data` cannot be changed once it is set
    ");
}

#[tokio::test]
async fn what_is_not_there_yet_leaves_the_render() {
    let Some(world) = World::new().await else { return };
    let mut elsewhere = world.config_map(json!({ "a": "1" }));
    elsewhere["metadata"]["namespace"] = json!("not-yet");
    let custom = world.object("example.org/v1", "Widget", "w", json!({ "spec": {} }));
    let unserved = world.object("apps/v1beta1", "Deployment", "w", json!({ "spec": {} }));
    let inputs = [&elsewhere, &custom, &unserved].map(|head| input(None, Some(head))).to_vec();
    let predicted = world.predict(&environment(), inputs).await;
    assert_eq!(predicted.tier, Tier::Render);
    assert_snapshot!(world.check(&predicted), @r"
    Create ConfigMap (Render, settled None)
      reason: predicted by rendering: namespace `not-yet` is not in the cluster yet
    Create Widget (Render, settled None)
      reason: predicted by rendering: kind `Widget` of `example.org/v1` is not in the cluster yet
    Create Deployment (Render, settled None)
      reason: predicted by rendering: version `v1beta1` of `Deployment` (it has v1) is not in the cluster yet
    ");
    assert_eq!(world.cluster.namespaced(&reference(&custom)).await.unwrap(), None);
    assert_eq!(world.cluster.namespaced(&reference(&elsewhere)).await.unwrap(), Some(true));
    assert_eq!(world.cluster.read(&reference(&custom)).await.unwrap(), None);
}

#[tokio::test]
async fn an_object_whose_surroundings_the_change_touches_is_not_tried() {
    let Some(world) = World::new().await else { return };
    let map = world.config_map(json!({ "a": "1" }));
    let namespace = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": world.namespace,
            "labels": { "pod-security.kubernetes.io/enforce": "restricted" },
        },
    });
    let pod = world.object("v1", "Pod", "p", json!({ "spec": { "hostNetwork": true, "containers": [] } }));
    let inputs = [&namespace, &pod, &map].map(|head| input(None, Some(head))).to_vec();
    let predicted = world.predict(&environment(), inputs).await;
    assert_eq!(predicted.effects[0].tier, Tier::DryRun, "the namespace itself is tried");
    let quota =
        world.object("v1", "ResourceQuota", "q", json!({ "spec": { "hard": { "configmaps": "1" } } }));
    let limited =
        world.predict(&environment(), vec![input(None, Some(&quota)), input(None, Some(&map))]).await;
    let all = [world.check(&predicted), world.check(&limited)].join("\n");
    assert_snapshot!(all, @r#"
    Update Namespace (DryRun, settled Some(false))
      reason: it is in the cluster already, and would be changed
    Create Pod (Render, settled None)
      reason: predicted by rendering: the same change touches its namespace `NS`
    Create ConfigMap (Render, settled None)
      reason: predicted by rendering: the same change touches its namespace `NS`
    Create ResourceQuota (DryRun, settled Some(true))
      : null → {"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q","namespace":"NS"},"spec":{"hard":{"configmaps":"1"}}}
    Create ConfigMap (Render, settled None)
      reason: predicted by rendering: the same change touches the limits of its namespace `NS`
    "#);
}

#[tokio::test]
async fn a_permission_that_is_missing_is_an_error_and_never_no_change() {
    let Some(world) = World::new().await else { return };
    let map = world.config_map(json!({ "a": "1" }));
    world.apply(&map, MANAGER).await;
    let account = world.server.token_for(&world.namespace, "bot").await;
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"] }]);
    world.server.allow(&account, rules).await;
    let cluster = connect(&world.server.kubeconfig_for(&world.namespace, &account.token)).await;
    let head = world.config_map(json!({ "a": "2" }));
    let inputs = vec![input(Some(&map), Some(&head)), input(Some(&map), None)];
    let predicted = predict(&cluster, &environment(), inputs.clone()).await;
    assert_snapshot!(world.check(&predicted), @r"
    Update ConfigMap (Render, settled None)
    Delete ConfigMap (Live, settled None)
    undecided: ConfigMap NS/settings: cluster `test`: the cluster refused to tell (patch configmaps): the account may not patch `configmaps` in namespace `NS`
    ");
    let lenient = Environment { on_unreachable: OnUnreachable::Render, ..environment() };
    let predicted = predict(&cluster, &lenient, inputs).await;
    assert!(predicted.errors.iter().all(|error| !error.undecided));
    let refused = cluster.identity().await.unwrap_err();
    assert!(matches!(refused, ClusterError::Forbidden { verb: "get", .. }), "{refused}");
}

#[tokio::test]
async fn credentials_that_are_not_accepted_are_an_error() {
    let Some(world) = World::new().await else { return };
    let cluster = connect(&world.server.kubeconfig_for(&world.namespace, "not-a-token")).await;
    let map = world.config_map(json!({ "a": "1" }));
    let predicted = predict(&cluster, &environment(), vec![input(None, Some(&map))]).await;
    assert_snapshot!(world.check(&predicted), @r"
    Create ConfigMap (Render, settled None)
    undecided: ConfigMap NS/settings: cluster `test`: the cluster refused to tell (list the kinds that are served): the credentials are not accepted
    ");
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_is_an_error_and_nobody_waits() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let closed = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "c", "cluster": { "server": "http://127.0.0.1:9" } }],
        "users": [{ "name": "u", "user": {} }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
        "current-context": "c",
    });
    std::fs::write(&kubeconfig, closed.to_string()).unwrap();
    let cluster = connect(&kubeconfig).await;
    let map = |number: usize| {
        let metadata = json!({ "name": format!("m-{number}"), "namespace": "shop" });
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {} })
    };
    let inputs = (0..200).map(|number| input(None, Some(&map(number)))).collect();
    let started = std::time::Instant::now();
    let predicted = predict(&cluster, &environment(), inputs).await;
    assert!(started.elapsed() < std::time::Duration::from_secs(5));
    assert_eq!(predicted.effects.len(), 200);
    assert!(
        predicted
            .effects
            .iter()
            .all(|effect| effect.operation == Operation::Create && effect.settled.is_none())
    );
    assert!(predicted.errors.iter().all(|error| error.undecided));
    assert!(predicted.errors[0].message.contains("were not asked about"), "{}", predicted.errors[0].message);
    assert_snapshot!(predicted.errors[1].message, @"ConfigMap shop/m-0: cluster `test`: the cluster did not answer: Connection refused (os error 111)");
}

#[tokio::test]
async fn a_secret_is_never_read_nor_sent() {
    let Some(world) = World::new().await else { return };
    let secret = world.object("v1", "Secret", "s", json!({ "stringData": { "a": "hunter2" } }));
    let object = reference(&secret);
    world.apply(&secret, MANAGER).await;
    world.cluster.read(&object).await.unwrap_err();
    let sent = world.cluster.dry_run_apply(&object, &secret, MANAGER).await.unwrap();
    assert!(matches!(sent, Prediction::Unpredictable { .. }));
    // Nor under a name that hides it.
    let disguised = ObjectRef { kind: "ConfigMap".to_owned(), ..object };
    world.cluster.dry_run_apply(&disguised, &secret, MANAGER).await.unwrap_err();
    let mut head = secret.clone();
    head["stringData"]["a"] = json!("hunter3");
    let predicted = world.predict(&environment(), vec![input(Some(&secret), Some(&head))]).await;
    assert_eq!(world.check(&predicted), "Update Secret (Render, settled None)");
}

#[tokio::test]
async fn an_admission_policy_is_named() {
    let Some(world) = World::new().await else { return };
    let name = format!("five-{}", world.namespace);
    let rule = json!({
        "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"],
    });
    let policy = json!({ "metadata": { "name": name }, "spec": {
        "failurePolicy": "Fail",
        "matchConstraints": { "resourceRules": [rule] },
        "validations": [{ "expression": "object.spec.replicas <= 5", "messageExpression": "'has hunter2'" }],
    }});
    let binding = json!({ "metadata": { "name": name }, "spec": {
        "policyName": name,
        "validationActions": ["Deny"],
        "matchResources": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": world.namespace } } },
    }});
    let api = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic";
    world.server.call(reqwest::Method::POST, &format!("{api}ies"), Some(policy)).await;
    world.server.call(reqwest::Method::POST, &format!("{api}ybindings"), Some(binding)).await;
    let head = world.deployment(json!({ "replicas": 6 }));
    // The server takes a moment to act on a policy.
    let mut said = String::new();
    for _ in 0..100 {
        let predicted = world.predict(&environment(), vec![input(None, Some(&head))]).await;
        said = world.check(&predicted);
        if predicted.effects[0].operation == Operation::Fail {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_snapshot!(said, @r"
    Fail Deployment (DryRun, settled Some(false))
      reason: the cluster refuses it: ValidatingAdmissionPolicy `five-NS` denies it
    ");
}

#[tokio::test]
async fn identity_is_the_uid_of_kube_system() {
    let Some(world) = World::new().await else { return };
    let system = world.server.call(reqwest::Method::GET, "/api/v1/namespaces/kube-system", None).await;
    assert_eq!(world.cluster.identity().await.unwrap(), system["metadata"]["uid"].as_str().unwrap());
}
