//! The port over one cluster's API server.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use async_trait::async_trait;
use countersign_core::object::ObjectRef;
use countersign_core::patch::PatchSchema;
use futures::StreamExt as _;
use futures::stream;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use super::answer::{self, Absence, Answer, Trouble};
use super::behind;
use super::connect::{self, Access, ConnectError};
use super::discovery::{ACCEPT, Cache, Lookup, Resource, Served};
use super::failure::unreachable;
use super::guard::Guard;
use super::link::{Link, Question, Verb, unavailable};
use super::list;
use super::patches::Patches;
use super::path::{api_version, everywhere, path_of, place_of};
use super::patience::Patience;
use super::quotas;
use super::request::Request;
use crate::ports::{
    Cluster, ClusterError, Clusters, DryRuns, LiveObjects, Page, Prediction, Quotas, Tried, Write,
};

const JSON: &str = "application/json";
/// Each answer may be large.
const LISTS_AT_ONCE: usize = 4;

/// One cluster, asked over its API.
pub struct KubeCluster {
    name: String,
    link: Link,
    /// None where the account is a person's own.
    guard: Option<Guard>,
    identity: OnceCell<String>,
    served: Mutex<Cache>,
    patches: Patches,
}

impl fmt::Debug for KubeCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubeCluster").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The clusters of the settings, by name.
#[derive(Debug, Default)]
pub struct KubeClusters(BTreeMap<String, KubeCluster>);

impl KubeClusters {
    /// These clusters; of two with one name, the later.
    pub fn new(clusters: impl IntoIterator<Item = KubeCluster>) -> Self {
        Self(clusters.into_iter().map(|cluster| (cluster.name.clone(), cluster)).collect())
    }
}

impl Clusters for KubeClusters {
    fn get(&self, name: &str) -> Option<&dyn Cluster> {
        self.0.get(name).map(|cluster| cluster as &dyn Cluster)
    }
}

impl KubeCluster {
    /// Prepares a cluster; nothing is sent or run yet, so one that is down, or whose credentials cannot be had, is no error
    /// here.
    ///
    /// # Errors
    /// The kubeconfig is absent, malformed or incomplete, or there is no service account to run as.
    pub async fn connect(name: String, access: &Access, patience: Patience) -> Result<Self, ConnectError> {
        let link = Link::new(connect::way(&name, access, &patience)?, patience);
        Ok(Self {
            name,
            link,
            guard: None,
            identity: OnceCell::new(),
            served: Mutex::default(),
            patches: Patches::default(),
        })
    }

    /// The same cluster, asked for dry runs only where its account is seen to do no harm. For a person's own account this
    /// is not wanted: they may do what they may do, and no write is tried in their name.
    #[must_use]
    pub fn checked(self) -> Self {
        Self { guard: Some(Guard::default()), ..self }
    }

    async fn lookup(&self, object: &ObjectRef) -> Result<Lookup, ClusterError> {
        let mut cache = self.served.lock().await;
        match cache.find(object, Instant::now()) {
            Some(found) => Ok(found),
            None => self.look_up_anew(&mut cache, object).await,
        }
    }

    /// As [`Self::lookup`], of a kind that turned out not to be served any more: what was last seen before that does not
    /// count.
    async fn lookup_since(&self, then: Instant, object: &ObjectRef) -> Result<Lookup, ClusterError> {
        let mut cache = self.served.lock().await;
        match cache.find(object, Instant::now()).filter(|_| cache.asked_since(then)) {
            Some(found) => Ok(found),
            None => self.look_up_anew(&mut cache, object).await,
        }
    }

    async fn look_up_anew(&self, cache: &mut Cache, object: &ObjectRef) -> Result<Lookup, ClusterError> {
        cache.respite.over(Instant::now())?;
        let asked = self.discover().await;
        let served = cache.respite.note(asked)?;
        cache.store(served, Instant::now());
        Ok(cache.find(object, Instant::now()).unwrap_or(Lookup::Unknown))
    }

