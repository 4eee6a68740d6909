//! Merging in a bare repository, as the forge's merge button does.

use super::Bare;
use super::write::Signature;
use crate::error::SimError;

impl Bare {
    /// The tree of both, or `None` on a conflict.
    pub(crate) async fn merge_tree(&self, ours: &str, theirs: &str) -> Option<String> {
        let text = self.run(&["merge-tree", "--write-tree", "--no-messages", ours, theirs]).await.ok()?;
        text.lines().next().map(str::to_owned)
    }

    /// The commits of `head` put onto `base` one by one, or `None` on a conflict.
    pub(crate) async fn replay(
        &self,
        base: &str,
        head: &str,
        committer: &Signature,
    ) -> Result<Option<String>, SimError> {
        let range = format!("{base}..{head}");
        let list = self.run(&["rev-list", "--reverse", "--topo-order", "--no-merges", &range]).await?;
        let folder = tempfile::tempdir().map_err(SimError::io("making a work tree"))?;
        let place = folder.path().to_string_lossy().into_owned();
        let date = format!("{} +0000", committer.at.as_second());
        let env = [
            ("GIT_COMMITTER_NAME", committer.name.as_str()),
            ("GIT_COMMITTER_EMAIL", committer.email.as_str()),
            ("GIT_COMMITTER_DATE", date.as_str()),
        ];
        self.run(&["worktree", "add", "--quiet", "--force", "--detach", &place, base]).await?;
        let mut command = self.command(&["cherry-pick", "--allow-empty"]);
        command.args(list.lines()).envs(env).env_remove("GIT_DIR").current_dir(folder.path());
        let picked = super::feed(command, b"").await?.status.success();
        let mut tip = self.command(&["rev-parse", "HEAD"]);
        tip.env_remove("GIT_DIR").current_dir(folder.path());
        let tip = super::feed(tip, b"").await?;
        self.run(&["worktree", "remove", "--force", &place]).await?;
        Ok(picked.then(|| String::from_utf8_lossy(&tip.stdout).trim().to_owned()))
    }

    /// The commit of `old..new` on the first-parent line that brought `head` in.
    pub(crate) async fn landed_by(&self, old: &str, new: &str, head: &str) -> String {
        let range = format!("{old}..{new}");
        let line = self.run(&["rev-list", "--first-parent", "--reverse", &range]).await.unwrap_or_default();
        for commit in line.lines() {
            if self.contains(commit, head).await {
                return commit.to_owned();
            }
        }
        new.to_owned()
    }
}
