//! `[[policy_test]]`: cases that a policy is tried on. Reads them; what comes of one is decided elsewhere.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use toml::Spanned;

use super::error::quoted;
use super::name;
use super::people::PERMISSIONS;
use super::predicate::{OPERATIONS, RISKS, words};
use super::table::{Node, Reader, Table};
use crate::actor::Permission;
use crate::approval::{DEFAULT_RULE, RequirementState};
use crate::effect::{Operation, Risk};

/// One case.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyTest {
    /// Its name; unique.
    pub name: String,
    /// What is there.
    pub given: Given,
    /// What must come of it.
    pub expect: Expect,
    /// Its line in the file, from 1.
    pub line: u32,
}

/// A change, and who said what on it. Nobody and nothing else exists: a team that is not named has no members.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Given {
    /// A recorded snapshot, a file beside the policy, in place of everything below but `now`.
    pub snapshot: Option<String>,
    /// Who opened the change.
    pub author: Option<String>,
    /// Who pushed its head; the author where nobody is named.
    pub pusher: Option<String>,
    /// Who made its commits; the author where nobody is named.
    pub committers: Option<Vec<String>>,
    /// Who approved what would land.
    pub approvals: Vec<String>,
    /// Who requested changes.
    pub requested_changes: Vec<String>,
    /// Labels of the request.
    pub labels: Vec<String>,
    /// The target branch; `main`.
    pub target: Option<String>,
    /// What changes.
    pub effects: Vec<GivenEffect>,
    /// Changed files that no environment reads.
    pub paths: Vec<String>,
    /// The time; the beginning of 2000, so that a case says the same every day.
    pub now: Option<Timestamp>,
    /// What people may do, `None` where that could not be told; `write` for whom nothing is said.
    pub permissions: BTreeMap<String, Option<Permission>>,
    /// Who is in which team; `None` where that could not be told.
    pub teams: BTreeMap<String, Option<Vec<String>>>,
}

/// What happens to one object.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenEffect {
    /// Where.
    pub environment: String,
    /// `group/kind`.
    pub kind: String,
    /// Its namespace; none for what has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What happens.
    pub operation: Operation,
    /// Dangers.
    pub risks: Vec<Risk>,
    /// The manifest before. Checks look at cases that give manifests.
    pub before: Option<Value>,
    /// The manifest after.
    pub after: Option<Value>,
}

/// What must come of a case. What is left out may be anything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expect {
    /// `allow`, `hold`, `block`, `undecided`.
    pub verdict: Option<String>,
    /// States of rules.
    pub rules: BTreeMap<String, RequirementState>,
    /// Whom the rules that wait ask, exactly: logins, teams, permissions.
    pub waiting_for: Option<Vec<String>>,
}

const GIVEN: [&str; 13] = [
    "snapshot",
    "author",
    "pusher",
    "committers",
    "approvals",
    "requested_changes",
    "labels",
    "target",
    "effects",
    "paths",
    "now",
    "permissions",
    "teams",
];

const EFFECT: [&str; 8] =
    ["environment", "kind", "namespace", "name", "operation", "risks", "before", "after"];

const VERDICTS: [(&str, &str); 4] =
    [("allow", "allow"), ("hold", "hold"), ("block", "block"), ("undecided", "undecided")];

const STATES: [(&str, RequirementState); 4] = [
    ("met", RequirementState::Met),
    ("pending", RequirementState::Pending),
    ("skipped", RequirementState::Skipped),
    ("unknown", RequirementState::Unknown),
];

/// What the forge did not tell.
const UNKNOWN: &str = "unknown";

/// What the rest of the file says that cases refer to.
pub(super) struct Surroundings<'a> {
    pub(super) environments: &'a [String],
    pub(super) rules: &'a [Spanned<String>],
}

pub(super) fn read<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    around: &Surroundings<'_>,
) -> Vec<PolicyTest> {
    let mut names = Vec::new();
    let tables = reader.tables(node, "a case");
    tables.iter().filter_map(|table| read_one(reader, table, &mut names, around)).collect()
}

