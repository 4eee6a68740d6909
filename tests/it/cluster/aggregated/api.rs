//! An aggregated API of our own, over TLS on loopback: one kind, `Thing`, of which it keeps none.

use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::parts::ApiServer;

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Well,
    /// Connections are closed at once.
    Down,
    /// Requests are taken, and nothing comes of them.
    Hanging,
    /// It says itself that it cannot.
    Sorry,
    /// It fails within.
    Broken,
}

/// The API, until it is dropped.
pub(super) struct Api {
    pub(super) port: u16,
    health: Arc<Mutex<Health>>,
    accepting: JoinHandle<()>,
}

impl Api {
    /// It shows the API server's own certificate.
    pub(super) async fn start(server: &ApiServer, group: String) -> Self {
        let ca = std::fs::read(server.ca()).unwrap();
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&ca).collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(server.ca().with_extension("key")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(certificates, key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let health = Arc::new(Mutex::new(Health::Well));
        let known = Arc::clone(&health);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, health, group) = (acceptor.clone(), Arc::clone(&known), group.clone());
                if *health.lock().unwrap() == Health::Down {
                    continue;
                }
                connections.spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(BufStream::new(stream), &group, &health).await;
                    }
                });
            }
        });
        Self { port, health, accepting }
    }

    pub(super) fn is_now(&self, health: Health) {
        *self.health.lock().unwrap() = health;
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        // The connections go with it.
        self.accepting.abort();
    }
}

/// Answers one request after the other.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: BufStream<S>,
    group: &str,
    health: &Mutex<Health>,
) {
    while let Some((method, path, body)) = read(&mut stream).await {
        let now = *health.lock().unwrap();
        let (code, body) = match now {
            Health::Well => answer(&method, &path, body, group),
            Health::Sorry => (503, status(503, "ServiceUnavailable", json!({}))),
            Health::Broken => (500, status(500, "", json!({}))),
            Health::Hanging => std::future::pending().await,
            Health::Down => return,
        };
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {code} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let sent = async {
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body.as_bytes()).await?;
            stream.flush().await
        };
        if sent.await.is_err() {
            return;
        }
    }
}

/// Method, path without its query, and body; `None` where no more come.
async fn read<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufStream<S>,
) -> Option<(String, String, Value)> {
    let (mut first, mut length) = (String::new(), 0);
    stream.read_line(&mut first).await.ok()?;
    let mut words = first.split([' ', '?']);
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_lowercase();
        if let Some(said) = line.strip_prefix("content-length:") {
            length = said.trim().parse().ok()?;
        } else if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((method, path, serde_json::from_slice(&body).unwrap_or_default()))
}

fn answer(method: &str, path: &str, body: Value, group: &str) -> (u16, Value) {
    let version = format!("{group}/v1");
    if path == format!("/apis/{version}") {
        let thing = json!({
            "name": "things", "singularName": "thing", "namespaced": true, "kind": "Thing",
            "verbs": ["get", "list", "create", "patch"],
        });
        let list = json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": [thing] });
        return (200, list);
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    match method {
        "PATCH" => (201, body),
        _ if path.contains("/things/") => {
            (404, status(404, "NotFound", json!({ "name": name, "kind": "things" })))
        }
        _ => (404, status(404, "NotFound", json!({}))),
    }
}

fn status(code: u16, reason: &str, details: Value) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "hunter2", "reason": reason, "details": details, "code": code,
    })
}
