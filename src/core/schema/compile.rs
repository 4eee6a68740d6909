//! From the text of a schema to its shapes. What could not be understood is refused here, once, and not passed over.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::bounds::Bounds;
use super::rules::Rule;
use super::shape::{Dialect, Id, Merging, Others, Schema, Shape, Type};
use super::{format, pattern};

/// The most shapes of one schema.
const MOST: usize = 100_000;
/// How deep schemas may stand in each other.
const DEEPEST: usize = 100;

/// Words of JSON Schema that would change what an object must be, and are not evaluated.
const BEYOND: [&str; 8] = [
    "$dynamicRef",
    "$recursiveRef",
    "unevaluatedProperties",
    "unevaluatedItems",
    "dependentSchemas",
    "dependencies",
    "minContains",
    "maxContains",
];

/// Finds what a `$ref` names.
pub(super) type Lookup<'v> = dyn Fn(&str) -> Option<&'v Value> + 'v;

pub(super) struct Compiler<'v> {
    dialect: Dialect,
    lookup: &'v Lookup<'v>,
    shapes: Vec<Shape>,
    named: BTreeMap<String, Id>,
    unevaluated: BTreeSet<String>,
}

/// Where a schema stands in another.
#[derive(Debug, Clone, Copy)]
struct Within {
    depth: usize,
    /// Below `allOf`, `anyOf`, `oneOf`, `not`: there nothing is said of fields that are not named.
    junction: bool,
}

impl<'v> Compiler<'v> {
    pub(super) fn new(dialect: Dialect, lookup: &'v Lookup<'v>) -> Self {
        let (shapes, named, unevaluated) = Default::default();
        Self { dialect, lookup, shapes, named, unevaluated }
    }

    /// Compiles a schema with all that it refers to.
    pub(super) fn compile(mut self, schema: &'v Value) -> Result<Schema, String> {
        let root = self.shape(schema, Within { depth: 0, junction: false })?;
        Ok(self.finish(root))
    }

    pub(super) fn finish(self, root: Id) -> Schema {
        Schema { shapes: self.shapes, root, unevaluated: self.unevaluated }
    }

    /// What a `$ref` names, compiled once.
    pub(super) fn named(&mut self, name: &str, depth: usize) -> Result<Id, String> {
        if let Some(id) = self.named.get(name) {
            return Ok(*id);
        }
        let target = (self.lookup)(name).ok_or_else(|| {
            let name = crate::config::quoted(name);
            format!("it refers to {name}, which is not in the file; nothing is fetched: write it out there")
        })?;
        let id = self.place()?;
        self.named.insert(name.to_owned(), id);
        let shape = self.read(target, Within { depth: depth + 1, junction: false })?;
        self.fill(id, shape);
        Ok(id)
    }

    fn place(&mut self) -> Result<Id, String> {
        if self.shapes.len() >= MOST {
            return Err(format!("it has more than {MOST} parts"));
        }
        self.shapes.push(Shape::default());
        Ok(Id(self.shapes.len() - 1))
    }

    fn fill(&mut self, id: Id, shape: Shape) {
        if let Some(slot) = self.shapes.get_mut(id.0) {
            *slot = shape;
        }
    }

    fn shape(&mut self, schema: &'v Value, within: Within) -> Result<Id, String> {
        let id = self.place()?;
        let shape = self.read(schema, within)?;
        self.fill(id, shape);
        Ok(id)
    }

