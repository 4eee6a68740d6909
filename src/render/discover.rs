//! Environments by convention, for a repository without a policy: kustomize roots that nothing includes, charts, and
//! loose manifests. They are only looked at; nothing lands on their account.

mod charts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use countersign_core::revision::Digest;

use super::closure::Ground;
use super::disk::DiskCache;
use super::index::Fact;
use super::kustomize::STRETCH;
use super::tree::Tree;
use super::unit::is_manifest;
use crate::ports::{SourceError, TreeEntry, parent_path};

/// Folders whose entries are environments.
const PARENTS: [&str; 7] = ["overlays", "environments", "environment", "envs", "env", "clusters", "stages"];
/// Names that are environments wherever they stand.
const NAMES: [&str; 16] = [
    "production",
    "prod",
    "staging",
    "stage",
    "development",
    "dev",
    "testing",
    "test",
    "qa",
    "uat",
    "preprod",
    "preview",
    "sandbox",
    "live",
    "canary",
    "integration",
];
/// Where nothing says which environment it is.
const DEFAULT: &str = "default";

/// The form in which they are remembered.
const FORM: &str = "countersign.environments/v1";

/// The environments of a tree, sorted by name. A whole tree decides what they are, so they may be remembered by its id;
/// a folder alone does not, since kustomizations read what lies beside them.
pub(super) async fn discover(
    ground: Ground<'_>,
    disk: Option<&DiskCache>,
) -> Result<Vec<Environment>, SourceError> {
    let Some(disk) = disk else { return discover_anew(ground).await };
    let key = Digest::of(format!("{FORM} {} {}", env!("CARGO_PKG_VERSION"), ground.id).as_bytes());
    let known = disk.get(&key).and_then(|text| serde_json::from_str::<Vec<(String, _)>>(&text).ok());
    if let Some(known) = known {
        return Ok(known.into_iter().map(|(name, source)| environment(name, source)).collect());
    }
    let found = discover_anew(ground).await?;
    let named: Vec<_> = found.iter().map(|environment| (&environment.name, &environment.source)).collect();
    if let Ok(text) = serde_json::to_string(&named) {
        disk.put(&key, &text);
    }
    Ok(found)
}

async fn discover_anew(ground: Ground<'_>) -> Result<Vec<Environment>, SourceError> {
    let mut found = Found::default();
    let mut taken = Taken::none(ground.tree);

    let mut roots: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for root in kustomize_roots(ground, &mut taken).await? {
        roots.entry(environment_of(&root).to_owned()).or_default().push(root);
    }
    for (name, roots) in roots {
        let roots = roots.iter().map(|root| pattern(root)).collect();
        found.add(&name, EnvironmentSource::Kustomize(roots));
    }
    for (name, source) in charts::discover(ground, &mut taken).await? {
        found.add(&name, source);
    }
    let mut loose: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in loose_manifests(ground, &taken).await? {
        loose.entry(environment_of(parent_path(&file)).to_owned()).or_default().push(file);
    }
    for (name, files) in loose {
        let files = files.iter().map(|file| pattern(file)).collect();
        found.add(&name, EnvironmentSource::Yaml(files));
    }
    Ok(found.0.into_values().collect())
}

/// The environments of both sides as one list: what only one side has is kept, and what both have has the paths of
/// both, so that a removal is seen as well as an addition.
pub fn unite(base: Vec<Environment>, head: Vec<Environment>) -> Vec<Environment> {
    let mut all = Found(head.into_iter().map(|found| (found.name.clone(), found)).collect());
    for environment in base {
        let same = |known: &&mut Environment| is_same(known, &environment);
        match (all.0.values_mut().find(same).map(|known| &mut known.source), environment.source) {
            (Some(EnvironmentSource::Yaml(known)), EnvironmentSource::Yaml(other))
            | (Some(EnvironmentSource::Kustomize(known)), EnvironmentSource::Kustomize(other)) => {
                known.extend(other);
                known.sort();
                known.dedup();
            }
            // The chart's values as they will be.
            (Some(_), _) => {}
            (None, source) => all.add(stem(&environment.name, kind(&source)), source),
        }
    }
    all.0.into_values().collect()
}

