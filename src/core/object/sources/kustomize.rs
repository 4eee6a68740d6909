//! What a kustomization makes of the manifests that it names: what each will be called, as far as that is certain.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::super::parse::{Told, plain_manifests};
use super::{Files, Look, Named, Namespace, Sources, key};

/// What a kustomization may be called.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// Kustomizations within one another; kustomize refuses circles.
const DEEPEST: usize = 64;
/// How many kustomizations are looked at in all.
const MOST: usize = 10_000;
/// Kinds whose names get no prefix and no suffix.
const UNTOUCHED: [&str; 3] = ["CustomResourceDefinition", "APIService", "Namespace"];

/// Where the objects come from that the kustomization in a folder renders to. Where anything might rename an object in
/// a way that is not followed here, nothing is known of any.
pub fn kustomize(root: &str, files: &dyn Files) -> Sources {
    let mut made = Vec::new();
    if (Walk { files, left: MOST }).folder(root, 0, &mut made).is_none() {
        return Sources::default();
    }
    let mut named: BTreeMap<String, Vec<Named>> = BTreeMap::new();
    for Made { api_version, kind, name, named: found } in made {
        named.entry(key(&api_version, &kind, &name)).or_default().push(found);
    }
    Sources { stretches: Vec::new(), named }
}

/// The fields that say which objects there are and what they are called.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Kustomization {
    resources: Option<Vec<String>>,
    bases: Option<Vec<String>>,
    components: Option<Vec<String>>,
    name_prefix: Option<String>,
    name_suffix: Option<String>,
    namespace: Option<String>,
    config_map_generator: Option<Vec<Spanned<Generator>>>,
    secret_generator: Option<Vec<Spanned<Generator>>>,
    patches: Option<Vec<Patch>>,
    patches_json6902: Option<Vec<Patch>>,
    replacements: Option<Vec<Value>>,
    generators: Option<Value>,
    transformers: Option<Value>,
    configurations: Option<Value>,
    helm_charts: Option<Value>,
    helm_chart_inflation_generator: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Generator {
    name: Option<String>,
    namespace: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Patch {
    path: Option<String>,
    patch: Option<String>,
    options: Option<Value>,
}

/// A manifest on its way to the name that it gets.
struct Made {
    api_version: String,
    kind: String,
    name: String,
    named: Named,
}

struct Walk<'a> {
    files: &'a dyn Files,
    /// How many kustomizations may still be looked at, each as often as it is included.
    left: usize,
}

impl<'a> Walk<'a> {
    /// Adds what the kustomization in a folder makes, and renames all that is there by then. `None` where it cannot be
    /// followed.
    fn folder(&mut self, folder: &str, depth: usize, made: &mut Vec<Made>) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        if depth > DEEPEST {
            return None;
        }
        let files: &'a dyn Files = self.files;
        let found = NAMES.iter().find_map(|name| match files.look(folder, name) {
            Look::File { path, text } => Some((path, text)),
            Look::Folder(_) | Look::Nothing => None,
        });
        let (file, text) = found?;
        let said: Kustomization = serde_saphyr::from_str(text).ok()?;
        if !self.is_followed(folder, &said) {
            return None;
        }
        let Kustomization { resources, bases, components, .. } = &said;
        for named in resources.iter().chain(bases).flatten() {
            match files.look(folder, named) {
                Look::File { path, text } => made.extend(manifests(path, text)),
                Look::Folder(inner) => {
                    let mut own = Vec::new();
                    self.folder(&inner, depth + 1, &mut own)?;
                    made.append(&mut own);
                }
                Look::Nothing => return None,
            }
        }
        // A component works on all that its user has.
        for named in components.iter().flatten() {
            let Look::Folder(inner) = files.look(folder, named) else { return None };
            self.folder(&inner, depth + 1, made)?;
        }
        for (kind, generators) in
            [("ConfigMap", &said.config_map_generator), ("Secret", &said.secret_generator)]
        {
            made.extend(generators.iter().flatten().filter_map(|generator| generated(kind, file, generator)));
        }
        made.iter_mut().for_each(|made| made.rename(&said));
        Some(())
    }

    /// Whether nothing in it could rename an object but what is followed here.
    fn is_followed(&self, folder: &str, said: &Kustomization) -> bool {
        let Kustomization {
            patches,
            patches_json6902,
            replacements,
            generators,
            transformers,
            configurations,
            helm_charts,
            helm_chart_inflation_generator,
            ..
        } = said;
        let others = [generators, transformers, configurations, helm_charts, helm_chart_inflation_generator];
        others.into_iter().flatten().all(is_empty)
            && replacements.iter().flatten().all(keeps_names)
            && patches.iter().chain(patches_json6902).flatten().all(|patch| self.leaves_names(folder, patch))
    }

    fn leaves_names(&self, folder: &str, patch: &Patch) -> bool {
        let text = match (&patch.patch, &patch.path) {
            (Some(text), _) => text.as_str(),
            (None, Some(path)) => match self.files.look(folder, path) {
                Look::File { path: _, text } => text,
                Look::Folder(_) | Look::Nothing => return false,
            },
            (None, None) => return true,
        };
        let documents: Result<Vec<Value>, _> = serde_saphyr::from_multiple(text);
        patch.options.as_ref().is_none_or(is_empty)
            && documents.is_ok_and(|documents| documents.iter().all(|document| !renames(document)))
    }
}

