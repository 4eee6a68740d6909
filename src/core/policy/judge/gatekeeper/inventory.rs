//! `data.inventory`: what stands in a whole environment. In a cluster it is what Gatekeeper was told to sync; here it is
//! what the environment's units make, base's and head's, so that two objects of one change see each other as well.

use std::collections::BTreeMap;

use globset::GlobMatcher;
use regorus::Value as RegoValue;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::admission;
use super::matching::Glob;
use super::template;
use super::{Config, Process, processes};
use crate::config::{Judge, Policy};
use crate::evaluation::{EnvironmentEvaluation, Evaluation, SideState};
use crate::library::Library;
use crate::object::{Body, ObjectRef};
use crate::policy::manifests::{self, Manifest};
use crate::policy::predicate;
use crate::report;
use crate::revision::Diff;

/// What the checks of a policy ask of whole environments.
#[derive(Debug, Default)]
pub struct InventoryWanted(Vec<Asked>);

#[derive(Debug)]
struct Asked {
    /// None means every environment.
    environments: Vec<GlobMatcher>,
    synced: Synced,
}

impl InventoryWanted {
    /// Whether anything is asked of an environment.
    pub fn asks(&self, environment: &str) -> bool {
        self.of(environment).next().is_some()
    }

    /// Whether an object of an environment belongs to what is asked.
    pub fn takes(&self, environment: &str, object: &ObjectRef) -> bool {
        self.of(environment).any(|asked| asked.synced.takes(object))
    }

    fn of(&self, environment: &str) -> impl Iterator<Item = &Asked> {
        let concerns = move |asked: &&Asked| predicate::matches(&asked.environments, environment);
        self.0.iter().filter(concerns)
    }
}

/// What a policy has to be told of whole environments before its checks are run. A check whose files cannot be read asks
/// for nothing: that it blocks is said when it is run.
pub fn inventory_wanted(policy: &Policy, library: &Library) -> InventoryWanted {
    let mut asked = Vec::new();
    for check in &policy.checks {
        let Some(environments) = predicate::compile(&check.environments) else { continue };
        let namespaces = reads_namespaces(&check.judge, library).then(Synced::namespaces);
        let params = params_of(&check.judge, library);
        let synced = inventory_of(&check.judge, library).into_iter().chain(namespaces).chain(params);
        asked.extend(synced.map(|synced| Asked { environments: environments.clone(), synced }));
    }
    InventoryWanted(asked)
}

/// What templates of Gatekeeper find in `data.inventory`, where one of them looks.
fn inventory_of(judge: &Judge, library: &Library) -> Option<Synced> {
    let Judge::Gatekeeper(files) = judge else { return None };
    let manifests = manifests::read(files, library).ok()?;
    let asks = |manifest: &Manifest| {
        manifest.kind == "ConstraintTemplate" && template::reads_inventory(&manifest.body)
    };
    manifests.iter().any(asks).then(|| Synced::of(&manifests).ok()).flatten()
}

/// What admission policies take their parameters from.
fn params_of(judge: &Judge, library: &Library) -> Option<Synced> {
    let Judge::Admission(files) = judge else { return None };
    let kinds = admission::param_kinds(files, library).into_iter();
    let kinds: Vec<Synchronised> = kinds.map(|(group, kind)| Synchronised { group, kind }).collect();
    (!kinds.is_empty()).then(|| Synced { kinds, exempt: Vec::new() })
}

/// Whether a check looks at the namespaces of objects, which a change seldom touches.
fn reads_namespaces(judge: &Judge, library: &Library) -> bool {
    let reads = |text: &str| text.contains("namespaceObject") || text.contains("namespaceSelector");
    match judge {
        Judge::Cel(cel) => reads(&cel.expression),
        Judge::Admission(files) | Judge::Gatekeeper(files) => {
            library.select(files).any(|(_, text)| reads(text))
        }
        Judge::Rego(_) | Judge::Schema(_) | Judge::Pack(_) => false,
    }
}

/// What Gatekeeper is told to keep at hand.
#[derive(Debug)]
pub(super) struct Synced {
    /// None, and everything is.
    kinds: Vec<Synchronised>,
    /// Namespaces of which nothing is.
    exempt: Vec<Glob>,
}

#[derive(Debug, Deserialize)]
struct Synchronised {
    #[serde(default)]
    group: String,
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sync {
    #[serde(default)]
    sync_only: Vec<Synchronised>,
}

#[derive(Deserialize)]
struct SyncSet {
    #[serde(default)]
    gvks: Vec<Synchronised>,
}

impl Synced {
    /// Namespaces and nothing else.
    fn namespaces() -> Self {
        let namespace = Synchronised { group: String::new(), kind: "Namespace".to_owned() };
        Self { kinds: vec![namespace], exempt: Vec::new() }
    }

