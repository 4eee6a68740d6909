//! The closure of a kustomization: every file it names, and those of every kustomization it includes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::closure::{Explorer, Spot, spot_of};
use super::text::documents;
use super::tree::Place;
use super::unit::{below, shown};
use crate::ports::{SourceError, join_path};

pub(super) use crate::ports::KUSTOMIZATION_NAMES;

/// Fields whose entries are files, or folders with a kustomization.
const INCLUDES: [&str; 6] = ["resources", "bases", "components", "generators", "transformers", "validators"];
/// Fields whose entries name files in their turn.
const CONFIGURATIONS: [&str; 3] = ["generators", "transformers", "validators"];
/// Fields that render a chart inside of kustomize.
const CHARTS: [&str; 2] = ["helmCharts", "helmChartInflationGenerator"];

impl Explorer<'_> {
    /// Explores the kustomization in a folder, and all that it includes.
    pub(super) async fn kustomization(&mut self, root: &str) -> Result<(), SourceError> {
        let mut visited = BTreeSet::new();
        let mut waiting = vec![root.to_owned()];
        while let Some(folder) = waiting.pop() {
            if !visited.insert(folder.clone()) {
                continue;
            }
            waiting.extend(self.one_kustomization(&folder).await?);
        }
        Ok(())
    }

    /// Explores the kustomization in a folder alone; the folders that it includes.
    pub(super) async fn one_kustomization(&mut self, folder: &str) -> Result<Vec<String>, SourceError> {
        let mut included = Vec::new();
        for name in KUSTOMIZATION_NAMES {
            if let Place::File(file) = self.look(&below(folder, name)) {
                included.extend(self.read_kustomization(folder, &file).await?);
            }
        }
        Ok(included)
    }

    /// Notes what one kustomization names; the folders that it includes.
    async fn read_kustomization(&mut self, folder: &str, file: &str) -> Result<Vec<String>, SourceError> {
        let Some(text) = self.text(file).await? else {
            self.widen();
            let at = Spot { file: file.to_owned(), line: None, column: None };
            self.obstacle("the kustomization is not a text in UTF-8".to_owned(), at);
            return Ok(Vec::new());
        };
        self.found.kustomizations.push((file.to_owned(), text.clone()));
        let documents = match text.documents(file) {
            Ok(documents) => documents,
            Err(at) => {
                self.widen();
                self.obstacle("the kustomization is not valid YAML".to_owned(), at);
                return Ok(Vec::new());
            }
        };
        let mut includes = Vec::new();
        for document in documents {
            for field in INCLUDES {
                for entry in texts(document.get(field)) {
                    let config = CONFIGURATIONS.contains(&field);
                    includes
                        .extend(self.include(folder, &entry, spot_of(file, &text, &entry), config).await?);
                }
            }
            for named in named_files(document) {
                let Some(path) = join_path(folder, &named) else { continue };
                if matches!(self.look(&path), Place::Absent(_)) && named.contains("://") {
                    let message = format!(
                        "`{}` is a remote file, which is not fetched; copy it into the repository",
                        short(&named)
                    );
                    self.obstacle(message, spot_of(file, &text, &named));
                }
            }
            self.guess(folder, document);
            for field in CHARTS.into_iter().filter(|field| document.get(field).is_some_and(is_set)) {
                self.found.unstable = true;
                self.perhaps(below(folder, "charts"));
                let message = format!(
                    "`{field}` renders a chart inside of kustomize, which is switched off; declare the chart as \
                     an environment of its own (`source = {{ helm = … }}`)"
                );
                self.obstacle(message, spot_of(file, &text, field));
            }
        }
        Ok(includes)
    }

    /// One entry that is a file or a folder; the folder, if it is one.
    async fn include(
        &mut self,
        folder: &str,
        entry: &str,
        at: Spot,
        config: bool,
    ) -> Result<Option<String>, SourceError> {
        if config && entry.contains('\n') {
            self.inline(folder, entry);
            return Ok(None);
        }
        let Some(path) = join_path(folder, entry) else {
            self.obstacle(format!("`{}` is outside of the repository", short(entry)), at);
            return Ok(None);
        };
        let place = self.look(&path);
        self.found.named_at.entry(path.clone()).or_insert_with(|| at.clone());
        match place {
            Place::Folder(found) => {
                let is_there = |name| matches!(self.ground.tree.find(&below(&found, name)).0, Place::File(_));
                if !KUSTOMIZATION_NAMES.into_iter().any(is_there) {
                    self.obstacle(format!("`{}` has no kustomization.yaml", shown(&found)), at);
                }
                Ok(Some(found))
            }
            Place::File(found) if config => {
                if let Some(text) = self.text(&found).await? {
                    self.inline(folder, &text);
                }
                Ok(None)
            }
            Place::File(_) => Ok(None),
            Place::Absent(_) if is_remote(entry) => {
                let message = format!(
                    "`{}` is a remote base, which is not fetched; copy it into the repository",
                    short(entry)
                );
                self.obstacle(message, at);
                Ok(None)
            }
            Place::Absent(absent) => {
                // A folder may appear there as well as a file.
                self.perhaps(absent);
                let message = format!("`{}` is missing", shown(&path));
                self.obstacle(message, at);
                Ok(None)
            }
            Place::Outside => {
                self.obstacle(
                    format!("`{}` is a symlink that leads out of the repository", short(entry)),
                    at,
                );
                Ok(None)
            }
        }
    }

    /// The configuration of a generator or transformer: whatever it names counts.
    fn inline(&mut self, folder: &str, text: &str) {
        match documents("", text) {
            Ok(documents) => {
                for document in &documents {
                    self.guess(folder, document);
                }
            }
            Err(_) => self.widen(),
        }
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The files that a kustomization reads by its other fields.
fn named_files(document: &Value) -> Vec<String> {
    let mut named = Vec::new();
    for field in ["crds", "configurations", "patchesStrategicMerge"] {
        named.extend(texts(document.get(field)));
    }
    let items = |field: &str| document.get(field).and_then(Value::as_array).into_iter().flatten();
    let path_of = |item: &Value| item.get("path").and_then(Value::as_str).map(str::to_owned);
    for field in ["patches", "patchesJson6902", "replacements"] {
        named.extend(items(field).filter_map(path_of));
    }
    named.extend(document.get("openapi").and_then(path_of));
    for generator in ["configMapGenerator", "secretGenerator"].into_iter().flat_map(items) {
        let files = texts(generator.get("files"));
        // `key=path`, or a path.
        named.extend(files.iter().map(|file| file.rsplit('=').next().unwrap_or(file).to_owned()));
        named.extend(texts(generator.get("envs")));
        named.extend(generator.get("env").and_then(Value::as_str).map(str::to_owned));
    }
    named.retain(|path| !path.contains('\n') && !path.is_empty());
    named
}

fn is_set(value: &Value) -> bool {
    !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty())
}

/// Whether kustomize would take an entry that is no file for a repository or a download.
fn is_remote(entry: &str) -> bool {
    let hosts = ["github.com/", "gitlab.com/", "bitbucket.org/", "git@", "git::"];
    entry.contains("://")
        || entry.contains("?ref=")
        || entry.contains("?version=")
        || hosts.iter().any(|host| entry.starts_with(host))
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
