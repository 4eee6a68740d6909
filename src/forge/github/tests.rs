//! What the tests of the adapter for GitHub share.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking, and say why"
)]

mod app;
mod capability;
mod deliveries;
mod reads;
mod signers;
mod statuses;
mod writes;

use std::sync::Arc;

use countersign_core::change::{ChangeId, RepoId, RepoPath};
use countersign_core::revision::{BranchName, CommitSha};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{GitHub, GitHubAuth, GitHubConfig};
use crate::ports::{Forge, ForgeError, Secret};

const TOKEN: &str = "ghp_hunter2";
const HEAD: &str = "1111111111111111111111111111111111111111";

fn config(url: &str, auth: GitHubAuth) -> GitHubConfig {
    GitHubConfig {
        name: "hub".to_owned(),
        url: url.to_owned(),
        auth,
        webhook_secret: Secret::new("It's a Secret to Everybody".to_owned()),
        repositories: vec!["acme/*".to_owned()],
    }
}

/// The bot as a user of a GitHub Enterprise, whose API is under a path.
fn as_user(server: &MockServer) -> Arc<dyn Forge> {
    let auth = GitHubAuth::Token(Secret::new(TOKEN.to_owned()));
    GitHub::new(config(&format!("{}/api/v3", server.uri()), auth)).unwrap()
}

fn shop() -> RepoPath {
    "acme/shop".parse().unwrap()
}

fn change(number: u64) -> ChangeId {
    ChangeId { repo: RepoId { forge: "hub".to_owned(), path: shop() }, number }
}

fn head() -> CommitSha {
    HEAD.parse().unwrap()
}

fn branch(name: &str) -> BranchName {
    name.parse().unwrap()
}

/// An answer to a GET that is signed in.
async fn get(server: &MockServer, route: &str, body: Value) {
    let signed = header("authorization", format!("Bearer {TOKEN}").as_str());
    let route = path(format!("/api/v3{route}"));
    let answer = ResponseTemplate::new(200).set_body_json(body);
    Mock::given(method("GET")).and(route).and(signed).respond_with(answer).mount(server).await;
}

fn user(id: u64, login: &str) -> Value {
    json!({ "id": id, "login": login, "type": "User" })
}

fn pull(number: u64, state: &str) -> Value {
    json!({
        "number": number, "title": "More", "html_url": "https://h/acme/shop/pull/7", "state": state, "draft": false,
        "user": user(5, "ann"), "updated_at": "2026-11-21T07:00:00Z", "merged": false, "merge_commit_sha": HEAD,
        "commits": 1,
        "head": { "ref": "topic", "sha": HEAD, "repo": { "id": 1 } },
        "base": { "ref": "main", "sha": "0".repeat(40), "repo": { "id": 1 } },
    })
}

/// An error and everything beneath it, as a log would show it. No secret may be in there.
#[track_caller]
fn shown(error: &ForgeError) -> String {
    let mut shown = format!("{error} {error:?}");
    let mut beneath = std::error::Error::source(error);
    while let Some(error) = beneath {
        shown.push_str(&format!(" / {error} {error:?}"));
        beneath = error.source();
    }
    assert!(!shown.contains("hunter2") && !shown.contains("PRIVATE KEY"), "a secret in {shown}");
    shown
}
