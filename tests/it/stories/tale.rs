//! A story under way: a town, a bot, and what people do and see.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign::engine::Engine;
use countersign_core::change::ChangeId;

use super::bot::{self, Home};
use super::gitea::GiteaTown;
use super::stand_in::{SignIn, StandIn};
use super::stopping::{Fuse, with_acts};
use super::town::{Clone, Said, Town};
use crate::parts;

/// One repository, one bot.
pub(crate) struct Tale {
    pub(crate) town: Arc<dyn Town>,
    pub(crate) home: Home,
    pub(crate) engine: Arc<Engine>,
    /// What happens right before the bot's pushes.
    pub(crate) fuse: Arc<Fuse>,
    /// Where production's objects live on the real API server; `shop` where there is none.
    pub(crate) namespace: String,
}

/// A change request of a story.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) number: u64,
    pub(crate) branch: String,
    pub(crate) head: String,
}

pub(crate) const WEB: &str = "production/web.yaml";
pub(crate) const POLICY: &str = ".countersign.toml";

impl Tale {
    pub(crate) async fn on_gitea(policy: Option<String>) -> Option<Self> {
        let home = Home::new();
        let namespace = namespace().await;
        let files = beginning(&namespace, &home.allowed_signers(), policy);
        let town = GiteaTown::found(&as_files(&files)).await?;
        Some(Self::begin(Arc::new(town), home, namespace).await)
    }

    /// On a stand-in of its own, which a test may hold to account afterwards.
    pub(crate) async fn on_the_stand_in(sign_in: SignIn, policy: Option<String>) -> (Self, StandIn) {
        let home = Home::new();
        let namespace = namespace().await;
        let files = beginning(&namespace, &home.allowed_signers(), policy);
        let town = StandIn::found(sign_in, &as_files(&files)).await;
        (Self::begin(Arc::new(town.clone()), home, namespace).await, town)
    }

    async fn begin(town: Arc<dyn Town>, home: Home, namespace: String) -> Self {
        let fuse = Fuse::never();
        let engine = Arc::new(with_acts(bot::engine(town.as_ref(), &home).await, &fuse));
        let tale = Self { town, home, engine, fuse, namespace };
        tale.applied(&web(&tale.namespace, 3, "1.0")).await;
        tale
    }

    /// The bot ends, and another begins on the same store.
    pub(crate) async fn restarted(self) -> Self {
        let Self { town, home, engine, fuse, namespace } = self;
        drop(engine);
        let engine = Arc::new(with_acts(bot::engine(town.as_ref(), &home).await, &fuse));
        Self { town, home, engine, fuse, namespace }
    }

