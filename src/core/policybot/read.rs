//! From the text of a `.policy.yml` to what it says.

use super::model::{Actors, Disapproval, Methods, Options, Policy, RequestReview, Requires, Rule, Tree};
use super::predicates;
use super::reader::Reader;
use super::yaml::{self, Node, Value};
use crate::actor::Permission;
use crate::config::{PolicyError, nearest, quoted};

/// How deep `policy.approval` may nest.
const DEEPEST: usize = 10;

/// Reads a `.policy.yml`. `file` is what errors call it.
///
/// Unknown keys, wrong types and undefined rules are errors, as they are to policy-bot, and all of them are told at
/// once. Some things that policy-bot takes are refused, because it takes them for something that nobody means: a glob
/// that cannot be read (it never matches), an entry of a list that is empty, a second document (it is not read).
pub fn read(text: &str, file: &str) -> Result<Policy, Vec<PolicyError>> {
    let mut reader = Reader::new(text, file);
    let policy = match yaml::read(text) {
        Ok(Some(document)) => read_policy(&mut reader, &document),
        Ok(None) => Policy::default(),
        Err(wrong) => {
            reader.error(&wrong.at, wrong.message, None);
            Policy::default()
        }
    };
    reader.errors.sort_by_key(|error| (error.line, error.column));
    if reader.errors.is_empty() { Ok(policy) } else { Err(reader.errors) }
}

fn read_policy(reader: &mut Reader<'_>, document: &Node) -> Policy {
    if let Value::Map(entries) = &document.value {
        let remote =
            entries.iter().find(|(key, _)| matches!(&key.value, Value::Plain(key) if key == "remote"));
        if let Some((key, _)) = remote {
            let hint = "import the file that it names".to_owned();
            reader.error(&key.span, "the policy stands in another repository", Some(hint));
            return Policy::default();
        }
    }
    let entries = reader.entries(document, &["policy", "approval_defaults", "approval_rules"]);
    let mut policy = Policy::default();
    let at = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| entry.value);
    if let Some(node) = at("approval_rules") {
        policy.rules = reader.items(node, "a rule").into_iter().map(|item| read_rule(reader, item)).collect();
    }
    if let Some(node) = at("approval_defaults") {
        for entry in reader.entries(node, &["options"]) {
            policy.defaults = read_options(reader, entry.value);
        }
    }
    if let Some(node) = at("policy") {
        for entry in reader.entries(node, &["approval", "disapproval"]) {
            match entry.key {
                "approval" => policy.approval = read_approval(reader, entry.value, &policy.rules),
                _ => policy.disapproval = read_disapproval(reader, entry.value),
            }
        }
    }
    policy
}

fn read_rule(reader: &mut Reader<'_>, node: &Node) -> Rule {
    let mut rule = Rule { line: reader.line(node), ..Rule::default() };
    for entry in reader.entries(node, &["name", "description", "if", "options", "requires"]) {
        match entry.key {
            "name" => rule.name = reader.text(entry.value).unwrap_or_default(),
            "description" => rule.description = reader.text(entry.value).unwrap_or_default(),
            "if" => rule.predicates = predicates::read(reader, entry.value),
            "options" => rule.options = read_options(reader, entry.value),
            _ => rule.requires = read_requires(reader, entry.value),
        }
    }
    rule
}

fn read_requires(reader: &mut Reader<'_>, node: &Node) -> Requires {
    let mut requires = Requires::default();
    let known: Vec<&str> = ["count", "conditions"].into_iter().chain(ACTORS).collect();
    for entry in reader.entries(node, &known) {
        match entry.key {
            "count" => requires.count = reader.integer(entry.value).unwrap_or_default(),
            "conditions" => requires.conditions = predicates::read(reader, entry.value),
            key => read_actor(reader, key, entry.value, &mut requires.actors),
        }
    }
    requires
}

const ACTORS: [&str; 6] = ["users", "teams", "organizations", "admins", "write_collaborators", "permissions"];

/// A set of people by itself.
pub(super) fn read_actors(reader: &mut Reader<'_>, node: &Node) -> Actors {
    let mut actors = Actors::default();
    for entry in reader.entries(node, &ACTORS) {
        read_actor(reader, entry.key, entry.value, &mut actors);
    }
    actors
}

