//! As whom a cluster is asked, and for how long that holds. What is obtained while the program runs (a token in a file, what
//! a plugin gives) is obtained when the cluster is asked, so that what fails is that cluster's error and nobody else's.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::kube::{Client, Config};
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::connect::client_of;
use super::plugin::{Given, Plugin};

/// A plugin that failed is not run again before this, for all who wait for it.
const RESPITE: Duration = Duration::from_secs(5);
/// What holds for less than this is obtained anew, unless it was given for a short time only.
const LEAD: SignedDuration = SignedDuration::from_secs(10);

/// What a plugin gave is used for this long whatever it says: where this machine's clock is ahead, it may be over when it
/// comes, and the plugin would be run for every request.
const SHORTEST: Duration = Duration::from_secs(1);

/// As whom it is asked.
pub(super) enum Credentials {
    /// The client has all it needs: nothing, a certificate, a name with a password.
    OfTheClient,
    /// This header.
    Token(HeaderValue),
    /// The token that stands in a file, each time anew.
    File(TokenFile),
    /// What a plugin gives.
    Plugin(Box<Keeper>),
}

/// What one request is sent with.
pub(super) struct Pass {
    pub(super) client: Client,
    pub(super) authorization: Option<HeaderValue>,
    /// Which of a plugin's answers it is.
    pub(super) answer: u64,
}

/// There are no credentials to ask with, and why, in words that hold none.
#[derive(Debug, thiserror::Error)]
#[error("credentials for it could not be obtained: {0}")]
pub(super) struct NoCredentials(pub(super) String);

impl Credentials {
    /// For one request by `client`, the one that is made without credentials of a plugin's.
    pub(super) async fn pass(&self, client: &Client) -> Result<Pass, NoCredentials> {
        let with = |authorization| Ok(Pass { client: client.clone(), authorization, answer: 0 });
        match self {
            Self::OfTheClient => with(None),
            Self::Token(header) => with(Some(header.clone())),
            Self::File(file) => with(Some(file.read().await?)),
            Self::Plugin(keeper) => keeper.pass(client).await,
        }
    }

    /// Whether there are others than those that a server just refused.
    pub(super) async fn others_than(&self, answer: u64) -> bool {
        match self {
            Self::OfTheClient | Self::Token(_) | Self::File(_) => false,
            Self::Plugin(keeper) => keeper.forget(answer).await,
        }
    }
}

/// A file that somebody else renews.
pub(super) struct TokenFile {
    path: PathBuf,
    /// What it said last. It counts where the file is not there any more: some take it away again.
    last: Mutex<Option<HeaderValue>>,
}

impl TokenFile {
    pub(super) fn new(path: PathBuf, token: Option<HeaderValue>) -> Self {
        Self { path, last: Mutex::new(token) }
    }

    async fn read(&self) -> Result<HeaderValue, NoCredentials> {
        let read = tokio::fs::read_to_string(&self.path).await;
        let mut last = self.last.lock().await;
        let token = match (read, &*last) {
            (Ok(text), _) => bearer(text.trim()).map_err(str::to_owned),
            (Err(_), Some(token)) => return Ok(token.clone()),
            (Err(error), None) => Err(format!("cannot be read ({error})")),
        };
        let token = token.map_err(|why| NoCredentials(format!("its token file {why}")))?;
        Ok(last.insert(token).clone())
    }
}

/// The header for a token.
pub(super) fn bearer(token: &str) -> Result<HeaderValue, &'static str> {
    if token.is_empty() {
        return Err("is empty");
    }
    let header = HeaderValue::try_from(format!("Bearer {token}"));
    let mut header = header.map_err(|_| "has characters that no token has")?;
    header.set_sensitive(true);
    Ok(header)
}

/// Keeps what a plugin gave for as long as it holds.
pub(super) struct Keeper {
    plugin: Plugin,
    /// For clients that take a certificate of the plugin's.
    config: Config,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    answers: u64,
    kept: Option<Arc<Kept>>,
    failed: Option<(Instant, String)>,
}

struct Kept {
    answer: u64,
    token: Option<HeaderValue>,
    /// With the plugin's certificate, where it gave one.
    client: Option<Client>,
    given: Instant,
    /// When to ask for another one, and when it holds no more.
    until: Option<(Timestamp, Timestamp)>,
}

impl Kept {
    fn holds(&self, now: Timestamp) -> bool {
        self.given.elapsed() < SHORTEST || self.until.is_none_or(|(due, _)| now < due)
    }
}

impl Keeper {
    pub(super) fn new(plugin: Plugin, config: Config) -> Self {
        Self { plugin, config, state: Mutex::default() }
    }

    async fn pass(&self, client: &Client) -> Result<Pass, NoCredentials> {
        let kept = self.kept().await?;
        let client = kept.client.as_ref().unwrap_or(client).clone();
        Ok(Pass { client, authorization: kept.token.clone(), answer: kept.answer })
    }

    /// Whoever comes while the plugin runs waits for the same answer.
    async fn kept(&self) -> Result<Arc<Kept>, NoCredentials> {
        let mut state = self.state.lock().await;
        let now = Timestamp::now();
        if let Some(kept) = state.kept.as_ref().filter(|kept| kept.holds(now)) {
            return Ok(Arc::clone(kept));
        }
        // What still holds is better than nothing.
        let still = state.kept.clone().filter(|kept| kept.until.is_some_and(|(_, over)| now < over));
        if let Some((_, why)) = state.failed.as_ref().filter(|(failed, _)| failed.elapsed() < RESPITE) {
            return still.ok_or_else(|| NoCredentials(why.clone()));
        }
        state.answers += 1;
        let answer = state.answers;
        match self.plugin.ask().await.and_then(|given| self.keep(given, answer)) {
            Ok(kept) => {
                state.failed = None;
                Ok(Arc::clone(state.kept.insert(Arc::new(kept))))
            }
            Err(why) => {
                state.failed = Some((Instant::now(), why.clone()));
                still.ok_or(NoCredentials(why))
            }
        }
    }

    fn keep(&self, given: Given, answer: u64) -> Result<Kept, String> {
        let client = given.certificate.map(|certificate| {
            let mut config = self.config.clone();
            certificate.put_into(&mut config);
            client_of(config)
                .map_err(|why| format!("the certificate of its credential plugin cannot be used: {why}"))
        });
        let now = Timestamp::now();
        let until = given.until.map(|over| {
            let holds = over.duration_since(now);
            (over.checked_sub(LEAD.min(holds / 4)).unwrap_or(over), over)
        });
        Ok(Kept { answer, token: given.token, client: client.transpose()?, given: Instant::now(), until })
    }

    /// Lets go of an answer that the server refused. One that was given a moment ago is not asked for again.
    async fn forget(&self, answer: u64) -> bool {
        let mut state = self.state.lock().await;
        match &state.kept {
            Some(kept) if kept.answer == answer && kept.given.elapsed() < RESPITE => false,
            Some(kept) if kept.answer == answer => {
                state.kept = None;
                true
            }
            Some(_) | None => true,
        }
    }
}