fn read_one<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'_, 't>,
    names: &mut Vec<Spanned<String>>,
    around: &Surroundings<'_>,
) -> Option<PolicyTest> {
    reader.only(table, &["name", "given", "expect"], &[]);
    let name = reader.title(table, names);
    if table.get("given").is_none() {
        reader.missing(table, "given", "say what is there, like `given = { author = \"ana\" }`");
    }
    if table.get("expect").is_none() {
        reader.missing(table, "expect", "say what must come of it, like `expect = { verdict = \"hold\" }`");
    }
    let given = table.get("given").and_then(|node| read_given(reader, node, around));
    let expect = table.get("expect").and_then(|node| read_expect(reader, node, around));
    let line = reader.line_of(&table.span);
    Some(PolicyTest { name: name?, given: given?, expect: expect?, line })
}

fn read_given<'t>(reader: &mut Reader<'t>, node: &Node<'t>, around: &Surroundings<'_>) -> Option<Given> {
    let before = reader.errors.len();
    let table = reader.table(node, "`given`")?;
    reader.only(&table, &GIVEN, &[]);
    let recorded = one(reader, &table, "snapshot", name::valid_plain_path);
    if recorded.is_some() {
        for entry in table.entries.iter().filter(|entry| !["snapshot", "now"].contains(&entry.key)) {
            let message =
                format!("a recorded snapshot says all, {} beside it means nothing", quoted(entry.key));
            reader.error_with(&entry.key_span, message, "leave it out, or leave `snapshot` out");
        }
    }
    let given = Given {
        snapshot: recorded,
        author: one(reader, &table, "author", name::valid_login),
        pusher: one(reader, &table, "pusher", name::valid_login),
        committers: table.get("committers").map(|_| reader.texts_at(&table, "committers", name::valid_login)),
        approvals: reader.texts_at(&table, "approvals", name::valid_login),
        requested_changes: reader.texts_at(&table, "requested_changes", name::valid_login),
        labels: reader.texts_at(&table, "labels", |_| Ok(())),
        target: one(reader, &table, "target", name::valid_path),
        effects: table.get("effects").map(|node| read_effects(reader, node, around)).unwrap_or_default(),
        paths: reader.texts_at(&table, "paths", name::valid_plain_path),
        now: table.get("now").and_then(|node| moment(reader, node)),
        permissions: table.get("permissions").map(|node| permissions(reader, node)).unwrap_or_default(),
        teams: table.get("teams").map(|node| teams(reader, node)).unwrap_or_default(),
    };
    (reader.errors.len() == before).then_some(given)
}

fn one<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'_, 't>,
    key: &str,
    valid: fn(&str) -> Result<(), String>,
) -> Option<String> {
    let node = table.get(key)?;
    let text = reader.text(node)?;
    match valid(&text) {
        Ok(()) => Some(text),
        Err(message) => {
            reader.error(&node.span(), message);
            None
        }
    }
}

/// A moment, or the beginning of a day in UTC.
fn moment<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Timestamp> {
    let written = node.get_ref().as_datetime().map(ToString::to_string);
    let written = written.or_else(|| node.get_ref().as_str().map(str::to_owned)).unwrap_or_default();
    let day = written.parse::<jiff::civil::Date>().ok().filter(|_| written.len() == 10);
    let start = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok()).map(|day| day.timestamp());
    let found = start.or_else(|| written.parse().ok());
    if found.is_none() {
        let hint = "write it like `now = 2030-01-31` or `now = 2030-01-31T12:00:00Z`";
        reader.error_with(&node.span(), "this is not a time", hint);
    }
    found
}

fn permissions<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> BTreeMap<String, Option<Permission>> {
    let Some(table) = reader.table(node, "`permissions`") else { return BTreeMap::new() };
    let known = PERMISSIONS.map(|(word, permission)| (word, Some(permission)));
    let known: Vec<_> =
        known.into_iter().chain([("none", Some(Permission::None)), (UNKNOWN, None)]).collect();
    let mut all = BTreeMap::new();
    for entry in &table.entries {
        let permission = reader.word_at(&table, entry.key, &known);
        all.extend(permission.map(|permission| (entry.key.to_owned(), permission)));
    }
    all
}

