//! What is there in a case: `given` of `[[policy_test]]`. Whatever a condition of a policy looks at can be said here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::conditions::CONCLUSIONS;
use super::environment::checked_text;
use super::error::{nearest, quoted};
use super::name;
use super::people::PERMISSIONS;
use super::predicate::{OPERATIONS, RISKS, words};
use super::table::{Node, Reader, Table};
use super::test_case::Surroundings;
use crate::actor::Permission;
use crate::change::RepoPath;
use crate::details::Lines;
use crate::effect::{Operation, Risk};
use crate::evaluation::PathOperation;

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
    /// Its commits one by one, in place of `committers`; one by the author where none is given.
    pub commits: Listed<GivenCommit>,
    /// Who approved what would land.
    pub approvals: Vec<String>,
    /// Who requested changes.
    pub requested_changes: Vec<String>,
    /// Title of the request; `A case`.
    pub title: Option<String>,
    /// Whether it is a draft.
    pub draft: bool,
    /// Labels of the request.
    pub labels: Listed<String>,
    /// The repository, `owner/name`; `case/case`.
    pub repository: Option<String>,
    /// The target branch; `main`.
    pub target: Option<String>,
    /// The branch that it comes from; `case`.
    pub source: Option<String>,
    /// Who owns the repository that it comes from, where that is a fork.
    pub fork: Option<String>,
    /// What changes.
    pub effects: Vec<GivenEffect>,
    /// Changed files that no environment reads.
    pub paths: Vec<String>,
    /// All changed files, whatever reads them; those of `paths` are among them without being named.
    pub files: Listed<GivenFile>,
    /// What statuses and checks on the head ended with.
    pub statuses: Listed<GivenStatus>,
    /// What runs of workflows ended with.
    pub workflows: Listed<GivenRun>,
    /// The time; the beginning of 2000, so that a case says the same every day.
    pub now: Option<Timestamp>,
    /// What people may do, `None` where that could not be told; `write` for whom nothing is said.
    pub permissions: BTreeMap<String, Option<Permission>>,
    /// Who is in which team; `None` where that could not be told.
    pub teams: BTreeMap<String, Option<Vec<String>>>,
    /// Who is in which organization, likewise.
    pub organizations: BTreeMap<String, Option<Vec<String>>>,
    /// Who is in which group, likewise.
    pub groups: BTreeMap<String, Option<Vec<String>>>,
}

/// A list of a case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Listed<T> {
    /// The case says nothing of it.
    #[default]
    Unsaid,
    /// `"unknown"`: the forge could not tell.
    Unknown,
    /// These; there may be none.
    These(Vec<T>),
}

/// A changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenFile {
    /// From the root of the tree.
    pub path: String,
    /// What happens to it.
    pub operation: PathOperation,
    /// How many lines are new and how many go; `None` where the case does not say.
    pub lines: Option<Lines>,
}

/// A status or check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenStatus {
    /// Its name.
    pub name: String,
    /// What it ended with; `None` while it runs.
    pub conclusion: Option<String>,
    /// The app, or the account, that set it.
    pub app: Option<String>,
}

