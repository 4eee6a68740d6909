//! `review` on repositories as people have them, and on what is none.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Desk, done, effects, files, web};
use crate::source::git;

const SCALED: &str = "update web: spec.replicas 2 3";

#[track_caller]
fn check(desk: &Desk, folder: &str, arguments: &[&str], want: &[&str]) {
    assert_eq!(effects(&desk.report(folder, arguments)), want, "{folder} {arguments:?}");
}

#[test]
fn any_two_revisions_of_any_repository() {
    let desk = Desk::usual();
    check(&desk, "env", &[], &[SCALED]);
    check(&desk, "env/production", &["--base", "main"], &[SCALED]);
    check(&desk, ".", &["--repo", "env", "--base", "main", "--head", "topic"], &[SCALED]);
    check(&desk, "env", &["--base", "topic", "--head", "topic~1"], &[]);
    let env = desk.path("env");
    git(&env, &["tag", "-a", "-m", "one", "v1", "main"]);
    let head = git(&env, &["rev-parse", "topic"]);
    check(&desk, "env", &["--base", "v1", "--head", &head[..10]], &[SCALED]);
    git(&env, &["checkout", "-q", "--detach", "topic"]);
    check(&desk, "env", &["--base", "main"], &[SCALED]);

    git(desk.folder.path(), &["clone", "-q", "--mirror", "env", "mirror.git"]);
    let mirror = desk.path("mirror.git");
    git(&mirror, &["symbolic-ref", "HEAD", "refs/heads/main"]);
    check(&desk, ".", &["--repo", "mirror.git", "--head", "topic"], &[SCALED]);
    git(&mirror, &["branch", "-q", "-m", "main", "trunk"]);
    check(&desk, ".", &["--repo", "mirror.git", "--head", "topic"], &[SCALED]);
    git(&env, &["worktree", "add", "-q", "../tree", "main"]);
    check(&desk, "tree", &["--head", "topic"], &[SCALED]);
    git(desk.folder.path(), &["clone", "-q", "env", "clone"]);
    check(&desk, "clone", &["--base", "origin/main", "--head", "origin/topic"], &[SCALED]);
}

#[test]
fn the_files_as_they_are_and_the_index_stays() {
    let desk = Desk::usual();
    let env = desk.path("env");
    desk.write(&[("production/web.yaml", &web(4)), ("ignored", "x"), ("staged.txt", "x")]);
    git(&env, &["add", "staged.txt"]);
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: untracked, namespace: shop}\n";
    desk.write(&[("production/new.yaml", map)]);
    let before = files(&env);
    let status = git(&env, &["--no-optional-locks", "status", "--porcelain"]);
    let report = desk.report("env", &["--worktree"]);
    assert_eq!(effects(&report), ["create untracked: ", "update web: spec.replicas 2 4"]);
    let outside: Vec<_> = report["outside"].as_array().unwrap().iter().map(|path| &path["path"]).collect();
    assert_eq!(outside, ["staged.txt"]);
    assert_eq!(git(&env, &["--no-optional-locks", "status", "--porcelain"]), status);
    assert_eq!(files(&env), before, "nothing in the repository was touched");
    check(&desk, "env", &[], &[SCALED]);
}