/// Whether two environments are one on two sides. What a name stands for depends on what else is there, so it does not
/// decide alone: a chart is told by its own values file, everything else by its kind and the name that its paths give.
fn is_same(a: &Environment, b: &Environment) -> bool {
    use EnvironmentSource::{Helm, Kustomize, Yaml};
    let stem = |environment: &Environment| stem(&environment.name, kind(&environment.source)).to_owned();
    match (&a.source, &b.source) {
        (Helm { chart, values, .. }, Helm { chart: other_chart, values: other_values, .. }) => {
            chart == other_chart && values.last() == other_values.last()
        }
        (Yaml(_), Yaml(_)) | (Kustomize(_), Kustomize(_)) => stem(a) == stem(b),
        (Yaml(_) | Kustomize(_) | Helm { .. }, _) => false,
    }
}

/// What tells environments of one name apart.
fn kind(source: &EnvironmentSource) -> &str {
    match source {
        EnvironmentSource::Yaml(_) => "yaml",
        EnvironmentSource::Kustomize(_) => "kustomize",
        EnvironmentSource::Helm { chart, .. } => charts::name(chart),
    }
}

/// The name before anything was put behind it to tell it from another.
fn stem<'n>(name: &'n str, kind: &str) -> &'n str {
    let bare = |name: &'n str| name.strip_suffix(kind)?.strip_suffix('-');
    bare(name).unwrap_or(name)
}

/// Environments by their names.
#[derive(Default)]
struct Found(BTreeMap<String, Environment>);

impl Found {
    /// Adds an environment under its name, or under one near it where that is taken.
    fn add(&mut self, name: &str, source: EnvironmentSource) {
        let kind = kind(&source);
        let candidates = [name.to_owned(), format!("{name}-{kind}")].into_iter();
        let numbered = (2..).map(|number| format!("{name}-{kind}-{number}"));
        let free = candidates.chain(numbered).find(|name| !self.0.contains_key(name));
        let Some(name) = free else { return };
        self.0.insert(name.clone(), environment(name, source));
    }
}

fn environment(name: String, source: EnvironmentSource) -> Environment {
    Environment {
        name,
        apply: ApplyMode::usual(&source),
        source,
        cluster: None,
        field_manager: "kubectl".to_owned(),
        prune: true,
        on_unreachable: OnUnreachable::default(),
        default_namespace: None,
        destinations: Vec::new(),
        unforced: false,
        kubernetes: None,
    }
}

/// A path as a pattern that matches it alone.
fn pattern(path: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | '{');
    path.chars().map(|c| if special(c) { format!("[{c}]") } else { c.to_string() }).collect()
}

/// The environment that a path belongs to by the names in it, the innermost first.
fn environment_of(path: &str) -> &str {
    let parts: Vec<&str> = path.split('/').collect();
    let named = parts.iter().rev().find(|part| NAMES.contains(part)).copied();
    let placed = || {
        parts.windows(2).rev().find_map(|pair| match pair {
            [parent, name] if PARENTS.contains(parent) => Some(*name),
            _ => None,
        })
    };
    named.or_else(placed).unwrap_or(DEFAULT)
}

/// Files of a tree that are rendered already.
struct Taken<'t> {
    tree: &'t Tree,
    /// By their places in the tree.
    files: Vec<bool>,
}

impl<'t> Taken<'t> {
    fn none(tree: &'t Tree) -> Self {
        Self { tree, files: vec![false; tree.files().count()] }
    }

    fn has(&self, file: &str) -> bool {
        self.tree.number(file).and_then(|number| self.files.get(number).copied()).unwrap_or_default()
    }

    fn file(&mut self, file: &str) {
        let number = self.tree.number(file);
        if let Some(taken) = number.and_then(|number| self.files.get_mut(number)) {
            *taken = true;
        }
    }

