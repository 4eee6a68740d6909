//! What one kustomization says, apart from any tree that it stands in: what it names, and where. It is read from the
//! bytes of the file alone, so it may be remembered by their id for good.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::closure::{Spot, could_be_path, spot_of, strings};
use super::text::documents;

/// Fields whose entries are files, or folders with a kustomization.
const INCLUDES: [&str; 6] = ["resources", "bases", "components", "generators", "transformers", "validators"];
/// Fields whose entries name files in their turn.
const CONFIGURATIONS: [&str; 3] = ["generators", "transformers", "validators"];
/// Fields that render a chart inside of kustomize.
const CHARTS: [&str; 2] = ["helmCharts", "helmChartInflationGenerator"];

/// A kustomization, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outline {
    /// Not a text in UTF-8.
    NoText,
    /// Not YAML from this place on.
    NoYaml(At),
    /// What its documents say.
    Says {
        /// Whether it is a component, which is used by others and is no root.
        component: bool,
        documents: Vec<Document>,
    },
}

/// Line and column, as far as they are known.
pub(super) type At = (Option<u32>, Option<u32>);

/// One document of a kustomization.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Document {
    pub(super) includes: Vec<Include>,
    /// Files that are read by other fields, and where each is named.
    pub(super) files: Vec<(String, At)>,
    /// Every text that could be a path.
    pub(super) guesses: Vec<String>,
    /// Charts that it would render, by the field that names them.
    pub(super) charts: Vec<(String, At)>,
}

/// An entry that is a file, a folder, or a configuration written in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Include {
    pub(super) entry: String,
    pub(super) at: At,
    /// Whether it configures a generator, a transformer or a validator, and so names files in its turn.
    pub(super) configures: bool,
}

impl Outline {
    /// Reads a kustomization.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        let Ok(text) = String::from_utf8(bytes) else { return Self::NoText };
        match documents("", &text) {
            Ok(documents) => Self::Says {
                component: documents.iter().any(is_component),
                documents: documents.iter().map(|document| outlined(&text, document)).collect(),
            },
            Err(Spot { file: _, line, column }) => Self::NoYaml((line, column)),
        }
    }
}

fn is_component(document: &Value) -> bool {
    document.get("kind").is_some_and(|kind| kind == "Component")
}

fn outlined(text: &str, document: &Value) -> Document {
    let at = |needle: &str| {
        let Spot { file: _, line, column } = spot_of("", text, needle);
        (line, column)
    };
    let includes = INCLUDES.into_iter().flat_map(|field| {
        let configures = CONFIGURATIONS.contains(&field);
        let include = move |entry: String| Include { at: at(&entry), entry, configures };
        texts(document.get(field)).into_iter().map(include)
    });
    let charts = CHARTS.into_iter().filter(|field| document.get(field).is_some_and(is_set));
    Document {
        includes: includes.collect(),
        files: named_files(document).into_iter().map(|file| (at(&file), file)).map(swap).collect(),
        guesses: guesses(document),
        charts: charts.map(|field| (field.to_owned(), at(field))).collect(),
    }
}

fn swap((at, file): (At, String)) -> (String, At) {
    (file, at)
}

/// Every text of a document that could be a path, and what follows a `=` in it.
pub(super) fn guesses(document: &Value) -> Vec<String> {
    let halves =
        |text: &'_ str| [Some(text.to_owned()), text.split_once('=').map(|(_, path)| path.to_owned())];
    let candidates = strings(document).into_iter().flat_map(halves).flatten();
    candidates.filter(|text| could_be_path(text)).collect()
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
