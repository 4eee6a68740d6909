//! A stand-in for a Kubernetes API server, for the demo and for tests on machines without a real one.
//!
//! It serves a few kinds on loopback: reading, server-side apply with and without dry run, merge patches, deletion. A
//! field that its schema does not know is refused, also where a real server's would know it: add it to `schema.json`.
//! There are no controllers, no admission beyond that, no watch, and quantities stay as they are written. A test
//! replays the same requests against this and against a real API server.

mod defaults;
mod fields;
mod http;
mod objects;
mod schema;
mod status;
mod validate;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::objects::{Objects, Options, Patch, Place, Run};
use self::schema::Kind;
pub use self::status::Refusal;

const TOKEN: &str = "a-token-for-the-stand-in";
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// A running cluster. It stops when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    inner: Arc<Inner>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    kinds: Vec<Kind>,
    token: String,
    objects: Mutex<Objects>,
}

impl Inner {
    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Cluster {
    /// Starts a cluster that has its four namespaces and nothing else, on a free port of loopback.
    ///
    /// # Errors
    /// There is no port to listen on.
    pub async fn start() -> io::Result<Self> {
        let broken = || io::Error::other("the description of the kinds does not read");
        let kinds = schema::kinds().ok_or_else(broken)?;
        let inner = Inner { kinds, token: TOKEN.to_owned(), objects: Mutex::default() };
        let inner = Arc::new(inner);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(http::serve).with_state(Arc::clone(&inner));
        let server = tokio::spawn(async move {
            if let Err(failed) = axum::serve(listener, router).await {
                tracing::warn!(error = %failed, "the stand-in cluster stopped");
            }
        });
        let cluster = Self { inner, address, server };
        for name in NAMESPACES {
            let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
            cluster.apply(&namespace, "kube-apiserver").map_err(|_| broken())?;
        }
        Ok(cluster)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bearer token that every request needs.
    pub fn token(&self) -> &str {
        &self.inner.token
    }

    /// A kubeconfig whose current context, called `context`, leads here. It is JSON, which is YAML.
    pub fn kubeconfig(&self, context: &str) -> String {
        let user = json!({ "token": self.token() });
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": context, "cluster": { "server": self.url() } }],
            "users": [{ "name": context, "user": user }],
            "contexts": [{ "name": context, "context": { "cluster": context, "user": context } }],
            "current-context": context,
        })
        .to_string()
    }

    /// Applies a manifest for real, forced, as an applier with this name does. The object as it is then.
    ///
    /// # Errors
    /// As the API server would refuse it.
    pub fn apply(&self, manifest: &Value, manager: &str) -> Result<Value, Refusal> {
        let place = self.place(manifest)?;
        let options = Options { manager, force: true, run: Run::Real };
        self.inner.objects().apply(&place, manifest, &options).map(|(_, object)| object)
    }

    /// Changes the object that `manifest` names by a merge patch, as somebody at a keyboard does: drift.
    ///
    /// # Errors
    /// It is not there, or the API server would refuse the change.
    pub fn edit(&self, manifest: &Value, patch: &Value, manager: &str) -> Result<Value, Refusal> {
        let place = self.place(manifest)?;
        let options = Options { manager, force: true, run: Run::Real };
        self.inner.objects().edit(&place, &Patch::Merge(patch.clone()), &options)
    }

    /// Deletes the object that `manifest` names.
    ///
    /// # Errors
    /// It is not there.
    pub fn delete(&self, manifest: &Value) -> Result<(), Refusal> {
        let place = self.place(manifest)?;
        self.inner.objects().delete(&place, Run::Real).map(drop)
    }

    /// The object that `manifest` names, as it is.
    ///
    /// # Errors
    /// It is not there.
    pub fn get(&self, manifest: &Value) -> Result<Value, Refusal> {
        let place = self.place(manifest)?;
        self.inner.objects().get(&place)
    }

    fn place<'a>(&'a self, manifest: &'a Value) -> Result<Place<'a>, Refusal> {
        let text = |path: &str| manifest.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let own = |kind: &&Kind| kind.api_version() == text("/apiVersion") && kind.kind == text("/kind");
        let kind = self.inner.kinds.iter().find(own).ok_or_else(Refusal::no_such_path)?;
        let namespace = if kind.namespaced { text("/metadata/namespace") } else { "" };
        Ok(Place { kind, namespace, name: text("/metadata/name") })
    }
}
