//! Signing in: as an app with one client per installation, or with a token. Tokens live here and in no message.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::change::RepoPath;
use octocrab::Octocrab;
use octocrab::models::{AppId, InstallationId};
use octocrab::secrecy::ExposeSecret;
use serde::Deserialize;
use url::Url;

use super::call::Api;
use super::{GitHubAuth, error, repo_route};
use crate::forge::SetupError;
use crate::forge::answer::Ask;
use crate::forge::route::Segment;
use crate::ports::{ForgeError, Secret};

/// A token is used for at least this long: a fetch of a large repository takes its time.
const MARGIN: chrono::Duration = chrono::Duration::minutes(10);

/// How the bot is known to this GitHub.
pub(super) enum Access {
    App(Box<App>),
    Token { api: Api, token: Secret },
}

pub(super) struct App {
    pub(super) id: u64,
    pub(super) api: Api,
    crab: Octocrab,
    known: Mutex<Known>,
}

/// One client per installation: each keeps its own token, and a second one would mint a second token.
#[derive(Default)]
struct Known {
    installations: BTreeMap<u64, Arc<Installation>>,
    accounts: BTreeMap<String, u64>,
}

/// The app where somebody installed it.
pub(super) struct Installation {
    api: Api,
    /// Held while a token is minted, so that ten calls at once mint one.
    minting: tokio::sync::Mutex<()>,
}

#[derive(Deserialize)]
struct WireInstallation {
    id: u64,
}

impl Access {
    pub(super) fn new(
        name: &str,
        base: &Url,
        http: reqwest::Client,
        auth: GitHubAuth,
    ) -> Result<Self, SetupError> {
        let client =
            |source: octocrab::Error| SetupError::Client { name: name.to_owned(), source: Box::new(source) };
        let builder = Octocrab::builder()
            .base_uri(base.as_str())
            .and_then(|builder| builder.upload_uri(base.as_str()))
            .map_err(client)?;
        match auth {
            GitHubAuth::App { id, pem } => {
                let builder =
                    builder.app_from_rsa_pem(AppId(id), pem.expose().as_bytes()).map_err(|source| {
                        SetupError::Credential {
                            name: name.to_owned(),
                            what: "the app's private key",
                            advice: "give the PEM file that GitHub generated for the app, unchanged",
                            source: Box::new(source),
                        }
                    })?;
                let crab = builder.build_with_reqwest(http).map_err(client)?;
                let api = Api(Arc::new(crab.clone()));
                Ok(Self::App(Box::new(App { id, api, crab, known: Mutex::default() })))
            }
            GitHubAuth::Token(token) => {
                let fits = |c: char| c.is_ascii_graphic();
                if token.expose().is_empty() || !token.expose().chars().all(fits) {
                    return Err(SetupError::Credential {
                        name: name.to_owned(),
                        what: "the token",
                        advice: "give it alone, without blanks and line breaks",
                        source: "it is empty or has characters that no token has".into(),
                    });
                }
                let crab = builder.personal_token(token.expose()).build_with_reqwest(http).map_err(client)?;
                Ok(Self::Token { api: Api(Arc::new(crab)), token })
            }
        }
    }

    /// A client for one repository, with a token that is already minted.
    pub(super) async fn repo(&self, repo: &RepoPath) -> Result<Api, ForgeError> {
        match self {
            Self::Token { api, .. } => Ok(api.clone()),
            Self::App(app) => app.signed_in(repo.as_str(), &repo_route(repo)).await,
        }
    }

    /// A client for what belongs to an organisation.
    pub(super) async fn organization(&self, name: &str) -> Result<Api, ForgeError> {
        match self {
            Self::Token { api, .. } => Ok(api.clone()),
            Self::App(app) => app.signed_in(name, &format!("/orgs/{}", Segment(name))).await,
        }
    }

    /// What git signs in with.
    pub(super) async fn git_token(&self, repo: &RepoPath) -> Result<Secret, ForgeError> {
        match self {
            Self::Token { token, .. } => Ok(token.clone()),
            Self::App(app) => app.at(repo.as_str(), &repo_route(repo)).await?.token().await,
        }
    }
}

impl App {
    /// The installation that covers an account or a repository.
    async fn at(&self, account: &str, route: &str) -> Result<Arc<Installation>, ForgeError> {
        let account = account.to_ascii_lowercase();
        if let Some(found) = self.remembered(&account) {
            return Ok(found);
        }
        let ask = Ask::Read("finding the app's installation");
        let found: WireInstallation = match self.api.get(ask, &format!("{route}/installation")).await {
            Err(ForgeError::NotFound { .. }) => {
                return Err(ask.refused(format!("the app is not installed on `{account}`: install it there")));
            }
            answered => answered?,
        };
        let installation = self.installation(found.id)?;
        self.with_known(|known| known.accounts.insert(account, found.id));
        Ok(installation)
    }

    async fn signed_in(&self, account: &str, route: &str) -> Result<Api, ForgeError> {
        let ready = self.at(account, route).await?.ready().await;
        if let Err(ForgeError::NotFound { .. } | ForgeError::Refused { .. }) = ready {
            self.forget();
        }
        ready
    }

    /// Every account that has the app.
    pub(super) async fn installations(&self) -> Result<Vec<Arc<Installation>>, ForgeError> {
        let ask = Ask::Read("listing the app's installations");
        let found = self.api.list(ask, "/app/installations", |page: Vec<WireInstallation>| page).await?;
        found.into_iter().map(|found| self.installation(found.id)).collect()
    }

    fn installation(&self, id: u64) -> Result<Arc<Installation>, ForgeError> {
        let ask = Ask::Read("signing in as the app's installation");
        let crab = self.crab.installation(InstallationId(id)).map_err(|failed| error::of(ask, failed))?;
        let new = || Installation { api: Api(Arc::new(crab)), minting: tokio::sync::Mutex::new(()) };
        Ok(self
            .with_known(|known| Arc::clone(known.installations.entry(id).or_insert_with(|| Arc::new(new())))))
    }

    fn remembered(&self, account: &str) -> Option<Arc<Installation>> {
        self.with_known(|known| known.installations.get(known.accounts.get(account)?).cloned())
    }

    fn with_known<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was learnt of installations is asked again: somebody may have removed the app and installed it anew.
    fn forget(&self) {
        self.with_known(|known| *known = Known::default());
    }
}

impl Installation {
    /// Its client, once its token is good for a while.
    pub(super) async fn ready(&self) -> Result<Api, ForgeError> {
        self.token().await.map(|_| self.api.clone())
    }

    async fn token(&self) -> Result<Secret, ForgeError> {
        let ask = Ask::Read("minting a token for the app's installation");
        let _alone = self.minting.lock().await;
        let token = self.api.0.installation_token_with_buffer(MARGIN).await;
        token
            .map(|token| Secret::new(token.expose_secret().to_owned()))
            .map_err(|failed| error::of(ask, failed))
    }
}
