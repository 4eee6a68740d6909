//! The sandbox that every renderer runs in.
//!
//! The parent starts this very program again, as `__render-sandbox …`. That process gives up what it could do (memory,
//! CPU time, file sizes, new privileges, all files but the export and the renderer itself, sockets, other processes),
//! and only then becomes the renderer. It never forks, so nothing outlives it, and the parent bounds wall-clock time
//! and output. [`self_test`] starts the same confinement around a probe that attempts what is forbidden.

mod confine;
mod probe;
mod syscalls;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::process::Command;

use crate::process::{self, Limits};

pub use confine::{SandboxError, enter};

/// The argument that makes this program the sandbox.
pub const SANDBOX_COMMAND: &str = "__render-sandbox";
/// How the sandbox ends when it could not be built: no renderer was started.
pub const SANDBOX_FAILED: u8 = 121;

/// Whether renderers can be confined here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxState {
    /// Tried: what is forbidden was refused.
    Ready,
    /// Not here, and why.
    Unavailable(String),
}

/// The whole of the sandbox process, for `main`: with the arguments after [`SANDBOX_COMMAND`]. Comes back only where
/// something is wrong, or after a probe.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let complain = |what: &dyn std::fmt::Display| {
        // There is nobody else to tell.
        let _ = writeln!(std::io::stderr().lock(), "{what}");
    };
    match enter(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut source: Option<&dyn std::error::Error> = Some(&error);
            while let Some(error) = source {
                complain(error);
                source = error.source();
            }
            ExitCode::from(SANDBOX_FAILED)
        }
    }
}

/// What a renderer may use.
#[derive(Debug)]
pub(super) struct Confinement<'a> {
    /// This program.
    pub(super) sandbox: &'a Path,
    pub(super) program: &'a Path,
    pub(super) args: &'a [String],
    /// The folder it may read, which is also where it starts.
    pub(super) tree: &'a Path,
    /// The folder it may write.
    pub(super) tmp: &'a Path,
    /// Bytes.
    pub(super) memory: u64,
    pub(super) cpu_seconds: u64,
}

/// The command that runs a renderer in the sandbox.
pub(super) fn command(confinement: &Confinement<'_>) -> Command {
    let mut command = Command::new(confinement.sandbox);
    command
        .arg(SANDBOX_COMMAND)
        .arg(format!("--memory={}", confinement.memory))
        .arg(format!("--cpu={}", confinement.cpu_seconds))
        .arg("--read")
        .arg(confinement.tree)
        .arg("--write")
        .arg(confinement.tmp)
        .arg("--")
        .arg(confinement.program)
        .args(confinement.args);
    environment(&mut command, confinement);
    command
}

/// The command without the sandbox, where the settings allow that.
pub(super) fn bare_command(confinement: &Confinement<'_>) -> Command {
    let mut command = Command::new(confinement.program);
    command.args(confinement.args);
    environment(&mut command, confinement);
    command
}

/// All that a renderer is told of its surroundings.
fn environment(command: &mut Command, confinement: &Confinement<'_>) {
    let tmp = confinement.tmp;
    command
        .env_clear()
        .current_dir(confinement.tree)
        .env("HOME", tmp)
        .env("TMPDIR", tmp)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        // Renderers compute in one thread, and as many run side by side as are wanted.
        .env("GOMAXPROCS", "1")
        // A render is short: most end before anything has to be collected, which would cost a fifth of their time. Where
        // much is needed the collector works harder, before the hard limit is met.
        .env("GOGC", "400")
        .env("GOMEMLIMIT", (confinement.memory / 4 * 3).to_string())
        .env("HELM_CACHE_HOME", tmp.join("helm"))
        .env("HELM_CONFIG_HOME", tmp.join("helm"))
        .env("HELM_DATA_HOME", tmp.join("helm"))
        .env("KUBECONFIG", "/dev/null");
}

/// Tries the sandbox with a probe that attempts what is forbidden.
pub async fn self_test(sandbox: &Path, scratch: &Path) -> SandboxState {
    match attempt(sandbox, scratch).await {
        Ok(()) => SandboxState::Ready,
        Err(why) => SandboxState::Unavailable(why),
    }
}

async fn attempt(sandbox: &Path, scratch: &Path) -> Result<(), String> {
    let room = tempfile::tempdir_in(scratch).map_err(|error| format!("no scratch folder: {error}"))?;
    let (tree, tmp) = (room.path().join("tree"), room.path().join("tmp"));
    for folder in [&tree, &tmp] {
        std::fs::create_dir(folder).map_err(|error| format!("no scratch folder: {error}"))?;
    }
    let mut command = Command::new(sandbox);
    command.env_clear().arg(SANDBOX_COMMAND).args(["--memory=1073741824", "--cpu=10"]);
    // What our own allocator takes in advance would be all that the probe may have.
    command.env("MIMALLOC_ARENA_EAGER_COMMIT", "0");
    command.arg("--read").arg(&tree).arg("--write").arg(&tmp).arg("--probe");
    let limits = Limits { time: Duration::from_secs(20), stdout: 64 << 10, stderr: 4 << 10 };
    let finished = process::run(&mut command, None, &limits).await.map_err(|error| error.to_string())?;
    if finished.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&finished.stderr).trim().replace('\n', ": ");
    Err(if said.is_empty() { format!("the sandbox ended with {}", finished.status) } else { said })
}
