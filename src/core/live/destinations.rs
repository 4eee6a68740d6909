//! Where an environment's objects may be. A dry run is a way to read a cluster, and who may change a repository need not
//! be allowed to read all of the cluster that it is applied to.

use globset::GlobMatcher;

use crate::config::glob;
use crate::environment::Environment;
use crate::object::ObjectRef;

/// The namespaces that an environment may target.
#[derive(Debug, Default, Clone)]
pub struct Destinations(Option<Vec<GlobMatcher>>);

impl Destinations {
    /// Those of an environment: any, unless it names some. A name that is no pattern stands for nothing.
    pub fn of(environment: &Environment) -> Self {
        let named = Some(&environment.destinations).filter(|named| !named.is_empty());
        Self(named.map(|named| named.iter().filter_map(|pattern| glob(pattern).ok()).collect()))
    }

    /// Whether the environment's cluster may be asked about an object: it is in one of the namespaces, or is one. What is
    /// in no namespace is everybody's, so whoever may not target all of them may not ask about it.
    pub fn permit(&self, object: &ObjectRef) -> bool {
        let Some(all) = &self.0 else { return true };
        let namespace = match (object.namespace.as_str(), object.group.as_str(), object.kind.as_str()) {
            ("", "", "Namespace") => object.name.as_str(),
            (namespace, _, _) => namespace,
        };
        all.iter().any(|pattern| match namespace {
            "" => matches!(pattern.glob().glob(), "*" | "**"),
            namespace => pattern.is_match(namespace),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{ApplyMode, EnvironmentSource, OnUnreachable};

    fn permitted(destinations: &[&str], object: &str) -> bool {
        let environment = Environment {
            name: "production".to_owned(),
            source: EnvironmentSource::Yaml(Vec::new()),
            cluster: None,
            apply: ApplyMode::ServerSide,
            field_manager: "kubectl".to_owned(),
            prune: true,
            on_unreachable: OnUnreachable::Hold,
            default_namespace: None,
            destinations: destinations.iter().map(|name| (*name).to_owned()).collect(),
            unforced: false,
            kubernetes: None,
        };
        let mut parts = object.split('/').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let (group, kind, namespace, name) = (next(), next(), next(), next());
        let object = ObjectRef { group, version: "v1".to_owned(), kind, namespace, name };
        Destinations::of(&environment).permit(&object)
    }

    #[test]
    fn an_environment_asks_about_the_namespaces_that_it_may_target() {
        for (destinations, object, want) in [
            (&[][..], "apps/Deployment/kube-system/web", true),
            (&[], "rbac.authorization.k8s.io/ClusterRole//r", true),
            (&["shop"], "apps/Deployment/shop/web", true),
            (&["shop"], "apps/Deployment/shop-eu/web", false),
            (&["shop"], "apps/Deployment/kube-system/web", false),
            (&["shop", "shop-*"], "/ConfigMap/shop-eu/web", true),
            (&["shop-{eu,us}"], "/ConfigMap/shop-as/web", false),
            (&["shop"], "/Namespace//shop", true),
            (&["shop"], "/Namespace//kube-system", false),
            (&["shop"], "example.org/Namespace//shop", false),
            (&["shop"], "storage.k8s.io/StorageClass//shop", false),
            (&["shop", "*"], "storage.k8s.io/StorageClass//fast", true),
            (&["*"], "/ConfigMap/kube-system/web", true),
            (&["[shop"], "/ConfigMap/shop/web", false),
        ] {
            assert_eq!(permitted(destinations, object), want, "{destinations:?} {object}");
        }
    }
}
