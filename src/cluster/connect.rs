//! From a kubeconfig, or from inside a cluster, to a client.

use std::path::{Path, PathBuf};

use ::kube::client::RustlsTlsError;
use ::kube::{Client, Config};
use http::Uri;

use super::certificate;
use super::credentials::{Credentials, TokenFile};
use super::kubeconfig;
use super::patience::Patience;
use super::proxy::{self, Proxy};
use super::socks;
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
        /// The file, where it is one.
        file: Option<PathBuf>,
        /// Beneath.
        #[source]
        source: BoxError,
    },
    /// The file is no kubeconfig.
    #[error("cluster `{cluster}`: its kubeconfig{} is not valid YAML of a kubeconfig{place}", of(.file))]
    Malformed {
        /// The cluster's name in the settings.
        cluster: String,
        /// The file, where it is one.
        file: Option<PathBuf>,
        /// Where in the file, or empty.
        place: String,
    },
    /// The kubeconfig does not lead anywhere.
    #[error("cluster `{cluster}`: its kubeconfig{} is incomplete: {why}", of(.file))]
    Incomplete {
        /// The cluster's name in the settings.
        cluster: String,
        /// The file, where it is one.
        file: Option<PathBuf>,
        /// What is missing.
        why: String,
    },
    /// This does not run in a cluster.
    #[error(
        "cluster `{cluster}`: `in_cluster` is set, but there is no service account here: {why}; outside of a cluster, set \
         `kubeconfig` instead"
    )]
    NotInCluster {
        /// The cluster's name in the settings.
        cluster: String,
        /// What is missing.
        why: String,
    },
    /// The client cannot be built: certificates that do not fit, a proxy of the environment's that is none.
    #[error("cluster `{cluster}`: cannot prepare a client for it: {why}")]
    Client {
        /// The cluster's name in the settings.
        cluster: String,
        /// What is wrong.
        why: String,
    },
}

fn of(file: &Option<PathBuf>) -> String {
    file.as_ref().map(|file| format!(" `{}`", file.display())).unwrap_or_default()
}

/// How a cluster is asked: by which client, as whom, through what.
pub(super) struct Way {
    pub(super) client: Client,
    pub(super) credentials: Credentials,
    /// Who names the proxy on the way, where there is one.
    pub(super) proxy: Option<&'static str>,
}

/// The service account of a pod.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Prepares the way. Nothing is sent or run yet.
pub(super) fn way(cluster: &str, access: &Access, patience: &Patience) -> Result<Way, ConnectError> {
    let variable = |name: &str| std::env::var(name).ok();
    let client =
        |config| client_of(config).map_err(|why| ConnectError::Client { cluster: cluster.to_owned(), why });
    let Access::Kubeconfig { file, context } = access else {
        let mut config = in_cluster(Path::new(ACCOUNT), variable)
            .map_err(|why| ConnectError::NotInCluster { cluster: cluster.to_owned(), why })?;
        bound(&mut config, patience);
        let credentials = Credentials::File(TokenFile::new(Path::new(ACCOUNT).join("token"), None));
        return Ok(Way { client: client(config)?, credentials, proxy: None });
    };
    let (read, file) = kubeconfig::read(cluster, file.as_deref())?;
    let incomplete = |why| ConnectError::Incomplete { cluster: cluster.to_owned(), file: file.clone(), why };
    let entry = kubeconfig::choose(&read, context.as_deref()).map_err(incomplete)?;
    let mut config = entry.config().map_err(incomplete)?;
    bound(&mut config, patience);
    let proxy_url = entry.cluster.proxy_url.as_deref().filter(|url| !url.is_empty());
    let proxy = proxy::of(proxy_url, &config.cluster_url, variable);
    let proxy = proxy.map_err(|why| match proxy_url {
        Some(_) => incomplete(why),
        None => ConnectError::Client { cluster: cluster.to_owned(), why },
    })?;
    let proxy = proxy.map(|proxy| through(&mut config, proxy));
    let credentials = entry.credentials(&config, patience).map_err(incomplete)?;
    Ok(Way { client: client(config)?, credentials, proxy })
}

fn bound(config: &mut Config, patience: &Patience) {
    // The default repeats for minutes, where the caller has a deadline.
    config.default_retry = false;
    config.connect_timeout = Some(patience.connect);
    config.read_timeout = Some(patience.read);
    // Else the time that a connection rested in the pool would count.
    config.reset_reader_on_write = true;
}

/// Leads through a proxy, and says who names it.
fn through(config: &mut Config, proxy: Proxy) -> &'static str {
    config.proxy_url = Some(proxy.url);
    // A tunnel takes a server without a port for one of TLS.
    let server = &config.cluster_url;
    if let (Some("http"), None, Some(host)) = (server.scheme_str(), server.port(), server.host()) {
        let with_port = Uri::builder().scheme("http").authority(format!("{host}:{}", proxy::port(server)));
        config.cluster_url = with_port.path_and_query(server.path()).build().unwrap_or(server.clone());
    }
    proxy.named_by
}

/// By the files and variables that a pod has.
fn in_cluster(account: &Path, variable: impl Fn(&str) -> Option<String>) -> Result<Config, String> {
    let set = |name: &str| {
        let value = variable(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| format!("`{name}` is not set in the environment"))
    };
    let (host, port) = (set("KUBERNETES_SERVICE_HOST")?, set("KUBERNETES_SERVICE_PORT")?);
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let url = format!("https://{host}:{port}").parse();
    let url = url.map_err(|_| "`KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT` are no address")?;
    let read = |name: &str| {
        let file = account.join(name);
        let read = std::fs::read(&file);
        let read = read.map_err(|error| {
            format!(
                "`{}` cannot be read ({error}): the pod needs `automountServiceAccountToken`",
                file.display()
            )
        });
        read.map(|content| (file, content))
    };
    read("token")?;
    let (file, pem) = read("ca.crt")?;
    let mut config = Config::new(url);
    let authorities = certificate::authorities(&pem);
    config.root_cert = Some(authorities.ok_or_else(|| {
        format!("`{}` has no certificate in PEM, or something else beside it", file.display())
    })?);
    // It is renewed there.
    config.root_cert_file = Some(file);
    Ok(config)
}

/// A client, or why there is none.
pub(super) fn client_of(config: Config) -> Result<Client, String> {
    let proxy = config.proxy_url.clone().filter(|url| url.scheme_str() == Some("socks5"));
    let client = match proxy {
        Some(proxy) => socks::client(config, proxy),
        None => Client::try_from(config),
    };
    client.map_err(|error| {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "what else a client needs was looked at before, and an error may quote it"
        )]
        let why = match error {
            ::kube::Error::RustlsTls(RustlsTlsError::InvalidPrivateKey(_)) => {
                "its client key does not belong to its client certificate, or is of a kind that is not known here"
            }
            ::kube::Error::RustlsTls(RustlsTlsError::InvalidServerName(_)) => {
                "its `tls-server-name` is no name of a server"
            }
            ::kube::Error::RustlsTls(RustlsTlsError::AddRootCertificate(_)) => {
                "it has no `certificate-authority`, and this system's own authorities cannot be read"
            }
            ::kube::Error::HttpError(_) => "whom its user acts as (`as`) has characters that no header may have",
            _ => "certificates, keys or names in it cannot be used",
        };
        why.to_owned()
    })
}
