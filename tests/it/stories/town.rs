//! What a story needs of a forge: people who push, open, comment and review, and what can be seen there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign::ports::{Clock, Forge, SystemClock};
use countersign_core::change::RepoId;

/// A comment as somebody who reads the page sees it.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) id: u64,
    pub(crate) who: String,
    pub(crate) body: String,
}

/// One repository with its people: ana, bo and cy may write, dee may read, ada is an administrator.
#[async_trait]
pub(crate) trait Town: Send + Sync {
    /// The repository, as the bot names it.
    fn repo(&self) -> RepoId;
    /// A fresh adapter of the bot for this forge.
    fn forge(&self) -> Arc<dyn Forge>;
    /// The time that this forge and its bot live in.
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }
    /// Lets the forge's clock, which counts whole seconds, go on by more than one.
    async fn a_moment_passes(&self) {
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    /// Lets it go on for as long as a display must stand before a review can mean it.
    async fn half_a_minute_passes(&self) {
        tokio::time::sleep(Duration::from_secs(32)).await;
    }
    /// Somebody's login there.
    fn login(&self, who: &str) -> String;
    /// A URL that git can push to as somebody.
    fn git_url(&self, who: &str) -> String;
    /// Somebody's address in commits, which the forge ties to the account.
    fn address(&self, who: &str) -> String;
    /// Opens a change request; its number.
    async fn open(&self, who: &str, source: &str, title: &str) -> u64;
    /// Makes a fork of somebody's; a URL that git can push to as them. A change from it is opened from `login:branch`.
    async fn fork(&self, who: &str) -> String;
    /// Comments; the comment's id.
    async fn comment(&self, who: &str, number: u64, body: &str) -> u64;
    /// Edits a comment, whoever wrote it.
    async fn edit(&self, who: &str, comment: u64, body: &str);
    /// Approves through the forge's own button.
    async fn approve(&self, who: &str, number: u64);
    /// The conversation, oldest first.
    async fn conversation(&self, number: u64) -> Vec<Said>;
    /// `open`, `merged` or `closed`.
    async fn state(&self, number: u64) -> String;
    /// The required status on a commit: state and text.
    async fn status(&self, commit: &str) -> Option<(String, String)>;
    /// An administrator pushes to main past the protection, which stands again afterwards.
    async fn force(&self, files: &[(&str, Option<&str>)]) -> String;
    /// Makes a change request a draft.
    async fn make_draft(&self, who: &str, number: u64);
    /// Asks a change request into another branch.
    async fn retarget(&self, who: &str, number: u64, branch: &str);
    /// Has deliveries sent to this URL.
    async fn deliver_to(&self, url: &str);
}

/// A clone that somebody works in.
pub(crate) struct Clone {
    dir: tempfile::TempDir,
    who: (String, String),
}

impl Clone {
    pub(crate) fn new(town: &dyn Town, who: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clone = Self { dir, who: (town.login(who), town.address(who)) };
        clone.git(&["clone", "-q", &town.git_url(who), "."]);
        clone
    }

    /// A clone that pushes somewhere else, such as to a fork.
    pub(crate) fn pushing_to(self, url: &str) -> Self {
        self.git(&["remote", "set-url", "--push", "origin", url]);
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Runs git there; its output.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let (name, address) = &self.who;
        let mut git = Command::new("git");
        git.args(arguments).current_dir(self.path());
        git.env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0");
        git.env("GIT_AUTHOR_NAME", name).env("GIT_AUTHOR_EMAIL", address);
        git.env("GIT_COMMITTER_NAME", name).env("GIT_COMMITTER_EMAIL", address);
        git
    }

    /// Writes files (`None` removes one) and commits them on a branch, made from another where it is new; pushes.
    pub(crate) fn push(
        &self,
        branch: &str,
        from: &str,
        files: &[(&str, Option<&str>)],
        message: &str,
    ) -> String {
        self.git(&["fetch", "-q", "origin"]);
        let there =
            self.command(&["rev-parse", "-q", "--verify", &format!("origin/{branch}")]).output().unwrap();
        let start = if there.status.success() { branch } else { from };
        self.git(&["checkout", "-q", "-B", branch, &format!("origin/{start}")]);
        self.commit(files, message);
        self.git(&["push", "-q", "origin", &format!("{branch}:refs/heads/{branch}")]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// The first commit of a repository, on main.
    pub(crate) fn found(&self, files: &[(&str, Option<&str>)]) -> String {
        self.git(&["checkout", "-q", "-B", "main"]);
        self.commit(files, "Begin");
        self.git(&["push", "-q", "origin", "main:refs/heads/main"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn commit(&self, files: &[(&str, Option<&str>)], message: &str) {
        for (path, content) in files {
            let file: PathBuf = self.path().join(path);
            match content {
                Some(content) => {
                    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                    std::fs::write(file, content).unwrap();
                }
                None => std::fs::remove_file(file).unwrap(),
            }
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }
}
