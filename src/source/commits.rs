//! Commits: who stands in them, how they descend, and new ones made from values alone.

use std::fmt::Write as _;

use countersign_core::revision::{CommitSha, ObjectId};

use super::export::check_path;
use super::git::nonsense;
use super::mirror::Mirror;
use super::trees::parse_tip;
use crate::ports::{CommitPeople, GitIdentity, SourceError};

impl Mirror {
    pub(super) async fn people_between(
        &self,
        base: &CommitSha,
        head: &CommitSha,
    ) -> Result<Vec<CommitPeople>, SourceError> {
        const ACTION: &str = "listing commits";
        let args = ["rev-list", "--no-commit-header", "--format=%H%x00%an%x00%ae%x00%cn%x00%ce"];
        let out = self
            .git
            .call(ACTION, &args)
            .arg(head.as_str())
            .arg(format!("^{base}"))
            .arg("--")
            .output()
            .await?;
        let text = String::from_utf8_lossy(&out);
        text.lines().map(|line| commit_people(line).ok_or_else(|| nonsense(ACTION))).collect()
    }

    pub(super) async fn ancestry(
        &self,
        ancestor: &CommitSha,
        commit: &CommitSha,
    ) -> Result<bool, SourceError> {
        let args = ["merge-base", "--is-ancestor", ancestor.as_str(), commit.as_str()];
        let answer = self.git.call("looking up the history", &args).finish().await?;
        match answer.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ if answer.message().contains("Not a valid commit name") => {
                Err(SourceError::Missing { what: format!("{} or {}", ancestor.short(), commit.short()) })
            }
            _ => Err(answer.into_error()),
        }
    }

    pub(super) async fn write_commit(&self, bytes: &[u8]) -> Result<CommitSha, SourceError> {
        const ACTION: &str = "storing a commit";
        let args = ["hash-object", "-t", "commit", "-w", "--stdin"];
        let out = self.git.call(ACTION, &args).input(bytes).output().await?;
        parse_tip(&out).ok_or_else(|| nonsense(ACTION))
    }

    pub(super) async fn add_files(
        &self,
        parent: Option<&CommitSha>,
        files: &[(String, Vec<u8>)],
        message: &str,
        identity: &GitIdentity,
        time: i64,
    ) -> Result<CommitSha, SourceError> {
        const ACTION: &str = "adding files";
        let scratch =
            tempfile::tempdir().map_err(|error| SourceError::Git { action: ACTION, source: error.into() })?;
        let index = scratch.path().join("index");
        let call = |args: &[&str]| self.git.call(ACTION, args).env("GIT_INDEX_FILE", &index);
        if let Some(parent) = parent {
            call(&["read-tree", parent.as_str()]).output().await?;
        }
        let mut lines = Vec::new();
        for (path, bytes) in files {
            check_path(path)?;
            let args = ["hash-object", "-t", "blob", "-w", "--no-filters", "--stdin"];
            let id = self.git.call(ACTION, &args).input(bytes).line().await?;
            lines.extend_from_slice(format!("100644 {id}\t{path}\0").as_bytes());
        }
        call(&["update-index", "-z", "--index-info"]).input(&lines).output().await?;
        let tree: ObjectId = call(&["write-tree"]).line().await?.parse().map_err(|_| nonsense(ACTION))?;
        let parents: Vec<&CommitSha> = parent.into_iter().collect();
        self.write_commit(&commit_bytes(&parents, &tree, message, identity, time)).await
    }
}

/// A commit as git hashes it. What would end a line or an address early is left out of names.
pub(super) fn commit_bytes(
    parents: &[&CommitSha],
    tree: &ObjectId,
    message: &str,
    identity: &GitIdentity,
    time: i64,
) -> Vec<u8> {
    let clean = |text: &str| {
        let kept: String = text.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).collect();
        kept.trim().to_owned()
    };
    let who = format!("{} <{}> {time} +0000", clean(&identity.name), clean(&identity.email));
    let mut text = format!("tree {tree}\n");
    for parent in parents {
        // Writing to a string does not fail.
        let _ = writeln!(text, "parent {parent}");
    }
    let message = message.replace('\0', "");
    let _ = write!(text, "author {who}\ncommitter {who}\n\n{}\n", message.trim_end());
    text.into_bytes()
}

fn commit_people(line: &str) -> Option<CommitPeople> {
    let mut fields = line.split('\0');
    let commit = fields.next()?.parse().ok()?;
    let mut identity =
        || Some(GitIdentity { name: fields.next()?.to_owned(), email: fields.next()?.to_owned() });
    let (author, committer) = (identity()?, identity()?);
    Some(CommitPeople { commit, author, committer })
}
