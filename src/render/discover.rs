//! Environments by convention, for a repository without a policy: kustomize roots that nothing includes, charts, and
//! loose manifests. They are only looked at; nothing lands on their account.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};

use super::closure::{Closure, Explorer, Ground, documents};
use super::kustomize::KUSTOMIZATION_NAMES;
use super::tree::{Place, Tree};
use super::unit::{below, is_manifest, last_part};
use crate::ports::{SourceError, parent_path};

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

/// The environments of a tree, sorted by name.
pub(super) async fn discover(ground: Ground<'_>) -> Result<Vec<Environment>, SourceError> {
    let tree = ground.tree;
    let mut found: BTreeMap<String, Environment> = BTreeMap::new();
    let mut taken = BTreeSet::new();

    let mut roots: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for root in kustomize_roots(ground, &mut taken).await? {
        roots.entry(environment_of(&root)).or_default().push(root);
    }
    for (name, roots) in roots {
        let roots = roots.iter().map(|root| pattern(root)).collect();
        add(&mut found, &name, "kustomize", EnvironmentSource::Kustomize(roots));
    }
    for chart in charts(tree, &mut taken) {
        for (name, values) in chart_environments(tree, &chart) {
            let source =
                EnvironmentSource::Helm { chart: chart.clone(), values, release: None, namespace: None };
            add(&mut found, &name, "helm", source);
        }
    }
    let mut loose: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in loose_manifests(ground, &taken).await? {
        loose.entry(environment_of(parent_path(&file))).or_default().push(file);
    }
    for (name, files) in loose {
        let files = files.iter().map(|file| pattern(file)).collect();
        add(&mut found, &name, "yaml", EnvironmentSource::Yaml(files));
    }
    Ok(found.into_values().collect())
}

/// The environments of both sides as one list: what only one side has is kept, and what both have has the paths of
/// both, so that a removal is seen as well as an addition.
pub fn unite(base: Vec<Environment>, head: Vec<Environment>) -> Vec<Environment> {
    let mut all: BTreeMap<String, Environment> = BTreeMap::new();
    for environment in base.into_iter().chain(head) {
        match all.get_mut(&environment.name) {
            Some(known) => unite_sources(&mut known.source, environment.source),
            None => drop(all.insert(environment.name.clone(), environment)),
        }
    }
    all.into_values().collect()
}

fn unite_sources(known: &mut EnvironmentSource, other: EnvironmentSource) {
    match (known, other) {
        (EnvironmentSource::Yaml(known), EnvironmentSource::Yaml(other))
        | (EnvironmentSource::Kustomize(known), EnvironmentSource::Kustomize(other)) => {
            known.extend(other);
            known.sort();
            known.dedup();
        }
        // One chart cannot be two: head's is what will be.
        (known, other) => *known = other,
    }
}

fn add(found: &mut BTreeMap<String, Environment>, name: &str, kind: &str, source: EnvironmentSource) {
    let candidates = [name.to_owned(), format!("{name}-{kind}")].into_iter();
    let numbered = (2..).map(|number| format!("{name}-{kind}-{number}"));
    let Some(name) = candidates.chain(numbered).find(|name| !found.contains_key(name)) else { return };
    let environment = Environment {
        name: name.clone(),
        source,
        cluster: None,
        apply: ApplyMode::default(),
        field_manager: "kubectl".to_owned(),
        prune: true,
        on_unreachable: OnUnreachable::default(),
        default_namespace: None,
    };
    found.insert(name, environment);
}

/// A path as a pattern that matches it alone.
fn pattern(path: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | '{');
    path.chars().map(|c| if special(c) { format!("[{c}]") } else { c.to_string() }).collect()
}

/// The environment that a path belongs to by the names in it, the innermost first.
fn environment_of(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let named = parts.iter().rev().find(|part| NAMES.contains(part));
    let placed = || {
        parts.windows(2).rev().find_map(|pair| match pair {
            [parent, name] if PARENTS.contains(parent) => Some(name),
            _ => None,
        })
    };
    named.or_else(placed).map_or_else(|| DEFAULT.to_owned(), |name| (*name).to_owned())
}

