//! A user's own repository.

use super::*;

fn user_repository() -> TempDir {
    let dir = TempDir::new().unwrap();
    git(dir.path(), &["init", "-q", "-b", "main"]);
    std::fs::write(dir.path().join("a.yaml"), "a: 1\n").unwrap();
    std::fs::write(dir.path().join(".gitignore"), "ignored\n").unwrap();
    git(dir.path(), &["add", "-A"]);
    git(dir.path(), &["commit", "-q", "-m", "one"]);
    git(dir.path(), &["checkout", "-q", "-b", "topic"]);
    std::fs::write(dir.path().join("b.yaml"), "b: 1\n").unwrap();
    git(dir.path(), &["add", "-A"]);
    git(dir.path(), &["commit", "-q", "-m", "two"]);
    dir
}

#[tokio::test]
async fn a_users_repository_is_read_and_never_written() {
    let dir = user_repository();
    git(dir.path(), &["checkout", "-q", "main"]);
    std::fs::write(dir.path().join("c.yaml"), "c: 1\n").unwrap();
    git(dir.path(), &["add", "-A"]);
    git(dir.path(), &["commit", "-q", "-m", "three"]);
    std::fs::write(dir.path().join("untracked.yaml"), "u: 1\n").unwrap();
    std::fs::write(dir.path().join("ignored"), "i\n").unwrap();
    let hook = dir.path().join(".git/hooks/post-index-change");
    std::fs::write(&hook, "#!/bin/sh\ntouch \"$GIT_DIR/hooked\" hooked\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let before = snapshot(dir.path());

    let mirror = Mirror::local(&dir.path().join(".git/..")).await.unwrap();
    assert_eq!(mirror.default_branch().await.unwrap(), "refs/heads/main");
    let base = mirror.resolve("main").await.unwrap();
    let head = mirror.resolve("topic~0").await.unwrap();
    assert_eq!(mirror.branch_tip(&branch("topic")).await.unwrap(), head);
    let MergeOutcome::Clean { tree } = mirror.merge(&base, &head).await.unwrap() else { panic!("it merges") };
    assert_eq!(mirror.list(&tree, "").await.unwrap().len(), 4);
    let tree = mirror.worktree_tree().await.unwrap();
    let paths: Vec<_> = mirror.list(&tree, "").await.unwrap().into_iter().map(|entry| entry.path).collect();
    assert_eq!(paths, [".gitignore", "a.yaml", "c.yaml", "untracked.yaml"]);
    let made = mirror.commit_tree_on(&base, &tree).await.unwrap();
    assert_eq!(mirror.tree_of(&made).await.unwrap(), tree);

    let after = snapshot(dir.path());
    let changed: Vec<_> = after.iter().filter(|(path, digest)| before.get(*path) != Some(digest)).collect();
    assert!(changed.is_empty() && after.len() == before.len(), "{changed:?}");
}

/// Every path below a folder with a digest of its content. Git may touch the time of an object that is there already.
fn snapshot(dir: &Path) -> BTreeMap<String, Digest> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            all.extend(snapshot(&entry.path()));
            all.insert(entry.path().display().to_string(), Digest::of(b""));
        } else {
            let digest = Digest::of(&std::fs::read(entry.path()).unwrap());
            all.insert(entry.path().display().to_string(), digest);
        }
    }
    all
}
