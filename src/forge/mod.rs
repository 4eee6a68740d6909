//! Workshops for the forges: each answers the doors of [`crate::ports`] in the words of one forge's API.
//!
//! Reads are repeated a little when a connection fails; a write never is. Redirects are not followed, since they would
//! carry the credentials elsewhere, and an answer larger than 32 MB is an error. No foreign type leaves.

pub mod gitea;
pub mod github;

mod allow;
mod answer;
mod review_request;
mod route;
mod setup;
mod signature;

pub use gitea::{Gitea, GiteaConfig};
pub use github::{GitHub, GitHubAuth, GitHubConfig};
pub use setup::SetupError;
