//! Whether a rule applies, and what it claims.
use super::Truth;
use crate::config::Rule;
use crate::effect::Effect;
use crate::evaluation::{ChangedPath, Evaluation};
use crate::revision::BranchName;

/// What predicates look at.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// What the change does.
    pub evaluation: &'a Evaluation,
    /// Where it wants to land.
    pub target: &'a BranchName,
}

/// Whether a rule applies to this change. A unit that did not render, or an environment with an undecided error,
/// makes effect predicates unknown unless the known part already settles them.
pub fn applies(_rule: &Rule, _scope: &Scope<'_>) -> Truth {
    todo!()
}

/// Whether a rule that applies claims this effect (so that it is covered once the rule is satisfied): some
/// effect match of its predicate, not under `not`/`none`, matches it; a rule without effect or path predicates claims all.
pub fn claims_effect(
    _rule: &Rule,
    _environment: &str,
    _effect: &Effect,
    _scope: &Scope<'_>,
) -> bool {
    todo!()
}

/// Whether a rule that applies claims this changed path outside all renders.
pub fn claims_path(_rule: &Rule, _path: &ChangedPath, _scope: &Scope<'_>) -> bool {
    todo!()
}
