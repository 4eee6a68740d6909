//! The server's floor: a fragment of a policy that no repository can weaken. Reads it, says where a repository's policy
//! collides with it, and holds back what a policy may not open. Never loosens anything.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{PolicyError, quoted};
use super::table::{Later, Node, Reader, Table};
use super::waiver::rule_of;
use super::{Check, Commands, From, Policy, Rule, check, read, rule};
use crate::actor::Permission;

/// What no repository can weaken.
#[derive(Debug, Clone, PartialEq)]
pub struct Floor {
    /// Checks that always run.
    pub checks: Vec<Check>,
    /// Those of them that a repository may waive.
    pub waivable: BTreeSet<String>,
    /// Rules that must hold beside the repository's own.
    pub rules: Vec<Rule>,
    /// Paths that are secret everywhere.
    pub mask: Vec<String>,
    /// The most that a repository may open; `None` leaves that to it.
    pub commands: Option<Commands>,
    /// What its author should look at.
    pub warnings: Vec<PolicyError>,
}

const SECTIONS: [&str; 5] = ["version", "check", "rule", "commands", "mask"];

const NOT_HERE: &str = "is a repository's own: a floor has checks, rules, mask and commands";

/// What only a repository's policy has.
const REPOSITORYS: [&str; 5] = ["environment", "approval", "merge", "waiver", "policy_test"];

/// Keys of a check that only a floor has.
pub(super) const CHECK_KEYS: [&str; 1] = ["waivable"];

/// Reads a floor, or says everything that is wrong with it. `file` is what errors call it.
///
/// # Errors
///
/// Every mistake found, in the file's order.
pub fn parse_floor(text: &str, file: &str) -> Result<Floor, Vec<PolicyError>> {
    let mut reader = Reader::of_floor(text, file);
    let document = read::document(&mut reader, text);
    let Some(document) = document else { return Err(reader.errors) };
    let table = Table::new(document.get_ref(), 0..1, "the floor");
    let floor = read_floor(&mut reader, &table);
    match read::in_order(reader) {
        Ok(warnings) => Ok(Floor { warnings, ..floor }),
        Err(errors) => Err(errors),
    }
}

fn read_floor<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) -> Floor {
    let elsewhere = REPOSITORYS.map(|key| Later { key, instead: NOT_HERE });
    let misplaced = table.entries.iter().filter(|entry| REPOSITORYS.contains(&entry.key));
    for entry in misplaced {
        let message = format!("{} does not belong in a floor", quoted(entry.key));
        reader.error_with(&entry.key_span, message, format!("it {NOT_HERE}"));
    }
    let known: Vec<&str> = SECTIONS.into_iter().chain(elsewhere.iter().map(|later| later.key)).collect();
    reader.only(table, &known, &[]);
    read::version(reader, table);
    let checks = table.get("check").map(|node| check::read(reader, node, &[])).unwrap_or_default();
    let waivable = table.get("check").map(|node| read_waivable(reader, node)).unwrap_or_default();
    let rules = table.get("rule").map(|node| rule::read(reader, node, &[])).unwrap_or_default();
    let closed = |node: &Node<'_>| node.get_ref().as_table().is_some_and(DeTable::is_empty);
    let commands = table.get("commands").map(|node| match closed(node) {
        true => Commands::default(),
        false => read::commands(reader, node),
    });
    let mask = table.get("mask").map(|node| read::mask(reader, node)).unwrap_or_default();
    Floor { checks, waivable, rules: rules.sound, mask, commands, warnings: Vec::new() }
}

fn read_waivable<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> BTreeSet<String> {
    let mut waivable = BTreeSet::new();
    for entry in node.get_ref().as_array().into_iter().flatten() {
        let Some(keys) = entry.get_ref().as_table() else { continue };
        let table = Table::new(keys, entry.span(), "a check");
        let name = table.get("name").and_then(|name| name.get_ref().as_str());
        if reader.flag_at(&table, "waivable") == Some(true) {
            waivable.extend(name.map(str::to_owned));
        }
    }
    waivable
}

