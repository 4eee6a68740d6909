//! Git, as the bot would use it: with what a forge says about the remote and nothing else.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign::ports::GitRemote;
use countersign_core::revision::CommitSha;

/// Merges the head of a request into `main` and pushes that, with what the remote says alone.
pub(super) fn merge_and_push(remote: &GitRemote, head: &CommitSha) -> CommitSha {
    let home = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| run(home.path(), remote, arguments);
    git(&["init", "--quiet", "."]);
    let (main, theirs) =
        ("+refs/heads/main:refs/heads/main", format!("+{}:refs/heads/theirs", remote.head_ref));
    git(&["fetch", "--quiet", "--update-head-ok", &remote.url, main, &theirs]);
    assert_eq!(git(&["rev-parse", "refs/heads/theirs"]), head.as_str());
    git(&["checkout", "--quiet", "main"]);
    git(&["merge", "--quiet", "--no-ff", "-m", "Merge", "refs/heads/theirs"]);
    git(&["push", "--quiet", &remote.url, "HEAD:refs/heads/main"]);
    git(&["rev-parse", "HEAD"]).parse().unwrap()
}

fn run(home: &Path, remote: &GitRemote, arguments: &[&str]) -> String {
    let (user, token) = remote.credentials.as_ref().unwrap();
    let basic = BASE64_STANDARD.encode(format!("{user}:{}", token.expose()));
    let done = Command::new("git")
        .args(arguments)
        .current_dir(home)
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .envs([("GIT_AUTHOR_NAME", "Bot"), ("GIT_AUTHOR_EMAIL", "bot@example.org")])
        .envs([("GIT_COMMITTER_NAME", "Bot"), ("GIT_COMMITTER_EMAIL", "bot@example.org")])
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "http.extraHeader")
        .env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {basic}"))
        .output()
        .unwrap();
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}
