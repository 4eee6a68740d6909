//! Starting `git` in one repository: its whole environment, its limits, its errors. Never through a shell.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use tokio::process::Command;

use crate::ports::{GitRemote, SourceError};
use crate::process::{self, Finished, Limits, ProcessError};

/// How much git may take.
#[derive(Debug, Clone, Copy)]
pub struct GitLimits {
    /// Time of a call that stays on this machine.
    pub local: Duration,
    /// Time of a fetch or a push.
    pub network: Duration,
    /// Bytes that one call may answer with: lists of paths and commits.
    pub output: usize,
    /// Bytes of one file that is read or exported.
    pub file: u64,
    /// Bytes of one export in total.
    pub export: u64,
}

impl Default for GitLimits {
    fn default() -> Self {
        Self {
            local: Duration::from_secs(60),
            network: Duration::from_secs(600),
            output: 256 << 20,
            file: 64 << 20,
            export: 512 << 20,
        }
    }
}

/// Git ran and failed.
#[derive(Debug, thiserror::Error)]
#[error("git ended with {status}: {message}")]
pub struct GitFailure {
    /// Its exit status, or the signal that ended it.
    pub status: String,
    /// What it said, without credentials.
    pub message: String,
}

/// Variables of our own environment that git needs to reach a forge.
const PASSED_ON: [&str; 12] = [
    "PATH",
    "TMPDIR",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "GIT_SSL_CAINFO",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Settings of every call; what a repository's own `config` says otherwise is overruled.
const CONFIG: [(&str, &str); 12] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.askPass", ""),
    ("credential.helper", ""),
    ("protocol.allow", "never"),
    ("protocol.http.allow", "always"),
    ("protocol.https.allow", "always"),
    // A redirect would take the credentials along to wherever it points.
    ("http.followRedirects", "false"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "60"),
    ("gc.autoDetach", "false"),
    ("submodule.recurse", "false"),
];

/// The `git` program in one repository.
#[derive(Debug)]
pub(super) struct Git {
    dir: PathBuf,
    /// What git takes for the user's home.
    home: PathBuf,
    pub(super) limits: GitLimits,
}

/// One call, before it runs.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) action: &'static str,
    command: Command,
    config: Vec<(String, String)>,
    input: Option<&'a [u8]>,
    limits: Limits,
    secrets: Vec<String>,
    /// Whether it talks to a forge.
    remote: bool,
}

impl Git {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self::beside(dir.clone(), dir)
    }

    /// In a repository that is not ours: nothing of its folder is taken for a home.
    pub(super) fn beside(home: PathBuf, dir: PathBuf) -> Self {
        Self { dir, home, limits: GitLimits::default() }
    }

    /// The repository's own folder.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A call with these arguments, in the repository.
    pub(super) fn call<'a>(&self, action: &'static str, args: &[&str]) -> Call<'a> {
        let mut call = self.anywhere(action, args);
        call.command.env("GIT_DIR", &self.dir).current_dir(&self.dir);
        call
    }

    /// A call that does not know the repository yet.
    pub(super) fn anywhere<'a>(&self, action: &'static str, args: &[&str]) -> Call<'a> {
        let mut command = Command::new(program());
        command.env_clear().args(args);
        for name in PASSED_ON {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", &self.home)
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_LITERAL_PATHSPECS", "1")
            .env("GIT_OPTIONAL_LOCKS", "0");
        let limits = Limits { time: self.limits.local, stdout: self.limits.output, stderr: 64 << 10 };
        let config = CONFIG.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Call { action, command, config, input: None, limits, secrets: Vec::new(), remote: false }
    }

    /// A call that talks to the remote, with its credentials.
    pub(super) fn remote_call<'a>(
        &self,
        action: &'static str,
        args: &[&str],
        remote: &GitRemote,
    ) -> Result<Call<'a>, SourceError> {
        let url = remote_url(action, remote)?;
        let mut call = self.call(action, args);
        call.limits.time = self.limits.network;
        call.remote = true;
        if let Some((user, token)) = &remote.credentials {
            let plain = format!("{user}:{}", token.expose());
            let encoded = base64::engine::general_purpose::STANDARD.encode(&plain);
            call.config.push((format!("http.{url}.extraHeader"), format!("Authorization: Basic {encoded}")));
            call.secrets = vec![encoded, plain, token.expose().to_owned()];
        }
        Ok(call)
    }
}

