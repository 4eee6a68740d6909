//! A real Argo CD, one a test process, on the API server of the tests: its application controller, its repository server
//! and their redis. Applications are synced when a test asks for it; none syncs by itself unless it is told to.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::process::{self, Server};
use super::{ApiServer, apiserver, tools, unique};

const NAMESPACE: &str = "argocd";
const APPLICATIONS: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";
/// How long one sync may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The Argo CD of this test process, or nothing where it, redis or the API server is absent.
pub async fn argocd() -> Option<&'static ArgoCd> {
    static ARGOCD: OnceCell<Result<ArgoCd, String>> = OnceCell::const_new();
    let program = tools::present("argocd", tools::built("argocd"))?;
    let redis = tools::present("redis", tools::on_path("redis-server"))?;
    let api = apiserver().await?;
    match ARGOCD.get_or_init(|| process::insist(|| ArgoCd::start(api, &program, &redis))).await {
        Ok(argocd) => Some(argocd),
        Err(failed) => panic!("{failed}"),
    }
}

/// A running Argo CD.
#[derive(Debug)]
pub struct ArgoCd {
    api: &'static ApiServer,
    #[expect(dead_code, reason = "held so that they run")]
    servers: [Server; 3],
}

/// A repository that Argo CD reads: a folder on this machine.
#[derive(Debug)]
pub struct Repository {
    folder: TempDir,
}

/// How a sync ended.
#[derive(Debug, Clone)]
pub struct Synced {
    /// `Succeeded`, `Failed` or `Error`.
    pub phase: String,
    /// In Argo CD's words, those about its objects included.
    pub message: String,
}

impl Synced {
    /// Whether everything was applied.
    pub fn succeeded(&self) -> bool {
        self.phase == "Succeeded"
    }
}

impl Repository {
    /// An empty one.
    pub fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().expect("a folder for a repository") };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// As Applications name it.
    pub fn url(&self) -> String {
        format!("file://{}", self.folder.path().display())
    }

    /// A commit after which the repository holds these files, by path, and no others. Its id.
    pub fn commit(&self, files: &BTreeMap<String, String>) -> String {
        self.git(&["rm", "-r", "--quiet", "--ignore-unmatch", "."]);
        for (path, text) in files {
            let path = self.folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a file in a folder")).expect("its folder");
            fs::write(path, text).expect("a file of the repository");
        }
        self.git(&["add", "--all"]);
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"];
        self.git(&[&who[..], &["commit", "--quiet", "--allow-empty", "--message=Change"]].concat());
        self.git(&["rev-parse", "HEAD"]).trim_end().to_owned()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").current_dir(self.folder.path()).args(arguments);
        let done = command.output().expect("git");
        assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
}

impl ArgoCd {
    /// A new Application of what `path` of `repository` holds, for `namespace`. `policy` is its `syncPolicy`.
    pub async fn create(
        &self,
        repository: &Repository,
        path: &str,
        namespace: &str,
        policy: Value,
    ) -> String {
        let name = unique("app");
        let application = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": { "name": &name, "namespace": NAMESPACE },
            "spec": {
                "project": "default",
                "source": { "repoURL": repository.url(), "path": path, "targetRevision": "main" },
                "destination": { "server": "https://kubernetes.default.svc", "namespace": namespace },
                "syncPolicy": policy,
            },
        });
        self.api.call(Method::POST, APPLICATIONS, Some(application)).await;
        name
    }

    /// The Application as it is.
    pub async fn application(&self, name: &str) -> Value {
        self.api.call(Method::GET, &format!("{APPLICATIONS}/{name}"), None).await
    }

    /// Changes it by a JSON merge patch.
    pub async fn patch(&self, name: &str, patch: Value) {
        let path = format!("{APPLICATIONS}/{name}?fieldManager=argocd-server");
        self.api.patch(&path, "application/merge-patch+json", &patch).await;
    }

    /// Has it look at the repository and the cluster again.
    pub async fn refresh(&self, name: &str) {
        let annotations = json!({ "argocd.argoproj.io/refresh": "normal" });
        self.patch(name, json!({ "metadata": { "annotations": annotations } })).await;
    }

    /// Asks for a sync, as its server does when somebody presses the button.
    pub async fn ask_for_sync(&self, name: &str, revision: &str, options: &[&str]) {
        let sync = json!({ "revision": revision, "syncOptions": options });
        let operation = json!({ "initiatedBy": { "username": "ada" }, "sync": sync });
        self.patch(name, json!({ "operation": operation })).await;
    }

    /// Syncs it to a revision, and waits for the end.
    pub async fn sync(&self, name: &str, revision: &str, options: &[&str]) -> Synced {
        self.ask_for_sync(name, revision, options).await;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let application = self.application(name).await;
            if let Some(synced) = ended(&application, revision) {
                return synced;
            }
            assert!(Instant::now() < deadline, "{name} was not synced in time: {application}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn start(api: &'static ApiServer, program: &Path, redis: &Path) -> Result<Self, String> {
        let folder = || tempfile::tempdir().map_err(|failed| format!("a folder for Argo CD: {failed}"));
        let [redis_port, port, repo_metrics, metrics] = process::free_ports();
        let mut command = Command::new(redis);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
        command.arg(redis_port.to_string());
        let redis_home = folder()?;
        command.arg("--dir").arg(redis_home.path());
        let redis = Server::start("redis", redis_home, &command);

        install(api, &super::module_of(program, 0)?).await?;
        let http = reqwest::Client::builder().no_proxy().build().map_err(|failed| failed.to_string())?;
        let redis_at = format!("127.0.0.1:{redis_port}");
        let parts = Parts { api, program };
        let repo_home = folder()?;
        let mut command = parts.command("argocd-repo-server", repo_home.path())?;
        command.args(["--address", "127.0.0.1", "--metrics-address", "127.0.0.1", "--disable-tls"]);
        command.args(["--port", &port.to_string(), "--metrics-port", &repo_metrics.to_string()]);
        command.args(["--redis", &redis_at]);
        let mut repo_server = Server::start("argocd-repo-server", repo_home, &command);
        repo_server.ready(&http, &format!("http://127.0.0.1:{repo_metrics}/healthz"), None).await?;

        let home = folder()?;
        let mut command = parts.command("argocd-application-controller", home.path())?;
        command.arg("--kubeconfig").arg(api.kubeconfig());
        command.args(["--namespace", NAMESPACE, "--repo-server-plaintext", "--redis", &redis_at]);
        command.args(["--repo-server", &format!("127.0.0.1:{port}"), "--metrics-port", &metrics.to_string()]);
        command.args(["--app-resync", "3600"]);
        let mut controller = Server::start("argocd-application-controller", home, &command);
        controller.ready(&http, &format!("http://127.0.0.1:{metrics}/healthz"), None).await?;
        Ok(Self { api, servers: [controller, repo_server, redis] })
    }
}

