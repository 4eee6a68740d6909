//! A user's own repository, for a review at the desk. It is read and never written to: merges and trees that are made
//! go to a temporary repository that borrows its objects.

use std::path::{Path, PathBuf};

use countersign_core::revision::{BranchName, CommitSha, ObjectId};
use tempfile::TempDir;
use tokio::process::Command;

use super::batch::{Batch, Found};
use super::git::{Git, GitFailure, nonsense, process_error};
use super::mirror::Mirror;
use super::trees::parse_tip;
use crate::ports::SourceError;
use crate::process::{self, Finished, Limits};

/// Where the user's repository is, and the temporary one beside it.
#[derive(Debug)]
pub(super) struct UserRepository {
    git_dir: PathBuf,
    objects: PathBuf,
    index: PathBuf,
    work_tree: Option<PathBuf>,
    shallow: bool,
    /// What reads its revisions.
    names: (Git, Batch),
    /// Removed with the mirror.
    _scratch: TempDir,
}

/// How much history a repository has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// Not one commit.
    None,
    /// It ends where it was cut off by `clone --depth`.
    Shallow,
    /// All of it.
    Whole,
}

impl Mirror {
    /// Opens the repository that `dir` lies in, to read it.
    pub async fn local(dir: &Path) -> Result<Self, SourceError> {
        const ACTION: &str = "opening the repository";
        let io = |error: std::io::Error| SourceError::Git { action: ACTION, source: error.into() };
        let Places { git_dir, objects, index, shallow, format, work_tree } = places(dir).await?;
        let scratch = tempfile::Builder::new().prefix("countersign-review-").tempdir().map_err(io)?;
        write_repository(scratch.path(), &objects, &format).map_err(io)?;
        let is_shallow = tokio::fs::try_exists(&shallow).await.map_err(io)?;
        if is_shallow {
            tokio::fs::copy(&shallow, scratch.path().join("shallow")).await.map_err(io)?;
        }
        let git = Git::new(scratch.path().to_owned());
        let theirs = Git::beside(scratch.path().to_owned(), git_dir.clone());
        // Both start at once.
        let names = Batch::started(&theirs).map(|batch| (theirs, batch))?;
        let batch = Batch::started(&git)?;
        let user = UserRepository {
            git_dir,
            objects,
            index,
            work_tree,
            shallow: is_shallow,
            names,
            _scratch: scratch,
        };
        Ok(Self { user: Some(user), batch, ..Self::with(git) })
    }

    /// The commit that a revision names, in git's own grammar (`HEAD~2`, a branch, part of an id).
    pub async fn resolve(&self, revision: &str) -> Result<CommitSha, SourceError> {
        let missing = || SourceError::Missing { what: format!("revision `{revision}`") };
        if revision.is_empty() || revision.contains(['\0', '\n']) {
            return Err(missing());
        }
        // A branch may look like an option; by its full name it does not.
        let folder = if revision.starts_with('-') { "refs/heads/" } else { "" };
        let spec = format!("{folder}{revision}^{{commit}}");
        match &self.user {
            Some(user) => user.commits(&[spec]).await?.pop().flatten(),
            None => {
                let args = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
                parse_tip(self.git.call("reading a revision", &args).arg(spec).finish().await?.stdout())
            }
        }
        .ok_or_else(missing)
    }

    /// How much of its history the repository has.
    pub async fn history(&self) -> Result<History, SourceError> {
        if self.user.as_ref().is_some_and(|user| user.shallow) {
            return Ok(History::Shallow);
        }
        let mut call = self.git.call("listing the branches", &["for-each-ref", "--count=1"]);
        if let Some(user) = &self.user {
            call = call.env("GIT_DIR", &user.git_dir);
        }
        // A head that is on no branch has commits, too.
        let none = call.output().await?.is_empty() && self.resolve("HEAD").await.is_err();
        Ok(if none { History::None } else { History::Whole })
    }

