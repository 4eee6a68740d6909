//! Charts that stand for themselves, and the environments that their values files name.

use std::collections::BTreeSet;

use countersign_core::environment::EnvironmentSource;
use serde_json::Value;

use super::{DEFAULT, Taken, environment_of, is_hidden};
use crate::ports::{SourceError, join_path, parent_path};
use crate::render::closure::{Explorer, Ground};
use crate::render::tree::{Place, Tree};
use crate::render::unit::{below, last_part};

/// Values files that are not of one environment but for all, before the environment's own.
const SHARED: [&str; 7] = ["global", "common", "shared", "base", "default", "defaults", "all"];
/// Values files that show how to write one.
const SHOWN: [&str; 4] = ["example", "examples", "sample", "template"];

/// What a chart is called: its folder's name.
pub(super) fn name(chart: &str) -> &str {
    if chart.is_empty() { "chart" } else { last_part(chart) }
}

/// Environments of charts, each with the name that its place or its values give it. `taken` grows by the files of all
/// charts.
pub(super) async fn discover(
    ground: Ground<'_>,
    taken: &mut Taken<'_>,
) -> Result<Vec<(String, EnvironmentSource)>, SourceError> {
    let tree = ground.tree;
    let mut charts: Vec<&str> = Vec::new();
    // Parents come before what lies in them, and a chart in another one is a part of it.
    // A chart that a kustomization reads is rendered there.
    let files = tree.files().map(|entry| entry.path.as_str());
    let files = files.filter(|file| last_part(file) == "Chart.yaml" && !taken.has(file));
    let folders: BTreeSet<&str> = files.map(parent_path).filter(|folder| !is_hidden(folder)).collect();
    for folder in folders {
        let inside = |chart: &&str| chart.is_empty() || folder.starts_with(&format!("{chart}/"));
        if !charts.iter().any(inside) {
            charts.push(folder);
        }
    }
    let mut parts = BTreeSet::new();
    for chart in &charts {
        taken.below(chart);
        parts.extend(parts_of(ground, chart).await?);
    }
    charts.retain(|chart| !parts.contains(*chart));
    Ok(charts.into_iter().flat_map(|chart| environments(tree, chart)).collect())
}

/// Charts that nobody installs, as a chart tells it: itself where it is a library, and those of the same repository
/// that it depends on.
async fn parts_of(ground: Ground<'_>, chart: &str) -> Result<Vec<String>, SourceError> {
    let explorer = Explorer::new(ground);
    let mut parts = Vec::new();
    for name in ["Chart.yaml", "requirements.yaml"] {
        let Place::File(file) = ground.tree.find(&below(chart, name)).0 else { continue };
        let Some(text) = explorer.text(&file).await? else { continue };
        // What cannot be read is helm's to complain about.
        for document in text.documents(&file).unwrap_or_default() {
            if document.get("type").is_some_and(|kind| kind == "library") {
                parts.push(chart.to_owned());
            }
            let listed = document.get("dependencies").and_then(Value::as_array).into_iter().flatten();
            let places =
                listed.filter_map(|entry| entry.get("repository")?.as_str()?.strip_prefix("file://"));
            parts.extend(places.filter_map(|path| join_path(chart, path)));
        }
    }
    Ok(parts)
}

/// A chart once for each values file that names an environment, or once.
fn environments(tree: &Tree, chart: &str) -> Vec<(String, EnvironmentSource)> {
    let mut shared = Vec::new();
    let mut named = Vec::new();
    for entry in tree.below(chart) {
        let Some(name) = values_name(chart, &entry.path) else { continue };
        if SHARED.contains(&name) {
            shared.push(entry.path.clone());
        } else if !SHOWN.contains(&name) {
            named.push((name.to_owned(), entry.path.clone()));
        }
    }
    let source =
        |values| EnvironmentSource::Helm { chart: chart.to_owned(), values, release: None, namespace: None };
    if named.is_empty() {
        let placed = environment_of(parent_path(chart));
        let name = if placed == DEFAULT { name(chart) } else { placed };
        return vec![(name.to_owned(), source(Vec::new()))];
    }
    let layered = |own| shared.iter().cloned().chain([own]).collect();
    named.into_iter().map(|(name, own)| (name, source(layered(own)))).collect()
}

/// The name in `values-NAME.yaml`, `values.NAME.yaml` or `values/NAME.yaml` of a chart.
fn values_name<'p>(chart: &str, path: &'p str) -> Option<&'p str> {
    let stem = |file: &'p str| file.strip_suffix(".yaml").or(file.strip_suffix(".yml"));
    let file = path.strip_prefix(chart)?.trim_start_matches('/');
    let name = match file.split_once('/') {
        None => stem(file)?.strip_prefix("values")?.trim_start_matches(['-', '.', '_']),
        Some(("values", file)) if !file.contains('/') => stem(file)?,
        Some(_) => return None,
    };
    (!name.is_empty()).then_some(name)
}
