//! Mirrors of real repositories, over HTTP and on disk, with the inputs that a stranger could think of.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod backend;

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
    assert_eq!((people[0].author.name.as_str(), people[0].committer.email.as_str()), ("Cy", "dee@example.org"));
    assert!(mirror.is_ancestor(&scene.base, &base).await.unwrap());
    assert!(!mirror.is_ancestor(&scene.head, &base).await.unwrap());
}

#[tokio::test]
async fn names_the_files_in_conflict() {
    let scene = Scene::new(&[("a", "1\n"), ("b", "1\n")], &[("a", "2\n"), ("b", "2\n")]).await;
    let other = scene.backend.commit("refs/heads/main", Some(scene.base.as_str()), &[("a", "3\n"), ("b", "3\n")]);
    scene.mirror.fetch(&scene.backend.remote(CHANGE)).await.unwrap();
    let outcome = scene.mirror.merge(&other.parse().unwrap(), &scene.head).await.unwrap();
    assert_eq!(outcome, MergeOutcome::Conflict { paths: vec!["a".to_owned(), "b".to_owned()] });
}

#[tokio::test]
async fn a_branch_that_looks_like_an_option_is_only_a_branch() {
    let scene = Scene::new(&[("a", "1")], &[("a", "2")]).await;
    let hash = "0123456789abcdef0123456789abcdef01234567";
    for name in ["--upload-pack=touch${IFS}x", "-q", hash, "main.d/HEAD"] {
        git(&scene.backend.repo(), &["update-ref", &format!("refs/heads/{name}"), scene.head.as_str()]);
    }
    scene.mirror.fetch(&scene.backend.remote(CHANGE)).await.unwrap();
    assert_eq!(scene.mirror.branch_tip(&branch(hash)).await.unwrap(), scene.head);
    let tip = scene.mirror.remote_tip(&scene.backend.remote(CHANGE), &branch("HEAD")).await.unwrap();
    assert_eq!(tip, None, "`main.d/HEAD` ends the same and is another");
    for bad in ["--upload-pack=x", "refs/heads/*", "refs/pull/7/head:refs/heads/main", "refs/../x"] {
        let error = scene.mirror.fetch(&scene.backend.remote(bad)).await.unwrap_err();
        assert!(matches!(error, SourceError::Missing { .. }), "{bad}: {error}");
    }
    for bad in ["-h", "--all", "--output=x", "", "a\nb"] {
        assert!(scene.mirror.resolve(bad).await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_remote_that_is_no_web_address_is_refused() {
    let data = TempDir::new().unwrap();
    let mirror = Mirror::bare(data.path().join("m.git"));
    let check = async |url: &str| {
        let mut remote = Backend::start().await.remote(CHANGE);
        remote.url = url.to_owned();
        let error = mirror.fetch(&remote).await.unwrap_err();
        assert!(matches!(error, SourceError::Remote { .. }), "{url}: {error}");
    };
    check("ext::sh -c touch% /tmp/x").await;
    check("/etc").await;
    check("file:///etc").await;
    check("ssh://-oProxyCommand=x/y").await;
    check("--upload-pack=x").await;
    check("http://bot:token@127.0.0.1:1/x.git").await;
}

#[tokio::test]
async fn the_token_travels_in_a_header_and_nowhere_else() {
    let scene = Scene::new(&[("a", "1")], &[("a", "2")]).await;
    assert!(scene.backend.seen().iter().all(|header| header.starts_with("Basic ")), "sent on every request");
    assert!(!all_text_below(scene.data.path()).contains(TOKEN));
    let mut remote = scene.backend.remote("refs/pull/8/head");
    let error = scene.mirror.fetch(&remote).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains(TOKEN));
    remote.url = remote.url.replace("env.git", TOKEN);
    let error = scene.mirror.fetch(&remote).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains(TOKEN), "{error}");
}

#[tokio::test]
async fn the_token_is_in_no_process_list() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut remote = Backend::start().await.remote(CHANGE);
    remote.url = format!("http://{}/slow.git", listener.local_addr().unwrap());
    let data = TempDir::new().unwrap();
    let mirror = Mirror::bare(data.path().join("m.git"));
    let mut fetch = Box::pin(mirror.fetch(&remote));
    // The remote never answers: while git waits, everything that `ps` could show is there to be read.
    let connected = tokio::select! {
        connected = listener.accept() => connected.unwrap(),
        result = &mut fetch => panic!("{result:?}"),
    };
    let mut seen = String::new();
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        if let Ok(line) = std::fs::read(process.path().join("cmdline")) {
            seen.push_str(&String::from_utf8_lossy(&line));
            seen.push('\n');
        }
    }
    drop((fetch, connected));
    assert!(seen.contains("slow.git"));
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("bot:{TOKEN}"));
    assert!(!seen.contains(TOKEN) && !seen.contains(&basic));
}