    /// The revision that reviews are against by default: the default branch of `origin`, that of a bare repository,
    /// else `main`, else `master`.
    pub async fn default_branch(&self) -> Result<String, SourceError> {
        let bare = self.user.as_ref().is_some_and(|user| user.work_tree.is_none());
        let candidates = [
            "refs/remotes/origin/HEAD",
            if bare { "HEAD" } else { "refs/remotes/origin/main" },
            "refs/heads/main",
            "refs/remotes/origin/master",
            "refs/heads/master",
        ];
        let found = match &self.user {
            Some(user) => user.commits(&candidates.map(|name| format!("{name}^{{commit}}"))).await?,
            None => Vec::new(),
        };
        let first = candidates.into_iter().zip(found).find(|(_, commit)| commit.is_some());
        first
            .map(|(name, _)| name.to_owned())
            .ok_or_else(|| SourceError::Missing { what: "a branch `main` or `master`".to_owned() })
    }

    /// The top folder of the work tree; `None` where the repository is bare.
    pub fn work_tree(&self) -> Option<&Path> {
        self.user.as_ref()?.work_tree.as_deref()
    }

    /// Where `origin` is, as git writes it: it may hold credentials. `None` where there is no such remote.
    pub async fn origin_url(&self) -> Option<String> {
        let dir = &self.user.as_ref()?.git_dir;
        as_user("reading the remotes", dir, &["config", "--get", "remote.origin.url"], &[]).await.ok()
    }

    /// The files of the work tree as `git add --all` would take them, as a tree. The user's index stays as it is.
    pub async fn worktree_tree(&self) -> Result<ObjectId, SourceError> {
        const ACTION: &str = "reading the work tree";
        let missing = || SourceError::Missing { what: "a work tree (the repository is bare)".to_owned() };
        let io = |error: std::io::Error| SourceError::Git { action: ACTION, source: error.into() };
        let user = self.user.as_ref().ok_or_else(missing)?;
        let root = user.work_tree.as_deref().ok_or_else(missing)?;
        let scratch = tempfile::tempdir().map_err(io)?;
        let index = scratch.path().join("index");
        // With the user's index as a start, only files that were touched are read.
        if tokio::fs::try_exists(&user.index).await.map_err(io)? {
            tokio::fs::copy(&user.index, &index).await.map_err(io)?;
        }
        let objects = self.git.dir().join("objects");
        let env = [
            ("GIT_INDEX_FILE", index.as_path()),
            ("GIT_OBJECT_DIRECTORY", objects.as_path()),
            ("GIT_ALTERNATE_OBJECT_DIRECTORIES", user.objects.as_path()),
        ];
        let add = ["-c", "advice.addEmbeddedRepo=false", "add", "--all"];
        as_user(ACTION, root, &add, &env).await?;
        let tree = as_user(ACTION, root, &["write-tree"], &env).await?;
        tree.parse().map_err(|_| nonsense(ACTION))
    }

    /// Makes a commit of a tree on top of a parent, so that a work tree can be judged like a head.
    pub async fn commit_tree_on(
        &self,
        parent: &CommitSha,
        tree: &ObjectId,
    ) -> Result<CommitSha, SourceError> {
        let nobody = crate::ports::GitIdentity { name: "work tree".to_owned(), email: String::new() };
        let bytes = super::commits::commit_bytes(&[parent], tree, "The work tree", &nobody, 0);
        self.write_commit(&bytes).await
    }
}

impl UserRepository {
    pub(super) async fn branch_tip(&self, branch: &BranchName) -> Result<CommitSha, SourceError> {
        let names = [format!("refs/heads/{branch}"), format!("refs/remotes/origin/{branch}")];
        let found = self.commits(&names.map(|name| format!("{name}^{{commit}}"))).await?;
        found
            .into_iter()
            .flatten()
            .next()
            .ok_or_else(|| SourceError::Missing { what: format!("branch `{branch}`") })
    }

    /// The commits that these names stand for, all asked of one process.
    async fn commits(&self, names: &[String]) -> Result<Vec<Option<CommitSha>>, SourceError> {
        let (git, batch) = &self.names;
        let mut commits = Vec::new();
        for found in batch.read(git, names).await? {
            commits.push(match found {
                Found::Object(object) if object.kind == "commit" => object.id.as_str().parse().ok(),
                Found::Object(_) | Found::Missing => None,
                Found::TooLarge(_) => return Err(nonsense("reading a revision")),
            });
        }
        Ok(commits)
    }
}

