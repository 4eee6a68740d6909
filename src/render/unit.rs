//! From an environment's source, paths and globs, to the units that a tree has for it.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::environment::{Environment, EnvironmentSource};
use globset::{GlobBuilder, GlobMatcher};

use super::kustomize::KUSTOMIZATION_NAMES;
use super::tree::{Place, Tree};
use crate::ports::{SourceError, UnitSource, UnitSpec, join_path, parent_path};

/// What tells a manifest by its name.
const MANIFEST_ENDS: [&str; 3] = [".yaml", ".yml", ".json"];

/// The units of an environment at a tree, sorted by name.
pub(super) fn units(tree: &Tree, environment: &Environment) -> Result<Vec<UnitSpec>, SourceError> {
    let mut units = match &environment.source {
        EnvironmentSource::Yaml(patterns) => yaml_units(tree, patterns)?,
        EnvironmentSource::Kustomize(patterns) => kustomize_units(tree, patterns)?,
        EnvironmentSource::Helm { chart, values, release, namespace } => {
            let chart = inside(chart)?;
            let values = values.iter().map(|path| inside(path)).collect::<Result<Vec<_>, _>>()?;
            let exists = matches!(tree.find(&below(&chart, "Chart.yaml")).0, Place::File(_));
            let name = if chart.is_empty() { &environment.name } else { last_part(&chart) };
            let source = UnitSource::Helm {
                chart: chart.clone(),
                values,
                release: release.clone().unwrap_or_else(|| name.to_owned()),
                namespace: namespace
                    .clone()
                    .or_else(|| environment.default_namespace.clone())
                    .unwrap_or_else(|| "default".to_owned()),
                kubernetes: environment.kubernetes.clone(),
            };
            let unit = UnitSpec { name: shown(&chart), path: chart, source };
            exists.then_some(unit).into_iter().collect()
        }
    };
    units.sort();
    Ok(units)
}

/// Whether a file is a manifest by its name. Kustomizations are instructions, not manifests.
pub(super) fn is_manifest(path: &str) -> bool {
    MANIFEST_ENDS.iter().any(|end| path.ends_with(end)) && !KUSTOMIZATION_NAMES.contains(&last_part(path))
}

pub(super) fn last_part(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

/// A name in a folder.
pub(super) fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// A path as people see it: the root is `.`.
pub(super) fn shown(path: &str) -> String {
    if path.is_empty() { ".".to_owned() } else { path.to_owned() }
}

fn inside(path: &str) -> Result<String, SourceError> {
    join_path("", path).ok_or_else(|| SourceError::Unsafe {
        path: path.to_owned(),
        why: "it leads out of the repository; use a path from its root".to_owned(),
    })
}

/// A path or a glob of the policy.
struct Pattern {
    text: String,
    /// `None` where the text is a plain path.
    glob: Option<GlobMatcher>,
}

impl Pattern {
    fn new(text: &str) -> Result<Self, SourceError> {
        let text = inside(text)?;
        if !text.contains(['*', '?', '[', '{', '\\']) {
            return Ok(Self { text, glob: None });
        }
        let glob = GlobBuilder::new(&text).literal_separator(true).build();
        let glob = glob.map_err(|error| SourceError::Unsafe {
            path: text.clone(),
            why: format!("it is not a glob: {}", error.kind()),
        })?;
        Ok(Self { text, glob: Some(glob.compile_matcher()) })
    }

    fn matches(&self, path: &str) -> bool {
        self.glob.as_ref().map_or(self.text == path, |glob| glob.is_match(path))
    }

    /// The folder that all matches lie in, which names the files that match one by one.
    fn parent(&self) -> String {
        let fixed = self.text.split('/').take_while(|part| !part.contains(['*', '?', '[', '{', '\\']));
        let fixed: Vec<&str> = fixed.collect();
        let fixed = fixed.join("/");
        if fixed == self.text { parent_path(&fixed).to_owned() } else { fixed }
    }
}

/// The paths and globs of one environment, in order.
struct Patterns {
    all: Vec<Pattern>,
    /// Which of them are plain paths, since there may be thousands; of two that are the same, the first.
    plain: BTreeMap<String, usize>,
    globs: Vec<usize>,
}

impl Patterns {
    fn new(texts: &[String]) -> Result<Self, SourceError> {
        let all = texts.iter().map(|text| Pattern::new(text)).collect::<Result<Vec<_>, _>>()?;
        let mut plain = BTreeMap::new();
        let mut globs = Vec::new();
        for (number, pattern) in all.iter().enumerate() {
            match pattern.glob {
                None => drop(plain.entry(pattern.text.clone()).or_insert(number)),
                Some(_) => globs.push(number),
            }
        }
        Ok(Self { all, plain, globs })
    }

    /// The first that matches.
    fn first(&self, path: &str) -> Option<&Pattern> {
        let mut globs = self.globs.iter().copied();
        let glob = globs.find(|number| self.all.get(*number).is_some_and(|pattern| pattern.matches(path)));
        let first = self.plain.get(path).copied().into_iter().chain(glob).min()?;
        self.all.get(first)
    }

    fn matches(&self, path: &str) -> bool {
        self.first(path).is_some()
    }
}

fn yaml_units(tree: &Tree, texts: &[String]) -> Result<Vec<UnitSpec>, SourceError> {
    let patterns = Patterns::new(texts)?;
    let matched: BTreeSet<&str> = tree.folders().filter(|folder| patterns.matches(folder)).collect();
    // A folder stands for everything below it: what matches inside of one that matched is part of it.
    let covered = |path: &str| ancestors(path).any(|folder| matched.contains(folder));
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for folder in matched.iter().filter(|folder| !covered(folder)) {
        let files = tree.below(folder).filter(|entry| is_manifest(&entry.path));
        let files: BTreeSet<String> = files.map(|entry| entry.path.clone()).collect();
        if !files.is_empty() {
            groups.insert((*folder).to_owned(), files);
        }
    }
    for entry in tree.files().filter(|entry| is_manifest(&entry.path) && !covered(&entry.path)) {
        if let Some(pattern) = patterns.first(&entry.path) {
            groups.entry(pattern.parent()).or_default().insert(entry.path.clone());
        }
    }
    let unit = |(path, files): (String, BTreeSet<String>)| UnitSpec {
        name: shown(&path),
        path,
        source: UnitSource::Yaml { files: files.into_iter().collect() },
    };
    Ok(groups.into_iter().map(unit).collect())
}

fn kustomize_units(tree: &Tree, texts: &[String]) -> Result<Vec<UnitSpec>, SourceError> {
    let patterns = Patterns::new(texts)?;
    let wanted = |root: &&str| {
        patterns.matches(root) || KUSTOMIZATION_NAMES.iter().any(|name| patterns.matches(&below(root, name)))
    };
    let unit = |root: &str| UnitSpec {
        name: shown(root),
        path: root.to_owned(),
        source: UnitSource::Kustomize { root: root.to_owned() },
    };
    Ok(tree.kustomizations().filter(wanted).map(unit).collect())
}

/// Every folder above a path, the root last.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors((!path.is_empty()).then(|| parent_path(path)), |folder| {
        (!folder.is_empty()).then(|| parent_path(folder))
    })
}
