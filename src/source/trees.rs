//! Commits as trees: tips, merges, lists, differences, single files.

use std::collections::BTreeMap;

use countersign_core::details::Lines;
use countersign_core::evaluation::{ChangedPath, PathEntry, PathOperation};
use countersign_core::revision::{BranchName, CommitSha, Diff, ObjectId};
use countersign_core::snapshot::MergeOutcome;

use super::batch::{Found, Object};
use super::git::nonsense;
use super::mirror::Mirror;
use crate::ports::{SourceError, TreeEntry};

/// How many files are asked for at once.
const CHUNK: usize = 256;

impl Mirror {
    pub(super) async fn tip(&self, branch: &BranchName) -> Result<CommitSha, SourceError> {
        if let Some(user) = &self.user {
            return user.branch_tip(branch).await;
        }
        let name = format!("refs/remotes/origin/{branch}");
        let answer = self
            .git
            .call("reading a branch", &["rev-parse", "--verify", "--quiet", "--end-of-options"])
            .arg(format!("{name}^{{commit}}"))
            .finish()
            .await?;
        parse_tip(answer.stdout()).ok_or_else(|| SourceError::Missing { what: format!("branch `{branch}`") })
    }

    pub(super) async fn commit_tree(&self, commit: &CommitSha) -> Result<ObjectId, SourceError> {
        match self.batch.read(&self.git, &[format!("{commit}^{{tree}}")]).await?.pop() {
            Some(Found::Object(object)) if object.kind == "tree" => Ok(object.id),
            Some(Found::Object(_) | Found::TooLarge(_)) => Err(nonsense("reading a commit")),
            Some(Found::Missing) | None => {
                Err(SourceError::Missing { what: format!("commit {}", commit.short()) })
            }
        }
    }

    pub(super) async fn merge_commits(
        &self,
        base: &CommitSha,
        head: &CommitSha,
    ) -> Result<MergeOutcome, SourceError> {
        const ACTION: &str = "merging";
        match self.common_ancestor(base, head).await? {
            Some(common) if common == *head => return Ok(MergeOutcome::Nothing),
            // Nothing of base's is merged into anything: head as it stands.
            Some(common) if common == *base => {
                return Ok(MergeOutcome::Clean { tree: self.commit_tree(head).await? });
            }
            Some(_) | None => {}
        }
        let args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages"];
        let answer = self.git.call(ACTION, &args).arg(base.as_str()).arg(head.as_str()).finish().await?;
        let mut fields = answer.stdout().split(|byte| *byte == 0).map(lossy);
        let tree = fields.next().and_then(|field| field.trim_end().parse::<ObjectId>().ok());
        match (answer.code(), tree) {
            (Some(0), Some(tree)) => Ok(MergeOutcome::Clean { tree }),
            (Some(1), Some(_)) => {
                let mut paths: Vec<String> = fields.filter(|path| !path.is_empty()).collect();
                paths.sort();
                paths.dedup();
                Ok(MergeOutcome::Conflict { paths })
            }
            _ if answer.message().contains("unrelated histories") => {
                Err(SourceError::Missing { what: "a common ancestor of base and head".to_owned() })
            }
            _ => Err(answer.into_error()),
        }
    }

    pub(super) async fn compare_trees(
        &self,
        base: &ObjectId,
        head: &ObjectId,
    ) -> Result<Vec<ChangedPath>, SourceError> {
        // Held, so that who asks at the same time gets the answer that is under way.
        let mut compared = self.compared.lock().await;
        if let Some((trees, changed)) = &*compared
            && (&trees.base, &trees.head) == (base, head)
        {
            return Ok(changed.clone());
        }
        let changed = self.ask_changes(base, head).await?;
        *compared = Some((Diff { base: base.clone(), head: head.clone() }, changed.clone()));
        Ok(changed)
    }

