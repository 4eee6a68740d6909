//! Which rights are too many for an account that only predicts. Pure.
//!
//! A list of what is fine, and not one of what is not: what is installed tomorrow, and verbs that nobody thought of, are
//! too many until somebody says otherwise.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What predicting takes. The policy refuses the last three unless they are dry runs.
const VERBS: [&str; 6] = ["get", "list", "watch", "create", "patch", "update"];

/// Groups whose kinds hand out rights, or decide over the policy.
const GROUPS: [&str; 6] = [
    "admissionregistration.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "rbac.authorization.k8s.io",
];

/// What every account may ask about itself.
const ABOUT_ITSELF: [(&str, &str); 3] = [
    ("authentication.k8s.io", "selfsubjectreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
];

/// One rule of what an account may do, as a SelfSubjectRulesReview lists them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Rule {
    verbs: Vec<String>,
    api_groups: Vec<String>,
    resources: Vec<String>,
}

impl Rule {
    /// Each right of this rule that is too many, like ``delete `deployments.apps` ``.
    pub(super) fn excess(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for group in &self.api_groups {
            for resource in &self.resources {
                let fine = is_fine(group, resource);
                let own = ABOUT_ITSELF.contains(&(group.as_str(), resource.as_str()));
                for verb in &self.verbs {
                    let needed = VERBS.contains(&verb.as_str());
                    if !(needed && fine || own && verb == "create") {
                        all.insert(right(verb, group, resource));
                    }
                }
            }
        }
        all
    }
}

/// Whether the kinds of this group and resource may be read, and written in a dry run.
fn is_fine(group: &str, resource: &str) -> bool {
    let named = group != "*" && resource != "*" && !resource.contains('/');
    let secret = group.is_empty() && (resource == "secrets" || resource == "bindings");
    named && !secret && !GROUPS.contains(&group)
}

fn right(verb: &str, group: &str, resource: &str) -> String {
    let dot = if group.is_empty() { "" } else { "." };
    format!("{verb} `{resource}{dot}{group}`")
}

/// A right that an account must not have, asked for by name: an authorizer that keeps no list of rules, such as a
/// webhook, still answers this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Forbidden {
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subresource: &'static str,
}

const fn of(
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    subresource: &'static str,
) -> Forbidden {
    Forbidden { verb, group, resource, subresource }
}

/// The worst of them; the list of rules tells the rest.
pub(super) const FORBIDDEN: [Forbidden; 31] = [
    of("*", "*", "*", ""),
    of("get", "", "secrets", ""),
    of("list", "", "secrets", ""),
    of("create", "", "secrets", ""),
    of("patch", "", "secrets", ""),
    of("update", "", "secrets", ""),
    of("create", "", "serviceaccounts", "token"),
    of("impersonate", "", "users", ""),
    of("impersonate", "", "groups", ""),
    of("impersonate", "", "serviceaccounts", ""),
    of("create", "", "pods", "exec"),
    of("create", "", "pods", "eviction"),
    of("create", "", "pods", "binding"),
    of("create", "", "nodes", "proxy"),
    of("patch", "", "pods", "status"),
    of("delete", "", "pods", ""),
    of("delete", "", "configmaps", ""),
    of("delete", "", "namespaces", ""),
    of("deletecollection", "", "configmaps", ""),
    of("patch", "apps", "deployments", "scale"),
    of("delete", "apps", "deployments", ""),
    of("patch", "rbac.authorization.k8s.io", "roles", ""),
    of("create", "rbac.authorization.k8s.io", "rolebindings", ""),
    of("create", "rbac.authorization.k8s.io", "clusterrolebindings", ""),
    of("escalate", "rbac.authorization.k8s.io", "clusterroles", ""),
    of("bind", "rbac.authorization.k8s.io", "clusterroles", ""),
    of("patch", "admissionregistration.k8s.io", "validatingadmissionpolicies", ""),
    of("patch", "admissionregistration.k8s.io", "validatingadmissionpolicybindings", ""),
    of("delete", "admissionregistration.k8s.io", "validatingadmissionpolicybindings", ""),
    of("create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", ""),
    of("create", "certificates.k8s.io", "certificatesigningrequests", ""),
];

impl Forbidden {
    /// The question whether the account has it, in a namespace or, where that is empty, in all.
    pub(super) fn question(&self, namespace: &str) -> Value {
        let mut attributes = serde_json::to_value(self).unwrap_or_default();
        if let Some(attributes) = attributes.as_object_mut() {
            attributes.insert("namespace".to_owned(), namespace.into());
        }
        json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": { "resourceAttributes": attributes },
        })
    }

    pub(super) fn words(&self) -> String {
        let slash = if self.subresource.is_empty() { "" } else { "/" };
        right(self.verb, self.group, &format!("{}{slash}{}", self.resource, self.subresource))
    }
}
