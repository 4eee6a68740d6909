//! JSON Schemas as files. One that says which kind it is of judges that kind; any other judges every object.

use serde_json::Value;

use super::compile::Compiler;
use super::shape::{Dialect, Schema};
use crate::object::ObjectRef;

/// A JSON Schema from a file.
#[derive(Debug, Clone)]
pub(crate) struct Plain {
    pub(crate) schema: Schema,
    api_versions: Vec<String>,
    kinds: Vec<String>,
}

/// Whether a document that is no object is a JSON Schema.
fn is_schema(document: &Value) -> bool {
    let says = [
        "$schema",
        "properties",
        "$ref",
        "allOf",
        "anyOf",
        "oneOf",
        "required",
        "definitions",
        "$defs",
        "additionalProperties",
    ];
    document.get("apiVersion").is_none() && says.iter().any(|key| document.get(key).is_some())
}

impl Plain {
    /// The schema that a document is, if it is one. `path` may say of which kind it is, as catalogues of schemas do:
    /// `GROUP/kind_version.json`.
    pub(crate) fn read(path: &str, document: &Value) -> Option<Result<Self, String>> {
        if !is_schema(document) {
            return None;
        }
        let lookup = |reference: &str| {
            let pointer = reference.strip_prefix('#')?;
            document.pointer(pointer)
        };
        let schema = match Compiler::new(Dialect::Plain, &lookup).compile(document) {
            Ok(schema) => schema,
            Err(why) => return Some(Err(why)),
        };
        let (mut api_versions, mut kinds) = (words(document, "apiVersion"), words(document, "kind"));
        if let Some((group, kind, version)) = named(path).filter(|_| kinds.is_empty()) {
            kinds.push(kind.to_owned());
            api_versions.push(format!("{group}/{version}"));
        }
        Some(Ok(Self { schema, api_versions, kinds }))
    }

    /// Whether it says for which kind it is.
    pub(crate) fn is_of_a_kind(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// Whether it judges an object.
    pub(crate) fn concerns(&self, object: &ObjectRef) -> bool {
        let api_version = match object.group.as_str() {
            "" => object.version.clone(),
            group => format!("{group}/{}", object.version),
        };
        let among = |words: &[String], word: &str| {
            words.is_empty() || words.iter().any(|known| known.eq_ignore_ascii_case(word))
        };
        among(&self.kinds, &object.kind) && among(&self.api_versions, &api_version)
    }
}

/// The only values that a schema allows for a field of the root.
fn words(document: &Value, field: &str) -> Vec<String> {
    let Some(property) = document.pointer(&format!("/properties/{field}")) else { return Vec::new() };
    match (property.get("const"), property.get("enum").and_then(Value::as_array)) {
        (Some(only), _) => only.as_str().map(str::to_owned).into_iter().collect(),
        (None, Some(words)) => words.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        (None, None) => Vec::new(),
    }
}

/// `example.org/widget_v1.json`
fn named(path: &str) -> Option<(&str, &str, &str)> {
    let mut parts = path.rsplit('/');
    let (kind, version) = parts.next()?.strip_suffix(".json")?.rsplit_once('_')?;
    let group = parts.next().filter(|group| group.contains('.'))?;
    let is_version = version.starts_with('v') && version.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
    is_version.then_some((group, kind, version))
}