    async fn discover(&self) -> Result<Served, ClusterError> {
        let mut served = Served::default();
        for path in ["/api", "/apis"] {
            let reply = self.link.reply(&Question { verb: Verb::Get, path, accept: ACCEPT }).await?;
            let listed = if reply.status == 200 { served.add(&reply.body) } else { None };
            if listed.is_none() {
                return Err(match answer::read(&reply) {
                    Answer::Trouble(trouble) => error(trouble, "list", "the kinds that are served"),
                    Answer::Object(_)
                    | Answer::Absent(_)
                    | Answer::Refused { .. }
                    | Answer::Unpredictable { .. } => ClusterError::Unexpected {
                        why: "it has no aggregated discovery: Kubernetes 1.27 or later is needed".to_owned(),
                    },
                });
            }
        }
        Ok(served)
    }

    async fn get(&self, path: &str, resource: &str) -> Result<Got, ClusterError> {
        match self.link.ask(&Question { verb: Verb::Get, path, accept: JSON }).await? {
            Answer::Object(object) => Ok(Got::Object(*object)),
            Answer::Absent(Absence::Kind) => Ok(Got::NoKind),
            Answer::Absent(Absence::Namespace(_) | Absence::Object) => Ok(Got::Nothing),
            Answer::Refused { why, .. } | Answer::Unpredictable { why } => {
                Err(ClusterError::Unexpected { why })
            }
            Answer::Trouble(trouble) => Err(error(trouble, "get", resource)),
        }
    }

    /// The live object, by what is known of its kind.
    async fn read_as(&self, object: &ObjectRef, kind: &Lookup) -> Result<Got, ClusterError> {
        if let Lookup::Stale = kind {
            return Err(behind::down(&object.group, &object.version));
        }
        let Some((version, resource)) = kind.shows(object) else { return Ok(Got::Nothing) };
        let got = self.get(&path_of(object, version, resource)?, &resource.plural).await;
        match got.map_err(|error| behind::told(&object.group, &object.version, error))? {
            Got::Object(live) => checked(live, object).map(Got::Object),
            got @ (Got::Nothing | Got::NoKind) => Ok(got),
        }
    }

    /// What a write makes of the object, by what is known of its kind; `None` where that is not served after all.
    async fn try_as(
        &self,
        object: &ObjectRef,
        request: &Request<'_>,
        field_manager: &str,
        kind: Lookup,
    ) -> Result<Option<Tried>, ClusterError> {
        let resource = match kind {
            Lookup::Served(resource) => resource,
            Lookup::OtherVersions(versions, _) => {
                return Ok(Some(not_yet(version_missing(object, &versions)).into()));
            }
            Lookup::Unknown => return Ok(Some(not_yet(kind_missing(object)).into())),
            Lookup::Stale => return Err(behind::down(&object.group, &object.version)),
        };
        let path = path_of(object, &object.version, &resource)?;
        let path = request.path(&path, field_manager);
        let question = Question { verb: request.verb()?, path: &path, accept: JSON };
        let reply = self
            .link
            .reply(&question)
            .await
            .map_err(|error| behind::told(&object.group, &object.version, error))?;
        let prediction = predicted(answer::read(&reply), object, request, &resource)
            .map_err(|error| behind::told(&object.group, &object.version, error))?;
        Ok(prediction.map(|prediction| Tried { prediction, warnings: reply.warnings.into_iter().collect() }))
    }
}

/// What is at a path.
enum Got {
    Object(Value),
    Nothing,
    /// The path leads nowhere: its kind is not served.
    NoKind,
}

#[async_trait]
impl Cluster for KubeCluster {
    fn name(&self) -> &str {
        &self.name
    }

    async fn identity(&self) -> Result<String, ClusterError> {
        let ask = async {
            let system = match self.get("/api/v1/namespaces/kube-system", "namespaces").await? {
                Got::Object(namespace) => namespace,
                Got::Nothing | Got::NoKind => Value::Null,
            };
            let uid = system.pointer("/metadata/uid");
            uid.and_then(Value::as_str).map(str::to_owned).ok_or_else(|| ClusterError::Unexpected {
                why: "it has no namespace `kube-system`, whose uid is its identity".to_owned(),
            })
        };
        self.identity.get_or_try_init(|| ask).await.cloned()
    }

