//! Renderers that try to reach what they must not, or do not end.

use super::*;

/// A scene whose kustomize is this script.
async fn posing(body: &str, change: impl FnOnce(&mut RenderSettings)) -> (Scene, TempDir) {
    let dir = TempDir::new().unwrap();
    let script = dir.path().join("kustomize");
    let text = format!("#!/bin/bash\nif [ \"$1\" = version ]; then echo v0.0.1; exit; fi\n{body}\n");
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(dir.path().join("secret"), "s3cr3t").unwrap();
    let scene = Scene::with(&[("a/kustomization.yaml", "resources: []\n")], |settings| {
        settings.kustomize = script;
        change(settings);
    })
    .await;
    (scene, dir)
}

#[tokio::test]
async fn a_renderer_reaches_nothing() {
    let check = async |body: &str, want: &str| {
        let (scene, _dir) = posing(body, |_| {}).await;
        let text = scene.kustomize("a").await.unwrap().texts.remove(0).text;
        assert_eq!(text.trim(), want, "{body}");
    };
    check(
        "cat() { while read -r line; do echo \"$line\"; done; }; cat < a/kustomization.yaml",
        "resources: []",
    )
    .await;
    check("read -r x < /etc/passwd && echo got; echo end", "end").await;
    check("read -r x < \"/proc/$PPID/environ\" && echo got; echo end", "end").await;
    check("read -r x < /proc/self/status && echo got; echo end", "end").await;
    check("read -r x < \"${BASH_SOURCE%/*}/secret\" && echo got; echo end", "end").await;
    check("echo x > /tmp/countersign-escape && echo got; echo end", "end").await;
    check("echo x > a/new && echo got; echo x > kustomize && echo got; echo end", "end").await;
    check("echo x > \"$TMPDIR/new\" && echo wrote; echo end", "wrote\nend").await;
    check("exec 3<>/dev/tcp/127.0.0.1/9 && echo got; echo end", "end").await;
    check("exec 3<>/dev/udp/127.0.0.1/9 && echo got; echo end", "end").await;
    check("kill -0 $PPID && echo got; echo end", "end").await;
    check("shopt -s execfail; exec /bin/ls /; echo end", "end").await;
    check("echo \"${!CARGO*}${!GIT*}${!RUST*}\"", "").await;
    assert!(!Path::new("/tmp/countersign-escape").exists());
}

#[tokio::test]
async fn a_renderer_starts_no_process() {
    let (scene, _dir) = posing("(echo child) || exit 3", |_| {}).await;
    let error = scene.kustomize("a").await.unwrap_err();
    insta::assert_snapshot!(error, @"kustomize failed; `kustomize build a` says why");
}

#[tokio::test]
async fn a_renderer_makes_no_forbidden_call() {
    if !Path::new("/usr/bin/perl").is_file() || !cfg!(target_arch = "x86_64") {
        eprintln!("not run: no perl on x86_64");
        return;
    }
    let check = |number: i64, arguments: &str| {
        let room = TempDir::new().unwrap();
        let program = format!("$r = syscall({number}, {arguments}); print($r == -1 ? 0 + $! : 'done');");
        let output = std::process::Command::new(sandbox_program())
            .args([SANDBOX_COMMAND, "--memory=1073741824", "--cpu=5", "--read"])
            .arg(room.path())
            .args(["--", "/usr/bin/perl", "-e", &program])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(said, "1", "call {number}: {}", String::from_utf8_lossy(&output.stderr));
    };
    check(101, "0, 0, 0, 0"); // ptrace(PTRACE_TRACEME)
    check(41, "2, 1, 0"); // socket
    check(0x4000_0000 | 41, "2, 1, 0"); // socket, by the x32 interface
    check(57, ""); // fork
    check(58, ""); // vfork
    check(56, "17, 0, 0, 0, 0"); // clone without CLONE_THREAD
    check(310, "1, 0, 0, 0, 0, 0"); // process_vm_readv
    check(321, "0, 0, 0"); // bpf
    check(250, "0, 0, 0, 0, 0"); // keyctl
    check(425, "1, 0"); // io_uring_setup
    check(298, "0, 0, -1, -1, 0"); // perf_event_open
    check(165, "0, 0, 0, 0, 0"); // mount
    check(272, "0"); // unshare
    check(319, "0, 0"); // memfd_create
    check(62, "1, 0"); // kill(1, 0)
    check(62, "0, 0"); // kill of the process group
}

