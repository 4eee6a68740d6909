//! Talking to a forge's repository: fetch, ask, push. A push is judged by where the branch stands afterwards, never by
//! git's answer alone, which may be lost.

use countersign_core::revision::{BranchName, CommitSha};

use super::git::{Answer, nonsense, remote_url};
use super::mirror::Mirror;
use crate::ports::{GitRemote, SourceError};

/// How git says "no such branch" in the place of an old value.
const NOTHING: &str = "0000000000000000000000000000000000000000";

impl Mirror {
    pub(super) async fn fetch_remote(&self, remote: &GitRemote) -> Result<(), SourceError> {
        const ACTION: &str = "fetching";
        let _held = self.fetching.lock().await;
        self.create().await?;
        let url = remote_url(ACTION, remote)?;
        let head = head_name(&remote.head_ref)?;
        let args = [
            "fetch",
            "--quiet",
            "--prune",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--",
            url,
            "+refs/heads/*:refs/remotes/origin/*",
        ];
        let answer = self
            .git
            .remote_call(ACTION, &args, remote)?
            .arg(format!("+{}:refs/changes/{head}", remote.head_ref))
            .finish()
            .await?;
        match answer.code() {
            Some(0) => Ok(()),
            _ if answer.message().contains("couldn't find remote ref") => {
                Err(SourceError::Missing { what: format!("`{}` of the forge", remote.head_ref) })
            }
            _ => Err(remote_error(ACTION, &answer)),
        }
    }

    /// Creates the repository where it is not there yet: whole, or not at all.
    async fn create(&self) -> Result<(), SourceError> {
        const ACTION: &str = "creating the mirror";
        let io = |error: std::io::Error| SourceError::Git { action: ACTION, source: error.into() };
        let dir = self.git.dir();
        if tokio::fs::try_exists(dir.join("HEAD")).await.map_err(io)? {
            return Ok(());
        }
        let parent = dir.parent().ok_or_else(|| nonsense(ACTION))?;
        tokio::fs::create_dir_all(parent).await.map_err(io)?;
        let fresh = tempfile::Builder::new().prefix(".new-").tempdir_in(parent).map_err(io)?;
        self.git
            .anywhere(ACTION, &["init", "--quiet", "--bare", "--template=", "--"])
            .arg(fresh.path())
            .output()
            .await?;
        match tokio::fs::rename(fresh.path(), dir).await {
            Ok(()) => {
                // It has another name now; there is nothing left to remove.
                let _ = fresh.keep();
                Ok(())
            }
            // Another process was faster.
            Err(_) if tokio::fs::try_exists(dir.join("HEAD")).await.map_err(io)? => Ok(()),
            Err(error) => Err(io(error)),
        }
    }

    pub(super) async fn ask_remote_tip(
        &self,
        remote: &GitRemote,
        branch: &BranchName,
    ) -> Result<Option<CommitSha>, SourceError> {
        const ACTION: &str = "asking the forge for a branch";
        self.create().await?;
        let url = remote_url(ACTION, remote)?;
        let name = format!("refs/heads/{branch}");
        let answer = self
            .git
            .remote_call(ACTION, &["ls-remote", "--quiet", "--", url, &name], remote)?
            .finish()
            .await?;
        if answer.code() != Some(0) {
            return Err(remote_error(ACTION, &answer));
        }
        // The name is a pattern that matches any ref ending so: only the exact one counts.
        let text = String::from_utf8_lossy(answer.stdout()).into_owned();
        let exact = text.lines().filter_map(|line| line.split_once('\t')).find(|(_, found)| *found == name);
        exact.map(|(id, _)| id.parse().map_err(|_| nonsense(ACTION))).transpose()
    }

    pub(super) async fn push_commit(
        &self,
        remote: &GitRemote,
        branch: &BranchName,
        expected: Option<&CommitSha>,
        commit: &CommitSha,
    ) -> Result<(), SourceError> {
        const ACTION: &str = "pushing";
        let url = remote_url(ACTION, remote)?;
        let lease = expected.map_or("", CommitSha::as_str);
        let args = [
            "push",
            "--porcelain",
            "--no-verify",
            "--no-follow-tags",
            "--recurse-submodules=no",
            "--no-signed",
            &format!("--force-with-lease=refs/heads/{branch}:{lease}"),
            "--",
            url,
            &format!("{commit}:refs/heads/{branch}"),
        ];
        let answer = self.git.remote_call(ACTION, &args, remote)?.finish().await;
        if answer.as_ref().is_ok_and(|answer| answer.code() == Some(0)) {
            return Ok(());
        }
        // Refused, or the answer was lost: the branch itself tells which.
        let tip = self.ask_remote_tip(remote, branch).await;
        match (tip, answer) {
            (Ok(Some(tip)), _) if tip == *commit => Ok(()),
            (Ok(tip), _) if tip.as_ref() != expected => Err(moved(branch, expected)),
            (_, Ok(answer)) => match refusal(&answer) {
                Some(why) => Err(SourceError::Refused { why }),
                None => Err(remote_error(ACTION, &answer)),
            },
            (_, Err(error)) => Err(error),
        }
    }
}

fn moved(branch: &BranchName, expected: Option<&CommitSha>) -> SourceError {
    match expected.cloned().map_or_else(|| NOTHING.parse(), Ok) {
        Ok(expected) => SourceError::Moved { branch: branch.clone(), expected },
        Err(_) => nonsense("pushing"),
    }
}

/// The part of the ref that holds a change's head which names it among `refs/changes/`.
fn head_name(head_ref: &str) -> Result<&str, SourceError> {
    head_ref
        .strip_prefix("refs/")
        .filter(|name| name.parse::<BranchName>().is_ok())
        .ok_or_else(|| SourceError::Missing { what: format!("`{head_ref}` (not a full ref name)") })
}

/// Why the remote turned a push down: the reason of the rejected ref and what the remote said, if that is what happened.
fn refusal(answer: &Answer) -> Option<String> {
    let stdout = String::from_utf8_lossy(answer.stdout()).into_owned();
    let rejected = stdout.lines().find(|line| line.starts_with("!\t"))?;
    let reason = rejected.rsplit('\t').next().unwrap_or_default();
    let reason = reason.trim_start_matches("[remote rejected]").trim_start_matches("[rejected]").trim();
    let reason = reason.trim_start_matches('(').trim_end_matches(')');
    let message = answer.message();
    let said: Vec<&str> = message
        .lines()
        .filter_map(|line| line.strip_prefix("remote:"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let why = if said.is_empty() { reason.to_owned() } else { format!("{reason} ({})", said.join(" ")) };
    Some(why.chars().filter(|c| !c.is_control()).take(500).collect())
}

/// The line of git's message that says why a remote was not reached.
fn remote_error(action: &'static str, answer: &Answer) -> SourceError {
    let message = answer.message();
    let line = message
        .lines()
        .find_map(|line| line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: ")))
        .or_else(|| message.lines().next());
    let line = line.unwrap_or("git gave no reason");
    let why = if line.contains("could not read Username") || line.contains("Authentication failed") {
        "the forge refused the credentials; give the bot a token that may read and write this repository"
            .to_owned()
    } else {
        line.chars().take(500).collect()
    };
    SourceError::Remote { action, why }
}
