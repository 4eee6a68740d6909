//! How the states of rules combine. Knows nothing of people.

use std::collections::BTreeSet;

use super::{Requirement, RequirementState};
use crate::config::{Policy, Tree};

/// What became of a branch of `approval`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branch<'a> {
    pub(super) state: RequirementState,
    /// Whether something that could not be told leaves it open.
    pub(super) unknown: bool,
    /// Rules whose claims cover: those that are met, in branches that are met. While the branch is not met, those that
    /// would be: nothing lands meanwhile, and what they claim is not to be asked of anybody else.
    pub(super) covering: BTreeSet<&'a str>,
}

/// Whether a tree names a rule.
pub(super) fn uses(tree: &Tree, rule: &str) -> bool {
    match tree {
        Tree::Rule(name) => name == rule,
        Tree::All(children) | Tree::Any(children) => children.iter().any(|child| uses(child, rule)),
    }
}

/// Combines the rules as the policy says; without an `approval` tree, all that apply must hold.
pub(super) fn combine<'a>(policy: &'a Policy, requirements: &[Requirement]) -> Branch<'a> {
    match &policy.approval {
        Some(tree) => branch(tree, requirements),
        None => all(policy.rules.iter().map(|rule| leaf(&rule.name, requirements))),
    }
}

/// The rules that wait for people, in branches that do: those on whom it depends.
pub(crate) fn waiting<'a>(policy: &'a Policy, requirements: &[Requirement]) -> BTreeSet<&'a str> {
    let leaves = |name: &str| leaf(name, requirements).state == RequirementState::Pending;
    match &policy.approval {
        Some(tree) => {
            let mut names = BTreeSet::new();
            pending(tree, requirements, &mut names);
            names
        }
        None => policy.rules.iter().map(|rule| rule.name.as_str()).filter(|name| leaves(name)).collect(),
    }
}

fn pending<'a>(tree: &'a Tree, requirements: &[Requirement], into: &mut BTreeSet<&'a str>) {
    if state(tree, requirements) != RequirementState::Pending {
        return;
    }
    match tree {
        Tree::Rule(name) => drop(into.insert(name)),
        Tree::All(children) | Tree::Any(children) => {
            children.iter().for_each(|child| pending(child, requirements, into));
        }
    }
}

/// What becomes of a part of the tree.
pub(crate) fn state(tree: &Tree, requirements: &[Requirement]) -> RequirementState {
    branch(tree, requirements).state
}

fn branch<'a>(tree: &'a Tree, requirements: &[Requirement]) -> Branch<'a> {
    match tree {
        Tree::Rule(name) => leaf(name, requirements),
        Tree::All(children) => all(children.iter().map(|child| branch(child, requirements))),
        Tree::Any(children) => any(children.iter().map(|child| branch(child, requirements)).collect()),
    }
}

fn leaf<'a>(name: &'a str, requirements: &[Requirement]) -> Branch<'a> {
    let found = requirements.iter().find(|requirement| requirement.rule == name);
    // A name without a rule cannot come from a file; it must not let anything pass.
    let state = found.map_or(RequirementState::Unknown, |requirement| requirement.state);
    let (unknown, covers) = match state {
        RequirementState::Met | RequirementState::Pending => (false, true),
        RequirementState::Skipped => (false, false),
        RequirementState::Unknown => (true, true),
    };
    Branch { state, unknown, covering: covers.then_some(name).into_iter().collect() }
}

fn all<'a>(children: impl Iterator<Item = Branch<'a>>) -> Branch<'a> {
    children.fold(
        Branch { state: RequirementState::Skipped, unknown: false, covering: BTreeSet::new() },
        |mut sum, child| {
            sum.state = both(sum.state, child.state);
            sum.unknown |= child.unknown;
            sum.covering.extend(child.covering);
            sum
        },
    )
}

/// One that is met settles it: its siblings neither hold it up nor cover anything, unless they are met too.
fn any(children: Vec<Branch<'_>>) -> Branch<'_> {
    let met = children.iter().any(|child| child.state == RequirementState::Met);
    let counted = children.into_iter().filter(|child| !met || child.state == RequirementState::Met);
    counted.fold(
        Branch { state: RequirementState::Skipped, unknown: false, covering: BTreeSet::new() },
        |mut sum, child| {
            sum.state = either(sum.state, child.state);
            sum.unknown |= child.unknown;
            sum.covering.extend(child.covering);
            sum
        },
    )
}

fn both(a: RequirementState, b: RequirementState) -> RequirementState {
    use RequirementState::{Met, Pending, Skipped, Unknown};
    match (a, b) {
        (Pending, _) | (_, Pending) => Pending,
        (Unknown, _) | (_, Unknown) => Unknown,
        (Met, _) | (_, Met) => Met,
        (Skipped, Skipped) => Skipped,
    }
}

fn either(a: RequirementState, b: RequirementState) -> RequirementState {
    use RequirementState::{Met, Pending, Skipped, Unknown};
    match (a, b) {
        (Met, _) | (_, Met) => Met,
        (Unknown, _) | (_, Unknown) => Unknown,
        (Pending, _) | (_, Pending) => Pending,
        (Skipped, Skipped) => Skipped,
    }
}