/// A run of a workflow. Later ones of a list are newer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenRun {
    /// The workflow's file.
    pub workflow: String,
    /// What set it off; `push` where nothing is said.
    pub event: String,
    /// What it ended with; `None` while it runs.
    pub conclusion: Option<String>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GivenCommit {
    /// Who wrote it; the author of the change where nobody is named.
    pub author: Option<String>,
    /// Who made it; its author where nobody is named.
    pub committer: Option<String>,
    /// A name that no account answers to, in place of both.
    pub identity: Option<String>,
    /// Whether the forge made it, for somebody on its pages.
    pub via_web: bool,
    /// Whether it carries a signature that holds; `None` where the forge could not tell.
    pub signed: Option<bool>,
    /// Who signed it.
    pub signer: Option<String>,
    /// The key that signed it.
    pub key: Option<String>,
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

const GIVEN: [&str; 24] = [
    "snapshot",
    "author",
    "pusher",
    "committers",
    "commits",
    "approvals",
    "requested_changes",
    "title",
    "draft",
    "labels",
    "repository",
    "target",
    "source",
    "fork",
    "effects",
    "paths",
    "files",
    "statuses",
    "workflows",
    "now",
    "permissions",
    "teams",
    "organizations",
    "groups",
];

const EFFECT: [&str; 8] =
    ["environment", "kind", "namespace", "name", "operation", "risks", "before", "after"];

const FILE: [(&str, PathOperation); 3] =
    [("add", PathOperation::Add), ("change", PathOperation::Change), ("remove", PathOperation::Remove)];

/// What an entry of each list is, and how the list is written.
const COMMITS: (&str, &str) = ("a commit", "commits = [{ author = \"ana\" }]");
const FILES: (&str, &str) = ("a changed file", "files = [{ path = \"docs/a.md\" }]");
const STATUSES: (&str, &str) = ("a status", "statuses = [{ name = \"build\" }]");
const RUNS: (&str, &str) = ("a run", "workflows = [{ workflow = \"ci.yml\" }]");

/// What the forge did not tell.
const UNKNOWN: &str = "unknown";

/// What a status or run is that has not ended.
const RUNNING: &str = "pending";

pub(super) fn read<'t>(reader: &mut Reader<'t>, node: &Node<'t>, around: &Surroundings<'_>) -> Option<Given> {
    let before = reader.errors.len();
    let table = reader.table(node, "`given`")?;
    reader.only(&table, &GIVEN, &[]);
    let recorded = checked_text(reader, &table, "snapshot", name::valid_plain_path);
    if recorded.is_some() {
        for entry in table.entries.iter().filter(|entry| !["snapshot", "now"].contains(&entry.key)) {
            let message =
                format!("a recorded snapshot says all, {} beside it means nothing", quoted(entry.key));
            reader.error_with(&entry.key_span, message, "leave it out, or leave `snapshot` out");
        }
    }
    if let (Some(entry), Some(_)) = (table.entry("committers"), table.get("commits")) {
        let message = "`commits` say who made them, `committers` beside them mean nothing";
        reader.error_with(&entry.key_span, message, "leave one of them out");
    }
    let given = Given {
        snapshot: recorded,
        author: checked_text(reader, &table, "author", name::valid_login),
        pusher: checked_text(reader, &table, "pusher", name::valid_login),
        committers: table.get("committers").map(|_| reader.texts_at(&table, "committers", name::valid_login)),
        commits: listed(reader, &table, "commits", COMMITS, commit),
        approvals: reader.texts_at(&table, "approvals", name::valid_login),
        requested_changes: reader.texts_at(&table, "requested_changes", name::valid_login),
        title: reader.text_at(&table, "title"),
        draft: reader.flag_at(&table, "draft").unwrap_or_default(),
        labels: labels(reader, &table),
        repository: checked_text(reader, &table, "repository", valid_repository),
        target: checked_text(reader, &table, "target", name::valid_path),
        source: checked_text(reader, &table, "source", name::valid_path),
        fork: checked_text(reader, &table, "fork", name::valid_login),
        effects: table.get("effects").map(|node| read_effects(reader, node, around)).unwrap_or_default(),
        paths: reader.texts_at(&table, "paths", name::valid_plain_path),
        files: listed(reader, &table, "files", FILES, file),
        statuses: listed(reader, &table, "statuses", STATUSES, status),
        workflows: listed(reader, &table, "workflows", RUNS, run),
        now: table.get("now").and_then(|node| moment(reader, node)),
        permissions: table.get("permissions").map(|node| permissions(reader, node)).unwrap_or_default(),
        teams: sets(reader, &table, "teams", name::valid_team),
        organizations: sets(reader, &table, "organizations", name::valid_group),
        groups: sets(reader, &table, "groups", name::valid_group),
    };
    (reader.errors.len() == before).then_some(given)
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

/// Sets of people by name, each with its members or `"unknown"`.
fn sets<'t>(
    reader: &mut Reader<'t>,
    given: &Table<'_, 't>,
    key: &'static str,
    valid: fn(&str) -> Result<(), String>,
) -> BTreeMap<String, Option<Vec<String>>> {
    let table = given.get(key).and_then(|node| reader.table(node, "sets of people"));
    let Some(table) = table else { return BTreeMap::new() };
    let mut all = BTreeMap::new();
    for entry in &table.entries {
        if let Err(message) = valid(entry.key) {
            reader.error(&entry.key_span, message);
        }
        let members = match entry.value {
            value if is_unknown(value) => None,
            value if is_nothing(value) || is_mistaken(reader, value, "[\"ana\", \"bo\"]") => Some(Vec::new()),
            _ => Some(reader.texts_at(&table, entry.key, name::valid_login)),
        };
        all.insert(entry.key.to_owned(), members);
    }
    all
}

