//! Reading `if` and `conditions`.

use std::collections::BTreeMap;

use super::expression::Pattern;
use super::model::{Asks, Comparison, Ended, Files, ModifiedLines, Predicate, TextTest, Than};
use super::read::read_actors;
use super::reader::Reader;
use super::yaml::{Node, Value};
use crate::config::quoted;

/// Every predicate, in the order in which policy-bot asks them.
const KEYS: [&str; 27] = [
    "changed_files",
    "no_changed_files",
    "only_changed_files",
    "file_added",
    "file_not_added",
    "file_deleted",
    "file_not_deleted",
    "has_author_in",
    "has_contributor_in",
    "only_has_contributors_in",
    "author_is_only_contributor",
    "targets_branch",
    "from_branch",
    "modified_lines",
    "has_status",
    "has_successful_status",
    "has_workflow_result",
    "has_labels",
    "repository",
    "title",
    "has_valid_signatures",
    "has_valid_signatures_by",
    "has_valid_signatures_by_keys",
    "custom_property_is_not_null",
    "custom_property_is_null",
    "custom_property_matches_any_of",
    "custom_property_matches_none_of",
];

/// The predicates of a mapping, in policy-bot's order. A key without a value is none.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Vec<Predicate> {
    let entries = reader.entries(node, &KEYS);
    let mut read = Vec::new();
    for key in KEYS {
        let Some(entry) = entries.iter().find(|entry| entry.key == key) else { continue };
        if matches!(entry.value.value, Value::Null) {
            continue;
        }
        let line = reader.line(entry.at);
        if let Some(asks) = asks(reader, key, entry.value) {
            read.push(Predicate { key, line, asks });
        }
    }
    read
}

fn asks(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<Asks> {
    Some(match key {
        "changed_files" => Asks::ChangedFiles(files(reader, node, Ignoring::Yes)),
        "no_changed_files" => Asks::NoChangedFiles(files(reader, node, Ignoring::Yes)),
        "only_changed_files" => Asks::OnlyChangedFiles(files(reader, node, Ignoring::No)),
        "file_added" => Asks::FileAdded(files(reader, node, Ignoring::No)),
        "file_not_added" => Asks::FileNotAdded(files(reader, node, Ignoring::No)),
        "file_deleted" => Asks::FileDeleted(files(reader, node, Ignoring::No)),
        "file_not_deleted" => Asks::FileNotDeleted(files(reader, node, Ignoring::No)),
        "has_author_in" => Asks::HasAuthorIn(read_actors(reader, node)),
        "has_contributor_in" => Asks::HasContributorIn(read_actors(reader, node)),
        "only_has_contributors_in" => Asks::OnlyHasContributorsIn(read_actors(reader, node)),
        "author_is_only_contributor" => Asks::AuthorIsOnlyContributor(reader.flag(node)?),
        "targets_branch" => Asks::TargetsBranch(branch(reader, node)),
        "from_branch" => Asks::FromBranch(branch(reader, node)),
        "modified_lines" => Asks::ModifiedLines(lines(reader, node)),
        "has_status" => Asks::HasStatus(ended(reader, node, "statuses")),
        "has_successful_status" => {
            Asks::HasStatus(Ended { names: reader.texts(node), conclusions: Vec::new() })
        }
        "has_workflow_result" => Asks::HasWorkflowResult(ended(reader, node, "workflows")),
        "has_labels" => Asks::HasLabels(reader.texts(node)),
        "repository" => Asks::Repository(text_test(reader, node)),
        "title" => Asks::Title(text_test(reader, node)),
        "has_valid_signatures" => Asks::HasValidSignatures(reader.flag(node)?),
        "has_valid_signatures_by" => Asks::HasValidSignaturesBy(read_actors(reader, node)),
        "has_valid_signatures_by_keys" => {
            let entries = reader.entries(node, &["key_ids"]);
            let keys = entries.first().map(|entry| reader.texts(entry.value));
            Asks::HasValidSignaturesByKeys(keys.unwrap_or_default())
        }
        "custom_property_is_not_null" => Asks::CustomPropertyIsNotNull(reader.texts(node)),
        "custom_property_is_null" => Asks::CustomPropertyIsNull(reader.texts(node)),
        "custom_property_matches_any_of" => Asks::CustomPropertyMatchesAnyOf(properties(reader, node)),
        _ => Asks::CustomPropertyMatchesNoneOf(properties(reader, node)),
    })
}

/// Whether a predicate on files can leave some out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ignoring {
    Yes,
    No,
}

