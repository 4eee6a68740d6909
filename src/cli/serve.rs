//! `serve`: the bot.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Exit, wire};
use crate::engine::{Engine, Wake};
use crate::ports::DryRuns;
use crate::server::{Desk, router};
use crate::settings::{ClusterSettings, Settings};
use crate::telemetry::{self, LogForm};
use crate::worker;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign serve\n  countersign serve --settings /etc/countersign/countersign.toml"
)]
pub(super) struct Serve {
    /// The settings file
    #[arg(long, default_value = "countersign.toml")]
    settings: PathBuf,
}

/// How long looks that are under way may take to come to their end once the program was told to stop.
const GRACE: Duration = Duration::from_secs(60);

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        telemetry::start(LogForm::Json, "info");
        let settings = Settings::read(&self.settings)?;
        let engine = Arc::new(wire::engine(&settings).await?);
        let listener = TcpListener::bind(settings.server.listen)
            .await
            .with_context(|| format!("{} cannot be listened on", settings.server.listen))?;
        let mut err = anstream::stderr();
        let _unseen = writeln!(err, "countersign listens on http://{}", listener.local_addr()?);
        if let Some(link) = engine.links.everything() {
            let _unseen = writeln!(err, "pages: {link}");
        }
        tokio::spawn(look_at_clusters(Arc::clone(&engine), settings.cluster.clone()));
        let stop = CancellationToken::new();
        let polls =
            settings.forge.iter().map(|forge| (forge.name.clone(), Duration::from_secs(forge.poll_seconds)));
        let mut bot = Bot::start(engine, polls.collect(), settings.server.workers, listener, &stop);
        interrupted().await;
        let _unseen = writeln!(err, "stopping: what is under way comes to its end (again to stop at once)");
        stop.cancel();
        tokio::select! {
            () = bot.stopped() => Ok(Exit::Fine),
            () = interrupted() => Ok(Exit::Interrupted),
            () = tokio::time::sleep(GRACE) => Ok(Exit::Fine),
        }
    }
}

/// Says of each cluster, before the first change needs it, whether it will be asked for dry runs.
async fn look_at_clusters(engine: Arc<Engine>, clusters: Vec<ClusterSettings>) {
    for ClusterSettings { name, .. } in clusters {
        let Some(cluster) = engine.clusters.get(&name) else { continue };
        match cluster.dry_runs(&BTreeSet::new()).await {
            Ok(DryRuns::On) => tracing::info!(cluster = %name, "dry runs are on"),
            Ok(DryRuns::Off { why }) => tracing::warn!(cluster = %name, %why, "dry runs are off"),
            Err(error) => {
                tracing::warn!(cluster = %name, %error, "whether dry runs can do harm is not known")
            }
        }
    }
}

/// The bot's tasks.
pub(super) struct Bot {
    tasks: JoinSet<()>,
}

impl Bot {
    /// Starts server, workers and polling.
    pub(super) fn start(
        engine: Arc<Engine>,
        polls: Vec<(String, Duration)>,
        workers: usize,
        listener: TcpListener,
        stop: &CancellationToken,
    ) -> Self {
        let wake: Wake = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        for (name, every) in polls {
            if let Some(forge) = engine.forges.get(&name) {
                let forge = Arc::clone(forge);
                tasks.spawn(worker::poll(Arc::clone(&engine), forge, every, Arc::clone(&wake), stop.clone()));
            }
        }
        let desk = Desk { engine: Arc::clone(&engine), wake: Arc::clone(&wake) };
        tasks.spawn(worker::run(engine, workers, wake, stop.clone()));
        let stopped = stop.clone().cancelled_owned();
        tasks.spawn(async move {
            let served = axum::serve(listener, router(desk)).with_graceful_shutdown(stopped);
            if let Err(error) = served.await {
                tracing::error!(error = %error, "the server stopped");
            }
        });
        Self { tasks }
    }

    /// Waits until everything came to its end.
    pub(super) async fn stopped(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Ctrl-C or a termination signal.
pub(super) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
