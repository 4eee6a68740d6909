//! HelmReleases, as the real helm-controller of Flux brings them there or does not. On its way to what is waited for, one
//! is in progress and nothing else: never there too early, never given up while it goes on.

mod sources;

use countersign_core::convergence::{chart_source, release};
use reqwest::Method;

use super::*;
use crate::parts::{HelmController, helm_controller};

/// A HelmRelease in a namespace of its own, and the commits of the source of its chart where that has any.
struct Depot {
    api: &'static ApiServer,
    helm: &'static HelmController,
    namespace: String,
    release: String,
    history: History,
}

impl Depot {
    async fn new(spec: Value) -> Option<Self> {
        let (api, helm) = (apiserver().await?, helm_controller().await?);
        let namespace = api.create_namespace().await;
        let release = helm.create(&namespace, spec).await;
        Some(Self { api, helm, namespace, release, history: History::default() })
    }

    async fn live(&self) -> Value {
        self.helm.release(&self.namespace, &self.release).await.expect("it is there")
    }

    /// What it takes its chart from, where it says so and that is there.
    async fn source(&self, live: &Value) -> Option<Value> {
        let named = chart_source(live)?;
        self.helm.source(&named.namespace, &named.kind, &named.name).await
    }

    fn told(&self, live: &Value, source: Option<&Value>) -> Standing {
        let commit = self.history.0.last().map(String::as_str).unwrap_or_default();
        release(live, source, &|revision| self.history.contains(revision, commit))
    }

    /// How far it has come, and as what.
    async fn now(&self) -> (Standing, Value) {
        // The source first: what the release then says is as new or newer.
        let source = self.source(&self.live().await).await;
        let live = self.live().await;
        (self.told(&live, source.as_ref()), live)
    }

    /// Waits until it has come so far, and says why. It as it is then: its controller looks again when it likes.
    async fn until(&self, progress: Progress, why: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (now, live) = self.now().await;
            if now.progress == progress && now.why.contains(why) {
                return live;
            }
            assert_eq!(now.progress, Progress::InProgress, "before {progress:?} ({why}): {now:?} {live}");
            assert!(Instant::now() < deadline, "it never is {progress:?} ({why}), but {now:?} {live}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until something is true of it. It as it is then.
    async fn when(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let live = self.live().await;
            if is_so(&live) {
                return live;
            }
            assert!(Instant::now() < deadline, "it never {what}: {live}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn patch(&self, spec: Value) {
        self.helm.patch(&self.namespace, &self.release, json!({ "spec": spec })).await;
    }

    /// Has it ask for another version of its chart, and say more otherwise.
    async fn ask(&self, version: &str, more: Value) {
        let mut spec = json!({ "chart": { "spec": { "version": version } } });
        spec.as_object_mut().expect("a map").extend(more.as_object().cloned().expect("a map"));
        self.patch(spec).await;
    }

    /// Has its source make the version that it asks for.
    async fn publish(&self, version: &str, template: &str) {
        let chart = self.helm.chart(&self.namespace, &self.release, version).await;
        self.helm.publish(&chart, &files_of(version, template), version, json!({})).await;
    }

    /// What the controller of a StatefulSet says when the pods of an image are ready; once that is asked for.
    async fn rolled_out(&self, image: &str) {
        let path = format!("/apis/apps/v1/namespaces/{}/statefulsets", self.namespace);
        let deadline = Instant::now() + PATIENCE;
        let live = loop {
            let mut all = self.api.call(Method::GET, &path, None).await;
            let one = all["items"].as_array_mut().and_then(Vec::pop);
            if let Some(live) =
                one.filter(|live| live["spec"]["template"]["spec"]["containers"][0]["image"] == image)
            {
                break live;
            }
            assert!(Instant::now() < deadline, "nobody asks for {image}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let status = json!({
            "observedGeneration": live["metadata"]["generation"], "replicas": 1, "readyReplicas": 1,
            "updatedReplicas": 1, "availableReplicas": 1, "currentReplicas": 1, "currentRevision": image,
            "updateRevision": image,
        });
        let path = format!("{path}/web/status?fieldManager=kube-controller-manager");
        self.api.patch(&path, "application/merge-patch+json", &json!({ "status": status })).await;
    }
}

/// A chart out of a repository of charts.
fn of_repository(version: &str, more: Value) -> Value {
    let source = json!({ "kind": "HelmRepository", "name": "charts" });
    let mut spec =
        json!({ "chart": { "spec": { "chart": "web", "version": version, "sourceRef": source } } });
    spec.as_object_mut().expect("a map").extend(more.as_object().cloned().expect("a map"));
    spec
}

fn files_of(version: &str, template: &str) -> BTreeMap<String, String> {
    let about = format!("apiVersion: v2\nname: web\nversion: {version}\n");
    let files = [
        ("web/Chart.yaml", about.as_str()),
        ("web/values.yaml", "{}\n"),
        ("web/templates/all.yaml", template),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// What Helm waits for, and nobody makes ready but a test.
fn waited_for(image: &str) -> String {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "web" },
        "spec": {
            "serviceName": "web",
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "web", "image": image }] },
            },
        },
    })
    .to_string()
}

