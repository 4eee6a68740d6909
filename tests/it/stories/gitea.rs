//! The real Gitea as a town.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use countersign::forge::gitea::{Gitea as Adapter, GiteaConfig};
use countersign::ports::{Forge, Secret};
use countersign_core::change::RepoId;
use reqwest::Method;
use serde_json::{Value, json};

use super::town::{Clone, Said, Town};
use crate::parts::{self, Gitea, Repo, User};

pub(crate) const WEBHOOK_SECRET: &str = "a secret that only the forge and the bot know";

pub(crate) struct GiteaTown {
    gitea: &'static Gitea,
    repo: Repo,
    people: BTreeMap<&'static str, User>,
}

impl GiteaTown {
    /// A repository that begins with these files, in which only the bot may push to main.
    pub(crate) async fn found(files: &[(&str, Option<&str>)]) -> Option<Self> {
        let gitea = parts::gitea().await?;
        let mut people = BTreeMap::new();
        for who in ["ada", "ana", "bo", "cy", "dee", "countersign"] {
            people.insert(who, gitea.create_user(who).await);
        }
        let repo = gitea.create_repo(&people["ada"].login, "env").await;
        for (who, permission) in
            [("ana", "write"), ("bo", "write"), ("cy", "write"), ("dee", "read"), ("countersign", "admin")]
        {
            gitea.add_collaborator(&repo, &people[who], permission).await;
        }
        let town = Self { gitea, repo, people };
        Clone::new(&town, "ada").found(files);
        gitea.settled(&town.repo).await;
        let options = json!({ "allow_manual_merge": true, "autodetect_manual_merge": true });
        gitea.call(Method::PATCH, &town.repo.path(), Some(options)).await;
        let bot = town.login("countersign");
        let rule = json!({
            "rule_name": "main", "enable_push": true, "enable_push_whitelist": true,
            "push_whitelist_usernames": [bot], "enable_merge_whitelist": true, "merge_whitelist_usernames": [bot],
            "block_admin_merge_override": true,
        });
        gitea.protect(&town.repo, rule).await;
        Some(town)
    }

    async fn ask(&self, who: &str, method: Method, path: &str, body: Option<Value>) -> Value {
        self.gitea.call_as(&self.people[who], method, &format!("{}{path}", self.repo.path()), body).await
    }
}

#[async_trait]
impl Town for GiteaTown {
    fn repo(&self) -> RepoId {
        let path = format!("{}/{}", self.repo.owner, self.repo.name);
        RepoId { forge: "hub".to_owned(), path: path.parse().unwrap() }
    }

    fn forge(&self) -> Arc<dyn Forge> {
        Adapter::new(GiteaConfig {
            name: "hub".to_owned(),
            url: self.gitea.url().to_owned(),
            token: Secret::new(self.people["countersign"].token.clone()),
            webhook_secret: Secret::new(WEBHOOK_SECRET.to_owned()),
            repositories: vec![format!("{}/*", self.repo.owner)],
        })
        .unwrap()
    }

    fn login(&self, who: &str) -> String {
        self.people[who].login.clone()
    }

    fn git_url(&self, who: &str) -> String {
        self.gitea.git_url(&self.repo, &self.people[who])
    }

    fn address(&self, who: &str) -> String {
        format!("{}@example.org", self.login(who))
    }

    async fn open(&self, who: &str, source: &str, title: &str) -> u64 {
        let body = json!({ "head": source, "base": "main", "title": title });
        self.ask(who, Method::POST, "/pulls", Some(body)).await["number"].as_u64().unwrap()
    }

    async fn fork(&self, who: &str) -> String {
        let fork = self.ask(who, Method::POST, "/forks", Some(json!({}))).await;
        let name = fork["name"].as_str().unwrap().to_owned();
        let repo = Repo { id: fork["id"].as_u64().unwrap(), owner: self.login(who), name };
        self.gitea.git_url(&repo, &self.people[who])
    }

    async fn comment(&self, who: &str, number: u64, body: &str) -> u64 {
        let path = format!("/issues/{number}/comments");
        self.ask(who, Method::POST, &path, Some(json!({ "body": body }))).await["id"].as_u64().unwrap()
    }

    async fn edit(&self, who: &str, comment: u64, body: &str) {
        self.ask(who, Method::PATCH, &format!("/issues/comments/{comment}"), Some(json!({ "body": body })))
            .await;
    }

    async fn approve(&self, who: &str, number: u64) {
        let body = json!({ "event": "APPROVED", "body": "" });
        self.ask(who, Method::POST, &format!("/pulls/{number}/reviews"), Some(body)).await;
    }

    async fn conversation(&self, number: u64) -> Vec<Said> {
        let all = self.ask("ada", Method::GET, &format!("/issues/{number}/comments"), None).await;
        let said = |comment: &Value| Said {
            id: comment["id"].as_u64().unwrap(),
            who: comment["user"]["login"].as_str().unwrap().to_owned(),
            body: comment["body"].as_str().unwrap().to_owned(),
        };
        all.as_array().unwrap().iter().map(said).collect()
    }

    async fn state(&self, number: u64) -> String {
        let pull = self.ask("ada", Method::GET, &format!("/pulls/{number}"), None).await;
        let merged = pull["merged"].as_bool().unwrap();
        if merged { "merged".to_owned() } else { pull["state"].as_str().unwrap().to_owned() }
    }

    async fn status(&self, commit: &str) -> Option<(String, String)> {
        let all = self.ask("ada", Method::GET, &format!("/commits/{commit}/status"), None).await;
        let statuses = all["statuses"].as_array()?.clone();
        let ours = statuses.iter().find(|status| status["context"] == "countersign")?;
        Some((ours["status"].as_str()?.to_owned(), ours["description"].as_str()?.to_owned()))
    }

    async fn force(&self, files: &[(&str, Option<&str>)]) -> String {
        let rule = format!("{}/branch_protections/main", self.repo.path());
        let pushers = |who: &[&str]| {
            let logins: Vec<String> = who.iter().map(|who| self.login(who)).collect();
            Some(json!({ "push_whitelist_usernames": logins }))
        };
        self.gitea.call(Method::PATCH, &rule, pushers(&["countersign", "ada"])).await;
        let commit = Clone::new(self, "ada").push("main", "main", files, "Past the bot");
        self.gitea.call(Method::PATCH, &rule, pushers(&["countersign"])).await;
        commit
    }

    async fn make_draft(&self, who: &str, number: u64) {
        let title = json!({ "title": "WIP: not yet" });
        self.ask(who, Method::PATCH, &format!("/pulls/{number}"), Some(title)).await;
    }

    async fn retarget(&self, who: &str, number: u64, branch: &str) {
        let base = json!({ "base": branch });
        self.ask(who, Method::PATCH, &format!("/pulls/{number}"), Some(base)).await;
    }

    async fn deliver_to(&self, url: &str) {
        let events = [
            "push",
            "pull_request",
            "pull_request_sync",
            "issue_comment",
            "pull_request_comment",
            "pull_request_review_approved",
            "pull_request_review_rejected",
        ];
        self.gitea.create_hook(&self.repo, url, WEBHOOK_SECRET, &events).await;
    }
}
