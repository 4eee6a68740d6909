//! Clusters, through the Kubernetes API: one object read, one apply predicted.
//!
//! Requests are sent raw, since typed clients drop unknown fields before strict validation can see them. Nothing here
//! ever writes for real, reads or sends a Secret, lists, watches, or logs a body.

mod answer;
mod connect;
mod discovery;
mod kube;
mod link;
mod patches;
mod request;
#[cfg(test)]
mod tests;
mod wording;

pub use connect::{Access, ConnectError};
pub use kube::{KubeCluster, KubeClusters};
