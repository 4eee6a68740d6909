//! `when`: the conditions of a rule.

use super::error::{nearest, quoted};
use super::name;
use super::table::{Later, Node, Reader, Table};
use super::{EffectMatch, Predicate};
use crate::effect::{Operation, Risk};

/// How deep `when` may nest.
const DEEPEST: usize = 10;

pub(super) const OPERATIONS: [(&str, Operation); 7] = [
    ("create", Operation::Create),
    ("update", Operation::Update),
    ("replace", Operation::Replace),
    ("delete", Operation::Delete),
    ("orphan", Operation::Orphan),
    ("fail", Operation::Fail),
    ("none", Operation::None),
];

pub(super) const RISKS: [(&str, Risk); 14] = [
    ("replace", Risk::Replace),
    ("data-loss", Risk::DataLoss),
    ("privilege", Risk::Privilege),
    ("exposure", Risk::Exposure),
    ("scale-to-zero", Risk::ScaleToZero),
    ("image", Risk::Image),
    ("chart", Risk::Chart),
    ("prune", Risk::Prune),
    ("orphan", Risk::Orphan),
    ("suspended", Risk::Suspended),
    ("two-owners", Risk::TwoOwners),
    ("crd", Risk::Crd),
    ("namespace", Risk::Namespace),
    ("secret", Risk::Secret),
];

const KEYS: [&str; 6] = ["all", "any", "not", "effect", "paths", "targets_branch"];

const TO_COME: [Later; 4] = [
    Later { key: "has_author_in", instead: "say what is changed, with `effect` or `paths`" },
    Later { key: "has_labels", instead: "say what is changed, with `effect` or `paths`" },
    Later { key: "changed_files", instead: "use `paths.any`" },
    Later { key: "from_branch", instead: "say what is changed, with `effect` or `paths`" },
];

/// A predicate; several keys of one table must all hold.
pub(super) fn read<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    environments: &[String],
) -> Option<Predicate> {
    read_at(reader, node, environments, 0)
}

fn read_at<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    environments: &[String],
    depth: usize,
) -> Option<Predicate> {
    if depth > DEEPEST {
        reader.error(&node.span(), format!("`when` nests deeper than {DEEPEST}"));
        return None;
    }
    let table = reader.table(node, "`when`")?;
    reader.only(&table, &KEYS, &TO_COME);
    let mut parts = Vec::new();
    let mut sound = true;
    for entry in &table.entries {
        let read = match entry.key {
            "all" => branch(reader, entry.value, environments, depth).map(|all| vec![Predicate::All(all)]),
            "any" => branch(reader, entry.value, environments, depth).map(|any| vec![Predicate::Any(any)]),
            "not" => read_at(reader, entry.value, environments, depth + 1)
                .map(|inner| vec![Predicate::Not(Box::new(inner))]),
            "effect" => read_effect(reader, entry.value, environments),
            "paths" => read_paths(reader, entry.value).map(|paths| vec![paths]),
            "targets_branch" => {
                let globs = reader.texts_at(&table, "targets_branch", name::valid_glob);
                match globs.len() {
                    0 => None,
                    1 => Some(globs.into_iter().map(Predicate::TargetsBranch).collect()),
                    _ => {
                        Some(vec![Predicate::Any(globs.into_iter().map(Predicate::TargetsBranch).collect())])
                    }
                }
            }
            _ => None,
        };
        sound &= read.is_some();
        parts.extend(read.into_iter().flatten());
    }
    match (sound, parts.pop()) {
        (true, Some(only)) if parts.is_empty() => Some(only),
        (true, Some(last)) => {
            parts.push(last);
            Some(Predicate::All(parts))
        }
        (true, None) | (false, _) => None,
    }
}

