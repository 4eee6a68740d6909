//! The real parts that tests speak to: a Kubernetes API server, Argo CD and Flux on it, Gitea, PostgreSQL, and the
//! renderers' programs.
//!
//! `tests/run` gets them. Each server is started once a test process, by whichever test asks first, and serves all
//! others, so what a test makes in it carries a name of its own. A part that is absent is a `None`, which skips the
//! test and is counted by `tests/run`; with `CI=true` it is a failure.
//!
//! ```ignore
//! let Some(gitea) = parts::gitea().await else { return };
//! ```

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a part that does not work fails the test that needs it"
)]
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "which part of this is used is the tests' affair"
)]

mod apiserver;
mod argocd;
mod artifacts;
mod flux;
mod gitea;
mod helm_controller;
mod postgres;
mod process;
pub mod tools;

pub use apiserver::{
    Account, ApiServer, another_apiserver, apiserver, apiserver_of_all_versions, apiserver_with,
    apiserver_with_all_plugins,
};
pub use argocd::{ArgoCd, Repository, argocd};
pub use flux::{Flux, flux};
pub use gitea::{Gitea, Repo, User, gitea};
pub use helm_controller::{HelmController, helm_controller};
pub use postgres::{Postgres, postgres};
pub use process::Server;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// `stem` with a number that no other name in this process has.
fn unique(stem: &str) -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("{stem}-{}", LAST.fetch_add(1, Ordering::Relaxed) + 1)
}

/// A Go module that a program was built from, where what it needs beside itself is: the `place`th of those noted.
fn module_of(program: &Path, place: usize) -> Result<PathBuf, String> {
    let note = program.with_extension("root");
    let noted = std::fs::read_to_string(&note).map_err(|failed| format!("{}: {failed}", note.display()))?;
    let module = noted.lines().nth(place).map(PathBuf::from);
    module.ok_or_else(|| format!("{} names no {place}th module", note.display()))
}

/// The body of an answer that has to be a success, as JSON; null where there is none.
async fn json_of(asked: &str, answer: Result<reqwest::Response, reqwest::Error>) -> serde_json::Value {
    let answer = answer.unwrap_or_else(|failed| panic!("{asked}: {failed:?}"));
    let status = answer.status();
    let body = answer.text().await.unwrap_or_else(|failed| panic!("{asked}: {failed:?}"));
    assert!(status.is_success(), "{asked} answered {status}: {body}");
    if body.is_empty() {
        return serde_json::Value::Null;
    }
    serde_json::from_str(&body).unwrap_or_else(|failed| panic!("{asked}: {failed} in {body}"))
}