/// Where the parts of a user's repository are.
struct Places {
    git_dir: PathBuf,
    objects: PathBuf,
    index: PathBuf,
    shallow: PathBuf,
    format: String,
    work_tree: Option<PathBuf>,
}

/// Asks git where things are. It decides itself, by the user's settings, whether a folder of another owner is trusted.
async fn places(dir: &Path) -> Result<Places, SourceError> {
    const ACTION: &str = "opening the repository";
    let question =
        ["--absolute-git-dir", "--git-path", "objects", "--git-path", "index", "--git-path", "shallow"];
    // Where there is no work tree, the last question fails after the others were answered.
    let args = [
        &["rev-parse", "--path-format=absolute"],
        &question[..],
        &["--show-object-format", "--show-toplevel"],
    ]
    .concat();
    let done = run_as_user(ACTION, dir, &args, &[]).await?;
    let answer = String::from_utf8_lossy(&done.stdout).into_owned();
    let lines: Vec<&str> = answer.lines().collect();
    let (answered, work_tree) = match lines.as_slice() {
        [answered @ .., top] if done.status.success() => (answered, Some(PathBuf::from(top))),
        answered if answered.len() == 5 => (answered, None),
        _ => return Err(failure(ACTION, &done)),
    };
    let &[git_dir, objects, index, shallow, format] = answered else {
        // A path with a line break in it.
        return Err(nonsense(ACTION));
    };
    let [git_dir, objects, index, shallow] = [git_dir, objects, index, shallow].map(PathBuf::from);
    Ok(Places { git_dir, objects, index, shallow, format: format.to_owned(), work_tree })
}

/// Writes an empty repository that borrows objects, as `git init --bare` would make it.
fn write_repository(dir: &Path, objects: &Path, format: &str) -> std::io::Result<()> {
    let (version, extension) = match format {
        "sha1" => (0, String::new()),
        // One that git does not know either, it says so.
        other => (1, format!("[extensions]\n\tobjectFormat = {other}\n")),
    };
    let info = dir.join("objects/info");
    std::fs::create_dir_all(&info)?;
    std::fs::create_dir_all(dir.join("objects/pack"))?;
    std::fs::create_dir_all(dir.join("refs/heads"))?;
    let mut borrowed = objects.as_os_str().to_owned();
    borrowed.push("\n");
    std::fs::write(info.join("alternates"), borrowed.as_encoded_bytes())?;
    let config = format!("[core]\n\trepositoryFormatVersion = {version}\n\tbare = true\n{extension}");
    std::fs::write(dir.join("config"), config)?;
    std::fs::write(dir.join("HEAD"), "ref: refs/heads/main\n")
}

/// Git with the user's own settings, in the user's own repository: only for what the user's git alone can tell.
async fn as_user(
    action: &'static str,
    dir: &Path,
    args: &[&str],
    env: &[(&str, &Path)],
) -> Result<String, SourceError> {
    let done = run_as_user(action, dir, args, env).await?;
    if !done.status.success() {
        return Err(failure(action, &done));
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim_end_matches('\n').to_owned())
}

fn failure(action: &'static str, done: &Finished) -> SourceError {
    let message = String::from_utf8_lossy(&done.stderr).trim_end().to_owned();
    let failure = GitFailure { status: done.status.to_string(), message };
    SourceError::Git { action, source: Box::new(failure) }
}

/// The same, however it ends.
async fn run_as_user(
    action: &'static str,
    dir: &Path,
    args: &[&str],
    env: &[(&str, &Path)],
) -> Result<Finished, SourceError> {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(dir)
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never"])
        .args(args)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_OBJECT_DIRECTORY")
        .env_remove("GIT_ALTERNATE_OBJECT_DIRECTORIES")
        .envs(env.iter().copied())
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0");
    let limits = Limits { time: std::time::Duration::from_secs(120), stdout: 1 << 20, stderr: 64 << 10 };
    process::run(&mut command, None, &limits).await.map_err(|error| process_error(action, error))
}
