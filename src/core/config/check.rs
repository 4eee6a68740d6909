//! `[[check]]`: what a change may contain.

use toml::Spanned;

use super::name;
use super::predicate::environment_globs;
use super::table::{Later, Node, Reader, Table};
use super::{Check, Severity};
use crate::policy::Expression;

const TO_COME: [Later; 6] = [
    Later { key: "use", instead: "write the check as `cel`" },
    Later { key: "rego", instead: "write the check as `cel`" },
    Later { key: "schema", instead: "write the check as `cel`" },
    Later { key: "gatekeeper", instead: "write the check as `cel`" },
    Later { key: "data", instead: "write what it says into `cel`" },
    Later { key: "parameters", instead: "write what they say into `cel`" },
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
    reader.only(table, &["name", "cel", "message", "severity", "environments", "kinds"], &TO_COME);
    let name = reader.title(table, names);
    let cel = match table.get("cel") {
        Some(node) => read_expression(reader, node),
        None => {
            if !table.entries.iter().any(|entry| TO_COME.iter().any(|later| later.key == entry.key)) {
                reader.missing(
                    table,
                    "cel",
                    "say what must hold, like `cel = \"object.spec.replicas >= 2\"`",
                );
            }
            None
        }
    };
    let message = reader.text_at(table, "message");
    let severity = reader.word_at(
        table,
        "severity",
        &[("error", Severity::Error), ("warning", Severity::Warning), ("info", Severity::Info)],
    );
    let environments = environment_globs(reader, table, "environments", environments);
    let kinds = reader.texts_at(table, "kinds", name::valid_kind);
    let name = name?;
    Some(Check {
        message: message.unwrap_or_else(|| format!("`{name}` does not hold")),
        cel: cel?,
        severity: severity.unwrap_or_default(),
        environments,
        kinds,
        name,
    })
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