#[tokio::test]
async fn endless_output_and_endless_time_are_ended() {
    let limits = |settings: &mut RenderSettings| {
        settings.output = 1 << 20;
        settings.timeout = Duration::from_secs(2);
    };
    let told_of = async |body: &str| {
        let (scene, _dir) = posing(body, limits).await;
        told(scene.kustomize("a").await)
    };
    insta::assert_snapshot!(told_of("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done").await,
        @"-:-:-: kustomize gave more than 1048576 bytes of manifests and was ended; split the unit");
    insta::assert_snapshot!(told_of("while :; do echo x >&2; done").await,
        @"-:-:-: kustomize took longer than 2 s and was ended; make it smaller, or raise `[render] timeout_seconds`");
    insta::assert_snapshot!(told_of("exec >&- 2>&-; while :; do :; done").await,
        @"-:-:-: kustomize took longer than 2 s and was ended; make it smaller, or raise `[render] timeout_seconds`");
    insta::assert_snapshot!(told_of("echo 'Error: password is s3cr3t' >&2; exit 1").await,
        @"-:-:-: kustomize failed; `kustomize build a` says why");
}

#[tokio::test]
async fn a_bomb_of_memory_is_ended() {
    let (scene, _dir) =
        posing("x=xxxxxxxx; while :; do x=$x$x; done", |settings| settings.memory = 128 << 20).await;
    insta::assert_snapshot!(told(scene.kustomize("a").await),
        @"-:-:-: kustomize needed more than 128 MB of memory and was ended; make the unit smaller, or raise `[render] memory_mb`");
}

#[tokio::test]
async fn a_renderer_that_is_given_up_does_not_live_on() {
    let (scene, _dir) =
        posing("echo $$ > \"$TMPDIR/../tree/pid\" 2> /dev/null; while :; do :; done", |_| {}).await;
    assert_eq!(scene.programs.sandbox_state().await, &SandboxState::Ready);
    let render = scene.kustomize("a");
    tokio::time::timeout(Duration::from_millis(500), render).await.unwrap_err();
    let mine = scene.scratch.path().display().to_string();
    let alive = || {
        std::fs::read_dir("/proc").unwrap().flatten().any(|process| {
            std::fs::read(process.path().join("environ"))
                .is_ok_and(|text| String::from_utf8_lossy(&text).contains(&mine))
        })
    };
    for _ in 0..100 {
        if !alive() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the renderer is still there");
}

#[tokio::test]
async fn without_a_sandbox_nothing_of_others_is_rendered() {
    assert_eq!(self_test(&sandbox_program(), &std::env::temp_dir()).await, SandboxState::Ready);
    let broken = |settings: &mut RenderSettings| settings.sandbox_program = "/bin/false".into();
    let (scene, _dir) = posing("echo x", broken).await;
    insta::assert_snapshot!(told(scene.kustomize("a").await),
        @"-:-:-: renderers cannot be confined on this machine (the sandbox ended with exit status: 1), so nothing that others wrote is rendered; use a kernel with Landlock and seccomp, or allow rendering without a sandbox in the settings");
    let (scene, _dir) = posing("echo x", |settings| {
        broken(settings);
        settings.unsandboxed = Unsandboxed::Allow;
    })
    .await;
    assert_eq!(scene.kustomize("a").await.unwrap().texts[0].text, "x\n");
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let files = [("a/kustomization.yaml", "resources: []\n"), ("chart/Chart.yaml", CHART)];
    let scene = Scene::with(&files, |settings| {
        settings.kustomize = "no-such-program".into();
        settings.kubectl = "/nowhere/kubectl".into();
        settings.helm = "no-such-program".into();
    })
    .await;
    insta::assert_snapshot!(told(scene.kustomize("a").await),
        @"-:-:-: there is no `kustomize` (and no `kubectl`) on this machine: install one, or name it as `[render] kustomize` in the settings");
    insta::assert_snapshot!(told(scene.helm(&[]).await),
        @"-:-:-: there is no `helm` on this machine: install it, or name it as `[render] helm` in the settings");
}

#[tokio::test]
async fn what_a_killed_process_left_is_cleared_away() {
    let scene = Scene::new(&[("a.yaml", CONFIG_MAP)]).await;
    let scratch = scene.programs.scratch().parent().unwrap();
    let stale = scratch.join("render-stale");
    std::fs::create_dir(&stale).unwrap();
    std::fs::write(stale.join("lock"), "").unwrap();
    std::fs::write(scratch.join("other"), "").unwrap();
    let _second = Programs::new(RenderSettings::new(scratch.to_owned(), sandbox_program())).unwrap();
    assert!(!stale.exists(), "nobody holds it");
    assert!(scene.programs.scratch().exists() && scratch.join("other").exists());
}
