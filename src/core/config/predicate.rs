//! `when`: the conditions of a rule.

use super::error::{nearest, quoted};
use super::name;
use super::table::{Node, Reader, Table};
use super::{EffectMatch, ImageMatch, ImageMove, Predicate, conditions};
use crate::effect::{Operation, Risk};

/// How deep `when` may nest.
const DEEPEST: usize = 10;

pub(crate) const OPERATIONS: [(&str, Operation); 7] = [
    ("create", Operation::Create),
    ("update", Operation::Update),
    ("replace", Operation::Replace),
    ("delete", Operation::Delete),
    ("orphan", Operation::Orphan),
    ("fail", Operation::Fail),
    ("none", Operation::None),
];

pub(crate) const RISKS: [(&str, Risk); 14] = [
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

pub(crate) const MOVES: [(&str, ImageMove); 6] = [
    ("registry", ImageMove::Registry),
    ("repository", ImageMove::Repository),
    ("tag", ImageMove::Tag),
    ("digest", ImageMove::Digest),
    ("downgrade", ImageMove::Downgrade),
    ("unpinned", ImageMove::Unpinned),
];

/// Keys that hold other predicates, or look at effects.
const KEYS: [&str; 5] = ["all", "any", "not", "effect", "paths"];

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
    let parts = parts(reader, node, environments, depth)?;
    match <[Predicate; 1]>::try_from(parts) {
        Ok([only]) => Some(only),
        Err(parts) => Some(Predicate::All(parts)),
    }
}

/// What the keys of a table say, one by one.
pub(super) fn parts<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    environments: &[String],
    depth: usize,
) -> Option<Vec<Predicate>> {
    let table = reader.table(node, "`when`")?;
    let known: Vec<&str> = KEYS.into_iter().chain(conditions::KEYS).collect();
    reader.only(&table, &known, &conditions::NOT_HERE);
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
            key if conditions::KEYS.contains(&key) => {
                conditions::read(reader, &table, key, entry.value).map(|one| vec![one])
            }
            _ => None,
        };
        sound &= read.is_some();
        parts.extend(read.into_iter().flatten());
    }
    (sound && !parts.is_empty()).then_some(parts)
}

/// A list of predicates.
pub(super) fn branch<'t>(
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
        let wanted = read_match(reader, entry.value, environments)?;
        if entry.key == "only" && wanted.count.is_some() {
            reader.error_with(&entry.key_span, "`count` has no meaning in `effect.only`", "use `effect.any`");
            return None;
        }
        parts.push(wrap(wanted));
    }
    Some(parts)
}

/// What an effect is matched by.
const MATCH_KEYS: [&str; 11] = [
    "environment",
    "clusters",
    "kinds",
    "namespaces",
    "names",
    "labels",
    "operations",
    "risks",
    "paths",
    "image",
    "count",
];

fn read_match<'t>(reader: &mut Reader<'t>, node: &Node<'t>, environments: &[String]) -> Option<EffectMatch> {
    let before = reader.errors.len();
    let table = reader.table(node, "a rule's predicate")?;
    reader.only(&table, &MATCH_KEYS, &[]);
    let read = EffectMatch {
        environment: environment_globs(reader, &table, "environment", environments),
        kinds: reader.texts_at(&table, "kinds", name::valid_kind),
        namespaces: reader.texts_at(&table, "namespaces", name::valid_glob),
        names: reader.texts_at(&table, "names", name::valid_glob),
        operations: words(reader, &table, "operations", &OPERATIONS),
        risks: words(reader, &table, "risks", &RISKS),
        clusters: reader.texts_at(&table, "clusters", name::valid_glob),
        labels: reader.texts_at(&table, "labels", name::valid_glob),
        paths: reader.texts_at(&table, "paths", name::valid_field),
        image: table.get("image").and_then(|node| read_image(reader, node)),
        count: table.get("count").and_then(|node| conditions::comparison(reader, node)),
    };
    (reader.errors.len() == before).then_some(read)
}

fn read_image<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<ImageMatch> {
    let table = reader.table(node, "`image`")?;
    reader.only(&table, &["registries", "repositories", "moves"], &[]);
    Some(ImageMatch {
        registries: reader.texts_at(&table, "registries", name::valid_glob),
        repositories: reader.texts_at(&table, "repositories", name::valid_glob),
        moves: words(reader, &table, "moves", &MOVES),
    })
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