/// Whether a list of operations could reach what an object is called by. A manifest as a patch cannot.
fn renames(patch: &Value) -> bool {
    let operations = patch.as_array().map(Vec::as_slice).unwrap_or_default();
    operations.iter().any(|operation| {
        let path = operation.get("path").and_then(Value::as_str).unwrap_or_default();
        path.starts_with("/metadata/name") || ["", "/", "/metadata", "/kind", "/apiVersion"].contains(&path)
    })
}

/// Whether a replacement is written in place and leaves names alone.
fn keeps_names(replacement: &Value) -> bool {
    let Some(targets) = replacement.get("targets").and_then(Value::as_array) else { return false };
    let paths = targets.iter().filter_map(|target| target.get("fieldPaths")?.as_array()).flatten();
    let mut paths = paths.map(|path| path.as_str().unwrap_or("metadata"));
    // Without paths it is the name that is replaced.
    let said = |target: &Value| target.get("fieldPaths").is_some_and(|paths| !is_empty(paths));
    targets.iter().all(said)
        && !paths.any(|path| path == "metadata" || path.starts_with("metadata.name") || !path.contains('.'))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The manifests of a file; none where it is not read as kubectl would.
fn manifests(path: &str, text: &str) -> Vec<Made> {
    let read = plain_manifests(text).unwrap_or_default();
    let made = read.into_iter().filter_map(|(line, body)| {
        let Told { api_version, kind, name, generate_name: _, namespace } = Told::by(&body);
        Some(Made {
            api_version: api_version?.to_owned(),
            kind: kind?.to_owned(),
            name: name?.to_owned(),
            named: Named {
                namespace: Namespace::Written(namespace.map(str::to_owned)),
                generated: false,
                file: path.to_owned(),
                line: (line > 0).then_some(line),
            },
        })
    });
    made.collect()
}

/// What an entry of a generator makes: it stands where the entry does.
fn generated(kind: &str, file: &str, generator: &Spanned<Generator>) -> Option<Made> {
    let Generator { name, namespace } = &generator.value;
    let line = u32::try_from(generator.referenced.line()).ok().filter(|line| *line > 0);
    Some(Made {
        api_version: "v1".to_owned(),
        kind: kind.to_owned(),
        name: name.clone()?,
        named: Named {
            namespace: Namespace::Written(namespace.clone()),
            generated: true,
            file: file.to_owned(),
            line,
        },
    })
}

impl Made {
    fn rename(&mut self, said: &Kustomization) {
        let Kustomization { name_prefix, name_suffix, namespace, .. } = said;
        let namespace = namespace.as_deref().filter(|namespace| !namespace.is_empty());
        if let Some(namespace) = namespace {
            self.named.namespace = Namespace::Set(namespace.to_owned());
            if self.kind == "Namespace" {
                self.name = namespace.to_owned();
            }
        }
        if !UNTOUCHED.contains(&self.kind.as_str()) {
            let [prefix, suffix] = [name_prefix, name_suffix].map(|part| part.as_deref().unwrap_or_default());
            self.name = format!("{prefix}{}{suffix}", self.name);
        }
    }
}