    fn read(&mut self, schema: &'v Value, within: Within) -> Result<Shape, String> {
        if within.depth > DEEPEST {
            return Err(format!("it nests deeper than {DEEPEST}"));
        }
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(true) => return Ok(Shape { others: Others::Free, ..Shape::default() }),
            Value::Bool(false) => {
                let id = self.place()?;
                self.fill(id, Shape { others: Others::Free, ..Shape::default() });
                return Ok(Shape { not: Some(id), ..Shape::default() });
            }
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err("a part of it is not a mapping".to_owned());
            }
        };
        self.refuse(schema)?;
        let within = Within { depth: within.depth + 1, ..within };
        let mut shape = Shape {
            types: types(schema)?,
            nullable: flag(schema, "nullable"),
            int_or_string: flag(schema, "x-kubernetes-int-or-string"),
            embedded: flag(schema, "x-kubernetes-embedded-resource"),
            default: schema.get("default").cloned(),
            required: texts(schema.get("required")),
            merging: merging(schema),
            bounds: Bounds::of(schema),
            format: schema.get("format").and_then(Value::as_str).map(str::to_owned),
            one_of_values: values(schema),
            ..Shape::default()
        };
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let id = self.named(name, within.depth)?;
            // Beside it later drafts say more; what earlier ones ignore there is rare, and only stricter.
            if self.dialect == Dialect::Plain {
                shape.all_of.push(id);
            } else {
                shape.reference = Some(id);
            }
        }
        if self.dialect == Dialect::Custom && !within.junction {
            shape.rules = rules(schema)?;
        }
        self.note(schema, &shape);
        if let Some(text) = schema.get("pattern").and_then(Value::as_str) {
            shape.pattern = Some(pattern::compile(text)?);
        }
        self.mapping(schema, &mut shape, within)?;
        self.list(schema, &mut shape, within)?;
        self.junctions(schema, &mut shape, within)?;
        Ok(shape)
    }

    fn refuse(&self, schema: &Map<String, Value>) -> Result<(), String> {
        let beyond = BEYOND.iter().find(|word| self.dialect == Dialect::Plain && schema.contains_key(**word));
        match beyond {
            Some(word) => Err(format!("it uses `{word}`, which is not supported: say it in other words")),
            None => Ok(()),
        }
    }

    /// Notes what is asked for and not evaluated.
    fn note(&mut self, schema: &Map<String, Value>, shape: &Shape) {
        if schema.contains_key("x-kubernetes-validations") && shape.rules.is_empty() {
            self.unevaluated.insert("rules in CEL (`x-kubernetes-validations`)".to_owned());
        }
        if let Some(format) = shape.format.as_deref().filter(|format| format::is_beyond(format)) {
            self.unevaluated.insert(format!("the format `{format}`"));
        }
    }

    fn mapping(
        &mut self,
        schema: &'v Map<String, Value>,
        shape: &mut Shape,
        within: Within,
    ) -> Result<(), String> {
        for (key, property) in entries(schema, "properties") {
            let id = self.shape(property, within)?;
            shape.properties.insert(key.clone(), id);
        }
        for (text, property) in entries(schema, "patternProperties") {
            shape.patterns.push((pattern::compile(text)?, self.shape(property, within)?));
        }
        for (key, needed) in entries(schema, "dependentRequired") {
            shape.dependent.push((key.clone(), texts(Some(needed))));
        }
        if let Some(names) = schema.get("propertyNames") {
            shape.names = Some(self.shape(names, within)?);
        }
        let preserved = flag(schema, "x-kubernetes-preserve-unknown-fields");
        shape.others = match (schema.get("additionalProperties"), self.dialect) {
            _ if preserved && !shape.properties.is_empty() => Others::Free,
            (Some(Value::Bool(true)), Dialect::Custom) => Others::Like(self.shape(&ANYTHING_FLAT, within)?),
            (Some(Value::Bool(true)), Dialect::Shipped | Dialect::Plain) => Others::Free,
            (Some(Value::Bool(false)), Dialect::Shipped | Dialect::Custom | Dialect::Plain) => {
                Others::Refused
            }
            (Some(like), Dialect::Shipped | Dialect::Custom | Dialect::Plain) => {
                Others::Like(self.shape(like, within)?)
            }
            (None, Dialect::Plain) => Others::Free,
            (None, Dialect::Custom | Dialect::Shipped) if preserved || within.junction => Others::Free,
            (None, Dialect::Custom | Dialect::Shipped) => Others::Refused,
        };
        Ok(())
    }

    fn list(
        &mut self,
        schema: &'v Map<String, Value>,
        shape: &mut Shape,
        within: Within,
    ) -> Result<(), String> {
        let first =
            schema.get("prefixItems").or_else(|| schema.get("items").filter(|items| items.is_array()));
        for item in first.and_then(Value::as_array).into_iter().flatten() {
            shape.first_items.push(self.shape(item, within)?);
        }
        let rest = match schema.get("items") {
            Some(Value::Array(_)) => schema.get("additionalItems"),
            items => items,
        };
        if let Some(items) = rest {
            shape.items = Some(self.shape(items, within)?);
        }
        if let Some(contains) = schema.get("contains") {
            shape.contains = Some(self.shape(contains, within)?);
        }
        Ok(())
    }

    fn junctions(
        &mut self,
        schema: &'v Map<String, Value>,
        shape: &mut Shape,
        within: Within,
    ) -> Result<(), String> {
        let within = Within { junction: true, ..within };
        let mut all = |key: &str| -> Result<Vec<Id>, String> {
            let branches = schema.get(key).and_then(Value::as_array).into_iter().flatten();
            branches.map(|branch| self.shape(branch, within)).collect()
        };
        shape.all_of.extend(all("allOf")?);
        shape.any_of = all("anyOf")?;
        shape.one_of = all("oneOf")?;
        let mut one = |key: &str| schema.get(key).map(|branch| self.shape(branch, within)).transpose();
        shape.not = match shape.not {
            Some(never) => Some(never),
            None => one("not")?,
        };
        if let Some(condition) = one("if")? {
            shape.condition = Some([Some(condition), one("then")?, one("else")?]);
        }
        Ok(())
    }
}

/// `additionalProperties: true` of a CustomResourceDefinition: any value, but no fields within.
static ANYTHING_FLAT: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| Value::Object(Map::new()));

fn flag(schema: &Map<String, Value>, key: &str) -> bool {
    schema.get(key).and_then(Value::as_bool).unwrap_or_default()
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let texts = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

fn entries<'v>(schema: &'v Map<String, Value>, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    schema.get(key).and_then(Value::as_object).into_iter().flatten()
}

fn types(schema: &Map<String, Value>) -> Result<Vec<Type>, String> {
    let named = |word: &str| {
        let word_quoted = || format!("it has a type {}, which does not exist", crate::config::quoted(word));
        Type::named(word).ok_or_else(word_quoted)
    };
    match schema.get("type") {
        Some(Value::String(word)) => Ok(vec![named(word)?]),
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).map(named).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Ok(Vec::new()),
    }
}

fn values(schema: &Map<String, Value>) -> Option<Vec<Value>> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(only), _) => Some(vec![only.clone()]),
        (None, Some(Value::Array(values))) => Some(values.clone()),
        (None, Some(_) | None) => None,
    }
}

fn rules(schema: &Map<String, Value>) -> Result<Vec<Rule>, String> {
    let Some(rules) = schema.get("x-kubernetes-validations") else { return Ok(Vec::new()) };
    serde_json::from_value(rules.clone()).map_err(|error| format!("`x-kubernetes-validations`: {error}"))
}

fn merging(schema: &Map<String, Value>) -> Merging {
    match schema.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => Merging::Set,
        Some("map") => Merging::Keyed(texts(schema.get("x-kubernetes-list-map-keys"))),
        Some(_) | None => Merging::Whole,
    }
}
