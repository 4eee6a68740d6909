//! policy-bot's `.policy.yml`: what it says, what policy-bot makes of it for a change, and the same as a policy of
//! Countersign's own.
//!
//! [`read`] gives the typed policy or everything that is wrong with it; [`evaluate`] is policy-bot's own outcome for a
//! recorded change. A test asks policy-bot itself and wants the same answer. [`translate`] says the policy as one of our
//! own.

mod ask;
mod candidates;
mod change;
mod evaluate;
mod expression;
mod glob;
mod model;
mod outcome;
mod predicates;
mod read;
mod reader;
mod recorded;
#[cfg(test)]
mod tests;
mod translate;
mod yaml;

pub use change::{
    Body, Change, Comment, Commit, File, FileStatus, Part, Property, Review, ReviewState, Signature,
    SignatureKind,
};
pub use evaluate::evaluate;
pub use expression::Pattern;
pub use model::{
    Actors, Asks, Comparison, Disapproval, Ended, Files, Methods, ModifiedLines, Options, Policy, Predicate,
    RequestReview, Requires, Rule, TextTest, Than, Tree,
};
pub use outcome::{CommitStatus, Dismissed, Outcome, Reason, Status};
pub use read::read;
pub use recorded::{Recorded, recorded};
pub use translate::{ALWAYS, Departure, Kind, Translation, translate};

/// Where the policy lives in a repository.
pub const POLICY_BOT_PATH: &str = ".policy.yml";
