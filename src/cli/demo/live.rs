//! The cluster of the demo, and its applier: what landed is applied, as a GitOps controller would.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use countersign_core::object::{Sealer, SealingKey, parse_manifests};
use countersign_sim::cluster::Cluster;
use serde_json::json;

/// The context of the simulated cluster.
const SIMULATED: &str = "simulated";
/// The manager that the policy names.
const MANAGER: &str = "gitops";

/// Where production's objects live.
pub(super) enum Live {
    /// In this process.
    Simulated { cluster: Cluster, kubeconfig: PathBuf },
    /// Behind a context of the visitor's kubeconfig; nothing is ever applied there.
    Real { context: String },
}

impl Live {
    /// The visitor's cluster, or a simulated one with the namespace of the shop.
    pub(super) async fn start(context: Option<&str>, home: &Path) -> anyhow::Result<Self> {
        if let Some(context) = context {
            return Ok(Self::Real { context: context.to_owned() });
        }
        let cluster = Cluster::start().await.context("the simulated cluster does not start")?;
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } });
        cluster.apply(&namespace, MANAGER).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
        let kubeconfig = home.join("kubeconfig");
        std::fs::write(&kubeconfig, cluster.kubeconfig(SIMULATED))
            .context("the kubeconfig cannot be written")?;
        Ok(Self::Simulated { cluster, kubeconfig })
    }

    /// The file and the context that reach it.
    pub(super) fn access(&self) -> (Option<PathBuf>, String) {
        match self {
            Self::Simulated { kubeconfig, .. } => (Some(kubeconfig.clone()), SIMULATED.to_owned()),
            Self::Real { context } => (None, context.clone()),
        }
    }

    /// Applies manifests, as the applier does after a landing.
    pub(super) fn apply(&self, text: &str) -> anyhow::Result<()> {
        let Self::Simulated { cluster, .. } = self else { return Ok(()) };
        let key = SealingKey::new([0; 32]);
        let sealer = Sealer { key: &key, environment: "production", mask: &[] };
        for object in parse_manifests(text, None, None, &sealer)? {
            cluster.apply(&object.body.value(), MANAGER).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
        }
        Ok(())
    }
}