#[tokio::test]
async fn a_remote_that_is_silent_runs_into_the_time_limit() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut remote = Backend::start().await.remote(CHANGE);
    remote.url = format!("http://{}/slow.git", listener.local_addr().unwrap());
    let data = TempDir::new().unwrap();
    let limits = GitLimits { network: std::time::Duration::from_millis(300), ..GitLimits::default() };
    let mirror = Mirror::bare(data.path().join("m.git")).with_limits(limits);
    let error = mirror.fetch(&remote).await.unwrap_err();
    assert!(matches!(error, SourceError::Git { .. }), "{error}");
}

#[tokio::test]
async fn fetches_at_once_all_succeed() {
    let scene = Arc::new(Scene::new(&[("a", "1")], &[("a", "2")]).await);
    for number in 0..6 {
        scene.backend.commit(&format!("refs/pull/{number}/head"), Some(scene.base.as_str()), &[("n", "1")]);
    }
    let fetches = (0..6).map(|number| {
        let scene = Arc::clone(&scene);
        tokio::spawn(async move {
            let remote = scene.backend.remote(&format!("refs/pull/{number}/head"));
            scene.mirror.fetch(&remote).await
        })
    });
    for result in futures::future::join_all(fetches).await {
        result.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_deleted_branch_goes_and_its_name_can_become_a_folder() {
    let scene = Scene::new(&[("a", "1")], &[("a", "2")]).await;
    let repo = scene.backend.repo();
    git(&repo, &["update-ref", "refs/heads/x", scene.head.as_str()]);
    scene.mirror.fetch(&scene.backend.remote(CHANGE)).await.unwrap();
    scene.mirror.branch_tip(&branch("x")).await.unwrap();
    git(&repo, &["update-ref", "-d", "refs/heads/x"]);
    git(&repo, &["update-ref", "refs/heads/x/y", scene.head.as_str()]);
    scene.mirror.fetch(&scene.backend.remote(CHANGE)).await.unwrap();
    let error = scene.mirror.branch_tip(&branch("x")).await.unwrap_err();
    assert!(matches!(error, SourceError::Missing { .. }), "{error}");
    scene.mirror.branch_tip(&branch("x/y")).await.unwrap();
}

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
    let push = async |expected: Option<&CommitSha>| scene.mirror.push(&remote, &main, expected, &commit).await;

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

#[tokio::test]
async fn export_gives_the_bytes_as_they_are_stored() {
    let scene = Scene::new(
        &[],
        &[
            (".gitattributes", "hidden.yaml export-ignore\nv.txt export-subst\n* filter=evil eol=crlf\n"),
            ("hidden.yaml", "a: 1\n"),
            ("v.txt", "$Format:%H$\n"),
            ("-rf", "x\n"),
            ("--help", "y\n"),
            ("dir/x y.yaml", "z\n"),
            ("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
        ],
    )
    .await;
    let config = scene.data.path().join("hub/acme/env.git");
    git(&config, &["config", "filter.evil.smudge", "sh -c 'echo smudged'"]);
    let (into, named) = scene.export().await.unwrap();
    let read = |path: &str| std::fs::read_to_string(into.path().join(path)).unwrap();
    assert_eq!(read("hidden.yaml"), "a: 1\n");
    assert_eq!(read("v.txt"), "$Format:%H$\n");
    assert_eq!(read("-rf"), "x\n");
    assert_eq!(read("--help"), "y\n");
    assert_eq!(read("dir/x y.yaml"), "z\n");
    assert_eq!(named, ["big.bin is a Git LFS pointer: its content is not in the repository"]);
}

/// A tree of these `mode path content` entries at the head of the change, made without git's own care.
async fn crafted(entries: &[(&str, &str, &str)]) -> Scene {
    let mut scene = Scene::new(&[("a", "1")], &[("a", "2")]).await;
    let repo = scene.backend.repo();
    let scratch = TempDir::new().unwrap();
    let mut tree = Vec::new();
    for (mode, path, content) in entries {
        let file = scratch.path().join("blob");
        std::fs::write(&file, content).unwrap();
        let id = match *mode {
            "160000" => scene.base.to_string(),
            "40000" => git(&repo, &["rev-parse", &format!("{}^{{tree}}", scene.head)]),
            _ => git(&repo, &["hash-object", "-w", file.to_str().unwrap()]),
        };
        tree.extend_from_slice(format!("{mode} {path}\0").as_bytes());
        tree.extend((0..40).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16).unwrap()));
    }
    let file = scratch.path().join("tree");
    std::fs::write(&file, tree).unwrap();
    let args = ["hash-object", "-w", "-t", "tree", "--literally", file.to_str().unwrap()];
    let tree = git(&repo, &args);
    scene.head = scene.backend.commit_tree(CHANGE, Some(scene.base.as_str()), &tree).parse().unwrap();
    scene.mirror.fetch(&scene.backend.remote(CHANGE)).await.unwrap();
    scene
}

#[tokio::test]
async fn links_inside_are_written_and_modules_named() {
    let scene =
        crafted(&[("120000", "link", "real.yaml"), ("160000", "module", ""), ("100644", "real.yaml", "x: 1\n")])
            .await;
    let (into, named) = scene.export().await.unwrap();
    assert_eq!(std::fs::read_to_string(into.path().join("link")).unwrap(), "x: 1\n");
    assert_eq!(named, ["module is a submodule: its content is not in the repository"]);
}

#[tokio::test]
async fn what_leads_out_of_the_tree_is_refused() {
    let check = async |entries: &[(&str, &str, &str)], want: &str| {
        let scene = crafted(entries).await;
        let error = scene.export().await.unwrap_err();
        assert!(matches!(error, SourceError::Unsafe { .. }), "{entries:?}: {error:?}");
        assert!(error.to_string().contains(want), "{entries:?}: {error}");
    };
    check(&[("120000", "x", "/etc/passwd")], "symlink leads out").await;
    check(&[("120000", "x", "../../etc/passwd")], "symlink leads out").await;
    check(&[("120000", "x", "x")], "in circles").await;
    check(&[("100644", "..", "x")], "leads out of its folder").await;
    check(&[("40000", ".git", "")], "git's own folder").await;
    check(&[("40000", ".GiT", "")], "git's own folder").await;
    check(&[("100644", "git~1", "x")], "git's own folder").await;
    check(&[("100644", "a\nb", "x")], "control characters").await;
    check(&[("120000", "x", "/tmp"), ("40000", "x", "")], "at once").await;
}

#[tokio::test]
async fn a_large_file_is_refused_and_the_next_question_is_answered() {
    let mut scene = Scene::new(&[], &[("big", &"x".repeat(5_000)), ("small", "y")]).await;
    let limits = GitLimits { file: 1_000, ..GitLimits::default() };
    scene.mirror = Mirror::bare(scene.data.path().join("hub/acme/env.git")).with_limits(limits);
    let error = scene.export().await.unwrap_err();
    insta::assert_snapshot!(error, @"big: it has 5000 bytes; files of more than 1000 are not read");
    assert_eq!(scene.mirror.read_file(&scene.tree().await, "small").await.unwrap().unwrap(), b"y");
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