/// Where a repository's policy takes a name of the floor's, opens more than the floor allows, or waives what cannot be
/// waived. `text` is that of a policy that can be read.
pub fn collisions(text: &str, file: &str, floor: &Floor) -> Vec<PolicyError> {
    let mut reader = Reader::new(text, file);
    let Ok(document) = DeTable::parse(text) else { return Vec::new() };
    let table = Table::new(document.get_ref(), 0..1, "the policy");
    for (section, what, names) in [
        ("check", "a check", floor.checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>()),
        ("rule", "a rule", floor.rules.iter().map(|rule| rule.name.as_str()).collect()),
    ] {
        for (name, node) in texts(table.get(section), "name") {
            if names.contains(&name) {
                let message = format!("{} is the name of {what} in the server's floor", quoted(name));
                reader.error_with(&node.span(), message, "give it another name");
            }
        }
    }
    for (waived, node) in texts(table.get("waiver"), "check") {
        let fixed = floor.checks.iter().find(|check| rule_of(waived, &check.name).is_some());
        if let Some(fixed) = fixed.filter(|check| !floor.waivable.contains(&check.name)) {
            let message =
                format!("{} stands in the server's floor and cannot be waived", quoted(&fixed.name));
            reader.error_with(&node.span(), message, "remove the waiver, and repair what it is for");
        }
    }
    wider_commands(&mut reader, &table, floor);
    reader.errors.sort_by_key(|error| (error.line, error.column));
    reader.errors
}

fn texts<'n, 't>(section: Option<&'n Node<'t>>, key: &str) -> Vec<(&'n str, &'n Node<'t>)> {
    let entries = section.and_then(|node| node.get_ref().as_array()).into_iter().flatten();
    let text = |entry: &'n Spanned<DeValue<'t>>| {
        let node = entry.get_ref().as_table()?.get(key)?;
        Some((node.get_ref().as_str()?, node))
    };
    entries.filter_map(text).collect()
}

fn wider_commands<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>, floor: &Floor) {
    let (Some(most), Some(node)) = (&floor.commands, table.get("commands")) else { return };
    let mut quiet = Reader::new("", "");
    let asked = read::commands(&mut quiet, node);
    for (verb, from) in &asked.allow {
        if most.allow.get(verb).is_some_and(|most| nobody(&part(from, most, Side::Beyond))) {
            continue;
        }
        let verb_node = node.get_ref().as_table().and_then(|verbs| verbs.get(verb.as_str()));
        let message = format!("{} is opened to more people than the server's floor allows", quoted(verb));
        let hint = match most.allow.get(verb) {
            Some(_) => "name only people whom the floor names",
            None => "the floor opens it to nobody; remove it",
        };
        reader.error_with(&verb_node.unwrap_or(node).span(), message, hint);
    }
}

/// The side of a cut through a set of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Within,
    Beyond,
}

/// The part of `asked` that `most` has too, or the part that it has not.
fn part(asked: &From, most: &From, side: Side) -> From {
    let within = side == Side::Within;
    let kept = |words: &[String], allowed: &[String]| {
        let allows = |word: &&String| allowed.iter().any(|other| other.eq_ignore_ascii_case(word)) == within;
        words.iter().filter(allows).cloned().collect::<Vec<_>>()
    };
    let least = most.permissions.iter().min().copied();
    let enough = |permission: &&Permission| least.is_some_and(|least| **permission >= least) == within;
    From {
        users: kept(&asked.users, &most.users),
        teams: kept(&asked.teams, &most.teams),
        groups: kept(&asked.groups, &most.groups),
        organizations: kept(&asked.organizations, &most.organizations),
        permissions: asked.permissions.iter().filter(enough).copied().collect(),
        codeowners: asked.codeowners && most.codeowners == within,
        owners: asked.owners && most.owners == within,
    }
}

fn nobody(from: &From) -> bool {
    from.is_empty()
}

impl Floor {
    /// The floor's own checks and rules as a policy, to be judged beside the repository's.
    pub fn policy(&self) -> Policy {
        Policy { checks: self.checks.clone(), rules: self.rules.clone(), ..Policy::builtin() }
    }

    /// A repository's policy with everything masked that the floor masks, and nothing opened or waived that the floor
    /// keeps closed.
    #[must_use]
    pub fn hold(&self, mut policy: Policy) -> Policy {
        policy.mask.extend(self.mask.iter().cloned());
        if let Some(most) = &self.commands {
            let held = |(verb, from): (String, From)| {
                let within = part(&from, most.allow.get(&verb)?, Side::Within);
                (!nobody(&within)).then_some((verb, within))
            };
            policy.commands.allow =
                std::mem::take(&mut policy.commands.allow).into_iter().filter_map(held).collect();
        }
        policy.waivers.retain(|waiver| {
            let fixed = self.checks.iter().find(|check| rule_of(&waiver.check, &check.name).is_some());
            fixed.is_none_or(|check| self.waivable.contains(&check.name))
        });
        policy
    }
}
