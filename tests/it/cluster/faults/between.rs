//! What stands between the bot and a real API server, and fails as networks, balancers and busy servers do: each request
//! as a plan says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::parts::ApiServer;

/// How an answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cluster) enum Fault {
    /// It does not.
    None,
    /// The connection is closed before the server hears of the request.
    Dropped,
    /// The server acts on the request, and the connection is closed without its answer.
    Unanswered,
    /// The connection is reset within the head of the answer.
    Reset,
    /// The connection is closed within a body whose length is known.
    Cut,
    /// The body ends too early, and nothing says so.
    Shortened,
    /// The answer comes after this.
    Late(Duration),
    /// Nothing comes, and the connection stays.
    Stalled,
    /// The head comes, and nothing more.
    Dripping,
    /// The server is asked to take fields that it does not have, as one that knows no strict validation would.
    Lenient,
    /// Somebody else answers in the server's place: status, `Retry-After`, body.
    Instead(u16, Option<&'static str>, &'static str),
}

/// One request, as the plan sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::cluster) struct Asked {
    pub(in crate::cluster) method: String,
    /// Path and query.
    pub(in crate::cluster) target: String,
    /// How often the same was asked before.
    pub(in crate::cluster) before: u32,
}

type Plan = dyn Fn(&Asked) -> Fault + Send + Sync;

/// The proxy, on a loopback port of its own until it is dropped.
pub(in crate::cluster) struct Between {
    url: String,
    accepting: JoinHandle<()>,
    way: Arc<Way>,
}

/// The way to the server.
struct Way {
    http: reqwest::Client,
    url: String,
    plan: Box<Plan>,
    asked: Mutex<BTreeMap<(String, String), u32>>,
}

impl Between {
    pub(in crate::cluster) async fn start(
        server: &ApiServer,
        plan: impl Fn(&Asked) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let way = Arc::new(Way {
            http: client(server),
            url: server.url().to_owned(),
            plan: Box::new(plan),
            asked: Mutex::default(),
        });
        let shared = Arc::clone(&way);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let way = Arc::clone(&shared);
                connections.spawn(async move { way.serve(stream).await });
            }
        });
        Self { url, accepting, way }
    }

    /// A kubeconfig that leads through here.
    pub(in crate::cluster) fn kubeconfig(&self, server: &ApiServer, token: &str) -> PathBuf {
        let file = server.kubeconfig_for("default", token);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace(server.url(), &self.url)).unwrap();
        file
    }

    /// How many requests came for paths like this.
    pub(in crate::cluster) fn asked(&self, is_meant: impl Fn(&str) -> bool) -> u32 {
        let asked = self.way.asked.lock().unwrap();
        asked.iter().filter(|((_, target), _)| is_meant(target)).map(|(_, times)| times).sum()
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        // The connections go with it.
        self.accepting.abort();
    }
}

/// One whose connections are kept, unlike the server's own.
fn client(server: &ApiServer) -> reqwest::Client {
    let certificates = std::fs::read(server.ca()).unwrap();
    let certificates = reqwest::Certificate::from_pem_bundle(&certificates).unwrap();
    reqwest::Client::builder().no_proxy().tls_certs_only(certificates).build().unwrap()
}

struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Way {
    /// Answers what comes over one connection, until a fault or the bot ends it.
    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufStream::new(stream);
        while let Some(request) = Request::read(&mut stream).await {
            let fault = (self.plan)(&self.note(&request));
            if self.answer(&mut stream, &request, fault).await.is_none() {
                return;
            }
        }
    }

    fn note(&self, request: &Request) -> Asked {
        let mut asked = self.asked.lock().unwrap();
        let times = asked.entry((request.method.clone(), request.target.clone())).or_default();
        let before = *times;
        *times += 1;
        Asked { method: request.method.clone(), target: request.target.clone(), before }
    }

    /// `None` where the connection ends.
    async fn answer(&self, stream: &mut BufStream<TcpStream>, request: &Request, fault: Fault) -> Option<()> {
        if let Fault::Dropped = fault {
            return None;
        }
        if let Fault::Instead(status, retry_after, body) = fault {
            let header = |after: &str| ("retry-after".to_owned(), after.to_owned());
            let headers = retry_after.map(header).into_iter().collect();
            return Reply { status, headers, body: body.as_bytes().to_vec() }.send(stream).await;
        }
        let target = match fault == Fault::Lenient {
            true => request.target.replace("fieldValidation=Strict", "fieldValidation=Warn"),
            false => request.target.clone(),
        };
        let reply = self.forward(request, &target).await?;
        let half = reply.body.len() / 2;
        match fault {
            Fault::None | Fault::Lenient | Fault::Dropped | Fault::Instead(..) => reply.send(stream).await,
            Fault::Late(after) => {
                tokio::time::sleep(after).await;
                reply.send(stream).await
            }
            Fault::Unanswered => None,
            Fault::Reset => {
                stream.write_all(&reply.head(reply.body.len()).as_bytes()[..12]).await.ok()?;
                stream.flush().await.ok()?;
                stream.get_ref().set_zero_linger().ok()?;
                None
            }
            Fault::Cut => {
                stream.write_all(reply.head(reply.body.len()).as_bytes()).await.ok()?;
                stream.write_all(&reply.body[..half]).await.ok()?;
                stream.flush().await.ok()?;
                None
            }
            Fault::Shortened => Reply { body: reply.body[..half].to_vec(), ..reply }.send(stream).await,
            Fault::Stalled => std::future::pending().await,
            Fault::Dripping => {
                stream.write_all(reply.head(reply.body.len()).as_bytes()).await.ok()?;
                stream.flush().await.ok()?;
                std::future::pending().await
            }
        }
    }

    async fn forward(&self, request: &Request, target: &str) -> Option<Reply> {
        let method = request.method.parse().unwrap();
        let mut forwarded = self.http.request(method, format!("{}{target}", self.url));
        for (name, value) in &request.headers {
            if matches!(name.as_str(), "accept" | "authorization" | "content-type") {
                forwarded = forwarded.header(name, value);
            }
        }
        let answer = forwarded.body(request.body.clone()).send().await.ok()?;
        let kept = ["content-type", "retry-after", "warning"];
        let headers = answer.headers().iter().filter(|(name, _)| kept.contains(&name.as_str()));
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        Some(Reply { status: answer.status().as_u16(), headers, body: answer.bytes().await.ok()?.to_vec() })
    }
}

impl Request {
    async fn read(stream: &mut BufStream<TcpStream>) -> Option<Self> {
        let first = line(stream).await?;
        let mut words = first.split(' ').map(str::to_owned);
        let (method, target) = (words.next()?, words.next()?);
        let mut headers = Vec::new();
        loop {
            let line = line(stream).await?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
        stream.read_exact(&mut body).await.ok()?;
        Some(Self { method, target, headers, body })
    }
}

/// A line without its end; `None` where there are no more.
async fn line(stream: &mut BufStream<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

impl Reply {
    fn head(&self, length: usize) -> String {
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("HTTP/1.1 {} Said\r\n{headers}content-length: {length}\r\n\r\n", self.status)
    }

    async fn send(&self, stream: &mut BufStream<TcpStream>) -> Option<()> {
        stream.write_all(self.head(self.body.len()).as_bytes()).await.ok()?;
        stream.write_all(&self.body).await.ok()?;
        stream.flush().await.ok()
    }
}