fn read_actor(reader: &mut Reader<'_>, key: &str, node: &Node, actors: &mut Actors) {
    let mut permission = |permission| {
        if !actors.permissions.contains(&permission) {
            actors.permissions.push(permission);
        }
    };
    match key {
        "users" => actors.users = reader.texts(node),
        "teams" => actors.teams = reader.texts(node),
        "organizations" => actors.organizations = reader.texts(node),
        "admins" if reader.flag(node) == Some(true) => permission(Permission::Admin),
        "write_collaborators" if reader.flag(node) == Some(true) => permission(Permission::Write),
        "permissions" => read_permissions(reader, node).into_iter().for_each(permission),
        _ => {}
    }
}

const PERMISSIONS: [(&str, Permission); 6] = [
    ("none", Permission::None),
    ("read", Permission::Read),
    ("triage", Permission::Triage),
    ("write", Permission::Write),
    ("maintain", Permission::Maintain),
    ("admin", Permission::Admin),
];

fn read_permissions(reader: &mut Reader<'_>, node: &Node) -> Vec<Permission> {
    let mut read = Vec::new();
    for item in reader.items(node, "a permission") {
        let Some(text) = reader.text(item) else { continue };
        let found = PERMISSIONS.iter().find(|(word, _)| *word == text.to_lowercase());
        match found {
            Some((_, permission)) => read.push(*permission),
            None => {
                let near = nearest(&text, PERMISSIONS.iter().map(|(word, _)| *word));
                let hint = near.map_or_else(
                    || "read, triage, write, maintain or admin".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                reader.error(&item.span, format!("{} is not a permission", quoted(&text)), Some(hint));
            }
        }
    }
    read
}

fn read_options(reader: &mut Reader<'_>, node: &Node) -> Options {
    let mut options = Options::default();
    let known = [
        "allow_author",
        "allow_contributor",
        "allow_non_author_contributor",
        "invalidate_on_push",
        "ignore_edited_comments",
        "ignore_update_merges",
        "ignore_commits_by",
        "request_review",
        "methods",
    ];
    for entry in reader.entries(node, &known) {
        let node = entry.value;
        match entry.key {
            "allow_author" => options.allow_author = reader.flag(node),
            "allow_contributor" => options.allow_contributor = reader.flag(node),
            "allow_non_author_contributor" => options.allow_non_author_contributor = reader.flag(node),
            "invalidate_on_push" => options.invalidate_on_push = reader.flag(node),
            "ignore_edited_comments" => options.ignore_edited_comments = reader.flag(node),
            "ignore_update_merges" => options.ignore_update_merges = reader.flag(node),
            "methods" => options.methods = read_methods(reader, node),
            _ if matches!(node.value, Value::Null) => {}
            "ignore_commits_by" => options.ignore_commits_by = Some(read_actors(reader, node)),
            _ => options.request_review = Some(read_request(reader, node)),
        }
    }
    options
}

fn read_request(reader: &mut Reader<'_>, node: &Node) -> RequestReview {
    let mut request = RequestReview::default();
    for entry in reader.entries(node, &["enabled", "mode", "count"]) {
        match entry.key {
            "enabled" => request.enabled = reader.flag(entry.value).unwrap_or_default(),
            "mode" => request.mode = reader.text(entry.value).unwrap_or_default(),
            _ => request.count = reader.integer(entry.value).unwrap_or_default(),
        }
    }
    request
}

fn read_methods(reader: &mut Reader<'_>, node: &Node) -> Methods {
    let mut methods = Methods::default();
    let known =
        ["comments", "comment_patterns", "github_review", "github_review_comment_patterns", "body_patterns"];
    for entry in reader.entries(node, &known) {
        let node = entry.value;
        match entry.key {
            _ if matches!(node.value, Value::Null) => {}
            "comments" => methods.comments = Some(reader.texts(node)),
            "comment_patterns" => methods.comment_patterns = Some(reader.expressions(node)),
            "github_review" => methods.github_review = reader.flag(node),
            "body_patterns" => methods.body_patterns = Some(reader.expressions(node)),
            _ => methods.review_patterns = Some(reader.expressions(node)),
        }
    }
    methods
}

fn read_disapproval(reader: &mut Reader<'_>, node: &Node) -> Option<Disapproval> {
    if matches!(node.value, Value::Null) {
        return None;
    }
    let mut disapproval = Disapproval::default();
    for entry in reader.entries(node, &["if", "options", "requires"]) {
        match entry.key {
            "if" => disapproval.predicates = predicates::read(reader, entry.value),
            "requires" => disapproval.actors = read_actors(reader, entry.value),
            _ => {
                for entry in reader.entries(entry.value, &["methods"]) {
                    for entry in reader.entries(entry.value, &["disapprove", "revoke"]) {
                        let set = !matches!(entry.value.value, Value::Null);
                        let methods = set.then(|| read_methods(reader, entry.value));
                        match entry.key {
                            "disapprove" => disapproval.disapprove = methods,
                            _ => disapproval.revoke = methods,
                        }
                    }
                }
            }
        }
    }
    Some(disapproval)
}

/// A list is the `and` of its entries; an empty one is none.
fn read_approval(reader: &mut Reader<'_>, node: &Node, rules: &[Rule]) -> Option<Tree> {
    let items = match &node.value {
        Value::List(items) => items,
        Value::Null => return None,
        Value::Plain(_) | Value::Quoted(_) | Value::Map(_) => {
            let hint = "put a `- ` before it".to_owned();
            reader.error(&node.span, format!("expected a list, found {}", node.kind()), Some(hint));
            return None;
        }
    };
    let children: Vec<Option<Tree>> = items.iter().map(|item| read_tree(reader, item, rules, 1)).collect();
    let children: Option<Vec<Tree>> = children.into_iter().collect();
    children.filter(|children| !children.is_empty()).map(Tree::And)
}

fn read_tree(reader: &mut Reader<'_>, node: &Node, rules: &[Rule], depth: usize) -> Option<Tree> {
    if depth > DEEPEST {
        reader.error(&node.span, format!("`approval` nests deeper than {DEEPEST}"), None);
        return None;
    }
    match &node.value {
        Value::Quoted(name) => leaf(reader, node, name, rules),
        Value::Plain(name) if yaml::boolean(name).is_none() && yaml::number(name).is_none() => {
            leaf(reader, node, name, rules)
        }
        Value::Map(_) => {
            let entries = reader.entries(node, &["and", "or"]);
            let [entry] = entries.as_slice() else {
                reader.error(&node.span, "one of `and` and `or` belongs here", None);
                return None;
            };
            let Value::List(items) = &entry.value.value else {
                let found = entry.value.kind();
                reader.error(&entry.value.span, format!("expected a list, found {found}"), None);
                return None;
            };
            if items.is_empty() {
                reader.error(&entry.value.span, "this list is empty", None);
                return None;
            }
            let children: Vec<Option<Tree>> =
                items.iter().map(|item| read_tree(reader, item, rules, depth + 1)).collect();
            let children: Vec<Tree> = children.into_iter().collect::<Option<_>>()?;
            Some(if entry.key == "and" { Tree::And(children) } else { Tree::Or(children) })
        }
        Value::Plain(_) | Value::Null | Value::List(_) => {
            let hint = "the name of a rule, `and` or `or`; quote a name that is a number or a word like `on`";
            let message = format!("expected a rule, found {}", node.kind());
            reader.error(&node.span, message, Some(hint.to_owned()));
            None
        }
    }
}

fn leaf(reader: &mut Reader<'_>, node: &Node, name: &str, rules: &[Rule]) -> Option<Tree> {
    if rules.iter().any(|rule| rule.name == name) {
        return Some(Tree::Rule(name.to_owned()));
    }
    let near = nearest(name, rules.iter().map(|rule| rule.name.as_str()));
    let hint = near.map_or_else(
        || "give it one in `approval_rules`".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    reader.error(&node.span, format!("there is no rule {}", quoted(name)), Some(hint));
    None
}
