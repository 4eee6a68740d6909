//! Text to policy: every section in turn, all errors at once.

use super::error::PolicyError;
use super::table::{Entry, Later, Node, Reader, Table};
use super::{Commands, How, Merge, Policy, When, check, environment, name, options, people, rule};

/// The largest policy file, in bytes: it may come from a change request.
const LARGEST: usize = 1 << 20;

const SECTIONS: [&str; 9] =
    ["version", "environment", "check", "rule", "approval", "disapproval", "commands", "mask", "merge"];

const TO_COME: [Later; 3] = [
    Later { key: "policy_test", instead: "remove it; tests of a policy come with a later version" },
    Later { key: "waiver", instead: "fix the finding, or make the check a warning" },
    Later { key: "extends", instead: "copy what it names into this file" },
];

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
    if text.len() > LARGEST {
        reader.error(&(0..1), format!("the policy is larger than {LARGEST} bytes"));
        return Err(reader.errors);
    }
    let (document, mistakes) = toml::de::DeTable::parse_recoverable(text);
    if !mistakes.is_empty() {
        for mistake in &mistakes {
            let span = mistake.span().unwrap_or(0..1);
            match mistake.message() {
                "duplicate key" => {
                    reader.error_with(
                        &span,
                        "this key is there already",
                        "names are unique; remove one of them",
                    );
                }
                message => reader.error(&span, message),
            }
        }
        // Recovery stumbles on: what it says after the first mistake of a line is noise.
        reader.errors.sort_by_key(|error| (error.line, error.column));
        reader.errors.dedup_by_key(|error| error.line);
        return Err(reader.errors);
    }
    let policy = read_policy(&mut reader, &Table::new(document.get_ref(), 0..1, "the policy"));
    let by_place = |error: &PolicyError| (error.line, error.column);
    reader.errors.sort_by_key(by_place);
    reader.warnings.sort_by_key(by_place);
    match reader.errors.is_empty() {
        true => Ok(Policy { warnings: reader.warnings, ..policy }),
        false => Err(reader.errors),
    }
}

fn read_policy<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) -> Policy {
    reader.only(table, &SECTIONS, &TO_COME);
    read_version(reader, table);
    let environments =
        table.get("environment").map(|node| environment::read(reader, node)).unwrap_or_default();
    let checks =
        table.get("check").map(|node| check::read(reader, node, &environments.names)).unwrap_or_default();
    let rules =
        table.get("rule").map(|node| rule::read(reader, node, &environments.names)).unwrap_or_default();
    let approval = table.get("approval").and_then(|node| rule::read_approval(reader, node, &rules.names));
    Policy {
        checks,
        rules: rules.sound,
        approval,
        disapproval: table
            .get("disapproval")
            .map(|node| options::read_disapproval(reader, node, &environments.names))
            .unwrap_or_default(),
        commands: table.get("commands").map(|node| read_commands(reader, node)).unwrap_or_default(),
        environments: environments.sound,
        mask: table.get("mask").map(|node| read_mask(reader, node)).unwrap_or_default(),
        merge: table.get("merge").map(|node| read_merge(reader, node)).unwrap_or_default(),
        warnings: Vec::new(),
    }
}

fn read_version<'t>(reader: &mut Reader<'t>, table: &Table<'_, 't>) {
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

fn read_commands<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Commands {
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

fn read_mask<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Vec<String> {
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