/// How the sync to this revision ended; `None` while it has not.
fn ended(application: &Value, revision: &str) -> Option<Synced> {
    let state = application.pointer("/status/operationState")?;
    let text =
        |of: &Value, path: &str| of.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let waits = application.get("operation").is_some_and(|operation| !operation.is_null());
    if waits || text(state, "/operation/sync/revision") != revision || text(state, "/finishedAt").is_empty() {
        return None;
    }
    let objects = state.pointer("/syncResult/resources").and_then(Value::as_array).into_iter().flatten();
    let failed = objects.filter(|object| text(object, "/status") == "SyncFailed");
    let failed = failed.map(|object| format!("\n{}: {}", text(object, "/name"), text(object, "/message")));
    let message = text(state, "/message") + &failed.collect::<String>();
    Some(Synced { phase: text(state, "/phase"), message })
}

/// How each of its programs is started.
struct Parts<'a> {
    api: &'a ApiServer,
    program: &'a Path,
}

impl Parts<'_> {
    fn command(&self, name: &str, home: &Path) -> Result<Command, String> {
        let named: PathBuf = home.join(name);
        symlink(self.program, &named).map_err(|failed| format!("{}: {failed}", named.display()))?;
        let mut command = Command::new(named);
        command.env("ARGOCD_FAKE_IN_CLUSTER", "true").env("ARGOCD_GPG_ENABLED", "false");
        command.env("GNUPGHOME", home).env("HOME", home).env("TMPDIR", home);
        command.env("KUBECONFIG", self.api.kubeconfig()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory");
        command.env("GIT_CONFIG_VALUE_0", "*");
        Ok(command)
    }
}

/// Its kinds, its namespace, its settings and the project that Applications are in.
async fn install(api: &ApiServer, module: &Path) -> Result<(), String> {
    for kind in ["application", "applicationset", "appproject"] {
        api.define(&module.join(format!("manifests/crds/{kind}-crd.yaml"))).await?;
    }
    api.apply("/api/v1/namespaces/argocd", &json!({ "apiVersion": "v1", "kind": "Namespace" })).await;
    let labels = json!({ "app.kubernetes.io/part-of": "argocd" });
    for name in ["cm", "rbac-cm", "cmd-params-cm", "ssh-known-hosts-cm", "tls-certs-cm", "gpg-keys-cm"] {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/configmaps/argocd-{name}");
        let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "labels": &labels } });
        api.apply(&path, &map).await;
    }
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "labels": &labels },
        "stringData": { "server.secretkey": "of-the-tests" },
    });
    api.apply(&format!("/api/v1/namespaces/{NAMESPACE}/secrets/argocd-secret"), &secret).await;
    let any = json!([{ "group": "*", "kind": "*" }]);
    let project = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
        "spec": {
            "sourceRepos": ["*"], "destinations": [{ "server": "*", "namespace": "*" }],
            "clusterResourceWhitelist": any,
        },
    });
    let path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/default";
    api.apply(path, &project).await;
    Ok(())
}
