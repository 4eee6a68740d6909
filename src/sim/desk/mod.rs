//! What tests and the demo set up and do directly: accounts, repositories, commits, change requests, conversations.
//!
//! Repositories are named `owner/name`, people by login. Everything has the consequences that it would have through
//! the API or git: deliveries, dismissals, merges.

mod code;
mod people;
mod seals;
mod talk;

pub use people::AppSpec;
pub use seals::NewSeal;
pub use talk::{NewStatus, ReviewGiven};
