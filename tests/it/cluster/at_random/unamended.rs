//! The same cluster, which is not asked to amend what is live: then all is asked as its applier would.

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use countersign::engine::predict::Predicted;
use countersign::ports::{
    Cluster, ClusterError, DryRuns, LiveObjects, Page, Prediction, Quotas, Tried, Write,
};
use countersign_core::evaluation::Drift;
use countersign_core::object::ObjectRef;
use countersign_core::patch::PatchSchema;
use serde_json::Value;

pub(super) struct Unamended<'a> {
    cluster: &'a dyn Cluster,
    amended: Mutex<BTreeSet<ObjectRef>>,
}

impl<'a> Unamended<'a> {
    pub(super) fn of(cluster: &'a dyn Cluster) -> Self {
        Self { cluster, amended: Mutex::default() }
    }

    /// Which it would have been asked to, and how many those are; what is said of them is the same.
    pub(super) fn holds(&self, amended: &Predicted, otherwise: &Predicted) -> usize {
        let all = self.amended.lock().unwrap();
        let is_one = |object: &ObjectRef| all.contains(object);
        for (one, other) in
            amended.effects.iter().zip(&otherwise.effects).filter(|(one, _)| is_one(&one.object))
        {
            assert_eq!(one, other, "an amendment tells what the apply tells");
        }
        let drift = |said: &Predicted| -> Vec<Drift> {
            said.drift.iter().filter(|drift| is_one(&drift.object)).cloned().collect()
        };
        assert_eq!(drift(amended), drift(otherwise));
        all.len()
    }
}

#[async_trait]
impl Cluster for Unamended<'_> {
    fn name(&self) -> &str {
        self.cluster.name()
    }

    async fn identity(&self) -> Result<String, ClusterError> {
        self.cluster.identity().await
    }

    async fn dry_runs(&self, namespaces: &BTreeSet<String>) -> Result<DryRuns, ClusterError> {
        self.cluster.dry_runs(namespaces).await
    }

    async fn namespaced(&self, object: &ObjectRef) -> Result<Option<bool>, ClusterError> {
        self.cluster.namespaced(object).await
    }

    async fn read(&self, object: &ObjectRef) -> Result<Option<Value>, ClusterError> {
        self.cluster.read(object).await
    }

    async fn read_ahead(&self, objects: &[&ObjectRef]) -> Result<LiveObjects, ClusterError> {
        self.cluster.read_ahead(objects).await
    }

    async fn list(&self, kind: &ObjectRef, next: Option<&str>) -> Result<Page, ClusterError> {
        self.cluster.list(kind, next).await
    }

    async fn quotas(&self, objects: &[&ObjectRef]) -> Result<Quotas, ClusterError> {
        self.cluster.quotas(objects).await
    }

    async fn patch_schema(&self, object: &ObjectRef) -> Result<Option<PatchSchema>, ClusterError> {
        self.cluster.patch_schema(object).await
    }

    async fn dry_run(&self, object: &ObjectRef, write: &Write, manager: &str) -> Result<Tried, ClusterError> {
        if let Write::Amend(_) = write {
            self.amended.lock().unwrap().insert(object.clone());
            return Ok(Prediction::Unpredictable { why: "it is asked otherwise".to_owned() }.into());
        }
        self.cluster.dry_run(object, write, manager).await
    }
}
