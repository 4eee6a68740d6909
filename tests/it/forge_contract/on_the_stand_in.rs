//! The contract on the stand-in for GitHub, where the bot is a user with a token, and where it is an app.

use std::sync::Arc;

use async_trait::async_trait;
use countersign::forge::github::{GitHub, GitHubAuth, GitHubConfig};
use countersign::ports::{Forge, Secret};
use countersign_core::actor::{Actor, ActorId, ActorKind};
use countersign_core::change::{CommentId, RepoPath, ReviewState};
use countersign_core::revision::CommitSha;
use countersign_core::snapshot::StatusState;
use countersign_sim::{
    AppSpec, Enforcement, NewSeal, NewStatus, Protection, Restrictions, ReviewGiven, Rule, Ruleset, SealedBy,
    Sim, SimConfig, StatusRule, Toggle, UpToDate,
};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{Delivery, Edit, Guard, Role, Stage, delivery};
use crate::published;

const SECRET: &str = "between us";
const REPO: &str = "acme/shop";

mod as_a_user {
    use super::super::contract;

    contract!(super::stage(super::Bot::User));
}

mod as_an_app {
    use super::super::contract;

    contract!(super::stage(super::Bot::App));
}

/// What the bot is.
#[derive(Clone, Copy)]
enum Bot {
    User,
    App,
}

struct OnTheStandIn {
    sim: Sim,
    forge: Arc<dyn Forge>,
    bot: Bot,
    account: u64,
    hooks: MockServer,
}

impl Drop for OnTheStandIn {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.sim.assert_clean();
        }
    }
}

async fn stage(bot: Bot) -> Option<OnTheStandIn> {
    let sim =
        Sim::start(SimConfig { contract: Some(published::contract()), ..SimConfig::strict() }).await.unwrap();
    sim.add_organization("acme").unwrap();
    for login in ["admin", "author", "reviewer", "reader", "stranger"] {
        sim.add_user(login).unwrap();
    }
    sim.add_team("acme", "sre", &["reviewer"]).unwrap();
    sim.create_repo("acme", "shop").await.unwrap();
    for (login, role) in [
        ("admin", countersign_sim::Role::Admin),
        ("author", countersign_sim::Role::Write),
        ("reviewer", countersign_sim::Role::Write),
        ("reader", countersign_sim::Role::Read),
    ] {
        sim.grant(REPO, login, role).unwrap();
    }
    sim.grant_team(REPO, "sre", countersign_sim::Role::Read).unwrap();
    let (auth, account) = match bot {
        Bot::User => {
            let bot = sim.add_machine("cs-bot").unwrap();
            sim.grant(REPO, "cs-bot", countersign_sim::Role::Admin).unwrap();
            (GitHubAuth::Token(Secret::new(bot.token)), bot.id)
        }
        Bot::App => {
            let spec = AppSpec { slug: "countersign", owner: "acme", permissions: AppSpec::LANDING };
            let app = sim.add_app(&spec).unwrap();
            sim.install(app.id, &[REPO]).unwrap();
            let pem = Secret::new(app.private_key_pem.clone());
            (GitHubAuth::App { id: app.id, pem }, app.account)
        }
    };
    let forge = GitHub::new(GitHubConfig {
        name: "hub".to_owned(),
        url: sim.url().to_owned(),
        auth,
        webhook_secret: Secret::new(SECRET.to_owned()),
        repositories: vec![REPO.to_owned()],
    });
    let hooks = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(202)).mount(&hooks).await;
    let stage = OnTheStandIn { sim, forge: forge.unwrap(), bot, account, hooks };
    stage.push(Role::Admin, Edit { branch: "main", file: "README.md", text: "# Shop\n" }).await;
    Some(stage)
}

fn login(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Author => "author",
        Role::Reviewer => "reviewer",
        Role::Reader => "reader",
        Role::Stranger => "stranger",
    }
}

impl OnTheStandIn {
    async fn commit(&self, role: Role, repo: &str, edit: Edit<'_>) -> CommitSha {
        let files = [(edit.file, Some(edit.text))];
        let made = self.sim.commit(repo, edit.branch, "main", &files, login(role), edit.file).await;
        made.unwrap().parse().unwrap()
    }

    fn protect(&self, guard: Guard) {
        let (bot, others) = match guard {
            Guard::OnlyBot | Guard::OnlyBotAndCheck(_) => (true, false),
            Guard::OthersMerge => (true, true),
            Guard::NotBot => (false, true),
        };
        let named = |yes: bool, name: &str| if yes { vec![name.to_owned()] } else { Vec::new() };
        let mut only = Restrictions { users: named(others, "author"), ..Restrictions::default() };
        match self.bot {
            Bot::User => only.users.extend(named(bot, "cs-bot")),
            Bot::App => only.apps = named(bot, "countersign"),
        }
        let statuses = match (self.bot, guard) {
            (Bot::User, Guard::OnlyBotAndCheck(check)) => Some(required(check)),
            (Bot::User | Bot::App, _) => None,
        };
        let toggles = [Toggle::EnforceAdmins].into();
        let rules = Protection { restrictions: Some(only), statuses, toggles, ..Protection::default() };
        self.sim.protect(REPO, "main", rules).unwrap();
    }

