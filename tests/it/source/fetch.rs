//! Fetching: hostile names, hostile remotes, and where the token goes.

use super::*;

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
    insta::assert_snapshot!(error, @"fetching failed: the forge did not answer within 1 s");
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
