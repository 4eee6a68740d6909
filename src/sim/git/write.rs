//! Making commits in a bare repository.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Bare;
use crate::error::SimError;

/// Who wrote a commit, and when.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) at: Timestamp,
}

impl Bare {
    /// The tree of `parent` with files set (`Some`) or removed (`None`).
    pub(crate) async fn tree_with(
        &self,
        parent: Option<&str>,
        files: &[(&str, Option<&str>)],
    ) -> Result<String, SimError> {
        let index = tempfile::NamedTempFile::new().map_err(SimError::io("making an index"))?;
        let place = index.path().with_extension("index");
        let place = place.to_string_lossy();
        let env = [("GIT_INDEX_FILE", place.as_ref())];
        match parent {
            Some(parent) => self.run_with(&["read-tree", parent], &env, b"").await?,
            None => self.run_with(&["read-tree", "--empty"], &env, b"").await?,
        };
        let mut lines = String::new();
        for (path, content) in files {
            match content {
                Some(content) => {
                    let blob =
                        self.run_with(&["hash-object", "-w", "--stdin"], &[], content.as_bytes()).await?;
                    lines.push_str(&format!("100644 {blob}\t{path}\0"));
                }
                None => lines.push_str(&format!("0 {}\t{path}\0", super::ZERO)),
            }
        }
        self.run_with(&["update-index", "-z", "--index-info"], &env, lines.as_bytes()).await?;
        let tree = self.run_with(&["write-tree"], &env, b"").await;
        let _ = tokio::fs::remove_file(place.as_ref()).await;
        tree
    }

    pub(crate) async fn commit_tree(
        &self,
        tree: &str,
        parents: &[&str],
        author: &Signature,
        committer: &Signature,
        message: &str,
    ) -> Result<String, SimError> {
        let mut args = vec!["commit-tree", tree];
        for parent in parents {
            args.extend(["-p", parent]);
        }
        let (author_date, date) = (stamp(author), stamp(committer));
        let env = BTreeMap::from([
            ("GIT_AUTHOR_NAME", author.name.as_str()),
            ("GIT_AUTHOR_EMAIL", author.email.as_str()),
            ("GIT_AUTHOR_DATE", author_date.as_str()),
            ("GIT_COMMITTER_NAME", committer.name.as_str()),
            ("GIT_COMMITTER_EMAIL", committer.email.as_str()),
            ("GIT_COMMITTER_DATE", date.as_str()),
        ]);
        let env: Vec<_> = env.into_iter().collect();
        self.run_with(&args, &env, message.as_bytes()).await
    }
}

fn stamp(signature: &Signature) -> String {
    format!("{} +0000", signature.at.as_second())
}
