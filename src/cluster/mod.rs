//! Clusters, through the Kubernetes API: one object read, one apply predicted.
//!
//! Requests are sent raw, since typed clients drop unknown fields before strict validation can see them. Nothing here
//! reads, lists or sends a Secret, watches, or logs a body, and nothing writes for real but the one probe of `guard`, which
//! has to be refused.

mod answer;
mod behind;
mod certificate;
mod connect;
mod credentials;
mod denial;
mod discovery;
mod failure;
mod guard;
mod kube;
mod kubeconfig;
mod link;
mod list;
mod no_proxy;
mod patches;
mod path;
mod patience;
mod plugin;
mod proxy;
mod quotas;
mod request;
mod respite;
mod rights;
mod socks;
#[cfg(test)]
mod tests;
mod warning;
mod wording;

pub use connect::{Access, ConnectError};
pub use kube::{KubeCluster, KubeClusters};
pub use patience::Patience;
