//! The stage: a forge with an organisation, people and a repository that only the bot may land on; and the bot.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use countersign_core::change::{ChangeId, RepoId};
use countersign_sim::{AppSeen, AppSpec, Protection, Restrictions, Role, Sim, SimConfig, Toggle};
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::live::Live;
use crate::cli::serve::Bot;
use crate::cli::wire::{self, DemoForge};
use crate::engine::Engine;

/// The repository of the story.
pub(super) const REPOSITORY: &str = "acme/env";
/// The forge's name in the bot's settings.
const FORGE: &str = "hub";
/// People of the story; all may write.
const PEOPLE: [&str; 4] = ["ana", "bo", "cy", "dee"];
/// How long the bot may take for one step.
const PATIENCE: Duration = Duration::from_secs(60);

const POLICY: &str = include_str!("repository/policy.toml");
const SHOP: &str = include_str!("repository/shop.yaml");
const VOLUME: &str = include_str!("repository/volume.yaml");

/// Everything that runs.
pub(super) struct Stage {
    pub(super) forge: Sim,
    /// The bot's own pages, with the key that opens them.
    pub(super) pages: String,
    live: Live,
    engine: Arc<Engine>,
    _bot: Bot,
    _home: tempfile::TempDir,
}

impl Stage {
    /// Sets the stage.
    pub(super) async fn set(
        port: u16,
        context: Option<&str>,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let forge = Sim::start(SimConfig::demo(port)).await.context("the stand-in forge does not start")?;
        let app = people(&forge).await?;
        let home = tempfile::tempdir().context("there is no folder for the demo")?;
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port is free for the bot")?;
        let address = listener.local_addr()?;
        let live = Live::start(context, home.path()).await?;
        live.apply(SHOP)?;
        live.apply(VOLUME)?;
        let secret = wire::random_secret()?;
        let engine = wire::demo(
            DemoForge {
                name: FORGE.to_owned(),
                url: forge.url().to_owned(),
                app: app.id,
                private_key: app.private_key_pem.clone(),
                webhook_secret: secret.clone(),
                repository: REPOSITORY.to_owned(),
            },
            live.access(),
            &format!("http://{address}"),
            home.path(),
        )
        .await?;
        let engine = Arc::new(engine);
        repository(&forge, &app, &wire::allowed_signers(&engine)).await?;
        forge.set_webhook(&format!("http://{address}/webhooks/{FORGE}"), secret.expose());
        let polls = vec![(FORGE.to_owned(), Duration::from_secs(5))];
        let bot = Bot::start(Arc::clone(&engine), polls, 2, listener, stop);
        let pages = engine.links.everything().unwrap_or_default();
        Ok(Self { forge, pages, live, engine, _bot: bot, _home: home })
    }

    /// Waits until the bot has nothing left to do, then lets a moment pass: people read before they write.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        self.forge.settle().await;
        loop {
            let pending = self.engine.store.pending().await.context("the bot's store does not answer")?;
            if pending.is_empty() {
                break;
            }
            if Instant::now() > deadline {
                bail!("the bot did not come to an end within {} s", PATIENCE.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.forge.advance(SignedDuration::from_secs(2));
        Ok(())
    }

    /// The applier catches up with `main`.
    pub(super) async fn sync(&self) -> anyhow::Result<()> {
        let manifests = self.forge.file(REPOSITORY, "main", "production/shop.yaml").await?;
        self.live.apply(&manifests)
    }

    /// The bot's own page of a request.
    pub(super) fn page(&self, number: u64) -> Option<String> {
        let repo = RepoId { forge: FORGE.to_owned(), path: REPOSITORY.parse().ok()? };
        self.engine.links.change(&ChangeId { repo, number })
    }
}

/// An organisation, its people, and the bot's app.
async fn people(forge: &Sim) -> anyhow::Result<AppSeen> {
    forge.add_organization("acme")?;
    for person in PEOPLE {
        forge.add_user(person)?;
    }
    let app =
        forge.add_app(&AppSpec { slug: "countersign", owner: "acme", permissions: AppSpec::LANDING })?;
    forge.create_repo("acme", "env").await?;
    for person in PEOPLE {
        forge.grant(REPOSITORY, person, Role::Write)?;
    }
    forge.install(app.id, &[REPOSITORY])?;
    Ok(app)
}

/// What the repository begins with; from then on only the bot may update `main`.
async fn repository(forge: &Sim, app: &AppSeen, allowed_signers: &str) -> anyhow::Result<()> {
    let staging = SHOP.replace("replicas: 3", "replicas: 1");
    let files = [
        (".countersign.toml", Some(POLICY)),
        (".countersign/allowed_signers", Some(allowed_signers)),
        ("production/shop.yaml", Some(SHOP)),
        ("production/volume.yaml", Some(VOLUME)),
        ("staging/shop.yaml", Some(staging.as_str())),
        ("README.md", Some("# Environments of the shop\n")),
    ];
    forge.commit(REPOSITORY, "main", "main", &files, "dee", "Begin").await?;
    let only_the_bot = Restrictions { apps: vec![app.slug.clone()], ..Restrictions::default() };
    let rules = Protection {
        restrictions: Some(only_the_bot),
        toggles: BTreeSet::from([Toggle::EnforceAdmins]),
        ..Protection::default()
    };
    forge.protect(REPOSITORY, "main", rules)?;
    Ok(())
}
