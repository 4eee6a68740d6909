//! The bot of a story: the real engine with the real adapters, on a store that outlives it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::audit::SshSigner;
use countersign::cluster::{Access, KubeCluster, KubeClusters, Patience};
use countersign::engine::{Engine, Links, Looked};
use countersign::ports::Signer as _;
use countersign::render::{Programs, RenderSettings};
use countersign::source::Mirrors;
use countersign::store::Sqlite;
use countersign_core::change::ChangeId;
use countersign_core::object::SealingKey;

use super::town::Town;
use crate::parts;

/// Where a bot keeps what outlives it.
pub(crate) struct Home {
    pub(crate) dir: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The bot's public key, as a line of `allowed_signers`.
    pub(crate) fn allowed_signers(&self) -> String {
        let signer = SshSigner::read_or_make(self.path()).unwrap();
        countersign::audit::allowed_signer("countersign", &signer.public_key())
    }
}

/// Builds an engine for a town.
pub(crate) async fn engine(town: &dyn Town, home: &Home) -> Engine {
    let mut engine = engine_without_clusters(town, home).await;
    if let Some(server) = parts::apiserver().await {
        let access = Access::Kubeconfig { file: Some(server.kubeconfig().to_owned()), context: None };
        let production = KubeCluster::connect("prod".to_owned(), &access, Patience::USUAL).await.unwrap();
        engine.clusters = Arc::new(KubeClusters::new(vec![production]));
    }
    engine
}

/// The same, for environments that have no cluster.
pub(crate) async fn engine_without_clusters(town: &dyn Town, home: &Home) -> Engine {
    let store = format!("sqlite:{}", home.path().join("bot.db").display());
    Engine {
        forges: BTreeMap::from([("hub".to_owned(), town.forge())]),
        sources: Arc::new(Mirrors::new(home.path().join("mirrors"))),
        renderer: Arc::new(renderer(&home.path().join("scratch"))),
        clusters: Arc::new(KubeClusters::new(Vec::new())),
        store: Arc::new(Sqlite::open(&store).await.unwrap()),
        clock: town.clock(),
        signer: Arc::new(SshSigner::read_or_make(home.path()).unwrap()),
        sealing_key: SealingKey::new([7; 32]),
        floor: None,
        links: Links::new(Some("https://countersign.example.org"), [9; 32]),
        landing: tokio::sync::Mutex::new(()),
    }
}

/// The renderers of a story, in the program's own sandbox.
pub(crate) fn renderer(scratch: &Path) -> Programs {
    let program = |built: Option<PathBuf>, name: &str| built.unwrap_or_else(|| PathBuf::from(name));
    let sandbox = PathBuf::from(env!("CARGO_BIN_EXE_countersign"));
    let settings = RenderSettings {
        kustomize: program(parts::tools::kustomize(), "kustomize"),
        helm: program(parts::tools::helm(), "helm"),
        ..RenderSettings::new(scratch.to_owned(), sandbox)
    };
    Programs::new(settings).unwrap()
}

/// Looks at a change until nothing is left to do.
pub(crate) async fn settle(engine: &Engine, id: &ChangeId) {
    for _ in 0..10 {
        match engine.look(id).await {
            Ok(Looked::Settled | Looked::InAMoment) => return,
            Ok(Looked::Again) => {}
            Err(error) => panic!("the look failed: {}", chain(&error)),
        }
    }
    panic!("{id} does not settle");
}

pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut beneath = error.source();
    while let Some(error) = beneath {
        text = format!("{text}: {error}");
        beneath = error.source();
    }
    text
}
