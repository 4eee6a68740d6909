//! Running another program within limits of time and output. Its whole process group ends with the call, however the
//! call ends; nothing here decides what is run, or reads an environment.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// How much a program may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Wall-clock time.
    pub time: Duration,
    /// Bytes of standard output; one more and the program is ended.
    pub stdout: usize,
    /// Bytes of standard error that are kept; the rest is read and dropped.
    pub stderr: usize,
}

/// What a program that ended left behind.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// All it wrote to standard output.
    pub stdout: Vec<u8>,
    /// The beginning of what it wrote to standard error.
    pub stderr: Vec<u8>,
}

/// Why a program did not come to its own end.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started: not installed, not executable.
    #[error("could not be started")]
    Start(#[source] io::Error),
    /// It took too long and was ended.
    #[error("took longer than {} s and was ended", .0.as_secs())]
    Time(Duration),
    /// It wrote too much and was ended.
    #[error("wrote more than {0} bytes and was ended")]
    Output(usize),
    /// Talking to it failed.
    #[error("could not be talked to")]
    Talk(#[source] io::Error),
}

/// Ends a process group when it goes out of scope.
#[derive(Debug)]
pub struct Group(Option<Pid>);

impl Group {
    /// Starts a command as the leader of a process group of its own.
    pub fn start(command: &mut Command) -> Result<(Child, Self), ProcessError> {
        let child = command.process_group(0).kill_on_drop(true).spawn().map_err(ProcessError::Start)?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok((child, Self(pid)))
    }

    /// The leader was waited for: its number may soon be somebody else's.
    fn ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It may be gone already; there is nobody to tell.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Runs a command to its end. Without `input` its standard input is empty.
pub async fn run(
    command: &mut Command,
    input: Option<&[u8]>,
    limits: &Limits,
) -> Result<Finished, ProcessError> {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (mut child, mut group) = Group::start(command)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let talk = async {
        let feed = async {
            if let (Some(mut stdin), Some(input)) = (stdin, input) {
                // A program may end without reading everything; its status tells.
                let _ = stdin.write_all(input).await;
            }
            Ok(())
        };
        let ((), stdout, stderr) =
            tokio::try_join!(feed, read_all(stdout, limits.stdout), read_some(stderr, limits.stderr))?;
        let status = child.wait().await.map_err(ProcessError::Talk)?;
        Ok(Finished { status, stdout, stderr })
    };
    let finished =
        tokio::time::timeout(limits.time, talk).await.map_err(|_| ProcessError::Time(limits.time))??;
    group.ended();
    Ok(finished)
}

async fn read_all(stream: Option<impl AsyncRead + Unpin>, limit: usize) -> Result<Vec<u8>, ProcessError> {
    let mut bytes = Vec::new();
    let Some(stream) = stream else { return Ok(bytes) };
    let mut stream = stream.take(limit as u64 + 1);
    stream.read_to_end(&mut bytes).await.map_err(ProcessError::Talk)?;
    if bytes.len() > limit { Err(ProcessError::Output(limit)) } else { Ok(bytes) }
}

async fn read_some(stream: Option<impl AsyncRead + Unpin>, limit: usize) -> Result<Vec<u8>, ProcessError> {
    let mut bytes = Vec::new();
    let Some(mut stream) = stream else { return Ok(bytes) };
    (&mut stream).take(limit as u64).read_to_end(&mut bytes).await.map_err(ProcessError::Talk)?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map_err(ProcessError::Talk)?;
    Ok(bytes)
}