const REFUSED: &str = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: []}}";

#[tokio::test]
async fn a_release_that_waits_for_its_objects() {
    let Some(depot) = Depot::new(of_repository("0.1.0", json!({}))).await else { return };
    depot.until(Progress::InProgress, "SourceNotReady").await;
    depot.publish("0.1.0", &waited_for("web:1")).await;
    depot.until(Progress::InProgress, "Running 'install' action").await;
    depot.rolled_out("web:1").await;
    depot.until(Progress::Reached, "it is released and ready").await;

    // Another version: not there before it can be had, nor before it is well, and not well in time.
    depot.ask("0.2.0", json!({ "timeout": "4s" })).await;
    depot.until(Progress::InProgress, "SourceNotReady").await;
    depot.publish("0.2.0", &waited_for("web:2")).await;
    depot.until(Progress::InProgress, "Running 'upgrade' action").await;
    depot.until(Progress::Degraded, "web@0.2.0: context deadline exceeded").await;
    let stalled = depot.when("gives up", |live| live["status"]["conditions"][0]["type"] == "Stalled").await;
    assert_eq!(depot.told(&stalled, None).progress, Progress::Degraded);

    depot.ask("0.3.0", json!({ "timeout": "1m" })).await;
    depot.publish("0.3.0", &waited_for("web:3")).await;
    depot.rolled_out("web:3").await;
    depot.until(Progress::Reached, "it is released and ready").await;
}

#[tokio::test]
async fn a_release_that_cannot_be_made() {
    let Some(depot) = Depot::new(of_repository("0.1.0", json!({}))).await else { return };
    // What cannot be rendered, at once and after there was something; and what the API server refuses.
    depot.publish("0.1.0", "{{ fail \"no\" }}").await;
    depot.until(Progress::Failed, "InstallFailed").await;
    depot.ask("0.2.0", json!({})).await;
    depot.publish("0.2.0", &config_map()).await;
    depot.until(Progress::Reached, "it is released and ready").await;
    depot.ask("0.3.0", json!({})).await;
    depot.publish("0.3.0", "{{ fail \"no\" }}").await;
    depot.until(Progress::Failed, "web@0.3.0: execution error").await;
    depot.ask("0.4.0", json!({})).await;
    depot.publish("0.4.0", REFUSED).await;
    depot.until(Progress::Failed, "spec.ports: Required value").await;

    // What it stands on is missing.
    depot.ask("0.5.0", json!({ "valuesFrom": [{ "kind": "ConfigMap", "name": "shop-values" }] })).await;
    depot.publish("0.5.0", &config_map()).await;
    depot.until(Progress::Failed, "ValuesError").await;
    depot.patch(json!({ "suspend": true })).await;
    depot.until(Progress::Suspended, "it is suspended").await;
    let values = json!({ "metadata": { "name": "shop-values" }, "data": { "values.yaml": "{}" } });
    let path = format!("/api/v1/namespaces/{}/configmaps", depot.namespace);
    depot.api.call(Method::POST, &path, Some(values)).await;
    depot.patch(json!({ "suspend": false })).await;
    // Who changed these values since would not be seen in it.
    depot.until(Progress::Unknown, "it takes values from ConfigMap shop-values").await;
    depot.patch(json!({ "valuesFrom": null })).await;
    depot.until(Progress::Reached, "it is released and ready").await;
}

