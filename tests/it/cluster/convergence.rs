//! Whether the real Argo CD and the real Flux have reached a commit, told from what they write about themselves. No
//! workload runs on the API server of the tests: what a Deployment's controller would write, the tests do.

mod releases;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use countersign_core::convergence::{Progress, Standing, standing};

use super::*;
use crate::parts::{ApiServer, ArgoCd, Flux, Repository, apiserver, argocd, flux};

/// How long a controller may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Commits, the oldest first.
#[derive(Default)]
struct History(Vec<String>);

impl History {
    fn newest(&self) -> &str {
        self.0.last().expect("a commit")
    }

    /// How far something has come on its way to a commit.
    fn standing(&self, live: &Value, commit: &str) -> Standing {
        standing(Some(live), &|revision| self.contains(revision, commit))
    }

    /// Whether a commit, or what begins as one does, contains another; `None` where it is not known.
    fn contains(&self, revision: &str, commit: &str) -> Option<bool> {
        let place = |commit: &str| self.0.iter().position(|known| known.starts_with(commit));
        Some(place(revision)? >= place(commit)?)
    }
}

fn deployment(image: &str, more: Value) -> String {
    let mut spec = json!({
        "replicas": 1,
        "selector": { "matchLabels": { "app": "web" } },
        "template": {
            "metadata": { "labels": { "app": "web" } },
            "spec": { "containers": [{ "name": "web", "image": image }] },
        },
    });
    let fields = spec.as_object_mut().expect("a map");
    fields.extend(more.as_object().cloned().expect("a map"));
    let deployment =
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" }, "spec": spec });
    deployment.to_string()
}

fn config_map() -> String {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" }, "data": { "a": "b" } })
        .to_string()
}

fn files(path: &str, text: String) -> BTreeMap<String, String> {
    BTreeMap::from([(path.to_owned(), text)])
}

/// What a Deployment's controller says once it is through: all is well, or it gave up.
async fn rolled_out(api: &ApiServer, namespace: &str, is_well: bool) {
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    let live = api.call(reqwest::Method::GET, &path, None).await;
    let progressing = match is_well {
        true => {
            json!({ "status": "True", "reason": "NewReplicaSetAvailable", "message": "it is rolled out" })
        }
        false => json!({ "status": "False", "reason": "ProgressDeadlineExceeded", "message": "it gave up" }),
    };
    let mut progressing = progressing;
    progressing["type"] = "Progressing".into();
    let serves = json!({ "type": "Available", "status": if is_well { "True" } else { "False" } });
    let available = u32::from(is_well);
    let status = json!({
        "observedGeneration": live["metadata"]["generation"], "replicas": 1, "updatedReplicas": 1,
        "availableReplicas": available, "readyReplicas": available, "unavailableReplicas": 1 - available,
        "conditions": [progressing, serves],
    });
    let path = format!("{path}/status?fieldManager=kube-controller-manager");
    api.patch(&path, "application/merge-patch+json", &json!({ "status": status })).await;
}

/// An Application, and the commits of the repository that it reads.
struct Shop {
    api: &'static ApiServer,
    argocd: &'static ArgoCd,
    repository: Repository,
    application: String,
    namespace: String,
    history: History,
}

impl Shop {
    async fn new(first: String, policy: Value) -> Option<Self> {
        let (api, argocd) = (apiserver().await?, argocd().await?);
        let namespace = api.create_namespace().await;
        let repository = Repository::new();
        let history = History(vec![repository.commit(&files("shop/all.json", first))]);
        let application = argocd.create(&repository, "shop", &namespace, policy).await;
        Some(Self { api, argocd, repository, application, namespace, history })
    }

    fn commit(&mut self, text: String) {
        self.history.0.push(self.repository.commit(&files("shop/all.json", text)));
    }

    async fn now(&self) -> Standing {
        self.history.standing(&self.argocd.application(&self.application).await, self.history.newest())
    }

