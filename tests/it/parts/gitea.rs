//! A real Gitea, one a test process. Users, organisations and repositories get names that no other test has.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::process::{self, Server};
use super::{json_of, tools, unique};

const ADMIN: &str = "keeper";
const PASSWORD: &str = "correct horse battery staple";

/// The Gitea of this test process, or nothing where it is not built.
pub async fn gitea() -> Option<&'static Gitea> {
    static GITEA: OnceCell<Result<Gitea, String>> = OnceCell::const_new();
    let program = tools::present("gitea", tools::built("gitea"))?;
    match GITEA.get_or_init(|| process::insist(|| Gitea::start(&program))).await {
        Ok(gitea) => Some(gitea),
        Err(failed) => panic!("{failed}"),
    }
}

/// A running Gitea, and what a test does to it besides what it is about: all of these act as the administrator.
#[derive(Debug)]
pub struct Gitea {
    url: String,
    token: String,
    http: reqwest::Client,
    #[expect(dead_code, reason = "held so that it runs")]
    server: Server,
}

/// Someone with an account.
#[derive(Debug, Clone)]
pub struct User {
    pub id: u64,
    pub login: String,
    pub token: String,
}

/// A repository, by owner and name.
#[derive(Debug, Clone)]
pub struct Repo {
    pub id: u64,
    pub owner: String,
    pub name: String,
}

impl Repo {
    /// Where the API has it: `/repos/OWNER/NAME`.
    pub fn path(&self) -> String {
        format!("/repos/{}/{}", self.owner, self.name)
    }
}

impl Gitea {
    /// `http://127.0.0.1:PORT`; the API is under `/api/v1`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The administrator's token, which may do everything.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A new account whose login begins with `stem`, with a token that may do everything its owner may.
    pub async fn create_user(&self, stem: &str) -> User {
        let login = unique(stem);
        let email = format!("{login}@example.org");
        let account = json!({
            "username": &login, "email": &email, "password": PASSWORD, "must_change_password": false,
        });
        let made = self.call(Method::POST, "/admin/users", Some(account)).await;
        let wanted = json!({ "name": "test", "scopes": ["all"] });
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{login}:{PASSWORD}")));
        let tokens = format!("/users/{login}/tokens");
        let token = self.call_with(Method::POST, &tokens, &basic, Some(wanted)).await;
        User { id: number(&made, "id"), token: text(&token, "sha1"), login }
    }

    /// A new organisation whose name begins with `stem`.
    pub async fn create_org(&self, stem: &str) -> String {
        let name = unique(stem);
        self.call(Method::POST, "/orgs", Some(json!({ "username": &name }))).await;
        name
    }

    /// A new team in `org`. `permission` is `read`, `write` or `admin`, for every repository the organisation has or gets.
    pub async fn create_team(&self, org: &str, stem: &str, permission: &str, members: &[&User]) -> u64 {
        let team = json!({
            "name": unique(stem), "permission": permission, "includes_all_repositories": true,
            "units": ["repo.code", "repo.pulls", "repo.issues"],
        });
        let made = self.call(Method::POST, &format!("/orgs/{org}/teams"), Some(team)).await;
        let id = number(&made, "id");
        for member in members {
            self.call(Method::PUT, &format!("/teams/{id}/members/{}", member.login), None).await;
        }
        id
    }

    /// A new empty repository of `owner`, a login or an organisation. Its default branch will be `main`.
    pub async fn create_repo(&self, owner: &str, stem: &str) -> Repo {
        let name = unique(stem);
        let repo = json!({ "name": &name, "default_branch": "main", "auto_init": false });
        let made = self.call(Method::POST, &format!("/admin/users/{owner}/repos"), Some(repo)).await;
        Repo { id: number(&made, "id"), owner: owner.to_owned(), name }
    }

    /// Lets `user` into `repo`; `permission` is `read`, `write` or `admin`.
    pub async fn add_collaborator(&self, repo: &Repo, user: &User, permission: &str) {
        let path = format!("{}/collaborators/{}", repo.path(), user.login);
        self.call(Method::PUT, &path, Some(json!({ "permission": permission }))).await;
    }

    /// Protects the branches of `repo` that `rule` describes: the fields of Gitea's `CreateBranchProtectionOption`.
    pub async fn protect(&self, repo: &Repo, rule: Value) {
        self.call(Method::POST, &format!("{}/branch_protections", repo.path()), Some(rule)).await;
    }

    /// Has `repo` send `events` to `target`, which is on loopback, signed with `secret`. The hook's id.
    pub async fn create_hook(&self, repo: &Repo, target: &str, secret: &str, events: &[&str]) -> u64 {
        let hook = json!({
            "type": "gitea", "active": true, "events": events,
            "config": { "url": target, "content_type": "json", "secret": secret },
        });
        number(&self.call(Method::POST, &format!("{}/hooks", repo.path()), Some(hook)).await, "id")
    }

