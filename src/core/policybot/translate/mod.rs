//! policy-bot's policy as one of Countersign's own: the text of a `.countersign.toml`, and where it departs.
//!
//! Never laxer: what has no form here becomes a condition that nobody can tell, so that whatever asks it waits and says
//! why. Where the two look at different things, so that one may say yes and the other no, that is a departure too.

mod conditions;
mod methods;
mod people;
mod rules;
mod words;

use std::fmt::Write as _;

use super::model::{Disapproval, Policy, Tree};
use conditions::{Condition, Place};
pub use words::ALWAYS;
use words::{comment, text};

/// What a departure comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It could not be carried over. Where the outcome would depend on it, the change waits.
    Missing,
    /// In the case that is named, the two may come to different outcomes.
    Differs,
    /// Countersign asks for more.
    Stricter,
    /// It had no effect in policy-bot.
    Harmless,
}

impl Kind {
    /// How sentences about it begin.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "not carried over",
            Self::Differs => "differs",
            Self::Stricter => "stricter",
            Self::Harmless => "left out",
        }
    }
}

/// One way in which the translation is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// What it comes to.
    pub kind: Kind,
    /// The line in the `.policy.yml`, from 1; zero where it is about all of it.
    pub line: u32,
    /// What it is, in a sentence.
    pub what: String,
}

impl std::fmt::Display for Departure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.word(), self.what)
    }
}

/// A policy, translated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// The text of the `.countersign.toml`.
    pub text: String,
    /// Where it departs, in the order of the text. [`ALWAYS`] holds besides.
    pub departures: Vec<Departure>,
}

/// The rule that waits where none of policy-bot's applies, and that claims whatever changes.
const SOME_RULE: &str = "some rule applies";

/// Translates a policy. `file` is what comments call it.
pub fn translate(policy: &Policy, file: &str) -> Translation {
    let mut writer = Writer { text: String::new(), departures: Vec::new() };
    writer.header(file);
    match policy.approval.as_ref().and_then(prune) {
        Some(tree) => writer.approval(&tree, policy),
        None if policy.approval.is_some() => writer.approval(&Tree::And(Vec::new()), policy),
        None => writer.depart(
            Kind::Stricter,
            0,
            "policy-bot approves everything, since `policy.approval` is empty; here one person with write \
             permission has to agree, by the built-in rule `default`",
        ),
    }
    if let Some(disapproval) = &policy.disapproval {
        writer.disapproval(disapproval);
    }
    Translation { text: writer.text, departures: writer.departures }
}

/// What is written, and what was noted meanwhile.
struct Writer {
    text: String,
    departures: Vec<Departure>,
}

impl Writer {
    fn header(&mut self, file: &str) {
        let said = format!("Translated from policy-bot's {file} by `countersign policy import`.");
        comment(&mut self.text, &said);
        comment(&mut self.text, "Whatever a policy says, Countersign departs from policy-bot in this:");
        for always in ALWAYS {
            comment(&mut self.text, &format!("- {always}"));
        }
        self.text.push_str("\nversion = 1\n\n");
    }

    /// Notes a departure, in a comment too.
    fn depart(&mut self, kind: Kind, line: u32, what: impl Into<String>) {
        let departure = Departure { kind, line, what: what.into() };
        let place = if line == 0 { String::new() } else { format!(" (line {line})") };
        comment(&mut self.text, &format!("{departure}{place}"));
        self.departures.push(departure);
    }

    fn departs(&mut self, departures: Vec<Departure>) {
        for Departure { kind, line, what } in departures {
            self.depart(kind, line, what);
        }
    }

