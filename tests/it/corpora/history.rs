//! A repository out of a bundle: its changes, and the trees that a review of one judges.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::SAMPLE;

/// A clone that goes when it is dropped.
pub(super) struct Repository {
    folder: TempDir,
}

/// Two commits, of which the second is to be merged into the first.
pub(super) struct Change {
    pub(super) base: String,
    pub(super) head: String,
}

impl fmt::Display for Change {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "--base {} --head {}", self.base, self.head)
    }
}

/// Both trees that a review judges, written out.
pub(super) struct Trees {
    folder: TempDir,
    /// The id of the merge's tree; `None` on a conflict, where the head's own is judged.
    pub(super) merged: Option<String>,
}

impl Trees {
    pub(super) fn base(&self) -> PathBuf {
        self.folder.path().join("base")
    }

    pub(super) fn head(&self) -> PathBuf {
        self.folder.path().join("head")
    }
}

impl Repository {
    pub(super) fn open(bundle: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clone = ["clone", "--quiet", "--bare", "--"];
        let done = git(Path::new("."), &clone, &[bundle.as_os_str(), folder.path().as_os_str()]);
        succeeded("git clone", &done);
        Self { folder }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What was merged in the history, the oldest first. Where there are few merges, what each commit did as well.
    pub(super) fn changes(&self) -> Vec<Change> {
        let listed = self.ask(&["rev-list", "--all", "--reverse", "--topo-order", "--parents"]);
        let commits: Vec<Vec<&str>> = listed.lines().map(|line| line.split(' ').collect()).collect();
        let few = commits.iter().filter(|commit| commit.len() > 2).count() < SAMPLE;
        let change = |commit: &Vec<&str>| {
            let (base, head) = match commit.as_slice() {
                [_, base, head] => (base, head),
                [head, base] if few => (base, head),
                _ => return None,
            };
            Some(Change { base: (*base).to_owned(), head: (*head).to_owned() })
        };
        commits.iter().filter_map(change).collect()
    }

    /// Merges as a review does, and writes out what was there and what comes of it.
    pub(super) fn trees(&self, change: &Change) -> Trees {
        let folder = tempfile::tempdir().unwrap();
        let ends: [&str; 2] = [&change.base, &change.head];
        let merge = git(self.path(), &["merge-tree", "--write-tree", "--no-messages"], &ends);
        let merged = merge.status.success().then(|| text(&merge.stdout));
        let trees = Trees { folder, merged };
        self.write_out(&change.base, &trees.base());
        self.write_out(trees.merged.as_ref().unwrap_or(&change.head), &trees.head());
        trees
    }

    fn write_out(&self, tree: &str, to: &Path) {
        std::fs::create_dir(to).unwrap();
        let index = to.with_extension("index");
        for args in [&["read-tree", tree][..], &["checkout-index", "--all"][..]] {
            let mut command = Command::new("git");
            command.arg("--git-dir").arg(self.path()).arg("--work-tree").arg(to).args(args);
            let done = command.current_dir(to).env("GIT_INDEX_FILE", &index).output().unwrap();
            succeeded("git checkout-index", &done);
        }
    }

    fn ask(&self, args: &[&str]) -> String {
        let done = git::<&str>(self.path(), args, &[]);
        succeeded("git", &done);
        text(&done.stdout)
    }
}

fn git<A: AsRef<OsStr>>(dir: &Path, args: &[&str], more: &[A]) -> Output {
    Command::new("git").arg("-C").arg(dir).args(args).args(more).output().unwrap()
}

#[track_caller]
fn succeeded(what: &str, done: &Output) {
    assert!(done.status.success(), "{what}: {}", text(&done.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}
