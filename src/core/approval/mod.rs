//! Who has agreed, to what, and whether it is enough.

mod candidates;
mod count;
mod display;
mod evaluate;
mod owned;
mod person;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use candidates::answerable;
pub(crate) use count::unrecorded_objections;
pub use count::{Counted, Ignored, standing};
pub use evaluate::{Agreement, DEFAULT_RULE, FIRST_POLICY, REPAIRED_POLICY, evaluate, requirements};
pub(crate) use tree::{state as branch_state, waiting};

use serde::{Deserialize, Serialize};

use crate::fact::Approval;

/// Where a requirement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RequirementState {
    /// Enough people agreed.
    Met,
    /// Somebody is missing.
    Pending,
    /// It does not apply.
    Skipped,
    /// It could not be told whether it applies or who counts.
    Unknown,
}

/// One rule and who counts for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Requirement {
    /// The rule's name; the built-in default is `default`.
    pub rule: String,
    /// Where it stands.
    pub state: RequirementState,
    /// How many people.
    pub needed: u32,
    /// Whom it asks for, in words: `acme/sre`, `write permission`.
    pub from: String,
    /// Approvals that count, one per person.
    pub by: Vec<Approval>,
    /// Approvals that do not, each with its reason.
    pub ignored: Vec<Ignored>,
    /// While somebody is missing: who could say yes, by name, as far as the rule names people or sets of people.
    #[serde(default)]
    pub could: Vec<String>,
    /// Why it is unknown or pending, where `needed` does not say it.
    pub note: Option<String>,
    /// What of the change makes it apply, in words: `Deployment shop/web in production and 3 more`.
    #[serde(default)]
    pub about: Option<String>,
}
