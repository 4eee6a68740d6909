//! Bare repositories served over HTTP by git's own program, on a port of this machine's loopback.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, Response, StatusCode, header};
use countersign::ports::{GitRemote, Secret};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

/// A token that must never be seen anywhere but in a header.
pub(crate) const TOKEN: &str = "s3cr3t-t0ken-9f1c";

/// A forge of one folder of repositories; ends with the value.
pub(crate) struct Backend {
    dir: TempDir,
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Shared {
    root: PathBuf,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Backend {
    pub(crate) async fn start() -> Self {
        let dir = TempDir::new().unwrap();
        let seen = Arc::default();
        let shared = Shared { root: dir.path().to_owned(), seen: Arc::clone(&seen) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = axum::Router::new().fallback(serve).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, app).await });
        let backend = Self { dir, port, seen };
        git(backend.dir.path(), &["init", "-q", "--bare", "-b", "main", "env.git"]);
        git(&backend.repo(), &["config", "http.receivepack", "true"]);
        git(&backend.repo(), &["config", "uploadpack.allowAnySHA1InWant", "true"]);
        backend
    }

    /// The bare repository.
    pub(crate) fn repo(&self) -> PathBuf {
        self.dir.path().join("env.git")
    }

    pub(crate) fn remote(&self, head_ref: &str) -> GitRemote {
        GitRemote {
            url: format!("http://127.0.0.1:{}/env.git", self.port),
            credentials: Some(("bot".to_owned(), Secret::new(TOKEN.to_owned()))),
            head_ref: head_ref.to_owned(),
        }
    }

    /// Authorization headers that arrived.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// A commit of these files on top of `parent`, on a ref of the forge.
    pub(crate) fn commit(&self, name: &str, parent: Option<&str>, files: &[(&str, &str)]) -> String {
        let work = TempDir::new().unwrap();
        let repo = self.repo();
        let run = |args: &[&str]| {
            let output = std::process::Command::new("git")
                .args(args)
                .current_dir(work.path())
                .env("GIT_DIR", &repo)
                .env("GIT_WORK_TREE", work.path())
                .env("GIT_INDEX_FILE", work.path().join(".index"))
                .envs(IDENTITY)
                .output()
                .unwrap();
            assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        if let Some(parent) = parent {
            run(&["read-tree", parent]);
        }
        for (path, text) in files {
            let blob = work.path().join(".blob");
            std::fs::write(&blob, text).unwrap();
            let id = run(&["hash-object", "-w", "--no-filters", ".blob"]);
            run(&["update-index", "--add", "--cacheinfo", &format!("100644,{id},{path}")]);
        }
        let tree = run(&["write-tree"]);
        self.commit_tree(name, parent, &tree)
    }

    /// A commit of a tree, on a ref of the forge.
    pub(crate) fn commit_tree(&self, name: &str, parent: Option<&str>, tree: &str) -> String {
        let mut args = vec!["commit-tree", "-m", "x", tree];
        args.extend(parent.iter().flat_map(|parent| ["-p", *parent]));
        let id = git(&self.repo(), &args);
        git(&self.repo(), &["update-ref", name, &id]);
        id
    }
}

const IDENTITY: [(&str, &str); 7] = [
    ("GIT_AUTHOR_NAME", "Cy"),
    ("GIT_AUTHOR_EMAIL", "cy@example.org"),
    ("GIT_COMMITTER_NAME", "Dee"),
    ("GIT_COMMITTER_EMAIL", "dee@example.org"),
    ("GIT_AUTHOR_DATE", "1700000000 +0000"),
    ("GIT_COMMITTER_DATE", "1700000000 +0000"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
];

/// Git as anybody would run it; its standard output.
pub(crate) fn git(dir: &Path, args: &[&str]) -> String {
    let output =
        std::process::Command::new("git").args(args).current_dir(dir).envs(IDENTITY).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn serve(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let head = |name: HeaderName| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    shared.seen.lock().unwrap().push(head(header::AUTHORIZATION));
    let body = to_bytes(body, 64 << 20).await.unwrap();
    let mut child = tokio::process::Command::new("git")
        .args(["http-backend"])
        .env("GIT_PROJECT_ROOT", &shared.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("CONTENT_TYPE", head(header::CONTENT_TYPE))
        .env("HTTP_CONTENT_ENCODING", head(header::CONTENT_ENCODING))
        .env("GIT_PROTOCOL", head(HeaderName::from_static("git-protocol")))
        .env("REMOTE_USER", "bot")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feed = async move {
        stdin.write_all(&body).await.ok();
        drop(stdin);
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    let output = output.unwrap().stdout;
    let split = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output[..split]).lines() {
        let (name, value) = line.split_once(": ").unwrap();
        response = if name == "Status" {
            let code: u16 = value.split(' ').next().unwrap().parse().unwrap();
            response.status(StatusCode::from_u16(code).unwrap())
        } else {
            response.header(name, value)
        };
    }
    response.body(Body::from(output[split + 4..].to_vec())).unwrap()
}
