//! Text to policy: every section in turn, all errors at once.

use toml::Spanned;
use toml::de::DeTable;

use super::error::PolicyError;
use super::table::{Entry, Later, Node, Reader, Table};
use super::{
    Commands, How, Merge, Policy, When, check, environment, name, options, people, rule, test_case, waiver,
};

/// The largest policy file, in bytes: it may come from a change request.
const LARGEST: usize = 1 << 20;

const SECTIONS: [&str; 11] = [
    "version",
    "environment",
    "check",
    "waiver",
    "rule",
    "approval",
    "disapproval",
    "commands",
    "mask",
    "merge",
    "policy_test",
];

const TO_COME: [Later; 1] = [Later { key: "extends", instead: "copy what it names into this file" }];

/// Verbs that a policy can open to more people.
const VERBS: [&str; 1] = ["unhold"];

const VERBS_TO_COME: [Later; 9] = [
    Later { key: "override", instead: "remove it; nobody can override yet" },
    Later { key: "lock", instead: "remove it; nothing can be locked yet" },
    Later { key: "unlock", instead: "remove it; nothing can be locked yet" },
    Later { key: "retry", instead: "remove it; everything is tried again by itself" },
    Later { key: "rollback", instead: "remove it; open the revert as a change of its own" },
    Later { key: "ok-to-test", instead: "remove it; it does not exist yet" },
    Later { key: "approve", instead: "remove it; rules say whose approval counts" },
    Later { key: "hold", instead: "remove it; only `unhold` can be opened to more people" },
    Later { key: "merge", instead: "remove it; whoever may write may ask for the merge" },
];

/// Reads a policy, or says everything that is wrong with it. `file` is what errors call it.
///
/// # Errors
///
/// Every mistake found, in the file's order. Where the text is not TOML, only what keeps it from being read.
pub fn parse(text: &str, file: &str) -> Result<Policy, Vec<PolicyError>> {
    let mut reader = Reader::new(text, file);
    let Some(document) = document(&mut reader, text) else { return Err(reader.errors) };
    let policy = read_policy(&mut reader, &Table::new(document.get_ref(), 0..1, "the policy"));
    in_order(reader).map(|warnings| Policy { warnings, ..policy })
}

/// What was said, in the file's order: errors where there are any, else warnings.
pub(super) fn in_order(mut reader: Reader<'_>) -> Result<Vec<PolicyError>, Vec<PolicyError>> {
    let by_place = |error: &PolicyError| (error.line, error.column);
    reader.errors.sort_by_key(by_place);
    reader.warnings.sort_by_key(by_place);
    if reader.errors.is_empty() { Ok(reader.warnings) } else { Err(reader.errors) }
}

/// The file as a table, or what keeps it from being read.
pub(super) fn document<'t>(reader: &mut Reader<'t>, text: &'t str) -> Option<Spanned<DeTable<'t>>> {
    if text.len() > LARGEST {
        reader.error(&(0..1), format!("the policy is larger than {LARGEST} bytes"));
        return None;
    }
    let (document, mistakes) = DeTable::parse_recoverable(text);
    if mistakes.is_empty() {
        return Some(document);
    }
    for mistake in &mistakes {
        let span = mistake.span().unwrap_or(0..1);
        match mistake.message() {
            "duplicate key" => {
                reader.error_with(&span, "this key is there already", "names are unique; remove one of them");
            }
            message => reader.error(&span, message),
        }
    }
    // Recovery stumbles on: what it says after the first mistake of a line is noise.
    reader.errors.sort_by_key(|error| (error.line, error.column));
    reader.errors.dedup_by_key(|error| error.line);
    None
}

fn read_policy<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) -> Policy {
    reader.only(table, &SECTIONS, &TO_COME);
    version(reader, table);
    let environments =
        table.get("environment").map(|node| environment::read(reader, node)).unwrap_or_default();
    let checks =
        table.get("check").map(|node| check::read(reader, node, &environments.names)).unwrap_or_default();
    check::versions(reader, &environments, &checks);
    let rules =
        table.get("rule").map(|node| rule::read(reader, node, &environments.names)).unwrap_or_default();
    let approval = table.get("approval").and_then(|node| rule::read_approval(reader, node, &rules.names));
    let waivers = table.get("waiver").map(|node| {
        let names = waiver::names(table.get("check"));
        let around = waiver::Surroundings { checks: &checks, names, environments: &environments.names };
        waiver::read(reader, node, &around)
    });
    let tests = table.get("policy_test").map(|node| {
        let around = test_case::Surroundings { environments: &environments.names, rules: &rules.names };
        test_case::read(reader, node, &around)
    });
    Policy {
        checks,
        waivers: waivers.unwrap_or_default(),
        tests: tests.unwrap_or_default(),
        rules: rules.sound,
        approval,
        disapproval: table
            .get("disapproval")
            .map(|node| options::read_disapproval(reader, node, &environments.names))
            .unwrap_or_default(),
        commands: table.get("commands").map(|node| commands(reader, node)).unwrap_or_default(),
        environments: environments.sound,
        mask: table.get("mask").map(|node| mask(reader, node)).unwrap_or_default(),
        merge: table.get("merge").map(|node| read_merge(reader, node)).unwrap_or_default(),
        warnings: Vec::new(),
    }
}

pub(super) fn version<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) {
    let Some(node) = table.get("version") else {
        reader.missing(table, "version", "begin the file with `version = 1`");
        return;
    };
    if let Some(version) = reader.integer(node)
        && version != 1
    {
        reader.error_with(
            &node.span(),
            format!("version {version} of the policy file is not known"),
            "this program reads version 1",
        );
    }
}

pub(super) fn commands<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Commands {
    let mut commands = Commands::default();
    let Some(table) = reader.table(node, "`commands`") else { return commands };
    reader.only(&table, &VERBS, &VERBS_TO_COME);
    for Entry { key, value, .. } in table.entries.iter().filter(|entry| VERBS.contains(&entry.key)) {
        if let Some(from) = people::read(reader, value, "who may use a command", people::Owners::Meaningless)
        {
            commands.allow.insert((*key).to_owned(), from);
        }
    }
    commands
}

pub(super) fn mask<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Vec<String> {
    let Some(table) = reader.table(node, "`mask`") else { return Vec::new() };
    reader.only(&table, &["paths"], &[]);
    reader.texts_at(&table, "paths", name::valid_mask)
}

fn read_merge<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Merge {
    let Some(table) = reader.table(node, "`merge`") else { return Merge::default() };
    reader.only(
        &table,
        &["how", "when"],
        &[
            Later { key: "batch", instead: "changes land one by one" },
            Later { key: "freeze", instead: "use `/hold`" },
        ],
    );
    let refused = table.get("how").and_then(|how| match how.get_ref().as_str() {
        Some("squash" | "rebase") => {
            Some((how, "squash and rebase do not keep the commits that were approved"))
        }
        Some("api") => Some((how, "landing through the forge's own merge call is not supported yet")),
        Some(_) | None => None,
    });
    if let Some((how, message)) = refused {
        reader.error_with(&how.span(), message, "leave it out: `land` is the default");
        return Merge::default();
    }
    let how = reader.word_at(&table, "how", &[("land", How::Land)]);
    let when = reader.word_at(&table, "when", &[("command", When::Command), ("approved", When::Approved)]);
    Merge { how: how.unwrap_or_default(), when: when.unwrap_or_default() }
}