/// Where `git` is, by the absolute folders of `PATH`. A program that is named by its path is started without a copy of
/// this process being made first, which takes the longer the more we hold.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let is_program = |path: &PathBuf| {
            let mode = path.metadata().map(|meta| meta.permissions().mode()).unwrap_or_default();
            path.is_absolute() && path.is_file() && mode & 0o111 != 0
        };
        let found = std::env::split_paths(&folders).map(|folder| folder.join("git")).find(is_program);
        // Where there is none, the error says so.
        found.unwrap_or_else(|| "git".into())
    })
}

/// The remote's URL, checked to be one over HTTP without credentials.
pub(super) fn remote_url<'a>(action: &'static str, remote: &'a GitRemote) -> Result<&'a str, SourceError> {
    let refuse = |why: &str| SourceError::Remote { action, why: why.to_owned() };
    let url = url::Url::parse(&remote.url).map_err(|_| refuse("the forge gave no valid clone URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("only repositories over http or https are fetched"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("the clone URL carries credentials, which would be stored; it must not"));
    }
    if remote.url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(refuse("the clone URL contains white space"));
    }
    Ok(&remote.url)
}

impl<'a> Call<'a> {
    pub(super) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.command.arg(arg.into());
        self
    }

    pub(super) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    pub(super) fn input(mut self, bytes: &'a [u8]) -> Self {
        self.input = Some(bytes);
        self
    }

    /// The command itself, for a process that stays.
    pub(super) fn into_command(mut self) -> Command {
        self.configure();
        self.command
    }

    fn configure(&mut self) {
        self.command.env("GIT_CONFIG_COUNT", self.config.len().to_string());
        for (index, (key, value)) in self.config.iter().enumerate() {
            self.command
                .env(format!("GIT_CONFIG_KEY_{index}"), key)
                .env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
    }

    /// Runs to the end, whatever the exit status.
    pub(super) async fn finish(mut self) -> Result<Answer, SourceError> {
        self.configure();
        let finished = match process::run(&mut self.command, self.input, &self.limits).await {
            Ok(finished) => finished,
            Err(ProcessError::Time(time)) if self.remote => {
                let why = format!("the forge did not answer within {} s", time.as_secs_f32().ceil());
                return Err(SourceError::Remote { action: self.action, why });
            }
            Err(error) => return Err(process_error(self.action, error)),
        };
        Ok(Answer { action: self.action, finished, secrets: self.secrets })
    }

    /// Runs to a good end; its standard output.
    pub(super) async fn output(self) -> Result<Vec<u8>, SourceError> {
        let answer = self.finish().await?;
        if answer.code() == Some(0) { Ok(answer.finished.stdout) } else { Err(answer.into_error()) }
    }

    /// Runs to a good end; its standard output as one line of text.
    pub(super) async fn line(self) -> Result<String, SourceError> {
        let bytes = self.output().await?;
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned())
    }
}

/// What a call gave.
#[derive(Debug)]
pub(super) struct Answer {
    action: &'static str,
    finished: Finished,
    secrets: Vec<String>,
}

impl Answer {
    /// The exit status; `None` where a signal ended it.
    pub(super) fn code(&self) -> Option<i32> {
        self.finished.status.code()
    }

    pub(super) fn stdout(&self) -> &[u8] {
        &self.finished.stdout
    }

    /// What it said on standard error, without credentials and control characters.
    pub(super) fn message(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.finished.stderr).into_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret.as_str(), "…");
        }
        let mut text: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).take(4_000).collect();
        text.truncate(text.trim_end().len());
        text
    }

    pub(super) fn into_error(self) -> SourceError {
        let failure = GitFailure { status: self.finished.status.to_string(), message: self.message() };
        SourceError::Git { action: self.action, source: Box::new(failure) }
    }
}

pub(super) fn process_error(action: &'static str, error: ProcessError) -> SourceError {
    SourceError::Git { action, source: Box::new(error) }
}

/// Git answered what git never answers.
pub(super) fn nonsense(action: &'static str) -> SourceError {
    SourceError::Git { action, source: "git's answer is not understood".into() }
}
