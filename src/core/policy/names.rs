//! What expressions may name, and the values that are not manifests. Evaluates nothing.

use std::collections::HashMap;

use cel::common::types::{CelBool, CelMap, CelMapKey, CelString};
use cel::common::value::Val;
use serde_json::Value;

use super::expression::LONGEST;
use super::value::{Unknown, value};
use crate::object::ObjectRef;

/// What an expression may name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'n> {
    /// Variables.
    pub(super) variables: &'n [&'n str],
    /// What `variables` has; `None` where there are no such.
    pub(super) composed: Option<&'n [String]>,
    /// The longest expression, in bytes.
    pub(super) longest: usize,
}

impl Names<'_> {
    /// Those of checks with `cel`.
    pub(super) const OF_CHECKS: Self = Self {
        variables: &["object", "oldObject", "request", "environment", "params", "namespaceObject"],
        composed: None,
        longest: LONGEST,
    };
}

/// The longest expression of an admission policy, in bytes.
pub(super) const LONGEST_OF_POLICIES: usize = 4 * LONGEST;

/// The name under which `variables.NAME` is kept. No expression can spell it.
pub(super) fn composed(name: &str) -> String {
    format!("@variables.{name}")
}

/// What a request for admission has. Of those that are known to a cluster alone, reading is an error.
const FIELDS: [&str; 12] = [
    "dryRun",
    "kind",
    "name",
    "namespace",
    "operation",
    "options",
    "requestKind",
    "requestResource",
    "resource",
    "subResource",
    "uid",
    "userInfo",
];

/// Whether `request` has a field.
pub(super) fn is_field_of_request(name: &str) -> bool {
    FIELDS.contains(&name)
}

/// A value that may not be known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'a> {
    /// It is this, or null.
    Known(Option<&'a Value>),
    /// It is not known, for this reason.
    Unknown(&'a str),
}

impl<'a> Given<'a> {
    /// It as a value of CEL.
    pub(super) fn value(self, name: &str) -> Box<dyn Val + 'a> {
        match self {
            Self::Known(json) => value(json.unwrap_or(&Value::Null)),
            Self::Unknown(why) => Box::new(Unknown { name: name.to_owned(), why: why.to_owned() }),
        }
    }
}

/// The request that would bring an object into a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// CREATE, UPDATE or DELETE.
    pub(super) operation: &'static str,
    pub(super) object: ObjectRef,
    /// The plural name of the kind, where it is known.
    pub(super) resource: Option<String>,
}

fn text<'v>(text: &str) -> Box<dyn Val + 'v> {
    Box::new(CelString::from(text.to_owned()))
}

fn map<'v, const N: usize>(entries: [(&'static str, Box<dyn Val + 'v>); N]) -> Box<dyn Val + 'v> {
    let entries = entries.into_iter().map(|(key, value)| (CelMapKey::from(key), value));
    Box::new(CelMap::from(entries.collect::<HashMap<_, _>>()))
}

fn unknown<'v>(field: &str, why: &str) -> Box<dyn Val + 'v> {
    Box::new(Unknown { name: format!("request.{field}"), why: why.to_owned() })
}

impl Request {
    /// It as a value of CEL.
    pub(super) fn value<'v>(&self) -> Box<dyn Val + 'v> {
        let ObjectRef { group, version, kind, namespace, name } = &self.object;
        let kind = || map([("group", text(group)), ("version", text(version)), ("kind", text(kind))]);
        let resource = |field: &str| match &self.resource {
            Some(plural) => {
                map([("group", text(group)), ("version", text(version)), ("resource", text(plural))])
            }
            None => unknown(field, "the plural name of this kind is not known"),
        };
        // Requests for a namespace are made in it.
        let own = group.is_empty() && self.object.kind == "Namespace";
        let asked = "it is not known before the cluster is asked";
        map([
            ("dryRun", Box::new(CelBool::from(false))),
            ("kind", kind()),
            ("name", text(name)),
            ("namespace", text(if own { name } else { namespace })),
            ("operation", text(self.operation)),
            ("options", unknown("options", asked)),
            ("requestKind", kind()),
            ("requestResource", resource("requestResource")),
            ("resource", resource("resource")),
            ("subResource", text("")),
            ("uid", unknown("uid", asked)),
            ("userInfo", unknown("userInfo", asked)),
        ])
    }
}
