//! Which kinds a cluster serves, where and how: two requests, kept, and asked again only for a kind that is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use countersign_core::object::ObjectRef;
use serde::Deserialize;
use tokio::time::Instant;

use super::respite::Respite;

/// What asks for all groups in one answer.
pub(super) const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// How long an unknown kind stays unknown without asking again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Group and kind.
type Name = (String, String);

/// How a kind is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    /// Its plural, as it stands in the path.
    pub(super) plural: String,
    pub(super) namespaced: bool,
}

/// What a cluster serves.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Served {
    /// By version, the one first that the server prefers.
    resources: BTreeMap<Name, Vec<(String, Resource)>>,
    /// Groups and versions that the server could not list just now, because whoever serves them did not answer.
    stale: BTreeSet<(String, String)>,
}

/// Whether a kind is served.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    Served(Resource),
    /// Its group serves it, in other versions, the one first that the server prefers.
    OtherVersions(Vec<String>, Resource),
    Unknown,
    /// It cannot be told.
    Stale,
}

impl Lookup {
    /// The version that shows an object of this kind, and where; another one than was asked for shows the same object.
    pub(super) fn shows<'a>(&'a self, object: &'a ObjectRef) -> Option<(&'a str, &'a Resource)> {
        match self {
            Self::Served(resource) => Some((&object.version, resource)),
            Self::OtherVersions(versions, resource) => {
                Some((versions.first().unwrap_or(&object.version), resource))
            }
            Self::Unknown | Self::Stale => None,
        }
    }
}

impl Served {
    /// Adds one answer of aggregated discovery; `None` where the body is not one.
    pub(super) fn add(&mut self, body: &[u8]) -> Option<()> {
        let list: List = serde_json::from_slice(body).ok().filter(|list: &List| list.kind == LIST)?;
        for group in list.items {
            for version in group.versions {
                let of = (group.metadata.name.clone(), version.version);
                if version.freshness == "Stale" {
                    self.stale.insert(of.clone());
                }
                for resource in version.resources {
                    self.add_resource(&of, resource);
                }
            }
        }
        Some(())
    }

    fn add_resource(&mut self, (group, version): &(String, String), resource: Entry) {
        // Where the kind of the answer names no group, it is the one that it is listed under.
        let or = |own: String, listed: &String| if own.is_empty() { listed.clone() } else { own };
        let kind = resource.response_kind.unwrap_or_default();
        let (name, version) = ((or(kind.group, group), kind.kind), or(kind.version, version));
        let namespaced = resource.scope == "Namespaced";
        let versions = self.resources.entry(name).or_default();
        if versions.iter().all(|(known, _)| *known != version) {
            versions.push((version, Resource { plural: resource.resource, namespaced }));
        }
    }

    fn find(&self, group: &str, version: &str, kind: &str) -> Lookup {
        // What a server lists of such a group is what it remembers: nobody serves it now.
        let is_stale = |version: &str| self.stale.contains(&(group.to_owned(), version.to_owned()));
        if is_stale(version) {
            return Lookup::Stale;
        }
        let Some(versions) = self.resources.get(&(group.to_owned(), kind.to_owned())) else {
            return Lookup::Unknown;
        };
        if let Some((_, resource)) = versions.iter().find(|(known, _)| known == version) {
            return Lookup::Served(resource.clone());
        }
        let others: Vec<&(String, Resource)> =
            versions.iter().filter(|(known, _)| !is_stale(known)).collect();
        match others.first() {
            Some((_, resource)) => {
                let versions = others.iter().map(|(version, _)| version.clone()).collect();
                Lookup::OtherVersions(versions, resource.clone())
            }
            None => Lookup::Stale,
        }
    }
}

/// What a cluster was last seen to serve.
#[derive(Debug, Default)]
pub(super) struct Cache {
    served: Served,
    asked: Option<Instant>,
    pub(super) respite: Respite,
}

impl Cache {
    /// The kind, or `None` where the cluster has to be asked first.
    pub(super) fn find(&self, object: &ObjectRef, now: Instant) -> Option<Lookup> {
        let asked = self.asked?;
        match self.served.find(&object.group, &object.version, &object.kind) {
            Lookup::Served(resource) => Some(Lookup::Served(resource)),
            missed @ (Lookup::OtherVersions(..) | Lookup::Unknown | Lookup::Stale) => {
                (now.saturating_duration_since(asked) < PATIENCE).then_some(missed)
            }
        }
    }

    pub(super) fn asked_since(&self, then: Instant) -> bool {
        self.asked.is_some_and(|asked| asked >= then)
    }

    pub(super) fn store(&mut self, served: Served, now: Instant) {
        *self = Self { served, asked: Some(now), respite: Respite::default() };
    }
}

const LIST: &str = "APIGroupDiscoveryList";

#[derive(Deserialize)]
struct List {
    kind: String,
    #[serde(default)]
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<Entry>,
    #[serde(default)]
    freshness: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    resource: String,
    response_kind: Option<Kind>,
    scope: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Kind {
    group: String,
    version: String,
    kind: String,
}
