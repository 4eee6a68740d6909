//! The contract on a real Gitea.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign::forge::{Gitea, GiteaConfig};
use countersign::ports::{Forge, Secret};
use countersign_core::actor::{Actor, ActorId, ActorKind};
use countersign_core::change::{CommentId, RepoPath, ReviewState};
use countersign_core::revision::CommitSha;
use countersign_core::snapshot::StatusState;
use reqwest::Method;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{Delivery, Edit, Guard, Renames, Role, Stage, contract, delivery};
use crate::parts;

const SECRET: &str = "between us";

struct OnGitea {
    gitea: &'static parts::Gitea,
    forge: Arc<dyn Forge>,
    repo: parts::Repo,
    team: String,
    bot: parts::User,
    people: Mutex<[(Role, parts::User); 5]>,
    hooks: MockServer,
}

contract!(stage());
contract!(stage(); takes_no_name_for_a_person);

async fn stage() -> Option<OnGitea> {
    let gitea = parts::gitea().await?;
    let org = gitea.create_org("acme").await;
    let repo = gitea.create_repo(&org, "shop").await;
    let person = async |stem| gitea.create_user(stem).await;
    let (bot, admin, author) = (person("bot").await, person("admin").await, person("author").await);
    let (reviewer, reader, stranger) =
        (person("reviewer").await, person("reader").await, person("stranger").await);
    for (user, permission) in
        [(&bot, "admin"), (&admin, "admin"), (&author, "write"), (&reviewer, "write"), (&reader, "read")]
    {
        gitea.add_collaborator(&repo, user, permission).await;
    }
    let team = gitea.create_team(&org, "sre", "read", &[&reviewer]).await;
    // Whoever counts the members of a team has to be in one that may see it.
    let owners = gitea.call(Method::GET, &format!("/orgs/{org}/teams"), None).await;
    let owners = owners.as_array().unwrap().iter().find(|team| team["name"] == "Owners").unwrap();
    gitea.call(Method::PUT, &format!("/teams/{}/members/{}", owners["id"], bot.login), None).await;
    let team = gitea.call(Method::GET, &format!("/teams/{team}"), None).await;
    let team = format!("{org}/{}", team["name"].as_str().unwrap());
    let settings = json!({ "private": true, "allow_manual_merge": true });
    gitea.call(Method::PATCH, &repo.path(), Some(settings)).await;

    let path: RepoPath = format!("{org}/{}", repo.name).parse().unwrap();
    let forge = Gitea::new(GiteaConfig {
        name: "tea".to_owned(),
        url: gitea.url().to_owned(),
        token: Secret::new(bot.token.clone()),
        webhook_secret: Secret::new(SECRET.to_owned()),
        repositories: vec![path.to_string()],
    });
    let people = [
        (Role::Admin, admin),
        (Role::Author, author),
        (Role::Reviewer, reviewer),
        (Role::Reader, reader),
        (Role::Stranger, stranger),
    ];
    let hooks = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(202)).mount(&hooks).await;
    let stage = OnGitea { gitea, forge: forge.unwrap(), repo, team, bot, people: Mutex::new(people), hooks };
    stage.push(Role::Admin, Edit { branch: "main", file: "README.md", text: "# Shop\n" }).await;
    Some(stage)
}

impl OnGitea {
    fn user(&self, role: Role) -> parts::User {
        let people = self.people.lock().unwrap();
        people.iter().find(|(played, _)| *played == role).unwrap().1.clone()
    }

    async fn call(&self, role: Role, method: Method, path: &str, body: Value) -> Value {
        let path = format!("{}{path}", self.repo.path());
        self.gitea.call_as(&self.user(role), method, &path, Some(body)).await
    }

    async fn commit(&self, role: Role, repo: &str, edit: Edit<'_>) -> CommitSha {
        let branches = self.gitea.call(Method::GET, &format!("{repo}/branches"), None).await;
        // An empty repository has none at all, not an empty list.
        let there =
            |name: &str| branches.as_array().is_some_and(|all| all.iter().any(|it| it["name"] == name));
        let mut body = json!({ "content": BASE64_STANDARD.encode(edit.text), "message": edit.file });
        if there(edit.branch) || !there("main") {
            body["branch"] = edit.branch.into();
        } else {
            body["branch"] = "main".into();
            body["new_branch"] = edit.branch.into();
        }
        let file = edit.file.replace('#', "%23");
        let path = format!("{repo}/contents/{file}");
        let made = self.gitea.call_as(&self.user(role), Method::POST, &path, Some(body)).await;
        made["commit"]["sha"].as_str().unwrap().parse().unwrap()
    }
}

#[async_trait]
impl Stage for OnGitea {
    fn forge(&self) -> &dyn Forge {
        self.forge.as_ref()
    }

    fn repo(&self) -> RepoPath {
        format!("{}/{}", self.repo.owner, self.repo.name).parse().unwrap()
    }

    fn bot(&self) -> ActorId {
        ActorId::new(self.bot.id)
    }

