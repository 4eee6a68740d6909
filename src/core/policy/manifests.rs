//! Manifests in files that a check names. They are read as they are: what a policy is written in is shown to nobody.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::library::Library;
use crate::object::plain_manifests;

/// A manifest and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Manifest {
    pub(super) path: String,
    pub(super) line: u32,
    pub(super) group: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) body: Value,
}

impl Manifest {
    /// `policies/a.yaml:3: Kind name`
    pub(super) fn place(&self) -> String {
        format!("{}:{}: {} `{}`", self.path, self.line, self.kind, self.name)
    }

    /// A field as a type of ours; what the type does not know is refused by name.
    ///
    /// # Errors
    ///
    /// A sentence with the place.
    pub(super) fn field<T: DeserializeOwned>(&self, field: &str) -> Result<T, String> {
        let value = self.body.get(field).cloned().unwrap_or_else(|| Value::Object(Map::new()));
        serde_json::from_value(value).map_err(|error| format!("{}: `{field}`: {error}", self.place()))
    }
}

/// Every manifest of the YAML and JSON files that patterns name.
///
/// # Errors
///
/// Where there is no such file, or one of them is no list of manifests.
pub(super) fn read(patterns: &[String], library: &Library) -> Result<Vec<Manifest>, String> {
    let is_data = |path: &str| [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end));
    let mut files = library.select(patterns).filter(|(path, _)| is_data(path)).peekable();
    if files.peek().is_none() {
        return Err(format!("there is no YAML or JSON file at {}", crate::report::listed(patterns, 5)));
    }
    let mut manifests = Vec::new();
    for (path, text) in files {
        let read = plain_manifests(text).map_err(|error| match error.line {
            Some(line) => format!("{path}:{line}: {}", error.message),
            None => format!("{path}: {}", error.message),
        })?;
        manifests.extend(read.into_iter().map(|(line, body)| manifest(path, line, body)));
    }
    Ok(manifests)
}

fn manifest(path: &str, line: u32, body: Value) -> Manifest {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let metadata = body.get("metadata");
    let of_metadata = |field: &str| text(metadata.and_then(|metadata| metadata.get(field)));
    let version = text(body.get("apiVersion"));
    Manifest {
        path: path.to_owned(),
        line,
        group: version.split_once('/').map_or("", |(group, _)| group).to_owned(),
        kind: text(body.get("kind")),
        namespace: of_metadata("namespace"),
        name: of_metadata("name"),
        body,
    }
}
