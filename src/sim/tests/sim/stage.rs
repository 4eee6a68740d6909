//! A small world: an organisation, three people, a repository with an open change request, and an App.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, LazyLock};

use countersign_sim::{AppSeen, AppSpec, Contract, Role, Sim, SimConfig};
use reqwest::Method;
use serde_json::Value;

pub(crate) const REPO: &str = "acme/env";

static CONTRACT: LazyLock<Arc<Contract>> = LazyLock::new(|| {
    let text = include_str!("../../../../tests/contracts/github.json");
    Arc::new(Contract::from_json(text).unwrap())
});

/// A repository with `main` and an open change request #1 from `topic` by cy.
pub(crate) struct Stage {
    pub(crate) sim: Sim,
    pub(crate) app: AppSeen,
    pub(crate) installation: u64,
    pub(crate) base: String,
    pub(crate) head: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let contract = Some(Arc::clone(&CONTRACT));
        Self::with(SimConfig { contract, ..SimConfig::strict() }).await
    }

    pub(crate) async fn with(config: SimConfig) -> Self {
        let sim = Sim::start(config).await.unwrap();
        sim.add_organization("acme").unwrap();
        for login in ["ana", "bo", "cy", "dee"] {
            sim.add_user(login).unwrap();
        }
        sim.add_team("acme", "sre", &["ana", "bo", "dee"]).unwrap();
        sim.create_repo("acme", "env").await.unwrap();
        sim.grant(REPO, "ana", Role::Admin).unwrap();
        sim.grant(REPO, "bo", Role::Write).unwrap();
        sim.grant(REPO, "cy", Role::Write).unwrap();
        sim.grant(REPO, "dee", Role::Read).unwrap();
        let app = sim
            .add_app(&AppSpec { slug: "countersign", owner: "acme", permissions: AppSpec::LANDING })
            .unwrap();
        let installation = sim.install(app.id, &[REPO]).unwrap();
        let base = sim
            .commit(
                REPO,
                "main",
                "main",
                &[("a.yaml", Some("a: 1\n")), ("b.yaml", Some("b: 1\n"))],
                "ana",
                "Start",
            )
            .await
            .unwrap();
        let head =
            sim.commit(REPO, "topic", "main", &[("a.yaml", Some("a: 2\n"))], "cy", "Raise a").await.unwrap();
        assert_eq!(sim.open_change(REPO, "cy", "topic", "main", "Raise a").await.unwrap(), 1);
        Self { sim, app, installation, base, head }
    }

    pub(crate) fn token(&self, login: &str) -> String {
        self.sim.user(login).unwrap().token
    }

    /// A token of the App's installation.
    pub(crate) async fn app_token(&self) -> String {
        let jwt = self.jwt(600);
        let path = format!("/app/installations/{}/access_tokens", self.installation);
        let answer = self.ask(Method::POST, &path, &jwt, None).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.body["token"].as_str().unwrap().to_owned()
    }

    /// The App's own signed token, good for so many seconds.
    pub(crate) fn jwt(&self, seconds: i64) -> String {
        use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
        use base64::Engine;
        use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
        let der: String =
            self.app.private_key_pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
        let now = jiff::Timestamp::now().as_second();
        let claims = serde_json::json!({ "iss": self.app.id, "iat": now - 30, "exp": now + seconds - 30 });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let mut signature = vec![0; key.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
        self.ask_with(method, path, token, body, &[]).await.unwrap()
    }

    pub(crate) async fn ask_with(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.sim.url()) };
        let mut request = client.request(method, url).header("user-agent", "test");
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer { status, headers, body })
    }

    /// Every page of a list, following the links.
    pub(crate) async fn all(&self, path: &str, token: &str) -> (Vec<Value>, usize) {
        let (mut found, mut pages) = (Vec::new(), 0);
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let answer = self.ask(Method::GET, &path, token, None).await;
            assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
            found.extend(answer.body.as_array().unwrap().iter().cloned());
            pages += 1;
            next = answer.headers.get("link").and_then(|links| {
                let mut links = links.to_str().unwrap().split(", ");
                let link = links.find(|link| link.ends_with("rel=\"next\""))?;
                Some(link.trim_start_matches('<').split('>').next()?.to_owned())
            });
        }
        (found, pages)
    }
}

/// Runs git in a folder.
pub(crate) fn git(folder: &Path, args: &[&str]) -> Output {
    Command::new("git")
        .args(["-c", "user.name=cy", "-c", "user.email=cy@example.org"])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .output()
        .unwrap()
}

/// Runs git, which must succeed, and returns what it printed.
#[track_caller]
pub(crate) fn git_ok(folder: &Path, args: &[&str]) -> String {
    let output = git(folder, args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {error}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
