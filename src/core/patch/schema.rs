//! How the fields of a kind are merged, as the server's own OpenAPI document says.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

const STRATEGIC: &str = "application/strategic-merge-patch+json";
const REFERENCE: &str = "#/components/schemas/";
/// Schemas that only refer to another one, in a row.
const HOPS: usize = 8;

/// The OpenAPI v3 document of one group and version.
#[derive(Debug, Default, PartialEq)]
pub struct PatchDocument {
    schemas: Map<String, Value>,
    /// By kind, the name of its schema: kinds that take strategic merge patches, no others.
    strategic: BTreeMap<String, String>,
}

/// How the fields of one kind are merged.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchSchema {
    pub(super) document: Arc<PatchDocument>,
    root: String,
}

impl PatchDocument {
    /// Reads a document; `None` where it is not one.
    pub fn read(mut document: Value) -> Option<Self> {
        let schemas = document.pointer_mut("/components/schemas").map(Value::take);
        let schemas = match schemas {
            Some(Value::Object(schemas)) => schemas,
            None => Map::new(),
            Some(_) => return None,
        };
        let paths = document.get("paths")?.as_object()?;
        let patches = paths.values().filter_map(|path| path.get("patch"));
        let takes = |patch: &&Value| {
            patch.pointer("/requestBody/content").is_some_and(|content| content.get(STRATEGIC).is_some())
        };
        let kinds = patches.filter(takes).filter_map(|patch| Kind::of(patch.get(Kind::KEY)?));
        let kinds: Vec<Kind<'_>> = kinds.collect();
        let mut strategic = BTreeMap::new();
        for (name, schema) in &schemas {
            let own = schema.get(Kind::KEY).and_then(Value::as_array);
            for kind in own.into_iter().flatten().filter_map(Kind::of).filter(|kind| kinds.contains(kind)) {
                strategic.insert(kind.kind.to_owned(), name.clone());
            }
        }
        Some(Self { schemas, strategic })
    }

    /// How a kind is merged; `None` where it takes no strategic merge patch, as custom kinds do not.
    pub fn kind(self: &Arc<Self>, kind: &str) -> Option<PatchSchema> {
        let root = self.strategic.get(kind)?.clone();
        Some(PatchSchema { document: Arc::clone(self), root })
    }
}

#[derive(PartialEq)]
struct Kind<'a> {
    group: &'a str,
    version: &'a str,
    kind: &'a str,
}

impl<'a> Kind<'a> {
    const KEY: &'static str = "x-kubernetes-group-version-kind";

    fn of(value: &'a Value) -> Option<Self> {
        let text = |key| value.get(key).and_then(Value::as_str);
        Some(Self { group: text("group")?, version: text("version")?, kind: text("kind")? })
    }
}

impl PatchSchema {
    pub(super) fn root(&self) -> Node<'_> {
        let schemas = &self.document.schemas;
        Node { schemas, schema: schemas.get(&self.root) }
    }
}

/// A place in the schema; nothing is known of it where the schema does not know the field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    schemas: &'a Map<String, Value>,
    schema: Option<&'a Value>,
}

/// How one field is merged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// What the field holds; for a list, what its items are.
    pub(super) node: Node<'a>,
    /// Lists: items are merged. Maps are, unless they are replaced.
    pub(super) merges: bool,
    pub(super) replaces: bool,
    /// Fields that are not named are cleared: of several, one may be set.
    pub(super) retains: bool,
    /// Tells the items of a list apart; plain values have none.
    pub(super) key: Option<&'a str>,
}

impl<'a> Node<'a> {
    pub(super) fn field(self, name: &str) -> Field<'a> {
        let own = self.resolved();
        let property = own.and_then(|own| own.get("properties")).and_then(|fields| fields.get(name));
        let property = property.or_else(|| own.and_then(|own| own.get("additionalProperties")));
        let text = |key| property.and_then(|property| property.get(key)).and_then(Value::as_str);
        let has = |what| {
            text("x-kubernetes-patch-strategy").is_some_and(|all| all.split(',').any(|one| one == what))
        };
        let items = property.and_then(|property| property.get("items"));
        Field {
            node: Self { schema: items.or(property), ..self },
            merges: has("merge"),
            replaces: has("replace"),
            retains: has("retainKeys"),
            key: text("x-kubernetes-patch-merge-key"),
        }
    }

    fn resolved(self) -> Option<&'a Value> {
        let mut schema = self.schema?;
        for _ in 0..HOPS {
            let reference = |schema: &'a Value| schema.get("$ref").and_then(Value::as_str);
            let Some(name) = reference(schema)
                .or_else(|| schema.get("allOf")?.as_array()?.iter().find_map(reference))
                .and_then(|reference| reference.strip_prefix(REFERENCE))
            else {
                return Some(schema);
            };
            schema = self.schemas.get(name)?;
        }
        None
    }
}