    fn approval(&mut self, tree: &Tree, policy: &Policy) {
        let mut used = Vec::new();
        leaves(tree, &mut used);
        let names = rules::names(&used);
        let mut parts = match tree {
            Tree::And(children) => children.iter().map(|child| written(child, &names)).collect(),
            Tree::Rule(_) | Tree::Or(_) => vec![written(tree, &names)],
        };
        parts.push(text(SOME_RULE));
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "approval = {{ all = [\n    {},\n] }}\n", parts.join(",\n    "));
        for rule in policy.rules.iter().filter(|rule| !used.contains(&rule.name)) {
            let what = format!("`{}` stands nowhere in `policy.approval`", rule.name);
            self.depart(Kind::Harmless, rule.line, what);
        }
        let mut applying = Vec::new();
        for (own, here) in &names {
            let missing = || super::model::Rule { name: own.clone(), ..rules::nobody() };
            let rule = policy.rule(own).cloned().unwrap_or_else(missing);
            if policy.rules.iter().filter(|other| other.name == *own).count() > 1 {
                let what = format!("of several rules `{own}` the last one counts; the others are not here");
                self.depart(Kind::Harmless, rule.line, what);
            }
            applying.push(self.rule(&rule, here, policy));
        }
        self.some_rule(Condition::any(applying));
    }

    /// Where no rule applies, policy-bot answers with an error and Countersign would ask the rule `default`: this waits
    /// instead. It is about all of the change, since policy-bot's rules are.
    fn some_rule(&mut self, applying: Condition) {
        self.text.push('\n');
        comment(
            &mut self.text,
            "policy-bot holds a change to which no rule applies, and each of its rules is about all of a change. \
             Without this rule, what no other rule claims would need one person with write permission.",
        );
        let _ = writeln!(
            self.text,
            "[[rule]]\nname = {}\nrequire = {{ count = 0, conditions = [{}] }}",
            text(SOME_RULE),
            applying.table()
        );
    }

    fn disapproval(&mut self, disapproval: &Disapproval) {
        let mut lines = Vec::new();
        let mut departures = Vec::new();
        self.text.push('\n');
        let mut stops = Vec::new();
        for predicate in &disapproval.predicates {
            stops.push(conditions::condition(predicate, Place::Disapproval, &mut departures));
        }
        if !disapproval.actors.is_empty() {
            methods::disapproval(disapproval, &mut lines, &mut stops, &mut departures);
        }
        if !disapproval.predicates.is_empty() || !stops.is_empty() {
            let stops = Condition::any(stops);
            if stops != Condition::Never {
                lines.push(format!("when = {}", stops.lines()));
            }
        }
        self.departs(departures);
        if !lines.is_empty() {
            let _ = writeln!(self.text, "[disapproval]\n{}", lines.join("\n"));
        }
    }
}

/// A tree without branches that have nothing in them: they are skipped, and count for nothing.
fn prune(tree: &Tree) -> Option<Tree> {
    let all = |children: &[Tree]| -> Vec<Tree> { children.iter().filter_map(prune).collect() };
    match tree {
        Tree::Rule(name) => Some(Tree::Rule(name.clone())),
        Tree::And(children) => Some(all(children)).filter(|all| !all.is_empty()).map(Tree::And),
        Tree::Or(children) => Some(all(children)).filter(|all| !all.is_empty()).map(Tree::Or),
    }
}

fn leaves(tree: &Tree, into: &mut Vec<String>) {
    match tree {
        Tree::Rule(name) if into.contains(name) => {}
        Tree::Rule(name) => into.push(name.clone()),
        Tree::And(children) | Tree::Or(children) => children.iter().for_each(|child| leaves(child, into)),
    }
}

/// A tree with the names that rules have here.
fn written(tree: &Tree, names: &[(String, String)]) -> String {
    let all = |children: &[Tree]| -> String {
        children.iter().map(|child| written(child, names)).collect::<Vec<_>>().join(", ")
    };
    match tree {
        Tree::Rule(name) => {
            let here = names.iter().find(|(own, _)| own == name).map_or(name, |(_, here)| here);
            text(here)
        }
        Tree::And(children) => format!("{{ all = [{}] }}", all(children)),
        Tree::Or(children) => format!("{{ any = [{}] }}", all(children)),
    }
}
