//! Refusals, in the API server's form and words.

use serde_json::{Map, Value, json};

use super::schema::{Kind, VERSION};

/// A refusal: its status and its body.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The status.
    pub code: u16,
    /// A `Status` object, or a plain text.
    pub body: Value,
}

/// One thing that is wrong with an object.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    pub(super) reason: &'static str,
    pub(super) field: String,
    pub(super) message: String,
}

impl Cause {
    pub(super) fn invalid(field: &str, value: &Value, detail: &str) -> Self {
        let message = format!("Invalid value: {value}: {detail}");
        Self { reason: "FieldValueInvalid", field: field.to_owned(), message }
    }

    pub(super) fn forbidden(field: &str, detail: &str) -> Self {
        Self {
            reason: "FieldValueForbidden",
            field: field.to_owned(),
            message: format!("Forbidden: {detail}"),
        }
    }

    pub(super) fn required(field: &str) -> Self {
        Self { reason: "FieldValueRequired", field: field.to_owned(), message: "Required value".to_owned() }
    }
}

impl Refusal {
    fn status(code: u16, reason: &str, message: &str, details: Value) -> Self {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "code": code,
        });
        if let Some(fields) = body.as_object_mut() {
            if !reason.is_empty() {
                fields.insert("reason".to_owned(), Value::from(reason));
            }
            if !details.is_null() {
                fields.insert("details".to_owned(), details);
            }
        }
        Self { code, body }
    }

    /// What is served at no path.
    pub(super) fn no_such_path() -> Self {
        Self { code: 404, body: Value::from("404 page not found\n") }
    }

    /// What is no kind of a group that is served.
    pub(super) fn no_such_kind() -> Self {
        Self::status(404, "NotFound", "the server could not find the requested resource", json!({}))
    }

    pub(super) fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", kind.qualified_plural());
        Self::status(404, "NotFound", &message, details(kind, name, &kind.plural))
    }

    pub(super) fn no_namespace(name: &str) -> Self {
        let message = format!("namespaces \"{name}\" not found");
        Self::status(404, "NotFound", &message, json!({ "name": name, "kind": "namespaces" }))
    }

    pub(super) fn unauthorized() -> Self {
        Self::status(401, "Unauthorized", "Unauthorized", Value::Null)
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::status(400, "BadRequest", message, Value::Null)
    }

    /// A patch of a place that is not there, or that is not as it says.
    pub(super) fn no_such_place() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::status(422, "Invalid", message, json!({}))
    }

    pub(super) fn not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::status(405, "MethodNotAllowed", message, json!({}))
    }

    pub(super) fn no_manager() -> Self {
        let cause = json!({
            "reason": "FieldValueRequired",
            "message": "Required value: is required for apply patch",
            "field": "fieldManager",
        });
        let message = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
        let details = json!({ "group": "meta.k8s.io", "kind": "PatchOptions", "causes": [cause] });
        Self::status(422, "Invalid", message, details)
    }

    /// What does not fit the schema: an internal error by its status.
    pub(super) fn untyped(kind: &Kind, namespace: &str, name: &str, misfits: &[String]) -> Self {
        let place = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
        let what = match misfits {
            [one] => one.clone(),
            several => format!("errors:\n  {}", several.join("\n  ")),
        };
        let message = format!(
            "failed to create typed patch object ({place}; {}/{VERSION}, Kind={}): {what}",
            kind.group, kind.kind
        );
        Self::status(500, "", &message, Value::Null)
    }

    pub(super) fn invalid(kind: &Kind, name: &str, causes: &[Cause]) -> Self {
        let each: Vec<String> =
            causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let what = match each.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let message = format!("{} \"{name}\" is invalid: {what}", kind.qualified_kind());
        let mut details = details(kind, name, &kind.kind);
        let cause =
            |cause: &Cause| json!({ "reason": cause.reason, "message": cause.message, "field": cause.field });
        if let Some(fields) = details.as_object_mut() {
            fields.insert("causes".to_owned(), causes.iter().map(cause).collect());
        }
        Self::status(422, "Invalid", &message, details)
    }

    pub(super) fn modified(kind: &Kind, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; \
             please apply your changes to the latest version and try again",
            kind.qualified_plural()
        );
        Self::status(409, "Conflict", &message, details(kind, name, &kind.plural))
    }

    /// Fields that other managers own: manager and path of each.
    pub(super) fn conflicts(conflicts: &[(String, String)]) -> Self {
        let cause = |(manager, path): &(String, String)| {
            let message = format!("conflict with \"{manager}\"");
            json!({ "reason": "FieldManagerConflict", "message": message, "field": path })
        };
        let mut managers: Vec<&str> = conflicts.iter().map(|(manager, _)| manager.as_str()).collect();
        managers.dedup();
        let of = |manager: &str| {
            let own = conflicts.iter().filter(|(other, _)| other == manager);
            match own.map(|(_, path)| path.as_str()).collect::<Vec<_>>().as_slice() {
                [path] => format!("conflict with \"{manager}\": {path}"),
                paths => format!("conflicts with \"{manager}\":\n- {}", paths.join("\n- ")),
            }
        };
        let each: Vec<String> = managers.into_iter().map(of).collect();
        let plural = if conflicts.len() == 1 { "conflict" } else { "conflicts" };
        let message = format!("Apply failed with {} {plural}: {}", conflicts.len(), each.join("\n"));
        let causes: Vec<Value> = conflicts.iter().map(cause).collect();
        Self::status(409, "Conflict", &message, json!({ "causes": causes }))
    }
}

fn details(kind: &Kind, name: &str, word: &str) -> Value {
    let mut details = Map::new();
    details.insert("name".to_owned(), Value::from(name));
    if !kind.group.is_empty() {
        details.insert("group".to_owned(), Value::from(kind.group.as_str()));
    }
    details.insert("kind".to_owned(), Value::from(word));
    Value::Object(details)
}
