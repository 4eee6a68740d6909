//! A write, as the API wants to be asked about it.

use countersign_core::object::ObjectRef;
use countersign_core::patch::Patch;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::link::Verb;
use crate::ports::{ClusterError, Write};

/// One write.
pub(super) struct Request<'a> {
    write: &'a Write,
    body: &'a Value,
}

impl<'a> Request<'a> {
    pub(super) fn of(write: &'a Write) -> Self {
        let (Write::Apply(body)
        | Write::ApplyUnforced(body)
        | Write::Create(body)
        | Write::Replace(body)
        | Write::Amend(body)
        | Write::Patch(Patch::Strategic(body) | Patch::Merge(body))) = write;
        Self { write, body }
    }

    /// Whether a manifest is one of this object's kind. A patch names none.
    pub(super) fn is_about(&self, object: &ObjectRef) -> bool {
        match self.write {
            Write::Apply(manifest)
            | Write::ApplyUnforced(manifest)
            | Write::Create(manifest)
            | Write::Replace(manifest) => {
                manifest.get("kind").and_then(Value::as_str) == Some(object.kind.as_str())
            }
            Write::Patch(_) | Write::Amend(_) => true,
        }
    }

    /// Whether its manifest itself names a version of the live object, which need not be the one that is there.
    pub(super) fn names_a_version(&self) -> bool {
        !self.supposes_a_state() && self.body.pointer("/metadata/resourceVersion").is_some()
    }

    /// Whether it was made for what was live a moment ago, or for nothing being there.
    pub(super) fn supposes_a_state(&self) -> bool {
        match self.write {
            Write::Create(_) | Write::Replace(_) => true,
            Write::Apply(_) | Write::ApplyUnforced(_) | Write::Patch(_) | Write::Amend(_) => false,
        }
    }

    /// Whether it makes no sense without a live object.
    pub(super) fn changes_what_is_there(&self) -> bool {
        match self.write {
            Write::Replace(_) | Write::Patch(_) | Write::Amend(_) => true,
            Write::Apply(_) | Write::ApplyUnforced(_) | Write::Create(_) => false,
        }
    }

    /// Path and query, from the object's own path.
    pub(super) fn path(&self, object: &str, field_manager: &str) -> String {
        let place = match self.write {
            Write::Create(_) => object.rsplit_once('/').map_or(object, |(list, _)| list),
            Write::Apply(_)
            | Write::ApplyUnforced(_)
            | Write::Replace(_)
            | Write::Patch(_)
            | Write::Amend(_) => object,
        };
        let force = if let Write::Apply(_) = self.write { "&force=true" } else { "" };
        // An apply knows no field that is not in the schema, however it is validated. All that a strict one does besides is
        // to read the text again for keys that stand in it twice, which costs the server more than reading it did. An
        // amendment adds no field.
        let validation = match self.write {
            Write::Apply(_) | Write::ApplyUnforced(_) | Write::Amend(_) => "Ignore",
            Write::Create(_) | Write::Replace(_) | Write::Patch(_) => "Strict",
        };
        let manager = utf8_percent_encode(field_manager, NON_ALPHANUMERIC);
        format!("{place}?dryRun=All{force}&fieldManager={manager}&fieldValidation={validation}")
    }

    pub(super) fn verb(&self) -> Result<Verb, ClusterError> {
        let json = serde_json::to_vec(self.body).map_err(|failed| ClusterError::Unexpected {
            why: format!("what is to be written is not JSON: {failed}"),
        })?;
        let (method, content_type) = match self.write {
            // JSON is YAML.
            Write::Apply(_) | Write::ApplyUnforced(_) => (Method::PATCH, "application/apply-patch+yaml"),
            Write::Create(_) => (Method::POST, "application/json"),
            Write::Replace(_) => (Method::PUT, "application/json"),
            Write::Patch(Patch::Strategic(_)) => (Method::PATCH, "application/strategic-merge-patch+json"),
            Write::Patch(Patch::Merge(_)) => (Method::PATCH, "application/merge-patch+json"),
            Write::Amend(_) => (Method::PATCH, "application/json-patch+json"),
        };
        Ok(Verb::DryRun { method, content_type, json })
    }

    /// The right that it needs.
    pub(super) fn rbac_verb(&self) -> &'static str {
        match self.write {
            Write::Create(_) => "create",
            Write::Replace(_) => "update",
            Write::Apply(_) | Write::ApplyUnforced(_) | Write::Patch(_) | Write::Amend(_) => "patch",
        }
    }
}
