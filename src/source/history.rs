//! Reading a branch back: its first-parent line, and the bytes of its commits.

use countersign_core::revision::CommitSha;

use super::git::nonsense;
use super::mirror::Mirror;
use crate::ports::SourceError;

impl Mirror {
    /// The first-parent line, newest first.
    pub(super) async fn first_parent_line(
        &self,
        from: Option<&CommitSha>,
        to: &CommitSha,
    ) -> Result<Vec<CommitSha>, SourceError> {
        const ACTION: &str = "listing the first parents";
        let mut call = self.git.call(ACTION, &["rev-list", "--first-parent"]).arg(to.as_str());
        if let Some(from) = from {
            call = call.arg(format!("^{from}"));
        }
        let out = call.arg("--").output().await?;
        let text = String::from_utf8_lossy(&out);
        text.lines().map(|line| line.parse().map_err(|_| nonsense(ACTION))).collect()
    }

    /// A commit's bytes, as they are hashed.
    pub(super) async fn commit_text(&self, commit: &CommitSha) -> Result<Vec<u8>, SourceError> {
        self.git.call("reading a commit", &["cat-file", "commit", commit.as_str()]).output().await
    }
}
