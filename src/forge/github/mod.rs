//! GitHub, github.com and Enterprise: octocrab carries the requests and signs in, what we read are our own small types.
//!
//! Never repeats a write, never follows a link with credentials to another host, never uses octocrab's own models.

mod auth;
mod call;
mod check_run;
mod details;
mod edits;
mod error;
mod graphql;
mod protection;
mod read;
mod signers;
mod status;
mod webhook;
mod wire;
mod write;

use std::sync::Arc;

use countersign_core::actor::Actor;
use countersign_core::change::{ChangeId, RepoPath};
use tokio::sync::OnceCell;
use url::Url;

use self::auth::Access;
use super::SetupError;
use super::allow::AllowList;
use super::answer::{self, Ask};
use super::route::Segment;
use super::signature::WebhookKey;
use crate::ports::{Forge, ForgeError, Secret};

/// How the bot signs in.
#[derive(Debug, Clone)]
pub enum GitHubAuth {
    /// As a GitHub App, by its private key.
    App {
        /// The app's id.
        id: u64,
        /// Its private key, PEM.
        pem: Secret,
    },
    /// As a user, by a classic or fine-grained token.
    Token(Secret),
}

/// A GitHub in the settings.
#[derive(Debug, Clone)]
pub struct GitHubConfig {
    /// The forge's name in the settings.
    pub name: String,
    /// The base of its REST API: `https://api.github.com`, on Enterprise `https://host/api/v3`.
    pub url: String,
    /// How to sign in.
    pub auth: GitHubAuth,
    /// What deliveries are signed with.
    pub webhook_secret: Secret,
    /// Patterns of what may be touched, such as `acme/*`.
    pub repositories: Vec<String>,
}

/// A configured GitHub.
pub struct GitHub {
    name: String,
    base: Url,
    access: Access,
    webhook: WebhookKey,
    allowed: AllowList,
    me: OnceCell<Actor>,
}

impl GitHub {
    /// Checks the settings; asks nothing over the network. Has to be called in a tokio runtime, which carries the client.
    #[expect(clippy::new_ret_no_self, reason = "nobody needs more of it than the door")]
    pub fn new(config: GitHubConfig) -> Result<Arc<dyn Forge>, SetupError> {
        let GitHubConfig { name, url, auth, webhook_secret, repositories } = config;
        if webhook_secret.expose().trim().is_empty() {
            return Err(SetupError::Empty { name, what: "the webhook secret" });
        }
        if let Err(source) = tokio::runtime::Handle::try_current() {
            return Err(SetupError::Client { name, source: source.into() });
        }
        let base = answer::base(&name, &url)?;
        let http = answer::client(&name, &base)?;
        Ok(Arc::new(Self {
            access: Access::new(&name, &base, http, auth)?,
            webhook: WebhookKey::new(&webhook_secret),
            allowed: AllowList::parse(&name, &repositories)?,
            me: OnceCell::new(),
            base,
            name,
        }))
    }

    fn permit(&self, ask: Ask, repo: &RepoPath) -> Result<(), ForgeError> {
        if self.allowed.allows(repo) {
            return Ok(());
        }
        Err(ask.refused(format!(
            "`{repo}` is not among the repositories of forge `{}` in the settings",
            self.name
        )))
    }

    /// The repository of a change request, once it is certain that it is ours to touch.
    fn repo_of<'a>(&self, ask: Ask, id: &'a ChangeId) -> Result<&'a RepoPath, ForgeError> {
        if id.repo.forge != self.name {
            return Err(ask.refused(format!("{id} is not on forge `{}`", self.name)));
        }
        self.permit(ask, &id.repo.path)?;
        Ok(&id.repo.path)
    }
}

impl Forge for GitHub {
    fn name(&self) -> &str {
        &self.name
    }

    fn comment_budget(&self) -> usize {
        60_000
    }

    fn allows(&self, repo: &RepoPath) -> bool {
        self.allowed.allows(repo)
    }
}

/// `/repos/owner/name`
fn repo_route(repo: &RepoPath) -> String {
    format!("/repos/{}/{}", Segment(repo.owner()), Segment(repo.name()))
}

#[cfg(test)]
mod tests;
