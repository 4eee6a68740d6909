//! `[[rule]]` and `approval`: who must agree, and how rules combine.

use toml::Spanned;

use super::error::quoted;
use super::name;
use super::never;
use super::people;
use super::predicate;
use super::table::{Node, Reader, Table};
use super::{Methods, Require, Rule, RuleOptions, Tree, options};
use crate::approval::{DEFAULT_RULE, FIRST_POLICY, REPAIRED_POLICY};

/// How deep `approval` may nest.
const DEEPEST: usize = 10;

/// How many rules or checks a policy may have: it may come from a change request, and each costs.
const MOST_ENTRIES: usize = 200;

/// The largest number of people that a rule may ask for.
const MOST_PEOPLE: i64 = 100;

/// What the file says about rules.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Those that are sound, in the file's order.
    pub(super) sound: Vec<Rule>,
    /// All names with their places, sound or not.
    pub(super) names: Vec<Spanned<String>>,
}

pub(super) fn read<'t>(reader: &mut Reader<'t>, node: &Node<'t>, environments: &[String]) -> Rules {
    let mut all = Rules::default();
    for table in reader.tables(node, "a rule") {
        reader.only(&table, &["name", "when", "require", "options", "methods"], &[]);
        let name = reader.title(&table, &mut all.names);
        if let (Some(name), Some(node)) = (&name, table.get("name"))
            && [DEFAULT_RULE, FIRST_POLICY, REPAIRED_POLICY].contains(&name.as_str())
        {
            reader.error(&node.span(), format!("{} is the name of a built-in rule", quoted(name)));
        }
        let when = match table.get("when") {
            Some(node) => predicate::read(reader, node, environments).map(Some),
            None => Some(None),
        };
        let require = match table.get("require") {
            Some(node) => read_require(reader, node, environments, table.get("when").is_some()),
            None => {
                reader.missing(&table, "require", "say how many, like `require = { count = 1 }`");
                None
            }
        };
        let options = table
            .get("options")
            .map_or_else(|| Some(RuleOptions::default()), |node| options::read(reader, node));
        if let (Some(node), Some(options), Some(require)) = (table.get("options"), &options, &require) {
            options::check_request(reader, node, options, require);
        }
        let methods = table
            .get("methods")
            .map_or_else(|| Some(Methods::default()), |node| options::read_methods(reader, node));
        if let (Some(name), Some(when), Some(require), Some(options), Some(methods)) =
            (name, when, require, options, methods)
        {
            never(reader, &table, when.as_ref(), &require, &options);
            all.sound.push(Rule { name, when, require, options, methods });
        }
    }
    all
}

/// Says of a rule that nobody can meet, or that is for nothing.
fn never<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'_, 't>,
    when: Option<&super::Predicate>,
    require: &Require,
    options: &super::RuleOptions,
) {
    let span = |node: Option<&Node<'t>>| node.map_or_else(|| table.span.clone(), Spanned::span);
    if let Some(why) = never::unmeetable(require, when, options) {
        let count = table.get("require").and_then(|require| require.get_ref().get("count"));
        reader.warning(&span(count), why, "name more people, or ask for fewer");
    }
    let Some(when) = when.filter(|when| never::impossible(when)) else { return };
    let (asked, hint) = if never::below_zero(when) {
        ("a number below 0", "no number is below 0: compare with a greater one")
    } else {
        ("what contradicts itself", "write what may be one or the other in `any`")
    };
    let message = format!(
        "`when` asks for {asked}, so it is never true: the rule asks nobody, and only holds changes of which \
         that is not known"
    );
    reader.warning(&span(table.get("when")), message, hint);
}

fn read_require<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    environments: &[String],
    limited: bool,
) -> Option<Require> {
    let table = reader.table(node, "`require`")?;
    reader.only(&table, &["count", "from", "conditions"], &[]);
    let conditions = match table.get("conditions") {
        Some(node) => predicate::branch(reader, node, environments, 0)?,
        None => Vec::new(),
    };
    let count = match table.get("count") {
        Some(node) => {
            let count = reader.integer(node)?;
            if !(0..=MOST_PEOPLE).contains(&count) {
                reader.error(&node.span(), format!("`count` is {count}; it is from 0 to {MOST_PEOPLE}"));
                return None;
            }
            if count == 0 && conditions.is_empty() && !limited {
                reader.error_with(
                    &node.span(),
                    "`count` is 0, and nothing else is asked: everything would be agreed to",
                    "ask for somebody, or say what it is about with `when` or `conditions`",
                );
                return None;
            }
            u32::try_from(count).ok()?
        }
        None => {
            reader.missing(&table, "count", "say how many people, like `count = 1`");
            return None;
        }
    };
    let from = match table.get("from") {
        Some(node) => people::read(reader, node, "`from`", people::Owners::Meant)?,
        None => super::From::default(),
    };
    Some(Require { count, from, conditions })
}