    /// The URL that git reads `repo` at, and with `user`'s rights writes.
    pub fn git_url(&self, repo: &Repo, user: &User) -> String {
        let bare = self.url.trim_start_matches("http://");
        format!("http://{}:{}@{bare}/{}/{}.git", user.login, user.token, repo.owner, repo.name)
    }

    /// Waits until the API knows of a push to `repo`. Right after the first one Gitea still holds it for empty, and
    /// what asks for a branch then is answered 500.
    pub async fn settled(&self, repo: &Repo) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.call(Method::GET, &repo.path(), None).await.get("empty") != Some(&Value::Bool(false)) {
            assert!(Instant::now() < deadline, "{} is still empty, says Gitea", repo.path());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A call of the API as the administrator; `path` comes after `/api/v1`. What is no success fails the test.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        self.call_with(method, path, &format!("token {}", self.token), body).await
    }

    /// A call of the API as `user`.
    pub async fn call_as(&self, user: &User, method: Method, path: &str, body: Option<Value>) -> Value {
        self.call_with(method, path, &format!("token {}", user.token), body).await
    }

    async fn call_with(&self, method: Method, path: &str, authorization: &str, body: Option<Value>) -> Value {
        let asked = format!("{method} {path}");
        let request = self.http.request(method, format!("{}/api/v1{path}", self.url));
        let request = request.header("authorization", authorization);
        let request = body.iter().fold(request, reqwest::RequestBuilder::json);
        json_of(&asked, request.send().await).await
    }

    async fn start(program: &Path) -> Result<Self, String> {
        let home = tempfile::tempdir().map_err(|failed| format!("a folder for Gitea: {failed}"))?;
        let [port] = process::free_ports();
        let url = format!("http://127.0.0.1:{port}");
        let config = home.path().join("app.ini");
        let root = fs::read_to_string(program.with_extension("root"))
            .map_err(|failed| format!("{} says where its templates are: {failed}", program.display()))?;
        fs::write(&config, settings(home.path(), port, root.trim_end()))
            .map_err(|failed| failed.to_string())?;

        run(program, &config, &["migrate"])?;
        let made = run(
            program,
            &config,
            &[
                "admin",
                "user",
                "create",
                "--admin",
                "--must-change-password=false",
                "--username",
                ADMIN,
                "--email",
                "keeper@example.org",
                "--password",
                PASSWORD,
                "--access-token",
                "--access-token-name",
                "test",
                "--access-token-scopes",
                "all",
            ],
        )?;
        let token = made.split_whitespace().last().unwrap_or_default().to_owned();
        if token.len() != 40 {
            return Err(format!("no token in what gitea said: {made}"));
        }

        // Each test has its own runtime, and an idle connection would belong to the one that opened it.
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build();
        let http = http.map_err(|failed| failed.to_string())?;
        let mut server = Server::start("gitea", home, &gitea_command(program, &config, &["web"]));
        server.ready(&http, &format!("{url}/api/v1/version"), None).await?;
        Ok(Self { url, token, http, server })
    }
}

fn settings(home: &Path, port: u16, root: &str) -> String {
    let home = home.display();
    // Nothing here is worth the hashing that a real password is.
    format!(
        "I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
STATIC_ROOT_PATH = {root}
APP_DATA_PATH = {home}/data
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = {home}/gitea.db
SQLITE_JOURNAL_MODE = WAL
SQLITE_TIMEOUT = 10000
[repository]
ROOT = {home}/repositories
[security]
INSTALL_LOCK = true
SECRET_KEY = a test has no secrets
INTERNAL_TOKEN = a test has no secrets
PASSWORD_HASH_ALGO = pbkdf2$1$10
[webhook]
ALLOWED_HOST_LIST = loopback
[service]
DISABLE_REGISTRATION = true
[actions]
ENABLED = false
[log]
LEVEL = Warn
"
    )
}

fn gitea_command(program: &Path, config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).arg("--config").arg(config);
    if let Some(home) = config.parent() {
        command.env("GITEA_WORK_DIR", home).env("HOME", home);
    }
    command
}

fn run(program: &Path, config: &Path, arguments: &[&str]) -> Result<String, String> {
    let done = gitea_command(program, config, arguments).output().map_err(|failed| failed.to_string())?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() {
        return Ok(said);
    }
    Err(format!("gitea {}: {said}{}", arguments.join(" "), String::from_utf8_lossy(&done.stderr)))
}

fn number(value: &Value, field: &str) -> u64 {
    value.get(field).and_then(Value::as_u64).unwrap_or_else(|| panic!("no number {field} in {value}"))
}

fn text(value: &Value, field: &str) -> String {
    let found = value.get(field).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text {field} in {value}")).to_owned()
}
