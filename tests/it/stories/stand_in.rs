//! The stand-in as a town: GitHub's API, held to GitHub's own description, with time that a story lets pass.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use countersign::forge::github::{GitHub, GitHubAuth, GitHubConfig};
use countersign::ports::{Clock, Forge, Secret};
use countersign_core::change::RepoId;
use countersign_sim::{
    AppSeen, AppSpec, ChangeState, Protection, Restrictions, ReviewGiven, Role, Sim, SimConfig, Toggle,
};
use jiff::{SignedDuration, Timestamp};

use super::gitea::WEBHOOK_SECRET;
use super::town::{Clone, Said, Town};
use crate::published;

/// The repository of every story.
pub(crate) const REPO: &str = "acme/env";

/// How the bot signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignIn {
    App,
    Token,
}

/// A town on a stand-in of its own. Clones are the same town.
#[derive(Debug, Clone)]
pub(crate) struct StandIn {
    pub(crate) sim: Sim,
    app: Option<AppSeen>,
}

impl StandIn {
    /// A repository that begins with these files, in which only the bot may push to main.
    pub(super) async fn found(sign_in: SignIn, files: &[(&str, Option<&str>)]) -> Self {
        let config =
            SimConfig { contract: Some(published::contract()), budget: 1_000_000, ..SimConfig::strict() };
        let sim = Sim::start(config).await.unwrap();
        sim.add_organization("acme").unwrap();
        for who in ["ada", "ana", "bo", "cy", "dee"] {
            sim.add_user(who).unwrap();
        }
        sim.create_repo("acme", "env").await.unwrap();
        let roles = [
            ("ada", Role::Admin),
            ("ana", Role::Write),
            ("bo", Role::Write),
            ("cy", Role::Write),
            ("dee", Role::Read),
        ];
        for (who, role) in roles {
            sim.grant(REPO, who, role).unwrap();
        }
        let app = match sign_in {
            SignIn::App => {
                let spec = AppSpec { slug: "countersign", owner: "acme", permissions: AppSpec::LANDING };
                let app = sim.add_app(&spec).unwrap();
                sim.install(app.id, &[REPO]).unwrap();
                Some(app)
            }
            SignIn::Token => {
                sim.add_machine("countersign").unwrap();
                sim.grant(REPO, "countersign", Role::Admin).unwrap();
                None
            }
        };
        let town = Self { sim, app };
        let clone = Clone::new(&town, "ada");
        clone.found(files);
        town.guard();
        town
    }

    /// Only the bot may push to main.
    pub(crate) fn guard(&self) {
        let restrictions = match &self.app {
            Some(app) => Restrictions { apps: vec![app.slug.clone()], ..Restrictions::default() },
            None => Restrictions { users: vec!["countersign".to_owned()], ..Restrictions::default() },
        };
        let toggles = BTreeSet::from([Toggle::EnforceAdmins]);
        let rules = Protection { restrictions: Some(restrictions), toggles, ..Protection::default() };
        self.sim.protect(REPO, "main", rules).unwrap();
    }

    /// Fails if the bot asked for something that GitHub does not have, or if a fault never happened.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        self.sim.assert_clean();
        assert_eq!(self.sim.unused_faults(), 0, "something was prepared that never happened");
    }
}

/// The stand-in's time.
struct SimClock(Sim);

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

#[async_trait]
impl Town for StandIn {
    fn repo(&self) -> RepoId {
        RepoId { forge: "hub".to_owned(), path: REPO.parse().unwrap() }
    }

    fn forge(&self) -> Arc<dyn Forge> {
        let auth = match &self.app {
            Some(app) => GitHubAuth::App { id: app.id, pem: Secret::new(app.private_key_pem.clone()) },
            None => GitHubAuth::Token(Secret::new(self.sim.user("countersign").unwrap().token)),
        };
        GitHub::new(GitHubConfig {
            name: "hub".to_owned(),
            url: self.sim.url().to_owned(),
            auth,
            webhook_secret: Secret::new(WEBHOOK_SECRET.to_owned()),
            repositories: vec!["acme/*".to_owned()],
        })
        .unwrap()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SimClock(self.sim.clone()))
    }

    async fn a_moment_passes(&self) {
        self.sim.advance(SignedDuration::from_secs(2));
    }

    async fn half_a_minute_passes(&self) {
        self.sim.advance(SignedDuration::from_secs(32));
    }

    fn login(&self, who: &str) -> String {
        match &self.app {
            Some(app) if who == "countersign" => app.login.clone(),
            _ => who.to_owned(),
        }
    }

    fn git_url(&self, who: &str) -> String {
        self.sim.clone_url(REPO, who).unwrap()
    }

    fn address(&self, who: &str) -> String {
        self.sim.user(who).unwrap().email
    }

    async fn open(&self, who: &str, source: &str, title: &str) -> u64 {
        self.sim.open_change(REPO, who, source, "main", title).await.unwrap()
    }

    async fn fork(&self, who: &str) -> String {
        self.sim.fork(REPO, who).await.unwrap();
        self.sim.clone_url(&format!("{who}/env"), who).unwrap()
    }

    async fn comment(&self, who: &str, number: u64, body: &str) -> u64 {
        self.sim.comment(REPO, number, who, body).unwrap()
    }

    async fn edit(&self, who: &str, comment: u64, body: &str) {
        self.sim.edit_comment(REPO, comment, who, body).unwrap();
    }

    async fn approve(&self, who: &str, number: u64) {
        self.sim.review(REPO, number, who, ReviewGiven::Approve, "").unwrap();
    }

    async fn conversation(&self, number: u64) -> Vec<Said> {
        let all = self.sim.comments(REPO, number).unwrap();
        all.into_iter().map(|said| Said { id: said.id, who: said.author, body: said.body }).collect()
    }

    async fn state(&self, number: u64) -> String {
        let state = match self.sim.change(REPO, number).unwrap().state {
            ChangeState::Open => "open",
            ChangeState::Closed => "closed",
            ChangeState::Merged => "merged",
        };
        state.to_owned()
    }

    async fn status(&self, commit: &str) -> Option<(String, String)> {
        if self.app.is_none() {
            let all = self.sim.statuses(REPO, commit).unwrap();
            let ours = all.into_iter().find(|status| status.context == "countersign")?;
            return Some((ours.state, ours.description));
        }
        let all = self.sim.checks(REPO, commit).unwrap();
        let ours = all.into_iter().rfind(|run| run.name == "countersign")?;
        Some((ours.conclusion.unwrap_or_else(|| "pending".to_owned()), ours.title))
    }

    async fn force(&self, files: &[(&str, Option<&str>)]) -> String {
        self.sim.unprotect(REPO, "main").unwrap();
        let commit = self.sim.commit(REPO, "main", "main", files, "ada", "Past the bot").await.unwrap();
        self.guard();
        commit
    }

    async fn make_draft(&self, _who: &str, number: u64) {
        self.sim.set_draft(REPO, number, true).unwrap();
    }

    async fn retarget(&self, who: &str, number: u64, branch: &str) {
        self.sim.retarget(REPO, number, who, branch).await.unwrap();
    }

    async fn deliver_to(&self, url: &str) {
        self.sim.set_webhook(url, WEBHOOK_SECRET);
    }
}
