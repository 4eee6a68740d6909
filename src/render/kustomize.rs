//! The closure of a kustomization: every file it names, and those of every kustomization it includes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::closure::{Closure, Explorer, Ground, Spot};
use super::outline::{At, Document, Include, Outline, guesses};
use super::text::documents;
use super::tree::Place;
use super::unit::{below, shown};
use crate::ports::{SourceError, join_path};

pub(super) use crate::ports::KUSTOMIZATION_NAMES;

/// Kustomizations that are looked at before others get their turn.
pub(super) const STRETCH: usize = 64;

/// What the kustomization in one folder is and reads, without those that it includes. Many units may share it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) found: Closure,
    /// Folders that it includes.
    pub(super) included: Vec<String>,
    /// Whether there is a kustomization at all.
    pub(super) is_there: bool,
    /// Whether it is used by others alone.
    pub(super) component: bool,
    /// Paths that were looked at besides those that are read.
    pub(super) passed: Vec<String>,
}

impl Part {
    /// Every path that decides what this is: where the same stands at all of them, it is the same.
    pub(super) fn looked_at(&self) -> impl Iterator<Item = &String> {
        let reads = &self.found.reads;
        // No kustomization lists a folder.
        [&reads.files, &reads.absent, &reads.perhaps, &reads.listings]
            .into_iter()
            .flatten()
            .chain(&self.passed)
    }
}

impl Ground<'_> {
    /// The kustomization in a folder alone.
    pub(super) async fn part(self, folder: &str) -> Result<Arc<Part>, SourceError> {
        if let Some(part) = self.tree.part(folder) {
            return Ok(part);
        }
        let mut explorer = Explorer::new(self);
        let (mut included, mut is_there, mut component) = (Vec::new(), false, None);
        for name in KUSTOMIZATION_NAMES {
            let Place::File(file) = explorer.look(&below(folder, name)) else { continue };
            is_there = true;
            let outline = self.outline(&file).await?;
            included.extend(explorer.follow_outline(folder, &file, &outline).await?);
            component = component.or(match &*outline {
                Outline::NoText => None,
                Outline::NoYaml(_) => Some(false),
                Outline::Says { component, .. } => Some(*component),
            });
        }
        let component = component.unwrap_or_default();
        let Explorer { ground: _, found, passed } = explorer;
        let part = Arc::new(Part { found, included, is_there, component, passed });
        self.tree.keep_part(folder, &part);
        Ok(part)
    }

    /// Explores kustomizations and all that they include, reading many files at once.
    pub(super) async fn look_ahead(self, folders: impl Iterator<Item = &str>) -> Result<(), SourceError> {
        let mut waiting: BTreeSet<String> = folders.map(str::to_owned).collect();
        let mut visited = BTreeSet::new();
        while !waiting.is_empty() {
            let unknown = waiting.iter().filter(|folder| self.tree.part(folder).is_none());
            let files = unknown.flat_map(|folder| KUSTOMIZATION_NAMES.map(|name| below(folder, name)));
            let found = files.filter_map(|file| match self.tree.find(&file).0 {
                Place::File(file) => self.tree.entry(&file),
                Place::Folder(_) | Place::Absent(_) | Place::Outside => None,
            });
            self.facts.outlines(self.source, found.collect()).await?;
            let mut next = BTreeSet::new();
            for (number, folder) in waiting.iter().enumerate() {
                if number % STRETCH == STRETCH - 1 {
                    tokio::task::yield_now().await;
                }
                next.extend(self.part(folder).await?.included.iter().cloned());
            }
            visited.append(&mut waiting);
            waiting = &next - &visited;
        }
        Ok(())
    }

    /// The kustomization in a folder, and all that it includes.
    pub(super) async fn all_parts(self, root: &str) -> Result<Vec<Arc<Part>>, SourceError> {
        let mut visited = BTreeSet::new();
        let mut waiting = vec![root.to_owned()];
        let mut parts = Vec::new();
        while let Some(folder) = waiting.pop() {
            if !visited.contains(&folder) {
                let part = self.part(&folder).await?;
                waiting.extend(part.included.iter().cloned());
                parts.push(part);
                visited.insert(folder);
            }
        }
        Ok(parts)
    }

    async fn outline(self, file: &str) -> Result<Arc<Outline>, SourceError> {
        match self.tree.entry(file) {
            Some(entry) => self.facts.outline(self.source, entry).await,
            None => Ok(Arc::new(Outline::NoText)),
        }
    }
}

impl Explorer<'_> {
    /// Notes what one kustomization names; the folders that it includes.
    async fn follow_outline(
        &mut self,
        folder: &str,
        file: &str,
        outline: &Outline,
    ) -> Result<Vec<String>, SourceError> {
        let documents = match outline {
            Outline::NoText => {
                self.widen();
                self.obstacle(
                    "the kustomization is not a text in UTF-8".to_owned(),
                    spot(file, (None, None)),
                );
                return Ok(Vec::new());
            }
            Outline::NoYaml(at) => {
                self.widen();
                self.obstacle("the kustomization is not valid YAML".to_owned(), spot(file, *at));
                self.found.kustomizations.push(file.to_owned());
                return Ok(Vec::new());
            }
            Outline::Says { documents, .. } => documents,
        };
        self.found.kustomizations.push(file.to_owned());
        let mut includes = Vec::new();
        for document in documents {
            for include in &document.includes {
                includes.extend(self.include(folder, file, include).await?);
            }
            self.follow_document(folder, file, document);
        }
        Ok(includes)
    }

    /// What a document names besides what it includes.
    fn follow_document(&mut self, folder: &str, file: &str, document: &Document) {
        for (named, at) in &document.files {
            let Some(path) = join_path(folder, named) else { continue };
            if matches!(self.look(&path), Place::Absent(_)) && named.contains("://") {
                let message = format!(
                    "`{}` is a remote file, which is not fetched; copy it into the repository",
                    short(named)
                );
                self.obstacle(message, spot(file, *at));
            }
        }
        self.guess(folder, &document.guesses);
        for (field, at) in &document.charts {
            self.found.unstable = true;
            self.perhaps(below(folder, "charts"));
            let message = format!(
                "`{field}` renders a chart inside of kustomize, which is switched off; declare the chart as an \
                 environment of its own (`source = {{ helm = … }}`)"
            );
            self.obstacle(message, spot(file, *at));
        }
    }

    /// One entry that is a file or a folder; the folder, if it is one.
    async fn include(
        &mut self,
        folder: &str,
        file: &str,
        include: &Include,
    ) -> Result<Option<String>, SourceError> {
        let Include { entry, at, configures: config } = include;
        let (entry, config, at) = (entry.as_str(), *config, spot(file, *at));
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
                    self.guess(folder, &guesses(document));
                }
            }
            Err(_) => self.widen(),
        }
    }
}

fn spot(file: &str, (line, column): At) -> Spot {
    Spot { file: file.to_owned(), line, column }
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
