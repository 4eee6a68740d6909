//! `ExpansionTemplate`s: what a cluster will make of an object (of a Deployment its Pods) is made up from it, and reviewed
//! with it, as Gatekeeper's webhook does. Nothing is mutated on the way: mutators are refused where they are read.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::action;
use crate::config::Severity;
use crate::object::ObjectRef;
use crate::policy::manifests::Manifest;

/// All templates of a check.
#[derive(Default)]
pub(super) struct Expansion(Vec<Generator>);

struct Generator {
    name: String,
    spec: Spec,
    severity: Option<Severity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    #[serde(default)]
    apply_to: Vec<ApplyTo>,
    #[serde(default)]
    template_source: String,
    #[serde(rename = "generatedGVK", default)]
    generated: Generated,
    enforcement_action: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplyTo {
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    kinds: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Generated {
    #[serde(default)]
    group: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    kind: String,
}

/// What is made of an object.
pub(super) struct Resultant {
    /// The template that says so.
    pub(super) template: String,
    /// How heavy what is wrong with it is, where the template says.
    pub(super) severity: Option<Severity>,
    pub(super) reference: ObjectRef,
    pub(super) body: Value,
}

impl Resultant {
    /// Whether it is the same thing, at base or at head.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.template, &self.reference) == (&other.template, &other.reference)
    }
}

impl Expansion {
    /// From the templates among manifests.
    ///
    /// # Errors
    ///
    /// A sentence with the place, where Gatekeeper would not take one, or would not use it.
    pub(super) fn of<'m>(manifests: impl Iterator<Item = &'m Manifest>) -> Result<Self, String> {
        let mut all = Self::default();
        for manifest in manifests {
            let wrong = |why: &str| format!("{}: {why}", manifest.place());
            let spec: Spec = manifest.field("spec")?;
            if spec.template_source.is_empty() || spec.generated.kind.is_empty() || spec.apply_to.is_empty() {
                return Err(wrong("it needs `applyTo`, `templateSource` and `generatedGVK`"));
            }
            if all.0.iter().any(|known| known.name == manifest.name) {
                return Err(wrong("there is another of this name"));
            }
            let severity = spec.enforcement_action.as_deref().filter(|word| !word.is_empty());
            let severity = severity.map(action).transpose().map_err(|why| wrong(&why))?;
            all.0.push(Generator { name: manifest.name.clone(), spec, severity });
        }
        match all.0.iter().find(|generator| all.comes_back(generator)) {
            Some(round) => Err(format!(
                "the ExpansionTemplate `{}` applies to what comes of what it generates, and Gatekeeper uses none that does",
                round.name
            )),
            None => Ok(all),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a generator applies, over others, to what it generates.
    fn comes_back(&self, first: &Generator) -> bool {
        let (mut reached, mut next) = (Vec::new(), vec![first]);
        while let Some(generator) = next.pop() {
            let Generated { group, version, kind } = &generator.spec.generated;
            for after in self.0.iter().filter(|after| after.applies(group, version, kind)) {
                if after.name == first.name {
                    return true;
                }
                if !reached.contains(&after.name.as_str()) {
                    reached.push(after.name.as_str());
                    next.push(after);
                }
            }
        }
        false
    }

    /// Everything that is made of an object, and of that.
    ///
    /// # Errors
    ///
    /// A sentence for people, where an object does not have what a template makes something of.
    pub(super) fn of_object(&self, reference: &ObjectRef, body: &Value) -> Result<Vec<Resultant>, String> {
        let mut all = Vec::new();
        self.expand(reference, body, &mut all)?;
        Ok(all)
    }

    /// Ends, since no template comes back to itself.
    fn expand(&self, reference: &ObjectRef, body: &Value, all: &mut Vec<Resultant>) -> Result<(), String> {
        let ObjectRef { group, version, kind, .. } = reference;
        for generator in self.0.iter().filter(|generator| generator.applies(group, version, kind)) {
            let resultant = generator.make(reference, body)?;
            self.expand(&resultant.reference, &resultant.body, all)?;
            all.push(resultant);
        }
        Ok(())
    }
}

impl Generator {
    fn applies(&self, group: &str, version: &str, kind: &str) -> bool {
        let has = |words: &[String], wanted: &str| words.iter().any(|word| word == wanted);
        let one = |to: &ApplyTo| has(&to.groups, group) && has(&to.versions, version) && has(&to.kinds, kind);
        self.spec.apply_to.iter().any(one)
    }

    fn make(&self, parent: &ObjectRef, body: &Value) -> Result<Resultant, String> {
        let source = &self.spec.template_source;
        let found = source.split('.').try_fold(body, |value, field| value.get(field));
        let Some(Value::Object(fields)) = found else {
            return Err(format!("`{}` makes something of `{source}`, which is not there", self.name));
        };
        let Generated { group, version, kind } = &self.spec.generated;
        let reference = ObjectRef {
            group: group.clone(),
            version: version.clone(),
            kind: kind.clone(),
            namespace: parent.namespace.clone(),
            name: format!("{}-{kind}", parent.name).to_lowercase(),
        };
        let mut fields = fields.clone();
        fields.insert("apiVersion".to_owned(), api_version(group, version).into());
        fields.insert("kind".to_owned(), kind.as_str().into());
        place(&mut fields, &reference, parent);
        Ok(Resultant {
            template: self.name.clone(),
            severity: self.severity,
            reference,
            body: Value::Object(fields),
        })
    }
}

/// Gives what is made a name, the namespace of what it is made of, and that for its owner.
fn place(fields: &mut Map<String, Value>, reference: &ObjectRef, parent: &ObjectRef) {
    let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
    if !metadata.is_object() {
        *metadata = json!({});
    }
    let Some(metadata) = metadata.as_object_mut() else { return };
    metadata.insert("name".to_owned(), reference.name.as_str().into());
    if !reference.namespace.is_empty() {
        metadata.insert("namespace".to_owned(), reference.namespace.as_str().into());
    }
    let owner = json!({ "apiVersion": api_version(&parent.group, &parent.version), "kind": parent.kind,
                        "name": parent.name, "uid": "" });
    let owners = metadata.entry("ownerReferences").or_insert_with(|| json!([]));
    if let Some(owners) = owners.as_array_mut() {
        owners.push(owner);
    }
}

fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}
