//! The kinds of Kubernetes that are shipped with the program, and when kinds were removed. Made by `tests/tools/schemas`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::compile::Compiler;
use super::shape::{Dialect, Id, Schema};
use super::walk::Kind;
use crate::object::ObjectRef;

static SCHEMAS: &str = include_str!("../../../policies/schemas/kubernetes.json");
static REMOVED: &str = include_str!("../../../policies/data/removed-apis.json");

#[derive(Deserialize)]
struct Shipped {
    versions: Vec<String>,
    kinds: Vec<(Vec<String>, String, String, String, String)>,
    definitions: Vec<(String, Vec<String>, Value)>,
}

/// All kinds of one minor version.
pub(crate) struct Catalogue {
    /// `1.35`
    pub(crate) minor: String,
    schema: Schema,
    kinds: BTreeMap<(String, String, String), Id>,
    meta: Option<Id>,
}

static CATALOGUES: LazyLock<Vec<Catalogue>> = LazyLock::new(|| {
    let Ok(shipped) = serde_json::from_str::<Shipped>(SCHEMAS) else { return Vec::new() };
    shipped.versions.iter().filter_map(|minor| Catalogue::of(&shipped, minor).ok()).collect()
});

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The minor versions that are shipped, oldest first.
pub(crate) fn versions() -> Vec<&'static str> {
    CATALOGUES.iter().map(|catalogue| catalogue.minor.as_str()).collect()
}

/// Whether the kinds of a version (`1.35`, `1.35.2`) are shipped.
pub(crate) fn is_shipped(version: &str) -> bool {
    Catalogue::for_version(Some(version)).is_some()
}

impl Catalogue {
    fn of(shipped: &Shipped, minor: &str) -> Result<Self, String> {
        let is_here = |versions: &Vec<String>| versions.iter().any(|version| version == minor);
        let definitions: BTreeMap<&str, &Value> = shipped
            .definitions
            .iter()
            .filter(|(_, versions, _)| is_here(versions))
            .map(|(name, _, definition)| (name.as_str(), definition))
            .collect();
        let lookup = |name: &str| definitions.get(name).copied();
        let mut compiler = Compiler::new(Dialect::Shipped, &lookup);
        let mut kinds = BTreeMap::new();
        for (versions, group, version, kind, name) in &shipped.kinds {
            if is_here(versions) {
                let id = compiler.named(name, 0)?;
                kinds.insert((group.clone(), version.clone(), kind.clone()), id);
            }
        }
        let meta = compiler.named(META, 0).ok();
        Ok(Self { minor: minor.to_owned(), schema: compiler.finish(Id(0)), kinds, meta })
    }

    /// Those of a version, or the newest. `None` where that version is not shipped.
    pub(crate) fn for_version(version: Option<&str>) -> Option<&'static Self> {
        let Some(version) = version else { return CATALOGUES.last() };
        let mut parts = version.trim_start_matches('v').split('.');
        let minor = format!("{}.{}", parts.next()?, parts.next()?);
        CATALOGUES.iter().find(|catalogue| catalogue.minor == minor)
    }

    /// By what an object of a kind is judged.
    pub(crate) fn kind(&'static self, object: &ObjectRef) -> Option<Kind<'static>> {
        let (schema, root) = self.find(&object.group, &object.version, &object.kind)?;
        Some(Kind::Shipped(self, schema, root))
    }

    fn find(&self, group: &str, version: &str, kind: &str) -> Option<(&Schema, Id)> {
        let key = (group.to_owned(), version.to_owned(), kind.to_owned());
        Some((&self.schema, *self.kinds.get(&key)?))
    }

    /// What `metadata` of every object is like.
    pub(super) fn meta(&self) -> Option<(&Schema, Id)> {
        Some((&self.schema, self.meta?))
    }

    pub(crate) fn has(&self, object: &ObjectRef) -> bool {
        self.find(&object.group, &object.version, &object.kind).is_some()
    }
}

#[derive(Deserialize)]
struct Table {
    removed_apis: Vec<Removal>,
}

#[derive(Deserialize)]
struct Removal {
    group: String,
    version: String,
    kind: String,
    removed: Option<String>,
    replacement: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    group: String,
    version: String,
    kind: String,
}

static REMOVALS: LazyLock<Vec<Removal>> = LazyLock::new(|| {
    serde_json::from_str::<Table>(REMOVED).map(|table| table.removed_apis).unwrap_or_default()
});

/// Groups of Kubernetes itself: what is not among their kinds does not exist.
static GROUPS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let served =
        CATALOGUES.iter().flat_map(|catalogue| catalogue.kinds.keys().map(|(group, ..)| group.as_str()));
    served.chain(REMOVALS.iter().map(|removal| removal.group.as_str())).collect()
});

/// Every kind of Kubernetes itself, in whichever version of it, also those that were removed: group and kind.
pub(crate) fn kinds() -> BTreeSet<(&'static str, &'static str)> {
    let served = CATALOGUES.iter().flat_map(|catalogue| catalogue.kinds.keys());
    let served = served.map(|(group, _, kind)| (group.as_str(), kind.as_str()));
    served.chain(REMOVALS.iter().map(|removal| (removal.group.as_str(), removal.kind.as_str()))).collect()
}

/// Why a version of Kubernetes has no such kind.
pub(crate) struct Gone {
    /// In words.
    pub(crate) why: String,
    /// What to do, where that is known.
    pub(crate) instead: Option<String>,
}

/// Why a kind is not served, where its group belongs to Kubernetes; `None` where others may serve it.
pub(crate) fn gone(catalogue: &Catalogue, object: &ObjectRef) -> Option<Gone> {
    if !GROUPS.contains(object.group.as_str()) {
        return None;
    }
    let is_same = |group: &str, version: &str, kind: &str| {
        (group, version, kind) == (&object.group, &object.version, &object.kind)
    };
    let removal = REMOVALS.iter().find(|row| is_same(&row.group, &row.version, &row.kind));
    if let Some(Removal { removed: Some(removed), replacement, .. }) = removal
        && !CATALOGUES.iter().any(|other| other.has(object))
    {
        let instead = replacement.as_ref().map(|named| {
            let Named { group, version, kind } = named;
            format!("use {}", api(group, version, kind))
        });
        return Some(Gone { why: format!("it was removed in {removed}"), instead });
    }
    if let Some(other) = CATALOGUES.iter().find(|other| other.has(object)) {
        return Some(Gone { why: format!("Kubernetes {} has it", other.minor), instead: None });
    }
    let mut same =
        catalogue.kinds.keys().filter(|(group, _, kind)| (group, kind) == (&object.group, &object.kind));
    let versions = |version: &str| {
        catalogue.kinds.keys().any(|(group, v, _)| (group, v.as_str()) == (&object.group, version))
    };
    let instead = match same.next() {
        Some((group, version, kind)) => Some(format!("use {}", api(group, version, kind))),
        None => {
            let kinds = catalogue.kinds.keys().filter(|(group, ..)| *group == object.group);
            crate::config::nearest(&object.kind, kinds.map(|(.., kind)| kind.as_str()))
                .map(|kind| format!("did you mean `{kind}`?"))
        }
    };
    let why = match versions(&object.version) {
        true => "there is no such kind".to_owned(),
        false => format!("there is no version `{}` of its group", object.version),
    };
    Some(Gone { why, instead })
}

/// `apps/v1 Deployment`
pub(crate) fn api(group: &str, version: &str, kind: &str) -> String {
    if group.is_empty() { format!("{version} {kind}") } else { format!("{group}/{version} {kind}") }
}
