//! The real parts themselves: that they start, do what the tests ask of them, and are gone afterwards.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, in its steps too")]

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::parts;

fn try_run(program: &Path, folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_TERMINAL_PROMPT", "0");
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() { Ok(said) } else { Err(said + &String::from_utf8_lossy(&done.stderr)) }
}

#[track_caller]
fn run(program: &Path, folder: &Path, arguments: &[&str]) -> String {
    try_run(program, folder, arguments).unwrap_or_else(|said| panic!("{program:?} {arguments:?}: {said}"))
}

#[tokio::test]
async fn the_api_server_applies_without_persisting() {
    let Some(server) = parts::apiserver().await else { return };
    let namespace = server.create_namespace().await;
    let ready = server.http().get(format!("{}/readyz", server.url())).bearer_auth(server.admin_token());
    assert_eq!(ready.send().await.unwrap().text().await.unwrap(), "ok");

    let object = format!("{}/api/v1/namespaces/{namespace}/configmaps/colours", server.url());
    let applied = server.http().patch(format!("{object}?fieldManager=test&dryRun=All"));
    let applied =
        applied.bearer_auth(server.admin_token()).header("content-type", "application/apply-patch+yaml");
    let applied =
        applied.body("{apiVersion: v1, kind: ConfigMap, metadata: {name: colours}, data: {sky: blue}}");
    let applied = applied.send().await.unwrap();
    assert_eq!(applied.status(), StatusCode::CREATED);
    let applied: Value = applied.json().await.unwrap();
    assert_eq!(applied.pointer("/data/sky"), Some(&json!("blue")));

    let kept = server.http().get(object).bearer_auth(server.admin_token()).send().await.unwrap();
    assert_eq!(kept.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_account_may_do_what_it_was_allowed_and_no_more() {
    let Some(server) = parts::apiserver().await else { return };
    let namespace = server.create_namespace().await;
    let account = server.token_for(&namespace, "reader").await;
    let asks = async |path: String| {
        let asked = server.http().get(format!("{}{path}", server.url())).bearer_auth(&account.token);
        asked.send().await.unwrap().status()
    };
    let maps = format!("/api/v1/namespaces/{namespace}/configmaps");
    assert_eq!(asks(maps.clone()).await, StatusCode::FORBIDDEN);

    server
        .allow(&account, json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"] }]))
        .await;
    assert_eq!(becomes(StatusCode::OK, || asks(maps.clone())).await, StatusCode::OK);
    assert_eq!(asks("/api/v1/nodes".to_owned()).await, StatusCode::FORBIDDEN);

    server
        .allow_everywhere(&account, json!([{ "apiGroups": [""], "resources": ["nodes"], "verbs": ["list"] }]))
        .await;
    assert_eq!(becomes(StatusCode::OK, || asks("/api/v1/nodes".to_owned())).await, StatusCode::OK);
}

/// The authorizer learns of a new binding by watching, a moment after it was made.
async fn becomes<F: Future<Output = StatusCode>>(wanted: StatusCode, ask: impl Fn() -> F) -> StatusCode {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let found = ask().await;
        if found == wanted || Instant::now() > deadline {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_kubeconfig_names_this_server_and_one_person() {
    let Some(server) = parts::apiserver().await else { return };
    let file = server.kubeconfig_for("shop", "a-token");
    let written: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    assert_eq!(written.pointer("/clusters/0/cluster/server"), Some(&json!(server.url())));
    assert_eq!(written.pointer("/clusters/0/cluster/certificate-authority"), Some(&json!(server.ca())));
    assert_eq!(written.pointer("/users/0/user/token"), Some(&json!("a-token")));
    assert_eq!(written.pointer("/contexts/0/context/namespace"), Some(&json!("shop")));
    assert!(fs::read_to_string(server.kubeconfig()).unwrap().contains(server.admin_token()));
}

#[tokio::test]
async fn gitea_takes_a_push_from_who_may() {
    let Some(gitea) = parts::gitea().await else { return };
    let (owner, writer, stranger) =
        (gitea.create_user("ada").await, gitea.create_user("bob").await, gitea.create_user("eve").await);
    let repo = gitea.create_repo(&owner.login, "shop").await;
    gitea.add_collaborator(&repo, &writer, "write").await;

    let folder = tempfile::tempdir().unwrap();
    let git = Path::new("git");
    fs::write(folder.path().join("colours"), "blue\n").unwrap();
    run(git, folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    run(git, folder.path(), &["add", "colours"]);
    let who = ["-c", "user.name=Bob", "-c", "user.email=bob@example.org", "-c", "commit.gpgsign=false"];
    run(git, folder.path(), &[&who[..], &["commit", "--quiet", "--message=Sky"]].concat());
    let refused = try_run(git, folder.path(), &["push", &gitea.git_url(&repo, &stranger), "main"]);
    assert!(refused.is_err(), "a stranger's push went through");
    run(git, folder.path(), &["push", "--quiet", &gitea.git_url(&repo, &writer), "main"]);
    gitea.settled(&repo).await;

    let head = run(git, folder.path(), &["rev-parse", "HEAD"]);
    let branch = gitea.call(Method::GET, &format!("{}/branches/main", repo.path()), None).await;
    assert_eq!(branch.pointer("/commit/id"), Some(&json!(head.trim_end())));
    let seen = gitea.call_as(&writer, Method::GET, &repo.path(), None).await;
    assert_eq!(seen.pointer("/id"), Some(&json!(repo.id)));
}

#[tokio::test]
async fn gitea_knows_teams_protections_and_hooks() {
    let Some(gitea) = parts::gitea().await else { return };
    let member = gitea.create_user("ada").await;
    let org = gitea.create_org("acme").await;
    let team = gitea.create_team(&org, "platform", "write", &[&member]).await;
    let members = gitea.call(Method::GET, &format!("/teams/{team}/members"), None).await;
    assert_eq!(members.pointer("/0/id"), Some(&json!(member.id)));

    let repo = gitea.create_repo(&org, "shop").await;
    gitea.protect(&repo, json!({ "rule_name": "main", "required_approvals": 2 })).await;
    let rule = gitea.call(Method::GET, &format!("{}/branch_protections/main", repo.path()), None).await;
    assert_eq!(rule.pointer("/required_approvals"), Some(&json!(2)));

    let hook = gitea.create_hook(&repo, "http://127.0.0.1:9/", "secret", &["push", "pull_request"]).await;
    let hook = gitea.call(Method::GET, &format!("{}/hooks/{hook}", repo.path()), None).await;
    assert_eq!(hook.pointer("/active"), Some(&json!(true)));
}

#[tokio::test]
async fn postgresql_keeps_databases_apart() {
    let Some(postgres) = parts::postgres().await else { return };
    let (one, other) = (postgres.create_database(), postgres.create_database());
    postgres.ask(&one, "create table colours (name text not null); insert into colours values ('blue')");
    assert_eq!(postgres.ask(&one, "select name from colours"), "blue\n");
    assert_eq!(postgres.ask(&other, "select count(*) from pg_tables where tablename = 'colours'"), "0\n");
}

#[test]
fn helm_renders() {
    let Some(helm) = parts::tools::helm() else { return };
    let chart = tempfile::tempdir().unwrap();
    fs::create_dir(chart.path().join("templates")).unwrap();
    fs::write(chart.path().join("Chart.yaml"), "apiVersion: v2\nname: sky\nversion: 1.0.0\n").unwrap();
    let template = "colour: {{ .Values.colour }}\nkube: {{ .Capabilities.KubeVersion }}\n";
    fs::write(chart.path().join("templates/sky.yaml"), template).unwrap();
    let rendered = run(&helm, chart.path(), &["template", ".", "--set", "colour=blue"]);
    assert_eq!(rendered, "---\n# Source: sky/templates/sky.yaml\ncolour: blue\nkube: v1.37.0\n");
}

#[test]
fn kustomize_renders() {
    let Some(kustomize) = parts::tools::kustomize() else { return };
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("kustomization.yaml"), "namePrefix: my-\nresources: [map.yaml]\n").unwrap();
    fs::write(root.path().join("map.yaml"), "{apiVersion: v1, kind: ConfigMap, metadata: {name: sky}}\n")
        .unwrap();
    let rendered = run(&kustomize, root.path(), &["build", "."]);
    assert_eq!(rendered, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: my-sky\n");
}

/// Runs itself once more as the test process that is killed.
#[test]
fn a_killed_test_process_leaves_no_server() {
    const NOTE: &str = "COUNTERSIGN_TEST_NOTE";
    if let Some(note) = env::var_os(NOTE) {
        let server =
            parts::Server::start("sleep", tempfile::tempdir().unwrap(), Command::new("sleep").arg("600"));
        let partial = Path::new(&note).with_extension("partial");
        fs::write(&partial, format!("{} {}", server.id(), server.home().display())).unwrap();
        fs::rename(partial, note).unwrap();
        std::thread::sleep(Duration::from_secs(600));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note");
    let mut itself = Command::new(env::current_exe().unwrap())
        .args(["--exact", "parts_work::a_killed_test_process_leaves_no_server"])
        .env(NOTE, &note)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the server to start", || note.exists());
    let noted = fs::read_to_string(&note).unwrap();
    let (id, home) = noted.split_once(' ').unwrap();
    assert!(runs(id), "process {id} should run");
    itself.kill().unwrap();
    itself.wait().unwrap();
    eventually("the server to end", || !runs(id));
    eventually("its folder to go", || !Path::new(home).exists());
}

/// Whether the process is there and no mere entry that nobody has collected yet.
fn runs(id: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    status.rsplit_once(')').is_some_and(|(_, fields)| !fields.trim_start().starts_with('Z'))
}

#[track_caller]
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
