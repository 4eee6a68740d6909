//! Which folder a chart lies in that Helm calls by its name.
//!
//! `# Source: store/charts/lib/templates/a.yaml` has what charts call themselves in their `Chart.yaml`, or what a
//! parent's `alias` calls them; the folders may be called otherwise, or like another chart. So a folder is believed
//! only where it is the one chart there of that name, and no alias is in play.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::super::run::Work;
use super::super::text::Text;
use super::super::tree::Place;
use super::super::unit::below;
use super::is_file;
use crate::ports::parent_path;

/// Where a chart keeps those that it depends on.
const CHARTS: &str = "charts";
/// How the names of packed charts end.
const PACKED: &str = ".tgz";

/// The charts of a unit, read as far as somebody asks.
pub(super) struct Charts<'w> {
    work: &'w Work<'w>,
    /// Where the unit's own chart lies.
    top: String,
    /// The charts that stand in a folder for Helm; none where that is in doubt. The unit's own is in no folder.
    read: BTreeMap<String, Arc<Vec<Chart>>>,
}

/// A chart that says its name.
#[derive(Debug, Clone)]
struct Chart {
    /// Where it lies in the tree.
    folder: String,
    /// Where Helm finds it, which is another place for a neighbour that a chart depends on.
    at: String,
    name: String,
    /// Names of dependencies that have another one here, and those others.
    aliased: BTreeSet<String>,
}

impl<'w> Charts<'w> {
    pub(super) fn of(work: &'w Work<'w>, chart: &str) -> Self {
        Self { work, top: chart.to_owned(), read: BTreeMap::new() }
    }

    /// The path in the tree of what Helm calls so.
    pub(super) async fn path(&mut self, named: &str) -> Option<String> {
        let (first, mut rest) = named.split_once('/')?;
        let mut chart = self.only(None, first).await?;
        while let Some((name, within)) = rest.strip_prefix("charts/").and_then(|rest| rest.split_once('/')) {
            chart = self.only(Some(&chart), name).await?;
            rest = within;
        }
        Some(below(&chart.folder, rest))
    }

    /// The one chart of this name in another, or the unit's own.
    async fn only(&mut self, parent: Option<&Chart>, name: &str) -> Option<Chart> {
        if parent.is_some_and(|parent| parent.aliased.contains(name)) {
            return None;
        }
        let place = parent.map(|parent| below(&parent.at, CHARTS)).unwrap_or_default();
        let known = self.read.get(&place).cloned();
        let charts = match known {
            Some(charts) => charts,
            None => {
                let charts = match parent {
                    Some(parent) => self.within(parent).await.unwrap_or_default(),
                    None => self.chart(&self.top, &self.top).await.into_iter().collect(),
                };
                let charts = Arc::new(charts);
                self.read.insert(place, Arc::clone(&charts));
                charts
            }
        };
        let mut called = charts.iter().filter(|chart| chart.name == name);
        called.next().filter(|_| called.next().is_none()).cloned()
    }

    /// The charts in a chart; `None` where something there could have any name.
    async fn within(&self, parent: &Chart) -> Option<Vec<Chart>> {
        let (tree, at) = (self.work.tree, below(&parent.at, CHARTS));
        let mut places: Vec<(String, String)> = Vec::new();
        if let Place::Folder(folder) = tree.find(&below(&parent.folder, CHARTS)).0 {
            let inner = |path: &str| path.strip_prefix(&folder)?.strip_prefix('/').map(str::to_owned);
            let inner: Vec<String> = tree.below(&folder).filter_map(|entry| inner(&entry.path)).collect();
            // Nobody looks into a packed chart here.
            if inner.iter().any(|path| path.ends_with(PACKED) && !path.contains('/')) {
                return None;
            }
            let names = inner.iter().filter_map(|path| path.split('/').next());
            let names: BTreeSet<&str> = names.filter(|name| !name.starts_with(['_', '.'])).collect();
            places.extend(names.iter().map(|name| (below(&folder, name), below(&at, name))));
        }
        let neighbours = self.work.closure.dependencies.iter().filter(|found| parent_path(&found.to) == at);
        places.extend(neighbours.map(|found| (found.from.clone(), found.to.clone())));
        let mut charts = Vec::new();
        for (folder, at) in places {
            // A file beside the charts is none.
            if let Place::Folder(_) = tree.find(&folder).0 {
                charts.push(self.chart(&folder, &at).await?);
            }
        }
        Some(charts)
    }

    /// What a chart says of itself.
    async fn chart(&self, folder: &str, at: &str) -> Option<Chart> {
        let said = self.document(&below(folder, "Chart.yaml")).await??;
        let more = self.document(&below(folder, "requirements.yaml")).await?;
        let name = said.get("name")?.as_str().filter(|name| !name.contains('/'))?.to_owned();
        let listed = |said: &Value| said.get("dependencies").and_then(Value::as_array).cloned();
        let listed = [listed(&said), more.as_ref().and_then(listed)];
        let mut aliased = BTreeSet::new();
        for dependency in listed.into_iter().flatten().flatten() {
            let names = ["alias", "name"].map(|key| dependency.get(key).and_then(Value::as_str));
            if let [Some(alias), name] = names {
                aliased.extend([Some(alias), name].into_iter().flatten().map(str::to_owned));
            }
        }
        Some(Chart { folder: folder.to_owned(), at: at.to_owned(), name, aliased })
    }

    /// A file that is one document, or that there is none; `None` where that cannot be told.
    async fn document(&self, path: &str) -> Option<Option<Value>> {
        let file = match self.work.tree.find(path).0 {
            Place::File(file) => file,
            Place::Absent(_) => return Some(None),
            Place::Folder(_) | Place::Outside => return None,
        };
        let entry = self.work.tree.entry(&file).filter(|entry| is_file(entry))?;
        let text = Text::new(self.work.source.read_entry(entry).await.ok()?)?;
        match text.documents(&file).ok()? {
            [only] => Some(Some(only.clone())),
            _ => None,
        }
    }
}
