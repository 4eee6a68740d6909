//! The composition root: settings to an engine with real adapters. The only place that names concrete ones.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use countersign_core::config::Level;
use countersign_core::decide::PolicyInForce;
use countersign_core::object::SealingKey;
use countersign_core::snapshot::Snapshot;

use crate::audit::{SshSigner, allowed_signer};
use crate::cluster::{Access, KubeCluster, KubeClusters, Patience};
use crate::engine::{Engine, Links};
use crate::forge::gitea::{Gitea, GiteaConfig};
use crate::forge::github::{GitHub, GitHubAuth, GitHubConfig};
use crate::ports::{Forge, Secret, SystemClock};
use crate::render;
pub(super) use crate::render::{DiskCache, Programs};
use crate::settings::{self, ForgeKind, ForgeSettings, RenderSettings, Settings};
use crate::source::Mirrors;
pub(super) use crate::source::{History, Mirror};
use crate::store::Sqlite;

/// Builds the engine that the settings describe.
pub(super) async fn engine(settings: &Settings) -> anyhow::Result<Engine> {
    let data_dir = &settings.store.data_dir;
    std::fs::create_dir_all(data_dir).with_context(|| format!("{}: cannot be made", data_dir.display()))?;
    let mut forges = BTreeMap::new();
    for settings in &settings.forge {
        forges.insert(settings.name.clone(), forge(settings)?);
    }
    let clusters = clusters(settings).await?;
    let store = Sqlite::open(&settings.store.url).await.context("the store cannot be opened")?;
    let signer = match &settings.signing.ssh_key_file {
        Some(file) => SshSigner::read(file),
        None => SshSigner::read_or_make(data_dir),
    };
    let pages_key = settings::key(&data_dir.join("pages.key"))?;
    Ok(Engine {
        forges,
        sources: Arc::new(Mirrors::new(data_dir.join("mirrors"))),
        renderer: Arc::new(renderer(&settings.render, &data_dir.join("scratch"))?),
        clusters: Arc::new(clusters),
        store: Arc::new(store),
        clock: Arc::new(SystemClock),
        signer: Arc::new(
            signer.map_err(|error| anyhow::anyhow!(error)).context("the signing key cannot be used")?,
        ),
        sealing_key: SealingKey::new(settings::key(&data_dir.join("sealing.key"))?),
        floor: super::files::floor(settings)?,
        links: Links::new(settings.server.public_url.as_deref(), pages_key),
        landing: tokio::sync::Mutex::new(()),
    })
}

/// The clusters of the settings, whose accounts are the bot's: they are checked before dry runs. Nothing is sent yet: one that is down is found when it is asked.
pub(super) async fn clusters(settings: &Settings) -> anyhow::Result<KubeClusters> {
    let mut clusters = Vec::new();
    for cluster in &settings.cluster {
        let access = if cluster.in_cluster {
            Access::InCluster
        } else {
            Access::Kubeconfig { file: cluster.kubeconfig.clone(), context: cluster.context.clone() }
        };
        clusters.push(KubeCluster::connect(cluster.name.clone(), &access, Patience::USUAL).await?.checked());
    }
    Ok(KubeClusters::new(clusters))
}

/// Clusters named on a command line, `NAME=CONTEXT`, asked with a person's own account.
pub(super) async fn named_clusters(
    pairs: &[String],
    kubeconfig: Option<&PathBuf>,
) -> anyhow::Result<KubeClusters> {
    let mut clusters = Vec::new();
    for pair in pairs {
        let Some((name, context)) = pair.split_once('=') else { bail!("--cluster {pair}: say NAME=CONTEXT") };
        let access = Access::Kubeconfig { file: kubeconfig.cloned(), context: Some(context.to_owned()) };
        clusters.push(KubeCluster::connect(name.to_owned(), &access, Patience::USUAL).await?);
    }
    Ok(KubeClusters::new(clusters))
}

/// The forge of a demo, which lives as long as the process.
pub(super) struct DemoForge {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) app: u64,
    pub(super) private_key: String,
    pub(super) webhook_secret: Secret,
    pub(super) repository: String,
}

/// The engine of a demo: everything real but the forge, and all that it remembers below one folder.
pub(super) async fn demo(
    forge: DemoForge,
    (kubeconfig, context): (Option<PathBuf>, String),
    public_url: &str,
    home: &Path,
) -> anyhow::Result<Engine> {
    let access = Access::Kubeconfig { file: kubeconfig, context: Some(context) };
    let cluster = KubeCluster::connect("production".to_owned(), &access, Patience::USUAL).await?;
    let hub = GitHub::new(GitHubConfig {
        name: forge.name.clone(),
        url: forge.url,
        auth: GitHubAuth::App { id: forge.app, pem: Secret::new(forge.private_key) },
        webhook_secret: forge.webhook_secret,
        repositories: vec![forge.repository],
    })?;
    let store = format!("sqlite:{}", home.join("countersign.db").display());
    let signer = SshSigner::read_or_make(home).map_err(|error| anyhow::anyhow!(error))?;
    Ok(Engine {
        forges: BTreeMap::from([(forge.name, hub)]),
        sources: Arc::new(Mirrors::new(home.join("mirrors"))),
        renderer: Arc::new(renderer(&RenderSettings::default(), &home.join("scratch"))?),
        clusters: Arc::new(KubeClusters::new([cluster])),
        store: Arc::new(Sqlite::open(&store).await?),
        clock: Arc::new(SystemClock),
        signer: Arc::new(signer),
        sealing_key: SealingKey::new(settings::key(&home.join("sealing.key"))?),
        floor: None,
        links: Links::new(Some(public_url), settings::key(&home.join("pages.key"))?),
        landing: tokio::sync::Mutex::new(()),
    })
}

