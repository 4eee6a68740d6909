//! `[[check]]`: what a change may contain.

use toml::Spanned;

use super::environment::Environments;
use super::name;
use super::pack;
use super::predicate::environment_globs;
use super::table::{Node, Reader, Table};
use super::{CelCheck, Check, Judge, RegoCheck, SchemaCheck, Severity, one_of};
use crate::policy::Expression;
use crate::schema;

const KEYS: [&str; 15] = [
    "name",
    "use",
    "except",
    "cel",
    "rego",
    "schema",
    "admission",
    "gatekeeper",
    "data",
    "parameters",
    "message",
    "path",
    "severity",
    "environments",
    "kinds",
];

pub(super) fn read<'t>(reader: &mut Reader<'t>, node: &Node<'t>, environments: &[String]) -> Vec<Check> {
    let mut names = Vec::new();
    let tables = reader.tables(node, "a check");
    tables.iter().filter_map(|table| read_one(reader, table, &mut names, environments)).collect()
}

fn read_one<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'_, 't>,
    names: &mut Vec<Spanned<String>>,
    environments: &[String],
) -> Option<Check> {
    reader.only(table, &KEYS, &[]);
    let name = reader.title(table, names);
    let judge = read_judge(reader, table, name.as_deref());
    let severity = reader.word_at(
        table,
        "severity",
        &[("error", Severity::Error), ("warning", Severity::Warning), ("info", Severity::Info)],
    );
    let environments = environment_globs(reader, table, "environments", environments);
    let kinds = reader.texts_at(table, "kinds", name::valid_kind);
    Some(Check { name: name?, judge: judge?, severity: severity.unwrap_or_default(), environments, kinds })
}

/// Reads one kind of check from its table; `name` is the check's.
type ReadJudge<'t> = fn(&mut Reader<'t>, &Table<'_, 't>, Option<&str>) -> Option<Judge>;

fn read_judge<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, name: Option<&str>) -> Option<Judge> {
    let judges: [(&str, ReadJudge<'t>); 6] = [
        ("use", read_use),
        ("cel", read_cel),
        ("rego", read_rego),
        ("schema", read_schema),
        ("admission", read_admission),
        ("gatekeeper", read_gatekeeper),
    ];
    let mut given = judges.iter().filter_map(|(key, read)| Some((table.entry(key)?, read)));
    let Some((first, read)) = given.next() else {
        let hint = "say what must hold, like `cel = \"object.spec.replicas >= 2\"`, or name policies: `rego = \"policies\"`";
        reader.missing(table, "cel", hint);
        return None;
    };
    if let Some((second, _)) = given.next() {
        let message = format!("a check is either `{}` or `{}`", first.key, second.key);
        reader.error_with(&second.key_span, message, "make two checks of it");
        return None;
    }
    read(reader, table, name)
}

fn read_cel<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, name: Option<&str>) -> Option<Judge> {
    only_with(reader, table, &["data"], "rego");
    only_with(reader, table, &["except"], "use");
    let parameters = table.get("parameters").and_then(|node| reader.json(node));
    let expression = read_expression(reader, table.get("cel")?);
    let message = reader.text_at(table, "message");
    let message = message.unwrap_or_else(|| format!("`{}` does not hold", name.unwrap_or_default()));
    let path = reader.text_at(table, "path");
    Some(Judge::Cel(CelCheck { expression: expression?, parameters, message, path }))
}

fn read_rego<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, _: Option<&str>) -> Option<Judge> {
    only_with(reader, table, &["message", "path"], "cel");
    only_with(reader, table, &["except"], "use");
    let files = reader.texts_at(table, "rego", name::valid_path);
    let data = reader.texts_at(table, "data", name::valid_path);
    let parameters = table.get("parameters").and_then(|node| reader.json(node));
    (!files.is_empty()).then_some(Judge::Rego(RegoCheck { files, data, parameters }))
}

/// What stands for the kinds that are shipped with the program, among paths.
const BUILTIN: &str = "builtin";

fn read_schema<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, _: Option<&str>) -> Option<Judge> {
    only_with(reader, table, &["message", "path"], "cel");
    only_with(reader, table, &["data", "parameters"], "rego");
    only_with(reader, table, &["except"], "use");
    let named = reader.texts_at(table, "schema", name::valid_path);
    let builtin = named.iter().any(|name| name == BUILTIN);
    let files: Vec<String> = named.into_iter().filter(|name| name != BUILTIN).collect();
    (builtin || !files.is_empty()).then_some(Judge::Schema(SchemaCheck { builtin, files }))
}

/// Refuses versions of Kubernetes whose kinds a check would need and this program does not have.
pub(super) fn versions(reader: &mut Reader<'_>, environments: &Environments, checks: &[Check]) {
    for (name, place) in &environments.versions {
        let version = environments.sound.iter().find(|known| known.name == *name);
        let Some(version) = version.and_then(|known| known.kubernetes.as_deref()) else { continue };
        let wanted = |check: &&Check| {
            let builtin = matches!(&check.judge, Judge::Schema(schema) if schema.builtin);
            let here = |pattern: &String| name::glob(pattern).is_ok_and(|glob| glob.is_match(name));
            builtin && (check.environments.is_empty() || check.environments.iter().any(here))
        };
        if let Some(check) = checks.iter().find(wanted)
            && !schema::is_shipped(version)
        {
            let message = format!(
                "the schemas of Kubernetes {version} are not shipped, and check `{}` needs them",
                check.name
            );
            reader.error_with(
                place,
                message,
                format!("there are {}", one_of(&schema::versions()).replace(" or ", " and ")),
            );
        }
    }
}

fn read_admission<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, _: Option<&str>) -> Option<Judge> {
    read_manifests(reader, table, "admission").map(Judge::Admission)
}

fn read_gatekeeper<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, _: Option<&str>) -> Option<Judge> {
    read_manifests(reader, table, "gatekeeper").map(Judge::Gatekeeper)
}

/// The paths of manifests that say by themselves what they need.
fn read_manifests<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, key: &str) -> Option<Vec<String>> {
    only_with(reader, table, &["message", "path"], "cel");
    only_with(reader, table, &["data", "parameters"], "rego");
    only_with(reader, table, &["except"], "use");
    let files = reader.texts_at(table, key, name::valid_path);
    (!files.is_empty()).then_some(files)
}

fn read_use<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, _: Option<&str>) -> Option<Judge> {
    only_with(reader, table, &["message", "path"], "cel");
    only_with(reader, table, &["data"], "rego");
    pack::read(reader, table)
}

/// Refuses keys that mean nothing in this kind of check.
fn only_with<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, keys: &[&str], other: &str) {
    for entry in table.entries.iter().filter(|entry| keys.contains(&entry.key)) {
        let message = format!("`{}` goes with `{other}` only", entry.key);
        reader.error_with(&entry.key_span, message, "leave it out");
    }
}

/// An expression that compiles; else an error at the very place in it, where the text in the file is the text of
/// the expression.
fn read_expression<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<String> {
    let text = reader.text(node)?;
    let Err(error) = Expression::compile(&text) else { return Some(text) };
    let span = reader.span_within(&node.span(), &text, error.offset..error.offset + error.width);
    match error.hint {
        Some(hint) => reader.error_with(&span, error.message, hint),
        None => reader.error(&span, error.message),
    }
    None
}
