//! Real git against the stand-in: clone, push, leases, and what a push does to change requests.

use countersign_sim::{ActivityKind, ChangeState, Role, SimConfig};
use reqwest::Method;
use serde_json::json;

use crate::stage::{REPO, Stage, git, git_ok};

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_and_a_push_work_and_the_change_follows() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    git_ok(at, &["clone", "-q", "-b", "topic", &stage.sim.clone_url(REPO, "cy").unwrap(), "w"]);
    let work = at.join("w");
    assert_eq!(git_ok(&work, &["rev-parse", "HEAD"]), stage.head);
    std::fs::write(work.join("a.yaml"), "a: 3\n").unwrap();
    git_ok(&work, &["commit", "-qam", "More"]);
    git_ok(&work, &["push", "-q"]);
    let pushed = git_ok(&work, &["rev-parse", "HEAD"]);
    assert_eq!(stage.sim.change(REPO, 1).unwrap().head, pushed);
    assert_eq!(stage.sim.git(REPO, &["rev-parse", "refs/pull/1/head"]).await.unwrap(), pushed);
    let test_merge =
        stage.sim.git(REPO, &["rev-parse", "refs/pull/1/merge^1", "refs/pull/1/merge^2"]).await.unwrap();
    assert_eq!(test_merge, format!("{}\n{pushed}", stage.base));
    git_ok(&work, &["fetch", "-q", "origin", "refs/pull/1/merge"]);
    let last = stage.sim.activity(REPO).unwrap().pop().unwrap();
    assert_eq!((last.kind, last.after), (ActivityKind::Push, pushed));
    stage.sim.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_push_and_a_shallow_clone_get_through() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let url = stage.sim.clone_url(REPO, "cy").unwrap();
    git_ok(folder.path(), &["clone", "-q", "-b", "topic", &url, "w"]);
    let work = folder.path().join("w");
    let mut noise = vec![0; 3 << 20];
    aws_lc_rs::rand::fill(&mut noise).unwrap();
    std::fs::write(work.join("noise"), noise).unwrap();
    git_ok(&work, &["add", "noise"]);
    git_ok(&work, &["commit", "-qm", "Noise"]);
    git_ok(&work, &["push", "-q"]);
    let pushed = git_ok(&work, &["rev-parse", "HEAD"]);
    assert_eq!(stage.sim.change(REPO, 1).unwrap().head, pushed);
    git_ok(folder.path(), &["clone", "-q", "--depth=1", "-b", "topic", "--filter=blob:none", &url, "s"]);
    assert_eq!(git_ok(&folder.path().join("s"), &["rev-list", "--count", "HEAD"]), "1");
    git_ok(&folder.path().join("s"), &["fetch", "-q", "--unshallow"]);
    assert_eq!(git_ok(&folder.path().join("s"), &["rev-list", "--count", "HEAD"]), "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_or_push_is_told_as_on_github() {
    let stage = Stage::new().await;
    stage.sim.add_user("eve").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let cases = [
        (format!("{}/{REPO}.git", stage.sim.url()), "could not read Username"),
        (stage.sim.clone_url(REPO, "eve").unwrap(), "not found"),
        (stage.sim.clone_url(REPO, "cy").unwrap().replace("ghp", "gho"), "Authentication failed"),
    ];
    for (url, why) in cases {
        let output = git(at, &["clone", "-q", &url, "x"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.contains(why), "{url}: {error}");
    }
    git_ok(at, &["clone", "-q", &stage.sim.clone_url(REPO, "dee").unwrap(), "w"]);
    let output = git(&at.join("w"), &["push", "-q", "origin", "HEAD:refs/heads/other"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("403"), "{output:?}");
    git_ok(&at.join("w"), &["remote", "set-url", "origin", &stage.sim.clone_url(REPO, "cy").unwrap()]);
    let output = git(&at.join("w"), &["push", "-q", "origin", "HEAD:refs/pull/1/head"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("hidden ref"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_refuses_both_a_moved_and_a_rewound_branch() {
    let stage = Stage::new().await;
    let sim = &stage.sim;
    let folder = tempfile::tempdir().unwrap();
    git_ok(folder.path(), &["clone", "-q", &sim.clone_url(REPO, "ana").unwrap(), "w"]);
    let work = folder.path().join("w");
    let tip = sim.commit(REPO, "main", "main", &[("c.yaml", Some("c: 1\n"))], "ana", "C").await.unwrap();
    git_ok(&work, &["fetch", "-q", "origin"]);
    git_ok(&work, &["reset", "-q", "--hard", &tip]);
    git_ok(&work, &["merge", "-q", "--no-ff", "-m", "Merge topic", &stage.head]);
    let merge = git_ok(&work, &["rev-parse", "HEAD"]);
    let lease = format!("--force-with-lease=refs/heads/main:{tip}");
    let push = ["push", "-q", "--porcelain", lease.as_str(), "origin", "HEAD:refs/heads/main"];

    sim.move_branch(REPO, "main", &stage.base, "ana").await.unwrap();
    let output = git(&work, &push);
    assert!(String::from_utf8_lossy(&output.stdout).contains("stale info"), "{output:?}");
    let ahead = sim.commit(REPO, "main", "main", &[("d.yaml", Some("d: 1\n"))], "ana", "D").await.unwrap();
    assert!(!git(&work, &push).status.success());
    assert_eq!(sim.tip(REPO, "main").unwrap(), ahead);
    sim.move_branch(REPO, "main", &tip, "ana").await.unwrap();
    git_ok(&work, &push);

    let change = sim.change(REPO, 1).unwrap();
    assert_eq!((change.state, change.merged_as), (ChangeState::Merged, Some(merge)));
    assert_eq!(change.merged_by.as_deref(), Some("ana"));
    let kinds: Vec<ActivityKind> = sim.activity(REPO).unwrap().iter().map(|entry| entry.kind).collect();
    use ActivityKind::{Creation, ForcePush, Push};
    assert_eq!(kinds, [Creation, Creation, Push, ForcePush, Push, ForcePush, Push]);
    sim.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_moves_between_the_refs_and_the_pack_is_noticed_by_git() {
    let stage = Stage::with(SimConfig::strict()).await;
    let folder = tempfile::tempdir().unwrap();
    git_ok(folder.path(), &["clone", "-q", &stage.sim.clone_url(REPO, "ana").unwrap(), "w"]);
    let work = folder.path().join("w");
    git_ok(&work, &["commit", "-q", "--allow-empty", "-m", "Mine"]);
    stage
        .sim
        .on_next("POST /acme/env.git/git-receive-pack", |sim| async move {
            sim.commit(REPO, "main", "main", &[("z.yaml", Some("z: 1\n"))], "ana", "Theirs").await.unwrap();
        })
        .unwrap();
    let output = git(&work, &["push", "--porcelain", "--force-with-lease", "origin", "main"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("[remote rejected]"), "{output:?}");
    assert_eq!(stage.sim.unused_faults(), 0);
    assert_eq!(stage.sim.git(REPO, &["log", "-1", "--format=%s", "main"]).await.unwrap(), "Theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_from_a_fork_follows_its_branch_and_closes_with_it() {
    let stage = Stage::new().await;
    let sim = &stage.sim;
    sim.fork(REPO, "dee").await.unwrap();
    sim.commit("dee/env", "fix", "main", &[("b.yaml", Some("b: 2\n"))], "dee", "Fix b").await.unwrap();
    let number = sim.open_change(REPO, "dee", "dee:fix", "main", "Fix b").await.unwrap();
    let head = sim
        .commit("dee/env", "fix", "main", &[("b.yaml", Some("b: 3\n"))], "dee", "Fix b more")
        .await
        .unwrap();
    assert_eq!(sim.git(REPO, &["rev-parse", &format!("refs/pull/{number}/head")]).await.unwrap(), head);
    let app = stage.app_token().await;
    let seen = stage.ask(Method::GET, &format!("/repos/{REPO}/pulls/{number}"), &app, None).await.body;
    assert_eq!(seen["head"]["label"], json!("dee:fix"));
    assert_eq!(seen["head"]["repo"]["full_name"], json!("dee/env"));
    assert_eq!((&seen["commits"], &seen["changed_files"]), (&json!(2), &json!(1)));
    sim.delete_branch("dee/env", "fix", "dee").await.unwrap();
    assert_eq!(sim.change(REPO, number).unwrap().state, ChangeState::Closed);
    sim.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_come_from_addresses_and_renames_are_seen() {
    let stage = Stage::new().await;
    let sim = &stage.sim;
    let files = [("a.yaml", None), ("moved/a.yaml", Some("a: 2\n")), ("b.yaml", None)];
    sim.commit(REPO, "topic", "main", &files, "cy", "Move").await.unwrap();
    let app = stage.app_token().await;
    let (commits, _) = stage.all(&format!("/repos/{REPO}/pulls/1/commits"), &app).await;
    assert!(commits.iter().all(|commit| commit["author"]["login"] == json!("cy")));
    let (files, _) = stage.all(&format!("/repos/{REPO}/pulls/1/files"), &app).await;
    let mut seen: Vec<(&str, &str)> = files
        .iter()
        .map(|file| (file["filename"].as_str().unwrap(), file["status"].as_str().unwrap()))
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, [("a.yaml", "removed"), ("b.yaml", "removed"), ("moved/a.yaml", "added")]);
    sim.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_merges_squashes_and_rebases() {
    for (method, parents, subject) in [
        ("merge", 2, "Merge pull request #1 from topic"),
        ("squash", 1, "Raise a (#1)"),
        ("rebase", 1, "Raise a"),
    ] {
        let stage = Stage::new().await;
        let files = [("z.yaml", Some("z: 1\n"))];
        stage.sim.commit(REPO, "main", "main", &files, "ana", "Z").await.unwrap();
        stage.sim.grant(REPO, "dee", Role::Write).unwrap();
        let body = json!({ "merge_method": method, "sha": stage.head });
        let path = format!("/repos/{REPO}/pulls/1/merge");
        let answer = stage.ask(Method::PUT, &path, &stage.token("dee"), Some(body)).await;
        assert_eq!(answer.status, 200, "{method}: {:?}", answer.body);
        let tip = stage.sim.tip(REPO, "main").unwrap();
        assert_eq!(answer.body["sha"], json!(tip));
        let line = stage.sim.git(REPO, &["log", "-1", "--format=%P|%s", "main"]).await.unwrap();
        let (found, title) = line.split_once('|').unwrap();
        assert_eq!((found.split(' ').count(), title), (parents, subject), "{method}");
        assert_eq!(stage.sim.file(REPO, "main", "a.yaml").await.unwrap(), "a: 2");
        let change = stage.sim.change(REPO, 1).unwrap();
        assert_eq!((change.state, change.merged_as), (ChangeState::Merged, Some(tip)), "{method}");
        stage.sim.assert_clean();
    }
}