    async fn dry_runs(&self, namespaces: &BTreeSet<String>) -> Result<DryRuns, ClusterError> {
        match &self.guard {
            Some(guard) => guard.ask(&self.link, namespaces).await,
            None => Ok(DryRuns::On),
        }
    }

    async fn namespaced(&self, object: &ObjectRef) -> Result<Option<bool>, ClusterError> {
        match self.lookup(object).await? {
            Lookup::Served(resource) | Lookup::OtherVersions(_, resource) => Ok(Some(resource.namespaced)),
            Lookup::Unknown => Ok(None),
            Lookup::Stale => Err(behind::down(&object.group, &object.version)),
        }
    }

    async fn read(&self, object: &ObjectRef) -> Result<Option<Value>, ClusterError> {
        if is_secret(object) {
            return Err(ClusterError::Unexpected { why: NO_SECRETS.to_owned() });
        }
        let began = Instant::now();
        let mut got = self.read_as(object, &self.lookup(object).await?).await?;
        if let Got::NoKind = got {
            got = self.read_as(object, &self.lookup_since(began, object).await?).await?;
        }
        match got {
            Got::Object(live) => Ok(Some(live)),
            Got::Nothing => Ok(None),
            Got::NoKind => Err(unserved(object)),
        }
    }

    async fn read_ahead(&self, objects: &[&ObjectRef]) -> Result<LiveObjects, ClusterError> {
        let mut lists = Vec::new();
        for wanted in list::wanted(objects.iter().copied().filter(|object| !is_secret(object))) {
            let Some(one) = wanted.values().next().copied() else { continue };
            let kind = self.lookup(one).await?;
            let place = kind.shows(one).and_then(|(version, resource)| place_of(one, version, resource));
            if let Some(place) = place {
                lists.push(async move {
                    let found = list::read(&self.link, &place, &wanted).await;
                    found.or_else(|error| behind::forgiven(&one.group, &one.version, error))
                });
            }
        }
        let mut lists = stream::iter(lists).buffer_unordered(LISTS_AT_ONCE);
        let mut all = LiveObjects::default();
        while let Some(found) = lists.next().await {
            all.extend(found?);
        }
        Ok(all)
    }

    async fn list(&self, kind: &ObjectRef, next: Option<&str>) -> Result<Page, ClusterError> {
        if is_secret(kind) {
            return Err(ClusterError::Unexpected { why: NO_SECRETS.to_owned() });
        }
        let Lookup::Served(resource) = self.lookup(kind).await? else {
            let why = format!("it does not serve {} just now", kind_missing(kind));
            return Err(ClusterError::Unexpected { why });
        };
        let place = everywhere(kind, &resource).ok_or_else(|| unserved(kind))?;
        list::part(&self.link, (&place, &resource.plural), next).await
    }

    async fn quotas(&self, objects: &[&ObjectRef]) -> Result<Quotas, ClusterError> {
        let Some(one) = objects.first() else { return Ok(Quotas::default()) };
        let mut counted = HashMap::new();
        for object in objects {
            if let Lookup::Served(resource) = self.lookup(object).await? {
                counted.insert((*object).clone(), quotas::counted(object, &resource));
            }
        }
        match self.get(&quotas::path_of(&one.namespace), "resourcequotas").await? {
            Got::Object(list) => Ok(quotas::of(&list, counted)),
            Got::Nothing | Got::NoKind => Ok(Quotas::default()),
        }
    }

    async fn patch_schema(&self, object: &ObjectRef) -> Result<Option<PatchSchema>, ClusterError> {
        let Lookup::Served(_) = self.lookup(object).await? else { return Ok(None) };
        let document = self.patches.document(&self.link, &object.group, &object.version).await?;
        Ok(document.kind(&object.kind))
    }

