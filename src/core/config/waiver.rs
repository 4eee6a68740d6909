//! `[[waiver]]`: dated exceptions from checks. Reads them and says which can never apply; whether one is in time is
//! asked where there is a clock.

use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::DeValue;

use super::error::{nearest, quoted};
use super::name;
use super::predicate::environment_globs;
use super::table::{Node, Reader, Table};
use super::{Check, Judge};

/// A dated exception: what a check finds on these objects is told and does not block, until the end of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The check, or one rule of it: `registries`, `registries/deny_latest`.
    pub check: String,
    /// `group/kind/namespace/name` globs; one that matches is enough.
    pub objects: Vec<String>,
    /// Only in these environments, globs; empty means everywhere.
    pub environments: Vec<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, in UTC.
    pub until: Date,
    /// Who granted it.
    pub by: String,
    /// Its line in the file, from 1.
    pub line: u32,
}

const KEYS: [&str; 6] = ["check", "object", "environment", "reason", "until", "by"];

/// What the rest of the file says that waivers refer to.
pub(super) struct Surroundings<'a> {
    pub(super) checks: &'a [Check],
    /// Names of all checks, sound or not.
    pub(super) names: Vec<String>,
    pub(super) environments: &'a [String],
}

pub(super) fn read<'t>(reader: &mut Reader<'t>, node: &Node<'t>, around: &Surroundings<'_>) -> Vec<Waiver> {
    let tables = reader.tables(node, "a waiver");
    tables.iter().filter_map(|table| read_one(reader, table, around)).collect()
}

fn read_one<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, around: &Surroundings<'_>) -> Option<Waiver> {
    reader.only(table, &KEYS, &[]);
    let check = required(reader, table, "check", "name the check that it is an exception from");
    if let (Some(check), Some(node)) = (&check, table.get("check")) {
        known_check(reader, check, &node.span(), around);
    }
    if table.get("object").is_none() {
        let hint = "say for what, like `object = \"apps/Deployment/shop/web\"`; `**` means everything";
        reader.missing(table, "object", hint);
    }
    let objects = reader.texts_at(table, "object", valid_object);
    let environments = environment_globs(reader, table, "environment", around.environments);
    let reason = required(reader, table, "reason", "say why it may stay as it is");
    let by = required(reader, table, "by", "say who granted it");
    let until = match table.get("until") {
        Some(node) => reader.date(node),
        None => {
            reader.missing(table, "until", "an exception ends: say when, like `until = 2030-12-31`");
            None
        }
    };
    let line = reader.line_of(&table.span);
    let waiver =
        Waiver { check: check?, objects, environments, reason: reason?, until: until?, by: by?, line };
    never_applies(reader, table, &waiver, around);
    (!waiver.objects.is_empty()).then_some(waiver)
}

fn required<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, key: &str, hint: &str) -> Option<String> {
    match table.get(key) {
        Some(node) => reader.text(node),
        None => {
            reader.missing(table, key, hint);
            None
        }
    }
}

/// Whether a waiver's `check` names this check, and the rule of it that is meant.
pub(crate) fn rule_of<'w>(waived: &'w str, check: &str) -> Option<Option<&'w str>> {
    let rest = waived.strip_prefix(check)?;
    if rest.is_empty() { Some(None) } else { rest.strip_prefix('/').map(Some) }
}

/// The server may have checks that this file does not, so an unknown one is no error.
fn known_check<'t>(reader: &mut Reader<'t>, check: &str, span: &Range<usize>, around: &Surroundings<'_>) {
    if around.names.iter().any(|name| rule_of(check, name).is_some()) {
        return;
    }
    let hint = match nearest(check, around.names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "only a check of the server's floor can be meant".to_owned(),
    };
    reader.warning(span, format!("this file has no check {}, so nothing is waived", quoted(check)), hint);
}

fn never_applies<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'_, 't>,
    waiver: &Waiver,
    around: &Surroundings<'_>,
) {
    let found = around.checks.iter().find_map(|check| Some((check, rule_of(&waiver.check, &check.name)?)));
    let Some((check, rule)) = found else { return };
    let span = |key: &str| table.get(key).map_or_else(|| table.span.clone(), toml::Spanned::span);
    if let (Some(rule), Judge::Cel(_)) = (rule, &check.judge) {
        let message =
            format!("check {} is one expression and has no rule {}", quoted(&check.name), quoted(rule));
        reader.warning(&span("check"), message, "name the check alone");
    }
    let matching = |patterns: &[String], name: &str| {
        patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, name))
    };
    let together =
        |name: &String| matching(&check.environments, name) && matching(&waiver.environments, name);
    if !around.environments.is_empty() && !around.environments.iter().any(together) {
        let message =
            format!("check {} does not run in the environments of this waiver", quoted(&check.name));
        reader.warning(&span("environment"), message, "it waives nothing; remove it");
    }
    let kind = |object: &String| {
        let mut parts = object.splitn(3, '/');
        let plain = parts.next().zip(parts.next()).map(|(group, kind)| format!("{group}/{kind}"));
        plain.filter(|plain| name::is_plain(plain)).is_none_or(|plain| matching(&check.kinds, &plain))
    };
    if !waiver.objects.is_empty() && !waiver.objects.iter().any(kind) {
        let message = format!("check {} does not look at objects of this kind", quoted(&check.name));
        reader.warning(&span("object"), message, "it waives nothing; remove it");
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    name::glob(pattern).is_ok_and(|glob| glob.is_match(name))
}

/// `group/kind/namespace/name`, with a pattern in each place.
fn valid_object(pattern: &str) -> Result<(), String> {
    name::valid_glob(pattern)?;
    if pattern.contains("**") || pattern.split('/').count() == 4 {
        return Ok(());
    }
    Err(format!(
        "{} is not `group/kind/namespace/name`, like `apps/Deployment/shop/web`, `/ConfigMap/shop/*` or \
         `rbac.authorization.k8s.io/ClusterRole//reader`",
        quoted(pattern)
    ))
}

/// The names of all entries of `[[key]]`, sound or not.
pub(super) fn names(node: Option<&Node<'_>>) -> Vec<String> {
    let entries = node.and_then(|node| node.get_ref().as_array()).into_iter().flatten();
    let name = |entry: &Spanned<DeValue<'_>>| {
        Some(entry.get_ref().as_table()?.get("name")?.get_ref().as_str()?.to_owned())
    };
    entries.filter_map(name).collect()
}

impl<'t> Reader<'t> {
    /// A day, as a date of TOML or in quotes.
    pub(super) fn date(&mut self, node: &Node<'t>) -> Option<Date> {
        let found = match node.get_ref() {
            DeValue::Datetime(written) => {
                if written.time.is_some() {
                    self.error_with(&node.span(), "a time of day means nothing here", "write the date alone");
                    return None;
                }
                written.to_string().parse().ok()
            }
            DeValue::String(text) if text.len() == 10 => text.parse().ok(),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => None,
        };
        if found.is_none() {
            self.error_with(&node.span(), "this is not a date", "write it like `until = 2030-12-31`");
        }
        found
    }
}
