//! `[[check]]`: what a change may contain.

use toml::Spanned;

use super::name;
use super::pack;
use super::predicate::environment_globs;
use super::table::{Later, Node, Reader, Table};
use super::{CelCheck, Check, Judge, RegoCheck, Severity};
use crate::policy::Expression;

const KEYS: [&str; 11] = [
    "name",
    "use",
    "except",
    "cel",
    "rego",
    "data",
    "parameters",
    "message",
    "severity",
    "environments",
    "kinds",
];

const TO_COME: [Later; 2] = [
    Later { key: "schema", instead: "write the check as `cel` or `rego`" },
    Later { key: "gatekeeper", instead: "name its Rego as `rego`" },
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
    reader.only(table, &KEYS, &TO_COME);
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
    let judges: [(&str, ReadJudge<'t>); 3] = [("use", read_use), ("cel", read_cel), ("rego", read_rego)];
    let mut given = judges.iter().filter_map(|(key, read)| Some((table.entry(key)?, read)));
    let Some((first, read)) = given.next() else {
        if !table.entries.iter().any(|entry| TO_COME.iter().any(|later| later.key == entry.key)) {
            let hint = "say what must hold, like `cel = \"object.spec.replicas >= 2\"`, or name policies: `rego = \"policies\"`";
            reader.missing(table, "cel", hint);
        }
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
    only_with(reader, table, &["parameters"], "rego` or `use");
    only_with(reader, table, &["except"], "use");
    let expression = read_expression(reader, table.get("cel")?);
    let message = reader.text_at(table, "message");
    let message = message.unwrap_or_else(|| format!("`{}` does not hold", name.unwrap_or_default()));
    Some(Judge::Cel(CelCheck { expression: expression?, message }))
}

fn read_rego<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, _: Option<&str>) -> Option<Judge> {
    only_with(reader, table, &["message"], "cel");
    only_with(reader, table, &["except"], "use");
    let files = reader.texts_at(table, "rego", name::valid_path);
    let data = reader.texts_at(table, "data", name::valid_path);
    let parameters = table.get("parameters").and_then(|node| reader.json(node));
    (!files.is_empty()).then_some(Judge::Rego(RegoCheck { files, data, parameters }))
}

fn read_use<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, _: Option<&str>) -> Option<Judge> {
    only_with(reader, table, &["message"], "cel");
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
