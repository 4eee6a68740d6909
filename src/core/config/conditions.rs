//! Conditions that look at a change request rather than at what it does to objects: files, people, branches, checks,
//! signatures, labels, time.

use super::error::quoted;
use super::table::{Later, Node, Reader, Table};
use super::{
    Comparison, FileTest, Files, ModifiedLines, Pattern, Predicate, StatusTest, TextTest, Than, WorkflowTest,
    name, people, window,
};

/// The keys that stand for one condition each.
pub(super) const KEYS: [&str; 29] = [
    "targets_branch",
    "from_branch",
    "changed_files",
    "no_changed_files",
    "only_changed_files",
    "file_added",
    "file_not_added",
    "file_deleted",
    "deleted_files",
    "file_not_deleted",
    "changed_files_count",
    "modified_lines",
    "commit_count",
    "has_author_in",
    "has_contributor_in",
    "only_has_contributors_in",
    "author_is_only_contributor",
    "has_status",
    "has_workflow_result",
    "has_labels",
    "title",
    "repository",
    "has_valid_signatures",
    "has_valid_signatures_by",
    "has_valid_signatures_by_keys",
    "draft",
    "fork",
    "window",
    "unknown",
];

/// Words of others for conditions, with what says it here.
pub(super) const NOT_HERE: [Later; 2] = [
    Later { key: "has_successful_status", instead: "write `has_status = { names = […] }`" },
    Later { key: "commit_messages", instead: "use `title`: a message can be changed by whoever pushes" },
];

/// What a status, check or run may end with, whichever forge.
pub(crate) const CONCLUSIONS: [&str; 12] = [
    "success",
    "failure",
    "neutral",
    "cancelled",
    "skipped",
    "timed_out",
    "action_required",
    "stale",
    "startup_failure",
    "error",
    "warning",
    "pending",
];

/// The condition under a key of `table`; `None` where it is wrong, which has been said then.
pub(super) fn read<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'_, 't>,
    key: &str,
    node: &Node<'t>,
) -> Option<Predicate> {
    match key {
        "targets_branch" => branch(reader, table, key, node, Predicate::TargetsBranch),
        "from_branch" => branch(reader, table, key, node, Predicate::FromBranch),
        "changed_files_count" => comparison(reader, node).map(Predicate::FileCount),
        "commit_count" => comparison(reader, node).map(Predicate::CommitCount),
        "modified_lines" => lines(reader, node),
        "has_author_in" => people(reader, node).map(Predicate::HasAuthorIn),
        "has_contributor_in" => people(reader, node).map(Predicate::HasContributorIn),
        "only_has_contributors_in" => people(reader, node).map(Predicate::OnlyHasContributorsIn),
        "has_valid_signatures_by" => people(reader, node).map(Predicate::HasValidSignaturesBy),
        "author_is_only_contributor" => reader.flag_at(table, key).map(Predicate::AuthorIsOnlyContributor),
        "has_valid_signatures" => reader.flag_at(table, key).map(Predicate::HasValidSignatures),
        "draft" => reader.flag_at(table, key).map(Predicate::Draft),
        "fork" => reader.flag_at(table, key).map(Predicate::Fork),
        "has_status" => status(reader, node),
        "has_workflow_result" => workflows(reader, node),
        "has_labels" => texts(reader, table, key, name::valid_line).map(Predicate::HasLabels),
        "title" => text_test(reader, node, "`title`").map(Predicate::Title),
        "repository" => text_test(reader, node, "`repository`").map(Predicate::Repository),
        "has_valid_signatures_by_keys" => {
            texts(reader, table, key, name::valid_key).map(Predicate::HasValidSignaturesByKeys)
        }
        "window" => window::read(reader, node).map(Predicate::Window),
        "unknown" => {
            let before = reader.errors.len();
            let why = reader.text(node)?;
            if let Err(message) = name::valid_line(&why) {
                reader.error(&node.span(), message);
            }
            (reader.errors.len() == before).then_some(Predicate::Unknown(why))
        }
        _ => files(reader, key, node),
    }
}

/// Texts under a key, where all of them are sound.
fn texts<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'_, 't>,
    key: &str,
    valid: impl Fn(&str) -> Result<(), String>,
) -> Option<Vec<String>> {
    let before = reader.errors.len();
    let texts = reader.texts_at(table, key, valid);
    (reader.errors.len() == before && !texts.is_empty()).then_some(texts)
}

/// Globs, or `{ matches = … }` with regular expressions; one is enough.
fn branch<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'_, 't>,
    key: &str,
    node: &Node<'t>,
    wrap: fn(Pattern) -> Predicate,
) -> Option<Predicate> {
    let mut patterns: Vec<Pattern> = if node.get_ref().is_table() {
        let table = reader.table(node, "a branch")?;
        reader.only(&table, &["matches"], &[]);
        let expressions = texts(reader, &table, "matches", name::valid_expression)?;
        expressions.into_iter().map(Pattern::Expression).collect()
    } else {
        texts(reader, table, key, name::valid_glob)?.into_iter().map(Pattern::Glob).collect()
    };
    match (patterns.pop(), patterns.is_empty()) {
        (Some(only), true) => Some(wrap(only)),
        (Some(last), false) => {
            patterns.push(last);
            Some(Predicate::Any(patterns.into_iter().map(wrap).collect()))
        }
        (None, _) => None,
    }
}