    /// What an app's branch asks for is in a ruleset.
    fn rule(&self, guard: Guard) {
        let (Bot::App, Guard::OnlyBotAndCheck(check)) = (self.bot, guard) else { return };
        let set = Ruleset {
            id: 0,
            name: "checks".to_owned(),
            enforcement: Enforcement::Active,
            include: vec!["~DEFAULT_BRANCH".to_owned()],
            rules: vec![Rule::NonFastForward, Rule::StatusChecks(required(check))],
            bypass: Vec::new(),
        };
        self.sim.add_ruleset(REPO, set).unwrap();
    }
}

fn required(check: &str) -> StatusRule {
    StatusRule { up_to_date: UpToDate::Optional, contexts: vec![(check.to_owned(), None)] }
}

#[async_trait]
impl Stage for OnTheStandIn {
    fn forge(&self) -> &dyn Forge {
        self.forge.as_ref()
    }

    fn repo(&self) -> RepoPath {
        REPO.parse().unwrap()
    }

    fn bot(&self) -> ActorId {
        ActorId::new(self.account)
    }

    fn actor(&self, role: Role) -> Actor {
        let user = self.sim.user(login(role)).unwrap();
        Actor { id: ActorId::new(user.id), login: user.login, kind: ActorKind::Human }
    }

    fn team(&self) -> String {
        "acme/sre".to_owned()
    }

    async fn push(&self, role: Role, edit: Edit<'_>) -> CommitSha {
        self.commit(role, REPO, edit).await
    }

    async fn push_to_fork(&self, role: Role, edit: Edit<'_>) -> CommitSha {
        self.sim.fork(REPO, login(role)).await.unwrap();
        self.commit(role, &format!("{}/shop", login(role)), edit).await
    }

    async fn open(&self, role: Role, branch: &str, title: &str) -> u64 {
        self.sim.open_change(REPO, login(role), branch, "main", title).await.unwrap()
    }

    async fn close(&self, number: u64) {
        self.sim.close_change(REPO, number, "admin").unwrap();
    }

    async fn comment(&self, role: Role, number: u64, text: &str) -> CommentId {
        CommentId(self.sim.comment(REPO, number, login(role), text).unwrap())
    }

    async fn edit(&self, role: Role, comment: CommentId, text: &str) {
        self.sim.edit_comment(REPO, comment.0, login(role), text).unwrap();
    }

    async fn review(&self, role: Role, number: u64, state: ReviewState, text: &str) {
        let given = match state {
            ReviewState::Approved => ReviewGiven::Approve,
            ReviewState::ChangesRequested => ReviewGiven::RequestChanges,
            ReviewState::Commented => ReviewGiven::Comment,
            ReviewState::Dismissed => panic!("a review is not born dismissed"),
        };
        self.sim.review(REPO, number, login(role), given, text).unwrap();
    }

    async fn report(&self, role: Role, head: &CommitSha, context: &str, state: StatusState) {
        let state = match state {
            StatusState::Success => "success",
            StatusState::Pending => "pending",
            StatusState::Failure => "failure",
        };
        let status = NewStatus { context, state, description: "" };
        self.sim.set_status(REPO, head.as_str(), login(role), status).unwrap();
    }

    async fn run_workflow(&self, branch: &str, file: &str, conclusion: Option<&str>) -> bool {
        let author = self.actor(Role::Author).login;
        self.sim.run_workflow(REPO, branch, file, "pull_request", conclusion, &author).unwrap();
        true
    }

    async fn seal(&self, commit: &CommitSha, key: &str, signer: Option<Role>, state: &str) -> bool {
        let by = match key.strip_prefix("SHA256:") {
            Some(print) => SealedBy::Ssh(print.to_owned()),
            None => SealedBy::OpenPgp(key.to_owned()),
        };
        let seal = NewSeal { by, signer: signer.map(login), state };
        self.sim.seal(REPO, commit.as_str(), seal).await.unwrap();
        true
    }

    async fn push_on_page(&self, role: Role, edit: Edit<'_>) -> CommitSha {
        let files = [(edit.file, Some(edit.text))];
        let made = self.sim.commit_on_page(REPO, edit.branch, "main", &files, login(role), edit.file).await;
        made.unwrap().parse().unwrap()
    }

    async fn guard(&self, guard: Guard) {
        self.protect(guard);
        self.rule(guard);
    }

    async fn listen(&self) {
        self.sim.set_webhook(&self.hooks.uri(), SECRET);
    }

    async fn deliveries(&self) -> Vec<Delivery> {
        self.sim.settle().await;
        self.hooks.received_requests().await.unwrap().into_iter().map(delivery).collect()
    }
}
