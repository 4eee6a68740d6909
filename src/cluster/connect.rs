//! From a kubeconfig, or from inside a cluster, to a client.

use std::path::PathBuf;

use ::kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use ::kube::{Client, Config};

use super::patience::Patience;
use crate::ports::BoxError;

/// How to reach a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// By the service account of the pod that this runs in.
    InCluster,
    /// By a kubeconfig.
    Kubeconfig {
        /// The file; `None`: what `KUBECONFIG` names, else `~/.kube/config`.
        file: Option<PathBuf>,
        /// The context; `None`: the file's current one.
        context: Option<String>,
    },
}

/// Why a cluster cannot be reached at all. Never quotes a kubeconfig: it holds credentials.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig is absent or unreadable.
    #[error("cluster `{cluster}`: cannot read its kubeconfig{}", of(.file))]
    Unreadable {
        /// The cluster's name in the settings.
        cluster: String,
        /// The file, where the settings name one.
        file: Option<PathBuf>,
        /// Beneath.
        #[source]
        source: BoxError,
    },
    /// The file is no kubeconfig.
    #[error("cluster `{cluster}`: its kubeconfig{} is not valid YAML of a kubeconfig", of(.file))]
    Malformed {
        /// The cluster's name in the settings.
        cluster: String,
        /// The file, where the settings name one.
        file: Option<PathBuf>,
    },
    /// The kubeconfig does not lead anywhere.
    #[error("cluster `{cluster}`: its kubeconfig{} is incomplete: {why}", of(.file))]
    Incomplete {
        /// The cluster's name in the settings.
        cluster: String,
        /// The file, where the settings name one.
        file: Option<PathBuf>,
        /// What is missing.
        why: String,
    },
    /// This does not run in a cluster.
    #[error("cluster `{cluster}`: `in_cluster` is set, but there is no service account here")]
    NotInCluster {
        /// The cluster's name in the settings.
        cluster: String,
        /// Beneath.
        #[source]
        source: BoxError,
    },
    /// The client cannot be built: certificates, a proxy.
    #[error("cluster `{cluster}`: cannot prepare a client for it")]
    Client {
        /// The cluster's name in the settings.
        cluster: String,
        /// Beneath.
        #[source]
        source: BoxError,
    },
}

fn of(file: &Option<PathBuf>) -> String {
    file.as_ref().map(|file| format!(" `{}`", file.display())).unwrap_or_default()
}

/// A client. Nothing is sent yet.
pub(super) async fn client(name: &str, access: &Access, patience: &Patience) -> Result<Client, ConnectError> {
    let mut config = config(name, access).await?;
    // The default repeats for minutes, where the caller has a deadline.
    config.default_retry = false;
    config.connect_timeout = Some(patience.connect);
    config.read_timeout = Some(patience.read);
    // Else the time that a connection rested in the pool would count.
    config.reset_reader_on_write = true;
    Client::try_from(config)
        .map_err(|source| ConnectError::Client { cluster: name.to_owned(), source: source.into() })
}

async fn config(name: &str, access: &Access) -> Result<Config, ConnectError> {
    match access {
        Access::InCluster => Config::incluster()
            .map_err(|source| ConnectError::NotInCluster { cluster: name.to_owned(), source: source.into() }),
        Access::Kubeconfig { file, context } => {
            let failed = |source| kubeconfig_error(name, file, source);
            let read = match file {
                Some(path) => Kubeconfig::read_from(path),
                None => Kubeconfig::read(),
            };
            let options = KubeConfigOptions { context: context.clone(), cluster: None, user: None };
            Config::from_custom_kubeconfig(read.map_err(failed)?, &options).await.map_err(failed)
        }
    }
}

fn kubeconfig_error(name: &str, file: &Option<PathBuf>, source: KubeconfigError) -> ConnectError {
    let (cluster, file) = (name.to_owned(), file.clone());
    let incomplete =
        |why: String| ConnectError::Incomplete { cluster: name.to_owned(), file: file.clone(), why };
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the rest are all files and texts that cannot be read"
    )]
    match source {
        // A parser's own message would quote the file.
        KubeconfigError::Parse(_) => ConnectError::Malformed { cluster, file },
        KubeconfigError::CurrentContextNotSet => {
            incomplete("no `context` is given, and it has no current one".to_owned())
        }
        KubeconfigError::LoadContext(context) => incomplete(format!("it has no context `{context}`")),
        KubeconfigError::LoadClusterOfContext(of) => incomplete(format!("it has no cluster `{of}`")),
        KubeconfigError::MissingClusterUrl => incomplete("its cluster has no `server`".to_owned()),
        KubeconfigError::ParseClusterUrl(_) => incomplete("the `server` of its cluster is no URL".to_owned()),
        source => ConnectError::Unreadable { cluster, file, source: source.into() },
    }
}