fn files<'t>(reader: &mut Reader<'t>, key: &str, node: &Node<'t>) -> Option<Predicate> {
    let (test, ignores) = match key {
        "changed_files" => (FileTest::Changed, true),
        "no_changed_files" => (FileTest::NoneChanged, true),
        "only_changed_files" => (FileTest::OnlyChanged, false),
        "file_added" => (FileTest::Added, false),
        "file_not_added" => (FileTest::NoneAdded, false),
        "file_deleted" | "deleted_files" => (FileTest::Deleted, false),
        "file_not_deleted" => (FileTest::NoneDeleted, false),
        _ => return None,
    };
    let table = reader.table(node, "a condition on files")?;
    reader.only(&table, if ignores { &FILES } else { &["paths", "matches"] }, &[]);
    if table.get("paths").or_else(|| table.get("matches")).is_none() {
        reader.missing(&table, "paths", "name files, like `paths = [\"**/*.yaml\"]`");
        return None;
    }
    named(reader, &table).map(|files| Predicate::Files(test, files))
}

/// How files are named.
const FILES: [&str; 4] = ["paths", "matches", "ignore", "ignore_matches"];

fn named<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) -> Option<Files> {
    let mut at = |key, valid: fn(&str) -> Result<(), String>| match table.get(key) {
        Some(_) => texts(reader, table, key, valid),
        None => Some(Vec::new()),
    };
    Some(Files {
        paths: at("paths", name::valid_path)?,
        matches: at("matches", name::valid_expression)?,
        ignore: at("ignore", name::valid_path)?,
        ignore_matches: at("ignore_matches", name::valid_expression)?,
    })
}

/// `>= 10`.
pub(super) fn comparison<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Comparison> {
    let text = reader.text(node)?;
    let trimmed = text.trim();
    let words = [
        ("<=", Than::AtMost),
        (">=", Than::AtLeast),
        ("<", Than::Less),
        (">", Than::More),
        ("=", Than::Equal),
    ];
    let found =
        words.into_iter().find_map(|(word, than)| trimmed.strip_prefix(word).map(|rest| (than, rest)));
    let digits =
        |rest: &str| rest.trim().parse().ok().filter(|_| rest.trim().bytes().all(|b| b.is_ascii_digit()));
    let comparison = found.and_then(|(than, rest)| Some(Comparison { than, value: digits(rest)? }));
    if comparison.is_none() {
        reader.error_with(
            &node.span(),
            format!("{} is not a comparison", quoted(&text)),
            "write it like `\">= 10\"`, with `<`, `<=`, `=`, `>=` or `>`",
        );
    }
    comparison
}

fn lines<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Predicate> {
    let before = reader.errors.len();
    let table = reader.table(node, "`modified_lines`")?;
    let known: Vec<&str> = ["additions", "deletions", "total"].into_iter().chain(FILES).collect();
    reader.only(&table, &known, &[]);
    let files = named(reader, &table)?;
    let mut at = |key| table.get(key).and_then(|node| comparison(reader, node));
    let lines =
        ModifiedLines { additions: at("additions"), deletions: at("deletions"), total: at("total"), files };
    if lines.additions.or(lines.deletions).or(lines.total).is_none() && reader.errors.len() == before {
        reader.missing(&table, "total", "say how many, like `total = \">= 100\"`");
    }
    (reader.errors.len() == before).then_some(Predicate::ModifiedLines(lines))
}

fn people<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<super::From> {
    let before = reader.errors.len();
    let from = people::read(reader, node, "people of a condition", people::Owners::Meaningless)?;
    (reader.errors.len() == before).then_some(from)
}

fn conclusions<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) -> Option<Vec<String>> {
    let Some(node) = table.get("conclusions") else { return Some(Vec::new()) };
    let before = reader.errors.len();
    let words = CONCLUSIONS.map(|word| (word, word));
    let mut sound = Vec::new();
    for text in reader.texts(node) {
        let word = reader.word(&text.span(), text.get_ref(), "conclusions", &words);
        sound.extend(word.map(str::to_owned));
    }
    (reader.errors.len() == before && !sound.is_empty()).then_some(sound)
}

fn status<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Predicate> {
    let table = reader.table(node, "`has_status`")?;
    reader.only(&table, &["names", "conclusions", "app"], &[]);
    if table.get("names").is_none() {
        reader.missing(&table, "names", "name the statuses, like `names = [\"build\"]`");
        return None;
    }
    let names = texts(reader, &table, "names", name::valid_line)?;
    let conclusions = conclusions(reader, &table)?;
    let app = match table.get("app") {
        Some(node) => Some(reader.text(node)?),
        None => None,
    };
    Some(Predicate::HasStatus(StatusTest { names, conclusions, app }))
}

fn workflows<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Predicate> {
    let table = reader.table(node, "`has_workflow_result`")?;
    reader.only(&table, &["workflows", "conclusions"], &[]);
    if table.get("workflows").is_none() {
        reader.missing(
            &table,
            "workflows",
            "name their files, like `workflows = [\".github/workflows/ci.yml\"]`",
        );
        return None;
    }
    let workflows = texts(reader, &table, "workflows", name::valid_line)?;
    let conclusions = conclusions(reader, &table)?;
    Some(Predicate::HasWorkflowResult(WorkflowTest { workflows, conclusions }))
}

fn text_test<'t>(reader: &mut Reader<'t>, node: &Node<'t>, what: &'static str) -> Option<TextTest> {
    let before = reader.errors.len();
    let table = reader.table(node, what)?;
    reader.only(&table, &["matches", "not_matches"], &[]);
    let test = TextTest {
        matches: reader.texts_at(&table, "matches", name::valid_expression),
        not_matches: reader.texts_at(&table, "not_matches", name::valid_expression),
    };
    (reader.errors.len() == before).then_some(test)
}
