//! A running stand-in, and what a test or the demo can do with it directly.

use std::future::Future;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::SimConfig;
use crate::error::SimError;
use crate::faults::Fault;
use crate::hooks::{Delivery, Release};
use crate::pattern::Pattern;
use crate::record::Request;
use crate::server;
use crate::world::World;

/// A forge on loopback. Clones are the same forge; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Sim(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    world: Arc<World>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}

impl Sim {
    /// Starts one on the caller's runtime.
    pub async fn start(config: SimConfig) -> Result<Self, SimError> {
        let address = (Ipv4Addr::LOCALHOST, config.port);
        let listener = TcpListener::bind(address).await.map_err(SimError::io("listening on loopback"))?;
        let port = listener.local_addr().map_err(SimError::io("listening on loopback"))?.port();
        let world = Arc::new(World::new(format!("http://127.0.0.1:{port}"), config)?);
        let sim = Self(Arc::new(Inner { world: Arc::clone(&world), tasks: Mutex::default() }));
        let server = tokio::spawn(server::run(listener, Arc::downgrade(&sim.0), Arc::clone(&world)));
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| SimError::Unreadable { what: "the client's set-up", why: error.to_string() })?;
        let post = tokio::spawn(async move { world.hooks.run(client).await });
        sim.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend([server, post]);
        Ok(sim)
    }

    pub(crate) fn again(inner: &Weak<Inner>) -> Option<Self> {
        inner.upgrade().map(Self)
    }

    pub(crate) fn world(&self) -> &Arc<World> {
        &self.0.world
    }

    /// `http://127.0.0.1:port`, without a slash: the base of the API, of git and of the pages.
    pub fn url(&self) -> &str {
        &self.world().base
    }

    /// The forge's time, in whole seconds.
    pub fn now(&self) -> Timestamp {
        self.world().state().now()
    }

    /// Lets time pass for everything that is made from now on. Tokens keep to the real clock.
    pub fn advance(&self, by: SignedDuration) {
        self.world().state().advance(by);
    }

    /// Makes every token of an App's installations useless, as if its hour were over.
    pub fn expire_tokens(&self) {
        let mut state = self.world().state();
        for token in state.tokens.values_mut().filter(|token| token.expires.is_some()) {
            token.expires = Some(Timestamp::UNIX_EPOCH);
        }
    }

    /// Where deliveries go from now on.
    pub fn set_webhook(&self, url: &str, secret: &str) {
        self.world().hooks.target(url, secret);
    }

    /// Loses the next deliveries.
    pub fn drop_deliveries(&self, count: u32) {
        self.world().hooks.drop_next(count);
    }

    /// Sends the next deliveries twice, under the same id.
    pub fn double_deliveries(&self, count: u32) {
        self.world().hooks.double_next(count);
    }

    /// Keeps deliveries back until they are released.
    pub fn hold_deliveries(&self) {
        self.world().hooks.hold();
    }

    /// Sends what was kept back.
    pub fn release_deliveries(&self, order: Release) {
        self.world().hooks.release(order);
    }

    /// All deliveries so far, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.world().hooks.log()
    }

    /// Waits until every delivery was sent.
    pub async fn settle(&self) {
        self.world().hooks.settle().await;
    }

    /// Makes the next fitting request fail, e.g. `POST /repos/*/*/issues/*/comments` or `* /acme/env.git/**`.
    pub fn fail_next(&self, pattern: &str, fault: Fault) -> Result<(), SimError> {
        self.world().faults.arm(pattern.parse::<Pattern>()?, fault);
        Ok(())
    }

    /// Does something right before the next fitting request is served.
    pub fn on_next<F, Done>(&self, pattern: &str, action: F) -> Result<(), SimError>
    where
        F: FnOnce(Self) -> Done + Send + 'static,
        Done: Future<Output = ()> + Send + 'static,
    {
        let pattern = pattern.parse::<Pattern>()?;
        self.world().faults.on_next(pattern, Box::new(move |sim| Box::pin(action(sim))));
        Ok(())
    }

    /// Faults and actions that no request has met yet.
    pub fn unused_faults(&self) -> usize {
        self.world().faults.unused()
    }

    /// All requests so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.world().record.requests()
    }

    /// Starts the record of requests anew.
    pub fn forget_requests(&self) {
        self.world().record.forget_requests();
    }

    /// Requests that nobody serves and breaches of the contract, on either side.
    pub fn complaints(&self) -> Vec<String> {
        self.world().record.complaints()
    }

    /// Fails if there are complaints.
    #[track_caller]
    pub fn assert_clean(&self) {
        let complaints = self.complaints();
        assert!(complaints.is_empty(), "the stand-in complains:\n{}", complaints.join("\n"));
    }
}
