//! Reading objects through one long-lived `git cat-file`: a start costs milliseconds, a question microseconds.

use std::time::Duration;

use countersign_core::revision::ObjectId;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::Mutex;

use super::git::{Git, nonsense, process_error};
use crate::ports::SourceError;
use crate::process::{Group, ProcessError};

const ACTION: &str = "reading objects";

/// An object that was read.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) id: ObjectId,
    pub(super) kind: String,
    pub(super) bytes: Vec<u8>,
}

/// What came of one question.
#[derive(Debug)]
pub(super) enum Found {
    Object(Object),
    Missing,
    /// Larger than a file may be.
    TooLarge(u64),
}

/// The process, started when it is first needed, and again after it failed or its caller gave up half-way.
#[derive(Debug, Default)]
pub(super) struct Batch(Mutex<Option<Running>>);

#[derive(Debug)]
struct Running {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    _child: Child,
    _group: Group,
}

impl Batch {
    /// Starts the process before it is needed, so that nobody waits for it then.
    pub(super) fn started(git: &Git) -> Result<Self, SourceError> {
        Ok(Self(Mutex::new(Some(Running::start(git)?))))
    }

    /// Asks for the contents of each name (an id, or `<tree>:<path>`), in order. A name must not hold a newline.
    pub(super) async fn read(&self, git: &Git, names: &[String]) -> Result<Vec<Found>, SourceError> {
        let mut slot = self.0.lock().await;
        // Taken out, so that a caller that is dropped half-way takes the process with its unread answers along.
        let mut running = match slot.take() {
            Some(running) => running,
            None => Running::start(git)?,
        };
        let time: Duration = git.limits.local;
        let answers = tokio::time::timeout(time, running.ask(names, git.limits.file))
            .await
            .map_err(|_| process_error(ACTION, ProcessError::Time(time)))??;
        if !answers.iter().any(|found| matches!(found, Found::TooLarge(_))) {
            *slot = Some(running);
        }
        Ok(answers)
    }
}

impl Running {
    fn start(git: &Git) -> Result<Self, SourceError> {
        let mut command = git.call(ACTION, &["cat-file", "--batch-command"]).into_command();
        command
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null());
        let (mut child, group) = Group::start(&mut command).map_err(|error| process_error(ACTION, error))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(nonsense(ACTION));
        };
        Ok(Self { stdin, stdout: BufReader::with_capacity(64 << 10, stdout), _child: child, _group: group })
    }

    async fn ask(&mut self, names: &[String], limit: u64) -> Result<Vec<Found>, SourceError> {
        let questions: String = names.iter().map(|name| format!("contents {name}\n")).collect();
        let Self { stdin, stdout, .. } = self;
        let ask = async {
            stdin.write_all(questions.as_bytes()).await.map_err(talk)?;
            stdin.flush().await.map_err(talk)
        };
        let listen = async {
            let mut answers = Vec::with_capacity(names.len());
            for _ in names {
                let found = answer(stdout, limit).await?;
                let stop = matches!(found, Found::TooLarge(_));
                answers.push(found);
                if stop {
                    // The rest of this object would have to be read to come to the next.
                    return Ok((answers, true));
                }
            }
            Ok((answers, false))
        };
        tokio::pin!(ask, listen);
        let mut asked = false;
        loop {
            tokio::select! {
                result = &mut ask, if !asked => {
                    result?;
                    asked = true;
                }
                result = &mut listen => return result.map(|(answers, _)| answers),
            }
        }
    }
}

fn talk(error: std::io::Error) -> SourceError {
    process_error(ACTION, ProcessError::Talk(error))
}

async fn answer(stdout: &mut BufReader<ChildStdout>, limit: u64) -> Result<Found, SourceError> {
    let mut line = Vec::new();
    stdout.read_until(b'\n', &mut line).await.map_err(talk)?;
    let line = String::from_utf8_lossy(&line);
    let line = line.strip_suffix('\n').ok_or_else(|| nonsense(ACTION))?;
    if line.ends_with(" missing") || line.ends_with(" ambiguous") {
        return Ok(Found::Missing);
    }
    let mut words = line.split(' ');
    let (Some(id), Some(kind), Some(size), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(nonsense(ACTION));
    };
    let id: ObjectId = id.parse().map_err(|_| nonsense(ACTION))?;
    let size: u64 = size.parse().map_err(|_| nonsense(ACTION))?;
    if size > limit {
        return Ok(Found::TooLarge(size));
    }
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| nonsense(ACTION))?];
    stdout.read_exact(&mut bytes).await.map_err(talk)?;
    if stdout.read_u8().await.map_err(talk)? != b'\n' {
        return Err(nonsense(ACTION));
    }
    Ok(Found::Object(Object { id, kind: kind.to_owned(), bytes }))
}
