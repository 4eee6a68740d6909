//! `[environment.NAME]`: where a change lands.

use std::ops::Range;

use super::error::quoted;
use super::name;
use super::table::{Later, Node, Reader, Table};
use crate::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};

/// Whom kubectl and most pipelines apply as.
const DEFAULT_FIELD_MANAGER: &str = "kubectl";

const KEYS: [&str; 10] = [
    "source",
    "cluster",
    "apply",
    "field_manager",
    "prune",
    "on_unreachable",
    "namespace",
    "destinations",
    "force_conflicts",
    "kubernetes",
];

const SOURCES_TO_COME: [Later; 3] = [
    Later { key: "argocd", instead: "name what its Applications render: `kustomize`, `helm` or `yaml`" },
    Later { key: "flux", instead: "name what its Kustomizations render: `kustomize`, `helm` or `yaml`" },
    Later { key: "plan", instead: "use `kustomize`, `helm` or `yaml`" },
];

/// What the file says about environments.
#[derive(Debug, Default)]
pub(super) struct Environments {
    /// Those that are sound, in the file's order.
    pub(super) sound: Vec<Environment>,
    /// All names, sound or not.
    pub(super) names: Vec<String>,
    /// Where each version of Kubernetes stands, with the environment's name.
    pub(super) versions: Vec<(String, Range<usize>)>,
}

pub(super) fn read<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Environments {
    let mut all = Environments::default();
    let Some(tables) = reader.table(node, "`environment`") else { return all };
    for entry in &tables.entries {
        all.names.push(entry.key.to_owned());
        if let Err(message) = name::valid_environment(entry.key) {
            reader.error(&entry.key_span, message);
        }
        let version = entry.value.get_ref().as_table().and_then(|keys| keys.get("kubernetes"));
        all.versions.extend(version.map(|node| (entry.key.to_owned(), node.span())));
        let environment = read_one(reader, entry.key, &entry.key_span, entry.value);
        all.sound.extend(environment);
    }
    all
}

fn read_one<'t>(
    reader: &mut Reader<'t>,
    name: &str,
    name_span: &Range<usize>,
    node: &Node<'t>,
) -> Option<Environment> {
    let Some(keys) = node.get_ref().as_table() else {
        reader.wrong_type(node, "a table");
        return None;
    };
    // Places of a `[header]` are its own line: the name is what people look for.
    let table = Table::new(keys, name_span.clone(), "an environment");
    reader.only(&table, &KEYS, &[]);
    let source = match table.get("source") {
        Some(node) => read_source(reader, node),
        None => {
            reader.missing(
                &table,
                "source",
                "say what it renders, like `source = { kustomize = \"production\" }`",
            );
            None
        }
    };
    let cluster = checked_text(reader, &table, "cluster", name::valid_word);
    let apply = reader.word_at(
        &table,
        "apply",
        &[
            ("server-side", ApplyMode::ServerSide),
            ("client-side", ApplyMode::ClientSide),
            ("helm", ApplyMode::Helm),
            ("replace", ApplyMode::Replace),
        ],
    );
    let field_manager = checked_text(reader, &table, "field_manager", name::valid_word);
    let prune = reader.flag_at(&table, "prune");
    let on_unreachable = reader.word_at(
        &table,
        "on_unreachable",
        &[("hold", OnUnreachable::Hold), ("render", OnUnreachable::Render)],
    );
    let default_namespace = checked_text(reader, &table, "namespace", name::valid_label);
    let destinations = reader.texts_at(&table, "destinations", name::valid_glob);
    let force_conflicts = reader.flag_at(&table, "force_conflicts");
    let kubernetes = checked_text(reader, &table, "kubernetes", name::valid_kubernetes);
    let source = source?;
    Some(Environment {
        name: name.to_owned(),
        apply: apply.unwrap_or_else(|| ApplyMode::usual(&source)),
        source,
        cluster,
        field_manager: field_manager.unwrap_or_else(|| DEFAULT_FIELD_MANAGER.to_owned()),
        prune: prune.unwrap_or(true),
        on_unreachable: on_unreachable.unwrap_or_default(),
        default_namespace,
        destinations,
        unforced: force_conflicts == Some(false),
        kubernetes,
    })
}

/// One text under a key, checked.
pub(super) fn checked_text<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'_, 't>,
    key: &str,
    valid: fn(&str) -> Result<(), String>,
) -> Option<String> {
    let node = table.get(key)?;
    let text = reader.text(node)?;
    match valid(&text) {
        Ok(()) => Some(text),
        Err(message) => {
            reader.error(&node.span(), message);
            None
        }
    }
}

fn read_source<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<EnvironmentSource> {
    let table = reader.table(node, "a source")?;
    reader.only(&table, &["yaml", "kustomize", "helm", "values", "release", "namespace"], &SOURCES_TO_COME);
    let kinds: Vec<_> =
        table.entries.iter().filter(|entry| ["yaml", "kustomize", "helm"].contains(&entry.key)).collect();
    if let Some(second) = kinds.get(1) {
        reader.error_with(
            &second.key_span,
            format!("{} is a second source; an environment has one", quoted(second.key)),
            "make it an environment of its own",
        );
    }
    let Some(kind) = kinds.first() else {
        if !table.entries.iter().any(|entry| SOURCES_TO_COME.iter().any(|later| later.key == entry.key)) {
            reader.missing(&table, "kustomize", "name one of `kustomize`, `helm` or `yaml`");
        }
        return None;
    };
    if kind.key != "helm" {
        for entry in
            table.entries.iter().filter(|entry| ["values", "release", "namespace"].contains(&entry.key))
        {
            reader.error(
                &entry.key_span,
                format!("{} belongs to a `helm` source, this is `{}`", quoted(entry.key), kind.key),
            );
        }
        let paths = reader.texts_at(&table, kind.key, name::valid_path);
        return match kind.key {
            "yaml" => Some(EnvironmentSource::Yaml(paths)),
            _ => Some(EnvironmentSource::Kustomize(paths)),
        };
    }
    let chart = checked_text(reader, &table, "helm", name::valid_plain_path)?;
    Some(EnvironmentSource::Helm {
        chart,
        values: reader.texts_at(&table, "values", name::valid_plain_path),
        release: checked_text(reader, &table, "release", name::valid_label),
        namespace: checked_text(reader, &table, "namespace", name::valid_label),
    })
}
