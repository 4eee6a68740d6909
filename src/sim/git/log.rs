//! Reading commits and differences.

use super::Bare;
use crate::error::SimError;

/// A commit as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: (String, String, i64),
    pub(crate) committer: (String, String, i64),
    pub(crate) message: String,
    pub(crate) signed: bool,
}

/// A file that differs.
#[derive(Debug, Clone)]
pub(crate) struct FileChange {
    pub(crate) path: String,
    pub(crate) previous: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) blob: String,
    pub(crate) additions: u64,
    pub(crate) deletions: u64,
}

const FIELDS: usize = 10;

impl Bare {
    /// Commits of a range, oldest first.
    pub(crate) async fn commits(&self, range: &[&str]) -> Result<Vec<Commit>, SimError> {
        let format = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B";
        let mut args = vec!["log", "-z", "--reverse", "--topo-order", format];
        args.extend(range);
        args.push("--");
        let text = self.run(&args).await?;
        let parts: Vec<&str> = text.split('\0').collect();
        let mut found = Vec::new();
        for chunk in parts.chunks(FIELDS) {
            if let [sha, tree, parents, an, ae, at, cn, ce, ct, message] = chunk {
                found.push(Commit {
                    sha: (*sha).to_owned(),
                    tree: (*tree).to_owned(),
                    parents: parents.split_whitespace().map(str::to_owned).collect(),
                    author: ((*an).to_owned(), (*ae).to_owned(), at.parse().unwrap_or_default()),
                    committer: ((*cn).to_owned(), (*ce).to_owned(), ct.parse().unwrap_or_default()),
                    message: message.trim_end_matches('\n').to_owned(),
                    signed: self.is_signed(sha).await,
                });
            }
        }
        Ok(found)
    }

    pub(crate) async fn commit(&self, sha: &str) -> Result<Commit, SimError> {
        let found = self.commits(&["--max-count=1", sha]).await?;
        found.into_iter().next().ok_or_else(|| SimError::missing("commit", sha))
    }

    async fn is_signed(&self, sha: &str) -> bool {
        let raw = self.run(&["cat-file", "commit", sha]).await.unwrap_or_default();
        raw.lines().take_while(|line| !line.is_empty()).any(|line| line.starts_with("gpgsig"))
    }

    /// A range as a unified diff, for people.
    pub(crate) async fn diff(&self, range: &str) -> Result<String, SimError> {
        self.run(&["diff", "--no-color", "--no-ext-diff", "-M", range, "--"]).await
    }

    /// What `head` changes since it left `base`.
    pub(crate) async fn files(&self, base: &str, head: &str) -> Result<Vec<FileChange>, SimError> {
        let range = format!("{base}...{head}");
        let raw = self.run(&["diff", "--no-color", "-M", "--no-abbrev", "--raw", "-z", &range, "--"]).await?;
        let numbers = self.run(&["diff", "--no-color", "-M", "--numstat", "-z", &range, "--"]).await?;
        let mut counts = counts(&numbers).into_iter();
        let mut parts = raw.split('\0').filter(|part| !part.is_empty());
        let mut found = Vec::new();
        while let Some(line) = parts.next() {
            let mut words = line.trim_start_matches(':').split(' ');
            let (old, new, kind) = (words.nth(2), words.next(), words.next().unwrap_or_default());
            let Some(first) = parts.next() else { break };
            let (status, previous, path) = match kind.chars().next() {
                Some('A') => ("added", None, first),
                Some('D') => ("removed", None, first),
                Some('R') => ("renamed", Some(first), parts.next().unwrap_or_default()),
                Some('C') => ("copied", Some(first), parts.next().unwrap_or_default()),
                _ => ("modified", None, first),
            };
            let (additions, deletions) = counts.next().unwrap_or_default();
            found.push(FileChange {
                path: path.to_owned(),
                previous: previous.map(str::to_owned),
                status,
                blob: if status == "removed" { old } else { new }.unwrap_or_default().to_owned(),
                additions,
                deletions,
            });
        }
        Ok(found)
    }
}

/// Lines added and removed, in the order of the files. A rename has its two names apart, after an empty one.
fn counts(text: &str) -> Vec<(u64, u64)> {
    text.split('\0')
        .filter_map(|part| {
            let mut words = part.split('\t');
            let (added, removed) = (words.next()?, words.next()?);
            words.next()?;
            Some((added.parse().unwrap_or_default(), removed.parse().unwrap_or_default()))
        })
        .collect()
}
