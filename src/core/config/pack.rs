//! `use`, `except` and `parameters` of a check: which shipped rules, and what they are told.

use std::collections::BTreeMap;

use serde_json::Map;

use super::error::quoted;
use super::table::{Node, Reader, Table};
use super::{Judge, PackCheck};
use crate::policy::packs::{self, Parameter, Rule};

pub(super) fn read<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) -> Option<Judge> {
    let node = table.get("use")?;
    let (mut uses, mut rules) = (Vec::new(), Vec::new());
    for name in reader.texts(node) {
        match packs::named(name.get_ref()) {
            Ok(found) => {
                rules.extend(found);
                uses.push(name.into_inner());
            }
            Err(hint) => {
                let message = format!("there is no pack or rule {}", quoted(name.get_ref()));
                reader.error_with(&name.span(), message, hint);
            }
        }
    }
    if uses.is_empty() {
        return None;
    }
    let except = table.get("except").map(|node| exceptions(reader, node, &rules)).unwrap_or_default();
    if rules.iter().all(|rule| except.iter().any(|name| packs::leaves_out(name, rule))) {
        reader.error_with(&node.span(), "this check leaves out every rule that it uses", "keep one");
    }
    let parameters = match table.get("parameters") {
        Some(node) => parameters(reader, node, &rules)?,
        None => Map::new(),
    };
    Some(Judge::Pack(PackCheck { uses, except, parameters }))
}

fn exceptions<'t>(reader: &mut Reader<'t>, node: &Node<'t>, rules: &[&Rule]) -> Vec<String> {
    let mut sound = Vec::new();
    for name in reader.texts(node) {
        if rules.iter().any(|rule| packs::leaves_out(name.get_ref(), rule)) {
            sound.push(name.into_inner());
        } else {
            let message = format!("this check uses no rule {}", quoted(name.get_ref()));
            let known: Vec<&str> = rules.iter().map(|rule| rule.name()).collect();
            reader.unknown(&name.span(), message, name.get_ref(), &known);
        }
    }
    sound
}

fn parameters<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    rules: &[&Rule],
) -> Option<Map<String, serde_json::Value>> {
    let known: BTreeMap<&str, &Parameter> = rules
        .iter()
        .flat_map(|rule| rule.parameters.iter().map(|(name, parameter)| (name.as_str(), parameter)))
        .collect();
    let table = reader.table(node, "the parameters")?;
    let mut given = Map::new();
    for entry in &table.entries {
        let Some(parameter) = known.get(entry.key) else {
            let message = format!("no rule of this check has a parameter {}", quoted(entry.key));
            let names: Vec<&str> = known.keys().copied().collect();
            reader.unknown(&entry.key_span, message, entry.key, &names);
            continue;
        };
        let Some(value) = reader.json(entry.value) else { continue };
        if parameter.kind.takes(&value) {
            given.insert(entry.key.to_owned(), value);
        } else {
            let message = format!("{} has to be {}", quoted(entry.key), parameter.kind.words());
            reader.error_with(&entry.value.span(), message, parameter.description.clone());
        }
    }
    Some(given)
}