impl<'t> Reader<'t> {
    /// The tables of `[[key]]`.
    pub(super) fn tables<'n>(&mut self, node: &'n Node<'t>, what: &'static str) -> Vec<Table<'n, 't>> {
        let Some(list) = node.get_ref().as_array() else {
            self.error_with(
                &node.span(),
                format!("expected a list with {what} in each entry"),
                "write `[[…]]`",
            );
            return Vec::new();
        };
        if list.len() > MOST_ENTRIES {
            let message = format!("{} entries, each {what}; at most {MOST_ENTRIES} are read", list.len());
            self.error(&node.span(), message);
            return Vec::new();
        }
        list.iter().filter_map(|item| self.table(item, what)).collect()
    }

    /// The name of a table, which no earlier one of its kind has.
    pub(super) fn title(
        &mut self,
        table: &Table<'_, 't>,
        taken: &mut Vec<Spanned<String>>,
    ) -> Option<String> {
        let Some(node) = table.get("name") else {
            self.missing(table, "name", "people refer to it by its name");
            return None;
        };
        let name = self.text(node)?;
        if let Err(message) = name::valid_title(&name) {
            self.error(&node.span(), message);
            return None;
        }
        if let Some(first) = taken.iter().find(|other| *other.get_ref() == name) {
            let line = self.line_of(&first.span());
            self.error(
                &node.span(),
                format!("{} is the name of {} on line {line}", quoted(&name), table.what),
            );
            return None;
        }
        taken.push(Spanned::new(node.span(), name.clone()));
        Some(name)
    }
}

/// `approval`: a name, a list (all of it), `{ all = […] }` or `{ any = […] }`.
pub(super) fn read_approval<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    rules: &[Spanned<String>],
) -> Option<Tree> {
    let tree = read_tree(reader, node, rules, 0);
    let mut used = Vec::new();
    if let Some(tree) = &tree {
        names(tree, &mut used);
        for rule in rules.iter().filter(|rule| !used.contains(&rule.get_ref().as_str())) {
            reader.warning(
                &rule.span(),
                format!(
                    "rule {} is not used by `approval`, so nobody has to meet it",
                    quoted(rule.get_ref())
                ),
                "add it there, or remove it",
            );
        }
    }
    tree
}

fn names<'a>(tree: &'a Tree, into: &mut Vec<&'a str>) {
    match tree {
        Tree::Rule(name) => into.push(name),
        Tree::All(children) | Tree::Any(children) => children.iter().for_each(|child| names(child, into)),
    }
}

fn read_tree<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    rules: &[Spanned<String>],
    depth: usize,
) -> Option<Tree> {
    if depth > DEEPEST {
        reader.error(&node.span(), format!("`approval` nests deeper than {DEEPEST}"));
        return None;
    }
    let value = node.get_ref();
    if value.is_str() {
        let name = reader.text(node)?;
        if rules.iter().any(|rule| *rule.get_ref() == name) {
            return Some(Tree::Rule(name));
        }
        let known: Vec<&str> = rules.iter().map(|rule| rule.get_ref().as_str()).collect();
        reader.unknown(&node.span(), format!("there is no rule {}", quoted(&name)), &name, &known);
        return None;
    }
    if value.is_array() {
        return read_branch(reader, node, rules, depth).map(Tree::All);
    }
    if !value.is_table() {
        reader.wrong_type(node, "the name of a rule, a list, or `{ all = […] }` or `{ any = […] }`");
        return None;
    }
    let table = reader.table(node, "`approval`")?;
    reader.only(&table, &["all", "any"], &[]);
    if table.entries.len() > 1 {
        reader.error(&table.span, "`approval` has one of `all` and `any` at each level");
        return None;
    }
    match (table.get("all"), table.get("any")) {
        (Some(node), _) => read_branch(reader, node, rules, depth).map(Tree::All),
        (None, Some(node)) => read_branch(reader, node, rules, depth).map(Tree::Any),
        (None, None) => None,
    }
}

fn read_branch<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    rules: &[Spanned<String>],
    depth: usize,
) -> Option<Vec<Tree>> {
    let Some(list) = node.get_ref().as_array() else {
        reader.wrong_type(node, "a list");
        return None;
    };
    if list.is_empty() {
        reader.error_with(&node.span(), "this list is empty", "name the rules that must hold");
        return None;
    }
    let children: Vec<Option<Tree>> =
        list.iter().map(|item| read_tree(reader, item, rules, depth + 1)).collect();
    children.into_iter().collect()
}