#[tokio::test]
async fn a_release_that_is_suspended_and_then_is_another() {
    let Some(depot) = Depot::new(of_repository("0.1.0", json!({}))).await else { return };
    depot.publish("0.1.0", &config_map()).await;
    depot.until(Progress::Reached, "").await;
    depot.patch(json!({ "suspend": true })).await;
    depot.until(Progress::Suspended, "it is suspended").await;
    depot.ask("0.2.0", json!({})).await;
    depot.until(Progress::Suspended, "it is suspended").await;
    depot.patch(json!({ "suspend": false })).await;
    depot.publish("0.2.0", &config_map()).await;
    depot.until(Progress::Reached, "").await;

    // Another name: Helm takes away what there is, and installs it anew.
    depot.patch(json!({ "releaseName": "other" })).await;
    let live = depot.until(Progress::Reached, "").await;
    assert_eq!(live["status"]["history"][0]["name"], "other");

    // Somebody holds on to it while it is deleted.
    let finalizers = json!({ "metadata": { "finalizers": ["finalizers.fluxcd.io", "example.org/held"] } });
    depot.helm.patch(&depot.namespace, &depot.release, finalizers).await;
    depot.helm.delete(&depot.namespace, &depot.release).await;
    depot.until(Progress::InProgress, "it is being deleted").await;
    let gone = depot.when("is uninstalled", |live| !live["status"]["history"].is_array()).await;
    let now = depot.told(&gone, None);
    assert_eq!((now.progress, now.why.as_str()), (Progress::InProgress, "it is being deleted"));
}

#[tokio::test]
async fn a_release_that_goes_back() {
    let last = json!({ "remediation": { "remediateLastFailure": true } });
    let spec = of_repository(
        "0.1.0",
        json!({ "install": &last, "upgrade": &last, "rollback": { "disableWait": true } }),
    );
    let Some(depot) = Depot::new(spec).await else { return };
    depot.publish("0.1.0", REFUSED).await;
    depot.until(Progress::Failed, "it failed and was uninstalled").await;
    depot.ask("0.2.0", json!({})).await;
    depot.publish("0.2.0", &waited_for("web:2")).await;
    depot.rolled_out("web:2").await;
    depot.until(Progress::Reached, "").await;
    // What it went back to is well, and is not what was asked for.
    depot.ask("0.3.0", json!({ "timeout": "2s" })).await;
    depot.publish("0.3.0", &waited_for("web:3")).await;
    depot.until(Progress::Failed, "it failed and was rolled back: Helm upgrade failed").await;
    // The history is written a moment later.
    let is_back = |live: &Value| {
        let newest = &live["status"]["history"][0];
        newest["chartVersion"] == "0.2.0" && newest["status"] == "deployed"
    };
    let live = depot.when("is back", is_back).await;
    let [newest, tried] = [0, 1].map(|place: usize| &live["status"]["history"][place]);
    assert_eq!((&newest["chartVersion"], &newest["status"]), (&json!("0.2.0"), &json!("deployed")));
    assert_eq!((&tried["chartVersion"], &tried["status"]), (&json!("0.3.0"), &json!("failed")));
}

#[tokio::test]
async fn a_release_that_tries_again() {
    let spec = json!({ "timeout": "3s", "install": { "remediation": { "retries": 1 } } });
    let Some(depot) = Depot::new(of_repository("0.1.0", spec)).await else { return };
    depot.publish("0.1.0", &waited_for("web:1")).await;
    depot.until(Progress::InProgress, "its controller goes on: Helm install failed").await;
    depot.until(Progress::InProgress, "Running 'install' action").await;
    let live = depot.until(Progress::Degraded, "InstallFailed").await;
    assert_eq!(live["status"]["installFailures"], 2);
}

#[tokio::test]
async fn a_release_whose_tests_fail() {
    let spec = json!({ "timeout": "2s", "test": { "enable": true } });
    let Some(depot) = Depot::new(of_repository("0.1.0", spec)).await else { return };
    let test = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "test", "annotations": { "helm.sh/hook": "test" } },
        "spec": { "containers": [{ "name": "test", "image": "test:1" }] },
    });
    depot.publish("0.1.0", &format!("{}\n---\n{test}", config_map())).await;
    depot.until(Progress::Degraded, "TestFailed: Helm test failed").await;
}

#[tokio::test]
async fn a_release_that_depends_on_another() {
    let Some(first) = Depot::new(of_repository("0.1.0", json!({}))).await else { return };
    let spec =
        of_repository("0.1.0", json!({ "releaseName": "other", "dependsOn": [{ "name": &first.release }] }));
    let release = first.helm.create(&first.namespace, spec).await;
    let namespace = first.namespace.clone();
    let second = Depot { api: first.api, helm: first.helm, namespace, release, history: History::default() };
    second.publish("0.1.0", &config_map().replace("\"name\":\"a\"", "\"name\":\"b\"")).await;
    second.until(Progress::InProgress, "DependencyNotReady").await;
    first.publish("0.1.0", &config_map()).await;
    first.until(Progress::Reached, "").await;
    second.until(Progress::Reached, "").await;
}
