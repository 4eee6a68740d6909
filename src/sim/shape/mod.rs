//! What the forge's API says about each thing, as JSON with every field that its description promises.

mod checks;
mod commit;
mod conversation;
mod people;
mod protection;
mod pull;
mod repository;
mod seal;

use serde_json::{Value, json};

use crate::state::State;

pub(crate) use commit::Comparison;
pub(crate) use conversation::is_reaction;
pub(crate) use people::{permissions, with};
pub(crate) use protection::Detail;
pub(crate) use pull::Mergeable;

/// Writes JSON about what a stand-in remembers.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'a> {
    pub(crate) base: &'a str,
    pub(crate) state: &'a State,
}

impl Shape<'_> {
    /// The API's address of a repository.
    pub(crate) fn repo_url(&self, repo: u64) -> String {
        format!("{}/repos/{}", self.base, self.state.full_name(repo))
    }

    /// The address of a repository for people.
    pub(crate) fn page(&self, repo: u64) -> String {
        format!("{}/{}", self.base, self.state.full_name(repo))
    }
}

/// The opaque id that everything has beside its number.
pub(crate) fn node(kind: &str, id: u64) -> Value {
    json!(format!("{kind}_{id:08x}"))
}
