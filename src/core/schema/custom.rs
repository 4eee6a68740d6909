//! Kinds that a CustomResourceDefinition declares.

use std::collections::BTreeMap;

use serde_json::Value;

use super::compile::Compiler;
use super::shape::{Dialect, Schema};
use super::shipped::Catalogue;
use super::walk::{Kind, Weight, judge};
use crate::object::{ObjectRef, is_sealed};

/// A kind with all its versions.
#[derive(Debug, Clone)]
pub(crate) struct CustomKind {
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) versions: BTreeMap<String, Served>,
}

/// What a version of a kind is like.
#[derive(Debug, Clone)]
pub(crate) enum Served {
    /// By this schema.
    By(Box<Schema>),
    /// Nothing is said of it.
    Anything,
    /// It is declared and not served.
    Not,
    /// Its schema could not be read, and why.
    Unreadable(String),
}

/// The kind that a document declares, if it is a CustomResourceDefinition.
pub(crate) fn custom_kinds(document: &Value) -> Option<CustomKind> {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    if text("/kind") != Some("CustomResourceDefinition")
        || !text("/apiVersion").is_some_and(|version| version.starts_with("apiextensions.k8s.io/"))
    {
        return None;
    }
    let spec = document.get("spec")?;
    let (group, kind) = (text("/spec/group")?.to_owned(), text("/spec/names/kind")?.to_owned());
    let listed = spec.get("versions").and_then(Value::as_array).into_iter().flatten();
    let versions =
        listed.filter_map(|version| Some((version.get("name")?.as_str()?.to_owned(), served(spec, version))));
    Some(CustomKind { group, kind, versions: versions.collect() })
}

/// Group and kind of every CustomResourceDefinition in a text, which need not hold manifests at all.
pub fn defined_in(text: &str) -> Vec<(String, String)> {
    if !text.contains("CustomResourceDefinition") {
        return Vec::new();
    }
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap_or_default();
    let items = documents.iter().flat_map(|document| {
        let items = document.get("items").and_then(Value::as_array);
        items.map_or(std::slice::from_ref(document), Vec::as_slice)
    });
    let named = |document: &Value| {
        let text = |pointer: &str| document.pointer(pointer)?.as_str().map(str::to_owned);
        let is_definition = text("/kind").is_some_and(|kind| kind == "CustomResourceDefinition");
        Some((text("/spec/group")?, text("/spec/names/kind")?)).filter(|_| is_definition)
    };
    items.filter_map(named).collect()
}

/// What the kind of a CustomResourceDefinition refuses of an object, as its API server will once it has that
/// definition; to who does not ask it to be `strict`, it drops fields that do not exist instead. Empty where nothing is
/// found, and where nothing can be told: rules in CEL are not asked.
pub fn refused_by(definition: &Value, object: &ObjectRef, manifest: &Value, strict: bool) -> Vec<String> {
    let Some(kind) = custom_kinds(definition) else { return Vec::new() };
    if (&kind.group, &kind.kind) != (&object.group, &object.kind) {
        return Vec::new();
    }
    match kind.versions.get(&object.version) {
        Some(Served::By(schema)) => {
            let flaws =
                judge(Kind::Custom(schema, Catalogue::for_version(None)), manifest).unwrap_or_default();
            let refused = flaws.into_iter().filter(|flaw| flaw.weight == Weight::Refused);
            let refused = refused.filter(|flaw| strict || flaw.rule != "unknown-field");
            refused.map(|flaw| format!("`{}` {}", flaw.path, flaw.message)).collect()
        }
        Some(Served::Not) | None => vec![format!("its version `{}` is not served", object.version)],
        Some(Served::Anything | Served::Unreadable(_)) => Vec::new(),
    }
}

/// What a version of a definition asks of objects.
pub(super) fn served(spec: &Value, version: &Value) -> Served {
    if version.get("served") == Some(&Value::Bool(false)) {
        return Served::Not;
    }
    let own = version.pointer("/schema/openAPIV3Schema");
    // Before apiextensions.k8s.io/v1 all versions could share one.
    let Some(schema) = own.or_else(|| spec.pointer("/validation/openAPIV3Schema")) else {
        return Served::Anything;
    };
    if spec.get("preserveUnknownFields") == Some(&Value::Bool(true)) {
        return Served::Unreadable(
            "it keeps unknown fields everywhere (`spec.preserveUnknownFields`), which is not supported"
                .to_owned(),
        );
    }
    if is_masked(schema) {
        return Served::Unreadable("a part of it is masked".to_owned());
    }
    let lookup = |_: &str| None;
    match Compiler::new(Dialect::Custom, &lookup).compile(schema) {
        Ok(schema) => Served::By(Box::new(schema)),
        Err(why) => Served::Unreadable(why),
    }
}

/// Whether a part of a schema that says something is masked.
fn is_masked(schema: &Value) -> bool {
    match schema {
        Value::Object(entries) => entries.iter().any(|(key, value)| match is_sealed(value) {
            true => !["description", "title", "example", "default"].contains(&key.as_str()),
            false => is_masked(value),
        }),
        Value::Array(items) => items.iter().any(|item| is_sealed(item) || is_masked(item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