    /// Everything in a folder.
    fn below(&mut self, folder: &str) {
        if let Some(files) = self.files.get_mut(self.tree.numbers_below(folder)) {
            files.fill(true);
        }
    }
}

/// Kustomize roots that nothing includes, components aside. `taken` grows by the files that any kustomization reads.
async fn kustomize_roots(ground: Ground<'_>, taken: &mut Taken<'_>) -> Result<Vec<String>, SourceError> {
    let tree = ground.tree;
    ground.look_ahead(tree.kustomizations()).await?;
    let mut includes: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut components = BTreeSet::new();
    for (number, folder) in tree.kustomizations().enumerate() {
        if number % STRETCH == STRETCH - 1 {
            tokio::task::yield_now().await;
        }
        let part = ground.part(folder).await?;
        if !part.is_there {
            continue;
        }
        if part.component {
            components.insert(folder);
        }
        includes.insert(folder, part.included.iter().filter(|other| *other != folder).cloned().collect());
        part.found.reads.files.iter().for_each(|file| taken.file(file));
        taken.below(folder);
    }
    Ok(tops(&includes, &components))
}

/// What nothing includes; and of what only includes itself in a circle, or is only included by components that nobody
/// uses, as much as it takes to reach all of it.
fn tops(includes: &BTreeMap<&str, BTreeSet<String>>, components: &BTreeSet<&str>) -> Vec<String> {
    let included: BTreeSet<&str> = includes.values().flatten().map(String::as_str).collect();
    let wanted = || includes.keys().copied().filter(|folder| !components.contains(folder));
    let (rest, mut roots): (Vec<&str>, Vec<&str>) = wanted().partition(|folder| included.contains(folder));
    let mut reached = BTreeSet::new();
    roots.iter().for_each(|root| reach(includes, root, &mut reached));
    for folder in rest {
        if !reached.contains(folder) {
            roots.push(folder);
            reach(includes, folder, &mut reached);
        }
    }
    roots.sort_unstable();
    roots.into_iter().map(str::to_owned).collect()
}

fn reach<'a>(includes: &'a BTreeMap<&str, BTreeSet<String>>, from: &'a str, reached: &mut BTreeSet<&'a str>) {
    let mut waiting = vec![from];
    while let Some(folder) = waiting.pop() {
        if reached.insert(folder) {
            waiting.extend(includes.get(folder).into_iter().flatten().map(String::as_str));
        }
    }
}

/// Files that look like Kubernetes objects, outside of hidden folders and of everything that is rendered already.
async fn loose_manifests(ground: Ground<'_>, taken: &Taken<'_>) -> Result<Vec<String>, SourceError> {
    let wanted = |entry: &&TreeEntry| {
        is_manifest(&entry.path)
            && entry.mode.starts_with("100")
            && !taken.has(&entry.path)
            && !is_hidden(&entry.path)
    };
    let entries: Vec<&TreeEntry> = ground.tree.files().filter(wanted).collect();
    let objects = ground.facts.said(ground.source, Fact::Object, &entries, looks_like_an_object).await?;
    let found = entries.into_iter().zip(objects).filter(|(_, is)| *is == Some(true));
    Ok(found.map(|(entry, _)| entry.path.clone()).collect())
}

fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.'))
}

/// Whether a text has what every object has. Many files of tools have an `apiVersion` and a `kind` too, but no
/// `metadata`; a list has `items` instead.
fn looks_like_an_object(text: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json = text.trim_start().starts_with('{');
    let has = |key: &str| {
        if json {
            return text.contains(&format!("\"{key}\""));
        }
        text.lines().any(|line| {
            let line = line.strip_prefix("--- ").unwrap_or(line);
            let bare = line.strip_prefix('"').unwrap_or(line);
            let rest = bare.strip_prefix(key).map(|rest| rest.strip_prefix('"').unwrap_or(rest));
            rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
        })
    };
    has("apiVersion") && has("kind") && (has("metadata") || has("items"))
}
