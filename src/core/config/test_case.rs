//! `[[policy_test]]`: cases that a policy is tried on. Reads them; what comes of one is decided elsewhere.

use std::collections::BTreeMap;

use toml::Spanned;

use super::error::quoted;
use super::given::{self, Given};
use super::table::{Node, Reader, Table};
use crate::approval::{DEFAULT_RULE, RequirementState};

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

/// What must come of a case. What is left out may be anything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expect {
    /// `allow`, `hold`, `block`, `undecided`.
    pub verdict: Option<String>,
    /// States of rules.
    pub rules: BTreeMap<String, RequirementState>,
    /// Whom the rules that wait ask, exactly: logins, teams, permissions.
    pub waiting_for: Option<Vec<String>>,
    /// What checks find and nothing waives, exactly: checks by name, or `check/rule` where one of their rules is meant.
    pub findings: Option<Vec<String>>,
    /// Who is asked for a review, exactly: logins and teams.
    pub asked: Option<Vec<String>>,
}

const VERDICTS: [(&str, &str); 4] =
    [("allow", "allow"), ("hold", "hold"), ("block", "block"), ("undecided", "undecided")];

const STATES: [(&str, RequirementState); 4] = [
    ("met", RequirementState::Met),
    ("pending", RequirementState::Pending),
    ("skipped", RequirementState::Skipped),
    ("unknown", RequirementState::Unknown),
];

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
    let given = table.get("given").and_then(|node| given::read(reader, node, around));
    let expect = table.get("expect").and_then(|node| read_expect(reader, node, around));
    let line = reader.line_of(&table.span);
    Some(PolicyTest { name: name?, given: given?, expect: expect?, line })
}

fn read_expect<'t>(reader: &mut Reader<'t>, node: &Node<'t>, around: &Surroundings<'_>) -> Option<Expect> {
    let before = reader.errors.len();
    let table = reader.table(node, "`expect`")?;
    reader.only(&table, &["verdict", "rules", "waiting_for", "findings", "asked"], &[]);
    let verdict = reader.word_at(&table, "verdict", &VERDICTS).map(str::to_owned);
    let rules = table.get("rules").map(|node| expected_rules(reader, node, around)).unwrap_or_default();
    let mut exactly = |key| {
        let node = table.get(key)?;
        let nobody = node.get_ref().as_array().is_some_and(|list| list.is_empty());
        Some(if nobody { Vec::new() } else { reader.texts_at(&table, key, |_| Ok(())) })
    };
    let (waiting_for, findings, asked) = (exactly("waiting_for"), exactly("findings"), exactly("asked"));
    (reader.errors.len() == before).then_some(Expect { verdict, rules, waiting_for, findings, asked })
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
