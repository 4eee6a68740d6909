//! A real Kubernetes API server with its etcd, one a test process. There are no nodes and no controllers: nothing
//! becomes ready, garbage is not collected, a deleted namespace stays. So each test makes a namespace of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::process::{self, Server};
use super::{json_of, tools, unique};

const ADMIN_TOKEN: &str = "the-test-administrator";

/// The API server of this test process, or nothing where it is not built.
pub async fn apiserver() -> Option<&'static ApiServer> {
    static APISERVER: OnceCell<Result<ApiServer, String>> = OnceCell::const_new();
    let programs = tools::present("kube-apiserver", Programs::find())?;
    match APISERVER.get_or_init(|| process::insist(|| ApiServer::start(&programs, &[]))).await {
        Ok(server) => Some(server),
        Err(failed) => panic!("{failed}"),
    }
}

/// An API server of its own, for what concerns the whole of it.
pub async fn another_apiserver() -> Option<ApiServer> {
    apiserver_with(&[]).await
}

/// An API server of its own that serves every version that it has, also those that are off without being asked for.
pub async fn apiserver_of_all_versions() -> Option<ApiServer> {
    apiserver_with(&["--runtime-config=api/all=true"]).await
}

/// An API server that differs from [`apiserver`] in what concerns the whole of it, for all tests that need such a one:
/// Pods need their service account there, and whoever likes puts APIs behind it.
pub async fn apiserver_with_all_plugins() -> Option<&'static ApiServer> {
    static APISERVER: OnceCell<Result<ApiServer, String>> = OnceCell::const_new();
    let programs = tools::present("kube-apiserver", Programs::find())?;
    let flags = ["--enable-admission-plugins=ServiceAccount"];
    match APISERVER.get_or_init(|| process::insist(|| ApiServer::start(&programs, &flags))).await {
        Ok(server) => Some(server),
        Err(failed) => panic!("{failed}"),
    }
}

/// An API server of its own, with these flags beside the usual ones.
pub async fn apiserver_with(flags: &[&str]) -> Option<ApiServer> {
    let programs = tools::present("kube-apiserver", Programs::find())?;
    let started = process::insist(|| ApiServer::start(&programs, flags)).await;
    Some(started.unwrap_or_else(|failed| panic!("{failed}")))
}

/// A running API server, and what a test does to it besides what it is about: all of these act as the administrator.
#[derive(Debug)]
pub struct ApiServer {
    url: String,
    store: String,
    ca: PathBuf,
    kubeconfig: PathBuf,
    http: reqwest::Client,
    #[expect(dead_code, reason = "held so that they run")]
    servers: [Server; 2],
}

/// A service account with a token for it.
#[derive(Debug, Clone)]
pub struct Account {
    pub namespace: String,
    pub name: String,
    pub token: String,
}

impl ApiServer {
    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The certificate authority's file, PEM.
    pub fn ca(&self) -> &Path {
        &self.ca
    }

    /// The administrator's token, which may do everything.
    pub fn admin_token(&self) -> &'static str {
        ADMIN_TOKEN
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A new kubeconfig for whoever has `token`, with `namespace` as its default.
    pub fn kubeconfig_for(&self, namespace: &str, token: &str) -> PathBuf {
        let file = self.ca.with_file_name(unique("kubeconfig"));
        fs::write(&file, kubeconfig(&self.url, &self.ca, namespace, token)).expect("a kubeconfig");
        file
    }

    /// A client that trusts this server. Its connections are not kept, so tests can share it.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// A new namespace with a name that no other test has.
    pub async fn create_namespace(&self) -> String {
        let name = unique("test");
        let namespace = json!({ "metadata": { "name": &name } });
        self.call(Method::POST, "/api/v1/namespaces", Some(namespace)).await;
        name
    }

    /// A new service account, which may do nothing yet, with a token for it.
    pub async fn token_for(&self, namespace: &str, stem: &str) -> Account {
        let name = unique(stem);
        let accounts = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
        self.call(Method::POST, &accounts, Some(json!({ "metadata": { "name": &name } }))).await;
        let request = json!({ "spec": { "audiences": [], "expirationSeconds": 7200 } });
        let made = self.call(Method::POST, &format!("{accounts}/{name}/token"), Some(request)).await;
        let token = made.pointer("/status/token").and_then(Value::as_str);
        let token = token.unwrap_or_else(|| panic!("no token in {made}")).to_owned();
        Account { namespace: namespace.to_owned(), name, token }
    }