/// Kustomize roots that nothing includes, components aside. `taken` grows by the files that any kustomization reads.
async fn kustomize_roots(
    ground: Ground<'_>,
    taken: &mut BTreeSet<String>,
) -> Result<Vec<String>, SourceError> {
    let tree = ground.tree;
    let mut included = BTreeSet::new();
    let mut roots = Vec::new();
    for folder in tree.folders() {
        let is_root = |name| matches!(tree.find(&below(folder, name)).0, Place::File(_));
        if !KUSTOMIZATION_NAMES.into_iter().any(is_root) {
            continue;
        }
        let mut explorer = Explorer { ground, found: Closure::default() };
        explorer.kustomization(folder).await?;
        let found = explorer.found;
        let component = found.kustomizations.first().is_some_and(|(file, text)| is_component(file, text));
        if !component {
            roots.push(folder.to_owned());
        }
        // A kustomization that goes in circles includes itself, and is a root all the same.
        included.extend(found.included.into_iter().filter(|other| other != folder));
        taken.extend(found.reads.files);
        taken.extend(tree.below(folder).map(|entry| entry.path.clone()));
    }
    roots.retain(|root| !included.contains(root));
    Ok(roots)
}

fn is_component(file: &str, text: &str) -> bool {
    documents(file, text).is_ok_and(|all| {
        all.iter().any(|document| document.get("kind").is_some_and(|kind| kind == "Component"))
    })
}

/// Charts that are no part of another chart. `taken` grows by their files.
fn charts(tree: &Tree, taken: &mut BTreeSet<String>) -> Vec<String> {
    let mut charts: Vec<String> = Vec::new();
    // Parents come before what lies in them.
    for folder in tree.folders() {
        let inside = |chart: &String| chart.is_empty() || folder.starts_with(&format!("{chart}/"));
        let is_chart = tree.entry(&below(folder, "Chart.yaml")).is_some();
        if is_chart && !charts.iter().any(inside) {
            charts.push(folder.to_owned());
        }
    }
    // A chart that a kustomization reads is rendered there.
    charts.retain(|chart| !taken.contains(&below(chart, "Chart.yaml")));
    for chart in &charts {
        taken.extend(tree.below(chart).map(|entry| entry.path.clone()));
    }
    charts
}

/// A chart once for each values file that names an environment, or once.
fn chart_environments(tree: &Tree, chart: &str) -> Vec<(String, Vec<String>)> {
    let name = if chart.is_empty() { "chart" } else { last_part(chart) };
    let mut environments = Vec::new();
    for entry in tree.below(chart).filter(|entry| parent_path(&entry.path) == chart) {
        let stem =
            last_part(&entry.path).strip_suffix(".yaml").or(last_part(&entry.path).strip_suffix(".yml"));
        let Some(environment) = stem.and_then(|stem| stem.strip_prefix("values")) else { continue };
        let environment = environment.trim_start_matches(['-', '.', '_']);
        if !environment.is_empty() {
            environments.push((environment.to_owned(), vec![entry.path.clone()]));
        }
    }
    if environments.is_empty() {
        environments.push((name.to_owned(), Vec::new()));
    }
    environments
}

/// Files that look like Kubernetes objects, outside of hidden folders and of everything that is rendered already.
async fn loose_manifests(ground: Ground<'_>, taken: &BTreeSet<String>) -> Result<Vec<String>, SourceError> {
    let explorer = Explorer { ground, found: Closure::default() };
    let mut files = Vec::new();
    for entry in ground.tree.files() {
        let hidden = entry.path.split('/').any(|part| part.starts_with('.'));
        if hidden
            || !entry.mode.starts_with("100")
            || !is_manifest(&entry.path)
            || taken.contains(&entry.path)
        {
            continue;
        }
        match explorer.text(&entry.path).await {
            Ok(text) if text.as_deref().is_some_and(looks_like_an_object) => files.push(entry.path.clone()),
            // Too large to be looked at, so not something found by convention.
            Ok(_) | Err(SourceError::Unsafe { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

fn looks_like_an_object(text: &str) -> bool {
    let has = |key: &str| {
        let quoted = format!("\"{key}\"");
        let begins = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        text.lines()
            .any(|line| begins(line) || line.trim_start().trim_start_matches('{').trim().starts_with(&quoted))
    };
    has("apiVersion") && has("kind")
}

#[cfg(test)]
mod tests {
    use super::{environment_of, looks_like_an_object};

    #[test]
    fn names_environments_by_their_paths() {
        let check = |path: &str, want: &str| assert_eq!(environment_of(path), want, "{path}");
        check("apps/web/overlays/production", "production");
        check("overlays/eu-1", "eu-1");
        check("clusters/eu/prod/web", "prod");
        check("deploy", "default");
        check("", "default");
        check("overlays", "default");
    }

    #[test]
    fn knows_an_object_when_it_sees_one() {
        assert!(looks_like_an_object("# x\napiVersion: v1\nkind: Pod\n"));
        assert!(looks_like_an_object("{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\"\n}"));
        assert!(!looks_like_an_object("spec:\n  apiVersion: v1\n  kind: x\n"));
        assert!(!looks_like_an_object("image: x\n"));
    }
}
