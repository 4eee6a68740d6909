//! A cluster: read one object, predict one apply. Never a real write.

use async_trait::async_trait;
use countersign_core::object::ObjectRef;
use serde_json::Value;

use super::BoxError;

/// Why a cluster did not answer a question.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// It may not be asked.
    #[error("the cluster refused to tell ({verb} {resource}): {why}")]
    Forbidden {
        /// The verb that is missing.
        verb: &'static str,
        /// On what.
        resource: String,
        /// In the server's words.
        why: String,
    },
    /// No answer in time, or no connection.
    #[error("the cluster did not answer")]
    Unreachable {
        /// Beneath.
        #[source]
        source: BoxError,
    },
    /// An answer that makes no sense.
    #[error("the cluster answered something unexpected: {why}")]
    Unexpected {
        /// What was wrong.
        why: String,
    },
}

/// What a server-side apply would make of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Prediction {
    /// It would become this.
    Object(Box<Value>),
    /// The server would refuse it, and why (an immutable field, a schema, an admission policy).
    Refused {
        /// In the server's words, without values.
        why: String,
        /// Whether an immutable field is the cause: then it has to be replaced.
        immutable: bool,
    },
    /// Its kind or its namespace is not there yet: the render's answer stands.
    NotYet {
        /// What is missing.
        missing: String,
    },
    /// The server cannot tell (a webhook without dry run, an API without apply): the render's answer stands.
    Unpredictable {
        /// Why not.
        why: String,
    },
}

/// One cluster.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// Its name in the settings.
    fn name(&self) -> &str;
    /// A stable identity: UID of `kube-system`.
    async fn identity(&self) -> Result<String, ClusterError>;
    /// Whether a kind lives in namespaces; `None` where the kind is unknown.
    async fn namespaced(&self, object: &ObjectRef) -> Result<Option<bool>, ClusterError>;
    /// The live object, or `None` where there is none.
    async fn read(&self, object: &ObjectRef) -> Result<Option<Value>, ClusterError>;
    /// Server-side apply with `dryRun=All`, by this manager, forced.
    async fn dry_run_apply(
        &self,
        object: &ObjectRef,
        manifest: &Value,
        field_manager: &str,
    ) -> Result<Prediction, ClusterError>;
}

/// The clusters that the settings name.
pub trait Clusters: Send + Sync {
    /// One by name.
    fn get(&self, name: &str) -> Option<&dyn Cluster>;
}
