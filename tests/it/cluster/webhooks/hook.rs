//! An admission webhook of our own, over TLS on loopback: its path says how it answers.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::parts::ApiServer;

/// The webhook, until it is dropped.
pub(in crate::cluster) struct Hook {
    url: String,
    /// What vouches for it, PEM.
    ca: Vec<u8>,
    accepting: JoinHandle<()>,
}

/// Whoever speaks TLS with the API server's own certificate, which is for this address too.
pub(in crate::cluster) fn acceptor(server: &ApiServer) -> TlsAcceptor {
    let certificates = CertificateDer::pem_file_iter(server.ca()).unwrap();
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(server.ca().with_extension("key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth().with_single_cert(certificates, key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

impl Hook {
    pub(in crate::cluster) async fn start(server: &ApiServer) -> Self {
        let ca = std::fs::read(server.ca()).unwrap();
        let acceptor = acceptor(server);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(BufStream::new(stream)).await;
                    }
                });
            }
        });
        Self { url, ca, accepting }
    }

    /// How the API server reaches it at this path.
    pub(in crate::cluster) fn client(&self, path: &str) -> Value {
        use base64::Engine as _;
        let ca = base64::prelude::BASE64_STANDARD.encode(&self.ca);
        json!({ "url": format!("{}/{path}", self.url), "caBundle": ca })
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        // The connections go with it.
        self.accepting.abort();
    }
}

/// Answers one review after the other.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: BufStream<S>) {
    while let Some((path, review)) = read(&mut stream).await {
        let body = answer(&path, &review).await;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
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

/// The path without its query, and the review; `None` where no more come.
async fn read<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> Option<(String, Value)> {
    let (mut path, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_lowercase();
        if let Some(target) = line.strip_prefix("post /") {
            path = target.split(['?', ' ']).next().unwrap().to_owned();
        } else if let Some(said) = line.strip_prefix("content-length:") {
            length = said.trim().parse().unwrap();
        } else if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((path, serde_json::from_slice(&body).unwrap()))
}

async fn answer(path: &str, review: &Value) -> String {
    let response = |rest: Value| {
        let mut response = json!({ "uid": review["request"]["uid"] });
        response.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response })
            .to_string()
    };
    let (word, code) = path.split_once('/').unwrap_or((path, ""));
    match word {
        "allows" => response(json!({ "allowed": true })),
        "refuses" => {
            let message = "namespaces \"theirs\" not found: `ask`\n<b>us</b>";
            let status = json!({ "message": message, "code": code.parse::<u16>().unwrap() });
            response(json!({ "allowed": false, "status": status }))
        }
        "warns" => {
            let warnings = [
                "`code` <b>bold</b> @acme/sre #1 ![x](https://example.org/x.png)",
                "`code` <b>bold</b> @acme/sre #1 ![x](https://example.org/x.png)",
                r#"quotes " and \ and unknown field "hunter3""#,
                "ümläut und 漢字",
                "two\nlines\tand a \u{1b}[31mred\u{202e} one",
            ];
            response(json!({ "allowed": true, "warnings": warnings }))
        }
        "warns-much" => {
            let warnings: Vec<String> =
                (0..40).map(|number| format!("{number:02} {}", "long ".repeat(90))).collect();
            response(json!({ "allowed": true, "warnings": warnings }))
        }
        "warns-and-refuses" => {
            let status = json!({ "message": "ask us first", "code": 403 });
            response(json!({ "allowed": false, "status": status, "warnings": ["it will be refused"] }))
        }
        "mute" => response(json!({ "allowed": false })),
        "mutates-badly" => {
            // [{"op":"replace","path":"/nowhere/hunter2","value":1}]
            let patch = "W3sib3AiOiJyZXBsYWNlIiwicGF0aCI6Ii9ub3doZXJlL2h1bnRlcjIiLCJ2YWx1ZSI6MX1d";
            response(json!({ "allowed": true, "patchType": "JSONPatch", "patch": patch }))
        }
        "mutates-nothing" => response(json!({ "allowed": true, "patchType": "JSONPatch", "patch": "W10=" })),
        // A sidecar of this version, a label, and a field that nobody set; what it added before it leaves as it is.
        "adds" => response(patched(&additions(&review["request"]["object"], code))),
        // The same, with a label that says what it is for.
        "adds-named" => {
            let object = &review["request"]["object"];
            let image = object.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str);
            let mut patch = additions(object, code);
            let tag = image.unwrap().rsplit(':').next().unwrap();
            patch.push(
                json!({ "op": "add", "path": "/metadata/labels/injected", "value": format!("for-{tag}") }),
            );
            response(patched(&patch))
        }
        "babbles" => "<html>hunter2</html>".to_owned(),
        "sleeps" => std::future::pending().await,
        _ => panic!("no webhook answers at `{path}`"),
    }
}

fn patched(patch: &[Value]) -> Value {
    use base64::Engine as _;
    let patch = base64::prelude::BASE64_STANDARD.encode(Value::from(patch.to_vec()).to_string());
    json!({ "allowed": true, "patchType": "JSONPatch", "patch": patch })
}

/// What a Deployment lacks.
fn additions(deployment: &Value, version: &str) -> Vec<Value> {
    let image = format!("registry.example.org/proxy:{version}");
    let containers = deployment["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    let mut patch = match containers.iter().position(|one| one["name"] == "proxy") {
        Some(index) => {
            let path = format!("/spec/template/spec/containers/{index}/image");
            vec![json!({ "op": "replace", "path": path, "value": image })]
        }
        None => {
            let value = json!({ "name": "proxy", "image": image });
            vec![json!({ "op": "add", "path": "/spec/template/spec/containers/-", "value": value })]
        }
    };
    patch.push(json!({ "op": "add", "path": "/metadata/labels/injected", "value": "yes" }));
    if deployment["spec"].get("minReadySeconds").is_none() {
        patch.push(json!({ "op": "add", "path": "/spec/minReadySeconds", "value": 7 }));
    }
    patch
}
