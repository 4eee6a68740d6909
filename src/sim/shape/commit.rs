//! Commits and changed files.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Shape, node};
use crate::git::log::{Commit, FileChange};

/// What git says about two commits.
pub(crate) struct Comparison {
    pub(crate) base: Commit,
    pub(crate) fork: Commit,
    pub(crate) head: String,
    pub(crate) ahead: Vec<Commit>,
    pub(crate) behind: usize,
    pub(crate) files: Vec<FileChange>,
}

impl Shape<'_> {
    /// A commit with the accounts that its addresses belong to.
    pub(crate) fn commit(&self, repo: u64, commit: &Commit) -> Value {
        let (url, page) = (self.repo_url(repo), self.page(repo));
        let account = |email: &str| self.state.by_email(email).map_or(Value::Null, |id| self.user(id));
        let parents: Vec<Value> = commit
            .parents
            .iter()
            .map(|sha| {
                json!({ "sha": sha, "url": format!("{url}/commits/{sha}"), "html_url": format!("{page}/commit/{sha}") })
            })
            .collect();
        json!({
            "sha": commit.sha, "node_id": node("C", 0), "url": format!("{url}/commits/{}", commit.sha),
            "html_url": format!("{page}/commit/{}", commit.sha),
            "comments_url": format!("{url}/commits/{}/comments", commit.sha),
            "commit": {
                "url": format!("{url}/git/commits/{}", commit.sha),
                "author": signature(&commit.author), "committer": signature(&commit.committer),
                "message": commit.message, "comment_count": 0,
                "tree": { "sha": commit.tree, "url": format!("{url}/git/trees/{}", commit.tree) },
                "verification": self.verification(commit),
            },
            "author": account(&commit.author.1), "committer": account(&commit.committer.1), "parents": parents,
        })
    }

    /// Two commits compared, with one page of what lies between them.
    pub(crate) fn comparison(&self, repo: u64, found: &Comparison, commits: Vec<Value>) -> Value {
        let ends = format!("{}...{}", found.base.sha, found.head);
        let (url, page) = (
            format!("{}/compare/{ends}", self.repo_url(repo)),
            format!("{}/compare/{ends}", self.page(repo)),
        );
        let status = match (found.ahead.len(), found.behind) {
            (0, 0) => "identical",
            (0, _) => "behind",
            (_, 0) => "ahead",
            (_, _) => "diverged",
        };
        let files: Vec<Value> = found.files.iter().map(|file| self.file(repo, &found.head, file)).collect();
        json!({
            "url": url, "html_url": page, "permalink_url": page, "diff_url": format!("{page}.diff"),
            "patch_url": format!("{page}.patch"), "base_commit": self.commit(repo, &found.base),
            "merge_base_commit": self.commit(repo, &found.fork), "status": status,
            "ahead_by": found.ahead.len(), "behind_by": found.behind, "total_commits": found.ahead.len(),
            "commits": commits, "files": files,
        })
    }

    /// A changed file.
    pub(crate) fn file(&self, repo: u64, head: &str, file: &FileChange) -> Value {
        let (url, page) = (self.repo_url(repo), self.page(repo));
        let mut found = json!({
            "sha": file.blob, "filename": file.path, "status": file.status, "additions": file.additions,
            "deletions": file.deletions, "changes": file.additions + file.deletions,
            "blob_url": format!("{page}/blob/{head}/{}", file.path),
            "raw_url": format!("{page}/raw/{head}/{}", file.path),
            "contents_url": format!("{url}/contents/{}?ref={head}", file.path),
        });
        if let (Some(previous), Value::Object(found)) = (&file.previous, &mut found) {
            found.insert("previous_filename".to_owned(), json!(previous));
        }
        found
    }

    /// A commit as a run of a workflow tells it.
    pub(crate) fn head_commit(&self, commit: &Commit) -> Value {
        let person = |(name, email, _): &(String, String, i64)| json!({ "name": name, "email": email });
        json!({
            "id": commit.sha, "tree_id": commit.tree, "message": commit.message,
            "timestamp": time(commit.committer.2), "author": person(&commit.author),
            "committer": person(&commit.committer),
        })
    }

    /// A commit as a push delivery tells it.
    pub(crate) fn pushed_commit(&self, repo: u64, commit: &Commit) -> Value {
        let person = |(name, email, at): &(String, String, i64)| {
            let mut found = json!({ "name": name, "email": email, "date": time(*at) });
            if let (Some(id), Value::Object(found)) = (self.state.by_email(email), &mut found) {
                found.insert("username".to_owned(), json!(self.state.login(id)));
            }
            found
        };
        json!({
            "id": commit.sha, "tree_id": commit.tree, "distinct": true, "message": commit.message,
            "timestamp": time(commit.committer.2), "url": format!("{}/commit/{}", self.page(repo), commit.sha),
            "author": person(&commit.author), "committer": person(&commit.committer),
            "added": [], "removed": [], "modified": [],
        })
    }
}

fn signature((name, email, at): &(String, String, i64)) -> Value {
    json!({ "name": name, "email": email, "date": time(*at) })
}

fn time(second: i64) -> String {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}
