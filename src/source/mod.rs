//! Git, through the `git` program: mirrors of what forges hold, merges, trees, landings.
//!
//! No call reads the machine's or a user's git configuration, runs a hook, a filter or a credential helper, uses a
//! transport other than HTTP, or lets a name of the repository reach the place of an option. Credentials travel in the
//! environment of the one process that needs them: never in an argument, a URL, a file or an error. A user's own
//! repository is only ever read.

mod batch;
mod commits;
mod export;
mod git;
mod history;
mod local;
mod mirror;
mod mirrors;
mod remote;
mod trees;

pub use git::{GitFailure, GitLimits};
pub use local::History;
pub use mirror::Mirror;
pub use mirrors::Mirrors;