fn is_unknown(node: &Node<'_>) -> bool {
    node.get_ref().as_str() == Some(UNKNOWN)
}

fn is_nothing(node: &Node<'_>) -> bool {
    node.get_ref().as_array().is_some_and(|list| list.is_empty())
}

/// Whether a text stands where only a list or `"unknown"` can, which is told: half of `"unknown"` is nobody's name.
fn is_mistaken<'t>(reader: &mut Reader<'t>, node: &Node<'t>, list: &str) -> bool {
    let Some(text) = node.get_ref().as_str() else { return false };
    let hint = match nearest(text, [UNKNOWN]) {
        Some(_) => format!("did you mean `\"{UNKNOWN}\"`? A list is written like `{list}`"),
        None => format!("write a list, like `{list}`, or `\"{UNKNOWN}\"`"),
    };
    reader.error_with(&node.span(), format!("{} is neither a list nor `\"{UNKNOWN}\"`", quoted(text)), hint);
    true
}

/// A list of tables, each as `read` reads it, or `"unknown"`.
fn listed<'t, T>(
    reader: &mut Reader<'t>,
    given: &Table<'_, 't>,
    key: &str,
    (what, list): (&'static str, &str),
    read: fn(&mut Reader<'t>, &Table<'_, 't>) -> Option<T>,
) -> Listed<T> {
    match given.get(key) {
        None => Listed::Unsaid,
        Some(node) if is_unknown(node) => Listed::Unknown,
        Some(node) if is_mistaken(reader, node, list) => Listed::Unsaid,
        Some(node) => {
            let tables = reader.tables(node, what);
            Listed::These(tables.iter().filter_map(|table| read(reader, table)).collect())
        }
    }
}

fn labels<'t>(reader: &mut Reader<'t>, given: &Table<'_, 't>) -> Listed<String> {
    match given.get("labels") {
        None => Listed::Unsaid,
        Some(node) if is_unknown(node) => Listed::Unknown,
        Some(node) if is_nothing(node) => Listed::These(Vec::new()),
        Some(node) if is_mistaken(reader, node, "labels = [\"docs\"]") => Listed::Unsaid,
        Some(_) => Listed::These(reader.texts_at(given, "labels", name::valid_line)),
    }
}

fn file<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) -> Option<GivenFile> {
    reader.only(table, &["path", "operation", "added", "removed"], &[]);
    required(reader, table, "path", "name it from the root, like `path = \"docs/a.md\"`");
    let operation = reader.word_at(table, "operation", &FILE).unwrap_or(PathOperation::Change);
    let mut lines = |key| {
        let number = reader.integer(table.get(key)?)?;
        let found = u64::try_from(number).ok();
        if let (None, Some(node)) = (found, table.get(key)) {
            reader.error(&node.span(), "no file has fewer than no lines");
        }
        found
    };
    let lines = match (lines("added"), lines("removed")) {
        (None, None) => None,
        (added, removed) => {
            Some(Lines { added: added.unwrap_or_default(), removed: removed.unwrap_or_default() })
        }
    };
    Some(GivenFile { path: checked_text(reader, table, "path", name::valid_plain_path)?, operation, lines })
}