    /// Waits until it has come so far on its way to the newest commit, and says why.
    async fn until(&self, progress: Progress, why: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.now().await;
            if now.progress == progress && now.why.contains(why) {
                return;
            }
            assert!(Instant::now() < deadline, "it never is {progress:?} ({why}), but {now:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn refresh(&self) {
        self.argocd.refresh(&self.application).await;
    }

    async fn sync(&self) {
        self.argocd.sync(&self.application, self.history.newest(), &[]).await;
    }
}

#[tokio::test]
async fn an_application_of_argo_cd_that_is_synced_by_hand() {
    let Some(mut shop) = Shop::new(deployment("web:1", json!({})), json!({})).await else { return };
    shop.refresh().await;
    shop.until(Progress::OutOfDate, "differs from the commit").await;
    shop.argocd.ask_for_sync(&shop.application, shop.history.newest(), &[]).await;
    assert_eq!(shop.now().await.progress, Progress::InProgress);
    shop.until(Progress::InProgress, "its objects are on their way").await;
    rolled_out(shop.api, &shop.namespace, true).await;
    shop.until(Progress::Reached, "synced and healthy").await;

    // A commit that it has not seen, then one that it compares with, then one that it applies.
    shop.commit(deployment("web:2", json!({})));
    assert_eq!(shop.now().await.progress, Progress::OutOfDate);
    shop.refresh().await;
    shop.until(Progress::OutOfDate, "differs from the commit").await;
    shop.sync().await;
    shop.until(Progress::InProgress, "its objects are on their way").await;
    rolled_out(shop.api, &shop.namespace, false).await;
    shop.until(Progress::Degraded, "its objects are not well").await;
    rolled_out(shop.api, &shop.namespace, true).await;
    shop.until(Progress::Reached, "").await;

    // What the API server refuses.
    shop.commit(deployment("web:2", json!({ "selector": { "matchLabels": { "app": "other" } } })));
    shop.refresh().await;
    shop.until(Progress::OutOfDate, "").await;
    shop.sync().await;
    shop.until(Progress::Failed, "its sync failed").await;

    shop.commit(deployment("web:2", json!({ "paused": true })));
    shop.refresh().await;
    shop.until(Progress::OutOfDate, "").await;
    shop.sync().await;
    rolled_out(shop.api, &shop.namespace, true).await;
    shop.until(Progress::Suspended, "suspended").await;

    // What it cannot render at all.
    shop.commit("{".to_owned());
    shop.refresh().await;
    shop.until(Progress::Failed, "ComparisonError").await;
}

#[tokio::test]
async fn an_application_of_argo_cd_that_syncs_by_itself() {
    let policy = json!({ "automated": {} });
    let Some(mut shop) = Shop::new(config_map(), policy).await else { return };
    shop.until(Progress::Reached, "synced and healthy").await;
    shop.commit(config_map().replace("\"b\"", "\"c\""));
    let now = shop.now().await;
    assert_eq!((now.progress, now.why.as_str()), (Progress::InProgress, "it has not seen the commit yet"));
    shop.refresh().await;
    shop.until(Progress::Reached, "synced and healthy").await;
    // A later commit contains the earlier ones.
    let application = shop.argocd.application(&shop.application).await;
    assert_eq!(shop.history.standing(&application, &shop.history.0[0]).progress, Progress::Reached);
}

/// A Kustomization, and the commits of its source. Flux takes no file for a manifest that does not end in `.yaml`.
struct Stock {
    api: &'static ApiServer,
    flux: &'static Flux,
    source: String,
    kustomization: String,
    namespace: String,
    history: History,
}

impl Stock {
    async fn new(first: BTreeMap<String, String>, spec: Value) -> Option<Self> {
        let (api, flux) = (apiserver().await?, flux().await?);
        let namespace = api.create_namespace().await;
        let source = flux.create_source().await;
        let mut spec = spec;
        spec["targetNamespace"] = namespace.as_str().into();
        let kustomization = flux.create(&source, "./shop", spec).await;
        let mut stock = Self { api, flux, source, kustomization, namespace, history: History::default() };
        stock.commit(first).await;
        Some(stock)
    }

    async fn commit(&mut self, files: BTreeMap<String, String>) {
        let commit = format!("{:040x}", self.history.0.len() + 1);
        self.flux.publish(&self.source, &commit, &files).await;
        self.history.0.push(commit);
    }

    async fn until(&self, progress: Progress, why: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let live = self.flux.kustomization(&self.kustomization).await;
            let now = self.history.standing(&live, self.history.newest());
            if now.progress == progress && now.why.contains(why) {
                return;
            }
            assert!(Instant::now() < deadline, "it never is {progress:?} ({why}), but {now:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn a_kustomization_of_flux() {
    let web = |image: &str| files("shop/web.yaml", deployment(image, json!({})));
    let spec = json!({ "wait": true, "timeout": "20s" });
    let Some(mut stock) = Stock::new(web("web:1"), spec).await else { return };
    // It waits for its objects, which nobody rolls out.
    stock.until(Progress::InProgress, "").await;
    stock.until(Progress::Degraded, "HealthCheckFailed").await;
    stock.commit(web("web:2")).await;
    stock.until(Progress::InProgress, "").await;
    let is_applied = async || {
        let path = format!("/apis/apps/v1/namespaces/{}/deployments/web", stock.namespace);
        let live = stock.api.call(reqwest::Method::GET, &path, None).await;
        live["spec"]["template"]["spec"]["containers"][0]["image"] == "web:2"
    };
    let deadline = Instant::now() + PATIENCE;
    while !is_applied().await {
        assert!(Instant::now() < deadline, "it is never applied");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    rolled_out(stock.api, &stock.namespace, true).await;
    stock.until(Progress::Reached, "applied the commit and is ready").await;

    // What cannot be built, and what the API server refuses.
    stock.commit(files("shop/kustomization.yaml", "resources: [missing.yaml]\n".to_owned())).await;
    stock.until(Progress::Failed, "BuildFailed").await;
    let other = json!({ "selector": { "matchLabels": { "app": "other" } } });
    stock.commit(files("shop/web.yaml", deployment("web:2", other))).await;
    stock.until(Progress::Failed, "ReconciliationFailed").await;

    stock.flux.patch(&stock.kustomization, json!({ "spec": { "suspend": true } })).await;
    stock.until(Progress::Suspended, "it is suspended").await;
    stock.commit(web("web:2")).await;
    stock.until(Progress::Suspended, "it is suspended").await;
    stock.flux.patch(&stock.kustomization, json!({ "spec": { "suspend": false } })).await;
    stock.until(Progress::Reached, "").await;
}
