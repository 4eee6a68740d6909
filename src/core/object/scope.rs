//! Which kinds live in no namespace: the built-in ones, some that everybody installs, and those that a custom
//! resource definition at hand declares.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::parse::plain_manifests;
use super::{ObjectRef, RenderedObject};

/// Cluster-scoped kinds by group; `*` stands for every kind of the group.
const CLUSTER_SCOPED: &[(&str, &[&str])] = &[
    ("", &["Namespace", "Node", "PersistentVolume", "ComponentStatus"]),
    ("admissionregistration.k8s.io", &["*"]),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("authentication.k8s.io", &["TokenReview", "SelfSubjectReview"]),
    ("authorization.k8s.io", &["SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"]),
    ("certificates.k8s.io", &["CertificateSigningRequest", "ClusterTrustBundle"]),
    ("flowcontrol.apiserver.k8s.io", &["FlowSchema", "PriorityLevelConfiguration"]),
    ("internal.apiserver.k8s.io", &["StorageVersion"]),
    ("networking.k8s.io", &["IngressClass", "IPAddress", "ServiceCIDR"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("policy", &["PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding"]),
    ("resource.k8s.io", &["DeviceClass", "DeviceTaintRule", "ResourceSlice"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    (
        "storage.k8s.io",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
    ),
    ("storagemigration.k8s.io", &["StorageVersionMigration"]),
    ("cert-manager.io", &["ClusterIssuer"]),
    ("cilium.io", &["CiliumClusterwideNetworkPolicy", "CiliumLoadBalancerIPPool", "CiliumNode"]),
    ("config.openshift.io", &["*"]),
    ("constraints.gatekeeper.sh", &["*"]),
    ("external-secrets.io", &["ClusterExternalSecret", "ClusterSecretStore"]),
    ("gateway.networking.k8s.io", &["GatewayClass"]),
    ("karpenter.sh", &["NodeClaim", "NodePool"]),
    ("kyverno.io", &["ClusterCleanupPolicy", "ClusterPolicy"]),
    ("project.openshift.io", &["Project"]),
    ("security.openshift.io", &["SecurityContextConstraints"]),
    ("snapshot.storage.k8s.io", &["VolumeSnapshotClass", "VolumeSnapshotContent"]),
    ("templates.gatekeeper.sh", &["ConstraintTemplate"]),
];

/// Whether a kind is known to live in no namespace.
pub fn is_cluster_scoped(group: &str, kind: &str) -> bool {
    CLUSTER_SCOPED
        .iter()
        .any(|(own, kinds)| *own == group && kinds.iter().any(|known| *known == kind || *known == "*"))
}

/// Groups of the API server's own besides those without a dot. Others end with `.k8s.io` too: those of custom resources that
/// everybody has (`autoscaling.k8s.io`), and of APIs behind it (`metrics.k8s.io`).
const OWN_GROUPS: [&str; 19] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "imagepolicy.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// Whether a group belongs to the API server itself.
pub fn is_built_in(group: &str) -> bool {
    matches!(group, "" | "apps" | "batch" | "autoscaling" | "policy" | "extensions")
        || OWN_GROUPS.contains(&group)
}

/// Cluster-scoped kinds that custom resource definitions declare.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomScopes(BTreeSet<(String, String)>);

impl CustomScopes {
    /// From every definition among these manifests.
    pub fn of<'a>(bodies: impl IntoIterator<Item = &'a Value>) -> Self {
        Self(bodies.into_iter().filter_map(Self::declared).collect())
    }

    /// From every definition in a text, which need not hold manifests at all.
    pub fn in_text(text: &str) -> Self {
        if !text.contains("CustomResourceDefinition") {
            return Self::default();
        }
        let manifests = plain_manifests(text).unwrap_or_default();
        Self::of(manifests.iter().map(|(_, body)| body))
    }

    /// Group and kind of what a manifest declares to be cluster-scoped, if it does.
    pub(super) fn declared(body: &Value) -> Option<(String, String)> {
        let spec = body.get("spec")?;
        let definition = body.get("kind")?.as_str()? == "CustomResourceDefinition";
        let cluster = spec.get("scope")?.as_str()? == "Cluster";
        let group = spec.get("group")?.as_str()?.to_owned();
        let kind = spec.get("names")?.get("kind")?.as_str()?.to_owned();
        (definition && cluster).then_some((group, kind))
    }

    /// What is declared.
    pub(super) fn into_declared(self) -> BTreeSet<(String, String)> {
        self.0
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What both declare.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// With these beside.
    pub(super) fn and(mut self, declared: impl IntoIterator<Item = (String, String)>) -> Self {
        self.0.extend(declared);
        self
    }

    /// Whether a definition says that a kind lives in no namespace.
    pub fn is_cluster_scoped(&self, group: &str, kind: &str) -> bool {
        self.0.contains(&(group.to_owned(), kind.to_owned()))
    }

    /// Takes the namespace from objects whose kind is declared to live in none: for objects that were read before
    /// their definition, e.g. from another file of the same environment.
    pub fn apply(&self, objects: &mut [RenderedObject]) {
        objects.iter_mut().for_each(|object| self.apply_to(&mut object.reference));
    }

    /// The same for one.
    pub fn apply_to(&self, object: &mut ObjectRef) {
        if self.is_cluster_scoped(&object.group, &object.kind) {
            object.namespace.clear();
        }
    }
}
