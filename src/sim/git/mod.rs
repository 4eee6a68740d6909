//! Bare repositories and the `git` programs that work on them. Knows nothing of accounts or change requests.

pub(crate) mod bridge;
pub(crate) mod log;
pub(crate) mod merge;
pub(crate) mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::error::SimError;

/// No commit.
pub(crate) const ZERO: &str = "0000000000000000000000000000000000000000";

const CONFIG: &str = "\
[http]
\treceivepack = true
[gc]
\tauto = 0
[receive]
\tautogc = false
\thideRefs = refs/pull
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
";

/// The folder of all bare repositories.
#[derive(Debug)]
pub(crate) struct Repositories {
    root: PathBuf,
}

/// One bare repository.
#[derive(Debug, Clone)]
pub(crate) struct Bare {
    path: PathBuf,
}

impl Repositories {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn bare(&self, full_name: &str) -> Bare {
        Bare { path: self.root.join(format!("{full_name}.git")) }
    }

    /// Makes an empty one, or one with everything that `from` has.
    pub(crate) async fn create(
        &self,
        full_name: &str,
        branch: &str,
        from: Option<&Bare>,
    ) -> Result<Bare, SimError> {
        let bare = self.bare(full_name);
        tokio::fs::create_dir_all(&bare.path).await.map_err(SimError::io("making a repository"))?;
        bare.run(&["init", "--quiet", "--bare", &format!("--initial-branch={branch}"), "."]).await?;
        let config = bare.path.join("config");
        let text =
            tokio::fs::read_to_string(&config).await.map_err(SimError::io("reading a configuration"))?;
        let text = format!("{text}{CONFIG}");
        tokio::fs::write(&config, text).await.map_err(SimError::io("writing a configuration"))?;
        bare.install_hook().await?;
        if let Some(from) = from {
            let path = from.path.to_string_lossy().into_owned();
            bare.run(&["fetch", "--quiet", &path, "+refs/heads/*:refs/heads/*"]).await?;
        }
        Ok(bare)
    }
}

impl Bare {
    /// A `git` command in this repository, deaf to the machine's configuration.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        quiet(&mut command, &self.path);
        command.args(args).current_dir(&self.path);
        command
    }

    /// Runs git and returns what it printed, without the last newline.
    pub(crate) async fn run(&self, args: &[&str]) -> Result<String, SimError> {
        self.run_with(args, &[], b"").await
    }

    pub(crate) async fn run_with(
        &self,
        args: &[&str],
        env: &[(&str, &str)],
        input: &[u8],
    ) -> Result<String, SimError> {
        let mut command = self.command(args);
        command.envs(env.iter().copied());
        let output = feed(command, input).await?;
        if output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout);
            return Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned());
        }
        Err(SimError::Git {
            command: args.first().copied().unwrap_or_default().to_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }

    /// Whether git says yes; an error of git is a no.
    pub(crate) async fn holds(&self, args: &[&str]) -> bool {
        self.run(args).await.is_ok()
    }

    /// All branches: name → commit.
    pub(crate) async fn branches(&self) -> Result<BTreeMap<String, String>, SimError> {
        let text =
            self.run(&["for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads"]).await?;
        Ok(text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(sha, name)| (name.to_owned(), sha.to_owned()))
            .collect())
    }

    /// The commit that a name stands for, if any.
    pub(crate) async fn resolve(&self, name: &str) -> Option<String> {
        let spec = format!("{name}^{{commit}}");
        self.run(&["rev-parse", "--quiet", "--verify", "--end-of-options", &spec]).await.ok()
    }

    pub(crate) async fn contains(&self, descendant: &str, ancestor: &str) -> bool {
        self.holds(&["merge-base", "--is-ancestor", ancestor, descendant]).await
    }

    pub(crate) async fn set_ref(&self, name: &str, new: &str, old: Option<&str>) -> Result<(), SimError> {
        match old {
            Some(old) => self.run(&["update-ref", name, new, old]).await?,
            None => self.run(&["update-ref", name, new]).await?,
        };
        Ok(())
    }

    pub(crate) async fn delete_ref(&self, name: &str, old: &str) -> Result<(), SimError> {
        self.run(&["update-ref", "-d", name, old]).await.map(drop)
    }

    /// Takes a commit over from a fork as `name`.
    pub(crate) async fn take(&self, from: &Self, sha: &str, name: &str) -> Result<(), SimError> {
        if from.path != self.path {
            let path = from.path.to_string_lossy().into_owned();
            self.run(&["fetch", "--quiet", "--no-tags", &path, sha]).await?;
        }
        self.set_ref(name, sha, None).await
    }

    async fn install_hook(&self) -> Result<(), SimError> {
        use std::os::unix::fs::PermissionsExt;
        let hook = self.path.join("hooks/update");
        let say = SimError::io("writing a hook");
        tokio::fs::create_dir_all(self.path.join("hooks")).await.map_err(SimError::io("making a folder"))?;
        tokio::fs::write(&hook, include_str!("update.sh")).await.map_err(say)?;
        let mode = std::fs::Permissions::from_mode(0o755);
        tokio::fs::set_permissions(&hook, mode).await.map_err(SimError::io("writing a hook"))
    }

    /// Runs the same hook that a push runs.
    pub(crate) async fn ask_hook(
        &self,
        verdicts: &str,
        name: &str,
        old: &str,
        new: &str,
    ) -> Result<(), SimError> {
        let mut command = Command::new("sh");
        quiet(&mut command, &self.path);
        command.args(["hooks/update", name, old, new]).env("SIM_VERDICTS", verdicts).current_dir(&self.path);
        let output = feed(command, b"").await?;
        if output.status.success() {
            return Ok(());
        }
        Err(SimError::refused(String::from_utf8_lossy(&output.stderr).trim()))
    }
}

/// An environment in which only the repository's own configuration counts.
fn quiet(command: &mut Command, home: &Path) {
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_DIR", home)
        .kill_on_drop(true);
}

/// Runs a command with something to read, and collects what it says.
async fn feed(mut command: Command, input: &[u8]) -> Result<Output, SimError> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(SimError::io("starting git"))?;
    let stdin = child.stdin.take();
    let write = async {
        if let Some(mut stdin) = stdin {
            // A program that stops reading early says why by itself.
            let _ = stdin.write_all(input).await;
        }
    };
    let ((), output) = tokio::join!(write, child.wait_with_output());
    output.map_err(SimError::io("waiting for git"))
}
