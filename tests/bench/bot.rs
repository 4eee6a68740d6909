//! A bot with its real parts, for one forge and no cluster.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::audit::SshSigner;
use countersign::cluster::KubeClusters;
use countersign::engine::{Engine, Links};
use countersign::forge::github::{GitHub, GitHubAuth, GitHubConfig};
use countersign::ports::{Secret, SystemClock};
use countersign::render::{Programs, RenderSettings};
use countersign::source::Mirrors;
use countersign::store::Sqlite;
use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use countersign_core::object::SealingKey;

pub(crate) const WEBHOOK_SECRET: &str = "a secret that webhooks share";

/// The engine, at home in a folder.
pub(crate) async fn engine(home: &Path, forge_url: &str, token: &str) -> Engine {
    let hub = GitHub::new(GitHubConfig {
        name: "hub".to_owned(),
        url: forge_url.to_owned(),
        auth: GitHubAuth::Token(Secret::new(token.to_owned())),
        webhook_secret: Secret::new(WEBHOOK_SECRET.to_owned()),
        repositories: vec!["acme/*".to_owned()],
    });
    let store = format!("sqlite:{}", home.join("bot.db").display());
    Engine {
        forges: BTreeMap::from([("hub".to_owned(), hub.unwrap() as _)]),
        sources: Arc::new(Mirrors::new(home.join("mirrors"))),
        renderer: Arc::new(renderer(&home.join("scratch"))),
        clusters: Arc::new(KubeClusters::new(Vec::new())),
        store: Arc::new(Sqlite::open(&store).await.unwrap()),
        clock: Arc::new(SystemClock),
        signer: Arc::new(SshSigner::read_or_make(home).unwrap()),
        sealing_key: SealingKey::new([7; 32]),
        floor: None,
        links: Links::new(Some("https://countersign.example.org"), [9; 32]),
        landing: tokio::sync::Mutex::new(()),
    }
}

/// The renderers, in the program's own sandbox.
pub(crate) fn renderer(scratch: &Path) -> Programs {
    let sandbox = PathBuf::from(env!("CARGO_BIN_EXE_countersign"));
    let settings =
        RenderSettings { kustomize: tool("kustomize"), ..RenderSettings::new(scratch.to_owned(), sandbox) };
    Programs::new(settings).unwrap()
}

/// A program, as `tests/tools` pins it, or the one on the `PATH`.
pub(crate) fn tool(name: &str) -> PathBuf {
    let tools = std::env::var_os("COUNTERSIGN_TOOLS").map(PathBuf::from);
    let tools = tools.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools"));
    let built = tools.join(name);
    if built.is_file() { built } else { PathBuf::from(name) }
}

/// An environment without a cluster.
pub(crate) fn environment(source: EnvironmentSource) -> Environment {
    Environment {
        name: "production".to_owned(),
        source,
        cluster: None,
        apply: ApplyMode::ClientSide,
        field_manager: "kubectl".to_owned(),
        prune: true,
        on_unreachable: OnUnreachable::Hold,
        default_namespace: None,
        destinations: Vec::new(),
        unforced: false,
        kubernetes: None,
    }
}

/// A runtime as the program has one.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}