    fn actor(&self, role: Role) -> Actor {
        let user = self.user(role);
        Actor { id: ActorId::new(user.id), login: user.login, kind: ActorKind::Human }
    }

    fn team(&self) -> String {
        self.team.clone()
    }

    async fn push(&self, role: Role, edit: Edit<'_>) -> CommitSha {
        self.commit(role, &self.repo.path(), edit).await
    }

    async fn push_to_fork(&self, role: Role, edit: Edit<'_>) -> CommitSha {
        let fork = self.call(role, Method::POST, "/forks", json!({})).await;
        self.commit(role, &format!("/repos/{}", fork["full_name"].as_str().unwrap()), edit).await
    }

    async fn open(&self, role: Role, branch: &str, title: &str) -> u64 {
        let body = json!({ "head": branch, "base": "main", "title": title });
        self.call(role, Method::POST, "/pulls", body).await["number"].as_u64().unwrap()
    }

    async fn close(&self, number: u64) {
        self.call(Role::Admin, Method::PATCH, &format!("/pulls/{number}"), json!({ "state": "closed" }))
            .await;
    }

    async fn comment(&self, role: Role, number: u64, text: &str) -> CommentId {
        let path = format!("/issues/{number}/comments");
        let made = self.call(role, Method::POST, &path, json!({ "body": text })).await;
        CommentId(made["id"].as_u64().unwrap())
    }

    async fn edit(&self, role: Role, comment: CommentId, text: &str) {
        let path = format!("/issues/comments/{}", comment.0);
        self.call(role, Method::PATCH, &path, json!({ "body": text })).await;
    }

    async fn review(&self, role: Role, number: u64, state: ReviewState, text: &str) {
        let event = match state {
            ReviewState::Approved => "APPROVED",
            ReviewState::ChangesRequested => "REQUEST_CHANGES",
            ReviewState::Commented => "COMMENT",
            ReviewState::Dismissed => panic!("a review is not born dismissed"),
        };
        let body = json!({ "event": event, "body": text });
        self.call(role, Method::POST, &format!("/pulls/{number}/reviews"), body).await;
    }

    async fn report(&self, role: Role, head: &CommitSha, context: &str, state: StatusState) {
        let state = match state {
            StatusState::Success => "success",
            StatusState::Pending => "pending",
            StatusState::Failure => "failure",
        };
        let body = json!({ "context": context, "state": state });
        self.call(role, Method::POST, &format!("/statuses/{head}"), body).await;
    }

    async fn run_workflow(&self, _branch: &str, _file: &str, _conclusion: Option<&str>) -> bool {
        false
    }

    async fn seal(&self, _commit: &CommitSha, _key: &str, _signer: Option<Role>, _state: &str) -> bool {
        false
    }

    async fn push_on_page(&self, role: Role, edit: Edit<'_>) -> CommitSha {
        self.push(role, edit).await
    }

    async fn guard(&self, guard: Guard) {
        let (bot, other) = (self.bot.login.clone(), self.user(Role::Author).login);
        let path = format!("{}/branch_protections", self.repo.path());
        let rules = self.gitea.call(Method::GET, &path, None).await;
        if rules.as_array().is_some_and(|rules| !rules.is_empty()) {
            self.gitea.call(Method::DELETE, &format!("{path}/main"), None).await;
        }
        let (push, merge, checks) = match guard {
            Guard::OnlyBot => (&bot, true, vec![]),
            Guard::OthersMerge => (&bot, false, vec![]),
            Guard::NotBot => (&other, true, vec![]),
            Guard::OnlyBotAndCheck(check) => (&bot, true, vec![check]),
        };
        let rule = json!({
            "rule_name": "main", "enable_push": true, "enable_push_whitelist": true,
            "push_whitelist_usernames": [push], "enable_merge_whitelist": merge,
            "merge_whitelist_usernames": [push], "enable_status_check": !checks.is_empty(),
            "status_check_contexts": checks,
        });
        self.gitea.protect(&self.repo, rule).await;
    }

    async fn listen(&self) {
        let events = [
            "push",
            "pull_request",
            "pull_request_sync",
            "pull_request_comment",
            "pull_request_review_approved",
            "issue_comment",
            "create",
        ];
        self.gitea.create_hook(&self.repo, &self.hooks.uri(), SECRET, &events).await;
    }

    async fn deliveries(&self) -> Vec<Delivery> {
        self.hooks.received_requests().await.unwrap().into_iter().map(delivery).collect()
    }
}

#[async_trait]
impl Renames for OnGitea {
    async fn rename(&self, role: Role, heir: Role) {
        let (leaving, coming) = (self.user(role), self.user(heir));
        let free = format!("{}-before", leaving.login);
        for (from, to) in [(&leaving.login, &free), (&coming.login, &leaving.login)] {
            let path = format!("/admin/users/{from}/rename");
            self.gitea.call(Method::POST, &path, Some(json!({ "new_username": to }))).await;
        }
        for (played, user) in self.people.lock().unwrap().iter_mut() {
            if *played == role {
                user.login = free.clone();
            } else if *played == heir {
                user.login = leaving.login.clone();
            }
        }
    }
}
