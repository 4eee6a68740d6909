//! What a kubeconfig, or a pod, may say of the way to a real API server, and of who asks it. The server also takes clients
//! whose certificates an authority of the tests' own has signed.

mod authority;
mod certificates;
mod contexts;
mod environment;
mod inside;
mod plugins;
mod plugins_that_fail;
mod proxies;
mod proxy;
mod renewal;
mod tls;
mod tokens;
mod wrong;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::OnceCell;

use self::authority::Authority;
use super::*;
use crate::parts::{ApiServer, apiserver_with};

/// The server of these tests, or nothing where it is not built.
async fn server() -> Option<&'static ApiServer> {
    static SERVER: OnceCell<Option<ApiServer>> = OnceCell::const_new();
    let start = async || {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clients.crt");
        std::fs::write(&file, Authority::of_clients().pem()).unwrap();
        apiserver_with(&[&format!("--client-ca-file={}", file.display())]).await
    };
    SERVER.get_or_init(start).await.as_ref()
}

/// Somebody's files.
struct Desk {
    folder: TempDir,
    server: &'static ApiServer,
}

impl Desk {
    async fn new() -> Option<Self> {
        Some(Self { folder: tempfile::tempdir().unwrap(), server: server().await? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new file with this content.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path(name);
        std::fs::write(&file, content).unwrap();
        file
    }

    /// The server, as a kubeconfig has it.
    fn cluster(&self) -> Value {
        json!({ "server": self.server.url(), "certificate-authority": self.server.ca() })
    }

    /// The administrator, as a kubeconfig has them.
    fn administrator(&self) -> Value {
        json!({ "token": self.server.admin_token() })
    }

    fn kubeconfig(&self, cluster: Value, user: Value) -> PathBuf {
        self.file("kubeconfig", kubeconfig(cluster, user).to_string())
    }

    /// What comes of asking the server with these.
    async fn ask(&self, cluster: Value, user: Value) -> String {
        self.said(ask(&self.kubeconfig(cluster, user), None, Patience::USUAL).await)
    }

    /// As [`Self::ask`], as this user of the usual cluster.
    async fn ask_as(&self, user: Value) -> String {
        self.ask(self.cluster(), user).await
    }

    /// Without what differs each time.
    fn said(&self, text: String) -> String {
        text.replace(&self.folder.path().display().to_string(), "FOLDER").replace(self.server.url(), "SERVER")
    }
}

/// A kubeconfig of one cluster and one user. JSON is YAML.
fn kubeconfig(cluster: Value, user: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "c", "cluster": cluster }],
        "users": [{ "name": "u", "user": user }],
        "contexts": [{ "name": "both", "context": { "cluster": "c", "user": "u" } }],
        "current-context": "both",
    })
}

/// A cluster's answer.
const ANSWERS: &str = "it answers";

/// What comes of connecting by this file and asking who the cluster is.
async fn ask(file: &Path, context: Option<&str>, patience: Patience) -> String {
    let access = Access::Kubeconfig { file: Some(file.to_owned()), context: context.map(str::to_owned) };
    match KubeCluster::connect("test".to_owned(), &access, patience).await {
        Ok(cluster) => told(&cluster).await,
        Err(error) => format!("at the start: {:#}", anyhow::Error::new(error)),
    }
}

/// Whether the cluster answers, or why it does not.
async fn told(cluster: &KubeCluster) -> String {
    match cluster.identity().await {
        Ok(_) => ANSWERS.to_owned(),
        Err(error) => format!("when asked: {:#}", anyhow::Error::new(error)),
    }
}

/// Asks until it answers so, for a while.
async fn until(cluster: &KubeCluster, wanted: impl Fn(&str) -> bool) -> String {
    let mut said = String::new();
    for _ in 0..200 {
        said = told(cluster).await;
        if wanted(&said) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    said
}