/// The error on stderr, alone, with exit status 64.
#[track_caller]
fn refused(desk: &Desk, folder: &str, arguments: &[&str]) -> String {
    let done = desk.run(folder, &[&["review"], arguments].concat());
    assert_eq!((done.code, done.out.as_str()), (64, ""), "{arguments:?}: {}", done.err);
    done.err.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn what_cannot_be_reviewed_is_told_with_what_to_do() {
    let desk = Desk::usual();
    std::fs::create_dir(desk.path("none")).unwrap();
    std::fs::create_dir(desk.path("empty")).unwrap();
    git(&desk.path("empty"), &["init", "-q", "-b", "main"]);
    git(&desk.path("env"), &["checkout", "-q", "main"]);
    desk.commit("more", &[("README.md", "Text.\n")]);
    let url = format!("file://{}", desk.path("env").display());
    git(desk.folder.path(), &["clone", "-q", "--depth", "1", "--no-single-branch", &url, "shallow"]);
    git(&desk.path("env"), &["checkout", "-q", "--orphan", "other"]);
    desk.commit("unrelated", &[]);
    let said = [
        refused(&desk, ".", &["--repo", "none"]),
        refused(&desk, ".", &["--repo", "nowhere"]),
        refused(&desk, "empty", &[]),
        refused(&desk, "empty", &["--worktree"]),
        refused(&desk, "shallow", &["--base", "origin/main", "--head", "origin/topic"]),
        refused(&desk, "shallow", &["--base", "HEAD~3"]),
        refused(&desk, "env", &["--base", "main", "--head", "other"]),
        refused(&desk, "env", &["--base", "mian"]),
        refused(&desk, "env", &["--head=--upload-pack=x"]),
        refused(&desk, "env", &["--head", "topic", "--environment", "prodction"]),
        refused(&desk, "env", &["--head", "topic", "--environment", "elsewhere"]),
        refused(&desk, "env", &["--output", "missing/report.md"]),
        refused(&desk, "env", &["--output", "production"]),
        refused(&desk, "env", &["--jobs", "0"]),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    error: none: is not a git repository, or git will not open it
    error: nowhere: there is no such folder
    error: the repository has no commits yet: make one, since a review says what changes from one to the next
    error: the repository has no commits yet: make one, since a review says what changes from one to the next
    error: a common ancestor of base and head is not in the repository: this clone is shallow, so what is needed may have been cut off: run `git fetch --unshallow` (in CI: `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` on GitLab)
    error: revision `HEAD~3` is not in the repository: this clone is shallow, so what is needed may have been cut off: run `git fetch --unshallow` (in CI: `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` on GitLab)
    error: a common ancestor of base and head is not in the repository: the two histories have nothing in common, so neither can be merged into the other: check --base and --head
    error: revision `mian` is not in the repository: `git branch --all` lists what is there; a branch of the remote is `origin/NAME`
    error: revision `--upload-pack=x` is not in the repository: `git branch --all` lists what is there; a branch of the remote is `origin/NAME`
    error: there is no environment `prodction`; did you mean `production`?
    error: there is no environment `elsewhere`, only production
    error: --output missing/report.md: there is no folder missing; make it first
    error: --output production: is a folder; name a file in it
    error: invalid value '0' for '--jobs <N>': 0 is not in 1..=1024
    ");
}

#[test]
fn a_shallow_clone_that_has_the_merge_base_is_enough() {
    let desk = Desk::usual();
    let url = format!("file://{}", desk.path("env").display());
    git(desk.folder.path(), &["clone", "-q", "--depth", "2", "--no-single-branch", &url, "shallow"]);
    check(&desk, "shallow", &["--base", "origin/main", "--head", "origin/topic"], &[SCALED]);
}

#[test]
fn a_report_is_complete_or_absent() {
    let desk = Desk::usual();
    let report = desk.path("env/report.md");
    std::fs::write(&report, "old").unwrap();
    refused(&desk, "env", &["--output", "report.md", "--base", "nowhere"]);
    assert_eq!(std::fs::read_to_string(&report).unwrap(), "old");
    let done = desk.run("env", &["review", "--format", "markdown", "--output", "report.md"]);
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (0, "", ""));
    assert!(std::fs::read_to_string(&report).unwrap().contains("replicas"));
    assert_eq!(std::fs::read_dir(desk.path("env")).unwrap().count(), 4, "nothing else is left there");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let desk = Desk::usual();
    for format in ["terminal", "markdown", "json"] {
        let mut command = desk.command("env", &["review", "--format", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let done = done(child.wait_with_output().unwrap());
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{format}");
    }
}

#[test]
fn an_interrupted_review_leaves_nothing_behind() {
    let desk = Desk::usual();
    // A git that never comes back from comparing trees, and says that it got there.
    let real = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join("git"))
        .find(|git| git.is_file())
        .unwrap();
    std::fs::create_dir(desk.path("bin")).unwrap();
    let (script, reached) = (desk.path("bin/git"), desk.path("reached"));
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *diff-tree*) echo $$ > {}; sleep 300;; esac\nexec {} \"$@\"\n",
        reached.display(),
        real.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", desk.path("bin").display(), std::env::var("PATH").unwrap());
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let mut command = desk.command("env", &["review", "--output", "report.md"]);
        let child = command.env("PATH", &path).stderr(Stdio::piped()).spawn().unwrap();
        let began = Instant::now();
        let git = loop {
            let text = std::fs::read_to_string(&reached).unwrap_or_default();
            if let Ok(pid) = text.trim().parse::<i32>() {
                break pid;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "it never came to comparing");
            std::thread::sleep(Duration::from_millis(5));
        };
        let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        let ended = done(child.wait_with_output().unwrap());
        assert_eq!((ended.code, ended.err.as_str()), (130, ""), "{signal:?}");
        std::fs::remove_file(&reached).unwrap();
        assert_eq!(files(&desk.path("tmp")), []);
        assert_eq!(std::fs::read_dir(desk.path("tmp")).unwrap().count(), 0);
        assert!(!desk.path("env/report.md").exists());
        let gone = || {
            std::fs::read_to_string(format!("/proc/{git}/stat")).map_or(true, |stat| stat.contains(") Z "))
        };
        while !gone() {
            assert!(began.elapsed() < Duration::from_secs(60), "git is still running");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// What another policy than the repository's asks for stands at no place of the repository; what its own asks for does.
#[test]
fn what_another_policy_asks_for_is_at_no_place() {
    let policy = "version = 1\n[environment.production]\nsource = { yaml = \"production\" }\n[[rule]]\nname = \"sre\"\nrequire = { count = 2, from = { users = [\"bo\", \"cy\"] } }\n";
    let desk = Desk::new(&[("production/web.yaml", &web(2)), (".countersign.toml", policy)]);
    git(&desk.path("env"), &["checkout", "-q", "-b", "topic"]);
    desk.commit("topic", &[("production/web.yaml", &web(3))]);
    std::fs::write(desk.path("other.toml"), policy.replace("sre", "others")).unwrap();
    let asked = |arguments: &[&str]| {
        let done = desk.run("env", &[&["review", "--format", "sarif"], arguments].concat());
        assert_eq!(done.err, "", "{arguments:?}");
        let log: serde_json::Value = serde_json::from_str(&done.out).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let told = results.iter().filter(|one| one["ruleId"].as_str().unwrap().starts_with("approval/"));
        let told = told.map(|one| {
            let at = &one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            let kind = one["kind"].as_str().unwrap();
            format!("{kind} {} at {}: {}", one["ruleId"].as_str().unwrap(), at, one["message"]["text"])
        });
        told.collect::<Vec<String>>().join("\n")
    };
    let own = asked(&[]);
    insta::assert_snapshot!(own, @r#"review approval/sre at ".countersign.toml": "sre has 0 of 2 approvals from bo, cy; because of Deployment shop/web in production""#);
    assert_eq!(asked(&["--policy", ".countersign.toml"]), own);
    insta::assert_snapshot!(asked(&["--policy", "../other.toml"]), @r#"review approval/others at null: "others has 0 of 2 approvals from bo, cy; because of Deployment shop/web in production""#);
}
