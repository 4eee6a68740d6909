//! Mirrors of real repositories, over HTTP and on disk, with the inputs that a stranger could think of.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod backend;
mod export;
mod fetch;
mod local;
mod push;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use countersign::ports::{GitIdentity, MergeCommit, Source, SourceError};
use countersign::source::{GitLimits, Mirror};
use countersign_core::evaluation::PathOperation;
use countersign_core::revision::{BranchName, CommitSha, Digest, ObjectId};
use countersign_core::snapshot::MergeOutcome;
use tempfile::TempDir;

pub(crate) use backend::{Backend, TOKEN, git};

const CHANGE: &str = "refs/pull/7/head";

/// A forge with one change on it, and a mirror of it.
struct Scene {
    backend: Backend,
    data: TempDir,
    mirror: Mirror,
    base: CommitSha,
    head: CommitSha,
}

impl Scene {
    async fn new(base: &[(&str, &str)], head: &[(&str, &str)]) -> Self {
        let backend = Backend::start().await;
        let base = backend.commit("refs/heads/main", None, base);
        let head = backend.commit(CHANGE, Some(&base), head);
        let data = TempDir::new().unwrap();
        let mirror = Mirror::bare(data.path().join("hub/acme/env.git"));
        mirror.fetch(&backend.remote(CHANGE)).await.unwrap();
        Self { backend, data, mirror, base: base.parse().unwrap(), head: head.parse().unwrap() }
    }

    async fn tree(&self) -> ObjectId {
        self.mirror.tree_of(&self.head).await.unwrap()
    }

    /// Exports the whole head into a fresh folder.
    async fn export(&self) -> Result<(TempDir, Vec<String>), SourceError> {
        let into = TempDir::new().unwrap();
        let entries = self.mirror.list(&self.tree().await, "").await?;
        let named = self.mirror.export(&entries, into.path()).await?;
        Ok((into, named))
    }
}

fn branch(name: &str) -> BranchName {
    name.parse().unwrap()
}

fn bot() -> GitIdentity {
    GitIdentity { name: "countersign".to_owned(), email: "bot@example.org".to_owned() }
}

fn all_text_below(dir: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            text.push_str(&all_text_below(&entry.path()));
        } else {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()));
        }
    }
    text
}

#[tokio::test]
async fn fetches_merges_and_compares() {
    let scene = Scene::new(
        &[("a.yaml", "a: 1\n"), ("gone.yaml", "x: 1\n")],
        &[("a.yaml", "a: 2\n"), ("dir/new.yaml", "n: 1\n")],
    )
    .await;
    let mirror = &scene.mirror;
    assert_eq!(mirror.branch_tip(&branch("main")).await.unwrap(), scene.base);
    let moved = scene.backend.commit("refs/heads/main", Some(scene.base.as_str()), &[("b.yaml", "b: 1\n")]);
    mirror.fetch(&scene.backend.remote(CHANGE)).await.unwrap();
    let base: CommitSha = moved.parse().unwrap();
    assert_eq!(mirror.branch_tip(&branch("main")).await.unwrap(), base);
    let MergeOutcome::Clean { tree } = mirror.merge(&base, &scene.head).await.unwrap() else {
        panic!("it merges")
    };
    let changed = mirror.changed_paths(&mirror.tree_of(&base).await.unwrap(), &tree).await.unwrap();
    let seen: Vec<_> = changed.iter().map(|change| (change.path.as_str(), change.operation)).collect();
    assert_eq!(seen, [("a.yaml", PathOperation::Change), ("dir/new.yaml", PathOperation::Add)]);
    let listed = mirror.list(&tree, "").await.unwrap();
    let paths: Vec<_> = listed.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["a.yaml", "b.yaml", "dir/new.yaml", "gone.yaml"]);
    assert_eq!(mirror.list(&tree, "dir").await.unwrap().len(), 1);
    assert_eq!(mirror.list(&tree, "di").await.unwrap().len(), 0);
    assert_eq!(mirror.read_file(&tree, "a.yaml").await.unwrap().unwrap(), b"a: 2\n");
    assert_eq!(mirror.read_file(&tree, "dir").await.unwrap(), None);
    assert_eq!(mirror.read_file(&tree, "nowhere").await.unwrap(), None);
    let none: ObjectId = "1".repeat(40).parse().unwrap();
    mirror.read_file(&none, "a.yaml").await.unwrap_err();
    assert_eq!(mirror.merge(&scene.head, &scene.base).await.unwrap(), MergeOutcome::Nothing);
    let people = mirror.commits_between(&base, &scene.head).await.unwrap();
    assert_eq!(people.len(), 1);
    assert_eq!(
        (people[0].author.name.as_str(), people[0].committer.email.as_str()),
        ("Cy", "dee@example.org")
    );
    assert!(mirror.is_ancestor(&scene.base, &base).await.unwrap());
    assert!(!mirror.is_ancestor(&scene.head, &base).await.unwrap());
}

#[tokio::test]
async fn names_the_files_in_conflict() {
    let scene = Scene::new(&[("a", "1\n"), ("b", "1\n")], &[("a", "2\n"), ("b", "2\n")]).await;
    let other =
        scene.backend.commit("refs/heads/main", Some(scene.base.as_str()), &[("a", "3\n"), ("b", "3\n")]);
    scene.mirror.fetch(&scene.backend.remote(CHANGE)).await.unwrap();
    let outcome = scene.mirror.merge(&other.parse().unwrap(), &scene.head).await.unwrap();
    assert_eq!(outcome, MergeOutcome::Conflict { paths: vec!["a".to_owned(), "b".to_owned()] });
}

#[tokio::test]
async fn a_reader_that_gives_up_half_way_confuses_nobody() {
    let scene = Scene::new(&[], &[("a", "first"), ("b", "second")]).await;
    let tree = scene.tree().await;
    for _ in 0..50 {
        let read = scene.mirror.read_file(&tree, "a");
        let _ = tokio::time::timeout(std::time::Duration::from_micros(20), read).await;
        assert_eq!(scene.mirror.read_file(&tree, "b").await.unwrap().unwrap(), b"second");
    }
}
