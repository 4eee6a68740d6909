//! Where a result is: a place in the tree, and the object it is about.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::text;
use crate::object::ObjectRef;
use crate::report::summary::object_name;

/// The name of the tree's root.
pub(super) const ROOT: &str = "%SRCROOT%";

/// A place in the tree, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'a> {
    /// The unit whose render it is in, where it is in none of the tree's files.
    pub(super) unit: Option<&'a str>,
    /// A file or a folder.
    pub(super) file: Option<&'a str>,
    /// From 1.
    pub(super) line: Option<u32>,
    /// From 1.
    pub(super) column: Option<u32>,
}

/// The location; `None` where nothing is known of it.
pub(super) fn location(
    place: &Place<'_>,
    environment: Option<&str>,
    unit: Option<&str>,
    object: Option<&ObjectRef>,
) -> Option<Value> {
    let mut location = Map::new();
    if let Some(physical) = physical(place) {
        location.insert("physicalLocation".to_owned(), physical);
    }
    if let Some(logical) = logical(environment, unit.or(place.unit), object) {
        location.insert("logicalLocations".to_owned(), json!([logical]));
    }
    (!location.is_empty()).then_some(Value::Object(location))
}

fn physical(place: &Place<'_>) -> Option<Value> {
    let file = place.file.map(|file| file.trim_matches('/')).filter(|file| !file.is_empty())?;
    let mut physical = json!({ "artifactLocation": { "uri": uri(file), "uriBaseId": ROOT } });
    let region =
        place.line.filter(|line| *line > 0).map(|line| match place.column.filter(|column| *column > 0) {
            Some(column) => json!({ "startLine": line, "startColumn": column }),
            None => json!({ "startLine": line }),
        });
    if let (Some(region), Value::Object(members)) = (region, &mut physical) {
        members.insert("region".to_owned(), region);
    }
    Some(physical)
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn logical(environment: Option<&str>, unit: Option<&str>, object: Option<&ObjectRef>) -> Option<Value> {
    let mut parts: Vec<String> = environment.into_iter().chain(unit).map(text).collect();
    let name = match object {
        Some(object) => {
            let kind = if object.group.is_empty() {
                object.kind.clone()
            } else {
                format!("{}.{}", object.kind, object.group)
            };
            parts.push(text(&kind));
            parts.push(text(&object_name(object)));
            text(&format!("{} {}", object.kind, object_name(object)))
        }
        None => parts.last()?.clone(),
    };
    let kind = if object.is_some() { "resource" } else { "module" };
    Some(json!({ "name": name, "fullyQualifiedName": parts.join("/"), "kind": kind }))
}