    /// As the `Config` and the `SyncSet`s among manifests say. Without any the whole environment is at hand.
    pub(super) fn of(manifests: &[Manifest]) -> Result<Self, String> {
        let (mut kinds, mut exempt) = (Vec::new(), Vec::new());
        for manifest in manifests {
            match (manifest.group.as_str(), manifest.kind.as_str()) {
                ("config.gatekeeper.sh", "Config") => {
                    let config: Config = manifest.field("spec")?;
                    kinds.extend(config.sync.map(|sync| sync.sync_only).unwrap_or_default());
                    exempt.extend(processes(config.matching, Process::Sync));
                }
                ("syncset.gatekeeper.sh", "SyncSet") => {
                    let set: SyncSet = manifest.field("spec")?;
                    kinds.extend(set.gvks);
                }
                _ => {}
            }
        }
        Ok(Self { kinds, exempt })
    }

    fn takes(&self, object: &ObjectRef) -> bool {
        let is = |kind: &Synchronised| kind.group == object.group && kind.kind == object.kind;
        let is_exempt =
            !object.namespace.is_empty() && self.exempt.iter().any(|glob| glob.matches(&object.namespace));
        !is_exempt && (self.kinds.is_empty() || self.kinds.iter().any(is))
    }
}

/// The inventories of the environments of an evaluation, as Rego reads them.
pub(super) struct Inventories(BTreeMap<String, Result<Diff<RegoValue>, String>>);

impl Inventories {
    pub(super) fn of(evaluation: &Evaluation, synced: &Synced) -> Self {
        let each = evaluation.environments.iter();
        Self(each.map(|each| (each.environment.name.clone(), both(each, synced))).collect())
    }

    /// Nothing, for templates that ask for none.
    pub(super) const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Those of one environment.
    ///
    /// # Errors
    ///
    /// A sentence for people, where it is not known what the environment holds.
    pub(super) fn get(&self, environment: &str) -> Result<&Diff<RegoValue>, String> {
        match self.0.get(environment) {
            Some(Ok(both)) => Ok(both),
            Some(Err(why)) => Err(why.clone()),
            None => Err(format!("it reads `data.inventory`, and {NOT_AT_HAND}")),
        }
    }
}

const NOT_AT_HAND: &str = "what stands beside the change is not at hand";

fn both(environment: &EnvironmentEvaluation, synced: &Synced) -> Result<Diff<RegoValue>, String> {
    let wrong = |why: String| format!("it reads `data.inventory`, and {why}");
    let beside = environment.inventory.as_ref().ok_or_else(|| wrong(NOT_AT_HAND.to_owned()))?;
    let failed = environment.units.iter().filter(|unit| unit.sides.head == SideState::Failed);
    let mut unknown: Vec<String> = failed.map(|unit| unit.name.clone()).collect();
    unknown.extend(beside.unknown.iter().cloned());
    if !unknown.is_empty() {
        unknown.sort();
        unknown.dedup();
        return Err(wrong(format!("what {} makes cannot be told", report::listed(&unknown, 3))));
    }
    let (mut base, mut head) = (Tree::default(), Tree::default());
    for known in beside.objects.iter().filter(|known| synced.takes(&known.object)) {
        base.add(&known.object, &known.body);
        head.add(&known.object, &known.body);
    }
    let effects = environment.units.iter().flat_map(|unit| &unit.effects);
    for effect in effects.filter(|effect| synced.takes(&effect.object)) {
        effect.before.iter().for_each(|body| base.add(&effect.object, body));
        effect.after.iter().for_each(|body| head.add(&effect.object, body));
    }
    Ok(Diff { base: base.into_value(), head: head.into_value() })
}

/// `namespace[<namespace>][<apiVersion>][<kind>][<name>]` and `cluster[<apiVersion>][<kind>][<name>]`
#[derive(Default)]
struct Tree {
    cluster: Map<String, Value>,
    namespaces: Map<String, Value>,
}

impl Tree {
    fn add(&mut self, object: &ObjectRef, body: &Body) {
        let version = match object.group.as_str() {
            "" => object.version.clone(),
            group => format!("{group}/{}", object.version),
        };
        let versions = match object.namespace.as_str() {
            "" => Some(&mut self.cluster),
            namespace => below(&mut self.namespaces, namespace),
        };
        let kinds = versions.and_then(|versions| below(versions, &version));
        if let Some(names) = kinds.and_then(|kinds| below(kinds, &object.kind)) {
            names.insert(object.name.clone(), body.value());
        }
    }

    fn into_value(self) -> RegoValue {
        RegoValue::from(json!({ "inventory": { "cluster": self.cluster, "namespace": self.namespaces } }))
    }
}

fn below<'a>(map: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    map.entry(key).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}
