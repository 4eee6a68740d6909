//! What the tests of the adapter for Gitea share.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking, and say why"
)]

mod capability;
mod deliveries;
mod requests;

use std::sync::Arc;

use countersign_core::change::{ChangeId, RepoId, RepoPath};
use countersign_core::revision::CommitSha;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{Gitea, GiteaConfig};
use crate::ports::{Forge, Secret};

const TOKEN: &str = "hunter2";
const HEAD: &str = "1111111111111111111111111111111111111111";

fn config(url: &str) -> GiteaConfig {
    GiteaConfig {
        name: "tea".to_owned(),
        url: url.to_owned(),
        token: Secret::new(TOKEN.to_owned()),
        webhook_secret: Secret::new("between us".to_owned()),
        repositories: vec!["acme/*".to_owned()],
    }
}

/// A Gitea beneath a path, whose bot is the account 41.
async fn forge(server: &MockServer) -> Arc<dyn Forge> {
    get(server, "/user", user(41, "cs-bot")).await;
    Gitea::new(config(&format!("{}/git", server.uri()))).unwrap()
}

/// An answer to a GET that is signed in.
async fn get(server: &MockServer, route: &str, body: Value) {
    let signed = header("authorization", format!("token {TOKEN}").as_str());
    let route = path(format!("/git/api/v1{route}"));
    let answer = ResponseTemplate::new(200).set_body_json(body);
    Mock::given(method("GET")).and(route).and(signed).respond_with(answer).mount(server).await;
}

fn shop() -> RepoPath {
    "acme/shop".parse().unwrap()
}

fn change(number: u64) -> ChangeId {
    ChangeId { repo: RepoId { forge: "tea".to_owned(), path: shop() }, number }
}

fn head() -> CommitSha {
    HEAD.parse().unwrap()
}

fn user(id: i64, login: &str) -> Value {
    json!({ "id": id, "login": login })
}

fn pull(number: u64, state: &str) -> Value {
    json!({
        "number": number, "title": "More", "html_url": "https://h/acme/shop/pulls/7", "state": state, "draft": false,
        "user": user(5, "ann"), "updated_at": "2026-11-21T07:00:00Z", "merged": false, "merge_commit_sha": null,
        "head": { "ref": "topic", "sha": HEAD, "repo": { "id": 1 } },
        "base": { "ref": "main", "sha": "0".repeat(40), "repo": { "id": 1 } },
    })
}
