//! A bot that runs by itself: the real router on a loopback port, the real workers, polling or not.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use countersign::engine::{Engine, Wake};
use countersign::server::{Desk, router};
use countersign::worker;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::tale::{Opened, Tale};

/// Whether a bot asks by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polling {
    Often,
    Never,
}

/// It ends when this is dropped, like a process that is killed.
pub(crate) struct Live {
    tasks: JoinSet<()>,
    stop: CancellationToken,
    /// `http://127.0.0.1:port`
    pub(crate) url: String,
}

impl Live {
    pub(crate) async fn begin(engine: &Arc<Engine>, polling: Polling) -> Self {
        let mut live = Self::deaf(engine).await;
        let wake = Wake::default();
        live.tasks.spawn(worker::run(Arc::clone(engine), 2, Arc::clone(&wake), live.stop.clone()));
        if polling == Polling::Often {
            let forge = Arc::clone(&engine.forges["hub"]);
            let every = Duration::from_millis(300);
            live.tasks.spawn(worker::poll(Arc::clone(engine), forge, every, wake, live.stop.clone()));
        }
        live
    }

    /// Takes deliveries and shows pages; nobody works.
    pub(crate) async fn deaf(engine: &Arc<Engine>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let desk = Desk { engine: Arc::clone(engine), wake: Wake::default() };
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router(desk)).await.unwrap() });
        Self { tasks, stop: CancellationToken::new(), url }
    }

    /// Where this bot takes its forge's deliveries.
    pub(crate) fn webhook(&self) -> String {
        format!("{}/webhooks/hub", self.url)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.abort_all();
    }
}

impl Tale {
    /// Somebody comments, a moment after what they read was posted; the bot has to find it by itself.
    pub(crate) async fn says_unheard(&self, who: &str, opened: &Opened, body: &str) {
        self.town.a_moment_passes().await;
        self.town.comment(who, opened.number, body).await;
    }

    /// Waits until the status on a change's head is this.
    pub(crate) async fn status_becomes(&self, opened: &Opened, wanted: &str) {
        let mut found = String::new();
        for _ in 0..300 {
            found = self.status(opened).await;
            if found == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the status stays {found}, not {wanted}");
    }

    /// Waits until a change is merged and the display says so.
    pub(crate) async fn lands(&self, opened: &Opened) {
        for _ in 0..300 {
            if self.state(opened).await == "merged" && self.display(opened).await.body.contains("Landed as") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it does not land: {}", self.reply(opened).await);
    }
}