    async fn ask_changes(&self, base: &ObjectId, head: &ObjectId) -> Result<Vec<ChangedPath>, SourceError> {
        const ACTION: &str = "comparing trees";
        let args =
            ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=none"];
        let out = self.git.call(ACTION, &args).arg(base.as_str()).arg(head.as_str()).output().await?;
        let mut fields = out.split(|byte| *byte == 0).map(lossy);
        let mut changed = Vec::new();
        while let Some(meta) = fields.next().filter(|meta| !meta.is_empty()) {
            let path = fields.next().ok_or_else(|| nonsense(ACTION))?;
            changed.push(changed_path(&meta, path).ok_or_else(|| nonsense(ACTION))?);
        }
        changed.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changed)
    }

    /// `<added>\t<removed>\t<path>`, a dash for what has no lines.
    pub(super) async fn count_lines(
        &self,
        base: &ObjectId,
        head: &ObjectId,
    ) -> Result<BTreeMap<String, Lines>, SourceError> {
        const ACTION: &str = "counting changed lines";
        let args = ["diff-tree", "-r", "-z", "--numstat", "--no-renames", "--no-textconv", "--no-ext-diff"];
        let out = self.git.call(ACTION, &args).arg(base.as_str()).arg(head.as_str()).output().await?;
        let mut counted = BTreeMap::new();
        for record in out.split(|byte| *byte == 0).map(lossy).filter(|record| !record.is_empty()) {
            let mut fields = record.splitn(3, '\t');
            let (Some(added), Some(removed), Some(path)) = (fields.next(), fields.next(), fields.next())
            else {
                return Err(nonsense(ACTION));
            };
            if let (Ok(added), Ok(removed)) = (added.parse(), removed.parse()) {
                counted.insert(path.to_owned(), Lines { added, removed });
            }
        }
        Ok(counted)
    }

    pub(super) async fn list_tree(&self, tree: &ObjectId, path: &str) -> Result<Vec<TreeEntry>, SourceError> {
        self.list_with(&["ls-tree", "-r", "-z", "--full-tree", tree.as_str()], path).await
    }

    async fn list_with(&self, args: &[&str], path: &str) -> Result<Vec<TreeEntry>, SourceError> {
        const ACTION: &str = "listing a tree";
        let mut call = self.git.call(ACTION, args);
        if !path.is_empty() {
            call = call.arg("--").arg(path);
        }
        let out = call.output().await?;
        let mut entries = out
            .split(|byte| *byte == 0)
            .filter(|record| !record.is_empty())
            .map(|record| tree_entry(&lossy(record)).ok_or_else(|| nonsense(ACTION)))
            .collect::<Result<Vec<_>, _>>()?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    pub(super) async fn read_path(
        &self,
        tree: &ObjectId,
        path: &str,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        if path.is_empty() {
            return Ok(None);
        }
        if !path.contains(['\n', '\r'])
            && let Some(found) = self.batch.read(&self.git, &[format!("{tree}:{path}")]).await?.pop()
        {
            match found {
                Found::Object(object) => return Ok((object.kind == "blob").then_some(object.bytes)),
                Found::TooLarge(size) => return Err(self.too_large(path, size)),
                Found::Missing => {}
            }
        }
        // Absent, or the repository is broken: a file must never look absent because it could not be read.
        if self.is_absent(tree, path).await? {
            return Ok(None);
        }
        let entries = self.list_with(&["ls-tree", "-z", "--full-tree", tree.as_str()], path).await?;
        let entry = entries.into_iter().find(|entry| entry.path == path);
        match entry.filter(|entry| entry.mode != "160000" && entry.mode != "040000") {
            Some(entry) => self.read_listed(&entry).await.map(Some),
            None => Ok(None),
        }
    }

    /// Whether a folder on the way to a path was read and does not hold it. `false` where that is not certain.
    async fn is_absent(&self, tree: &ObjectId, path: &str) -> Result<bool, SourceError> {
        let mut missing = path;
        while !missing.is_empty() && !missing.contains(['\n', '\r']) {
            let (folder, name) = missing.rsplit_once('/').unwrap_or(("", missing));
            let question = if folder.is_empty() { tree.to_string() } else { format!("{tree}:{folder}") };
            match self.batch.read(&self.git, &[question]).await?.pop() {
                Some(Found::Object(object)) if object.kind == "tree" => {
                    return Ok(names_in_tree(&object).is_some_and(|names| !names.contains(&name.as_bytes())));
                }
                // What is no folder holds nothing.
                Some(Found::Object(_)) => return Ok(!folder.is_empty()),
                Some(Found::TooLarge(_)) | None => return Ok(false),
                Some(Found::Missing) => missing = folder,
            }
        }
        Ok(false)
    }

    pub(super) async fn read_listed(&self, entry: &TreeEntry) -> Result<Vec<u8>, SourceError> {
        let found = self.batch.read(&self.git, &[entry.id.to_string()]).await?.pop();
        self.listed(entry, found.unwrap_or(Found::Missing))
    }

    pub(super) async fn read_all_listed(
        &self,
        entries: &[TreeEntry],
    ) -> Result<Vec<Result<Vec<u8>, SourceError>>, SourceError> {
        let mut contents = Vec::with_capacity(entries.len());
        while let Some(rest) = entries.get(contents.len()..).filter(|rest| !rest.is_empty()) {
            let asked = rest.get(..CHUNK).unwrap_or(rest);
            let names: Vec<String> = asked.iter().map(|entry| entry.id.to_string()).collect();
            // Answers end at one that is too large.
            let answers = self.batch.read(&self.git, &names).await?;
            contents.extend(asked.iter().zip(answers).map(|(entry, found)| self.listed(entry, found)));
        }
        Ok(contents)
    }

    fn listed(&self, entry: &TreeEntry, found: Found) -> Result<Vec<u8>, SourceError> {
        match found {
            Found::Object(object) => Ok(object.bytes),
            Found::TooLarge(size) => Err(self.too_large(&entry.path, size)),
            Found::Missing => Err(SourceError::Missing { what: format!("the content of `{}`", entry.path) }),
        }
    }

    pub(super) fn too_large(&self, path: &str, size: u64) -> SourceError {
        SourceError::Unsafe {
            path: path.to_owned(),
            why: format!("it has {size} bytes; files of more than {} are not read", self.git.limits.file),
        }
    }
}