    /// What production's applier would have done: a real server-side apply, where there is a real server.
    pub(crate) async fn applied(&self, manifest: &str) {
        let Some(server) = parts::apiserver().await else { return };
        let path = format!(
            "/apis/apps/v1/namespaces/{}/deployments/web?fieldManager=gitops&force=true",
            self.namespace
        );
        let url = format!("{}{path}", server.url());
        let request = server.http().patch(url).bearer_auth(server.admin_token());
        let request =
            request.header("content-type", "application/apply-patch+yaml").body(manifest.to_owned());
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    pub(crate) fn id(&self, opened: &Opened) -> ChangeId {
        ChangeId { repo: self.town.repo(), number: opened.number }
    }

    /// Somebody opens a change of these files; the bot has looked.
    pub(crate) async fn opens(&self, who: &str, branch: &str, files: &[(&str, Option<&str>)]) -> Opened {
        let opened = self.opens_unseen(who, branch, files).await;
        self.settles(&opened).await;
        opened
    }

    /// The same, and the bot has not looked.
    pub(crate) async fn opens_unseen(
        &self,
        who: &str,
        branch: &str,
        files: &[(&str, Option<&str>)],
    ) -> Opened {
        let head =
            Clone::new(self.town.as_ref(), who).push(branch, "main", files, &format!("Change {branch}"));
        let number = self.town.open(who, branch, &format!("Change {branch}")).await;
        Opened { number, branch: branch.to_owned(), head }
    }

    /// Somebody scales the web of production.
    pub(crate) async fn scales(&self, who: &str, branch: &str, replicas: u32) -> Opened {
        let manifest = web(&self.namespace, replicas, "1.0");
        self.opens(who, branch, &[(WEB, Some(&manifest))]).await
    }

    /// Somebody pushes more onto a change; the bot has looked.
    pub(crate) async fn pushes(&self, who: &str, opened: &mut Opened, files: &[(&str, Option<&str>)]) {
        opened.head = Clone::new(self.town.as_ref(), who).push(&opened.branch, "main", files, "More");
        forge_sees(self.town.as_ref(), opened).await;
        self.settles(opened).await;
    }

    /// The bot looks until nothing is left to do.
    pub(crate) async fn settles(&self, opened: &Opened) {
        bot::settle(&self.engine, &self.id(opened)).await;
    }

    /// Somebody comments, a moment after what they read was posted; the bot has looked. The comment's id.
    pub(crate) async fn says(&self, who: &str, opened: &Opened, body: &str) -> u64 {
        // Forges count whole seconds: what people read stood before they wrote.
        self.town.a_moment_passes().await;
        let id = self.town.comment(who, opened.number, body).await;
        self.settles(opened).await;
        id
    }

    /// The sticky comment.
    pub(crate) async fn display(&self, opened: &Opened) -> Said {
        let bot = self.town.login("countersign");
        let all = self.town.conversation(opened.number).await;
        let mut displays = all
            .into_iter()
            .filter(|said| said.who == bot && said.body.starts_with("<!-- countersign:change"));
        let display = displays.next().expect("there is a display");
        assert!(displays.next().is_none(), "there are two displays");
        display
    }

    /// The bot's replies, oldest first.
    pub(crate) async fn replies(&self, opened: &Opened) -> Vec<String> {
        let bot = self.town.login("countersign");
        let all = self.town.conversation(opened.number).await.into_iter();
        let replies = all.filter(|said| said.who == bot && said.body.starts_with("<!-- countersign:reply"));
        replies.map(|said| said.body).collect()
    }

    /// The bot's newest reply.
    pub(crate) async fn reply(&self, opened: &Opened) -> String {
        self.replies(opened).await.pop().unwrap_or_default()
    }

    pub(crate) async fn state(&self, opened: &Opened) -> String {
        self.town.state(opened.number).await
    }

    /// The required status on a change's head: its state.
    pub(crate) async fn status(&self, opened: &Opened) -> String {
        self.town.status(&opened.head).await.map_or_else(|| "none".to_owned(), |(state, _)| state)
    }

    /// A clone as an auditor has it, at main.
    pub(crate) fn clone(&self) -> Clone {
        Clone::new(self.town.as_ref(), "ada")
    }

    /// `countersign audit verify` on a clone: exit status and what it prints.
    pub(crate) fn verify(&self, clone: &Path, range: &str) -> (i32, String) {
        let mut verify = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        verify.args(["audit", "verify", range, "--repo"]).arg(clone);
        let output = verify.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }
}

/// Forges update a request's head, and say who pushed it, in the background.
pub(crate) async fn forge_sees(town: &dyn Town, opened: &Opened) {
    let (forge, id) = (town.forge(), ChangeId { repo: town.repo(), number: opened.number });
    let head = opened.head.parse().unwrap();
    for _ in 0..200 {
        let moved = forge.change(&id).await.is_ok_and(|change| change.head == head);
        if moved && forge.pusher(&id, &head).await.is_ok_and(|pusher| pusher.is_some()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the forge did not see the push");
}

pub(crate) fn as_files(files: &[(String, String)]) -> Vec<(&str, Option<&str>)> {
    files.iter().map(|(path, content)| (path.as_str(), Some(content.as_str()))).collect()
}

async fn namespace() -> String {
    match parts::apiserver().await {
        Some(server) => server.create_namespace().await,
        None => "shop".to_owned(),
    }
}

/// The web of production.
pub(crate) fn web(namespace: &str, replicas: u32, version: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: {namespace}
spec:
  replicas: {replicas}
  selector:
    matchLabels: {{app: web}}
  template:
    metadata:
      labels: {{app: web}}
    spec:
      containers:
        - name: web
          image: registry.example.org/web:{version}
"
    )
}

/// The policy of most stories: production on the real cluster, staging without one.
pub(crate) const USUAL: &str = "version = 1

[environment.production]
source = { yaml = \"production\" }
cluster = \"prod\"
apply = \"server-side\"
field_manager = \"gitops\"

[environment.staging]
source = { yaml = \"staging\" }

[[check]]
name = \"enough replicas\"
cel = \"object.kind != 'Deployment' || object.spec.replicas >= 2\"
message = \"production runs at least two replicas\"
environments = [\"production\"]

[[rule]]
name = \"production needs one\"
when = { effect.any = { environment = [\"production\"] } }
require = { count = 1, from = { permissions = [\"write\"] } }
";

/// A repository with two environments, under a policy or none.
pub(crate) fn beginning(
    namespace: &str,
    allowed_signers: &str,
    policy: Option<String>,
) -> Vec<(String, String)> {
    let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: shop}\ndata: {colour: blue}\n";
    let mut files = vec![
        (".countersign/allowed_signers".to_owned(), allowed_signers.to_owned()),
        (WEB.to_owned(), web(namespace, 3, "1.0")),
        ("staging/settings.yaml".to_owned(), settings.to_owned()),
        ("docs/runbook.md".to_owned(), "Restart it.\n".to_owned()),
    ];
    files.extend(policy.map(|policy| (POLICY.to_owned(), policy)));
    files
}
