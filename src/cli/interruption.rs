//! Ctrl-C and termination end a command, whatever it is at.

use std::time::Duration;

use anyhow::Context as _;

use super::{Exit, serve};

/// How long work may take to clean up behind itself.
const CLEANING: Duration = Duration::from_secs(2);

/// Does the work of a command, unless it is interrupted: beside the task that listens for that, which would hear nothing
/// while this one is computing.
pub(super) async fn unless_interrupted<W>(work: W) -> anyhow::Result<Exit>
where
    W: Future<Output = anyhow::Result<Exit>> + Send + 'static,
{
    let mut task = tokio::spawn(work);
    tokio::select! {
        done = &mut task => done.context("the work came to no end")?,
        () = serve::interrupted() => {
            task.abort();
            // What is dropped takes its folders and processes with it; what computes is not waited for.
            let _ended = tokio::time::timeout(CLEANING, task).await;
            Ok(Exit::Interrupted)
        }
    }
}

/// The same of what only computes.
pub(super) async fn unless_interrupted_computing(
    work: impl FnOnce() -> anyhow::Result<Exit> + Send + 'static,
) -> anyhow::Result<Exit> {
    let task = tokio::task::spawn_blocking(work);
    tokio::select! {
        done = task => done.context("the work came to no end")?,
        () = serve::interrupted() => Ok(Exit::Interrupted),
    }
}