fn files(reader: &mut Reader<'_>, node: &Node, ignoring: Ignoring) -> Files {
    let known: &[&str] = match ignoring {
        Ignoring::Yes => &["paths", "globs", "ignore", "ignore_globs"],
        Ignoring::No => &["paths", "globs"],
    };
    let mut files = Files::default();
    for entry in reader.entries(node, known) {
        match entry.key {
            "paths" => files.paths.extend(reader.expressions(entry.value)),
            "globs" => files.paths.extend(reader.globs(entry.value)),
            "ignore" => files.ignore.extend(reader.expressions(entry.value)),
            _ => files.ignore.extend(reader.globs(entry.value)),
        }
    }
    files
}

fn branch(reader: &mut Reader<'_>, node: &Node) -> Option<Pattern> {
    let entries = reader.entries(node, &["pattern"]);
    let entry = entries.first().filter(|entry| !matches!(entry.value.value, Value::Null))?;
    reader.expression(entry.value)
}

fn lines(reader: &mut Reader<'_>, node: &Node) -> ModifiedLines {
    let mut lines = ModifiedLines::default();
    for entry in reader.entries(node, &["additions", "deletions", "total", "files"]) {
        let node = entry.value;
        match entry.key {
            "additions" => lines.additions = comparison(reader, node),
            "deletions" => lines.deletions = comparison(reader, node),
            "total" => lines.total = comparison(reader, node),
            _ => {
                let known = ["include", "include_globs", "exclude", "exclude_globs"];
                for entry in reader.entries(node, &known) {
                    match entry.key {
                        "include" => lines.include.extend(reader.expressions(entry.value)),
                        "include_globs" => lines.include.extend(reader.globs(entry.value)),
                        "exclude" => lines.exclude.extend(reader.expressions(entry.value)),
                        _ => lines.exclude.extend(reader.globs(entry.value)),
                    }
                }
            }
        }
    }
    lines
}

/// `> 10`; an empty text is none.
fn comparison(reader: &mut Reader<'_>, node: &Node) -> Option<Comparison> {
    let text = reader.text(node)?;
    let trimmed = text.trim();
    let mut rest = trimmed.chars();
    let than = match rest.next()? {
        '<' => Some(Than::Less),
        '>' => Some(Than::More),
        '=' => Some(Than::Equal),
        _ => None,
    };
    let digits = rest.as_str().trim_start_matches([' ', '\t']);
    let read = than.and_then(|than| Some(Comparison { than, value: digits.parse().ok()? }));
    if read.is_none() {
        let hint = "write it like `> 10`, with `<`, `=` or `>`".to_owned();
        reader.error(&node.span, format!("{} is not a comparison", quoted(&text)), Some(hint));
    }
    read
}

fn ended(reader: &mut Reader<'_>, node: &Node, names: &'static str) -> Ended {
    let mut ended = Ended::default();
    for entry in reader.entries(node, &[names, "conclusions"]) {
        match entry.key {
            "conclusions" => ended.conclusions = reader.texts(entry.value),
            _ => ended.names = reader.texts(entry.value),
        }
    }
    ended
}

fn text_test(reader: &mut Reader<'_>, node: &Node) -> TextTest {
    let mut test = TextTest::default();
    for entry in reader.entries(node, &["matches", "not_matches"]) {
        match entry.key {
            "matches" => test.matches = reader.expressions(entry.value),
            _ => test.not_matches = reader.expressions(entry.value),
        }
    }
    test
}

fn properties(reader: &mut Reader<'_>, node: &Node) -> BTreeMap<String, Vec<Pattern>> {
    let entries = reader.keys(node);
    entries.iter().map(|entry| (entry.key.to_owned(), reader.expressions(entry.value))).collect()
}