    /// Lets `account` do what `rules` say, RBAC's own list of `apiGroups`, `resources` and `verbs`, in its namespace.
    pub async fn allow(&self, account: &Account, rules: Value) {
        self.bind(account, "Role", rules).await;
    }

    /// As [`Self::allow`], in every namespace and for what is in none.
    pub async fn allow_everywhere(&self, account: &Account, rules: Value) {
        self.bind(account, "ClusterRole", rules).await;
    }

    async fn bind(&self, account: &Account, kind: &str, rules: Value) {
        let name = unique(&account.name);
        let scope = match kind {
            "Role" => format!("namespaces/{}/role", account.namespace),
            _ => "clusterrole".to_owned(),
        };
        let api = format!("/apis/rbac.authorization.k8s.io/v1/{scope}");
        let metadata = json!({ "name": &name });
        let role = json!({ "metadata": &metadata, "rules": rules });
        self.call(Method::POST, &format!("{api}s"), Some(role)).await;
        let binding = json!({
            "metadata": &metadata,
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": &name },
            "subjects": [
                { "kind": "ServiceAccount", "namespace": &account.namespace, "name": &account.name },
            ],
        });
        self.call(Method::POST, &format!("{api}bindings"), Some(binding)).await;
    }

    /// A call as the administrator. What is no success fails the test.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let asked = format!("{method} {path}");
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(ADMIN_TOKEN);
        let request = body.iter().fold(request, reqwest::RequestBuilder::json);
        json_of(&asked, request.send().await).await
    }

    /// A patch as the administrator, of `path` with its query.
    pub async fn patch(&self, path: &str, content_type: &str, body: &Value) -> Value {
        let asked = format!("PATCH {path}");
        let request = self.http.patch(format!("{}{path}", self.url)).bearer_auth(ADMIN_TOKEN);
        let request = request.header("content-type", content_type).body(body.to_string());
        json_of(&asked, request.send().await).await
    }

    /// A server-side apply as the administrator, of the object at `path`.
    pub async fn apply(&self, path: &str, body: &Value) -> Value {
        let mut named = body.clone();
        named["metadata"]["name"] = path.rsplit('/').next().into();
        let path = format!("{path}?fieldManager=keeper&force=true");
        self.patch(&path, "application/apply-patch+yaml", &named).await
    }

    /// Puts an object into the server's store behind its back: what it takes no more, and may have from before.
    pub async fn store(&self, key: &str, object: &Value) {
        let encoded = |text: &str| BASE64_STANDARD.encode(text);
        let put = json!({ "key": encoded(key), "value": encoded(&object.to_string()) });
        let url = format!("{}/v3/kv/put", self.store);
        json_of(&url, self.http.post(&url).json(&put).send().await).await;
    }

    /// Defines a custom kind as `file` says, and waits until it is served.
    pub async fn define(&self, file: &Path) -> Result<(), String> {
        let text = fs::read_to_string(file).map_err(|failed| format!("{}: {failed}", file.display()))?;
        let name = text.split_once("\nmetadata:").and_then(|(_, metadata)| {
            metadata.lines().find_map(|line| line.strip_prefix("  name: ")).map(str::to_owned)
        });
        let name = name.ok_or_else(|| format!("{} defines nothing", file.display()))?;
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        let url = format!("{}{path}?fieldManager=keeper&force=true", self.url);
        let request = self.http.patch(url).bearer_auth(ADMIN_TOKEN).body(text);
        let request = request.header("content-type", "application/apply-patch+yaml");
        json_of(&path, request.send().await).await;
        for _ in 0..600 {
            let defined = self.call(Method::GET, &path, None).await;
            let conditions = defined.pointer("/status/conditions").and_then(Value::as_array);
            let mut conditions = conditions.into_iter().flatten();
            if conditions.any(|one| one["type"] == "Established" && one["status"] == "True") {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Err(format!("{name} is not established"))
    }

    async fn start(programs: &Programs, flags: &[&str]) -> Result<Self, String> {
        let [etcd_port, port] = process::free_ports();
        let folder =
            || tempfile::tempdir().map_err(|failed| format!("a folder for kube-apiserver: {failed}"));
        let (etcd_home, home) = (folder()?, folder()?);
        let etcd_command = programs.etcd(etcd_home.path(), etcd_port);
        let etcd = Server::start("etcd", etcd_home, &etcd_command);
        prepare(home.path()).map_err(|failed| format!("files for kube-apiserver: {failed}"))?;
        let ca = home.path().join("apiserver.crt");
        let url = format!("https://127.0.0.1:{port}");
        let mut command = programs.apiserver(home.path(), etcd_port, port);
        if !flags.iter().any(|flag| flag.starts_with("--enable-admission-plugins=")) {
            // Nobody makes the service accounts that Pods would need.
            command.arg("--disable-admission-plugins=ServiceAccount");
        }
        command.args(flags);
        let mut server = Server::start("kube-apiserver", home, &command);

        // Only when it answers is its certificate known to be there.
        let http = || reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        let trusting = http().tls_danger_accept_invalid_certs(true).build();
        let trusting = trusting.map_err(|failed| failed.to_string())?;
        server.ready(&trusting, &format!("{url}/readyz"), Some(ADMIN_TOKEN)).await?;
        let certificates = fs::read(&ca).map_err(|failed| failed.to_string())?;
        let certificates =
            reqwest::Certificate::from_pem_bundle(&certificates).map_err(|failed| failed.to_string())?;
        let http = http().tls_certs_only(certificates).build().map_err(|failed| failed.to_string())?;

        let kubeconfig_file = ca.with_file_name("kubeconfig");
        fs::write(&kubeconfig_file, kubeconfig(&url, &ca, "default", ADMIN_TOKEN))
            .map_err(|failed| format!("a kubeconfig: {failed}"))?;
        let store = format!("http://127.0.0.1:{etcd_port}");
        Ok(Self { url, store, ca, kubeconfig: kubeconfig_file, http, servers: [server, etcd] })
    }
}

/// The two programs: ours is both, those of `KUBEBUILDER_ASSETS` are each its own.
struct Programs {
    apiserver: PathBuf,
    etcd: Option<PathBuf>,
}

impl Programs {
    fn find() -> Option<Self> {
        let Some(assets) = std::env::var_os("KUBEBUILDER_ASSETS").filter(|assets| !assets.is_empty()) else {
            return tools::built("kube-apiserver").map(|apiserver| Self { apiserver, etcd: None });
        };
        let (apiserver, etcd) = (Path::new(&assets).join("kube-apiserver"), Path::new(&assets).join("etcd"));
        (apiserver.is_file() && etcd.is_file()).then_some(Self { apiserver, etcd: Some(etcd) })
    }

    fn etcd(&self, home: &Path, port: u16) -> Command {
        let mut command = match &self.etcd {
            Some(etcd) => Command::new(etcd),
            None => {
                let mut command = Command::new(&self.apiserver);
                command.arg("etcd");
                command
            }
        };
        let url = format!("http://127.0.0.1:{port}");
        command.args(["--unsafe-no-fsync", "--log-level=error", "--listen-peer-urls=http://127.0.0.1:0"]);
        command.arg(format!("--data-dir={}", home.join("data").display()));
        command.arg(format!("--listen-client-urls={url}")).arg(format!("--advertise-client-urls={url}"));
        command
    }

    fn apiserver(&self, home: &Path, etcd_port: u16, port: u16) -> Command {
        let mut command = Command::new(&self.apiserver);
        command.args([
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
        ]);
        command.arg(format!("--secure-port={port}"));
        command.arg(format!("--etcd-servers=http://127.0.0.1:{etcd_port}"));
        let files = [
            ("cert-dir", ""),
            ("token-auth-file", "tokens.csv"),
            ("service-account-key-file", "accounts.pub"),
            ("service-account-signing-key-file", "accounts.key"),
        ];
        for (flag, file) in files {
            command.arg(format!("--{flag}={}", home.join(file).display()));
        }
        command
    }
}

/// Who may come in, and the key pair for the tokens of service accounts.
fn prepare(home: &Path) -> io::Result<()> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(io::Error::other)?;
    let private = pair.to_pkcs8v1().map_err(io::Error::other)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(io::Error::other)?;
    fs::write(home.join("accounts.key"), pem("PRIVATE KEY", private.as_ref()))?;
    fs::write(home.join("accounts.pub"), pem("PUBLIC KEY", public.as_ref()))?;
    fs::write(home.join("tokens.csv"), format!("{ADMIN_TOKEN},keeper,keeper,\"system:masters\"\n"))
}

fn pem(what: &str, der: &[u8]) -> String {
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", BASE64_STANDARD.encode(der))
}

fn kubeconfig(url: &str, ca: &Path, namespace: &str, token: &str) -> String {
    // JSON is YAML.
    let cluster = json!({ "server": url, "certificate-authority": ca });
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "test", "cluster": cluster }],
        "users": [{ "name": "test", "user": { "token": token } }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test", "namespace": namespace } }],
        "current-context": "test",
    })
    .to_string()
}
