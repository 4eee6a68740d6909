//! A namespace of a real API server, and whoever acts in it.

use super::*;
use crate::parts::{ApiServer, apiserver, apiserver_with_all_plugins};

/// A namespace of a real API server, as one test sees it.
pub(super) struct World {
    pub(super) server: &'static ApiServer,
    pub(super) cluster: KubeCluster,
    pub(super) namespace: String,
}

impl World {
    pub(super) async fn new() -> Option<Self> {
        Some(Self::on(apiserver().await?).await)
    }

    /// One where Pods need a service account, and where others may serve kinds.
    pub(super) async fn with_all_plugins() -> Option<Self> {
        Some(Self::on(apiserver_with_all_plugins().await?).await)
    }

    async fn on(server: &'static ApiServer) -> Self {
        let namespace = server.create_namespace().await;
        Self { server, cluster: connect(server.kubeconfig()).await, namespace }
    }

    /// Makes an object of this world's namespace, as the administrator.
    pub(super) async fn make(&self, manifest: &Value) {
        let path = self.path(manifest);
        let (list, _) = path.rsplit_once('/').unwrap();
        self.server.call(reqwest::Method::POST, list, Some(manifest.clone())).await;
    }

    /// What a controller would say of an object.
    pub(super) async fn status(&self, manifest: &Value, status: Value) {
        let path = format!("{}/status", self.path(manifest));
        self.server.patch(&path, "application/merge-patch+json", &json!({ "status": status })).await;
    }

    /// A manifest in this world's namespace.
    pub(super) fn object(&self, api_version: &str, kind: &str, name: &str, rest: Value) -> Value {
        let mut object = json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": { "name": name, "namespace": self.namespace },
        });
        object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        object
    }

    pub(super) fn config_map(&self, data: Value) -> Value {
        self.object("v1", "ConfigMap", "settings", json!({ "data": data }))
    }

    pub(super) fn deployment(&self, spec: Value) -> Value {
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

    pub(super) fn path(&self, manifest: &Value) -> String {
        let object = reference(manifest);
        let root =
            if object.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", object.group) };
        let plural = format!("{}s", object.kind.to_lowercase());
        format!("{root}/{}/namespaces/{}/{plural}/{}", object.version, self.namespace, object.name)
    }

    pub(super) async fn patch(
        &self,
        manifest: &Value,
        content_type: &str,
        query: &str,
        body: &Value,
    ) -> Value {
        let url = format!("{}{}?{query}", self.server.url(), self.path(manifest));
        let request = self.server.http().patch(url).bearer_auth(self.server.admin_token());
        let request = request.header("content-type", content_type).body(body.to_string());
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// What the real applier does.
    pub(super) async fn apply(&self, manifest: &Value, manager: &str) -> Value {
        let query = format!("fieldManager={manager}&force=true&fieldValidation=Strict");
        self.patch(manifest, "application/apply-patch+yaml", &query, manifest).await
    }

    /// What `kubectl apply` without `--server-side` leaves.
    pub(super) async fn apply_client_side(&self, manifest: &Value) {
        let mut applied = manifest.clone();
        applied["metadata"]["annotations"] =
            json!({ "kubectl.kubernetes.io/last-applied-configuration": manifest.to_string() });
        let path = self.path(manifest);
        let (list, _) = path.rsplit_once('/').unwrap();
        let path = format!("{list}?fieldManager=kubectl-client-side-apply");
        self.server.call(reqwest::Method::POST, &path, Some(applied)).await;
    }

    /// Defines the kind `Widget` of a group, which is served, and described, a moment later.
    pub(super) async fn define(&self, definition: &Value, group: &str) {
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{group}");
        self.server.apply(&path, definition).await;
        for path in [format!("/apis/{group}/v1/widgets"), format!("/openapi/v3/apis/{group}/v1")] {
            let url = format!("{}{path}", self.server.url());
            for _ in 0..600 {
                let asked = self.server.http().get(&url).bearer_auth(self.server.admin_token());
                if asked.send().await.is_ok_and(|answer| answer.status().is_success()) {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }

    /// What somebody at a keyboard does.
    pub(super) async fn edit(&self, manifest: &Value, patch: Value) {
        self.patch(manifest, "application/merge-patch+json", "fieldManager=kubectl-edit", &patch).await;
    }

    pub(super) async fn live(&self, manifest: &Value) -> Option<Value> {
        self.cluster.read(&reference(manifest)).await.unwrap()
    }

    pub(super) async fn predict(&self, environment: &Environment, inputs: Vec<PredictInput>) -> Predicted {
        predict(&self.cluster, environment, inputs).await
    }

    /// With this world's namespace, which differs each time, left out.
    pub(super) fn check(&self, predicted: &Predicted) -> String {
        words(predicted).replace(&self.namespace, "NS")
    }
}