fn branch<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    environments: &[String],
    depth: usize,
) -> Option<Vec<Predicate>> {
    let Some(list) = node.get_ref().as_array() else {
        reader.wrong_type(node, "a list of predicates");
        return None;
    };
    if list.is_empty() {
        reader.error_with(&node.span(), "this list is empty", "name at least one predicate");
        return None;
    }
    let children: Vec<Option<Predicate>> =
        list.iter().map(|item| read_at(reader, item, environments, depth + 1)).collect();
    children.into_iter().collect()
}

fn read_paths<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Predicate> {
    let table = reader.table(node, "`paths`")?;
    reader.only(&table, &["any"], &[]);
    let globs = reader.texts_at(&table, "any", name::valid_path);
    (!globs.is_empty()).then_some(Predicate::PathsAny(globs))
}

fn read_effect<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    environments: &[String],
) -> Option<Vec<Predicate>> {
    let table = reader.table(node, "`effect`")?;
    reader.only(&table, &["any", "only", "none"], &[]);
    let mut parts = Vec::new();
    for entry in &table.entries {
        let wrap: fn(EffectMatch) -> Predicate = match entry.key {
            "any" => Predicate::EffectAny,
            "only" => Predicate::EffectOnly,
            "none" => Predicate::EffectNone,
            _ => return None,
        };
        parts.push(wrap(read_match(reader, entry.value, environments)?));
    }
    Some(parts)
}

fn read_match<'t>(reader: &mut Reader<'t>, node: &Node<'t>, environments: &[String]) -> Option<EffectMatch> {
    let before = reader.errors.len();
    let table = reader.table(node, "a rule's predicate")?;
    reader.only(&table, &["environment", "kinds", "namespaces", "names", "operations", "risks"], &[]);
    let read = EffectMatch {
        environment: environment_globs(reader, &table, "environment", environments),
        kinds: reader.texts_at(&table, "kinds", name::valid_kind),
        namespaces: reader.texts_at(&table, "namespaces", name::valid_glob),
        names: reader.texts_at(&table, "names", name::valid_glob),
        operations: words(reader, &table, "operations", &OPERATIONS),
        risks: words(reader, &table, "risks", &RISKS),
    };
    (reader.errors.len() == before).then_some(read)
}

pub(super) fn words<'t, T: Copy>(
    reader: &mut Reader<'t>,
    table: &Table<'_, 't>,
    key: &str,
    known: &[(&'static str, T)],
) -> Vec<T> {
    let texts = table.get(key).map(|node| reader.texts(node)).unwrap_or_default();
    texts.iter().filter_map(|text| reader.word(&text.span(), text.get_ref(), key, known)).collect()
}

/// Patterns for environments. A plain name that no environment has is an error: the rule or check would silently
/// never apply. Where the file declares none, they are found by convention and cannot be held against it.
pub(super) fn environment_globs<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'_, 't>,
    key: &str,
    environments: &[String],
) -> Vec<String> {
    let texts = table.get(key).map(|node| reader.texts(node)).unwrap_or_default();
    let mut sound = Vec::new();
    for text in texts {
        let matcher = match name::glob(text.get_ref()) {
            Ok(matcher) => matcher,
            Err(message) => {
                reader.error(&text.span(), message);
                continue;
            }
        };
        let found = environments.is_empty() || environments.iter().any(|name| matcher.is_match(name));
        if !found && name::is_plain(text.get_ref()) {
            let known: Vec<&str> = environments.iter().map(String::as_str).collect();
            let message = format!("there is no environment {}", quoted(text.get_ref()));
            reader.unknown(&text.span(), message, text.get_ref(), &known);
        } else if !found {
            let near = nearest(text.get_ref(), environments.iter().map(String::as_str));
            let hint = near.map_or_else(
                || "it never applies".to_owned(),
                |near| format!("it never applies; did you mean `{near}`?"),
            );
            reader.warning(&text.span(), format!("no environment is like {}", quoted(text.get_ref())), hint);
        }
        sound.push(text.into_inner());
    }
    sound
}
