//! `demo`: to come.
use super::Exit;
use clap::Args;
#[derive(Debug, Args)]
pub(super) struct Demo {}
impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        anyhow::bail!("not yet")
    }
}
