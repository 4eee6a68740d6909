//! Gitea and Forgejo, through their own API under `/api/v1`.
//!
//! Never repeats a write, never follows a redirect. Gitea does not say which accounts are machines: all but the bot's own
//! count as people.

mod call;
mod details;
mod protection;
mod read;
mod webhook;
mod wire;
mod write;

use std::sync::Arc;

use countersign_core::actor::Actor;
use countersign_core::change::{ChangeId, RepoPath};
use tokio::sync::OnceCell;
use url::Url;

use self::call::Api;
use super::SetupError;
use super::allow::AllowList;
use super::answer::{self, Ask};
use super::route::Segment;
use super::signature::WebhookKey;
use crate::ports::{Forge, ForgeError, Secret};

/// A Gitea in the settings.
#[derive(Debug, Clone)]
pub struct GiteaConfig {
    /// The forge's name in the settings.
    pub name: String,
    /// Where its pages are: `https://git.example.org`; `/api/v1` is added.
    pub url: String,
    /// The bot's access token.
    pub token: Secret,
    /// What deliveries are signed with.
    pub webhook_secret: Secret,
    /// Patterns of what may be touched, such as `acme/*`.
    pub repositories: Vec<String>,
}

/// A configured Gitea.
pub struct Gitea {
    name: String,
    base: Url,
    api: Api,
    token: Secret,
    webhook: WebhookKey,
    allowed: AllowList,
    me: OnceCell<Actor>,
}

impl Gitea {
    /// Checks the settings; asks nothing over the network.
    #[expect(clippy::new_ret_no_self, reason = "nobody needs more of it than the door")]
    pub fn new(config: GiteaConfig) -> Result<Arc<dyn Forge>, SetupError> {
        let GiteaConfig { name, url, token, webhook_secret, repositories } = config;
        if webhook_secret.expose().trim().is_empty() {
            return Err(SetupError::Empty { name, what: "the webhook secret" });
        }
        let mut base = answer::base(&name, &url)?;
        // Somebody may have given the API's own address.
        if let Some(pages) = base.path().strip_suffix("/api/v1").map(str::to_owned) {
            base.set_path(&pages);
        }
        Ok(Arc::new(Self {
            api: Api::new(&name, &base, &token)?,
            webhook: WebhookKey::new(&webhook_secret),
            allowed: AllowList::parse(&name, &repositories)?,
            me: OnceCell::new(),
            base,
            token,
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

impl Forge for Gitea {
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

/// `/repos/owner/name/pulls/7`
fn pull_route(id: &ChangeId) -> String {
    format!("{}/pulls/{}", repo_route(&id.repo.path), id.number)
}

#[cfg(test)]
mod tests;