/// The names in a tree as git stores it: `<mode> <name>\0<id>`, the id in half as many bytes as it has digits.
fn names_in_tree(tree: &Object) -> Option<Vec<&[u8]>> {
    let id_bytes = tree.id.as_str().len() / 2;
    let mut names = Vec::new();
    let mut rest = tree.bytes.as_slice();
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let end = rest.iter().position(|byte| *byte == 0).filter(|end| *end > space)?;
        names.push(rest.get(space + 1..end)?);
        rest = rest.get(end + 1 + id_bytes..)?;
    }
    Some(names)
}

pub(super) fn parse_tip(stdout: &[u8]) -> Option<CommitSha> {
    std::str::from_utf8(stdout).ok()?.trim_end().parse().ok()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `<mode> <kind> <id>\t<path>`
fn tree_entry(record: &str) -> Option<TreeEntry> {
    let (meta, path) = record.split_once('\t')?;
    let mut words = meta.split(' ');
    let (mode, _kind, id) = (words.next()?, words.next()?, words.next()?);
    Some(TreeEntry { path: path.to_owned(), mode: mode.to_owned(), id: id.parse().ok()? })
}

/// `:<mode> <mode> <id> <id> <status>`
fn changed_path(meta: &str, path: String) -> Option<ChangedPath> {
    let mut words = meta.strip_prefix(':')?.split(' ');
    let modes = (words.next()?, words.next()?);
    let ids = (words.next()?, words.next()?);
    let entry = |mode: &str, id: &str| -> Option<PathEntry> {
        Some(PathEntry { mode: mode.to_owned(), blob: id.parse().ok()? })
    };
    let base = if modes.0 == "000000" { None } else { Some(entry(modes.0, ids.0)?) };
    let head = if modes.1 == "000000" { None } else { Some(entry(modes.1, ids.1)?) };
    let operation = match (&base, &head) {
        (None, Some(_)) => PathOperation::Add,
        (Some(_), None) => PathOperation::Remove,
        (Some(_), Some(_)) => PathOperation::Change,
        (None, None) => return None,
    };
    Some(ChangedPath { path, operation, entry: Diff { base, head } })
}
