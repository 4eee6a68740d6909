//! Pushing, and the commits that are pushed.

use super::*;

async fn merge_commit(scene: &Scene) -> CommitSha {
    let tree = scene.tree().await;
    let commit = MergeCommit {
        parents: [&scene.base, &scene.head],
        tree: &tree,
        message: "Merge acme/env#7\n\nMerged-by: countersign\n",
        identity: &GitIdentity { name: "count\n<er>sign".to_owned(), email: "bot@example.org>".to_owned() },
        time: 1_700_000_000,
    };
    let bytes = scene.mirror.merge_commit_bytes(&commit);
    insta::allow_duplicates! {
        insta::assert_snapshot!(
            String::from_utf8_lossy(&bytes).lines().skip(3).collect::<Vec<_>>().join("\n"),
            @r"
        author countersign <bot@example.org> 1700000000 +0000
        committer countersign <bot@example.org> 1700000000 +0000

        Merge acme/env#7

        Merged-by: countersign
        "
        );
    }
    let id = scene.mirror.store_commit(&bytes).await.unwrap();
    assert_eq!(scene.mirror.store_commit(&bytes).await.unwrap(), id);
    id
}

#[tokio::test]
async fn pushes_from_exactly_the_expected_value() {
    let scene = Scene::new(&[("a", "1")], &[("a", "2")]).await;
    let remote = scene.backend.remote(CHANGE);
    let commit = merge_commit(&scene).await;
    let main = branch("main");
    let push =
        async |expected: Option<&CommitSha>| scene.mirror.push(&remote, &main, expected, &commit).await;

    let error = push(Some(&scene.head)).await.unwrap_err();
    assert!(matches!(error, SourceError::Moved { .. }), "moved on: {error}");
    let error = push(None).await.unwrap_err();
    insta::assert_snapshot!(error, @"main moved: it is no longer 0000000000000000000000000000000000000000");
    let tip = || git(&scene.backend.repo(), &["rev-parse", "refs/heads/main"]);
    assert_eq!(tip(), scene.base.as_str());

    push(Some(&scene.base)).await.unwrap();
    assert_eq!(tip(), commit.as_str());
    push(Some(&scene.base)).await.unwrap();
    assert_eq!(scene.mirror.remote_tip(&remote, &main).await.unwrap().as_ref(), Some(&commit));
}

#[tokio::test]
async fn a_rewound_branch_is_not_pushed_over() {
    let scene = Scene::new(&[("a", "1")], &[("a", "2")]).await;
    let second = scene.backend.commit("refs/heads/main", Some(scene.base.as_str()), &[("b", "1")]);
    let second: CommitSha = second.parse().unwrap();
    scene.mirror.fetch(&scene.backend.remote(CHANGE)).await.unwrap();
    let tree = scene.tree().await;
    let bytes = scene.mirror.merge_commit_bytes(&MergeCommit {
        parents: [&second, &scene.head],
        tree: &tree,
        message: "M",
        identity: &bot(),
        time: 1,
    });
    let commit = scene.mirror.store_commit(&bytes).await.unwrap();
    git(&scene.backend.repo(), &["update-ref", "refs/heads/main", scene.base.as_str()]);
    let remote = scene.backend.remote(CHANGE);
    let error = scene.mirror.push(&remote, &branch("main"), Some(&second), &commit).await.unwrap_err();
    assert!(matches!(error, SourceError::Moved { .. }), "{error}");
    assert_eq!(git(&scene.backend.repo(), &["rev-parse", "refs/heads/main"]), scene.base.as_str());
}

#[tokio::test]
async fn a_refusal_is_told_in_the_remotes_words() {
    let scene = Scene::new(&[("a", "1")], &[("a", "2")]).await;
    let hook = scene.backend.repo().join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho 'GL-HOOK: main is protected' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let commit = merge_commit(&scene).await;
    let remote = scene.backend.remote(CHANGE);
    let error = scene.mirror.push(&remote, &branch("main"), Some(&scene.base), &commit).await.unwrap_err();
    insta::assert_snapshot!(
        error,
        @"the forge refused the push: pre-receive hook declined (GL-HOOK: main is protected)"
    );
}

#[tokio::test]
async fn the_audit_branch_grows_from_nothing() {
    let scene = Scene::new(&[("a", "1")], &[("a", "2")]).await;
    let remote = scene.backend.remote(CHANGE);
    let audit = branch("countersign/audit");
    let file = |path: &str| vec![(path.to_owned(), b"{}".to_vec())];
    let first = scene.mirror.commit_files(None, &file("a/1.json"), "one", &bot(), 1).await.unwrap();
    scene.mirror.push(&remote, &audit, None, &first).await.unwrap();
    let second = scene.mirror.commit_files(Some(&first), &file("a/2.json"), "two", &bot(), 2).await.unwrap();
    scene.mirror.push(&remote, &audit, Some(&first), &second).await.unwrap();
    let tree = scene.mirror.tree_of(&second).await.unwrap();
    let paths: Vec<_> =
        scene.mirror.list(&tree, "").await.unwrap().into_iter().map(|entry| entry.path).collect();
    assert_eq!(paths, ["a/1.json", "a/2.json"]);
    for bad in ["../x", "/x", "a/.git/config", "a//b", ""] {
        let error = scene.mirror.commit_files(None, &file(bad), "x", &bot(), 1).await.unwrap_err();
        assert!(matches!(error, SourceError::Unsafe { .. }), "{bad}: {error}");
    }
}
