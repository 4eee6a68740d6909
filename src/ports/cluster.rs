//! A cluster: read one object, predict one apply. Never a real write.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use countersign_core::object::ObjectRef;
use countersign_core::patch::{Patch, PatchSchema};
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
    /// Somebody whom it has to ask first is out of order; of other objects it may be able to tell.
    #[error("the cluster cannot tell now: {why}")]
    OutOfOrder {
        /// Who.
        why: String,
    },
    /// An answer with more in it than is read.
    #[error("the cluster's answer is larger than {megabytes} MB")]
    TooLarge {
        /// How much is read.
        megabytes: usize,
    },
    /// The live object is not the one any more that a write was made for.
    #[error("the object changed meanwhile")]
    Moved,
    /// An answer that makes no sense.
    #[error("the cluster answered something unexpected: {why}")]
    Unexpected {
        /// What was wrong.
        why: String,
    },
}

/// How a refusal says of a field that its kind does not have it; some appliers drop such a field without a word.
pub const NO_SUCH_FIELD: &str = "is not a field of its kind";
/// How a refusal says of a field that it has to be there.
pub const REQUIRED: &str = "is required";

/// Whether a cluster may be asked for dry runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DryRuns {
    /// It may.
    On,
    /// Its account could do harm: only live objects are read.
    Off {
        /// What is wrong, and what to do.
        why: String,
    },
}

/// What a write would make of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Prediction {
    /// It would become this.
    Object(Box<Value>),
    /// The server would refuse it, and why (an immutable field, a schema, an admission policy).
    Refused {
        /// In the server's words, without values; several causes are divided by `; `.
        why: String,
        /// Whether an immutable field is the cause: then it has to be replaced.
        immutable: bool,
        /// What whoever wrote the policy or the webhook that refuses it says, which may be anything and may quote live values.
        words: Option<String>,
    },
    /// Its kind or its namespace is not there yet: the render's answer stands.
    NotYet {
        /// What is missing.
        missing: String,
    },
    /// The server cannot tell (a webhook without dry run, an API without such writes): the render's answer stands.
    Unpredictable {
        /// Why not.
        why: String,
    },
}

impl Prediction {
    /// What the object would become; `None` where it would not, or where that cannot be told.
    pub fn object(&self) -> Option<&Value> {
        match self {
            Self::Object(object) => Some(object),
            Self::Refused { .. } | Self::NotYet { .. } | Self::Unpredictable { .. } => None,
        }
    }
}

/// What came of a dry run.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// What the write would make of the object.
    pub prediction: Prediction,
    /// What the server warns of: old versions, policies that only warn, webhooks. In their own words, which may be anybody's
    /// and may quote live values.
    pub warnings: BTreeSet<String>,
}

impl From<Prediction> for Tried {
    /// Nothing was warned of.
    fn from(prediction: Prediction) -> Self {
        Self { prediction, warnings: BTreeSet::new() }
    }
}

/// A write as an applier makes it. None is ever sent but as a dry run.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Server-side apply of this manifest, forced.
    Apply(Value),
    /// The same, not forced: it fails where somebody else owns a field and gives it another value.
    ApplyUnforced(Value),
    /// The object is not there: make it of this manifest.
    Create(Value),
    /// Put this manifest in the place of the live object; it carries the live `metadata.resourceVersion`.
    Replace(Value),
    /// Patch the live object.
    Patch(Patch),
    /// Put other values in places of the live object, by this JSON patch (RFC 6902). No applier writes so: it tells what an
    /// apply comes to that does just that.
    Amend(Value),
}

/// The quotas of a namespace.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quotas {
    /// Its ResourceQuotas, live.
    pub all: Vec<Value>,
    /// The name under which they count each object, such as `deployments.apps`.
    pub counted: HashMap<ObjectRef, String>,
}

/// One live object of a list, at rest: most of many wait a while until they are looked into, and take a tenth of the room
/// as text.
#[derive(Clone, PartialEq, Eq)]
pub struct Listed {
    text: Box<str>,
    api_version: Arc<str>,
    kind: Arc<str>,
}

impl Listed {
    /// An object as a list has it, which may leave to the list what it is.
    pub fn new(text: &str, api_version: Arc<str>, kind: Arc<str>) -> Self {
        Self { text: text.into(), api_version, kind }
    }

    /// The object as it would be alone; `None` where that is none.
    pub fn value(&self) -> Option<Value> {
        let mut value: Value = serde_json::from_str(&self.text).ok()?;
        let object = value.as_object_mut()?;
        for (field, own) in [("apiVersion", &self.api_version), ("kind", &self.kind)] {
            object.entry(field).or_insert_with(|| Value::from(&**own));
        }
        Some(value)
    }
}

/// What is live is not for logs.
impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Live objects, as far as they are known; `None` where there is none.
pub type LiveObjects = HashMap<ObjectRef, Option<Listed>>;

/// A part of all live objects of a kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// With all that the server keeps about them.
    pub objects: Vec<Value>,
    /// What asks for the next part; `None` where this is the last.
    pub next: Option<String>,
}

/// One cluster.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// Its name in the settings.
    fn name(&self) -> &str;
    /// A stable identity: UID of `kube-system`.
    async fn identity(&self) -> Result<String, ClusterError>;
    /// Whether objects in these namespaces may be tried: the account has no right too many, and a write that is no dry
    /// run is refused. Remembered for minutes.
    async fn dry_runs(&self, namespaces: &BTreeSet<String>) -> Result<DryRuns, ClusterError>;
    /// Whether a kind lives in namespaces; `None` where the kind is unknown.
    async fn namespaced(&self, object: &ObjectRef) -> Result<Option<bool>, ClusterError>;
    /// The live object, or `None` where there is none.
    async fn read(&self, object: &ObjectRef) -> Result<Option<Value>, ClusterError>;
    /// The live ones of these objects, as far as they can be had together in fewer requests than one each. Whatever is not
    /// in the answer is [read](Self::read) alone, and then told what is wrong with it.
    ///
    /// # Errors
    /// The cluster does not answer, and others need not be asked to know that.
    async fn read_ahead(&self, objects: &[&ObjectRef]) -> Result<LiveObjects, ClusterError>;
    /// The live objects of a kind in all namespaces, part by part: the first, or the one that `next` of another asks for. Of
    /// the kind's name, group and version count.
    async fn list(&self, kind: &ObjectRef, next: Option<&str>) -> Result<Page, ClusterError>;
    /// The quotas that count these objects, which are in one namespace. Asked by one list.
    async fn quotas(&self, objects: &[&ObjectRef]) -> Result<Quotas, ClusterError>;
    /// How patches of a kind are merged; `None` where it takes no strategic merge patch, or is unknown.
    async fn patch_schema(&self, object: &ObjectRef) -> Result<Option<PatchSchema>, ClusterError>;
    /// What this write by this manager would make of the object, by `dryRun=All`.
    async fn dry_run(
        &self,
        object: &ObjectRef,
        write: &Write,
        field_manager: &str,
    ) -> Result<Tried, ClusterError>;
}

/// The clusters that the settings name.
pub trait Clusters: Send + Sync {
    /// One by name.
    fn get(&self, name: &str) -> Option<&dyn Cluster>;
}