    async fn dry_run(
        &self,
        object: &ObjectRef,
        write: &Write,
        field_manager: &str,
    ) -> Result<Tried, ClusterError> {
        if is_secret(object) {
            return Ok(Prediction::Unpredictable { why: NO_SECRETS.to_owned() }.into());
        }
        let request = Request::of(write);
        if !request.is_about(object) {
            return Err(ClusterError::Unexpected { why: format!("the manifest is not that of {object}") });
        }
        let began = Instant::now();
        let kind = self.lookup(object).await?;
        if let Some(tried) = self.try_as(object, &request, field_manager, kind).await? {
            return Ok(tried);
        }
        let kind = self.lookup_since(began, object).await?;
        let tried = self.try_as(object, &request, field_manager, kind).await?;
        tried.ok_or_else(|| unserved(object))
    }
}

/// What an answer to a dry run says of the object; `None` where its kind is not served.
fn predicted(
    answer: Answer,
    object: &ObjectRef,
    request: &Request<'_>,
    resource: &Resource,
) -> Result<Option<Prediction>, ClusterError> {
    Ok(Some(match answer {
        Answer::Object(predicted) => Prediction::Object(Box::new(checked(*predicted, object)?)),
        Answer::Absent(Absence::Kind) => return Ok(None),
        Answer::Absent(Absence::Namespace(name)) => not_yet(format!("namespace `{name}`")),
        Answer::Refused { why, immutable, words } => Prediction::Refused { why, immutable, words },
        Answer::Unpredictable { why } => Prediction::Unpredictable { why },
        Answer::Absent(Absence::Object) if request.changes_what_is_there() => {
            return Err(ClusterError::Moved);
        }
        Answer::Absent(Absence::Object) => {
            let why = format!("it does not know {object}, which was to be made");
            return Err(ClusterError::Unexpected { why });
        }
        Answer::Trouble(Trouble::Conflict) if request.supposes_a_state() => return Err(ClusterError::Moved),
        Answer::Trouble(Trouble::Conflict) if request.names_a_version() => {
            let why = "`metadata.resourceVersion` is not that of the live object".to_owned();
            Prediction::Refused { why, immutable: false, words: None }
        }
        Answer::Trouble(trouble) => return Err(error(trouble, request.rbac_verb(), &resource.plural)),
    }))
}

const NO_SECRETS: &str = "a Secret is never read from a cluster nor sent to one";

/// A dry run of an empty Secret would answer with the live one.
fn is_secret(object: &ObjectRef) -> bool {
    object.group.is_empty() && object.kind == "Secret"
}

fn not_yet(missing: String) -> Prediction {
    Prediction::NotYet { missing }
}

fn kind_missing(object: &ObjectRef) -> String {
    format!("kind `{}` of `{}`", object.kind, api_version(object))
}

fn version_missing(object: &ObjectRef, versions: &[String]) -> String {
    format!("version `{}` of `{}` (it has {})", object.version, object.kind, versions.join(", "))
}

fn unserved(object: &ObjectRef) -> ClusterError {
    let why = format!("it lists {} and does not serve it", kind_missing(object));
    ClusterError::Unexpected { why }
}

/// The object, if it is the one that was asked for.
fn checked(answer: Value, object: &ObjectRef) -> Result<Value, ClusterError> {
    let name = answer.pointer("/metadata/name").and_then(Value::as_str);
    let kind = answer.get("kind").and_then(Value::as_str);
    if (name, kind) == (Some(object.name.as_str()), Some(object.kind.as_str())) {
        Ok(answer)
    } else {
        Err(ClusterError::Unexpected { why: format!("it answered with another object than {object}") })
    }
}

pub(super) fn error(trouble: Trouble, verb: &'static str, resource: &str) -> ClusterError {
    match trouble {
        Trouble::Forbidden { why } => ClusterError::Forbidden { verb, resource: resource.to_owned(), why },
        Trouble::Failed { why } => unreachable(why),
        Trouble::Unavailable { why } => unavailable(why),
        Trouble::OutOfOrder { why } => ClusterError::OutOfOrder { why },
        Trouble::Conflict => unreachable("the object changes faster than it can be looked at"),
        Trouble::Throttled { .. } => unreachable("it is too busy"),
        Trouble::Odd { why } => ClusterError::Unexpected { why },
    }
}