fn status<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) -> Option<GivenStatus> {
    reader.only(table, &["name", "conclusion", "app"], &[]);
    required(reader, table, "name", "name it, like `name = \"build\"`");
    let conclusion = conclusion(reader, table);
    let (name, app) = (checked_text(reader, table, "name", name::valid_line), reader.text_at(table, "app"));
    Some(GivenStatus { name: name?, conclusion: conclusion?, app })
}

fn run<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) -> Option<GivenRun> {
    reader.only(table, &["workflow", "event", "conclusion"], &[]);
    required(reader, table, "workflow", "name its file, like `workflow = \".github/workflows/ci.yml\"`");
    let conclusion = conclusion(reader, table);
    let event = reader.text_at(table, "event").unwrap_or_else(|| "push".to_owned());
    Some(GivenRun {
        workflow: checked_text(reader, table, "workflow", name::valid_line)?,
        event,
        conclusion: conclusion?,
    })
}

/// What something ended with; inside, `None` while it runs. It is `success` where nothing is said.
fn conclusion<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) -> Option<Option<String>> {
    if table.get("conclusion").is_none() {
        return Some(Some("success".to_owned()));
    }
    let word = reader.word_at(table, "conclusion", &CONCLUSIONS.map(|word| (word, word)))?;
    Some((word != RUNNING).then(|| word.to_owned()))
}

fn commit<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) -> Option<GivenCommit> {
    let known = ["author", "committer", "identity", "via_web", "signed", "signer", "key"];
    reader.only(table, &known, &[]);
    let before = reader.errors.len();
    let commit = GivenCommit {
        author: checked_text(reader, table, "author", name::valid_login),
        committer: checked_text(reader, table, "committer", name::valid_login),
        identity: checked_text(reader, table, "identity", name::valid_line),
        via_web: reader.flag_at(table, "via_web").unwrap_or_default(),
        signed: reader.flag_at(table, "signed"),
        signer: checked_text(reader, table, "signer", name::valid_login),
        key: checked_text(reader, table, "key", name::valid_key),
    };
    if let (Some(_), Some(entry)) = (&commit.identity, table.entry("author").or(table.entry("committer"))) {
        let hint = "leave one of them out";
        reader.error_with(&entry.key_span, "nobody answers to `identity`, so this is not known", hint);
    }
    if let (Some(entry), Some(false) | None) = (table.entry("signer").or(table.entry("key")), commit.signed) {
        reader.error_with(
            &entry.key_span,
            "this commit carries no signature that holds",
            "write `signed = true`",
        );
    }
    (reader.errors.len() == before).then_some(commit)
}

/// Says that a key is missing, where it is.
fn required<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, key: &str, hint: &str) {
    if table.get(key).is_none() {
        reader.missing(table, key, hint);
    }
}

fn valid_repository(text: &str) -> Result<(), String> {
    text.parse::<RepoPath>().map(drop).map_err(|error| error.to_string())
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
    let environment = checked_text(reader, table, "environment", name::valid_environment);
    if let (Some(environment), Some(node)) = (&environment, table.get("environment"))
        && !around.environments.is_empty()
        && !around.environments.contains(environment)
    {
        let known: Vec<&str> = around.environments.iter().map(String::as_str).collect();
        let message = format!("there is no environment {}", quoted(environment));
        reader.unknown(&node.span(), message, environment, &known);
    }
    let kind = checked_text(reader, table, "kind", name::valid_kind);
    let operation = reader.word_at(table, "operation", &OPERATIONS);
    Some(GivenEffect {
        environment: environment?,
        kind: kind?,
        namespace: checked_text(reader, table, "namespace", name::valid_label).unwrap_or_default(),
        name: reader.text_at(table, "name").unwrap_or_else(|| "any".to_owned()),
        operation: operation.unwrap_or(Operation::Update),
        risks: words(reader, table, "risks", &RISKS),
        before: table.get("before").and_then(|node| reader.json(node)),
        after: table.get("after").and_then(|node| reader.json(node)),
    })
}