/// A secret that nobody else can know.
pub(super) fn random_secret() -> anyhow::Result<Secret> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gave no random bytes"))?;
    Ok(Secret::new(bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))))
}

/// The bot's line of `allowed_signers`.
pub(super) fn allowed_signers(engine: &Engine) -> String {
    allowed_signer("countersign", &engine.signer.public_key())
}

/// Renderers that run their programs in this program's own sandbox.
pub(super) fn renderer(settings: &RenderSettings, scratch: &Path) -> anyhow::Result<Programs> {
    let sandbox = std::env::current_exe().context("this program's own file cannot be found")?;
    let settings = render::RenderSettings {
        kustomize: settings.kustomize.clone().into(),
        helm: settings.helm.clone().into(),
        timeout: std::time::Duration::from_secs(settings.timeout_seconds),
        memory: settings.memory_mb.saturating_mul(1024 * 1024),
        parallel: settings.parallel,
        ..render::RenderSettings::new(scratch.to_owned(), sandbox)
    };
    Programs::new(settings).context("the scratch folder of renderers cannot be used")
}

/// Bytes of renders that are remembered on disk.
const DISK_CACHE: u64 = 512 << 20;

/// Renders of earlier runs, in a folder of the user's own.
pub(super) fn disk_cache(folder: &Path) -> anyhow::Result<DiskCache> {
    Ok(DiskCache::open(folder, DISK_CACHE)?)
}

/// Confines this process and becomes the renderer that the arguments name.
pub(super) fn sandbox(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    render::sandbox::main(arguments)
}

/// A user's own repository, which is only ever read.
pub(super) async fn local(folder: &Path) -> anyhow::Result<Mirror> {
    if !folder.is_dir() {
        bail!("{}: there is no such folder", folder.display());
    }
    let what = || format!("{}: is not a git repository, or git will not open it", folder.display());
    Mirror::local(folder).await.with_context(what)
}

fn forge(settings: &ForgeSettings) -> anyhow::Result<Arc<dyn Forge>> {
    let webhook_secret = settings.webhook_secret()?;
    let token = settings.token()?;
    let repositories = settings.repositories.clone();
    let (name, url) = (settings.name.clone(), settings.url.clone());
    match settings.kind {
        ForgeKind::Gitea => {
            let Some(token) = token else { bail!("forge `{name}`: Gitea needs a token: set token_file") };
            let config = GiteaConfig { name, url, token, webhook_secret, repositories };
            Gitea::new(config).context("a Gitea cannot be used")
        }
        ForgeKind::Github => {
            let auth = match (&settings.app, token) {
                (Some(app), _) => {
                    GitHubAuth::App { id: app.id, pem: settings::read_secret(&app.private_key_file)? }
                }
                (None, Some(token)) => GitHubAuth::Token(token),
                (None, None) => {
                    bail!("forge `{name}`: GitHub needs an app or a token: set app or token_file")
                }
            };
            let config = GitHubConfig { name, url, auth, webhook_secret, repositories };
            GitHub::new(config).context("a GitHub cannot be used")
        }
    }
}

/// How renderers run: as the settings say, else one for each processor.
pub(super) fn render_settings(settings: Option<&Settings>) -> RenderSettings {
    let parallel = || std::thread::available_parallelism().map_or(2, usize::from);
    let given = settings.map(|settings| settings.render.clone());
    given.unwrap_or_else(|| RenderSettings { parallel: parallel(), ..RenderSettings::default() })
}

/// The key of one run. Handles only have to agree within one report, so it is enough, and nothing can be learnt from a
/// report by guessing. It comes from the system: the library's generator measures the processor's jitter first, which
/// takes longer than the whole review of a small change.
pub(super) fn key_of_this_run() -> anyhow::Result<SealingKey> {
    let mut key = [0_u8; 32];
    let given = rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty());
    if given.context("the system gave no random bytes")? < key.len() {
        bail!("the system gave too few random bytes");
    }
    Ok(SealingKey::new(key))
}

/// The policy of a snapshot, or every mistake that keeps it from being read.
pub(super) fn policy_in_force(snapshot: &Snapshot) -> anyhow::Result<PolicyInForce> {
    let in_force = PolicyInForce::of(snapshot);
    if let PolicyInForce::Broken(errors) = &in_force {
        let all: String =
            errors.iter().map(|error| format!("\n{}", error.render(Level::Error, None))).collect();
        bail!("the policy cannot be read{all}");
    }
    Ok(in_force)
}
