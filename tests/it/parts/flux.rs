//! A real kustomize-controller of Flux, one a test process, on the API server of the tests. The test stands in for the
//! source-controller: it serves what a repository holds as an archive, and says so in the source's status.

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

const NAMESPACE: &str = "flux-system";
const SOURCES: &str = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories";
const KUSTOMIZATIONS: &str = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations";
/// How long one reconciliation may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The Flux of this test process, or nothing where it or the API server is absent.
pub async fn flux() -> Option<&'static Flux> {
    static FLUX: OnceCell<Result<Flux, String>> = OnceCell::const_new();
    let program = tools::present("flux", tools::built("flux"))?;
    let api = apiserver().await?;
    match FLUX.get_or_init(|| process::insist(|| Flux::start(api, &program))).await {
        Ok(flux) => Some(flux),
        Err(failed) => panic!("{failed}"),
    }
}

/// A running kustomize-controller.
#[derive(Debug)]
pub struct Flux {
    api: &'static ApiServer,
    artifacts: Artifacts,
    #[expect(dead_code, reason = "held so that it runs")]
    server: Server,
}

/// How a reconciliation ended.
#[derive(Debug, Clone)]
pub struct Reconciled {
    /// Whether everything was applied.
    pub succeeded: bool,
    /// In Flux's words.
    pub message: String,
}

impl Flux {
    /// A new source, which holds nothing yet. Its name.
    pub async fn create_source(&self) -> String {
        let name = unique("source");
        let source = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": { "name": &name, "namespace": NAMESPACE },
            "spec": { "interval": "1h", "url": "https://git.example.org/shop", "ref": { "branch": "main" } },
        });
        self.api.call(Method::POST, SOURCES, Some(source)).await;
        name
    }

    /// Has the source hold these files, by path, at a commit. The revision as Flux writes it.
    pub async fn publish(&self, source: &str, commit: &str, files: &BTreeMap<String, String>) -> String {
        let revision = format!("main@sha1:{commit}");
        let artifact = self.artifacts.told(&self.artifacts.pack(files), &revision);
        let ready = artifacts::ready(true, "Succeeded", "stored artifact", 1);
        let status = json!({ "observedGeneration": 1, "artifact": artifact, "conditions": [ready] });
        let path = format!("{SOURCES}/{source}/status?fieldManager=source-controller");
        self.api.patch(&path, "application/merge-patch+json", &json!({ "status": status })).await;
        revision
    }

    /// A new Kustomization of what `path` of a source holds. `spec` says more, or otherwise.
    pub async fn create(&self, source: &str, path: &str, spec: Value) -> String {
        let name = unique("kustomization");
        let mut kustomization = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": { "name": &name, "namespace": NAMESPACE },
            "spec": {
                "interval": "1h", "retryInterval": "1h", "timeout": "1m", "path": path, "prune": false,
                "sourceRef": { "kind": "GitRepository", "name": source },
            },
        });
        let fields = kustomization["spec"].as_object_mut().expect("a map");
        fields.extend(spec.as_object().cloned().unwrap_or_default());
        self.api.call(Method::POST, KUSTOMIZATIONS, Some(kustomization)).await;
        name
    }

    /// The Kustomization as it is.
    pub async fn kustomization(&self, name: &str) -> Value {
        self.api.call(Method::GET, &format!("{KUSTOMIZATIONS}/{name}"), None).await
    }

    /// Changes it by a JSON merge patch.
    pub async fn patch(&self, name: &str, patch: Value) {
        let path = format!("{KUSTOMIZATIONS}/{name}?fieldManager=flux");
        self.api.patch(&path, "application/merge-patch+json", &patch).await;
    }

    /// Waits until it is through with a revision, applied or not.
    pub async fn reconciled(&self, name: &str, revision: &str) -> Reconciled {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let kustomization = self.kustomization(name).await;
            if let Some(reconciled) = ended(&kustomization, revision) {
                return reconciled;
            }
            assert!(Instant::now() < deadline, "{name} was not reconciled in time: {kustomization}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn start(api: &'static ApiServer, program: &Path) -> Result<Self, String> {
        let (controller, sources) = (super::module_of(program, 0)?, super::module_of(program, 1)?);
        let kustomizations = "kustomize.toolkit.fluxcd.io_kustomizations.yaml";
        api.define(&controller.join("config/crd/bases").join(kustomizations)).await?;
        for kind in ["gitrepositories", "ocirepositories", "buckets", "externalartifacts"] {
            let file = format!("config/crd/bases/source.toolkit.fluxcd.io_{kind}.yaml");
            api.define(&sources.join(file)).await?;
        }
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace" });
        api.apply(&format!("/api/v1/namespaces/{NAMESPACE}"), &namespace).await;

        let [metrics, health] = process::free_ports();
        let home = tempfile::tempdir().map_err(|failed| format!("a folder for Flux: {failed}"))?;
        let mut command = Command::new(program);
        command.args(["--watch-all-namespaces", "--enable-leader-election=false", "--events-addr="]);
        command.arg(format!("--metrics-addr=127.0.0.1:{metrics}"));
        command.arg(format!("--health-addr=127.0.0.1:{health}"));
        command.env("KUBECONFIG", api.kubeconfig()).env("RUNTIME_NAMESPACE", NAMESPACE);
        command.env("HOME", home.path()).env("TMPDIR", home.path());
        let mut server = Server::start("kustomize-controller", home, &command);
        let http = reqwest::Client::builder().no_proxy().build().map_err(|failed| failed.to_string())?;
        server.ready(&http, &format!("http://127.0.0.1:{health}/readyz"), None).await?;
        Ok(Self { api, artifacts: Artifacts::start()?, server })
    }
}

/// How it ended with this revision; `None` while it has not.
fn ended(kustomization: &Value, revision: &str) -> Option<Reconciled> {
    let attempted = kustomization.pointer("/status/lastAttemptedRevision")?;
    let conditions = kustomization.pointer("/status/conditions")?.as_array()?;
    let of = |kind: &str| conditions.iter().find(|condition| condition["type"] == kind);
    let ready = of("Ready")?;
    let works = of("Reconciling").is_some_and(|condition| condition["reason"] == "Progressing");
    if attempted != revision || works || ready["status"] == "Unknown" {
        return None;
    }
    let message = ready["message"].as_str().unwrap_or_default().to_owned();
    Some(Reconciled { succeeded: ready["status"] == "True", message })
}
