//! policy-bot's `.policy.yml`: what it says, what policy-bot makes of it for a change, and the same as a policy of
//! Countersign's own.
//!
//! [`read`] gives the typed policy or everything that is wrong with it.

mod expression;
mod glob;
mod model;
mod predicates;
mod read;
mod reader;
#[cfg(test)]
mod tests;
mod yaml;

pub use expression::Pattern;
pub use model::{
    Actors, Asks, Comparison, Disapproval, Ended, Files, Methods, ModifiedLines, Options, Policy, Predicate,
    RequestReview, Requires, Rule, TextTest, Than, Tree,
};
pub use read::read;

/// Where the policy lives in a repository.
pub const POLICY_BOT_PATH: &str = ".policy.yml";