fn teams<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> BTreeMap<String, Option<Vec<String>>> {
    let Some(table) = reader.table(node, "`teams`") else { return BTreeMap::new() };
    let mut all = BTreeMap::new();
    for entry in &table.entries {
        if let Err(message) = name::valid_team(entry.key) {
            reader.error(&entry.key_span, message);
        }
        let value = entry.value.get_ref();
        let members =
            match (value.as_str() == Some(UNKNOWN), value.as_array().is_some_and(|list| list.is_empty())) {
                (true, _) => None,
                (false, true) => Some(Vec::new()),
                (false, false) => Some(reader.texts_at(&table, entry.key, name::valid_login)),
            };
        all.insert(entry.key.to_owned(), members);
    }
    all
}

fn read_effects<'t>(reader: &mut Reader<'t>, node: &Node<'t>, around: &Surroundings<'_>) -> Vec<GivenEffect> {
    let tables = reader.tables(node, "an effect");
    let bodied = |table: &Table<'_, 't>| table.get("before").or_else(|| table.get("after")).is_some();
    let some = tables.iter().any(bodied);
    for table in tables.iter().filter(|table| some && !bodied(table)) {
        let hint = "this case gives manifests, so that checks look at it: give them for every object";
        reader.missing(table, "after", hint);
    }
    tables.iter().filter_map(|table| read_effect(reader, table, around)).collect()
}

fn read_effect<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'_, 't>,
    around: &Surroundings<'_>,
) -> Option<GivenEffect> {
    reader.only(table, &EFFECT, &[]);
    for (key, hint) in [("environment", "say where"), ("kind", "say `kind = \"apps/Deployment\"`")] {
        if table.get(key).is_none() {
            reader.missing(table, key, hint);
        }
    }
    let environment = one(reader, table, "environment", name::valid_environment);
    if let (Some(environment), Some(node)) = (&environment, table.get("environment"))
        && !around.environments.is_empty()
        && !around.environments.contains(environment)
    {
        let known: Vec<&str> = around.environments.iter().map(String::as_str).collect();
        let message = format!("there is no environment {}", quoted(environment));
        reader.unknown(&node.span(), message, environment, &known);
    }
    let kind = one(reader, table, "kind", name::valid_kind);
    let operation = reader.word_at(table, "operation", &OPERATIONS);
    Some(GivenEffect {
        environment: environment?,
        kind: kind?,
        namespace: one(reader, table, "namespace", name::valid_label).unwrap_or_default(),
        name: reader.text_at(table, "name").unwrap_or_else(|| "any".to_owned()),
        operation: operation.unwrap_or(Operation::Update),
        risks: words(reader, table, "risks", &RISKS),
        before: table.get("before").and_then(|node| reader.json(node)),
        after: table.get("after").and_then(|node| reader.json(node)),
    })
}

fn read_expect<'t>(reader: &mut Reader<'t>, node: &Node<'t>, around: &Surroundings<'_>) -> Option<Expect> {
    let before = reader.errors.len();
    let table = reader.table(node, "`expect`")?;
    reader.only(&table, &["verdict", "rules", "waiting_for"], &[]);
    let verdict = reader.word_at(&table, "verdict", &VERDICTS).map(str::to_owned);
    let rules = table.get("rules").map(|node| expected_rules(reader, node, around)).unwrap_or_default();
    let nobody = |node: &Node<'_>| node.get_ref().as_array().is_some_and(|list| list.is_empty());
    let waiting_for = table.get("waiting_for").map(|node| match nobody(node) {
        true => Vec::new(),
        false => reader.texts_at(&table, "waiting_for", |_| Ok(())),
    });
    (reader.errors.len() == before).then_some(Expect { verdict, rules, waiting_for })
}

fn expected_rules<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    around: &Surroundings<'_>,
) -> BTreeMap<String, RequirementState> {
    let Some(table) = reader.table(node, "`rules`") else { return BTreeMap::new() };
    let mut known: Vec<&str> = around.rules.iter().map(|rule| rule.get_ref().as_str()).collect();
    known.push(DEFAULT_RULE);
    let mut all = BTreeMap::new();
    for entry in &table.entries {
        if !known.contains(&entry.key) {
            reader.unknown(
                &entry.key_span,
                format!("there is no rule {}", quoted(entry.key)),
                entry.key,
                &known,
            );
        }
        let state = reader.word_at(&table, entry.key, &STATES);
        all.extend(state.map(|state| (entry.key.to_owned(), state)));
    }
    all
}
