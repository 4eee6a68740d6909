//! Where a change lands: a source in the tree, an applier with its mode, perhaps a cluster.

use serde::{Deserialize, Serialize};

/// Where the objects of an environment come from. Paths and globs are relative to the root of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EnvironmentSource {
    /// Plain manifests.
    Yaml(Vec<String>),
    /// Kustomize roots.
    Kustomize(Vec<String>),
    /// A chart with values files.
    Helm {
        /// The chart's folder.
        chart: String,
        /// Values files, later ones win.
        values: Vec<String>,
        /// The release name.
        release: Option<String>,
        /// The release namespace.
        namespace: Option<String>,
    },
}

/// How the real applier writes to the cluster; predictions must follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ApplyMode {
    /// Server-side apply by a named manager.
    ServerSide,
    /// The client-side three-way patch of kubectl and Argo CD.
    #[default]
    ClientSide,
    /// Helm's three-way patch.
    Helm,
    /// Replace the whole object.
    Replace,
}

impl ApplyMode {
    /// How what a source renders is usually written: charts by Helm, everything else by kubectl or Argo CD.
    pub fn usual(source: &EnvironmentSource) -> Self {
        match source {
            EnvironmentSource::Helm { .. } => Self::Helm,
            EnvironmentSource::Yaml(_) | EnvironmentSource::Kustomize(_) => Self::ClientSide,
        }
    }
}

/// What a cluster that does not answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnUnreachable {
    /// Undecided until it answers.
    #[default]
    Hold,
    /// Judge by the render alone, and say so.
    Render,
}

/// A named place where changes land.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Environment {
    /// Its name in the policy file.
    pub name: String,
    /// What is rendered for it.
    pub source: EnvironmentSource,
    /// The name of a cluster that the server knows.
    pub cluster: Option<String>,
    /// How it is applied.
    pub apply: ApplyMode,
    /// The applier's field manager, for server-side apply.
    pub field_manager: String,
    /// Whether an object that leaves the tree is deleted (`true`) or stays behind as an orphan.
    pub prune: bool,
    /// What a silent cluster means.
    pub on_unreachable: OnUnreachable,
    /// The namespace of objects that name none.
    pub default_namespace: Option<String>,
    /// Patterns of the namespaces that it may target, of which alone its cluster is asked; none stands for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<String>,
    /// Its server-side applies fail where somebody else owns a field and gives it another value; else they take it over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unforced: bool,
    /// The version of Kubernetes that its cluster runs, like `1.35`: what Helm assumes and what schemas say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
}
