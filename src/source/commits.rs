//! Commits: who stands in them, how they descend, and new ones made from values alone.

use std::fmt::Write as _;

use countersign_core::revision::{CommitSha, ObjectId};

use super::batch::Found;
use super::export::check_path;
use super::git::nonsense;
use super::mirror::Mirror;
use super::trees::parse_tip;
use crate::ports::{CommitPeople, GitIdentity, SourceError};

/// How many commits above another one are still read one by one.
const NEARBY: usize = 16;

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

    /// The best common ancestor of two commits, or one of several; `None` where there is none.
    pub(super) async fn common_ancestor(
        &self,
        base: &CommitSha,
        head: &CommitSha,
    ) -> Result<Option<CommitSha>, SourceError> {
        if self.is_just_above(base, head).await? {
            return Ok(Some(base.clone()));
        }
        let args = ["merge-base", base.as_str(), head.as_str()];
        let answer = self.git.call("looking up the history", &args).finish().await?;
        match answer.code() {
            Some(0) => Ok(parse_tip(answer.stdout())),
            Some(1) => Ok(None),
            _ if answer.message().contains("Not a valid commit name") => {
                Err(SourceError::Missing { what: format!("{} or {}", base.short(), head.short()) })
            }
            _ => Err(answer.into_error()),
        }
    }

    /// Whether `head` is `base`, or a few commits on top of it, which are read without starting another process.
    async fn is_just_above(&self, base: &CommitSha, head: &CommitSha) -> Result<bool, SourceError> {
        let mut line = head.clone();
        for _ in 0..NEARBY {
            if line == *base {
                return Ok(true);
            }
            let parents = match self.batch.read(&self.git, &[line.to_string()]).await?.pop() {
                Some(Found::Object(object)) if object.kind == "commit" => parents(&object.bytes),
                Some(Found::Object(_) | Found::TooLarge(_) | Found::Missing) | None => return Ok(false),
            };
            if parents.contains(base) {
                return Ok(true);
            }
            let Some(first) = parents.into_iter().next() else { return Ok(false) };
            line = first;
        }
        Ok(false)
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

/// The parents that a commit names.
fn parents(commit: &[u8]) -> Vec<CommitSha> {
    let lines = commit.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    lines.filter_map(|line| parse_tip(line.strip_prefix(b"parent ")?)).collect()
}

fn commit_people(line: &str) -> Option<CommitPeople> {
    let mut fields = line.split('\0');
    let commit = fields.next()?.parse().ok()?;
    let mut identity =
        || Some(GitIdentity { name: fields.next()?.to_owned(), email: fields.next()?.to_owned() });
    let (author, committer) = (identity()?, identity()?);
    Some(CommitPeople { commit, author, committer })
}
