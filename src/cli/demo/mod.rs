//! `demo`: a stand-in forge, a repository with people, and the bot, in one process; a simulated cluster stands behind its production. It plays a story of four requests
//! and leaves everything open to visitors.

mod live;
mod say;
mod stage;
mod story;

use clap::Args;
use tokio_util::sync::CancellationToken;

use self::say::Voice;
use self::stage::Stage;
use super::Exit;
use crate::telemetry::{self, LogForm};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign demo\n  countersign demo --once   # plays the story and exits with its verdict"
)]
pub(super) struct Demo {
    /// Play the story, then exit: 0 if every request ended as the story tells
    #[arg(long)]
    once: bool,
    /// Port of the stand-in forge's pages; 0 for any
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Ask this cluster of your kubeconfig (by dry run only) instead of the simulated one
    #[arg(long)]
    context: Option<String>,
}

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        telemetry::start(LogForm::Text, "error");
        let stop = CancellationToken::new();
        tokio::select! {
            exit = self.play(&stop) => exit,
            () = super::serve::interrupted() => Ok(if self.once { Exit::Interrupted } else { Exit::Fine }),
        }
    }

    async fn play(&self, stop: &CancellationToken) -> anyhow::Result<Exit> {
        let voice = Voice::new();
        voice.line("Countersign: a stand-in forge with its people, a simulated cluster and the bot, all in this process.");
        let stage = Stage::set(self.port, self.context.as_deref(), stop).await?;
        voice.line(&format!("  requests   {}/{}", stage.forge.url(), stage::REPOSITORY));
        voice.line(&format!("  the bot    {}", stage.pages));
        voice.line(&format!("  clone      {}", stage.forge.clone_url(stage::REPOSITORY, "ana")?));
        let ended_well = story::play(&stage, &voice).await?;
        if self.once {
            return Ok(if ended_well { Exit::Fine } else { Exit::Blocked });
        }
        voice.line("");
        voice.line("Now you: open the pages, comment as anybody, or push to the clone and open a request.");
        voice.line("Everything is forgotten when you stop this with Ctrl-C.");
        stop.cancelled().await;
        Ok(Exit::Fine)
    }
}
