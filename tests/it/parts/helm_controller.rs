//! A real helm-controller of Flux, one a test process, on the API server of the tests. The test stands in for the
//! source-controller: it packs charts, serves them, and says so in the status of what they are taken from.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::artifacts::{self, Artifacts};
use super::process::{self, Server};
use super::{ApiServer, apiserver, tools, unique};

/// How long the controller may take for one thing on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The helm-controller of this test process, or nothing where it or the API server is absent.
pub async fn helm_controller() -> Option<&'static HelmController> {
    static CONTROLLER: OnceCell<Result<HelmController, String>> = OnceCell::const_new();
    let program = tools::present("helm-controller", tools::built("helm-controller"))?;
    let api = apiserver().await?;
    match CONTROLLER.get_or_init(|| process::insist(|| HelmController::start(api, &program))).await {
        Ok(controller) => Some(controller),
        Err(failed) => panic!("{failed}"),
    }
}

/// A running helm-controller.
#[derive(Debug)]
pub struct HelmController {
    api: &'static ApiServer,
    artifacts: Artifacts,
    #[expect(dead_code, reason = "held so that it runs")]
    server: Server,
}

impl HelmController {
    /// A new HelmRelease. `spec` says more than how often and how long, or otherwise.
    pub async fn create(&self, namespace: &str, spec: Value) -> String {
        let name = unique("release");
        let mut release = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": { "name": &name, "namespace": namespace },
            "spec": { "interval": "1h", "timeout": "1m", "releaseName": "web" },
        });
        let fields = release["spec"].as_object_mut().expect("a map");
        fields.extend(spec.as_object().cloned().unwrap_or_default());
        self.api.call(Method::POST, &releases(namespace), Some(release)).await;
        name
    }

    /// The HelmRelease as it is; `None` where there is none.
    pub async fn release(&self, namespace: &str, name: &str) -> Option<Value> {
        self.one(&releases(namespace), name).await
    }

    /// Changes it by a JSON merge patch.
    pub async fn patch(&self, namespace: &str, name: &str, patch: Value) {
        let path = format!("{}/{name}?fieldManager=flux", releases(namespace));
        self.api.patch(&path, "application/merge-patch+json", &patch).await;
    }

    /// Has it deleted, when the controller is through with that.
    pub async fn delete(&self, namespace: &str, name: &str) {
        self.api.call(Method::DELETE, &format!("{}/{name}", releases(namespace)), None).await;
    }

    /// A new source of charts that holds nothing yet, for those who name it themselves.
    pub async fn create_repository(&self, namespace: &str) -> String {
        let name = unique("charts");
        let repository = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "OCIRepository",
            "metadata": { "name": &name, "namespace": namespace },
            "spec": { "interval": "1h", "url": "oci://charts.example.org/web", "ref": { "semver": "*" } },
        });
        self.api.call(Method::POST, &sources(namespace, "OCIRepository"), Some(repository)).await;
        name
    }

    /// A source as it is; `None` where there is none.
    pub async fn source(&self, namespace: &str, kind: &str, name: &str) -> Option<Value> {
        self.one(&sources(namespace, kind), name).await
    }

    /// The HelmChart that the controller makes for a HelmRelease, once it asks for this version of the chart.
    pub async fn chart(&self, namespace: &str, release: &str, version: &str) -> Value {
        let name = format!("{namespace}-{release}");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let live = self.source(namespace, "HelmChart", &name).await;
            match live.filter(|live| live["spec"]["version"] == version) {
                Some(live) => return live,
                None => assert!(Instant::now() < deadline, "nothing asks for {version} of {name}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Has a source hold a chart. `status` says more of it.
    pub async fn publish(
        &self,
        source: &Value,
        files: &BTreeMap<String, String>,
        revision: &str,
        status: Value,
    ) {
        let packed = self.artifacts.pack(files);
        let mut all = json!({
            "artifact": self.artifacts.told(&packed, revision),
            "conditions": [artifacts::ready(true, "Succeeded", "stored artifact", generation(source))],
        });
        let fields = all.as_object_mut().expect("a map");
        fields.extend(status.as_object().cloned().unwrap_or_default());
        self.say(source, all).await;
    }

    /// Has a source say that it could not make what is asked of it.
    pub async fn refuse(&self, source: &Value, message: &str) {
        let ready = artifacts::ready(false, "ChartPackageError", message, generation(source));
        let mut stalled = ready.clone();
        stalled["type"] = "Stalled".into();
        stalled["status"] = "True".into();
        self.say(source, json!({ "conditions": [stalled, ready] })).await;
    }

    /// Has a source make no more of what changes.
    pub async fn suspend(&self, source: &Value) {
        let path = format!("{}?fieldManager=flux", place(source));
        self.api.patch(&path, "application/merge-patch+json", &json!({ "spec": { "suspend": true } })).await;
    }

    /// Writes a source's status, which is then that of what is asked of it now.
    async fn say(&self, source: &Value, status: Value) {
        let mut status = status;
        status["observedGeneration"] = generation(source).into();
        let path = format!("{}/status?fieldManager=source-controller", place(source));
        self.api.patch(&path, "application/merge-patch+json", &json!({ "status": status })).await;
    }

    /// One of those that a path lists, by its name.
    async fn one(&self, path: &str, name: &str) -> Option<Value> {
        let asked = format!("{path}?fieldSelector=metadata.name={name}");
        let mut listed = self.api.call(Method::GET, &asked, None).await;
        let mut one = listed["items"].as_array_mut()?.pop()?;
        // What a list holds says of its kind once, for all.
        one["apiVersion"] = listed["apiVersion"].clone();
        one["kind"] = listed["kind"].as_str()?.trim_end_matches("List").into();
        Some(one)
    }

    async fn start(api: &'static ApiServer, program: &Path) -> Result<Self, String> {
        let (controller, from) = (super::module_of(program, 0)?, super::module_of(program, 1)?);
        let releases = "config/crd/bases/helm.toolkit.fluxcd.io_helmreleases.yaml";
        api.define(&controller.join(releases)).await?;
        for kind in ["helmcharts", "ocirepositories", "externalartifacts"] {
            api.define(&from.join(format!("config/crd/bases/source.toolkit.fluxcd.io_{kind}.yaml"))).await?;
        }
        let [metrics, health] = process::free_ports();
        let home = tempfile::tempdir().map_err(|failed| format!("a folder for Helm: {failed}"))?;
        let mut command = Command::new(program);
        command.args(["--watch-all-namespaces", "--enable-leader-election=false", "--events-addr="]);
        // What it waits for a dependency, it waits for between looks at it.
        command.args(["--requeue-dependency=1s", "--concurrent=8"]);
        command.arg(format!("--metrics-addr=127.0.0.1:{metrics}"));
        command.arg(format!("--health-addr=127.0.0.1:{health}"));
        command.env("KUBECONFIG", api.kubeconfig()).env("RUNTIME_NAMESPACE", "default");
        command.env("HOME", home.path()).env("TMPDIR", home.path());
        let mut server = Server::start("helm-controller", home, &command);
        let http = reqwest::Client::builder().no_proxy().build().map_err(|failed| failed.to_string())?;
        server.ready(&http, &format!("http://127.0.0.1:{health}/readyz"), None).await?;
        Ok(Self { api, artifacts: Artifacts::start()?, server })
    }
}

fn releases(namespace: &str) -> String {
    format!("/apis/helm.toolkit.fluxcd.io/v2/namespaces/{namespace}/helmreleases")
}

fn sources(namespace: &str, kind: &str) -> String {
    let kinds = match kind {
        "OCIRepository" => "ocirepositories",
        _ => "helmcharts",
    };
    format!("/apis/source.toolkit.fluxcd.io/v1/namespaces/{namespace}/{kinds}")
}

fn place(source: &Value) -> String {
    let text = |pointer| source.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!("{}/{}", sources(text("/metadata/namespace"), text("/kind")), text("/metadata/name"))
}

fn generation(source: &Value) -> i64 {
    source["metadata"]["generation"].as_i64().expect("a source with a generation")
}
