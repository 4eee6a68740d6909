//! Where the real parts are, and what a test does where one is absent.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;

/// Helm, as `tests/tools/helm` pins it.
pub fn helm() -> Option<PathBuf> {
    present("helm", built("helm"))
}

/// kustomize, as `tests/tools/kustomize` pins it.
pub fn kustomize() -> Option<PathBuf> {
    present("kustomize", built("kustomize"))
}

/// kubectl, as `tests/tools/kubectl` pins it.
pub fn kubectl() -> Option<PathBuf> {
    present("kubectl", built("kubectl"))
}

/// A browser, where one is installed: not every build server has one, or may install it.
pub fn chromium() -> Option<PathBuf> {
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(on_path);
    if found.is_none() {
        skip("chromium");
    }
    found
}

/// The plain comparison of two trees that reviews are measured by.
pub fn compare() -> Option<PathBuf> {
    present("compare", built("compare"))
}

/// Gatekeeper's own command, as `tests/tools/gator` pins it.
pub fn gator() -> Option<PathBuf> {
    present("gator", built("gator"))
}

/// OPA, asked as conftest asks it, as `tests/tools/opa` pins it.
pub fn opa() -> Option<PathBuf> {
    present("opa", built("opa"))
}

/// conftest, as `tests/tools/conftest` pins it.
pub fn conftest() -> Option<PathBuf> {
    present("conftest", built("conftest"))
}

/// What the API server's own admission says of pods.
pub fn pod_security() -> Option<PathBuf> {
    present("pod-security", built("pod-security"))
}

/// policy-bot's own judgement, as `tests/tools/policy-bot` pins it.
pub fn policy_bot() -> Option<PathBuf> {
    present("policy-bot", built("policy-bot"))
}

/// A program that is installed.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&paths).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// What is built from the folder `tool` of `tests/tools`, if it is built.
pub(super) fn built(tool: &str) -> Option<PathBuf> {
    let folder = env::var_os("COUNTERSIGN_TOOLS").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools"));
    Some(folder.join(tool)).filter(|program| program.is_file())
}

/// Passes `found` on. Where it is nothing, the running test is noted as skipped for want of `part`.
pub(super) fn present<T>(part: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        assert!(
            env::var_os("CI").is_none_or(|ci| ci != "true"),
            "CI=true, and {part} is absent: run tests/run"
        );
        skip(part);
    }
    found
}

/// Notes the running test as skipped for want of `part`.
pub fn skip(part: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("skipped: {test} needs {part}, which is absent; see README.md");
    if let Some(list) = env::var_os("COUNTERSIGN_SKIPPED") {
        let line = format!("{part}\t{test}\n");
        let noted = OpenOptions::new().append(true).create(true).open(list);
        noted.and_then(|mut list| list.write_all(line.as_bytes())).expect("the list of skipped tests");
    }
}
